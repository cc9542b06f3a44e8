/* The promises of struct store_ops as cmocka tests, the same for every implementation. */
#pragma once
#include <stdbool.h>
#include "gateway/store.h"

struct store_fixture {
	const char *name, *uri;
	bool durable; /* content outlives a close */
};

/* Runs all cases against one implementation; the number of failed ones. `fresh` empties what stands behind the uri. */
int store_conformance(const struct store_fixture *fixture, void (*fresh)(const struct store_fixture *fixture));

/* The promises of struct store_ops as cmocka tests, the same for every implementation. */
#pragma once
#include <stdbool.h>
#include "gateway/store_memory.h"
#include "gateway/storethread.h"

struct store_fixture {
	const char *name, *uri;
	bool durable; /* content outlives a close */
};

/* Runs all cases against one implementation; the number of failed ones. `fresh` empties what stands behind the uri. */
int store_conformance(const struct store_fixture *fixture, void (*fresh)(const struct store_fixture *fixture));
/* Those of them that are made of tables and random histories (store_tables.c); of unlimited life. */
struct CMUnitTest;
struct CMUnitTest *store_tables(const struct store_fixture *fixture,
				void (*fresh)(const struct store_fixture *fixture), size_t *n);

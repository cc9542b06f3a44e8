#include "gateway/store.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>

static const struct {
	const char *scheme;
	const struct store_ops *ops;
} stores[] = {
	{"sqlite:", &store_sqlite},
	{"memory:", &store_memory},
};

int store_open(void *ctx, const char *uri, struct store **store, char *err, size_t err_len)
{
	*store = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++)
		if (!strncmp(uri, stores[i].scheme, strlen(stores[i].scheme)))
			return stores[i].ops->open(ctx, uri, store, err, err_len);
	snprintf(err, err_len,
		 "%.60s: no such kind of store; expected sqlite:/folder/ledger.db or memory:", uri);
	return -EPROTONOSUPPORT;
}

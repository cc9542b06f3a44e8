/* order: the sequence of a map's cells: network, range class, then along a Hilbert curve over the plate of
 * longitude and latitude. */
#pragma once
#include "cellmap/format.h"
#include "cellmap/rows.h"

#define ORDER_NETWORKS_MAX 65535

struct order_key {
	uint64_t key; /* network rank 16 | class 2 | Hilbert 46 */
	uint32_t row;
};

struct order_group {
	uint16_t mcc, mnc;
	uint32_t count[MAP_CLASSES]; /* cells per class, small classes joined to the next */
};

/* Which class a range falls into: one long-range cell must not make a leaf of short ones uncertain. */
unsigned int order_class(uint32_t range_m);
uint64_t order_hilbert(int32_t lat, int32_t lon); /* 46 bits, of 1e-7 degree */
/* Networks ascending by mcc, mnc; *keys (rows->n of them, sorted) and *groups are children of ctx. Returns
 * the number of networks, or -EFBIG when there are too many. */
int order_rows(void *ctx, const struct rows *rows, struct order_key **keys, struct order_group **groups);

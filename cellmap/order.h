/* order: the sequence of a map's cells: network, radio, range class, then rows from south to north and in a
 * row by longitude. */
#pragma once
#include "cellmap/format.h"
#include "cellmap/rows.h"

#define ORDER_NETWORKS_MAX 65535

struct order_group {
	struct map_group map; /* first_row left out */
	uint32_t network;     /* rank */
	uint32_t *rows;       /* map.n_rows: first cell of each */
};

struct order {
	uint32_t *networks; /* mcc << 16 | mnc, ascending */
	uint32_t n_networks;
	struct order_group *groups;
	uint32_t n_groups;
	uint32_t *row; /* index in the map -> row */
};

/* Which class a range falls into: one long range must not make a thousand short ones uncertain. */
unsigned int order_class(uint32_t range_m);
/* Of the rows that rows_merge() left. *order is a child of ctx. 0, or -EFBIG when there are too many
 * networks. */
int order_rows(void *ctx, const struct rows *rows, unsigned int threads, struct order **order);

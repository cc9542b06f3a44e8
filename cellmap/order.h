/* order: the sequence of a map's cells: network, range class, then rows from south to north and in a
 * row by longitude. */
#pragma once
#include "cellmap/format.h"
#include "cellmap/rows.h"

struct order_group {
	struct map_group map; /* first_row: of `row_firsts` */
	uint32_t network;     /* rank */
};

struct order {
	uint32_t *networks; /* mcc << 16 | mnc, ascending: those of the rows */
	uint32_t n_networks;
	struct order_group *groups;
	uint32_t n_groups;
	uint32_t *row_firsts; /* of all groups: first cell of each row of the map */
	uint32_t n_rows;
	struct radix_pair *pairs; /* index in the map -> row of the table; in the rows' memory */
};

/* Which class a range falls into: one long range must not make a thousand short ones uncertain. */
unsigned int order_class(uint32_t range_m);
/* Of the rows that rows_merge() left. *order is a child of ctx. 0, or -EFBIG when there are too many
 * networks. */
int order_rows(void *ctx, const struct rows *rows, unsigned int threads, struct order **order);

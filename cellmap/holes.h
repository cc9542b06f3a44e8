/* holes: places where a network has no cell though, by its share of the cells around, it should have many.
 *
 * Seen on grids of three sizes. A bin is a hole of a network when it holds none of its cells, the network has
 * cells around it (up to three bins away, in three of the four quarters at least), and its share of the cells
 * around would make HOLES_EXPECTED in this bin. A network that only serves a region has no holes outside it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

#define HOLES_EXPECTED 10
#define HOLES_OTHERS   30 /* cells of other networks of the country in the bin, at least */

/* The worst hole of a network. */
struct hole {
	uint32_t network; /* in the map's list */
	uint32_t bins;    /* how many holes it has, at all sizes */
	double lat, lon;  /* the middle of the worst */
	double km;        /* its height */
	uint32_t others;  /* cells of other networks in it */
	double expected;  /* of its own */
};

/* One per network that has any, the most expected first; *list is a child of ctx. The map's blocks must have
 * been verified. */
size_t holes_find(void *ctx, const struct cellmap *map, struct hole **list);

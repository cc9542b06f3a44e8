/* health: one pass over a map that verifies every block and counts what should make its keeper think. */
#pragma once
#include <stdint.h>
#include "cellmap/cellmap.h"

struct health {
	uint32_t range_unknown, range_1000, range_long; /* 0; exactly 1000 m; above CELL_MAX_RANGE_M */
	uint32_t far;           /* farther than HEALTH_FAR_M from the middle of their network */
	uint32_t worst_network; /* the one with most of these, in the map's list */
	uint32_t worst_far;
	uint32_t crowded; /* cells at a position that another HEALTH_CROWD in a row share with them */
};

#define HEALTH_FAR_M 3500000.0
#define HEALTH_CROWD 50

/* 0, or -EBADMSG when a block's checksum is wrong. */
int cellmap_health(const struct cellmap *map, struct health *h);

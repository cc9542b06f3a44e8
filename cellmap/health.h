/* health: a pass over a map that verifies every block, counts what should make its keeper think, and says it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

struct health {
	uint32_t range_unknown, range_1000, range_long; /* 0; exactly 1000 m; above CELL_MAX_RANGE_M */
	uint32_t far;           /* farther than HEALTH_FAR_M from the middle of their network */
	uint32_t worst_network; /* the one with most of these, in the map's list */
	uint32_t worst_far;
	uint32_t crowded; /* cells at a position that another HEALTH_CROWD in a row share with them */
	uint32_t padded;  /* networks that seem to be another's with a zero too many: 262-150 for 262-15 */
	uint32_t padded_network; /* the first of them */
	uint32_t stale;  /* networks whose newest row is more than HEALTH_STALE_S older than the map's */
	uint32_t astray; /* small networks that as a whole lie so far from the largest of their MCC */
	uint32_t astray_cells, astray_network;
	uint32_t stale_network; /* the largest of them */
};

#define HEALTH_FAR_M   3500000.0
#define HEALTH_CROWD   50
#define HEALTH_STALE_S (365 * 86400)

/* 0, or -EBADMSG when a block's checksum is wrong. */
int cellmap_health(const struct cellmap *map, struct health *h);

#define HEALTH_WARNINGS 24
struct health_warnings {
	char text[HEALTH_WARNINGS][192]; /* sentences without a full stop */
	int n;
};
/* What h found and the holes of networks (holes.h). now_s: today in Unix seconds, for the age of the table;
 * 0: nobody knows. */
void health_tell(const struct cellmap *map, const struct health *h, int64_t now_s, struct health_warnings *w);

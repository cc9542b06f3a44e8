/* moved: what has changed from one map to the next. A cell far from where it stood means that its id was
 * given anew, that a table took it to another place, or that one of the two is wrong. */
#pragma once
#include <stdint.h>
#include "cellmap/cellmap.h"

#define MOVED_KM 10.0 /* when nobody says another */

struct moved {
	uint32_t cells;         /* moved farther than the limit */
	uint32_t fresh, gone;   /* only in the new map; only in the old */
	uint32_t worst_network; /* of the new map's list: the one with most moved cells */
	uint32_t worst_cells;
	struct cell_id id; /* of the cell that moved farthest */
	uint8_t mnc_digits;
	double farthest_m;
};

/* 0, or -EBADMSG when a block's checksum is wrong in either. */
int moved_compare(const struct cellmap *old, const struct cellmap *now, double limit_m, struct moved *m);
/* One sentence, or false when no cell moved. */
bool moved_text(const struct cellmap *now, const struct moved *m, double limit_m, char *text, size_t len);

/* scan: what the queries for all kinds of areas share. An area says which rows of a group it may touch and
 * between which longitudes; the scan finds the blocks in question, has cells near the edge tested and strings
 * together the spans. Longitudes and latitudes are whole 1e-7 degrees. */
#pragma once
#include "cellmap/map.h"
#include "cellmap/rim.h"

/* Windows whose blocks are looked for together, so that memory answers many at once. */
#define SCAN_BATCH 64
#define SCAN_TURN  INT64_C(3600000000)
#define SCAN_LIST  512

struct scan;

/* A row of a group: its cells, and the latitudes from which and below which they lie. */
struct scan_row {
	uint32_t from, to;
	int64_t south, north;
	uint8_t shift;
};

/* Of a row: cells from west to east may be inside, those from in_west to in_east are (none when in_west >
 * in_east). */
struct scan_stretch {
	int64_t west, in_west, in_east, east;
	const struct rim_fit *fit; /* of the row, kept until the group is done; NULL: each cell by itself */
	double lon;                /* of the centre, on the turn of the cells; for the fit */
};

/* Cells of a row between two longitudes, the blocks that hold them and those amid them that are inside
 * unseen. Longitudes are >> MAP_LON_SHIFT. */
struct scan_window {
	uint32_t from, to;                    /* cells of the row */
	int32_t west, in_west, in_east, east; /* may be inside; are inside (none when in_west > in_east) */
	uint32_t begin, in_begin, in_end, end;
	const struct rim_fit *fit;
	double lon;
};

/* An area fills in what stands above `borders`, and embeds this. */
struct scan {
	const struct cellmap *map;
	const struct cell_query *q;       /* lat, lon, radius_m may mean nothing */
	double max_range_m;               /* 0 for SITE */
	int64_t south, north, west, east; /* no cell outside is inside the area; west, east on one turn */
	double lon_max;                   /* of windows with a fit, radians */
	bool (*inside)(const struct scan *s, uint32_t cell);      /* exact */
	bool (*group)(struct scan *s, const struct map_group *g); /* false: no cell of this group */
	int (*row)(struct scan *s, const struct scan_row *row); /* calls the functions below; 0 or -EBADMSG */
	struct rim_limits limits;                               /* of the group, for windows with a fit */
	uint32_t *borders; /* where the spans go: each one's first and end; in the end, its count */
	size_t max, n;     /* of borders; in the end, n of spans */
	uint32_t end;      /* the last border */
	uint32_t radio_mask;
	bool all_radios; /* all that the network has are wanted */
	unsigned int n_windows, n_list;
	struct scan_window windows[SCAN_BATCH];
	uint32_t list[SCAN_LIST]; /* blocks to be tested together, and what came of it */
	uint16_t in[SCAN_LIST + 3], perhaps[SCAN_LIST + 3];
	struct rim rim; /* made for the fit and the turn of the last window tested */
	const struct rim_fit *rim_fit;
	double rim_lon;
};

/* What q asks besides its area. */
void scan_begin(struct scan *s, const struct cellmap *map, const struct cell_query *q,
		struct cell_span *spans, size_t max);
/* 0, -ENOSPC or -EBADMSG; s->n is the number of spans. */
int scan_run(struct scan *s);

int scan_inside(struct scan *s, const struct scan_row *row); /* the whole row is inside */
int scan_test(struct scan *s, const struct scan_row *row);   /* each cell by itself */
/* Stretches of a row come in ascending order and lie 1 << MAP_LON_SHIFT apart, or are disjoint and begin and
 * end with whole multiples of that. */
int scan_between(struct scan *s, const struct scan_row *row, const struct scan_stretch *stretch);

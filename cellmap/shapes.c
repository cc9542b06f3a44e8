/* The polygon query: in a row, what lies near an edge is tested, what lies between two edges is all inside or
 * all outside. */
#include "cellmap/polygon.h"
#include "cellmap/scan.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/utils.h>
#include <stddef.h>
#include <stdlib.h>

#define NEAR_MAX 256 /* stretches near edges in a row; where there are more, the whole row is tested */
#define QUANTUM  (INT64_C(1) << MAP_LON_SHIFT)

/* Longitudes within a stretch of the row. */
struct stretch {
	int64_t west, east;
};

struct shape {
	const struct cell_polygon *polygon;
	double reach_m; /* of the group */
	size_t n;
	struct stretch near[NEAR_MAX];
	struct scan scan;
};

static struct shape *shape_of(const struct scan *s)
{
	return (struct shape *)((char *)s - offsetof(struct shape, scan));
}

static bool cell_inside(const struct scan *s, uint32_t i)
{
	const struct cell_polygon *p = shape_of(s)->polygon;
	double reach = fmin(map_word_reach(s->map->ranges[i]), s->max_range_m);
	int64_t lat = map_lat(s->map, i), lon = map_lon(s->map, i);

	return polygon_contains(p, lat, lon) || (reach > 0 && polygon_near(p, lat, lon, reach));
}

static bool shape_group(struct scan *s, const struct map_group *g)
{
	shape_of(s)->reach_m = fmin(g->range_max, s->max_range_m);
	return true;
}

/* Whole quanta, on the turn of the row's cells, so that stretches do not share any. */
static bool add_stretch(struct shape *s, int64_t west, int64_t east)
{
	for (int64_t turn = -2 * SCAN_TURN; turn <= 2 * SCAN_TURN; turn += SCAN_TURN) {
		int64_t from = OSMO_MAX(west + turn, -SCAN_TURN / 2),
			to = OSMO_MIN(east + turn, SCAN_TURN / 2);

		if (from > to)
			continue;
		if (s->n == NEAR_MAX)
			return false;
		s->near[s->n++] = (struct stretch){from & -QUANTUM, to | (QUANTUM - 1)};
	}
	return true;
}

/* Where an edge passes the row, or a row that far north or south of it. */
static bool add_edge(struct shape *s, const struct polygon_point *a, const struct polygon_point *b,
		     int64_t south, int64_t north, int64_t wide)
{
	double lo = (double)OSMO_MIN(a->lon, b->lon), hi = (double)OSMO_MAX(a->lon, b->lon), at_south,
	       at_north;

	if (OSMO_MAX(a->lat, b->lat) < south || OSMO_MIN(a->lat, b->lat) > north)
		return true;
	if (a->lat != b->lat) {
		double slope = (double)(b->lon - a->lon) / (double)(b->lat - a->lat);

		at_south = (double)a->lon + slope * (double)(south - a->lat);
		at_north = (double)a->lon + slope * (double)(north - a->lat);
		lo = fmax(lo, fmin(at_south, at_north) - 2);
		hi = fmin(hi, fmax(at_south, at_north) + 2);
	}
	return add_stretch(s, (int64_t)floor(lo) - wide, (int64_t)ceil(hi) + wide);
}

static int by_west(const void *a, const void *b)
{
	int64_t x = ((const struct stretch *)a)->west, y = ((const struct stretch *)b)->west;

	return x < y ? -1 : x > y;
}

static void join_stretches(struct shape *s)
{
	size_t n = 0;

	qsort(s->near, s->n, sizeof(*s->near), by_west);
	for (size_t i = 0; i < s->n; i++) {
		if (n > 0 && s->near[i].west <= s->near[n - 1].east + 1)
			s->near[n - 1].east = OSMO_MAX(s->near[n - 1].east, s->near[i].east);
		else
			s->near[n++] = s->near[i];
	}
	s->n = n;
}

/* Between the edges one point stands for all. */
static int scan_gap(struct scan *s, const struct scan_row *row, int64_t west, int64_t east)
{
	int64_t lat = (row->south + row->north) / 2;

	if (west > east ||
	    !polygon_contains(shape_of(s)->polygon, OSMO_MAX(OSMO_MIN(lat, 900000000), -900000000),
			      west + (east - west) / 2))
		return 0;
	return scan_between(s, row, &(struct scan_stretch){west, west, east, east, NULL, 0});
}

static int shape_row(struct scan *s, const struct scan_row *row)
{
	struct shape *shape = shape_of(s);
	const struct cell_polygon *p = shape->polygon;
	int64_t high = shape->reach_m > 0 ? polygon_high(shape->reach_m) : 1,
		wide = polygon_wide(shape->reach_m, row->south, row->north),
		from = (-SCAN_TURN / 2) & -QUANTUM;

	shape->n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (!add_edge(shape, &p->points[i], &p->points[i + 1], row->south - high, row->north + high,
			      wide))
			return scan_test(s, row);
	join_stretches(shape);
	for (size_t i = 0; i < shape->n; i++) {
		const struct stretch *near = &shape->near[i];

		if (scan_gap(s, row, from, near->west - 1) < 0 ||
		    scan_between(s, row, &(struct scan_stretch){near->west, 1, 0, near->east, NULL, 0}) < 0)
			return -EBADMSG;
		from = near->east + 1;
	}
	return scan_gap(s, row, from, SCAN_TURN / 2 | (QUANTUM - 1));
}

int cellmap_query_polygon(const struct cellmap *map, const struct cell_query *q,
			  const struct cell_polygon *polygon, struct cell_span *spans, size_t max, size_t *n)
{
	struct shape s = {.polygon = polygon};
	int64_t high, wide;
	int rc;

	*n = 0;
	if (!(q->max_range_m >= 0) || q->max_range_m > 20037000 ||
	    (q->select != SELECT_COVERAGE && q->select != SELECT_SITE))
		return -EINVAL;
	scan_begin(&s.scan, map, q, spans, max);
	high = polygon_high(s.scan.max_range_m);
	wide = polygon_wide(s.scan.max_range_m, polygon->south, polygon->north);
	s.scan.south = OSMO_MAX(polygon->south - high, -900000000);
	s.scan.north = OSMO_MIN(polygon->north + high, 900000000);
	s.scan.west = polygon->west - wide;
	s.scan.east = polygon->east + wide;
	s.scan.inside = cell_inside;
	s.scan.group = shape_group;
	s.scan.row = shape_row;
	rc = scan_run(&s.scan);
	*n = rc == -EBADMSG ? 0 : s.scan.n;
	return rc;
}

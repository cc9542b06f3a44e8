/* The circle query: down each tree, whole balls in or out by their chord to the centre; cells at the rim one
 * by one. */
#include "cellmap/map.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define RADIUS_TOP_M 20037000.0
#define ALL_RADIOS   ((1u << CELL_RADIO_N) - 1)
#define STACK        (MAP_FANOUT * 12) /* a tree of 2^32 leaves has 11 levels */

struct run {
	const struct cellmap *map;
	const struct cell_query *q;
	struct geo_xyz centre;
	double lon, rho;    /* of the centre: radians; metres from the axis */
	double max_range_m; /* 0 for SITE */
	uint32_t radio_mask;
	struct cell_span *spans;
	size_t max, n;
	uint32_t end; /* of the last span */
};

uint32_t map_range(uint8_t radio, uint32_t range_m)
{
	static const uint16_t unknown[8] = {[CELL_GSM] = 5000,
					    [CELL_UMTS] = 2000,
					    [CELL_LTE] = 2000,
					    [CELL_NR] = 1000,
					    [CELL_CDMA] = 5000};

	return range_m ? range_m : unknown[radio & 7];
}

const char *cell_query_error(const struct cell_query *q)
{
	if (!isfinite(q->lat) || !isfinite(q->lon))
		return "the centre's coordinates are not numbers";
	if (fabs(q->lat) > 90)
		return "the centre's latitude is not within -90..90";
	if (fabs(q->lon) > 180)
		return "the centre's longitude is not within -180..180";
	if (!(q->radius_m > 0) || q->radius_m > RADIUS_TOP_M)
		return "the radius is not above 0 and at most 20037 km";
	if (!(q->max_range_m >= 0) || q->max_range_m > RADIUS_TOP_M)
		return "the largest range is not within 0..20037000 m";
	if (q->select != SELECT_COVERAGE && q->select != SELECT_SITE)
		return "the selection is neither coverage nor site";
	return NULL;
}

static void emit(struct run *r, uint32_t first, uint32_t count)
{
	if (count == 0)
		return;
	if (r->n == 0 || r->end != first) {
		if (r->n < r->max)
			r->spans[r->n] = (struct cell_span){first, 0};
		r->n++;
	}
	if (r->n <= r->max)
		r->spans[r->n - 1].count += count;
	r->end = first + count;
}

static double reach(const struct run *r, uint32_t range_m)
{
	return r->q->radius_m + (range_m < r->max_range_m ? range_m : r->max_range_m);
}

static bool cell_inside(const struct run *r, const struct map_cell *c)
{
	double limit = reach(r, map_range(map_cell_radio(c), map_cell_range(c)));
	struct geo_xyz at = geo_xyz(c->lat / 1e7, c->lon / 1e7);
	double chord = geo_chord(&r->centre, &at);

	if (chord <= geo_chord_in(limit))
		return true;
	if (chord > geo_chord_out(limit))
		return false;
	return geo_distance_m(&r->map->geod, r->q->lat, r->q->lon, c->lat / 1e7, c->lon / 1e7) <= limit;
}

/* The squared chord from the centre to the cells of a leaf, as a polynomial of second degree about the leaf's
 * middle: a(dlat) + b(dlat) v(dlon), since c^2 = |p - p0|^2 in the plane of the axis + 2 rho rho0 (1 - cos
 * dlon). */
struct chart {
	int32_t lat, lon;
	double a[3], b[3], v[3];
	double error; /* of the squared chord: the third derivatives over the leaf's extent, and rounding */
};

#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define CURVE3    6.6e6                 /* no third derivative of a meridian by latitude is larger */
#define STRETCH   1.3e12                /* nor three times the product of its first and second */

/* How far the polynomial may be off: remainders by Taylor, each with its factor at its largest, and a per
 * cent on top. */
static double chart_error(const struct chart *c, const struct map_node *n, double rho0, double rho,
			  double sin_lon)
{
	double d = n->half_lat * RADIAN_E7, e = n->half_lon * RADIAN_E7;
	double plane = sqrt(c->a[0]) + 6.4e6 * d, v = fmin(2, c->v[0] + fabs(sin_lon) * e + e * e / 2);
	double by_lat = (2 * (STRETCH + plane * CURVE3) + 2 * rho0 * CURVE3 * v) * d * d * d / 6;
	double by_lon = 2 * rho0 * (rho + 6.4e6 * d) * fmin(1, fabs(sin_lon) + e) * e * e * e / 6;
	double size = plane * plane + 2 * rho0 * (rho + 6.4e6 * d) * v;

	return 1.01 * (by_lat + by_lon) + 1e-12 * size + 1e-4;
}

static void make_chart(const struct run *r, const struct map_node *n, struct chart *c)
{
	double lat = n->lat * RADIAN_E7, lon = n->lon * RADIAN_E7 - r->lon, s = sin(lat), k = cos(lat),
	       half = sin(lon / 2);
	double w2 = 1 - E2 * s * s, prime = 6378137.0 / sqrt(w2), m = prime * (1 - E2) / w2,
	       m1 = 3 * E2 * m * s * k / w2;
	double rho = prime * k, z = prime * (1 - E2) * s, rho1 = -m * s, z1 = m * k, rho2 = -m1 * s - m * k,
	       z2 = m1 * k - m * s;
	double x = rho - r->rho, y = z - r->centre.z, sin_lon = sin(lon);

	c->lat = n->lat;
	c->lon = n->lon;
	c->a[0] = x * x + y * y;
	c->a[1] = 2 * (x * rho1 + y * z1) * RADIAN_E7;
	c->a[2] = (rho1 * rho1 + z1 * z1 + x * rho2 + y * z2) * RADIAN_E7 * RADIAN_E7;
	c->b[0] = 2 * r->rho * rho;
	c->b[1] = 2 * r->rho * rho1 * RADIAN_E7;
	c->b[2] = r->rho * rho2 * RADIAN_E7 * RADIAN_E7;
	c->v[0] = 2 * half * half;
	c->v[1] = sin_lon * RADIAN_E7;
	c->v[2] = (1 - c->v[0]) / 2 * RADIAN_E7 * RADIAN_E7;
	c->error = chart_error(c, n, r->rho, rho, sin_lon);
}

static inline double chart_chord2(const struct chart *c, const struct map_cell *cell)
{
	double d = (double)((int64_t)cell->lat - c->lat), e = (double)((int64_t)cell->lon - c->lon);

	return c->a[0] + d * (c->a[1] + d * c->a[2]) +
	       (c->b[0] + d * (c->b[1] + d * c->b[2])) * (c->v[0] + e * (c->v[1] + e * c->v[2]));
}

/* Squares of geo_chord_in() and geo_chord_out(), by the first terms of the sine while these are enough
 * (alternating series: cut after a negative term they are too small, after a positive one too large). */
static inline void limits2(double limit, double *in2, double *out2)
{
	double in, out, l2 = limit * limit;

	if (limit < 500000) {
		const double r_in = 1 / (24 * GEO_RADIUS_MIN * GEO_RADIUS_MIN),
			     r_out = 1 / (24 * GEO_RADIUS_MAX * GEO_RADIUS_MAX);

		in = limit * (1 - l2 * r_in) - GEO_ROUNDING_M;
		out = limit * (1 - l2 * r_out + l2 * l2 * r_out * r_out * 0.3) + GEO_ROUNDING_M;
	} else {
		in = geo_chord_in(limit);
		out = geo_chord_out(limit);
	}
	*in2 = in > 0 ? in * in : -1;
	*out2 = out * out;
}

/* Tests cells [at, end) of a leaf; those between the bounds get the exact test. */
static void test_cells(struct run *r, const struct chart *chart, uint32_t at, uint32_t end)
{
	double in2 = -1, out2 = -1;
	uint32_t last = UINT32_MAX, first = at;

	for (uint32_t i = at; i < end; i++) {
		const struct map_cell *c = &r->map->cells[i];
		double chord2 = chart_chord2(chart, c);
		bool inside;

		if (c->rest >> 5 != last) { /* range and radio: many cells share them */
			last = c->rest >> 5;
			limits2(reach(r, map_range(map_cell_radio(c), map_cell_range(c))), &in2, &out2);
		}
		inside = chord2 + chart->error <= in2 || (chord2 - chart->error <= out2 && cell_inside(r, c));
		if (!inside) {
			emit(r, first, i - first);
			first = i + 1;
		}
	}
	emit(r, first, end - first);
}

/* The part of a leaf whose radios are asked for: one run per radio, since a leaf is sorted by radio. */
static int leaf_runs(struct run *r, const struct map_tree *t, uint32_t leaf, const struct map_node *node,
		     bool inside)
{
	uint32_t first = t->first + leaf * MAP_LEAF, all = t->first + t->count - first, at = 0;
	struct chart chart;

	if (all > MAP_LEAF)
		all = MAP_LEAF;
	if (!inside) {
		if (!map_cells_ok(r->map, t->first_block + leaf))
			return -EBADMSG;
		make_chart(r, node, &chart);
	}
	for (int radio = 0; radio < CELL_RADIO_N; radio++) {
		uint32_t end = radio < 4 ? OSMO_MIN(node->ends[radio], all) : all;

		if (end < at)
			return -EBADMSG;
		if (r->radio_mask >> radio & 1) {
			if (inside)
				emit(r, first + at, end - at);
			else
				test_cells(r, &chart, first + at, first + end);
		}
		at = end;
	}
	return 0;
}

enum side { OUTSIDE, INSIDE, RIM };

static enum side ball_side(const struct run *r, const struct map_node *n)
{
	double chord = geo_chord(&r->centre, &(struct geo_xyz){n->x, n->y, n->z});
	uint32_t top = n->range_max == MAP_RANGE_TOP ? UINT32_MAX : n->range_max * MAP_RANGE_UNIT;

	if (chord - n->r > geo_chord_out(reach(r, top)))
		return OUTSIDE;
	if (chord + n->r <= geo_chord_in(reach(r, n->range_min * MAP_RANGE_UNIT)))
		return INSIDE;
	return RIM;
}

struct visit {
	uint32_t level, i; /* i within its level */
};

/* Of each level: first node and number of nodes. Returns the number of levels. */
static uint32_t tree_levels(const struct map_tree *t, uint32_t start[12], uint32_t count[12])
{
	uint32_t n = t->n_leaves, at = t->first_node, levels = 0;

	for (;;) {
		start[levels] = at;
		count[levels++] = n;
		if (n <= 1)
			return levels;
		at += n;
		n = (n + MAP_FANOUT - 1) / MAP_FANOUT;
	}
}

static uint32_t leaf_radios(const struct map_node *n)
{
	uint32_t radios = n->ends[0] ? 1u << CELL_GSM : 0;

	for (int i = 1; i < 4; i++)
		radios |= n->ends[i] > n->ends[i - 1] ? 1u << i : 0;
	return radios | 1u << CELL_CDMA; /* what is left, if any */
}

/* A node that is wholly inside and of wanted radios only: its cells in one go. */
static void emit_node(struct run *r, const struct map_tree *t, struct visit v)
{
	uint64_t per = MAP_LEAF, first, end;

	for (uint32_t l = 0; l < v.level; l++)
		per *= MAP_FANOUT;
	first = v.i * per;
	end = OSMO_MIN(first + per, (uint64_t)t->count);
	emit(r, t->first + (uint32_t)first, (uint32_t)(end - first));
}

static int query_tree(struct run *r, const struct map_tree *t)
{
	uint32_t start[12], count[12], depth = 1;
	struct visit stack[STACK];

	stack[0] = (struct visit){tree_levels(t, start, count) - 1, 0};
	while (depth > 0) {
		struct visit v = stack[--depth];
		uint32_t id = start[v.level] + v.i, child;
		const struct map_node *n = &r->map->nodes[id];
		uint32_t radios;
		enum side side;

		if (!map_node_ok(r->map, id))
			return -EBADMSG;
		radios = v.level ? n->ends[0] : leaf_radios(n);
		side = radios & r->radio_mask ? ball_side(r, n) : OUTSIDE;
		if (side == OUTSIDE)
			continue;
		if (side == INSIDE && !(radios & ~r->radio_mask)) {
			emit_node(r, t, v);
		} else if (v.level == 0) {
			if (leaf_runs(r, t, v.i, n, side == INSIDE) < 0)
				return -EBADMSG;
		} else {
			child = OSMO_MIN((v.i + 1) * MAP_FANOUT, count[v.level - 1]);
			while (child-- > v.i * MAP_FANOUT)
				stack[depth++] = (struct visit){v.level - 1, child};
		}
	}
	return 0;
}

static bool network_wanted(const struct cell_query *q, const struct cell_network *n)
{
	if (!q->networks)
		return true;
	for (size_t i = 0; i < q->n_networks; i++)
		if (q->networks[i].mcc == n->mcc && q->networks[i].mnc == n->mnc)
			return true;
	return false;
}

int cellmap_query(const struct cellmap *map, const struct cell_query *q, struct cell_span *spans, size_t max,
		  size_t *n)
{
	struct run r = {.map = map, .q = q, .spans = spans, .max = max};

	*n = 0;
	if (cell_query_error(q))
		return -EINVAL;
	r.centre = geo_xyz(q->lat, q->lon);
	r.lon = q->lon * M_PI / 180;
	r.rho = hypot(r.centre.x, r.centre.y);
	r.radio_mask = q->radio_mask ? q->radio_mask & ALL_RADIOS : ALL_RADIOS;
	if (q->select == SELECT_COVERAGE)
		r.max_range_m = q->max_range_m > 0 ? q->max_range_m : CELL_MAX_RANGE_M;
	for (uint32_t i = 0; i < map->head->n_networks; i++) {
		const struct map_network *net = &map->networks[i];

		if (!network_wanted(q, &map->list[i]))
			continue;
		r.end = UINT32_MAX; /* no span reaches over two networks */
		for (uint32_t t = 0; t < net->n_trees; t++)
			if (query_tree(&r, &map->trees[net->first_tree + t]) < 0)
				return -EBADMSG;
	}
	*n = r.n;
	return r.n > max ? -ENOSPC : 0;
}

size_t cellmap_max_spans(const struct cellmap *map, const struct cell_query *q)
{
	size_t n;

	cellmap_query(map, q, NULL, 0, &n);
	return n;
}

static int nearer(const void *a, const void *b)
{
	const struct cell_hit *x = a, *y = b;

	if (x->distance_m != y->distance_m)
		return x->distance_m < y->distance_m ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct cell_hit *list_hits(void *ctx, const struct cellmap *map, const struct cell_query *q,
				  const struct cell_span *spans, size_t n_spans, size_t *n)
{
	struct cell_hit *hits;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n_spans; i++)
		total += spans[i].count;
	hits = talloc_array(ctx, struct cell_hit, total + 1);
	OSMO_ASSERT(hits);
	for (size_t i = 0; i < n_spans; i++)
		for (uint32_t k = 0; k < spans[i].count; k++) {
			struct cell cell;

			if (cellmap_get(map, spans[i].first + k, &cell) < 0) {
				talloc_free(hits);
				return NULL;
			}
			hits[at++] = (struct cell_hit){
				spans[i].first + k,
				(float)geo_distance_m(&map->geod, q->lat, q->lon, cell.lat, cell.lon)};
		}
	*n = total;
	return hits;
}

int cellmap_nearest(void *ctx, const struct cellmap *map, const struct cell_query *q, struct cell_hit **hits,
		    size_t *n)
{
	size_t n_spans, max = cellmap_max_spans(map, q);
	struct cell_span *spans = talloc_array(ctx, struct cell_span, max + 1);
	int rc;

	OSMO_ASSERT(spans);
	rc = cellmap_query(map, q, spans, max, &n_spans);
	if (rc == 0) {
		*hits = list_hits(ctx, map, q, spans, n_spans, n);
		if (*hits)
			qsort(*hits, *n, sizeof(**hits), nearer);
		else
			rc = -EBADMSG;
	}
	talloc_free(spans);
	return rc;
}

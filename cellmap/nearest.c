/* The cells of a circle by distance. */
#include "cellmap/map.h"
#include "cellmap/radix.h"
#include "cellmap/rim.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

#define CHEAP_MAX 250000.0 /* metres: up to here an arc's length is known from its chord to millimetres */
#define CHEAP_LON 0.2      /* radians */
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0

/* The cells of a block at a time. */
typedef double vd __attribute__((vector_size(8 * MAP_BLOCK)));
typedef int32_t vi __attribute__((vector_size(4 * MAP_BLOCK)));
typedef int64_t vl __attribute__((vector_size(8 * MAP_BLOCK)));

struct near {
	const struct cellmap *map;
	const struct cell_query *q;
	struct rim_centre centre;
	struct rim_fit fit; /* about the centre: what is off grows with the distance, to half a centimetre */
	struct geo_xyz xyz;
	double along, across; /* curvature of the meridian and across it, half way to the cells */
	struct radix_pair *pairs;
	size_t n;
};

static void set_curvature(struct near *s, double lat_e7)
{
	double w = sin((lat_e7 + s->centre.lat) / 2 * RADIAN_E7), w2 = 1 - E2 * w * w;

	s->across = sqrt(w2) / AXIS;
	s->along = s->across * w2 / (1 - E2);
}

/* The arc over a chord, by the curvature in its direction half way. */
static double arc(const struct near *s, double chord2, double north)
{
	double share, bend;

	if (chord2 <= 0)
		return 0;
	share = fmin(1, north * north / chord2);
	bend = share * s->along + (1 - share) * s->across;
	bend *= bend * chord2;
	return sqrt(chord2) * (1 + bend / 24 + 3 * bend * bend / 640);
}

/* Without polynomials, and farther away with the geodesic. */
static double slow_distance(struct near *s, uint32_t i)
{
	double lat = map_lat(s->map, i), lon = map_lon(s->map, i);
	struct geo_xyz at = geo_xyz(lat / 1e7, lon / 1e7);
	double x = at.x - s->xyz.x, y = at.y - s->xyz.y, z = at.z - s->xyz.z, chord2 = x * x + y * y + z * z;

	if (chord2 >= CHEAP_MAX * CHEAP_MAX)
		return geo_distance_m(&s->map->geod, s->q->lat, s->q->lon, lat / 1e7, lon / 1e7);
	set_curvature(s, lat);
	return arc(s, chord2, (lat - s->centre.lat) * RADIAN_E7 / s->along);
}

static void add(struct near *s, uint32_t i, double distance)
{
	float f = (float)distance;
	uint32_t bits; /* ascend as the number does, since it is not negative */

	memcpy(&bits, &f, sizeof(bits));
	s->pairs[s->n++] = (struct radix_pair){bits, i};
}

/* As arc(), of a block's cells; those whose longitude is not near the first one's come out as 0 or far away.
 */
RIM_EACH_MACHINE
__attribute__((optimize("no-math-errno"))) static void
block_distances(const struct near *s, const struct map_block *b, double lon_e7, double *distance)
{
	const double *a = s->fit.a, *p = s->fit.b;
	vd d = (__builtin_convertvector(*(const vi *)b->lat, vd) - s->fit.lat) * RADIAN_E7;
	vd x = (__builtin_convertvector(*(const vi *)b->lon, vd) - lon_e7) * RADIAN_E7, t = x * x, bend,
	   share;
	vd v = t * (1 / 2.0 + t * (-1 / 24.0 + t * (1 / 720.0 - t * (1 / 40320.0))));
	vd c2 = a[0] + d * (a[1] + d * (a[2] + d * (a[3] + d * (a[4] + d * (a[5] + d * a[6]))))) +
		v * (p[0] + d * (p[1] + d * (p[2] + d * (p[3] + d * (p[4] + d * p[5])))));
	vl near = (t < CHEAP_LON * CHEAP_LON) & (d < RIM_HALF) & (d > -RIM_HALF) & (c2 > 1) &
		  (c2 < CHEAP_MAX * CHEAP_MAX);

	share = d / s->along * (d / s->along) / c2;
	bend = share * s->along + (1 - share) * s->across;
	bend *= bend * c2;
	bend = 1 + bend * (1 / 24.0) + bend * bend * (3 / 640.0);
	c2 = (vd)((vl)c2 & near);
	for (int i = 0; i < MAP_BLOCK; i++)
		distance[i] = sqrt(c2[i]) * bend[i];
}

static void add_block(struct near *s, uint32_t from, uint32_t to)
{
	const struct map_block *b = &s->map->blocks[from / MAP_BLOCK];
	double distance[MAP_BLOCK], turn = b->lon[from % MAP_BLOCK] - s->centre.lon;

	turn = turn > 1.8e9 ? 3.6e9 : turn < -1.8e9 ? -3.6e9 : 0;
	set_curvature(s, b->lat[from % MAP_BLOCK]);
	block_distances(s, b, s->centre.lon + turn, distance);
	for (uint32_t i = from; i < to; i++) {
		double d = distance[i % MAP_BLOCK];

		add(s, i, d > 0 ? d : slow_distance(s, i));
	}
}

static int add_span(struct near *s, const struct cell_span *span)
{
	for (uint32_t i = span->first, end = span->first + span->count, next; i < end; i = next) {
		next = OSMO_MIN(end, (i / MAP_BLOCK + 1) * MAP_BLOCK);
		if (!map_ok(s->map, &s->map->blocks[i / MAP_BLOCK]))
			return -EBADMSG;
		add_block(s, i, next);
	}
	return 0;
}

static struct cell_hit *hits_of(void *ctx, const struct near *s)
{
	struct cell_hit *hits = talloc_array(ctx, struct cell_hit, s->n + 1);

	OSMO_ASSERT(hits);
	for (size_t i = 0; i < s->n; i++) {
		hits[i].index = s->pairs[i].row;
		memcpy(&hits[i].distance_m, &s->pairs[i].key, sizeof(hits[i].distance_m));
	}
	return hits;
}

static int list(void *ctx, struct near *s, const struct cell_span *spans, size_t n_spans,
		struct cell_hit **hits)
{
	size_t total = 0;

	for (size_t i = 0; i < n_spans; i++)
		total += spans[i].count;
	s->pairs = talloc_array(ctx, struct radix_pair, 2 * (total + 1));
	OSMO_ASSERT(s->pairs);
	for (size_t i = 0; i < n_spans; i++)
		if (add_span(s, &spans[i]) < 0)
			return -EBADMSG;
	radix_sort(s->pairs, s->pairs + total + 1, s->n); /* stable, and spans ascend: ties by index */
	*hits = hits_of(talloc_parent(ctx), s);
	return 0;
}

int cellmap_nearest(void *ctx, const struct cellmap *map, const struct cell_query *q, struct cell_hit **hits,
		    size_t *n)
{
	struct near s = {.map = map, .q = q};
	size_t n_spans, max = cellmap_max_spans(map, q);
	void *work = talloc_named_const(ctx, 0, "cellmap_nearest");
	struct cell_span *spans = talloc_array(work, struct cell_span, max + 1);
	int rc;

	OSMO_ASSERT(spans);
	rc = cellmap_query(map, q, spans, max, &n_spans);
	if (rc == 0) {
		struct geo_xyz at = geo_meridian(q->lat);

		s.xyz = geo_xyz(q->lat, q->lon);
		s.centre = (struct rim_centre){q->lat * 1e7, q->lon * 1e7, at.x, at.z};
		rim_fit(&s.fit, &s.centre, s.centre.lat, RIM_HALF, CHEAP_LON);
		rc = list(work, &s, spans, n_spans, hits);
	}
	*n = s.n;
	talloc_free(work);
	return rc;
}

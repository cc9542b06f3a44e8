/* The cells of a circle by distance. */
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include "cellmap/radix.h"
#include "cellmap/rim.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

#define CHEAP_MAX 300000.0 /* metres: up to here an arc's length is known from its chord to millimetres */
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0
#define LOSS_M    0.01 /* twice what a chord may be off */

struct near {
	const struct cellmap *map;
	const struct cell_query *q;
	struct rim_centre centre;
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

/* The polynomials about the middle of some cells of a block; returns by how much the squared chords may be
 * off (rim.c explains the numbers). */
static double fit_row(const struct near *s, struct rim *rim, const struct map_block *b, uint32_t from,
		      uint32_t to)
{
	double south = 9e8, north = -9e8, wide = 0, turn = b->lon[from] - s->centre.lon, d, w;

	rim->lon = s->centre.lon + (turn > 1.8e9 ? 3.6e9 : turn < -1.8e9 ? -3.6e9 : 0);
	for (uint32_t i = from; i < to; i++) {
		south = OSMO_MIN(south, b->lat[i]);
		north = OSMO_MAX(north, b->lat[i]);
		wide = OSMO_MAX(wide, fabs(b->lon[i] - rim->lon));
	}
	rim_row(&rim->row, &s->centre, (south + north) / 2);
	d = (north - south) / 2 * RADIAN_E7;
	w = wide * RADIAN_E7;
	return 3e13 * d * d * d * d + (w < 0.2 ? 2.3e7 * pow(w, 10) : INFINITY) + 1e-3;
}

static void add_block(struct near *s, uint32_t from, uint32_t to)
{
	const struct map_block *b = &s->map->blocks[from / MAP_BLOCK];
	uint32_t first = from / MAP_BLOCK * MAP_BLOCK;
	struct rim rim;
	double error = fit_row(s, &rim, b, from - first, to - first),
	       least2 = error * error / (LOSS_M * LOSS_M);

	set_curvature(s, rim.row.lat);
	for (uint32_t i = from; i < to; i++) {
		int32_t lat = b->lat[i - first];
		double c2 = rim_chord2(&rim, lat, b->lon[i - first]);

		if (c2 > least2 && c2 < CHEAP_MAX * CHEAP_MAX)
			add(s, i, arc(s, c2, (lat - s->centre.lat) * RADIAN_E7 / s->along));
		else
			add(s, i,
			    slow_distance(s,
					  i)); /* sets a curvature of its own, as good for its neighbours */
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
	s->pairs = bigmem(ctx, 2 * (total + 1) * sizeof(*s->pairs));
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
	struct cell_span *spans = bigmem(work, (max + 1) * sizeof(*spans));
	int rc = cellmap_query(map, q, spans, max, &n_spans);

	if (rc == 0) {
		struct geo_xyz at = geo_meridian(q->lat);

		s.xyz = geo_xyz(q->lat, q->lon);
		s.centre = (struct rim_centre){q->lat * 1e7, q->lon * 1e7, at.x, at.z};
		rc = list(work, &s, spans, n_spans, hits);
	}
	*n = s.n;
	talloc_free(work);
	return rc;
}

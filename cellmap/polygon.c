#include "cellmap/polygon.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>

#define TURN      INT64_C(3600000000)
#define POLE      INT64_C(900000000)
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define PIECE     5000000 /* of an edge, 1e-7 degree: over it the distance to a point has one minimum */
#define STEPS     44      /* of the golden section: a piece to a part in 10^9 */

static const char *point_fault(const struct cell_point *p)
{
	if (!isfinite(p->lat) || !isfinite(p->lon))
		return "a coordinate is not a number";
	if (fabs(p->lat) > 90)
		return "a latitude is not within -90..90; it stands first";
	if (fabs(p->lon) > 180)
		return "a longitude is not within -180..180";
	return NULL;
}

static void append(struct cell_polygon *p, int64_t lat, int64_t lon)
{
	p->points[p->n++] = (struct polygon_point){lat, lon};
	p->south = OSMO_MIN(p->south, lat);
	p->north = OSMO_MAX(p->north, lat);
	p->west = OSMO_MIN(p->west, lon);
	p->east = OSMO_MAX(p->east, lon);
}

/* Each point by the short way from the one before. Points that repeat the one before are left out. */
static void unroll(struct cell_polygon *p, const struct cell_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t lat = llrint(points[i].lat * 1e7), lon = llrint(points[i].lon * 1e7);

		if (p->n > 0) {
			int64_t last = p->points[p->n - 1].lon;

			while (lon - last > TURN / 2)
				lon -= TURN;
			while (lon - last < -TURN / 2)
				lon += TURN;
			if (lat == p->points[p->n - 1].lat && lon == last)
				continue;
		}
		append(p, lat, lon);
	}
}

/* A border that comes back a turn farther goes round a pole, the nearer one: by way of it it closes. */
static void close_ring(struct cell_polygon *p)
{
	struct polygon_point first = p->points[0], last = p->points[p->n - 1];
	int64_t turn = last.lon - first.lon;

	if (turn != 0) {
		int64_t pole = p->south + p->north >= 0 ? POLE : -POLE;

		append(p, pole, last.lon);
		append(p, pole, first.lon);
		append(p, first.lat, first.lon);
		p->n_seams = 3;
	}
	p->n--; /* points become edges */
}

int cell_polygon_new(void *ctx, const struct cell_point *points, size_t n, struct cell_polygon **polygon,
		     char *err, size_t err_len)
{
	struct cell_polygon *p;

	for (size_t i = 0; i < n; i++) {
		const char *fault = point_fault(&points[i]);

		if (fault) {
			snprintf(err, err_len, "polygon, point %zu: %s", i + 1, fault);
			return -EINVAL;
		}
	}
	if (n < 4 || n > POLYGON_POINTS_MAX) {
		snprintf(err, err_len,
			 "polygon: has %zu points; it takes 4 to %d, the last equal to the first", n,
			 POLYGON_POINTS_MAX);
		return -EINVAL;
	}
	if (points[0].lat != points[n - 1].lat || points[0].lon != points[n - 1].lon) {
		snprintf(err, err_len, "polygon: is not closed; its last point must equal its first");
		return -EINVAL;
	}
	p = talloc_zero(ctx, struct cell_polygon);
	OSMO_ASSERT(p);
	p->points = talloc_array(p, struct polygon_point, n + 4);
	OSMO_ASSERT(p->points);
	p->south = p->west = INT64_MAX;
	p->north = p->east = INT64_MIN;
	unroll(p, points, n);
	close_ring(p);
	if (p->n < 3) {
		snprintf(err, err_len, "polygon: has no area");
		talloc_free(p);
		return -EINVAL;
	}
	geo_init(&p->geod);
	*polygon = p;
	return 0;
}

/* Twice the area of the triangle a, b, (lat, lon); above 0: the point is to the left of a -> b. */
static __int128 side(const struct polygon_point *a, const struct polygon_point *b, int64_t lat, int64_t lon)
{
	return (__int128)(b->lon - a->lon) * (lat - a->lat) - (__int128)(lon - a->lon) * (b->lat - a->lat);
}

/* 1: inside, 0: outside, -1: on an edge; on this very turn. */
static int place(const struct cell_polygon *p, int64_t lat, int64_t lon)
{
	bool inside = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct polygon_point *a = &p->points[i], *b = a + 1;
		bool up = b->lat > lat, from_up = a->lat > lat;

		if (lat >= OSMO_MIN(a->lat, b->lat) && lat <= OSMO_MAX(a->lat, b->lat) &&
		    lon >= OSMO_MIN(a->lon, b->lon) && lon <= OSMO_MAX(a->lon, b->lon) &&
		    side(a, b, lat, lon) == 0)
			return -1;
		if (up != from_up && (side(a, b, lat, lon) > 0) == up)
			inside = !inside;
	}
	return inside;
}

bool polygon_contains(const struct cell_polygon *p, int64_t lat, int64_t lon)
{
	if (lat < p->south || lat > p->north)
		return false;
	while (lon - TURN >= p->west)
		lon -= TURN;
	while (lon < p->west)
		lon += TURN;
	for (; lon <= p->east; lon += TURN)
		if (place(p, lat, lon))
			return true;
	return false;
}

int64_t polygon_high(double reach_m)
{
	return (int64_t)ceil(reach_m / GEO_RADIUS_MIN / RADIAN_E7) + 2;
}

/* A chord c between two circles of latitude spans at most 1 - cos = c^2 / (2 rho rho'). */
int64_t polygon_wide(double reach_m, int64_t south, int64_t north)
{
	int64_t far = OSMO_MAX(llabs(south), llabs(north)) + polygon_high(reach_m);
	double out = geo_chord_out(reach_m), rho = geo_meridian((double)OSMO_MIN(far, POLE) / 1e7).x, v;

	if (reach_m <= 0)
		return 1;
	v = out * out / fmax(2 * rho * rho, 1e-30);
	return v >= 2 ? TURN / 2 : OSMO_MIN((int64_t)(2 * asin(sqrt(v / 2)) / RADIAN_E7) + 3, TURN / 2);
}

struct edge_walk {
	const struct cell_polygon *p;
	const struct polygon_point *a, *b;
	double lat, lon; /* degrees, of the point */
};

static double distance_at(const struct edge_walk *w, double t)
{
	double lat = ((double)w->a->lat + t * (double)(w->b->lat - w->a->lat)) / 1e7;
	double lon = ((double)w->a->lon + t * (double)(w->b->lon - w->a->lon)) / 1e7;

	return geo_distance_m(&w->p->geod, w->lat, w->lon, fmax(-90, fmin(90, lat)), lon);
}

/* The least distance over a piece of an edge. */
static double piece_distance(const struct edge_walk *w, double lo, double hi, double enough)
{
	const double golden = 0.6180339887498949;
	double best = fmin(distance_at(w, lo), distance_at(w, hi)), t = hi - golden * (hi - lo),
	       u = lo + golden * (hi - lo), at_t = distance_at(w, t), at_u = distance_at(w, u);

	for (int i = 0; i < STEPS && best > enough; i++) {
		best = fmin(best, fmin(at_t, at_u));
		if (at_t < at_u) {
			hi = u;
			u = t;
			at_u = at_t;
			t = hi - golden * (hi - lo);
			at_t = distance_at(w, t);
		} else {
			lo = t;
			t = u;
			at_t = at_u;
			u = lo + golden * (hi - lo);
			at_u = distance_at(w, u);
		}
	}
	return best;
}

/* Part of an edge, as shares of it, whose coordinate lies within `far` of `at`. */
static bool clip(int64_t from, int64_t to, int64_t at, int64_t far, double *lo, double *hi)
{
	double a, b;

	if (from == to)
		return llabs(from - at) <= far;
	a = (double)(at - far - from) / (double)(to - from);
	b = (double)(at + far - from) / (double)(to - from);
	*lo = fmax(*lo, fmin(a, b));
	*hi = fmin(*hi, fmax(a, b));
	return *lo <= *hi;
}

static bool edge_near(const struct edge_walk *w, int64_t lat, int64_t lon, double reach_m, int64_t high,
		      int64_t wide)
{
	double lo = 0, hi = 1, length, step;
	int pieces;

	if (!clip(w->a->lat, w->b->lat, lat, high, &lo, &hi) ||
	    (wide < TURN / 2 && !clip(w->a->lon, w->b->lon, lon, wide, &lo, &hi)))
		return false;
	length = (hi - lo) * (double)OSMO_MAX(llabs(w->b->lat - w->a->lat), llabs(w->b->lon - w->a->lon));
	pieces = 1 + (int)(length / PIECE);
	step = (hi - lo) / pieces;
	for (int i = 0; i < pieces; i++)
		if (piece_distance(w, lo + i * step, lo + (i + 1) * step, reach_m) <= reach_m)
			return true;
	return false;
}

bool polygon_near(const struct cell_polygon *p, int64_t lat, int64_t lon, double reach_m)
{
	int64_t high = polygon_high(reach_m), wide = polygon_wide(reach_m, lat, lat);
	struct edge_walk w = {.p = p, .lat = (double)lat / 1e7, .lon = (double)lon / 1e7};

	while (lon - TURN >= p->west - wide)
		lon -= TURN;
	while (lon < p->west - wide)
		lon += TURN;
	for (; lon <= p->east + wide; lon += TURN)
		for (size_t i = 0; i < p->n - p->n_seams; i++) {
			w.a = &p->points[i];
			w.b = w.a + 1;
			if (edge_near(&w, lat, lon, reach_m, high, wide))
				return true;
		}
	return false;
}

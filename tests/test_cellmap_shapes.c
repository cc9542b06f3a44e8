/* Polygons against brute force (another way to decide each cell), unions and differences of answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"

#define N 6000

#ifdef __SANITIZE_ADDRESS__
#define SLOW 1
#else
#define SLOW 0
#endif

struct world {
	char csv[64], path[80];
	struct cellmap *map;
	struct cell cells[N];
	struct geod_geodesic geod;
	uint64_t seed;
};

static double uniform(struct world *w, double lo, double hi)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return lo + (hi - lo) * ((double)(w->seed >> 11) / 9007199254740992.0);
}

static const double centres[][2] = {{39.9, 116.4}, {-17, 179.9}, {65, -179.8}, {88.5, 20}, {-89, 0}, {0, 0}};

static int world_open(void **state)
{
	static struct world w = {.csv = "/tmp/test_shapes_XXXXXX", .seed = 11};
	static const int ranges[] = {0, 1000, 300, 5000, 20000, 90000};
	struct cellmap_report report;
	char err[256];
	FILE *f = fdopen(mkstemp(w.csv), "w");

	assert_non_null(f);
	for (int i = 0; i < N; i++) {
		const double *c = centres[i % 6];
		double spread = i % 3 ? 1.5 : 8, lat = c[0] + uniform(&w, -spread, spread),
		       lon = fabs(c[0]) > 80 ? uniform(&w, -180, 180) : c[1] + uniform(&w, -spread, spread);

		lat = lat > 90 ? 180 - lat : lat < -90 ? -180 - lat : lat;
		lon = lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
		fprintf(f, "LTE,460,%d,1,%d,,%.7f,%.7f,%d,1,1,0,0,0\n", i % 2, i + 1, lon, lat,
			ranges[i * 7 % 6]);
	}
	fclose(f);
	snprintf(w.path, sizeof(w.path), "%s.map", w.csv);
	assert_int_equal(cellmap_build(w.path, &(struct cellmap_table){.path = w.csv}, 1, NULL, &report, err,
				       sizeof(err)),
			 0);
	assert_int_equal(cellmap_open(NULL, w.path, &w.map, err, sizeof(err)), 0);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(cellmap_get(w.map, i, &w.cells[i]), 0);
	geo_init(&w.geod);
	*state = &w;
	return 0;
}

static int world_close(void **state)
{
	struct world *w = *state;

	cellmap_close(w->map);
	unlink(w->csv);
	unlink(w->path);
	return 0;
}

/* Longitudes as the border runs, by the short way. */
static void unroll(const struct cell_point *p, size_t n, double *lon)
{
	lon[0] = p[0].lon;
	for (size_t i = 1; i < n; i++)
		lon[i] = lon[i - 1] + remainder(p[i].lon - p[i - 1].lon, 360);
}

/* The winding number, from the angle that each edge turns about the point; round a pole, all south (north) of
 * the border counts by its crossing of the meridian to the pole instead. */
static bool contains(const struct cell_point *p, size_t n, double lat, double lon)
{
	double x[64], south = 90, north = -90;
	int crossings = 0;

	for (size_t i = 0; i < n; i++) {
		south = fmin(south, p[i].lat);
		north = fmax(north, p[i].lat);
	}
	if (fmax(fabs(south), fabs(north)) < 80 && (lat < south || lat > north))
		return false;
	unroll(p, n, x);
	/* Along the meridian towards the pole that is outside, or any if none is inside. */
	bool round_pole = fabs(x[n - 1] - x[0]) > 180, to_north = !(round_pole && south + north >= 0);

	for (size_t i = 0; i + 1 < n; i++)
		for (int turn = -2; turn <= 2; turn++) {
			double at = lon + 360 * turn, share, y;

			if ((x[i] > at) == (x[i + 1] > at))
				continue;
			share = (at - x[i]) / (x[i + 1] - x[i]);
			y = p[i].lat + share * (p[i + 1].lat - p[i].lat);
			crossings += to_north ? y > lat : y < lat;
		}
	return crossings & 1;
}

#define STEPS 64 /* into which an edge is cut */

/* Over unit vectors by geodetic latitude the ellipsoid's arcs are nowhere shorter than this times the sphere's: its
 * smallest radius of curvature, b^2/a. */
#define SHORT 6335439.0

struct unit {
	double x, y, z;
};

static struct unit unit(double lat, double lon)
{
	double c = cos(lat * M_PI / 180);

	return (struct unit){c * cos(lon * M_PI / 180), c * sin(lon * M_PI / 180), sin(lat * M_PI / 180)};
}

static double chord(const struct unit *a, const struct unit *b)
{
	return sqrt((a->x - b->x) * (a->x - b->x) + (a->y - b->y) * (a->y - b->y) +
		    (a->z - b->z) * (a->z - b->z));
}

/* A border cut into steps, and how long an edge's longest is at most. */
struct border {
	size_t n;
	double lat[64], lon[64], step[64];
	struct unit at[64][STEPS + 1];
};

static void cut_border(struct border *b, const struct cell_point *p, size_t n)
{
	b->n = n;
	unroll(p, n, b->lon);
	for (size_t i = 0; i < n; i++)
		b->lat[i] = p[i].lat;
	for (size_t i = 0; i + 1 < n; i++) {
		b->step[i] = 0;
		for (int k = 0; k <= STEPS; k++) {
			double t = (double)k / STEPS;

			b->at[i][k] = unit(b->lat[i] + t * (b->lat[i + 1] - b->lat[i]),
					   b->lon[i] + t * (b->lon[i + 1] - b->lon[i]));
			if (k)
				b->step[i] = fmax(b->step[i], chord(&b->at[i][k], &b->at[i][k - 1]));
		}
	}
}

/* Is all of an edge certainly farther? No point of it is farther from one of the cuts than a step. */
static bool edge_far(const struct border *b, size_t i, const struct unit *from, double limit_m)
{
	double best = 2;

	for (int k = 0; k <= STEPS; k++)
		best = fmin(best, chord(from, &b->at[i][k]));
	return best - b->step[i] > limit_m / SHORT;
}

/* Walks the border in small steps and closes in on the nearest; 1e9 when it is farther than limit_m. */
static double border_distance(const struct world *w, const struct border *b, double lat, double lon, double limit_m)
{
	struct unit from = unit(lat, lon);
	double best = 1e9, lo = 0, hi = 1;

	for (size_t i = 0; i + 1 < b->n; i++)
		for (int level = 0, k_best = 0; level < 6; level++) {
			double nearest = 1e9, begin = level ? lo : 0, end = level ? hi : 1;

			if (level == 0 && edge_far(b, i, &from, limit_m))
				break;
			for (int k = 0; k <= STEPS; k++) {
				double t = begin + (end - begin) * k / STEPS,
				       d = geo_distance_m(&w->geod, lat, lon,
							  b->lat[i] + t * (b->lat[i + 1] - b->lat[i]),
							  b->lon[i] + t * (b->lon[i + 1] - b->lon[i]));

				if (d < nearest) {
					nearest = d;
					k_best = k;
				}
			}
			lo = begin + (end - begin) * fmax(0, k_best - 1) / STEPS;
			hi = begin + (end - begin) * fmin(STEPS, k_best + 1) / STEPS;
			best = fmin(best, nearest);
		}
	return best;
}

static void compare(struct world *w, const struct cell_point *p, size_t n, enum cell_select select)
{
	static struct cell_span spans[N];
	static bool in[N];
	static struct border border;
	struct cell_query q = {.select = select};
	struct cell_polygon *polygon;
	size_t n_spans, inside = 0;
	char err[256] = "";

	if (cell_polygon_new(NULL, p, n, &polygon, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_int_equal(cellmap_query_polygon(w->map, &q, polygon, spans, N, &n_spans), 0);
	talloc_free(polygon);
	cut_border(&border, p, n);
	memset(in, 0, sizeof(in));
	for (size_t i = 0; i < n_spans; i++) {
		assert_true(i == 0 || spans[i].first >= spans[i - 1].first + spans[i - 1].count);
		for (uint32_t k = 0; k < spans[i].count; k++)
			in[spans[i].first + k] = true;
	}
	for (uint32_t i = 0; i < N; i++) {
		const struct cell *c = &w->cells[i];
		double range = fmin(c->range_m ? c->range_m : 2000, 35000), d;
		bool expect = contains(p, n, c->lat, c->lon);

		if (select == SELECT_COVERAGE && !expect) {
			d = border_distance(w, &border, c->lat, c->lon, range + 1);
			if (fabs(d - range) < 1e-3)
				continue;
			expect = d <= range;
		}
		inside += expect;
		if (in[i] != expect)
			fail_msg("cell at %.7f,%.7f range %u: %d, polygon from %.7f,%.7f select %d", c->lat,
				 c->lon, c->range_m, in[i], p[0].lat, p[0].lon, select);
	}
	assert_true(inside > 0);
}

/* A star round a centre: as crooked as borders get without crossing themselves. */
static size_t star(struct world *w, struct cell_point *p, double lat, double lon, double size)
{
	size_t n = 5 + (size_t)uniform(w, 0, 20);

	for (size_t i = 0; i < n; i++) {
		double angle = 2 * M_PI * (double)i / (double)n, r = size * uniform(w, 0.2, 1);

		p[i].lat = fmax(-90, fmin(90, lat + r * sin(angle)));
		p[i].lon = remainder(lon + r * cos(angle) / cos(fmin(fabs(lat), 70) * M_PI / 180), 360);
		p[i].lat = rint(p[i].lat * 1e7) / 1e7;
		p[i].lon = rint(p[i].lon * 1e7) / 1e7;
	}
	p[n] = p[0];
	return n + 1;
}

/* POLYGONS in the environment: how many random ones of each kind. */
static int areas(int usual)
{
	const char *n = getenv("POLYGONS");

	return n ? atoi(n) : usual;
}

static void polygons_are_exact(void **state)
{
	struct world *w = *state;
	struct cell_point p[64];

	for (int i = 0; i < areas(SLOW ? 100 : 2000); i++) {
		const double *c = centres[i % 3];
		size_t n = star(w, p, c[0] + uniform(w, -1, 1), c[1], i % 4 ? uniform(w, 1, 3) : 7);

		compare(w, p, n, SELECT_SITE);
	}
}

static void polygons_reach_out(void **state)
{
	struct world *w = *state;
	struct cell_point p[64];

	for (int i = 0; i < areas(SLOW ? 20 : 400); i++) {
		const double *c = centres[i % 3];
		size_t n = star(w, p, c[0] + uniform(w, -1, 1), c[1], uniform(w, 0.5, 3));

		compare(w, p, n, SELECT_COVERAGE);
	}
}

static void polygons_round_the_poles(void **state)
{
	struct world *w = *state;
	struct cell_point p[16];

	for (int pole = 1; pole >= -1; pole -= 2) {
		for (int i = 0; i < 12; i++)
			p[i] = (struct cell_point){pole * (85 + i % 3), -175 + 30 * i};
		p[12] = p[0];
		compare(w, p, 13, SELECT_SITE);
		compare(w, p, 13, SELECT_COVERAGE);
	}
}

static void a_box_over_the_date_line(void **state)
{
	static const struct cell_point box[] = {{-20, 178}, {-20, -178}, {-15, -178}, {-15, 178}, {-20, 178}};

	compare(*state, box, 5, SELECT_SITE);
	compare(*state, box, 5, SELECT_COVERAGE);
}

/* Corners and edges belong to it. */
static void the_border_is_inside(void **state)
{
	struct world *w = *state;
	static struct cell_span spans[N];
	struct cell_query q = {.select = SELECT_SITE};
	size_t n;

	for (uint32_t i = 0; i < N; i += 97) {
		const struct cell *c = &w->cells[i];
		struct cell_point p[] = {
			{c->lat, c->lon}, {c->lat, c->lon}, {c->lat, c->lon}, {c->lat, c->lon}};
		struct cell_polygon *polygon;
		bool found = false;
		char err[128];

		if (fabs(c->lat) > 80 || fabs(c->lon) > 170)
			continue;
		p[1].lat += 0.5;
		p[2].lon += 0.5;
		assert_int_equal(cell_polygon_new(NULL, p, 4, &polygon, err, sizeof(err)), 0);
		assert_int_equal(cellmap_query_polygon(w->map, &q, polygon, spans, N, &n), 0);
		for (size_t k = 0; k < n; k++)
			found |= i - spans[k].first < spans[k].count;
		assert_true(found);
		talloc_free(polygon);
	}
}

static void bad_polygons_are_refused(void **state)
{
	static const struct cell_point open[] = {{1, 1}, {1, 2}, {2, 2}, {2, 1}},
				       flat[] = {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
				       swapped[] = {{39, 116}, {116, 39}, {38, 116}, {39, 116}},
				       nan[] = {{39, NAN}, {39, 117}, {38, 116}, {39, NAN}};
	struct cell_polygon *polygon;
	char err[128];

	assert_int_equal(cell_polygon_new(NULL, open, 4, &polygon, err, sizeof(err)), -22);
	assert_non_null(strstr(err, "not closed"));
	assert_int_equal(cell_polygon_new(NULL, open, 3, &polygon, err, sizeof(err)), -22);
	assert_int_equal(cell_polygon_new(NULL, flat, 4, &polygon, err, sizeof(err)), -22);
	assert_int_equal(cell_polygon_new(NULL, swapped, 4, &polygon, err, sizeof(err)), -22);
	assert_non_null(strstr(err, "latitude"));
	assert_int_equal(cell_polygon_new(NULL, nan, 4, &polygon, err, sizeof(err)), -22);
}

static size_t expand(const struct cell_span *s, size_t n, uint8_t *in)
{
	size_t cells = 0;

	memset(in, 0, N);
	for (size_t i = 0; i < n; i++) {
		assert_true(s[i].count > 0 && (i == 0 || s[i].first >= s[i - 1].first + s[i - 1].count));
		memset(in + s[i].first, 1, s[i].count);
		cells += s[i].count;
	}
	return cells;
}

static void indices_are_listed(void **state)
{
	struct world *w = *state;
	static struct cell_span spans[N];
	static uint32_t indices[N];

	for (int i = 0; i < 60; i++) {
		const double *c = centres[i % 6];
		struct cell_query q = {.lat = c[0], .lon = c[1], .radius_m = uniform(w, 1000, 400000)};
		size_t n, at = 0, cells;

		assert_int_equal(cellmap_query(w->map, &q, spans, N, &n), 0);
		cells = cell_spans_indices(spans, n, indices);
		for (size_t k = 0; k < n; k++)
			for (uint32_t j = 0; j < spans[k].count; j++)
				assert_int_equal(indices[at++], spans[k].first + j);
		assert_int_equal(at, cells);
	}
}

/* Two circles: their union, and one without the other (a ring, when they share the centre). */
static void answers_join_and_part(void **state)
{
	struct world *w = *state;
	static struct cell_span a[N], b[N], both[2 * N];
	static uint8_t in_a[N], in_b[N], in[N];

	for (int i = 0; i < (SLOW ? 60 : 2000); i++) {
		const double *c = centres[i % 6];
		struct cell_query q = {.lat = c[0], .lon = c[1], .radius_m = uniform(w, 1000, 400000)};
		size_t n_a, n_b, n, wrong = 0;

		assert_int_equal(cellmap_query(w->map, &q, a, N, &n_a), 0);
		q.radius_m = uniform(w, 1000, 400000);
		q.lat += i & 1 ? uniform(w, -0.5, 0.5) : 0;
		assert_int_equal(cellmap_query(w->map, &q, b, N, &n_b), 0);
		expand(a, n_a, in_a);
		expand(b, n_b, in_b);
		n = cell_spans_join(a, n_a, b, n_b, both, 2 * N);
		assert_true(n <= n_a + n_b);
		expand(both, n, in);
		for (int k = 0; k < N; k++)
			wrong += in[k] != (in_a[k] | in_b[k]);
		n = cell_spans_without(a, n_a, b, n_b, both, 2 * N);
		assert_true(n <= n_a + n_b);
		expand(both, n, in);
		for (int k = 0; k < N; k++)
			wrong += in[k] != (in_a[k] & !in_b[k]);
		assert_int_equal(wrong, 0);
		assert_int_equal(cell_spans_without(a, n_a, b, n_b, both, 0), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(polygons_are_exact),       cmocka_unit_test(polygons_reach_out),
		cmocka_unit_test(polygons_round_the_poles), cmocka_unit_test(a_box_over_the_date_line),
		cmocka_unit_test(the_border_is_inside),     cmocka_unit_test(bad_polygons_are_refused),
		cmocka_unit_test(answers_join_and_part),    cmocka_unit_test(indices_are_listed),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}

/* The circle query against a brute-force oracle: Karney's geodesic on every cell. */
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

#define N 20000

#ifdef __SANITIZE_ADDRESS__
#define SLOW 1
#else
#define SLOW 0
#endif

struct world {
	char csv[64], path[80];
	struct cellmap *map;
	struct geod_geodesic geod;
	uint64_t seed;
};

static uint64_t rnd(struct world *w)
{
	uint64_t z = (w->seed += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static double uniform(struct world *w, double lo, double hi)
{
	return lo + (hi - lo) * ((double)(rnd(w) >> 11) / 9007199254740992.0);
}

/* Clusters at places where geometry is hard, and a thin cover of the world. */
static void place(struct world *w, int i, double *lat, double *lon)
{
	static const double at[][2] = {{39.9, 116.4}, {-17, 180}, {65, -180}, {90, 0},
				       {-90, 0},      {0, 0},     {48, 11}};
	const double *c = at[i % 7];
	double spread = pow(10, uniform(w, -2, 1));

	if (i % 10 == 0) {
		*lat = uniform(w, -90, 90);
		*lon = uniform(w, -180, 180);
		return;
	}
	*lat = c[0] + uniform(w, -spread, spread);
	*lon = fabs(c[0]) == 90 ? uniform(w, -180, 180) : c[1] + uniform(w, -spread, spread);
	*lat = *lat > 90 ? 180 - *lat : *lat < -90 ? -180 - *lat : *lat;
	*lon = *lon > 180 ? *lon - 360 : *lon < -180 ? *lon + 360 : *lon;
}

static uint32_t some_range(struct world *w)
{
	static const uint32_t ranges[] = {0, 1000, 1000, 1000, 700, 1500, 4000, 9000, 34000, 906000};

	return ranges[rnd(w) % 10];
}

static int world_open(void **state)
{
	static const char *const radios[] = {"GSM", "UMTS", "LTE", "NR", "CDMA"};
	static struct world w = {.csv = "/tmp/test_cellmap_XXXXXX", .seed = 7};
	struct cellmap_report report;
	char err[256];
	FILE *f = fdopen(mkstemp(w.csv), "w");

	assert_non_null(f);
	for (int i = 0; i < N; i++) {
		double lat, lon;

		place(&w, i, &lat, &lon);
		fprintf(f, "%s,460,%d,%d,%d,,%.7f,%.7f,%u,1,1,0,0,0\n", radios[i * 31 % 5],
			i % 3 ? i % 11 : 0, i / 100, i + 1, lon, lat, some_range(&w));
	}
	fclose(f);
	snprintf(w.path, sizeof(w.path), "%s.map", w.csv);
	if (cellmap_build(w.path, &(struct cellmap_table){.path = w.csv}, 1, NULL, &report, err,
			  sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_int_equal(report.kept, N);
	if (cellmap_open(NULL, w.path, &w.map, err, sizeof(err)) < 0)
		fail_msg("%s", err);
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

static double range_of(const struct cell *c, const struct cell_query *q)
{
	static const double unknown[] = {5000, 2000, 2000, 1000, 5000};
	double range = c->range_m ? c->range_m : unknown[c->id.radio],
	       max = q->max_range_m > 0 ? q->max_range_m : 35000;

	return q->select == SELECT_SITE ? 0 : fmin(range, max);
}

static bool wanted(const struct cell *c, const struct cell_query *q)
{
	bool network = !q->networks;

	for (size_t i = 0; i < q->n_networks; i++)
		network |= q->networks[i].mcc == c->id.mcc && q->networks[i].mnc == c->id.mnc;
	return network && (!q->radio_mask || q->radio_mask >> c->id.radio & 1);
}

static void compare(struct world *w, const struct cell_query *q)
{
	static struct cell_span spans[N];
	static bool in[N];
	size_t n = 0;
	int rc = cellmap_query(w->map, q, spans, N, &n);

	assert_int_equal(rc, 0);
	assert_int_equal(cellmap_max_spans(w->map, q), n);
	memset(in, 0, sizeof(in));
	for (size_t i = 0; i < n; i++) {
		assert_true(spans[i].count > 0);
		assert_true(i == 0 || spans[i].first >= spans[i - 1].first + spans[i - 1].count);
		for (uint32_t k = 0; k < spans[i].count; k++)
			in[spans[i].first + k] = true;
	}
	for (uint32_t i = 0; i < N; i++) {
		struct cell c;
		bool expect;

		assert_int_equal(cellmap_get(w->map, i, &c), 0);
		expect = wanted(&c, q) &&
			 geo_distance_m(&w->geod, q->lat, q->lon, c.lat, c.lon) - range_of(&c, q) <=
				 q->radius_m;
		if (in[i] != expect)
			fail_msg("cell %u at %.7f,%.7f range %u: %d, circle %.7f,%.7f %.3f m select %d", i,
				 c.lat, c.lon, c.range_m, in[i], q->lat, q->lon, q->radius_m, q->select);
	}
}

static void random_circles(struct world *w, double lo_exp, double hi_exp, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct cell_query q = {.select = i & 1 ? SELECT_SITE : SELECT_COVERAGE};

		place(w, i, &q.lat, &q.lon);
		q.radius_m = pow(10, uniform(w, lo_exp, hi_exp));
		if (i % 3 == 0)
			q.radio_mask = 1 + rnd(w) % 31;
		if (i % 5 == 0)
			q.max_range_m = uniform(w, 500, 1000000);
		compare(w, &q);
	}
}

/* AREAS in the environment: how many random areas of 10 m .. 2000 km. */
static int areas(int usual)
{
	const char *n = getenv("AREAS");

	return n ? atoi(n) / 2 : usual;
}

static void small_circles_are_exact(void **state)
{
	random_circles(*state, 1, 4, areas(60));
}

static void circles_are_exact(void **state)
{
	random_circles(*state, 4, 6.3, areas(120));
}

/* Unit vectors by geodetic latitude. Over them the ellipsoid's arcs are nowhere shorter than SHORT times the
 * sphere's and nowhere longer than LONG times: its radii of curvature, b^2/a and a^2/b. */
#define SHORT 6335439.0
#define LONG  6399594.0

struct unit {
	double x, y, z, range;
};

static struct unit unit(double lat, double lon)
{
	double c = cos(lat * M_PI / 180);

	return (struct unit){c * cos(lon * M_PI / 180), c * sin(lon * M_PI / 180), sin(lat * M_PI / 180), 0};
}

/* The square of the chord over an arc, of the unit sphere. */
static double chord2(double arc)
{
	double half = arc < M_PI ? 2 * sin(arc / 2) : 2;

	return half * half;
}

static void compare_quickly(struct world *w, const struct cell *cells, const struct unit *at,
			    const struct cell_query *q)
{
	static struct cell_span spans[N];
	static uint8_t in[N];
	struct unit c = unit(q->lat, q->lon);
	size_t n = 0;

	assert_int_equal(cellmap_query(w->map, q, spans, N, &n), 0);
	memset(in, 0, sizeof(in));
	for (size_t i = 0; i < n; i++)
		memset(in + spans[i].first, 1, spans[i].count);
	for (uint32_t i = 0; i < N; i++) {
		double x = at[i].x - c.x, y = at[i].y - c.y, z = at[i].z - c.z, d2 = x * x + y * y + z * z;
		double limit = q->radius_m + (q->select == SELECT_SITE ? 0 : at[i].range);
		bool expect = d2 <= chord2(limit / LONG) * (1 - 1e-9);

		if (!expect && d2 <= chord2(limit / SHORT) * (1 + 1e-9))
			expect = geo_distance_m(&w->geod, q->lat, q->lon, cells[i].lat, cells[i].lon) -
					 (q->select == SELECT_SITE ? 0 : at[i].range) <=
				 q->radius_m;
		if (in[i] != expect)
			fail_msg("cell %u at %.7f,%.7f: %d, circle %.7f,%.7f %.3f m select %d", i,
				 cells[i].lat, cells[i].lon, in[i], q->lat, q->lon, q->radius_m, q->select);
	}
}

/* 10 m to 2000 km, everywhere that geometry is hard; the geodesic only where a bound does not decide. */
static void thousands_of_circles_are_exact(void **state)
{
	struct world *w = *state;
	static struct cell cells[N];
	static struct unit at[N];
	int rounds = areas(10000) / (SLOW ? 20 : 1);

	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(cellmap_get(w->map, i, &cells[i]), 0);
		at[i] = unit(cells[i].lat, cells[i].lon);
		at[i].range = range_of(&cells[i], &(struct cell_query){.select = SELECT_COVERAGE});
	}
	for (int i = 0; i < rounds; i++) {
		struct cell_query q = {.select = i & 1 ? SELECT_SITE : SELECT_COVERAGE};

		place(w, i, &q.lat, &q.lon);
		q.radius_m = pow(10, uniform(w, 1, 6.3));
		compare_quickly(w, cells, at, &q);
	}
	print_message("%d random circles\n", rounds);
}

static void huge_circles_are_exact(void **state)
{
	random_circles(*state, 6.3, 7.30, 30);
}

static void circles_at_special_places(void **state)
{
	static const double at[][2] = {{90, 0},  {-90, 77},    {-17, 180}, {-17, -180},
				       {0, 180}, {89.9, -180}, {0, 0}};

	for (int i = 0; i < 7; i++)
		for (double r = 100; r < 2.0037e7; r *= 9) {
			compare(*state,
				&(struct cell_query){.lat = at[i][0], .lon = at[i][1], .radius_m = r});
			compare(*state, &(struct cell_query){.lat = at[i][0],
							     .lon = at[i][1],
							     .radius_m = r,
							     .select = SELECT_SITE});
		}
	compare(*state, &(struct cell_query){.lat = 12, .lon = 34, .radius_m = 20037000});
}

/* A radius that ends exactly at a cell: the geodesic decides, and "equal" is inside. */
static void rim_is_inclusive(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < N; i += N / 40) {
		struct cell_query q = {.select = SELECT_SITE};
		struct cell c;

		cellmap_get(w->map, i, &c);
		place(w, (int)i + 1, &q.lat, &q.lon);
		q.radius_m = geo_distance_m(&w->geod, q.lat, q.lon, c.lat, c.lon);
		if (q.radius_m > 0)
			compare(w, &q);
		q.radius_m = nextafter(q.radius_m, 0);
		if (q.radius_m > 0)
			compare(w, &q);
	}
}

static void networks_are_chosen(void **state)
{
	const struct cell_network nets[] = {
		{.mcc = 460, .mnc = 0}, {.mcc = 460, .mnc = 7}, {.mcc = 1, .mnc = 1}};

	for (size_t n = 0; n <= 3; n++)
		compare(*state, &(struct cell_query){.lat = 39.9,
						     .lon = 116.4,
						     .radius_m = 100000,
						     .networks = nets,
						     .n_networks = n});
}

static void nearest_is_ordered(void **state)
{
	struct world *w = *state;
	struct cell_query q = {.lat = 39.9, .lon = 116.4, .radius_m = 300000};
	static struct cell_span spans[N];
	struct cell_hit *hits;
	size_t n, n_spans, total = 0;

	assert_int_equal(cellmap_nearest(w->map, w->map, &q, &hits, &n), 0);
	assert_int_equal(cellmap_query(w->map, &q, spans, N, &n_spans), 0);
	for (size_t i = 0; i < n_spans; i++)
		total += spans[i].count;
	assert_int_equal(n, total);
	assert_true(n > 1000);
	for (size_t i = 0; i < n; i++) {
		struct cell c;

		cellmap_get(w->map, hits[i].index, &c);
		assert_true(fabs(geo_distance_m(&w->geod, q.lat, q.lon, c.lat, c.lon) - hits[i].distance_m) <
			    0.02);
		assert_true(
			i == 0 || hits[i].distance_m > hits[i - 1].distance_m ||
			(hits[i].distance_m == hits[i - 1].distance_m && hits[i].index > hits[i - 1].index));
	}
	talloc_free(hits);
}

static void every_cell_is_found_by_key(void **state)
{
	struct world *w = *state;
	struct cell_id none = {.cell = 999999, .mcc = 460};
	uint32_t index;

	for (uint32_t i = 0; i < N; i++) {
		struct cell c;

		cellmap_get(w->map, i, &c);
		assert_int_equal(cellmap_find(w->map, &c.id, &index), 0);
		assert_int_equal(index, i);
	}
	assert_int_equal(cellmap_find(w->map, &none, &index), -2);
}

static void bad_queries_are_refused(void **state)
{
	struct world *w = *state;
	const struct cell_query bad[] = {{.lat = NAN, .radius_m = 1},
					 {.lat = 90.1, .radius_m = 1},
					 {.lon = 180.1, .radius_m = 1},
					 {.lon = INFINITY, .radius_m = 1},
					 {.radius_m = 0},
					 {.radius_m = -1},
					 {.radius_m = NAN},
					 {.radius_m = 20037001},
					 {.radius_m = 1, .max_range_m = NAN},
					 {.radius_m = 1, .select = 7},
					 {.radius_m = 1, .max_range_m = -1}};
	size_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(cell_query_error(&bad[i]));
		assert_int_equal(cellmap_query(w->map, &bad[i], NULL, 0, &n), -22);
	}
	assert_null(cell_query_error(&(struct cell_query){.radius_m = 20037000}));
}

static void too_small_a_buffer_tells_the_size(void **state)
{
	struct world *w = *state;
	struct cell_query q = {.lat = 39.9, .lon = 116.4, .radius_m = 50000};
	struct cell_span all[N], two[2];
	size_t n, m;

	assert_int_equal(cellmap_query(w->map, &q, all, N, &n), 0);
	assert_true(n > 2);
	assert_int_equal(cellmap_query(w->map, &q, two, 2, &m), -28);
	assert_int_equal(m, n);
	assert_memory_equal(all, two, sizeof(two));
}

static void names_are_parsed(void **state)
{
	uint16_t mcc, mnc;
	uint8_t digits;

	assert_int_equal(cell_network_parse("460-00", &mcc, &mnc, &digits), 0);
	assert_int_equal(mcc * 1000 + mnc, 460000);
	assert_int_equal(digits, 2);
	assert_int_equal(cell_network_parse("734-31488", &mcc, &mnc, &digits), 0);
	assert_int_equal(mnc, 31488);
	for (const char *const *p = (const char *const[]){"", "460", "460-", "-00", "46x-00", "460-0x", "0-1",
							  "4600-1", "460-99999", "460-00 ", NULL};
	     *p; p++)
		assert_int_equal(cell_network_parse(*p, &mcc, &mnc, &digits), -22);
	assert_int_equal(cell_radio_parse("nr"), CELL_NR);
	assert_int_equal(cell_radio_parse("5G"), -22);
	assert_string_equal(cell_radio_name(CELL_UMTS), "UMTS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_circles_are_exact),
		cmocka_unit_test(circles_are_exact),
		cmocka_unit_test(thousands_of_circles_are_exact),
		cmocka_unit_test(huge_circles_are_exact),
		cmocka_unit_test(circles_at_special_places),
		cmocka_unit_test(rim_is_inclusive),
		cmocka_unit_test(networks_are_chosen),
		cmocka_unit_test(nearest_is_ordered),
		cmocka_unit_test(every_cell_is_found_by_key),
		cmocka_unit_test(bad_queries_are_refused),
		cmocka_unit_test(too_small_a_buffer_tells_the_size),
		cmocka_unit_test(names_are_parsed),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}

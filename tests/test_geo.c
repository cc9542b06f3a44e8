/* Distances, the chord's bounds and the datums. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"

static uint64_t seed = 3;

static double uniform(double lo, double hi)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return lo + (hi - lo) * ((double)(seed >> 11) / 9007199254740992.0);
}

static void reference_distances(void **state)
{
	assert_true(fabs(cellmap_distance_m(0, 0, 0.5, 0.5) - 78451.248) < 0.001);
	assert_true(fabs(cellmap_distance_m(39.9042, 116.4074, 31.2304, 121.4737) - 1065846.489) < 0.001);
	assert_true(fabs(cellmap_distance_m(-17, 179.95, -17, -179.95) - 10648.583) < 0.001);
}

/* The promise that the query rests on, over all scales, latitudes and directions, also the ellipsoid's
 * extremes. */
static void chord_bounds_hold(void **state)
{
	struct geod_geodesic g;

	geo_init(&g);
	for (int i = 0; i < 300000; i++) {
		static const double special[] = {0, 90, -90, 45, 1e-7};
		double lat = i % 7 < 5 ? special[i % 7] : uniform(-90, 90), lon = uniform(-180, 180), to_lat,
		       to_lon, chord, s;
		double azimuth = i % 3 ? uniform(0, 360) : 90.0 * (i % 4);
		struct geo_xyz a, b;

		geod_direct(&g, lat, lon, azimuth, pow(10, uniform(0, 7.3)), &to_lat, &to_lon, NULL);
		a = geo_xyz(lat, lon);
		b = geo_xyz(to_lat, to_lon);
		chord = geo_chord(&a, &b);
		s = geo_distance_m(&g, lat, lon, to_lat, to_lon);
		if (chord <= geo_chord_in(nextafter(s, 0)) || chord > geo_chord_out(s))
			fail_msg("%.9f %.9f azimuth %.3f: %.6f m, chord %.9f", lat, lon, azimuth, s, chord);
	}
}

/* ... and is tight, or the exact test would cost too much: centimetres at 100 km. */
static void chord_bounds_are_tight(void **state)
{
	assert_true(geo_chord_out(100000) - geo_chord_in(100000) < 0.03);
	assert_true(geo_chord_out(10000) - geo_chord_in(10000) < 0.001);
}

static void shifted_positions(void **state)
{
	double lat = 39.908823, lon = 116.397470;

	geo_from_wgs84(GEO_GCJ02, &lat, &lon);
	assert_true(fabs(lat - 39.910226) < 1.5e-6 && fabs(lon - 116.403714) < 1.5e-6);
	lat = 31.2304;
	lon = 121.4737;
	geo_from_wgs84(GEO_GCJ02, &lat, &lon);
	assert_true(fabs(lat - 31.228458) < 1.5e-6 && fabs(lon - 121.478223) < 1.5e-6);
}

static void outside_china_nothing_is_shifted(void **state)
{
	double lat = 48.2, lon = 16.37;

	geo_to_wgs84(GEO_GCJ02, &lat, &lon);
	geo_from_wgs84(GEO_BD09, &lat, &lon);
	assert_true(lat == 48.2 && lon == 16.37);
}

static void datums_go_there_and_back(void **state)
{
	for (int i = 0; i < 20000; i++) {
		double lat = uniform(0.8293, 55.8271), lon = uniform(72.004, 137.8347);

		for (enum geo_datum d = GEO_WGS84; d <= GEO_BD09; d++) {
			double at_lat = lat, at_lon = lon;

			geo_from_wgs84(d, &at_lat, &at_lon);
			assert_true(d == GEO_WGS84 || cellmap_distance_m(lat, lon, at_lat, at_lon) > 1);
			geo_to_wgs84(d, &at_lat, &at_lon);
			if (cellmap_distance_m(lat, lon, at_lat, at_lon) > 0.01)
				fail_msg("datum %d: %.9f %.9f comes back as %.9f %.9f", d, lat, lon, at_lat,
					 at_lon);
		}
	}
}

static void datum_names(void **state)
{
	assert_int_equal(geo_datum_parse("WGS84"), GEO_WGS84);
	assert_int_equal(geo_datum_parse("gcj-02"), GEO_GCJ02);
	assert_int_equal(geo_datum_parse("bd09"), GEO_BD09);
	assert_int_equal(geo_datum_parse("nad27"), -22);
	assert_int_equal(geo_datum_parse(NULL), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_distances),
		cmocka_unit_test(chord_bounds_hold),
		cmocka_unit_test(chord_bounds_are_tight),
		cmocka_unit_test(shifted_positions),
		cmocka_unit_test(outside_china_nothing_is_shifted),
		cmocka_unit_test(datums_go_there_and_back),
		cmocka_unit_test(datum_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

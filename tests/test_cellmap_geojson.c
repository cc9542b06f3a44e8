/* Tables of points in GeoJSON become lines in OpenCelliD's columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "cellmap/geojson.h"

/* All lines that are made of the text when it arrives in pieces of n. */
static void expect(const char *text, const char *columns, const char *lines)
{
	struct csv_layout l;
	char err[160], all[4096];

	csv_layout_opencellid(&l);
	if (columns)
		assert_int_equal(csv_layout_parse(&l, columns, err, sizeof(err)), 0);
	for (size_t n = 1; n <= strlen(text); n = n < 9 ? n + 1 : n * 3) {
		struct geojson *g = geojson_new(NULL, columns ? &l : NULL);
		size_t used = 0;

		for (size_t at = 0; at < strlen(text); at += n) {
			size_t left = strlen(text) - at, made;

			geojson_feed(g, text + at, left < n ? left : n);
			while ((made = geojson_next(g, all + used)))
				used += made;
		}
		all[used] = 0;
		assert_string_equal(all, lines);
		assert_true(geojson_whole(g));
		talloc_free(g);
	}
}

#define POINT(properties, position)                                                                          \
	"{\"type\":\"Feature\",\"properties\":{" properties                                                  \
	"},\"geometry\":{\"type\":\"Point\",\"coordinates\":"                                                \
	"[" position "]}}"

static void points_become_lines(void **state)
{
	expect("{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
	       "\"CRS84\"}},\n"
	       "\"features\":[\n" POINT("\"radio\":\"LTE\",\"mcc\":248,\"net\":\"01\",\"area\":7,\"cell\":9,"
					"\"lat\":1,\"range\":100,"
					"\"samples\":5,\"updated\":17",
					"26.7,58.3,10") ",\n" POINT("\"mnc\":1,\"lac\":2,\"cid\":3",
								    "-1e-3,2") "\n]}\n",
	       NULL, "\n\nLTE,248,01,7,9,,26.7,58.3,100,5,,,17\n,,1,2,3,,-1e-3,2,,,,,\n");
}

static void sequences_and_plain_objects_too(void **state)
{
	expect(POINT("\"cell\":1", "1,2") "\n" POINT("\"cell\":2", "3,4"), NULL,
	       ",,,,1,,1,2,,,,,\n,,,,2,,3,4,,,,,\n");
	expect("[{\"cell\":1,\"lat\":5,\"lon\":6},{\"cell\":2,\"lat\":null}]", NULL,
	       ",,,,1,,6,5,,,,,\n,,,,2,,,,,,,,\n");
}

static void other_geometries_are_no_position(void **state)
{
	expect("{\"features\":[{\"properties\":{\"cell\":1},\"geometry\":{\"type\":\"LineString\","
	       "\"coordinates\":"
	       "[[1,2],[3,4]]}}]}",
	       NULL, ",,,,1,,no-point,no-point,,,,,\n");
	expect("{\"features\":[{\"properties\":{\"cell\":1,\"lat\":3,\"lon\":4},\"geometry\":null}]}", NULL,
	       ",,,,1,,4,3,,,,,\n");
}

static void names_and_values_are_chosen(void **state)
{
	expect("{\"features\":[" POINT("\"SITE_ID\":7,\"cell\":8,\"mcc\":1,\"radio\":\"GSM\",\"zone\":3",
				       "1,2") "]}",
	       "radio:LTE,mcc:505,net:02,area=zone,cell=SITE_ID,lon=x,lat=y", "LTE,505,02,3,7,,1,2,,,,,\n");
}

static void hostile_values_stay_in_their_field(void **state)
{
	expect("[{\"radio\":\"L,T\\\"E\\n\",\"cell\":\"{\\\"cell\\\":5}\",\"features\":[{\"cell\":6}]}]",
	       NULL, "L?T\\?E\\n,,,,{\\?cell\\?:5},,,,,,,,\n");
}

static void beginnings(void **state)
{
	assert_true(geojson_begins(" \r\n\t{", 5));
	assert_true(geojson_begins("[", 1));
	assert_false(geojson_begins("radio,mcc{", 10));
	assert_false(geojson_begins(" ", 1));
}

static void an_end_too_early_is_seen(void **state)
{
	struct geojson *g = geojson_new(NULL, NULL);
	char line[GEOJSON_LINE_MAX];

	geojson_feed(g, "{\"features\":[{\"cell\":1}", 23);
	assert_int_equal(geojson_next(g, line), strlen(",,,,1,,,,,,,,\n"));
	assert_int_equal(geojson_next(g, line), 0);
	assert_false(geojson_whole(g));
	talloc_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_become_lines),
		cmocka_unit_test(sequences_and_plain_objects_too),
		cmocka_unit_test(other_geometries_are_no_position),
		cmocka_unit_test(names_and_values_are_chosen),
		cmocka_unit_test(hostile_values_stay_in_their_field),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(an_end_too_early_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

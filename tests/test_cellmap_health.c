/* What a map's keeper is warned of: holes, stale tables, networks astray or padded, cells that moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "cellmap/build.h"
#include "cellmap/health.h"
#include "cellmap/holes.h"
#include "cellmap/moved.h"

struct table {
	char csv[64], map[80];
	FILE *f;
	int cell;
	uint64_t seed;
};

static struct table table(void)
{
	struct table t = {.csv = "/tmp/test_health_XXXXXX", .seed = 5};

	t.f = fdopen(mkstemp(t.csv), "w");
	assert_non_null(t.f);
	snprintf(t.map, sizeof(t.map), "%s.map", t.csv);
	return t;
}

static double uniform(struct table *t, double lo, double hi)
{
	t->seed = t->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return lo + (hi - lo) * ((double)(t->seed >> 11) / 9007199254740992.0);
}

static void put(struct table *t, int mnc, double lat, double lon, long updated)
{
	fprintf(t->f, "LTE,460,%d,1,%d,,%.7f,%.7f,500,1,1,0,%ld,0\n", mnc, ++t->cell, lon, lat, updated);
}

/* n cells in a box, none of them in the inner box. */
static void put_box(struct table *t, int mnc, int n, const double box[4], const double without[4])
{
	while (n > 0) {
		double lat = uniform(t, box[0], box[1]), lon = uniform(t, box[2], box[3]);

		if (without && lat >= without[0] && lat <= without[1] && lon >= without[2] &&
		    lon <= without[3])
			continue;
		put(t, mnc, lat, lon, 1700000000);
		n--;
	}
}

static struct cellmap *open_table(struct table *t)
{
	struct cellmap_report report;
	struct cellmap *map;
	char err[256];

	fclose(t->f);
	assert_int_equal(cellmap_build(t->map, &(struct cellmap_table){.path = t->csv}, 1, NULL, &report, err,
				       sizeof(err)),
			 0);
	assert_int_equal(cellmap_open(NULL, t->map, &map, err, sizeof(err)), 0);
	unlink(t->csv);
	unlink(t->map);
	return map;
}

static void told(const struct cellmap *map, int64_t now_s, const char *words, bool yes)
{
	struct health h;
	struct health_warnings w;
	bool found = false;

	assert_int_equal(cellmap_health(map, &h), 0);
	health_tell(map, &h, now_s, &w);
	for (int i = 0; i < w.n; i++)
		found |= strstr(w.text[i], words) != NULL;
	if (found != yes)
		fail_msg("%s: %d warnings, first: %s", words, w.n, w.n ? w.text[0] : "none");
}

static void a_hole_is_found_where_it_is(void **state)
{
	static const double all[4] = {39, 41, 115, 118}, hole[4] = {39.95, 40.15, 116.2, 116.5},
			    region[4] = {39, 40, 115, 116};
	struct table t = table();
	struct hole *holes;
	struct cellmap *map;

	put_box(&t, 0, 20000, all, NULL);
	put_box(&t, 1, 8000, all, hole);
	put_box(&t, 2, 3000, region, NULL); /* has no cell elsewhere, which is no hole */
	map = open_table(&t);
	assert_int_equal(holes_find(map, map, &holes), 1);
	assert_int_equal(holes[0].network, 1);
	assert_true(holes[0].lat > hole[0] && holes[0].lat < hole[1]);
	assert_true(holes[0].lon > hole[2] && holes[0].lon < hole[3]);
	assert_true(holes[0].expected >= HOLES_EXPECTED && holes[0].others >= HOLES_OTHERS);
	told(map, 0, "460-1 has no cell in the 11 km round 40.", true);
	cellmap_close(map);
}

static void a_large_hole_is_found_too(void **state)
{
	static const double all[4] = {30, 40, 110, 120}, hole[4] = {34, 36, 114, 116};
	struct table t = table();
	struct hole *holes;
	struct cellmap *map;

	put_box(&t, 0, 20000, all, NULL);
	put_box(&t, 1, 20000, all, hole);
	map = open_table(&t);
	assert_int_equal(holes_find(map, map, &holes), 1);
	assert_true(holes[0].km > 40 && holes[0].network == 1);
	cellmap_close(map);
}

static void even_networks_and_poles_have_no_holes(void **state)
{
	static const double date_line[4] = {-20, -15, 179, 180}, other_side[4] = {-20, -15, -180, -179},
			    pole[4] = {85, 90, -180, 180};
	struct table t = table();
	struct hole *holes;
	struct cellmap *map;

	for (int mnc = 0; mnc < 3; mnc++) {
		put_box(&t, mnc, 5000, date_line, NULL);
		put_box(&t, mnc, 5000, other_side, NULL);
		put_box(&t, mnc, 5000, pole, NULL);
	}
	map = open_table(&t);
	assert_int_equal(holes_find(map, map, &holes), 0);
	cellmap_close(map);
}

static void ages_are_told(void **state)
{
	struct table t = table();
	struct cellmap *map;

	put(&t, 0, 40, 116, 1700000000);
	put(&t, 1, 40, 116, 1600000000);
	put(&t, 1, 40, 116, 1600000001);
	map = open_table(&t);
	told(map, 1700000000 + 300 * 86400, "tables are stale", false);
	told(map, 1700000000 + 400 * 86400, "from 2023-11-14, 400 days ago: the tables are stale", true);
	told(map, 0, "tables are stale", false);
	told(map, 1600000000, "still to come", true);
	told(map, 0,
	     "1 networks have no row from the year before the map's newest (largest: 460-1, newest "
	     "2020-09-13)",
	     true);
	cellmap_close(map);
}

static void strange_networks_are_told(void **state)
{
	static const double here[4] = {39, 41, 115, 118}, far_off[4] = {60, 61, 25, 26};
	struct table t = table();
	struct cellmap *map;

	put_box(&t, 15, 4000, here, NULL);
	put_box(&t, 150, 20, here, NULL);
	put_box(&t, 77, 20, far_off, NULL);
	map = open_table(&t);
	told(map, 0, "1 networks seem to be others with a 0 too many (as 460-150 for 460-15)", true);
	told(map, 0,
	     "1 networks, 20 cells, lie more than 3500 km from the largest of their country (as 460-77)",
	     true);
	cellmap_close(map);
}

static void moved_cells_are_counted(void **state)
{
	struct table a = table(), b = table();
	struct cellmap *old, *now;
	struct moved m;
	char text[256];

	for (int i = 0; i < 10; i++) {
		put(&a, 1, 40, 116, 1);
		put(&b, i == 9 ? 2 : 1, 40 + (i < 3 ? i * 0.1 : 0), 116, 1);
	}
	old = open_table(&a);
	now = open_table(&b);
	assert_int_equal(moved_compare(old, now, 10000, &m), 0);
	assert_int_equal(m.cells, 2); /* 0, 11 and 22 km */
	assert_int_equal(m.fresh, 1);
	assert_int_equal(m.gone, 1);
	assert_true(m.id.cell == 3 && m.farthest_m > 22000 && m.farthest_m < 22400);
	assert_true(moved_text(now, &m, 10000, text, sizeof(text)));
	assert_string_equal(text,
			    "2 cells moved more than 10 km since the last map (most: 460-1, 2; farthest: "
			    "ECGI:460-01-0-3, 22 km)");
	assert_int_equal(moved_compare(old, now, 30000, &m), 0);
	assert_false(moved_text(now, &m, 30000, text, sizeof(text)));
	cellmap_close(old);
	cellmap_close(now);
}

/* What moved_compare() must find, cell by cell. */
static void compare_slowly(const struct cellmap *old, const struct cellmap *now, double limit_m,
			   struct moved *m)
{
	uint32_t found = 0;

	*m = (struct moved){0};
	for (uint32_t i = 0; i < cellmap_count(now); i++) {
		struct cell to, from;
		uint32_t before;
		double d;

		assert_int_equal(cellmap_get(now, i, &to), 0);
		if (cellmap_find(old, &to.id, &before) < 0) {
			m->fresh++;
			continue;
		}
		found++;
		assert_int_equal(cellmap_get(old, before, &from), 0);
		d = cellmap_distance_m(from.lat, from.lon, to.lat, to.lon);
		m->cells += d > limit_m;
		if (d > limit_m && d > m->farthest_m) {
			m->farthest_m = d;
			m->id = to.id;
		}
	}
	m->gone = cellmap_count(old) - found;
}

/* A table of the country's cells and the next one: some of a thousand cells moved, left or came. */
static void put_change(struct table *a, struct table *b, int moved, int gone, int fresh)
{
	for (int i = 0; i < 20000; i++) {
		double lat = uniform(a, 30, 40), lon = uniform(a, 100, 120), dice = uniform(a, 0, 1000);
		int mnc = (int)uniform(a, 0, 3);

		if (dice >= fresh)
			put(a, mnc, lat, lon, 1);
		b->cell = a->cell - (dice >= fresh);
		if (dice < fresh)
			b->cell += 1000000 + i;
		if (dice < fresh || dice >= fresh + gone)
			put(b, mnc, lat + (dice >= 1000 - moved ? uniform(a, -0.3, 0.3) : 0), lon, 1);
	}
}

static void moves_among_many_are_counted(void **state)
{
	static const int changes[][3] = {{0, 0, 0}, {10, 10, 10}, {300, 100, 300}, {1000, 0, 0}, {0, 500, 500}};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct table a = table(), b = table();
		struct cellmap *old, *now;
		struct moved fast, slow;

		put_change(&a, &b, changes[i][0], changes[i][1], changes[i][2]);
		old = open_table(&a);
		now = open_table(&b);
		compare_slowly(old, now, 10000, &slow);
		assert_int_equal(moved_compare(old, now, 10000, &fast), 0);
		assert_int_equal(fast.cells, slow.cells);
		assert_int_equal(fast.fresh, slow.fresh);
		assert_int_equal(fast.gone, slow.gone);
		assert_true(fast.farthest_m == slow.farthest_m);
		assert_memory_equal(&fast.id, &slow.id, offsetof(struct cell_id, radio));
		assert_int_equal(slow.cells > 0, changes[i][0] > 0);
		assert_int_equal(slow.gone > 0, changes[i][1] > 0);
		cellmap_close(old);
		cellmap_close(now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_is_found_where_it_is),
		cmocka_unit_test(a_large_hole_is_found_too),
		cmocka_unit_test(even_networks_and_poles_have_no_holes),
		cmocka_unit_test(ages_are_told),
		cmocka_unit_test(strange_networks_are_told),
		cmocka_unit_test(moved_cells_are_counted),
		cmocka_unit_test(moves_among_many_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

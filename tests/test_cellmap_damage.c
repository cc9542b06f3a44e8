/* A map that was cut, altered or is none: refused in a sentence, or gives no other answer than before. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/format.h"
#include "cellmap/outfile.h"

#define N 400

struct fixture {
	char folder[64], csv[96], path[96];
	uint8_t *octets;
	size_t size;
	uint32_t inside; /* cells of the query below */
	struct cell cells[N];
};

static const struct cell_query circle = {.lat = 30, .lon = 100, .radius_m = 60000};

static int setup(void **state)
{
	static struct fixture f = {.folder = "/tmp/test_damage_XXXXXX"};
	struct cellmap_report report;
	char err[256];
	FILE *csv;

	assert_non_null(mkdtemp(f.folder));
	snprintf(f.csv, sizeof(f.csv), "%s/a.csv", f.folder);
	snprintf(f.path, sizeof(f.path), "%s/a.map", f.folder);
	csv = fopen(f.csv, "w");
	for (int i = 0; i < N; i++)
		fprintf(csv, "LTE,460,%d,%d,%d,,%.4f,%.4f,1000,1,1,0,0,0\n", i % 3, i % 10, i + 1,
			99 + i * 0.005, 29 + i * 0.005);
	fclose(csv);
	assert_int_equal(cellmap_build(f.path, &(struct cellmap_table){.path = f.csv}, 1, NULL, &report, err,
				       sizeof(err)),
			 0);
	csv = fopen(f.path, "rb");
	f.octets = malloc(report.octets);
	f.size = fread(f.octets, 1, report.octets, csv);
	fclose(csv);
	assert_int_equal(f.size, report.octets);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->csv);
	unlink(f->path);
	free(f->octets);
	return rmdir(f->folder);
}

static void put(struct fixture *f, const void *data, size_t len)
{
	FILE *out = fopen(f->path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(out);
}

static int try_open(struct fixture *f, struct cellmap **map)
{
	char err[256] = "";
	int rc = cellmap_open(NULL, f->path, map, err, sizeof(err));

	if (rc < 0 && (!strstr(err, f->path) || !strstr(err, "build")))
		fail_msg("unhelpful: %s", err);
	return rc;
}

/* What the map says now must be what it said, or nothing. Returns how many questions were refused. */
static int ask(struct fixture *f, struct cellmap *map, bool remember)
{
	struct cell_span spans[N];
	size_t n;
	uint32_t inside = 0, index;
	int refused = 0, rc = cellmap_query(map, &circle, spans, N, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		inside += spans[i].count;
	if (remember)
		f->inside = inside;
	assert_true(rc == -EBADMSG || (rc == 0 && inside == f->inside));
	refused += rc < 0;
	for (uint32_t i = 0; i < N; i++) {
		struct cell c;

		memset(&c, 0, sizeof(c));
		rc = cellmap_get(map, i, &c);
		if (remember)
			f->cells[i] = c;
		assert_true(rc == -EBADMSG || (rc == 0 && !memcmp(&c.id, &f->cells[i].id, sizeof(c.id)) &&
					       c.lat == f->cells[i].lat && c.lon == f->cells[i].lon &&
					       c.range_m == f->cells[i].range_m));
		refused += rc < 0;
		rc = cellmap_find(map, &f->cells[i].id, &index);
		assert_true(rc == -EBADMSG || (rc == 0 && index == i));
		refused += rc < 0;
	}
	return refused;
}

static void every_octet_counts(void **state)
{
	struct fixture *f = *state;
	struct cellmap *map;
	struct map_layout at;
	uint8_t *bad = malloc(f->size);
	int harmless = 0;

	put(f, f->octets, f->size);
	assert_int_equal(try_open(f, &map), 0);
	assert_int_equal(ask(f, map, true), 0);
	assert_true(f->inside > 50 && f->inside < N);
	cellmap_close(map);
	for (size_t i = 0; i < f->size; i += i < 600 ? 1 : 7) {
		memcpy(bad, f->octets, f->size);
		bad[i] ^= (uint8_t)(1 + i % 255);
		put(f, bad, f->size);
		if (try_open(f, &map) < 0)
			continue;
		harmless += ask(f, map, false) == 0;
		cellmap_close(map);
	}
	free(bad);
	map_layout((const struct map_header *)f->octets, &at);
	/* padding: single octets, and all before the body, which begins at a multiple of MAP_UNIT */
	assert_true(harmless <= 8 + (int)(at.rows - at.sums - at.n_units * 8));
}

static void cut_maps_are_refused(void **state)
{
	struct fixture *f = *state;
	struct cellmap *map;

	for (size_t len = 0; len < f->size; len += 1 + len / 50) {
		put(f, f->octets, len);
		assert_true(try_open(f, &map) < 0);
	}
	put(f, f->octets, f->size - 1);
	assert_true(try_open(f, &map) < 0);
}

static void longer_maps_are_refused(void **state)
{
	struct fixture *f = *state;
	struct cellmap *map;
	uint8_t *more = calloc(1, f->size + 8);

	memcpy(more, f->octets, f->size);
	put(f, more, f->size + 8);
	assert_true(try_open(f, &map) < 0);
	free(more);
}

static void other_versions_are_refused(void **state)
{
	struct fixture *f = *state;
	struct map_header *h = (struct map_header *)f->octets;
	char err[256];
	struct cellmap *map;

	h->version++;
	h->header_sum = map_sum(h, offsetof(struct map_header, header_sum));
	put(f, f->octets, f->size);
	assert_true(cellmap_open(NULL, f->path, &map, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "another version"));
	h->version--;
	h->header_sum = map_sum(h, offsetof(struct map_header, header_sum));
}

static void what_is_no_map_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cellmap *map;
	char err[256];

	put(f, "radio,mcc,net\n", 14);
	assert_true(try_open(f, &map) < 0);
	assert_true(cellmap_open(NULL, f->folder, &map, err, sizeof(err)) < 0);
	assert_true(cellmap_open(NULL, "/nonexistent/a.map", &map, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "No such file"));
	assert_true(cellmap_open(NULL, "/dev/zero", &map, err, sizeof(err)) < 0);
}

static void build_replaces_regular_files_only(void **state)
{
	struct fixture *f = *state;
	struct cellmap_table t = {.path = f->csv};
	struct cellmap_report report;
	char err[256], other[128];

	assert_true(cellmap_build("/dev/null", &t, 1, NULL, &report, err, sizeof(err)) < 0);
	assert_true(cellmap_build(f->folder, &t, 1, NULL, &report, err, sizeof(err)) < 0);
	assert_true(cellmap_build("/nonexistent/a.map", &t, 1, NULL, &report, err, sizeof(err)) < 0);
	snprintf(other, sizeof(other), "%s/link", f->folder);
	assert_int_equal(symlink(f->path, other), 0);
	assert_true(cellmap_build(other, &t, 1, NULL, &report, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "regular file"));
	unlink(other);
}

static void failed_output_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct outfile *out;
	char err[256];

	put(f, "old", 3);
	assert_int_equal(outfile_open(NULL, f->path, &out, err, sizeof(err)), 0);
	assert_int_equal(outfile_write(out, "new!", 4, -1, err, sizeof(err)), 0);
	talloc_free(out);
	put(f, "old", 3); /* still there: rmdir in teardown proves that nothing else is */
	assert_int_equal(outfile_open(NULL, f->path, &out, err, sizeof(err)), 0);
	assert_int_equal(outfile_write(out, "new!", 4, -1, err, sizeof(err)), 0);
	assert_int_equal(outfile_commit(out, err, sizeof(err)), 0);
	assert_int_equal(truncate(f->path, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_counts),
		cmocka_unit_test(cut_maps_are_refused),
		cmocka_unit_test(longer_maps_are_refused),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(build_replaces_regular_files_only),
		cmocka_unit_test(failed_output_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* Queries allocate nothing: a counting allocator stands before the C library's. */
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

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
int main(void)
{
	puts("1..0 # SKIP the allocator cannot be replaced here");
	return 0;
}
#else
static unsigned long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

static struct cellmap *map;
static char path[80];

static int map_open(void **state)
{
	char csv[64] = "/tmp/test_alloc_XXXXXX", err[256];
	struct cellmap_report report;
	FILE *f = fdopen(mkstemp(csv), "w");

	assert_non_null(f);
	for (int i = 0; i < 20000; i++)
		fprintf(f, "LTE,460,%d,1,%d,,%.4f,%.4f,%d,1,1,0,0,0\n", i % 3, i + 1, 110 + i % 141 * 0.07,
			35 + i / 141 * 0.05, i % 5000);
	fclose(f);
	snprintf(path, sizeof(path), "%s.map", csv);
	assert_int_equal(
		cellmap_build(path, &(struct cellmap_table){.path = csv}, 1, NULL, &report, err, sizeof(err)),
		0);
	unlink(csv);
	return cellmap_open(NULL, path, &map, err, sizeof(err));
}

static int map_close(void **state)
{
	cellmap_close(map);
	return unlink(path);
}

static void the_counter_counts(void **state)
{
	unsigned long before = allocations;

	talloc_free(talloc_size(NULL, 100));
	assert_true(allocations > before);
}

static void circles_allocate_nothing(void **state)
{
	static struct cell_span spans[20000];
	unsigned long before = allocations;

	for (int i = 0; i < 200; i++) {
		struct cell_query q = {.lat = 35 + i % 50 * 0.1,
				       .lon = 110 + i % 70 * 0.1,
				       .radius_m = 100 * (1 + i * i),
				       .select = i & 1 ? SELECT_SITE : SELECT_COVERAGE,
				       .radio_mask = i % 3 ? 0 : 4};
		size_t n;

		assert_int_equal(cellmap_query(map, &q, spans, 20000, &n), 0);
		cellmap_max_spans(map, &q);
	}
	assert_int_equal(allocations, before);
}

static void polygons_allocate_nothing(void **state)
{
	static const struct cell_point box[] = {{36, 111}, {36, 114}, {39, 115}, {40, 111}, {36, 111}};
	static struct cell_span spans[20000];
	struct cell_query q = {.select = SELECT_COVERAGE};
	struct cell_polygon *p;
	unsigned long before;
	char err[128];
	size_t n;

	assert_int_equal(cell_polygon_new(NULL, box, 5, &p, err, sizeof(err)), 0);
	before = allocations;
	assert_int_equal(cellmap_query_polygon(map, &q, p, spans, 20000, &n), 0);
	assert_int_equal(allocations, before);
	assert_true(n > 0);
	talloc_free(p);
}

static void lookups_allocate_nothing(void **state)
{
	unsigned long before = allocations;
	struct cell c;
	uint32_t at;

	for (uint32_t i = 0; i < 20000; i += 7) {
		assert_int_equal(cellmap_get(map, i, &c), 0);
		assert_int_equal(cellmap_find(map, &c.id, &at), 0);
		assert_int_equal(at, i);
	}
	assert_int_equal(allocations, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_counter_counts),
		cmocka_unit_test(circles_allocate_nothing),
		cmocka_unit_test(polygons_allocate_nothing),
		cmocka_unit_test(lookups_allocate_nothing),
	};

	return cmocka_run_group_tests(tests, map_open, map_close);
}
#endif

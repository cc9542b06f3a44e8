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
#include "gateway/subs.h"
#include "gateway/subs_build.h"
#include "gateway/subs_format.h"
#include "gateway/subs_synth.h"
#include "tests/plan_map.h"

static char folder[64], path[96], err[512];
static void *ctx;
static struct cellmap *map;
static struct subs_build_sums sums;

/* Ten cells of 460-00 and five of 460-01 in a row to the east. */
static struct cell cells[15];

static void fill_cells(void)
{
	for (uint32_t i = 0; i < 15; i++)
		cells[i] = (struct cell){.id = {.cell = 100 + i,
						.area = 7,
						.mcc = 460,
						.mnc = i >= 10,
						.radio = i % 2 ? CELL_LTE : CELL_GSM},
					 .lat = 40,
					 .lon = 116 + 0.01 * i,
					 .range_m = 1000,
					 .addressable = i != 3};
}

static int up(void **state)
{
	ctx = talloc_new(NULL);
	fill_cells();
	map = plan_map_new(ctx, cells, 15, 4711);
	return 0;
}

static int down(void **state)
{
	talloc_free(ctx);
	unlink(path);
	return 0;
}

static uint64_t num(const char *text)
{
	uint64_t n;

	assert_true(subs_number_parse(text, strlen(text), &n));
	return n;
}

static void build(const char *const *numbers, const struct cell_id *const *ids, size_t n)
{
	struct subs_builder *b = subs_builder_new(ctx, map);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(subs_builder_add(b, num(numbers[i]), ids[i]), 0);
	if (subs_builder_write(b, path, &sums, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	talloc_free(b);
}

static struct subs *open_it(void)
{
	struct subs *s;

	if (subs_open(ctx, path, &s, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return s;
}

/* "number number ..." of the cells given by index. */
static const char *selected(const struct subs *s, const uint32_t *index, size_t n)
{
	static char text[1024];
	struct cell_hit hits[16];
	uint32_t *ids;
	size_t n_ids;
	char number[16];

	for (size_t i = 0; i < n; i++)
		hits[i] = (struct cell_hit){index[i], (float)i};
	assert_int_equal(subs_select(ctx, s, hits, n, &ids, &n_ids), 0);
	text[0] = '\0';
	for (size_t i = 0; i < n_ids; i++) {
		assert_true(subs_msisdn(s, ids[i], number) > 0);
		strcat(strcat(text, number), " ");
	}
	talloc_free(ids);
	return text;
}

/* --- numbers and rows --- */
static void numbers_are_msisdns(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"8613800000000", "8613800000000"},
		{"+8613800000000", "8613800000000"},
		{"008613800000000", "8613800000000"},
		{"12345", "12345"},
		{"123456789012345", "123456789012345"},
		{"012345", "012345"},
		{"0012345", "12345"},
		{"999999999999999", "999999999999999"},
		{"1234", NULL},
		{"1234567890123456", NULL},
		{"", NULL},
		{"+", NULL},
		{"00", NULL},
		{"+1234", NULL},
		{"12 345", NULL},
		{"12345x", NULL},
		{"++12345", NULL},
		{"-12345", NULL},
	};
	uint64_t n;
	char out[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool ok = subs_number_parse(cases[i].in, strlen(cases[i].in), &n);

		assert_int_equal(ok, cases[i].out != NULL);
		if (ok) {
			assert_int_equal(subs_number_print(n, out), strlen(cases[i].out));
			assert_string_equal(out, cases[i].out);
		}
	}
}

static enum subs_row row(const char *line, int first)
{
	struct cell_id id;
	uint64_t n;

	return subs_row_parse(line, strlen(line), first, &n, &id);
}

static void rows_tell_their_fault(void **state)
{
	assert_int_equal(row("8613800000000,GSM,460,0,7,100", 0), SUBS_ROW_KEPT);
	assert_int_equal(row("8613800000000,gsm,460,00,7,100\r", 0), SUBS_ROW_KEPT);
	assert_int_equal(row(" \"+8613800000000\" , LTE ,460,0,7,100,more", 0), SUBS_ROW_KEPT);
	assert_int_equal(row("", 0), SUBS_ROW_BLANK);
	assert_int_equal(row("  \r", 0), SUBS_ROW_BLANK);
	assert_int_equal(row("msisdn,radio,mcc,net,area,cell", 1), SUBS_ROW_BLANK);
	assert_int_equal(row("msisdn,radio,mcc,net,area,cell", 0), SUBS_ROW_MSISDN);
	assert_int_equal(row("8613800000000,GSM,460,0,7", 0), SUBS_ROW_COLUMNS);
	assert_int_equal(row("861,GSM,460,0,7,100", 1), SUBS_ROW_MSISDN);
	assert_int_equal(row("8613800000000,5G,460,0,7,100", 0), SUBS_ROW_RADIO);
	assert_int_equal(row("8613800000000,GSM,0,0,7,100", 0), SUBS_ROW_MCC);
	assert_int_equal(row("8613800000000,GSM,1000,0,7,100", 0), SUBS_ROW_MCC);
	assert_int_equal(row("8613800000000,GSM,460,x,7,100", 0), SUBS_ROW_NET);
	assert_int_equal(row("8613800000000,GSM,460,0,-7,100", 0), SUBS_ROW_AREA);
	assert_int_equal(row("8613800000000,GSM,460,0,7,", 0), SUBS_ROW_CELL);
	assert_int_equal(row("8613800000000,GSM,460,0,7,68719476736", 0), SUBS_ROW_CELL);
	assert_int_equal(row("8613800000000,GSM,460,0,7,99999999999999999999", 0), SUBS_ROW_CELL);
}

/* --- the file --- */
static void each_number_once_at_its_nearest_cell(void **state)
{
	const char *numbers[] = {"10001", "10002", "10002", "10003", "10002"};
	const struct cell_id *ids[] = {&cells[0].id, &cells[0].id, &cells[2].id, &cells[2].id, &cells[12].id};
	struct subs *s;
	uint64_t unresolved;

	build(numbers, ids, 5);
	assert_int_equal(sums.numbers, 3);
	assert_int_equal(sums.in_several_cells, 1);
	s = open_it();
	assert_int_equal(subs_count(s), 3);
	assert_int_equal(subs_resolve(s, map, &unresolved), 0);
	assert_int_equal(unresolved, 0);
	assert_string_equal(selected(s, (const uint32_t[]){0, 2}, 2), "10001 10002 10003 ");
	assert_string_equal(selected(s, (const uint32_t[]){2, 0}, 2), "10002 10003 10001 ");
	assert_string_equal(selected(s, (const uint32_t[]){12, 2, 0}, 3), "10002 10003 10001 ");
	assert_string_equal(selected(s, (const uint32_t[]){0}, 1), "10001 10002 ");
	assert_string_equal(selected(s, (const uint32_t[]){5}, 1), "");
	assert_string_equal(selected(s, NULL, 0), "");
}

static void repeats_of_a_row_are_merged(void **state)
{
	const char *numbers[] = {"10001", "+10001", "0010001"};
	const struct cell_id *ids[] = {&cells[4].id, &cells[4].id, &cells[4].id};
	struct subs *s;

	build(numbers, ids, 3);
	assert_int_equal(sums.same, 2);
	assert_int_equal(sums.in_several_cells, 0);
	s = open_it();
	assert_int_equal(subs_resolve(s, map, NULL), 0);
	assert_string_equal(selected(s, (const uint32_t[]){4}, 1), "10001 ");
}

static void order_of_rows_does_not_matter(void **state)
{
	const char *a[] = {"10003", "10001", "10002"}, *b[] = {"10002", "10003", "10001"};
	const struct cell_id *ia[] = {&cells[2].id, &cells[1].id, &cells[1].id},
			     *ib[] = {&cells[1].id, &cells[2].id, &cells[1].id};
	uint64_t sum;
	struct subs *s;

	build(a, ia, 3);
	s = open_it();
	sum = subs_checksum(s);
	subs_close(s);
	build(b, ib, 3);
	s = open_it();
	assert_true(subs_checksum(s) == sum);
	assert_int_equal(subs_resolve(s, map, NULL), 0);
	assert_string_equal(selected(s, (const uint32_t[]){1, 2}, 2), "10001 10002 10003 ");
}

static void cells_unknown_to_the_map_are_kept_and_counted(void **state)
{
	struct cell_id strange = {.cell = 9, .area = 9, .mcc = 262, .mnc = 1, .radio = CELL_LTE};
	const char *numbers[] = {"10001", "10002", "10003", "10003"};
	const struct cell_id *ids[] = {&cells[0].id, &strange, &strange, &cells[0].id};
	uint64_t unresolved;
	struct subs *s;

	build(numbers, ids, 4);
	assert_int_equal(sums.unresolved, 1);
	assert_int_equal(sums.unknown_cells, 1);
	s = open_it();
	assert_int_equal(subs_resolve(s, map, &unresolved), 0);
	assert_int_equal(unresolved, 1);
	assert_string_equal(selected(s, (const uint32_t[]){0}, 1), "10001 10003 ");
}

/* A new map in another order and with another choice of cells: by key, never by position. */
static void other_maps_are_resolved_by_key(void **state)
{
	const char *numbers[] = {"10001", "10002", "10003"};
	const struct cell_id *ids[] = {&cells[0].id, &cells[1].id, &cells[2].id};
	struct cell turned[2] = {cells[2], cells[0]};
	struct cellmap *other = plan_map_new(ctx, turned, 2, 4712);
	uint64_t unresolved;
	struct subs *s;

	build(numbers, ids, 3);
	s = open_it();
	assert_int_equal(subs_resolve(s, other, &unresolved), 0);
	assert_int_equal(unresolved, 1);
	assert_string_equal(selected(s, (const uint32_t[]){0, 1}, 2), "10003 10001 ");
	assert_int_equal(subs_resolve(s, map, &unresolved), 0);
	assert_int_equal(unresolved, 0);
	assert_string_equal(selected(s, (const uint32_t[]){0, 1}, 2), "10001 10002 ");
}

static void cells_that_a_new_map_has_are_found(void **state)
{
	struct cell_id strange = {.cell = 9, .area = 9, .mcc = 262, .mnc = 1, .radio = CELL_LTE};
	struct cell more[] = {{.id = strange}, cells[0]};
	const char *numbers[] = {"10001", "10002"};
	const struct cell_id *ids[] = {&cells[0].id, &strange};
	uint64_t unresolved;
	struct subs *s;

	build(numbers, ids, 2);
	s = open_it();
	assert_int_equal(subs_resolve(s, plan_map_new(ctx, more, 2, 5), &unresolved), 0);
	assert_int_equal(unresolved, 0);
	assert_string_equal(selected(s, (const uint32_t[]){1, 0}, 2), "10001 10002 ");
}

static void selection_wants_a_map(void **state)
{
	const char *numbers[] = {"10001"};
	const struct cell_id *ids[] = {&cells[0].id};
	struct cell_hit hit = {0, 0};
	uint32_t *out;
	size_t n;

	build(numbers, ids, 1);
	assert_int_equal(subs_select(ctx, open_it(), &hit, 1, &out, &n), -EINVAL);
}

static void unknown_ids_have_no_number(void **state)
{
	const char *numbers[] = {"10001"};
	const struct cell_id *ids[] = {&cells[0].id};
	char number[16];
	struct subs *s;

	build(numbers, ids, 1);
	s = open_it();
	assert_int_equal(subs_msisdn(s, 1, number), -ERANGE);
	assert_int_equal(subs_msisdn(s, UINT32_MAX, number), -ERANGE);
}

/* Against a plain oracle: random rows, random nearest-first lists. */
static void equals_brute_force(void **state)
{
	enum { ROWS = 4000, NUMBERS = 1500 };
	struct {
		uint64_t number;
		uint32_t cell;
	} rows[ROWS];
	struct subs_builder *b = subs_builder_new(ctx, map);
	unsigned int seed = 7;
	struct subs *s;

	for (int i = 0; i < ROWS; i++) {
		char text[16];

		snprintf(text, sizeof(text), "86%d", 10000 + rand_r(&seed) % NUMBERS);
		rows[i].number = num(text);
		rows[i].cell = (uint32_t)(rand_r(&seed) % 15);
		assert_int_equal(subs_builder_add(b, rows[i].number, &cells[rows[i].cell].id), 0);
	}
	assert_int_equal(subs_builder_write(b, path, &sums, err, sizeof(err)), 0);
	s = open_it();
	assert_int_equal(subs_resolve(s, map, NULL), 0);
	for (int turn = 0; turn < 20; turn++) {
		struct cell_hit hits[15];
		static uint64_t want[ROWS];
		size_t n_hits = 0, n_want = 0, n;
		uint32_t *ids;
		bool used[15] = {false};

		for (int k = 0; k < 8; k++) {
			uint32_t c = (uint32_t)(rand_r(&seed) % 15);

			if (!used[c])
				hits[n_hits++] = (struct cell_hit){c, (float)k};
			used[c] = true;
		}
		assert_int_equal(subs_select(ctx, s, hits, n_hits, &ids, &n), 0);
		for (size_t h = 0; h < n_hits; h++)
			for (int i = 0; i < ROWS; i++) {
				bool had = rows[i].cell != hits[h].index;

				for (size_t w = 0; w < n_want && !had; w++)
					had = want[w] == rows[i].number;
				if (!had)
					want[n_want++] = rows[i].number;
			}
		assert_int_equal(n, n_want);
		for (size_t i = 0; i < n; i++) {
			char text[16];
			bool found = false;

			assert_true(subs_msisdn(s, ids[i], text) > 0);
			for (size_t w = 0; w < n_want && !found; w++)
				found = want[w] == num(text);
			assert_true(found);
		}
		talloc_free(ids);
	}
}

/* --- damage --- */
static void make_some(void)
{
	const char *numbers[] = {"10001", "10002", "10002", "10003"};
	const struct cell_id *ids[] = {&cells[0].id, &cells[0].id, &cells[2].id, &cells[2].id};

	build(numbers, ids, 4);
}

static void every_changed_octet_is_refused(void **state)
{
	struct stat st;
	struct subs *s;
	int fd;

	make_some();
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_RDWR);
	for (off_t at = 0; at < st.st_size; at++) {
		uint8_t octet;

		assert_int_equal(pread(fd, &octet, 1, at), 1);
		octet ^= 0x10;
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
		assert_int_equal(subs_open(ctx, path, &s, err, sizeof(err)), -EBADMSG);
		assert_non_null(strstr(err, path));
		octet ^= 0x10;
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	}
	close(fd);
	subs_close(open_it());
}

static void every_cut_is_refused(void **state)
{
	struct stat st;
	struct subs *s;

	make_some();
	assert_int_equal(stat(path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len--) {
		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(subs_open(ctx, path, &s, err, sizeof(err)), -EBADMSG);
	}
}

static void missing_file(void **state)
{
	struct subs *s;

	assert_int_equal(subs_open(ctx, "/nonexistent/x.subs", &s, err, sizeof(err)), -ENOENT);
	assert_null(s);
	assert_non_null(strstr(err, "/nonexistent/x.subs"));
	assert_int_equal(subs_open(ctx, "/tmp", &s, err, sizeof(err)), -EBADMSG);
}

static void nothing_half_written(void **state)
{
	struct subs_builder *b = subs_builder_new(ctx, map);

	assert_int_equal(subs_builder_add(b, num("10001"), &cells[0].id), 0);
	assert_true(subs_builder_write(b, "/nonexistent/x.subs", &sums, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "/nonexistent/x.subs"));
	assert_true(subs_builder_write(subs_builder_new(ctx, map), "/dev/null", &sums, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "/dev/null"));
}

/* --- synthetic ones --- */
struct rows {
	char *text;
	size_t n;
};

static int keep_row(void *arg, const char *text, size_t len)
{
	struct rows *r = arg;
	struct cell_id id;
	uint64_t number;

	assert_int_equal(subs_row_parse(text, len, 0, &number, &id), SUBS_ROW_KEPT);
	r->text = talloc_asprintf_append_buffer(r->text, "%.*s\n", (int)len, text);
	r->n++;
	return 0;
}

static struct rows synth(uint64_t seed, const struct cell_network *networks, size_t n)
{
	struct subs_synth s = {
		.map = map, .networks = networks, .n_networks = n, .count = 2000, .seed = seed};
	struct rows r = {talloc_strdup(ctx, ""), 0};

	assert_int_equal(subs_synth_rows(&s, keep_row, &r), 0);
	return r;
}

static void same_seed_same_rows(void **state)
{
	assert_string_equal(synth(1, NULL, 0).text, synth(1, NULL, 0).text);
	assert_string_not_equal(synth(1, NULL, 0).text, synth(2, NULL, 0).text);
}

static void synthetic_numbers_are_distinct(void **state)
{
	struct rows r = synth(3, NULL, 0);
	struct subs_builder *b = subs_builder_new(ctx, map);
	char *save = NULL;

	for (char *line = strtok_r(r.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct cell_id id;
		uint64_t number;

		assert_int_equal(subs_row_parse(line, strlen(line), 0, &number, &id), SUBS_ROW_KEPT);
		assert_int_equal(subs_builder_add(b, number, &id), 0);
	}
	assert_int_equal(subs_builder_write(b, path, &sums, err, sizeof(err)), 0);
	assert_int_equal(sums.numbers, 2000);
	assert_int_equal(sums.unresolved, 0);
	assert_in_range(sums.in_several_cells, 20, 100);
}

static void synthetic_ones_of_one_network(void **state)
{
	struct cell_network n = {.mcc = 460, .mnc = 1}, none = {.mcc = 999, .mnc = 9};
	struct subs_synth s = {.map = map, .networks = &none, .n_networks = 1, .count = 1, .seed = 1};
	struct rows r = synth(3, &n, 1);

	assert_null(strstr(r.text, ",460,0,"));
	assert_null(strstr(r.text, ",103\n")); /* not addressable */
	assert_int_equal(subs_synth_rows(&s, keep_row, &r), -ENOENT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(numbers_are_msisdns),
		CASE(rows_tell_their_fault),
		CASE(each_number_once_at_its_nearest_cell),
		CASE(repeats_of_a_row_are_merged),
		CASE(order_of_rows_does_not_matter),
		CASE(cells_unknown_to_the_map_are_kept_and_counted),
		CASE(other_maps_are_resolved_by_key),
		CASE(cells_that_a_new_map_has_are_found),
		CASE(selection_wants_a_map),
		CASE(unknown_ids_have_no_number),
		CASE(equals_brute_force),
		CASE(every_changed_octet_is_refused),
		CASE(every_cut_is_refused),
		CASE(missing_file),
		CASE(nothing_half_written),
		CASE(same_seed_same_rows),
		CASE(synthetic_numbers_are_distinct),
		CASE(synthetic_ones_of_one_network),
	};
	int rc;

	snprintf(folder, sizeof(folder), "/tmp/test_subs.XXXXXX");
	if (!mkdtemp(folder))
		return 99;
	snprintf(path, sizeof(path), "%s/x.subs", folder);
	rc = cmocka_run_group_tests_name("subs", tests, NULL, NULL);
	rmdir(folder);
	return rc;
}

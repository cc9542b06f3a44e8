/* Receipts and their messages: every spelling of an id, the order in which they come, and the memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "gateway/receipts.h"
#include "gateway/storethread.h"

#define S 1000000ull

static struct receipts *r;

static int fresh(void **state)
{
	r = receipts_new(NULL);
	return 0;
}

static int done(void **state)
{
	talloc_free(r);
	return 0;
}

static enum receipts_fit take(const char *id, uint8_t state)
{
	struct smpp_receipt receipt = {.state = state};

	snprintf(receipt.id, sizeof(receipt.id), "%s", id);
	snprintf(receipt.text_id, sizeof(receipt.text_id), "%s", id);
	return receipts_take(r, &receipt, 10 * S);
}

static void expect(uint16_t link, uint64_t job, unsigned int asked, unsigned int delivered, unsigned int failed)
{
	struct receipts_reach reach;

	receipts_reach(r, link, job, &reach);
	assert_int_equal(reach.asked, asked);
	assert_int_equal(reach.delivered, delivered);
	assert_int_equal(reach.failed, failed);
}

/* --- a store of rows --- */

#define ROWS 4096
static struct kept {
	char key[120];
	uint8_t *value; /* NULL: none */
	size_t len;
} rows[ROWS];
static size_t n_rows;

static const char *name(void *arg, uint16_t link)
{
	static const char *const names[] = {"l0", "l1", "l2"};

	return link < 3 ? names[link] : NULL;
}

static void apply(const struct store_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		size_t k = 0;

		while (k < n_rows && strcmp(rows[k].key, b->recs[i].key))
			k++;
		assert_true(k < ROWS);
		if (k == n_rows)
			snprintf(rows[n_rows++].key, sizeof(rows[0].key), "%s", b->recs[i].key);
		free(rows[k].value);
		rows[k].value = NULL;
		rows[k].len = b->recs[i].len;
		if (!b->recs[i].value)
			continue;
		rows[k].value = malloc(rows[k].len + 1);
		memcpy(rows[k].value, b->recs[i].value, rows[k].len);
	}
}

/* Makes all durable; keep NULL: but remembers nothing of it. */
static void flush(const char *keep)
{
	struct store_batch *b = store_batch_new(NULL);

	if (receipts_take_batch(r, name, NULL, b)) {
		if (keep)
			apply(b);
		receipts_batch_done(r, 0, 2 * S);
	}
	talloc_free(b);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct kept *)a)->key, ((const struct kept *)b)->key);
}

/* As after kill -9. */
static size_t restart(void)
{
	size_t alive = 0;

	done(NULL);
	fresh(NULL);
	qsort(rows, n_rows, sizeof(rows[0]), by_key);
	for (size_t i = 0; i < n_rows; i++) {
		struct receipts_row row;

		if (!rows[i].value)
			continue;
		alive++;
		assert_int_equal(receipts_row_parse(rows[i].key, &row), 0);
		assert_int_equal(receipts_load(r, row.link[1] - '0', &row, rows[i].value, rows[i].len, S), 0);
	}
	return alive;
}

static void no_rows(void)
{
	for (size_t i = 0; i < n_rows; i++)
		free(rows[i].value);
	memset(rows, 0, sizeof(rows));
	n_rows = 0;
}

static void a_restart_keeps_states_and_matches_later_ones(void **state)
{
	char id[24];

	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "%X", 0x1000 + i);
		receipts_asked(r, i % 2, 7, i, id, S);
		if (i % 3 == 0)
			assert_int_equal(take(id, i % 2 ? SMPP_DELIVERED : SMPP_EXPIRED), RECEIPTS_FITS);
		if (i % 1000 == 999)
			flush("all");
	}
	receipts_asked(r, 2, 8, 1, "", S); /* no receipt can name it, but it was asked for */
	flush("all");
	restart();
	expect(0, 7, 5000, 0, 1667);
	expect(1, 7, 5000, 1667, 0);
	expect(2, 8, 1, 0, 0);
	assert_int_equal(take("1000", SMPP_DELIVERED), RECEIPTS_REPEATED);
	assert_int_equal(take("4098", SMPP_DELIVERED), RECEIPTS_FITS); /* decimal for 1002 */
	assert_int_equal(take("1004", SMPP_UNDELIVERABLE), RECEIPTS_FITS);
	flush("all");
	restart(); /* the second life of it adds to the rows of the first */
	expect(0, 7, 5000, 1, 1668);
	no_rows();
}

static void what_was_not_durable_is_offered_again(void **state)
{
	struct store_batch *b = store_batch_new(NULL);

	assert_false(receipts_due(r, 9 * S));
	receipts_asked(r, 1, 7, 1, "a", S);
	assert_false(receipts_due(r, S + S / 5));
	assert_true(receipts_due(r, 2 * S));
	assert_true(receipts_take_batch(r, name, NULL, b));
	receipts_asked(r, 1, 7, 2, "b", S); /* while it is being written */
	assert_false(receipts_due(r, 9 * S));
	assert_false(receipts_take_batch(r, name, NULL, b));
	receipts_batch_done(r, -5, 2 * S);
	assert_true(receipts_due(r, 3 * S));
	flush("all");
	restart();
	expect(1, 7, 2, 0, 0);
	talloc_free(b);
	no_rows();
}

static void an_ended_job_leaves_no_row(void **state)
{
	struct store_batch *b = store_batch_new(NULL);

	receipts_asked(r, 1, 7, 1, "a", S);
	receipts_asked(r, 1, 8, 1, "b", S);
	flush("all");
	take("a", SMPP_DELIVERED);
	flush("all");
	receipts_end(r, 7, name, NULL, b);
	apply(b);
	expect(1, 7, 0, 0, 0);
	assert_int_equal(take("a", SMPP_DELIVERED), RECEIPTS_UNKNOWN);
	assert_int_equal(take("b", SMPP_DELIVERED), RECEIPTS_FITS);
	for (unsigned int i = 0; i < 256 * 16; i++) /* its entries go with the messages that come */
		take("nobody", SMPP_ENROUTE);
	receipts_asked(r, 1, 7, 1, "a", S); /* the number again, in another life */
	expect(1, 7, 1, 0, 0);
	assert_int_equal(restart(), 1);
	expect(1, 8, 1, 0, 0);
	talloc_free(b);
	no_rows();
}

static void strange_rows_are_refused(void **state)
{
	static const char *const keys[] = {"", "/", "0000000000000007/l1", "0000000000000007//0000000100000000", "7/l1/0000000100000000",
					   "0000000000000007/l1/00000001000000000", "000000000000000x/l1/0000000100000000",
					   "0000000000000007/0123456789012345678901234567890123456789012345678901234567890123/0000000100000000"};
	static const uint8_t what[12] = {[7] = 9};
	struct receipts_row row;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(receipts_row_parse(keys[i], &row), -EBADMSG);
	assert_int_equal(receipts_row_parse("0000000000000007/a/b/0000000100000002", &row), 0);
	assert_string_equal(row.link, "a/b");
	assert_int_equal(receipts_load(r, 1, &row, what, 11, S), -EBADMSG);
	assert_int_equal(receipts_load(r, 1, &row, what, 12, S), -EBADMSG);
}

static void spellings(void **state)
{
	static const struct {
		const char *answer, *receipt;
	} pairs[] = {
		{"18d0e03a", "0416342074"},		  /* quirk 1, 2 */
		{"416342074", "18D0E03A"},		  /* and the reverse */
		{"812FC7470000001B", "9308878062554710043"}, /* quirk 3 */
		{"0913121205", "913121205"},		  /* quirk 4 */
		{"913121205", "0913121205"},
		{"0e999f21-1111-2222", "E999F21-1111-2222"}, /* quirk 5 */
		{"3F2504E0-4F89-11D3-9A0C-0305E82C3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"}, /* quirk 6 */
		{"zk3x9", "ZK3X9"},
	};

	done(NULL);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		fresh(NULL);
		receipts_asked(r, 1, 7, 5, pairs[i].answer, 1 * S);
		assert_int_equal(take(pairs[i].receipt, SMPP_DELIVERED), RECEIPTS_FITS);
		expect(1, 7, 1, 1, 0);
		done(NULL);
		/* before the answer */
		fresh(NULL);
		assert_int_equal(take(pairs[i].receipt, SMPP_DELIVERED), RECEIPTS_UNKNOWN);
		receipts_asked(r, 1, 7, 5, pairs[i].answer, 11 * S);
		expect(1, 7, 1, 1, 0);
		assert_int_equal(take(pairs[i].receipt, SMPP_DELIVERED), RECEIPTS_REPEATED);
		done(NULL);
	}
	fresh(NULL);
}

static void tlv_wins_then_the_text(void **state)
{
	struct smpp_receipt receipt = {.id = "abc", .text_id = "xyz", .state = SMPP_DELIVERED};

	receipts_asked(r, 1, 1, 1, "xyz", S);
	assert_int_equal(receipts_take(r, &receipt, S), RECEIPTS_FITS);
	receipts_asked(r, 1, 2, 1, "abc", S);
	assert_int_equal(receipts_take(r, &receipt, S), RECEIPTS_FITS);
	expect(1, 1, 1, 1, 0);
	expect(1, 2, 1, 1, 0);
}

static void progress_then_the_end_then_again(void **state)
{
	receipts_asked(r, 1, 7, 5, "a1", S);
	assert_int_equal(take("a1", SMPP_ACCEPTED), RECEIPTS_FITS);
	assert_int_equal(take("a1", SMPP_ENROUTE), RECEIPTS_REPEATED);
	expect(1, 7, 1, 0, 0);
	assert_int_equal(take("a1", SMPP_EXPIRED), RECEIPTS_FITS);
	assert_int_equal(take("a1", SMPP_DELIVERED), RECEIPTS_REPEATED);
	expect(1, 7, 1, 0, 1);
}

static void unknown_ones_and_late_ones(void **state)
{
	receipts_asked(r, 1, 7, 5, "a1", S);
	assert_int_equal(take("a2", SMPP_DELIVERED), RECEIPTS_UNKNOWN);
	receipts_asked(r, 1, 7, 6, "a2", 10 * S + 61 * S); /* too late for that one */
	expect(1, 7, 2, 0, 0);
}

static void neighbours_are_not_mixed_up(void **state)
{
	char id[16];

	/* 10 is hex for 16: a carrier that counts in decimal must not have its receipts read as hex. */
	for (unsigned int i = 1; i <= 1000; i++) {
		snprintf(id, sizeof(id), "%u", i);
		receipts_asked(r, 1, 7, i, id, S);
	}
	for (unsigned int i = 1; i <= 1000; i += 2) {
		snprintf(id, sizeof(id), "%u", i);
		assert_int_equal(take(id, SMPP_DELIVERED), RECEIPTS_FITS);
	}
	assert_int_equal(take("1010", SMPP_DELIVERED), RECEIPTS_UNKNOWN);
	assert_int_equal(take("3E9", SMPP_DELIVERED), RECEIPTS_UNKNOWN);
	expect(1, 7, 1000, 500, 0);
}

/* As SMSCs count: ids in a row, all outstanding, whose receipts come in the other base. Each finds its own. */
static void ids_in_a_row_in_the_other_base(void **state)
{
	char id[16];

	for (int hex_first = 0; hex_first < 2; hex_first++) {
		done(NULL);
		fresh(NULL);
		for (unsigned int i = 1; i <= 2000; i++) {
			snprintf(id, sizeof(id), hex_first ? "%08x" : "%08u", i);
			receipts_asked(r, 1, i <= 1000 ? 7 : 8, i, id, S);
		}
		for (unsigned int i = 1; i <= 1000; i++) {
			snprintf(id, sizeof(id), hex_first ? "%08u" : "%08x", i);
			take(id, SMPP_DELIVERED);
		}
		if (hex_first)
			expect(1, 7, 1000, 1000, 0);
		expect(1, 8, 1000, 0, 0);
	}
}

static void jobs_and_links_apart(void **state)
{
	receipts_asked(r, 1, 7, 5, "a", S);
	receipts_asked(r, 2, 7, 5, "b", S);
	receipts_asked(r, 2, 8, 5, "c", S);
	take("a", SMPP_DELIVERED);
	take("c", SMPP_REJECTED);
	expect(1, 7, 1, 1, 0);
	expect(2, 7, 1, 0, 0);
	expect(2, 8, 1, 0, 1);
	expect(3, 8, 0, 0, 0);
}

static void old_jobs_make_way(void **state)
{
	char id[24];

	for (unsigned int job = 1; job <= 300; job++)
		for (unsigned int i = 0; i < 100; i++) {
			snprintf(id, sizeof(id), "%u-%u", job, i);
			receipts_asked(r, 1, job, i, id, job * S);
		}
	assert_int_equal(take("1-1", SMPP_DELIVERED), RECEIPTS_UNKNOWN);
	assert_int_equal(take("300-1", SMPP_DELIVERED), RECEIPTS_FITS);
	flush(NULL);
	assert_true(receipts_octets(r) < 256 * 1024 + 255 * 100 * 24);
}

static void octets_for_each(void **state)
{
	const char *many = getenv("RECEIPTS_N");
	unsigned int n = many ? strtoul(many, NULL, 10) : 1000000;
	char id[24];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%08X", i * 2654435761u);
		receipts_asked(r, 1, 7, i, id, S);
		if (i % 65536 == 0)
			flush(NULL);
	}
	flush(NULL);
	print_message("# %u outstanding, %.1f octets each\n", n, (double)receipts_octets(r) / n);
	assert_true(receipts_octets(r) <= 24ull * n);
	for (unsigned int i = 0; i < n; i += 97) {
		snprintf(id, sizeof(id), "%08X", i * 2654435761u);
		assert_int_equal(take(id, SMPP_DELIVERED), RECEIPTS_FITS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(spellings, fresh, done),
		cmocka_unit_test_setup_teardown(tlv_wins_then_the_text, fresh, done),
		cmocka_unit_test_setup_teardown(progress_then_the_end_then_again, fresh, done),
		cmocka_unit_test_setup_teardown(unknown_ones_and_late_ones, fresh, done),
		cmocka_unit_test_setup_teardown(neighbours_are_not_mixed_up, fresh, done),
		cmocka_unit_test_setup_teardown(ids_in_a_row_in_the_other_base, fresh, done),
		cmocka_unit_test_setup_teardown(jobs_and_links_apart, fresh, done),
		cmocka_unit_test_setup_teardown(old_jobs_make_way, fresh, done),
		cmocka_unit_test_setup_teardown(octets_for_each, fresh, done),
		cmocka_unit_test_setup_teardown(a_restart_keeps_states_and_matches_later_ones, fresh, done),
		cmocka_unit_test_setup_teardown(what_was_not_durable_is_offered_again, fresh, done),
		cmocka_unit_test_setup_teardown(an_ended_job_leaves_no_row, fresh, done),
		cmocka_unit_test_setup_teardown(strange_rows_are_refused, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/store_conformance.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/store_lease.h"

struct bed {
	const struct store_fixture *fixture;
	void (*fresh)(const struct store_fixture *fixture);
	void *ctx;
	struct store *store;
};
static struct bed bed;

static const enum store_kind kinds[] = {STORE_ALERT,  STORE_JOB,     STORE_CHUNK, STORE_TRIGGER,
					STORE_SERIAL, STORE_RECEIPT, STORE_META};

static void open_store(void)
{
	char err[512] = "";
	int rc = store_open(bed.ctx, bed.fixture->uri, &bed.store, err, sizeof(err));

	if (rc < 0)
		fail_msg("%s: %d %s", bed.fixture->uri, rc, err);
}

static int up(void **state)
{
	bed.ctx = talloc_new(NULL);
	bed.fresh(bed.fixture);
	open_store();
	return 0;
}

static int down(void **state)
{
	bed.store->ops->close(bed.store);
	talloc_free(bed.ctx);
	return 0;
}

static struct store_rec rec(enum store_kind kind, const char *key, const char *value, uint32_t epoch)
{
	return (struct store_rec){kind, key, value, value ? strlen(value) : 0, epoch};
}

static int put(enum store_kind kind, const char *key, const char *value, uint32_t epoch)
{
	struct store_rec r = rec(kind, key, value, epoch);

	return bed.store->ops->apply(bed.store, &r, 1);
}

static void want(enum store_kind kind, const char *key, const char *value)
{
	void *got;
	size_t len;

	assert_int_equal(bed.store->ops->get(bed.store, kind, key, bed.ctx, &got, &len), 0);
	assert_int_equal(len, strlen(value));
	assert_memory_equal(got, value, len);
	talloc_free(got);
}

static void want_none(enum store_kind kind, const char *key)
{
	void *got;
	size_t len;

	assert_int_equal(bed.store->ops->get(bed.store, kind, key, bed.ctx, &got, &len), -ENOENT);
}

/* All records of a kind as "key=value@epoch " text. */
static int collect(void *arg, const struct store_rec *r)
{
	char *text = arg;

	sprintf(text + strlen(text), "%s=%.*s@%u ", r->key, (int)r->len, (const char *)r->value, r->epoch);
	return 0;
}

static const char *all(enum store_kind kind)
{
	static char text[4096];

	text[0] = '\0';
	assert_int_equal(bed.store->ops->load(bed.store, kind, collect, text), 0);
	return text;
}

static int count(void *arg, const struct store_rec *r)
{
	++*(size_t *)arg;
	return 0;
}

static size_t number_of(enum store_kind kind)
{
	size_t n = 0;

	assert_int_equal(bed.store->ops->load(bed.store, kind, count, &n), 0);
	return n;
}

static void reopen(void)
{
	bed.store->ops->close(bed.store);
	open_store();
}

/* --- single records --- */
static void new_store_is_empty(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(number_of(kinds[i]), 0);
}

static void unknown_key_is_enoent(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		want_none(kinds[i], "nobody");
}

static void put_then_get(void **state)
{
	assert_int_equal(put(STORE_ALERT, "a", "one", 0), 0);
	want(STORE_ALERT, "a", "one");
}

static void put_overwrites(void **state)
{
	assert_int_equal(put(STORE_ALERT, "a", "one", 0), 0);
	assert_int_equal(put(STORE_ALERT, "a", "three", 0), 0);
	want(STORE_ALERT, "a", "three");
	assert_int_equal(number_of(STORE_ALERT), 1);
}

static void put_can_shorten(void **state)
{
	put(STORE_ALERT, "a", "a long value", 0);
	put(STORE_ALERT, "a", "x", 0);
	want(STORE_ALERT, "a", "x");
}

static void empty_value_is_a_value(void **state)
{
	struct store_rec r = {STORE_META, "a", "", 0, 0};

	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	want(STORE_META, "a", "");
	assert_string_equal(all(STORE_META), "a=@0 ");
}

static void delete_removes(void **state)
{
	put(STORE_ALERT, "a", "one", 0);
	assert_int_equal(put(STORE_ALERT, "a", NULL, 0), 0);
	want_none(STORE_ALERT, "a");
	assert_int_equal(number_of(STORE_ALERT), 0);
}

static void delete_of_nothing_is_fine(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(put(kinds[i], "nobody", NULL, 0), 0);
}

static void delete_leaves_neighbours(void **state)
{
	put(STORE_JOB, "a", "1", 0);
	put(STORE_JOB, "ab", "2", 0);
	put(STORE_JOB, "b", "3", 0);
	put(STORE_JOB, "ab", NULL, 0);
	assert_string_equal(all(STORE_JOB), "a=1@0 b=3@0 ");
}

static void put_after_delete(void **state)
{
	put(STORE_META, "a", "1", 0);
	put(STORE_META, "a", NULL, 0);
	put(STORE_META, "a", "2", 0);
	want(STORE_META, "a", "2");
}

static void values_may_hold_nul(void **state)
{
	static const char value[] = "a\0b\0";
	struct store_rec r = {STORE_CHUNK, "k", value, sizeof(value), 1};
	void *got;
	size_t len;

	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	assert_int_equal(bed.store->ops->get(bed.store, STORE_CHUNK, "k", bed.ctx, &got, &len), 0);
	assert_int_equal(len, sizeof(value));
	assert_memory_equal(got, value, len);
}

static void values_of_every_octet(void **state)
{
	uint8_t value[256];
	struct store_rec r = {STORE_RECEIPT, "k", value, sizeof(value), 0};
	void *got;
	size_t len;

	for (int i = 0; i < 256; i++)
		value[i] = i;
	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	assert_int_equal(bed.store->ops->get(bed.store, STORE_RECEIPT, "k", bed.ctx, &got, &len), 0);
	assert_int_equal(len, 256);
	assert_memory_equal(got, value, 256);
}

static void values_of_a_mebioctet(void **state)
{
	char *value = talloc_size(bed.ctx, 1 << 20);
	struct store_rec r = {STORE_ALERT, "big", value, 1 << 20, 0};
	void *got;
	size_t len;

	memset(value, 'x', 1 << 20);
	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	assert_int_equal(bed.store->ops->get(bed.store, STORE_ALERT, "big", bed.ctx, &got, &len), 0);
	assert_int_equal(len, 1 << 20);
	assert_memory_equal(got, value, len);
}

static void values_are_copied(void **state)
{
	char key[] = "key", value[] = "value";
	struct store_rec r = rec(STORE_META, key, value, 0);

	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	key[0] = value[0] = 'X';
	want(STORE_META, "key", "value");
}

static void get_gives_a_child_of_ctx(void **state)
{
	void *ctx = talloc_new(NULL), *got;
	size_t len;

	put(STORE_META, "a", "1", 0);
	assert_int_equal(bed.store->ops->get(bed.store, STORE_META, "a", ctx, &got, &len), 0);
	assert_ptr_equal(talloc_parent(got), ctx);
	talloc_free(ctx);
	want(STORE_META, "a", "1");
}

static void get_of_a_prefix_is_enoent(void **state)
{
	put(STORE_ALERT, "abc", "1", 0);
	want_none(STORE_ALERT, "ab");
	want_none(STORE_ALERT, "abcd");
}

static void keys_are_exact(void **state)
{
	put(STORE_ALERT, "Case", "1", 0);
	put(STORE_ALERT, "case", "2", 0);
	put(STORE_ALERT, "case ", "3", 0);
	want(STORE_ALERT, "Case", "1");
	want(STORE_ALERT, "case", "2");
	want(STORE_ALERT, "case ", "3");
}

static void keys_may_be_utf8(void **state)
{
	put(STORE_TRIGGER, "北京/110105", "1", 0);
	want(STORE_TRIGGER, "北京/110105", "1");
}

static void keys_may_look_like_sql(void **state)
{
	put(STORE_TRIGGER, "x'); DROP TABLE alert; --", "1", 0);
	put(STORE_TRIGGER, "100%_?1", "2", 0);
	want(STORE_TRIGGER, "x'); DROP TABLE alert; --", "1");
	want(STORE_TRIGGER, "100%_?1", "2");
	assert_int_equal(number_of(STORE_ALERT), 0);
}

static void keys_that_look_like_numbers_stay_text(void **state)
{
	put(STORE_SERIAL, "4379", "7", 0);
	put(STORE_SERIAL, "04379", "8", 0);
	put(STORE_SERIAL, "4379.0", "9", 0);
	want(STORE_SERIAL, "4379", "7");
	want(STORE_SERIAL, "04379", "8");
	want(STORE_SERIAL, "4379.0", "9");
}

static void long_keys(void **state)
{
	char a[301], b[301];

	memset(a, 'k', 300);
	memset(b, 'k', 300);
	a[300] = b[300] = '\0';
	b[299] = 'l';
	put(STORE_ALERT, a, "1", 0);
	put(STORE_ALERT, b, "2", 0);
	want(STORE_ALERT, a, "1");
	want(STORE_ALERT, b, "2");
}

static void empty_key_is_refused(void **state)
{
	assert_int_equal(put(STORE_ALERT, "", "1", 0), -EINVAL);
	assert_int_equal(number_of(STORE_ALERT), 0);
}

static void unknown_kind_is_refused(void **state)
{
	void *got;
	size_t len, n = 0;

	assert_int_equal(put((enum store_kind)0, "a", "1", 0), -EINVAL);
	assert_int_equal(put((enum store_kind)99, "a", "1", 0), -EINVAL);
	assert_int_equal(bed.store->ops->load(bed.store, (enum store_kind)99, count, &n), -EINVAL);
	assert_int_equal(bed.store->ops->get(bed.store, (enum store_kind)99, "a", bed.ctx, &got, &len),
			 -EINVAL);
}

static void kinds_are_apart(void **state)
{
	char value[8];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(value, sizeof(value), "v%zu", i);
		assert_int_equal(put(kinds[i], "same", value, 0), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(value, sizeof(value), "v%zu", i);
		want(kinds[i], "same", value);
		assert_int_equal(number_of(kinds[i]), 1);
	}
}

/* --- loading --- */
static void load_is_in_ascending_order(void **state)
{
	put(STORE_JOB, "b", "2", 0);
	put(STORE_JOB, "a", "1", 0);
	put(STORE_JOB, "c", "3", 0);
	put(STORE_JOB, "B", "0", 0);
	assert_string_equal(all(STORE_JOB), "B=0@0 a=1@0 b=2@0 c=3@0 ");
}

static void load_orders_by_octets(void **state)
{
	put(STORE_JOB, "a/2", "2", 0);
	put(STORE_JOB, "a", "0", 0);
	put(STORE_JOB, "a/10", "1", 0);
	put(STORE_JOB, "\xE5\x8C\x97", "4", 0);
	put(STORE_JOB, "z", "3", 0);
	assert_string_equal(all(STORE_JOB), "a=0@0 a/10=1@0 a/2=2@0 z=3@0 \xE5\x8C\x97=4@0 ");
}

static int stop_at_second(void *arg, const struct store_rec *r)
{
	return ++*(size_t *)arg == 2 ? -ECANCELED : 0;
}

static void load_stops_when_told(void **state)
{
	size_t n = 0;

	put(STORE_JOB, "a", "1", 0);
	put(STORE_JOB, "b", "2", 0);
	put(STORE_JOB, "c", "3", 0);
	assert_int_equal(bed.store->ops->load(bed.store, STORE_JOB, stop_at_second, &n), -ECANCELED);
	assert_int_equal(n, 2);
	assert_int_equal(number_of(STORE_JOB), 3);
}

static int stop_positive(void *arg, const struct store_rec *r)
{
	return 7;
}

static void load_returns_positive_too(void **state)
{
	put(STORE_JOB, "a", "1", 0);
	assert_int_equal(bed.store->ops->load(bed.store, STORE_JOB, stop_positive, NULL), 7);
}

static int check_kind(void *arg, const struct store_rec *r)
{
	return r->kind == STORE_CHUNK && r->value ? 0 : -EINVAL;
}

static void load_fills_the_record(void **state)
{
	put(STORE_CHUNK, "a", "1", 3);
	put(STORE_CHUNK, "b", "", 4);
	assert_int_equal(bed.store->ops->load(bed.store, STORE_CHUNK, check_kind, NULL), 0);
	assert_string_equal(all(STORE_CHUNK), "a=1@3 b=@4 ");
}

static int get_inside(void *arg, const struct store_rec *r)
{
	void *got;
	size_t len;
	int rc = bed.store->ops->get(bed.store, STORE_ALERT, "a", bed.ctx, &got, &len);

	return rc < 0 ? rc : len == 5 ? 0 : -EINVAL;
}

static void get_may_be_called_while_loading(void **state)
{
	put(STORE_ALERT, "a", "alert", 0);
	put(STORE_JOB, "a", "1", 0);
	put(STORE_JOB, "b", "2", 0);
	assert_int_equal(bed.store->ops->load(bed.store, STORE_JOB, get_inside, NULL), 0);
}

/* --- batches --- */
static void empty_batch_is_fine(void **state)
{
	assert_int_equal(bed.store->ops->apply(bed.store, NULL, 0), 0);
}

static void batch_of_many_kinds(void **state)
{
	struct store_rec r[] = {rec(STORE_ALERT, "a", "1", 0), rec(STORE_JOB, "j", "2", 0),
				rec(STORE_CHUNK, "j/0", "3", 1)};

	assert_int_equal(bed.store->ops->apply(bed.store, r, 3), 0);
	want(STORE_ALERT, "a", "1");
	want(STORE_JOB, "j", "2");
	want(STORE_CHUNK, "j/0", "3");
}

static void later_record_of_a_batch_wins(void **state)
{
	struct store_rec r[] = {rec(STORE_META, "a", "1", 0), rec(STORE_META, "a", "2", 0)};

	assert_int_equal(bed.store->ops->apply(bed.store, r, 2), 0);
	want(STORE_META, "a", "2");
}

static void put_and_delete_in_a_batch(void **state)
{
	struct store_rec r[] = {rec(STORE_META, "a", "1", 0), rec(STORE_META, "a", NULL, 0),
				rec(STORE_META, "b", NULL, 0), rec(STORE_META, "b", "2", 0)};

	assert_int_equal(bed.store->ops->apply(bed.store, r, 4), 0);
	want_none(STORE_META, "a");
	want(STORE_META, "b", "2");
}

static void batch_is_all_or_nothing(void **state)
{
	struct store_rec r[] = {rec(STORE_META, "a", "2", 0), rec(STORE_ALERT, "new", "1", 0),
				rec(STORE_META, "gone", NULL, 0), rec((enum store_kind)99, "x", "1", 0)};

	put(STORE_META, "a", "1", 0);
	put(STORE_META, "gone", "not", 0);
	assert_int_equal(bed.store->ops->apply(bed.store, r, 4), -EINVAL);
	want(STORE_META, "a", "1");
	want(STORE_META, "gone", "not");
	want_none(STORE_ALERT, "new");
}

static void batch_of_ten_thousand(void **state)
{
	const size_t n = 10000;
	struct store_rec *r = talloc_array(bed.ctx, struct store_rec, n);

	for (size_t i = 0; i < n; i++)
		r[i] = rec(STORE_RECEIPT, talloc_asprintf(r, "cm-1/%08zx", i * 2654435761u % n),
			   "0123456789abcdef", 0);
	assert_int_equal(bed.store->ops->apply(bed.store, r, n), 0);
	assert_int_equal(number_of(STORE_RECEIPT), n);
}

/* --- epochs --- */
static void chunk_keeps_its_epoch(void **state)
{
	assert_int_equal(put(STORE_CHUNK, "c", "1", 5), 0);
	assert_string_equal(all(STORE_CHUNK), "c=1@5 ");
}

static void same_epoch_may_write(void **state)
{
	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 5), 0);
	assert_string_equal(all(STORE_CHUNK), "c=2@5 ");
}

static void higher_epoch_takes_over(void **state)
{
	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 6), 0);
	assert_string_equal(all(STORE_CHUNK), "c=2@6 ");
}

static void lower_epoch_is_stale(void **state)
{
	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 4), -ESTALE);
	assert_string_equal(all(STORE_CHUNK), "c=1@5 ");
}

static void stale_record_refuses_the_batch(void **state)
{
	struct store_rec r[] = {rec(STORE_META, "m", "1", 0), rec(STORE_CHUNK, "d", "1", 1),
				rec(STORE_CHUNK, "c", "2", 4), rec(STORE_ALERT, "a", "1", 0)};

	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(bed.store->ops->apply(bed.store, r, 4), -ESTALE);
	want_none(STORE_META, "m");
	want_none(STORE_CHUNK, "d");
	want_none(STORE_ALERT, "a");
}

static void stale_delete_is_refused(void **state)
{
	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(put(STORE_CHUNK, "c", NULL, 4), -ESTALE);
	want(STORE_CHUNK, "c", "1");
	assert_int_equal(put(STORE_CHUNK, "c", NULL, 5), 0);
	want_none(STORE_CHUNK, "c");
}

static void stale_inside_one_batch(void **state)
{
	struct store_rec r[] = {rec(STORE_CHUNK, "c", "1", 5), rec(STORE_CHUNK, "c", "2", 4)};

	assert_int_equal(bed.store->ops->apply(bed.store, r, 2), -ESTALE);
	want_none(STORE_CHUNK, "c");
}

static void deleted_chunk_may_begin_anew(void **state)
{
	put(STORE_CHUNK, "c", "1", 5);
	put(STORE_CHUNK, "c", NULL, 5);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 1), 0);
	assert_string_equal(all(STORE_CHUNK), "c=2@1 ");
}

static void highest_epoch(void **state)
{
	assert_int_equal(put(STORE_CHUNK, "c", "1", UINT32_MAX), 0);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 0), -ESTALE);
	assert_int_equal(put(STORE_CHUNK, "c", "3", UINT32_MAX), 0);
	assert_int_equal(put(STORE_CHUNK, "d", "1", 0), 0);
}

static void only_chunks_have_epochs(void **state)
{
	put(STORE_ALERT, "a", "1", 9);
	assert_int_equal(put(STORE_ALERT, "a", "2", 3), 0);
	want(STORE_ALERT, "a", "2");
}

static void epochs_are_per_chunk(void **state)
{
	put(STORE_CHUNK, "c", "1", 9);
	assert_int_equal(put(STORE_CHUNK, "d", "1", 1), 0);
}

/* --- health --- */
static void health_of_a_new_store(void **state)
{
	struct store_health h;

	bed.store->ops->health(bed.store, &h);
	assert_int_equal(h.last_error, 0);
	assert_int_equal(h.commits, 0);
	assert_int_equal(h.failed, 0);
	assert_true(h.free_octets > 0);
}

static void health_counts(void **state)
{
	struct store_health h;

	put(STORE_META, "a", "1", 0);
	put(STORE_META, "a", "2", 0);
	put(STORE_CHUNK, "c", "1", 2);
	put(STORE_CHUNK, "c", "1", 1);
	bed.store->ops->health(bed.store, &h);
	assert_int_equal(h.commits, 3);
	assert_int_equal(h.failed, 1);
}

/* --- over a restart --- */
static void content_outlives_a_close(void **state)
{
	put(STORE_ALERT, "a", "1", 0);
	put(STORE_CHUNK, "c", "2", 7);
	put(STORE_META, "gone", "x", 0);
	put(STORE_META, "gone", NULL, 0);
	reopen();
	want(STORE_ALERT, "a", "1");
	want_none(STORE_META, "gone");
	assert_string_equal(all(STORE_CHUNK), "c=2@7 ");
}

static void epochs_outlive_a_close(void **state)
{
	put(STORE_CHUNK, "c", "1", 7);
	reopen();
	assert_int_equal(put(STORE_CHUNK, "c", "2", 6), -ESTALE);
	assert_int_equal(put(STORE_CHUNK, "c", "2", 7), 0);
}

static void refused_batch_stays_out_over_a_close(void **state)
{
	struct store_rec r[] = {rec(STORE_META, "m", "1", 0), rec(STORE_CHUNK, "c", "2", 4)};

	put(STORE_CHUNK, "c", "1", 5);
	assert_int_equal(bed.store->ops->apply(bed.store, r, 2), -ESTALE);
	reopen();
	want_none(STORE_META, "m");
	want(STORE_CHUNK, "c", "1");
}

#define DURABLE_CASES 5 /* the last ones: what only content that outlives a close can pass */
#define CASE(f)                                                                                              \
	{                                                                                                    \
#f, f, up, down, NULL                                                                        \
	}

/* --- leases --- */
static int lease(const char *chunk, const char *owner, int64_t now_us, int64_t until_us, uint32_t *epoch)
{
	struct store_lease l = {.key = chunk, .owner = owner, .now_us = now_us, .until_us = until_us};
	int rc = bed.store->ops->lease(bed.store, &l);

	if (rc == 0)
		*epoch = l.epoch;
	return rc;
}

static void a_lease_is_one_owners(void **state)
{
	uint32_t a = 0, b = 0;

	assert_int_equal(lease("c", "node-a", 100, 200, &a), 0);
	assert_int_equal(lease("c", "node-b", 199, 300, &b), -EBUSY);
	assert_int_equal(lease("d", "node-b", 199, 300, &b), 0);
	assert_int_equal(put(STORE_CHUNK, "c", "a's", a), 0);
	assert_int_equal(lease("c", "node-b", 200, 300, &b), 0);
	assert_true(b > a);
	assert_int_equal(put(STORE_CHUNK, "c", "a's still", a), -ESTALE);
	assert_int_equal(put(STORE_CHUNK, "c", NULL, a), -ESTALE);
	want(STORE_CHUNK, "c", "a's");
	assert_int_equal(put(STORE_CHUNK, "c", "b's", b), 0);
}

static void a_lease_lasts_longer_and_ends(void **state)
{
	uint32_t a = 0, again = 0, b = 0;

	assert_int_equal(lease("c", "node-a", 100, 200, &a), 0);
	assert_int_equal(lease("c", "node-a", 150, 400, &again), 0);
	assert_int_equal(again, a);
	assert_int_equal(lease("c", "node-b", 399, 500, &b), -EBUSY);
	assert_int_equal(lease("c", "node-a", 300, 300, &again), 0);
	assert_int_equal(lease("c", "node-b", 300, 500, &b), 0);
	assert_true(b > a);
}

static void a_lease_is_above_what_is_stored(void **state)
{
	uint32_t a = 0;

	put(STORE_CHUNK, "c", "taken over before", 7);
	assert_int_equal(lease("c", "node-a", 100, 200, &a), 0);
	assert_int_equal(a, 8);
	assert_int_equal(lease("c", "", 100, 200, &a), -EINVAL);
	assert_int_equal(lease("c", "node b", 300, 400, &a), -EINVAL);
}

static void leases_survive_a_restart(void **state)
{
	uint32_t a = 0, b = 0;

	assert_int_equal(lease("c", "node-a", 100, 200, &a), 0);
	reopen();
	assert_int_equal(put(STORE_CHUNK, "c", "before any", a - 1), -ESTALE);
	assert_int_equal(lease("c", "node-b", 199, 300, &b), -EBUSY);
	assert_int_equal(lease("c", "node-b", 200, 300, &b), 0);
	assert_true(b > a);
}

/* The batch that a dispatch makes: the lease, then what is reserved under it, then something else. */
static int lease_in_batch(const char *chunk, const char *owner, int64_t until_us, uint32_t epoch, const char *value)
{
	struct store_lease l = {.key = chunk, .owner = owner, .until_us = until_us, .epoch = epoch};
	char key[STORE_LEASE_ROW], row[STORE_LEASE_ROW];
	struct store_rec r[3];

	assert_int_equal(store_lease_key(key, chunk), 0);
	assert_int_equal(store_lease_row(&l, row), 0);
	r[0] = rec(STORE_META, key, row, 0);
	r[1] = rec(STORE_CHUNK, chunk, value, epoch);
	r[2] = rec(STORE_RECEIPT, owner, value, 0);
	return bed.store->ops->apply(bed.store, r, 3);
}

static void a_batch_takes_a_lease(void **state)
{
	uint32_t b = 0;

	put(STORE_CHUNK, "c", "planned", 4);
	assert_int_equal(lease_in_batch("c", "node-a", 200, 5, "a's"), 0);
	want(STORE_CHUNK, "c", "a's");
	want(STORE_RECEIPT, "node-a", "a's");
	assert_int_equal(put(STORE_CHUNK, "c", "read before", 4), -ESTALE);
	assert_int_equal(lease("c", "node-b", 199, 300, &b), -EBUSY);
	assert_int_equal(lease("c", "node-b", 200, 300, &b), 0);
	assert_true(b > 5);
	assert_int_equal(put(STORE_CHUNK, "c", "a's still", 5), -ESTALE);
	want(STORE_CHUNK, "c", "a's");
}

static void a_batch_renews_a_lease(void **state)
{
	uint32_t b = 0;

	assert_int_equal(lease_in_batch("c", "node-a", 200, 1, "first"), 0);
	assert_int_equal(lease_in_batch("c", "node-a", 400, 1, "second"), 0);
	want(STORE_CHUNK, "c", "second");
	assert_int_equal(lease("c", "node-b", 399, 500, &b), -EBUSY);
	assert_int_equal(lease("c", "node-b", 400, 500, &b), 0);
}

/* Also when it is over: who writes it into a batch has not read what the other wrote last. */
static void a_batch_takes_no_others_lease(void **state)
{
	uint32_t a = 0;

	assert_int_equal(lease("c", "node-a", 100, 200, &a), 0);
	assert_int_equal(put(STORE_CHUNK, "c", "a's", a), 0);
	assert_int_equal(lease_in_batch("c", "node-b", 9000, a + 1, "b's"), -EBUSY);
	want(STORE_CHUNK, "c", "a's");
	want_none(STORE_RECEIPT, "node-b");
	assert_int_equal(put(STORE_CHUNK, "c", "a's again", a), 0);
}

static void a_batch_leases_above_what_is_stored(void **state)
{
	put(STORE_CHUNK, "c", "taken over before", 7);
	assert_int_equal(lease_in_batch("c", "node-a", 200, 7, "a's"), -EBUSY);
	want_none(STORE_RECEIPT, "node-a");
	assert_int_equal(lease_in_batch("c", "node-a", 200, 8, "a's"), 0);
	/* One's own epoch does not sink. */
	assert_int_equal(lease_in_batch("c", "node-a", 300, 7, "older"), -EBUSY);
	want(STORE_CHUNK, "c", "a's");
}

/* All that was handed over is answered: the batch gives the lease up under an epoch of its own. */
static void a_batch_gives_a_lease_up(void **state)
{
	struct store_rec r[2] = {rec(STORE_CHUNK, "c", "done", 2), rec(STORE_META, STORE_LEASE_PREFIX "c", NULL, 0)};

	assert_int_equal(lease_in_batch("c", "node-a", 200, 1, "a's"), 0);
	assert_int_equal(bed.store->ops->apply(bed.store, r, 2), 0);
	assert_int_equal(lease_in_batch("c", "node-b", 300, 2, "too low"), -EBUSY);
	assert_int_equal(lease_in_batch("c", "node-b", 300, 3, "b's"), 0);
	assert_int_equal(put(STORE_CHUNK, "c", "a's still", 1), -ESTALE);
	want(STORE_CHUNK, "c", "b's");
}

static void what_is_no_lease_is_refused(void **state)
{
	assert_int_equal(put(STORE_META, STORE_LEASE_PREFIX "c", "for ever", 0), -EINVAL);
	want_none(STORE_META, STORE_LEASE_PREFIX "c");
	assert_int_equal(lease_in_batch("c", "node-a", 200, 1, "a's"), 0);
}

static void leases_of_batches_survive_a_restart(void **state)
{
	uint32_t b = 0;

	assert_int_equal(lease_in_batch("c", "node-a", 200, 3, "a's"), 0);
	reopen();
	assert_int_equal(put(STORE_CHUNK, "c", "before any", 2), -ESTALE);
	assert_int_equal(lease_in_batch("c", "node-b", 300, 4, "b's"), -EBUSY);
	assert_int_equal(lease("c", "node-b", 199, 300, &b), -EBUSY);
	assert_int_equal(lease_in_batch("c", "node-a", 400, 3, "a's again"), 0);
}

struct node {
	const char *name;
	int64_t until_us; /* as it knows */
	uint32_t epoch;
};

/* Reserves in the chunk; true: the unit may be handed over. */
static bool hands(const struct node *n, int64_t now_us)
{
	return put(STORE_CHUNK, "c", n->name, n->epoch) == 0 && now_us < n->until_us;
}

/* Two nodes that ask, renew, sleep and send as chance will have it. */
static void two_owners_never_both_hand_over(void **state)
{
	struct node node[2] = {{"node-a", 0, 0}, {"node-b", 0, 0}};
	unsigned int handed[2] = {0}, taken[2] = {0};
	uint64_t seed = 1;
	int64_t now_us = 1000;

	for (int i = 0; i < 400; i++) {
		unsigned int o = (seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407) >> 40 & 1;
		struct node *me = &node[o], *other = &node[!o];

		now_us += seed >> 50 & 15;
		if (seed >> 60 & 1) {
			int rc = lease("c", me->name, now_us, now_us + 20, &me->epoch);

			assert_int_equal(rc, now_us < other->until_us ? -EBUSY : 0);
			if (rc == 0)
				me->until_us = now_us + 20;
			taken[o] += rc == 0;
		} else if (hands(me, now_us)) {
			assert_true(now_us >= other->until_us);
			handed[o]++;
		} else if (me->epoch > 0 && now_us < me->until_us) {
			fail_msg("the owner of a valid lease cannot reserve");
		}
	}
	for (int o = 0; o < 2; o++)
		assert_true(handed[o] > 10 && taken[o] > 10);
}

int store_conformance(const struct store_fixture *fixture, void (*fresh)(const struct store_fixture *fixture))
{
	const struct CMUnitTest tests[] = {
		CASE(new_store_is_empty),
		CASE(unknown_key_is_enoent),
		CASE(put_then_get),
		CASE(put_overwrites),
		CASE(put_can_shorten),
		CASE(empty_value_is_a_value),
		CASE(delete_removes),
		CASE(delete_of_nothing_is_fine),
		CASE(delete_leaves_neighbours),
		CASE(put_after_delete),
		CASE(values_may_hold_nul),
		CASE(values_of_every_octet),
		CASE(values_of_a_mebioctet),
		CASE(values_are_copied),
		CASE(get_gives_a_child_of_ctx),
		CASE(get_of_a_prefix_is_enoent),
		CASE(keys_are_exact),
		CASE(keys_may_be_utf8),
		CASE(keys_may_look_like_sql),
		CASE(keys_that_look_like_numbers_stay_text),
		CASE(long_keys),
		CASE(empty_key_is_refused),
		CASE(unknown_kind_is_refused),
		CASE(kinds_are_apart),
		CASE(load_is_in_ascending_order),
		CASE(load_orders_by_octets),
		CASE(load_stops_when_told),
		CASE(load_returns_positive_too),
		CASE(load_fills_the_record),
		CASE(get_may_be_called_while_loading),
		CASE(empty_batch_is_fine),
		CASE(batch_of_many_kinds),
		CASE(later_record_of_a_batch_wins),
		CASE(put_and_delete_in_a_batch),
		CASE(batch_is_all_or_nothing),
		CASE(batch_of_ten_thousand),
		CASE(chunk_keeps_its_epoch),
		CASE(same_epoch_may_write),
		CASE(higher_epoch_takes_over),
		CASE(lower_epoch_is_stale),
		CASE(stale_record_refuses_the_batch),
		CASE(stale_delete_is_refused),
		CASE(stale_inside_one_batch),
		CASE(deleted_chunk_may_begin_anew),
		CASE(highest_epoch),
		CASE(only_chunks_have_epochs),
		CASE(epochs_are_per_chunk),
		CASE(health_of_a_new_store),
		CASE(health_counts),
		CASE(a_lease_is_one_owners),
		CASE(a_lease_lasts_longer_and_ends),
		CASE(a_lease_is_above_what_is_stored),
		CASE(two_owners_never_both_hand_over),
		CASE(a_batch_takes_a_lease),
		CASE(a_batch_renews_a_lease),
		CASE(a_batch_takes_no_others_lease),
		CASE(a_batch_leases_above_what_is_stored),
		CASE(a_batch_gives_a_lease_up),
		CASE(what_is_no_lease_is_refused),
		CASE(content_outlives_a_close),
		CASE(epochs_outlive_a_close),
		CASE(refused_batch_stays_out_over_a_close),
		CASE(leases_survive_a_restart),
		CASE(leases_of_batches_survive_a_restart),
	};

	size_t n = ARRAY_SIZE(tests) - (fixture->durable ? 0 : DURABLE_CASES), n_tables;
	const struct CMUnitTest *tables = store_tables(fixture, fresh, &n_tables);
	struct CMUnitTest *all_tests = talloc_array(NULL, struct CMUnitTest, n + n_tables);

	bed.fixture = fixture;
	bed.fresh = fresh;
	memcpy(all_tests, tests, n * sizeof(*tests));
	memcpy(all_tests + n, tables, n_tables * sizeof(*tables));
	/* Not by skip(): cmocka prints that as "not ok # SKIP", which counts as a failure. */
	return _cmocka_run_group_tests(fixture->name, all_tests, n + n_tables, NULL, NULL);
}

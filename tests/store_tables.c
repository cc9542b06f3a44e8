/* Conformance of stores by tables: every kind, size, epoch and place in a batch a case of its own, and random
 * histories after which a store must hold octet for octet what the one in memory holds. */
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

#define CASES_MAX 128
#define RECORDS   5 /* in the batches that fail somewhere */

static const enum store_kind kinds[] = {STORE_ALERT,  STORE_JOB,     STORE_CHUNK, STORE_TRIGGER,
					STORE_SERIAL, STORE_RECEIPT, STORE_META};
static const char *const kind_names[] = {"alert", "job", "chunk", "trigger", "serial", "receipt", "meta"};

static struct bed {
	const struct store_fixture *fixture;
	void (*fresh)(const struct store_fixture *fixture);
	void *ctx;
	struct store *store;
} bed;

/* What a case is about; its meaning is the test's. */
struct row {
	size_t a;
	uint32_t stored, written;
	bool removes;
	int rc;
};

static int up(void **state)
{
	char err[512] = "";

	bed.ctx = talloc_new(NULL);
	bed.fresh(bed.fixture);
	return store_open(bed.ctx, bed.fixture->uri, &bed.store, err, sizeof(err));
}

static int down(void **state)
{
	bed.store->ops->close(bed.store);
	talloc_free(bed.ctx);
	return 0;
}

static int put(struct store *s, enum store_kind kind, const char *key, const char *value, uint32_t epoch)
{
	struct store_rec r = {kind, key, value, value ? strlen(value) : 0, epoch};

	return s->ops->apply(s, &r, 1);
}

static int dump_row(void *arg, const struct store_rec *r)
{
	char **text = arg;

	*text = talloc_asprintf_append_buffer(*text, "%d %s %u %zu ", r->kind, r->key, r->epoch, r->len);
	for (size_t i = 0; i < r->len; i++)
		*text = talloc_asprintf_append_buffer(*text, "%02x", ((const uint8_t *)r->value)[i]);
	*text = talloc_asprintf_append_buffer(*text, "\n");
	return 0;
}

/* All that a store holds, as text. */
static char *dump(struct store *s)
{
	char *text = talloc_strdup(bed.ctx, "");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(s->ops->load(s, kinds[i], dump_row, &text), 0);
	return text;
}

static void life_of_a_kind(void **state)
{
	enum store_kind kind = kinds[((const struct row *)*state)->a];
	char *empty = dump(bed.store), want[64];

	assert_int_equal(put(bed.store, kind, "key", "one", 0), 0);
	assert_int_equal(put(bed.store, kind, "key", "two", 0), 0);
	snprintf(want, sizeof(want), "%d key 0 3 74776f\n", kind);
	assert_string_equal(dump(bed.store), want);
	assert_int_equal(put(bed.store, kind, "key", NULL, 0), 0);
	assert_string_equal(dump(bed.store), empty);
}

static void kind_is_apart(void **state)
{
	enum store_kind kind = kinds[((const struct row *)*state)->a];
	void *value;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(put(bed.store, kinds[i], "same", kind_names[i], 0), 0);
	assert_int_equal(put(bed.store, kind, "same", NULL, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int rc = bed.store->ops->get(bed.store, kinds[i], "same", bed.ctx, &value, &len);

		assert_int_equal(rc, kinds[i] == kind ? -ENOENT : 0);
		assert_true(rc < 0 || (len == strlen(kind_names[i]) && !memcmp(value, kind_names[i], len)));
	}
}

static int ascending(void *arg, const struct store_rec *r)
{
	char *last = arg;

	if (strcmp(last, r->key) >= 0)
		return -EBADMSG;
	snprintf(last, 32, "%s", r->key);
	return 0;
}

static void kind_is_in_order(void **state)
{
	enum store_kind kind = kinds[((const struct row *)*state)->a];
	char key[32], last[32] = "";

	for (unsigned int i = 0; i < 97; i++) {
		snprintf(key, sizeof(key), "%02u", i * 53 % 97);
		assert_int_equal(put(bed.store, kind, key, key, 0), 0);
	}
	assert_int_equal(bed.store->ops->load(bed.store, kind, ascending, last), 0);
	assert_string_equal(last, "96");
}

static void value_of_a_size(void **state)
{
	size_t size = ((const struct row *)*state)->a, len;
	uint8_t *value = talloc_size(bed.ctx, size + 1);
	struct store_rec r = {STORE_CHUNK, "k", value, size, 3};
	void *got;

	for (size_t i = 0; i < size; i++)
		value[i] = i * 167 + (i >> 8);
	assert_int_equal(bed.store->ops->apply(bed.store, &r, 1), 0);
	assert_int_equal(put(bed.store, STORE_CHUNK, "l", "neighbour", 1), 0);
	assert_int_equal(bed.store->ops->get(bed.store, STORE_CHUNK, "k", bed.ctx, &got, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(got, value, size);
}

static void epoch_against_epoch(void **state)
{
	const struct row *row = *state;
	char *before;

	assert_int_equal(put(bed.store, STORE_CHUNK, "c", "old", row->stored), 0);
	before = dump(bed.store);
	assert_int_equal(put(bed.store, STORE_CHUNK, "c", row->removes ? NULL : "new", row->written), row->rc);
	if (row->rc < 0)
		assert_string_equal(dump(bed.store), before);
	else if (row->removes)
		assert_string_equal(dump(bed.store), "");
	else
		assert_string_not_equal(dump(bed.store), before);
}

/* One bad record anywhere: nothing of the batch is there, and the next batch finds the store in order. */
static void bad_record_at(void **state)
{
	const struct row *row = *state;
	struct store_rec r[RECORDS] = {{STORE_ALERT, "a", "1", 1, 0},
				       {STORE_META, "gone", NULL, 0, 0},
				       {STORE_CHUNK, "c", "2", 1, 9},
				       {STORE_JOB, "j", "3", 1, 0},
				       {STORE_SERIAL, "s", "4", 1, 0}};
	char *before;

	put(bed.store, STORE_META, "gone", "still here", 0);
	put(bed.store, STORE_CHUNK, "held", "5", 7);
	before = dump(bed.store);
	if (row->rc == -ESTALE)
		r[row->a] = (struct store_rec){STORE_CHUNK, "held", "6", 1, 6};
	else if (row->written)
		r[row->a].kind = STORE_META + 1;
	else
		r[row->a].key = "";
	assert_int_equal(bed.store->ops->apply(bed.store, r, RECORDS), row->rc);
	assert_string_equal(dump(bed.store), before);
	assert_int_equal(put(bed.store, STORE_ALERT, "a", "1", 0), 0);
}

static uint32_t chance(uint64_t *seed, uint32_t below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*seed >> 33) % below;
}

static void random_batch(uint64_t *seed, struct store_batch *b)
{
	for (uint32_t n = 1 + chance(seed, 6); n > 0; n--) {
		enum store_kind kind = kinds[chance(seed, ARRAY_SIZE(kinds))];
		char key[16], value[200];
		size_t len = chance(seed, sizeof(value));

		snprintf(key, sizeof(key), "k%u", chance(seed, 12));
		for (size_t i = 0; i < len; i++)
			value[i] = chance(seed, 256);
		store_batch_add(b, kind, key, chance(seed, 4) ? value : NULL, len, chance(seed, 5));
	}
}

static void history(void **state)
{
	uint64_t seed = ((const struct row *)*state)->a;
	struct store *model;
	char err[80];

	assert_int_equal(store_memory.open(bed.ctx, "memory:", &model, err, sizeof(err)), 0);
	for (unsigned int step = 0; step < 60; step++) {
		struct store_batch *b = store_batch_new(bed.ctx);

		random_batch(&seed, b);
		assert_int_equal(bed.store->ops->apply(bed.store, b->recs, b->n),
				 model->ops->apply(model, b->recs, b->n));
		if (step % 6 == 5)
			assert_string_equal(dump(bed.store), dump(model));
		talloc_free(b);
	}
}

struct cases {
	struct CMUnitTest test[CASES_MAX];
	struct row row[CASES_MAX];
	size_t n;
};

static void add(struct cases *c, void (*f)(void **state), const char *name, struct row row)
{
	OSMO_ASSERT(c->n < CASES_MAX);
	c->row[c->n] = row;
	c->test[c->n] = (struct CMUnitTest){name, f, up, down, &c->row[c->n]};
	c->n++;
}

static void add_tables(struct cases *c)
{
	static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 255, 256, 4000, 4096, 65536, 1000000};
	static const struct row epochs[] = {
		{0, 0, 0, false, 0},        {0, 0, 1, false, 0},     {0, 1, 0, false, -ESTALE},
		{0, 1, 1, false, 0},        {0, 5, 4, false, -ESTALE}, {0, 5, 6, false, 0},
		{0, UINT32_MAX, UINT32_MAX, false, 0}, {0, UINT32_MAX, 0, false, -ESTALE},
		{0, UINT32_MAX - 1, UINT32_MAX, false, 0}, {0, 0x80000000, 0x7FFFFFFF, false, -ESTALE},
		{0, 0x7FFFFFFF, 0x80000000, false, 0},     {0, 5, 4, true, -ESTALE},
		{0, 5, 5, true, 0},         {0, 5, 9, true, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		add(c, life_of_a_kind, talloc_asprintf(c, "life of %s", kind_names[i]), (struct row){.a = i});
		add(c, kind_is_apart, talloc_asprintf(c, "%s is apart", kind_names[i]), (struct row){.a = i});
		add(c, kind_is_in_order, talloc_asprintf(c, "%s in order", kind_names[i]), (struct row){.a = i});
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		add(c, value_of_a_size, talloc_asprintf(c, "value of %zu octets", sizes[i]), (struct row){.a = sizes[i]});
	for (size_t i = 0; i < ARRAY_SIZE(epochs); i++)
		add(c, epoch_against_epoch,
		    talloc_asprintf(c, "%s under epoch %u where %u is", epochs[i].removes ? "delete" : "write",
				    epochs[i].written, epochs[i].stored),
		    epochs[i]);
	for (size_t i = 0; i < RECORDS; i++) {
		add(c, bad_record_at, talloc_asprintf(c, "stale record at %zu", i), (struct row){.a = i, .rc = -ESTALE});
		add(c, bad_record_at, talloc_asprintf(c, "empty key at %zu", i), (struct row){.a = i, .rc = -EINVAL});
		add(c, bad_record_at, talloc_asprintf(c, "unknown kind at %zu", i),
		    (struct row){.a = i, .written = 1, .rc = -EINVAL});
	}
	for (size_t seed = 1; seed <= 12; seed++)
		add(c, history, talloc_asprintf(c, "history %zu", seed), (struct row){.a = seed});
}

struct CMUnitTest *store_tables(const struct store_fixture *fixture,
				void (*fresh)(const struct store_fixture *fixture), size_t *n)
{
	struct cases *c = talloc_zero(NULL, struct cases);

	add_tables(c);
	bed.fixture = fixture;
	bed.fresh = fresh;
	*n = c->n;
	return c->test;
}

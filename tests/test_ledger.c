/* Chunks: sums, memory, and what is read back from hostile octets. */
#include "gateway/ledger.h"
#include "gateway/ledger_code.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>

static uint64_t rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint8_t any_octet(uint64_t *seed)
{
	uint8_t o = rnd(seed) & 0xFF;

	if (o == CODE_MARK)
		return UNIT_EXCLUDED;
	return UNIT_STATE(o) == UNIT_HANDED && UNIT_ATTEMPT(o) == 0 ? o | 1 << 3 : o;
}

static void assert_sums(const struct chunk *c)
{
	uint32_t n[UNIT_STATES] = {0};

	for (uint32_t i = 0; i < c->count; i++)
		n[UNIT_STATE(chunk_get(c, i))]++;
	for (unsigned int s = 0; s < UNIT_STATES; s++)
		assert_int_equal(n[s], c->n[s]);
}

static int setup(void **state)
{
	*state = talloc_named_const(NULL, 1, "test");
	return 0;
}

static int teardown(void **state)
{
	talloc_free(*state);
	return 0;
}

static void test_untouched_costs_nothing(void **state)
{
	struct chunk c;

	chunk_init(&c, 3, CHUNK_UNITS, 1, UNIT_WAITING);
	chunk_set(*state, &c, 77, UNIT_WAITING);
	assert_null(c.unit);
	assert_int_equal(talloc_total_blocks(*state), 1);
	assert_int_equal(c.n[UNIT_WAITING], CHUNK_UNITS);
	assert_int_equal(chunk_get(&c, CHUNK_UNITS - 1), UNIT_WAITING);
}

static void test_set_keeps_sums(void **state)
{
	uint64_t seed = 42;
	uint8_t model[100] = {0};
	struct chunk c;

	chunk_init(&c, 0, 100, 0, UNIT_WAITING);
	for (unsigned int i = 0; i < 5000; i++) {
		uint32_t unit = rnd(&seed) % 100;

		model[unit] = any_octet(&seed);
		chunk_set(*state, &c, unit, model[unit]);
		if (i % 97 == 0)
			chunk_pack(*state, &c);
	}
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(chunk_get(&c, i), model[i]);
	assert_sums(&c);
}

static void test_pack_uniform_frees(void **state)
{
	struct chunk c;

	chunk_init(&c, 0, 4096, 0, UNIT_WAITING);
	for (uint32_t i = 0; i < 4096; i++)
		chunk_set(*state, &c, i, UNIT_ACCEPTED);
	chunk_pack(*state, &c);
	assert_null(c.unit);
	assert_null(c.runs);
	assert_int_equal(talloc_total_blocks(*state), 1);
	assert_int_equal(chunk_get(&c, 4095), UNIT_ACCEPTED);
	assert_sums(&c);
}

static void test_pack_runs(void **state)
{
	struct chunk c;

	chunk_init(&c, 0, 4096, 0, UNIT_ACCEPTED);
	for (uint32_t i = 50; i < 4096; i += 100)
		chunk_set(*state, &c, i, UNIT_REFUSED);
	chunk_pack(*state, &c);
	assert_null(c.unit);
	assert_true(c.runs_len < 300);
	assert_int_equal(chunk_get(&c, 50), UNIT_REFUSED);
	assert_int_equal(chunk_get(&c, 51), UNIT_ACCEPTED);
	assert_int_equal(chunk_get(&c, 4095), UNIT_ACCEPTED);
	assert_sums(&c);
	chunk_set(*state, &c, 51, UNIT_UNKNOWN);
	assert_int_equal(chunk_get(&c, 50), UNIT_REFUSED);
	assert_int_equal(chunk_get(&c, 51), UNIT_UNKNOWN);
	assert_sums(&c);
}

/* Random content there and back, packed or not. */
static void test_roundtrip(void **state)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	uint64_t seed = 7;

	for (unsigned int turn = 0; turn < 300; turn++) {
		uint32_t count = 1 + rnd(&seed) % CHUNK_UNITS,
			 changes = rnd(&seed) % (turn < 30 ? 20000 : 60);
		struct chunk a, b;
		int len;

		chunk_init(&a, turn, count, turn % 5, any_octet(&seed));
		for (uint32_t i = 0; i < changes; i++)
			chunk_set(*state, &a, rnd(&seed) % count, any_octet(&seed));
		if (turn % 2)
			chunk_pack(*state, &a);
		len = chunk_encode(&a, buf, sizeof(buf));
		assert_true(len > 0);
		chunk_init(&b, turn, count, 0, UNIT_WAITING);
		assert_int_equal(chunk_decode(*state, &b, buf, len), 0);
		assert_int_equal(b.owner, a.owner);
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(chunk_get(&a, i), chunk_get(&b, i));
		assert_sums(&b);
	}
}

static void test_encode_small(void **state)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	struct chunk c;

	(void)state;
	chunk_init(&c, 9, CHUNK_UNITS, 0, UNIT_ACCEPTED);
	assert_int_equal(chunk_encode(&c, buf, sizeof(buf)), 9);
	assert_int_equal(chunk_encode(&c, buf, 8), -ENOSPC);
	assert_int_equal(chunk_encode(&c, buf, 9), 9);
}

/* Known answer of the common CRC-32. */
static void test_crc_is_crc32(void **state)
{
	/* CRC-32("12345678") = 9AE0DAAF: number "1234", owner "56", run "7" x 0x38. */
	uint8_t buf[16];
	struct chunk c;

	(void)state;
	chunk_init(&c, 0x31323334, 0x38, 0x3536, '7');
	assert_int_equal(chunk_encode(&c, buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "5678\x9A\xE0\xDA\xAF", 8);
}

static void fresh(struct chunk *c)
{
	chunk_init(c, 5, 300, 2, UNIT_WAITING);
}

/* Every single bit flip, every cut, every added octet is refused, and the chunk stays as it was. */
static void test_damage_is_refused(void **state)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	struct chunk c, other;
	int len;

	fresh(&c);
	for (uint32_t i = 0; i < 200; i += 3)
		chunk_set(*state, &c, i, UNIT_OCTET(UNIT_HANDED, 2, 1));
	len = chunk_encode(&c, buf, sizeof(buf));
	for (int bit = 0; bit < len * 8; bit++) {
		fresh(&other);
		buf[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(chunk_decode(*state, &other, buf, len), -EBADMSG);
		buf[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(other.n[UNIT_WAITING], 300);
		assert_null(other.unit);
	}
	for (int cut = 0; cut < len; cut++)
		assert_int_equal(chunk_decode(*state, &other, buf, cut), -EBADMSG);
	assert_int_equal(chunk_decode(*state, &other, buf, len + 1), -EBADMSG);
	assert_int_equal(chunk_decode(*state, &other, buf, len), 0);
}

/* A row that belongs to another number or another count. */
static void test_wrong_place_is_refused(void **state)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	struct chunk c, other;
	int len;

	fresh(&c);
	len = chunk_encode(&c, buf, sizeof(buf));
	chunk_init(&other, 6, 300, 2, UNIT_WAITING);
	assert_int_equal(chunk_decode(*state, &other, buf, len), -EBADMSG);
	chunk_init(&other, 5, 299, 2, UNIT_WAITING);
	assert_int_equal(chunk_decode(*state, &other, buf, len), -EBADMSG);
	chunk_init(&other, 5, 301, 2, UNIT_WAITING);
	assert_int_equal(chunk_decode(*state, &other, buf, len), -EBADMSG);
}

/* Contents that lie although their sum is right. */
static void refuse(void *ctx, const char *runs, size_t n)
{
	static const uint32_t table_seed = 0xEDB88320;
	uint8_t buf[512] = {0, 2}, no[4] = {0, 0, 0, 5};
	uint32_t crc = UINT32_MAX;
	struct chunk c;

	memcpy(buf + 2, runs, n);
	for (size_t i = 0; i < n + 6; i++) {
		crc ^= i < 4 ? no[i] : buf[i - 4];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? table_seed : 0);
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		buf[n + 2 + i] = crc >> (24 - 8 * i);
	fresh(&c);
	assert_int_equal(chunk_decode(ctx, &c, buf, n + 6), -EBADMSG);
	assert_int_equal(c.n[UNIT_WAITING], 300);
}

static void test_lies_are_refused(void **state)
{
	refuse(*state, "", 0);
	refuse(*state,
	       "\x02\xAB\x02"
	       "\x02\x00",
	       5);                             /* an empty run */
	refuse(*state, "\x02\x64", 2);         /* too few units */
	refuse(*state, "\x02\xAD\x02", 3);     /* too many */
	refuse(*state, "\x02\xFF\x7F", 3);     /* far too many */
	refuse(*state, "\x02\xAC\x82\x00", 4); /* a longer number */
	refuse(*state, "\x02\xAC", 2);         /* ends in a number */
	refuse(*state, "\x02\xAC\x02\x03", 4); /* ends in a run */
	refuse(*state, "\x01\xAC\x02", 3);     /* handed without an attempt */
}

/* The same for an index: 300 units are 38 octets of one bit, 75 of two, 150 of four. */
static void test_index_lies_are_refused(void **state)
{
	char text[2 + 17 + 150 + 1] = "\xFF\x02\x02\x03";

	refuse(*state, text, 4 + 37);
	refuse(*state, text, 4 + 39);
	text[1] = 1;
	refuse(*state, text, 3 + 38);
	text[1] = 3; /* of 0..2, the last unit's index is 3 */
	text[2 + 3 + 74] = (char)0xC0;
	refuse(*state, text, 5 + 75);
	text[1] = 2;
	text[3] = UNIT_HANDED;
	refuse(*state, text, 4 + 38);
	text[3] = (char)CODE_MARK;
	refuse(*state, text, 4 + 38);
	refuse(*state, "\xFF", 1);
	memset(text + 2, UNIT_ACCEPTED, sizeof(text) - 2);
	text[1] = 17;
	refuse(*state, text, 2 + 17 + 150);
	text[1] = 5; /* of 0..4, a unit's index is 15 */
	memset(text + 7, 0, 150);
	text[80] = (char)0xF0;
	refuse(*state, text, 7 + 150);
}

/* And for the range coder. */
static void test_range_lies_are_refused(void **state)
{
	char text[120] = "\xFF\0\2\2\3";

	refuse(*state, text, 2);
	refuse(*state, text, 3);
	refuse(*state, text, 5);       /* no code at all */
	refuse(*state, text, 5 + 100); /* far more than 300 units take: the rest would be nobody's */
	text[2] = 1;
	refuse(*state, text, 5 + 10);
	text[2] = 65;
	refuse(*state, text, 3 + 65 + 10);
	text[2] = 2;
	text[4] = UNIT_HANDED;
	refuse(*state, text, 5 + 10);
	text[4] = (char)CODE_MARK;
	refuse(*state, text, 5 + 10);
}

static bool any_is_sound(uint8_t octet)
{
	return octet != CODE_MARK;
}

/* Octets written before there was a range coder: two answers in the order in which they appeared. */
static void test_index_of_old_is_read(void **state)
{
	static const uint8_t old[] = {0xFF, 2, UNIT_REFUSED, UNIT_ACCEPTED, 0xFE, 0x01};
	uint8_t unit[10];

	(void)state;
	assert_int_equal(code_read(old, sizeof(old), 10, any_is_sound, unit), 0);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(unit[i], i == 0 || i == 9 ? UNIT_REFUSED : UNIT_ACCEPTED);
}

static void assert_same(void *ctx, const struct chunk *c, const uint8_t *buf, int len)
{
	struct chunk back;

	assert_true(len > 0);
	chunk_init(&back, c->no, c->count, 0, UNIT_WAITING);
	assert_int_equal(chunk_decode(ctx, &back, buf, len), 0);
	for (uint32_t i = 0; i < c->count; i++)
		assert_int_equal(chunk_get(&back, i), chunk_get(c, i));
	assert_sums(&back);
	chunk_fill(&back, UNIT_WAITING);
}

/* A chunk of answers that come by chance, each as often as its weight says. */
static void mix(void *ctx, struct chunk *c, const uint8_t *octets, const unsigned int *weights, unsigned int n, uint64_t *seed)
{
	unsigned int sum = 0;

	for (unsigned int k = 0; k < n; k++)
		sum += weights[k];
	chunk_init(c, 1, CHUNK_UNITS, 0, octets[0]);
	for (uint32_t i = 0; i < CHUNK_UNITS; i++) {
		unsigned int at = rnd(seed) % sum, k = 0;

		while (at >= weights[k])
			at -= weights[k++];
		chunk_set(ctx, c, i, octets[k]);
	}
}

/* Whatever the answers are, a chunk at rest takes little more than their entropy: -sum p log2 p bits a unit. */
static void test_answers_cost_their_entropy(void **state)
{
	static const uint8_t ends[] = {UNIT_ACCEPTED, UNIT_REFUSED, UNIT_UNKNOWN, UNIT_EXPIRED, UNIT_WITHDRAWN, UNIT_EXCLUDED};
	static const struct {
		unsigned int n, weights[6], entropy; /* octets of 4096 units */
	} mixes[] = {
		{2, {99, 1}, 42},	    {2, {9, 1}, 240},		 {2, {7, 3}, 451},	     {2, {1, 1}, 512},
		{3, {90, 5, 5}, 292},       {3, {1, 1, 1}, 812},	 {4, {70, 10, 10, 10}, 695}, {4, {1, 1, 1, 1}, 1024},
		{5, {80, 5, 5, 5, 5}, 575}, {5, {1, 1, 1, 1, 1}, 1189}, {6, {1, 1, 1, 1, 1, 1}, 1324},
	};
	uint8_t buf[CHUNK_ENCODED_MAX];
	uint64_t seed = 3;

	for (unsigned int m = 0; m < sizeof(mixes) / sizeof(*mixes); m++)
		for (unsigned int turn = 0; turn < 20; turn++) {
			unsigned int sum = 0;
			struct chunk c;
			int len;

			mix(*state, &c, ends, mixes[m].weights, mixes[m].n, &seed);
			len = chunk_encode(&c, buf, sizeof(buf));
			/* Chance makes some chunks more mixed than others: a few standard deviations. */
			for (unsigned int k = 0; k < mixes[m].n; k++)
				sum += mixes[m].weights[k];
			assert_true(len < (int)mixes[m].entropy * (mixes[m].weights[0] * mixes[m].n == sum ? 102 : 115) / 100 + 25);
			assert_same(*state, &c, buf, len);
			chunk_fill(&c, UNIT_WAITING);
		}
}

/* Histories of all kinds while units are with a link: two bits for up to four kinds, four for up to sixteen. Without one
 * that is handed it may take longer and is shorter. */
static void test_histories_are_small(void **state)
{
	static const unsigned int even[80] = {[0 ... 79] = 1};
	uint8_t buf[CHUNK_ENCODED_MAX], octets[80];
	uint64_t seed = 5;

	for (unsigned int n = 2; n <= 80; n++) {
		int most = n <= 2 ? CHUNK_UNITS / 8 : n <= 4 ? CHUNK_UNITS / 4 : n <= 16 ? CHUNK_UNITS / 2 : CHUNK_UNITS * 2;
		struct chunk c;
		int len;

		for (unsigned int k = 0; k < n; k++)
			octets[k] = k == 0 ? UNIT_ACCEPTED : UNIT_OCTET(k & 1 ? UNIT_HANDED : UNIT_WAITING, 1 + k / 2 % 3, k / 6 % 8) | (k >= 48 ? 4 : 0);
		mix(*state, &c, octets, even, n, &seed);
		len = chunk_encode(&c, buf, sizeof(buf));
		assert_true(len <= most + 8 + 16);
		assert_same(*state, &c, buf, len);
		for (uint32_t i = 0; i < c.count; i++)
			if (UNIT_STATE(chunk_get(&c, i)) == UNIT_HANDED)
				chunk_set(*state, &c, i, chunk_get(&c, i) & ~7);
		most = chunk_encode(&c, buf, sizeof(buf));
		assert_true(n <= 4 || n > 64 ? most <= len : most < len);
		assert_true(n > 64 || most <= CHUNK_UNITS * 6 / 8 + 80);
		assert_same(*state, &c, buf, most);
		chunk_fill(&c, UNIT_WAITING);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(unit_state_name(UNIT_WAITING), "waiting");
	assert_string_equal(unit_state_name(UNIT_UNKNOWN), "unknown");
	assert_string_equal(unit_state_name(UNIT_STATES), "?");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_untouched_costs_nothing),
		TEST(test_set_keeps_sums),
		TEST(test_pack_uniform_frees),
		TEST(test_pack_runs),
		TEST(test_roundtrip),
		TEST(test_encode_small),
		TEST(test_crc_is_crc32),
		TEST(test_damage_is_refused),
		TEST(test_wrong_place_is_refused),
		TEST(test_lies_are_refused),
		TEST(test_index_lies_are_refused),
		TEST(test_range_lies_are_refused),
		TEST(test_index_of_old_is_read),
		TEST(test_answers_cost_their_entropy),
		TEST(test_histories_are_small),
		TEST(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

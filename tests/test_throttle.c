/* The throttle's promise under polls that come when they like: never above rate + burst in any second, 99 %
 * over ten. */
#include "gateway/throttle.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define S UINT64_C(1000000)

static uint64_t rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What left, for checking every window of span_us. */
struct trace {
	uint64_t span_us; /* 0 = a second */
	struct {
		uint64_t us;
		uint32_t parts;
	} * v;
	size_t n, max, first; /* first: oldest within the window */
	uint64_t in_window, most;
};

static void trace_add(struct trace *tr, uint64_t us, uint32_t parts)
{
	if (tr->n == tr->max) {
		tr->max = tr->max ? tr->max * 2 : 1024;
		tr->v = realloc(tr->v, tr->max * sizeof(*tr->v));
		assert_non_null(tr->v);
	}
	tr->v[tr->n].us = us;
	tr->v[tr->n++].parts = parts;
	tr->in_window += parts;
	while (tr->v[tr->first].us + (tr->span_us ? tr->span_us : S) < us)
		tr->in_window -= tr->v[tr->first++].parts;
	if (tr->in_window > tr->most)
		tr->most = tr->in_window;
}

static uint64_t trace_sum(const struct trace *tr, uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tr->n; i++)
		if (tr->v[i].us > from && tr->v[i].us <= to)
			sum += tr->v[i].parts;
	return sum;
}

static void send_all(struct throttle *t, struct trace *tr, uint64_t now)
{
	uint32_t n = throttle_allow(t, UINT32_MAX, now);

	if (n) {
		throttle_take(t, n, now);
		trace_add(tr, now, n);
	}
}

/* Always work; polls up to gap_us apart. */
static void poll_run(double rate, uint32_t burst, uint64_t gap_us, uint64_t seed)
{
	struct trace tr = {0};
	struct throttle t;
	uint64_t start = 123456789, now = start;

	throttle_init(&t, rate, burst, now);
	while (now < start + 13 * S) {
		now += gap_us ? 1 + rnd(&seed) % gap_us : 1000;
		send_all(&t, &tr, now);
	}
	assert_true((double)tr.most <= rate + burst);
	/* One part of rounding at each end at most. */
	assert_true((double)trace_sum(&tr, start + S, start + 11 * S) >= 0.99 * rate * 10 - 1);
	assert_true((double)trace_sum(&tr, start + 2 * S, start + 12 * S) >= 0.99 * rate * 10 - 1);
	free(tr.v);
}

static void test_accuracy(void **state)
{
	static const double rates[] = {0.5, 1, 7.3, 7.9, 100, 1500, 10000, 200000};
	static const uint64_t gaps[] = {0, 300, 2000, 10000, 20000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		for (size_t g = 0; g < sizeof(gaps) / sizeof(*gaps); g++) {
			if (gaps[g] <= 10000)
				poll_run(rates[r], 1, gaps[g], 77 + g);
			poll_run(rates[r], rates[r] / 10 > 1 ? (uint32_t)(rates[r] / 10) : 1, gaps[g],
				 99 + g);
		}
	}
}

#define LINKS_MAX 16

/* n links of one carrier, each polled at its own time; together they could send half as much again. */
static void carrier_run(double rate, unsigned int n, uint64_t gap_us, uint64_t seed)
{
	uint32_t burst = rate / 10 > 1 ? (uint32_t)(rate / 10) : 1, share = burst / n ? burst / n : 1;
	uint64_t start = 55 * S, now = start, next[LINKS_MAX];
	double each = n == 1 ? rate : rate * 1.5 / n;
	struct throttle carrier, link[LINKS_MAX];
	struct trace all = {0}, own[LINKS_MAX] = {{0}};
	uint64_t least = UINT64_MAX, most = 0;

	throttle_init(&carrier, rate, share * n, now);
	for (unsigned int i = 0; i < n; i++) {
		throttle_init(&link[i], each, share, now);
		next[i] = now + rnd(&seed) % gap_us;
	}
	while (now < start + 13 * S) {
		unsigned int i = 0;
		uint32_t parts;

		for (unsigned int k = 1; k < n; k++)
			i = next[k] < next[i] ? k : i;
		now = next[i];
		next[i] = now + 1 + rnd(&seed) % gap_us;
		parts = throttle_allow(&link[i], UINT32_MAX, now);
		parts = parts ? throttle_allow(&carrier, parts, now) : 0;
		if (parts == 0)
			continue;
		throttle_take(&link[i], parts, now);
		throttle_take(&carrier, parts, now);
		trace_add(&own[i], now, parts);
		trace_add(&all, now, parts);
	}
	assert_true((double)all.most <= rate + share * n);
	assert_true((double)trace_sum(&all, start + 2 * S, start + 12 * S) >= 0.99 * rate * 10 - 1);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t sum = trace_sum(&own[i], start, now);

		assert_true((double)own[i].most <= each + share);
		least = sum < least ? sum : least;
		most = sum > most ? sum : most;
		free(own[i].v);
	}
	if (n == 1 || n == LINKS_MAX)
		print_message("# %.0f/s over %u link%s: %.2f %% of the rate, at most %.2f %% of rate + burst; a link %.0f to %.0f/s\n", rate, n,
			      n > 1 ? "s" : "", trace_sum(&all, start + 2 * S, start + 12 * S) * 10 / rate,
			      100.0 * all.most / (rate + share * n), least / 13.0, most / 13.0);
	free(all.v);
}

static void test_links_of_one_carrier(void **state)
{
	static const double rates[] = {1, 100, 10000, 200000};
	static const unsigned int links[] = {1, 2, 3, 5, 8, 16};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++)
		for (size_t l = 0; l < sizeof(links) / sizeof(*links); l++)
			carrier_run(rates[r], links[l], 4000, 7 + r * 100 + l);
}

/* By how much more than a second the windows hold the promise, see throttle.h. */
static uint64_t margin_us(double rate, uint32_t burst)
{
	double us = ((double)(uint64_t)(rate + burst) - rate) / rate / 2 * 1e6;

	us = us < 48000 ? us : 48000;
	return us > 2000 ? (uint64_t)us - 2000 : 0; /* of whole slots */
}

/* A peer that stalls and then reads all at once: what it counts within a second. */
static void late_reader_run(double rate, uint32_t burst, uint64_t seed)
{
	uint64_t start = 7 * S, now = start, wakes = start, stall = margin_us(rate, burst);
	struct trace tr = {0}, sent = {.span_us = S + stall};
	struct throttle t;
	uint32_t unread = 0;

	throttle_init(&t, rate, burst, now);
	while (now < start + 12 * S) {
		uint32_t n;

		/* Idle now and then, so that the bucket is full. */
		now += 1 + rnd(&seed) % 3000 + (rnd(&seed) % 3000 == 0 ? S / 4 : 0);
		n = throttle_allow(&t, UINT32_MAX, now);
		if (now >= wakes) {
			trace_add(&tr, wakes, unread);
			unread = 0;
			wakes = now + rnd(&seed) % (stall + 1);
		}
		throttle_take(&t, n, now);
		trace_add(&sent, now, n);
		unread += n;
	}
	assert_true((double)sent.most <= rate + burst);
	assert_true((double)tr.most <= rate + burst);
	free(tr.v);
	free(sent.v);
}

static void test_late_reader(void **state)
{
	static const double rates[] = {0.5, 7.9, 20, 1500, 30000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			late_reader_run(rates[r], 1, seed * 31);
			late_reader_run(rates[r], 1 + (uint32_t)(rates[r] / 10), seed * 37);
		}
}

/* Exactly as many as the clock says, without drift, when asked at the promised instants. */
static void test_next_is_exact(void **state)
{
	struct throttle t;
	uint64_t start = 5 * S, now = start, n = 0;

	(void)state;
	throttle_init(&t, 3, 1, start);
	while (now < start + 1000 * S) {
		now = throttle_next_us(&t, 1, now);
		assert_int_equal(throttle_allow(&t, 5, now), 1);
		throttle_take(&t, 1, now);
		assert_int_equal(throttle_allow(&t, 1, now), 0);
		n++;
	}
	assert_in_range(n, 2999, 3001);
}

/* Idle times, partial takes, wild polls, rate changes and backoffs never break the window. */
static void wild_run(uint64_t seed)
{
	static const double rates[] = {0.5, 3, 50, 2000, 30000};
	double rate = rates[rnd(&seed) % 5];
	uint32_t burst = 1 + rnd(&seed) % (1 + (uint32_t)rate / 5);
	uint64_t now = rnd(&seed) % (1000 * S);
	struct trace tr = {0};
	struct throttle t;

	throttle_init(&t, rate, burst, now);
	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t dice = rnd(&seed) % 1000;
		uint32_t n;

		now += dice < 3 ? rnd(&seed) % (3 * S) : rnd(&seed) % 4000;
		n = throttle_allow(&t, dice < 500 ? UINT32_MAX : 1 + rnd(&seed) % 5, now);
		if (n) {
			throttle_take(&t, n, now);
			trace_add(&tr, now, n);
		}
		if (dice == 999)
			throttle_backoff(&t, now);
	}
	assert_true((double)tr.most <= rate + burst);
	free(tr.v);
}

static void test_wild_polls(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++)
		wild_run(seed * 7919);
}

/* Crashes: the new process knows nothing, the promise holds over both. */
static void test_restart(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		uint64_t s = seed * 104729, now = 9 * S, crash = 0;
		struct trace tr = {0};
		struct throttle t;

		throttle_init(&t, 500, 20, now);
		for (unsigned int i = 0; i < 20000; i++) {
			now += rnd(&s) % 1500;
			if (now > crash) {
				throttle_init(&t, 500, 20, now);
				crash = now + rnd(&s) % (2 * S);
				now += rnd(&s) % 2 ? 0
						   : rnd(&s) % S; /* now and then idle: the bucket fills */
			}
			send_all(&t, &tr, now);
		}
		assert_true(tr.most <= 520);
		free(tr.v);
	}
}

static void test_starts_empty(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 100, 50, 1000);
	assert_int_equal(throttle_allow(&t, 10, 1000), 0);
	/* 20 ms are owed, and 48.829 ms for the peer that reads late. */
	assert_int_equal(throttle_allow(&t, 10, 1000 + 78828), 0);
	assert_int_equal(throttle_allow(&t, 10, 1000 + 78829), 1);
}

static void test_unlimited(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 0, 1, 5);
	assert_int_equal(throttle_allow(&t, 1000000, 5), 1000000);
	throttle_take(&t, 1000000, 5);
	assert_int_equal(throttle_allow(&t, 7, 5), 7);
	assert_true(throttle_next_us(&t, 7, 6) == 6);
	assert_true(throttle_granted(&t, 6) == 0);
}

static void test_unlimited_backs_off(void **state)
{
	struct trace tr = {0};
	struct throttle t;

	(void)state;
	throttle_init(&t, 0, 1, 0);
	throttle_take(&t, 1000, S);
	throttle_backoff(&t, S);
	assert_true(throttle_granted(&t, S) == 500);
	for (uint64_t now = S; now < 2 * S; now += 1000)
		send_all(&t, &tr, now);
	assert_in_range(trace_sum(&tr, S, 2 * S), 480, 540);
	assert_true(throttle_granted(&t, 40 * S) == 0);
	free(tr.v);
}

static void test_backoff_halves_once(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 100, 0);
	throttle_backoff(&t, S);
	throttle_backoff(&t, S + 1000);
	assert_true(throttle_granted(&t, S + 1000) < 501 && throttle_granted(&t, S + 1000) >= 500);
	throttle_backoff(&t, S + 200000);
	assert_in_range((int)throttle_granted(&t, S + 200000), 250, 255);
	assert_int_equal(throttle_allow(&t, 100, S + 200000), 0); /* the saved burst is gone */
}

static void test_backoff_recovers(void **state)
{
	struct throttle t;
	struct trace tr = {0};
	uint64_t now = S;

	(void)state;
	throttle_init(&t, 1000, 100, 0);
	for (unsigned int i = 0; i < 100; i++)
		throttle_backoff(&t, now += 200000);
	assert_true(throttle_granted(&t, now) >= 1000.0 / 256);
	assert_true(throttle_granted(&t, now) < 20);
	assert_true(throttle_granted(&t, now + 10 * S) < 400);
	assert_true(throttle_granted(&t, now + 30 * S) == 1000);
	for (uint64_t end = now + 35 * S; now < end; now += 1000)
		send_all(&t, &tr, now);
	assert_in_range(trace_sum(&tr, now - 2 * S, now - S), 990, 1010);
	free(tr.v);
}

static void test_set_rate(void **state)
{
	struct trace tr = {0};
	struct throttle t;
	uint64_t now = 0, cut = 3 * S;

	(void)state;
	throttle_init(&t, 1000, 10, 0);
	for (; now < cut; now += 700)
		send_all(&t, &tr, now);
	throttle_set_rate(&t, 100, 10, now);
	for (; now < 8 * S; now += 700) {
		send_all(&t, &tr, now);
		assert_true(now < 5 * S || tr.in_window <= 110);
	}
	assert_in_range(trace_sum(&tr, 6 * S, 7 * S), 98, 102);
	/* In the second after the change nothing more left than the new promise allows. */
	assert_true(trace_sum(&tr, cut, cut + S) <= 110);
	free(tr.v);
}

static void test_too_many_parts(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1, 1, 0);
	assert_true(throttle_next_us(&t, 2, S) == UINT64_MAX);
	assert_true(throttle_next_us(&t, 1, 0) == S + 68829);
}

static void test_time_backwards(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 10, 1, 10 * S);
	assert_int_equal(throttle_allow(&t, 1, 0), 0);
	throttle_take(&t, 1, 11 * S);
	throttle_take(&t, 0, 0);
	throttle_backoff(&t, 0);
	assert_int_equal(throttle_allow(&t, 1, 11 * S + 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accuracy),
		cmocka_unit_test(test_links_of_one_carrier),
		cmocka_unit_test(test_late_reader),
		cmocka_unit_test(test_next_is_exact),
		cmocka_unit_test(test_wild_polls),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_starts_empty),
		cmocka_unit_test(test_unlimited),
		cmocka_unit_test(test_unlimited_backs_off),
		cmocka_unit_test(test_backoff_halves_once),
		cmocka_unit_test(test_backoff_recovers),
		cmocka_unit_test(test_set_rate),
		cmocka_unit_test(test_too_many_parts),
		cmocka_unit_test(test_time_backwards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

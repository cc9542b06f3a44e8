/* Predictions: the plan's at first, then the pace of the last busy minute; queues in order of deadlines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "gateway/forecast.h"

static struct forecast_rate planned(double rate)
{
	return (struct forecast_rate){.planned = rate};
}

static void the_plan_holds_until_there_is_a_measure(void **state)
{
	struct forecast_rate r = planned(100);

	r.measured = 10;
	assert_true(forecast_seconds(&r, 1000) == 10);
	r.trusted = true;
	assert_true(forecast_seconds(&r, 1000) == 100);
	assert_true(forecast_seconds(&r, 0) == 0);
}

static void unlimited_is_fast(void **state)
{
	struct forecast_rate r = planned(0);

	assert_true(forecast_seconds(&r, 1000) < 0.01);
}

static void nothing_moves_never_ends(void **state)
{
	struct forecast_rate r = planned(100);

	r.trusted = true;
	assert_true(isinf(forecast_seconds(&r, 1)));
}

static void short_outages_are_not_extrapolated(void **state)
{
	struct forecast_rate r = planned(100);

	r.down = true;
	r.down_s = 59;
	assert_true(forecast_seconds(&r, 1000) == 10);
	r.down_s = 60;
	assert_true(isinf(forecast_seconds(&r, 1000)));
}

static void idle_seconds_do_not_count(void **state)
{
	struct forecast_meter m = {0};
	double sum = 500; /* of a life before */

	for (int s = 0; s < 200; s++) {
		bool busy = s % 4 < 3;

		if (busy && s % 4 > 0)
			sum += 50;
		forecast_sample(&m, sum, busy);
	}
	assert_true(fabs(forecast_pace(&m) - 50) < 1e-9);
	assert_true(forecast_trusted(&m));
}

static void a_job_that_goes_is_no_work_undone(void **state)
{
	struct forecast_meter m = {0};

	forecast_sample(&m, 0, true);
	forecast_sample(&m, 1000, true);
	forecast_sample(&m, 10, true); /* an alert was forgotten */
	forecast_sample(&m, 1010, true);
	assert_true(forecast_pace(&m) == 1000);
	assert_int_equal(m.n, 2);
	assert_false(forecast_trusted(&m));
}

static void old_seconds_are_forgotten(void **state)
{
	struct forecast_meter m = {0};
	double sum = 0;

	for (int s = 0; s <= 300; s++)
		forecast_sample(&m, sum += s <= 200 ? 100 : 20, true);
	assert_true(fabs(forecast_pace(&m) - 20) < 1e-9);
}

/* xorshift: a carrier that throttles to about 70 % of what was agreed, unevenly, with a second lost now and then. */
static double noise(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

static double run(uint64_t seed, double parts, double rate, double *worst, double *first)
{
	struct forecast_meter m = {0};
	struct forecast_rate r = planned(rate);
	double told[4000], left = parts;
	int s = 0;

	while (left > 0 && s < 4000) {
		forecast_sample(&m, parts - left, true);
		r.measured = forecast_pace(&m);
		r.trusted = forecast_trusted(&m);
		told[s] = s + forecast_seconds(&r, left);
		left -= fmin(left, noise(&seed) < 0.01 ? 0 : rate * (0.65 + 0.1 * noise(&seed)));
		s++;
	}
	assert_true(s > 120 && s < 4000);
	*first = told[0];
	*worst = 0;
	for (int i = 61; i < s; i++)
		*worst = fmax(*worst, fabs(told[i] - s) / s);
	return s;
}

static void within_five_percent_after_a_minute(void **state)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		double worst, first, ended = run(seed * 0x9E3779B97F4A7C15, 600000, 1000, &worst, &first);

		if (worst > 0.05)
			fail_msg("seed %u: %.1f %% off, ended after %.0f s", (unsigned int)seed, 100 * worst, ended);
		assert_true(fabs(first - 600) < 1); /* the planner's word */
	}
}

static void earlier_deadlines_go_first(void **state)
{
	struct forecast_queue q = {0};
	void *ctx = talloc_new(NULL);

	forecast_add(ctx, &q, 1, 300, 30);
	forecast_add(ctx, &q, 0, 100, 1000);
	forecast_add(ctx, &q, 1, 100, 10);
	forecast_add(ctx, &q, 1, 200, 20);
	forecast_add(ctx, &q, 1, 200, 5);
	forecast_order(&q);
	assert_true(forecast_ahead(&q, 1, 99) == 0);
	assert_true(forecast_ahead(&q, 1, 100) == 10);
	assert_true(forecast_ahead(&q, 1, 200) == 35);
	assert_true(forecast_ahead(&q, 1, 1000) == 65);
	assert_true(forecast_ahead(&q, 0, 1000) == 1000);
	assert_true(forecast_ahead(&q, 2, 1000) == 0);
	talloc_free(ctx);
}

static void no_work_no_wait(void **state)
{
	struct forecast_queue q = {0};

	forecast_order(&q);
	assert_true(forecast_ahead(&q, 0, INT64_MAX) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_holds_until_there_is_a_measure),
		cmocka_unit_test(unlimited_is_fast),
		cmocka_unit_test(nothing_moves_never_ends),
		cmocka_unit_test(short_outages_are_not_extrapolated),
		cmocka_unit_test(idle_seconds_do_not_count),
		cmocka_unit_test(a_job_that_goes_is_no_work_undone),
		cmocka_unit_test(old_seconds_are_forgotten),
		cmocka_unit_test(within_five_percent_after_a_minute),
		cmocka_unit_test(earlier_deadlines_go_first),
		cmocka_unit_test(no_work_no_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

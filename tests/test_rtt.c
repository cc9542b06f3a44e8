/* Round trips: mean and quantiles of what came lately. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "gateway/rtt.h"

#define S UINT64_C(1000000)

static void near_us(uint64_t got, uint64_t want)
{
	assert_true(got + want / 8 + 1 >= want && got <= want + want / 8 + 1);
}

static void mean_and_quantiles(void **state)
{
	struct rtt r = {.now = 0};

	assert_int_equal(rtt_mean_us(&r, 0), 0);
	assert_int_equal(rtt_quantile_us(&r, 0.99, 5 * S), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		rtt_add(&r, i * 100, 100 * S + i);
	near_us(rtt_mean_us(&r, 101 * S), 50050);
	near_us(rtt_quantile_us(&r, 0.5, 101 * S), 50000);
	near_us(rtt_quantile_us(&r, 0.99, 101 * S), 99000);
	near_us(rtt_quantile_us(&r, 0.001, 101 * S), 100);
}

static void every_size(void **state)
{
	for (uint64_t us = 0; us < UINT64_C(1) << 40; us = us * 9 / 8 + 1) {
		struct rtt r = {.now = 0};

		rtt_add(&r, us, 40 * S);
		assert_true(rtt_mean_us(&r, 40 * S) == us);
		if (us < UINT64_C(1) << 32)
			near_us(rtt_quantile_us(&r, 0.99, 40 * S), us);
	}
}

static void what_is_old_is_forgotten(void **state)
{
	struct rtt r = {.now = 0};

	rtt_add(&r, 1000, 100 * S);
	rtt_add(&r, 3000, 131 * S);
	assert_int_equal(rtt_mean_us(&r, 140 * S), 2000);
	assert_int_equal(rtt_mean_us(&r, 170 * S), 3000);
	assert_int_equal(rtt_mean_us(&r, 200 * S), 0);
	rtt_add(&r, 5000, 300 * S);
	assert_int_equal(rtt_mean_us(&r, 300 * S), 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_and_quantiles),
		cmocka_unit_test(every_size),
		cmocka_unit_test(what_is_old_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

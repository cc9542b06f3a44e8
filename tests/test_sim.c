/* Worlds by the hundred: every promise in each of them. REUNION_SEEDS=n for more, REUNION_SEED=n for one,
 * printed. */
#include "gateway/dispatch_int.h"
#include "gateway/sim.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 10) : otherwise;
}

static void print_report(const struct sim_report *r)
{
	print_message(
		"%lu steps, %.1f s: %lu submits, %lu copies, %lu repeats (worst %u by one event, %u to one), "
		"%lu crashes, %lu breaks, %lu commits, %lu failed, trace %016lx\n",
		(unsigned long)r->steps, (double)r->end_us / 1e6 - 1000, (unsigned long)r->submits,
		(unsigned long)r->copies, (unsigned long)r->repeats, r->worst_event, r->worst_person,
		(unsigned long)r->crashes, (unsigned long)r->breaks, (unsigned long)r->commits,
		(unsigned long)r->failed_commits, (unsigned long)r->hash);
}

static bool run_seed(uint64_t seed, struct sim_report *r, bool show, bool smpp)
{
	void *ctx = talloc_new(NULL);
	struct sim_plan plan;
	int rc;

	sim_plan_random(ctx, seed, &plan);
	for (size_t i = 0; i < plan.n_links; i++)
		plan.link[i].smpp = smpp;
	rc = sim_run(&plan, r);
	if (rc < 0)
		print_error("seed %lu: %s\n", (unsigned long)seed, r->error);
	if (rc < 0 || show) {
		sim_plan_print(&plan, stderr);
		print_report(r);
	}
	talloc_free(ctx);
	return rc == 0;
}

static void run_seeds(uint64_t usual, bool smpp)
{
	uint64_t n = from_env("REUNION_SEEDS", usual), one = from_env("REUNION_SEED", 0), failed = 0;
	struct sim_report all = {0}, r;

	for (uint64_t seed = one ? one : 1; seed <= (one ? one : n) && failed < 5; seed++) {
		failed += !run_seed(seed, &r, one != 0, smpp);
		all.steps += r.steps;
		all.submits += r.submits;
		all.copies += r.copies;
		all.repeats += r.repeats;
		all.crashes += r.crashes;
		all.breaks += r.breaks;
		all.commits += r.commits;
		all.failed_commits += r.failed_commits;
		all.worst_event = r.worst_event > all.worst_event ? r.worst_event : all.worst_event;
		all.worst_person = r.worst_person > all.worst_person ? r.worst_person : all.worst_person;
		all.end_us += r.end_us - 1000000000;
	}
	all.end_us += 1000000000;
	print_report(&all);
	assert_int_equal(failed, 0);
}

static void test_seeds(void **state)
{
	(void)state;
	run_seeds(200, false);
}

static void test_seeds_smpp(void **state)
{
	(void)state;
	run_seeds(100, true);
}

static void test_same_seed_same_trace(void **state)
{
	struct sim_report a, b;

	(void)state;
	for (uint64_t seed = 5; seed < 25; seed++) {
		assert_true(run_seed(seed, &a, false, seed % 2));
		assert_true(run_seed(seed, &b, false, seed % 2));
		assert_true(a.hash == b.hash && a.steps == b.steps);
	}
	assert_true(run_seed(25, &b, false, false));
	assert_true(a.hash != b.hash);
}

/* A random world printed as a scenario is the same world. */
static void test_scenario_is_the_seed(void **state)
{
	(void)state;
	for (uint64_t seed = 30; seed < 40; seed++) {
		void *ctx = talloc_new(NULL);
		struct sim_plan plan, again;
		struct sim_report a, b;
		char *text = NULL, err[120];
		size_t len;
		FILE *f = open_memstream(&text, &len);

		sim_plan_random(ctx, seed, &plan);
		sim_plan_print(&plan, f);
		fclose(f);
		assert_int_equal(sim_plan_parse(ctx, text, &again, err, sizeof(err)), 0);
		sim_run(&plan, &a);
		sim_run(&again, &b);
		assert_true(a.hash == b.hash);
		free(text);
		talloc_free(ctx);
	}
}

/* How many of 40 seeds notice that a rule is broken. */
static unsigned int noticed(unsigned int faults, bool full_bucket, bool lost_is_accepted, const char *what)
{
	unsigned int n = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		void *ctx = talloc_new(NULL);
		struct sim_plan plan;
		struct sim_report r;

		sim_plan_random(ctx, seed, &plan);
		plan.faults = faults;
		plan.full_bucket = full_bucket;
		plan.lost_is_accepted = lost_is_accepted;
		sim_run(&plan, &r);
		n += strstr(r.error, what) != NULL;
		talloc_free(ctx);
	}
	print_message("%u of 40 seeds say \"%s\"\n", n, what);
	return n;
}

static void test_gates_can_fail(void **state)
{
	(void)state;
	assert_true(noticed(FAULT_LAZY_ANSWERS, false, false, "parts in doubt") > 0);
	assert_true(noticed(FAULT_HAND_EARLY, false, false, "before its attempt was durable") > 0);
	assert_true(noticed(FAULT_NO_ATTEMPTS, false, false, "4 copies") > 0);
	assert_true(noticed(FAULT_KEEP_RESERVED, false, false, "sent after") > 0);
	assert_true(noticed(FAULT_FAILED_IS_DONE, false, false, "before its attempt was durable") > 0);
	assert_true(noticed(0, true, false, "parts within a second") > 0);
	assert_true(noticed(0, false, true, "accepted in the ledger only") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_seeds_smpp),
		cmocka_unit_test(test_same_seed_same_trace),
		cmocka_unit_test(test_scenario_is_the_seed),
		cmocka_unit_test(test_gates_can_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

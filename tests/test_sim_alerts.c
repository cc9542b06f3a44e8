/* Worlds of whole alerts by the hundred. REUNION_SEEDS=n for more, REUNION_SEED=n for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "tests/sim_alerts.h"

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 10) : otherwise;
}

static void add(struct sim_alerts_report *all, const struct sim_alerts_report *r)
{
	all->steps += r->steps;
	all->seconds += r->seconds;
	all->alerts += r->alerts;
	all->again += r->again;
	all->rings += r->rings;
	all->updates += r->updates;
	all->cancels += r->cancels;
	all->reloads += r->reloads;
	all->jumps += r->jumps;
	all->crashes += r->crashes;
	all->flaps += r->flaps;
	all->failed_commits += r->failed_commits;
	all->submits += r->submits;
	all->copies += r->copies;
	all->repeats += r->repeats;
	all->unknown += r->unknown;
	all->worst_person = r->worst_person > all->worst_person ? r->worst_person : all->worst_person;
}

#define N(x) ((unsigned long)(x))
static void print(const struct sim_alerts_report *r, clock_t from)
{
	print_message("%lu h, %lu steps: %lu alerts (%lu times asked for again), %lu rings, %lu updates, %lu cancels, %lu reloads, %lu clock steps, %lu crashes, %lu flaps, "
		      "%lu failed commits; %lu submits, %lu copies, %lu repeats (%u to one), %lu unknown; %.1f s of CPU\n",
		      N(r->seconds / 3600), N(r->steps), N(r->alerts), N(r->again), N(r->rings), N(r->updates), N(r->cancels), N(r->reloads), N(r->jumps),
		      N(r->crashes), N(r->flaps), N(r->failed_commits), N(r->submits), N(r->copies), N(r->repeats), r->worst_person,
		      N(r->unknown), (double)(clock() - from) / CLOCKS_PER_SEC);
}

static void run_seeds(uint64_t usual, bool storm)
{
	uint64_t n = from_env("REUNION_SEEDS", usual), one = from_env("REUNION_SEED", 0), failed = 0;
	struct sim_alerts_report all = {0}, r;
	clock_t from = clock();

	for (uint64_t seed = one ? one : 1; seed <= (one ? one : n) && failed < 5; seed++) {
		if (sim_alerts_run(seed, storm, 0, &r) < 0) {
			print_error("%sseed %lu: %s\n", storm ? "storm, " : "", N(seed), r.error);
			failed++;
		}
		add(&all, &r);
	}
	print(&all, from);
	assert_int_equal(failed, 0);
}

static void test_alerts(void **state)
{
	(void)state;
	run_seeds(300, false);
}

static void test_storms(void **state)
{
	(void)state;
	run_seeds(200, true);
}

static void test_same_seed_same_trace(void **state)
{
	struct sim_alerts_report a, b;

	(void)state;
	for (uint64_t seed = 1; seed < 9; seed++) {
		sim_alerts_run(seed, seed % 2, 0, &a);
		sim_alerts_run(seed, seed % 2, 0, &b);
		assert_true(a.hash == b.hash && a.steps == b.steps);
	}
}

/* Of a world in five thousand that once stalled all links: progress of an update whose record was lost. */
static void test_change_before_progress(void **state)
{
	struct sim_alerts_report r;

	(void)state;
	sim_alerts_run(2603, true, BREAK_ORDER, &r);
	assert_non_null(strstr(r.error, "progress that nobody knows of"));
	assert_int_equal(sim_alerts_run(2603, true, 0, &r), 0);
}

/* How many of 60 worlds notice it, of one kind. */
static unsigned int noticed(unsigned int broken, bool storm, const char *what)
{
	unsigned int n = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct sim_alerts_report r;

		sim_alerts_run(seed, storm, broken, &r);
		n += strstr(r.error, what) != NULL;
	}
	print_message("%u of 60 %s say \"%s\"\n", n, storm ? "storms" : "worlds", what);
	return n;
}

/* What may be repeated, and how often, in storms too. */
static void test_repeats_are_noticed(void **state)
{
	unsigned int fourth = 0, resent = 0, beyond = 0;

	(void)state;
	for (int storm = 0; storm < 2; storm++) {
		fourth += noticed(BREAK_TRIES, storm, "4 copies");
		resent += noticed(BREAK_RESEND, storm, "repeats by");
		beyond += noticed(BREAK_WINDOW, storm, "repeats by");
		assert_int_equal(noticed(0, storm, "repeats by"), 0);
	}
	assert_true(fourth > 0 && resent > 0 && beyond > 0);
}

static void test_gates_can_fail(void **state)
{
	static const struct {
		unsigned int broken;
		const char *what;
	} gate[] = {
		{BREAK_CLOCK, "its expiry has moved"}, {BREAK_CLOCK, "before its end"},	  {BREAK_MAP, "cannot be served"},
		{BREAK_RELOAD, "runs with"},
		{BREAK_SWEEP, "no such map"},	       {BREAK_SPOOL, "sent after the cancel"}, {BREAK_RECALL, "sent after the cancel"},
		{BREAK_FORGET, "before its end"},      {BREAK_LOST, "in the ledger only"},
		{BREAK_TWICE, "planned twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(gate) / sizeof(*gate); i++) {
		unsigned int n = 0;

		for (uint64_t seed = 1; seed <= 60; seed++) {
			struct sim_alerts_report r;

			sim_alerts_run(seed, seed % 2, gate[i].broken, &r);
			n += strstr(r.error, gate[i].what) != NULL;
		}
		print_message("%u of 60 seeds say \"%s\"\n", n, gate[i].what);
		assert_true(n > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_same_seed_same_trace),
		cmocka_unit_test(test_change_before_progress),
		cmocka_unit_test(test_gates_can_fail),
		cmocka_unit_test(test_repeats_are_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

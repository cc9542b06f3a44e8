/* Worlds by the hundred: every promise in each of them. REUNION_SEEDS=n for more, REUNION_SEED=n for one,
 * printed. */
#include "gateway/dispatch_int.h"
#include "gateway/sim.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

enum world { WORLD_FAKE, WORLD_SMPP, WORLD_BROADCAST, WORLD_STORM, WORLD_DAY };

static void make_plan(void *ctx, uint64_t seed, enum world world, struct sim_plan *plan)
{
	sim_plan_random(ctx, seed, plan);
	if (world == WORLD_BROADCAST)
		sim_plan_broadcast(ctx, plan);
	if (world == WORLD_STORM)
		sim_plan_storm(ctx, plan);
	if (world == WORLD_DAY)
		sim_plan_day(plan);
	for (size_t i = 0; i < plan->n_links; i++)
		plan->link[i].smpp = world == WORLD_SMPP || (world != WORLD_FAKE && seed % 2);
}

static bool run_seed(uint64_t seed, struct sim_report *r, bool show, enum world world)
{
	void *ctx = talloc_new(NULL);
	struct sim_plan plan;
	int rc;

	make_plan(ctx, seed, world, &plan);
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

static void run_seeds(uint64_t usual, enum world world)
{
	uint64_t n = from_env("REUNION_SEEDS", usual), one = from_env("REUNION_SEED", 0), failed = 0;
	struct sim_report all = {0}, r;

	for (uint64_t seed = one ? one : 1; seed <= (one ? one : n) && failed < 5; seed++) {
		failed += !run_seed(seed, &r, one != 0, world);
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
	run_seeds(200, WORLD_FAKE);
}

static void test_seeds_smpp(void **state)
{
	(void)state;
	run_seeds(100, WORLD_SMPP);
}

static void test_seeds_broadcast(void **state)
{
	(void)state;
	run_seeds(250, WORLD_BROADCAST);
}

static void test_seeds_storm(void **state)
{
	(void)state;
	run_seeds(100, WORLD_STORM);
}

/* Days of alerts, crashes and quiet between them, in a second or two each at most. */
static void test_days(void **state)
{
	clock_t from = clock();

	(void)state;
	run_seeds(10, WORLD_DAY);
	print_message("%.2f s of CPU for 10 days\n", (double)(clock() - from) / CLOCKS_PER_SEC);
}

static void test_same_seed_same_trace(void **state)
{
	struct sim_report a, b;

	(void)state;
	for (uint64_t seed = 5; seed < 25; seed++) {
		assert_true(run_seed(seed, &a, false, seed % 4));
		assert_true(run_seed(seed, &b, false, seed % 4));
		assert_true(a.hash == b.hash && a.steps == b.steps);
	}
	assert_true(run_seed(25, &b, false, WORLD_FAKE));
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

		make_plan(ctx, seed, seed % 4, &plan);
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

/* How many of 40 seeds notice that the rules broken in `broken` are. */
static unsigned int noticed(const struct sim_plan *broken, enum world world, const char *what)
{
	unsigned int n = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		void *ctx = talloc_new(NULL);
		struct sim_plan plan;
		struct sim_report r;

		make_plan(ctx, seed, world, &plan);
		plan.faults = broken->faults;
		plan.full_bucket = broken->full_bucket;
		plan.lost_is_accepted = broken->lost_is_accepted;
		plan.lying_disk = broken->lying_disk;
		plan.no_recall = broken->no_recall;
		plan.quiet_restart = broken->quiet_restart;
		plan.found_to_all = broken->found_to_all;
		plan.resend = broken->resend;
		sim_run(&plan, &r);
		n += strstr(r.error, what) != NULL;
		talloc_free(ctx);
	}
	print_message("%s%u of 40 seeds say \"%s\"\n", world == WORLD_STORM ? "storm: " : "", n, what);
	return n;
}

static void test_gates_can_fail(void **state)
{
	static const struct {
		struct sim_plan broken;
		enum world world;
		const char *what;
	} gate[] = {
		{{.faults = FAULT_LAZY_ANSWERS}, WORLD_FAKE, "parts in doubt"},
		{{.faults = FAULT_HAND_EARLY}, WORLD_FAKE, "before its attempt was durable"},
		{{.faults = FAULT_HAND_EARLY}, WORLD_BROADCAST, "before its attempt was durable"},
		{{.faults = FAULT_NO_ATTEMPTS}, WORLD_FAKE, "4 copies"},
		{{.faults = FAULT_KEEP_RESERVED}, WORLD_FAKE, "sent after"},
		{{.faults = FAULT_FAILED_IS_DONE}, WORLD_FAKE, "before its attempt was durable"},
		{{.full_bucket = true}, WORLD_FAKE, "parts within a second"},
		{{.lost_is_accepted = true}, WORLD_FAKE, "accepted in the ledger only"},
		{{.lying_disk = true}, WORLD_FAKE, "parts in doubt"},
		{{.no_recall = true}, WORLD_BROADCAST, "recalled but is on air"},
		{{.quiet_restart = true}, WORLD_BROADCAST, "accepted but not on air"},
		{{.found_to_all = true}, WORLD_BROADCAST, "sent to who never got the alert"},
		{{.resend = true}, WORLD_FAKE, "without an event"},
		{{.resend = true}, WORLD_STORM, "without an event"},
		{{.faults = FAULT_LAZY_ANSWERS}, WORLD_STORM, "parts in doubt"},
		{{.faults = FAULT_NO_ATTEMPTS}, WORLD_STORM, "4 copies"},
		{{.faults = FAULT_KEEP_RESERVED}, WORLD_STORM, "sent after the cancel"},
		{{.lost_is_accepted = true}, WORLD_STORM, "accepted in the ledger only"},
		{{.full_bucket = true}, WORLD_STORM, "parts within a second"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(gate) / sizeof(*gate); i++)
		assert_true(noticed(&gate[i].broken, gate[i].world, gate[i].what) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_seeds_smpp),
		cmocka_unit_test(test_seeds_broadcast),
		cmocka_unit_test(test_seeds_storm),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_same_seed_same_trace),
		cmocka_unit_test(test_scenario_is_the_seed),
		cmocka_unit_test(test_gates_can_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

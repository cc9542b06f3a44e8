/* The planner's word, the running prediction and what came of it, in simulated worlds: once a minute of data is in, the predicted
 * finish is within 5 % of the true one. Each world's figures are printed. */
#include "gateway/forecast.h"
#include "gateway/plan_inner.h"
#include "gateway/sim.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>

#define SEEDS	  2
#define SECONDS	  3000
#define SIM_BEGIN 1000 /* s: the world's clock */

/* A world; plan_holds: its carriers do as agreed, and so the planner's word must be as good as the prediction. */
struct world {
	const char *name;
	struct sim_link_plan link[2];
	size_t n_links;
	double carrier_rate;
	uint32_t units, parts;
	bool plan_holds;
};

static const struct world worlds[] = {
	{"one link at its rate", {{.rate = 200, .burst = 20, .window = 50, .delay_ms = 20, .spread_ms = 30}}, 1, 0, 50000, 1, true},
	{"one link, 3 parts", {{.rate = 100, .burst = 10, .window = 50, .delay_ms = 20, .spread_ms = 30}}, 1, 0, 8000, 3, true},
	{"a slow link", {{.rate = 5, .burst = 1, .window = 10, .delay_ms = 200, .spread_ms = 100}}, 1, 0, 1500, 1, true},
	{"the window binds", {{.rate = 1000, .burst = 50, .window = 10, .delay_ms = 80, .spread_ms = 60}}, 1, 0, 25000, 1, false},
	{"the carrier throttles to 60 %",
	 {{.rate = 200, .burst = 20, .window = 50, .delay_ms = 20, .spread_ms = 30, .accept_rate = 120}}, 1, 0, 40000, 1, false},
	{"refusals, retries, silence",
	 {{.rate = 200, .burst = 20, .window = 100, .delay_ms = 50, .spread_ms = 200, .refuse = 20, .transient = 30, .drop = 2}},
	 1, 0, 40000, 1, false},
	{"two links, each at its rate",
	 {{.rate = 300, .burst = 30, .window = 50, .delay_ms = 20, .spread_ms = 30}, {.rate = 60, .burst = 6, .window = 20, .delay_ms = 60}},
	 2, 0, 90000, 1, true},
	{"two links, the carrier's rate binds",
	 {{.rate = 300, .burst = 30, .window = 50, .delay_ms = 20, .spread_ms = 30}, {.rate = 100, .burst = 10, .window = 20, .delay_ms = 60}},
	 2, 250, 60000, 1, true},
	{"by SMPP, the carrier throttles to 70 %",
	 {{.smpp = true, .rate = 200, .burst = 20, .window = 50, .delay_ms = 20, .spread_ms = 30, .accept_rate = 140}}, 1, 0, 40000, 1, false},
	{"two links, one throttles to half",
	 {{.rate = 200, .burst = 20, .window = 50, .delay_ms = 20, .spread_ms = 30},
	  {.rate = 200, .burst = 20, .window = 50, .delay_ms = 20, .accept_rate = 100}},
	 2, 0, 90000, 1, false},
	{"two links by SMPP, late answers",
	 {{.smpp = true, .rate = 100, .burst = 10, .window = 50, .delay_ms = 50, .spread_ms = 300, .late = 2},
	  {.smpp = true, .rate = 50, .burst = 5, .window = 50, .delay_ms = 50, .spread_ms = 300}},
	 2, 0, 30000, 1, true},
};

/* What was predicted in each second. */
struct told {
	struct forecast_meter meter;
	double planned, finish_s[SECONDS];
	unsigned int n;
};

static void second(void *arg, uint64_t now_us, double done, double left)
{
	struct told *t = arg;
	struct forecast_rate r = {.planned = t->planned};
	double now_s = (double)now_us / 1e6 - SIM_BEGIN;

	forecast_sample(&t->meter, done, left > 0);
	r.measured = forecast_pace(&t->meter);
	r.trusted = forecast_trusted(&t->meter);
	if (t->n < SECONDS && left > 0)
		t->finish_s[t->n++] = now_s + forecast_seconds(&r, left);
}

static void set_link(struct sim_link_plan *to, const struct sim_link_plan *from, unsigned int no)
{
	*to = *from;
	to->latency_ms = 2;
	snprintf(to->name, sizeof(to->name), "l%u", no);
}

/* The plan of the same links: its seconds, and the parts a second that it reckons with. */
static double plan_seconds(const struct world *w, double *rate)
{
	struct plan *p = talloc_zero(NULL, struct plan);
	struct conf_link links[2] = {0};
	const struct conf_link *all[2] = {&links[0], &links[1]};
	struct conf_carrier carrier = {.name = (char *)"c", .rate = w->carrier_rate, .links = links, .n_links = w->n_links};
	uint32_t parts[2] = {w->parts, w->parts};
	struct plan_group g = {.carrier = &carrier, .kind = GROUP_SUBSCRIBERS, .links = all, .n_links = w->n_links, .link_parts = parts,
			       .n_units = w->units, .parts = w->parts};
	struct plan_input in = {.deadline_at = INT64_MAX};
	double s;

	for (size_t i = 0; i < w->n_links; i++)
		links[i] = (struct conf_link){.name = (char *)"l", .type = LINK_SMPP, .mode = MODE_CONNECT, .rate = w->link[i].rate,
					      .window = w->link[i].window, .binds = 1};
	p->groups = &g;
	p->n_groups = 1;
	plan_figures(p, &in);
	s = g.seconds;
	*rate = (double)w->units * w->parts / s;
	talloc_free(p);
	return s;
}

static void judge(const struct world *w, const struct told *t, double plan_s, double end_s, unsigned int seed)
{
	double worst = 0, plan_off = fabs(plan_s - end_s) / end_s, told_off = fabs(t->finish_s[61] - plan_s) / plan_s;

	assert_true(t->n > 150 && t->n < SECONDS);
	for (unsigned int i = 61; i < t->n; i++)
		worst = fmax(worst, fabs(t->finish_s[i] - end_s) / end_s);
	if (seed == 1)
		print_message("# %-36s plan %4.0f s, after a minute %4.0f s, true %4.0f s; prediction at worst %.1f %% off\n", w->name, plan_s,
			      t->finish_s[61], end_s, 100 * worst);
	if (worst > 0.05)
		fail_msg("%s, seed %u: a prediction is %.1f %% off", w->name, seed, 100 * worst);
	if (w->plan_holds && (plan_off > 0.05 || told_off > 0.05))
		fail_msg("%s, seed %u: the plan is %.1f %% off the truth, %.1f %% off the prediction", w->name, seed, 100 * plan_off, 100 * told_off);
}

static void try(const struct world *w, unsigned int seed)
{
	struct told *t = talloc_zero(NULL, struct told);
	struct sim_watch watch = {.second = second, .arg = t};
	struct sim_plan plan = {.seed = seed, .watch = &watch, .n_links = w->n_links, .n_jobs = 1, .commit_us = 2000};
	double plan_s = plan_seconds(w, &t->planned);
	struct sim_report r;

	plan.carrier_rate[0] = w->carrier_rate;
	for (size_t i = 0; i < w->n_links; i++)
		set_link(&plan.link[i], &w->link[i], i);
	plan.job[0] = (struct sim_job_plan){.units = w->units, .parts = w->parts, .deadline_us = UINT64_C(3600000000),
					    .expires_us = UINT64_C(86400000000)};
	if (sim_run(&plan, &r) < 0)
		fail_msg("%s, seed %u: %s", w->name, seed, r.error);
	judge(w, t, plan_s, (double)r.end_us / 1e6 - SIM_BEGIN, seed);
	talloc_free(t);
}

static void test_within_five_percent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(worlds) / sizeof(*worlds); i++)
		for (unsigned int seed = 1; seed <= SEEDS; seed++)
			try(&worlds[i], seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_within_five_percent)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The run: actions and what they lead to, in order of time. */
#include "tests/sim_alerts_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/store_memory.h"

#define END (3 * 86400 * SEC)

uint64_t world_rnd(struct world *w, uint64_t below)
{
	w->rnd ^= w->rnd << 13;
	w->rnd ^= w->rnd >> 7;
	w->rnd ^= w->rnd << 17;
	return below ? (w->rnd >> 11) % below : 0;
}

void world_note(struct world *w, uint64_t a, uint64_t b)
{
	uint64_t v[3] = {w->t, a, b};

	for (int i = 0; i < 3; i++)
		w->report->hash = (w->report->hash ^ v[i]) * UINT64_C(1099511628211);
}

void world_fail(struct world *w, const char *fmt, ...)
{
	struct sim_alerts_report *r = w->report;
	va_list ap;
	int n;

	if (r->error[0])
		return;
	n = snprintf(r->error, sizeof(r->error), "at %.6f s: ", (double)w->t / 1e6);
	va_start(ap, fmt);
	vsnprintf(r->error + n, sizeof(r->error) - n, fmt, ap);
	va_end(ap);
}

struct sim_alert *world_alert(struct world *w, const struct alert *a)
{
	return &w->alert[atoi(a->case_number + 1)];
}

/* After a start of the machine only its wall clock tells the time, until the ledger has noted how the clocks stand now: a clock
 * that is set before that is no promise. */
static void jump(struct world *w, int64_t by_s)
{
	if (!w->noted)
		return;
	w->jump_us += by_s * (int64_t)SEC;
	w->report->jumps++;
}

static void down(struct world *w, struct action *x, bool power)
{
	if (!w->process)
		return;
	power = power && w->noted && gw_idle(w);
	w->report->crashes++;
	gw_crash(w, x->len, power);
	if (power)
		store_memory_crash(w->store);
	w->noted &= !power;
}

static void act(struct world *w, struct action *x)
{
	world_note(w, 0xE0 + x->act, x->who);
	switch (x->act) {
	case ACT_ALERT:
	case ACT_UPDATE:
	case ACT_CANCEL:
		x->fate = FATE_WAITS;
		w->second_at = w->t;
		break;
	case ACT_RELOAD:
		gw_reload(w, x->who);
		break;
	case ACT_JUMP:
		jump(w, x->by_s);
		break;
	case ACT_CRASH:
	case ACT_POWER:
		down(w, x, x->act == ACT_POWER);
		break;
	case ACT_FLAP:
		link_down(w, &w->link[x->who], x->len);
		break;
	case ACT_FLAP_ALL:
		for (unsigned int l = 0; l < LINKS; l++)
			link_down(w, &w->link[l], x->len);
		break;
	case ACT_FAIL:
		w->fail_until = w->t + x->len;
		break;
	case ACT_SLOW:
		w->slow_until = w->t + x->len;
		break;
	}
}

static bool finished(const struct world *w, size_t acted)
{
	if (acted < w->n_actions || !w->process || !llist_empty(&w->book->alerts) || !llist_empty(&w->writes))
		return false;
	for (size_t i = 0; i < w->n_actions; i++)
		if (w->actions[i].act <= ACT_CANCEL && w->actions[i].fate != FATE_DONE)
			return false;
	return true;
}

static void run(struct world *w)
{
	size_t acted = 0;

	while (!w->report->error[0] && !finished(w, acted)) {
		uint64_t next = w->process ? gw_next(w) : w->start_at;

		if (acted < w->n_actions && w->actions[acted].at < next)
			next = w->actions[acted].at;
		w->t = OSMO_MAX(w->t + 1, next);
		if (w->t > END)
			world_fail(w, "no end in sight");
		while (acted < w->n_actions && w->actions[acted].at <= w->t)
			act(w, &w->actions[acted++]);
		if (!w->process && w->t >= w->start_at)
			gw_boot(w);
		if (w->process)
			gw_step(w);
		w->noted |= w->process && gw_idle(w);
		w->report->steps++;
	}
	w->report->seconds = w->t / SEC;
}

int sim_alerts_run(uint64_t seed, bool storm, unsigned int breaks, struct sim_alerts_report *report)
{
	static const struct universe *universe; /* made once: maps and people are the same in every world */
	struct world *w = talloc_zero(NULL, struct world);
	char err[80];

	OSMO_ASSERT(w);
	if (!universe)
		universe = universe_get(NULL);
	*report = (struct sim_alerts_report){.hash = UINT64_C(14695981039346656037)};
	w->u = universe;
	w->report = report;
	w->breaks = breaks;
	w->t = 10 * SEC;
	w->rnd = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
	for (int i = 0; i < 8; i++)
		world_rnd(w, 0);
	OSMO_ASSERT(store_memory.open(w, "memory:", &w->store, err, sizeof(err)) == 0);
	store_memory_unsynced(w->store, true);
	world_plan(w, storm);
	gw_boot(w);
	run(w);
	if (!report->error[0])
		check_end(w);
	if (w->process && --w->maps->uses == 0)
		talloc_free(w->maps);
	talloc_free(w);
	return report->error[0] ? -1 : 0;
}

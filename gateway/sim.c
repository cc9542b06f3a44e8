#include "gateway/sim_int.h"
#include "gateway/dispatch_int.h"
#include "gateway/dispatch_lease.h"
#include "gateway/link.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define END_US      (SIM_START_US + UINT64_C(200000) * 1000000)
#define LATE_US     2000 /* the loop comes so late at most */
#define RECOUNT     64   /* every so many steps, and before every crash */
#define RECOUNT_LONG 16384 /* in a long world that is run for its figures */
#define RETRY_US    UINT64_C(100000)
#define RETRY_SHIFT 5 /* tries that double the wait */
#define LEASE_US    UINT64_C(10000000)

/* --- chance, events, trace --- */

uint64_t sim_rnd(struct sim *s, uint64_t below)
{
	s->rnd ^= s->rnd << 13;
	s->rnd ^= s->rnd >> 7;
	s->rnd ^= s->rnd << 17;
	return below ? (s->rnd >> 11) % below : 0;
}

void sim_note(struct sim *s, uint64_t a, uint64_t b)
{
	uint64_t v[3] = {s->now, a, b};

	for (int i = 0; i < 3; i++)
		s->report->hash = (s->report->hash ^ v[i]) * UINT64_C(1099511628211);
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
	struct sim_report *r = s->report;
	va_list ap;
	int n;

	if (r->error[0])
		return;
	n = snprintf(r->error, sizeof(r->error), "at %.6f s: ", (double)(s->now - SIM_START_US) / 1e6);
	va_start(ap, fmt);
	vsnprintf(r->error + n, sizeof(r->error) - n, fmt, ap);
	va_end(ap);
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->no < b->no;
}

struct sim_event *sim_at(struct sim *s, uint64_t at_us, enum sim_event_type type, unsigned int who,
			 uint64_t life)
{
	struct sim_event e = {.at_us = at_us, .no = s->event_no++, .type = type, .who = who, .life = life};
	size_t i;

	if (s->n_heap == s->max_heap) {
		s->max_heap = s->max_heap ? 2 * s->max_heap : 256;
		s->heap = talloc_realloc(s, s->heap, struct sim_event, s->max_heap);
		OSMO_ASSERT(s->heap);
	}
	for (i = s->n_heap++; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
	return &s->heap[i];
}

static struct sim_event take_event(struct sim *s)
{
	struct sim_event first = s->heap[0], last = s->heap[--s->n_heap];
	size_t i = 0, k;

	for (; (k = 2 * i + 1) < s->n_heap; i = k) {
		if (k + 1 < s->n_heap && before(&s->heap[k + 1], &s->heap[k]))
			k++;
		if (!before(&s->heap[k], &last))
			break;
		s->heap[i] = s->heap[k];
	}
	s->heap[i] = last;
	return first;
}

/* --- the process --- */

static void boot_links(struct sim *s)
{
	uint64_t filled = s->plan->full_bucket ? s->now - 10000000 : s->now;

	for (size_t c = 0; c < SIM_LINKS; c++)
		throttle_init(&s->carrier[c], s->plan->carrier_rate[c], sim_carrier_burst(s->plan, c),
			      filled);
	for (size_t i = 0; i < s->plan->n_links; i++) {
		struct sim_link *l = &s->link[i];
		const struct sim_link_plan *p = l->plan;

		throttle_init(&l->throttle, p->rate, p->burst, filled);
		l->index = dispatch_add_link(s->dispatch, p->name, sim_window(p), sim_rate(p), 5);
		l->slots_max = 0;
		l->connecting = false;
		l->tries = 0;
		l->retry_us = s->now;
		l->driver = l->ops->create(s->process, s, l);
	}
}

static void boot(struct sim *s)
{
	s->life = ++s->lives;
	s->process = talloc_new(s);
	s->dispatch = dispatch_new(s->process);
	dispatch_break(s->dispatch, s->plan->faults);
	if (s->plan->seed % 2) /* as one of several gateways, none of which takes its work */
		dispatch_share(s->dispatch, "sim", LEASE_US, INT64_C(1000000));
	s->wake_us = 0;
	boot_links(s);
	sim_jobs_boot(s);
}

static void crash(struct sim *s, uint64_t off_us, bool power)
{
	if (!s->life)
		return;
	sim_check_step(s, true);
	s->report->crashes++;
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (s->link[i].conn)
			sim_line_cut(s, &s->link[i]);
	/* A commit under way may be written though nobody was told; only then it outlives the process, but not
	 * the machine. */
	if (s->batch && sim_rnd(s, 2) && s->now >= s->fail_until)
		s->store->ops->apply(s->store, s->batch->recs, s->batch->n);
	talloc_free(s->batch);
	s->batch = NULL;
	if (power)
		store_memory_crash(s->store);
	sim_check_crash(s);
	talloc_free(s->process);
	s->life = 0;
	for (size_t i = 0; i < s->plan->n_jobs; i++)
		s->job[i].job = NULL;
	sim_at(s, s->now + off_us, EV_BOOT, 0, 0);
}

/* Returns when to come again. */
static uint64_t commit_begin(struct sim *s)
{
	uint64_t usual = s->plan->commit_us, us = usual / 2 + sim_rnd(s, usual + 1),
		 at = dispatch_commit_us(s->dispatch, s->now);

	if (s->batch || at > s->now)
		return at;
	s->batch = store_batch_new(s);
	if (!dispatch_take_batch(s->dispatch, s->batch)) {
		talloc_free(s->batch);
		s->batch = NULL;
		return UINT64_MAX;
	}
	sim_at(s, s->now + us * (s->now < s->slow_until ? 100 : 1), EV_COMMIT, 0, s->life);
	return UINT64_MAX;
}

static void commit_end(struct sim *s)
{
	int rc;

	store_memory_fail(s->store, 1, s->now < s->fail_until, -ENOSPC);
	rc = s->store->ops->apply(s->store, s->batch->recs, s->batch->n);
	store_memory_fail(s->store, 0, 0, 0);
	if (!s->plan->lying_disk)
		store_memory_sync(s->store);
	sim_note(s, 0xD0, (uint64_t)rc);
	if (rc == -EBUSY || rc == -ESTALE)
		sim_fail(s, "a lease of its own is refused: %d", rc);
	s->report->commits += rc == 0;
	s->report->failed_commits += rc != 0;
	dispatch_batch_done(s->dispatch, s->batch->tag, rc, s->now);
	talloc_free(s->batch);
	s->batch = NULL;
}

/* --- connections --- */

void sim_hang_up(struct sim *s, struct sim_link *l)
{
	l->connecting = false;
	if (!l->conn)
		return;
	s->report->breaks++;
	sim_line_cut(s, l);
	sim_check_break(s, l);
}

void sim_dial(struct sim *s, struct sim_link *l)
{
	l->connecting = true;
	sim_at(s, s->now + 1000 + l->plan->latency_ms * UINT64_C(2000), EV_CONNECTED, l->no, s->life);
}

/* The peer's wish. */
static void hang_up(struct sim *s, struct sim_link *l)
{
	if (!l->conn)
		return;
	sim_hang_up(s, l);
	l->ops->closed(l->driver, s->now);
	l->retry_us = s->now + RETRY_US + sim_rnd(s, RETRY_US);
}

static void dialled(struct sim *s, struct sim_link *l)
{
	if (!l->connecting)
		return;
	l->connecting = false;
	if (l->peer_up) {
		l->conn = ++s->conns;
		l->tries = 0;
		l->ops->connected(l->driver, s->now);
		return;
	}
	l->ops->closed(l->driver, s->now);
	l->retry_us = s->now + (RETRY_US << l->tries) + sim_rnd(s, RETRY_US);
	l->tries += l->tries < RETRY_SHIFT;
}

/* --- the loop --- */

static uint64_t sooner_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the daemon's loop does when something happened. */
static void gateway_step(struct sim *s)
{
	uint64_t next = s->now + 1000000;

	for (size_t i = 0; i < s->plan->n_links; i++) {
		struct sim_link *l = &s->link[i];

		if (!l->ops->dials && !l->conn && !l->connecting && s->now >= l->retry_us)
			sim_dial(s, l);
		next = sooner_of(next, l->ops->tick(l->driver, s->now));
		if (!l->ops->dials && !l->conn && !l->connecting)
			next = sooner_of(next, l->retry_us);
	}
	dispatch_run(s->dispatch, s->now);
	next = sooner_of(next, commit_begin(s));
	next = sooner_of(next, dispatch_next_us(s->dispatch, s->now));
	next = (next > s->now ? next : s->now) + sim_rnd(s, LATE_US) + 1;
	if (s->wake_us <= s->now || next < s->wake_us) {
		s->wake_us = next;
		sim_at(s, next, EV_WAKE, 0, s->life);
	}
	sim_jobs_forget(s);
}

static void block(struct sim *s, struct sim_link *l, bool blocked)
{
	struct link *link = l->ops->link ? l->ops->link(l->driver) : NULL;

	if (!link)
		return;
	link->blocked = blocked;
	dispatch_link_up(s->dispatch, l->index, !blocked && link->state == LINK_UP, s->now);
}

static void widen(struct sim *s, struct sim_link *l, uint32_t percent)
{
	uint32_t window = sim_window(l->plan) * percent / 100, now = s->dispatch->link[l->index].window;

	l->slots_max = now > l->slots_max ? now : l->slots_max;
	l->window_max = window > l->window_max ? window : l->window_max;
	dispatch_link_params(s->dispatch, l->index, window, sim_rate(l->plan));
	dispatch_link_suspect(s->dispatch, l->index, percent % 2); /* chunks go other ways, too */
}

/* As a reload does. Never above the plan's rate, which all that is sent is held against. */
static void change_rate(struct sim *s, struct sim_link *l, uint32_t percent)
{
	const struct sim_link_plan *p = l->plan;
	struct link *link = l->ops->link ? l->ops->link(l->driver) : NULL;
	struct throttle *t = link ? &link->throttle : &l->throttle;
	double part = percent < 100 ? percent / 100.0 : 1;

	throttle_set_rate(t, p->rate * part, p->burst, s->now);
	dispatch_link_params(s->dispatch, l->index, s->dispatch->link[l->index].window, sim_rate(p) * part);
}

/* What needs a living process. */
static void act_inside(struct sim *s, struct sim_link *l, const struct sim_action *a)
{
	switch (a->act) {
	case ACT_CANCEL:
		sim_job_withdraw(s, &s->job[a->who]);
		break;
	case ACT_BLOCK:
	case ACT_UNBLOCK:
		block(s, l, a->act == ACT_BLOCK);
		break;
	case ACT_WIDEN:
		widen(s, l, a->percent);
		break;
	case ACT_RATE:
		change_rate(s, l, a->percent);
		break;
	default:
		break;
	}
}

static void act(struct sim *s, const struct sim_action *a)
{
	struct sim_link *l = &s->link[a->who < s->plan->n_links ? a->who : 0];

	sim_note(s, 0xE0 + a->act, a->who);
	switch (a->act) {
	case ACT_LINK_DOWN:
		l->peer_up = false;
		hang_up(s, l);
		break;
	case ACT_LINK_UP:
		l->peer_up = true;
		break;
	case ACT_DROP:
		hang_up(s, l);
		break;
	case ACT_CRASH:
	case ACT_POWER:
		crash(s, a->for_us, a->act == ACT_POWER);
		break;
	case ACT_STORE_FAIL:
		s->fail_until = s->now + a->for_us;
		break;
	case ACT_STORE_SLOW:
		s->slow_until = s->now + a->for_us;
		break;
	case ACT_RESTART:
		if (l->ops->peer_restart)
			l->ops->peer_restart(s, l);
		break;
	default:
		if (s->life)
			act_inside(s, l, a);
		else if (a->act == ACT_CANCEL)
			s->job[a->who].cancel_waits = true;
	}
}

/* False: it concerned what is gone. */
static bool handle(struct sim *s, struct sim_event *e)
{
	struct sim_link *l = &s->link[e->who < SIM_LINKS ? e->who : 0];

	switch (e->type) {
	case EV_BOOT:
		boot(s);
		return true;
	case EV_ACTION:
		act(s, &s->plan->action[e->who]);
		return true;
	case EV_JOB:
		s->job[e->who].arrived = true;
		if (s->life)
			sim_job_arrive(s, &s->job[e->who]);
		return true;
	case EV_WAKE:
		return e->life == s->life && e->at_us == s->wake_us;
	case EV_COMMIT:
		if (e->life == s->life)
			commit_end(s);
		return e->life == s->life;
	case EV_CONNECTED:
		if (e->life == s->life)
			dialled(s, l);
		return e->life == s->life;
	default:
		break;
	}
	if (l->conn == 0 || e->life != l->conn)
		return false;
	if (e->type == EV_TO_PEER)
		l->ops->peer_input(s, l, e->data, e->len);
	else if (e->type == EV_TO_GW)
		l->ops->input(l->driver, e->data, e->len, s->now);
	else {
		struct sim_event *to =
			sim_at(s, s->now + l->plan->latency_ms * UINT64_C(1000), EV_TO_GW, l->no, l->conn);

		to->data = talloc_steal(s, e->data);
		to->len = e->len;
		e->data = NULL;
	}
	return e->type == EV_TO_GW;
}

/* A peer may have said that it lost all. */
static bool on_the_line(const struct sim *s)
{
	for (size_t i = 0; i < s->n_heap; i++) {
		const struct sim_event *e = &s->heap[i];

		if ((e->type == EV_TO_PEER || e->type == EV_REPLY || e->type == EV_TO_GW) && e->life == s->link[e->who].conn)
			return true;
	}
	return false;
}

static bool finished(const struct sim *s, size_t acted)
{
	if (acted < s->plan->n_actions + s->plan->n_jobs || !s->life || s->batch)
		return false;
	for (size_t i = 0; i < s->plan->n_jobs; i++)
		if (s->job[i].job && !dispatch_job_at_rest(s->job[i].job))
			return false;
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (s->link[i].ops->settled && !s->link[i].ops->settled(s->link[i].driver))
			return false;
	return !on_the_line(s);
}

static void begin(struct sim *s)
{
	const struct sim_plan *p = s->plan;

	for (size_t i = 0; i < p->n_links; i++)
		s->link[i] = (struct sim_link){.plan = &p->link[i],
					       .no = i,
					       .peer_up = true,
					       .window_max = sim_window(&p->link[i]),
					       .ops = p->link[i].cells  ? &sim_cbsp
						      : p->link[i].smpp ? &sim_smpp
									: &sim_fake};
	for (size_t i = 0; i < p->n_jobs; i++) {
		uint32_t units = p->job[i].units;

		s->job[i] = (struct sim_job){.plan = &p->job[i], .id = i + 1};
		s->job[i].copies = talloc_zero_array(s, uint8_t, units * p->job[i].parts + 1);
		s->job[i].licensed = talloc_zero_array(s, uint8_t, units + 1);
		s->job[i].fate = talloc_zero_array(s, uint8_t, units + 1);
		s->job[i].by = talloc_zero_array(s, uint8_t, units + 1);
		s->job[i].sent = talloc_zero_array(s, bool, units + 1);
		sim_at(s, SIM_START_US + p->job[i].at_us, EV_JOB, i, 0);
	}
	for (size_t i = 0; i < p->n_links * p->n_jobs; i++) {
		const struct sim_job_plan *j = &p->job[i / p->n_links];
		struct sim_link *l = &s->link[i % p->n_links];

		if (l->plan->group == j->group && j->parts > l->widest)
			l->widest = j->parts;
	}
	for (size_t i = 0; i < p->n_actions; i++)
		sim_at(s, SIM_START_US + p->action[i].at_us, EV_ACTION, i, 0);
	sim_at(s, SIM_START_US, EV_BOOT, 0, 0);
}

static uint64_t figure(const struct sim_report *r, const char *name)
{
	const struct {
		const char *name;
		uint64_t value;
	} v[] = {{"repeats", r->repeats},
		 {"copies", r->copies},
		 {"submits", r->submits},
		 {"crashes", r->crashes},
		 {"failed", r->failed_commits},
		 {"worst", r->worst_person},
		 {"seconds", (r->end_us - SIM_START_US) / 1000000}};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		if (!strcmp(v[i].name, name))
			return v[i].value;
	return UINT64_MAX;
}

static void check_expects(struct sim *s)
{
	for (size_t i = 0; i < s->plan->n_expects; i++) {
		const struct sim_expect *x = &s->plan->expect[i];
		uint64_t is =
			x->job >= 0 ? s->report->sums[x->job].n[x->state] : figure(s->report, x->figure);

		if (x->op == '=' ? is == x->value : x->op == '<' ? is <= x->value : is >= x->value)
			continue;
		if (x->job >= 0)
			sim_fail(s, "expected job %d %s %c %lu, is %lu", x->job + 1,
				 unit_state_name(x->state), x->op, (unsigned long)x->value,
				 (unsigned long)is);
		else
			sim_fail(s, "expected %s %c %lu, is %lu", x->figure, x->op, (unsigned long)x->value,
				 (unsigned long)is);
	}
}

static void watch(struct sim *s)
{
	const struct sim_watch *w = s->plan->watch;
	double done = 0, left = 0;

	if (!w || !s->life || s->now < s->watch_us)
		return;
	s->watch_us = s->now + 1000000;
	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		const struct dispatch_job *job = s->job[i].job;

		if (!job)
			continue;
		left += (double)(job->sums.n[UNIT_WAITING] + job->sums.n[UNIT_HANDED]) * job->spec.parts;
		done += (double)(job->sums.n[UNIT_ACCEPTED] + job->sums.n[UNIT_REFUSED] + job->sums.n[UNIT_UNKNOWN]) * job->spec.parts;
	}
	w->second(w->arg, s->now, done, left);
}

static void run(struct sim *s)
{
	size_t acted = 0;

	while (s->n_heap && !s->report->error[0]) {
		struct sim_event e = take_event(s);

		if (e.at_us > END_US) {
			sim_fail(s, "no end in sight");
			break;
		}
		s->now = e.at_us;
		acted += e.type == EV_ACTION || e.type == EV_JOB;
		if (handle(s, &e) && s->life)
			gateway_step(s);
		talloc_free(e.data);
		watch(s);
		sim_check_step(s, ++s->report->steps % (s->plan->watch ? RECOUNT_LONG : RECOUNT) == 0);
		if (finished(s, acted))
			break;
	}
}

int sim_run(const struct sim_plan *plan, struct sim_report *report)
{
	struct sim *s = talloc_zero(NULL, struct sim);
	char err[80];

	OSMO_ASSERT(s);
	*report = (struct sim_report){.hash = UINT64_C(14695981039346656037)};
	s->plan = plan;
	s->report = report;
	s->now = SIM_START_US;
	s->rnd = plan->seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	OSMO_ASSERT(store_memory.open(s, "memory:", &s->store, err, sizeof(err)) == 0);
	store_memory_unsynced(s->store, true);
	begin(s);
	run(s);
	report->end_us = s->now;
	if (!report->error[0]) {
		sim_check_step(s, true);
		sim_check_end(s);
		check_expects(s);
	}
	talloc_free(s);
	return report->error[0] ? -1 : 0;
}

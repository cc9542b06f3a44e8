/* The process in the world of alerts: what the daemon does around the book, in its order. */
#include "tests/sim_alerts_int.h"
#include "gateway/dispatch_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/dispatch_lease.h"
#include "gateway/store_memory.h"

static struct world *world; /* for maps_open_kept() */

/* In place of the files that a gateway keeps. */
int maps_open_kept(void *ctx, const char *state, uint64_t map_sum, const uint64_t *subs_sums, size_t n, struct mapset **set, char *err,
		   size_t err_len)
{
	unsigned int v = map_sum - 900;

	(void)ctx, (void)state, (void)subs_sums, (void)n;
	if (v >= VERSIONS || !world->kept[v]) {
		snprintf(err, err_len, "no such map");
		return -ENOENT;
	}
	*set = universe_maps(world->u, world->breaks & BREAK_MAP ? world->version : v);
	return 0;
}

/* Around the planner: an alert is planned once, however many files ask for it. */
int __real_plan_make(void *ctx, const struct plan_input *in, struct plan **plan, struct reasons *reasons);
int __wrap_plan_make(void *ctx, const struct plan_input *in, struct plan **plan, struct reasons *reasons);
int __wrap_plan_make(void *ctx, const struct plan_input *in, struct plan **plan, struct reasons *reasons)
{
	const struct alert *a = ctx;

	if (in->n_inner == 0 && world_alert(world, a)->plans++ > 0)
		world_fail(world, "case %s is planned twice", a->case_number);
	return __real_plan_make(ctx, in, plan, reasons);
}

/* --- writing --- */

static struct write *new_write(struct world *w, enum write_kind kind, struct alert *a, int action)
{
	struct write *x = talloc_zero(w->process, struct write);

	OSMO_ASSERT(x);
	*x = (struct write){.kind = kind, .batch = store_batch_new(x), .alert = a, .action = action};
	return x;
}

static void queue(struct world *w, struct write *x)
{
	struct write *last = llist_empty(&w->writes) ? NULL : llist_entry(w->writes.prev, struct write, entry);
	uint64_t us = w->commit_us / 2 + world_rnd(w, w->commit_us + 1);

	if (w->t < w->slow_until)
		us *= 100;
	x->done_at = (last ? last->done_at : w->t) + us;
	llist_add_tail(&x->entry, &w->writes);
}

static void write_change(struct world *w, struct alert *a, int action, struct trigger *t)
{
	struct write *x = new_write(w, WRITE_CHANGE, a, action);

	x->trigger = t ? talloc_steal(x, t) : NULL;
	book_alert_record(w->book, a, x->batch);
	if (t)
		book_decide(w->book, t, "accepted", a->id, x->batch);
	queue(w, x);
}

static bool under_way(const struct world *w, const struct alert *a)
{
	const struct write *x;

	llist_for_each_entry(x, &w->writes, entry)
		if (x->alert == a)
			return true;
	llist_for_each_entry(x, &w->unsaved, entry)
		if (x->alert == a)
			return true;
	return false;
}

static void set_fate(struct world *w, int action, enum fate fate)
{
	if (action >= 0)
		w->actions[action].fate = fate;
}

static void accept_done(struct world *w, struct write *x, int rc)
{
	if (rc < 0) {
		world_alert(w, x->alert)->plans = 0;
		book_discard(w->book, x->alert, x->trigger);
		set_fate(w, x->action, FATE_WAITS);
		return;
	}
	book_enter(w->book, x->alert, world_mono(w), world_wall(w));
	set_fate(w, x->action, FATE_DONE);
	check_accepted(w, x->alert);
}

static void write_done(struct world *w, struct write *x)
{
	int rc = w->t < w->fail_until ? -ENOSPC : w->store->ops->apply(w->store, x->batch->recs, x->batch->n);

	if (rc == 0)
		store_memory_sync(w->store);
	llist_del(&x->entry);
	world_note(w, 0xD0 + x->kind, (uint64_t)rc);
	w->report->failed_commits += rc < 0;
	if (rc == -ESTALE || rc == -EBUSY)
		world_fail(w, "the ledger holds progress that nobody knows of");
	w->retry_at = rc < 0 ? w->t + SEC / 5 : w->retry_at;
	switch (x->kind) {
	case WRITE_DISPATCH:
		dispatch_batch_done(w->dispatch, x->batch->tag, rc, world_mono(w));
		break;
	case WRITE_ACCEPT:
		accept_done(w, x, rc);
		break;
	case WRITE_RING:
		book_ring_enter(w->book, x->alert, x->ring, rc, world_wall(w), world_mono(w));
		w->report->rings += rc == 0;
		break;
	case WRITE_OVER: /* else the next restart tries again */
		break;
	case WRITE_CHANGE:
		if (rc < 0) { /* in force already; only the record waits */
			llist_add_tail(&x->entry, &w->unsaved);
			return;
		}
		set_fate(w, x->action, FATE_DONE);
		break;
	}
	talloc_free(x);
}

static void save_again(struct world *w)
{
	struct write *x, *next;

	llist_for_each_entry_safe(x, next, &w->unsaved, entry) {
		llist_del(&x->entry);
		write_change(w, x->alert, x->action, x->trigger);
		talloc_free(x);
	}
}

/* --- triggers --- */

static struct trigger *trigger_of(struct world *w, const struct action *x, const struct sim_alert *s)
{
	static const enum trigger_action actions[] = {ACTION_ALERT, ACTION_UPDATE, ACTION_CANCEL};
	struct trigger *t = talloc_zero(w->process, struct trigger);
	struct conf_type *type = talloc_memdup(t, &w->u->type, sizeof(w->u->type));

	OSMO_ASSERT(t && type);
	type->deadline_s = s->deadline_s;
	type->lifetime_s = s->lifetime_s;
	*t = (struct trigger){.agency = "police", .case_number = talloc_strdup(t, s->case_number), .type = "missing-child",
			      .action = actions[x->act], .reported_at = world_wall(w), .has_location = true, .lat = s->lat, .lon = s->lon,
			      .radius_km = s->radius_km, .texts = (struct alert_text *)w->u->texts, .n_texts = 1, .conf_type = type};
	memcpy(t->digest, &x->content, sizeof(x->content));
	return t;
}

static void note_draft(struct world *w, struct sim_alert *s)
{
	s->version = w->version;
	s->deadline = w->t + s->deadline_s * SEC;
	s->expires = w->t + s->lifetime_s * SEC;
	for (int r = 0; r < RINGS; r++)
		s->ring_due[r] = w->t + (r ? w->u->rings[r - 1].after_s * SEC : 0);
}

static void take_alert(struct world *w, struct action *x, struct trigger *t)
{
	struct reasons reasons = {0};
	struct write *wr;
	struct alert *a;

	if (book_draft(w->book, &w->u->conf, w->maps, t, world_wall(w), &a, &reasons) < 0) {
		world_fail(w, "an alert was refused: %s", reasons.n ? reasons.v[0].text : "?");
		return;
	}
	w->kept[w->version] = true;
	note_draft(w, &w->alert[x->who]);
	wr = new_write(w, WRITE_ACCEPT, a, x - w->actions);
	wr->trigger = talloc_steal(wr, t);
	book_decide(w->book, t, "accepted", a->id, wr->batch);
	book_alert_record(w->book, a, wr->batch);
	queue(w, wr);
	x->fate = FATE_WRITING;
}

static void take_update(struct world *w, struct action *x, struct trigger *t, struct alert *a)
{
	struct reasons reasons = {0};

	if (book_update(w->book, a, t, world_wall(w), world_mono(w), &reasons) < 0) {
		x->fate = FATE_DONE;
		return;
	}
	w->report->updates++;
	world_alert(w, a)->updated = true;
	x->fate = FATE_WRITING;
	write_change(w, a, x - w->actions, t);
}

static void take_cancel(struct world *w, struct action *x, struct trigger *t, struct alert *a)
{
	struct sim_alert *s = world_alert(w, a);

	if (w->breaks & BREAK_RECALL)
		a->recalled_at = world_wall(w);
	else
		book_recall(w->book, a, "found", world_wall(w), world_mono(w)); /* once more does no harm */
	w->report->cancels++;
	if (!s->cancelled)
		s->cancelled = w->t;
	x->fate = FATE_WRITING;
	write_change(w, a, x - w->actions, t);
}

static void take(struct world *w, struct action *x)
{
	struct sim_alert *s = &w->alert[x->who];
	struct trigger *t = trigger_of(w, x, s);
	struct reasons reasons = {0};
	struct alert *subject;
	enum verdict verdict = book_judge(w->book, t, t, world_mono(w), &subject, &reasons);

	world_note(w, 0xB0 + x->act, x->who << 8 | verdict);
	if (w->breaks & BREAK_TWICE && x->act == ACT_ALERT && verdict == VERDICT_LATER)
		verdict = VERDICT_ACCEPT;
	w->report->again += x->act == ACT_ALERT && (verdict == VERDICT_LATER || verdict == VERDICT_DUPLICATE);
	switch (verdict) {
	case VERDICT_ACCEPT:
		take_alert(w, x, t);
		return;
	case VERDICT_UPDATE:
		take_update(w, x, t, subject);
		return;
	case VERDICT_CANCEL:
		take_cancel(w, x, t, subject);
		return;
	case VERDICT_LATER:
	case VERDICT_UNSENT: /* this world's gateway defers no alert for good */
		break;
	case VERDICT_REJECT:
		if (x->act == ACT_ALERT)
			world_fail(w, "alert %u was refused: %s", x->who, reasons.n ? reasons.v[0].text : "?");
		x->fate = FATE_DONE;
		break;
	case VERDICT_DUPLICATE: /* durable before a crash; finished now */
		x->fate = FATE_DONE;
		break;
	}
	talloc_free(t);
}

static void take_all(struct world *w)
{
	for (size_t i = 0; i < w->n_actions; i++)
		if (w->actions[i].fate == FATE_WAITS)
			take(w, &w->actions[i]);
}

/* --- links --- */

static int link_index(void *arg, const char *name)
{
	const struct world *w = arg;

	for (int i = 0; i < LINKS; i++)
		if (!strcmp(w->u->links[i].name, name))
			return i;
	return -ENOENT;
}

/* Half of what is on the line arrives yet. */
static void cut(struct world *w, struct sim_link *l)
{
	l->events++;
	for (uint32_t i = 0; i < l->n_out; i++)
		if (!l->out[i].refused && world_rnd(w, 2))
			check_copy(w, l, l->out[i].job, l->out[i].unit);
}

void link_down(struct world *w, struct sim_link *l, uint64_t for_us)
{
	uint64_t up_at = w->t + for_us;

	l->up_at = up_at > l->up_at ? up_at : l->up_at;
	if (!l->up || !w->process)
		return;
	w->report->flaps++;
	cut(w, l);
	l->up = false;
	dispatch_link_up(w->dispatch, l->link.index, false, world_mono(w));
	for (uint32_t i = 0; i < l->n_out; i++)
		dispatch_answer(w->dispatch, l->link.index, l->out[i].job, l->out[i].unit,
				w->breaks & BREAK_LOST ? OUT_ACCEPTED : OUT_LOST, world_mono(w));
	l->n_out = 0;
}

static void link_answers(struct world *w, struct sim_link *l)
{
	for (uint32_t i = 0; i < l->n_out;) {
		struct flight f = l->out[i];

		if (f.answer_at > w->t) {
			i++;
			continue;
		}
		l->out[i] = l->out[--l->n_out];
		if (!f.refused)
			check_copy(w, l, f.job, f.unit);
		if (!f.refused && w->breaks & BREAK_RESEND && f.unit % 16 == 0)
			check_copy(w, l, f.job, f.unit);
		dispatch_answer(w->dispatch, l->link.index, f.job, f.unit, f.refused ? OUT_REFUSED : OUT_ACCEPTED, world_mono(w));
	}
}

static void link_sends(struct world *w, struct sim_link *l)
{
	struct handed h;

	while (l->up && l->n_out < WINDOW_MAX && dispatch_next(w->dispatch, l->link.index, world_mono(w), &h)) {
		struct flight *f = &l->out[l->n_out++];
		uint64_t ms = 1 + l->delay_ms / 2 + world_rnd(w, l->delay_ms);

		*f = (struct flight){.job = h.job, .unit = h.unit, .answer_at = w->t + ms * 1000, .refused = world_rnd(w, 50) == 0};
		check_submit(w, l, h.job, h.unit);
	}
}

static void link_step(struct world *w, struct sim_link *l)
{
	if (!l->up && w->t >= l->up_at) {
		l->up = true;
		dispatch_link_up(w->dispatch, l->link.index, true, world_mono(w));
	}
	link_answers(w, l);
	link_sends(w, l);
}

/* --- life --- */

static int load_chunk(void *arg, const struct store_rec *rec)
{
	struct dispatch_job *job = arg;
	struct world *w = world;
	uint64_t id;
	uint32_t no;

	OSMO_ASSERT(dispatch_key_parse(rec->key, &id, &no) == 0);
	return id == job->spec.id ? dispatch_load_chunk(w->dispatch, job, no, rec->value, rec->len, rec->epoch) : 0;
}

static int chunks(void *arg, struct dispatch_job *job)
{
	struct world *w = arg;

	return w->store->ops->load(w->store, STORE_CHUNK, load_chunk, job);
}

static int load_alert(void *arg, const struct store_rec *rec)
{
	struct world *w = arg;
	char err[256] = "";
	int rc = book_restore(w->book, &w->u->conf, "", rec->value, rec->len, world_wall(w), world_mono(w), chunks, w, err, sizeof(err));

	if (rc < 0 || err[0])
		world_fail(w, "restart: %s", err);
	return 0;
}

static int load_serial(void *arg, const struct store_rec *rec)
{
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)rec->len, (const char *)rec->value);
	book_serial(((struct world *)arg)->book, strtoul(rec->key, NULL, 10), strtoul(text, NULL, 10));
	return 0;
}

static int load_decision(void *arg, const struct store_rec *rec)
{
	return json_object_set_new(((struct world *)arg)->book->digests, rec->key, json_loadb(rec->value, rec->len, 0, NULL));
}

static void write_over(struct world *w)
{
	struct write *x = new_write(w, WRITE_OVER, NULL, -1);

	if (book_over_records(w->book, x->batch))
		queue(w, x);
	else
		talloc_free(x);
}

void gw_boot(struct world *w)
{
	struct alert *a;
	char boot[16];

	world = w;
	w->process = talloc_new(w);
	w->start_at = w->t;
	for (unsigned int i = 0; i < ALERTS; i++)
		w->alert[i].plans = 0;
	w->second_at = w->retry_at = 0;
	INIT_LLIST_HEAD(&w->writes);
	INIT_LLIST_HEAD(&w->unsaved);
	w->dispatch = dispatch_new(w->process);
	dispatch_break(w->dispatch, (w->breaks & BREAK_WINDOW ? FAULT_LAZY_ANSWERS : 0) | (w->breaks & BREAK_TRIES ? FAULT_NO_ATTEMPTS : 0));
	dispatch_share(w->dispatch, "sim", 30 * SEC, (int64_t)w->boot_at);
	for (unsigned int i = 0; i < LINKS; i++) {
		struct sim_link *l = &w->link[i];

		l->link = (struct link){.cfg = &w->u->links[i], .dispatch = w->dispatch};
		l->link.index = dispatch_add_link(w->dispatch, w->u->links[i].name, l->window, 0, 5);
		l->up = false;
		l->n_out = 0;
	}
	w->book = book_new(w->process, w->dispatch, link_index, w);
	w->maps = universe_maps(w->u, w->version);
	w->maps->uses = 1;
	snprintf(boot, sizeof(boot), "%u", w->boot_no);
	if (!(w->breaks & BREAK_CLOCK))
		book_clock_start(w->book, boot, world_wall_us(w), world_mono(w));
	w->store->ops->load(w->store, STORE_SERIAL, load_serial, w);
	w->store->ops->load(w->store, STORE_TRIGGER, load_decision, w);
	w->store->ops->load(w->store, STORE_ALERT, load_alert, w);
	llist_for_each_entry(a, &w->book->alerts, entry)
		check_accepted(w, a);
	write_over(w);
	take_all(w);
}

static void forget_maps(struct world *w)
{
	if (--w->maps->uses == 0)
		talloc_free(w->maps);
}

void gw_crash(struct world *w, uint64_t off_us, bool power)
{
	struct write *first = llist_empty(&w->writes) ? NULL : llist_entry(w->writes.next, struct write, entry);

	/* What is being written may be written though nobody was told. */
	if (first && w->t >= w->fail_until && world_rnd(w, 2))
		w->store->ops->apply(w->store, first->batch->recs, first->batch->n);
	for (size_t i = 0; i < w->n_actions; i++)
		if (w->actions[i].fate == FATE_WRITING)
			w->actions[i].fate = w->breaks & BREAK_SPOOL ? FATE_DONE : FATE_WAITS;
	for (unsigned int i = 0; i < LINKS; i++)
		cut(w, &w->link[i]);
	forget_maps(w);
	talloc_free(w->process);
	w->process = NULL;
	w->start_at = w->t + off_us;
	if (power) { /* the monotonic clock starts again */
		w->boot_no++;
		w->boot_at = w->start_at - 5 * SEC;
	}
}

void gw_reload(struct world *w, unsigned int version)
{
	struct mapset *maps = universe_maps(w->u, version);
	struct alert *a;

	w->version = version;
	if (!w->process) {
		talloc_free(maps);
		return;
	}
	maps->uses = 1;
	if (--w->maps->uses == 0)
		talloc_free(w->maps);
	w->maps = maps;
	if (w->breaks & BREAK_RELOAD)
		llist_for_each_entry(a, &w->book->alerts, entry) {
			if (--a->maps->uses == 0)
				talloc_free(a->maps);
			a->maps = maps;
			maps->uses++;
		}
	w->report->reloads++;
}

/* The maps of alerts that live, and of those becoming durable. */
static void sweep(struct world *w)
{
	const struct alert *a;
	const struct write *x;

	memset(w->kept, 0, sizeof(w->kept));
	if (w->breaks & BREAK_SWEEP)
		return;
	llist_for_each_entry(a, &w->book->alerts, entry)
		w->kept[a->maps->map.checksum - 900] = true;
	llist_for_each_entry(x, &w->writes, entry)
		if (x->alert)
			w->kept[x->alert->maps->map.checksum - 900] = true;
}

static void grow(struct world *w, struct alert *a)
{
	int ring = w->t < w->retry_at ? -EAGAIN : book_ring_begin(w->book, a, world_wall(w));
	struct write *x;

	if (ring == -EAGAIN)
		return;
	if (ring < 0) {
		world_fail(w, "%s: ring: %s", a->id, strerror(-ring));
		return;
	}
	x = new_write(w, WRITE_RING, a, -1);
	x->ring = ring;
	book_alert_record(w->book, a, x->batch);
	queue(w, x);
}

static void second(struct world *w)
{
	struct alert *a, *next;
	bool forgot = false;

	llist_for_each_entry_safe(a, next, &w->book->alerts, entry) {
		grow(w, a);
		if (book_settle(a, world_wall(w)))
			write_change(w, a, -1, NULL);
		if (!a->over && (book_ended(a, world_wall(w)) || (w->breaks & BREAK_FORGET && a->state == ALERT_COMPLETED))) {
			a->over = true;
			write_change(w, a, -1, NULL);
		}
		if (!a->over || under_way(w, a) || !alert_at_rest(a))
			continue;
		check_ended(w, world_alert(w, a), a);
		book_forget(w->book, a);
		forgot = true;
	}
	if (forgot)
		sweep(w);
	if (w->t >= w->retry_at)
		save_again(w);
	take_all(w);
}

static void look_at_clock(struct world *w)
{
	struct alert *a;
	int64_t by;

	if (w->breaks & BREAK_CLOCK || !book_clock_step(w->book, world_wall_us(w), world_mono(w), &by))
		return;
	llist_for_each_entry(a, &w->book->alerts, entry)
		write_change(w, a, -1, NULL);
}

static bool writing(const struct world *w)
{
	const struct write *x;

	llist_for_each_entry(x, &w->writes, entry)
		if (x->kind == WRITE_DISPATCH)
			return true;
	return false;
}

static bool changing(const struct world *w)
{
	const struct write *x;

	llist_for_each_entry(x, &w->writes, entry)
		if (x->kind == WRITE_CHANGE)
			return !(w->breaks & BREAK_ORDER);
	return !llist_empty(&w->unsaved) && !(w->breaks & BREAK_ORDER);
}

static void commit(struct world *w)
{
	struct write *x;

	if (changing(w) || writing(w) || w->t < w->retry_at || dispatch_commit_us(w->dispatch, world_mono(w)) > world_mono(w))
		return;
	x = new_write(w, WRITE_DISPATCH, NULL, -1);
	if (dispatch_take_batch(w->dispatch, x->batch))
		queue(w, x);
	else
		talloc_free(x);
}

void gw_step(struct world *w)
{
	struct write *x;

	look_at_clock(w);
	while (!llist_empty(&w->writes)) {
		x = llist_entry(w->writes.next, struct write, entry);
		if (x->done_at > w->t)
			break;
		write_done(w, x);
	}
	if (w->t >= w->second_at) {
		w->second_at = w->t + SEC;
		second(w);
		check_second(w);
	}
	dispatch_run(w->dispatch, world_mono(w));
	for (unsigned int i = 0; i < LINKS; i++)
		link_step(w, &w->link[i]);
	dispatch_run(w->dispatch, world_mono(w));
	commit(w);
}

bool gw_idle(const struct world *w)
{
	return llist_empty(&w->writes) && llist_empty(&w->unsaved) && !w->book->moved;
}

uint64_t gw_next(const struct world *w)
{
	uint64_t next = w->second_at, at;

	if (!llist_empty(&w->writes))
		next = OSMO_MIN(next, llist_entry(w->writes.next, struct write, entry)->done_at);
	at = dispatch_next_us(w->dispatch, world_mono(w));
	if (at != UINT64_MAX)
		next = OSMO_MIN(next, at + w->boot_at);
	at = writing(w) || changing(w) ? UINT64_MAX : dispatch_commit_us(w->dispatch, world_mono(w));
	if (at != UINT64_MAX)
		next = OSMO_MIN(next, OSMO_MAX(at + w->boot_at, w->retry_at));
	for (unsigned int i = 0; i < LINKS; i++) {
		const struct sim_link *l = &w->link[i];

		if (!l->up)
			next = OSMO_MIN(next, l->up_at);
		for (uint32_t f = 0; f < l->n_out; f++)
			next = OSMO_MIN(next, l->out[f].answer_at);
	}
	return next;
}

/* What the NOC is told: counters, predictions, snapshots, notifications. */
#include "gateway/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/dispatch_lease.h"
#include "gateway/log.h"
#include "gateway/predict.h"
#include "gateway/reach.h"
#include "gateway/link_smpp.h"
#include "gateway/snapshot_json.h"

/* ---- predictions ---- */

static void tell(struct daemon *d, struct alert *a, const char *word, const char *carrier, enum notify_kind kind, double late_s)
{
	char text[256], when[64] = "cannot be told: nothing moves";

	if (late_s < 1e9)
		snprintf(when, sizeof(when), "%.0f s after it", ceil(late_s));
	snprintf(text, sizeof(text), "%s alert %s carrier %s: predicted finish %s", word, a->id, carrier, when);
	LOGP(DALERT, LOGL_NOTICE, "%s\n", text);
	if (d->agentx)
		agentx_notify(d->agentx, kind, a->id, text);
}

/* How far a carrier's jobs of an alert will be from their deadlines: each has its own (rings, updates). */
struct lateness {
	double predicted_s, now_s; /* of the worst; above 0: after it */
};

static struct lateness lateness(struct daemon *d, const struct alert *a, const struct conf_carrier *c, uint64_t now_us)
{
	struct lateness worst = {-INFINITY, -INFINITY};
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		double to_go = (double)(j->job->spec.deadline_us - (int64_t)now_us) / 1e6;

		if (book_group(j)->carrier != c || predict_left(j) <= 0)
			continue;
		worst.predicted_s = fmax(worst.predicted_s, predict_seconds(d, j, now_us) - to_go);
		worst.now_s = fmax(worst.now_s, -to_go);
	}
	return worst;
}

static bool judge_alert(struct daemon *d, struct alert *a, uint64_t now_us)
{
	bool news = false;

	for (size_t i = 0; i < a->conf->n_carriers; i++) {
		const struct conf_carrier *c = &a->conf->carriers[i];
		struct lateness late = lateness(d, a, c, now_us);

		if (late.predicted_s > 0 && !a->at_risk[i]) {
			a->at_risk[i] = news = true;
			d->total.alerts_at_risk++;
			tell(d, a, "alertDeadlineAtRisk", c->name, NOTIFY_ALERT_AT_RISK, late.predicted_s);
		}
		if (late.now_s > 0 && !a->missed[i]) {
			a->missed[i] = news = true;
			d->total.alerts_missed++;
			tell(d, a, "alertDeadlineMissed", c->name, NOTIFY_ALERT_MISSED, late.predicted_s);
		}
	}
	return news;
}

void watch_judge(struct daemon *d, struct alert *a)
{
	predict_refresh(d);
	if (a->state == ALERT_RUNNING && judge_alert(d, a, clock_mono_us())) {
		intake_save(d, a);
		a->changed = true;
	}
}

/* ---- rings ---- */

static void ring_durable(struct daemon *d, struct pending *p, int rc)
{
	struct alert *a = p->alert;

	book_ring_enter(d->book, a, p->ring, rc, clock_wall_s(), clock_mono_us());
	if (rc == 0)
		LOGP(DALERT, LOGL_NOTICE, "alert %s: grows to %.1f km\n", a->id, a->rings[p->ring].radius_km);
	daemon_wake(d);
}

static void grow(struct daemon *d, struct alert *a, int64_t now)
{
	struct store_batch *b;
	struct pending *p;
	int ring = d->store_failing ? -EAGAIN : book_ring_begin(d->book, a, now);

	if (ring == -EAGAIN)
		return;
	if (ring < 0) {
		LOGP(DALERT, LOGL_ERROR, "alert %s: its next ring cannot be planned: %s\n", a->id, strerror(-ring));
		return;
	}
	b = daemon_batch(d);
	p = talloc_zero(d, struct pending);
	OSMO_ASSERT(p);
	*p = (struct pending){.done = ring_durable, .alert = a, .ring = ring};
	book_alert_record(d->book, a, b);
	daemon_store(d, b, p);
}

static void settle(struct daemon *d, struct alert *a, uint64_t now_us, int64_t now)
{
	enum snap_alert_state was = a->state;
	bool store = a->state == ALERT_RUNNING && judge_alert(d, a, now_us);

	store |= book_settle(a, now);
	if (a->state != was) {
		LOGP(DALERT, LOGL_NOTICE, "alert %s: %s\n", a->id, alert_state_name(a->state));
		d->total.alerts_completed += a->state == ALERT_COMPLETED;
		if (d->agentx && a->state == ALERT_COMPLETED)
			agentx_notify(d->agentx, NOTIFY_ALERT_COMPLETED, a->id, "every unit has its final state");
	}
	if (store) /* until it is durable: or a restart would say all of it again */
		intake_save(d, a);
	a->changed |= store;
}

#define LATE_US 20000

static void keep_set(struct daemon *d, uint64_t **keep, size_t *n, const struct mapset *set)
{
	*keep = talloc_realloc(d, *keep, uint64_t, *n + 1 + set->n);
	OSMO_ASSERT(*keep);
	(*keep)[(*n)++] = set->map.checksum;
	for (size_t i = 0; i < set->n; i++)
		(*keep)[(*n)++] = set->subs[i].checksum;
}

/* Also what the next alert would keep anew, and what alerts need that become durable just now. */
static void sweep(struct daemon *d)
{
	uint64_t *keep = NULL;
	const struct pending *p;
	const struct alert *a;
	size_t n = 0;

	keep_set(d, &keep, &n, d->maps);
	llist_for_each_entry(p, &d->pending, entry)
		if (p->alert)
			keep_set(d, &keep, &n, p->alert->maps);
	llist_for_each_entry(p, &d->drafts, entry)
		keep_set(d, &keep, &n, p->alert->maps);
	llist_for_each_entry(a, &d->book->alerts, entry)
		keep_set(d, &keep, &n, a->maps);
	maps_sweep(d->conf->state_directory, keep, n);
	talloc_free(keep);
}

/* Above this an alert that runs may fall short of its rate. */
static void tell_late(struct daemon *d)
{
	if (d->late_us > LATE_US)
		LOGP(DMAIN, LOGL_INFO, "the loop came %u ms late\n", (unsigned int)(d->late_us / 1000));
	d->late_us = 0;
}

/* Its receipts are of no use any more. */
static void end_receipts(struct daemon *d, const struct alert *a)
{
	struct store_batch *b = daemon_batch(d);
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		fleet_receipts_end(d->fleet, j->id, b);
	if (b->n)
		daemon_store(d, b, NULL);
	else
		talloc_free(b);
}

static bool names(const struct llist_head *list, const struct alert *a)
{
	const struct pending *p;

	llist_for_each_entry(p, list, entry)
		if (p->alert == a)
			return true;
	return false;
}

static void save_over(struct daemon *d)
{
	struct store_batch *b = daemon_batch(d);

	if (book_over_records(d->book, b))
		daemon_store(d, b, NULL);
	else
		talloc_free(b);
}

void watch_clock(struct daemon *d, uint64_t now_us)
{
	struct alert *a;
	int64_t by;

	if (!book_clock_step(d->book, clock_wall_us(), now_us, &by))
		return;
	if (by)
		LOGP(DMAIN, LOGL_NOTICE, "the clock was set %s by %" PRId64 " s; no alert gains or loses time by it\n",
		     by < 0 ? "back" : "forward", by < 0 ? -by : by);
	llist_for_each_entry(a, &d->book->alerts, entry)
		intake_save(d, a);
}

void watch_second(struct daemon *d, uint64_t now_us, int64_t now)
{
	struct alert *a, *next;
	bool forgot = false, told;

	tell_late(d);
	fleet_second(d->fleet);
	deadbook_second(d);
	save_over(d);
	watch_links_second(d, now);
	watch_trouble(d);
	predict_second(d, now_us);
	llist_for_each_entry_safe(a, next, &d->book->alerts, entry) {
		grow(d, a, now);
		settle(d, a, now_us, now);
		if (!a->over && book_ended(a, now)) {
			a->over = true;
			intake_save(d, a);
		}
		told = reached_told(d, a);
		if (a->over && told && book_ended(a, now) && !names(&d->pending, a) && !names(&d->unsaved, a) && !names(&d->tell, a)) {
			a->changed = true;
			intake_results(d);
			LOGP(DALERT, LOGL_NOTICE, "alert %s has ended\n", a->id);
			end_receipts(d, a);
			onair_end(d, a);
			deadbook_end(d, a);
			book_forget(d->book, a);
			forgot = true;
		}
	}
	if (forgot)
		sweep(d);
	watch_publish(d);
	intake_results(d);
}

/* ---- snapshot ---- */

static void sums_plus(struct unit_sums *sums, const struct unit_sums *more)
{
	for (int u = 0; u < UNIT_STATES; u++)
		sums->n[u] += more->n[u];
}

/* Rings of an alert come together, link by link. */
static struct snap_alert_link *alert_link(struct snap_alert *x, const char *name)
{
	struct snap_alert_link *l;

	for (size_t i = 0; i < x->n_links; i++)
		if (!strcmp(x->links[i].name, name))
			return &x->links[i];
	l = &x->links[x->n_links++];
	snapshot_text(l->name, sizeof(l->name), name);
	return l;
}

/* A job's messages over one of its links. */
static void add_receipts(const struct daemon *d, struct snap_receipts *sum, const struct book_job *j, size_t pos)
{
	const struct plan_group *g = book_group(j);
	const struct conf_link *cfg = g->links[pos];
	struct receipts_reach reach;

	if (g->kind != GROUP_SUBSCRIBERS || g->gone)
		return;
	link_smpp_reach(d->fleet->links[j->link_index[pos]].link, j->id, &reach);
	sum->asked += reach.asked;
	sum->delivered += reach.delivered;
	sum->failed += reach.failed;
	sum->measured |= cfg->receipts == RECEIPTS_ALL || cfg->receipts == RECEIPTS_SAMPLE;
	sum->sampled |= cfg->receipts == RECEIPTS_SAMPLE;
}

/* What the recall asked back of the alert's own text. */
static void add_back(const struct daemon *d, struct snap_alert_link *l, const struct book_job *j, size_t pos)
{
	struct link_smpp_back back;

	if (book_group(j)->kind != GROUP_SUBSCRIBERS || book_group(j)->gone)
		return;
	link_smpp_back(d->fleet->links[j->link_index[pos]].link, j->id, &back);
	l->cancelled += back.cancelled;
	l->cancel_late += back.late;
	l->cancel_pending += back.pending;
}

static void alert_links(const struct daemon *d, struct snapshot *s, size_t at, const struct alert *a)
{
	struct snap_alert *x = &s->alerts[at];
	const struct book_job *j;
	size_t n = 0;

	llist_for_each_entry(j, &a->jobs, entry)
		n += book_group(j)->n_links;
	snapshot_alert_links(s, at, n);
	x->n_links = 0;
	llist_for_each_entry(j, &a->jobs, entry) {
		const struct plan_group *g = book_group(j);

		if (a->wordings[j->wording].phase != PHASE_ALERT)
			continue;
		for (size_t i = 0; i < (g->gone ? 1 : g->n_links); i++) {
			struct snap_alert_link *l = alert_link(x, g->links[i]->name);

			sums_plus(&l->sums, &j->job->link_sums[i]);
			l->gone |= g->gone;
			add_receipts(d, &l->receipts, j, i);
			add_back(d, l, j, i);
		}
	}
}

/* Also one that has left the configuration. */
static struct snap_alert_carrier *alert_carrier(struct snap_alert *x, const char *name)
{
	for (size_t i = 0; i < x->n_carriers; i++)
		if (!strcmp(x->carriers[i].name, name))
			return &x->carriers[i];
	snapshot_text(x->carriers[x->n_carriers].name, sizeof(x->carriers[0].name), name);
	return &x->carriers[x->n_carriers++];
}

static void alert_carriers(const struct daemon *d, struct snap_alert *x, const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		struct snap_alert_carrier *c;

		if (a->wordings[j->wording].phase != PHASE_ALERT)
			continue;
		c = alert_carrier(x, book_group(j)->carrier->name);
		sums_plus(&c->sums, &j->job->sums);
		for (size_t i = 0; i < book_group(j)->n_links; i++)
			add_receipts(d, &c->receipts, j, i);
	}
}

static void alert_parts(const struct daemon *d, struct snapshot *s, size_t at, const struct alert *a)
{
	struct snap_alert *x = &s->alerts[at];
	const struct book_job *j;
	size_t n = a->conf->n_carriers;

	llist_for_each_entry(j, &a->jobs, entry)
		n++;
	snapshot_alert_parts(s, at, n, a->n_rings - 1);
	x->n_carriers = a->conf->n_carriers;
	for (size_t i = 0; i < x->n_carriers; i++) {
		snapshot_text(x->carriers[i].name, sizeof(x->carriers[i].name), a->conf->carriers[i].name);
		x->carriers[i].at_risk = a->at_risk[i];
		x->carriers[i].missed = a->missed[i];
	}
	alert_carriers(d, x, a);
	for (size_t r = 1; r < a->n_rings; r++)
		x->rings[r - 1] = (struct snap_alert_ring){.radius_km = a->rings[r].radius_km, .at = a->rings[r].at,
							   .since = book_begun(a, r) ? a->rings[r].since : 0};
}

static bool any(const bool *flags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (flags[i])
			return true;
	return false;
}

static void fill_alert(const struct daemon *d, struct snapshot *s, size_t at, const struct alert *a)
{
	struct snap_alert *x = &s->alerts[at];

	x->number = a->number;
	snapshot_text(x->alert_id, sizeof(x->alert_id), a->id);
	snapshot_text(x->case_number, sizeof(x->case_number), a->case_number);
	snapshot_text(x->type, sizeof(x->type), a->type);
	snapshot_text(x->agency, sizeof(x->agency), a->agency);
	snapshot_text(x->action, sizeof(x->action), trigger_action_name(a->action));
	x->state = a->state;
	x->at_risk = any(a->at_risk, a->conf->n_carriers);
	x->missed = any(a->missed, a->conf->n_carriers);
	x->accepted_at = a->accepted_at;
	x->deadline_at = a->deadline_at;
	x->expires_at = a->expires_at;
	x->lat = a->lat;
	x->lon = a->lon;
	x->radius_km = a->radius_km;
	book_sums(a, true, &x->sums);
	book_sums(a, false, &x->others);
	alert_links(d, s, at, a);
	alert_parts(d, s, at, a);
}

/* Wall time when the carrier is done with the alert; 0 = it is, or that cannot be told. */
static int64_t carrier_finish(struct daemon *d, const struct alert *a, const char *carrier, uint64_t now_us)
{
	const struct book_job *j;
	double most = 0;

	llist_for_each_entry(j, &a->jobs, entry)
		if (!strcmp(book_group(j)->carrier->name, carrier) && predict_left(j) > 0)
			most = fmax(most, predict_seconds(d, j, now_us));
	return most > 0 && most < 1e9 ? clock_wall_s() + (int64_t)ceil(most) : 0;
}

static void fill_carrier(struct daemon *d, struct snap_carrier *s, const struct conf_carrier *c, uint64_t now_us)
{
	const struct alert *a;

	snapshot_text(s->name, sizeof(s->name), c->name);
	s->rate = c->rate;
	s->measured_rate = fleet_carrier_rate(d->fleet, c, false);
	for (size_t i = 0; i < d->fleet->n_links; i++)
		if (!strcmp(d->fleet->links[i].link->carrier->name, c->name)) {
			s->waiting += dispatch_link_waiting(d->dispatch, d->fleet->links[i].link->index);
			s->accepted += d->fleet->links[i].link->count.accepted;
		}
	llist_for_each_entry(a, &d->book->alerts, entry) {
		int64_t finish = carrier_finish(d, a, c->name, now_us);

		s->finish_at = OSMO_MAX(s->finish_at, finish);
	}
}

void watch_publish(void *arg)
{
	struct daemon *d = arg;
	uint64_t now_us = clock_mono_us();
	size_t n = 0;
	struct alert *a;
	struct snapshot *s;

	llist_for_each_entry(a, &d->book->alerts, entry)
		n++;
	s = snapshot_new(d->fleet->n_links, n, d->conf->n_carriers);
	s->taken_at = clock_wall_s();
	s->started_at = d->started_at;
	s->uptime_s = (now_us - d->started_us) / 1000000;
	snapshot_text(s->name, sizeof(s->name), d->conf->name);
	s->total = d->total;
	s->store_state = d->store_failing || d->store_full ? 2 : 1;
	s->map_cells = cellmap_count(d->maps->map.map);
	s->map_checksum = d->maps->map.checksum;
	snapshot_text(s->map_path, sizeof(s->map_path), d->maps->map.path);
	for (size_t i = 0; i < d->fleet->n_links; i++)
		watch_fill_link(d, &s->links[i], &d->fleet->links[i], now_us);
	predict_refresh(d);
	n = 0;
	llist_for_each_entry(a, &d->book->alerts, entry)
		fill_alert(d, s, n++, a);
	for (size_t i = 0; i < d->conf->n_carriers; i++)
		fill_carrier(d, &s->carriers[i], &d->conf->carriers[i], now_us);
	snapshot_agencies(s, d->conf->n_agencies);
	for (size_t i = 0; i < d->conf->n_agencies; i++) {
		const struct intake_count *c = intake_count(d, d->conf->agencies[i].name);

		snapshot_text(s->agencies[i].name, sizeof(s->agencies[i].name), c->agency);
		s->agencies[i].accepted = c->accepted;
		s->agencies[i].rejected = c->rejected;
		s->agencies[i].duplicate = c->duplicate;
	}
	snapshot_publish(s);
}

/* ---- the store ---- */

static void store_trouble(struct daemon *d, const char *text)
{
	LOGP(DLEDGER, LOGL_ERROR, "the ledger in %s %s; no new alert is accepted until that is mended\n", d->conf->state_directory, text);
	if (d->agentx)
		agentx_notify(d->agentx, NOTIFY_STORE_FAILING, "ledger", text);
}

static void store_mended(struct daemon *d)
{
	LOGP(DLEDGER, LOGL_NOTICE, "the ledger can be written again\n");
	for (size_t i = 0; i < d->n_intakes; i++)
		spool_retry(d->intakes[i]->spool);
}

void watch_store(struct daemon *d, int rc)
{
	char text[128];

	if (rc == 0)
		d->total.store_commits++;
	else
		d->total.store_failures++;
	if (rc < 0 && !d->store_failing) {
		snprintf(text, sizeof(text), "cannot be written: %s", strerror(-rc));
		store_trouble(d, text);
	}
	if (rc == 0 && d->store_failing && !d->store_full)
		store_mended(d);
	d->store_failing = rc < 0;
}

/* What is another gateway's; of an embedded ledger nothing can be. */
void watch_leases(struct daemon *d, uint64_t now_us)
{
	char key[DISPATCH_KEY_LEN];
	struct store_lease lease;

	while (!storethread_pending(d->storethread) && dispatch_look(d->dispatch, now_us, key, &lease)) {
		int rc = d->store->ops->lease(d->store, &lease);
		void *blob = NULL;
		size_t len = 0;

		d->store->ops->get(d->store, STORE_CHUNK, key, d, &blob, &len);
		if (dispatch_looked(d->dispatch, &lease, rc, blob, len, now_us) < 0)
			LOGP(DLEDGER, LOGL_ERROR, "chunk %s cannot be read; see `reunion ledger check`\n", key);
		talloc_free(blob);
	}
	if (dispatch_deposed(d->dispatch)) {
		LOGP(DLEDGER, LOGL_ERROR, "another gateway has taken over work of this one; it has to begin anew\n");
		d->stopping = true;
	}
}

int watch_trouble(struct daemon *d)
{
	struct store_health h;
	bool full;

	d->store->ops->health(d->store, &h);
	full = h.last_error == -ENOSPC; /* also when it lives on its reserve */
	if (full && !d->store_full && !d->store_failing)
		store_trouble(d, "has a full disk and lives on its reserve");
	if (!full && d->store_full && !d->store_failing)
		store_mended(d);
	d->store_full = full;
	if (full)
		return -ENOSPC;
	if (d->undoing)
		return -EIO;
	/* After the pause the next alert tries whether it can be written again. */
	return d->store_failing && clock_mono_us() < d->store_retry_us ? -EIO : 0;
}

json_t *watch_alert(void *arg, const char *alert_id)
{
	struct daemon *d = arg;
	struct alert *a = book_find(d->book, alert_id);
	struct snapshot *s;
	json_t *o = NULL;

	if (!a)
		return NULL;
	watch_publish(d);
	s = snapshot_get();
	for (size_t i = 0; i < s->n_alerts; i++)
		if (!strcmp(s->alerts[i].alert_id, alert_id))
			o = snapshot_alert_json(&s->alerts[i]);
	snapshot_put(s);
	if (o) {
		json_object_set_new(o, "plan", book_plan_json(a));
		json_object_set_new(o, "recall_reason", a->recall_reason ? json_string(a->recall_reason) : json_null());
	}
	return o;
}

json_t *watch_cells(void *arg, const char *alert_id, const char *from)
{
	const struct daemon *d = arg;
	const struct alert *a = book_find(d->book, alert_id);

	return a ? reach_cells(a, from) : NULL;
}

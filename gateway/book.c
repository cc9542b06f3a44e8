#include "gateway/book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/log.h"

#define FOUND_LIFETIME_S 21600 /* how long a found text is still worth sending */
#define CODES		 256   /* low bits of the message code; the two above are alert and popup */

static int book_destroy(struct book *b)
{
	json_decref(b->cases);
	json_decref(b->digests);
	json_decref(b->serials);
	return 0;
}

struct book *book_new(void *ctx, struct dispatch *dispatch, int (*link_index)(void *, const char *), void *arg)
{
	struct book *b = talloc_zero(ctx, struct book);

	OSMO_ASSERT(b);
	INIT_LLIST_HEAD(&b->alerts);
	b->dispatch = dispatch;
	b->next_number = 1;
	b->cases = json_object();
	b->digests = json_object();
	b->serials = json_object();
	b->link_index = link_index;
	b->arg = arg;
	talloc_set_destructor(b, book_destroy);
	return b;
}

struct alert *book_find(struct book *b, const char *id)
{
	struct alert *a;

	llist_for_each_entry(a, &b->alerts, entry)
		if (!strcmp(a->id, id))
			return a;
	return NULL;
}

static const char *case_key(char *buf, size_t len, const char *agency, const char *case_number)
{
	snprintf(buf, len, "%s/%s", agency, case_number);
	return buf;
}

struct alert *book_case(struct book *b, const char *agency, const char *case_number)
{
	char key[512];
	const char *id = json_string_value(json_object_get(b->cases, case_key(key, sizeof(key), agency, case_number)));

	return id ? book_find(b, id) : NULL;
}

static const char *digest_key(char *buf, size_t len, const struct trigger *t)
{
	int n = snprintf(buf, len, "%s/", t->agency);

	osmo_hexdump_buf(buf + n, len - n, t->digest, sizeof(t->digest), "", false);
	return buf;
}

char *book_trigger_key(void *ctx, const struct trigger *t)
{
	char key[256];

	return talloc_strdup(ctx, digest_key(key, sizeof(key), t));
}

json_t *book_decision(struct book *b, const struct trigger *t)
{
	char key[256];

	return json_object_get(b->digests, digest_key(key, sizeof(key), t));
}

void book_decide(struct book *b, const struct trigger *t, const char *decision, const char *alert_id, struct store_batch *batch)
{
	char key[256];
	json_t *d = json_pack("{s:s, s:s, s:s, s:s}", "decision", decision, "alert_id", alert_id, "agency", t->agency,
			      "case_number", t->case_number);
	char *text = json_dumps(d, JSON_COMPACT);

	OSMO_ASSERT(d && text);
	digest_key(key, sizeof(key), t);
	store_batch_add(batch, STORE_TRIGGER, key, text, strlen(text), 0);
	json_object_set_new(b->digests, key, d);
	free(text);
}

enum verdict book_judge(struct book *b, void *ctx, const struct trigger *t, struct alert **subject, struct reasons *reasons)
{
	char key[512];
	bool known = json_object_get(b->cases, case_key(key, sizeof(key), t->agency, t->case_number));

	*subject = book_case(b, t->agency, t->case_number);
	if (known && json_is_null(json_object_get(b->cases, key)))
		return VERDICT_LATER;
	if (book_decision(b, t))
		return VERDICT_DUPLICATE;
	if (t->action == ACTION_ALERT || t->action == ACTION_EXERCISE) {
		if (!known)
			return VERDICT_ACCEPT;
		reasons_add(ctx, reasons, 0, "case_number",
			    "this case has an alert already; to change its text use action = \"update\"");
		return VERDICT_REJECT;
	}
	if (*subject)
		return t->action == ACTION_CANCEL ? VERDICT_CANCEL : VERDICT_UPDATE;
	reasons_add(ctx, reasons, 0, "case_number",
		    known ? "the alert of this case has ended" : "unknown: no alert of this agency has this case number");
	return VERDICT_REJECT;
}

void book_serial(struct book *b, uint16_t identifier, uint16_t next)
{
	char key[8];

	snprintf(key, sizeof(key), "%u", identifier);
	json_object_set_new(b->serials, key, json_integer(next));
}

/* A message code no alert has used lately: phones drop what they have seen (FACTS 3.1). */
static uint16_t new_code(struct book *b, uint16_t identifier)
{
	char key[8];
	json_int_t next;

	snprintf(key, sizeof(key), "%u", identifier);
	next = json_integer_value(json_object_get(b->serials, key));
	book_serial(b, identifier, (next + 1) % CODES);
	return next % CODES;
}

static int alert_destroy(struct alert *a)
{
	if (a->maps && --a->maps->uses == 0)
		talloc_free(a->maps);
	return 0;
}

struct alert *alert_new(struct book *b)
{
	struct alert *a = talloc_zero(b, struct alert);

	OSMO_ASSERT(a);
	INIT_LLIST_HEAD(&a->entry);
	INIT_LLIST_HEAD(&a->jobs);
	a->state = ALERT_RUNNING;
	talloc_set_destructor(a, alert_destroy);
	return a;
}

static void add_wording(struct book *b, struct alert *a, enum book_phase phase, const struct alert_text *texts, size_t n, int64_t now)
{
	struct wording *w;

	a->wordings = talloc_realloc(a, a->wordings, struct wording, a->n_wordings + 1);
	OSMO_ASSERT(a->wordings);
	w = &a->wordings[a->n_wordings++];
	*w = (struct wording){.phase = phase, .n_texts = n, .since = now};
	w->texts = talloc_zero_array(a, struct alert_text, n + 1);
	w->codes = talloc_zero_array(a, uint16_t, n + 1);
	for (size_t i = 0; i < n; i++) {
		w->texts[i].language = talloc_strdup(a, texts[i].language);
		w->texts[i].message_identifier = texts[i].message_identifier;
		w->texts[i].broadcast = talloc_strdup(a, texts[i].broadcast);
		w->texts[i].sms = talloc_strdup(a, texts[i].sms);
		w->texts[i].found = talloc_strdup(a, texts[i].found);
		w->codes[i] = new_code(b, texts[i].message_identifier);
	}
}

static uint64_t sum_octets(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) /* FNV-1a */
		sum = (sum ^ p[i]) * 0x100000001B3ull;
	return sum;
}

int alert_plan(struct alert *a, const struct conf *conf, struct reasons *reasons)
{
	struct plan_input in = {.conf = conf,
				.map = a->maps->map.map,
				.subs = a->maps->plain,
				.lat = a->lat,
				.lon = a->lon,
				.radius_km = a->radius_km,
				.exercise = a->action == ACTION_EXERCISE,
				.texts = a->wordings[0].texts,
				.n_texts = a->wordings[0].n_texts,
				.reported_at = a->reported_at,
				.deadline_at = a->deadline_at};
	int rc = plan_make(a, &in, &a->plan, reasons);

	if (rc < 0)
		return rc;
	a->conf = conf;
	a->at_risk = talloc_zero_array(a, bool, conf->n_carriers + 1);
	a->missed = talloc_zero_array(a, bool, conf->n_carriers + 1);
	a->plan_sum = 0xCBF29CE484222325ull;
	for (size_t i = 0; i < a->plan->n_groups; i++) {
		const struct plan_group *g = &a->plan->groups[i];

		a->plan_sum = sum_octets(a->plan_sum, &g->n_units, sizeof(g->n_units));
		if (g->units)
			a->plan_sum = sum_octets(a->plan_sum, g->units, g->n_units * sizeof(*g->units));
	}
	return 0;
}

static void alert_name(struct alert *a, int64_t now)
{
	time_t t = now;
	struct tm tm;

	gmtime_r(&t, &tm);
	a->id = talloc_asprintf(a, "%s-%04d%02d%02d-%06u", a->agency, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, a->number);
}

int book_draft(struct book *b, const struct conf *conf, struct mapset *maps, const struct trigger *t, int64_t now,
	       struct alert **out, struct reasons *reasons)
{
	struct alert *a = alert_new(b);
	char key[512];
	int rc;

	a->number = b->next_number++;
	a->agency = talloc_strdup(a, t->agency);
	a->case_number = talloc_strdup(a, t->case_number);
	a->type = talloc_strdup(a, t->type);
	a->action = t->action;
	a->accepted_at = now;
	a->reported_at = t->reported_at;
	a->deadline_at = t->reported_at + t->conf_type->deadline_s;
	a->expires_at = t->reported_at + t->conf_type->lifetime_s;
	a->repetition_s = t->conf_type->repetition_s;
	a->lat = t->lat;
	a->lon = t->lon;
	a->radius_km = t->radius_km;
	alert_name(a, now);
	a->maps = maps;
	maps->uses++;
	add_wording(b, a, PHASE_ALERT, t->texts, t->n_texts, now);
	rc = alert_plan(a, conf, reasons);
	if (rc < 0) {
		talloc_free(a);
		return rc;
	}
	json_object_set_new(b->cases, case_key(key, sizeof(key), a->agency, a->case_number), json_null());
	*out = a;
	return 0;
}

void book_discard(struct book *b, struct alert *a, const struct trigger *t)
{
	char key[512];

	json_object_del(b->cases, case_key(key, sizeof(key), a->agency, a->case_number));
	json_object_del(b->digests, digest_key(key, sizeof(key), t));
	talloc_free(a);
}

/* Was (or may have been) the unit reached by an earlier wording? */
static bool reached(uint8_t octet)
{
	switch (UNIT_STATE(octet)) {
	case UNIT_ACCEPTED:
	case UNIT_UNKNOWN:
	case UNIT_HANDED:
		return true;
	case UNIT_REFUSED:
	case UNIT_EXCLUDED:
		return false;
	default:
		return UNIT_ATTEMPT(octet) > 0;
	}
}

struct earlier {
	const struct alert *a;
	size_t wording, group;
	bool onward; /* also those not served yet */
};

/* First octet of a unit in an update or found job: by what the earlier wordings of the same group did with it. */
static uint8_t first_octet(void *arg, uint32_t unit)
{
	const struct earlier *e = arg;
	const struct book_job *j;

	llist_for_each_entry(j, &e->a->jobs, entry) {
		uint8_t o;

		if (j->wording >= e->wording || j->group != e->group)
			continue;
		o = dispatch_unit(j->job, unit);
		if (reached(o) || (e->onward && UNIT_STATE(o) != UNIT_REFUSED && UNIT_STATE(o) != UNIT_EXCLUDED))
			return UNIT_OCTET(UNIT_WAITING, 0, 0);
	}
	return UNIT_OCTET(UNIT_EXCLUDED, 0, 0);
}

static int64_t mono_at(int64_t wall, int64_t now, uint64_t now_us)
{
	return (int64_t)now_us + (wall - now) * 1000000;
}

static void add_job(struct book *b, struct alert *a, size_t wording, size_t group, uint64_t now_us, int64_t now,
		    book_chunks_cb chunks, void *arg)
{
	const struct wording *w = &a->wordings[wording];
	const struct plan_group *g = &a->plan->groups[group];
	struct book_job *j = talloc_zero(a, struct book_job);
	struct earlier e = {.a = a, .wording = wording, .group = group, .onward = w->phase == PHASE_UPDATE};
	struct job_spec spec = {.n_units = g->n_units, .parts = g->parts ? g->parts : 1, .n_links = g->n_links, .owner = j};

	OSMO_ASSERT(j);
	j->id = (uint64_t)a->number << 16 | (wording << 8 & 0xFF00) | (group & 0xFF);
	j->alert = a;
	j->wording = wording;
	j->group = group;
	j->link_index = talloc_zero_array(j, uint16_t, g->n_links);
	j->payloads = talloc_zero_array(j, struct payload *, g->n_links);
	for (size_t i = 0; i < g->n_links; i++) {
		int rc = b->link_index(b->arg, g->links[i]->name);

		OSMO_ASSERT(rc >= 0);
		j->link_index[i] = rc;
	}
	spec.id = j->id;
	spec.kind = g->kind == GROUP_CBSP || g->kind == GROUP_BROADCAST ? JOB_BROADCAST : JOB_SMS;
	spec.deadline_us = mono_at(w->phase == PHASE_ALERT ? a->deadline_at : w->since + (a->deadline_at - a->reported_at), now, now_us);
	spec.expires_us = mono_at(w->phase == PHASE_FOUND ? w->since + FOUND_LIFETIME_S : a->expires_at, now, now_us);
	spec.links = j->link_index;
	spec.shares = g->shares;
	j->job = dispatch_add_job(b->dispatch, &spec, w->phase == PHASE_ALERT ? NULL : first_octet, &e);
	llist_add_tail(&j->entry, &a->jobs);
	if (chunks)
		chunks(arg, j->job);
}

void alert_add_jobs(struct book *b, struct alert *a, size_t wording, uint64_t now_us, int64_t now, book_chunks_cb chunks, void *arg)
{
	for (size_t g = 0; g < a->plan->n_groups; g++)
		if (a->plan->groups[g].n_units > 0)
			add_job(b, a, wording, g, now_us, now, chunks, arg);
}

void alert_stop_jobs(struct book *b, struct alert *a, uint64_t now_us)
{
	struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		dispatch_withdraw(b->dispatch, j->job, UNIT_WITHDRAWN, now_us);
}

void book_enter(struct book *b, struct alert *a, uint64_t now_us, int64_t now)
{
	char key[512];

	llist_add_tail(&a->entry, &b->alerts);
	json_object_set_new(b->cases, case_key(key, sizeof(key), a->agency, a->case_number), json_string(a->id));
	alert_add_jobs(b, a, 0, now_us, now, NULL, NULL);
	a->changed = true;
}

int book_update(struct book *b, struct alert *a, const struct trigger *t, int64_t now, uint64_t now_us, struct reasons *reasons)
{
	struct payload probe;

	if (a->recalled_at) {
		reasons_add(a, reasons, 0, "action", "the alert was recalled; an update is not possible any more");
		return -EALREADY;
	}
	for (size_t g = 0; g < a->plan->n_groups; g++)
		for (size_t l = 0; l < a->plan->groups[g].n_links; l++) {
			int rc = plan_payload(a->plan->groups[g].links[l], t->texts, t->n_texts, false, &probe, reasons, a);

			if (rc < 0)
				return rc;
		}
	alert_stop_jobs(b, a, now_us);
	add_wording(b, a, PHASE_UPDATE, t->texts, t->n_texts, now);
	alert_add_jobs(b, a, a->n_wordings - 1, now_us, now, NULL, NULL);
	if (a->state == ALERT_COMPLETED)
		a->state = ALERT_RUNNING;
	a->changed = true;
	return 0;
}

int book_recall(struct book *b, struct alert *a, const char *reason, int64_t now, uint64_t now_us)
{
	const struct wording *last;

	if (a->recalled_at)
		return -EALREADY;
	a->recalled_at = now;
	a->recall_reason = talloc_strdup(a, reason);
	a->state = ALERT_RECALLED;
	a->changed = true;
	alert_stop_jobs(b, a, now_us);
	last = &a->wordings[a->n_wordings - 1];
	add_wording(b, a, PHASE_FOUND, last->texts, last->n_texts, now);
	alert_add_jobs(b, a, a->n_wordings - 1, now_us, now, NULL, NULL);
	return 0;
}

static bool at_rest(const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (!dispatch_job_at_rest(j->job))
			return false;
	return true;
}

bool book_settle(struct alert *a, int64_t now)
{
	enum snap_alert_state was = a->state;

	if (a->state == ALERT_RUNNING && at_rest(a))
		a->state = now >= a->expires_at ? ALERT_EXPIRED : ALERT_COMPLETED;
	if (a->state != was)
		a->changed = true;
	return a->state != was;
}

bool book_ended(const struct alert *a, int64_t now)
{
	int64_t end = a->recalled_at ? a->recalled_at + FOUND_LIFETIME_S : a->expires_at;

	return now > end && at_rest(a);
}

void book_forget(struct book *b, struct alert *a)
{
	struct book_job *j, *next;

	llist_for_each_entry_safe(j, next, &a->jobs, entry) {
		dispatch_remove_job(b->dispatch, j->job);
		llist_del(&j->entry);
	}
	llist_del(&a->entry);
	talloc_free(a);
}

void book_sums(const struct alert *a, bool own_text, struct unit_sums *sums)
{
	const struct book_job *j;

	memset(sums, 0, sizeof(*sums));
	llist_for_each_entry(j, &a->jobs, entry)
		if ((a->wordings[j->wording].phase == PHASE_ALERT) == own_text)
			for (int s = 0; s < UNIT_STATES; s++)
				sums->n[s] += j->job->sums.n[s];
}

json_t *book_plan_json(const struct alert *a)
{
	struct plan_input in = {.conf = a->conf,
				.map = a->maps->map.map,
				.subs = a->maps->plain,
				.lat = a->lat,
				.lon = a->lon,
				.radius_km = a->radius_km,
				.exercise = a->action == ACTION_EXERCISE,
				.texts = a->wordings[0].texts,
				.n_texts = a->wordings[0].n_texts,
				.reported_at = a->reported_at,
				.deadline_at = a->deadline_at};

	return plan_json(a->plan, &in, a->id);
}

const char *alert_state_name(int state)
{
	static const char *const names[] = {"?", "running", "completed", "recalled", "expired"};

	return state >= 1 && state <= 4 ? names[state] : names[0];
}

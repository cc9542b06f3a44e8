#include "gateway/book.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/geo.h"
#include "gateway/log.h"
#include "gateway/planwork.h"

#define WORDINGS_MAX 200 /* a job's id has eight bits for them */
#define SAME_AREA_M  100.0
#define CODES	     256   /* low bits of the message code; the two above are alert and popup */

static int book_destroy(struct book *b)
{
	json_decref(b->cases);
	json_decref(b->digests);
	json_decref(b->serials);
	json_decref(b->over);
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
	b->over = json_object();
	b->link_index = link_index;
	b->arg = arg;
	b->wake_fd = -1;
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

/* A recall is final and a case number is an alert's identity for ever: what was true once may not ring twice by an old file. */
static void why_not_again(void *ctx, const struct alert *subject, const struct trigger *t, struct reasons *reasons)
{
	if (subject && !subject->recalled_at)
		reasons_add(ctx, reasons, 0, "case_number",
			    "this case has an alert already; to change its text use action = \"update\"");
	else
		reasons_add(ctx, reasons, 0, "case_number",
			    "the alert of this case %s and cannot be raised again, nor is action = \"update\" of use: if the child is missing "
			    "again, give the new alert a case number of its own, such as \"%s-2\"",
			    subject ? "was recalled" : "has ended", t->case_number);
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
		why_not_again(ctx, *subject, t, reasons);
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
	for (size_t r = 0; r < a->n_rings; r++)
		if (a->rings[r].work) /* it reads what goes now */
			planwork_take(a->rings[r].work, NULL, NULL, NULL);
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
	a->ahead_us = b->ahead_us;
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

static void alert_name(struct alert *a, int64_t now)
{
	time_t t = now;
	struct tm tm;

	gmtime_r(&t, &tm);
	a->id = talloc_asprintf(a, "%s-%04d%02d%02d-%06u", a->agency, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, a->number);
}

/* The trigger's circle, and what the type says of its growth: kept with the alert, whatever the configuration becomes. */
static void add_rings(struct alert *a, const struct conf *conf, const struct trigger *t, int64_t now)
{
	size_t n = 0;
	const struct conf_agency *agency = conf_agency(conf, t->agency);
	struct plan_ring *more = NULL;

	if (agency)
		more = plan_rings(a, t->conf_type, agency, a->radius_km, t->missing_since ? t->missing_since : t->reported_at, &n);
	a->rings = talloc_zero_array(a, struct alert_ring, n + 1);
	OSMO_ASSERT(a->rings);
	a->n_rings = n + 1;
	a->rings[0] = (struct alert_ring){.radius_km = a->radius_km, .at = now, .since = now};
	for (size_t i = 0; i < n; i++)
		a->rings[i + 1] = (struct alert_ring){.radius_km = more[i].radius_km, .at = more[i].at};
	talloc_free(more);
}

static void case_forget(struct book *b, const struct alert *a)
{
	char key[512];

	json_object_del(b->cases, case_key(key, sizeof(key), a->agency, a->case_number));
}

int book_drafted(struct book *b, struct alert *a, const struct trigger *t, struct reasons *reasons)
{
	int rc = b->threads ? alert_plan_aside(b, a, 0, reasons) : alert_plan(a, 0, a->conf, reasons);

	if (rc == 0 || rc == -EAGAIN)
		return rc;
	case_forget(b, a);
	talloc_steal((void *)t, a); /* the reasons are its children: they live as long as the trigger */
	return rc;
}

int book_draft(struct book *b, const struct conf *conf, struct mapset *maps, const struct trigger *t, int64_t now,
	       struct alert **out, struct reasons *reasons)
{
	struct alert *a = alert_new(b);
	char key[512];

	a->draft = true;
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
	a->select = conf->cellmap.select;
	a->max_range_m = conf->cellmap.max_range_m;
	alert_name(a, now);
	add_rings(a, conf, t, now);
	a->maps = maps;
	maps->uses++;
	add_wording(b, a, PHASE_ALERT, t->texts, t->n_texts, now);
	alert_set_conf(a, conf);
	json_object_set_new(b->cases, case_key(key, sizeof(key), a->agency, a->case_number), json_null());
	*out = a;
	return b->threads ? -EAGAIN : book_drafted(b, a, t, reasons);
}

void book_discard(struct book *b, struct alert *a, const struct trigger *t)
{
	char key[512];

	case_forget(b, a);
	json_object_del(b->digests, digest_key(key, sizeof(key), t));
	talloc_free(a);
}

void book_enter(struct book *b, struct alert *a, uint64_t now_us, int64_t now)
{
	char key[512];

	a->draft = false;
	alert_clock_follow(b, a); /* it may have been set since the draft */
	llist_add_tail(&a->entry, &b->alerts);
	json_object_set_new(b->cases, case_key(key, sizeof(key), a->agency, a->case_number), json_string(a->id));
	alert_add_jobs(b, a, 0, now_us, now, NULL, NULL);
	a->changed = true;
}

/* By the time somebody looks, its new units may be at rest again. */
void alert_untold(struct alert *a)
{
	a->changed = true;
	a->told = false;
	TALLOC_FREE(a->reached);
}

/* New texts must fit all links now: nothing can be refused later, not even the found text. */
static int update_fits(const struct alert *a, const struct trigger *t, struct reasons *reasons)
{
	struct payload *p = talloc_zero(NULL, struct payload);
	int rc = 0;

	OSMO_ASSERT(p);
	for (size_t c = 0; rc == 0 && c < a->conf->n_carriers; c++)
		for (size_t l = 0; rc == 0 && l < a->conf->carriers[c].n_links; l++)
			for (int found = 0; rc == 0 && found < 2; found++)
				rc = plan_payload(&a->conf->carriers[c].links[l], t->texts, t->n_texts, found, p, reasons, (void *)t);
	talloc_free(p);
	return rc;
}

/* A place written in another datum, or with fewer digits, is still the same. */
static int update_stays(const struct alert *a, const struct trigger *t, struct reasons *reasons)
{
	static const char what[] = "an update changes texts, not the area; cancel, and alert anew with a case number of its own";
	struct geo_xyz was = geo_xyz(a->lat, a->lon), is = geo_xyz(t->lat, t->lon);
	size_t before = reasons->n;

	if (t->has_location && geo_chord(&was, &is) > SAME_AREA_M)
		reasons_add((void *)t, reasons, 0, fabs(t->lat - a->lat) > fabs(t->lon - a->lon) ? "location.lat" : "location.lon",
			    "%.6f, %.6f is not the alert's place, which is %.6f, %.6f: %s", t->lat, t->lon, a->lat, a->lon, what);
	if (t->has_radius && fabs(t->radius_km - a->radius_km) * 1000 > SAME_AREA_M)
		reasons_add((void *)t, reasons, 0, "radius_km", "%.10g km is not the alert's radius, which is %.10g km: %s", t->radius_km,
			    a->radius_km, what);
	return reasons->n > before ? -EINVAL : 0;
}

/* An update says nothing of exercises: the public must not read of one because its text changed. */
static const struct alert_text *update_texts(const struct alert *a, const struct trigger *t)
{
	struct alert_text *texts = talloc_memdup(t, t->texts, t->n_texts * sizeof(*texts));

	OSMO_ASSERT(texts || !t->n_texts);
	for (size_t i = 0; i < t->n_texts && a->action == ACTION_EXERCISE; i++)
		texts[i].message_identifier = texts[i].exercise_identifier;
	return texts;
}

int book_update(struct book *b, struct alert *a, const struct trigger *t, int64_t now, uint64_t now_us, struct reasons *reasons)
{
	int rc;

	if (a->recalled_at) {
		reasons_add((void *)t, reasons, 0, "action", "the alert was recalled; an update is not possible any more: a new alert needs a case number of its own");
		return -EALREADY;
	}
	if (a->n_wordings >= WORDINGS_MAX) {
		reasons_add((void *)t, reasons, 0, "action", "the alert was updated %d times; no more can be told apart", WORDINGS_MAX - 1);
		return -E2BIG;
	}
	rc = update_stays(a, t, reasons);
	if (rc == 0)
		rc = update_fits(a, t, reasons);
	if (rc < 0)
		return rc;
	alert_stop_jobs(b, a, now_us);
	add_wording(b, a, PHASE_UPDATE, update_texts(a, t), t->n_texts, now);
	for (size_t r = 1; r < a->n_rings; r++) /* begins with the new text */
		if (a->rings[r].pending)
			a->rings[r].wording = a->n_wordings - 1;
	alert_add_jobs(b, a, a->n_wordings - 1, now_us, now, NULL, NULL);
	if (a->state == ALERT_COMPLETED)
		a->state = ALERT_RUNNING;
	a->over = false;
	alert_untold(a);
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
	a->over = false;
	alert_untold(a);
	alert_stop_jobs(b, a, now_us);
	for (size_t r = 1; r < a->n_rings; r++)
		if (a->rings[r].pending)
			a->rings[r].since = 0;
	last = &a->wordings[a->n_wordings - 1];
	add_wording(b, a, PHASE_FOUND, last->texts, last->n_texts, now);
	alert_add_jobs(b, a, a->n_wordings - 1, now_us, now, NULL, NULL);
	return 0;
}

bool book_settle(struct alert *a, int64_t now)
{
	enum snap_alert_state was = a->state;

	if (a->state == ALERT_RUNNING && alert_at_rest(a) && !alert_grows(a, now))
		a->state = now >= a->expires_at ? ALERT_EXPIRED : ALERT_COMPLETED;
	if (a->state != was)
		a->changed = true;
	return a->state != was;
}

bool book_ended(const struct alert *a, int64_t now)
{
	int64_t end = a->recalled_at ? a->recalled_at + BOOK_FOUND_LIFETIME_S : a->expires_at;

	for (size_t r = 0; r < a->n_rings; r++)
		if (a->rings[r].pending)
			return false;
	return now > end && alert_at_rest(a);
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

const char *alert_state_name(int state)
{
	static const char *const names[] = {"?", "running", "completed", "recalled", "expired"};

	return state >= 1 && state <= 4 ? names[state] : names[0];
}

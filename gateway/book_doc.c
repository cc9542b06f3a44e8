/* The alert's document: written with every change of state, read at restart. */
#include "gateway/book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *wording_json(const struct wording *w)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < w->n_texts; i++) {
		const struct alert_text *t = &w->texts[i];

		json_array_append_new(texts, json_pack("{s:s, s:i, s:i, s:o, s:o, s:o}", "language", t->language, "message_identifier",
						       t->message_identifier, "code", w->codes[i], "broadcast",
						       text_or_null(t->broadcast), "sms", text_or_null(t->sms), "found",
						       text_or_null(t->found)));
	}
	return json_pack("{s:i, s:I, s:o}", "phase", w->phase, "since", (json_int_t)w->since, "texts", texts);
}

static json_t *hex64(uint64_t v)
{
	char buf[20];

	snprintf(buf, sizeof(buf), "%016" PRIx64, v);
	return json_string(buf);
}

static json_t *rings_json(const struct alert *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_rings; i++) {
		const struct alert_ring *r = &a->rings[i];

		json_array_append_new(list, json_pack("{s:f, s:I, s:I, s:I, s:b, s:o}", "radius_km", r->radius_km, "at",
						      (json_int_t)r->at, "since", (json_int_t)r->since, "wording",
						      (json_int_t)r->wording, "failed", r->failed, "groups",
						      alert_groups_json(r->plan)));
	}
	return list;
}

static json_t *alert_json(const struct book *b, const struct alert *a)
{
	json_t *wordings = json_array(), *subs = json_object(), *at_risk = json_array(), *missed = json_array();

	for (size_t i = 0; i < a->n_wordings; i++)
		json_array_append_new(wordings, wording_json(&a->wordings[i]));
	for (size_t i = 0; i < a->conf->n_carriers; i++) {
		if (a->maps->subs[i].subs)
			json_object_set_new(subs, a->conf->carriers[i].name, hex64(a->maps->subs[i].checksum));
		if (a->at_risk[i])
			json_array_append_new(at_risk, json_string(a->conf->carriers[i].name));
		if (a->missed[i])
			json_array_append_new(missed, json_string(a->conf->carriers[i].name));
	}
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:f, s:f, s:i, s:f, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
			 "number", a->number, "id", a->id, "agency", a->agency, "case_number", a->case_number, "type", a->type,
			 "action", a->action, "accepted_at", (json_int_t)a->accepted_at, "reported_at", (json_int_t)a->reported_at,
			 "deadline_at", (json_int_t)a->deadline_at, "expires_at", (json_int_t)a->expires_at, "recalled_at",
			 (json_int_t)a->recalled_at, "recall_reason", text_or_null(a->recall_reason), "lat", a->lat, "lon", a->lon,
			 "radius_km", a->radius_km, "select", (int)a->select, "max_range_m", a->max_range_m, "repetition_s", a->repetition_s, "state", a->state, "wordings", wordings, "map",
			 hex64(a->maps->map.checksum), "subs", subs, "rings", rings_json(a), "at_risk", at_risk, "missed",
			 missed, "clock", alert_clock_json(b, a), "over", a->over);
}

void book_alert_record(struct book *b, const struct alert *a, struct store_batch *batch)
{
	json_t *doc = alert_json(b, a);
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(17)), next[16];
	const char *id;
	json_t *code;

	OSMO_ASSERT(doc && text);
	store_batch_add(batch, STORE_ALERT, a->id, text, strlen(text), 0);
	snprintf(next, sizeof(next), "%u", b->next_number);
	store_batch_add(batch, STORE_META, "next_number", next, strlen(next), 0);
	json_object_foreach(b->serials, id, code) {
		snprintf(next, sizeof(next), "%d", (int)json_integer_value(code));
		store_batch_add(batch, STORE_SERIAL, id, next, strlen(next), 0);
	}
	free(text);
	json_decref(doc);
}

static const char *str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int64_t num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static uint64_t hex(const json_t *v)
{
	uint64_t sum = 0;

	if (json_is_string(v))
		sscanf(json_string_value(v), "%16" SCNx64, &sum);
	return sum;
}

static void read_wording(struct alert *a, struct wording *w, const json_t *o)
{
	json_t *texts = json_object_get(o, "texts");

	w->phase = num(o, "phase");
	w->since = num(o, "since");
	w->n_texts = json_array_size(texts);
	w->texts = talloc_zero_array(a, struct alert_text, w->n_texts + 1);
	w->codes = talloc_zero_array(a, uint16_t, w->n_texts + 1);
	for (size_t i = 0; i < w->n_texts; i++) {
		const json_t *t = json_array_get(texts, i);

		w->texts[i].language = talloc_strdup(a, str(t, "language"));
		w->texts[i].message_identifier = num(t, "message_identifier");
		w->texts[i].broadcast = talloc_strdup(a, str(t, "broadcast"));
		w->texts[i].sms = talloc_strdup(a, str(t, "sms"));
		w->texts[i].found = talloc_strdup(a, str(t, "found"));
		w->codes[i] = num(t, "code");
	}
}

static int read_rings(struct alert *a, const json_t *list)
{
	a->n_rings = json_array_size(list);
	if (a->n_rings == 0 || a->n_rings > UINT8_MAX)
		return -EBADMSG;
	a->rings = talloc_zero_array(a, struct alert_ring, a->n_rings);
	OSMO_ASSERT(a->rings);
	for (size_t i = 0; i < a->n_rings; i++) {
		const json_t *o = json_array_get(list, i);
		struct alert_ring *r = &a->rings[i];

		*r = (struct alert_ring){.radius_km = json_number_value(json_object_get(o, "radius_km")), .at = num(o, "at"),
					 .since = num(o, "since"), .wording = num(o, "wording"),
					 .failed = json_is_true(json_object_get(o, "failed"))};
		if (r->wording >= a->n_wordings)
			return -EBADMSG;
	}
	for (size_t i = a->n_rings; i-- > 0 && !a->rings[i].since;) /* no later one has served it: tried again */
		a->rings[i].failed = false;
	return a->rings[0].since ? 0 : -EBADMSG;
}

/* Documents of older versions do not say: then as it is configured now. */
static int read_reach(struct alert *a, const struct conf *conf, const json_t *o)
{
	const json_t *select = json_object_get(o, "select"), *max_range = json_object_get(o, "max_range_m");
	json_int_t v = select ? json_integer_value(select) : (json_int_t)conf->cellmap.select;

	if (v != SELECT_COVERAGE && v != SELECT_SITE)
		return -EBADMSG;
	a->select = v;
	a->max_range_m = max_range ? json_number_value(max_range) : conf->cellmap.max_range_m;
	return 0;
}

static int read_alert(struct alert *a, const struct conf *conf, const json_t *o)
{
	json_t *wordings = json_object_get(o, "wordings");
	int rc;

	if (!str(o, "id") || !str(o, "agency") || !str(o, "case_number") || !str(o, "type") || json_array_size(wordings) == 0)
		return -EBADMSG;
	a->number = num(o, "number");
	a->id = talloc_strdup(a, str(o, "id"));
	a->agency = talloc_strdup(a, str(o, "agency"));
	a->case_number = talloc_strdup(a, str(o, "case_number"));
	a->type = talloc_strdup(a, str(o, "type"));
	a->action = num(o, "action");
	a->accepted_at = num(o, "accepted_at");
	a->reported_at = num(o, "reported_at");
	a->deadline_at = num(o, "deadline_at");
	a->expires_at = num(o, "expires_at");
	a->recalled_at = num(o, "recalled_at");
	a->recall_reason = talloc_strdup(a, str(o, "recall_reason"));
	a->lat = json_number_value(json_object_get(o, "lat"));
	a->lon = json_number_value(json_object_get(o, "lon"));
	a->radius_km = json_number_value(json_object_get(o, "radius_km"));
	a->repetition_s = num(o, "repetition_s");
	a->state = num(o, "state");
	a->n_wordings = json_array_size(wordings);
	a->wordings = talloc_zero_array(a, struct wording, a->n_wordings);
	for (size_t i = 0; i < a->n_wordings; i++)
		read_wording(a, &a->wordings[i], json_array_get(wordings, i));
	rc = read_reach(a, conf, o);
	return rc == 0 ? read_rings(a, json_object_get(o, "rings")) : rc;
}

static int reopen_maps(struct alert *a, const struct conf *conf, const char *state, const json_t *o, char *err, size_t err_len)
{
	uint64_t *sums = talloc_zero_array(a, uint64_t, conf->n_carriers + 1);
	int rc;

	for (size_t i = 0; i < conf->n_carriers; i++)
		sums[i] = hex(json_object_get(json_object_get(o, "subs"), conf->carriers[i].name));
	rc = maps_open_kept(NULL, state, hex(json_object_get(o, "map")), sums, conf->n_carriers, &a->maps, err, err_len);
	if (rc == 0)
		a->maps->uses = 1;
	talloc_free(sums);
	return rc;
}

static void read_flags(const struct alert *a, const json_t *list, bool *flags)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		for (size_t c = 0; c < a->conf->n_carriers; c++)
			if (json_is_string(json_array_get(list, i)) &&
			    !strcmp(json_string_value(json_array_get(list, i)), a->conf->carriers[c].name))
				flags[c] = true;
}

/* The unit lists of each ring begun, which must be those that the ledger speaks of. What was changed in the configuration ends
 * only what it touches: no gateway may stay down for it. */
static int replan(struct alert *a, const struct conf *conf, const json_t *o, char *err, size_t err_len)
{
	const json_t *rings = json_object_get(o, "rings");
	int rc = 0, gone = 0;

	for (size_t r = 0; rc >= 0 && r < a->n_rings; r++) {
		struct reasons none = {0};

		if (!a->rings[r].since)
			continue;
		alert_plan(a, r, conf, &none); /* without a plan all of it is gone */
		rc = alert_regroup(a, r, json_object_get(json_array_get(rings, r), "groups"));
		gone += rc;
	}
	if (rc < 0) {
		snprintf(err, err_len, "the ledger holds an alert whose lists cannot be read; run `reunion ledger check`");
		return rc;
	}
	if (gone)
		snprintf(err, err_len,
			 "alert %s: networks, lacs or links were changed while it runs: %d of its lists cannot be served any more; what "
			 "they had not sent is withdrawn",
			 a->id, gone);
	read_flags(a, json_object_get(o, "at_risk"), a->at_risk);
	read_flags(a, json_object_get(o, "missed"), a->missed);
	return 0;
}

static void resume(struct book *b, struct alert *a, int64_t now, uint64_t now_us, book_chunks_cb chunks, void *arg)
{
	llist_add_tail(&a->entry, &b->alerts);
	for (size_t w = 0; w < a->n_wordings; w++) {
		if (w > 0)
			alert_stop_jobs(b, a, now_us);
		alert_add_jobs(b, a, w, now_us, now, chunks, arg);
	}
	if (a->recalled_at && a->wordings[a->n_wordings - 1].phase != PHASE_FOUND)
		alert_stop_jobs(b, a, now_us);
	a->changed = true;
}

/* An alert that ended while the gateway was down has ended for ever, also should the clock be set back. */
static void note_over(struct book *b, const char *id, json_t *doc)
{
	if (json_is_true(json_object_get(doc, "over")))
		return;
	json_object_set_new(doc, "over", json_true());
	json_object_set(b->over, id, doc);
}

bool book_over_records(struct book *b, struct store_batch *batch)
{
	bool any = json_object_size(b->over) > 0;
	const char *id;
	json_t *doc;

	json_object_foreach(b->over, id, doc) {
		char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(17));

		OSMO_ASSERT(text);
		store_batch_add(batch, STORE_ALERT, id, text, strlen(text), 0);
		free(text);
	}
	json_object_clear(b->over);
	return any;
}

int book_restore(struct book *b, const struct conf *conf, const char *state, const void *json, size_t len, int64_t now, uint64_t now_us,
		 book_chunks_cb chunks, void *arg, char *err, size_t err_len)
{
	json_t *o = json_loadb(json, len, 0, NULL);
	struct alert *a = alert_new(b);
	char key[512];
	int64_t ends;
	int rc = o ? read_alert(a, conf, o) : -EBADMSG;

	if (rc < 0) {
		snprintf(err, err_len, "the ledger holds an alert document that cannot be read; run `reunion ledger check`");
		goto out;
	}
	alert_clock_restore(b, a, json_object_get(o, "clock"));
	snprintf(key, sizeof(key), "%s/%s", a->agency, a->case_number);
	json_object_set_new(b->cases, key, json_string(a->id));
	b->next_number = OSMO_MAX(b->next_number, a->number + 1);
	if (json_is_true(json_object_get(o, "over"))) { /* its maps may be gone, whatever the clock says now */
		rc = 1; /* its case stays known, nothing of it lives */
		goto out;
	}
	ends = OSMO_MAX(a->expires_at, a->recalled_at ? a->recalled_at + 86400 : 0);
	rc = reopen_maps(a, conf, state, o, err, err_len);
	if (rc == 0)
		rc = replan(a, conf, o, err, err_len);
	/* One that ended while nobody ran lives for a moment more, so that its last word is told. If it can. */
	if (rc < 0 && now > ends) {
		err[0] = '\0';
		note_over(b, a->id, o);
		rc = 1;
	}
	if (rc == 0)
		resume(b, a, now, now_us, chunks, arg);
out:
	json_decref(o);
	if (rc != 0)
		talloc_free(a);
	return rc;
}

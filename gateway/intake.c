/* What comes in from people: trigger files, the operator's cancel, clues from the public. */
#include "gateway/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/intake_parts.h"
#include "gateway/log.h"
#include "gateway/snapshot_json.h"
#include "gateway/sooner.h"

#define AWAIT_MS       2000
#define REASONS_LOGGED 3 /* of one trigger */
#define TELL_US        30000 /* an alert's first units have so long before its result is written */
#define PLANS_AT_ONCE  2 /* the others wait their turn: the machine has more to do */

static json_t *result_json(const char *decision, const char *alert_id, const struct reasons *reasons, json_t *take_plan)
{
	json_t *o = json_pack("{s:s, s:o}", "decision", decision, "alert_id", alert_id ? json_string(alert_id) : json_null());

	json_object_set_new(o, "reasons", reasons ? reasons_json(reasons) : json_array());
	if (take_plan)
		json_object_set_new(o, "plan", take_plan);
	return o;
}

static void finish(struct intake *in, struct spool_item *item, enum spool_decision decision, json_t *take_result)
{
	spool_finish(item, decision, take_result, clock_mono_us());
	json_decref(take_result);
}

/* The result has them all. */
static void log_reasons(const struct intake *in, const char *name, const struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->n && i < REASONS_LOGGED; i++) {
		const struct reason *r = &reasons->v[i];

		LOGP(DSPOOL, LOGL_NOTICE, "%s: %s rejected: line %u: %s%s%s\n", in->agency->name, log_safe(name, strlen(name)), r->line,
		     r->key ? log_safe(r->key, strlen(r->key)) : "", r->key ? ": " : "", log_safe(r->text, strlen(r->text)));
	}
	if (reasons->n > REASONS_LOGGED)
		LOGP(DSPOOL, LOGL_NOTICE, "%s: %s: %zu more reasons stand in its result\n", in->agency->name, log_safe(name, strlen(name)),
		     reasons->n - REASONS_LOGGED);
}

void intake_reject(struct intake *in, struct spool_item *item, const char *alert_id, const struct reasons *reasons)
{
	in->count->rejected++;
	in->d->total.triggers_rejected++;
	log_reasons(in, item->name, reasons);
	if (in->d->agentx)
		agentx_notify(in->d->agentx, NOTIFY_TRIGGER_REJECTED, log_safe(item->name, strlen(item->name)),
			      reasons->n ? log_safe(reasons->v[0].text, strlen(reasons->v[0].text)) : "rejected");
	finish(in, item, SPOOL_REJECTED, result_json("rejected", alert_id, reasons, NULL));
}

static void put_back(struct intake *in, struct spool_item *item, const char *why)
{
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);

	reasons_add(ctx, &reasons, 0, NULL, "%s", why);
	finish(in, item, SPOOL_DEFERRED, result_json("deferred", NULL, &reasons, NULL));
	talloc_free(ctx);
}

void intake_defer(struct intake *in, struct spool_item *item, int rc)
{
	char why[256];

	snprintf(why, sizeof(why), "the gateway's ledger cannot be written (%s); it is taken as soon as that is mended", strerror(-rc));
	put_back(in, item, why);
}

/* A new alert that cannot be stored now. */
static void put_off(struct intake *in, struct spool_item *item, const struct trigger *t, int rc)
{
	book_defer(in->d->book, t, clock_mono_us());
	intake_defer(in, item, rc);
}

/* remark: what the result should say beside the decision, or NULL. */
static void accepted(struct intake *in, struct spool_item *item, const struct alert *a, const char *remark)
{
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);

	if (remark)
		reasons_add(ctx, &reasons, 0, NULL, "%s", remark);
	in->count->accepted++;
	in->d->total.triggers_accepted++;
	finish(in, item, SPOOL_ACCEPTED, result_json("accepted", a->id, &reasons, book_plan_json(a)));
	talloc_free(ctx);
}

/* ---- a new alert ---- */

static void undo_done(struct daemon *d, struct pending *p, int rc)
{
	struct pending *again;

	if (rc == 0) {
		d->undoing--;
		return;
	}
	again = talloc_zero(d, struct pending);
	*again = *p;
	talloc_steal(again, p->undo_alert);
	talloc_steal(again, p->undo_trigger);
	llist_add_tail(&again->entry, &d->unsaved);
}

/* After an I/O error nobody knows whether the commit reached the disk. What is told "deferred" must not stand in the ledger, or
 * a restart would find it beside the alert that its next attempt leads to. No alert is accepted before that is sure. */
static void undo(struct daemon *d, const struct alert *a, const struct trigger *t)
{
	struct pending *p = talloc_zero(d, struct pending);

	p->done = undo_done;
	p->undo_alert = talloc_strdup(p, a->id);
	p->undo_trigger = book_trigger_key(p, t);
	d->undoing++;
	llist_add_tail(&p->entry, &d->unsaved);
}

static void alert_durable(struct daemon *d, struct pending *p, int rc)
{
	struct alert *a = p->alert;
	struct pending *tell;

	if (rc < 0) {
		if (rc == -EIO)
			undo(d, a, p->trigger);
		book_discard(d->book, a, p->trigger);
		put_off(p->intake, p->item, p->trigger, rc);
		return;
	}
	book_enter(d->book, a, clock_mono_us(), clock_wall_s());
	LOGP(DALERT, LOGL_NOTICE, "alert %s accepted: agency %s, case %s\n", a->id, a->agency,
	     log_safe(a->case_number, strlen(a->case_number)));
	if (d->agentx)
		agentx_notify(d->agentx, NOTIFY_ALERT_ACCEPTED, a->id, a->case_number);
	tell = talloc_zero(d, struct pending);
	OSMO_ASSERT(tell);
	*tell = (struct pending){.intake = p->intake, .item = p->item, .alert = a, .due_us = clock_mono_us() + TELL_US};
	llist_add_tail(&tell->entry, &d->tell);
	daemon_wake(d);
}

static bool all_begun(const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (j->job->first_us == 0)
			return false;
	return true;
}

/* Its first units go before its result, whose syncs take the loop as long as a commit: unless a link is down. */
uint64_t intake_tell(struct daemon *d, uint64_t now_us)
{
	struct pending *p, *after;
	uint64_t next = UINT64_MAX;

	llist_for_each_entry_safe(p, after, &d->tell, entry) {
		if (p->due_us > now_us && !all_begun(p->alert)) {
			next = sooner(next, p->due_us);
			continue;
		}
		llist_del(&p->entry);
		watch_judge(d, p->alert);
		accepted(p->intake, p->item, p->alert, NULL);
		talloc_free(p);
	}
	return next;
}

/* A draft that is planned, or cannot be. */
static void drafted(struct daemon *d, struct pending *p, int rc, struct reasons *reasons)
{
	struct alert *a = p->alert;
	struct store_batch *b;
	char err[512];

	if (rc < 0) {
		if (!reasons->n)
			reasons_add(p->trigger, reasons, 0, NULL, "the alert cannot be planned: %s", strerror(-rc));
		intake_reject(p->intake, p->item, NULL, reasons);
		talloc_free(p);
		return;
	}
	rc = maps_keep(a->maps, d->conf->state_directory, err, sizeof(err));
	if (rc < 0) {
		LOGP(DALERT, LOGL_ERROR, "%s\n", err);
		book_discard(d->book, a, p->trigger);
		put_off(p->intake, p->item, p->trigger, rc);
		talloc_free(p);
		return;
	}
	b = daemon_batch(d);
	book_decide(d->book, p->trigger, "accepted", a->id, b);
	book_alert_record(d->book, a, b);
	daemon_store(d, b, p);
}

static void take_alert(struct intake *in, struct spool_item *item, struct trigger *t, struct reasons *reasons)
{
	struct daemon *d = in->d;
	struct pending *p = talloc_zero(d, struct pending);
	struct alert *a;
	int rc = book_draft(d->book, d->conf, d->maps, t, clock_wall_s(), &a, reasons);

	OSMO_ASSERT(p);
	*p = (struct pending){.done = alert_durable, .intake = in, .item = item, .trigger = talloc_steal(p, t), .alert = a};
	if (rc == -EAGAIN)
		llist_add_tail(&p->entry, &d->drafts);
	else
		drafted(d, p, rc, reasons);
}

void intake_drafts(struct daemon *d)
{
	struct pending *p, *next;
	int planning = 0;

	llist_for_each_entry_safe(p, next, &d->drafts, entry) {
		struct reasons reasons = {0};
		int rc = book_drafted(d->book, p->alert, p->trigger, &reasons);

		if (rc != -EAGAIN) {
			llist_del(&p->entry);
			drafted(d, p, rc, &reasons);
		} else if (++planning == PLANS_AT_ONCE) {
			return;
		}
	}
}

/* ---- recall and update ---- */

static void change_durable(struct daemon *d, struct pending *p, int rc)
{
	struct pending *again;

	if (rc == 0) {
		if (p->item)
			accepted(p->intake, p->item, p->alert, p->remark);
		return;
	}
	/* In force already; only the record waits. */
	again = talloc_zero(d, struct pending);
	*again = *p;
	again->fate = NULL;
	talloc_steal(again, p->trigger);
	llist_add_tail(&again->entry, &d->unsaved);
}

void intake_write(struct daemon *d, struct pending *p)
{
	struct store_batch *b = daemon_batch(d);

	if (p->told) {
		store_batch_add(b, STORE_META, p->told, p->value, p->len, 0);
	} else if (p->undo_alert) {
		store_batch_add(b, STORE_ALERT, p->undo_alert, NULL, 0, 0);
		store_batch_add(b, STORE_TRIGGER, p->undo_trigger, NULL, 0, 0);
	} else {
		book_alert_record(d->book, p->alert, b);
	}
	if (p->trigger)
		book_decide(d->book, p->trigger, "accepted", p->alert->id, b);
	daemon_store(d, b, p);
}

void intake_save_again(struct daemon *d)
{
	struct pending *p, *next;

	llist_for_each_entry_safe(p, next, &d->unsaved, entry) {
		llist_del(&p->entry);
		intake_write(d, p);
	}
}

static struct pending *store_change(struct daemon *d, struct intake *in, struct spool_item *item, struct trigger *t, struct alert *a, int *fate)
{
	struct pending *p = talloc_zero(d, struct pending);

	*p = (struct pending){.done = change_durable, .intake = in, .item = item, .alert = a, .fate = fate};
	p->trigger = t ? talloc_steal(p, t) : NULL;
	intake_write(d, p);
	daemon_wake(d);
	return p;
}

static bool has_change(const struct llist_head *list)
{
	const struct pending *p;

	llist_for_each_entry(p, list, entry)
		if (p->done == change_durable)
			return true;
	return false;
}

bool intake_changing(const struct daemon *d)
{
	return has_change(&d->pending) || has_change(&d->unsaved);
}

void intake_save(struct daemon *d, struct alert *a)
{
	store_change(d, NULL, NULL, NULL, a, NULL);
}

static int recall(struct daemon *d, struct alert *a, const char *reason)
{
	int rc = book_recall(d->book, a, reason, clock_wall_s(), clock_mono_us());

	if (rc < 0)
		return rc;
	onair_kill(d, a, a->n_wordings - 1);
	onair_recall(d, a);
	d->total.alerts_recalled++;
	LOGP(DALERT, LOGL_NOTICE, "alert %s recalled: %s\n", a->id, log_safe(reason, strlen(reason)));
	if (d->agentx)
		agentx_notify(d->agentx, NOTIFY_ALERT_RECALLED, a->id, reason);
	return 0;
}

static void await_no_more(struct daemon *d, const int *fate)
{
	struct pending *p;

	llist_for_each_entry(p, &d->pending, entry)
		if (p->fate == fate)
			p->fate = NULL;
}

/* The answer comes when the recall is durable: who is told "recalled" may rely on it. */
json_t *intake_cancel(void *arg, const char *alert_id, const char *reason, const char *who)
{
	struct daemon *d = arg;
	struct alert *a = book_find(d->book, alert_id);
	int fate = -EINPROGRESS;

	if (!a)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "there is no living alert of that id; `reunion alert list` shows them");
	LOGP(DALERT, LOGL_NOTICE, "alert %s: cancel asked for by %s\n", a->id, log_safe(who, strlen(who)));
	if (recall(d, a, reason) == -EALREADY)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "the alert was recalled before");
	store_change(d, NULL, NULL, NULL, a, &fate);
	daemon_await(d, &fate, AWAIT_MS);
	if (fate == 0)
		return json_pack("{s:b, s:s}", "ok", 1, "alert_id", a->id);
	await_no_more(d, &fate);
	return json_pack("{s:b, s:s}", "ok", 0, "error",
			 "the alert is recalled and nothing more of it is sent, but the ledger cannot be written: should the gateway end "
			 "before it can, ask again");
}

static void take_update(struct intake *in, struct spool_item *item, struct trigger *t, struct alert *a, struct reasons *reasons)
{
	if (book_update(in->d->book, a, t, clock_wall_s(), clock_mono_us(), reasons) < 0) {
		intake_reject(in, item, a->id, reasons);
		return;
	}
	/* A cell that missed the last one still has one before it, which nothing replaces. */
	onair_kill(in->d, a, a->n_wordings - 2);
	LOGP(DALERT, LOGL_NOTICE, "alert %s: new text, number %zu\n", a->id, a->n_wordings);
	store_change(in->d, in, item, t, a, NULL);
}

static void take_cancel(struct intake *in, struct spool_item *item, struct trigger *t, struct alert *a)
{
	bool again = recall(in->d, a, "found: cancelled by trigger") < 0;
	struct pending *p = store_change(in->d, in, item, t, a, NULL);

	p->remark = again ? "the alert was recalled before; nothing is sent anew" : NULL;
}

/* The cancel of an alert that was refused before it could be stored. */
static void take_unsent(struct intake *in, struct spool_item *item)
{
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);

	reasons_add(ctx, &reasons, 0, NULL, "the alert was cancelled before it went out; nothing of it was sent");
	in->count->accepted++;
	in->d->total.triggers_accepted++;
	finish(in, item, SPOOL_ACCEPTED, result_json("accepted", NULL, &reasons, NULL));
	talloc_free(ctx);
}

static void take_duplicate(struct intake *in, struct spool_item *item, const struct trigger *t)
{
	json_t *d = book_decision(in->d->book, t);
	const char *id = json_string_value(json_object_get(d, "alert_id"));
	struct alert *a = id ? book_find(in->d->book, id) : NULL;
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);

	if (item->leftover) { /* claimed before a crash: finish with the decision that was stored */
		finish(in, item, SPOOL_ACCEPTED, result_json("accepted", id, &reasons, a ? book_plan_json(a) : NULL));
	} else {
		in->count->duplicate++;
		in->d->total.triggers_duplicate++;
		reasons_add(ctx, &reasons, 0, NULL, "the same content was accepted before; nothing is sent anew");
		finish(in, item, SPOOL_DUPLICATE, result_json("duplicate", id, &reasons, NULL));
	}
	talloc_free(ctx);
}

bool intake_decided(struct intake *in, struct spool_item *item, const struct trigger_scan *scan)
{
	struct trigger t = {.agency = in->agency->name};

	if (!item->leftover || trigger_digest_of(in->agency, scan, t.digest) < 0 || !book_decision(in->d->book, &t))
		return false;
	take_duplicate(in, item, &t);
	return true;
}

void intake_judge(struct intake *in, struct spool_item *item, struct trigger *t, struct reasons *reasons)
{
	struct alert *subject;
	enum verdict verdict = book_judge(in->d->book, t, t, clock_mono_us(), &subject, reasons);
	int trouble = verdict == VERDICT_ACCEPT || verdict == VERDICT_UPDATE ? watch_trouble(in->d) : 0;

	if (trouble < 0) { /* a cancel is never put off */
		if (verdict == VERDICT_ACCEPT)
			put_off(in, item, t, trouble);
		else
			intake_defer(in, item, trouble);
		return;
	}
	switch (verdict) {
	case VERDICT_ACCEPT:
		take_alert(in, item, t, reasons);
		break;
	case VERDICT_CANCEL:
		take_cancel(in, item, t, subject);
		break;
	case VERDICT_UPDATE:
		take_update(in, item, t, subject, reasons);
		break;
	case VERDICT_UNSENT:
		take_unsent(in, item);
		break;
	case VERDICT_DUPLICATE:
		take_duplicate(in, item, t);
		break;
	case VERDICT_LATER:
		put_back(in, item, "another trigger of this case is just being taken; this one is taken as soon as that is done");
		break;
	case VERDICT_REJECT:
		intake_reject(in, item, NULL, reasons);
		break;
	}
}

/* ---- alerts/ID.json ---- */

static bool under_way(const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (!dispatch_job_at_rest(j->job))
			return true;
	return false;
}

static json_t *alert_named(const struct snapshot *s, const char *id)
{
	for (size_t i = 0; s && i < s->n_alerts; i++)
		if (!strcmp(s->alerts[i].alert_id, id))
			return snapshot_alert_json(&s->alerts[i]);
	return NULL;
}

void intake_results(struct daemon *d)
{
	struct snapshot *s;
	struct alert *a;

	intake_tell(d, UINT64_MAX);
	s = snapshot_get();
	llist_for_each_entry(a, &d->book->alerts, entry) {
		struct intake *in = intake_of(d, a->agency);
		bool busy = under_way(a);
		json_t *o = in && (busy || a->changed) ? alert_named(s, a->id) : NULL;

		if (!o)
			continue;
		if (spool_alert_file(in->spool, a->id, o) == 0)
			a->changed = busy;
		json_decref(o);
	}
	if (s)
		snapshot_put(s);
}

/* ---- clues ---- */

/* The agency whose alert the message most likely answers: the latest one that this carrier serves. */
static struct intake *clue_for(struct daemon *d, const char *carrier)
{
	struct intake *found = NULL;
	struct alert *a;

	llist_for_each_entry(a, &d->book->alerts, entry)
		for (size_t g = 0; g < a->rings[0].plan->n_groups; g++)
			if (!strcmp(a->rings[0].plan->groups[g].carrier->name, carrier) && a->rings[0].plan->groups[g].n_units > 0)
				found = intake_of(d, a->agency);
	return found;
}

static char *hex_of(void *ctx, const void *octets, size_t len)
{
	const uint8_t *p = octets;
	char *hex = talloc_zero_size(ctx, 2 * len + 1);

	OSMO_ASSERT(hex);
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
	return hex;
}

/* Who wrote, in whatever octets the carrier has it: a file in JSON is UTF-8. What is not is read as Latin-1, where each octet
 * is a character, and stands there in hex as well. */
static void put_address(json_t *o, const char *key, const char *octets_key, const char *address)
{
	size_t len = strlen(address);
	char *text, *end;

	if (json_object_set_new(o, key, json_string(address)) == 0)
		return;
	end = text = talloc_zero_size(NULL, 2 * len + 1);
	OSMO_ASSERT(text);
	for (const uint8_t *p = (const uint8_t *)address; *p; p++) {
		if (*p >= 0x80)
			*end++ = 0xc0 | *p >> 6;
		*end++ = *p < 0x80 ? *p : 0x80 | (*p & 0x3f);
	}
	json_object_set_new(o, key, json_string(text));
	json_object_set_new(o, octets_key, json_string(hex_of(text, address, len)));
	talloc_free(text);
}

static json_t *clue_json(const struct link_clue *c, int64_t now)
{
	char *hex = hex_of(NULL, c->text, c->len);
	json_t *o = json_pack("{s:s, s:I, s:i, s:s, s:s?}", "link", c->link, "received_at", (json_int_t)now, "data_coding",
			      c->data_coding, "octets", hex, "text", c->utf8);

	talloc_free(hex);
	if (!o)
		return NULL;
	put_address(o, "from", "from_octets", c->source);
	put_address(o, "to", "to_octets", c->dest);
	return o;
}

void intake_clue(void *arg, struct fleet_link *fl, const struct link_clue *clue, uint64_t token)
{
	struct daemon *d = arg;
	struct intake *in = clue_for(d, fl->link->carrier->name);
	json_t *o = clue_json(clue, clock_wall_s());
	int rc = -EINVAL;

	if (o && in)
		rc = spool_clue(in->spool, o);
	else if (o)
		rc = spool_clue_in(d->conf->state_directory, o);
	json_decref(o);
	if (rc < 0)
		LOGP(DSPOOL, LOGL_ERROR, "%s: a clue could not be stored: %s; the carrier is asked to send it again\n",
		     fl->link->cfg->name, strerror(-rc));
	else
		d->total.clues++;
	fl->link->ops->clue_done(fl->link, token, rc == 0, clock_mono_us());
}

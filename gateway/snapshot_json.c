#include "gateway/snapshot_json.h"
#include <math.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <time.h>
#include "gateway/link.h"

/* Fields are filled by snapshot_text() and thus UTF-8; a field that is not must not make its whole object
 * vanish. */
static void set_text(json_t *o, const char *key, const char *value)
{
	json_t *v = json_string(value);

	json_object_set_new(o, key, v ? v : json_string("?"));
}

static void set_count(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

/* JSON knows no NaN and no infinity. */
static void set_real(json_t *o, const char *key, double value)
{
	json_object_set_new(o, key, json_real(isfinite(value) ? value : 0.0));
}

/* Rates to a thousandth: more is noise. */
static void set_rate(json_t *o, const char *key, double value)
{
	set_real(o, key, round(value * 1000) / 1000);
}

json_t *snapshot_time(int64_t wall_s)
{
	time_t t = wall_s;
	struct tm tm;
	char text[40];

	if (wall_s == 0 || !gmtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

const char *snapshot_alert_state(int state)
{
	static const char *const names[] = {"unknown", "running", "completed", "recalled", "expired"};

	return names[state >= ALERT_RUNNING && state <= ALERT_EXPIRED ? state : 0];
}

const char *snapshot_link_state(int state)
{
	static const char *const names[] = {"unknown", "down",      "connecting", "binding",
					    "up",      "unbinding", "blocked"};

	return names[state >= LINK_DOWN && state <= LINK_BLOCKED ? state : 0];
}

const char *snapshot_unit_state(int state)
{
	static const char *const names[] = {"waiting", "handed",    "accepted", "refused",
					    "expired", "withdrawn", "unknown"};

	return state >= UNIT_WAITING && state <= UNIT_UNKNOWN ? names[state] : "excluded";
}

/* UNIT_EXCLUDED is no state of a unit of this text, so it is not shown. */
static void set_sums(json_t *o, const struct unit_sums *sums)
{
	for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++)
		set_count(o, snapshot_unit_state(u), sums->n[u]);
}

static json_t *sums_json(const struct unit_sums *sums)
{
	json_t *o = json_object();

	set_sums(o, sums);
	return o;
}

#define Z 1.959963984540054 /* of the normal distribution, for 95 % */

void snapshot_interval(uint64_t good, uint64_t n, double *low, double *high)
{
	double p = n ? (double)good / (double)n : 0, z2 = Z * Z, count = (double)n, middle, half;

	*low = 0;
	*high = 1;
	if (n == 0)
		return;
	middle = (p + z2 / (2 * count)) / (1 + z2 / count);
	half = Z * sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count);
	*low = fmax(0, middle - half);
	*high = fmin(1, middle + half);
}

/* Four digits: more is noise. */
static json_t *share_json(bool known, double value)
{
	return known ? json_real(round(1e4 * value) / 1e4) : json_null();
}

/* The share that arrived of those whose end is known, and how sure a sample makes of it; with failures only, no share is known. */
static void set_receipts(json_t *o, const struct snap_receipts *r)
{
	uint64_t n = r->delivered + r->failed;
	bool share = n && r->measured;
	json_t *x = json_object();
	double low, high;

	if (r->asked == 0)
		return;
	snapshot_interval(r->delivered, n, &low, &high);
	set_count(x, "asked", r->asked);
	set_count(x, "delivered", r->delivered);
	set_count(x, "failed", r->failed);
	set_count(x, "pending", r->asked > n ? r->asked - n : 0);
	json_object_set_new(x, "share", share_json(share, n ? (double)r->delivered / (double)n : 0));
	json_object_set_new(x, "low", share_json(share && r->sampled, low));
	json_object_set_new(x, "high", share_json(share && r->sampled, high));
	json_object_set_new(o, "receipts", x);
}

/* What the carrier took back at the recall. */
static void set_back(json_t *o, const struct snap_alert_link *l)
{
	json_t *x;

	if (l->cancelled + l->cancel_late + l->cancel_pending == 0)
		return;
	x = json_object();
	set_count(x, "cancelled", l->cancelled);
	set_count(x, "too_late", l->cancel_late);
	set_count(x, "pending", l->cancel_pending);
	json_object_set_new(o, "cancel_sm", x);
}

static json_t *carriers_json(const struct snap_alert *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_carriers; i++) {
		const struct snap_alert_carrier *c = &a->carriers[i];
		json_t *o = json_object();
		uint64_t planned = 0;

		for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++)
			planned += c->sums.n[u];
		set_text(o, "name", c->name);
		json_object_set_new(o, "at_risk", json_boolean(c->at_risk));
		json_object_set_new(o, "missed", json_boolean(c->missed));
		set_count(o, "planned", planned);
		set_sums(o, &c->sums);
		set_receipts(o, &c->receipts);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *alert_rings_json(const struct snap_alert *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_rings; i++) {
		json_t *o = json_object();

		set_real(o, "radius_km", a->rings[i].radius_km);
		json_object_set_new(o, "at", snapshot_time(a->rings[i].at));
		json_object_set_new(o, "begun_at", snapshot_time(a->rings[i].since));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *snapshot_alert_json(const struct snap_alert *a)
{
	json_t *o = json_object(), *links = json_array(), *area = json_object();

	set_text(o, "alert_id", a->alert_id);
	set_count(o, "number", a->number);
	set_text(o, "case_number", a->case_number);
	set_text(o, "type", a->type);
	set_text(o, "agency", a->agency);
	set_text(o, "action", a->action);
	set_text(o, "state", snapshot_alert_state(a->state));
	json_object_set_new(o, "at_risk", json_boolean(a->at_risk));
	json_object_set_new(o, "missed", json_boolean(a->missed));
	json_object_set_new(o, "accepted_at", snapshot_time(a->accepted_at));
	json_object_set_new(o, "deadline_at", snapshot_time(a->deadline_at));
	json_object_set_new(o, "expires_at", snapshot_time(a->expires_at));
	set_real(area, "lat", a->lat);
	set_real(area, "lon", a->lon);
	set_real(area, "radius_km", a->radius_km);
	json_object_set_new(o, "area", area);
	json_object_set_new(o, "units", sums_json(&a->sums));
	json_object_set_new(o, "other_texts", sums_json(&a->others));
	for (size_t i = 0; i < a->n_links; i++) {
		json_t *l = json_object();

		set_text(l, "name", a->links[i].name);
		set_sums(l, &a->links[i].sums);
		if (a->links[i].gone)
			set_text(l, "note", "the configuration was changed while the alert ran: what was not sent is withdrawn");
		set_receipts(l, &a->links[i].receipts);
		set_back(l, &a->links[i]);
		json_array_append_new(links, l);
	}
	json_object_set_new(o, "links", links);
	json_object_set_new(o, "carriers", carriers_json(a));
	json_object_set_new(o, "rings", alert_rings_json(a));
	return o;
}

bool snapshot_window_bound(const struct snap_link *l)
{
	return l->state == LINK_UP && l->queue > 0 && l->window_used >= l->window && !l->throttled &&
	       (l->granted <= 0 || l->measured_rate < 0.99 * l->granted);
}

/* Why messages and binds were refused. */
static json_t *reasons_json(const struct snap_link *l)
{
	json_t *reasons = json_array();

	for (size_t i = 0; i < LINK_REASONS; i++) {
		const struct link_reason *r = &l->reasons[i];
		const char *of = r->class == 'b'   ? "bind"
				 : r->class == 'T' ? "transient"
				 : r->class == 'X' ? "throttle"
				 : r->class == 'S' ? "session"
						   : "permanent";
		json_t *o = r->n ? json_object() : NULL;

		if (!o)
			continue;
		set_text(o, "reason", r->name);
		set_text(o, "class", of);
		set_count(o, "status", r->status);
		set_count(o, "count", r->n);
		json_array_append_new(reasons, o);
	}
	return reasons;
}

static json_t *link_json(const struct snap_link *l)
{
	json_t *o = json_object();

	set_text(o, "name", l->name);
	set_text(o, "carrier", l->carrier);
	set_text(o, "type", l->type);
	set_text(o, "state", snapshot_link_state(l->state));
	json_object_set_new(o, "state_since", snapshot_time(l->state_since));
	set_rate(o, "rate", l->rate);
	set_rate(o, "granted_rate", l->granted);
	set_rate(o, "measured_rate", l->measured_rate);
	set_count(o, "window", l->window);
	set_count(o, "window_used", l->window_used);
	json_object_set_new(o, "window_bound", json_boolean(snapshot_window_bound(l)));
	set_count(o, "queue", l->queue);
#define SET(field, mib, text) set_count(o, #field, l->count.field);
	LINK_COUNTERS(SET)
#undef SET
#define SET(field, mib, unit, text) set_count(o, #field, l->field);
	LINK_GAUGES(SET)
#undef SET
	json_object_set_new(o, "reasons", reasons_json(l));
	return o;
}

static json_t *carrier_json(const struct snap_carrier *c)
{
	json_t *o = json_object();

	set_text(o, "name", c->name);
	set_rate(o, "rate", c->rate);
	set_rate(o, "measured_rate", c->measured_rate);
	set_count(o, "waiting", c->waiting);
	set_count(o, "accepted", c->accepted);
	json_object_set_new(o, "finish_at", snapshot_time(c->finish_at));
	return o;
}

static json_t *agency_json(const struct snap_agency *a)
{
	json_t *o = json_object();

	set_text(o, "name", a->name);
	set_count(o, "accepted", a->accepted);
	set_count(o, "rejected", a->rejected);
	set_count(o, "duplicate", a->duplicate);
	return o;
}

static json_t *total_json(const struct total_counters *t)
{
	json_t *o = json_object();

#define SET(field, mib, text) set_count(o, #field, t->field);
	TOTAL_COUNTERS(SET)
#undef SET
	return o;
}

static json_t *gateway_json(const struct snapshot *s)
{
	json_t *o = json_object();

	set_text(o, "name", s->name);
	json_object_set_new(o, "taken_at", snapshot_time(s->taken_at));
	json_object_set_new(o, "started_at", snapshot_time(s->started_at));
	set_count(o, "uptime_s", s->uptime_s);
	set_text(o, "store", s->store_state == 2 ? "failing" : "healthy");
	return o;
}

static json_t *cellmap_json(const struct snapshot *s)
{
	json_t *o = json_object();
	char sum[17];

	/* As text: JSON numbers beyond 2^53 do not survive every reader. */
	snprintf(sum, sizeof(sum), "%016llx", (unsigned long long)s->map_checksum);
	set_text(o, "path", s->map_path);
	set_count(o, "cells", s->map_cells);
	set_text(o, "checksum", sum);
	return o;
}

json_t *snapshot_json(const struct snapshot *s)
{
	json_t *o = json_object(), *alerts = json_array(), *links = json_array();
	json_t *carriers = json_array(), *agencies = json_array();

	json_object_set_new(o, "gateway", gateway_json(s));
	for (size_t i = 0; i < s->n_alerts; i++)
		json_array_append_new(alerts, snapshot_alert_json(&s->alerts[i]));
	for (size_t i = 0; i < s->n_links; i++)
		json_array_append_new(links, link_json(&s->links[i]));
	for (size_t i = 0; i < s->n_carriers; i++)
		json_array_append_new(carriers, carrier_json(&s->carriers[i]));
	for (size_t i = 0; i < s->n_agencies; i++)
		json_array_append_new(agencies, agency_json(&s->agencies[i]));
	json_object_set_new(o, "alerts", alerts);
	json_object_set_new(o, "links", links);
	json_object_set_new(o, "carriers", carriers);
	json_object_set_new(o, "agencies", agencies);
	json_object_set_new(o, "totals", total_json(&s->total));
	json_object_set_new(o, "cellmap", cellmap_json(s));
	return o;
}

#include <inttypes.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include "gateway/http_page.h"
#include "gateway/link.h"
#include "gateway/snapshot_json.h"

/* Label values: backslash, quote and newline are escaped. */
static void label(FILE *f, const char *name, const char *value, const char *end)
{
	fprintf(f, "%s=\"", name);
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '"')
			fputc('\\', f);
		if (*p == '\n')
			fputs("\\n", f);
		else
			fputc(*p, f);
	}
	fprintf(f, "\"%s", end);
}

static void metric(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void single(FILE *f, const char *name, const char *type, const char *help, double value)
{
	metric(f, name, type, help);
	fprintf(f, "%s %.17g\n", name, value);
}

static void totals(FILE *f, const struct snapshot *s)
{
#define TOTAL(field, mib, text)                                                                              \
	metric(f, "reunion_" #field "_total", "counter", text);                                              \
	fprintf(f, "reunion_" #field "_total %" PRIu64 "\n", s->total.field);
	TOTAL_COUNTERS(TOTAL)
#undef TOTAL
}

static void link_labels(FILE *f, const char *name, const struct snap_link *l)
{
	fprintf(f, "%s{", name);
	label(f, "link", l->name, ",");
	label(f, "carrier", l->carrier, ",");
	label(f, "type", l->type, "} ");
}

static void link_counters(FILE *f, const struct snapshot *s)
{
#define COUNTER(field, mib, text)                                                                            \
	metric(f, "reunion_link_" #field "_total", "counter", text);                                         \
	for (size_t i = 0; i < s->n_links; i++) {                                                            \
		link_labels(f, "reunion_link_" #field "_total", &s->links[i]);                               \
		fprintf(f, "%" PRIu64 "\n", s->links[i].count.field);                                        \
	}
	LINK_COUNTERS(COUNTER)
#undef COUNTER
}

static double link_gauge(const struct snap_link *l, int which)
{
	const double v[] = {l->state == LINK_UP, l->state,  l->rate,        l->granted,
			    l->measured_rate,    l->window, l->window_used, (double)l->queue};

	return v[which];
}

static void link_gauges(FILE *f, const struct snapshot *s)
{
	static const char *const gauges[][2] = {
		{"reunion_link_up", "Whether the link can carry alerts"},
		{"reunion_link_state", "1 down, 2 connecting, 3 binding, 4 up, 5 unbinding, 6 blocked"},
		{"reunion_link_rate", "Agreed parts a second, 0 unlimited"},
		{"reunion_link_granted_rate", "Parts a second used now"},
		{"reunion_link_measured_rate", "Parts a second over the last ten seconds"},
		{"reunion_link_window", "Unanswered requests allowed"},
		{"reunion_link_window_used", "Unanswered requests now"},
		{"reunion_link_queue", "Units that wait for the link"},
	};

#define GAUGE(field, mib, unit, text)                                                                        \
	metric(f, "reunion_link_" #field, "gauge", text);                                                    \
	for (size_t i = 0; i < s->n_links; i++) {                                                            \
		link_labels(f, "reunion_link_" #field, &s->links[i]);                                        \
		fprintf(f, "%" PRIu64 "\n", s->links[i].field);                                              \
	}
	LINK_GAUGES(GAUGE)
#undef GAUGE
	for (size_t g = 0; g < ARRAY_SIZE(gauges); g++) {
		metric(f, gauges[g][0], "gauge", gauges[g][1]);
		for (size_t i = 0; i < s->n_links; i++) {
			link_labels(f, gauges[g][0], &s->links[i]);
			fprintf(f, "%.17g\n", link_gauge(&s->links[i], (int)g));
		}
	}
}

static void alert_gauge(FILE *f, const char *name, const struct snap_alert *a, double value)
{
	fprintf(f, "%s{", name);
	label(f, "alert_id", a->alert_id, "} ");
	fprintf(f, "%.17g\n", value);
}

static void alerts(FILE *f, const struct snapshot *s)
{
	metric(f, "reunion_alert_units", "gauge", "Recipients and cells of the alert's own text by state");
	for (size_t i = 0; i < s->n_alerts; i++)
		for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++) {
			fputs("reunion_alert_units{", f);
			label(f, "alert_id", s->alerts[i].alert_id, ",");
			label(f, "state", snapshot_unit_state(u), "} ");
			fprintf(f, "%" PRIu64 "\n", s->alerts[i].sums.n[u]);
		}
	metric(f, "reunion_alert_state", "gauge", "1 running, 2 completed, 3 recalled, 4 expired");
	for (size_t i = 0; i < s->n_alerts; i++)
		alert_gauge(f, "reunion_alert_state", &s->alerts[i], s->alerts[i].state);
	metric(f, "reunion_alert_at_risk", "gauge", "Whether a carrier is predicted to miss the deadline");
	for (size_t i = 0; i < s->n_alerts; i++)
		alert_gauge(f, "reunion_alert_at_risk", &s->alerts[i], s->alerts[i].at_risk);
	metric(f, "reunion_alert_missed", "gauge", "Whether a carrier has missed the deadline");
	for (size_t i = 0; i < s->n_alerts; i++)
		alert_gauge(f, "reunion_alert_missed", &s->alerts[i], s->alerts[i].missed);
	metric(f, "reunion_alert_deadline_timestamp_seconds", "gauge", "When the alert must have gone out");
	for (size_t i = 0; i < s->n_alerts; i++)
		alert_gauge(f, "reunion_alert_deadline_timestamp_seconds", &s->alerts[i],
			    (double)s->alerts[i].deadline_at);
}

static void carriers(FILE *f, const struct snapshot *s)
{
	static const char *const gauges[][2] = {
		{"reunion_carrier_rate", "Agreed parts a second over all links, 0 unlimited"},
		{"reunion_carrier_measured_rate", "Parts a second over the last ten seconds"},
		{"reunion_carrier_waiting", "Units that wait for the carrier"},
		{"reunion_carrier_accepted", "Units that the carrier has accepted"},
		{"reunion_carrier_finish_timestamp_seconds",
		 "When the waiting units will have been sent, 0 none wait"},
	};

	for (size_t g = 0; g < ARRAY_SIZE(gauges); g++) {
		metric(f, gauges[g][0], "gauge", gauges[g][1]);
		for (size_t i = 0; i < s->n_carriers; i++) {
			const struct snap_carrier *c = &s->carriers[i];
			const double v[] = {c->rate, c->measured_rate, (double)c->waiting,
					    (double)c->accepted, (double)c->finish_at};

			fprintf(f, "%s{", gauges[g][0]);
			label(f, "carrier", c->name, "} ");
			fprintf(f, "%.17g\n", v[g]);
		}
	}
}

static void agencies(FILE *f, const struct snapshot *s)
{
	metric(f, "reunion_agency_triggers_total", "counter", "Trigger files by decision");
	for (size_t i = 0; i < s->n_agencies; i++) {
		const struct snap_agency *a = &s->agencies[i];
		const uint64_t v[] = {a->accepted, a->rejected, a->duplicate};

		for (size_t d = 0; d < ARRAY_SIZE(v); d++) {
			static const char *const decisions[] = {"accepted", "rejected", "duplicate"};

			fputs("reunion_agency_triggers_total{", f);
			label(f, "agency", a->name, ",");
			label(f, "decision", decisions[d], "} ");
			fprintf(f, "%" PRIu64 "\n", v[d]);
		}
	}
}

char *http_page_metrics(const struct snapshot *s)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	OSMO_ASSERT(f);
	if (s) {
		single(f, "reunion_uptime_seconds", "gauge", "How long the gateway has been running",
		       (double)s->uptime_s);
		single(f, "reunion_snapshot_timestamp_seconds", "gauge", "When these numbers were taken",
		       (double)s->taken_at);
		single(f, "reunion_store_healthy", "gauge", "Whether the ledger can be written",
		       s->store_state != 2);
		single(f, "reunion_map_cells", "gauge", "Cells in the cell map", s->map_cells);
		totals(f, s);
		link_gauges(f, s);
		link_counters(f, s);
		carriers(f, s);
		agencies(f, s);
		alerts(f, s);
	}
	OSMO_ASSERT(fclose(f) == 0);
	return text;
}

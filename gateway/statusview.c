#include "gateway/statusview.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>

static const char *const states[] = {"waiting", "handed",    "accepted", "refused",
				     "expired", "withdrawn", "unknown"};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* Rates below one are told to the thousandth, not as nothing. */
static unsigned int decimals(double rate)
{
	return rate > 0 && rate < 1 ? 3 : 1;
}

static bool truth(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static void heads(struct statusgrid *g, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		statusgrid_text(g, TONE_HEAD, names[i]);
}

static double total(const json_t *sums)
{
	double n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		n += number(sums, states[i]);
	return n;
}

/* Refused and unknown are what somebody must look at. */
static void sums_cells(struct statusgrid *g, const json_t *sums)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		double n = number(sums, states[i]);
		bool bad = n > 0 && (!strcmp(states[i], "refused") || !strcmp(states[i], "unknown"));

		statusgrid_number(g, bad ? TONE_WARN : TONE_PLAIN, n, 0);
	}
}

static enum statusgrid_tone link_tone(const char *state)
{
	return !strcmp(state, "up") ? TONE_GOOD : !strcmp(state, "down") ? TONE_BAD : TONE_WARN;
}

static void count(json_t *sums, const char *name, double done, double all)
{
	json_t *sum = json_object_get(sums, name);

	json_object_set_new(sums, name,
			    json_pack("[f,f]", json_number_value(json_array_get(sum, 0)) + done,
				      json_number_value(json_array_get(sum, 1)) + all));
}

/* By the link's name: units accepted, and all units, that alerts have on it. */
static json_t *link_sums(const json_t *status)
{
	json_t *sums = json_object(), *alert, *link;
	size_t i, j;

	json_array_foreach(json_object_get(status, "alerts"), i, alert)
		json_array_foreach(json_object_get(alert, "links"), j, link)
			count(sums, text(link, "name"), number(link, "accepted"), total(link));
	return sums;
}

static void link_row(struct statusgrid *g, const json_t *link, const json_t *sum,
		     const struct statusgrid_style *style)
{
	static const char *const counts[] = {"submitted", "accepted", "refused", "throttled", "unknown"};

	statusgrid_text(g, TONE_PLAIN, text(link, "name"));
	statusgrid_text(g, TONE_PLAIN, text(link, "carrier"));
	statusgrid_text(g, TONE_PLAIN, text(link, "type"));
	statusgrid_text(g, link_tone(text(link, "state")), text(link, "state"));
	statusgrid_number(g, TONE_PLAIN, number(link, "measured_rate"), 1);
	if (number(link, "rate") > 0)
		statusgrid_number(g, TONE_PLAIN, number(link, "rate"), decimals(number(link, "rate")));
	else
		statusgrid_text(g, TONE_PLAIN, "unlimited");
	statusgrid_number(g, TONE_PLAIN, number(link, "window_used"), 0);
	statusgrid_number(g, TONE_PLAIN, number(link, "window"), 0);
	for (size_t c = 0; c < ARRAY_SIZE(counts); c++)
		statusgrid_number(g, TONE_PLAIN, number(link, counts[c]), 0);
	statusgrid_bar(g, style, json_number_value(json_array_get(sum, 0)),
		       json_number_value(json_array_get(sum, 1)));
	statusgrid_text(g, TONE_WARN, truth(link, "window_bound") ? "window-bound" : "");
}

char *statusview_links(void *ctx, const json_t *status, const struct statusgrid_style *style)
{
	static const char *const names[] = {
		"LINK", "CARRIER",   "TYPE",     "STATE",   "RATE/S",    "AGREED",  "WINDOW",
		"OF",   "SUBMITTED", "ACCEPTED", "REFUSED", "THROTTLED", "UNKNOWN", "ACCEPTED OF ALERTS",
		""};
	struct statusgrid *g = statusgrid_new(ctx, ARRAY_SIZE(names));
	json_t *sums = link_sums(status), *link;
	size_t i;

	heads(g, names, ARRAY_SIZE(names));
	json_array_foreach(json_object_get(status, "links"), i, link)
		link_row(g, link, json_object_get(sums, text(link, "name")), style);
	json_decref(sums);
	return statusgrid_print(ctx, g, style);
}

static char *reasons(void *ctx, const json_t *link, const struct statusgrid_style *style)
{
	struct statusgrid *g = statusgrid_new(ctx, 4);
	static const char *const names[] = {"REFUSED BECAUSE", "CLASS", "STATUS", "TIMES"};
	char status[16];
	json_t *r;
	size_t i;

	if (json_array_size(json_object_get(link, "reasons")) == 0)
		return talloc_strdup(ctx, "");
	heads(g, names, ARRAY_SIZE(names));
	json_array_foreach(json_object_get(link, "reasons"), i, r)
	{
		snprintf(status, sizeof(status), "0x%x", (unsigned int)number(r, "status"));
		statusgrid_text(g, TONE_PLAIN, text(r, "reason"));
		statusgrid_text(g, TONE_PLAIN, text(r, "class"));
		statusgrid_text(g, TONE_PLAIN, number(r, "status") > 0 ? status : "-");
		statusgrid_number(g, TONE_PLAIN, number(r, "count"), 0);
	}
	return talloc_asprintf(ctx, "\n%s", statusgrid_print(ctx, g, style));
}

/* Every member, as it comes: a new counter is shown without a word more. */
char *statusview_link(void *ctx, const json_t *link, const struct statusgrid_style *style)
{
	struct statusgrid *g = statusgrid_new(ctx, 2);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)link, key, value)
	{
		if (json_is_array(value))
			continue;
		statusgrid_text(g, TONE_HEAD, key);
		if (json_is_number(value))
			statusgrid_number(g, TONE_PLAIN, json_number_value(value),
					  json_is_real(value) ? decimals(json_number_value(value)) : 0);
		else if (json_is_boolean(value))
			statusgrid_text(g, TONE_PLAIN, json_is_true(value) ? "yes" : "no");
		else
			statusgrid_text(g, TONE_PLAIN, text(link, key));
	}
	return talloc_asprintf(ctx, "%s%s", statusgrid_print(ctx, g, style), reasons(ctx, link, style));
}

/* The words are those of the log and the notifications. */
static void risk_cell(struct statusgrid *g, const json_t *alert)
{
	if (truth(alert, "missed"))
		statusgrid_text(g, TONE_BAD, "alertDeadlineMissed");
	else if (truth(alert, "at_risk"))
		statusgrid_text(g, TONE_WARN, "alertDeadlineAtRisk");
	else
		statusgrid_text(g, TONE_PLAIN, "");
}

char *statusview_alerts(void *ctx, const json_t *status, const struct statusgrid_style *style)
{
	static const char *const names[] = {"ALERT",     "CASE",    "STATE",    "DEADLINE", "ACCEPTED OF ALL",
					    "WAITING",   "HANDED",  "ACCEPTED", "REFUSED",  "EXPIRED",
					    "WITHDRAWN", "UNKNOWN", ""};
	struct statusgrid *g = statusgrid_new(ctx, ARRAY_SIZE(names));
	json_t *alert;
	size_t i;

	heads(g, names, ARRAY_SIZE(names));
	json_array_foreach(json_object_get(status, "alerts"), i, alert)
	{
		json_t *sums = json_object_get(alert, "units");

		statusgrid_text(g, TONE_PLAIN, text(alert, "alert_id"));
		statusgrid_text(g, TONE_PLAIN, text(alert, "case_number"));
		statusgrid_text(g, TONE_PLAIN, text(alert, "state"));
		statusgrid_text(g, TONE_PLAIN, text(alert, "deadline_at"));
		statusgrid_bar(g, style, number(sums, "accepted"), total(sums));
		sums_cells(g, sums);
		risk_cell(g, alert);
	}
	if (i == 0)
		return talloc_strdup(ctx, "no alerts\n");
	return statusgrid_print(ctx, g, style);
}

static char *alert_facts(void *ctx, const json_t *alert, const struct statusgrid_style *style)
{
	static const char *const keys[] = {"alert_id", "case_number", "type",        "agency",    "action",
					   "state",    "accepted_at", "deadline_at", "expires_at"};
	struct statusgrid *g = statusgrid_new(ctx, 2);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		statusgrid_text(g, TONE_HEAD, keys[i]);
		statusgrid_text(g, TONE_PLAIN, text(alert, keys[i]));
	}
	statusgrid_text(g, TONE_HEAD, "deadline");
	risk_cell(g, alert);
	return statusgrid_print(ctx, g, style);
}

static void sums_row(struct statusgrid *g, const struct statusgrid_style *style, const char *name,
		     const json_t *sums)
{
	statusgrid_text(g, TONE_PLAIN, name);
	statusgrid_bar(g, style, number(sums, "accepted"), total(sums));
	sums_cells(g, sums);
}

char *statusview_cells(void *ctx, const json_t *alert, const struct statusgrid_style *style)
{
	static const char *const names[] = {"CARRIER",  "BY",      "CELL",    "RING KM",   "WAITING", "HANDED",
					    "ACCEPTED", "REFUSED", "EXPIRED", "WITHDRAWN", "UNKNOWN"};
	struct statusgrid *g = statusgrid_new(ctx, ARRAY_SIZE(names));
	json_t *cell;
	size_t i;

	heads(g, names, ARRAY_SIZE(names));
	json_array_foreach(json_object_get(alert, "cells"), i, cell)
	{
		statusgrid_text(g, TONE_PLAIN, text(cell, "carrier"));
		statusgrid_text(g, TONE_PLAIN, text(cell, "by"));
		statusgrid_text(g, TONE_PLAIN, text(cell, "cell"));
		statusgrid_number(g, TONE_PLAIN, number(cell, "ring_km"), 1);
		sums_cells(g, cell);
	}
	return statusgrid_print(ctx, g, style);
}

static char *receipts_line(void *ctx, const json_t *carrier)
{
	const json_t *r = json_object_get(carrier, "receipts");
	char *share, *sure = talloc_strdup(ctx, "");

	if (!r)
		return sure;
	share = talloc_asprintf(ctx, "%s: receipts of %.0f messages asked for: %.0f delivered, %.0f failed, %.0f to come", text(carrier, "name"),
				number(r, "asked"), number(r, "delivered"), number(r, "failed"), number(r, "pending"));
	if (json_is_real(json_object_get(r, "low")))
		sure = talloc_asprintf(ctx, " (95 %% sure: %.1f to %.1f %%)", 100 * number(r, "low"), 100 * number(r, "high"));
	if (json_is_real(json_object_get(r, "share")))
		share = talloc_asprintf_append(share, "; delivered share %.1f %%%s", 100 * number(r, "share"), sure);
	return talloc_asprintf_append(share, "\n");
}

char *statusview_alert(void *ctx, const json_t *alert, const struct statusgrid_style *style)
{
	static const char *const names[] = {"CARRIER OR LINK", "ACCEPTED OF ALL", "WAITING", "HANDED", "ACCEPTED",
					    "REFUSED", "EXPIRED",         "WITHDRAWN", "UNKNOWN"};
	struct statusgrid *g = statusgrid_new(ctx, ARRAY_SIZE(names));
	json_t *link, *others = json_object_get(alert, "other_texts");
	char *receipts = talloc_strdup(ctx, "");
	size_t i;

	heads(g, names, ARRAY_SIZE(names));
	json_array_foreach(json_object_get(alert, "carriers"), i, link)
	{
		sums_row(g, style, text(link, "name"), link);
		receipts = talloc_asprintf_append(receipts, "%s", receipts_line(ctx, link));
	}
	json_array_foreach(json_object_get(alert, "links"), i, link)
		sums_row(g, style, text(link, "name"), link);
	sums_row(g, style, "all links", json_object_get(alert, "units"));
	if (total(others) > 0)
		sums_row(g, style, "update and found texts", others);
	return talloc_asprintf(ctx, "%s\n%s%s", alert_facts(ctx, alert, style),
			       statusgrid_print(ctx, g, style), receipts);
}

char *statusview_cellmap(void *ctx, const json_t *status, const struct statusgrid_style *style)
{
	const json_t *map = json_object_get(status, "cellmap");
	struct statusgrid *g = statusgrid_new(ctx, 2);

	statusgrid_text(g, TONE_HEAD, "file");
	statusgrid_text(g, TONE_PLAIN, text(map, "path"));
	statusgrid_text(g, TONE_HEAD, "cells");
	statusgrid_number(g, TONE_PLAIN, number(map, "cells"), 0);
	statusgrid_text(g, TONE_HEAD, "checksum");
	statusgrid_text(g, TONE_PLAIN, text(map, "checksum"));
	return statusgrid_print(ctx, g, style);
}

char *statusview_head(void *ctx, const json_t *status, const struct statusgrid_style *style)
{
	const json_t *gateway = json_object_get(status, "gateway");
	const char *store = text(gateway, "store");
	struct statusgrid *g = statusgrid_new(ctx, 4);

	statusgrid_text(g, TONE_HEAD, text(gateway, "name"));
	statusgrid_text(g, TONE_PLAIN, text(gateway, "taken_at"));
	statusgrid_text(g, TONE_PLAIN, "ledger");
	statusgrid_text(g, !strcmp(store, "healthy") ? TONE_GOOD : TONE_BAD, store);
	return statusgrid_print(ctx, g, style);
}

#include "gateway/agentx_cells.h"
#include <math.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <time.h>
#include "gateway/snapshot_json.h"

static void integer(struct mib_value *v, int64_t n)
{
	v->type = MIB_INTEGER;
	v->n = (uint64_t)n;
}

static void truth(struct mib_value *v, bool yes)
{
	integer(v, yes ? 1 : 2); /* TruthValue, RFC 2579 */
}

static void gauge(struct mib_value *v, uint64_t n)
{
	v->type = MIB_GAUGE;
	v->n = n > UINT32_MAX ? UINT32_MAX : n;
}

static void counter(struct mib_value *v, uint64_t n)
{
	v->type = MIB_COUNTER64;
	v->n = n;
}

static void text(struct mib_value *v, const char *s)
{
	v->type = MIB_TEXT;
	v->text = s;
	v->len = strlen(s);
}

/* In thousandths; NaN and negative are nothing. */
static void rate(struct mib_value *v, double parts_s)
{
	double milli = round(parts_s * 1000);

	gauge(v, milli > 0 ? (milli < UINT32_MAX ? (uint64_t)milli : UINT32_MAX) : 0);
}

static void micro_degrees(struct mib_value *v, double degrees)
{
	integer(v, isfinite(degrees) && fabs(degrees) <= 360 ? (int64_t)lround(degrees * 1e6) : 0);
}

/* DateAndTime in UTC, RFC 2579; eight zeros where there is no time. */
static void date(struct mib_value *v, int64_t wall_s)
{
	time_t t = wall_s;
	struct tm tm;

	v->type = MIB_TEXT;
	v->text = v->buf;
	memset(v->buf, 0, sizeof(v->buf));
	v->len = 8;
	if (wall_s == 0 || !gmtime_r(&t, &tm))
		return;
	v->buf[0] = (char)((tm.tm_year + 1900) >> 8 & 0xFF);
	v->buf[1] = (char)((tm.tm_year + 1900) & 0xFF);
	v->buf[2] = (char)(tm.tm_mon + 1);
	v->buf[3] = (char)tm.tm_mday;
	v->buf[4] = (char)tm.tm_hour;
	v->buf[5] = (char)tm.tm_min;
	v->buf[6] = (char)tm.tm_sec;
	v->buf[8] = '+';
	v->len = 11;
}

static void checksum(struct mib_value *v, uint64_t sum)
{
	v->type = MIB_TEXT;
	v->text = v->buf;
	v->len = 8;
	for (int i = 0; i < 8; i++)
		v->buf[i] = (char)(sum >> (56 - 8 * i) & 0xFF);
}

/* The column-th counter (from 0) of a counter struct: all its fields are uint64_t in the order of the list. */
static void counter_at(struct mib_value *v, const void *counters, size_t column)
{
	uint64_t n;

	memcpy(&n, (const char *)counters + column * sizeof(n), sizeof(n));
	counter(v, n);
}

static void gateway_cell(const struct mib_view *view, uint32_t column, struct mib_value *v)
{
	const struct snapshot *s = view->s;

	switch (column) {
	case 1:
		return text(v, s->name);
	case 2:
		return date(v, s->started_at);
	case 3:
		v->type = MIB_TICKS;
		v->n = (uint32_t)(s->uptime_s * 100);
		return;
	case 4:
		v->type = MIB_TICKS;
		v->n = view->discontinuity;
		return;
	case 5:
		return integer(v, s->store_state == 2 ? 2 : 1);
	case 6:
		return gauge(v, s->map_cells);
	case 7:
		return checksum(v, s->map_checksum);
	default:
		return text(v, s->map_path);
	}
}

static void link_cell(const struct snap_link *l, uint32_t column, struct mib_value *v)
{
	if (column >= CELL_COUNTERS)
		return counter_at(v, &l->count, column - CELL_COUNTERS);
	switch (column) {
	case 2:
		return text(v, l->name);
	case 3:
		return text(v, l->carrier);
	case 4:
		return integer(v, strcmp(l->type, "cbsp") ? 1 : 2);
	case 5:
		return integer(v, l->state);
	case 6:
		return date(v, l->state_since);
	case 7:
		return rate(v, l->rate);
	case 8:
		return rate(v, l->granted);
	case 9:
		return rate(v, l->measured_rate);
	case 10:
		return gauge(v, l->window);
	case 11:
		return gauge(v, l->window_used);
	case 12:
		return gauge(v, l->queue);
	case 13:
		return truth(v, snapshot_window_bound(l));
	}
#define GAUGE(field, mib, unit, text) l->field,
	gauge(v, (const uint64_t[]){LINK_GAUGES(GAUGE)}[column - CELL_LINK_GAUGES]);
#undef GAUGE
}

static void carrier_cell(const struct snap_carrier *c, uint32_t column, struct mib_value *v)
{
	switch (column) {
	case 2:
		return text(v, c->name);
	case 3:
		return rate(v, c->rate);
	case 4:
		return rate(v, c->measured_rate);
	case 5:
		return gauge(v, c->waiting);
	case 6:
		return gauge(v, c->accepted);
	default:
		return date(v, c->finish_at);
	}
}

static void agency_cell(const struct snap_agency *a, uint32_t column, struct mib_value *v)
{
	switch (column) {
	case 2:
		return text(v, a->name);
	case 3:
		return counter(v, a->accepted);
	case 4:
		return counter(v, a->rejected);
	default:
		return counter(v, a->duplicate);
	}
}

/* Columns 16..22 are the alert's own text by unit state, 23..29 its other texts. */
static void alert_cell(const struct snap_alert *a, uint32_t column, struct mib_value *v)
{
	if (column >= 23)
		return gauge(v, a->others.n[column - 23]);
	if (column >= 16)
		return gauge(v, a->sums.n[column - 16]);
	switch (column) {
	case 2:
		return text(v, a->alert_id);
	case 3:
		return text(v, a->case_number);
	case 4:
		return text(v, a->type);
	case 5:
		return text(v, a->agency);
	case 6:
		return text(v, a->action);
	case 7:
		return integer(v, a->state);
	case 8:
		return truth(v, a->at_risk);
	case 9:
		return truth(v, a->missed);
	case 10:
		return date(v, a->accepted_at);
	case 11:
		return date(v, a->deadline_at);
	case 12:
		return date(v, a->expires_at);
	case 13:
		return rate(v, a->radius_km); /* thousandths of a kilometre: metres */
	case 14:
		return micro_degrees(v, a->lat);
	default:
		return micro_degrees(v, a->lon);
	}
}

void cell_value(const struct mib_view *view, enum mib_table table, const struct mib_row *row, uint32_t column,
		struct mib_value *value)
{
	switch (table) {
	case MIB_GATEWAY:
		return gateway_cell(view, column, value);
	case MIB_TOTALS:
		return counter_at(value, &view->s->total, column - 1);
	case MIB_LINKS:
		return link_cell(row->a, column, value);
	case MIB_CARRIERS:
		return carrier_cell(row->a, column, value);
	case MIB_AGENCIES:
		return agency_cell(row->a, column, value);
	case MIB_ALERTS:
		return alert_cell(row->a, column, value);
	default:
		return gauge(value, ((const struct snap_alert_link *)row->a)->sums.n[column - 1]);
	}
}

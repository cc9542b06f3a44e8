/* What is told of links: their lines in the snapshot, their events in the log and to SNMP. */
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/conf_timers.h"
#include "gateway/daemon.h"
#include "gateway/log.h"
#include "gateway/snapshot_json.h"

static int64_t wall_of(const struct daemon *d, uint64_t mono_us)
{
	return mono_us ? d->started_at + ((int64_t)mono_us - (int64_t)d->started_us) / 1000000 : 0;
}

void watch_fill_link(struct daemon *d, struct snap_link *s, const struct fleet_link *fl, uint64_t now_us)
{
	const struct link *link = fl->link;

	snapshot_text(s->name, sizeof(s->name), link->cfg->name);
	snapshot_text(s->carrier, sizeof(s->carrier), link->carrier->name);
	snapshot_text(s->type, sizeof(s->type), link->cfg->type == LINK_CBSP ? "cbsp" : "smpp");
	s->state = link->blocked ? LINK_BLOCKED : link->state;
	s->state_since = wall_of(d, link->state_since_us);
	s->rate = link->throttle.rate;
	s->granted = throttle_granted(&link->throttle, now_us);
	s->measured_rate = fl->submitted_rate;
	s->throttled = !throttle_allow(&link->throttle, 1, now_us) ||
		       (link->carrier_throttle && !throttle_allow(link->carrier_throttle, 1, now_us));
	s->window = link->cfg->window * OSMO_MAX(link->serving, 1u);
	s->serving = link->serving;
	s->window_used = dispatch_window_used(d->dispatch, link->index);
	if (link->cfg->type == LINK_CBSP && link->cfg->cells_per_request) /* dispatch counts cells */
		s->window_used = (s->window_used + link->cfg->cells_per_request - 1) / link->cfg->cells_per_request;
	s->queue = dispatch_link_waiting(d->dispatch, link->index);
	s->count = link->count;
	s->rtt_mean_us = rtt_mean_us(&link->rtt, now_us);
	s->rtt_p99_us = rtt_quantile_us(&link->rtt, 0.99, now_us);
	s->proven_s = link->proven_us ? (now_us - link->proven_us) / 1000000 : UINT32_MAX;
	memcpy(s->reasons, link->reasons, sizeof(s->reasons));
}

/* A link that comes and goes, or a door at which many knock, must not drown what else there is. */
#define LINES_A_MINUTE 10

static void sum_up(struct fleet_link *fl, int64_t now)
{
	if (now - fl->minute < 60)
		return;
	if (fl->untold)
		LOGP(DLINK, LOGL_NOTICE, "%s: %u more messages within a minute are left out; it is %s now\n", fl->link->cfg->name, fl->untold,
		     snapshot_link_state(fl->link->blocked ? LINK_BLOCKED : fl->link->state));
	fl->minute = now;
	fl->told = fl->untold = 0;
}

static bool may_tell(struct fleet_link *fl, int64_t now)
{
	sum_up(fl, now);
	if (fl->told < LINES_A_MINUTE)
		return ++fl->told;
	fl->untold++;
	return false;
}

void watch_event(void *arg, struct fleet_link *fl, enum link_event ev, const char *text)
{
	static const enum notify_kind kinds[] = {[LINK_EV_UP] = NOTIFY_LINK_UP,
						 [LINK_EV_DOWN] = NOTIFY_LINK_DOWN,
						 [LINK_EV_BIND_FAILED] = NOTIFY_BIND_FAILED,
						 [LINK_EV_REHEARSAL] = NOTIFY_LINK_DOWN};
	struct daemon *d = arg;
	const char *name = fl->link->cfg->name;
	int64_t now = clock_wall_s();

	if (!strcmp(fl->last_text, text) && now - fl->summed_at < 60) {
		fl->repeats++; /* no log floods: a repeated message is summed up */
	} else if (may_tell(fl, now)) {
		if (fl->repeats)
			LOGP(DLINK, LOGL_NOTICE, "%s: the last message came %u times more\n", name, fl->repeats);
		LOGP(DLINK, LOGL_NOTICE, "%s: %s\n", name, text);
		snprintf(fl->last_text, sizeof(fl->last_text), "%s", text);
		fl->repeats = 0;
		fl->summed_at = now;
		if (d->agentx && ev != LINK_EV_PROTOCOL && ev != LINK_EV_BINDS)
			agentx_notify(d->agentx, kinds[ev], name, text);
	}
}

void watch_links_second(struct daemon *d, int64_t now)
{
	for (size_t i = 0; i < d->fleet->n_links; i++)
		sum_up(&d->fleet->links[i], now);
}

struct osmo_tdef *watch_timers(void *arg, void *ctx, size_t place, const char **link)
{
	const struct daemon *d = arg;
	const struct conf_link *cfg;

	if (place >= d->fleet->n_links)
		return NULL;
	cfg = d->fleet->links[place].link->cfg;
	*link = cfg->name;
	return conf_timers(ctx, cfg);
}

/* ---- the operator's hand ---- */

json_t *watch_block(void *arg, const char *name, bool block, const char *who)
{
	struct daemon *d = arg;
	int i = fleet_index(d->fleet, name);

	if (i < 0)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "there is no link of that name");
	d->fleet->links[i].link->blocked = block;
	dispatch_link_up(d->dispatch, i, !block && d->fleet->links[i].link->state == LINK_UP, clock_mono_us());
	LOGP(DLINK, LOGL_NOTICE, "%s: %s by %s\n", name, block ? "blocked" : "unblocked", who);
	daemon_wake(d);
	return json_pack("{s:b}", "ok", 1);
}

json_t *watch_rate(void *arg, const char *name, double rate, const char *who)
{
	struct daemon *d = arg;
	int i = fleet_index(d->fleet, name);

	if (i < 0)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "there is no link of that name");
	rate = fleet_set_rate(d->fleet, i, rate, clock_mono_us());
	LOGP(DLINK, LOGL_NOTICE, "%s: its rate is %g/s until the next reload, set by %s\n", name, rate, who);
	daemon_wake(d);
	return json_pack("{s:b, s:f}", "ok", 1, "rate", rate);
}

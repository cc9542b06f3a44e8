/* The far end: what a carrier does with what arrives, and the line between. */
#include "gateway/sim_int.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

static struct sim_event *put(struct sim *s, struct sim_link *l, enum sim_event_type type, const uint8_t *data,
			     size_t len, uint64_t delay_us)
{
	struct sim_event *e = sim_at(s, s->now + delay_us, type, l->no, l->conn);

	e->data = talloc_memdup(s, data, len);
	OSMO_ASSERT(e->data);
	e->len = len;
	return e;
}

void sim_to_peer(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len)
{
	put(s, l, EV_TO_PEER, data, len, l->plan->latency_ms * UINT64_C(1000));
}

void sim_reply(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len, uint64_t delay_us)
{
	put(s, l, EV_REPLY, data, len, delay_us);
}

/* The carrier's own limit, by calendar seconds. */
static bool too_fast(struct sim *s, struct sim_link *l)
{
	if (l->plan->accept_rate == 0)
		return false;
	if (l->peer_second != s->now / 1000000) {
		l->peer_second = s->now / 1000000;
		l->peer_parts = 0;
	}
	return ++l->peer_parts > l->plan->accept_rate;
}

static enum sim_verdict judge(struct sim *s, struct sim_link *l)
{
	const struct sim_link_plan *p = l->plan;
	uint64_t dice = sim_rnd(s, 1000);

	if (too_fast(s, l) || dice < p->throttle)
		return VERDICT_THROTTLE;
	dice -= p->throttle;
	if (dice < p->refuse)
		return VERDICT_REFUSE;
	dice -= p->refuse;
	return dice < p->transient ? VERDICT_TRANSIENT : VERDICT_ACCEPT;
}

/* All parts of a message share its fate, as judged at its first. */
enum sim_verdict sim_carrier_submit(struct sim *s, struct sim_link *l, unsigned int job, uint32_t unit,
				    uint32_t part, uint64_t *delay_us, bool *twice)
{
	struct sim_job *j = &s->job[job];
	const struct sim_link_plan *p = l->plan;
	uint64_t dice = sim_rnd(s, 1000);

	if (part == 0)
		j->fate[unit] = judge(s, l);
	*delay_us = (p->delay_ms + sim_rnd(s, p->spread_ms + 1)) * UINT64_C(1000);
	*twice = sim_rnd(s, 1000) < p->repeat;
	if (part == 0 && dice < p->drop + p->late) {
		/* To the gateway it is lost: an event of its own. */
		*delay_us = dice < p->drop ? UINT64_MAX : SIM_TIMEOUT_US + sim_rnd(s, 3000000);
		j->licensed[unit] += j->fate[unit] == VERDICT_ACCEPT;
		s->report->breaks++;
	}
	if (j->fate[unit] == VERDICT_ACCEPT)
		sim_check_copy(s, l, j, unit, part);
	sim_note(s, 0xA0 + j->fate[unit], unit * 16 + part);
	return j->fate[unit];
}

/* The first so many octet strings arrive yet; the rest is lost. */
void sim_line_cut(struct sim *s, struct sim_link *l)
{
	uint64_t conn = l->conn, keep = sim_rnd(s, 3) ? sim_rnd(s, 40) : 0, best;
	struct sim_event e;

	while (keep-- > 0) {
		best = SIZE_MAX;
		for (size_t i = 0; i < s->n_heap; i++) {
			const struct sim_event *on = &s->heap[i];

			if (on->type == EV_TO_PEER && on->who == l->no && on->life == conn &&
			    (best == SIZE_MAX || on->no < s->heap[best].no))
				best = i;
		}
		if (best == SIZE_MAX)
			break;
		e = s->heap[best];
		s->heap[best].life = UINT64_MAX; /* void */
		l->ops->peer_input(s, l, e.data, e.len);
	}
	l->conn = 0;
}

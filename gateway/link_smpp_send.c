/* Sending: units from dispatch become PDUs within window and throttle, answers become outcomes. */
#include "gateway/link_smpp_int.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/receipts.h"
#include "smpp/status.h"

#define HOLD_US	    100000ull /* first pause after a throttle answer; doubles while nothing is accepted */
#define HOLD_MAX_US (5 * SECOND)
#define FULL_US	    5000 /* the output is full: look again */
#define CONGESTED   90
#define MULTI_ROOM  (SMPP_MULTI_OCTETS + 2048)

/* A tag is the flight's place and the draft's. */
#define TAG(flight, draft) ((uint64_t)(flight) << 32 | (draft))
#define TAG_FLIGHT(tag)	   ((uint32_t)((tag) >> 32))
#define TAG_DRAFT(tag)	   ((uint32_t)(tag))

/* What may be spent in one go, settled with the throttles at its end. */
struct purse {
	uint32_t credit, spent;
};

void smpp_send_init(struct link_smpp *l)
{
	const struct conf_link *cfg = l->link.cfg;
	uint32_t window = cfg->window ? cfg->window : 1;
	uint32_t group = cfg->addressing == ADDR_CELLS ? OSMO_MIN(cfg->burst ? cfg->burst : 1, SMPP_MULTI_MAX) : 1;

	OSMO_ASSERT(l->n_flights == 0);
	talloc_free(l->flights);
	l->window = window;
	l->group = group;
	l->flights = talloc_zero_array(l, struct flight, window + 1);
	OSMO_ASSERT(l->flights);
	l->units = talloc_zero_array(l->flights, uint32_t, (window + 1) * group);
	l->fates = talloc_zero_array(l->flights, uint8_t, (window + 1) * group);
	l->again = talloc_zero_array(l->flights, uint64_t, window + 1);
	OSMO_ASSERT(l->units && l->fates && l->again);
	for (uint32_t i = 0; i <= window; i++) {
		l->flights[i].first = i * group;
		l->flights[i].next_free = i + 1;
	}
	l->free_flight = 0;
	l->n_again = 0;
	l->current = NULL;
	/* The drafts follow the configuration, too. */
	for (size_t i = 0; i < CACHE_MAX; i++) {
		talloc_free(l->cache[i].drafts);
		l->cache[i] = (struct draft_set){0};
	}
}

static struct draft_set *drafts_of(struct link_smpp *l, const struct dispatch_job *job)
{
	struct draft_set *best = NULL;
	const struct payload *payload;

	for (size_t i = 0; i < CACHE_MAX; i++) {
		struct draft_set *s = &l->cache[i];

		if (s->drafts && s->job == job->spec.id) {
			s->used = ++l->cache_used;
			return s;
		}
		if (s->flights == 0 && (!best || s->used < best->used))
			best = s;
	}
	payload = best ? l->link.payload->job(l->link.payload->arg, job, &l->link) : NULL;
	if (!payload || payload->n_texts == 0)
		return NULL;
	talloc_free(best->drafts);
	*best = (struct draft_set){.job = job->spec.id, .used = ++l->cache_used};
	best->drafts = link_smpp_drafts(l, l->link.cfg, payload);
	return best->drafts ? best : NULL;
}

static enum fate fate_of(const struct link_smpp *l, const struct flight *f, uint32_t i)
{
	return l->fates[f->first + i] & ~FATE_TOUCHED;
}

static enum outcome outcome_of(const struct link_smpp *l, const struct flight *f, uint32_t i)
{
	/* Some parts arrived, others will not: to try again repeats those, so an attempt it was. */
	bool touched = l->fates[f->first + i] & FATE_TOUCHED;

	switch (fate_of(l, f, i)) {
	case FATE_OK:
		if (f->next == f->set->drafts->n && !f->stopped)
			return OUT_ACCEPTED;
		return touched ? OUT_LOST : OUT_UNSENT;
	case FATE_UNSENT:
		return touched ? OUT_LOST : OUT_UNSENT;
	case FATE_TRANSIENT:
		return touched ? OUT_LOST : OUT_TRANSIENT;
	case FATE_REFUSED:
		return OUT_REFUSED;
	case FATE_LOST:
		break;
	}
	return OUT_LOST;
}

static void report(struct link_smpp *l, struct dispatch_job *job, uint32_t unit, enum outcome outcome, uint64_t now_us)
{
	uint64_t unknown = job->sums.n[UNIT_UNKNOWN];

	dispatch_answer(l->link.dispatch, l->link.index, job, unit, outcome, now_us);
	l->link.count.unknown += job->sums.n[UNIT_UNKNOWN] > unknown;
}

static void finish(struct link_smpp *l, struct flight *f, uint64_t now_us)
{
	struct dispatch_job *job = f->job;

	for (uint32_t i = 0; i < f->n; i++)
		report(l, job, l->units[f->first + i], outcome_of(l, f, i), now_us);
	if (l->current == f)
		l->current = NULL;
	f->set->flights--;
	f->job = NULL;
	f->next_free = l->free_flight;
	l->free_flight = f - l->flights;
	l->n_flights--;
}

static void finish_if_done(struct link_smpp *l, struct flight *f, uint64_t now_us)
{
	if (f->pending == 0 && f->queued == 0 && (f->stopped || f->next == f->set->drafts->n))
		finish(l, f, now_us);
}

/* Units of the flight that are still to be served. */
static uint32_t alive(const struct link_smpp *l, const struct flight *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		n += fate_of(l, f, i) == FATE_OK;
	return n;
}

/* Message parts that a PDU stands for. */
static uint32_t parts_of(const struct link_smpp *l, const struct flight *f, uint32_t draft)
{
	return f->set->drafts->v[draft].cost * (f->n == 1 ? 1 : alive(l, f));
}

static void mark(struct link_smpp *l, struct flight *f, uint32_t i, enum fate fate)
{
	uint8_t *now = &l->fates[f->first + i];

	if (fate > fate_of(l, f, i))
		*now = (*now & FATE_TOUCHED) | fate;
}

static void mark_all(struct link_smpp *l, struct flight *f, enum fate fate)
{
	for (uint32_t i = 0; i < f->n; i++)
		mark(l, f, i, fate);
	f->stopped = true;
}

/* ---- answers ---- */

static char class_of(const struct link_smpp *l, uint32_t status)
{
	const struct conf_link *cfg = l->link.cfg;

	for (size_t i = 0; i < cfg->n_classes; i++)
		if (cfg->classes[i].status == status)
			return cfg->classes[i].class;
	return smpp_status_class(status);
}

static void slow_down(struct link_smpp *l, uint64_t now_us)
{
	l->link.count.throttled++;
	throttle_backoff(&l->link.throttle, now_us);
	if (now_us < l->hold_until_us)
		return;
	l->hold_us = l->hold_us ? OSMO_MIN(2 * l->hold_us, HOLD_MAX_US) : HOLD_US;
	l->hold_until_us = now_us + l->hold_us;
}

/* Throttled PDUs go again before all others, in the order in which they were sent first. */
static void queue_again(struct link_smpp *l, struct flight *f, uint64_t tag)
{
	uint32_t i = l->n_again++;

	for (; i > 0; i--) {
		uint64_t before = l->again[i - 1];
		const struct flight *g = &l->flights[TAG_FLIGHT(before)];

		if (g->order < f->order || (g == f && TAG_DRAFT(before) < TAG_DRAFT(tag)))
			break;
		l->again[i] = before;
	}
	l->again[i] = tag;
	f->queued++;
}

/* The carrier turns away all that we send: alarm, stop, come back later. Nobody's message is at fault. */
static void session_fault(struct link_smpp *l, uint32_t status, uint64_t now_us)
{
	if (l->faulted)
		return;
	l->faulted = true;
	l->fault_status = status;
	smpp_link_up(l, false, now_us);
	smpp_link_state(l, LINK_UNBINDING, now_us);
	smpp_session_unbind(l->leg[0].session, now_us);
}

/* Cells of a submit_multi that the peer could not serve. Names we did not send are members of a list: not ours to judge. */
static uint32_t failed_cells(struct link_smpp *l, struct flight *f, const struct smpp_pdu *pdu)
{
	struct smpp_dest dest;
	uint32_t failed = 0;
	size_t at = 0;

	while (smpp_failed_next(pdu, &at, &dest)) {
		char class = class_of(l, dest.status);

		for (uint32_t i = 0; dest.status != 0 && i < f->n; i++) {
			char name[SMPP_CELL_NAME];
			struct cell_id id;
			uint8_t digits;

			if (l->link.payload->cell(l->link.payload->arg, f->job, l->units[f->first + i], &id, &digits) < 0 ||
			    link_smpp_cell_name(&id, digits, name) < 0 || strcmp(name, dest.address.digits) != 0)
				continue;
			mark(l, f, i, class == 'P' || class == 'R' ? FATE_REFUSED : FATE_TRANSIENT);
			failed++;
			*(class == 'P' || class == 'R' ? &l->link.count.refused : &l->link.count.transient) += 1;
		}
	}
	return failed;
}

static void accepted(struct link_smpp *l, struct flight *f, uint32_t parts, const struct smpp_answer *answer)
{
	uint32_t failed = answer->pdu && answer->pdu->n_failed ? failed_cells(l, f, answer->pdu) : 0;

	l->hold_us = 0;
	l->leg[0].failures = 0;
	for (uint32_t i = 0; i < f->n; i++)
		if (fate_of(l, f, i) == FATE_OK)
			l->fates[f->first + i] |= FATE_TOUCHED;
	l->link.count.accepted += parts - OSMO_MIN(parts, failed);
	if (failed && alive(l, f) == 0)
		f->stopped = true;
}

void smpp_send_answer(struct leg *leg, const struct smpp_answer *answer, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	struct flight *f = &l->flights[TAG_FLIGHT(answer->tag)];
	uint32_t parts = parts_of(l, f, TAG_DRAFT(answer->tag));

	f->pending--;
	if (answer->congestion >= CONGESTED)
		slow_down(l, now_us);
	switch (class_of(l, answer->status)) {
	case '-':
		accepted(l, f, parts, answer);
		break;
	case 'X':
		slow_down(l, now_us);
		queue_again(l, f, answer->tag);
		break;
	case 'P':
	case 'R':
		l->link.count.refused += parts;
		mark_all(l, f, FATE_REFUSED);
		break;
	case 'S':
		session_fault(l, answer->status, now_us);
		mark_all(l, f, FATE_UNSENT);
		break;
	default:
		l->link.count.transient += parts;
		mark_all(l, f, FATE_TRANSIENT);
	}
	finish_if_done(l, f, now_us);
}

void smpp_send_timeout(struct leg *leg, uint64_t tag, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	struct flight *f = &l->flights[TAG_FLIGHT(tag)];

	f->pending--;
	l->link.count.lost++;
	mark_all(l, f, FATE_LOST);
	finish_if_done(l, f, now_us);
}

static void left_unanswered(void *arg, uint64_t tag, bool left)
{
	struct link_smpp *l = arg;
	struct flight *f = &l->flights[TAG_FLIGHT(tag)];

	f->pending--;
	if (left)
		l->link.count.lost++;
	mark_all(l, f, left ? FATE_LOST : FATE_UNSENT);
}

void smpp_send_down(struct link_smpp *l, struct smpp_session *s, uint64_t now_us)
{
	smpp_session_drain(s, left_unanswered, l);
	l->n_again = 0;
	l->hold_until_us = l->hold_us = 0;
	for (uint32_t i = 0; l->n_flights > 0 && i <= l->window; i++) {
		struct flight *f = &l->flights[i];

		if (!f->job)
			continue;
		f->queued = 0;
		f->stopped = true;
		finish(l, f, now_us);
	}
}

/* ---- hand-over ---- */

static bool put_submit(struct link_smpp *l, struct flight *f, uint32_t draft, uint64_t now_us)
{
	const struct smpp_draft *d = &f->set->drafts->v[draft];
	uint32_t unit = l->units[f->first], sequence;
	struct smpp_session *s = l->leg[0].session;
	char number[16];
	uint8_t *room;

	if (l->link.payload->msisdn(l->link.payload->arg, f->job, unit, number) < 0) {
		mark_all(l, f, FATE_REFUSED);
		return true;
	}
	room = smpp_session_begin(s, d->submit.len + sizeof(number), &sequence);
	if (!room) {
		l->output_full = true;
		return false;
	}
	smpp_session_commit(s, smpp_submit_write(&d->submit, room, number, strlen(number), sequence,
						 receipts_registered(l->link.cfg, f->job->spec.id, unit)),
			    sequence, TAG(f - l->flights, draft), now_us);
	f->pending++;
	return true;
}

/* Cells that cannot be named are refused, those that failed before are left out. */
static size_t name_cells(struct link_smpp *l, struct flight *f, char (*names)[SMPP_CELL_NAME])
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		struct cell_id id;
		uint8_t digits;

		if (fate_of(l, f, i) != FATE_OK)
			continue;
		if (l->link.payload->cell(l->link.payload->arg, f->job, l->units[f->first + i], &id, &digits) < 0 ||
		    link_smpp_cell_name(&id, digits, names[n]) < 0)
			mark(l, f, i, FATE_REFUSED);
		else
			n++;
	}
	return n;
}

static bool put_multi(struct link_smpp *l, struct flight *f, uint32_t draft, uint64_t now_us)
{
	struct smpp_session *s = l->leg[0].session;
	char names[SMPP_MULTI_MAX][SMPP_CELL_NAME];
	uint32_t sequence;
	uint8_t *room;
	size_t n = name_cells(l, f, names);
	int len;

	if (n == 0) {
		f->stopped = true;
		return true;
	}
	room = smpp_session_begin(s, MULTI_ROOM, &sequence);
	if (!room) {
		l->output_full = true;
		return false;
	}
	len = link_smpp_multi(&f->set->drafts->v[draft], (const char (*)[SMPP_CELL_NAME])names, n, sequence, room, MULTI_ROOM);
	if (len < 0) {
		mark_all(l, f, FATE_REFUSED);
		return true;
	}
	smpp_session_commit(s, len, sequence, TAG(f - l->flights, draft), now_us);
	f->pending++;
	return true;
}

/* False when the output is full. */
static bool put(struct link_smpp *l, struct flight *f, uint32_t draft, struct purse *purse, uint64_t now_us)
{
	uint32_t pending = f->pending, parts = parts_of(l, f, draft);
	bool done = l->link.cfg->addressing == ADDR_CELLS ? put_multi(l, f, draft, now_us) : put_submit(l, f, draft, now_us);

	if (f->pending > pending) {
		l->link.count.submitted += parts;
		purse->spent += parts;
		purse->credit -= OSMO_MIN(parts, purse->credit);
	}
	return done;
}

/* May a PDU of so many parts leave? One that is larger than a whole burst leaves on a full bucket. */
static bool affords(const struct link_smpp *l, const struct purse *purse, uint32_t parts)
{
	uint32_t burst = l->link.cfg->burst ? l->link.cfg->burst : 1;

	return purse->credit >= OSMO_MIN(parts, burst);
}

/* A cancelled or expired job sends nothing more, also not the rest of what it began. */
static bool called_off(const struct flight *f)
{
	return f->job->state != JOB_RUNNING;
}

static bool send_again(struct link_smpp *l, struct purse *purse, uint64_t now_us)
{
	uint64_t tag = l->again[0];
	struct flight *f = &l->flights[TAG_FLIGHT(tag)];

	if (called_off(f))
		f->stopped = true;
	if (!f->stopped) {
		if (!affords(l, purse, parts_of(l, f, TAG_DRAFT(tag))) || !put(l, f, TAG_DRAFT(tag), purse, now_us))
			return false;
	} else {
		mark_all(l, f, FATE_UNSENT);
	}
	memmove(l->again, l->again + 1, --l->n_again * sizeof(l->again[0]));
	f->queued--;
	finish_if_done(l, f, now_us);
	return true;
}

/* True: the flight's next PDU is out, or it has none left. */
static bool send_current(struct link_smpp *l, struct purse *purse, uint64_t now_us)
{
	struct flight *f = l->current;

	if (called_off(f) && !f->stopped)
		mark_all(l, f, FATE_UNSENT);
	if (!f->stopped) {
		if (!affords(l, purse, parts_of(l, f, f->next)) || !put(l, f, f->next, purse, now_us))
			return false;
		f->next += !f->stopped;
	}
	if (f->stopped || f->next == f->set->drafts->n)
		l->current = NULL;
	finish_if_done(l, f, now_us);
	return true;
}

/* Cells wait for company: a submit_multi for every single token would cost a PDU each. */
static bool enough_for_group(const struct link_smpp *l, const struct purse *purse)
{
	uint32_t half = OSMO_MAX(l->group / 2, 1u);

	return purse->credit >= half || purse->credit >= dispatch_link_waiting(l->link.dispatch, l->link.index);
}

static bool begin_flight(struct link_smpp *l, struct purse *purse, uint64_t now_us)
{
	struct flight *f;
	struct handed first;
	uint32_t group = OSMO_MIN(l->group, purse->credit), i = l->free_flight;

	if (i > l->window || purse->credit == 0 || (l->group > 1 && !enough_for_group(l, purse)))
		return false;
	f = &l->flights[i];
	if (l->group > 1) {
		f->n = dispatch_next_many(l->link.dispatch, l->link.index, now_us, &first, &l->units[f->first], group);
	} else {
		f->n = dispatch_next(l->link.dispatch, l->link.index, now_us, &first);
		l->units[f->first] = first.unit;
	}
	if (f->n == 0)
		return false;
	f->set = drafts_of(l, first.job);
	if (!f->set) { /* no text for this link: nothing that could be sent, now or later */
		for (uint32_t k = 0; k < f->n; k++)
			report(l, first.job, l->units[f->first + k], OUT_REFUSED, now_us);
		return true;
	}
	memset(&l->fates[f->first], FATE_OK, f->n);
	f->set->flights++;
	l->free_flight = f->next_free;
	l->n_flights++;
	f->job = first.job;
	f->order = l->order++;
	f->next = f->pending = f->queued = 0;
	f->stopped = false;
	l->current = f;
	return true;
}

static uint32_t both_allow(struct link_smpp *l, uint32_t want, uint64_t now_us)
{
	uint32_t n = throttle_allow(&l->link.throttle, want, now_us);

	if (n > 0 && l->link.carrier_throttle)
		n = OSMO_MIN(n, throttle_allow(l->link.carrier_throttle, n, now_us));
	return n;
}

static uint64_t both_next(struct link_smpp *l, uint32_t parts, uint64_t now_us)
{
	uint64_t next = throttle_next_us(&l->link.throttle, parts, now_us);

	if (l->link.carrier_throttle)
		next = OSMO_MAX(next, throttle_next_us(l->link.carrier_throttle, parts, now_us));
	return OSMO_MAX(next, now_us + 1);
}

/* When the throttles will let the next PDU pass; only asked when they did not. */
static uint64_t next_credit(struct link_smpp *l, uint64_t now_us)
{
	const struct flight *f = l->n_again ? &l->flights[TAG_FLIGHT(l->again[0])] : l->current;
	uint32_t burst = l->link.cfg->burst ? l->link.cfg->burst : 1, parts = 1;
	struct handed waiting;

	if (f)
		parts = parts_of(l, f, l->n_again ? TAG_DRAFT(l->again[0]) : f->next);
	else if (l->stopping || !dispatch_peek(l->link.dispatch, l->link.index, now_us, &waiting))
		return NEVER;
	else if (l->group > 1)
		parts = OSMO_MIN(OSMO_MAX(l->group / 2, 1u), dispatch_link_waiting(l->link.dispatch, l->link.index));
	return both_next(l, OSMO_MIN(OSMO_MAX(parts, 1u), burst), now_us);
}

static bool may_send(const struct link_smpp *l)
{
	return l->up && !l->link.blocked && !l->faulted;
}

uint64_t smpp_send(struct link_smpp *l, uint64_t now_us)
{
	struct purse purse = {0};
	bool more = true;

	l->output_full = false;
	if (!may_send(l))
		return NEVER;
	if (now_us < l->hold_until_us)
		return l->hold_until_us;
	/* More than the window cannot leave; a PDU counts up to group x its parts. */
	purse.credit = both_allow(l, l->window * l->group * SMPP_TEXT_MAX_PARTS, now_us);
	while (more && smpp_session_room(l->leg[0].session) > 0) {
		if (l->n_again > 0)
			more = send_again(l, &purse, now_us);
		else if (l->current)
			more = send_current(l, &purse, now_us);
		else
			more = !l->stopping && begin_flight(l, &purse, now_us);
	}
	if (purse.spent > 0) {
		throttle_take(&l->link.throttle, purse.spent, now_us);
		if (l->link.carrier_throttle)
			throttle_take(l->link.carrier_throttle, purse.spent, now_us);
	}
	if (smpp_session_room(l->leg[0].session) == 0)
		return NEVER; /* an answer will call again */
	return l->output_full ? now_us + FULL_US : next_credit(l, now_us);
}

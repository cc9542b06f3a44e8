/* Hand-over: units from dispatch become PDUs within window and throttle. */
#include "gateway/link_smpp_int.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "gateway/sooner.h"

#define FULL_US 5000 /* the output is full: look again */

/* What may be spent in one go, settled with the throttles at its end. */
struct purse {
	uint32_t credit, spent;
};

struct number {
	char digits[16];
	int len; /* or -errno */
};

static struct number number_of(const struct link_smpp *l, const struct dispatch_job *job, uint32_t unit)
{
	struct number to;

	to.len = l->link.payload->msisdn(l->link.payload->arg, job, unit, to.digits);
	return to;
}

static bool put_submit(struct link_smpp *l, struct flight *f, uint32_t draft, const struct number *to, uint64_t now_us)
{
	const struct smpp_submit *submit = &f->set->drafts->v[draft].submit;
	struct smpp_session *s = f->leg->session;
	uint32_t sequence;
	uint8_t *room;
	size_t len;

	if (to->len < 0) {
		smpp_flight_mark_all(l, f, FATE_REFUSED, WHY_NAMELESS);
		return true;
	}
	room = smpp_session_begin(s, submit->len + SMPP_DEST_MAX, &sequence);
	if (!room)
		return false;
	len = smpp_submit_write(submit, room, to->digits, to->len, sequence, smpp_flight_registered(l, f));
	smpp_session_commit(s, len, sequence, TAG(f - l->flights, draft), now_us);
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

		if (smpp_flight_fate(l, f, i) != FATE_OK)
			continue;
		if (l->link.payload->cell(l->link.payload->arg, f->job, l->units[f->first + i], &id,
					  &digits) < 0 ||
		    link_smpp_cell_name(&id, digits, names[n]) < 0)
			smpp_flight_mark(l, f, i, FATE_REFUSED, WHY_NAMELESS);
		else
			n++;
	}
	return n;
}

static bool put_multi(struct link_smpp *l, struct flight *f, uint32_t draft, uint64_t now_us)
{
	struct smpp_session *s = f->leg->session;
	char names[SMPP_MULTI_MAX][SMPP_CELL_NAME];
	uint32_t sequence;
	uint8_t *room;
	size_t n = name_cells(l, f, names);
	int len;

	if (n == 0) {
		f->stopped = true;
		return true;
	}
	room = smpp_session_begin(s, SMPP_MULTI_ROOM, &sequence);
	if (!room)
		return false;
	len = link_smpp_multi(&f->set->drafts->v[draft], (const char(*)[SMPP_CELL_NAME])names, n, sequence,
			      room, SMPP_MULTI_ROOM);
	if (len < 0) {
		smpp_flight_mark_all(l, f, FATE_REFUSED, WHY_NAMELESS);
		return true;
	}
	smpp_session_commit(s, len, sequence, TAG(f - l->flights, draft), now_us);
	f->pending++;
	return true;
}

static void spend(struct link_smpp *l, struct purse *purse, uint32_t parts)
{
	l->link.count.submitted += parts;
	purse->spent += parts;
	purse->credit -= OSMO_MIN(parts, purse->credit);
}

/* False when the output is full. */
static bool put(struct link_smpp *l, struct flight *f, uint32_t draft, uint32_t parts, struct purse *purse,
		uint64_t now_us)
{
	uint32_t pending = f->pending;
	struct number to;
	bool done;

	if (smpp_by_cells(l)) {
		done = put_multi(l, f, draft, now_us);
	} else {
		to = number_of(l, f->job, l->units[f->first]);
		done = put_submit(l, f, draft, &to, now_us);
	}
	if (f->pending > pending)
		spend(l, purse, parts);
	return done;
}

/* What one step of a connection came to. POOR: what is next there is more than the throttles let pass now, and nothing else shall
 * take it away. */
enum step { STEP_DONE, STEP_IDLE, STEP_FULL, STEP_POOR };

/* May a PDU of so many parts leave? One that is larger than a whole burst leaves on a full bucket. */
static bool affords(const struct link_smpp *l, const struct purse *purse, uint32_t parts)
{
	uint32_t burst = l->link.cfg->burst ? l->link.cfg->burst : 1;

	return purse->credit >= OSMO_MIN(parts, burst);
}

/* A cancelled or expired job sends nothing more, also not the rest of what it began. */
static bool called_off(const struct flight *f, uint64_t now_us)
{
	return f->job->state != JOB_RUNNING || (int64_t)now_us >= f->job->spec.expires_us;
}

static enum step send_again(struct leg *leg, struct purse *purse, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	uint64_t tag = leg->again[0];
	struct flight *f = &l->flights[TAG_FLIGHT(tag)];

	if (called_off(f, now_us))
		f->stopped = true;
	if (!f->stopped) {
		uint32_t parts = smpp_flight_parts(l, f, TAG_DRAFT(tag));

		if (!affords(l, purse, parts))
			return STEP_POOR;
		if (!put(l, f, TAG_DRAFT(tag), parts, purse, now_us))
			return STEP_FULL;
	} else {
		smpp_flight_mark_all(l, f, FATE_UNSENT, 0);
	}
	memmove(leg->again, leg->again + 1, --leg->n_again * sizeof(leg->again[0]));
	f->queued--;
	smpp_flight_finish_if_done(l, f, now_us);
	return STEP_DONE;
}

/* Done: the flight's next PDU is out, or it has none left. */
static enum step send_current(struct leg *leg, struct purse *purse, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	struct flight *f = leg->current;

	if (called_off(f, now_us) && !f->stopped)
		smpp_flight_mark_all(l, f, FATE_UNSENT, 0);
	if (!f->stopped) {
		uint32_t parts = smpp_flight_parts(l, f, f->next);

		if (!affords(l, purse, parts))
			return STEP_POOR;
		if (!put(l, f, f->next, parts, purse, now_us))
			return STEP_FULL;
		f->next += !f->stopped;
	}
	if (f->stopped || f->next == f->set->drafts->n)
		leg->current = NULL;
	smpp_flight_finish_if_done(l, f, now_us);
	return STEP_DONE;
}

/* Cells wait for company: a submit_multi for every single token would cost a PDU each. */
static bool enough_for_group(const struct link_smpp *l, const struct purse *purse)
{
	uint32_t half = OSMO_MAX(l->group / 2, 1u);

	return purse->credit >= half ||
	       purse->credit >= dispatch_link_waiting(l->link.dispatch, l->link.index);
}

static struct flight *begin_flight(struct leg *leg, struct draft_set *set, struct dispatch_job *job,
				   const uint32_t *units, uint32_t n)
{
	struct link_smpp *l = leg->owner;
	struct flight *f = &l->flights[l->free_flight];

	l->free_flight = f->next_free;
	l->n_flights++;
	for (uint32_t i = 0; i < n; i++) {
		l->units[f->first + i] = units[i];
		l->fates[f->first + i] = FATE_OK;
	}
	set->flights++;
	f->job = job;
	f->leg = leg;
	f->set = set;
	f->order = l->order++;
	f->n = n;
	f->next = f->pending = f->queued = 0;
	f->stopped = false;
	return f;
}

/* So many units that are one PDU each may leave at once. */
static uint32_t singles(const struct leg *leg, const struct draft_set *set, const struct purse *purse)
{
	const struct smpp_draft *d = &set->drafts->v[0];
	const struct link_smpp *l = leg->owner;
	uint32_t n, free = l->slots + 1 - l->n_flights;

	if (l->group > 1 || l->link.serving > 1 || set->drafts->n != 1) /* the binds take turns */
		return 0;
	n = smpp_session_fits(leg->session, d->submit.len + SMPP_DEST_MAX);
	n = OSMO_MIN(n, free);
	n = OSMO_MIN(n, purse->credit / d->cost);
	return OSMO_MIN(n, BATCH);
}

/* Numbers come first, since they lie far apart: so that one need not wait for the other. */
static void send_singles(struct leg *leg, struct draft_set *set, uint32_t n, struct purse *purse, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	uint32_t units[BATCH], sent = 0;
	struct number to[BATCH];
	struct handed first;

	n = dispatch_next_many(l->link.dispatch, l->link.index, now_us, &first, units, n);
	for (uint32_t i = 0; i < n; i++)
		to[i] = number_of(l, first.job, units[i]);
	for (uint32_t i = 0; i < n; i++) {
		struct flight *f = begin_flight(leg, set, first.job, &units[i], 1);
		bool out = put_submit(l, f, 0, &to[i], now_us);

		OSMO_ASSERT(out); /* there is place: singles() */
		sent += f->pending;
		f->next = 1;
		smpp_flight_finish_if_done(l, f, now_us);
	}
	spend(l, purse, sent * set->drafts->v[0].cost);
}

static enum step begin(struct leg *leg, struct purse *purse, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	uint32_t units[SMPP_MULTI_MAX], n;
	struct draft_set *set;
	struct handed next;

	if (l->free_flight > l->slots || purse->credit == 0 || (l->group > 1 && !enough_for_group(l, purse)) ||
	    !dispatch_peek(l->link.dispatch, l->link.index, now_us, &next))
		return STEP_IDLE;
	set = smpp_flight_drafts(l, next.job, smpp_session_centre(leg->session));
	n = set ? singles(leg, set, purse) : 0;
	if (n > 1) {
		send_singles(leg, set, n, purse, now_us);
		return STEP_DONE;
	}
	n = dispatch_next_many(l->link.dispatch, l->link.index, now_us, &next, units, OSMO_MIN(l->group, purse->credit));
	if (set)
		leg->current = begin_flight(leg, set, next.job, units, n);
	for (uint32_t i = 0; !set && i < n; i++) /* nothing that could be sent, now or later */
		smpp_flight_report(l, next.job, units[i], OUT_REFUSED, WHY_TEXTLESS, now_us);
	return STEP_DONE;
}

static uint32_t both_allow(struct link_smpp *l, uint32_t want, uint64_t now_us)
{
	uint32_t n = throttle_allow(&l->link.throttle, want, now_us);

	if (n > 0 && l->link.carrier_throttle) /* it may allow less than n, never more */
		n = throttle_allow(l->link.carrier_throttle, n, now_us);
	return n;
}

static uint64_t both_next(struct link_smpp *l, uint32_t parts, uint64_t now_us)
{
	uint64_t next = throttle_next_us(&l->link.throttle, parts, now_us);

	if (l->link.carrier_throttle) {
		uint64_t carrier = throttle_next_us(l->link.carrier_throttle, parts, now_us);

		next = OSMO_MAX(next, carrier);
	}
	return OSMO_MAX(next, now_us + 1);
}

/* When the throttles will let the next PDU of a connection pass; only asked when they did not. */
static uint64_t next_credit(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	const struct flight *f = leg->n_again ? &l->flights[TAG_FLIGHT(leg->again[0])] : leg->current;
	uint32_t burst = l->link.cfg->burst ? l->link.cfg->burst : 1, parts = 1;
	struct handed waiting;

	if (f)
		parts = smpp_flight_parts(l, f, leg->n_again ? TAG_DRAFT(leg->again[0]) : f->next);
	else if (l->stopping || !dispatch_peek(l->link.dispatch, l->link.index, now_us, &waiting))
		return NEVER;
	else if (l->group > 1)
		parts = OSMO_MIN(OSMO_MAX(l->group / 2, 1u),
				 dispatch_link_waiting(l->link.dispatch, l->link.index));
	return both_next(l, OSMO_MIN(OSMO_MAX(parts, 1u), burst), now_us);
}

static bool may_send(const struct link_smpp *l)
{
	return l->up && !l->link.blocked && !l->faulted;
}

static enum step step(struct leg *leg, struct purse *purse, uint64_t now_us)
{
	enum step done;

	if (!leg->serving || leg->output_full || smpp_session_room(leg->session) == 0)
		return STEP_FULL;
	if (leg->n_again > 0)
		done = send_again(leg, purse, now_us);
	else if (leg->current)
		done = send_current(leg, purse, now_us);
	else
		done = leg->owner->stopping ? STEP_IDLE : begin(leg, purse, now_us);
	leg->output_full = done == STEP_FULL;
	return done;
}

/* The binds take turns, a unit each: so all of them carry messages, however few may leave at one time. */
static void send_all(struct link_smpp *l, struct purse *purse, uint64_t now_us)
{
	unsigned int legs = l->link.serving > 1 ? LINK_LEGS : 1, stuck = 0;
	enum step done = STEP_DONE;

	if (legs == 1)
		l->turn = l->tx->no;
	while (stuck < legs) {
		struct leg *leg = &l->leg[l->turn];

		done = step(leg, purse, now_us);
		if (done == STEP_POOR)
			return; /* and it is the first next time */
		stuck = done == STEP_DONE ? 0 : stuck + 1;
		if (legs > 1 && !(done == STEP_DONE && leg->current))
			l->turn = (l->turn + 1) % LINK_LEGS;
	}
}

/* When to send again, as far as that is known before an answer comes. */
static uint64_t next_send(struct link_smpp *l, uint64_t now_us)
{
	uint64_t next = NEVER;

	for (unsigned int i = 0; i < LINK_LEGS; i++) {
		struct leg *leg = &l->leg[i];

		if (leg->serving && smpp_session_room(leg->session) > 0)
			next = sooner(next, leg->output_full ? now_us + FULL_US : next_credit(leg, now_us));
	}
	return next;
}

uint64_t smpp_send(struct link_smpp *l, uint64_t now_us)
{
	struct purse purse = {0};

	if (!may_send(l))
		return NEVER;
	if (now_us < l->hold_until_us)
		return l->hold_until_us;
	/* More than the window cannot leave; a PDU counts up to group x its parts. */
	purse.credit = both_allow(l, l->slots * l->group * SMPP_TEXT_MAX_PARTS, now_us);
	for (unsigned int i = 0; i < LINK_LEGS; i++)
		l->leg[i].output_full = false;
	send_all(l, &purse, now_us);
	if (purse.spent > 0) {
		throttle_take(&l->link.throttle, purse.spent, now_us);
		if (l->link.carrier_throttle)
			throttle_take(l->link.carrier_throttle, purse.spent, now_us);
	}
	return next_send(l, now_us);
}

/* Answers of the peer, and their absence, as outcomes of units. */
#include "gateway/link_smpp_int.h"
#include <string.h>
#include <osmocom/core/utils.h>
#include "gateway/receipts.h"
#include "smpp/status.h"

#define HOLD_US     100000ull /* first pause after a throttle answer; doubles while nothing is accepted */
#define HOLD_MAX_US (5 * SECOND)
#define CONGESTED   90

char smpp_class(const struct link_smpp *l, uint32_t status)
{
	const struct conf_link *cfg = l->link.cfg;

	for (size_t i = 0; i < cfg->n_classes; i++)
		if (cfg->classes[i].status == status)
			return cfg->classes[i].class;
	return status == 0 ? '-' : smpp_status_class(status); /* by far the most frequent */
}

void smpp_reason(struct link_smpp *l, const char *name, uint32_t status, char class)
{
	struct link_reason *r = l->link.reasons;

	for (; r < &l->link.reasons[LINK_REASONS - 1] && r->n > 0; r++)
		if (r->status == status && r->class == class && !strcmp(r->name, name))
			break;
	if (r == &l->link.reasons[LINK_REASONS - 1])
		*r = (struct link_reason){"others", 0, class, r->n};
	else
		*r = (struct link_reason){name, status, class, r->n};
	r->n++;
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
	struct leg *leg = f->leg;
	uint32_t i = leg->n_again++;

	for (; i > 0; i--) {
		uint64_t before = leg->again[i - 1];
		const struct flight *g = &l->flights[TAG_FLIGHT(before)];

		if (g->order < f->order || (g == f && TAG_DRAFT(before) < TAG_DRAFT(tag)))
			break;
		leg->again[i] = before;
	}
	leg->again[i] = tag;
	f->queued++;
}

/* The carrier turns away all that we send: alarm, stop, come back later. Nobody's message is at fault. */
void smpp_fault(struct link_smpp *l, uint32_t status, uint64_t now_us)
{
	if (l->faulted)
		return;
	l->faulted = true;
	l->fault_status = status;
	smpp_link_up(l, false, now_us);
	smpp_link_state(l, LINK_UNBINDING, now_us);
	for (unsigned int i = 0; i < LINK_LEGS; i++)
		if (l->leg[i].serving)
			smpp_session_unbind(l->leg[i].session, now_us);
}

/* A cell that the peer could not serve. Names we did not send are members of a list: not ours to judge. */
static uint32_t fail_cell(struct link_smpp *l, struct flight *f, const char *failed, uint32_t status)
{
	char class = smpp_class(l, status);
	bool refused = class == 'P' || class == 'R';
	uint32_t n = 0;

	for (uint32_t i = 0; status != 0 && i < f->n; i++) {
		char name[SMPP_CELL_NAME];
		struct cell_id id;
		uint8_t digits;

		if (l->link.payload->cell(l->link.payload->arg, f->job, l->units[f->first + i], &id,
					  &digits) < 0 ||
		    link_smpp_cell_name(&id, digits, name) < 0 || strcmp(name, failed) != 0)
			continue;
		smpp_flight_mark(l, f, i, refused ? FATE_REFUSED : FATE_TRANSIENT,
				 OSMO_MIN(status, WHY_TEXTLESS - 1));
		*(refused ? &l->link.count.refused : &l->link.count.transient) += 1;
		n++;
	}
	return n;
}

/* broadcast_sm_resp: pairs of a status and the area it is about, in order. */
static uint32_t failed_areas(struct link_smpp *l, struct flight *f, const struct smpp_pdu *pdu)
{
	uint32_t status = SMPP_RSYSERR, failed = 0;
	struct smpp_tlv tlv;
	size_t at = 0;

	while (smpp_tlv_next(pdu, &at, &tlv)) {
		char name[SMPP_CELL_NAME];

		if (tlv.tag == SMPP_TLV_BC_ERROR && tlv.len == 4)
			status = (uint32_t)tlv.value[0] << 24 | tlv.value[1] << 16 | tlv.value[2] << 8 |
				 tlv.value[3];
		if (tlv.tag != SMPP_TLV_BC_AREA || tlv.len < 2 || tlv.len > sizeof(name) || tlv.value[0] != 0)
			continue;
		memcpy(name, tlv.value + 1, tlv.len - 1);
		name[tlv.len - 1] = '\0';
		failed += fail_cell(l, f, name, status);
	}
	return failed;
}

static uint32_t failed_cells(struct link_smpp *l, struct flight *f, const struct smpp_pdu *pdu)
{
	struct smpp_dest dest;
	uint32_t failed = 0;
	size_t at = 0;

	if (pdu->id == (SMPP_BROADCAST_SM | SMPP_RESP))
		return failed_areas(l, f, pdu);
	while (smpp_failed_next(pdu, &at, &dest))
		failed += fail_cell(l, f, dest.address.digits, dest.status);
	return failed;
}

/* What the peer calls the message matters when it is to be spoken of again. */
static void keep_id(struct link_smpp *l, const struct flight *f, const char *id, uint64_t now_us)
{
	const struct conf_link *cfg = l->link.cfg;

	if (smpp_flight_registered(l, f))
		receipts_asked(l->link.receipts, l->link.index, f->job->spec.id, l->units[f->first], id, now_us);
	if (cfg->cancel_sm && !smpp_by_cells(l) && !smpp_session_centre(f->leg->session))
		smpp_held_add(l, f->job, id, now_us);
	if (cfg->addressing == ADDR_BROADCAST)
		smpp_aired_add(l, f->job, id);
}

static void accepted(struct link_smpp *l, struct flight *f, uint32_t parts, const struct smpp_answer *answer,
		     uint64_t now_us)
{
	uint32_t failed = answer->pdu && smpp_by_cells(l) ? failed_cells(l, f, answer->pdu) : 0;

	l->hold_us = 0;
	f->leg->failures = 0;
	smpp_proven(l, now_us);
	for (uint32_t i = 0; i < f->n; i++)
		/* Also of a flight that was called off since: the peer has this part. */
		if (failed == 0 || smpp_flight_fate(l, f, i) == FATE_OK)
			l->fates[f->first + i] |= FATE_TOUCHED;
	l->link.count.accepted += parts - OSMO_MIN(parts, failed);
	keep_id(l, f, answer->message_id, now_us);
	if (failed && smpp_flight_alive(l, f) == 0)
		f->stopped = true;
}

void smpp_send_answer(struct leg *leg, const struct smpp_answer *answer, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	char class = smpp_class(l, answer->status);
	uint32_t parts, why = OSMO_MIN(answer->status, WHY_TEXTLESS - 1);
	struct flight *f;

	if (TAG_FLIGHT(answer->tag) >= TAG_HELD) {
		if (class == 'X')
			slow_down(l, now_us);
		if (TAG_FLIGHT(answer->tag) == TAG_AIRED)
			smpp_aired_answer(l, TAG_DRAFT(answer->tag), answer->status, class, now_us);
		else
			smpp_held_answer(l, TAG_DRAFT(answer->tag), class);
		return;
	}
	f = &l->flights[TAG_FLIGHT(answer->tag)];
	parts = smpp_flight_parts(l, f, TAG_DRAFT(answer->tag));
	f->pending--;
	rtt_add(&l->link.rtt, answer->rtt_us, now_us);
	if (class != '-')
		smpp_reason(l, smpp_status_name(answer->status), answer->status, class);
	if (answer->congestion >= CONGESTED)
		slow_down(l, now_us);
	switch (class) {
	case '-':
		accepted(l, f, parts, answer, now_us);
		break;
	case 'X':
		slow_down(l, now_us);
		queue_again(l, f, answer->tag);
		break;
	case 'P':
	case 'R':
		l->link.count.refused_ours += class == 'R' ? parts : 0;
		l->link.count.refused += parts;
		smpp_flight_mark_all(l, f, FATE_REFUSED, why);
		break;
	case 'S':
		l->link.count.turned_away++;
		smpp_fault(l, answer->status, now_us);
		smpp_flight_mark_all(l, f, FATE_UNSENT, why);
		break;
	default:
		l->link.count.transient += parts;
		smpp_flight_mark_all(l, f, FATE_TRANSIENT, why);
	}
	smpp_flight_finish_if_done(l, f, now_us);
}

static void lost_cancel(struct link_smpp *l, uint64_t tag)
{
	if (TAG_FLIGHT(tag) == TAG_AIRED)
		smpp_aired_lost(l, TAG_DRAFT(tag));
	else
		smpp_held_answer(l, TAG_DRAFT(tag), '?');
}

void smpp_send_timeout(struct leg *leg, uint64_t tag, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	struct flight *f;

	l->link.count.lost++;
	if (TAG_FLIGHT(tag) >= TAG_HELD) {
		lost_cancel(l, tag);
		return;
	}
	f = &l->flights[TAG_FLIGHT(tag)];
	f->pending--;
	smpp_flight_mark_all(l, f, FATE_LOST, WHY_SILENT);
	smpp_flight_finish_if_done(l, f, now_us);
}

static void left_unanswered(void *arg, uint64_t tag, bool left)
{
	struct link_smpp *l = arg;
	struct flight *f;

	if (tag == SMPP_REHEARSAL) {
		smpp_rehearse_lost(l);
		return;
	}
	if (left)
		l->link.count.lost++;
	if (TAG_FLIGHT(tag) >= TAG_HELD) {
		lost_cancel(l, tag);
		return;
	}
	f = &l->flights[TAG_FLIGHT(tag)];
	f->pending--;
	smpp_flight_mark_all(l, f, left ? FATE_LOST : FATE_UNSENT, WHY_SILENT);
}

void smpp_send_down(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	smpp_session_drain(leg->session, left_unanswered, l);
	leg->n_again = 0;
	if (l->link.serving == 0)
		l->hold_until_us = l->hold_us = 0;
	for (uint32_t i = 0; l->n_flights > 0 && i <= l->slots; i++) {
		struct flight *f = &l->flights[i];

		if (!f->job || f->leg != leg)
			continue;
		f->queued = 0;
		f->stopped = true;
		smpp_flight_finish(l, f, now_us);
	}
}

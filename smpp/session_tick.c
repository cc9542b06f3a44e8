/* What time does to a session: signs of life, answers that are missing, output that stands still, the way out. */
#include "smpp/session_int.h"
#include <osmocom/core/utils.h>

#define DRAIN_US (10 * SECOND) /* for answers, before we unbind */

static void enquire(struct smpp_session *s, uint64_t now_us)
{
	struct smpp_pdu pdu = {.id = SMPP_ENQUIRE_LINK};

	pdu.sequence = s->own_sequence = smpp_window_sequence(&s->window);
	s->enquired_us = now_us;
	s->enquiries++;
	session_send(s, &pdu);
}

/* Any octet is a sign of life: an answer that comes late does not end a session that is otherwise busy. */
static uint64_t check_alive(struct smpp_session *s, uint64_t now_us)
{
	if (s->enquired_us != NEVER && s->heard_us > s->enquired_us)
		s->enquired_us = NEVER;
	if (s->enquired_us != NEVER) {
		if (now_us >= s->enquired_us + s->conf.response_us)
			session_finish(s, SMPP_END_SILENT);
		return s->enquired_us + s->conf.response_us;
	}
	if (s->state != SMPP_BOUND || s->conf.enquire_us == 0)
		return NEVER;
	if (now_us >= s->heard_us + s->conf.enquire_us) {
		enquire(s, now_us);
		return now_us + s->conf.response_us;
	}
	return s->heard_us + s->conf.enquire_us;
}

static uint64_t check_answers(struct smpp_session *s, uint64_t now_us)
{
	struct smpp_slot *slot;

	while ((slot = smpp_window_oldest(&s->window)) && now_us >= slot->sent_us + s->conf.response_us) {
		uint64_t tag = slot->tag;

		if (slot->position >= outbuf_sent_position(&s->out)) {
			session_finish(s, SMPP_END_STALLED);
			return NEVER;
		}
		if (s->heard_us <= slot->sent_us) {
			session_finish(s, SMPP_END_SILENT);
			return NEVER;
		}
		if (slot->sent_us >= s->missed_us) {
			session_finish(s, SMPP_END_DUMB);
			return NEVER;
		}
		s->missed_us = OSMO_MIN(s->missed_us, now_us);
		smpp_window_free(&s->window, slot);
		s->ops->timeout(s->arg, tag, now_us);
	}
	return smpp_session_due_us(s);
}

static uint64_t check_output(struct smpp_session *s, uint64_t now_us)
{
	if (outbuf_pending(&s->out) == 0)
		return NEVER;
	if (s->stuck_us == NEVER)
		s->stuck_us = now_us;
	if (now_us >= s->stuck_us + s->conf.response_us)
		session_finish(s, SMPP_END_STALLED);
	return s->stuck_us + s->conf.response_us;
}

static uint64_t check_activity(struct smpp_session *s, uint64_t now_us)
{
	if (s->conf.inactivity_us == 0 || s->state != SMPP_BOUND || s->window.used > 0)
		return NEVER;
	if (now_us < s->traffic_us + s->conf.inactivity_us)
		return s->traffic_us + s->conf.inactivity_us;
	smpp_session_unbind(s, now_us);
	return s->deadline_us;
}

static void check_leaving(struct smpp_session *s, uint64_t now_us)
{
	struct smpp_pdu pdu = {.id = SMPP_UNBIND};

	if (s->leaving) {
		if (outbuf_pending(&s->out) == 0 || now_us >= s->deadline_us)
			session_finish(s, s->leave_as);
	} else if (!s->unbind_sent && (s->window.used == 0 || now_us >= s->deadline_us)) {
		pdu.sequence = s->own_sequence = smpp_window_sequence(&s->window);
		s->unbind_sent = true;
		s->deadline_us = now_us + s->conf.unbind_us;
		session_send(s, &pdu);
	} else if (s->unbind_sent && now_us >= s->deadline_us) {
		session_finish(s, SMPP_END_UNBOUND);
	}
}

uint64_t smpp_session_tick(struct smpp_session *s, uint64_t now_us)
{
	uint64_t next = NEVER, alive, answers, output, activity;

	if (s->state == SMPP_CLOSED || s->end != SMPP_ALIVE)
		return NEVER;
	if (s->state == SMPP_BINDING && now_us >= s->deadline_us)
		session_finish(s, SMPP_END_NO_BIND);
	if (s->state == SMPP_AWAITING && now_us >= s->deadline_us)
		session_finish(s, SMPP_END_NO_PEER);
	alive = check_alive(s, now_us);
	answers = check_answers(s, now_us);
	output = check_output(s, now_us);
	activity = check_activity(s, now_us);
	next = OSMO_MIN(next, alive);
	next = OSMO_MIN(next, answers);
	next = OSMO_MIN(next, output);
	next = OSMO_MIN(next, activity);
	if (s->state == SMPP_UNBINDING)
		check_leaving(s, now_us);
	if (s->state != SMPP_BOUND)
		next = OSMO_MIN(next, s->deadline_us);
	return next;
}

void smpp_session_unbind(struct smpp_session *s, uint64_t now_us)
{
	if (s->state != SMPP_BOUND) {
		session_finish(s, SMPP_END_UNBOUND);
		return;
	}
	s->state = SMPP_UNBINDING;
	s->deadline_us = now_us + DRAIN_US;
	check_leaving(s, now_us);
}

#include "smpp/session_int.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "smpp/cursor.h"
#include "smpp/pack34.h"
#include "smpp/status.h"

#define UNBIND_US (5 * SECOND)  /* for unbind_resp, if not told otherwise */
#define RESERVE   32768         /* octets kept for answers: 2 000 of them */

struct smpp_session *smpp_session_new(void *ctx, const struct smpp_session_conf *conf,
				      const struct smpp_session_ops *ops, void *arg)
{
	struct smpp_session *s = talloc_zero(ctx, struct smpp_session);

	OSMO_ASSERT(s);
	s->conf = *conf;
	s->conf.bind_us = conf->bind_us ? conf->bind_us : conf->response_us;
	s->conf.unbind_us = conf->unbind_us ? conf->unbind_us : UNBIND_US;
	s->ops = ops;
	s->arg = arg;
	smpp_window_init(&s->window, s, conf->window);
	outbuf_init(&s->out, s, OSMO_MIN(OSMO_MAX(conf->window * 400u, 65536u), 1u << 20), RESERVE);
	smpp_stream_init(&s->in, s);
	return s;
}

void session_finish(struct smpp_session *s, enum smpp_end why)
{
	if (s->end == SMPP_ALIVE)
		s->end = why;
}

/* A PDU of our own that takes no slot. */
void session_send(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	uint8_t *room = outbuf_room(&s->out, 256, true);
	int n = room ? smpp_pack(pdu, room, 256) : -ENOSPC;

	if (n < 0)
		session_finish(s, SMPP_END_STALLED);
	else
		outbuf_add(&s->out, n);
}

/* Answers are made by hand: they may come in floods. deliver_sm_resp and data_sm_resp carry an empty
 * message_id; what we take as message centre gets one of its own. */
void session_answer(struct smpp_session *s, uint32_t id, uint32_t sequence, uint32_t status)
{
	bool body = status == 0 && (id == SMPP_DELIVER_SM || id == SMPP_DATA_SM || id == SMPP_SUBMIT_SM);
	bool named = body && s->centre && id != SMPP_DELIVER_SM;
	char message_id[17] = "";
	size_t len = SMPP_HEADER + (body ? named ? sizeof(message_id) : 1 : 0);
	uint8_t *room = outbuf_room(&s->out, len, true);
	struct writer w = {.p = room, .end = room + len};

	if (!room) {
		session_finish(s, SMPP_END_STALLED);
		return;
	}
	if (named)
		snprintf(message_id, sizeof(message_id), "%016" PRIX64, ++s->last_id);
	writer_u32(&w, len);
	writer_u32(&w, id | SMPP_RESP);
	writer_u32(&w, status);
	writer_u32(&w, sequence);
	if (body)
		writer_put(&w, message_id, len - SMPP_HEADER);
	outbuf_add(&s->out, len);
}

void session_begin(struct smpp_session *s, uint8_t version, enum smpp_state state, uint64_t now_us)
{
	OSMO_ASSERT(s->window.used == 0);
	outbuf_reset(&s->out);
	smpp_stream_reset(&s->in);
	s->window.last = 0;
	s->version = version;
	s->peer_version = 0x33;
	s->bind = s->conf.bind;
	s->centre = false;
	s->state = state;
	s->end = SMPP_ALIVE;
	s->unbind_sent = s->leaving = false;
	s->enquired_us = NEVER;
	s->enquiries = 0;
	s->missed_us = NEVER;
	s->stuck_us = NEVER;
	s->heard_us = s->traffic_us = now_us;
}

void session_bind(struct smpp_session *s, uint64_t now_us)
{
	const struct smpp_pdu bind = {.id = s->bind,
				      .sequence = smpp_window_sequence(&s->window),
				      .system_id = s->conf.system_id,
				      .password = s->conf.password,
				      .system_type = s->conf.system_type,
				      .interface_version = s->version};

	s->state = SMPP_BINDING;
	s->own_sequence = bind.sequence;
	s->deadline_us = now_us + s->conf.bind_us;
	session_send(s, &bind);
}

void smpp_session_open(struct smpp_session *s, uint8_t version, uint64_t now_us)
{
	session_begin(s, version, SMPP_BINDING, now_us);
	session_bind(s, now_us);
}

/* An answer to another request than our bind binds nobody: it is left over from another connection, or made
 * up. A generic_nack may say 0, when the peer could not even read our header (SMPP 3.4 4.3.1). */
static bool answers_bind(const struct smpp_session *s, const struct smpp_pdu *pdu)
{
	return s->state == SMPP_BINDING &&
	       (pdu->sequence == s->own_sequence || (pdu->id == SMPP_GENERIC_NACK && pdu->sequence == 0));
}

static void bind_answered(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	struct smpp_tlv tlv;

	if (pdu->status != 0 || pdu->id == SMPP_GENERIC_NACK) {
		s->bind_status = pdu->status ? pdu->status : SMPP_RBINDFAIL;
		session_finish(s, SMPP_END_REFUSED);
		return;
	}
	if (smpp_tlv_find(pdu, SMPP_TLV_SC_INTERFACE_VERSION, &tlv) && tlv.len == 1)
		s->peer_version = tlv.value[0];
	s->state = SMPP_BOUND;
	s->deadline_us = NEVER;
	s->ops->bound(s->arg, s->now_us);
}

static int congestion_of(const struct smpp_pdu *pdu)
{
	struct smpp_tlv tlv;

	if (!pdu || !smpp_tlv_find(pdu, SMPP_TLV_CONGESTION, &tlv) || tlv.len != 1 || tlv.value[0] > 100)
		return -1;
	return tlv.value[0];
}

/* One message for some, be it by submit_sm, submit_multi or data_sm: some message centres answer one with the
 * response of another. */
static bool is_submit(uint32_t command)
{
	return command == SMPP_SUBMIT_SM || command == SMPP_SUBMIT_MULTI || command == SMPP_DATA_SM;
}

/* May the response command (generic_nack: 0) stand for the answer to this request? */
static bool fits(uint32_t request, uint32_t response)
{
	return request == response || response == 0 || (is_submit(request) && is_submit(response));
}

/* Gives the answer to whom it belongs; false for an orphan. command: the response's, without its top bit. */
static inline bool settle(struct smpp_session *s, uint32_t command, uint32_t sequence, uint32_t status, const char *id,
			  const struct smpp_pdu *pdu)
{
	struct smpp_slot *slot = smpp_window_find(&s->window, sequence);
	struct smpp_answer a = {.status = status, .message_id = id, .pdu = pdu};

	if (!slot || !fits(slot->command, command))
		return false;
	a.tag = slot->tag;
	a.rtt_us = s->now_us - slot->sent_us;
	a.congestion = congestion_of(pdu);
	s->traffic_us = s->now_us;
	s->missed_us = NEVER;
	smpp_window_free(&s->window, slot);
	s->ops->answer(s->arg, &a, s->now_us);
	return true;
}

static void nacked(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	if (answers_bind(s, pdu))
		bind_answered(s, pdu);
	else if (s->enquired_us != NEVER && pdu->sequence == s->own_sequence)
		s->enquired_us = NEVER; /* alive, if ill-bred */
	else if (s->unbind_sent && pdu->sequence == s->own_sequence)
		session_finish(s, SMPP_END_UNBOUND);
	else if (!settle(s, 0, pdu->sequence, pdu->status ? pdu->status : SMPP_RSYSERR, "", NULL))
		s->faults++;
}

static void responded(struct smpp_session *s, const struct smpp_pdu *pdu, bool readable)
{
	switch (pdu->id & ~SMPP_RESP) {
	case 0:
		nacked(s, pdu);
		return;
	case SMPP_BIND_RECEIVER:
	case SMPP_BIND_TRANSMITTER:
	case SMPP_BIND_TRANSCEIVER: /* some answer with another bind's id */
		if (answers_bind(s, pdu))
			bind_answered(s, pdu);
		else
			s->faults++;
		return;
	case SMPP_ENQUIRE_LINK: /* late ones come in bursts, and whoever answers is alive */
		s->enquired_us = NEVER;
		if (s->enquiries > 0)
			s->enquiries--;
		else
			s->faults++;
		return;
	case SMPP_UNBIND:
		s->faults += !s->unbind_sent || pdu->sequence != s->own_sequence;
		if (s->unbind_sent)
			session_finish(s, SMPP_END_UNBOUND);
		return;
	}
	if (!settle(s, pdu->id & ~SMPP_RESP, pdu->sequence, pdu->status, pdu->message_id, readable ? pdu : NULL))
		s->faults++;
}

static bool may_receive(const struct smpp_session *s)
{
	return (s->state == SMPP_BOUND || s->state == SMPP_UNBINDING) && !s->leaving &&
	       s->bind != (s->centre ? SMPP_BIND_RECEIVER : SMPP_BIND_TRANSMITTER);
}

void session_leave(struct smpp_session *s, enum smpp_end as)
{
	s->leaving = true;
	s->leave_as = as;
	s->state = SMPP_UNBINDING;
	s->deadline_us = s->now_us + SECOND;
}

/* A peer that is bound to us submits; one that we are bound to delivers. Some who bound deliver all the
 * same. */
static bool is_message(const struct smpp_session *s, uint32_t id)
{
	return id == SMPP_DELIVER_SM || id == SMPP_DATA_SM || (s->centre && id == SMPP_SUBMIT_SM);
}

static uint32_t taken(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	if (is_message(s, pdu->id) && may_receive(s)) {
		s->traffic_us = s->now_us;
		return s->ops->message(s->arg, pdu, s->now_us);
	}
	s->faults++;
	if (pdu->id == SMPP_BIND_RECEIVER || pdu->id == SMPP_BIND_TRANSMITTER ||
	    pdu->id == SMPP_BIND_TRANSCEIVER)
		return s->centre ? SMPP_RALYBND : SMPP_RINVBNDSTS;
	return s->centre && !is_message(s, pdu->id) ? SMPP_RINVCMDID : SMPP_RINVBNDSTS;
}

static void requested(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	uint32_t status;

	switch (pdu->id) {
	case SMPP_ENQUIRE_LINK:
		session_answer(s, pdu->id, pdu->sequence, 0);
		return;
	case SMPP_UNBIND:
		session_answer(s, pdu->id, pdu->sequence, 0);
		session_leave(s, SMPP_END_PEER);
		return;
	case SMPP_OUTBIND:
		if (s->state == SMPP_AWAITING)
			session_invited(s, pdu);
		return;
	case SMPP_ALERT_NOTIFICATION: /* neither has an answer */
		return;
	case SMPP_BIND_RECEIVER:
	case SMPP_BIND_TRANSMITTER:
	case SMPP_BIND_TRANSCEIVER:
		if (s->state != SMPP_AWAITING)
			break;
		session_bound_by(s, pdu);
		return;
	}
	status = taken(s, pdu);
	if (status != SMPP_LATER)
		session_answer(s, pdu->id, pdu->sequence, status);
}

static void unreadable(struct smpp_session *s, const struct smpp_pdu *pdu, int rc, uint32_t fault)
{
	s->faults++;
	if (pdu->id & SMPP_RESP) {
		if (rc == -EBADMSG)
			responded(s, pdu, false);
		return;
	}
	if (rc == -ENOSYS)
		session_answer(s, SMPP_GENERIC_NACK, pdu->sequence, fault);
	else if (pdu->id != SMPP_ALERT_NOTIFICATION && pdu->id != SMPP_OUTBIND)
		session_answer(s, pdu->id, pdu->sequence, fault);
}

/* The one PDU that comes by the million: a submit_sm_resp of message_id and nothing else. */
static bool plain_answer(struct smpp_session *s, const uint8_t *frame, size_t len)
{
	const uint8_t *id = frame + SMPP_HEADER;
	size_t n = len - SMPP_HEADER;

	if (cursor_be32(frame + 4) != (SMPP_SUBMIT_SM | SMPP_RESP) || n > 65 || (n > 0 && cursor_nul(id, n) != n - 1))
		return false;
	return settle(s, SMPP_SUBMIT_SM, cursor_be32(frame + 12), cursor_be32(frame + 8), n ? (const char *)id : "", NULL);
}

static bool received(void *arg, const uint8_t *frame, size_t len)
{
	struct smpp_session *s = arg;
	struct smpp_pdu pdu;
	uint32_t fault;
	int rc;

	if (plain_answer(s, frame, len))
		return s->end == SMPP_ALIVE;
	rc = smpp_decode(frame, len, &pdu, &fault);
	if (pdu.odd && rc == 0)
		s->faults++;
	if (rc < 0)
		unreadable(s, &pdu, rc, fault);
	else if (pdu.id & SMPP_RESP)
		responded(s, &pdu, true);
	else
		requested(s, &pdu);
	return s->end == SMPP_ALIVE;
}

void smpp_session_input(struct smpp_session *s, const uint8_t *octets, size_t len, uint64_t now_us)
{
	if (s->state == SMPP_CLOSED || s->end != SMPP_ALIVE)
		return;
	s->now_us = now_us;
	s->heard_us = now_us;
	if (smpp_stream_feed(&s->in, octets, len, received, s) == -EPROTO) {
		s->faults++;
		session_finish(s, SMPP_END_GARBAGE);
	}
}

const uint8_t *smpp_session_output(struct smpp_session *s, size_t *len)
{
	/* What has not left when the session ends stays here: it is then known to be unsent. */
	*len = s->state == SMPP_CLOSED || s->end != SMPP_ALIVE ? 0 : outbuf_pending(&s->out);
	return s->out.buf + s->out.head;
}

void smpp_session_written(struct smpp_session *s, size_t n, uint64_t now_us)
{
	outbuf_sent(&s->out, n);
	s->stuck_us = NEVER;
}

void smpp_session_close(struct smpp_session *s)
{
	session_finish(s, SMPP_END_CLOSED);
	s->state = SMPP_CLOSED;
	smpp_stream_reset(&s->in);
}

void smpp_session_drain(struct smpp_session *s, void (*cb)(void *arg, uint64_t tag, bool left), void *arg)
{
	uint64_t sent = outbuf_sent_position(&s->out);
	struct smpp_slot *slot;

	while ((slot = smpp_window_oldest(&s->window))) {
		uint64_t tag = slot->tag;
		bool left = slot->position < sent;

		smpp_window_free(&s->window, slot);
		cb(arg, tag, left);
	}
}

bool smpp_session_sends(const struct smpp_session *s)
{
	return s->state == SMPP_BOUND && s->end == SMPP_ALIVE &&
	       s->bind != (s->centre ? SMPP_BIND_TRANSMITTER : SMPP_BIND_RECEIVER);
}

uint32_t smpp_session_room(const struct smpp_session *s)
{
	return smpp_session_sends(s) ? s->window.limit - s->window.used : 0;
}

uint32_t smpp_session_fits(const struct smpp_session *s, size_t len)
{
	size_t n = outbuf_left(&s->out) / len;

	uint32_t room = smpp_session_room(s);

	return OSMO_MIN(n, room);
}

uint8_t *smpp_session_begin(struct smpp_session *s, size_t len, uint32_t *sequence)
{
	uint8_t *room = smpp_session_room(s) > 0 ? outbuf_room(&s->out, len, false) : NULL;

	if (room)
		*sequence = smpp_window_sequence(&s->window);
	return room;
}

void smpp_session_commit(struct smpp_session *s, size_t len, uint32_t sequence, uint64_t tag, uint64_t now_us)
{
	uint32_t command = cursor_be32(s->out.buf + s->out.tail + 4);

	smpp_window_put(&s->window, sequence, tag, s->out.position, now_us)->command = command;
	outbuf_add(&s->out, len);
}

void smpp_session_respond(struct smpp_session *s, uint32_t id, uint32_t sequence, uint32_t status)
{
	if (s->state != SMPP_CLOSED)
		session_answer(s, id, sequence, status);
}

enum smpp_state smpp_session_state(const struct smpp_session *s)
{
	return s->state;
}

enum smpp_end smpp_session_end(const struct smpp_session *s)
{
	return s->end;
}

const char *smpp_end_name(enum smpp_end end)
{
	static const char *const names[] = {
		[SMPP_ALIVE] = "alive",
		[SMPP_END_REFUSED] = "bind refused",
		[SMPP_END_NO_BIND] = "bind not answered",
		[SMPP_END_SILENT] = "peer is silent",
		[SMPP_END_DUMB] = "peer answers no message",
		[SMPP_END_STALLED] = "peer does not read",
		[SMPP_END_GARBAGE] = "peer does not speak SMPP",
		[SMPP_END_PEER] = "peer unbound",
		[SMPP_END_UNBOUND] = "unbound",
		[SMPP_END_CLOSED] = "connection closed",
		[SMPP_END_NO_PEER] = "nobody bound in time",
		[SMPP_END_UNTRUSTED] = "wrong system_id or password",
		[SMPP_END_TURNED_AWAY] = "bind turned away",
	};

	return names[end];
}

uint32_t smpp_session_bind_status(const struct smpp_session *s)
{
	return s->bind_status;
}

uint8_t smpp_session_version(const struct smpp_session *s)
{
	return OSMO_MIN(s->version, s->peer_version);
}

uint64_t smpp_session_faults(const struct smpp_session *s)
{
	return s->faults;
}

bool smpp_session_centre(const struct smpp_session *s)
{
	return s->centre;
}

uint32_t smpp_session_bind(const struct smpp_session *s)
{
	return s->bind;
}

uint64_t smpp_session_heard_us(const struct smpp_session *s)
{
	return s->heard_us;
}

uint32_t smpp_session_unanswered(const struct smpp_session *s)
{
	return s->window.used;
}

uint64_t smpp_session_due_us(const struct smpp_session *s)
{
	const struct smpp_slot *slot = smpp_window_oldest(&s->window);

	return slot ? slot->sent_us + s->conf.response_us : NEVER;
}

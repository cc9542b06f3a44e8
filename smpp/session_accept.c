/* The beginning of a session that the peer has dialled. SMPP 3.4 2.2, 4.1.7. */
#include "smpp/session_int.h"
#include <string.h>
#include "smpp/status.h"

void smpp_session_await(struct smpp_session *s, uint8_t version, uint64_t now_us)
{
	session_begin(s, version, SMPP_AWAITING, now_us);
	s->deadline_us = now_us + s->conf.init_us;
	s->last_id = now_us << 16; /* ids differ from those of earlier connections */
}

/* Takes the same time wherever the two differ. */
static bool same(const char *given, const char *ours)
{
	size_t n = strlen(given), want = strlen(ours);
	unsigned int differ = n != want;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)given[i] ^ (unsigned char)(i < want ? ours[i] : 0);
	return !differ;
}

/* 0, or the command_status that says what is wrong. */
static uint32_t credentials(const struct smpp_session *s, const struct smpp_pdu *pdu)
{
	bool name = same(pdu->system_id, s->conf.system_id);
	bool password = same(pdu->password, s->conf.password);

	if (!name)
		return SMPP_RINVSYSID;
	return password ? 0 : SMPP_RINVPASWD;
}

/* No answer is defined for outbind: the wrong one is shown the door. */
void session_invited(struct smpp_session *s, const struct smpp_pdu *outbind)
{
	if (credentials(s, outbind)) {
		session_finish(s, SMPP_END_UNTRUSTED);
	} else if (s->ops->admit(s->arg, s->conf.bind, false, s->now_us)) {
		session_finish(s, SMPP_END_TURNED_AWAY);
	} else {
		session_bind(s, s->now_us);
	}
}

static void accept_bind(struct smpp_session *s, const struct smpp_pdu *bind)
{
	struct smpp_pdu resp = {
		.id = bind->id | SMPP_RESP, .sequence = bind->sequence, .system_id = s->conf.system_id};
	uint8_t tlv[8];

	s->peer_version = bind->interface_version;
	/* Who speaks 3.3 or less knows no TLVs. */
	if (s->peer_version >= 0x34)
		smpp_tlv_put(tlv, sizeof(tlv), &resp.tlvs_len, SMPP_TLV_SC_INTERFACE_VERSION, &s->version, 1);
	resp.tlvs = tlv;
	s->bind = bind->id;
	s->centre = true;
	s->state = SMPP_BOUND;
	s->deadline_us = NEVER;
	session_send(s, &resp);
	s->ops->bound(s->arg, s->now_us);
}

void session_bound_by(struct smpp_session *s, const struct smpp_pdu *bind)
{
	uint32_t status = credentials(s, bind);
	enum smpp_end end = status ? SMPP_END_UNTRUSTED : SMPP_END_TURNED_AWAY;

	if (status == 0)
		status = s->ops->admit(s->arg, bind->id, true, s->now_us);
	if (status == 0) {
		accept_bind(s, bind);
		return;
	}
	s->bind_status = status;
	session_answer(s, bind->id, bind->sequence, status);
	session_leave(s, end);
}

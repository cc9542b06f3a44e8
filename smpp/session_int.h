/* session_int: what the session's files share. session.c is the life of a session, session_tick.c what time does
 * to it, session_accept.c how one begins that the peer has dialled. */
#pragma once
#include "smpp/outbuf.h"
#include "smpp/session.h"
#include "smpp/stream.h"
#include "smpp/window.h"

#define SECOND 1000000ull
#define NEVER  UINT64_MAX

struct smpp_session {
	struct smpp_session_conf conf;
	const struct smpp_session_ops *ops;
	void *arg;
	enum smpp_state state;
	enum smpp_end end;
	struct smpp_window window;
	struct outbuf out;
	struct smpp_stream in;
	uint64_t now_us; /* of the input under way */
	uint64_t heard_us, traffic_us; /* any octet; a message or an answer to one */
	uint64_t stuck_us;    /* output waits since then, seen by a tick; NEVER: it moves */
	uint64_t deadline_us; /* of the state */
	uint64_t missed_us;   /* an answer was missed then, and none has come since; NEVER: none was */
	uint64_t enquired_us; /* NEVER: no enquire_link under way */
	uint32_t enquiries;   /* without an answer of their own, since the connection stands */
	uint32_t bind_status, own_sequence;
	uint8_t version, peer_version;
	uint32_t bind;       /* SMPP_BIND_*: ours, or the peer's when we are the message centre */
	bool centre;
	bool unbind_sent, leaving; /* leaving: what is said is to be flushed, then it ends as leave_as */
	enum smpp_end leave_as;
	uint64_t faults;
	uint64_t last_id; /* of messages we took as message centre */
};

/* session.c */
void session_finish(struct smpp_session *s, enum smpp_end why);
void session_send(struct smpp_session *s, const struct smpp_pdu *pdu); /* takes no slot */
void session_answer(struct smpp_session *s, uint32_t id, uint32_t sequence, uint32_t status);
void session_begin(struct smpp_session *s, uint8_t version, enum smpp_state state, uint64_t now_us);
void session_bind(struct smpp_session *s, uint64_t now_us);
void session_leave(struct smpp_session *s, enum smpp_end as); /* once all is flushed */
/* session_accept.c: outbind or bind_* from the peer, in SMPP_AWAITING. */
void session_invited(struct smpp_session *s, const struct smpp_pdu *outbind);
void session_bound_by(struct smpp_session *s, const struct smpp_pdu *bind);

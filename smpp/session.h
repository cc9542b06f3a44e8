/* session: one bind over one connection: ours, or that of a peer that dialled in. Pure: octets and time in, octets and callbacks out; the owner
 * dials, writes and closes. When smpp_session_end() is not SMPP_ALIVE the connection must be closed, then
 * smpp_session_drain() tells what was left unanswered. Times are monotonic microseconds. SMPP 3.4 clause
 * 2, 5.0 clause 2. */
#pragma once
#include "smpp/pdu.h"

#define SMPP_LATER UINT32_MAX /* message(): smpp_session_respond() follows */

enum smpp_state { SMPP_CLOSED, SMPP_AWAITING, SMPP_BINDING, SMPP_BOUND, SMPP_UNBINDING };
enum smpp_end {
	SMPP_ALIVE,
	SMPP_END_REFUSED, /* bind refused: smpp_session_bind_status() */
	SMPP_END_NO_BIND, /* bind not answered in time */
	SMPP_END_SILENT,  /* nothing heard for the response time */
	SMPP_END_DUMB,    /* heard, but two requests in a row without an answer */
	SMPP_END_STALLED, /* the peer does not read */
	SMPP_END_GARBAGE, /* framing lost */
	SMPP_END_PEER,    /* the peer unbound */
	SMPP_END_UNBOUND, /* we did */
	SMPP_END_CLOSED,  /* the connection went */
	/* of connections that the peer dialled: */
	SMPP_END_NO_PEER,     /* neither outbind nor bind in time */
	SMPP_END_UNTRUSTED,   /* its credentials are wrong */
	SMPP_END_TURNED_AWAY, /* admit() said no */
};

struct smpp_session_conf {
	uint32_t bind; /* SMPP_BIND_* */
	uint32_t window;
	const char *system_id, *password, *system_type; /* borrowed */
	uint64_t enquire_us, response_us;
	uint64_t bind_us;       /* for the answer to our bind; 0 = response_us */
	uint64_t unbind_us;     /* for unbind_resp; 0 = 5 s */
	uint64_t init_us;       /* for the peer's outbind or bind */
	uint64_t inactivity_us; /* without a message or answer: we unbind; 0 = never */
};

struct smpp_answer {
	uint64_t tag, rtt_us;
	uint32_t status;
	const char *message_id;     /* "" when absent */
	int congestion;             /* 0..100, -1 absent */
	const struct smpp_pdu *pdu; /* NULL when the body could not be read, or says nothing more */
};

struct smpp_session_ops {
	void (*bound)(void *arg, uint64_t now_us);
	void (*answer)(void *arg, const struct smpp_answer *answer, uint64_t now_us);
	/* No answer in time; a later one will be an orphan. */
	void (*timeout)(void *arg, uint64_t tag, uint64_t now_us);
	/* deliver_sm or data_sm, submit_sm when the peer is bound to us: command_status of the answer, or SMPP_LATER. */
	uint32_t (*message)(void *arg, const struct smpp_pdu *pdu, uint64_t now_us);
	/* The peer showed the right credentials: it binds to us (theirs), or asked us to bind. 0, or the
	 * command_status of the refusal. */
	uint32_t (*admit)(void *arg, uint32_t bind, bool theirs, uint64_t now_us); /* only after smpp_session_await() */
};

struct smpp_session;
struct smpp_session *smpp_session_new(void *ctx, const struct smpp_session_conf *conf,
				      const struct smpp_session_ops *ops, void *arg);
/* The connection stands: binds with that interface_version. */
void smpp_session_open(struct smpp_session *s, uint8_t version, uint64_t now_us);
/* The peer has dialled: its outbind makes us bind, or its bind makes us the message centre. */
void smpp_session_await(struct smpp_session *s, uint8_t version, uint64_t now_us);
void smpp_session_input(struct smpp_session *s, const uint8_t *data, size_t len, uint64_t now_us);
const uint8_t *smpp_session_output(struct smpp_session *s, size_t *len);
void smpp_session_written(struct smpp_session *s, size_t n, uint64_t now_us);
uint64_t smpp_session_tick(struct smpp_session *s, uint64_t now_us); /* when to call again */
void smpp_session_unbind(struct smpp_session *s, uint64_t now_us);   /* drains the window first */
/* The connection is gone. Unanswered requests stay until drained. */
void smpp_session_close(struct smpp_session *s);
/* Each unanswered request, oldest first: left = false when not one octet of it left us. */
void smpp_session_drain(struct smpp_session *s, void (*cb)(void *arg, uint64_t tag, bool left), void *arg);

bool smpp_session_sends(const struct smpp_session *s);  /* bound, so that requests of ours may go */
bool smpp_session_centre(const struct smpp_session *s); /* the peer is bound to us */
uint32_t smpp_session_bind(const struct smpp_session *s); /* SMPP_BIND_*, of whoever bound */
uint64_t smpp_session_heard_us(const struct smpp_session *s);
/* Sending. Requests that the window admits now. */
uint32_t smpp_session_room(const struct smpp_session *s);
/* And of those, of len octets each, how many there is place for. */
uint32_t smpp_session_fits(const struct smpp_session *s, size_t len);
/* Place for one request of at most len octets, or NULL when the output is full; *sequence is what it must
 * carry. */
uint8_t *smpp_session_begin(struct smpp_session *s, size_t len, uint32_t *sequence);
void smpp_session_commit(struct smpp_session *s, size_t len, uint32_t sequence, uint64_t tag,
			 uint64_t now_us);
void smpp_session_respond(struct smpp_session *s, uint32_t id, uint32_t sequence, uint32_t status);

enum smpp_state smpp_session_state(const struct smpp_session *s);
enum smpp_end smpp_session_end(const struct smpp_session *s);
const char *smpp_end_name(enum smpp_end end);
uint32_t smpp_session_bind_status(const struct smpp_session *s);
uint8_t
smpp_session_version(const struct smpp_session *s); /* min(ours, theirs); 0x33 when theirs is not told */
uint64_t
smpp_session_faults(const struct smpp_session *s); /* PDUs unreadable, unknown or out of place, ever */
uint32_t smpp_session_unanswered(const struct smpp_session *s);
uint64_t
smpp_session_due_us(const struct smpp_session *s); /* when the oldest request times out; UINT64_MAX = none */

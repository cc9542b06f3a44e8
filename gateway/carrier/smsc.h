/* smsc: the message centre: sessions of SMPP clients and what they all together sent. */
#pragma once
#include "gateway/carrier/carrier.h"
#include "gateway/carrier/faults.h"
#include "gateway/carrier/names.h"
#include "gateway/carrier/parts.h"
#include "gateway/carrier/pdu.h"
#include "gateway/carrier/ratewin.h"
#include "gateway/carrier/texts.h"

#define SMSC_STATUSES 64
#define SMSC_NEVER    UINT32_MAX

struct inbox;
struct delivers;
struct bcasts;

struct smsc_counts {
	uint64_t pdus, submits, parts, accepted, throttled, dropped, lost, refused, messages, connections,
		disconnects, binds, bind_failures, unbinds, enquires, nacks, queries, cancels, receipts,
		receipts_answered, receipts_resent, clues, clues_answered, clues_resent, broadcasts,
		repeated_parts, garbage;
};

struct smsc {
	struct carrier *c;
	struct tally *tally;
	struct texts *texts;
	struct parts *parts;
	struct names *names;               /* senders, system ids */
	struct ratewin *arrived, *granted; /* all parts; those not throttled: when they came in */
	struct ratewin *taken;             /* all parts, when they were read */
	uint64_t read_late_us;             /* the longest that something lay unread */
	struct faults faults;
	struct smsc_counts n;
	struct {
		uint32_t status;
		uint64_t n;
	} statuses[SMSC_STATUSES]; /* of answers to submits */
	uint64_t last_id, receipt_states[10];
	uint32_t max_outstanding;
	struct inbox *inboxes; /* what waits for delivery, by system_id */
	struct delivers *delivers;
	struct bcasts *bcasts;
	uint64_t last_answer_us;
};

/* One connection. */
struct esme {
	struct smsc *smsc;
	struct conn *conn;
	bool tx, rx, asked_to_bind, outbound; /* outbound: we are the ESME here */
	uint8_t version;
	uint32_t system, last_seq, counter, submits;
	uint32_t batch, delayed; /* requests unanswered: of this read, and those whose answer is delayed */
	uint32_t enquire_seq;
	struct inbox *inbox;
	uint64_t window; /* bit per slot of out */
	struct {
		uint32_t seq, item;
	} out[64];
};

extern const struct conn_ops smsc_ops;
/* NULL with a message on stderr: no memory for what is expected. */
struct smsc *smsc_new(struct carrier *c);
/* Answers seq: at once or with the latency set; body may be NULL. */
void smsc_answer(struct esme *e, uint32_t id, uint32_t status, uint32_t seq, const uint8_t *body, size_t len);
void smsc_count_status(struct smsc *s, uint32_t status);
uint32_t smsc_next_seq(struct esme *e, unsigned int slot);
void smsc_disconnect_all(struct smsc *s);
void smsc_stall(struct smsc *s, bool stall);
void smsc_garbage(struct esme *e, uint32_t seq); /* something no SMSC may send */
void smsc_garbage_all(struct smsc *s);
/* message_id as text; returns its length (without NUL). */
size_t smsc_id_text(uint64_t id, bool decimal, char out[24]);

/* link: one path to a carrier. The protocol driver (SMPP, CBSP) is pure: octets and time in, octets and outcomes out.
 * linksock.c owns the descriptor and drives it in the daemon; sim_driver.c does the same in the simulation. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/conf.h"
#include "gateway/counters.h"
#include "gateway/deadletter.h"
#include "gateway/dispatch.h"
#include "gateway/throttle.h"
#include "gateway/payload.h"
#include "gateway/rtt.h"

enum link_state { LINK_DOWN = 1, LINK_CONNECTING, LINK_BINDING, LINK_UP, LINK_UNBINDING, LINK_BLOCKED }; /* MIB values */

struct link;

/* Why messages or binds were refused, in the order in which it was first seen. Names are static. */
#define LINK_REASONS 12
struct link_reason {
	const char *name;
	uint32_t status; /* 0: not a command_status */
	char class;	 /* as smpp_status_class(); 'b': of a bind */
	uint64_t n;
};

/* What the edge offers to a driver. A "leg" is one TCP connection: 0, or 1 for the receiver of a bind pair; when the peer
 * dials, any that is free. */
#define LINK_LEGS 8
struct link_env {
	void (*connect)(struct link *link, unsigned int leg);
	void (*close)(struct link *link, unsigned int leg, const char *why);
	/* A clue (deliver_sm that is no receipt): must be made durable, then done() answers the peer. token identifies it. */
	void (*clue)(struct link *link, const struct link_clue *clue, uint64_t token);
	void (*event)(struct link *link, enum link_event ev, const char *text); /* up, down, bind failed: log, notify */
	void *arg;
	/* The peer has a broadcast_sm of a job on air under this id, or no longer: to be durable (may be NULL). */
	void (*aired)(struct link *link, uint64_t job, const char *message_id, bool on);
	/* Ids of messages of a job that a recall will ask back; ids NULL: no longer. To be durable (may be NULL). */
	void (*held)(struct link *link, uint64_t job, uint32_t seq, const void *ids, size_t len);
	/* A unit of a job ended refused or unknown, and why (may be NULL). */
	void (*dead)(struct link *link, uint64_t job, const struct dead_letter *letter);
};

struct link_ops {
	const char *name;
	unsigned int callers; /* connections that a listening link takes at one time; 0: one, the newest stays */
	/* Where callers can be several. Why nobody at this address is let in now (before TLS), NULL: let in. */
	const char *(*turn_away)(struct link *link, const char *address, uint64_t now_us);
	/* A caller that never got as far as connected(), for no good reason. */
	void (*failed)(struct link *link, const char *address, const char *why, uint64_t now_us);
	bool (*proven)(const struct link *link, unsigned int leg); /* the caller has shown who it is */
	struct link *(*create)(void *ctx, const struct conf_carrier *carrier, const struct conf_link *cfg, uint64_t now_us);
	void (*start)(struct link *link, uint64_t now_us);	/* begin connecting (or listening) */
	void (*connected)(struct link *link, unsigned int leg, uint64_t now_us);
	void (*closed)(struct link *link, unsigned int leg, const char *why, uint64_t now_us); /* also: connect failed */
	/* Octets from the peer. */
	void (*input)(struct link *link, unsigned int leg, const uint8_t *data, size_t len, uint64_t now_us);
	/* Octets to write; *len 0 = none. Valid until the next call on the link. */
	const uint8_t *(*output)(struct link *link, unsigned int leg, size_t *len);
	void (*written)(struct link *link, unsigned int leg, size_t n, uint64_t now_us);
	/* Time passed, or there may be new work: sends what dispatch, window and throttle allow. Returns when to call again. */
	uint64_t (*tick)(struct link *link, uint64_t now_us);
	void (*clue_done)(struct link *link, uint64_t token, bool stored, uint64_t now_us);
	void (*stop)(struct link *link, uint64_t now_us); /* orderly: no new work, drain, unbind */
	bool (*stopped)(const struct link *link);
};

/* Common to all drivers; a driver's own struct begins with it. */
struct link {
	const struct link_ops *ops;
	const struct conf_carrier *carrier;
	const struct conf_link *cfg;
	const struct link_env *env;
	struct dispatch *dispatch;
	uint16_t index; /* in dispatch */
	enum link_state state;
	uint64_t state_since_us;
	struct throttle throttle;
	struct throttle *carrier_throttle; /* shared by the carrier's SMPP links */
	struct receipts *receipts;	   /* likewise */
	struct link_counters count;
	struct link_reason reasons[LINK_REASONS]; /* n 0: free; the last one takes what is beyond */
	struct rtt rtt;
	uint64_t proven_us; /* last good answer to a message; 0 = never */
	unsigned int serving; /* binds that carry its messages now: each has a window of its own */
	bool blocked; /* by the operator */
	char caller[LINK_LEGS][48]; /* who dialled in on a leg: its address in digits, "" = not known */
	/* How a unit becomes octets: filled by the alert side, see payload.h */
	const struct payload_ops *payload;
	void *edge; /* the edge's own */
};

extern const struct link_ops link_smpp, link_cbsp;

/* link_smpp_int: what the SMPP driver's files share. link_smpp.c is the driver's face and what comes in,
 * link_smpp_leg.c connects, binds and backs off, link_smpp_listen.c takes carriers that dial in,
 * link_smpp_flight.c knows units under way, link_smpp_send.c
 * hands them over, link_smpp_answer.c settles their answers, link_smpp_rehearse.c tries idle links. */
#pragma once
#include <osmocom/core/linuxlist.h>
#include "gateway/link.h"
#include "gateway/link_smpp.h"
#include "smpp/session.h"

#define NEVER     UINT64_MAX
#define SECOND    1000000ull
#define CLUES_MAX 64 /* from the public, not yet durable; more are asked to come again */
#define BATCH     64 /* units that go through dispatch together */
#define CACHE_MAX 16 /* jobs whose PDUs are kept ready */

enum phase { LEG_DOWN, LEG_CONNECTING, LEG_OPEN };

struct leg {
	struct link_smpp *owner;
	unsigned int no;
	enum phase phase;
	struct smpp_session *session; /* NULL until the first connection */
	uint64_t retry_us;            /* LEG_DOWN: when to dial again */
	uint64_t bound_us;            /* 0 = not bound since it was dialled */
	unsigned int failures;        /* in a row */
	uint32_t generation;          /* counts connections: answers must not go to another one */
	uint64_t faults_seen;
	uint8_t version;
	char no_connection[128]; /* why, as told last */
	bool closing;		 /* env->close() is under way */
	/* While it serves: bound, and messages go out over it (of a receiver: would, if there were any) */
	bool serving;
	bool output_full;	/* of the last attempt to send */
	struct flight *current; /* has PDUs that were not sent yet */
	uint64_t *again;	/* tags of throttled PDUs in order; as many as its window */
	uint32_t n_again;
};

/* PDUs of a job for this link. */
struct draft_set {
	uint64_t job; /* 0 = free place */
	bool centre;  /* for a carrier that is bound to us */
	struct smpp_drafts *drafts;
	uint32_t flights; /* that use it */
	uint64_t used;    /* for replacing the one longest unused */
};

enum fate { FATE_OK, FATE_UNSENT, FATE_TRANSIENT, FATE_REFUSED, FATE_LOST }; /* later ones prevail */
#define WHY_SILENT   UINT32_MAX	/* no answer; of peers' statuses, those that equal one of these are taken for the one below */
#define WHY_NAMELESS (UINT32_MAX - 1)
#define WHY_TEXTLESS (UINT32_MAX - 2)
#define FATE_TOUCHED 0x80 /* with it: some PDU for the unit was accepted */

/* One unit, or the cells of one submit_multi, on their way through all PDUs of the job. */
struct flight {
	struct dispatch_job *job; /* NULL = free */
	struct leg *leg;	  /* all its PDUs leave there */
	struct draft_set *set;
	uint64_t order;
	uint32_t first; /* place of its units and fates in the slabs */
	uint32_t n;
	uint32_t next;    /* draft to send next */
	uint32_t pending; /* PDUs without an answer */
	uint32_t queued;  /* PDUs that were throttled and go again */
	bool stopped;     /* no further PDUs */
	uint32_t next_free;
};

struct pending_clue {
	uint64_t token; /* 0 = free */
	unsigned int leg;
	uint32_t generation, id, sequence;
};

#define KNOCKERS 16

/* An address whose binds failed lately. */
struct knocker {
	char address[48];
	uint64_t since_us; /* first of the failures counted; 0 = free place */
	unsigned int failures;
};

struct link_smpp {
	struct link link;
	struct leg leg[LINK_LEGS];
	struct leg *tx; /* one that serves, where any does: trials and cancels go out there */
	unsigned int turn; /* leg that sends next */
	uint64_t random;
	/* sending */
	uint32_t slots, group; /* flights at most; units in one at most */
	struct flight *flights;
	uint32_t free_flight, n_flights;
	uint32_t *units;        /* slab: group for each flight */
	uint8_t *fates;         /* likewise; enum fate, FATE_TOUCHED */
	uint32_t *whys;         /* likewise; of a fate that is not FATE_OK: command_status, or WHY_* */
	uint64_t order;
	/* Units of one job that were accepted, told to dispatch together when all is read that has come. */
	struct dispatch_job *accepted_job;
	uint32_t accepted[BATCH], n_accepted;
	struct draft_set cache[CACHE_MAX];
	uint64_t cache_used;
	uint64_t hold_until_us, hold_us;
	/* state */
	bool up, stopping, faulted;
	uint64_t stop_by_us;
	uint32_t fault_status;
	struct pending_clue clues[CLUES_MAX];
	uint64_t last_token;
	/* broadcasts */
	struct llist_head aired; /* struct aired */
	uint32_t aired_no;
	/* messages to be asked back at a recall */
	struct llist_head held; /* struct held_job */
	uint32_t held_no;
	/* mode = "listen" */
	struct knocker knockers[KNOCKERS];
	/* rehearsal */
	bool rehearsing;
	bool suspect;	       /* the last one failed, and no message was accepted since */
	uint64_t rehearsed_us; /* last trial began */
	uint64_t refuse_until_us; /* no bind is taken: the carrier turned our messages away */
};

static inline struct link_smpp *link_smpp_of(struct link *link)
{
	return (struct link_smpp *)link;
}

static inline uint32_t smpp_window(const struct link_smpp *l)
{
	return l->link.cfg->window ? l->link.cfg->window : 1;
}

static inline bool smpp_by_cells(const struct link_smpp *l)
{
	return l->link.cfg->addressing != ADDR_SUBSCRIBERS;
}

static inline bool smpp_listens(const struct link_smpp *l)
{
	return l->link.cfg->mode == MODE_LISTEN;
}

/* link_smpp_listen.c */
void smpp_listen_connected(struct leg *leg, const struct smpp_session_ops *ops, uint64_t now_us);
uint32_t smpp_listen_admit(void *arg, uint32_t bind, bool theirs, uint64_t now_us);
const char *smpp_listen_turn_away(struct link *link, const char *address, uint64_t now_us);
void smpp_listen_stranger(struct link *link, const char *address, const char *why, uint64_t now_us);
bool smpp_listen_proven(const struct link *link, unsigned int no);
void smpp_listen_bound(struct leg *leg, uint64_t now_us);
void smpp_listen_failed(struct leg *leg, enum smpp_end end, const char *why, uint64_t now_us);
/* link_smpp_leg.c */
unsigned int smpp_legs(const struct link_smpp *l);
void smpp_leg_dial(struct leg *leg, uint64_t now_us);
void smpp_leg_opened(struct leg *leg, const struct smpp_session_ops *ops, uint64_t now_us);
/* Settles what is open. gone: the edge has closed the connection already. Calling it again is harmless. */
void smpp_leg_down(struct leg *leg, const char *why, bool gone, uint64_t now_us);
void smpp_leg_session(struct leg *leg, const struct smpp_session_conf *conf,
		      const struct smpp_session_ops *ops); /* anew, for a connection that stands */
uint64_t smpp_leg_tick(struct leg *leg, uint64_t now_us);
void smpp_bind_reason(struct link_smpp *l, enum smpp_end end, uint32_t status); /* counts a failed bind */
void smpp_leg_bound(struct leg *leg, uint64_t now_us);
void smpp_leg_serve(struct leg *leg, uint64_t now_us); /* messages go out over it from now on */
void smpp_tell_up(struct link_smpp *l, const char *how); /* the link is up, or has a bind more */
void smpp_link_state(struct link_smpp *l, enum link_state state, uint64_t now_us);
void smpp_link_up(struct link_smpp *l, bool up, uint64_t now_us); /* as dispatch sees it */
/* link_smpp_flight.c */
#define TAG(flight, draft)                                                                                   \
	((uint64_t)(flight) << 32 | (draft)) /* of a PDU under way: the flight's place, the draft's */
#define TAG_AIRED UINT32_MAX /* in place of the flight: a cancel_broadcast_sm */
#define TAG_HELD  (UINT32_MAX - 1) /* likewise: a cancel_sm */
#define TAG_FLIGHT(tag) ((uint32_t)((tag) >> 32))
#define TAG_DRAFT(tag)  ((uint32_t)(tag))
void smpp_send_init(struct link_smpp *l); /* no flight is under way; sizes follow the configuration */
struct draft_set *smpp_flight_drafts(struct link_smpp *l,
				     const struct dispatch_job *job, bool centre); /* NULL: no text for this link */
uint32_t smpp_flight_alive(const struct link_smpp *l, const struct flight *f); /* units still to be served */

static inline enum fate smpp_flight_fate(const struct link_smpp *l, const struct flight *f, uint32_t i)
{
	return l->fates[f->first + i] & ~FATE_TOUCHED;
}

/* Message parts that a PDU stands for. */
static inline uint32_t smpp_flight_parts(const struct link_smpp *l, const struct flight *f, uint32_t draft)
{
	return f->set->drafts->v[draft].cost * (f->n == 1 ? 1 : smpp_flight_alive(l, f));
}

/* registered_delivery of its unit. Receipts are what a message centre gives, not what it gets. */
static inline uint8_t smpp_flight_registered(const struct link_smpp *l, const struct flight *f)
{
	if (l->link.cfg->receipts == RECEIPTS_NONE || smpp_by_cells(l) || smpp_session_centre(f->leg->session))
		return 0;
	return receipts_registered(l->link.cfg, f->job->spec.id, l->units[f->first]);
}

/* why: command_status or WHY_* */
void smpp_flight_mark(struct link_smpp *l, struct flight *f, uint32_t i, enum fate fate, uint32_t why);
void smpp_flight_mark_all(struct link_smpp *l, struct flight *f, enum fate fate,
			  uint32_t why); /* and nothing more is sent */
void smpp_flight_report(struct link_smpp *l, struct dispatch_job *job, uint32_t unit, enum outcome outcome,
			uint32_t why, uint64_t now_us);
void smpp_flight_finish(struct link_smpp *l, struct flight *f, uint64_t now_us);

static inline void smpp_flight_finish_if_done(struct link_smpp *l, struct flight *f, uint64_t now_us)
{
	if (f->pending == 0 && f->queued == 0 && (f->stopped || f->next == f->set->drafts->n))
		smpp_flight_finish(l, f, now_us);
}

void smpp_flight_tell_accepted(struct link_smpp *l, uint64_t now_us); /* after octets of the peer, before anything else */
/* link_smpp_rehearse.c: trial messages of an idle link. */
#define SMPP_REHEARSAL UINT64_MAX /* their tag */
uint64_t smpp_rehearse(struct link_smpp *l, uint64_t now_us); /* when to come again */
void smpp_rehearse_answer(struct link_smpp *l, const struct smpp_answer *answer, uint64_t now_us);
void smpp_rehearse_lost(struct link_smpp *l);
void smpp_proven(struct link_smpp *l, uint64_t now_us); /* a message was accepted */
/* link_smpp_send.c */
uint64_t smpp_send(struct link_smpp *l, uint64_t now_us);
/* link_smpp_aired.c */
void smpp_aired_add(struct link_smpp *l, const struct dispatch_job *job, const char *id);
uint64_t smpp_aired_send(struct link_smpp *l, uint64_t now_us);
void smpp_aired_answer(struct link_smpp *l, uint32_t no, uint32_t status, char class, uint64_t now_us);
void smpp_aired_lost(struct link_smpp *l, uint32_t no);
/* link_smpp_held.c */
void smpp_held_add(struct link_smpp *l, const struct dispatch_job *job, const char *id, uint64_t now_us);
void smpp_held_recall(struct link_smpp *l, uint64_t job);
void smpp_held_forget(struct link_smpp *l, uint64_t job);
uint64_t smpp_held_send(struct link_smpp *l, uint64_t now_us);
void smpp_held_answer(struct link_smpp *l, uint32_t no, char class); /* '?': there will be none */
/* link_smpp_answer.c */
void smpp_send_answer(struct leg *leg, const struct smpp_answer *answer, uint64_t now_us);
char smpp_class(const struct link_smpp *l, uint32_t status); /* by the carrier's table, else ours */
void smpp_reason(struct link_smpp *l, const char *name, uint32_t status, char class); /* counts it; name is static */
void smpp_fault(struct link_smpp *l, uint32_t status, uint64_t now_us); /* alarm, unbind, come back later */
void smpp_send_timeout(struct leg *leg, uint64_t tag, uint64_t now_us);
void smpp_send_down(struct leg *leg, uint64_t now_us); /* every flight of it ends */

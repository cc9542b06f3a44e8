/* sim_int: what the files of the simulation share. */
#pragma once
#include "gateway/dispatch.h"
#include "gateway/sim.h"
#include "gateway/store_memory.h"
#include "gateway/throttle.h"

#define SIM_START_US   UINT64_C(1000000000)
#define SIM_TIMEOUT_US UINT64_C(10000000) /* a driver waits so long for an answer */

enum sim_event_type {
	EV_WAKE,
	EV_COMMIT,
	EV_BOOT,
	EV_ACTION,
	EV_JOB,
	EV_CONNECTED,
	EV_REFUSED,
	EV_TO_PEER,
	EV_REPLY,
	EV_TO_GW
};
struct sim_event {
	uint64_t at_us, no; /* equal times: in order of making */
	enum sim_event_type type;
	unsigned int who; /* link, job or action */
	uint64_t life;    /* process or connection it belongs to; void when that is gone */
	uint8_t *data;    /* octets on the line; child of the simulation */
	size_t len;
};

/* What one carrier or link put on the line within the last second. */
struct sim_window {
	uint64_t *at_us;
	size_t n, max, first;
};

struct sim;
struct sim_link;

/* A protocol driver under test and the peer that speaks with it. The driver dies with the process. */
struct sim_driver_ops {
	const char *name;
	bool dials; /* connects by itself, else sim.c does it */
	void *(*create)(void *ctx, struct sim *s, struct sim_link *l);
	void (*connected)(void *driver, uint64_t now_us);
	void (*closed)(void *driver, uint64_t now_us); /* also: could not connect */
	void (*input)(void *driver, const uint8_t *data, size_t len, uint64_t now_us);
	uint64_t (*tick)(void *driver, uint64_t now_us); /* sends; when to call again */
	void (*peer_input)(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len);
	/* The rest may be NULL. */
	struct link *(*link)(void *driver);
	void (*recall)(void *driver, struct dispatch_job *job); /* after dispatch_withdraw() */
	bool (*settled)(void *driver); /* all that was begun is through; else the world goes on */
	void (*peer_restart)(struct sim *s, struct sim_link *l);
	void (*check_end)(struct sim *s, struct sim_link *l); /* what the peer has */
};
extern const struct sim_driver_ops sim_fake, sim_smpp, sim_cbsp;

struct sim_link {
	const struct sim_link_plan *plan;
	const struct sim_driver_ops *ops;
	unsigned int no;
	bool peer_up;
	uint64_t conn; /* number of the connection, 0 = none */
	struct sim_window sent;
	uint64_t peer_second, peer_parts; /* for accept_rate */
	uint32_t widest;                  /* parts of the largest message */
	uint32_t window_max;              /* that it ever had */
	uint32_t slots_max;               /* in use: above the window only after it was narrowed */
	struct sim_bsc *bsc;              /* the peer, where it is one */
	/* of the process */
	uint16_t index;
	struct throttle throttle;
	void *driver;
	uint64_t retry_us; /* connect again at */
	unsigned int tries;
	bool connecting;
};

/* What the world knows of a job; outlives the process. */
struct sim_job {
	const struct sim_job_plan *plan;
	uint64_t id;
	bool arrived, known;   /* in the spool; accepted by the gateway: durable */
	bool done;             /* at rest and forgotten by the gateway */
	uint64_t cancelled_us; /* processed at; 0 = no */
	bool cancel_waits;     /* asked while the gateway was down */
	uint64_t deadline_us, expires_us;
	uint8_t *copies;          /* [units * parts], accepted by the carrier */
	uint8_t *licensed;        /* [units] events that left it in doubt, and so may repeat it */
	uint8_t *fate;            /* [units] the peer's verdict on the message that is arriving */
	uint8_t *by;              /* [units] link that carried the last copy */
	bool *sent;               /* [units] was on the line */
	struct dispatch_job *job; /* of the process */
};

struct sim {
	const struct sim_plan *plan;
	struct sim_report *report;
	uint64_t now, rnd, event_no;
	struct sim_event *heap;
	size_t n_heap, max_heap;
	struct sim_link link[SIM_LINKS];
	struct sim_job job[SIM_JOBS];
	struct sim_window carrier_sent[SIM_LINKS];
	struct store *store;
	uint64_t fail_until, slow_until, watch_us;
	/* the process */
	uint64_t life; /* number of the process, 0 = down */
	uint64_t lives, conns;
	void *process; /* parent of all that dies with it */
	struct dispatch *dispatch;
	struct throttle carrier[SIM_LINKS];
	struct store_batch *batch;
	uint64_t wake_us;
};

/* In units of dispatch. */
static inline uint32_t sim_window(const struct sim_link_plan *p)
{
	return p->window * (p->cells ? p->cells : 1);
}

static inline double sim_rate(const struct sim_link_plan *p)
{
	return p->rate * (p->cells ? p->cells : 1);
}

/* sim_job.c */
void sim_job_arrive(struct sim *s, struct sim_job *j); /* from the spool */
void sim_job_withdraw(struct sim *s, struct sim_job *j);
void sim_jobs_boot(struct sim *s); /* what the ledger knows */
void sim_jobs_forget(struct sim *s);

/* sim.c */
uint64_t sim_rnd(struct sim *s, uint64_t below);
struct sim_event *sim_at(struct sim *s, uint64_t at_us, enum sim_event_type type, unsigned int who,
			 uint64_t life);
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_note(struct sim *s, uint64_t a, uint64_t b); /* into the trace's hash */
struct sim_job *sim_job_of(struct sim *s, const struct dispatch_job *job);
void sim_dial(struct sim *s, struct sim_link *l);
void sim_hang_up(struct sim *s, struct sim_link *l); /* the driver's own wish; it is not told */

/* sim_carrier.c: the line and the far end */
enum sim_verdict { VERDICT_ACCEPT = 1, VERDICT_REFUSE, VERDICT_TRANSIENT, VERDICT_THROTTLE };
void sim_to_peer(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len);
void sim_reply(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len, uint64_t delay_us);
/* A part of a message arrives: the carrier's verdict, and after how long it answers (UINT64_MAX: never). */
enum sim_verdict sim_carrier_submit(struct sim *s, struct sim_link *l, unsigned int job, uint32_t unit,
				    uint32_t part, uint64_t *delay_us, bool *twice);
void sim_line_cut(struct sim *s, struct sim_link *l); /* what is on its way arrives or is lost */

/* sim_check.c: the promises */
void sim_check_submit(struct sim *s, struct sim_link *l, struct dispatch_job *job, uint32_t unit,
		      uint32_t part);
/* The same for broadcasts: a request, and a cell that it names. */
void sim_check_request(struct sim *s, struct sim_link *l);
void sim_check_cell(struct sim *s, unsigned int job, uint32_t unit);
enum unit_state sim_stored_state(struct sim *s, const struct sim_job *j, uint32_t unit);
void sim_check_copy(struct sim *s, struct sim_link *l, struct sim_job *j, uint32_t unit, uint32_t part);
void sim_check_crash(struct sim *s); /* before the process goes */
void sim_check_break(struct sim *s,
		     struct sim_link *l); /* before the driver learns that its connection is gone */
void sim_check_step(struct sim *s, bool all);
void sim_check_end(struct sim *s);
uint32_t sim_carrier_burst(const struct sim_plan *plan, unsigned int carrier);

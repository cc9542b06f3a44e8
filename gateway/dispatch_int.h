/* dispatch_int: what the files of dispatch share. Not for others but tests. */
#pragma once
#include "gateway/dispatch.h"

#define SHIFT_MIN   4
#define SHIFT_MAX   12
#define WINDOW_MAX  (1u << 20)
/* Units of a job that wait for another try on a link; then no new ones are begun. */
#define RETRIES_MAX 65536
#define BULK_MAX 256      /* chunks of withdrawn jobs in a batch */
#define STUCK_US UINT64_C(10000000)
#define TAIL_S   5 /* a chunk that takes a slow link longer may be taken by one twice as fast */

/* Rules that tests break to see that they are noticed. */
enum dispatch_fault {
	FAULT_LAZY_ANSWERS = 1,   /* slots are reserved anew though the answers are not in the same commit */
	FAULT_HAND_EARLY = 2,     /* reservations are given out before they are durable */
	FAULT_NO_ATTEMPTS = 4,    /* attempts are not counted */
	FAULT_KEEP_RESERVED = 8,  /* withdrawn jobs keep what is reserved */
	FAULT_FAILED_IS_DONE = 16 /* a failed batch counts as durable */
};
void dispatch_break(struct dispatch *d, unsigned int faults);

/* Reservations in order; indices run on, modulo the power of two that v holds. */
struct ring {
	struct handed *v;
	uint32_t mask;
	uint32_t head, durable, taken, tail; /* next to give out, durable up to, in the batch up to, end */
};

struct retry {
	uint64_t due_us;
	uint32_t unit;
};

/* A job on a link. */
struct jl {
	struct job *job;
	uint16_t link, pos; /* of the link in the job */
	uint32_t *todo;     /* chunks to go through, ascending, at [first, n) */
	uint32_t first, n, max;
	uint32_t at;        /* next unit within todo[first] */
	struct retry *heap; /* waiting units that the cursor has passed; may hold some that wait no more */
	uint32_t n_heap, max_heap;
};

struct job {
	struct dispatch_job pub;
	struct chunk *chunk;
	struct jl *jl;          /* [n_links] */
	enum unit_state end_as; /* of waiting units when withdrawn */
	uint32_t unsettled;     /* chunks to be written or being written, counted twice if both */
};

struct dlink {
	char *name;
	uint32_t window, max_tries;
	double rate;
	bool up, suspect;
	uint32_t used;        /* parts reserved and not answered: the slots when all commits are done */
	uint32_t unsent;      /* parts reserved and not with the driver */
	uint32_t answered;    /* slots whose answers are in no batch yet */
	uint32_t settling;    /* slots whose answers are in the batch under way */
	uint32_t out;         /* units with the driver */
	uint64_t progress_us; /* last answer, or since when something is with the driver */
	struct ring res;      /* reservations */
	struct ring again;    /* durable ones that the driver gave back; only head and tail are used */
	struct jl **jl;       /* running jobs, most urgent first */
	size_t n_jl;
};

/* HELD: its lease is this dispatch's; CLAIMED, RELEASED: from, until the batch under way; LISTED: among those held;
 * ELSEWHERE: another's, or that is to be looked at. */
enum chunk_mark {
	MARK_DIRTY = 1,
	MARK_BULK = 2,
	MARK_WRITING = 4,
	MARK_HELD = 8,
	MARK_CLAIMED = 16,
	MARK_RELEASED = 32,
	MARK_LISTED = 64,
	MARK_ELSEWHERE = 128
};
struct chunk_ref {
	struct job *job;
	uint32_t no;
};
struct chunk_list {
	struct chunk_ref *v;
	size_t n, max;
};

/* A chunk whose record in the store is to be looked at. */
struct elsewhere {
	struct chunk_ref at;
	uint64_t due_us;
};

/* Times are this dispatch's own. */
struct leases {
	char owner[STORE_OWNER]; /* "": the store is this dispatch's alone */
	uint64_t length_us;
	int64_t ahead_us;	/* of the clock that all owners share */
	uint64_t now_us;	/* of the last dispatch_run() */
	uint64_t until_us;	/* the first of those held runs out; UINT64_MAX: none is held */
	uint64_t batch_until_us; /* of those that the batch under way takes */
	bool renewing;		/* these are all that are held */
	bool deposed;
	uint32_t n_held;
	struct chunk_list held; /* and some that are not any more */
	struct elsewhere *look;
	size_t n_look, max_look;
};

struct dispatch {
	struct leases lease;
	struct dlink *link;
	size_t n_links;
	struct job **job;
	size_t n_jobs;
	struct chunk_list dirty, bulk, writing;
	uint64_t tag;
	uint64_t gather_us;           /* something waits to be written since; 0 = no */
	uint64_t begun_us, commit_us; /* the batch under way; a commit's usual time */
	bool batch, stopped;          /* one under way; some job stopped running */
	unsigned int faults;
};

static inline struct job *job_of(const struct dispatch_job *pub)
{
	return (struct job *)pub;
}

static inline struct chunk *chunk_of(const struct job *j, uint32_t unit)
{
	return &j->chunk[unit >> j->pub.chunk_shift];
}

static inline uint32_t index_of(const struct job *j, uint32_t unit)
{
	return unit & ((1u << j->pub.chunk_shift) - 1);
}

static inline bool job_running(const struct job *j)
{
	return j->pub.state == JOB_RUNNING;
}

/* What a unit in doubt becomes: waiting for its next attempt, or unknown. */
static inline uint8_t doubted(const struct job *j, uint8_t octet)
{
	unsigned int attempts = UNIT_ATTEMPT(octet);

	if (attempts >= UNIT_ATTEMPTS && !j->pub.spec.repeatable)
		return UNIT_UNKNOWN;
	return UNIT_OCTET(UNIT_WAITING, attempts < UNIT_ATTEMPTS ? attempts : UNIT_ATTEMPTS - 1, UNIT_FAILS(octet));
}

void mark_dirty(struct dispatch *d, struct job *j, struct chunk *c);
void mark_bulk(struct dispatch *d, struct job *j, struct chunk *c); /* may wait for a later batch */
void unmark(struct job *j, struct chunk *c);
/* Sets a unit's octet and all sums, and marks the chunk. */
void unit_set(struct dispatch *d, struct job *j, uint32_t unit, uint8_t octet);
/* The same for n units of a chunk whose octets are set already. */
void units_moved(struct dispatch *d, struct job *j, struct chunk *c, enum unit_state from, enum unit_state to, uint32_t n);
void sums_add(struct job *j, const struct chunk *c, int sign);
/* A waiting unit that the cursor has passed. */
void retry_push(struct job *j, uint32_t unit, uint64_t due_us);
void todo_insert(struct jl *jl, uint32_t no);
void todo_remove(struct jl *jl, uint32_t no);
#define ALL_CHUNKS UINT32_MAX
/* Takes a job's reservations that are not with the driver (job NULL: all), or those in one chunk, back from a link, as waiting
 * units. */
void give_back(struct dispatch *d, uint16_t link, struct job *job, uint32_t chunk, uint64_t now_us);
bool can_reserve(const struct dlink *l, uint32_t parts);
/* Slots held as the store knows it: reservations that are not durable yet hold none, answers that are not
 * durable do. */
uint32_t slots_held(const struct dlink *l);
void ring_grow(struct dispatch *d, struct ring *r, uint32_t min);
/* What was with a link when its process ended is in doubt. */
void reopen(struct dispatch *d, struct job *j, struct chunk *c);
void withdraw_chunk(struct dispatch *d, struct job *j, struct chunk *c);
void chunk_list_add(struct dispatch *d, struct chunk_list *list, struct job *j, uint32_t no);
void chunk_list_forget(struct chunk_list *list, const struct job *j);

/* dispatch_lease.c; without an owner they do nothing. */
void lease_claim(struct dispatch *d, struct store_batch *b, struct job *j, struct chunk *c); /* before its record is added */
void lease_release(struct store_batch *b, const struct job *j, const struct chunk *c); /* after it */
void lease_renew(struct dispatch *d, struct store_batch *b); /* first in a batch */
void lease_settle(struct dispatch *d, int rc, uint64_t now_us); /* while the chunks written are still listed */
void lease_forget(struct dispatch *d, const struct job *j);
uint64_t lease_next_us(const struct dispatch *d, uint64_t now_us); /* to renew, or to look */
bool lease_due(const struct dispatch *d, uint64_t now_us); /* to be renewed */

/* May it give anything out? It stops before another may take over. */
static inline bool lease_lasts(const struct dispatch *d, uint64_t now_us)
{
	const struct leases *l = &d->lease;

	return !l->owner[0] || (!l->deposed && (l->until_us == UINT64_MAX || now_us + l->length_us / 4 < l->until_us));
}

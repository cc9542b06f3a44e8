/* dispatch_int: what the files of dispatch share. Not for others but tests. */
#pragma once
#include "gateway/dispatch.h"

#define SHIFT_MIN   4
#define SHIFT_MAX   12
#define WINDOW_MAX  (1u << 20)
#define RETRIES_MAX 65536 /* units of a job that wait for another try on a link; then no new ones are begun  \
			   */
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

enum chunk_mark { MARK_DIRTY = 1, MARK_BULK = 2, MARK_WRITING = 4 };
struct chunk_ref {
	struct job *job;
	uint32_t no;
};
struct chunk_list {
	struct chunk_ref *v;
	size_t n, max;
};

struct dispatch {
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
void sums_add(struct job *j, const struct chunk *c, int sign);
/* A waiting unit that the cursor has passed. */
void retry_push(struct job *j, uint32_t unit, uint64_t due_us);
void todo_insert(struct jl *jl, uint32_t no);
void todo_remove(struct jl *jl, uint32_t no);
/* Takes a job's reservations that are not with the driver (job NULL: all) back from a link, as waiting units.
 */
void give_back(struct dispatch *d, uint16_t link, struct job *job, uint64_t now_us);
bool can_reserve(const struct dlink *l, uint32_t parts);
/* Slots held as the store knows it: reservations that are not durable yet hold none, answers that are not
 * durable do. */
uint32_t slots_held(const struct dlink *l);
void ring_grow(struct dispatch *d, struct ring *r, uint32_t min);

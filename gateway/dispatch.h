/* dispatch: who sends what next. Pure: (state, event, now_us) in, work out; no clock, file, socket or store.
 *
 * Rules (SPEC 6, 7):
 *  - a unit's attempt is durable before the unit may be handed over: dispatch reserves (HANDED, attempt + 1),
 *    the commit makes it durable, only then dispatch_next() gives it out;
 *  - a window slot is held from the durable reservation until the *answer* is durable; the commit that frees
 *    it may carry its next reservation, so that a slot costs one commit a turn. The window counts PDUs, a
 *    unit holds `parts` slots; in use <= window, always (a unit of more parts than the window goes alone);
 *  - reservations not yet sent are kept short (<= max(8, rate/4) parts): a crash burns few attempts;
 *  - three durable attempts without a durable answer: UNKNOWN; but a repeat that does no harm (cells: a phone
 *    shows one serial number once) goes on until it is answered or the job ends;
 *  - order on a link: broadcast kinds before SMS, then earliest deadline first, within a job retries that are
 *    due, then the list's order;
 *  - chunks of (units / 64, a power of two in 16..4096) units have a planned owner: chunk i goes to the link
 *    whose share of i + 1 chunks exceeds most what it has, the first such. Chunks that were never touched are
 *    not stored: a restart plans them alike. A link goes on with the nearest of its own chunks and those of
 *    siblings that are down, stuck or suspect; with none left it takes the last untouched one of a working sibling
 *    (owner, epoch + 1, durable before use);
 *  - a withdrawn or expired job gives out nothing more. Waiting units that nobody may have received become
 *    WITHDRAWN or EXPIRED, those with an attempt in doubt UNKNOWN; sent ones end by their answer.
 *
 * Life of a commit: dispatch_take_batch() -> store -> dispatch_batch_done(tag, rc). At most one batch is
 * under way; a failed one is offered again. */
#pragma once
#include "gateway/dispatch_link.h"
#include "gateway/ledger.h"
#include "gateway/storethread.h"

struct dispatch;

enum job_kind { JOB_BROADCAST = 0, JOB_SMS = 1 };
enum job_state { JOB_RUNNING, JOB_WITHDRAWN, JOB_EXPIRED, JOB_DONE };

struct job_spec {
	uint64_t id; /* unique for ever (from the store) */
	enum job_kind kind;
	int64_t deadline_us; /* monotonic; may be negative after a restart */
	int64_t expires_us;  /* monotonic: nothing is sent after it */
	uint32_t n_units;
	uint32_t parts;        /* parts a unit costs on the link: >= 1 */
	bool repeatable;       /* a unit may be handed over any number of times */
	const uint16_t *links; /* group: link indices that may serve it */
	size_t n_links;
	const double *shares; /* planned share of each, sum 1; NULL = equal */
	void *owner;          /* the alert's own; not touched */
};

struct dispatch_job { /* read-only outside dispatch.c */
	struct job_spec spec;
	enum job_state state;
	struct unit_sums sums;
	struct unit_sums *link_sums;    /* [spec.n_links] by chunk owner */
	uint64_t first_us, last_us;     /* first hand-over, last answer; 0 = none */
	uint32_t chunk_shift, n_chunks; /* unit u is in chunk u >> chunk_shift */
};

struct dispatch *dispatch_new(void *ctx);
/* New job: all waiting, nothing to write. `initial` (may be NULL) gives each unit's first octet (found
 * texts), and how many units from it on have the same (1 when it does not say); chunks that are not all
 * waiting then are written before the first unit is given out. Spec arrays are copied. */
typedef uint8_t (*dispatch_initial)(void *arg, uint32_t unit, uint32_t *same);
struct dispatch_job *dispatch_add_job(struct dispatch *d, const struct job_spec *spec,
				      dispatch_initial initial, void *arg);
/* After a restart: a job without chunks of its own in the store is all waiting; stored chunks are then loaded
 * one by one. HANDED units wait again with their attempt kept; those with three become UNKNOWN. -ERANGE: no
 * such chunk; -EBADMSG. */
int dispatch_load_chunk(struct dispatch *d, struct dispatch_job *job, uint32_t no, const void *blob,
			size_t len, uint32_t epoch);
#define DISPATCH_KEY_LEN 26 /* of a chunk in the store: job id in 16 hex digits, "/", number in 8, NUL */
void dispatch_key(char key[DISPATCH_KEY_LEN], uint64_t job, uint32_t no);
int dispatch_key_parse(const char *key, uint64_t *job, uint32_t *no); /* 0 or -EBADMSG */
struct dispatch_job *dispatch_job(struct dispatch *d, uint64_t id);
void dispatch_withdraw(struct dispatch *d, struct dispatch_job *job, enum unit_state as,
		       uint64_t now_us);                                /* WITHDRAWN, EXPIRED */
void dispatch_remove_job(struct dispatch *d, struct dispatch_job *job); /* at rest only */
bool dispatch_job_at_rest(
	const struct dispatch_job *job); /* nothing waiting, in flight, or not yet durable */
uint8_t dispatch_unit(const struct dispatch_job *job, uint32_t unit); /* its octet */
/* So many units from this one on are known to have its octet: its chunk's when it is the first of a uniform one, else 1.
 * Jobs of as many units have the same chunks. */
uint32_t dispatch_unit_same(const struct dispatch_job *job, uint32_t unit);
uint16_t dispatch_unit_link(const struct dispatch_job *job,
			    uint32_t unit); /* link index of its chunk's owner */

/* Reserves what windows allow, expires and finishes jobs. Call before dispatch_take_batch() and when something changed.
 */
void dispatch_run(struct dispatch *d, uint64_t now_us);
/* When to take the next batch: now_us, or a little later (<= 5 ms), so that answers about to come ride along;
 * never so late that a link falls below its rate for it. UINT64_MAX: nothing to write, or a batch is under
 * way. */
uint64_t dispatch_commit_us(struct dispatch *d, uint64_t now_us);
/* Adds all dirty chunks to b (of withdrawn jobs' bulk 256 at a time); false when there is nothing to write or
 * a batch is under way. Tag is set. Answers and reservations up to now are durable when it is. */
bool dispatch_take_batch(struct dispatch *d, struct store_batch *b);
void dispatch_batch_done(struct dispatch *d, uint64_t tag, int rc, uint64_t now_us);

/* Monotonic time of the next thing to do without an event (retry due, expiry), UINT64_MAX = none. */
uint64_t dispatch_next_us(const struct dispatch *d, uint64_t now_us);
/* Each job, in no order. */
void dispatch_each_job(struct dispatch *d, void (*cb)(void *arg, struct dispatch_job *job), void *arg);

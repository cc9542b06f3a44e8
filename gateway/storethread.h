/* storethread: durable work off the loop. Batches are handed over whole and become one commit each, in order; their
 * outcomes come back through an eventfd that the loop watches. At most one batch is being written, so that all that
 * gathered meanwhile rides in the next one (group commit). */
#pragma once
#include "gateway/store.h"

struct store_batch {
	struct store_rec *recs; /* talloc children of the batch, as are keys and values */
	size_t n, max;
	uint64_t tag; /* the submitter's */
	int rc;	      /* outcome */
};
struct store_batch *store_batch_new(void *ctx);
/* Copies key and value. */
void store_batch_add(struct store_batch *b, enum store_kind kind, const char *key, const void *value, size_t len, uint32_t epoch);

struct storethread;
int storethread_start(void *ctx, struct store *store, struct storethread **thread);
int storethread_fd(const struct storethread *thread); /* readable when outcomes wait */
/* Takes the batch over (must have no talloc parent shared with the caller). Never blocks. */
void storethread_submit(struct storethread *thread, struct store_batch *take);
/* The outcome of a batch is there to be reaped when storethread_submit() returns; the descriptor tells nothing. */
bool storethread_instant(const struct storethread *thread);
/* Next outcome in order, or NULL; the caller frees the batch. */
struct store_batch *storethread_reap(struct storethread *thread);
size_t storethread_pending(const struct storethread *thread);
/* Finishes what is queued (waits at most timeout_ms), stops and joins; unreaped outcomes are dropped. -ETIMEDOUT: the
 * disk hangs; what was still queued is dropped, the store must be left open, and the process should end. */
int storethread_stop(struct storethread *thread, unsigned int timeout_ms);

/* rig: a dispatch with a store behind it, for tests that go step by step. */
#pragma once
#include "gateway/dispatch_int.h"
#include "gateway/store_memory.h"
#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>

#define S UINT64_C(1000000)

struct rig {
	void *ctx;
	struct dispatch *d;
	struct store *store;
	uint64_t now;
	struct store_batch *batch; /* under way */
};

static inline int rig_setup(void **state)
{
	struct rig *r = talloc_zero(NULL, struct rig);
	char err[80];

	r->ctx = r;
	r->d = dispatch_new(r);
	assert_int_equal(store_memory.open(r, "memory:", &r->store, err, sizeof(err)), 0);
	r->now = 1000 * S;
	*state = r;
	return 0;
}

static inline int rig_teardown(void **state)
{
	talloc_free(*state);
	return 0;
}

static inline uint16_t rig_link(struct rig *r, uint32_t window, double rate)
{
	uint16_t link = dispatch_add_link(r->d, "l", window, rate, 5);

	dispatch_link_up(r->d, link, true, r->now);
	return link;
}

static inline struct job_spec rig_spec(uint64_t id, uint32_t n_units, const uint16_t *links, size_t n_links)
{
	return (struct job_spec){.id = id,
				 .kind = JOB_SMS,
				 .deadline_us = 4600 * S,
				 .expires_us = 90000 * S,
				 .n_units = n_units,
				 .parts = 1,
				 .links = links,
				 .n_links = n_links};
}

static inline struct dispatch_job *rig_job(struct rig *r, uint64_t id, uint32_t n_units, uint16_t link)
{
	struct job_spec spec = rig_spec(id, n_units, &link, 1);

	return dispatch_add_job(r->d, &spec, NULL, NULL);
}

/* Reserves, and begins a commit. False: nothing to write. */
static inline bool rig_begin(struct rig *r)
{
	dispatch_run(r->d, r->now);
	r->batch = store_batch_new(r);
	if (dispatch_take_batch(r->d, r->batch))
		return true;
	talloc_free(r->batch);
	r->batch = NULL;
	return false;
}

static inline int rig_end(struct rig *r)
{
	int rc = r->store->ops->apply(r->store, r->batch->recs, r->batch->n);

	dispatch_batch_done(r->d, r->batch->tag, rc, r->now);
	talloc_free(r->batch);
	r->batch = NULL;
	return rc;
}

static inline bool rig_commit(struct rig *r)
{
	return rig_begin(r) && rig_end(r) == 0;
}

static inline uint32_t rig_next(struct rig *r, uint16_t link)
{
	struct handed h;

	return dispatch_next(r->d, link, r->now, &h) ? h.unit : UINT32_MAX;
}

static inline void rig_answer(struct rig *r, uint16_t link, struct dispatch_job *job, uint32_t unit,
			      enum outcome o)
{
	dispatch_answer(r->d, link, job, unit, o, r->now);
}

/* The chunks of the store into a new job of a new dispatch. */
static inline int rig_load_one(void *arg, const struct store_rec *rec)
{
	struct rig *r = arg;
	struct dispatch_job *job;
	uint64_t id;
	uint32_t no;

	assert_int_equal(dispatch_key_parse(rec->key, &id, &no), 0);
	job = dispatch_job(r->d, id);
	return job ? dispatch_load_chunk(r->d, job, no, rec->value, rec->len, rec->epoch) : 0;
}

static inline void rig_load(struct rig *r)
{
	assert_int_equal(r->store->ops->load(r->store, STORE_CHUNK, rig_load_one, r), 0);
}

static inline void rig_crash(struct rig *r)
{
	talloc_free(r->d);
	talloc_free(r->batch);
	r->batch = NULL;
	r->d = dispatch_new(r);
}

static inline enum unit_state rig_state(const struct dispatch_job *job, uint32_t unit)
{
	return UNIT_STATE(dispatch_unit(job, unit));
}

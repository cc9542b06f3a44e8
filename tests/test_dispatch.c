/* Dispatch step by step: what is durable before what, slots, attempts, answers, restarts. */
#include "tests/rig.h"
#include <errno.h>
#include <string.h>

static void test_nothing_before_durable(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 10, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	assert_true(rig_begin(r));
	assert_int_equal(job->sums.n[UNIT_HANDED], 10);
	assert_int_equal(rig_next(r, l), UINT32_MAX);
	assert_int_equal(rig_end(r), 0);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(rig_next(r, l), i);
	assert_int_equal(rig_next(r, l), UINT32_MAX);
}

static void test_slot_until_answer_durable(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 2, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	rig_commit(r);
	assert_int_equal(rig_next(r, l), 0);
	assert_int_equal(rig_next(r, l), 1);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	assert_int_equal(dispatch_window_used(r->d, l), 2);
	assert_true(rig_begin(r)); /* carries the answer and the slot's next unit */
	assert_int_equal(job->sums.n[UNIT_HANDED], 2);
	rig_answer(r, l, job, 1, OUT_ACCEPTED); /* comes while it is written: not in it */
	dispatch_run(r->d, r->now);
	assert_int_equal(dispatch_window_used(r->d, l), 2);
	assert_int_equal(rig_next(r, l), UINT32_MAX);
	rig_end(r);
	assert_int_equal(dispatch_window_used(r->d, l), 2);
	assert_int_equal(rig_next(r, l), 2);
	assert_int_equal(rig_next(r, l),
			 UINT32_MAX); /* the second's slot is free only with the next commit */
	rig_commit(r);
	assert_int_equal(dispatch_window_used(r->d, l), 2);
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 2);
	assert_int_equal(rig_next(r, l), 3);
}

/* A run is what its units one by one are: over chunks, out of order, with repeats, with what is not with the driver. */
static void test_runs_are_their_units(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 40, 0);
	struct dispatch_job *job = rig_job(r, 1, 60, l), *other = rig_job(r, 2, 10, l); /* chunks of 16 units */
	const uint32_t accepted[] = {30, 3, 2, 1, 3, 17, 16, 45};
	uint32_t units[64];
	struct handed first;

	rig_commit(r);
	assert_int_equal(dispatch_next_many(r->d, l, r->now, &first, units, 30), 30);
	rig_answer(r, l, job, 7, OUT_UNSENT); /* goes again, before those that are ready */
	assert_int_equal(dispatch_next_many(r->d, l, r->now, &first, units, 5), 5);
	assert_ptr_equal(first.job, job);
	assert_int_equal(first.unit, 7);
	assert_int_equal(units[1], 30);
	assert_int_equal(units[4], 33);
	dispatch_accepted(r->d, l, job, accepted, 8, r->now); /* 45 waits */
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 6);
	assert_int_equal(rig_state(job, 45), UNIT_WAITING);
	assert_int_equal(dispatch_window_used(r->d, l), 40);
	rig_commit(r);
	assert_int_equal(job->sums.n[UNIT_HANDED], 40);
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 6);
	dispatch_withdraw(r->d, job, UNIT_WITHDRAWN, r->now);
	rig_commit(r);
	assert_int_equal(dispatch_next_many(r->d, l, r->now, &first, units, 64), 10);
	assert_ptr_equal(first.job, other);
}

static void test_failed_batch_is_offered_again(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 3, 0);
	struct dispatch_job *job = rig_job(r, 1, 5, l);
	uint32_t used;

	rig_commit(r);
	rig_next(r, l);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	store_memory_fail(r->store, 1, 2, -ENOSPC);
	for (int i = 0; i < 2; i++) {
		used = dispatch_window_used(r->d, l);
		assert_true(rig_begin(r));
		assert_int_equal(rig_end(r), -ENOSPC);
		assert_int_equal(dispatch_window_used(r->d, l), used);
	}
	assert_true(rig_begin(r));
	assert_int_equal(rig_end(r), 0);
	assert_int_equal(dispatch_window_used(r->d, l), 3); /* the answered one's slot went to the fourth */
	assert_false(rig_begin(r));
	assert_int_equal(rig_next(r, l), 1);
	assert_int_equal(rig_next(r, l), 2);
	assert_int_equal(rig_next(r, l), 3);
	assert_int_equal(job->sums.n[UNIT_WAITING], 1);
}

static void test_one_batch_at_a_time(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1, 0);
	struct store_batch *b = store_batch_new(r);

	rig_job(r, 1, 5, l);
	assert_true(rig_begin(r));
	assert_false(dispatch_take_batch(r->d, b));
	dispatch_batch_done(r->d, r->batch->tag + 1, 0, r->now); /* not this one */
	assert_int_equal(rig_next(r, l), UINT32_MAX);
	rig_end(r);
	assert_int_equal(rig_next(r, l), 0);
}

static void test_reservations_are_short(void **state)
{
	struct rig *r = *state;
	uint16_t slow = rig_link(r, 1000, 10), fast = rig_link(r, 1000, 400);
	struct dispatch_job *a = rig_job(r, 1, 5000, slow), *b = rig_job(r, 2, 5000, fast);

	rig_commit(r);
	assert_int_equal(a->sums.n[UNIT_HANDED], 8);
	assert_int_equal(b->sums.n[UNIT_HANDED], 100);
	rig_next(r, slow);
	rig_commit(r);
	assert_int_equal(a->sums.n[UNIT_HANDED], 9);
}

static void test_parts_hold_slots(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 10, 0), narrow = rig_link(r, 2, 0);
	struct job_spec spec = rig_spec(1, 100, &l, 1);
	struct dispatch_job *job, *wide;

	spec.parts = 3;
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	spec.id = 2;
	spec.links = &narrow;
	wide = dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_commit(r);
	assert_int_equal(job->sums.n[UNIT_HANDED], 3);
	assert_int_equal(dispatch_window_used(r->d, l), 9);
	assert_int_equal(wide->sums.n[UNIT_HANDED], 1);
	assert_int_equal(dispatch_window_used(r->d, narrow), 2);
	rig_next(r, narrow);
	rig_answer(r, narrow, wide, 0, OUT_ACCEPTED);
	assert_int_equal(wide->sums.n[UNIT_HANDED], 0);
	rig_commit(r);
	assert_int_equal(wide->sums.n[UNIT_HANDED], 1);
}

static void test_window_changes_keep_count(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 4, 0);
	struct dispatch_job *job = rig_job(r, 1, 500, l);

	rig_commit(r);
	dispatch_link_params(r->d, l, 100, 0);
	rig_commit(r);
	assert_int_equal(dispatch_window_used(r->d, l), 100);
	dispatch_link_params(r->d, l, 2, 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(rig_next(r, l), i);
		rig_answer(r, l, job, i, OUT_ACCEPTED);
	}
	rig_commit(r);
	rig_commit(r);
	assert_int_equal(dispatch_window_used(r->d, l), 2);
}

static void test_transient_comes_again(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1, 0);
	struct dispatch_job *job = rig_job(r, 1, 1, l);
	static const unsigned int wait[] = {1, 2, 4, 8};

	for (unsigned int i = 0; i < 4; i++) {
		rig_commit(r);
		assert_int_equal(rig_next(r, l), 0);
		assert_int_equal(UNIT_ATTEMPT(dispatch_unit(job, 0)), 1); /* answers are not lost attempts */
		rig_answer(r, l, job, 0, OUT_TRANSIENT);
		rig_commit(r);
		assert_true(dispatch_next_us(r->d, r->now) == r->now + wait[i] * S);
		r->now += wait[i] * S - 1;
		assert_false(rig_begin(r));
		r->now++;
	}
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 0);
	rig_answer(r, l, job, 0, OUT_TRANSIENT); /* the fifth of five tries */
	assert_int_equal(rig_state(job, 0), UNIT_REFUSED);
	rig_commit(r);
	dispatch_run(r->d, r->now);
	assert_int_equal(job->state, JOB_DONE);
	assert_true(dispatch_job_at_rest(job));
}

static void test_retry_at_most_15_s(void **state)
{
	struct rig *r = *state;
	uint16_t l = dispatch_add_link(r->d, "l", 1, 0, 7);
	struct dispatch_job *job = rig_job(r, 1, 1, l);
	uint64_t last = 0;

	dispatch_link_up(r->d, l, true, r->now);
	for (unsigned int i = 0; i < 6; i++) {
		rig_commit(r);
		assert_int_equal(rig_next(r, l), 0);
		rig_answer(r, l, job, 0, OUT_TRANSIENT);
		rig_commit(r);
		last = dispatch_next_us(r->d, r->now) - r->now;
		r->now += last;
	}
	assert_true(last == 15 * S);
}

static void test_lost_three_times_is_unknown(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1, 0);
	struct dispatch_job *job = rig_job(r, 1, 2, l);

	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(rig_commit(r));
		assert_int_equal(rig_next(r, l), 0);
		assert_int_equal(UNIT_ATTEMPT(dispatch_unit(job, 0)), i);
		rig_answer(r, l, job, 0, OUT_LOST);
	}
	assert_int_equal(rig_state(job, 0), UNIT_UNKNOWN);
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 1);
}

/* A cell shows one serial number once: what is in doubt goes again until it is answered. */
static void test_repeatable_is_never_unknown_for_its_attempts(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1, 0);
	struct job_spec spec = rig_spec(1, 2, &l, 1);
	struct dispatch_job *job;

	spec.repeatable = true;
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	for (unsigned int i = 0; i < 10; i++) {
		assert_true(rig_commit(r));
		assert_int_equal(rig_next(r, l), 0);
		assert_int_equal(UNIT_ATTEMPT(dispatch_unit(job, 0)), i < 3 ? i + 1 : 3);
		rig_answer(r, l, job, 0, OUT_LOST);
	}
	assert_true(rig_commit(r));
	assert_int_equal(rig_next(r, l), 0);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	assert_int_equal(rig_state(job, 0), UNIT_ACCEPTED);
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 1);
	dispatch_withdraw(r->d, job, UNIT_WITHDRAWN, r->now); /* at the end it is in doubt all the same */
	rig_answer(r, l, job, 1, OUT_LOST);
	assert_int_equal(rig_state(job, 1), UNIT_UNKNOWN);
}

static void test_throttled_comes_first_and_in_order(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	rig_commit(r);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(rig_next(r, l), i);
	rig_answer(r, l, job, 1, OUT_THROTTLED);
	rig_answer(r, l, job, 2, OUT_THROTTLED);
	rig_answer(r, l, job, 3, OUT_UNSENT);
	assert_int_equal(dispatch_window_used(r->d, l), 5);
	for (uint32_t i = 1; i < 5; i++)
		assert_int_equal(rig_next(r, l), i);
	assert_int_equal(dispatch_unit(job, 1), UNIT_OCTET(UNIT_HANDED, 1, 0));
}

static void test_down_gives_back_unsent(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	rig_commit(r);
	rig_next(r, l);
	rig_next(r, l);
	rig_answer(r, l, job, 1, OUT_THROTTLED);
	dispatch_link_up(r->d, l, false, r->now);
	assert_int_equal(dispatch_window_used(r->d, l), 1); /* only what was sent */
	assert_int_equal(dispatch_unit(job, 1), UNIT_WAITING);
	assert_int_equal(dispatch_unit(job, 4), UNIT_WAITING);
	rig_answer(r, l, job, 0, OUT_LOST);
	assert_int_equal(dispatch_unit(job, 0), UNIT_OCTET(UNIT_WAITING, 1, 0));
	rig_commit(r);
	assert_int_equal(dispatch_window_used(r->d, l), 0);
	assert_false(rig_begin(r));
	dispatch_link_up(r->d, l, true, r->now);
	rig_commit(r);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(rig_next(r, l), i); /* nearest first, also after a break */
}

static void test_second_answer_changes_nothing(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	rig_commit(r);
	rig_next(r, l);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	rig_answer(r, l, job, 0, OUT_REFUSED);
	rig_answer(r, l, job, 99, OUT_ACCEPTED); /* never given out */
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 1);
	assert_int_equal(job->sums.n[UNIT_REFUSED], 0);
	dispatch_link_params(r->d, l, 4, 0); /* no room for another */
	rig_commit(r);
	assert_int_equal(dispatch_window_used(r->d, l), 4);
}

static void test_withdraw(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100000, l);

	rig_commit(r);
	rig_next(r, l);
	rig_next(r, l);
	rig_next(r, l);
	rig_answer(r, l, job, 2, OUT_LOST); /* in doubt */
	dispatch_withdraw(r->d, job, UNIT_WITHDRAWN, r->now);
	assert_int_equal(rig_next(r, l), UINT32_MAX);
	assert_int_equal(job->sums.n[UNIT_WITHDRAWN], 100000 - 3);
	assert_int_equal(job->sums.n[UNIT_UNKNOWN], 1);
	assert_int_equal(job->sums.n[UNIT_HANDED], 2);
	assert_int_equal(job->state, JOB_WITHDRAWN);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	rig_answer(r, l, job, 1, OUT_TRANSIENT); /* answered: not received, and not tried again */
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 1);
	assert_int_equal(rig_state(job, 1), UNIT_WITHDRAWN);
	assert_false(dispatch_job_at_rest(job));
	while (rig_commit(r))
		;
	assert_true(dispatch_job_at_rest(job));
	dispatch_remove_job(r->d, job);
	assert_null(dispatch_job(r->d, 1));
	assert_false(rig_begin(r));
}

static void test_withdraw_bulk_waits_behind(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 4096 * 1000, l);

	dispatch_withdraw(r->d, job, UNIT_WITHDRAWN, r->now);
	rig_job(r, 2, 5, l);
	assert_true(rig_begin(r));
	assert_int_equal(r->batch->n, 1 + BULK_MAX);
	rig_end(r);
	assert_int_equal(rig_next(r, l), 0);
}

static void test_expiry(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct job_spec spec = rig_spec(1, 100, &l, 1);
	struct dispatch_job *job;

	spec.expires_us = r->now + 10;
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_commit(r);
	assert_true(dispatch_next_us(r->d, r->now) == r->now + 10);
	r->now += 9;
	assert_int_equal(rig_next(r, l), 0);
	r->now += 1;
	assert_int_equal(rig_next(r, l), UINT32_MAX); /* also without a run between */
	assert_int_equal(job->state, JOB_EXPIRED);
	assert_int_equal(job->sums.n[UNIT_EXPIRED], 99);
	rig_answer(r, l, job, 0, OUT_LOST);
	assert_int_equal(rig_state(job, 0), UNIT_UNKNOWN);
}

static void test_deadline_order(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 6, 0);
	struct job_spec spec = rig_spec(1, 2, &l, 1);
	static const uint64_t order[] = {4, 2, 3};
	struct handed h;

	dispatch_add_job(r->d, &spec, NULL, NULL); /* id 1: the latest */
	spec.id = 2;
	spec.deadline_us = -5 * (int64_t)S; /* long overdue */
	dispatch_add_job(r->d, &spec, NULL, NULL);
	spec.id = 3;
	spec.deadline_us = 1001 * S;
	dispatch_add_job(r->d, &spec, NULL, NULL);
	spec.id = 4;
	spec.kind = JOB_BROADCAST;
	spec.deadline_us = 9000 * S;
	dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_commit(r);
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(dispatch_next(r->d, l, r->now, &h));
		assert_int_equal(h.job->spec.id, order[i / 2]);
		assert_int_equal(h.unit, i % 2);
	}
}

static void test_next_many_is_of_one_job(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 100, 0);
	struct dispatch_job *a = rig_job(r, 1, 7, l), *b = rig_job(r, 2, 50, l);
	struct handed first;
	uint32_t units[32];

	rig_commit(r);
	assert_int_equal(dispatch_next_many(r->d, l, r->now, &first, units, 32), 7);
	assert_ptr_equal(first.job, a);
	assert_int_equal(units[6], 6);
	assert_int_equal(dispatch_next_many(r->d, l, r->now, &first, units, 32), 32);
	assert_ptr_equal(first.job, b);
	assert_int_equal(units[31], 31);
	assert_true(a->first_us == r->now);
}

static void test_accepted_many(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 8, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);
	uint32_t units[10];

	rig_commit(r);
	for (int i = 0; i < 5; i++)
		rig_next(r, l);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	rig_answer(r, l, job, 1, OUT_REFUSED);
	rig_answer(r, l, job, 2, OUT_THROTTLED); /* not with the peer */
	assert_int_equal(dispatch_accepted_many(r->d, l, job, 0, units, 10), 3);
	assert_int_equal(units[0], 0);
	assert_int_equal(units[1], 3);
	assert_int_equal(units[2], 4);
	assert_int_equal(dispatch_accepted_many(r->d, l, job, 1, units, 1), 1);
	assert_int_equal(units[0], 3);
	assert_int_equal(dispatch_accepted_many(r->d, l, job, 5, units, 10), 0);
}

/* --- restarts --- */

static void test_restart_counts_attempts(void **state)
{
	struct rig *r = *state;
	struct dispatch_job *job;
	uint16_t l;

	for (unsigned int i = 0; i < 4; i++) {
		rig_crash(r);
		l = rig_link(r, 2, 0);
		job = rig_job(r, 1, 3, l);
		rig_load(r);
		rig_commit(r);
		if (i == 3)
			break;
		assert_int_equal(rig_next(r, l), 0);
		assert_int_equal(UNIT_ATTEMPT(dispatch_unit(job, 0)), i + 1);
	}
	assert_int_equal(rig_state(job, 0), UNIT_UNKNOWN); /* three times in doubt: never again */
	assert_int_equal(rig_state(job, 1), UNIT_UNKNOWN); /* also what was only reserved */
	assert_int_equal(rig_next(r, l), 2);
}

static void test_restart_keeps_answers(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 10000, l);

	rig_commit(r);
	for (uint32_t i = 0; i < 5; i++)
		rig_next(r, l);
	rig_answer(r, l, job, 0, OUT_ACCEPTED);
	rig_answer(r, l, job, 1, OUT_REFUSED);
	rig_commit(r);
	rig_answer(r, l, job, 2, OUT_ACCEPTED); /* not durable */
	rig_crash(r);
	l = rig_link(r, 5, 0);
	job = rig_job(r, 1, 10000, l);
	rig_load(r);
	assert_int_equal(rig_state(job, 0), UNIT_ACCEPTED);
	assert_int_equal(rig_state(job, 1), UNIT_REFUSED);
	assert_int_equal(dispatch_unit(job, 2), UNIT_OCTET(UNIT_WAITING, 1, 0));
	assert_int_equal(job->sums.n[UNIT_WAITING], 9998);
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 1);
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 2);
}

static void test_withdrawn_after_restart(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);

	rig_commit(r);
	rig_crash(r);
	l = rig_link(r, 5, 0);
	job = rig_job(r, 1, 100, l);
	rig_load(r);
	dispatch_withdraw(r->d, job, UNIT_WITHDRAWN, r->now);
	assert_int_equal(job->sums.n[UNIT_UNKNOWN], 5); /* nobody knows whether they were sent */
	assert_int_equal(job->sums.n[UNIT_WITHDRAWN], 95);
	rig_commit(r);
	assert_int_equal(rig_next(r, l), UINT32_MAX);
}

static void test_load_refuses(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 5, 0);
	struct dispatch_job *job = rig_job(r, 1, 100, l);
	uint8_t blob[CHUNK_ENCODED_MAX];
	struct chunk c;
	int len;

	chunk_init(&c, 0, 16, 7, UNIT_OCTET(UNIT_WAITING, 3, 0)); /* by a link that is gone, attempts spent */
	len = chunk_encode(&c, blob, sizeof(blob));
	assert_int_equal(dispatch_load_chunk(r->d, job, 7, blob, len, 0), -ERANGE);
	assert_int_equal(dispatch_load_chunk(r->d, job, 1, blob, len, 0), -EBADMSG);
	assert_int_equal(dispatch_load_chunk(r->d, job, 0, blob, len - 1, 0), -EBADMSG);
	assert_int_equal(job->sums.n[UNIT_WAITING], 100);
	assert_int_equal(dispatch_load_chunk(r->d, job, 0, blob, len, 4), 0);
	assert_int_equal(job->sums.n[UNIT_UNKNOWN], 16);
	assert_int_equal(job->link_sums[0].n[UNIT_WAITING], 84);
	assert_int_equal(dispatch_unit_link(job, 0), l);
}

static void test_keys(void **state)
{
	char key[DISPATCH_KEY_LEN];
	uint64_t id;
	uint32_t no;

	(void)state;
	dispatch_key(key, 0x1234, 0xABCDEF);
	assert_string_equal(key, "0000000000001234/00abcdef");
	assert_int_equal(dispatch_key_parse(key, &id, &no), 0);
	assert_true(id == 0x1234 && no == 0xABCDEF);
	assert_int_equal(dispatch_key_parse("0000000000001234/00abcde", &id, &no), -EBADMSG);
	assert_int_equal(dispatch_key_parse("0000000000001234/00abcdeG", &id, &no), -EBADMSG);
	assert_int_equal(dispatch_key_parse("0000000000001234-00abcdef", &id, &no), -EBADMSG);
	assert_int_equal(dispatch_key_parse("", &id, &no), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_before_durable),
		TEST(test_slot_until_answer_durable),
		TEST(test_failed_batch_is_offered_again),
		TEST(test_one_batch_at_a_time),
		TEST(test_reservations_are_short),
		TEST(test_parts_hold_slots),
		TEST(test_runs_are_their_units),
		TEST(test_window_changes_keep_count),
		TEST(test_transient_comes_again),
		TEST(test_retry_at_most_15_s),
		TEST(test_lost_three_times_is_unknown),
		TEST(test_repeatable_is_never_unknown_for_its_attempts),
		TEST(test_throttled_comes_first_and_in_order),
		TEST(test_down_gives_back_unsent),
		TEST(test_second_answer_changes_nothing),
		TEST(test_withdraw),
		TEST(test_withdraw_bulk_waits_behind),
		TEST(test_expiry),
		TEST(test_deadline_order),
		TEST(test_next_many_is_of_one_job),
		TEST(test_accepted_many),
		TEST(test_restart_counts_attempts),
		TEST(test_restart_keeps_answers),
		TEST(test_withdrawn_after_restart),
		TEST(test_load_refuses),
		TEST(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

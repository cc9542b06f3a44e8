/* Dispatch: several links of one group, texts for some only, memory and ledger of large jobs. */
#include "tests/rig.h"

static void answer_all(struct rig *r, uint16_t l, enum outcome o)
{
	struct handed h;

	while (dispatch_next(r->d, l, r->now, &h))
		rig_answer(r, l, h.job, h.unit, o);
}

/* Until nothing more is done by these links. */
static void work(struct rig *r, const uint16_t *links, size_t n)
{
	while (rig_begin(r)) {
		rig_end(r);
		for (size_t i = 0; i < n; i++)
			answer_all(r, links[i], OUT_ACCEPTED);
	}
}

static void test_shares(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 10, 0), rig_link(r, 10, 0), rig_link(r, 10, 0)};
	static const double shares[] = {0.5, 0.4, 0.1};
	struct job_spec spec = rig_spec(1, 4096 * 200, links, 3);
	struct dispatch_job *job;

	spec.shares = shares;
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	assert_int_equal(job->n_chunks, 200);
	assert_int_equal(job->link_sums[0].n[UNIT_WAITING], 100 * 4096);
	assert_int_equal(job->link_sums[1].n[UNIT_WAITING], 80 * 4096);
	assert_int_equal(job->link_sums[2].n[UNIT_WAITING], 20 * 4096);
	/* Near chunks are spread as well as far ones. */
	assert_int_equal(dispatch_unit_link(job, 0), links[0]);
	assert_int_equal(dispatch_unit_link(job, 4096), links[1]);
	assert_int_equal(dispatch_unit_link(job, 4096 * 9), dispatch_unit_link(job, 4096 * 199));
}

static void test_small_jobs_are_shared_too(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 1000, 0), rig_link(r, 1000, 0)};
	struct job_spec spec = rig_spec(1, 100, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	assert_int_equal(job->n_chunks, 7);
	rig_commit(r);
	assert_true(job->link_sums[0].n[UNIT_HANDED] >= 48);
	assert_int_equal(job->sums.n[UNIT_HANDED], 100);
}

/* The nearest chunks of a link that is down go to its sibling first. */
static void test_down_sibling(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 160, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	rig_commit(r);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(rig_next(r, links[0]), i);
	dispatch_link_up(r->d, links[0], false, r->now);
	for (uint32_t i = 0; i < 5; i++)
		rig_answer(r, links[0], job, i, OUT_LOST);
	for (uint32_t i = 16; i < 32; i++) {
		assert_int_equal(rig_next(r, links[1]), i);
		rig_answer(r, links[1], job, i, OUT_ACCEPTED);
	}
	assert_true(rig_begin(r));
	assert_int_equal(dispatch_unit_link(job, 0), links[1]);
	assert_int_equal(rig_next(r, links[1]), UINT32_MAX); /* the new owner is not durable yet */
	rig_end(r);
	assert_int_equal(rig_next(r, links[1]), 0);
	assert_int_equal(UNIT_ATTEMPT(dispatch_unit(job, 0)), 2);
	rig_answer(r, links[1], job, 0, OUT_ACCEPTED);
	work(r, &links[1], 1);
	/* What units given out before count on. */
	answer_all(r, links[1], OUT_ACCEPTED);
	assert_int_equal(job->sums.n[UNIT_WAITING], 0);
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 0);
	assert_int_equal(job->link_sums[1].n[UNIT_ACCEPTED], 160);
}

static void test_new_owner_survives_restart(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), dispatch_add_link(r->d, "down", 16, 0, 5)};
	struct job_spec spec = rig_spec(1, 64, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	work(r, links, 1);
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 64);
	rig_crash(r);
	links[0] = rig_link(r, 16, 0);
	links[1] = rig_link(r, 16, 0);
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	assert_int_equal(dispatch_unit_link(job, 16), links[1]);
	rig_load(r);
	assert_int_equal(dispatch_unit_link(job, 16), links[0]);
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 64);
	assert_int_equal(job->link_sums[1].n[UNIT_ACCEPTED], 0);
}

/* A link with nothing left takes the last chunks of a working sibling. */
static void test_idle_takes_from_working(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 320, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);
	uint32_t unit;

	while (rig_begin(r)) { /* the second never answers */
		rig_end(r);
		while ((unit = rig_next(r, links[0])) != UINT32_MAX)
			rig_answer(r, links[0], job, unit, OUT_ACCEPTED);
	}
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 304);
	assert_int_equal(job->sums.n[UNIT_HANDED], 16);
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 304);
}

/* A begun chunk stays with its link, unless that is slow and the other much faster. */
static void test_begun_chunk(void **state)
{
	struct rig *r = *state;
	uint16_t equal[] = {rig_link(r, 8, 100), rig_link(r, 8, 100)},
		 uneven[] = {rig_link(r, 8, 1), rig_link(r, 8, 100)};
	struct job_spec spec = rig_spec(1, 32, equal, 2);
	struct dispatch_job *a, *b;

	spec.n_units = 16;
	a = dispatch_add_job(r->d, &spec, NULL, NULL);
	spec = rig_spec(2, 16, uneven, 2);
	b = dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_commit(r);
	assert_int_equal(dispatch_unit_link(a, 0), equal[0]);
	assert_int_equal(dispatch_unit_link(b, 0), uneven[1]);
	assert_int_equal(dispatch_window_used(r->d, equal[1]), 0);
	assert_int_equal(dispatch_window_used(r->d, uneven[1]), 8);
	/* The slow one still answers for what it had. */
	assert_int_equal(rig_next(r, uneven[0]), 0);
	rig_answer(r, uneven[0], b, 0, OUT_ACCEPTED);
	assert_int_equal(b->sums.n[UNIT_ACCEPTED], 1);
	assert_int_equal(b->link_sums[1].n[UNIT_ACCEPTED], 1);
}

/* Up, but without an answer for ten seconds: as good as down. */
static void test_stuck_sibling(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 4, 0), rig_link(r, 4, 0)};
	struct job_spec spec = rig_spec(1, 16, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	rig_commit(r);
	while (rig_next(r, links[0]) != UINT32_MAX)
		;
	rig_commit(r);
	r->now += STUCK_US;
	assert_false(rig_begin(r));
	r->now += 1;
	rig_commit(r);
	assert_int_equal(dispatch_unit_link(job, 0), links[1]);
	assert_int_equal(rig_next(r, links[1]), 4);
	rig_answer(r, links[0], job, 3, OUT_LOST);
	assert_int_equal(rig_state(job, 3), UNIT_WAITING);
}

/* A retry moves with its chunk. */
/* A link whose trial failed: the nearest chunks go to its sibling, it begins with its farthest one. */
static void test_suspect_sibling(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 16 * 8, links, 2);
	struct dispatch_job *job;
	static const uint32_t near[] = {0, 1, 2, 3};

	dispatch_link_suspect(r->d, links[0], true);
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	assert_int_equal(dispatch_unit_link(job, 0), links[0]); /* as planned */
	rig_commit(r);
	assert_int_equal(rig_next(r, links[0]), 16 * 6); /* of its chunks 0, 2, 4, 6 */
	for (unsigned int c = 0; c < 4; c++) {
		for (uint32_t i = 0; i < 16; i++) {
			assert_int_equal(rig_next(r, links[1]), 16 * near[c] + i);
			rig_answer(r, links[1], job, 16 * near[c] + i, OUT_ACCEPTED);
		}
		rig_commit(r);
	}
	dispatch_link_suspect(r->d, links[0], false);
	rig_answer(r, links[0], job, 16 * 6, OUT_ACCEPTED);
	work(r, links, 2);
	assert_int_equal(job->sums.n[UNIT_ACCEPTED] + job->sums.n[UNIT_HANDED], 16 * 8);
}

/* Alone, or beside others that are no better, it does all as usual. */
static void test_suspect_without_a_better_one(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 16 * 4, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	dispatch_link_suspect(r->d, links[0], true);
	dispatch_link_suspect(r->d, links[1], true);
	rig_commit(r);
	assert_int_equal(rig_next(r, links[0]), 0);
	assert_int_equal(rig_next(r, links[1]), 16);
	dispatch_link_suspect(r->d, links[1], false);
	dispatch_link_up(r->d, links[1], false, r->now);
	rig_answer(r, links[0], job, 0, OUT_ACCEPTED);
	rig_answer(r, links[1], job, 16, OUT_LOST);
	work(r, links, 1);
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 16 * 4);
}

/* The only chunk is left to the sibling that works. */
static void test_suspect_gets_no_first_chunk(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 10, links, 2);
	struct dispatch_job *job;

	dispatch_link_suspect(r->d, links[0], true);
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_commit(r);
	assert_int_equal(rig_next(r, links[0]), UINT32_MAX);
	assert_int_equal(rig_next(r, links[1]), 0);
	assert_int_equal(dispatch_unit_link(job, 9), links[1]);
}

static void test_retry_moves(void **state)
{
	struct rig *r = *state;
	uint16_t links[] = {rig_link(r, 16, 0), rig_link(r, 16, 0)};
	struct job_spec spec = rig_spec(1, 16, links, 2);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, NULL, NULL);

	rig_commit(r);
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(rig_next(r, links[0]), i);
		rig_answer(r, links[0], job, i, i == 9 ? OUT_TRANSIENT : OUT_ACCEPTED);
	}
	dispatch_link_up(r->d, links[0], false, r->now);
	rig_commit(r);
	assert_int_equal(rig_next(r, links[1]), 9);
	rig_answer(r, links[1], job, 9, OUT_ACCEPTED);
	rig_commit(r);
	r->now += 2 * S; /* the first's own retry is void */
	dispatch_link_up(r->d, links[0], true, r->now);
	dispatch_run(r->d, r->now);
	assert_int_equal(job->state, JOB_DONE);
	assert_int_equal(job->sums.n[UNIT_ACCEPTED], 16);
}

static uint8_t only_even(void *arg, uint32_t unit, uint32_t *same)
{
	(void)arg;
	return unit % 2 ? UNIT_EXCLUDED : UNIT_WAITING;
}

static uint8_t as_earlier(void *arg, uint32_t unit, uint32_t *same)
{
	const struct dispatch_job *earlier = arg;

	*same = dispatch_unit_same(earlier, unit);
	return UNIT_STATE(dispatch_unit(earlier, unit)) == UNIT_ACCEPTED ? UNIT_WAITING : UNIT_EXCLUDED;
}

/* By chunks, where these are all alike, comes to the same as by units. */
static void test_initial_by_chunks(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1000, 0);
	struct job_spec spec = rig_spec(1, 64 * 128 + 5, &l, 1), found = rig_spec(2, spec.n_units, &l, 1);
	struct dispatch_job *one = dispatch_add_job(r->d, &spec, NULL, NULL), *two;

	rig_commit(r);
	for (uint32_t i = 0; i < 200; i++) {
		struct handed h;

		assert_true(dispatch_next(r->d, l, r->now, &h));
		dispatch_answer(r->d, l, h.job, h.unit, i % 7 ? OUT_ACCEPTED : OUT_REFUSED, r->now);
	}
	dispatch_withdraw(r->d, one, UNIT_WITHDRAWN, r->now);
	two = dispatch_add_job(r->d, &found, as_earlier, one);
	assert_int_equal(two->sums.n[UNIT_WAITING], one->sums.n[UNIT_ACCEPTED]);
	assert_int_equal(two->sums.n[UNIT_WAITING] + two->sums.n[UNIT_EXCLUDED], found.n_units);
	assert_int_equal(two->link_sums[0].n[UNIT_EXCLUDED], two->sums.n[UNIT_EXCLUDED]);
	for (uint32_t u = 0; u < found.n_units; u++)
		assert_int_equal(UNIT_STATE(dispatch_unit(two, u)) == UNIT_WAITING,
				 UNIT_STATE(dispatch_unit(one, u)) == UNIT_ACCEPTED);
	assert_true(rig_begin(r));
	assert_true(r->batch->n >= two->n_chunks); /* who is excluded is durable before the first leaves */
	rig_end(r);
}

static void test_initial(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 3, 0);
	struct job_spec spec = rig_spec(1, 4096 * 64, &l, 1);
	struct dispatch_job *job = dispatch_add_job(r->d, &spec, only_even, NULL);

	assert_true(rig_begin(r));
	assert_int_equal(r->batch->n, 64); /* who is excluded is durable before the first leaves */
	rig_end(r);
	assert_int_equal(job->sums.n[UNIT_EXCLUDED], 2048 * 64);
	assert_int_equal(rig_next(r, l), 0);
	assert_int_equal(rig_next(r, l), 2);
	assert_int_equal(rig_next(r, l), 4);
	rig_crash(r);
	l = rig_link(r, 3, 0);
	job = dispatch_add_job(r->d, &spec, NULL, NULL);
	rig_load(r);
	assert_int_equal(job->sums.n[UNIT_EXCLUDED], 2048 * 64);
}

static void test_empty_job(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 3, 0);
	struct dispatch_job *job = rig_job(r, 1, 0, l);

	assert_false(rig_begin(r));
	assert_int_equal(job->state, JOB_DONE);
	assert_true(dispatch_job_at_rest(job));
	dispatch_remove_job(r->d, job);
}

/* Ten million recipients: nothing to write at first, < 2 MiB of ledger and < 3 MiB of memory at the end. */
static void test_ten_million(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1000, 0);
	size_t before = talloc_total_size(r->d);
	struct dispatch_job *job = rig_job(r, 1, 10000000, l);
	uint64_t seed = 88172645463325252u;
	struct handed h;

	assert_true(talloc_total_size(r->d) - before < 300000);
	assert_false(dispatch_take_batch(r->d, store_batch_new(r)));
	while (rig_begin(r)) {
		rig_end(r);
		while (dispatch_next(r->d, l, r->now, &h)) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			rig_answer(r, l, job, h.unit, seed % 100 == 0 ? OUT_REFUSED : OUT_ACCEPTED);
		}
	}
	assert_int_equal(job->sums.n[UNIT_ACCEPTED] + job->sums.n[UNIT_REFUSED], 10000000);
	assert_true(store_memory_octets(r->store, STORE_CHUNK) < 2u << 20);
	assert_true(talloc_total_size(r->d) - before < 3u << 20);
}

/* With the send path's work at window 1000 nothing is allocated but the batch and a chunk's octets. */
static void test_allocates_per_chunk_only(void **state)
{
	struct rig *r = *state;
	uint16_t l = rig_link(r, 1000, 0);
	struct dispatch_job *job = rig_job(r, 1, 1000000, l);
	size_t blocks;
	struct handed h;

	rig_commit(r);
	answer_all(r, l, OUT_ACCEPTED);
	rig_commit(r);
	rig_commit(r);
	blocks = talloc_total_blocks(r->d);
	while (dispatch_next(r->d, l, r->now, &h))
		rig_answer(r, l, job, h.unit, OUT_ACCEPTED);
	dispatch_run(r->d, r->now);
	assert_true(talloc_total_blocks(r->d) <= blocks + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shares),
		TEST(test_small_jobs_are_shared_too),
		TEST(test_down_sibling),
		TEST(test_new_owner_survives_restart),
		TEST(test_idle_takes_from_working),
		TEST(test_begun_chunk),
		TEST(test_stuck_sibling),
		TEST(test_suspect_sibling),
		TEST(test_suspect_without_a_better_one),
		TEST(test_suspect_gets_no_first_chunk),
		TEST(test_retry_moves),
		TEST(test_initial),
		TEST(test_initial_by_chunks),
		TEST(test_empty_job),
		TEST(test_ten_million),
		TEST(test_allocates_per_chunk_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

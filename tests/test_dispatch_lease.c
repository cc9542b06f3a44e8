/* Dispatch: two gateways over one store. */
#include "tests/rig.h"
#include "gateway/dispatch_lease.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/utils.h>

#define LEASE_US (2 * S)
#define OUT_MAX	 64

struct sent {
	uint32_t unit;
	uint64_t answer_us;
};

/* A gateway: its commits take a while, its carrier's answers too. */
struct node {
	const char *name;
	struct dispatch *d; /* NULL: dead */
	uint16_t link;
	struct dispatch_job *job;
	struct store_batch *batch;
	uint64_t commit_us, asleep_us;
	struct sent out[OUT_MAX];
	size_t n_out;
	unsigned int handed, refused, shift;
};

struct world {
	struct store *store;
	uint64_t now, rnd;
	uint32_t units, window;
	unsigned int left; /* leases at the end */
	uint8_t *copies;
	struct node node[2];
};

static uint64_t rnd(struct world *w, uint64_t below)
{
	w->rnd = w->rnd * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (w->rnd >> 33) % below;
}

static int load_one(void *arg, const struct store_rec *rec)
{
	struct node *n = arg;
	uint64_t id;
	uint32_t no;

	assert_int_equal(dispatch_key_parse(rec->key, &id, &no), 0);
	return dispatch_load_chunk(n->d, n->job, no, rec->value, rec->len, rec->epoch);
}

static void node_start(struct world *w, struct node *n)
{
	struct job_spec spec = rig_spec(1, w->units, &n->link, 1);

	n->d = dispatch_new(w);
	dispatch_share(n->d, n->name, LEASE_US, 5000);
	n->link = dispatch_add_link(n->d, n->name, w->window, 0, 5);
	dispatch_link_up(n->d, n->link, true, w->now);
	n->job = dispatch_add_job(n->d, &spec, NULL, NULL);
	n->n_out = 0;
	n->shift = n->job->chunk_shift;
	assert_int_equal(w->store->ops->load(w->store, STORE_CHUNK, load_one, n), 0);
}

static void apply(struct world *w, struct node *n)
{
	int rc = w->store->ops->apply(w->store, n->batch->recs, n->batch->n);

	assert_true(rc == 0 || rc == -EBUSY || rc == -ESTALE);
	n->refused += rc < 0;
	dispatch_batch_done(n->d, n->batch->tag, rc, w->now);
	TALLOC_FREE(n->batch);
}

static void node_die(struct world *w, struct node *n)
{
	if (n->batch && rnd(w, 2)) /* nobody will know that it is durable */
		w->store->ops->apply(w->store, n->batch->recs, n->batch->n);
	TALLOC_FREE(n->batch);
	TALLOC_FREE(n->d);
}

static void look(struct world *w, struct node *n)
{
	char key[DISPATCH_KEY_LEN];
	struct store_lease lease;

	while (dispatch_look(n->d, w->now, key, &lease)) {
		int rc = w->store->ops->lease(w->store, &lease);
		void *blob;
		size_t len;

		assert_true(rc == 0 || rc == -EBUSY);
		if (w->store->ops->get(w->store, STORE_CHUNK, key, w, &blob, &len) < 0)
			blob = NULL;
		assert_int_equal(dispatch_looked(n->d, &lease, rc, blob, len, w->now), 0);
	}
}

static void answers(struct world *w, struct node *n)
{
	for (size_t i = 0; i < n->n_out;)
		if (n->out[i].answer_us <= w->now) {
			dispatch_answer(n->d, n->link, n->job, n->out[i].unit, OUT_ACCEPTED, w->now);
			n->out[i] = n->out[--n->n_out];
		} else {
			i++;
		}
}

static void node_step(struct world *w, struct node *n)
{
	struct handed h;

	if (!n->d || w->now < n->asleep_us)
		return;
	if (n->batch && w->now >= n->commit_us)
		apply(w, n);
	look(w, n);
	answers(w, n);
	dispatch_run(n->d, w->now);
	if (!n->batch) {
		n->batch = store_batch_new(w);
		n->commit_us = w->now + rnd(w, 5000);
		if (!dispatch_take_batch(n->d, n->batch))
			TALLOC_FREE(n->batch);
	}
	while (dispatch_next(n->d, n->link, w->now, &h)) {
		assert_true(n->n_out < OUT_MAX);
		w->copies[h.unit]++;
		n->handed++;
		n->out[n->n_out++] = (struct sent){h.unit, w->now + rnd(w, 20000)};
	}
}

static struct world *world_new(uint64_t seed, uint32_t units)
{
	struct world *w = talloc_zero(NULL, struct world);
	char err[80];

	*w = (struct world){.now = 1000 * S, .rnd = seed, .units = units, .node = {{.name = "node-a"}, {.name = "node-b"}}};
	w->window = 1 + rnd(w, 40);
	w->copies = talloc_zero_array(w, uint8_t, units);
	assert_int_equal(store_memory.open(w, "memory:", &w->store, err, sizeof(err)), 0);
	for (int i = 0; i < 2; i++)
		node_start(w, &w->node[i]);
	return w;
}

static bool node_done(const struct node *n)
{
	return n->d && !n->batch && dispatch_job_at_rest(n->job);
}

/* All that live and are awake know the end of all. */
static bool done(const struct world *w)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		const struct node *n = &w->node[i];

		if (n->d && w->now >= n->asleep_us && !dispatch_deposed(n->d) && !node_done(n))
			return false;
		any |= node_done(n);
	}
	return any;
}

static void run(struct world *w, uint64_t until_us)
{
	uint64_t end_us = w->now + 600 * S;

	while (w->now < until_us && !done(w)) {
		assert_true(w->now < end_us);
		for (int i = 0; i < 2; i++)
			node_step(w, &w->node[i]);
		w->now += 1 + rnd(w, 2000);
	}
}

/* Who dies or is deposed while it looks at what is done leaves a lease on it: no other. */
static int left_over(void *arg, const struct store_rec *rec)
{
	const char *key = rec->key + strlen(STORE_LEASE_PREFIX);
	struct world *w = arg;
	struct chunk c;
	uint32_t no, size = 1u << w->node[0].shift;
	uint64_t id;
	void *blob;
	size_t len;

	w->left++;
	assert_int_equal(dispatch_key_parse(key, &id, &no), 0);
	chunk_init(&c, no, OSMO_MIN(size, w->units - no * size), 0, 0);
	assert_int_equal(w->store->ops->get(w->store, STORE_CHUNK, key, w, &blob, &len), 0);
	assert_int_equal(chunk_decode(w, &c, blob, len), 0);
	return c.n[UNIT_ACCEPTED] < c.count;
}

static void check(struct world *w, uint32_t repeats_max, const char *what, uint64_t seed)
{
	uint32_t repeats = 0;

	for (uint32_t u = 0; u < w->units; u++) {
		if (w->copies[u] < 1 || w->copies[u] > 3)
			fail_msg("%s, seed %u: unit %u has %u copies", what, (unsigned int)seed, u, w->copies[u]);
		repeats += w->copies[u] - 1;
	}
	if (repeats > repeats_max)
		fail_msg("%s, seed %u: %u repeats, at most %u", what, (unsigned int)seed, repeats, repeats_max);
	w->left = 0;
	assert_int_equal(w->store->ops->load(w->store, STORE_META, left_over, w), 0);
}

static void test_each_by_one(void **state)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct world *w = world_new(seed, 200 + seed * 20);

		run(w, UINT64_MAX);
		check(w, 0, "two that live", seed);
		assert_int_equal(w->left, 0);
		assert_true(w->node[0].handed > 0 && w->node[1].handed > 0);
		talloc_free(w);
	}
}

static void test_dead_ones_work_is_taken_over(void **state)
{
	unsigned int repeats = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct world *w = world_new(seed, 4000);
		struct node *dead = &w->node[seed & 1], *other = &w->node[!(seed & 1)];

		run(w, w->now + rnd(w, 2 * S));
		node_die(w, dead);
		if (seed & 2) /* it comes back before or after its leases are over */
			run(w, w->now + rnd(w, 2 * LEASE_US));
		if (seed & 2 && !node_done(other))
			node_start(w, dead);
		run(w, UINT64_MAX);
		check(w, w->window, "one dies", seed);
		for (uint32_t u = 0; u < w->units; u++)
			repeats += w->copies[u] - 1;
		talloc_free(w);
	}
	assert_true(repeats > 0); /* or nothing was tried */
}

/* It sleeps over its leases' end: what it wakes up with is no longer its own. */
static void test_sleeper_is_deposed(void **state)
{
	unsigned int deposed = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct world *w = world_new(seed, 3000);
		struct node *sleeper = &w->node[seed & 1];

		run(w, w->now + rnd(w, 500000));
		sleeper->asleep_us = w->now + 2 * LEASE_US;
		run(w, UINT64_MAX);
		check(w, w->window, "one sleeps", seed);
		if (sleeper->asleep_us > w->now)
			w->now = sleeper->asleep_us;
		for (int i = 0; i < 200; i++, w->now += 5000)
			node_step(w, sleeper);
		check(w, w->window, "one woke up", seed);
		deposed += dispatch_deposed(sleeper->d);
		talloc_free(w);
	}
	assert_true(deposed > 50);
}

/* The store cannot be written any more: before the lease is over nothing more is given out. */
static void test_stops_before_its_lease_ends(void **state)
{
	struct rig *r = *state;
	struct dispatch_job *job;
	uint16_t l;

	dispatch_share(r->d, "node-a", 20 * S, 0);
	l = rig_link(r, 10, 0);
	job = rig_job(r, 1, 100, l);
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 0);
	r->now += 14 * S;
	assert_int_equal(rig_next(r, l), 1);
	r->now += S;
	assert_int_equal(rig_next(r, l), UINT32_MAX);
	assert_true(dispatch_commit_us(r->d, r->now) < UINT64_MAX); /* renews */
	rig_commit(r);
	assert_int_equal(rig_next(r, l), 2);
	assert_int_equal(job->sums.n[UNIT_HANDED], 10);
}

/* Leases ride along: not one commit more, and two rows for each chunk begun. */
static void test_costs_no_commit(void **state)
{
	uint64_t commits[2];
	size_t rows = 0;

	for (int shared = 0; shared < 2; shared++) {
		struct rig *r;
		struct store_health h;
		struct handed out;
		uint16_t l;

		rig_setup((void **)&r);
		if (shared)
			dispatch_share(r->d, "node-a", 20 * S, 0);
		l = rig_link(r, 1000, 0);
		rig_job(r, 1, 100000, l);
		while (rig_begin(r)) {
			for (size_t i = 0; shared && i < r->batch->n; i++)
				rows += r->batch->recs[i].kind == STORE_META;
			rig_end(r);
			while (dispatch_next(r->d, l, r->now, &out))
				rig_answer(r, l, out.job, out.unit, OUT_ACCEPTED);
		}
		r->store->ops->health(r->store, &h);
		commits[shared] = h.commits;
		rig_teardown((void **)&r);
	}
	assert_int_equal(commits[0], commits[1]);
	assert_true(rows >= 2 * 98 && rows <= 5 * 98); /* chunks of 1024; one may be begun again after a pause */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_by_one),
		cmocka_unit_test(test_dead_ones_work_is_taken_over),
		cmocka_unit_test(test_sleeper_is_deposed),
		cmocka_unit_test_setup_teardown(test_stops_before_its_lease_ends, rig_setup, rig_teardown),
		cmocka_unit_test(test_costs_no_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

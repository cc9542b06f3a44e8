#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "gateway/storethread.h"

/* A store that can be held up and told to fail. */
struct slow {
	struct store store;
	atomic_int gate; /* apply waits while it is 0 */
	atomic_int applied, running;
	int rc;
	char order[64];
};

static int slow_apply(struct store *store, const struct store_rec *recs, size_t n)
{
	struct slow *s = (struct slow *)store;

	atomic_fetch_add(&s->running, 1);
	while (!atomic_load(&s->gate))
		usleep(500);
	if (n)
		strncat(s->order, recs[0].key, 8);
	atomic_fetch_add(&s->applied, 1);
	return s->rc;
}

static const struct store_ops slow_ops = {.name = "slow", .apply = slow_apply};

struct bed {
	void *ctx;
	struct slow slow;
	struct storethread *thread;
};

static int up(void **state)
{
	struct bed *b = talloc_zero(NULL, struct bed);

	b->ctx = b;
	b->slow.store.ops = &slow_ops;
	atomic_store(&b->slow.gate, 1);
	assert_int_equal(storethread_start(b->ctx, &b->slow.store, &b->thread), 0);
	*state = b;
	return 0;
}

static int down(void **state)
{
	struct bed *b = *state;

	if (b->thread)
		assert_int_equal(storethread_stop(b->thread, 5000), 0);
	talloc_free(b);
	return 0;
}

static void submit(struct bed *b, uint64_t tag, const char *key)
{
	struct store_batch *batch = store_batch_new(NULL);

	batch->tag = tag;
	store_batch_add(batch, STORE_META, key, "v", 1, 0);
	storethread_submit(b->thread, batch);
}

static bool readable(struct bed *b, int ms)
{
	struct pollfd p = {.fd = storethread_fd(b->thread), .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static struct store_batch *next(struct bed *b)
{
	struct store_batch *batch;

	for (int i = 0; i < 5000; i++) {
		batch = storethread_reap(b->thread);
		if (batch)
			return batch;
		assert_true(readable(b, 5000));
	}
	return NULL;
}

static void batch_keeps_copies(void **state)
{
	struct store_batch *batch = store_batch_new(NULL);
	char key[] = "key", value[] = "value";

	store_batch_add(batch, STORE_CHUNK, key, value, 5, 7);
	store_batch_add(batch, STORE_META, key, NULL, 5, 0);
	store_batch_add(batch, STORE_META, key, "", 0, 0);
	key[0] = value[0] = 'X';
	assert_int_equal(batch->n, 3);
	assert_string_equal(batch->recs[0].key, "key");
	assert_memory_equal(batch->recs[0].value, "value", 5);
	assert_int_equal(batch->recs[0].epoch, 7);
	assert_null(batch->recs[1].value);
	assert_int_equal(batch->recs[1].len, 0);
	assert_non_null(batch->recs[2].value);
	assert_int_equal(batch->recs[2].len, 0);
	talloc_free(batch);
}

static void batch_grows(void **state)
{
	struct store_batch *batch = store_batch_new(NULL);
	char key[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		store_batch_add(batch, STORE_META, key, key, strlen(key), 0);
	}
	assert_int_equal(batch->n, 1000);
	assert_string_equal(batch->recs[999].key, "999");
	talloc_free(batch);
}

static void outcome_comes_back(void **state)
{
	struct bed *b = *state;
	struct store_batch *batch;

	submit(b, 42, "a");
	batch = next(b);
	assert_int_equal(batch->tag, 42);
	assert_int_equal(batch->rc, 0);
	talloc_free(batch);
	assert_null(storethread_reap(b->thread));
	assert_int_equal(storethread_pending(b->thread), 0);
}

static void failure_comes_back(void **state)
{
	struct bed *b = *state;
	struct store_batch *batch;

	b->slow.rc = -ENOSPC;
	submit(b, 1, "a");
	batch = next(b);
	assert_int_equal(batch->rc, -ENOSPC);
	talloc_free(batch);
}

static void order_is_kept(void **state)
{
	struct bed *b = *state;

	atomic_store(&b->slow.gate, 0);
	for (int i = 0; i < 5; i++)
		submit(b, i, (const char[]){"abcde"[i], 0});
	atomic_store(&b->slow.gate, 1);
	for (int i = 0; i < 5; i++) {
		struct store_batch *batch = next(b);

		assert_int_equal(batch->tag, i);
		talloc_free(batch);
	}
	assert_string_equal(b->slow.order, "abcde");
}

static void submit_never_waits(void **state)
{
	struct bed *b = *state;

	atomic_store(&b->slow.gate, 0);
	for (int i = 0; i < 100; i++)
		submit(b, i, "");
	assert_int_equal(storethread_pending(b->thread), 100);
	assert_int_equal(atomic_load(&b->slow.applied), 0);
	assert_false(readable(b, 0));
	atomic_store(&b->slow.gate, 1);
	for (int i = 0; i < 100; i++)
		talloc_free(next(b));
	assert_int_equal(storethread_pending(b->thread), 0);
}

static void one_at_a_time(void **state)
{
	struct bed *b = *state;

	atomic_store(&b->slow.gate, 0);
	submit(b, 1, "a");
	submit(b, 2, "b");
	usleep(20000);
	assert_int_equal(atomic_load(&b->slow.running), 1);
	atomic_store(&b->slow.gate, 1);
	talloc_free(next(b));
	talloc_free(next(b));
}

static void fd_stays_readable_until_all_are_reaped(void **state)
{
	struct bed *b = *state;

	submit(b, 1, "a");
	submit(b, 2, "b");
	while (storethread_pending(b->thread) > 0)
		usleep(500);
	assert_true(readable(b, 1000));
	talloc_free(storethread_reap(b->thread));
	assert_true(readable(b, 0));
	talloc_free(storethread_reap(b->thread));
	assert_false(readable(b, 0));
}

static void fd_is_quiet_without_work(void **state)
{
	struct bed *b = *state;

	assert_false(readable(b, 5));
	assert_null(storethread_reap(b->thread));
}

static void stop_finishes_the_queue(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 50; i++)
		submit(b, i, "");
	assert_int_equal(storethread_stop(b->thread, 5000), 0);
	b->thread = NULL;
	assert_int_equal(atomic_load(&b->slow.applied), 50);
}

static void stop_gives_up_on_a_hung_disk(void **state)
{
	/* Never freed: the thread that hangs still looks at it, as in a process that is about to end. */
	static struct slow hung;
	struct storethread *thread;
	struct store_batch *batch = store_batch_new(NULL);

	hung.store.ops = &slow_ops;
	assert_int_equal(storethread_start(NULL, &hung.store, &thread), 0);
	storethread_submit(thread, batch);
	while (!atomic_load(&hung.running))
		usleep(500);
	assert_int_equal(storethread_stop(thread, 50), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batch_keeps_copies),
		cmocka_unit_test(batch_grows),
		cmocka_unit_test_setup_teardown(outcome_comes_back, up, down),
		cmocka_unit_test_setup_teardown(failure_comes_back, up, down),
		cmocka_unit_test_setup_teardown(order_is_kept, up, down),
		cmocka_unit_test_setup_teardown(submit_never_waits, up, down),
		cmocka_unit_test_setup_teardown(one_at_a_time, up, down),
		cmocka_unit_test_setup_teardown(fd_stays_readable_until_all_are_reaped, up, down),
		cmocka_unit_test_setup_teardown(fd_is_quiet_without_work, up, down),
		cmocka_unit_test_setup_teardown(stop_finishes_the_queue, up, down),
		cmocka_unit_test(stop_gives_up_on_a_hung_disk),
	};

	return cmocka_run_group_tests_name("storethread", tests, NULL, NULL);
}

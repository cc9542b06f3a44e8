/* The subagent's queue, and its life without a master or with one that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "gateway/agentx_queue.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "tests/noc_fake.h"

static void queue_keeps_the_order(void **state)
{
	struct agentx_queue *q = agentx_queue_new("x");
	struct agentx_note note;

	agentx_queue_add(q, NOTIFY_LINK_UP, "a\n", "one");
	agentx_queue_add(q, NOTIFY_LINK_DOWN, "b", NULL);
	assert_true(agentx_queue_take(q, &note));
	assert_int_equal(note.kind, NOTIFY_LINK_UP);
	assert_int_equal(note.sequence, 1);
	assert_string_equal(note.subject, "a?");
	assert_true(agentx_queue_take(q, &note));
	assert_string_equal(note.text, "");
	assert_false(agentx_queue_take(q, &note));
	agentx_queue_put(q);
}

static void queue_drops_the_oldest(void **state)
{
	struct agentx_queue *q = agentx_queue_new("x");
	struct agentx_note note;

	for (int i = 0; i < AGENTX_QUEUE + 10; i++)
		agentx_queue_add(q, NOTIFY_ALERT_ACCEPTED, "a", "b");
	for (uint32_t i = 11; i <= AGENTX_QUEUE + 10; i++) {
		assert_true(agentx_queue_take(q, &note));
		assert_int_equal(note.sequence, i);
	}
	assert_false(agentx_queue_take(q, &note));
	agentx_queue_put(q);
}

static void without_a_path_there_is_no_agent(void **state)
{
	struct agentx *agent = NULL;

	assert_int_equal(agentx_start(NULL, NULL, &agent), -EINVAL);
	assert_int_equal(agentx_start(NULL, "", &agent), -EINVAL);
	agentx_notify(NULL, NOTIFY_LINK_UP, "a", "b");
	assert_false(agentx_connected(NULL));
}

/* A "master" that takes the connection and never answers. */
static int dumb_master(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void a_silent_master_does_not_hold_up_the_stop(void **state)
{
	char dir[] = "/tmp/nocXXXXXX", path[64], uri[80];
	struct agentx *agent;
	uint64_t before;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/master", dir);
	snprintf(uri, sizeof(uri), "unix:%s", path);
	fd = dumb_master(path);
	snapshot_publish(noc_fake());
	before = clock_mono_us();
	assert_int_equal(agentx_start(NULL, uri, &agent), 0);
	assert_true(clock_mono_us() - before < 700000);
	usleep(300000);
	before = clock_mono_us();
	agentx_notify(agent, NOTIFY_ALERT_ACCEPTED, "a", "b");
	assert_true(clock_mono_us() - before < 700000);
	assert_false(agentx_connected(agent));
	before = clock_mono_us();
	agentx_stop(agent);
	assert_true(clock_mono_us() - before < 3000000);
	close(fd);
	unlink(path);
	rmdir(dir);
	snapshot_publish(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_keeps_the_order),
		cmocka_unit_test(queue_drops_the_oldest),
		cmocka_unit_test(without_a_path_there_is_no_agent),
		cmocka_unit_test(a_silent_master_does_not_hold_up_the_stop),
	};

	log_start(NULL, LOGL_NOTICE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

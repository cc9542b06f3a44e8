/* Requests of the control socket as text, and the socket with peers that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "gateway/clock.h"
#include "gateway/control_request.h"
#include "gateway/log.h"
#include "tests/noc_fake.h"

static char asked[2048];

static json_t *op_cancel(void *arg, const char *alert_id, const char *reason, const char *who)
{
	snprintf(asked, sizeof(asked), "cancel %s|%s|%s", alert_id, reason, who);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *op_block(void *arg, const char *link, bool block, const char *who)
{
	snprintf(asked, sizeof(asked), "block %s|%d|%s", link, block, who);
	return NULL;
}

static json_t *op_rate(void *arg, const char *link, double rate, const char *who)
{
	snprintf(asked, sizeof(asked), "rate %s|%g|%s", link, rate, who);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *op_alert_show(void *arg, const char *alert_id)
{
	return strcmp(alert_id, "a") ? NULL : json_pack("{s:s}", "alert_id", "a");
}

static const struct control_ops ops = {.cancel = op_cancel, .block = op_block, .rate = op_rate, .alert_show = op_alert_show};
static const struct control_ops none = {.cancel = NULL};

static void answers(const struct control_ops *o, const char *request, const char *part)
{
	void *ctx = talloc_new(NULL);
	char *text = control_request(ctx, o, request, strlen(request), "me");

	if (!strstr(text, part))
		fail_msg("%s: %s", request, text);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_null(strchr(text, '\n')[1] ? text : NULL);
	talloc_free(ctx);
}

static void requests_are_answered(void **state)
{
	snapshot_publish(NULL);
	answers(&ops, "{\"cmd\":\"status\"}", "still starting");
	snapshot_publish(noc_fake());
	answers(&ops, "{\"cmd\":\"status\"}", "\"alerts\":[{\"alert_id\":\"beijing-7\"");
	answers(&ops, "{\"cmd\":\"alert\",\"alert_id\":\"a\"}", "{\"alert_id\":\"a\"}");
	answers(&ops, "{\"cmd\":\"alert\",\"alert_id\":\"b\"}", "{\"error\":\"no alert is called b\"}");
	answers(&ops, "{\"cmd\":\"cancel\",\"alert_id\":\"a\",\"reason\":\"寻\"}", "{\"ok\":true}");
	assert_string_equal(asked, "cancel a|寻|me");
	answers(&ops, "{\"cmd\":\"block\",\"link\":\"cm-1\",\"block\":true}", "did not answer");
	assert_string_equal(asked, "block cm-1|1|me");
	answers(&ops, "{\"cmd\":\"block\",\"link\":\"cm-1\",\"block\":true,\"reason\":\"ticket 7\"}", "did not answer");
	assert_string_equal(asked, "block cm-1|1|me: ticket 7");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":12.5,\"reason\":\"r\"}", "ok");
	assert_string_equal(asked, "rate cm-1|12.5|me: r");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":null}", "ok");
	assert_string_equal(asked, "rate cm-1|-1|me");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":0.001}", "ok");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":0}", "from 0.001 to 1000000");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":0.0009}", "from 0.001 to 1000000");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":5,\"reason\":\"\"}", "1 to");
	answers(&ops, "{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":5,\"reason\":\"two\\nlines\"}", "on one line");
}

static void bad_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"[]",
		"{}",
		"null",
		"\"status\"",
		"{\"cmd\":1}",
		"{\"cmd\":\"x\"}",
		"{\"cmd\":\"cancel\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":\"a\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":7,\"reason\":\"x\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":\"a\",\"reason\":\"\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":\"\",\"reason\":\"x\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":\"a\",\"reason\":\"x\\ny\"}",
		"{\"cmd\":\"cancel\",\"alert_id\":\"a\\u001b\",\"reason\":\"x\"}",
		"{\"cmd\":\"block\",\"link\":\"cm-1\",\"block\":\"yes\"}",
		"{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":-1}",
		"{\"cmd\":\"rate\",\"link\":\"cm-1\"}",
		"{\"cmd\":\"block\",\"link\":\"\",\"block\":true}",
		"{\"cmd\":\"block\",\"link\":\"cm-1\",\"block\":true,\"reason\":\"\"}",
		"{\"cmd\":\"rate\",\"link\":\"cm-1\",\"rate\":1e-300}",
		"{\"cmd\":\"status\",\"cmd\":\"cancel\"}",
		"{\"cmd\":\"status\"}x",
		"{\"cmd\":\"\\u0000\"}",
		"{\"cmd\":\"\xff\"}",
	};

	asked[0] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		answers(&ops, bad[i], "{\"error\":\"");
	assert_string_equal(asked, "");
}

static void long_fields_are_refused(void **state)
{
	char text[2048], reason[CONTROL_REASON_MAX + 2];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"cmd\":\"cancel\",\"alert_id\":\"a\",\"reason\":\"%s\"}", reason);
	answers(&ops, text, "{\"error\":\"");
	reason[65] = '\0';
	snprintf(text, sizeof(text), "{\"cmd\":\"cancel\",\"alert_id\":\"%s\",\"reason\":\"x\"}", reason);
	answers(&ops, text, "{\"error\":\"");
}

static void a_gateway_without_operations_says_so(void **state)
{
	answers(&none, "{\"cmd\":\"cancel\",\"alert_id\":\"a\",\"reason\":\"x\"}", "cannot cancel");
	answers(&none, "{\"cmd\":\"block\",\"link\":\"a\",\"block\":false}", "cannot block");
	answers(&none, "{\"cmd\":\"alert\",\"alert_id\":\"a\"}", "no alert");
}

static void what_was_asked_is_not_echoed_raw(void **state)
{
	answers(&ops, "{\"cmd\":\"alert\",\"alert_id\":\"\\u001b[2J\"}", "x1B[2J");
	answers(&ops, "{\"cmd\":\"\\u001b[2J\"}", "x1B[2J");
}

/* The socket: the loop runs here, peers in a thread. */
static char dir[] = "/tmp/nocXXXXXX", path[64];
static void *ctx;

static int peer(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/control", dir);
	ctx = talloc_named_const(NULL, 0, "test");
	snapshot_publish(noc_fake());
	return control_listen(ctx, path, &ops);
}

static int teardown(void **state)
{
	struct stat st;

	talloc_free(ctx);
	snapshot_publish(NULL);
	return lstat(path, &st) == 0 ? -1 : rmdir(dir); /* the socket goes with the gateway */
}

/* Turns the loop for so long; returns the longest turn in microseconds. */
static uint64_t turn(unsigned int ms)
{
	uint64_t end = clock_mono_us() + ms * 1000, longest = 0;

	while (clock_mono_us() < end) {
		uint64_t before = clock_mono_us();

		osmo_select_main(1);
		if (clock_mono_us() - before > longest)
			longest = clock_mono_us() - before;
		usleep(500);
	}
	return longest;
}

static void the_socket_is_for_its_owner(void **state)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_living_gateway_is_not_replaced(void **state)
{
	assert_int_equal(control_listen(ctx, path, &ops), -EADDRINUSE);
}

static void other_files_are_not_removed(void **state)
{
	char other[80];
	struct stat st;

	snprintf(other, sizeof(other), "%s/file", dir);
	fclose(fopen(other, "w"));
	assert_int_equal(control_listen(ctx, other, &ops), -EEXIST);
	assert_int_equal(stat(other, &st), 0);
	unlink(other);
}

static void what_a_crash_left_is_replaced(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	void *own = talloc_new(ctx);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/stale", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	assert_int_equal(control_listen(own, sun.sun_path, &ops), 0);
	talloc_free(own);
}

struct question {
	const char *cmd;
	json_t *answer;
	int rc;
	char err[256];
	volatile int done;
};

static void *ask(void *arg)
{
	struct question *q = arg;
	json_t *request = json_pack("{s:s,s:s}", "cmd", q->cmd, "alert_id", "nobody");

	q->rc = control_ask(path, request, &q->answer, q->err, sizeof(q->err));
	json_decref(request);
	q->done = 1;
	return NULL;
}

static void question(struct question *q, const char *cmd)
{
	pthread_t t;

	*q = (struct question){.cmd = cmd};
	assert_int_equal(pthread_create(&t, NULL, ask, q), 0);
	for (int i = 0; i < 500 && !q->done; i++)
		turn(10);
	pthread_join(t, NULL);
}

static void the_client_gets_its_answer(void **state)
{
	struct question q;

	question(&q, "status");
	assert_int_equal(q.rc, 0);
	assert_int_equal(json_array_size(json_object_get(q.answer, "links")), 2);
	json_decref(q.answer);
	question(&q, "alert");
	assert_int_equal(q.rc, -EREMOTEIO);
	assert_string_equal(q.err, "no alert is called nobody");
	assert_null(q.answer);
}

static void the_client_says_when_nobody_listens(void **state)
{
	json_t *request = json_pack("{s:s}", "cmd", "status"), *answer;
	char err[256];

	assert_int_equal(control_ask("/nonexistent/socket", request, &answer, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "is reuniond running?"));
	json_decref(request);
}

static void rude_peers_are_stood(void **state)
{
	static char big[CONTROL_REQUEST_MAX + 100];
	struct question q;
	uint64_t longest = 0;
	int fd[5];

	memset(big, '{', sizeof(big));
	for (int i = 0; i < 5; i++)
		fd[i] = peer();
	assert_int_equal(send(fd[0], "{\"cmd\":", 7, 0), 7);                /* half a request */
	assert_true(send(fd[1], big, sizeof(big), MSG_DONTWAIT) > 0);       /* too much */
	assert_int_equal(send(fd[2], "{\"cmd\":\"status\"}\n", 17, 0), 17); /* takes no answer */
	close(fd[3]);                                                       /* says nothing at all */
	longest = turn(100);
	close(fd[2]);
	longest = turn(100) > longest ? turn(100) : longest;
	assert_true(longest < 50000);
	question(&q, "status");
	assert_int_equal(q.rc, 0);
	json_decref(q.answer);
	close(fd[0]);
	close(fd[1]);
	close(fd[4]);
	turn(50);
}

static bool ended(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void idlers_are_shown_out(void **state)
{
	struct question q;
	int fd[40], gone = 0;

	for (int i = 0; i < 40; i++) {
		fd[i] = peer();
		turn(2);
	}
	turn(100);
	for (int i = 0; i < 40; i++)
		gone += fd[i] < 0 || ended(fd[i]);
	assert_true(gone >= 24); /* at most 16 at once */
	turn(10500);             /* their time is 10 s */
	for (int i = 0; i < 40; i++) {
		assert_true(fd[i] < 0 || ended(fd[i]));
		close(fd[i]);
	}
	question(&q, "status");
	assert_int_equal(q.rc, 0);
	json_decref(q.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(long_fields_are_refused),
		cmocka_unit_test(a_gateway_without_operations_says_so),
		cmocka_unit_test(what_was_asked_is_not_echoed_raw),
		cmocka_unit_test(the_socket_is_for_its_owner),
		cmocka_unit_test(a_living_gateway_is_not_replaced),
		cmocka_unit_test(other_files_are_not_removed),
		cmocka_unit_test(what_a_crash_left_is_replaced),
		cmocka_unit_test(the_client_gets_its_answer),
		cmocka_unit_test(the_client_says_when_nobody_listens),
		cmocka_unit_test(rude_peers_are_stood),
		cmocka_unit_test(idlers_are_shown_out),
	};

	log_start(NULL, LOGL_FATAL);
	return cmocka_run_group_tests(tests, setup, teardown);
}

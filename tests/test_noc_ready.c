#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "gateway/ready.h"

static char dir[] = "/tmp/nocXXXXXX", path[64];
static int manager;

static int setup(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char text[32];

	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/notify", dir);
	strcpy(sun.sun_path, path);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_PID", text, 1);
	setenv("WATCHDOG_USEC", "2000000", 1);
	return bind(manager, (struct sockaddr *)&sun, sizeof(sun));
}

static int teardown(void **state)
{
	close(manager);
	unlink(path);
	return rmdir(dir);
}

static const char *said(void)
{
	static char text[256];
	ssize_t n = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void life_is_told(void **state)
{
	ready_up("2 links");
	assert_string_equal(said(), "READY=1\nSTATUS=2 links");
	ready_reloading(5);
	assert_string_equal(said(), "RELOADING=1\nMONOTONIC_USEC=5");
	ready_status("x");
	assert_string_equal(said(), "STATUS=x");
	ready_stopping();
	assert_string_equal(said(), "STOPPING=1");
}

static void the_watchdog_is_patted_at_half_its_time(void **state)
{
	struct ready r;

	ready_init(&r);
	assert_int_equal(ready_tick(&r, 10), 1000010);
	assert_string_equal(said(), "WATCHDOG=1");
	assert_int_equal(ready_tick(&r, 1000009), 1000010);
	assert_string_equal(said(), "");
	assert_int_equal(ready_tick(&r, 1000010), 2000010);
	assert_string_equal(said(), "WATCHDOG=1");
}

static void without_systemd_nothing_happens(void **state)
{
	struct ready r;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	ready_init(&r);
	ready_up("x");
	assert_true(ready_tick(&r, 5) == UINT64_MAX);
	assert_string_equal(said(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_is_told),
		cmocka_unit_test(the_watchdog_is_patted_at_half_its_time),
		cmocka_unit_test(without_systemd_nothing_happens),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* The sockets of links: peers by name, with a resolver that is slow, wrong or silent, as this program's own getaddrinfo(). */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/linksock.h"

/* The resolver. */
static atomic_bool silent;
static atomic_int wrong, answers; /* EAI_, answers given so far */
static const char *hosts[3];	  /* the addresses of every name, NULL ends */

static void add_address(struct addrinfo **all, const char *text)
{
	struct addrinfo *ai = calloc(1, sizeof(*ai));
	struct sockaddr_in *in = calloc(1, sizeof(*in));

	in->sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
	*ai = (struct addrinfo){.ai_family = AF_INET, .ai_addr = (struct sockaddr *)in, .ai_addrlen = sizeof(*in)};
	while (*all)
		all = &(*all)->ai_next;
	*all = ai;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **all)
{
	struct in_addr digits;

	*all = NULL;
	if (inet_pton(AF_INET, host, &digits) == 1) {
		add_address(all, host);
		return 0;
	}
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	while (silent)
		usleep(1000);
	for (int i = 0; !wrong && hosts[i]; i++)
		add_address(all, hosts[i]);
	answers++;
	return wrong;
}

void freeaddrinfo(struct addrinfo *all)
{
	while (all) {
		struct addrinfo *next = all->ai_next;

		free(all->ai_addr);
		free(all);
		all = next;
	}
}

/* The driver: notes what it is told. */
struct world {
	struct hot *hot;
	struct conf_link cfg;
	struct link link;
	struct linksock *sock;
	unsigned int connected, closed, heard;
	char why[128];
	int listener; /* the peer's, at 127.0.0.1 only */
};

static struct world *w;

static void on_connected(struct link *link, unsigned int leg, uint64_t now_us)
{
	w->connected++;
}

static void on_closed(struct link *link, unsigned int leg, const char *why, uint64_t now_us)
{
	w->closed++;
	osmo_strlcpy(w->why, why, sizeof(w->why));
}

static void on_input(struct link *link, unsigned int leg, const uint8_t *data, size_t len, uint64_t now_us)
{
	w->heard += len;
}

static const uint8_t *on_output(struct link *link, unsigned int leg, size_t *len)
{
	*len = 0;
	return NULL;
}

static uint64_t on_tick(struct link *link, uint64_t now_us)
{
	return UINT64_MAX;
}

static const struct link_ops ops = {
	.name = "fake", .connected = on_connected, .closed = on_closed, .input = on_input, .output = on_output, .tick = on_tick};

static int listen_at(const char *address, uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int setup(void **state)
{
	uint16_t port;

	alarm(60); /* a resolver that holds up the caller would do so for ever */
	silent = false;
	wrong = answers = 0;
	hosts[0] = "127.0.0.1";
	hosts[1] = hosts[2] = NULL;
	w = talloc_zero(NULL, struct world);
	w->hot = hot_new(w);
	w->listener = listen_at("127.0.0.1", &port);
	w->cfg = (struct conf_link){.name = "a", .address = "smsc.example", .port = port, .connect_timeout_s = 10, .session_init_s = 10};
	w->link.ops = &ops;
	w->link.cfg = &w->cfg;
	w->sock = linksock_new(w, &w->link, w->hot);
	return 0;
}

static int teardown(void **state)
{
	silent = false;
	linksock_free(w->sock);
	close(w->listener);
	talloc_free(w);
	return 0;
}

/* Lets the loop run until *n is as wanted: true, or false after ten seconds. */
static bool until(const unsigned int *n, unsigned int wanted)
{
	for (int i = 0; i < 10000 && *n < wanted; i++) {
		osmo_select_main(1);
		usleep(1000);
	}
	return *n == wanted;
}

/* The peer's side of a connection that says a word, so that its address counts as good. */
static void greet(void)
{
	unsigned int before = w->heard;
	int fd = accept(w->listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(until(&w->heard, before + 1));
	close(fd);
}

static void connect_once(void)
{
	unsigned int before = w->connected;

	linksock_connect(w->sock, 0);
	assert_true(until(&w->connected, before + 1));
}

static void fail_once(void)
{
	unsigned int before = w->closed;

	linksock_connect(w->sock, 0);
	assert_true(until(&w->closed, before + 1));
}

static void test_silent_resolver_holds_up_nobody(void **state)
{
	silent = true;
	linksock_connect(w->sock, 0);
	linksock_connect(w->sock, 1);
	linksock_pump(w->sock, clock_mono_us()); /* here already, though nobody has answered */
	assert_int_equal(w->connected + w->closed, 0);
	silent = false;
	assert_true(until(&w->connected, 2)); /* one question for both */
	assert_int_equal(answers, 1);
}

static void test_digits_are_not_asked_for(void **state)
{
	silent = true;
	w->cfg.address = "127.0.0.1";
	connect_once();
	assert_int_equal(answers, 0);
}

static void test_silence_ends_with_the_attempt(void **state)
{
	uint64_t now_us = clock_mono_us();

	silent = true;
	linksock_connect(w->sock, 0);
	assert_true(linksock_pump(w->sock, now_us) <= now_us + 11 * 1000000ull);
	linksock_pump(w->sock, now_us + 11 * 1000000ull);
	assert_int_equal(w->closed, 1);
	assert_string_equal(w->why, "no answer about its name");
	linksock_connect(w->sock, 0); /* waits for the same answer */
	silent = false;
	assert_true(until(&w->connected, 1));
	assert_int_equal(answers, 1);
}

static void test_unknown_name(void **state)
{
	wrong = EAI_NONAME;
	fail_once();
	assert_string_equal(w->why, gai_strerror(EAI_NONAME));
	wrong = 0;
	connect_once();
}

static void test_addresses_in_turn(void **state)
{
	hosts[0] = "127.0.0.2"; /* nobody listens there */
	hosts[1] = "127.0.0.1";
	fail_once();
	connect_once();
	greet();
	assert_true(until(&w->closed, 2));
	connect_once(); /* the one that is known to be good */
	greet();
	hosts[0] = "127.0.0.1";
	hosts[1] = "127.0.0.2";
	connect_once(); /* whatever its place */
}

/* One that takes connections and never says a word is no better than one that takes none. */
static void test_mute_address(void **state)
{
	uint16_t port;
	int mute = listen_at("127.0.0.3", &port);

	close(w->listener);
	w->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(listen(w->listener, 8), 0);
	w->cfg.port = port;
	hosts[0] = "127.0.0.3";
	hosts[1] = "127.0.0.1";
	connect_once();
	close(accept(mute, NULL, NULL));
	assert_true(until(&w->closed, 1));
	connect_once();
	greet();
	close(mute);
}

static void test_old_addresses_serve(void **state)
{
	connect_once();
	greet();
	wrong = EAI_AGAIN;
	connect_once();
	greet();
	wrong = 0;
	silent = true;
	linksock_connect(w->sock, 0);
	linksock_pump(w->sock, clock_mono_us() + 1100000);
	assert_true(until(&w->connected, 3));
	greet();
}

static void test_another_name(void **state)
{
	hosts[0] = "127.0.0.2";
	silent = true;
	linksock_connect(w->sock, 0);
	w->cfg.address = "other.example"; /* a reload */
	linksock_connect(w->sock, 0);
	hosts[0] = "127.0.0.1";
	silent = false;
	assert_true(until(&w->connected, 1));
}

static void test_listens_by_name(void **state)
{
	uint16_t port;

	close(listen_at("127.0.0.1", &port));
	w->cfg.port = port;
	silent = true;
	assert_int_equal(linksock_listen(w->sock), 0);
	assert_int_equal(linksock_listen(w->sock), -EADDRNOTAVAIL); /* a second later: must be told */
	silent = false;
	for (int i = 0; i < 1000 && !linksock_listening(w->sock); i++) {
		osmo_select_main(1);
		usleep(1000);
		linksock_listen(w->sock);
	}
	assert_true(linksock_listening(w->sock));
}

static int dial(const char *from)
{
	struct sockaddr_in at = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(w->cfg.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(inet_pton(AF_INET, from, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Where one connection is all there is, the newer one is taken for the peer after its restart: only the peer may do that. */
static void test_stranger_does_not_replace_the_peer(void **state)
{
	char *callers[] = {"127.0.0.2"};
	unsigned int strangers;
	int fd[3];

	close(listen_at("127.0.0.1", &w->cfg.port));
	w->cfg.address = "127.0.0.1";
	w->cfg.callers = callers;
	w->cfg.n_callers = 1;
	assert_int_equal(linksock_listen(w->sock), 0);
	fd[0] = dial("127.0.0.2");
	assert_true(until(&w->connected, 1));
	fd[1] = dial("127.0.0.3");
	for (strangers = 0; strangers == 0; strangers = w->link.count.connect_failures)
		osmo_select_main(1);
	assert_int_equal(w->closed, 0);
	fd[2] = dial("127.0.0.2");
	assert_true(until(&w->connected, 2));
	assert_int_equal(w->closed, 1);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_freed_while_asking(void **state)
{
	unsigned int before = open_files();

	silent = true;
	linksock_connect(w->sock, 0);
	linksock_close(w->sock, 0);
	linksock_free(w->sock);
	w->sock = linksock_new(w, &w->link, w->hot);
	silent = false;
	for (int i = 0; i < 10000 && open_files() != before; i++)
		usleep(1000);
	assert_int_equal(open_files(), before);
	osmo_select_main(1);
	assert_int_equal(w->connected + w->closed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent_resolver_holds_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_digits_are_not_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence_ends_with_the_attempt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mute_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_addresses_serve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listens_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stranger_does_not_replace_the_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_while_asking, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* CPU and time per submit_sm and answer over a socket: our session, or a bare client that only frames, counts and
 * refills its window, with the same PDU. Usage: bench_smpp_wire bare|session PORT WINDOW COUNT [PASSWORD] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/utils.h>
#include "smpp/session.h"
#include "smpp/submit.h"

#define READ_SIZE 65536

struct client {
	int fd, epoll;
	uint32_t window;
	uint64_t count, sent, answered, system_calls;
	struct smpp_submit submit;
	struct smpp_session *session;
	uint8_t in[READ_SIZE];
};

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static size_t put_submit(struct client *c, uint8_t *room, uint32_t sequence)
{
	char number[16];
	uint64_t n = c->sent;

	memcpy(number, "8613800000000", 14);
	for (char *p = number + 12; n; n /= 10)
		*p-- = '0' + n % 10;
	return smpp_submit_write(&c->submit, room, number, 13, sequence, 0);
}

static void wait_readable(struct client *c)
{
	struct epoll_event e;

	c->system_calls++;
	OSMO_ASSERT(epoll_wait(c->epoll, &e, 1, 10000) == 1);
}

static size_t receive(struct client *c, uint8_t *to, size_t len)
{
	ssize_t n = recv(c->fd, to, len, MSG_DONTWAIT);

	c->system_calls++;
	OSMO_ASSERT(n != 0 && (n > 0 || errno == EAGAIN));
	return n > 0 ? n : 0;
}

static size_t transmit(struct client *c, const uint8_t *from, size_t len)
{
	ssize_t n = send(c->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	c->system_calls++;
	OSMO_ASSERT(n > 0 || errno == EAGAIN);
	return n > 0 ? n : 0;
}

/* ---- bare ---- */

/* Counts whole frames; returns octets of the one that is not complete. */
static size_t count_frames(struct client *c, size_t have)
{
	size_t at = 0;

	while (have - at >= 16) {
		uint32_t len = c->in[at] << 24 | c->in[at + 1] << 16 | c->in[at + 2] << 8 | c->in[at + 3];

		if (have - at < len)
			break;
		c->answered++;
		at += len;
	}
	memmove(c->in, c->in + at, have - at);
	return have - at;
}

static void run_bare(struct client *c)
{
	size_t have = 0, pending = 0, size = (c->window + 1) * 400u;
	uint8_t *out = malloc(size);

	while (c->answered < c->count) {
		while (c->sent < c->count && c->sent - c->answered < c->window && size - pending > 400) {
			pending += put_submit(c, out + pending, c->sent + 2);
			c->sent++;
		}
		if (pending > 0) {
			size_t n = transmit(c, out, pending);

			memmove(out, out + n, pending - n);
			pending -= n;
		}
		wait_readable(c);
		have = count_frames(c, have + receive(c, c->in + have, sizeof(c->in) - have));
	}
	free(out);
}

/* ---- session ---- */

static void on_bound(void *arg, uint64_t now_us)
{
}

static void on_answer(void *arg, const struct smpp_answer *answer, uint64_t now_us)
{
	((struct client *)arg)->answered++;
}

static void on_timeout(void *arg, uint64_t tag, uint64_t now_us)
{
	OSMO_ASSERT(false);
}

static uint32_t on_message(void *arg, const struct smpp_pdu *pdu, uint64_t now_us)
{
	return 0;
}

static void flush(struct client *c, uint64_t now_us)
{
	const uint8_t *data;
	size_t len;

	while ((data = smpp_session_output(c->session, &len)) && len > 0) {
		size_t n = transmit(c, data, len);

		if (n == 0)
			return;
		smpp_session_written(c->session, n, now_us);
	}
}

static void fill(struct client *c, uint64_t now_us)
{
	uint32_t sequence;
	uint8_t *room;

	while (c->sent < c->count && (room = smpp_session_begin(c->session, 400, &sequence))) {
		smpp_session_commit(c->session, put_submit(c, room, sequence), sequence, c->sent, now_us);
		c->sent++;
	}
}

static void run_session(struct client *c)
{
	while (c->answered < c->count) {
		uint64_t now_us = clock_us(CLOCK_MONOTONIC);

		fill(c, now_us);
		smpp_session_tick(c->session, now_us);
		flush(c, now_us);
		wait_readable(c);
		smpp_session_input(c->session, c->in, receive(c, c->in, sizeof(c->in)), now_us);
		OSMO_ASSERT(smpp_session_end(c->session) == SMPP_ALIVE);
	}
}

/* ---- both ---- */

static void dial(struct client *c, unsigned int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event e = {.events = EPOLLIN};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("connect");
		exit(1);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->epoll = epoll_create1(0);
	epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->fd, &e);
}

/* The bind is done by a session in either case. */
static void bind_to(struct client *c, const char *password)
{
	static const struct smpp_session_ops ops = {
		.bound = on_bound, .answer = on_answer, .timeout = on_timeout, .message = on_message};
	const struct smpp_session_conf conf = {.bind = SMPP_BIND_TRANSMITTER,
					       .window = c->window,
					       .system_id = "reunion",
					       .password = password,
					       .system_type = "",
					       .enquire_us = 30000000,
					       .response_us = 10000000};

	c->session = smpp_session_new(NULL, &conf, &ops, c);
	smpp_session_open(c->session, 0x34, clock_us(CLOCK_MONOTONIC));
	flush(c, 1);
	wait_readable(c);
	smpp_session_input(c->session, c->in, receive(c, c->in, sizeof(c->in)), clock_us(CLOCK_MONOTONIC));
	OSMO_ASSERT(smpp_session_state(c->session) == SMPP_BOUND);
}

int main(int argc, char **argv)
{
	static struct client c;
	static const uint8_t text[140] = {1};
	struct smpp_pdu pdu = {.id = SMPP_SUBMIT_SM,
			       .sequence = 1,
			       .source = {5, 0, "POLICE"},
			       .dest = {1, 1, ""},
			       .service_type = "",
			       .schedule = "",
			       .validity = "000000060000000R",
			       .data_coding = 8,
			       .message = text,
			       .message_len = sizeof(text)};
	uint64_t cpu, wall;

	if (argc < 5)
		return 2;
	c.window = atoi(argv[3]);
	c.count = atoll(argv[4]);
	OSMO_ASSERT(smpp_submit_make(NULL, &pdu, &c.submit) == 0);
	dial(&c, atoi(argv[2]));
	bind_to(&c, argc > 5 ? argv[5] : "");
	c.system_calls = 0;
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	wall = clock_us(CLOCK_MONOTONIC);
	if (!strcmp(argv[1], "bare"))
		run_bare(&c);
	else
		run_session(&c);
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = clock_us(CLOCK_MONOTONIC) - wall;
	printf("%.3f %.3f %.2f\n", (double)cpu / c.count, (double)wall / c.count, (double)c.system_calls / c.count);
	return 0;
}

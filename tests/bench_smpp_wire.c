/* CPU and time per submit_sm and answer over sockets: our sessions, or a bare client that only frames, counts and
 * refills its windows, with the same PDU. Usage: bench_smpp_wire bare|session PORT WINDOW COUNT [PASSWORD [LINKS]] */
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

#define READ_SIZE        65536
#define OUT_SIZE(window) (((window) + 1) * 400u)

/* One connection. */
struct client {
	struct bench *bench;
	int fd;
	uint64_t sent, answered;
	struct smpp_session *session;
	size_t have, pending; /* bare: octets of a PDU that is not whole, and those to be written */
	uint8_t *in, *out;
};

struct bench {
	int epoll;
	uint32_t window, links;
	uint64_t count, answered, system_calls; /* count: a link's */
	struct smpp_submit submit;
	struct client *client;
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
	return smpp_submit_write(&c->bench->submit, room, number, 13, sequence, 0);
}

static size_t receive(struct client *c, uint8_t *to, size_t len)
{
	ssize_t n = recv(c->fd, to, len, MSG_DONTWAIT);

	c->bench->system_calls++;
	OSMO_ASSERT(n != 0 && (n > 0 || errno == EAGAIN));
	return n > 0 ? n : 0;
}

static size_t transmit(struct client *c, const uint8_t *from, size_t len)
{
	ssize_t n = send(c->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	c->bench->system_calls++;
	OSMO_ASSERT(n > 0 || errno == EAGAIN);
	return n > 0 ? n : 0;
}

/* ---- bare ---- */

/* Counts whole frames; keeps octets of the one that is not complete. */
static void count_frames(struct client *c)
{
	size_t at = 0;

	while (c->have - at >= 16) {
		uint32_t len = c->in[at] << 24 | c->in[at + 1] << 16 | c->in[at + 2] << 8 | c->in[at + 3];

		if (c->have - at < len)
			break;
		c->answered++;
		at += len;
	}
	memmove(c->in, c->in + at, c->have - at);
	c->have -= at;
}

static void bare_send(struct client *c, uint64_t now_us)
{
	size_t size = OUT_SIZE(c->bench->window), n;

	while (c->sent < c->bench->count && c->sent - c->answered < c->bench->window && size - c->pending > 400) {
		c->pending += put_submit(c, c->out + c->pending, c->sent + 2);
		c->sent++;
	}
	if (c->pending == 0)
		return;
	n = transmit(c, c->out, c->pending);
	memmove(c->out, c->out + n, c->pending - n);
	c->pending -= n;
}

static void bare_receive(struct client *c, uint64_t now_us)
{
	c->have += receive(c, c->in + c->have, READ_SIZE - c->have);
	count_frames(c);
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

static void session_send(struct client *c, uint64_t now_us)
{
	uint32_t sequence;
	uint8_t *room;

	while (c->sent < c->bench->count && (room = smpp_session_begin(c->session, 400, &sequence))) {
		smpp_session_commit(c->session, put_submit(c, room, sequence), sequence, c->sent, now_us);
		c->sent++;
	}
	smpp_session_tick(c->session, now_us);
	flush(c, now_us);
}

static void session_receive(struct client *c, uint64_t now_us)
{
	smpp_session_input(c->session, c->in, receive(c, c->in, READ_SIZE), now_us);
	OSMO_ASSERT(smpp_session_end(c->session) == SMPP_ALIVE);
}

/* ---- both ---- */

static void run(struct bench *b, void (*sends)(struct client *c, uint64_t now_us),
		void (*receives)(struct client *c, uint64_t now_us))
{
	struct epoll_event e[64];

	for (uint32_t i = 0; i < b->links; i++)
		sends(&b->client[i], clock_us(CLOCK_MONOTONIC));
	while (b->answered < b->count * b->links) {
		int n = epoll_wait(b->epoll, e, ARRAY_SIZE(e), 10000);
		uint64_t now_us = clock_us(CLOCK_MONOTONIC);

		b->system_calls++;
		OSMO_ASSERT(n > 0);
		for (int i = 0; i < n; i++) {
			struct client *c = e[i].data.ptr;
			uint64_t before = c->answered;

			receives(c, now_us);
			b->answered += c->answered - before;
			sends(c, now_us);
		}
	}
}

static void dial(struct client *c, unsigned int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("connect");
		exit(1);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(c->bench->epoll, EPOLL_CTL_ADD, c->fd, &e);
	c->in = malloc(READ_SIZE);
	c->out = malloc(OUT_SIZE(c->bench->window));
}

/* The bind is done by a session in either case. */
static void bind_to(struct client *c, const char *password)
{
	static const struct smpp_session_ops ops = {
		.bound = on_bound, .answer = on_answer, .timeout = on_timeout, .message = on_message};
	const struct smpp_session_conf conf = {.bind = SMPP_BIND_TRANSMITTER,
					       .window = c->bench->window,
					       .system_id = "reunion",
					       .password = password,
					       .system_type = "",
					       .enquire_us = 30000000,
					       .response_us = 10000000};
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	c->session = smpp_session_new(NULL, &conf, &ops, c);
	smpp_session_open(c->session, 0x34, clock_us(CLOCK_MONOTONIC));
	flush(c, 1);
	OSMO_ASSERT(poll(&p, 1, 10000) == 1);
	session_receive(c, clock_us(CLOCK_MONOTONIC));
	OSMO_ASSERT(smpp_session_state(c->session) == SMPP_BOUND);
}

int main(int argc, char **argv)
{
	static struct bench b;
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
	uint64_t cpu, wall, count;

	if (argc < 5)
		return 2;
	b.window = atoi(argv[3]);
	b.links = argc > 6 ? atoi(argv[6]) : 1;
	b.count = atoll(argv[4]) / b.links;
	b.epoll = epoll_create1(0);
	b.client = calloc(b.links, sizeof(*b.client));
	OSMO_ASSERT(smpp_submit_make(NULL, &pdu, &b.submit) == 0);
	for (uint32_t i = 0; i < b.links; i++) {
		b.client[i].bench = &b;
		dial(&b.client[i], atoi(argv[2]));
		bind_to(&b.client[i], argc > 5 ? argv[5] : "");
	}
	b.system_calls = 0;
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	wall = clock_us(CLOCK_MONOTONIC);
	if (!strcmp(argv[1], "bare"))
		run(&b, bare_send, bare_receive);
	else
		run(&b, session_send, session_receive);
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = clock_us(CLOCK_MONOTONIC) - wall;
	count = b.count * b.links;
	printf("%.3f %.3f %.2f\n", (double)cpu / count, (double)wall / count, (double)b.system_calls / count);
	return 0;
}

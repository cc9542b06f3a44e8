/* A bare SMPP client for the tests of reunion-carrier: PORT COUNT WINDOW [FIRST [PARTS]]. It knows the
 * protocol by itself. Sends COUNT messages to numbers from FIRST on, at most WINDOW unanswered, and prints
 * what was answered. Not a test. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT (512 * 1024)

struct client {
	int fd;
	unsigned long count, window, first, parts, sent, answered, ok, bad;
	uint32_t seq;
	uint8_t out[OUT], in[OUT], pdu[256];
	size_t out_at, out_len, in_len, pdu_len, number_at;
};

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

/* submit_sm from an alphanumeric sender, UCS-2, with a 16-bit UDH when in parts. */
static void template(struct client *c)
{
	uint8_t *p = c->pdu + 16, *sm;

	memcpy(p, "\0\5\0POLICE\0\1\1", 12);
	p += 12;
	c->number_at = (size_t)(p - c->pdu);
	memcpy(p, "8613000000000", 14);
	p += 14;
	memcpy(p, c->parts > 1 ? "\x40\0\0\0\0\0\0\x08\0" : "\0\0\0\0\0\0\0\x08\0", 9);
	sm = p + 9;
	p = sm + 1;
	if (c->parts > 1) {
		memcpy(p, "\6\x08\4\0\0\2\1", 7);
		p += 7;
	}
	for (unsigned int i = 0; i < 60; i++, p += 2)
		memcpy(p, i % 2 ? "\x5B\xFB" : "\x4E\xBA", 2);
	*sm = (uint8_t)(p - sm - 1);
	c->pdu_len = (size_t)(p - c->pdu);
	put32(c->pdu, (uint32_t)c->pdu_len);
	put32(c->pdu + 4, 4);
	put32(c->pdu + 8, 0);
}

static void fill(struct client *c)
{
	while (c->sent < c->count && c->sent - c->answered < c->window && c->out_len + 256 < OUT) {
		uint8_t *p = c->out + c->out_len;
		unsigned long to = c->first + c->sent / c->parts;

		memcpy(p, c->pdu, c->pdu_len);
		put32(p + 12, ++c->seq);
		for (int i = 12; i > 2; i--, to /= 10)
			p[c->number_at + (size_t)i] = (uint8_t)('0' + to % 10);
		if (c->parts > 1) {
			uint8_t *udh = p + c->number_at + 14 + 10;

			udh[3] = 7;
			udh[5] = (uint8_t)c->parts;
			udh[6] = (uint8_t)(1 + c->sent % c->parts);
		}
		c->out_len += c->pdu_len;
		c->sent++;
	}
}

static void drain(struct client *c)
{
	size_t at = 0;

	while (c->in_len - at >= 16 && c->in_len - at >= get32(c->in + at)) {
		if (get32(c->in + at + 4) == 0x80000004) {
			c->answered++;
			c->ok += get32(c->in + at + 8) == 0;
			c->bad += get32(c->in + at + 8) != 0;
		}
		at += get32(c->in + at);
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
}

static int turn(struct client *c)
{
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	fill(c);
	if (c->out_at < c->out_len) {
		n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return -1;
		c->out_at += n > 0 ? (size_t)n : 0;
		if (c->out_at == c->out_len)
			c->out_at = c->out_len = 0;
	}
	pfd.events |= c->out_at < c->out_len ? POLLOUT : 0;
	if (poll(&pfd, 1, 5000) <= 0)
		return -1;
	n = pfd.revents & POLLIN ? recv(c->fd, c->in + c->in_len, OUT - c->in_len, 0) : 0;
	if (n < 0 || (n == 0 && (pfd.revents & POLLIN)))
		return -1;
	c->in_len += (size_t)n;
	drain(c);
	return 0;
}

static int bind_as_transmitter(struct client *c)
{
	static const uint8_t pdu[] = "\0\0\0\x23\0\0\0\2\0\0\0\0\0\0\0\1police\0secret\0\0\x34\0\0";

	if (send(c->fd, pdu, 35, MSG_NOSIGNAL) != 35 || recv(c->fd, c->in, 16, MSG_WAITALL) != 16 ||
	    get32(c->in + 8))
		return -1;
	c->seq = 1;
	c->in_len = get32(c->in) - 16;
	if (recv(c->fd, c->in, c->in_len, MSG_WAITALL) != (ssize_t)c->in_len)
		return -1;
	c->in_len = 0;
	return 0;
}

int main(int argc, char **argv)
{
	static struct client c;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timespec a, b;
	double s;
	int one = 1;

	if (argc < 4)
		return 2;
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	c.count = strtoul(argv[2], NULL, 10);
	c.window = strtoul(argv[3], NULL, 10);
	c.first = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	c.parts = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;
	c.count *= c.parts;
	template(&c);
	c.fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c.fd, (struct sockaddr *)&to, sizeof(to)) < 0 || bind_as_transmitter(&c) < 0) {
		fprintf(stderr, "no bind\n");
		return 1;
	}
	fcntl(c.fd, F_SETFL, O_NONBLOCK);
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (c.answered < c.count && turn(&c) == 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &b);
	s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("sent %lu answered %lu ok %lu bad %lu seconds %.3f rate %.0f\n", c.sent, c.answered, c.ok,
	       c.bad, s, (double)c.answered / s);
	return c.answered == c.count ? 0 : 1;
}

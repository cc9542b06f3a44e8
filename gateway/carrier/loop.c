#define _GNU_SOURCE /* accept4 */
#include "gateway/carrier/loop.h"
#include "gateway/carrier/carrier.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOTS    4096
#define IN_SIZE  (256 * 1024)
#define OUT_HIGH (8 * 1024 * 1024) /* of unread answers: then nothing more is read from that peer */
#define ENDS     32
#define AGE_MAX_US 60000000

enum watched { WATCH_SIGNAL, WATCH_END, WATCH_CONN };

struct loop_io {
	int fd;
	uint32_t interest;
	bool dead, dirty, rerun, connecting;
	size_t in_len, out_off, out_len, out_cap;
	uint8_t *in, *out;
	struct end *end;
};

/* A listener, or an address that is dialled. */
struct end {
	const struct conn_ops *ops;
	char address[64], port[16];
	int fd; /* of a listener; -1 */
	bool dial, shut;
	uint64_t retry_us;
	uint32_t wait_ms, conn;
};

struct loop {
	struct carrier *carrier;
	int epoll, signals;
	bool report_asked, ended, rerun;
	struct conn *slot[SLOTS];
	uint32_t generation, top; /* slots below top may be in use */
	struct end ends[ENDS];
	unsigned int n_ends;
};

uint64_t loop_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t loop_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void watch(struct loop *l, int op, int fd, uint32_t events, enum watched what, uint32_t which)
{
	struct epoll_event e = {.events = events, .data.u64 = (uint64_t)what << 32 | which};

	OSMO_ASSERT(epoll_ctl(l->epoll, op, fd, &e) == 0);
}

static int loop_free(struct loop *l)
{
	for (uint32_t i = 0; i < l->top; i++)
		if (l->slot[i])
			close(l->slot[i]->io->fd);
	for (unsigned int i = 0; i < l->n_ends; i++)
		if (l->ends[i].fd >= 0)
			close(l->ends[i].fd);
	close(l->epoll);
	close(l->signals);
	return 0;
}

struct loop *loop_new(struct carrier *c)
{
	struct loop *l = talloc_zero(c, struct loop);
	sigset_t set;

	OSMO_ASSERT(l);
	l->carrier = c;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	OSMO_ASSERT(l->epoll >= 0 && l->signals >= 0);
	watch(l, EPOLL_CTL_ADD, l->signals, EPOLLIN, WATCH_SIGNAL, 0);
	talloc_set_destructor(l, loop_free);
	return l;
}

static void interest(struct conn *conn)
{
	struct loop *l = conn->carrier->loop;
	struct loop_io *io = conn->io;
	bool full = io->out_len - io->out_off > OUT_HIGH || io->in_len == IN_SIZE;
	uint32_t want = (conn->stalled || full || io->connecting ? 0 : EPOLLIN) |
			(io->out_len > io->out_off || io->connecting ? EPOLLOUT : 0);

	if (want == io->interest || io->dead)
		return;
	io->interest = want;
	watch(l, EPOLL_CTL_MOD, io->fd, want, WATCH_CONN, conn->id);
}

static struct conn *conn_new(struct loop *l, int fd, struct end *end)
{
	int one = 1;
	struct conn *conn;
	uint32_t i = 0;

	while (i < SLOTS && l->slot[i])
		i++;
	if (i == SLOTS) {
		close(fd);
		return NULL;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)); /* Linux 4.14 or newer */
	conn = talloc_zero(l, struct conn);
	OSMO_ASSERT(conn);
	conn->io = talloc_zero(conn, struct loop_io);
	OSMO_ASSERT(conn->io);
	conn->io->in = talloc_size(conn, IN_SIZE);
	OSMO_ASSERT(conn->io->in);
	conn->io->fd = fd;
	conn->io->end = end;
	conn->id = ++l->generation << 12 | i;
	conn->dialled = end->dial;
	conn->carrier = l->carrier;
	conn->ops = end->ops;
	l->slot[i] = conn;
	if (i >= l->top)
		l->top = i + 1;
	conn->io->interest = end->dial ? EPOLLOUT : EPOLLIN;
	watch(l, EPOLL_CTL_ADD, fd, conn->io->interest, WATCH_CONN, conn->id);
	return conn;
}

struct conn *loop_conn(struct loop *l, uint32_t id)
{
	struct conn *conn = l->slot[id & (SLOTS - 1)];

	return conn && conn->id == id && !conn->io->dead ? conn : NULL;
}

void loop_each(struct loop *l, const struct conn_ops *ops, void (*fn)(struct conn *conn))
{
	for (uint32_t i = 0; i < l->top; i++)
		if (l->slot[i] && l->slot[i]->ops == ops && !l->slot[i]->io->dead &&
		    !l->slot[i]->io->connecting)
			fn(l->slot[i]);
}

uint8_t *conn_room(struct conn *conn, size_t n)
{
	struct loop_io *io = conn->io;

	if (io->out_len + n > io->out_cap) {
		if (io->out_off)
			memmove(io->out, io->out + io->out_off, io->out_len - io->out_off);
		io->out_len -= io->out_off;
		io->out_off = 0;
		if (io->out_len + n > io->out_cap) {
			io->out_cap = 2 * (io->out_len + n) + 65536;
			io->out = talloc_realloc_size(conn, io->out, io->out_cap);
			OSMO_ASSERT(io->out);
		}
	}
	return io->out + io->out_len;
}

void conn_wrote(struct conn *conn, size_t n)
{
	conn->io->out_len += n;
	conn->io->dirty = true;
}

void conn_drop(struct conn *conn)
{
	conn->io->dead = true;
}

void conn_finish(struct conn *conn)
{
	conn->finishing = true;
	conn->io->dirty = true;
}

void conn_stall(struct conn *conn, bool stall)
{
	if (conn->stalled == stall)
		return;
	conn->stalled = stall;
	conn->io->rerun = !stall;
	conn->carrier->loop->rerun |= !stall;
	interest(conn);
}

static void flush(struct conn *conn)
{
	struct loop_io *io = conn->io;

	io->dirty = false;
	while (io->out_off < io->out_len && !io->dead) {
		ssize_t n = send(io->fd, io->out + io->out_off, io->out_len - io->out_off, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			io->dead = true;
		else
			io->out_off += (size_t)n;
	}
	if (io->out_off == io->out_len) {
		io->out_off = io->out_len = 0;
		if (conn->finishing)
			io->dead = true;
	}
	interest(conn);
}

/* Gives what was read to the protocol. */
static void feed(struct conn *conn)
{
	struct loop_io *io = conn->io;
	size_t used;

	io->rerun = false;
	if (io->in_len == 0 || conn->stalled || conn->finishing)
		return;
	used = conn->ops->input(conn, io->in, io->in_len);
	if (used == CONN_CLOSE) {
		conn_finish(conn);
	} else if (used > 0) {
		memmove(io->in, io->in + used, io->in_len - used);
		io->in_len -= used;
	}
	flush(conn);
}

/* How long ago it came in; 0 where the kernel does not say so, or the wall clock was set meanwhile. */
static uint64_t age_us(struct msghdr *m)
{
	uint64_t wall_us = loop_wall_us(), at_us = wall_us;
	struct timespec t;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			at_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
		}
	return at_us < wall_us && wall_us - at_us < AGE_MAX_US ? wall_us - at_us : 0;
}

static void readable(struct conn *conn)
{
	struct loop_io *io = conn->io;
	uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {io->in + io->in_len, IN_SIZE - io->in_len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(io->fd, &m, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		io->dead = true;
		return;
	}
	io->in_len += (size_t)n;
	conn->carrier->now_us = loop_clock_us();
	conn->arrived_us = conn->carrier->now_us - age_us(&m);
	feed(conn);
}

static void reap(struct loop *l)
{
	for (uint32_t i = 0; i < l->top; i++) {
		struct conn *conn = l->slot[i];
		struct loop_io *io = conn ? conn->io : NULL;

		if (!conn || !io->dead)
			continue;
		if (!io->connecting)
			conn->ops->closed(conn);
		if (io->end->dial) {
			io->end->conn = 0;
			io->end->retry_us = l->carrier->now_us + io->end->wait_ms * 1000ull;
			io->end->wait_ms = io->end->wait_ms * 2 > 5000 ? 5000 : io->end->wait_ms * 2;
		}
		close(io->fd);
		l->slot[i] = NULL;
		talloc_free(conn);
	}
	while (l->top && !l->slot[l->top - 1])
		l->top--;
}

static void opened(struct conn *conn)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[46] = "?", port[8] = "?";

	if (getpeername(conn->io->fd, (struct sockaddr *)&ss, &len) == 0)
		getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(conn->peer, sizeof(conn->peer), "%s:%s", host, port);
	conn->ops->opened(conn);
}

static void accept_all(struct loop *l, struct end *end)
{
	for (int fd; (fd = accept4(end->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
		struct conn *conn = conn_new(l, fd, end);

		if (conn)
			opened(conn);
	}
}

static void ready(struct loop *l, struct conn *conn, uint32_t events)
{
	struct loop_io *io = conn->io;
	int err = 0;
	socklen_t len = sizeof(err);

	if (io->connecting) {
		getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err || (events & (EPOLLERR | EPOLLHUP))) {
			io->dead = true;
			return;
		}
		io->connecting = false;
		io->end->wait_ms = 200;
		opened(conn);
		interest(conn);
		return;
	}
	if (events & EPOLLIN)
		readable(conn);
	else if (events & (EPOLLERR | EPOLLHUP))
		io->dead = true;
	if (!io->dead && (events & EPOLLOUT))
		flush(conn);
}

/* "[ADDR:]PORT" into an end; IPv6 addresses in brackets. */
static int place(struct end *end, const char *where)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;

	if (n > 1 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	if (n >= sizeof(end->address))
		return -EINVAL;
	memcpy(end->address, where, n);
	end->address[n] = '\0';
	if (n == 0)
		strcpy(end->address, "127.0.0.1");
	snprintf(end->port, sizeof(end->port), "%s", colon ? colon + 1 : where);
	return end->port[0] ? 0 : -EINVAL;
}

/* A socket for the end: bound and listening, or connecting. -errno. */
static int open_end(const struct end *end)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV | (end->dial ? 0 : AI_PASSIVE)},
			*ai;
	int fd, one = 1, rc = -1;

	if (getaddrinfo(end->address, end->port, &hints, &ai) != 0)
		return -EADDRNOTAVAIL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && end->dial) {
		rc = connect(fd, ai->ai_addr, ai->ai_addrlen);
		rc = rc < 0 && errno == EINPROGRESS ? 0 : rc;
	} else if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		rc = bind(fd, ai->ai_addr, ai->ai_addrlen);
		if (rc == 0)
			rc = listen(fd, 512);
	}
	if (rc < 0) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(ai);
	return rc < 0 ? rc : fd;
}

static void listen_again(struct loop *l, struct end *end)
{
	end->fd = open_end(end);
	if (end->fd >= 0)
		watch(l, EPOLL_CTL_ADD, end->fd, EPOLLIN, WATCH_END, (uint32_t)(end - l->ends));
}

int loop_listen(struct loop *l, const struct conn_ops *ops, const char *where, uint16_t *port)
{
	struct end *end = &l->ends[l->n_ends];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[8];

	if (l->n_ends == ENDS || place(end, where) < 0)
		return -EINVAL;
	end->ops = ops;
	listen_again(l, end);
	if (end->fd < 0)
		return end->fd;
	l->n_ends++;
	getsockname(end->fd, (struct sockaddr *)&ss, &len);
	getnameinfo((struct sockaddr *)&ss, len, NULL, 0, text, sizeof(text), NI_NUMERICSERV);
	snprintf(end->port, sizeof(end->port), "%s", text); /* the same one after a shut */
	*port = (uint16_t)atoi(text);
	return 0;
}

int loop_dial(struct loop *l, const struct conn_ops *ops, const char *where)
{
	struct end *end = &l->ends[l->n_ends];

	if (l->n_ends == ENDS || place(end, where) < 0)
		return -EINVAL;
	end->ops = ops;
	end->fd = -1;
	end->dial = true;
	end->wait_ms = 200;
	l->n_ends++;
	return 0;
}

static void dial(struct loop *l, struct end *end)
{
	int fd = open_end(end);
	struct conn *conn = fd >= 0 ? conn_new(l, fd, end) : NULL;

	end->retry_us = l->carrier->now_us + end->wait_ms * 1000ull;
	if (!conn)
		return;
	conn->io->connecting = true;
	end->conn = conn->id;
}

/* Dials what is due; returns when the next is. */
static uint64_t dial_all(struct loop *l)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < l->n_ends; i++) {
		struct end *end = &l->ends[i];

		if (!end->dial || end->shut || end->conn)
			continue;
		if (end->retry_us <= l->carrier->now_us)
			dial(l, end);
		if (!end->conn && end->retry_us < next)
			next = end->retry_us;
	}
	return next;
}

void loop_shut(struct loop *l, const struct conn_ops *ops, bool shut)
{
	for (unsigned int i = 0; i < l->n_ends; i++) {
		struct end *end = &l->ends[i];

		if ((ops && end->ops != ops) || end->shut == shut)
			continue;
		end->shut = shut;
		if (shut && end->fd >= 0) {
			close(end->fd);
			end->fd = -1;
		} else if (!shut && !end->dial) {
			listen_again(l, end);
		}
	}
	for (uint32_t i = 0; shut && i < l->top; i++)
		if (l->slot[i] && (!ops || l->slot[i]->ops == ops))
			conn_drop(l->slot[i]);
}

bool loop_report_asked(struct loop *l)
{
	bool was = l->report_asked;

	l->report_asked = false;
	return was;
}

static void signalled(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			l->report_asked = true;
		else
			l->ended = true;
	}
}

/* Flushes, feeds what was held back, buries the dead. */
static void tidy(struct loop *l)
{
	l->rerun = false;
	for (uint32_t i = 0; i < l->top; i++) {
		struct conn *conn = l->slot[i];

		if (conn && conn->io->rerun && !conn->io->dead)
			feed(conn);
		if (conn && conn->io->dirty && !conn->io->dead)
			flush(conn);
	}
	reap(l);
}

static int timeout_ms(uint64_t now_us, uint64_t until_us)
{
	uint64_t ms = until_us <= now_us ? 0 : (until_us - now_us + 999) / 1000;

	return ms > 60000 ? 60000 : (int)ms;
}

bool loop_turn(struct loop *l, uint64_t until_us)
{
	struct epoll_event events[64];
	uint64_t dial_us;
	int n;

	tidy(l);
	dial_us = dial_all(l);
	n = epoll_wait(l->epoll, events, 64,
		       l->rerun ? 0 : timeout_ms(loop_clock_us(), dial_us < until_us ? dial_us : until_us));
	l->carrier->now_us = loop_clock_us();
	for (int i = 0; i < n; i++) {
		uint32_t which = (uint32_t)events[i].data.u64;
		struct conn *conn;

		switch ((enum watched)(events[i].data.u64 >> 32)) {
		case WATCH_SIGNAL:
			signalled(l);
			break;
		case WATCH_END:
			if (l->ends[which].fd >= 0)
				accept_all(l, &l->ends[which]);
			break;
		case WATCH_CONN:
			conn = loop_conn(l, which);
			if (conn)
				ready(l, conn, events[i].events);
			break;
		}
	}
	tidy(l);
	return !l->ended;
}

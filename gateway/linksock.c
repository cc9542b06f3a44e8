#define _GNU_SOURCE /* accept4 */
#include "gateway/linksock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/linktls.h"
#include "gateway/log.h"
#include "gateway/resolve.h"
#include "gateway/sooner.h"

#define READ_SIZE   65536
#define SHAKING_MAX 2 /* TLS handshakes of one address at a time */
/* One link may not keep the loop: after this many octets the others have their turn. */
#define READ_TURN (4 * READ_SIZE)
/* So long a new answer about the peer's name is awaited where there is an old one. */
#define NAME_US 1000000ull

struct leg {
	struct osmo_fd ofd;
	struct linksock *sock;
	unsigned int no;
	bool naming;	       /* waits for the peer's address; connect_by_us is the end of that */
	bool open, connecting; /* connecting: also while TLS is being agreed on */
	bool called;           /* the peer dialled */
	struct linktls *tls;   /* NULL: clear, or not begun */
	uint64_t since_us, connect_by_us;
	struct sockaddr_storage to; /* dialled last, port 0 */
	bool heard;		    /* and something came from there */
};

struct linksock {
	struct link *link;
	struct hot *hot;
	struct leg leg[LINK_LEGS];
	struct osmo_fd listener;
	struct resolve *name;
	bool told_old; /* that the name's addresses are old ones */
	uint8_t *buf;
};

static void leg_when(struct leg *leg, unsigned int when)
{
	hot_when(leg->sock->hot, &leg->ofd, when);
}

static void leg_close(struct leg *leg)
{
	leg->naming = false;
	if (!leg->open)
		return;
	hot_remove(leg->sock->hot, &leg->ofd);
	TALLOC_FREE(leg->tls);
	close(leg->ofd.fd);
	leg->open = leg->connecting = false;
}

static void leg_lost(struct leg *leg, const char *why)
{
	struct link *link = leg->sock->link;
	bool stranger = leg->called && leg->connecting;

	leg_close(leg);
	if (stranger) { /* the driver has never heard of it */
		if (link->ops->failed)
			link->ops->failed(link, link->caller[leg->no], why, clock_mono_us());
		return;
	}
	link->ops->closed(link, leg->no, why, clock_mono_us());
}

static ssize_t leg_send(struct leg *leg, const uint8_t *data, size_t len)
{
	ssize_t n;

	if (leg->tls)
		return linktls_write(leg->tls, data, len);
	n = send(leg->ofd.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static ssize_t leg_recv(struct leg *leg, uint8_t *buf, size_t len)
{
	ssize_t n;

	if (leg->tls)
		return linktls_read(leg->tls, buf, len);
	n = recv(leg->ofd.fd, buf, len, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static void leg_flush(struct leg *leg, uint64_t now_us)
{
	struct link *link = leg->sock->link;
	const uint8_t *data;
	size_t len;

	while (leg->open && !leg->connecting && (data = link->ops->output(link, leg->no, &len)) && len > 0) {
		ssize_t n = leg_send(leg, data, len);

		if (n == -EAGAIN || n == -EINTR) {
			leg_when(leg, leg->ofd.when | OSMO_FD_WRITE);
			return;
		}
		if (n < 0) {
			leg_lost(leg, strerror(-n));
			return;
		}
		link->ops->written(link, leg->no, n, now_us);
	}
	if (leg->open && !leg->connecting && !(leg->tls && linktls_pending(leg->tls)))
		leg_when(leg, leg->ofd.when & ~OSMO_FD_WRITE);
}

static void leg_read(struct leg *leg)
{
	struct link *link = leg->sock->link;
	size_t total = 0;

	while (leg->open && total < READ_TURN) {
		ssize_t n = leg_recv(leg, leg->sock->buf, READ_SIZE);

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n <= 0) {
			leg_lost(leg, n == 0 ? "closed by the peer" : strerror(-n));
			return;
		}
		leg->heard = true;
		link->ops->input(link, leg->no, leg->sock->buf, n, clock_mono_us());
		total += n;
		if (n < READ_SIZE && !leg->tls)
			return;
	}
	if (leg->open && leg->tls && linktls_pending(leg->tls))
		leg_when(leg, leg->ofd.when | OSMO_FD_WRITE); /* the socket will not tell */
}

static void leg_ready(struct leg *leg)
{
	struct link *link = leg->sock->link;

	leg->connecting = false;
	leg_when(leg, OSMO_FD_READ);
	link->ops->connected(link, leg->no, clock_mono_us());
}

static void leg_shake(struct leg *leg)
{
	const char *why = NULL;
	int rc = linktls_handshake(leg->tls, &why);
	char text[200];

	if (rc == 0) {
		leg_ready(leg);
	} else if (rc == -EAGAIN) {
		leg_when(leg, linktls_wants_write(leg->tls) ? OSMO_FD_WRITE : OSMO_FD_READ);
	} else {
		osmo_strlcpy(text, why, sizeof(text));
		leg_lost(leg, text);
	}
}

/* The connection stands: clear at once, or through TLS. */
static void leg_begin(struct leg *leg)
{
	const struct conf_link *cfg = leg->sock->link->cfg;
	const char *why;

	if (!cfg->tls.on) {
		leg_ready(leg);
		return;
	}
	leg->tls = linktls_new(leg->sock, cfg, leg->ofd.fd, &why);
	if (leg->tls)
		leg_shake(leg);
	else
		leg_lost(leg, why);
}

static void leg_connected(struct leg *leg)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(leg->ofd.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		leg_lost(leg, strerror(error));
	else
		leg_begin(leg);
}

static int leg_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct leg *leg = ofd->data;

	if (leg->connecting) {
		if (leg->tls)
			leg_shake(leg);
		else
			leg_connected(leg);
		return 0;
	}
	if (what & OSMO_FD_READ || (leg->tls && linktls_pending(leg->tls)))
		leg_read(leg);
	if (leg->open && what & OSMO_FD_WRITE)
		leg_flush(leg, clock_mono_us());
	return 0;
}

static void leg_adopt(struct leg *leg, int fd, bool called, uint32_t timeout_s)
{
	int one = 1;

	leg->since_us = clock_mono_us();
	leg->connect_by_us = leg->since_us + timeout_s * 1000000ull;
	leg->called = called;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	osmo_fd_setup(&leg->ofd, fd, called ? OSMO_FD_READ : OSMO_FD_WRITE, leg_cb, leg, leg->no);
	OSMO_ASSERT(hot_add(leg->sock->hot, &leg->ofd) == 0);
	leg->open = leg->connecting = true;
}

/* A TCP socket, and in to and len what bind() or connect() needs to know of addr and port. */
static int open_socket(const struct sockaddr_storage *addr, uint16_t port, struct sockaddr_storage *to, socklen_t *len)
{
	*to = *addr;
	if (to->ss_family == AF_INET6) {
		((struct sockaddr_in6 *)to)->sin6_port = htons(port);
		*len = sizeof(struct sockaddr_in6);
	} else {
		((struct sockaddr_in *)to)->sin_port = htons(port);
		*len = sizeof(struct sockaddr_in);
	}
	return socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* The address that served last, else the one after the one that did not; a list may come in another order each time. */
static const struct sockaddr_storage *choose(const struct leg *leg, const struct resolve_list *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (!memcmp(&list->v[i], &leg->to, sizeof(leg->to)))
			return &list->v[(i + !leg->heard) % list->n];
	return &list->v[0];
}

static void tell_old(struct linksock *s)
{
	const char *error = resolve_error(s->name);

	if (error && !s->told_old)
		LOGP(DLINK, LOGL_NOTICE, "%s: the name of the peer: %s; its last known addresses are used\n",
		     s->link->cfg->name, error);
	s->told_old = error != NULL;
}

static void leg_dial(struct leg *leg)
{
	struct linksock *s = leg->sock;
	const struct resolve_list *list = resolve_known(s->name);
	const char *error = resolve_error(s->name);
	struct sockaddr_storage to;
	socklen_t len;
	int fd;

	leg->naming = false;
	if (list->n == 0) {
		s->link->ops->closed(s->link, leg->no, error ? error : "no answer about its name", clock_mono_us());
		return;
	}
	tell_old(s);
	leg->to = *choose(leg, list);
	leg->heard = false;
	fd = open_socket(&leg->to, s->link->cfg->port, &to, &len);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS)) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		s->link->ops->closed(s->link, leg->no, strerror(saved), clock_mono_us());
		return;
	}
	leg_adopt(leg, fd, false, s->link->cfg->connect_timeout_s);
}

/* There is an answer about the name. */
static void named(void *arg)
{
	struct linksock *s = arg;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		if (s->leg[i].naming)
			leg_dial(&s->leg[i]);
}

void linksock_connect(struct linksock *s, unsigned int no)
{
	struct leg *leg = &s->leg[no];
	uint64_t wait_us = s->link->cfg->connect_timeout_s * 1000000ull;
	int rc;

	leg_close(leg);
	rc = resolve_ask(s->name, s->link->cfg->address);
	if (rc != -EINPROGRESS && rc != -EALREADY) {
		leg_dial(leg);
		return;
	}
	if (resolve_known(s->name)->n > 0)
		wait_us = OSMO_MIN(wait_us, NAME_US);
	leg->naming = true;
	leg->connect_by_us = clock_mono_us() + wait_us;
}

void linksock_close(struct linksock *s, unsigned int no)
{
	leg_flush(&s->leg[no], clock_mono_us()); /* a last word, such as unbind_resp */
	leg_close(&s->leg[no]);
}

static bool proven(const struct leg *leg)
{
	const struct link *link = leg->sock->link;

	return !leg->connecting && link->ops->proven && link->ops->proven(link, leg->no);
}

/* Strangers must not keep the carrier out: whoever has not shown its credentials for longest makes room. */
static struct leg *make_room(struct linksock *s, unsigned int n)
{
	struct leg *oldest = NULL;

	for (unsigned int i = 0; i < n; i++)
		if (!proven(&s->leg[i]) && (!oldest || s->leg[i].since_us < oldest->since_us))
			oldest = &s->leg[i];
	if (oldest)
		leg_lost(oldest, "made room for a newer connection");
	return oldest;
}

/* A place for a newcomer, or NULL. Where one connection is all there is, the newer one is most likely the peer after its
 * restart; elsewhere the driver knows better, once it has seen who it is. */
static struct leg *place(struct linksock *s)
{
	unsigned int n = OSMO_MAX(s->link->ops->callers, 1u);

	for (unsigned int i = 0; i < n; i++)
		if (!s->leg[i].open)
			return &s->leg[i];
	if (n > 1)
		return make_room(s, n);
	LOGP(DLINK, LOGL_NOTICE, "%s: the peer dialled in again; the older connection is closed\n", s->link->cfg->name);
	leg_lost(&s->leg[0], "replaced by a newer connection");
	return &s->leg[0];
}

static bool allowed(const struct conf_link *cfg, const char *caller)
{
	for (size_t i = 0; i < cfg->n_callers; i++)
		if (!strcmp(cfg->callers[i], caller))
			return true;
	return cfg->n_callers == 0;
}

static void name_caller(const struct sockaddr_storage *from, socklen_t len, char *to, size_t size)
{
	char host[NI_MAXHOST] = "";

	getnameinfo((const struct sockaddr *)from, len, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	osmo_strlcpy(to, !strncmp(host, "::ffff:", 7) ? host + 7 : host, size);
}

/* TLS is costly and comes before the driver's own limits. */
static unsigned int shaking(const struct linksock *s, const char *caller)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		n += s->leg[i].open && s->leg[i].connecting && !strcmp(s->link->caller[i], caller);
	return n;
}

static bool let_in(const struct linksock *s, const char *caller)
{
	const struct link_ops *ops = s->link->ops;

	return allowed(s->link->cfg, caller) && shaking(s, caller) < SHAKING_MAX &&
	       !(ops->turn_away && ops->turn_away(s->link, caller, clock_mono_us()));
}

static int accept_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct linksock *s = ofd->data;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd = accept4(ofd->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	char caller[sizeof(s->link->caller[0])];
	struct leg *leg;

	if (fd < 0)
		return 0;
	name_caller(&from, len, caller, sizeof(caller));
	leg = let_in(s, caller) ? place(s) : NULL;
	if (!leg) {
		s->link->count.connect_failures++;
		close(fd);
		return 0;
	}
	osmo_strlcpy(s->link->caller[leg->no], caller, sizeof(caller));
	leg_adopt(leg, fd, true, s->link->cfg->session_init_s);
	leg_begin(leg);
	return 0;
}

bool linksock_listening(const struct linksock *s)
{
	return s->listener.fd >= 0;
}

void linksock_deaf(struct linksock *s)
{
	if (s->listener.fd < 0)
		return;
	hot_remove(s->hot, &s->listener);
	close(s->listener.fd);
	s->listener.fd = -1;
}

static int listen_at(struct linksock *s, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage at;
	socklen_t len;
	int one = 1, rc, fd = open_socket(addr, s->link->cfg->port, &at, &len);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	rc = fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 8) < 0 ? -errno : 0;
	if (rc < 0) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	osmo_fd_setup(&s->listener, fd, OSMO_FD_READ, accept_cb, s, 0);
	return hot_add(s->hot, &s->listener);
}

int linksock_listen(struct linksock *s)
{
	const struct resolve_list *list = resolve_known(s->name);
	int rc;

	linksock_deaf(s); /* the address may have changed */
	rc = resolve_ask(s->name, s->link->cfg->address);
	if (list->n == 0)
		return rc == -EINPROGRESS && !resolve_error(s->name) ? 0 : -EADDRNOTAVAIL;
	rc = -EADDRNOTAVAIL;
	for (unsigned int i = 0; i < list->n && rc < 0; i++)
		rc = listen_at(s, &list->v[i]);
	return rc;
}

uint64_t linksock_pump(struct linksock *s, uint64_t now_us)
{
	uint64_t next = s->link->ops->tick(s->link, now_us);

	for (unsigned int i = 0; i < LINK_LEGS; i++) {
		struct leg *leg = &s->leg[i];

		if (leg->naming && now_us >= leg->connect_by_us)
			leg_dial(leg);
		else if (leg->connecting && now_us >= leg->connect_by_us)
			leg_lost(leg, leg->called ? "TLS was not agreed on in time" : "no answer to the connection attempt");
		else if (leg->naming || leg->connecting)
			next = sooner(next, leg->connect_by_us);
		else if (leg->open)
			leg_flush(leg, now_us);
	}
	return next;
}

struct linksock *linksock_new(void *ctx, struct link *link, struct hot *hot)
{
	struct linksock *s = talloc_zero(ctx, struct linksock);

	OSMO_ASSERT(s);
	s->link = link;
	s->hot = hot;
	s->buf = talloc_size(s, READ_SIZE);
	s->name = resolve_new(s, hot, named, s);
	s->listener.fd = -1;
	for (unsigned int i = 0; i < LINK_LEGS; i++) {
		s->leg[i].sock = s;
		s->leg[i].no = i;
	}
	return s;
}

void linksock_free(struct linksock *s)
{
	for (unsigned int i = 0; i < LINK_LEGS; i++)
		leg_close(&s->leg[i]);
	linksock_deaf(s);
	talloc_free(s);
}

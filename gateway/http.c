#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gateway/clock.h"
#include "gateway/http_page.h"
#include "gateway/log.h"
#include "gateway/noc.h"

#define CONNECTIONS    64
#define CONNECTIONS_IP 16
#define IDLE_S         5
#define LIFE_US        20000000 /* of a connection, however it drips */
#define CONNECTION_MEM 16384
#define SWEEP_MS       1000

struct client {
	int fd; /* -1: free */
	uint64_t since_us;
};

/* Its thread reads snapshots and nothing else; nothing of it is touched from outside but `stop`. */
struct http {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int stop;
	struct client client[CONNECTIONS];
};

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int want = code == MHD_CONNECTION_NOTIFY_STARTED ? -1 : info->connect_fd;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (http->client[i].fd != want)
			continue;
		http->client[i].fd = want == -1 ? info->connect_fd : -1;
		http->client[i].since_us = clock_mono_us();
		return;
	}
}

/* MHD's own time limit is one of idleness: a peer that sends an octet now and then would stay for ever. */
static void sweep(struct http *http)
{
	uint64_t now = clock_mono_us();

	for (size_t i = 0; i < CONNECTIONS; i++)
		if (http->client[i].fd != -1 && now - http->client[i].since_us > LIFE_US)
			shutdown(http->client[i].fd, SHUT_RDWR);
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status, const char *type,
			     char *take)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(take), take, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (!r) {
		free(take);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "Connection", "close");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(
		r, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	rc = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned int status, const char *text)
{
	char *copy = strdup(text);

	OSMO_ASSERT(copy);
	return reply(connection, status, "text/plain; charset=utf-8", copy);
}

static enum MHD_Result answer(struct MHD_Connection *connection, const char *url, const struct snapshot *s)
{
	const char *why;
	unsigned int status;

	if (!strcmp(url, "/"))
		return reply(connection, 200, "text/html; charset=utf-8", http_page_html(s));
	if (!strcmp(url, "/status.json"))
		return reply(connection, s ? 200 : 503, "application/json", http_page_json(s));
	if (!strcmp(url, "/metrics"))
		return reply(connection, s ? 200 : 503, "text/plain; version=0.0.4; charset=utf-8",
			     http_page_metrics(s));
	if (!strcmp(url, "/healthz")) {
		status = http_page_health(s, clock_wall_s(), &why);
		return reply_text(connection, status, why);
	}
	return reply_text(connection, 404, "not found\n");
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context)
{
	static const char seen;
	struct snapshot *s;
	enum MHD_Result rc;

	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return reply_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (*upload_len > 0)
		return MHD_NO; /* a GET that brings a body */
	if (!*context) {
		*context = (void *)&seen;
		return MHD_YES;
	}
	s = snapshot_get();
	rc = answer(connection, url, s);
	snapshot_put(s);
	return rc;
}

static void *run(void *arg)
{
	struct http *http = arg;
	struct pollfd pfd[2] = {{.fd = http->stop, .events = POLLIN}, {.events = POLLIN}};

	pfd[1].fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	for (;;) {
		MHD_UNSIGNED_LONG_LONG wait = SWEEP_MS;

		if (MHD_get_timeout(http->daemon, &wait) != MHD_YES || wait > SWEEP_MS)
			wait = SWEEP_MS;
		poll(pfd, 2, (int)wait);
		if (pfd[0].revents)
			return NULL;
		MHD_run(http->daemon);
		sweep(http);
	}
}

static int stop(struct http *http)
{
	uint64_t one = 1;

	if (http->thread && write(http->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(http->thread, NULL);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->stop >= 0)
		close(http->stop);
	return 0;
}

static int open_daemon(struct http *http, const struct conf_endpoint *at)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *ai;
	unsigned int flags = MHD_USE_EPOLL;

	if (getaddrinfo(at->address, NULL, &hints, &ai) != 0)
		return -EINVAL;
	if (ai->ai_family == AF_INET6) {
		flags |= MHD_USE_IPv6;
		((struct sockaddr_in6 *)ai->ai_addr)->sin6_port = htons(at->port);
	} else {
		((struct sockaddr_in *)ai->ai_addr)->sin_port = htons(at->port);
	}
	errno = 0;
	http->daemon = MHD_start_daemon(
		flags, at->port, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, ai->ai_addr,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_IP, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEM, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_END);
	freeaddrinfo(ai);
	return http->daemon ? 0 : errno ? -errno : -EADDRINUSE;
}

static int start(struct http *http, const struct conf_endpoint *at)
{
	sigset_t all, before;
	int rc;

	http->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (http->stop < 0)
		return -errno;
	rc = open_daemon(http, at);
	if (rc != 0)
		return rc;
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&http->thread, NULL, run, http);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		http->thread = 0;
	return -rc;
}

int http_listen(void *ctx, const struct conf_endpoint *at)
{
	struct http *http = talloc_zero(ctx, struct http);
	int rc;

	OSMO_ASSERT(http);
	http->stop = -1;
	for (size_t i = 0; i < CONNECTIONS; i++)
		http->client[i].fd = -1;
	talloc_set_destructor(http, stop);
	rc = start(http, at);
	if (rc != 0) {
		LOGP(DNOC, LOGL_ERROR, "status page: cannot listen on %s port %u: %s\n",
		     log_safe(at->address, strlen(at->address)), at->port, strerror(-rc));
		talloc_free(http);
	}
	return rc;
}

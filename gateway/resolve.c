#include "gateway/resolve.h"
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* Belongs to the loop and to its thread: who lets go of it last frees it. Not of talloc, which knows no locks. */
struct question {
	atomic_int refs;
	atomic_bool answered;
	int bell;
	int rc, error; /* of getaddrinfo(), and its errno */
	char *host;
	struct resolve_list list;
};

struct resolve {
	struct hot *hot;
	void (*done)(void *arg);
	void *arg;
	char *host; /* that the rest is of */
	struct question *asked; /* and not answered yet */
	struct osmo_fd bell;
	struct resolve_list known;
	char error[128]; /* "": none */
};

static void set_error(struct resolve *r, int rc, int error)
{
	osmo_strlcpy(r->error, rc == 0 ? "" : rc == EAI_SYSTEM ? strerror(error) : gai_strerror(rc), sizeof(r->error));
}

/* 0 or EAI_; list is changed on success only. */
static int look_up(const char *host, int flags, struct resolve_list *list)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *all;
	int rc = getaddrinfo(host, NULL, &hints, &all);

	if (rc != 0)
		return rc;
	memset(list, 0, sizeof(*list));
	for (const struct addrinfo *ai = all; ai && list->n < RESOLVE_MAX; ai = ai->ai_next)
		if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6)
			memcpy(&list->v[list->n++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(all);
	return list->n > 0 ? 0 : EAI_NONAME;
}

static void put(struct question *q)
{
	if (--q->refs > 0)
		return;
	if (q->bell >= 0)
		close(q->bell);
	free(q->host);
	free(q);
}

static void *answer(void *arg)
{
	struct question *q = arg;

	q->rc = look_up(q->host, 0, &q->list);
	q->error = errno;
	q->answered = true;
	eventfd_write(q->bell, 1);
	put(q);
	return NULL;
}

static int start_thread(struct question *q)
{
	pthread_t thread;
	sigset_t all, before;
	int rc;

	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	q->refs++;
	rc = pthread_create(&thread, NULL, answer, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		pthread_detach(thread);
	else
		put(q);
	return -rc;
}

static void let_go(struct resolve *r)
{
	if (!r->asked)
		return;
	hot_remove(r->hot, &r->bell);
	put(r->asked);
	r->asked = NULL;
}

static int bell_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct resolve *r = ofd->data;
	const struct question *q = r->asked;

	if (!q->answered)
		return 0;
	set_error(r, q->rc, q->error);
	if (q->rc == 0)
		r->known = q->list;
	let_go(r);
	r->done(r->arg);
	return 0;
}

static int ask(struct resolve *r)
{
	struct question *q = calloc(1, sizeof(*q));
	int rc;

	OSMO_ASSERT(q);
	q->refs = 1;
	q->host = strdup(r->host);
	OSMO_ASSERT(q->host);
	q->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = q->bell < 0 ? -errno : start_thread(q);
	if (rc < 0) {
		set_error(r, EAI_SYSTEM, -rc);
		put(q);
		return rc;
	}
	r->asked = q;
	osmo_fd_setup(&r->bell, q->bell, OSMO_FD_READ, bell_cb, r, 0);
	OSMO_ASSERT(hot_add(r->hot, &r->bell) == 0);
	return -EINPROGRESS;
}

int resolve_ask(struct resolve *r, const char *host)
{
	if (!r->host || strcmp(r->host, host)) {
		let_go(r);
		talloc_free(r->host);
		r->host = talloc_strdup(r, host);
		OSMO_ASSERT(r->host);
		r->known.n = 0;
		set_error(r, 0, 0);
	}
	if (look_up(host, AI_NUMERICHOST, &r->known) == 0)
		return 0;
	return r->asked ? -EALREADY : ask(r);
}

const struct resolve_list *resolve_known(const struct resolve *r)
{
	return &r->known;
}

const char *resolve_error(const struct resolve *r)
{
	return r->error[0] ? r->error : NULL;
}

static int resolve_free(struct resolve *r)
{
	let_go(r);
	return 0;
}

struct resolve *resolve_new(void *ctx, struct hot *hot, void (*done)(void *arg), void *arg)
{
	struct resolve *r = talloc_zero(ctx, struct resolve);

	OSMO_ASSERT(r);
	r->hot = hot;
	r->done = done;
	r->arg = arg;
	talloc_set_destructor(r, resolve_free);
	return r;
}

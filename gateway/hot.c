#include "gateway/hot.h"
#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define OTHERS_MS 5
#define EVENTS    64

struct hot {
	struct osmo_fd outer;
	bool busy;	    /* something happened here lately */
	bool removed;	    /* a descriptor went: events at hand may be of it */
	uint64_t others_us; /* when the others have their turn again */
};

static uint32_t events_of(unsigned int when)
{
	return (when & OSMO_FD_READ ? EPOLLIN : 0) | (when & OSMO_FD_WRITE ? EPOLLOUT : 0);
}

static unsigned int ready_of(const struct osmo_fd *ofd, uint32_t events)
{
	unsigned int what = (events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? OSMO_FD_READ : 0) |
			    (events & (EPOLLOUT | EPOLLERR) ? OSMO_FD_WRITE : 0);

	return what & ofd->when;
}

/* True: there was something. What is left out comes again. */
static bool serve(struct hot *h, int timeout_ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(h->outer.fd, e, EVENTS, timeout_ms);

	h->removed = false;
	for (int i = 0; i < n && !h->removed; i++) {
		struct osmo_fd *ofd = e[i].data.ptr;

		ofd->cb(ofd, ready_of(ofd, e[i].events));
	}
	return n > 0;
}

static int outer_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct hot *h = ofd->data;

	h->busy |= serve(h, 0);
	return 0;
}

static int hot_free(struct hot *h)
{
	osmo_fd_unregister(&h->outer);
	close(h->outer.fd);
	return 0;
}

struct hot *hot_new(void *ctx)
{
	struct hot *h = talloc_zero(ctx, struct hot);
	int fd = epoll_create1(EPOLL_CLOEXEC);

	OSMO_ASSERT(h && fd >= 0);
	osmo_fd_setup(&h->outer, fd, OSMO_FD_READ, outer_cb, h, 0);
	OSMO_ASSERT(osmo_fd_register(&h->outer) == 0);
	talloc_set_destructor(h, hot_free);
	return h;
}

static int control(struct hot *h, int op, struct osmo_fd *ofd)
{
	struct epoll_event e = {.events = events_of(ofd->when), .data.ptr = ofd};

	return epoll_ctl(h->outer.fd, op, ofd->fd, &e) < 0 ? -errno : 0;
}

int hot_add(struct hot *h, struct osmo_fd *ofd)
{
	return control(h, EPOLL_CTL_ADD, ofd);
}

void hot_remove(struct hot *h, struct osmo_fd *ofd)
{
	OSMO_ASSERT(control(h, EPOLL_CTL_DEL, ofd) == 0);
	h->removed = true;
}

void hot_when(struct hot *h, struct osmo_fd *ofd, unsigned int when)
{
	if (ofd->when == when)
		return;
	ofd->when = when;
	OSMO_ASSERT(control(h, EPOLL_CTL_MOD, ofd) == 0);
}

void hot_turn(struct hot *h, uint64_t now_us)
{
	if (h->busy && now_us < h->others_us) {
		h->busy = serve(h, OTHERS_MS);
		return;
	}
	h->others_us = now_us + OTHERS_MS * 1000;
	osmo_select_main(h->busy); /* then without waiting */
}

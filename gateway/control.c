#define _GNU_SOURCE /* accept4, struct ucred */
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/linuxlist.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "gateway/control_request.h"
#include "gateway/log.h"
#include "gateway/noc.h"

#define PEERS_MAX  16
#define PEER_TICKS 10 /* seconds that a peer has for its request and for taking the answer */

struct control {
	const struct control_ops *ops;
	char *path;
	struct osmo_fd listener,
		clock; /* clock: one tick a second while there are peers; timerfd, hence monotonic */
	struct llist_head peers;
	unsigned int n_peers;
};

struct peer {
	struct llist_head entry;
	struct control *control;
	struct osmo_fd fd;
	unsigned int ticks;
	size_t got;
	char request[CONTROL_REQUEST_MAX];
	char *answer;
	size_t answer_len, sent;
};

static int peer_close(struct peer *peer)
{
	osmo_fd_unregister(&peer->fd);
	close(peer->fd.fd);
	llist_del(&peer->entry);
	if (--peer->control->n_peers == 0)
		osmo_timerfd_disable(&peer->control->clock);
	return 0;
}

static const char *peer_name(struct peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(peer->fd.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return "control socket";
	return talloc_asprintf(peer, "control socket, user %u, process %d", cred.uid, cred.pid);
}

/* Writes what the peer takes; true when the exchange is over. */
static bool peer_write(struct peer *peer)
{
	while (peer->sent < peer->answer_len) {
		ssize_t n = send(peer->fd.fd, peer->answer + peer->sent, peer->answer_len - peer->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno != EAGAIN && errno != EINTR;
		peer->sent += (size_t)n;
	}
	return true;
}

static void peer_answer(struct peer *peer, size_t line)
{
	peer->answer = control_request(peer, peer->control->ops, peer->request, line, peer_name(peer));
	peer->answer_len = strlen(peer->answer);
	osmo_fd_read_disable(&peer->fd);
	osmo_fd_write_enable(&peer->fd);
}

/* One line; its end may also be the end of the peer's sending. True when the exchange is over. */
static bool peer_read(struct peer *peer)
{
	ssize_t n =
		recv(peer->fd.fd, peer->request + peer->got, sizeof(peer->request) - peer->got, MSG_DONTWAIT);
	char *end;

	if (n < 0)
		return errno != EAGAIN && errno != EINTR;
	if (n == 0 && peer->got == 0)
		return true;
	end = memchr(peer->request + peer->got, '\n', (size_t)n);
	peer->got += (size_t)n;
	if (end || n == 0)
		peer_answer(peer, end ? (size_t)(end - peer->request) : peer->got);
	else if (peer->got == sizeof(peer->request))
		peer_answer(peer, 0); /* too long: answered as what it is, no JSON */
	return false;
}

static int peer_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct peer *peer = ofd->data;
	bool over = false;

	if ((what & OSMO_FD_READ) && !peer->answer)
		over = peer_read(peer);
	else if (what & OSMO_FD_WRITE)
		over = peer_write(peer);
	if (over)
		talloc_free(peer);
	return 0;
}

static int accept_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct control *control = ofd->data;
	struct timespec second = {.tv_sec = 1};
	int fd = accept4(ofd->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *peer;

	if (fd < 0)
		return 0;
	if (control->n_peers == PEERS_MAX) {
		close(fd);
		return 0;
	}
	peer = talloc_zero(control, struct peer);
	OSMO_ASSERT(peer);
	peer->control = control;
	peer->ticks = PEER_TICKS;
	osmo_fd_setup(&peer->fd, fd, OSMO_FD_READ, peer_cb, peer, 0);
	if (osmo_fd_register(&peer->fd) != 0) {
		close(fd);
		talloc_free(peer);
		return 0;
	}
	llist_add_tail(&peer->entry, &control->peers);
	if (control->n_peers++ == 0)
		osmo_timerfd_schedule(&control->clock, &second, &second);
	talloc_set_destructor(peer, peer_close);
	return 0;
}

static int clock_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct control *control = ofd->data;
	struct peer *peer, *next;
	uint64_t n;

	if (read(ofd->fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	llist_for_each_entry_safe (peer, next, &control->peers, entry)
		if (--peer->ticks == 0)
			talloc_free(peer);
	return 0;
}

static int control_close(struct control *control)
{
	struct peer *peer, *next;

	llist_for_each_entry_safe (peer, next, &control->peers, entry)
		talloc_free(peer);
	if (control->clock.fd >= 0) {
		osmo_fd_unregister(&control->clock);
		close(control->clock.fd);
	}
	if (control->listener.fd >= 0) {
		osmo_fd_unregister(&control->listener);
		close(control->listener.fd);
		unlink(control->path);
	}
	return 0;
}

/* A socket that a crash left behind goes; one that is answered, or anything else of that name, stays. */
static int clear_path(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd, rc;

	if (lstat(sun->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno != ECONNREFUSED
		     ? -EADDRINUSE
		     : 0;
	close(fd);
	if (rc == 0 && unlink(sun->sun_path) != 0)
		rc = -errno;
	return rc;
}

/* Nobody can connect before listen(), so the mode is right from the first moment on. */
static int open_listener(const char *path, int *fd)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	rc = clear_path(&sun);
	if (rc != 0)
		return rc;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	if (bind(*fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 || chmod(path, 0600) != 0 ||
	    listen(*fd, 16) != 0) {
		rc = -errno;
		close(*fd);
		return rc;
	}
	return 0;
}

static int control_open(struct control *control)
{
	int fd, rc;

	rc = osmo_timerfd_setup(&control->clock, clock_cb, control);
	if (rc < 0)
		return rc;
	rc = open_listener(control->path, &fd);
	if (rc != 0)
		return rc;
	osmo_fd_setup(&control->listener, fd, OSMO_FD_READ, accept_cb, control, 0);
	return osmo_fd_register(&control->listener);
}

int control_listen(void *ctx, const char *path, const struct control_ops *ops)
{
	struct control *control = talloc_zero(ctx, struct control);
	int rc;

	OSMO_ASSERT(control);
	INIT_LLIST_HEAD(&control->peers);
	control->ops = ops;
	control->path = talloc_strdup(control, path);
	control->listener.fd = control->clock.fd = -1;
	talloc_set_destructor(control, control_close);
	rc = control_open(control);
	if (rc != 0) {
		LOGP(DNOC, LOGL_ERROR, "control socket %s: %s\n", log_safe(path, strlen(path)),
		     rc == -EADDRINUSE ? "another gateway listens there" : strerror(-rc));
		talloc_free(control);
	}
	return rc;
}

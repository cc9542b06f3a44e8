#include "reunion-config.h"
#include "gateway/parser.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <osmocom/core/linuxlist.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/parser_parts.h"

#define START_MS 10000 /* for the first child, on a machine that others use too */
#define TRIES    2

struct job {
	struct llist_head entry;
	const uint8_t *data;
	uint32_t len;
	unsigned int tries;
	parser_done done;
	void *arg;
};

struct parser {
	struct llist_head jobs; /* the first is with the child when busy */
	bool busy;
	uint64_t hang_us;
	pid_t pid; /* 0: none */
	struct osmo_fd ofd;
	size_t sent;
	bool hello, confined;
	uint8_t *answer; /* head and octets as they come in */
	size_t got;
};

/* ---- the child's life ---- */

static void end_child(struct parser *p)
{
	if (!p->pid)
		return;
	osmo_fd_unregister(&p->ofd);
	close(p->ofd.fd);
	/* With no file and no memory to speak of it is gone at once. */
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
	p->busy = p->hello = false;
}

static int parser_destroy(struct parser *p)
{
	end_child(p);
	return 0;
}

static int actions(posix_spawn_file_actions_t *a, int fd)
{
	int rc = posix_spawn_file_actions_init(a);

	if (rc)
		return rc;
	rc = posix_spawn_file_actions_adddup2(a, fd, PARSER_FD);
	for (int i = 0; i < PARSER_FD && rc == 0; i++) {
#ifdef __SANITIZE_ADDRESS__
		if (i == STDERR_FILENO)
			continue;
#endif
		rc = posix_spawn_file_actions_addopen(a, i, "/dev/null", O_RDWR, 0);
	}
	return rc ? rc : posix_spawn_file_actions_addclosefrom_np(a, PARSER_FD + 1);
}

/* Nothing of the environment but where libraries are. */
static int spawn(pid_t *pid, int fd)
{
	const char *libraries = getenv("LD_LIBRARY_PATH");
	char *place = libraries ? talloc_asprintf(NULL, "LD_LIBRARY_PATH=%s", libraries) : NULL;
	char *argv[] = {"reuniond", PARSER_WORD, NULL}, *envp[] = {place, NULL};
	posix_spawn_file_actions_t a;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc = posix_spawnattr_init(&attr);

	sigemptyset(&none);
	if (rc == 0) {
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
		rc = actions(&a, fd);
	}
	if (rc == 0) {
		rc = posix_spawn(pid, "/proc/self/exe", &a, &attr, argv, envp);
		posix_spawn_file_actions_destroy(&a);
	}
	posix_spawnattr_destroy(&attr);
	talloc_free(place);
	return -rc;
}

static int from_child(struct osmo_fd *ofd, unsigned int what);

static int start_child(struct parser *p)
{
	int ends[2], rc;

	if (p->pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	/* The child waits in its calls, the loop does not. */
	rc = fcntl(ends[1], F_SETFL, 0) < 0 ? -errno : spawn(&p->pid, ends[1]);
	close(ends[1]);
	if (rc < 0) {
		p->pid = 0;
		close(ends[0]);
		return rc;
	}
	osmo_fd_setup(&p->ofd, ends[0], OSMO_FD_READ, from_child, p, 0);
	OSMO_ASSERT(osmo_fd_register(&p->ofd) == 0);
	p->got = 0;
	return 0;
}

/* ---- questions and answers ---- */

static void finish(struct parser *p, int rc, const struct trigger_scan *scan)
{
	struct job *job = llist_first_entry(&p->jobs, struct job, entry);

	llist_del(&job->entry);
	p->busy = false;
	job->done(job->arg, rc, scan);
	talloc_free(job);
}

static void send_on(struct parser *p)
{
	const struct job *job = llist_first_entry(&p->jobs, struct job, entry);
	struct iovec parts[2] = {{(void *)&job->len, sizeof(job->len)}, {(void *)job->data, job->len}};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
	size_t done = p->sent;
	ssize_t n;

	for (int i = 0; i < 2; i++) {
		size_t part = OSMO_MIN(done, parts[i].iov_len);

		parts[i].iov_base = (uint8_t *)parts[i].iov_base + part;
		parts[i].iov_len -= part;
		done -= part;
	}
	n = sendmsg(p->ofd.fd, &msg, MSG_NOSIGNAL);
	if (n > 0)
		p->sent += n;
	/* What went wrong shows when it is read from. */
	if (p->sent < sizeof(job->len) + job->len)
		osmo_fd_write_enable(&p->ofd);
	else
		osmo_fd_write_disable(&p->ofd);
}

/* Puts the next question, if there is one and nobody is being asked. */
static void ask_next(struct parser *p)
{
	while (!p->busy && !llist_empty(&p->jobs)) {
		int rc = start_child(p);

		if (rc < 0) {
			LOGP(DSPOOL, LOGL_ERROR, "the process that reads triggers cannot be started: %s\n", strerror(-rc));
			finish(p, rc, NULL);
			continue;
		}
		p->busy = true;
		p->sent = 0;
		p->hang_us = clock_mono_us() + PARSER_HANG_US;
		send_on(p);
	}
}

/* The child is no good any more: another one tries, or the trigger is given up. */
static void failed(struct parser *p, int rc, const char *how)
{
	bool busy = p->busy;

	LOGP(DSPOOL, LOGL_ERROR, "the process that reads triggers %s; another takes its place\n", how);
	end_child(p);
	if (busy && ++llist_first_entry(&p->jobs, struct job, entry)->tries >= TRIES)
		finish(p, rc, NULL);
	ask_next(p);
}

static void take_answer(struct parser *p, size_t len)
{
	struct trigger_scan *scan;

	if (trigger_scan_unpack(p, p->answer + sizeof(uint32_t), len, &scan) < 0) {
		failed(p, -EPROTO, "gave an answer that is none");
		return;
	}
	p->got = 0;
	finish(p, 0, scan);
	talloc_free(scan);
	ask_next(p);
}

/* What has come in so far: hello, a length, an answer. Nothing of it is believed. */
static void consider(struct parser *p)
{
	uint32_t len;

	if (!p->hello) {
		p->hello = true;
		p->confined = p->answer[0] == PARSER_CONFINED;
		memmove(p->answer, p->answer + 1, --p->got);
	}
	if (p->got < sizeof(len))
		return;
	memcpy(&len, p->answer, sizeof(len));
	if (!p->busy || len > SCAN_MAX_OCTETS || p->got > sizeof(len) + len)
		failed(p, -EPROTO, "gave an answer that is none");
	else if (p->got == sizeof(len) + len)
		take_answer(p, len);
}

static int from_child(struct osmo_fd *ofd, unsigned int what)
{
	struct parser *p = ofd->data;
	ssize_t n;

	if (what & OSMO_FD_WRITE && p->busy)
		send_on(p);
	if (!(what & OSMO_FD_READ))
		return 0;
	n = read(ofd->fd, p->answer + p->got, sizeof(uint32_t) + SCAN_MAX_OCTETS + 1 - p->got);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		failed(p, -EPROTO, "ended");
		return 0;
	}
	p->got += n;
	consider(p);
	return 0;
}

/* ---- for the others ---- */

struct parser *parser_new(void *ctx)
{
	struct parser *p = talloc_zero(ctx, struct parser);

	OSMO_ASSERT(p);
	INIT_LLIST_HEAD(&p->jobs);
	p->answer = talloc_size(p, sizeof(uint32_t) + SCAN_MAX_OCTETS + 1);
	OSMO_ASSERT(p->answer);
	talloc_set_destructor(p, parser_destroy);
	return p;
}

int parser_start(struct parser *p, bool *confined)
{
	struct pollfd fd = {.events = POLLIN};
	int rc = start_child(p);

	if (rc < 0)
		return rc;
	fd.fd = p->ofd.fd;
	if (poll(&fd, 1, START_MS) != 1)
		return -ETIMEDOUT;
	from_child(&p->ofd, OSMO_FD_READ);
	*confined = p->confined;
	return p->hello ? 0 : -ECHILD;
}

void parser_ask(struct parser *p, const uint8_t *data, size_t len, parser_done done, void *arg)
{
	struct job *job = talloc_zero(p, struct job);

	OSMO_ASSERT(job && len <= PARSER_MAX_QUESTION);
	*job = (struct job){.data = data, .len = len, .done = done, .arg = arg};
	llist_add_tail(&job->entry, &p->jobs);
	ask_next(p);
}

uint64_t parser_tick(struct parser *p, uint64_t now_us)
{
	if (p->busy && now_us >= p->hang_us)
		failed(p, -ETIMEDOUT, "does not answer");
	return p->busy ? p->hang_us : UINT64_MAX;
}

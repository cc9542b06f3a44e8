/* Makes system calls on the ledger's files fail, for LD_PRELOAD. Only calls on paths that contain SHIM_PATH count.
 *
 * SHIM_CALL (fdatasync, pwrite, rename) fails with EIO at a process' SHIM_N-th call, but only for the process
 * that can create SHIM_ONCE; or for as long as the file SHIM_FLAG exists.
 * The wall clock runs ahead by as many seconds as the file SHIM_CLOCK says.
 * A descriptor whose sync failed must not be written to or synced again: SHIM_LOG gets a line for each time that it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FDS 1024

static atomic_int calls;
static atomic_char distrusted[FDS];

static int on_ledger(int fd)
{
	char link[64], path[PATH_MAX];
	const char *want = getenv("SHIM_PATH");
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 || !want)
		return 0;
	path[n] = '\0';
	return strstr(path, want) != NULL;
}

static void tell(const char *what)
{
	const char *log = getenv("SHIM_LOG");
	int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", what);
	close(fd);
}

static int fails(const char *call)
{
	const char *which = getenv("SHIM_CALL"), *n = getenv("SHIM_N"), *flag = getenv("SHIM_FLAG");
	int fd;

	if (!which || strcmp(which, call))
		return 0;
	if (flag && access(flag, F_OK) == 0) {
		tell("failed");
		return 1;
	}
	if (n && ++calls == atoi(n) && (fd = open(getenv("SHIM_ONCE"), O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0) {
		close(fd);
		tell("failed");
		return 1;
	}
	return 0;
}

static int sync_fd(int fd, const char *name)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

	if (!on_ledger(fd))
		return real(fd);
	if (fd < FDS && distrusted[fd])
		tell("synced again");
	if (fails("fdatasync")) {
		if (fd < FDS)
			distrusted[fd] = 1;
		errno = EIO;
		return -1;
	}
	return real(fd);
}

int fdatasync(int fd)
{
	return sync_fd(fd, "fdatasync");
}

int fsync(int fd)
{
	return sync_fd(fd, "fsync");
}

int close(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");

	if (fd >= 0 && fd < FDS)
		distrusted[fd] = 0;
	return real(fd);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");

	if (!on_ledger(fd))
		return real(fd, buf, len, at);
	if (fd < FDS && fd >= 0 && distrusted[fd])
		tell("written again");
	if (fails("pwrite")) {
		errno = EIO;
		return -1;
	}
	return real(fd, buf, len, at);
}

int renameat(int from, const char *old, int to, const char *new)
{
	int (*real)(int, const char *, int, const char *) = (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

	if (fails("rename")) {
		errno = EIO;
		return -1;
	}
	return real(from, old, to, new);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	const char *path = clock == CLOCK_REALTIME ? getenv("SHIM_CLOCK") : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[24] = "";

	if (syscall(SYS_clock_gettime, clock, ts) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0)
		ts->tv_sec += atol(text);
	close(fd);
	return 0;
}

#include "gateway/store_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOCK_TRY_US  50000
#define ROOM_FOR_WAL 8

static int name_beside(char *out, size_t len, const char *db, const char *suffix)
{
	int n = snprintf(out, len, "%s%s", db, suffix);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

/* The process that wrote its number into the lock file; only for the message. */
static long owner(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static int try_lock(int fd, unsigned int wait_ms)
{
	for (unsigned int waited_us = 0;; waited_us += LOCK_TRY_US) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited_us / 1000 >= wait_ms)
			return -EBUSY;
		usleep(LOCK_TRY_US);
	}
}

int store_file_lock(const char *db, unsigned int wait_ms, int *fd, char *err, size_t err_len)
{
	char name[PATH_MAX], pid[24];
	int rc = name_beside(name, sizeof(name), db, ".lock");

	*fd = rc < 0 ? -1 : open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0) {
		rc = rc < 0 ? rc : -errno;
		snprintf(err, err_len, "%s.lock: cannot be opened: %s", db, strerror(-rc));
		return rc;
	}
	rc = try_lock(*fd, wait_ms);
	if (rc == 0) {
		int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

		/* On a full disk the number may not fit: the lock holds all the same. */
		if (ftruncate(*fd, 0) == 0 && pwrite(*fd, pid, n, 0) == n)
			return 0;
		return 0;
	}
	if (rc == -EBUSY)
		snprintf(err, err_len,
			 "%s: the ledger is in use by process %ld; two gateways cannot share one ledger", db,
			 owner(*fd));
	else
		snprintf(err, err_len, "%s: cannot be locked: %s", name, strerror(-rc));
	close(*fd);
	*fd = -1;
	return rc;
}

bool store_file_reserved(const char *db)
{
	char name[PATH_MAX];
	struct stat st;

	return name_beside(name, sizeof(name), db, ".reserve") == 0 && lstat(name, &st) == 0 &&
	       S_ISREG(st.st_mode) && st.st_size == RESERVE_OCTETS && st.st_blocks * 512LL >= RESERVE_OCTETS;
}

int store_file_reserve(const char *db)
{
	char name[PATH_MAX];
	int fd, rc = name_beside(name, sizeof(name), db, ".reserve");

	if (rc < 0)
		return rc;
	if (store_file_free(db) < 2 * RESERVE_OCTETS)
		return -ENOSPC;
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rc = -posix_fallocate(fd, 0, RESERVE_OCTETS);
	close(fd);
	if (rc < 0)
		unlink(name);
	return rc;
}

int store_file_give_up(const char *db)
{
	char name[PATH_MAX];
	int rc = name_beside(name, sizeof(name), db, ".reserve");

	if (rc < 0)
		return rc;
	return unlink(name) < 0 ? -errno : 0;
}

static int write_zeros(int fd, off_t from, off_t to)
{
	static const uint8_t zeros[65536];

	while (from < to) {
		ssize_t n = pwrite(fd, zeros,
				   to - from < (off_t)sizeof(zeros) ? to - from : (off_t)sizeof(zeros), from);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

int store_file_lengthen_wal(const char *db, size_t octets)
{
	char name[PATH_MAX];
	struct stat st;
	int fd, rc = name_beside(name, sizeof(name), db, "-wal");

	if (rc < 0)
		return rc;
	if (store_file_free(db) < ROOM_FOR_WAL * octets)
		return -ENOSPC;
	fd = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : write_zeros(fd, st.st_size, (off_t)octets);
	close(fd);
	return rc;
}

/* The folder that holds db, as an open descriptor. */
static int open_dir(const char *db)
{
	char name[PATH_MAX];
	char *slash;
	int fd;

	if (name_beside(name, sizeof(name), db, "") < 0)
		return -ENAMETOOLONG;
	slash = strrchr(name, '/');
	if (!slash)
		strcpy(name, ".");
	else
		slash[slash == name] = '\0';
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

uint64_t store_file_free(const char *db)
{
	struct statvfs vfs;
	int fd = open_dir(db), rc;

	if (fd < 0)
		return 0;
	rc = fstatvfs(fd, &vfs);
	close(fd);
	return rc < 0 ? 0 : (uint64_t)vfs.f_bavail * vfs.f_frsize;
}

int store_file_sync_dir(const char *db)
{
	int fd = open_dir(db), rc;

	if (fd < 0)
		return fd;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

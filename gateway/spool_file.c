#include "reunion-config.h"
#include "gateway/spool_file.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int spool_folder(int dir, const char *name, unsigned int mode, bool mine)
{
	struct stat st;
	int fd;

	if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || (mine && st.st_uid != geteuid())) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		len -= n;
	}
	return 0;
}

int spool_file_put(int dir, const char *name, const char *text, size_t len, bool sync)
{
	char beside[256];
	int fd, rc;

	if (snprintf(beside, sizeof(beside), ".%s.tmp", name) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	/* what a crash left, or somebody put there: O_EXCL below never opens it */
	unlinkat(dir, beside, 0);
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, len);
	if (rc == 0 && sync && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(dir, beside, dir, name) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(dir, beside, 0);
	else if (sync && fsync(dir) < 0)
		rc = -errno;
	return rc;
}

int spool_file_json(int dir, const char *name, const json_t *doc, bool sync)
{
	char *text = json_dumps(doc, JSON_INDENT(2) | JSON_ENCODE_ANY);
	int rc;

	OSMO_ASSERT(text);
	rc = spool_file_put(dir, name, text, strlen(text), sync);
	free(text);
	return rc;
}

bool spool_file_exists(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int spool_file_move(int from, const char *name, int to, const char *new_name)
{
	if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* a file system without RENAME_NOREPLACE: we are the only writer of our folders */
	if (spool_file_exists(to, new_name))
		return -EEXIST;
	return renameat(from, name, to, new_name) < 0 ? -errno : 0;
}

static int read_all(int fd, uint8_t *data, size_t max, size_t *len)
{
	for (*len = 0; *len < max;) {
		ssize_t n = read(fd, data + *len, max - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*len += n;
	}
	return 0;
}

int spool_file_read(void *ctx, int dir, const char *name, size_t max, uint8_t **data, size_t *len)
{
	struct stat st;
	int rc = 0, fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		rc = -ELOOP;
	if (rc == 0) {
		*data = talloc_size(ctx, max);
		OSMO_ASSERT(*data);
		rc = read_all(fd, *data, max, len);
	}
	close(fd);
	return rc;
}

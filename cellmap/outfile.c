#define _GNU_SOURCE
#include "cellmap/outfile.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
	char *path, *folder, *beside; /* beside: the temporary name, while there is one */
	int fd;
};

static int discard(struct outfile *out)
{
	if (out->fd >= 0)
		close(out->fd);
	if (out->beside)
		unlink(out->beside);
	return 0;
}

static int fault(const struct outfile *out, int rc, const char *what, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s: cannot be %s: %s", out->path, what, strerror(-rc));
	return rc;
}

static char *folder_of(void *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return talloc_strdup(ctx, ".");
	return talloc_strndup(ctx, path, slash == path ? 1 : (size_t)(slash - path));
}

static int check_target(const char *path, char *err, size_t err_len)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(err, err_len, "%s: is not a regular file and is not replaced; name another output",
			 path);
		return -EEXIST;
	}
	return 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_inode(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool outfile_same(const char *a, const char *b)
{
	char *x = folder_of(NULL, a), *y = folder_of(NULL, b);
	bool same;

	OSMO_ASSERT(x && y);
	same = same_inode(a, b) || (!strcmp(base_of(a), base_of(b)) && same_inode(x, y));
	talloc_free(x);
	talloc_free(y);
	return same;
}

int outfile_not(const char *path, const char *in, char *err, size_t err_len)
{
	if (!outfile_same(path, in))
		return 0;
	snprintf(err, err_len, "%s: is an input and is not replaced; name another output", path);
	return -EINVAL;
}

static char *temporary_name(struct outfile *out)
{
	return talloc_asprintf(out, "%s/.%s.XXXXXX", out->folder, base_of(out->path));
}

static int open_unnamed(struct outfile *out)
{
	out->fd = open(out->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	return out->fd < 0 ? -errno : 0;
}

static int open_named(struct outfile *out)
{
	mode_t mask = umask(0);

	umask(mask);
	out->beside = temporary_name(out);
	OSMO_ASSERT(out->beside);
	out->fd = mkostemp(out->beside, O_CLOEXEC);
	if (out->fd < 0) {
		TALLOC_FREE(out->beside);
		return -errno;
	}
	return fchmod(out->fd, 0666 & ~mask) < 0 ? -errno : 0;
}

int outfile_open(void *ctx, const char *path, struct outfile **result, char *err, size_t err_len)
{
	struct outfile *out;
	int rc = check_target(path, err, err_len);

	if (rc < 0)
		return rc;
	out = talloc_zero(ctx, struct outfile);
	OSMO_ASSERT(out);
	out->fd = -1;
	out->path = talloc_strdup(out, path);
	out->folder = folder_of(out, path);
	OSMO_ASSERT(out->path && out->folder);
	talloc_set_destructor(out, discard);
	rc = open_unnamed(out);
	if (rc < 0 && rc != -ENOENT && rc != -EACCES && rc != -ENOSPC)
		rc = open_named(out);
	if (rc < 0) {
		fault(out, rc, "written", err, err_len);
		talloc_free(out);
		return rc;
	}
	*result = out;
	return 0;
}

int outfile_fd(const struct outfile *out)
{
	return out->fd;
}

int outfile_write(struct outfile *out, const void *data, size_t len, long long offset, char *err,
		  size_t err_len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = offset < 0 ? write(out->fd, p, len) : pwrite(out->fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault(out, n < 0 ? -errno : -ENOSPC, "written", err, err_len);
		p += n;
		len -= (size_t)n;
		offset = offset < 0 ? offset : offset + n;
	}
	return 0;
}

/* Gives the unnamed file a name beside the target. Somebody else's file of that name is left alone. */
static int name_it(struct outfile *out)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", out->fd);
	for (int i = 0; i < 100; i++) {
		char *name = talloc_asprintf(out, "%s.%d.%d", temporary_name(out), (int)getpid(), i);

		OSMO_ASSERT(name);
		if (linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			out->beside = name;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

int outfile_commit(struct outfile *out, char *err, size_t err_len)
{
	int rc = check_target(out->path, err, err_len);

	if (rc < 0)
		goto out;
	if (fsync(out->fd) < 0)
		rc = -errno;
	else if (!out->beside)
		rc = name_it(out);
	if (rc == 0 && rename(out->beside, out->path) < 0)
		rc = -errno;
	if (rc < 0) {
		fault(out, rc, "written", err, err_len);
		goto out;
	}
	TALLOC_FREE(out->beside);
	sync_folder(out->folder);
out:
	talloc_free(out);
	return rc;
}

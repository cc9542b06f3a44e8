#define _GNU_SOURCE
#include "cellmap/table.h"
#include "cellmap/csv.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct table {
	char *path;
	gzFile gz;
	uint64_t size;
	char *rest; /* the begun line after the last newline of a read */
	size_t rest_len, rest_size;
	bool started;
};

static int shut(struct table *t)
{
	if (t->gz)
		gzclose_r(t->gz);
	return 0;
}

static int open_input(const char *path, struct stat *st, char *err, size_t err_len)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);
	int rc = 0;

	if (fd < 0 || fstat(fd, st) < 0)
		rc = -errno;
	else if (S_ISDIR(st->st_mode))
		rc = -EISDIR;
	if (rc == 0 && S_ISCHR(st->st_mode) && strcmp(path, "-")) { /* /dev/zero never ends */
		snprintf(err, err_len, "%s: is a device; a table is a file, a pipe or -", path);
		close(fd);
		return -EINVAL;
	}
	if (rc == 0)
		return fd;
	snprintf(err, err_len, "%s: cannot be read: %s", path, strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

int table_open(void *ctx, const char *path, struct table **result, char *err, size_t err_len)
{
	struct stat st;
	int fd = open_input(path, &st, err, err_len);
	struct table *t;

	if (fd < 0)
		return fd;
	t = talloc_zero(ctx, struct table);
	OSMO_ASSERT(t);
	talloc_set_destructor(t, shut);
	t->path = talloc_strdup(t, strcmp(path, "-") ? path : "standard input");
	t->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	t->gz = gzdopen(fd, "rb");
	OSMO_ASSERT(t->path && t->gz);
	gzbuffer(t->gz, 1 << 16);
	*result = t;
	return 0;
}

uint64_t table_size(const struct table *t)
{
	return t->size;
}

uint64_t table_position(const struct table *t)
{
	z_off_t at = gzoffset(t->gz);

	return at > 0 ? (uint64_t)at : 0;
}

static int read_fault(struct table *t, char *err, size_t err_len)
{
	int code;
	const char *text = gzerror(t->gz, &code);

	if (code == Z_OK || code == Z_STREAM_END)
		return 0;
	if (code == Z_ERRNO) {
		snprintf(err, err_len, "%s: cannot be read: %s", t->path, strerror(errno));
		return -EIO;
	}
	snprintf(err, err_len, "%s: %s; fetch the file again", t->path,
		 code == Z_BUF_ERROR ? "is cut short in its compressed data" : "has damaged compressed data");
	(void)text;
	return -EBADMSG;
}

static size_t skip_mark(struct table *t, char *buf, size_t have)
{
	if (t->started || have < 3)
		return have;
	t->started = true;
	if (memcmp(buf, "\xEF\xBB\xBF", 3))
		return have;
	memmove(buf, buf + 3, have - 3);
	return have - 3;
}

static void keep_rest(struct table *t, const char *from, size_t len)
{
	if (len > t->rest_size) {
		t->rest = talloc_realloc(t, t->rest, char, len);
		OSMO_ASSERT(t->rest);
		t->rest_size = len;
	}
	memcpy(t->rest, from, len);
	t->rest_len = len;
}

int table_read(struct table *t, char *buf, size_t size, size_t *len, char *err, size_t err_len)
{
	size_t have = t->rest_len;

	memcpy(buf, t->rest ? t->rest : "", have);
	t->rest_len = 0;
	for (;;) {
		int n = gzread(t->gz, buf + have, (unsigned int)(size - have));
		int rc = n < (int)(size - have) ? read_fault(t, err, err_len) : 0;
		const char *newline;

		if (n < 0 || rc < 0)
			return rc < 0 ? rc : -EIO;
		have = skip_mark(t, buf, have + (size_t)n);
		if (n == 0)
			break;
		newline = memrchr(buf, '\n', have);
		if (have < size) /* the end, or a byte order mark fell out: once more */
			continue;
		if (newline) {
			keep_rest(t, newline + 1, have - (size_t)(newline + 1 - buf));
			have = (size_t)(newline + 1 - buf);
			break;
		}
		have = CSV_LINE_MAX + 1; /* one line fills the buffer: cut, and read on to its end */
	}
	*len = have;
	return 0;
}

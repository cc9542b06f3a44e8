#define _GNU_SOURCE
#include "cellmap/table.h"
#include "cellmap/csv.h"
#include "cellmap/geojson.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PEEK 4096
#define RAW  (1 << 16)

struct table {
	char *path;
	gzFile gz;
	uint64_t size;
	char *rest; /* the begun line after the last newline of a read */
	size_t rest_len, rest_size;
	struct geojson *points;
	char *raw; /* what points reads from */
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

static void keep_rest(struct table *t, const char *from, size_t len)
{
	if (len > t->rest_size) {
		t->rest = talloc_realloc(t, t->rest, char, len);
		OSMO_ASSERT(t->rest);
		t->rest_size = len;
	}
	if (len)
		memcpy(t->rest, from, len);
	t->rest_len = len;
}

/* Looks at the beginning. */
static int peek(struct table *t, char *err, size_t err_len)
{
	char buf[PEEK];
	int n = gzread(t->gz, buf, sizeof(buf)), mark;
	int rc = n < (int)sizeof(buf) ? read_fault(t, err, err_len) : 0;

	if (n < 0 || rc < 0)
		return rc < 0 ? rc : -EIO;
	if (n >= 2 && (!memcmp(buf, "\xFF\xFE", 2) || !memcmp(buf, "\xFE\xFF", 2))) {
		snprintf(err, err_len, "%s: is UTF-16; convert it: iconv -f UTF-16 -t UTF-8", t->path);
		return -EINVAL;
	}
	mark = n >= 3 && !memcmp(buf, "\xEF\xBB\xBF", 3) ? 3 : 0;
	keep_rest(t, buf + mark, (size_t)(n - mark));
	return 0;
}

bool table_points(struct table *t, const struct csv_layout *layout)
{
	if (!geojson_begins(t->rest, t->rest_len))
		return false;
	t->points = geojson_new(t, layout);
	t->raw = talloc_size(t, RAW);
	OSMO_ASSERT(t->raw);
	return true;
}

static int feed_points(struct table *t, char *err, size_t err_len)
{
	int n = (int)t->rest_len, rc;

	if (n > 0)
		memcpy(t->raw, t->rest, t->rest_len);
	t->rest_len = 0;
	if (n == 0)
		n = gzread(t->gz, t->raw, RAW);
	rc = n < RAW ? read_fault(t, err, err_len) : 0;
	if (n < 0 || rc < 0)
		return rc < 0 ? rc : -EIO;
	if (n == 0 && !geojson_whole(t->points)) {
		snprintf(err, err_len, "%s: ends in the middle of its GeoJSON; fetch the file again",
			 t->path);
		return -EBADMSG;
	}
	geojson_feed(t->points, t->raw, (size_t)n);
	return n;
}

static int read_points(struct table *t, char *buf, size_t size, size_t *len, char *err, size_t err_len)
{
	*len = 0;
	while (size - *len >= GEOJSON_LINE_MAX) {
		size_t made = geojson_next(t->points, buf + *len);
		int rc = made ? 1 : feed_points(t, err, err_len);

		if (rc <= 0)
			return rc;
		*len += made;
	}
	return 0;
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
	fd = peek(t, err, err_len);
	if (fd < 0) {
		talloc_free(t);
		return fd;
	}
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

int table_read(struct table *t, char *buf, size_t size, size_t *len, char *err, size_t err_len)
{
	size_t have = t->rest_len;

	if (t->points)
		return read_points(t, buf, size, len, err, err_len);
	memcpy(buf, t->rest ? t->rest : "", have);
	t->rest_len = 0;
	for (;;) {
		int n = gzread(t->gz, buf + have, (unsigned int)(size - have));
		int rc = n < (int)(size - have) ? read_fault(t, err, err_len) : 0;
		const char *newline;

		if (n < 0 || rc < 0)
			return rc < 0 ? rc : -EIO;
		have += (size_t)n;
		if (n == 0)
			break;
		newline = memrchr(buf, '\n', have);
		if (have < size) /* the end: once more */
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

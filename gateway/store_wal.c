#include "gateway/store_wal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAL_HEADER   32
#define FRAME_HEADER 24
#define MAGIC        0x377F0682u /* the lowest bit: words of the checksum are big-endian */

struct wal {
	const uint8_t *octets;
	size_t n_frames;
	uint32_t page_size;
	bool big_endian;
};

struct sum {
	uint32_t a, b;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static struct sum add(struct sum s, const uint8_t *p, size_t len, bool big_endian)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		s.a += (big_endian ? be32(p + i) : le32(p + i)) + s.b;
		s.b += (big_endian ? be32(p + i + 4) : le32(p + i + 4)) + s.a;
	}
	return s;
}

static bool same(struct sum x, struct sum y)
{
	return x.a == y.a && x.b == y.b;
}

static const uint8_t *frame(const struct wal *w, size_t i)
{
	return w->octets + WAL_HEADER + i * (FRAME_HEADER + (size_t)w->page_size);
}

static struct sum stored(const uint8_t *frame_or_header_sum)
{
	return (struct sum){be32(frame_or_header_sum), be32(frame_or_header_sum + 4)};
}

static struct sum computed(const struct wal *w, size_t i, struct sum before)
{
	const uint8_t *f = frame(w, i);

	return add(add(before, f, 8, w->big_endian), f + FRAME_HEADER, w->page_size, w->big_endian);
}

/* Does frame i carry on from that sum, within this generation of the log? */
static bool carries_on(const struct wal *w, size_t i, struct sum before)
{
	const uint8_t *f = frame(w, i);

	return !memcmp(f + 8, w->octets + 16, 8) && be32(f) != 0 &&
	       same(stored(f + 16), computed(w, i, before));
}

static bool commits(const struct wal *w, size_t i)
{
	return be32(frame(w, i) + 4) != 0;
}

/* From frame i on, which is sound after that sum: does a whole commit end and another frame follow it? The
 * damaged frame before may have been the commit's last. */
static bool goes_on(const struct wal *w, size_t i, struct sum before, bool committed)
{
	for (; i < w->n_frames && carries_on(w, i, before); i++) {
		if (committed)
			return true;
		committed = commits(w, i);
		before = stored(frame(w, i) + 16);
	}
	return false;
}

static bool damaged_inside(const struct wal *w)
{
	struct sum sum = stored(w->octets + 24);
	size_t i = 0;

	while (i < w->n_frames && carries_on(w, i, sum))
		sum = stored(frame(w, i++) + 16);
	if (i + 1 >= w->n_frames)
		return false;
	/* Either its content changed, then its stored sum still leads on; or its sum did, then the true one
	 * does. */
	return goes_on(w, i + 1, stored(frame(w, i) + 16), commits(w, i)) ||
	       goes_on(w, i + 1, computed(w, i, sum), commits(w, i));
}

static int check(const uint8_t *octets, size_t size)
{
	struct wal w = {.octets = octets};
	uint32_t magic;

	if (size < WAL_HEADER)
		return 0;
	magic = be32(octets);
	w.big_endian = magic & 1;
	w.page_size = be32(octets + 8);
	if ((magic & ~1u) != MAGIC || w.page_size < 512 || w.page_size > 65536 ||
	    w.page_size & (w.page_size - 1) ||
	    !same(add((struct sum){0, 0}, octets, 24, w.big_endian), stored(octets + 24)))
		return 0; /* a log that was just begun anew: nothing in it counts yet */
	w.n_frames = (size - WAL_HEADER) / (FRAME_HEADER + (size_t)w.page_size);
	return damaged_inside(&w) ? -EBADMSG : 0;
}

int store_wal_check(const char *wal)
{
	int fd = open(wal, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;
	void *octets;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0) {
		rc = -errno;
	} else if (st.st_size > 0) {
		octets = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (octets == MAP_FAILED) {
			rc = -errno;
		} else {
			rc = check(octets, (size_t)st.st_size);
			munmap(octets, (size_t)st.st_size);
		}
	}
	close(fd);
	return rc;
}

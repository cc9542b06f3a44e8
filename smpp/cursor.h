/* cursor: bounds-checked reading and writing with a sticky error, for one PDU. After an error every further
 * step is harmless: reads give 0 or "", writes do nothing. */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline size_t cursor_left(const struct cursor *c)
{
	return c->end - c->p;
}

static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || cursor_left(c) < n) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return p;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? p[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);

	return p ? p[0] << 8 | p[1] : 0;
}

static inline uint32_t cursor_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);

	return p ? cursor_be32(p) : 0;
}

/* Where the first NUL stands among n octets, or n. Strings on the wire are short: a call of memchr() takes
 * longer than to look at eight octets at a time. */
static inline size_t cursor_nul(const uint8_t *p, size_t n)
{
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t v, nul;

		memcpy(&v, p + i, 8);
		v = le64toh(v);
		nul = (v - 0x0101010101010101u) & ~v & 0x8080808080808080u; /* the lowest bit set is right */
		if (nul)
			return i + (__builtin_ctzll(nul) >> 3);
	}
	while (i < n && p[i])
		i++;
	return i;
}

/* C-octet string of at most max octets, NUL counted. */
static inline const char *cursor_string(struct cursor *c, size_t max)
{
	size_t left = cursor_left(c), n = left < max ? left : max, nul;
	const uint8_t *p = c->p;

	nul = n > 0 && p[0] == 0 ? 0 : cursor_nul(p, n); /* most are empty */
	if (c->bad || nul >= n) {
		c->bad = true;
		return "";
	}
	c->p = p + nul + 1;
	return (const char *)p;
}

static inline void writer_be32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

struct writer {
	uint8_t *p, *end;
	bool full, bad; /* bad: a string is longer than it may be */
};

/* Room for n octets, taken; or NULL, and there is no more for any others. */
static inline uint8_t *writer_take(struct writer *w, size_t n)
{
	uint8_t *p = w->p;

	if ((size_t)(w->end - p) < n) {
		w->full = true;
		w->end = p;
		return NULL;
	}
	w->p += n;
	return p;
}

static inline void writer_put(struct writer *w, const void *data, size_t n)
{
	uint8_t *p = writer_take(w, n);

	if (p && n)
		memcpy(p, data, n);
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
	writer_put(w, &v, 1);
}

static inline void writer_u16(struct writer *w, uint16_t v)
{
	writer_put(w, (const uint8_t[]){v >> 8, v & 0xFF}, 2);
}

static inline void writer_u32(struct writer *w, uint32_t v)
{
	uint8_t *p = writer_take(w, 4);

	if (p)
		writer_be32(p, v);
}

/* For few octets: in words, the last of which may overlap the one before; a call of memcpy() takes longer. */
static inline void writer_copy(uint8_t *to, const char *from, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			memcpy(to + i, from + i, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

/* C-octet string of at most max octets, NUL counted; NULL is an empty one, as most are. */
static inline void writer_string(struct writer *w, const char *s, size_t max)
{
	size_t n;
	uint8_t *p;

	if (!s || !*s) {
		writer_u8(w, 0);
		return;
	}
	n = strlen(s) + 1;
	w->bad |= n > max;
	p = writer_take(w, n);
	if (p)
		writer_copy(p, s, n);
}

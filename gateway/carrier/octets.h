/* octets: big-endian integers and a read cursor whose first error sticks. Nothing is read past `end`. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct octets {
	const uint8_t *p, *end;
	bool bad; /* once set, every further read gives 0 */
};

static inline uint16_t octets_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t octets_32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint8_t *octets_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 255;
	return p + 2;
}

static inline uint8_t *octets_put32(uint8_t *p, uint32_t v)
{
	octets_put16(p, v >> 16);
	return octets_put16(p + 2, v & 0xFFFF);
}

static inline size_t octets_left(const struct octets *o)
{
	return o->bad ? 0 : (size_t)(o->end - o->p);
}

/* n octets in place, or NULL. */
static inline const uint8_t *octets_take(struct octets *o, size_t n)
{
	const uint8_t *p = o->p;

	if (octets_left(o) < n) {
		o->bad = true;
		return NULL;
	}
	o->p += n;
	return p;
}

static inline uint8_t octets_u8(struct octets *o)
{
	const uint8_t *p = octets_take(o, 1);

	return p ? *p : 0;
}

static inline uint16_t octets_u16(struct octets *o)
{
	const uint8_t *p = octets_take(o, 2);

	return p ? octets_16(p) : 0;
}

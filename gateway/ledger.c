#include "gateway/ledger.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define PALETTE 4 /* different octets in a packed chunk */

void chunk_init(struct chunk *c, uint32_t no, uint32_t count, uint16_t owner, uint8_t octet)
{
	OSMO_ASSERT(count > 0 && count <= CHUNK_UNITS);
	*c = (struct chunk){.no = no, .count = count, .owner = owner, .all = octet};
	c->n[UNIT_STATE(octet)] = count;
}

static void drop_arrays(struct chunk *c)
{
	talloc_free(c->unit);
	talloc_free(c->runs);
	c->unit = c->runs = NULL;
	c->runs_len = 0;
}

void chunk_fill(struct chunk *c, uint8_t octet)
{
	drop_arrays(c);
	memset(c->n, 0, sizeof(c->n));
	c->all = octet;
	c->n[UNIT_STATE(octet)] = c->count;
}

/* One run of a list that was checked when it was made. Returns the octets read. */
static size_t run_read(const uint8_t *p, uint8_t *octet, uint32_t *len)
{
	*octet = p[0];
	*len = p[1] & 0x7F;
	if (!(p[1] & 0x80))
		return 2;
	*len |= (uint32_t)p[2] << 7;
	return 3;
}

static size_t run_write(uint8_t *p, uint8_t octet, uint32_t len)
{
	p[0] = octet;
	if (len < 0x80) {
		p[1] = len;
		return 2;
	}
	p[1] = (len & 0x7F) | 0x80;
	p[2] = len >> 7;
	return 3;
}

/* Length of the run of equal octets at p, 1..n; long ones eight octets at a time. */
static uint32_t run_length(const uint8_t *p, uint32_t n)
{
	uint64_t same = p[0] * UINT64_C(0x0101010101010101), word;
	uint32_t i = 1;

	while (i + 8 <= n) {
		memcpy(&word, p + i, 8);
		if (word != same)
			break;
		i += 8;
	}
	while (i < n && p[i] == p[0])
		i++;
	return i;
}

/* Runs of the whole chunk; buf holds CHUNK_ENCODED_MAX. */
static size_t write_runs(const struct chunk *c, uint8_t *buf)
{
	size_t at = 0;

	if (c->runs) {
		memcpy(buf, c->runs, c->runs_len);
		return c->runs_len;
	}
	if (!c->unit)
		return run_write(buf, c->all, c->count);
	for (uint32_t i = 0, len; i < c->count; i += len) {
		len = run_length(c->unit + i, c->count - i);
		at += run_write(buf + at, c->unit[i], len);
	}
	return at;
}

uint8_t *chunk_open(void *ctx, struct chunk *c)
{
	uint8_t octet, *unit;
	uint32_t at = 0, len;

	if (c->unit)
		return c->unit;
	unit = talloc_size(ctx, c->count);
	OSMO_ASSERT(unit);
	if (!c->runs)
		memset(unit, c->all, c->count);
	for (size_t i = 0; i < c->runs_len; at += len) {
		i += run_read(c->runs + i, &octet, &len);
		memset(unit + at, octet, len);
	}
	drop_arrays(c);
	c->unit = unit;
	return unit;
}

uint8_t chunk_get(const struct chunk *c, uint32_t i)
{
	uint8_t octet = c->all;
	uint32_t end = 0, len;

	OSMO_ASSERT(i < c->count);
	if (c->unit)
		return c->unit[i];
	for (size_t at = 0; at < c->runs_len && end <= i; end += len)
		at += run_read(c->runs + at, &octet, &len);
	return octet;
}

void chunk_set(void *ctx, struct chunk *c, uint32_t i, uint8_t octet)
{
	uint8_t old = chunk_get(c, i);

	if (old == octet)
		return;
	chunk_open(ctx, c)[i] = octet;
	c->n[UNIT_STATE(old)]--;
	c->n[UNIT_STATE(octet)]++;
}

void chunk_pack(void *ctx, struct chunk *c)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	size_t len;

	if (!c->unit)
		return;
	if (run_length(c->unit, c->count) == c->count) {
		chunk_fill(c, c->unit[0]);
		return;
	}
	len = write_runs(c, buf);
	if (len >= c->count)
		return;
	drop_arrays(c);
	c->runs = talloc_memdup(ctx, buf, len);
	OSMO_ASSERT(c->runs);
	c->runs_len = len;
}

/* CRC-32 (ISO 3309), four bits a step. */
static uint32_t crc32_add(uint32_t crc, const uint8_t *p, size_t len)
{
	static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
					   0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
					   0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
					   0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (24 - 8 * i);
}

/* The number is under the sum, so that a row in another row's place is noticed. */
static uint32_t checksum(const struct chunk *c, const uint8_t *buf, size_t len)
{
	uint8_t no[4];

	put32(no, c->no);
	return ~crc32_add(crc32_add(UINT32_MAX, no, sizeof(no)), buf, len);
}

static unsigned int bits_for(unsigned int n_octets)
{
	return n_octets > 2 ? 2 : 1;
}

static size_t packed_len(uint32_t count, unsigned int n_octets)
{
	return 2 + n_octets + (count * bits_for(n_octets) + 7) / 8;
}

/* Where octet is among those known, after adding it if need be; PALETTE: there are too many. */
static unsigned int palette_find(uint8_t *palette, unsigned int *n, uint8_t octet)
{
	unsigned int i = 0;

	while (i < *n && palette[i] != octet)
		i++;
	if (i == *n && *n < PALETTE)
		palette[(*n)++] = octet;
	return i;
}

/* Rewrites runs of len octets as indices, if that is shorter. Returns the octets then. */
static size_t pack(uint32_t count, uint8_t *runs, size_t len)
{
	uint8_t out[2 + PALETTE + CHUNK_UNITS / 4] = {CHUNK_PACKED}, palette[PALETTE], octet;
	unsigned int n = 0, bits;
	uint32_t unit = 0, run;

	if (len <= packed_len(count, 2))
		return len;
	for (size_t i = 0; i < len;) {
		i += run_read(runs + i, &octet, &run);
		if (palette_find(palette, &n, octet) == PALETTE)
			return len;
	}
	if (len <= packed_len(count, n))
		return len;
	out[1] = n;
	memcpy(out + 2, palette, n);
	bits = bits_for(n);
	for (size_t i = 0; i < len;) {
		uint8_t index;

		i += run_read(runs + i, &octet, &run);
		index = palette_find(palette, &n, octet);
		for (; run > 0; run--, unit++)
			out[2 + n + unit * bits / 8] |= index << (unit * bits % 8);
	}
	memcpy(runs, out, packed_len(count, n));
	return packed_len(count, n);
}

int chunk_encode(const struct chunk *c, uint8_t *buf, size_t len)
{
	uint8_t runs[CHUNK_ENCODED_MAX];
	size_t n = pack(c->count, runs, write_runs(c, runs));

	if (len < n + 6)
		return -ENOSPC;
	buf[0] = c->owner >> 8;
	buf[1] = c->owner & 0xFF;
	memcpy(buf + 2, runs, n);
	put32(buf + 2 + n, checksum(c, buf, 2 + n));
	return (int)(n + 6);
}

static bool is_sound(uint8_t octet)
{
	return octet != CHUNK_PACKED && (UNIT_STATE(octet) != UNIT_HANDED || UNIT_ATTEMPT(octet) > 0);
}

static int read_packed(const struct chunk *c, const uint8_t *p, size_t len, uint8_t *unit)
{
	unsigned int n = len > 1 ? p[1] : 0, bits = bits_for(n), mask = (1u << bits) - 1;

	if (n < 2 || n > PALETTE || len != packed_len(c->count, n))
		return -EBADMSG;
	for (unsigned int i = 0; i < n; i++)
		if (!is_sound(p[2 + i]))
			return -EBADMSG;
	for (uint32_t u = 0; u < c->count; u++) {
		unsigned int i = p[2 + n + u * bits / 8] >> (u * bits % 8) & mask;

		if (i >= n)
			return -EBADMSG;
		unit[u] = p[2 + i];
	}
	return 0;
}

/* Checks the runs at p and fills unit. */
static int read_runs(struct chunk *c, const uint8_t *p, size_t len, uint8_t *unit)
{
	uint32_t done = 0, run;
	uint8_t octet;

	for (size_t i = 0; i < len;) {
		if (len - i < 2 || ((p[i + 1] & 0x80) && (len - i < 3 || p[i + 2] == 0 || (p[i + 2] & 0x80))))
			return -EBADMSG;
		i += run_read(p + i, &octet, &run);
		if (run == 0 || run > c->count - done)
			return -EBADMSG;
		if (!is_sound(octet))
			return -EBADMSG;
		memset(unit + done, octet, run);
		done += run;
	}
	return done == c->count ? 0 : -EBADMSG;
}

int chunk_decode(void *ctx, struct chunk *c, const uint8_t *buf, size_t len)
{
	uint8_t unit[CHUNK_UNITS], sum[4];
	int rc;

	if (len < 6 || len > CHUNK_ENCODED_MAX)
		return -EBADMSG;
	put32(sum, checksum(c, buf, len - 4));
	if (memcmp(sum, buf + len - 4, 4))
		return -EBADMSG;
	rc = len > 6 && buf[2] == CHUNK_PACKED ? read_packed(c, buf + 2, len - 6, unit)
					       : read_runs(c, buf + 2, len - 6, unit);
	if (rc < 0)
		return rc;
	c->owner = buf[0] << 8 | buf[1];
	chunk_fill(c, unit[0]);
	if (run_length(unit, c->count) < c->count) {
		memcpy(chunk_open(ctx, c), unit, c->count);
		memset(c->n, 0, sizeof(c->n));
		for (uint32_t i = 0; i < c->count; i++)
			c->n[UNIT_STATE(unit[i])]++;
	}
	return 0;
}

const char *unit_state_name(enum unit_state s)
{
	static const char *const names[UNIT_STATES] = {
		[UNIT_WAITING] = "waiting", [UNIT_HANDED] = "handed",     [UNIT_ACCEPTED] = "accepted",
		[UNIT_REFUSED] = "refused", [UNIT_EXPIRED] = "expired",   [UNIT_WITHDRAWN] = "withdrawn",
		[UNIT_UNKNOWN] = "unknown", [UNIT_EXCLUDED] = "excluded",
	};

	return (unsigned int)s < UNIT_STATES ? names[s] : "?";
}

#include "gateway/ledger.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/ledger_code.h"

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
		return code_run_write(buf, c->all, c->count);
	for (uint32_t i = 0, len; i < c->count; i += len) {
		len = run_length(c->unit + i, c->count - i);
		at += code_run_write(buf + at, c->unit[i], len);
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
		i += code_run_read(c->runs + i, &octet, &len);
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
		at += code_run_read(c->runs + at, &octet, &len);
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

/* From how many octets on time is spent to save some. What is under way will be written again in a moment; a chunk at rest
 * may stay for hours, with thousands like it. */
static size_t dear(const struct chunk *c)
{
	if (c->n[UNIT_HANDED] > 0)
		return SIZE_MAX;
	return c->n[UNIT_WAITING] > 0 ? c->count / 4 + 32 : 0;
}

int chunk_encode(const struct chunk *c, uint8_t *buf, size_t len)
{
	uint8_t runs[CHUNK_ENCODED_MAX];
	size_t n = code_shorten(c->count, runs, write_runs(c, runs), dear(c));

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
	return octet != CODE_MARK && (UNIT_STATE(octet) != UNIT_HANDED || UNIT_ATTEMPT(octet) > 0);
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
	rc = code_read(buf + 2, len - 6, c->count, is_sound, unit);
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

/* ledger: what is known of every unit (recipient or cell) of a job, in memory. Pure.
 *
 * A job's units are a deterministic ordered list; the ledger knows only their numbers 0..n-1, nearest first. They are kept
 * in chunks of CHUNK_UNITS; a chunk belongs to one link at a time and is stored as runs of equal octets (ledger_encode). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_UNITS  4096
#define UNIT_ATTEMPTS 3 /* durable attempts without a durable answer, then UNKNOWN */

enum unit_state {
	UNIT_WAITING = 0,
	UNIT_HANDED,	/* attempt reserved durably; answer not durable yet */
	UNIT_ACCEPTED,
	UNIT_REFUSED,
	UNIT_EXPIRED,
	UNIT_WITHDRAWN,
	UNIT_UNKNOWN,
	UNIT_EXCLUDED,	/* not part of this job (a found text goes only to those reached) */
	UNIT_STATES
};
#define UNIT_OCTET(state, attempts, fails) ((uint8_t)((state) | (attempts) << 3 | (fails) << 5))
#define UNIT_STATE(o)	 ((enum unit_state)((o) & 7))
#define UNIT_ATTEMPT(o)	 ((unsigned int)((o) >> 3 & 3))
#define UNIT_FAILS(o)	 ((unsigned int)((o) >> 5 & 7))

struct unit_sums {
	uint64_t n[UNIT_STATES];
};

struct chunk {
	uint32_t no;	/* first unit = no * CHUNK_UNITS */
	uint32_t count; /* units in it */
	uint16_t owner; /* link index in dispatch */
	uint32_t epoch;
	uint32_t n[UNIT_STATES];
	uint8_t *unit;	/* count octets, or NULL while all are equal to `all` */
	uint8_t all;
	bool dirty;	/* differs from what was last handed to the store */
};

/* Sets one unit's octet, keeping the sums. */
void chunk_set(void *ctx, struct chunk *c, uint32_t i, uint8_t octet);
uint8_t chunk_get(const struct chunk *c, uint32_t i);
/* Runs: (octet, length as LEB128)*, closed by CRC-32. Returns octets written, or -ENOSPC. */
int chunk_encode(const struct chunk *c, uint8_t *buf, size_t len);
#define CHUNK_ENCODED_MAX (CHUNK_UNITS * 3 + 16)
/* -EBADMSG: wrong CRC, length or state; the chunk is unchanged. */
int chunk_decode(void *ctx, struct chunk *c, const uint8_t *buf, size_t len);
const char *unit_state_name(enum unit_state s); /* "waiting" ... as in SPEC 7 */

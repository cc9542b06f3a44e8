/* ledger: what is known of every unit (recipient or cell) of a job, in memory. Pure.
 *
 * A job's units are a deterministic ordered list; the ledger knows only their numbers 0..n-1, nearest first.
 * They are kept in chunks of at most CHUNK_UNITS; a chunk belongs to one link at a time and is stored in few
 * octets. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_UNITS   4096
#define UNIT_ATTEMPTS 3 /* durable attempts without a durable answer, then UNKNOWN */

enum unit_state {
	UNIT_WAITING = 0,
	UNIT_HANDED, /* attempt reserved durably; answer not durable yet */
	UNIT_ACCEPTED,
	UNIT_REFUSED,
	UNIT_EXPIRED,
	UNIT_WITHDRAWN,
	UNIT_UNKNOWN,
	UNIT_EXCLUDED, /* not part of this job (a found text goes only to those reached) */
	UNIT_STATES
};
/* attempts: hand-overs in doubt (0..3); fails: transient answers (0..7). Final states carry neither, for long
 * runs. */
#define UNIT_OCTET(state, attempts, fails) ((uint8_t)((state) | (attempts) << 3 | (fails) << 5))
#define UNIT_STATE(o)                      ((enum unit_state)((o)&7))
#define UNIT_ATTEMPT(o)                    ((unsigned int)((o) >> 3 & 3))
#define UNIT_FAILS(o)                      ((unsigned int)((o) >> 5 & 7))

struct unit_sums {
	uint64_t n[UNIT_STATES];
};

struct chunk {
	uint32_t no;    /* of the job */
	uint32_t count; /* units in it */
	uint32_t epoch;
	uint16_t owner;          /* position in the job's links */
	uint16_t n[UNIT_STATES]; /* CHUNK_UNITS fits */
	uint16_t runs_len;
	uint8_t all;   /* every unit's octet while unit and runs are NULL */
	uint8_t mark;  /* dispatch's own */
	uint8_t *unit; /* count octets */
	uint8_t *runs; /* or, at rest, runs_len octets of runs */
};

/* count units (1..CHUNK_UNITS), all of the same octet. */
void chunk_init(struct chunk *c, uint32_t no, uint32_t count, uint16_t owner, uint8_t octet);
/* Sets one unit's octet, keeping the sums. Arrays are children of ctx. */
void chunk_set(void *ctx, struct chunk *c, uint32_t i, uint8_t octet);
void chunk_fill(struct chunk *c, uint8_t octet);
uint8_t chunk_get(const struct chunk *c, uint32_t i);
/* The count octets as an array, for many changes; c->n stays the caller's to keep. */
uint8_t *chunk_open(void *ctx, struct chunk *c);
/* Gives memory back: one octet if all are equal, else runs. Any later call works as before. */
void chunk_pack(void *ctx, struct chunk *c);
/* Owner (16 bits), then the units' octets the shortest way (ledger_code.h), closed by a CRC-32 over number and content. Not
 * the very shortest way while units are with a link. Octets or -ENOSPC. */
int chunk_encode(const struct chunk *c, uint8_t *buf, size_t len);
#define CHUNK_ENCODED_MAX (CHUNK_UNITS * 3 + 16)
/* -EBADMSG: wrong CRC, length or state; the chunk is unchanged. */
int chunk_decode(void *ctx, struct chunk *c, const uint8_t *buf, size_t len);
const char *unit_state_name(enum unit_state s); /* "waiting" ... as in SPEC 7 */

/* parts: concatenated messages on their way to being whole. A message is known by unit, sender, reference and
 * number of parts, as a handset does it (TS 23.040 9.2.3.24.1, 9.2.3.24.8; SMPP sar_* TLVs). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "gateway/carrier/tally.h"

enum parts_how { PARTS_UDH8 = 1, PARTS_UDH16, PARTS_SAR };

struct parts_key {
	tally_unit unit;
	uint32_t source; /* number of the sender */
	uint16_t ref;
	uint8_t how, total;
};

enum parts_result { PARTS_WAIT, PARTS_WHOLE, PARTS_REPEATED, PARTS_CONFLICT };

struct parts;

struct parts *parts_new(const void *ctx);
/* Part seq (1..key->total) with the part number of texts. PARTS_WHOLE: *list has key->total part numbers,
 * valid until the next call. PARTS_REPEATED: the same part came again while incomplete. PARTS_CONFLICT:
 * another content under the same number; the newer one is kept. */
enum parts_result parts_add(struct parts *p, const struct parts_key *key, uint8_t seq, uint32_t part,
			    uint32_t now_ms, const uint32_t **list);
size_t parts_waiting(const struct parts *p);
/* Incomplete messages; begin with *at = 0; false at the end. */
bool parts_next(const struct parts *p, size_t *at, struct parts_key *key, unsigned int *have,
		uint32_t *first_ms);

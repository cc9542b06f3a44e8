/* tally: who got what, as this carrier sees it: copies per (unit, text). A unit is a subscriber, a
 * distribution list or a broadcast area. Sized for tens of millions of subscribers: 24 octets a row, no
 * allocation a message. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_kind { TALLY_SUBSCRIBER, TALLY_ODD, TALLY_LIST, TALLY_AREA, TALLY_KINDS };

/* Kind in the upper two bits. A subscriber's digits are inside the number, every other name is interned.
 * Never 0. */
typedef uint64_t tally_unit;

struct tally_row {
	tally_unit unit;
	uint32_t text;
	uint32_t first_ms, last_ms; /* since the start of the run */
	uint16_t copies, parts;     /* stay at 65535 */
};

struct tally_sums {
	uint64_t copies, distinct, repeats; /* repeats: copies beyond the first of each (unit, text) */
	uint64_t max_copies;                /* of one (unit, text) */
};

struct tally;

/* expect: rows to make room for at once (0: grow as needed); NULL when there is not so much memory. */
struct tally *tally_new(const void *ctx, uint64_t expect);
/* A decimal address of 1 to 15 digits is a subscriber, anything else odd. */
tally_unit tally_subscriber(struct tally *t, const char *address, size_t len);
tally_unit tally_named(struct tally *t, enum tally_kind kind, const char *name, size_t len);
enum tally_kind tally_kind(tally_unit unit);
/* Writes its name (NUL-terminated, at most cap - 1 octets; raw, as received) and returns its length. */
size_t tally_name(const struct tally *t, tally_unit unit, char *out, size_t cap);
void tally_add(struct tally *t, tally_unit unit, uint32_t text, uint32_t now_ms, unsigned int parts);
const struct tally_sums *tally_sums(const struct tally *t, enum tally_kind kind);
/* Rows in no particular order; begin with *at = 0; NULL at the end. */
const struct tally_row *tally_next(const struct tally *t, size_t *at);
/* The rows of one unit, in order of arrival; begin with *at = 0. */
const struct tally_row *tally_of(const struct tally *t, tally_unit unit, size_t *at);

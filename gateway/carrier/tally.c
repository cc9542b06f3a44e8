#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "gateway/carrier/tally.h"
#include "gateway/carrier/names.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct tally {
	struct tally_row
		*rows; /* open addressing; rows of one unit lie on one probe path, so none is ever removed */
	size_t cap, used;
	struct names *named;
	struct tally_sums sums[TALLY_KINDS];
};

static int drop(struct tally *t)
{
	munmap(t->rows, t->cap * sizeof(*t->rows));
	return 0;
}

/* Not talloc: a table may pass its limit of 256 MiB; and huge pages spare half of the time of a big one.
 * NULL: there is not so much memory. */
static struct tally_row *room(size_t cap)
{
	size_t len = cap * sizeof(struct tally_row);
	void *rows = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (rows == MAP_FAILED)
		return NULL;
	madvise(rows, len, MADV_HUGEPAGE);
	return rows;
}

struct tally *tally_new(const void *ctx, uint64_t expect)
{
	struct tally *t = talloc_zero(ctx, struct tally);

	OSMO_ASSERT(t);
	t->named = names_new(t);
	for (t->cap = 1024; t->cap < expect * 2; t->cap *= 2)
		;
	t->rows = room(t->cap);
	if (!t->rows) {
		talloc_free(t);
		return NULL;
	}
	talloc_set_destructor(t, drop);
	return t;
}

tally_unit tally_subscriber(struct tally *t, const char *address, size_t len)
{
	uint64_t v = 0;

	if (len == 0 || len > 15)
		return tally_named(t, TALLY_ODD, address, len);
	for (size_t i = 0; i < len; i++) {
		if (address[i] < '0' || address[i] > '9')
			return tally_named(t, TALLY_ODD, address, len);
		v = v * 10 + (uint64_t)(address[i] - '0');
	}
	return (uint64_t)len << 50 | v;
}

tally_unit tally_named(struct tally *t, enum tally_kind kind, const char *name, size_t len)
{
	return (uint64_t)kind << 62 | (names_id(t->named, name, len) + 1);
}

enum tally_kind tally_kind(tally_unit unit)
{
	return (enum tally_kind)(unit >> 62);
}

size_t tally_name(const struct tally *t, tally_unit unit, char *out, size_t cap)
{
	const char *name;
	size_t len;

	if (tally_kind(unit) == TALLY_SUBSCRIBER)
		return (size_t)snprintf(out, cap, "%0*llu", (int)(unit >> 50),
					(unsigned long long)(unit & ((1ull << 50) - 1)));
	name = names_get(t->named, (uint32_t)unit - 1, &len);
	if (len >= cap)
		len = cap - 1;
	memcpy(out, name, len);
	out[len] = '\0';
	return len;
}

static size_t home(const struct tally *t, tally_unit unit)
{
	uint64_t h = (unit >> 3) * 0x9E3779B97F4A7C15u;

	/* Neighbouring numbers lie side by side: they often come one after the other. */
	return ((h ^ h >> 29) << 3 | (unit & 7)) & (t->cap - 1);
}

static void grow(struct tally *t)
{
	struct tally_row *old = t->rows;
	size_t n = t->cap, start = 0, at;

	while (old[start].unit) /* a gap: from here on, rows of one unit come in their order */
		start++;
	t->cap *= 2;
	t->rows = room(t->cap);
	OSMO_ASSERT(t->rows);
	for (size_t i = 1; i <= n; i++) {
		const struct tally_row *row = &old[(start + i) & (n - 1)];

		if (!row->unit)
			continue;
		for (at = home(t, row->unit); t->rows[at].unit; at = (at + 1) & (t->cap - 1))
			;
		t->rows[at] = *row;
	}
	munmap(old, n * sizeof(*old));
}

void tally_add(struct tally *t, tally_unit unit, uint32_t text, uint32_t now_ms, unsigned int parts)
{
	struct tally_sums *sums = &t->sums[tally_kind(unit)];
	size_t at = home(t, unit);
	bool known = false;
	struct tally_row *row;

	for (; t->rows[at].unit; at = (at + 1) & (t->cap - 1)) {
		if (t->rows[at].unit != unit)
			continue;
		known = true;
		if (t->rows[at].text == text)
			break;
	}
	row = &t->rows[at];
	sums->copies++;
	if (!row->unit) {
		*row = (struct tally_row){.unit = unit, .text = text, .first_ms = now_ms};
		sums->distinct += !known;
		t->used++;
	} else {
		sums->repeats++;
	}
	row->last_ms = now_ms;
	row->copies += row->copies < UINT16_MAX;
	row->parts = (uint16_t)(row->parts + parts > UINT16_MAX ? UINT16_MAX : row->parts + parts);
	if (row->copies > sums->max_copies)
		sums->max_copies = row->copies;
	if (t->used * 10 > t->cap * 6)
		grow(t);
}

const struct tally_sums *tally_sums(const struct tally *t, enum tally_kind kind)
{
	return &t->sums[kind];
}

const struct tally_row *tally_next(const struct tally *t, size_t *at)
{
	while (*at < t->cap) {
		const struct tally_row *row = &t->rows[(*at)++];

		if (row->unit)
			return row;
	}
	return NULL;
}

const struct tally_row *tally_of(const struct tally *t, tally_unit unit, size_t *at)
{
	size_t i = *at ? *at : home(t, unit) + 1;

	for (;; i++) {
		const struct tally_row *row = &t->rows[(i - 1) & (t->cap - 1)];

		if (!row->unit)
			return NULL;
		if (row->unit == unit) {
			*at = i + 1;
			return row;
		}
	}
}

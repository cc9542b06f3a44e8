#define _GNU_SOURCE
#include "cellmap/rows.h"
#include "cellmap/format.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <sys/mman.h>

#define AHEAD 16 /* rows whose slot is fetched before it is needed */

static int drop(struct rows *r)
{
	if (r->row)
		munmap(r->row, (size_t)r->size * sizeof(*r->row));
	if (r->slots)
		munmap(r->slots, (size_t)r->n_slots * sizeof(*r->slots));
	return 0;
}

struct rows *rows_new(void *ctx)
{
	struct rows *r = talloc_zero(ctx, struct rows);

	OSMO_ASSERT(r);
	talloc_set_destructor(r, drop);
	return r;
}

static void grow(struct rows *r, uint32_t size)
{
	size_t old = (size_t)r->size * sizeof(*r->row), new = (size_t)size * sizeof(*r->row);
	void *p = r->row ? mremap(r->row, old, new, MREMAP_MAYMOVE)
			 : mmap(NULL, new, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	OSMO_ASSERT(p != MAP_FAILED);
	r->row = p;
	r->size = size;
}

int rows_add(struct rows *r, const struct csv_row *add, size_t n)
{
	if (n == 0)
		return 0;
	if (n > UINT32_MAX - 1 - r->n)
		return -EFBIG;
	if (n > r->size - r->n) {
		uint64_t size = r->n + n + r->n / 4 + (1 << 16);

		grow(r, size > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)size);
	}
	memcpy(r->row + r->n, add, n * sizeof(*add));
	r->n += (uint32_t)n;
	return 0;
}

static uint32_t home(const struct rows *r, const struct csv_row *row)
{
	return map_slot(map_hash(row->mcc, row->mnc, row->radio, row->area, (uint64_t)row->cell), r->n_slots);
}

static bool same_key(const struct csv_row *a, const struct csv_row *b)
{
	return a->cell == b->cell && a->area == b->area && a->mcc == b->mcc && a->mnc == b->mnc &&
	       a->radio == b->radio;
}

struct merge {
	const uint32_t *starts;
	const int *priority;
	size_t n;
};

static int priority_of(const struct merge *m, uint32_t row)
{
	int p = 0;

	for (size_t i = 0; i < m->n && m->starts[i] <= row; i++)
		p = m->priority[i];
	return p;
}

/* b is the later row. */
static bool replaces(const struct rows *r, const struct merge *m, uint32_t b, uint32_t a)
{
	const struct csv_row *x = &r->row[a], *y = &r->row[b];
	int pa = priority_of(m, a), pb = priority_of(m, b);

	if (pa != pb)
		return pb > pa;
	if (x->updated != y->updated)
		return y->updated > x->updated;
	return y->samples >= x->samples;
}

/* Enters row i; the loser of a pair is marked by mcc 0, which no row has. */
static bool enter(struct rows *r, const struct merge *m, uint32_t i)
{
	uint32_t slot = home(r, &r->row[i]);

	for (;; slot = slot + 1 == r->n_slots ? 0 : slot + 1) {
		uint32_t other = r->slots[slot];

		if (other == MAP_SLOT_FREE) {
			r->slots[slot] = i;
			return true;
		}
		if (!same_key(&r->row[other], &r->row[i]))
			continue;
		if (replaces(r, m, i, other)) {
			r->slots[slot] = i;
			r->row[other].mcc = 0;
		} else {
			r->row[i].mcc = 0;
		}
		return false;
	}
}

/* Rows move together; the slots follow them. */
static void compact(struct rows *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		if (r->row[i].mcc)
			r->row[n++] = r->row[i];
	r->n = n;
	memset(r->slots, 0xFF, (size_t)r->n_slots * sizeof(*r->slots));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = home(r, &r->row[i]);

		while (r->slots[slot] != MAP_SLOT_FREE)
			slot = slot + 1 == r->n_slots ? 0 : slot + 1;
		r->slots[slot] = i;
	}
}

uint32_t rows_merge(struct rows *r, const uint32_t *starts, const int *priority, size_t n_tables)
{
	const struct merge m = {starts, priority, n_tables};
	uint64_t slots = (uint64_t)r->n + r->n / 4 + 2;
	uint32_t gone = 0, n = r->n;
	void *p;

	r->n_slots = slots > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)slots;
	p = mmap(NULL, (size_t)r->n_slots * sizeof(*r->slots), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OSMO_ASSERT(p != MAP_FAILED);
	r->slots = p;
	memset(r->slots, 0xFF, (size_t)r->n_slots * sizeof(*r->slots));
	for (uint32_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(&r->slots[home(r, &r->row[i + AHEAD])]);
		gone += !enter(r, &m, i);
	}
	if (gone)
		compact(r);
	return gone;
}

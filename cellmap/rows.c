#define _GNU_SOURCE
#include "cellmap/rows.h"
#include "cellmap/bigmem.h"
#include "cellmap/format.h"
#include "cellmap/parallel.h"
#include "cellmap/radix.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PART_ROWS 8192 /* about: what finds its duplicates within the cache */
#define PARTS_MAX 4096
#define JOBS      32 /* pieces of the rows */
#define WHOLE     (1 << 17) /* rows: whole large pages of each kind */
#define ROOM      (sizeof(struct row) + 2 * sizeof(uint32_t)) /* octets of addresses a row */

static int drop(struct rows *r)
{
	munmap(r->row, (size_t)r->size * ROOM);
	return 0;
}

/* Room for as many rows as a map can have: addresses only, memory comes as they are used. Growing by moving
 * would tear large pages. */
static void *reserved(uint32_t *n, size_t each)
{
	void *p = MAP_FAILED;

	for (; p == MAP_FAILED && *n > 0; *n = p == MAP_FAILED ? *n / 2 : *n)
		p = mmap(NULL, *n * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
	OSMO_ASSERT(p != MAP_FAILED);
	madvise(p, *n * each, MADV_HUGEPAGE); /* a wish */
	return p;
}

struct rows *rows_new(void *ctx)
{
	struct rows *r = talloc_zero(ctx, struct rows);

	OSMO_ASSERT(r);
	r->size = UINT32_MAX / WHOLE * WHOLE;
	r->row = reserved(&r->size, ROOM);
	r->hash = (uint32_t *)(r->row + r->size);
	talloc_set_destructor(r, drop);
	return r;
}

static void note_network(struct rows *r, uint32_t net)
{
	uint64_t **known = &r->known[net >> 16], bit = UINT64_C(1) << net % 64;

	if (!r->networks) {
		r->networks = talloc_array(r, uint32_t, ROWS_NETWORKS_MAX + 1);
		OSMO_ASSERT(r->networks);
	}
	if (!*known) {
		*known = talloc_zero_array(r, uint64_t, 65536 / 64);
		OSMO_ASSERT(*known);
	}
	if (!((*known)[net % 65536 / 64] & bit) && r->n_networks <= ROWS_NETWORKS_MAX)
		r->networks[r->n_networks++] = net;
	(*known)[net % 65536 / 64] |= bit;
}

int rows_claim(struct rows *r, const struct row *add, size_t n, uint32_t *at)
{
	uint32_t last = 0;

	if (n > r->size - r->n)
		return -EFBIG;
	for (size_t i = 0; i < n; i++) {
		if (row_network(&add[i]) != last)
			note_network(r, row_network(&add[i]));
		last = row_network(&add[i]);
	}
	*at = r->n;
	r->n += (uint32_t)n;
	return 0;
}

void rows_put(struct rows *r, uint32_t at, const struct row *add, const uint32_t *hash, size_t n)
{
	if (n == 0)
		return;
	memcpy(r->row + at, add, n * sizeof(*add));
	memcpy(r->hash + at, hash, n * sizeof(*hash));
}

static bool same_key(const struct row *a, const struct row *b)
{
	return a->cell_low == b->cell_low && a->area == b->area && ((a->word ^ b->word) & MAP_WORD_KEY) == 0 &&
	       row_network(a) == row_network(b);
}

/* A share of the hashes: pairs of hash and row, within it by row. */
struct part {
	uint32_t first, n, dropped;
};

struct merge {
	struct rows *rows;
	const uint32_t *starts;
	const int *priority;
	size_t n_tables;
	uint32_t n_parts;             /* a power of 2 */
	unsigned int shift;           /* hash >> shift: part */
	struct part part[PARTS_MAX];
	uint32_t at[JOBS][PARTS_MAX]; /* where a piece puts its next pair of a part */
};

static int priority_of(const struct merge *m, uint32_t row)
{
	int p = 0;

	for (size_t i = 0; i < m->n_tables && m->starts[i] <= row; i++)
		p = m->priority[i];
	return p;
}

/* b is the later row. */
static bool replaces(const struct merge *m, uint32_t b, uint32_t a)
{
	const struct row *x = &m->rows->row[a], *y = &m->rows->row[b];
	int pa = priority_of(m, a), pb = priority_of(m, b);

	if (pa != pb)
		return pb > pa;
	if (x->updated != y->updated)
		return y->updated > x->updated;
	return y->samples >= x->samples;
}

static void piece(const struct merge *m, unsigned int job, uint32_t *from, uint32_t *to)
{
	*from = (uint32_t)((uint64_t)m->rows->n * job / JOBS);
	*to = (uint32_t)((uint64_t)m->rows->n * (job + 1) / JOBS);
}

static void count_piece(void *arg, unsigned int job)
{
	struct merge *m = arg;
	uint32_t from, to;

	piece(m, job, &from, &to);
	for (uint32_t i = from; i < to; i++)
		m->at[job][(uint64_t)m->rows->hash[i] >> m->shift]++;
}

static void spread_piece(void *arg, unsigned int job)
{
	struct merge *m = arg;
	uint32_t from, to;

	piece(m, job, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		uint32_t hash = m->rows->hash[i];

		m->rows->pairs[m->at[job][(uint64_t)hash >> m->shift]++] = (struct radix_pair){hash, i};
	}
}

static void place_parts(struct merge *m)
{
	uint32_t sum = 0;

	for (uint32_t part = 0; part < m->n_parts; part++) {
		m->part[part].first = sum;
		for (int job = 0; job < JOBS; job++) {
			uint32_t n = m->at[job][part];

			m->at[job][part] = sum;
			sum += n;
		}
		m->part[part].n = sum - m->part[part].first;
	}
}

/* Of two rows with one key the loser is marked by net 0, which no row has. */
static void settle(const struct merge *m, struct radix_pair *earlier, const struct radix_pair *later)
{
	struct row *row = m->rows->row;

	if (replaces(m, later->row, earlier->row)) {
		row[earlier->row].net = 0;
		earlier->row = later->row;
	} else {
		row[later->row].net = 0;
	}
}

/* A hash table of places in the part, 0 for none. Returns how many rows lost. */
static uint32_t find_doubles(const struct merge *m, struct radix_pair *p, uint32_t n, uint32_t *table,
			     unsigned int bits)
{
	const struct row *row = m->rows->row;
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = p[i].key * UINT32_C(0x9E3779B1) >> (32 - bits);

		for (; table[at]; at = (at + 1) & ((UINT32_C(1) << bits) - 1)) {
			struct radix_pair *other = &p[table[at] - 1];

			if (other->key == p[i].key && same_key(&row[other->row], &row[p[i].row])) {
				settle(m, other, &p[i]);
				dropped++;
				break;
			}
		}
		if (!table[at])
			table[at] = i + 1;
	}
	return dropped;
}

static void merge_part(void *arg, unsigned int job)
{
	struct merge *m = arg;
	struct part *part = &m->part[job];
	uint32_t *table;
	unsigned int bits = 4;

	while (UINT32_C(1) << bits < part->n * 6) /* sparse: rows seldom meet by chance */
		bits++;
	table = calloc(UINT32_C(1) << bits, sizeof(*table));
	OSMO_ASSERT(table);
	part->dropped = find_doubles(m, m->rows->pairs + part->first, part->n, table, bits);
	free(table);
}

uint32_t rows_merge(struct rows *r, const uint32_t *starts, const int *priority, size_t n_tables,
		    unsigned int threads)
{
	struct merge *m = talloc_zero(NULL, struct merge);

	OSMO_ASSERT(m);
	m->rows = r;
	m->starts = starts;
	m->priority = priority;
	m->n_tables = n_tables;
	m->shift = 32;
	for (m->n_parts = 1; m->n_parts < PARTS_MAX && m->n_parts < r->n / PART_ROWS; m->n_parts *= 2)
		m->shift--;
	r->pairs = bigmem(r, (size_t)r->n * sizeof(*r->pairs));
	parallel(threads, JOBS, count_piece, m);
	place_parts(m);
	parallel(threads, JOBS, spread_piece, m);
	parallel(threads, m->n_parts, merge_part, m);
	r->n_kept = r->n;
	for (uint32_t i = 0; i < m->n_parts; i++)
		r->n_kept -= m->part[i].dropped;
	talloc_free(m);
	return r->n - r->n_kept;
}

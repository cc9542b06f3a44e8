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

#define PARTS 256 /* by the hash's top octet: sorted each for itself, in the cache */
#define JOBS  64  /* pieces of the rows */

static int drop(struct rows *r)
{
	if (r->row)
		munmap(r->row, (size_t)r->size * sizeof(*r->row));
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
	madvise(p, new, MADV_HUGEPAGE); /* a wish */
	r->row = p;
	r->size = size;
}

int rows_add(struct rows *r, const struct row *add, size_t n)
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

void row_pack(const struct csv_row *from, struct row *to)
{
	uint64_t cell = from->cell < 0 ? (uint64_t)-from->cell : (uint64_t)from->cell;
	uint32_t range = from->range_m ? OSMO_MIN(from->range_m, MAP_CELL_RANGE_MAX) << 8
				       : map_default_range(from->radio) << 8 | MAP_RANGE_UNKNOWN;

	*to = (struct row){from->lat,
			   from->lon,
			   from->area,
			   (uint32_t)cell,
			   range | (uint32_t)from->radio << 5 | (from->cell < 0 ? 16u : 0) |
				   (uint32_t)(cell >> 32),
			   from->updated,
			   from->samples,
			   (uint32_t)from->mcc << 18 | (uint32_t)from->mnc << 2 | (from->mnc_digits & 3u)};
}

uint32_t row_hash(const struct row *r)
{
	uint32_t net = row_network(r);

	return (uint32_t)(map_hash((uint16_t)(net >> 16), (uint16_t)net, map_word_radio(r->word), r->area,
				   map_word_cell(r->word, r->cell_low)) >>
			  32);
}

static bool same_key(const struct row *a, const struct row *b)
{
	return a->cell_low == b->cell_low && a->area == b->area && (a->word & 255) == (b->word & 255) &&
	       row_network(a) == row_network(b);
}

struct merge {
	struct rows *rows;
	const uint32_t *starts;
	const int *priority;
	size_t n_tables;
	struct radix_pair *pairs;
	uint32_t at[JOBS][PARTS]; /* where a piece puts its next pair of a part */
	uint32_t first[PARTS + 1], kept[PARTS];
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
		m->at[job][row_hash(&m->rows->row[i]) >> 24]++;
}

static void spread_piece(void *arg, unsigned int job)
{
	struct merge *m = arg;
	uint32_t from, to;

	piece(m, job, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		uint32_t hash = row_hash(&m->rows->row[i]);

		m->pairs[m->at[job][hash >> 24]++] = (struct radix_pair){hash, i};
	}
}

static void place_parts(struct merge *m)
{
	uint32_t sum = 0;

	for (int part = 0; part < PARTS; part++) {
		m->first[part] = sum;
		for (int job = 0; job < JOBS; job++) {
			uint32_t n = m->at[job][part];

			m->at[job][part] = sum;
			sum += n;
		}
	}
	m->first[PARTS] = sum;
}

/* Among pairs of equal hash: those that stay move to the front. The loser of two with one key is marked by
 * net 0, which no row has. Returns how many stay. */
static uint32_t settle(const struct merge *m, struct radix_pair *p, uint32_t n)
{
	struct row *row = m->rows->row;
	uint32_t stay = 1;

	for (uint32_t i = 1; i < n; i++) {
		uint32_t k = 0;

		while (k < stay && !same_key(&row[p[k].row], &row[p[i].row]))
			k++;
		if (k == stay) {
			p[stay++] = p[i];
		} else if (replaces(m, p[i].row, p[k].row)) {
			row[p[k].row].net = 0;
			p[k] = p[i];
		} else {
			row[p[i].row].net = 0;
		}
	}
	return stay;
}

static void sort_part(void *arg, unsigned int part)
{
	struct merge *m = arg;
	struct radix_pair *p = m->pairs + m->first[part];
	uint32_t n = m->first[part + 1] - m->first[part], kept = 0;
	struct radix_pair *spare = malloc((size_t)n * sizeof(*spare) + 1);

	OSMO_ASSERT(spare);
	radix_sort(p, spare, n);
	free(spare);
	for (uint32_t i = 0, same; i < n; i += same) {
		uint32_t stay = 1;

		for (same = 1; i + same < n && p[i + same].key == p[i].key; same++)
			;
		if (same > 1)
			stay = settle(m, &p[i], same);
		memmove(&p[kept], &p[i], stay * sizeof(*p));
		kept += stay;
	}
	m->kept[part] = kept;
}

/* The pairs that stay move together. */
static void list_kept(struct merge *m)
{
	struct rows *r = m->rows;

	for (int part = 0; part < PARTS; part++) {
		memmove(&m->pairs[r->n_kept], &m->pairs[m->first[part]], m->kept[part] * sizeof(*m->pairs));
		r->n_kept += m->kept[part];
	}
	r->by_hash = m->pairs;
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
	m->pairs = bigmem(r, (size_t)r->n * sizeof(*m->pairs));
	parallel(threads, JOBS, count_piece, m);
	place_parts(m);
	parallel(threads, JOBS, spread_piece, m);
	parallel(threads, PARTS, sort_part, m);
	list_kept(m);
	talloc_free(m);
	return r->n - r->n_kept;
}

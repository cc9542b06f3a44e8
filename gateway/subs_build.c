#include "gateway/subs_build.h"
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/outfile.h"
#include "gateway/subs_format.h"

#define UNKNOWN      0x80000000u /* in struct row: a cell that the map lacks, by its place in builder.unknown */
#define ROWS_MAX     (UINT32_MAX - 1)
#define DIGIT_BITS   11
#define DIGITS       (1 << DIGIT_BITS)
#define WRITE_OCTETS (1 << 20)

struct row {
	uint64_t number;
	uint32_t cell;
	uint32_t multi; /* which number of several cells; SUBS_NO_INDEX: it has one */
};

struct subs_builder {
	const struct cellmap *map;
	struct row *rows;
	uint32_t n, max;
	struct cell_id *unknown; /* one per row at first, each key once after rank_unknown() */
	uint32_t n_unknown, max_unknown;
};

/* Rows may need more than talloc gives out at once (256 MiB). */
static int builder_free(struct subs_builder *b)
{
	free(b->rows);
	free(b->unknown);
	return 0;
}

struct subs_builder *subs_builder_new(void *ctx, const struct cellmap *map)
{
	struct subs_builder *b = talloc_zero(ctx, struct subs_builder);

	OSMO_ASSERT(b);
	OSMO_ASSERT(sodium_init() >= 0);
	b->map = map;
	talloc_set_destructor(b, builder_free);
	return b;
}

static uint32_t larger(uint32_t max)
{
	return max == 0 ? 4096 : max > ROWS_MAX / 2 ? ROWS_MAX : max * 2;
}

static uint32_t add_unknown(struct subs_builder *b, const struct cell_id *id)
{
	if (b->n_unknown == b->max_unknown) {
		b->max_unknown = larger(b->max_unknown);
		b->unknown = realloc(b->unknown, sizeof(*b->unknown) * b->max_unknown);
		OSMO_ASSERT(b->unknown);
	}
	b->unknown[b->n_unknown] = *id;
	return UNKNOWN | b->n_unknown++;
}

int subs_builder_add(struct subs_builder *b, uint64_t number, const struct cell_id *id)
{
	struct row *r;
	uint32_t index;
	int rc;

	if (b->n == ROWS_MAX || b->n_unknown == UNKNOWN - 1)
		return -E2BIG;
	rc = cellmap_find(b->map, id, &index);
	if (rc == -ENOENT)
		index = add_unknown(b, id);
	else if (rc < 0)
		return rc;
	if (b->n == b->max) {
		b->max = larger(b->max);
		b->rows = realloc(b->rows, sizeof(*b->rows) * b->max);
		OSMO_ASSERT(b->rows);
	}
	r = &b->rows[b->n++];
	*r = (struct row){.number = number, .cell = index, .multi = SUBS_NO_INDEX};
	return 0;
}

/* --- cells that the map lacks: each once, in order of their keys --- */
static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_id(const struct cell_id *a, const struct cell_id *b)
{
	int c = compare(a->mcc, b->mcc);

	c = c ? c : compare(a->mnc, b->mnc);
	c = c ? c : compare(a->radio, b->radio);
	c = c ? c : compare(a->area, b->area);
	return c ? c : compare(a->cell, b->cell);
}

struct named {
	struct cell_id id;
	uint32_t was;
};

static int by_id(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return compare_id(&x->id, &y->id);
}

static void rank_unknown(struct subs_builder *b)
{
	struct named *v = calloc(b->n_unknown + 1UL, sizeof(*v));
	uint32_t *rank = calloc(b->n_unknown + 1UL, sizeof(*rank)), n = 0;

	OSMO_ASSERT(v && rank);
	for (uint32_t i = 0; i < b->n_unknown; i++)
		v[i] = (struct named){b->unknown[i], i};
	qsort(v, b->n_unknown, sizeof(*v), by_id);
	for (uint32_t i = 0; i < b->n_unknown; i++) {
		if (i == 0 || compare_id(&v[i].id, &v[i - 1].id))
			b->unknown[n++] = v[i].id;
		rank[v[i].was] = n - 1;
	}
	b->n_unknown = n;
	for (uint32_t i = 0; i < b->n; i++)
		if (b->rows[i].cell & UNKNOWN)
			b->rows[i].cell = UNKNOWN | rank[b->rows[i].cell & ~UNKNOWN];
	free(rank);
	free(v);
}

/* --- sorting: stable, by digits of DIGIT_BITS, passes over equal digits left out --- */
static uint32_t digit(const struct row *r, bool by_number, unsigned int pass)
{
	return (uint32_t)((by_number ? r->number : r->cell) >> DIGIT_BITS * pass) & (DIGITS - 1);
}

static void sort_pass(const struct row *from, struct row *to, uint32_t n, bool by_number, unsigned int pass,
		      uint32_t *at)
{
	uint32_t sum = 0;

	memset(at, 0, DIGITS * sizeof(*at));
	for (uint32_t i = 0; i < n; i++)
		at[digit(&from[i], by_number, pass)]++;
	for (uint32_t d = 0; d < DIGITS; d++) {
		uint32_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[digit(&from[i], by_number, pass)]++] = from[i];
}

static bool differs(const struct row *rows, uint32_t n, bool by_number, unsigned int pass)
{
	for (uint32_t i = 1; i < n; i++)
		if (digit(&rows[i], by_number, pass) != digit(&rows[0], by_number, pass))
			return true;
	return false;
}

static void sort_rows(struct subs_builder *b, struct row **spare, bool by_number)
{
	unsigned int passes = by_number ? 5 : 3; /* 54 bits, 32 bits */
	uint32_t at[DIGITS];

	for (unsigned int pass = 0; pass < passes; pass++) {
		struct row *swap = b->rows;

		if (!differs(b->rows, b->n, by_number, pass))
			continue;
		sort_pass(b->rows, *spare, b->n, by_number, pass, at);
		b->rows = *spare;
		*spare = swap;
	}
}

/* Rows stand by number, then cell: repeats go, numbers in several cells get their flag's index. */
static void settle(struct subs_builder *b, struct subs_build_sums *sums)
{
	struct row *rows = b->rows;
	uint32_t n = 0;

	for (uint32_t i = 0, end; i < b->n; i = end) {
		uint32_t first = n;
		bool in_map = false;

		for (end = i; end < b->n && rows[end].number == rows[i].number; end++) {
			if (n > first && rows[end].cell == rows[n - 1].cell)
				continue;
			in_map |= !(rows[end].cell & UNKNOWN);
			rows[n++] = rows[end];
		}
		sums->numbers++;
		sums->unresolved += !in_map;
		for (uint32_t k = first; n - first > 1 && k < n; k++)
			rows[k].multi = (uint32_t)sums->in_several_cells;
		sums->in_several_cells += n - first > 1;
	}
	sums->same = b->n - n;
	b->n = n;
}

/* --- writing --- */
struct sink {
	struct outfile *out;
	crypto_generichash_state sum;
	uint8_t *buf;
	size_t used;
	uint64_t total;
	int rc;
	char *err;
	size_t err_len;
};

static void sink_flush(struct sink *k)
{
	if (k->rc == 0 && k->used > 0) {
		crypto_generichash_update(&k->sum, k->buf, k->used);
		k->rc = outfile_write(k->out, k->buf, k->used, -1, k->err, k->err_len);
	}
	k->used = 0;
}

static void sink_put(struct sink *k, const void *data, size_t len)
{
	if (k->used + len > WRITE_OCTETS)
		sink_flush(k);
	memcpy(k->buf + k->used, data, len);
	k->used += len;
	k->total += len;
}

static void sink_align(struct sink *k)
{
	static const uint8_t zero[8];

	if (k->total % 8)
		sink_put(k, zero, 8 - k->total % 8);
}

static void put_key(struct sink *k, const struct cell_id *id)
{
	struct subs_key key = {
		.cell = id->cell, .area = id->area, .mcc = id->mcc, .mnc = id->mnc, .radio = id->radio};

	sink_put(k, &key, sizeof(key));
}

static bool new_cell(const struct row *rows, uint32_t i)
{
	return i == 0 || rows[i].cell != rows[i - 1].cell;
}

static void put_keys(struct sink *k, const struct subs_builder *b)
{
	struct cell cell;

	for (uint32_t i = 0; i < b->n && k->rc == 0; i++) {
		if (!new_cell(b->rows, i))
			continue;
		if (b->rows[i].cell & UNKNOWN) {
			put_key(k, &b->unknown[b->rows[i].cell & ~UNKNOWN]);
			continue;
		}
		k->rc = cellmap_get(b->map, b->rows[i].cell, &cell);
		if (k->rc < 0)
			snprintf(k->err, k->err_len, "the cell map is damaged; build it anew");
		else
			put_key(k, &cell.id);
	}
}

static void put_index(struct sink *k, const struct subs_builder *b)
{
	static const uint32_t none = SUBS_NO_INDEX;

	for (uint32_t i = 0; i < b->n; i++)
		if (new_cell(b->rows, i))
			sink_put(k, b->rows[i].cell & UNKNOWN ? &none : &b->rows[i].cell, 4);
	sink_align(k);
}

/* Where each cell's entries begin, of all or of the flagged only, and where the last one's end. */
static void put_firsts(struct sink *k, const struct subs_builder *b, bool flagged)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		if (new_cell(b->rows, i))
			sink_put(k, &at, 4);
		at += !flagged || b->rows[i].multi != SUBS_NO_INDEX;
	}
	sink_put(k, &at, 4);
	sink_align(k);
}

static void put_entries(struct sink *k, const struct subs_builder *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t entry = b->rows[i].number | (b->rows[i].multi != SUBS_NO_INDEX ? SUBS_MULTI : 0);

		sink_put(k, &entry, 8);
	}
	for (uint32_t i = 0; i < b->n; i++)
		if (b->rows[i].multi != SUBS_NO_INDEX)
			sink_put(k, &b->rows[i].multi, 4);
	sink_align(k);
}

static void fill_header(const struct subs_builder *b, const struct subs_build_sums *sums,
			struct subs_header *h)
{
	struct subs_layout l;

	memcpy(h->magic, SUBS_MAGIC, sizeof(h->magic));
	h->version = SUBS_VERSION;
	h->endian = SUBS_ENDIAN;
	h->map_checksum = cellmap_checksum(b->map);
	h->n_numbers = (uint32_t)sums->numbers;
	h->n_entries = b->n;
	h->n_multi = (uint32_t)sums->in_several_cells;
	for (uint32_t i = 0; i < b->n; i++) {
		h->n_cells += new_cell(b->rows, i);
		h->n_resolved += new_cell(b->rows, i) && !(b->rows[i].cell & UNKNOWN);
		h->n_multi_entries += b->rows[i].multi != SUBS_NO_INDEX;
	}
	subs_layout(h, &l);
	h->file_size = l.end;
}

static int write_all(struct subs_builder *b, struct sink *k, struct subs_header *h)
{
	k->buf = talloc_size(b, WRITE_OCTETS);
	OSMO_ASSERT(k->buf);
	crypto_generichash_init(&k->sum, NULL, 0, SUBS_SUM);
	k->rc = outfile_write(k->out, h, sizeof(*h), -1, k->err,
			      k->err_len); /* room for it; its sums come last */
	k->total = sizeof(*h);
	put_keys(k, b);
	put_index(k, b);
	put_firsts(k, b, false);
	put_firsts(k, b, true);
	put_entries(k, b);
	sink_flush(k);
	OSMO_ASSERT(k->rc < 0 || k->total == h->file_size);
	crypto_generichash_final(&k->sum, h->content_sum, SUBS_SUM);
	crypto_generichash(h->header_sum, SUBS_SUM, (const uint8_t *)h,
			   offsetof(struct subs_header, header_sum), NULL, 0);
	if (k->rc == 0)
		k->rc = outfile_write(k->out, h, sizeof(*h), 0, k->err, k->err_len);
	return k->rc;
}

static void sort_all(struct subs_builder *b, struct subs_build_sums *sums)
{
	struct row *spare = calloc(b->n + 1UL, sizeof(*spare));

	OSMO_ASSERT(spare);
	rank_unknown(b);
	sort_rows(b, &spare, false);
	sort_rows(b, &spare, true);
	settle(b, sums);
	sort_rows(b, &spare, false);
	free(spare);
}

int subs_builder_write(struct subs_builder *b, const char *path, struct subs_build_sums *sums, char *err,
		       size_t err_len)
{
	struct subs_header h = {0};
	struct sink k = {.err = err, .err_len = err_len};
	int rc;

	memset(sums, 0, sizeof(*sums));
	sort_all(b, sums);
	fill_header(b, sums, &h);
	sums->cells = h.n_cells;
	sums->unknown_cells = h.n_cells - h.n_resolved;
	rc = outfile_open(b, path, &k.out, err, err_len);
	if (rc < 0)
		return rc;
	rc = write_all(b, &k, &h);
	if (rc < 0) {
		talloc_free(k.out);
		return rc;
	}
	return outfile_commit(k.out, err, err_len);
}

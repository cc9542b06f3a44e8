#include "cellmap/mapwrite.h"
#include "cellmap/bigmem.h"
#include "cellmap/hash.h"
#include "cellmap/map.h"
#include "cellmap/order.h"
#include "cellmap/parallel.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 8192 /* cells written at a time: whole units of every section */
#define AHEAD 24   /* rows or slots fetched before they are needed */
#define PARTS 16   /* of the slots: by the highest bits of the hash */
#define PART_SHIFT 28

/* Hash and index of cells. */
struct pairs {
	struct radix_pair *pair;
	uint32_t n, size;
};

/* The sections of a chunk, as in the file. */
struct chunk {
	struct map_block blocks[CHUNK / MAP_BLOCK];
	struct map_id ids[CHUNK];
	uint32_t ranges[CHUNK], hashes[CHUNK];
	struct chunk *next;
};

struct writer {
	struct rows *rows;
	struct order *order;
	struct map_header head;
	struct map_layout at;
	uint8_t *directory; /* what stands before the body, as in the file: */
	struct map_network *networks;
	struct map_group *groups;
	uint64_t *sums;
	int32_t *lons;
	uint32_t *slots;   /* where the rows' hashes were: memory that is new has its price */
	uint16_t *begins;  /* of each chunk's parts, among its pairs */
	struct pairs left[PARTS]; /* of each part: those that found no room in its part of the slots */
	struct chunk *chunks;     /* that are free */
	struct outfile *out;
	pthread_mutex_t lock; /* of networks, head, rc, err */
	int rc;
	char *err;
	size_t err_len;
};

static size_t units(size_t octets)
{
	return (octets + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;
}

static uint32_t chunks(const struct writer *w)
{
	return w->head.n_cells / CHUNK + (w->head.n_cells % CHUNK != 0);
}

static void put(struct writer *w, const void *data, size_t len, uint64_t offset)
{
	char err[256];
	int rc = outfile_write(w->out, data, len, (long long)offset, err, sizeof(err));

	if (rc == 0)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->rc == 0)
		snprintf(w->err, w->err_len, "%s", err);
	w->rc = rc;
	pthread_mutex_unlock(&w->lock);
}

/* Whole units of the body, with their sums. Zeros follow the data to the unit's end. */
static void put_units(struct writer *w, const void *data, size_t len, uint64_t offset)
{
	uint64_t *sum = &w->sums[(offset - w->at.rows) / MAP_UNIT];
	size_t padded = (len + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;

	for (size_t i = 0; i < padded; i += MAP_UNIT)
		*sum++ = map_sum((const uint8_t *)data + i, MAP_UNIT);
	put(w, data, padded, offset);
}

static void note_cell(struct map_network *n, uint32_t unaddressable[2], const struct row *r)
{
	uint8_t radio = map_word_radio(r->word);
	int64_t cell = (int64_t)map_word_cell(r->word, r->cell_low);

	n->radios[radio]++;
	n->south = OSMO_MIN(n->south, r->lat);
	n->north = OSMO_MAX(n->north, r->lat);
	n->west = OSMO_MIN(n->west, r->lon);
	n->east = OSMO_MAX(n->east, r->lon);
	n->mnc_digits = OSMO_MAX(n->mnc_digits, (uint8_t)(r->net & 3));
	if (r->updated) {
		n->updated_max = OSMO_MAX(n->updated_max, r->updated);
		if (!n->updated_min || r->updated < n->updated_min)
			n->updated_min = r->updated;
	}
	unaddressable[0] += cell <= 0;
	unaddressable[1] += radio == CELL_GSM && cell > 65535;
}

static void join_dates(uint32_t *min, uint32_t *max, uint32_t other_min, uint32_t other_max)
{
	*max = OSMO_MAX(*max, other_max);
	if (other_min && (!*min || other_min < *min))
		*min = other_min;
}

static const struct map_network nothing = {
	.south = INT32_MAX, .west = INT32_MAX, .north = INT32_MIN, .east = INT32_MIN};

static void join_network(struct writer *w, uint32_t network, const struct map_network *part,
			 const uint32_t unaddressable[2])
{
	struct map_network *n = &w->networks[network];

	pthread_mutex_lock(&w->lock);
	for (int i = 0; i < CELL_RADIO_N; i++)
		n->radios[i] += part->radios[i];
	n->south = OSMO_MIN(n->south, part->south);
	n->north = OSMO_MAX(n->north, part->north);
	n->west = OSMO_MIN(n->west, part->west);
	n->east = OSMO_MAX(n->east, part->east);
	n->mnc_digits = OSMO_MAX(n->mnc_digits, part->mnc_digits);
	join_dates(&n->updated_min, &n->updated_max, part->updated_min, part->updated_max);
	join_dates(&w->head.updated_min, &w->head.updated_max, part->updated_min, part->updated_max);
	w->head.unaddressable[0] += unaddressable[0];
	w->head.unaddressable[1] += unaddressable[1];
	pthread_mutex_unlock(&w->lock);
}

static void fill_cells(struct writer *w, struct chunk *c, uint32_t first, uint32_t from, uint32_t to,
		       uint32_t network)
{
	const struct radix_pair *order = w->order->pairs;
	struct map_network part = nothing;
	uint32_t unaddressable[2] = {0, 0};

	for (uint32_t i = from; i < to; i++) {
		const struct row *r = &w->rows->row[order[i].row];
		uint32_t k = i - first;

		if (i + AHEAD < to)
			__builtin_prefetch(&w->rows->row[order[i + AHEAD].row]);
		c->blocks[k / MAP_BLOCK].lat[k % MAP_BLOCK] = r->lat;
		c->blocks[k / MAP_BLOCK].lon[k % MAP_BLOCK] = r->lon;
		c->ranges[k] = r->word;
		c->ids[k] = (struct map_id){r->area, r->cell_low};
		c->hashes[k] = row_hash(r);
		note_cell(&part, unaddressable, r);
	}
	join_network(w, network, &part, unaddressable);
}

/* The chunk's cells by part of the slots, where the pairs were that told their rows. */
static void spread_hashes(struct writer *w, const struct chunk *c, unsigned int job, uint32_t n)
{
	uint16_t *begins = w->begins + (size_t)job * (PARTS + 1), at[PARTS] = {0};
	struct radix_pair *pairs = w->order->pairs + (size_t)job * CHUNK;

	for (uint32_t i = 0; i < n; i++)
		at[c->hashes[i] >> PART_SHIFT]++;
	begins[0] = 0;
	for (unsigned int part = 0; part < PARTS; part++) {
		begins[part + 1] = (uint16_t)(begins[part] + at[part]);
		at[part] = begins[part];
	}
	for (uint32_t i = 0; i < n; i++)
		pairs[at[c->hashes[i] >> PART_SHIFT]++] =
			(struct radix_pair){c->hashes[i], job * CHUNK + i};
}

static uint32_t network_at(const struct writer *w, uint32_t cell)
{
	uint32_t lo = 0, hi = w->head.n_networks;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (w->networks[mid].first <= cell)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static struct chunk *take_chunk(struct writer *w)
{
	struct chunk *c;

	pthread_mutex_lock(&w->lock);
	c = w->chunks;
	if (c)
		w->chunks = c->next;
	else
		c = talloc(w, struct chunk);
	pthread_mutex_unlock(&w->lock);
	OSMO_ASSERT(c);
	return c;
}

static void give_chunk(struct writer *w, struct chunk *c)
{
	pthread_mutex_lock(&w->lock);
	c->next = w->chunks;
	w->chunks = c;
	pthread_mutex_unlock(&w->lock);
}

static void write_chunk(void *arg, unsigned int job)
{
	struct writer *w = arg;
	uint32_t first = job * CHUNK, n = OSMO_MIN(w->head.n_cells - first, (uint32_t)CHUNK), to;
	uint32_t blocks = (n + MAP_BLOCK - 1) / MAP_BLOCK;
	struct chunk *c = take_chunk(w);

	if (n < CHUNK)
		memset(c, 0, sizeof(*c));
	for (uint32_t from = first; from < first + n; from = to) {
		uint32_t network = network_at(w, from);

		to = OSMO_MIN(first + n, w->networks[network].first + w->networks[network].count);
		fill_cells(w, c, first, from, to, network);
	}
	for (uint32_t i = 0; i < blocks; i++)
		w->lons[first / MAP_BLOCK + i] = c->blocks[i].lon[0];
	put_units(w, c->blocks, blocks * sizeof(struct map_block),
		  w->at.blocks + (uint64_t)first * sizeof(struct map_block) / MAP_BLOCK);
	put_units(w, c->ranges, n * sizeof(uint32_t), w->at.ranges + (uint64_t)first * 4);
	put_units(w, c->ids, n * sizeof(struct map_id), w->at.ids + (uint64_t)first * sizeof(struct map_id));
	spread_hashes(w, c, job, n);
	give_chunk(w, c);
}

static void plan(struct writer *w)
{
	struct order *o = w->order;

	map_layout(&w->head, &w->at);
	w->head.file_size = w->at.end;
	w->directory = bigmem(w, w->at.rows);
	w->networks = (struct map_network *)(w->directory + w->at.networks);
	w->groups = (struct map_group *)(w->directory + w->at.groups);
	w->sums = (uint64_t *)(w->directory + w->at.sums);
	for (uint32_t i = 0; i < o->n_networks; i++) {
		w->networks[i] = nothing;
		w->networks[i].mcc = (uint16_t)(o->networks[i] >> 16);
		w->networks[i].mnc = (uint16_t)o->networks[i];
	}
	for (uint32_t i = 0; i < o->n_groups; i++) {
		struct map_network *n = &w->networks[o->groups[i].network];

		if (n->n_groups++ == 0) {
			n->first = o->groups[i].map.first;
			n->first_group = i;
		}
		n->count += o->groups[i].map.count;
		w->groups[i] = o->groups[i].map;
	}
}

static void write_rows(struct writer *w)
{
	size_t size = units(w->head.n_rows * sizeof(uint32_t));
	uint32_t *firsts = bigmem(w, size);

	memcpy(firsts, w->order->row_firsts, w->head.n_rows * sizeof(uint32_t));
	put_units(w, firsts, size, w->at.rows);
	put_units(w, w->lons, w->at.n_blocks * sizeof(*w->lons), w->at.lons);
}

static uint32_t slot_of(const struct writer *w, uint32_t hash)
{
	return map_slot(hash, w->head.n_slots);
}

static void put_left(struct pairs *left, const struct radix_pair *p)
{
	if (left->n == left->size) {
		left->size = left->size ? left->size * 2 : 64;
		left->pair = realloc(left->pair, left->size * sizeof(*left->pair));
		OSMO_ASSERT(left->pair);
	}
	left->pair[left->n++] = *p;
}

/* What finds no room in its own part of the slots waits for the end. */
static void fill_slots(void *arg, unsigned int part)
{
	struct writer *w = arg;
	uint64_t hash = (uint64_t)part << PART_SHIFT, end_hash = (uint64_t)(part + 1) << PART_SHIFT;
	uint32_t begin = (uint32_t)((hash * w->head.n_slots) >> 32),
		 end = (uint32_t)((end_hash * w->head.n_slots) >> 32);

	memset(w->slots + begin, 0xFF, (size_t)(end - begin) * sizeof(*w->slots));
	for (uint32_t job = 0; job < chunks(w); job++) {
		const uint16_t *begins = w->begins + (size_t)job * (PARTS + 1) + part;
		const struct radix_pair *pairs = w->order->pairs + (size_t)job * CHUNK;

		for (uint32_t i = begins[0]; i < begins[1]; i++) {
			uint32_t slot = slot_of(w, pairs[i].key);

			if (i + AHEAD < begins[1])
				__builtin_prefetch(&w->slots[slot_of(w, pairs[i + AHEAD].key)], 1);
			while (slot < end && w->slots[slot] != MAP_SLOT_FREE)
				slot++;
			if (slot < end)
				w->slots[slot] = pairs[i].row;
			else
				put_left(&w->left[part], &pairs[i]);
		}
	}
}

static void write_slots(struct writer *w, unsigned int threads)
{
	size_t size = (size_t)w->head.n_slots * sizeof(*w->slots);

	parallel(threads, PARTS, fill_slots, w);
	for (unsigned int part = 0; part < PARTS; part++) {
		for (uint32_t i = 0; i < w->left[part].n; i++) {
			const struct radix_pair *p = &w->left[part].pair[i];
			uint32_t slot = slot_of(w, p->key);

			while (w->slots[slot] != MAP_SLOT_FREE)
				slot = slot + 1 == w->head.n_slots ? 0 : slot + 1;
			w->slots[slot] = p->row;
		}
		free(w->left[part].pair);
	}
	memset(w->slots + w->head.n_slots, 0, units(size) - size);
	put_units(w, w->slots, size, w->at.slots);
}

static void write_directory(struct writer *w)
{
	uint64_t parts[2];

	w->head.directory_sum = map_sum(w->directory + w->at.networks, w->at.sums - w->at.networks);
	parts[0] = w->head.directory_sum;
	parts[1] = map_sum(w->sums, w->at.n_units * sizeof(*w->sums));
	w->head.content = map_sum(parts, sizeof(parts));
	w->head.header_sum = map_sum(&w->head, offsetof(struct map_header, header_sum));
	memcpy(w->directory, &w->head, sizeof(w->head));
	put(w, w->directory, w->at.rows, 0);
}

static void write_all(struct writer *w, unsigned int threads)
{
	struct order *o = w->order;
	struct rows *rows = w->rows;
	uint64_t slots = (uint64_t)rows->n_kept + rows->n_kept / 5 + 2;

	w->head.n_networks = o->n_networks;
	w->head.n_groups = o->n_groups;
	w->head.n_rows = o->n_rows;
	w->head.n_cells = rows->n_kept;
	w->head.n_slots = slots > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)slots;
	plan(w);
	w->lons = bigmem(w, units(w->at.n_blocks * sizeof(*w->lons)));
	w->begins = talloc_array(w, uint16_t, (size_t)chunks(w) * (PARTS + 1));
	OSMO_ASSERT(w->begins);
	parallel(threads, chunks(w), write_chunk, w);
	write_rows(w);
	w->slots = rows->hash;
	write_slots(w, threads);
	write_directory(w);
}

int map_write(struct rows *rows, struct outfile *out, unsigned int threads, struct map_header *head,
	      char *err, size_t err_len)
{
	struct writer *w = talloc_zero(NULL, struct writer);
	int rc;

	OSMO_ASSERT(w);
	w->rows = rows;
	w->out = out;
	w->err = err;
	w->err_len = err_len;
	memcpy(w->head.magic, MAP_MAGIC, sizeof(w->head.magic));
	w->head.version = MAP_VERSION;
	w->head.endian = MAP_ENDIAN;
	rc = order_rows(w, rows, threads, &w->order);
	if (rc < 0) {
		snprintf(err, err_len,
			 "the tables name more than %d networks; that cannot be real, check their columns",
			 ROWS_NETWORKS_MAX);
	} else {
		pthread_mutex_init(&w->lock, NULL);
		write_all(w, threads);
		pthread_mutex_destroy(&w->lock);
		rc = w->rc;
	}
	*head = w->head;
	talloc_free(w);
	return rc;
}

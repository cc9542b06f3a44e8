#include "cellmap/mapwrite.h"
#include "cellmap/bigmem.h"
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
#define AHEAD 24   /* rows fetched before they are needed */

struct writer {
	struct rows *rows;
	struct order *order;
	struct map_header head;
	struct map_layout at;
	struct map_network *networks;
	struct map_group *groups;
	uint64_t *sums;
	int32_t *lons;
	uint32_t *place;     /* row -> index in the map */
	uint32_t *slots;     /* where the order's pairs were: memory that is new has its price */
	uint32_t *left_over; /* by part of the rows: how many of its pairs found no room in its part of the
				slots */
	struct outfile *out;
	pthread_mutex_t lock; /* of networks, head, rc, err */
	int rc;
	char *err;
	size_t err_len;
};

/* The sections of a chunk, as in the file. */
struct chunk {
	struct map_block blocks[CHUNK / MAP_BLOCK];
	struct map_id ids[CHUNK];
	uint32_t ranges[CHUNK];
};

static size_t units(size_t octets)
{
	return (octets + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;
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

		if (i + AHEAD < w->head.n_cells)
			__builtin_prefetch(&w->rows->row[order[i + AHEAD].row]);
		c->blocks[k / MAP_BLOCK].lat[k % MAP_BLOCK] = r->lat;
		c->blocks[k / MAP_BLOCK].lon[k % MAP_BLOCK] = r->lon;
		c->ranges[k] = r->word;
		c->ids[k] = (struct map_id){r->area, r->cell_low};
		w->place[order[i].row] = i;
		note_cell(&part, unaddressable, r);
	}
	join_network(w, network, &part, unaddressable);
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

static void write_chunk(void *arg, unsigned int job)
{
	struct writer *w = arg;
	uint32_t first = job * CHUNK, end = OSMO_MIN(w->head.n_cells - first, (uint32_t)CHUNK) + first, to;
	uint32_t blocks = (end - first + MAP_BLOCK - 1) / MAP_BLOCK;
	struct chunk *c = malloc(sizeof(*c));

	OSMO_ASSERT(c);
	if (end - first < CHUNK)
		memset(c, 0, sizeof(*c));
	for (uint32_t from = first; from < end; from = to) {
		uint32_t network = network_at(w, from);

		to = OSMO_MIN(end, w->networks[network].first + w->networks[network].count);
		fill_cells(w, c, first, from, to, network);
	}
	for (uint32_t i = 0; i < blocks; i++)
		w->lons[first / MAP_BLOCK + i] = c->blocks[i].lon[0];
	put_units(w, c->blocks, blocks * sizeof(struct map_block),
		  w->at.blocks + (uint64_t)first * sizeof(struct map_block) / MAP_BLOCK);
	put_units(w, c->ranges, (end - first) * sizeof(uint32_t), w->at.ranges + (uint64_t)first * 4);
	put_units(w, c->ids, (end - first) * sizeof(struct map_id),
		  w->at.ids + (uint64_t)first * sizeof(struct map_id));
	free(c);
}

static void plan(struct writer *w)
{
	struct order *o = w->order;

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
	w->head.n_rows = o->n_rows;
	map_layout(&w->head, &w->at);
}

static void write_rows(struct writer *w)
{
	size_t size = units(w->head.n_rows * sizeof(uint32_t));
	uint32_t *firsts = bigmem(w, size);

	memcpy(firsts, w->order->row_firsts, w->head.n_rows * sizeof(uint32_t));
	put_units(w, firsts, size, w->at.rows);
	put_units(w, w->lons, w->at.n_blocks * sizeof(*w->lons), w->at.lons);
}

_Static_assert(MAP_UNIT + 16 <= ORDER_ROOM, "1.2 slots a cell fit where a pair a cell was");

static uint32_t slot_of(const struct writer *w, const struct radix_pair *p)
{
	return map_slot(p->key, w->head.n_slots);
}

/* Each part of the rows has its own part of the slots; what finds no room there waits for the end. */
static void fill_slots(void *arg, unsigned int job)
{
	struct writer *w = arg;
	const struct rows_part *part = &w->rows->part[job];
	struct radix_pair *p = w->rows->pairs + part->first;
	uint64_t hashes = (UINT64_C(1) << 32) / w->rows->n_parts;
	uint32_t begin = (uint32_t)((hashes * job * w->head.n_slots) >> 32),
		 end = (uint32_t)((hashes * (job + 1) * w->head.n_slots) >> 32), left = 0;

	memset(w->slots + begin, 0xFF, (size_t)(end - begin) * sizeof(*w->slots));
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t slot = slot_of(w, &p[i]);

		if (i + AHEAD < part->n)
			__builtin_prefetch(&w->place[p[i + AHEAD].row]);
		while (slot < end && w->slots[slot] != MAP_SLOT_FREE)
			slot++;
		if (slot < end)
			w->slots[slot] = w->place[p[i].row];
		else
			p[left++] = p[i];
	}
	w->left_over[job] = left;
}

static void write_slots(struct writer *w, unsigned int threads)
{
	const struct rows *rows = w->rows;
	size_t size = (size_t)w->head.n_slots * sizeof(*w->slots);

	w->left_over = talloc_array(w, uint32_t, rows->n_parts);
	OSMO_ASSERT(w->left_over);
	parallel(threads, rows->n_parts, fill_slots, w);
	for (uint32_t part = 0; part < rows->n_parts; part++)
		for (uint32_t i = 0; i < w->left_over[part]; i++) {
			const struct radix_pair *p = &rows->pairs[rows->part[part].first + i];
			uint32_t slot = slot_of(w, p);

			while (w->slots[slot] != MAP_SLOT_FREE)
				slot = slot + 1 == w->head.n_slots ? 0 : slot + 1;
			w->slots[slot] = w->place[p->row];
		}
	memset(w->slots + w->head.n_slots, 0, units(size) - size);
	put_units(w, w->slots, size, w->at.slots);
}

/* What stands before the body lies in one piece of memory, as in the file. */
static void write_directory(struct writer *w)
{
	uint8_t *piece = bigmem(w, w->at.rows);
	uint64_t parts[2];

	memcpy(piece + w->at.networks, w->networks, w->head.n_networks * sizeof(*w->networks));
	memcpy(piece + w->at.groups, w->groups, w->head.n_groups * sizeof(*w->groups));
	memcpy(piece + w->at.sums, w->sums, w->at.n_units * sizeof(*w->sums));
	w->head.directory_sum = map_sum(piece + w->at.networks, w->at.sums - w->at.networks);
	parts[0] = w->head.directory_sum;
	parts[1] = map_sum(w->sums, w->at.n_units * sizeof(*w->sums));
	w->head.content = map_sum(parts, sizeof(parts));
	w->head.header_sum = map_sum(&w->head, offsetof(struct map_header, header_sum));
	memcpy(piece, &w->head, sizeof(w->head));
	put(w, piece, w->at.rows, 0);
}

static void write_all(struct writer *w, unsigned int threads)
{
	struct order *o = w->order;
	struct rows *rows = w->rows;
	uint64_t slots = (uint64_t)rows->n_kept + rows->n_kept / 5 + 2;

	w->head.n_networks = o->n_networks;
	w->head.n_groups = o->n_groups;
	w->head.n_cells = rows->n_kept;
	w->head.n_slots = slots > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)slots;
	w->networks = bigmem(w, w->head.n_networks * sizeof(*w->networks));
	w->groups = bigmem(w, w->head.n_groups * sizeof(*w->groups));
	plan(w);
	w->head.file_size = w->at.end;
	w->sums = bigmem(w, w->at.n_units * sizeof(*w->sums));
	w->lons = bigmem(w, units(w->at.n_blocks * sizeof(*w->lons)));
	w->place = rows->hash;
	parallel(threads, (w->head.n_cells + CHUNK - 1) / CHUNK, write_chunk, w);
	write_rows(w);
	w->slots = (uint32_t *)o->pairs;
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

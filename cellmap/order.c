#include "cellmap/order.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define HILBERT_BITS 23
#define CLASS_MIN    256 /* cells below which a class is no tree of its own */
#define MCC_END      1000

unsigned int order_class(uint32_t range_m)
{
	return range_m <= 2000 ? 0 : range_m <= 6000 ? 1 : range_m <= 15000 ? 2 : 3;
}

/* One step of the curve: quadrant of state s at bits (x, y) -> its place on the curve, and the state within.
 */
static const uint8_t curve[4][4] = {
	/* place << 4 | next state, by x << 1 | y */
	{0x01, 0x10, 0x32, 0x20},
	{0x00, 0x33, 0x11, 0x21},
	{0x22, 0x12, 0x30, 0x03},
	{0x23, 0x31, 0x13, 0x02}};

uint64_t order_hilbert(int32_t lat, int32_t lon)
{
	uint32_t x =
		(uint32_t)(((uint64_t)(lon + INT64_C(1800000000)) << HILBERT_BITS) / UINT64_C(3600000001));
	uint32_t y =
		(uint32_t)(((uint64_t)(lat + INT64_C(900000000)) << HILBERT_BITS) / UINT64_C(1800000001));
	uint64_t d = 0;
	uint8_t state = 0;

	for (int i = HILBERT_BITS - 1; i >= 0; i--) {
		uint8_t step = curve[state][(x >> i & 1) << 1 | (y >> i & 1)];

		d = d << 2 | step >> 4;
		state = step & 15;
	}
	return d;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* rank[mcc][mnc], with 65535 for "not seen". */
struct ranks {
	uint16_t *of[MCC_END];
};

static int rank_networks(struct ranks *ranks, const struct rows *rows, uint32_t **networks)
{
	uint32_t n = 0, last = 0;

	*networks = talloc_array(ranks, uint32_t, ORDER_NETWORKS_MAX);
	OSMO_ASSERT(*networks);
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct csv_row *r = &rows->row[i];
		uint32_t net = (uint32_t)r->mcc << 16 | r->mnc;

		if (net == last)
			continue;
		last = net;
		if (!ranks->of[r->mcc]) {
			ranks->of[r->mcc] = talloc_zero_array(ranks, uint16_t, 65536);
			OSMO_ASSERT(ranks->of[r->mcc]);
		}
		if (ranks->of[r->mcc][r->mnc])
			continue;
		if (n == ORDER_NETWORKS_MAX)
			return -EFBIG;
		ranks->of[r->mcc][r->mnc] = 1;
		(*networks)[n++] = net;
	}
	qsort(*networks, n, sizeof(**networks), by_number);
	for (uint32_t i = 0; i < n; i++)
		ranks->of[(*networks)[i] >> 16][(*networks)[i] & 65535] = (uint16_t)i;
	return (int)n;
}

/* A class of few cells joins the next longer one: trees have a price too. */
static void join_classes(struct order_group *g, uint8_t to[MAP_CLASSES])
{
	uint32_t sum = 0, begin = 0, n = 0, joined[MAP_CLASSES] = {0};

	for (uint32_t c = 0; c < MAP_CLASSES; c++) {
		sum += g->count[c];
		if (sum < CLASS_MIN && c + 1 < MAP_CLASSES)
			continue;
		for (; begin <= c; begin++)
			to[begin] = (uint8_t)n;
		joined[n] = sum;
		n += sum > 0;
		sum = 0;
	}
	memcpy(g->count, joined, sizeof(joined));
}

/* 8 bits a pass, least first; passes in which all keys agree are left out. */
static void radix_sort(struct order_key *keys, struct order_key *spare, uint32_t n)
{
	struct order_key *from = keys, *to = spare, *swap;

	for (int shift = 0; shift < 64; shift += 8) {
		uint32_t at[256] = {0}, sum = 0;

		for (uint32_t i = 0; i < n; i++)
			at[from[i].key >> shift & 255]++;
		if (n == 0 || at[from[0].key >> shift & 255] == n)
			continue;
		for (int i = 0; i < 256; i++) {
			uint32_t count = at[i];

			at[i] = sum;
			sum += count;
		}
		for (uint32_t i = 0; i < n; i++)
			to[at[from[i].key >> shift & 255]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, (size_t)n * sizeof(*keys));
}

static void make_keys(const struct rows *rows, const struct ranks *ranks, struct order_key *keys,
		      struct order_group *groups)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct csv_row *r = &rows->row[i];
		uint64_t rank = ranks->of[r->mcc][r->mnc];
		unsigned int class = order_class(map_range(r->radio, r->range_m));

		groups[rank].count[class]++;
		keys[i].key = rank << 48 | (uint64_t) class << 46 | order_hilbert(r->lat, r->lon);
		keys[i].row = i;
	}
}

int order_rows(void *ctx, const struct rows *rows, struct order_key **keys, struct order_group **groups)
{
	struct ranks *ranks = talloc_zero(ctx, struct ranks);
	struct order_key *spare;
	uint8_t(*to)[MAP_CLASSES];
	uint32_t *networks;
	int n;

	OSMO_ASSERT(ranks);
	n = rank_networks(ranks, rows, &networks);
	if (n >= 0) {
		*groups = talloc_zero_array(ctx, struct order_group, n + 1);
		*keys = bigmem(ctx, ((size_t)rows->n + 1) * sizeof(**keys));
		spare = bigmem(ranks, ((size_t)rows->n + 1) * sizeof(**keys));
		to = talloc_zero_size(ranks, (size_t)(n + 1) * MAP_CLASSES);
		OSMO_ASSERT(*groups && to);
		make_keys(rows, ranks, *keys, *groups);
		for (int i = 0; i < n; i++) {
			(*groups)[i].mcc = (uint16_t)(networks[i] >> 16);
			(*groups)[i].mnc = (uint16_t)networks[i];
			join_classes(&(*groups)[i], to[i]);
		}
		for (uint32_t i = 0; i < rows->n; i++) {
			uint64_t key = (*keys)[i].key;

			(*keys)[i].key = (key & ~(UINT64_C(3) << 46)) | (uint64_t)to[key >> 48][key >> 46 & 3]
										<< 46;
		}
		radix_sort(*keys, spare, rows->n);
	}
	talloc_free(ranks);
	return n;
}

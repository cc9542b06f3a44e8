#include "cellmap/order.h"
#include "cellmap/bigmem.h"
#include "cellmap/cellmap.h"
#include "cellmap/map.h"
#include "cellmap/parallel.h"
#include "cellmap/radix.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_MIN  512 /* cells below which a class is no group of its own */
#define MCC_END    1000
#define SAMPLE     512
#define ROW_WIDTH  8.0
#define LON_BITS   20
#define SHIFT_WISH 22 /* no taller rows without need: the test of cells near the edge likes them low */

unsigned int order_class(uint32_t range_m)
{
	return range_m > 8000;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int by_latitude(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

struct sorter {
	const struct rows *rows;
	struct order *order;
	unsigned int jobs;
	uint16_t *rank[MCC_END];        /* by mnc */
	uint32_t *count;                /* jobs x networks x classes: cells, then where the next one goes */
	uint8_t (*joined)[MAP_CLASSES]; /* by network */
};

static int rank_networks(struct sorter *s)
{
	struct order *o = s->order;
	uint32_t last = 0;

	o->networks = talloc_array(o, uint32_t, ORDER_NETWORKS_MAX);
	OSMO_ASSERT(o->networks);
	for (uint32_t i = 0; i < s->rows->n; i++) {
		uint32_t net = row_network(&s->rows->row[i]), mcc = net >> 16;

		if (net == last || net == 0)
			continue;
		last = net;
		if (!s->rank[mcc]) {
			s->rank[mcc] = talloc_zero_array(s, uint16_t, 65536);
			OSMO_ASSERT(s->rank[mcc]);
		}
		if (s->rank[mcc][net & 65535])
			continue;
		if (o->n_networks == ORDER_NETWORKS_MAX)
			return -EFBIG;
		s->rank[mcc][net & 65535] = 1;
		o->networks[o->n_networks++] = net;
	}
	qsort(o->networks, o->n_networks, sizeof(*o->networks), by_number);
	for (uint32_t i = 0; i < o->n_networks; i++)
		s->rank[o->networks[i] >> 16][o->networks[i] & 65535] = (uint16_t)i;
	return 0;
}

static void piece(const struct sorter *s, unsigned int job, uint32_t *from, uint32_t *to)
{
	*from = (uint32_t)((uint64_t)s->rows->n * job / s->jobs);
	*to = (uint32_t)((uint64_t)s->rows->n * (job + 1) / s->jobs);
}

static inline uint32_t kind_of(const struct sorter *s, const struct row *r)
{
	uint32_t net = row_network(r);

	return s->rank[net >> 16][net & 65535] * MAP_CLASSES + order_class(map_word_reach(r->word));
}

static void count_piece(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	uint32_t *count = s->count + (size_t)job * s->order->n_networks * MAP_CLASSES, from, to;

	piece(s, job, &from, &to);
	for (uint32_t i = from; i < to; i++)
		if (s->rows->row[i].net)
			count[kind_of(s, &s->rows->row[i])]++;
}

/* A class of few cells joins the next longer one, the last the one before: groups have a price too. */
static void join_classes(const uint32_t count[MAP_CLASSES], uint8_t to[MAP_CLASSES])
{
	uint32_t sum = 0, begin = 0, last = 0;
	bool any = false;

	for (uint32_t c = 0; c < MAP_CLASSES; c++) {
		sum += count[c];
		if (sum < CLASS_MIN && c + 1 < MAP_CLASSES)
			continue;
		if (sum < CLASS_MIN && any) {
			for (; begin <= c; begin++)
				to[begin] = (uint8_t)last;
			continue;
		}
		for (; begin <= c; begin++)
			to[begin] = (uint8_t)c;
		any = true;
		last = c;
		sum = 0;
	}
}

static uint32_t count_of(const struct sorter *s, uint32_t kind)
{
	uint32_t n = 0, kinds = s->order->n_networks * MAP_CLASSES;

	for (unsigned int job = 0; job < s->jobs; job++)
		n += s->count[(size_t)job * kinds + kind];
	return n;
}

/* The cells that go into one group: by piece of the rows, whatever their class. */
static void place_group(struct sorter *s, uint32_t network, uint32_t class, uint32_t *at)
{
	uint32_t kinds = s->order->n_networks * MAP_CLASSES, first = *at;
	const uint8_t *to = s->joined[network];
	struct order_group *g = &s->order->groups[s->order->n_groups];

	for (unsigned int job = 0; job < s->jobs; job++) {
		uint32_t *count = s->count + (size_t)job * kinds + network * MAP_CLASSES, n = 0;

		for (uint32_t c = 0; c < MAP_CLASSES; c++)
			n += to[c] == class ? count[c] : 0;
		count[class] = *at;
		*at += n;
	}
	if (*at == first)
		return;
	*g = (struct order_group){.map = {.first = first, .count = *at - first}, .network = network};
	s->order->n_groups++;
}

static void place_groups(struct sorter *s)
{
	struct order *o = s->order;
	uint32_t at = 0;

	o->groups = talloc_zero_array(o, struct order_group, (size_t)o->n_networks * MAP_CLASSES + 1);
	s->joined = talloc_zero_size(s, (size_t)o->n_networks * MAP_CLASSES + 1);
	OSMO_ASSERT(o->groups && s->joined);
	for (uint32_t i = 0; i < o->n_networks; i++) {
		uint32_t count[MAP_CLASSES];

		for (uint32_t c = 0; c < MAP_CLASSES; c++)
			count[c] = count_of(s, i * MAP_CLASSES + c);
		join_classes(count, s->joined[i]);
		for (uint32_t c = 0; c < MAP_CLASSES; c++)
			if (s->joined[i][c] == c)
				place_group(s, i, c, &at);
	}
}

static void spread_piece(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	uint32_t *at = s->count + (size_t)job * s->order->n_networks * MAP_CLASSES, from, to;

	piece(s, job, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		const struct row *r = &s->rows->row[i];
		uint32_t kind;

		if (!r->net)
			continue;
		kind = kind_of(s, r);
		kind = kind / MAP_CLASSES * MAP_CLASSES + s->joined[kind / MAP_CLASSES][kind % MAP_CLASSES];
		s->order->row[at[kind]++] = i;
	}
}

/* The height of a group's rows: such that most of its cells, without the strays, make as many rows as there
 * are rows' widths of cells in one. */
static void choose_height(const struct sorter *s, struct map_group *g)
{
	int32_t lat[SAMPLE], south = INT32_MAX, north = INT32_MIN;
	uint32_t n = OSMO_MIN(g->count, (uint32_t)SAMPLE);
	double height, rows = sqrt(g->count) / ROW_WIDTH;

	for (uint32_t i = 0; i < n; i++)
		lat[i] = s->rows->row[s->order->row[g->first + (uint64_t)i * g->count / n]].lat;
	qsort(lat, n, sizeof(*lat), by_latitude);
	for (uint32_t i = 0; i < g->count; i++) {
		int32_t at = s->rows->row[s->order->row[g->first + i]].lat;

		south = OSMO_MIN(south, at);
		north = OSMO_MAX(north, at);
	}
	height = 1.1 * ((double)lat[n * 19 / 20] - lat[n / 20]) / fmax(rows, 1);
	g->shift = MAP_SHIFT_MIN;
	while (g->shift < MAP_SHIFT_MAX && ((exp2(g->shift + 0.5) < height && g->shift < SHIFT_WISH) ||
					    ((int64_t)north - south) >> g->shift >= MAP_ROWS_MAX - 1 ||
					    ((int64_t)north - south) >> g->shift > g->count))
		g->shift++;
	g->row = (uint32_t)((south + INT64_C(900000000)) >> g->shift);
	g->n_rows = (uint32_t)((north + INT64_C(900000000)) >> g->shift) - g->row + 1;
}

static void list_rows(struct order_group *g, const struct radix_pair *p)
{
	uint32_t row = 0;

	g->rows = malloc(g->map.n_rows * sizeof(*g->rows));
	OSMO_ASSERT(g->rows);
	for (uint32_t i = 0; i < g->map.count; i++)
		for (; row <= p[i].key >> LON_BITS; row++)
			g->rows[row] = g->map.first + i;
}

static void note_extent(struct map_group *g, const struct row *r)
{
	uint32_t range = map_word_reach(r->word);

	g->range_min = OSMO_MIN(g->range_min, range);
	g->range_max = OSMO_MAX(g->range_max, range);
	g->west = OSMO_MIN(g->west, r->lon);
	g->east = OSMO_MAX(g->east, r->lon);
}

static void sort_group(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	struct order_group *group = &s->order->groups[job];
	struct map_group *g = &group->map;
	uint32_t *row = s->order->row + g->first;
	size_t size = 2 * (size_t)g->count * sizeof(struct radix_pair);
	struct radix_pair *p = bigmem_take(size);

	choose_height(s, g);
	g->range_min = UINT32_MAX;
	g->west = INT32_MAX;
	g->east = INT32_MIN;
	for (uint32_t i = 0; i < g->count; i++) {
		const struct row *r = &s->rows->row[row[i]];
		uint32_t lat = (uint32_t)((r->lat + INT64_C(900000000)) >> g->shift) - g->row;
		uint32_t lon = (uint32_t)((r->lon >> MAP_LON_SHIFT) + (1800000000 >> MAP_LON_SHIFT) + 1);

		p[i] = (struct radix_pair){lat << LON_BITS | lon, row[i]};
		note_extent(g, r);
	}
	radix_sort(p, p + g->count, g->count);
	for (uint32_t i = 0; i < g->count; i++)
		row[i] = p[i].row;
	list_rows(group, p);
	bigmem_drop(p, size);
}

static int drop(struct order *o)
{
	for (uint32_t i = 0; i < o->n_groups; i++)
		free(o->groups[i].rows);
	return 0;
}

int order_rows(void *ctx, const struct rows *rows, unsigned int threads, struct order **order)
{
	struct order *o = talloc_zero(ctx, struct order);
	struct sorter *s = talloc_zero(o, struct sorter);
	int rc;

	OSMO_ASSERT(o && s);
	talloc_set_destructor(o, drop);
	s->rows = rows;
	s->order = o;
	s->jobs = rows->n > 100000 ? 16 : 1;
	rc = rank_networks(s);
	if (rc < 0) {
		talloc_free(o);
		return rc;
	}
	s->count = bigmem(s, (size_t)s->jobs * o->n_networks * MAP_CLASSES * sizeof(*s->count));
	o->row = bigmem(o, (size_t)rows->n_kept * sizeof(*o->row));
	parallel(threads, s->jobs, count_piece, s);
	place_groups(s);
	parallel(threads, s->jobs, spread_piece, s);
	parallel(threads, o->n_groups, sort_group, s);
	talloc_free(s);
	*order = o;
	return 0;
}

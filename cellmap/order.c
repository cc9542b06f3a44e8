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

/* Metres. A class has cells near the edge as far from a circle as its longest range goes: few cells are above
 * this, and it is the default of GSM. */
#define CLASS_TOP  5000
#define CLASS_MIN  512 /* cells below which a class is no group of its own */
#define MCC_END    1000
#define JOBS       16  /* pieces of the rows */
#define SAMPLE     512 /* latitudes of a group */
#define SAMPLES    (1 << 17)
#define SAMPLE_MIN 64
#define ROW_WIDTH  8.0 /* rows of a group: the square root of its cells over this */
#define NOWHERE    UINT32_MAX
#define SHIFT_WISH 22        /* no taller rows without need: the test of cells near the edge likes them low */
#define ROWS_TOP   (1 << 19) /* of all groups: above it the pieces are counted in one */
#define SORT_CELLS 16384     /* of the rows sorted in one go, about */

unsigned int order_class(uint32_t range_m)
{
	return range_m > CLASS_TOP;
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

/* What is known of a network's cells of one class before they are sorted. */
struct kind {
	uint32_t count, sampled;
	int32_t south, north;
	uint32_t range_min, range_max;
	int32_t west, east;
	uint32_t group;  /* it becomes part of */
};

struct sorter {
	const struct rows *rows;
	struct order *order;
	unsigned int jobs;
	uint16_t *rank[MCC_END]; /* by mnc */
	struct kind *kinds;      /* networks x classes; of each job, the first job's are the sum in the end */
	uint32_t n_kinds;
	uint32_t *place;        /* row of the table -> row of the map, or NOWHERE; in the rows' memory */
	uint32_t *at;           /* jobs x rows of the map: cells, then where the next one goes */
	uint32_t *cuts, n_cuts; /* rows of the map sorted in one go */
};

static int rank_networks(struct sorter *s)
{
	struct order *o = s->order;

	if (s->rows->n_networks > ROWS_NETWORKS_MAX)
		return -EFBIG;
	o->networks = s->rows->networks;
	o->n_networks = s->rows->n_networks;
	qsort(o->networks, o->n_networks, sizeof(*o->networks), by_number);
	for (uint32_t i = 0; i < o->n_networks; i++) {
		uint32_t mcc = o->networks[i] >> 16;

		if (!s->rank[mcc])
			s->rank[mcc] = talloc_array(s, uint16_t, 65536);
		OSMO_ASSERT(s->rank[mcc]);
		s->rank[mcc][o->networks[i] & 65535] = (uint16_t)i;
	}
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

static void join_kinds(struct kind *k, const struct kind *other)
{
	k->count += other->count;
	k->south = OSMO_MIN(k->south, other->south);
	k->north = OSMO_MAX(k->north, other->north);
	k->west = OSMO_MIN(k->west, other->west);
	k->east = OSMO_MAX(k->east, other->east);
	k->range_min = OSMO_MIN(k->range_min, other->range_min);
	k->range_max = OSMO_MAX(k->range_max, other->range_max);
}

static void survey_piece(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	struct kind *kinds = s->kinds + (size_t)job * s->n_kinds;
	uint32_t from, to;

	for (uint32_t i = 0; i < s->n_kinds; i++)
		kinds[i] = (struct kind){.south = INT32_MAX,
					 .north = INT32_MIN,
					 .west = INT32_MAX,
					 .east = INT32_MIN,
					 .range_min = UINT32_MAX};
	piece(s, job, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		const struct row *r = &s->rows->row[i];
		uint32_t range = map_word_reach(r->word);

		if (r->net)
			join_kinds(&kinds[kind_of(s, r)],
				   &(struct kind){1, 0, r->lat, r->lat, range, range, r->lon, r->lon, 0});
	}
}

/* Of each network what the pieces found, in the first piece's place. */
static void survey(struct sorter *s, unsigned int threads)
{
	s->n_kinds = s->order->n_networks * MAP_CLASSES;
	s->jobs = s->rows->n > 100000 && s->n_kinds < ROWS_TOP / JOBS ? JOBS : 1;
	s->kinds = bigmem(s, (size_t)s->jobs * s->n_kinds * sizeof(*s->kinds));
	parallel(threads, s->jobs, survey_piece, s);
	for (unsigned int job = 1; job < s->jobs; job++)
		for (uint32_t i = 0; i < s->n_kinds; i++)
			join_kinds(&s->kinds[i], &s->kinds[(size_t)job * s->n_kinds + i]);
}

/* A class of few cells joins the next longer one, the last the one before: groups have a price too. */
static void join_classes(const struct kind *kinds, uint8_t to[MAP_CLASSES])
{
	uint32_t sum = 0, begin = 0, last = 0;
	bool any = false;

	for (uint32_t c = 0; c < MAP_CLASSES; c++) {
		sum += kinds[c].count;
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

/* Some latitudes of each group, from all over the table. */
static int32_t *take_samples(struct sorter *s, struct kind *groups)
{
	int32_t *lat = bigmem(s, (size_t)s->order->n_groups * SAMPLE * sizeof(*lat));
	uint32_t n = s->rows->n, step = n / SAMPLES + 1;

	for (uint32_t i = 0; i < n; i += OSMO_MIN(step, n - i)) {
		const struct row *r = &s->rows->row[i];
		struct kind *g;

		if (!r->net)
			continue;
		g = &groups[s->kinds[kind_of(s, r)].group];
		/* when there is no room left, one goes out for it: which one seems random */
		lat[(size_t)(g - groups) * SAMPLE +
		    (g->sampled < SAMPLE ? g->sampled : (g->sampled * UINT32_C(0x9E3779B1)) >> 23)] = r->lat;
		g->sampled++;
	}
	return lat;
}

/* The height of a group's rows: such that most of its cells, without the strays, make as many rows as there
 * are rows' widths of cells in one. */
static void choose_height(const struct kind *k, int32_t *lat, struct map_group *g)
{
	uint32_t n = OSMO_MIN(k->sampled, (uint32_t)SAMPLE);
	double height = (double)k->north - k->south, rows = sqrt(k->count) / ROW_WIDTH;

	qsort(lat, n, sizeof(*lat), by_latitude);
	if (n >= SAMPLE_MIN)
		height = (double)lat[n * 19 / 20] - lat[n / 20];
	height *= 1.1 / fmax(rows, 1);
	g->shift = MAP_SHIFT_MIN;
	while (g->shift < MAP_SHIFT_MAX && ((exp2(g->shift + 0.5) < height && g->shift < SHIFT_WISH) ||
					    ((int64_t)k->north - k->south) >> g->shift >= MAP_ROWS_MAX - 1 ||
					    ((int64_t)k->north - k->south) >> g->shift > k->count))
		g->shift++;
	g->row = (uint32_t)((k->south + INT64_C(900000000)) >> g->shift);
	g->n_rows = (uint32_t)((k->north + INT64_C(900000000)) >> g->shift) - g->row + 1;
}

static void make_groups(struct sorter *s)
{
	struct order *o = s->order;
	struct kind *groups = talloc_zero_array(s, struct kind, s->n_kinds + 1);
	int32_t *lat;

	o->groups = talloc_zero_array(o, struct order_group, s->n_kinds + 1);
	OSMO_ASSERT(o->groups && groups);
	for (uint32_t i = 0; i < o->n_networks; i++) {
		struct kind *k = &s->kinds[(size_t)i * MAP_CLASSES];
		uint8_t to[MAP_CLASSES];
		uint32_t last = UINT32_MAX;

		join_classes(k, to);
		for (uint32_t c = 0; c < MAP_CLASSES; c++) {
			if (to[c] != last) {
				groups[o->n_groups] = k[c];
				o->groups[o->n_groups++].network = i;
			} else {
				join_kinds(&groups[o->n_groups - 1], &k[c]);
			}
			last = to[c];
			k[c].group = o->n_groups - 1;
		}
	}
	lat = take_samples(s, groups);
	for (uint32_t i = 0; i < o->n_groups; i++) {
		struct map_group *g = &o->groups[i].map;

		choose_height(&groups[i], lat + (size_t)i * SAMPLE, g);
		g->count = groups[i].count;
		g->range_min = groups[i].range_min;
		g->range_max = groups[i].range_max;
		g->west = groups[i].west;
		g->east = groups[i].east;
		g->first_row = o->n_rows;
		o->n_rows += g->n_rows;
	}
}

static inline uint32_t place_of(const struct sorter *s, const struct row *r)
{
	const struct map_group *g = &s->order->groups[s->kinds[kind_of(s, r)].group].map;

	return g->first_row + (uint32_t)((r->lat + INT64_C(900000000)) >> g->shift) - g->row;
}

static void count_piece(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	uint32_t *at = s->at + (size_t)job * s->order->n_rows, from, to;

	piece(s, job, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		const struct row *r = &s->rows->row[i];

		s->place[i] = r->net ? place_of(s, r) : NOWHERE;
		if (r->net)
			at[s->place[i]]++;
	}
}

static void spread_piece(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	uint32_t *at = s->at + (size_t)job * s->order->n_rows, from, to;

	piece(s, job, &from, &to);
	for (uint32_t i = from; i < to; i++)
		if (s->place[i] != NOWHERE)
			s->order->pairs[at[s->place[i]]++] =
				(struct radix_pair){(uint32_t)((s->rows->row[i].lon >> MAP_LON_SHIFT) +
							       (1800000000 >> MAP_LON_SHIFT) + 1),
						    i};
}

/* Where each row of the map begins, and each piece's share of it. */
static void place_rows(struct sorter *s)
{
	struct order *o = s->order;
	uint32_t sum = 0, cut = 0;

	s->cuts = talloc_array(s, uint32_t, o->n_rows + 2);
	OSMO_ASSERT(s->cuts);
	for (uint32_t row = 0; row < o->n_rows; row++) {
		o->row_firsts[row] = sum;
		if (row == 0 || sum - cut >= SORT_CELLS) {
			s->cuts[s->n_cuts++] = row;
			cut = sum;
		}
		for (unsigned int job = 0; job < s->jobs; job++) {
			uint32_t *at = &s->at[(size_t)job * o->n_rows + row], n = *at;

			*at = sum;
			sum += n;
		}
	}
	s->cuts[s->n_cuts] = o->n_rows;
	for (uint32_t i = 0; i < o->n_groups; i++)
		o->groups[i].map.first = o->row_firsts[o->groups[i].map.first_row];
}

static void sort_rows(void *arg, unsigned int job)
{
	struct sorter *s = arg;
	const struct order *o = s->order;
	struct radix_pair *spare = NULL;
	uint32_t size = 0;

	for (uint32_t row = s->cuts[job]; row < s->cuts[job + 1]; row++) {
		uint32_t from = o->row_firsts[row],
			 to = row + 1 < o->n_rows ? o->row_firsts[row + 1] : s->rows->n_kept;

		if (to - from > size) {
			size = OSMO_MAX(to - from, (uint32_t)SORT_CELLS);
			free(spare);
			spare = malloc(size * sizeof(*spare));
			OSMO_ASSERT(spare);
		}
		radix_sort(o->pairs + from, spare, to - from);
	}
	free(spare);
}

int order_rows(void *ctx, const struct rows *rows, unsigned int threads, struct order **order)
{
	struct order *o = talloc_zero(ctx, struct order);
	struct sorter *s = talloc_zero(o, struct sorter);
	int rc;

	OSMO_ASSERT(o && s);
	s->rows = rows;
	s->place = rows->hash;
	s->order = o;
	rc = rank_networks(s);
	if (rc < 0) {
		talloc_free(o);
		return rc;
	}
	survey(s, threads);
	make_groups(s);
	if (o->n_rows > ROWS_TOP)
		s->jobs = 1;
	s->at = bigmem(s, (size_t)s->jobs * o->n_rows * sizeof(*s->at));
	o->row_firsts = bigmem(o, (size_t)o->n_rows * sizeof(*o->row_firsts));
	o->pairs = rows->pairs;
	parallel(threads, s->jobs, count_piece, s);
	place_rows(s);
	parallel(threads, s->jobs, spread_piece, s);
	parallel(threads, s->n_cuts, sort_rows, s);
	talloc_free(s);
	*order = o;
	return 0;
}

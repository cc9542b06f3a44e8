#include "cellmap/holes.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>

#define NETWORK_MIN 100  /* cells: smaller ones tell nothing by their absence */
#define STEPS_MAX   10   /* a degree, of the finest grid */
#define COLUMNS     3600 /* at the equator */
#define AROUND      3    /* bins to each side that are looked at */
#define DEGREE_KM   111.2

/* A grid of bins of about equal size over the whole earth; a row has the fewer columns the nearer it is to a
 * pole. */
struct grid {
	double steps; /* rows a degree */
	int n_rows;
	int columns[180 * STEPS_MAX];
	uint32_t *all, *own; /* cells of the country, of the network: [row * COLUMNS + column] */
	uint32_t *used;      /* bins with cells of the country */
	uint32_t n_used;
};

static void grid_size(struct grid *g, double steps)
{
	g->steps = steps;
	g->n_rows = (int)ceil(180 * steps);
	for (int row = 0; row < g->n_rows; row++) {
		double lat = (row + 0.5) / steps - 90;

		g->columns[row] = OSMO_MAX(1, (int)(360 * steps * cos(lat * M_PI / 180)));
	}
}

static uint32_t column_of(const struct grid *g, int row, double lon)
{
	int column = (int)((lon + 180) / 360 * g->columns[row]);

	return (uint32_t)OSMO_MAX(0, OSMO_MIN(column, g->columns[row] - 1));
}

static uint32_t bin_of(const struct grid *g, const struct cellmap *map, uint32_t cell)
{
	int row = (int)((map_lat(map, cell) / 1e7 + 90) * g->steps);

	row = OSMO_MAX(0, OSMO_MIN(row, g->n_rows - 1)); /* a map may be forged */
	return (uint32_t)row * COLUMNS + column_of(g, row, map_lon(map, cell) / 1e7);
}

static void count_country(struct grid *g, const struct cellmap *map, const struct cell_network *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		uint32_t bin = bin_of(g, map, n->first + i);

		if (g->all[bin]++ == 0)
			g->used[g->n_used++] = bin;
	}
}

static void count_network(struct grid *g, const struct cellmap *map, const struct cell_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		g->own[bin_of(g, map, n->first + i)]++;
}

/* Leaves the grid as clean as it was, at the cost of the cells, not of the grid. */
static void clear_network(struct grid *g, const struct cellmap *map, const struct cell_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		g->own[bin_of(g, map, n->first + i)] = 0;
}

/* How many cells of its own the network should have in the bin by its share around; 0 when it does not
 * surround it. */
static double expected(const struct grid *g, uint32_t bin)
{
	int row = (int)(bin / COLUMNS), quarters = 0;
	double lon = (bin % COLUMNS + 0.5) / g->columns[row] * 360 - 180;
	uint64_t all = 0, own = 0;

	for (int dr = -AROUND; dr <= AROUND; dr++) {
		int r = row + dr, columns, middle;

		if (r < 0 || r >= g->n_rows)
			continue;
		columns = g->columns[r];
		middle = (int)column_of(g, r, lon);
		for (int dc = -AROUND; dc <= AROUND; dc++) {
			int c = (middle + dc + AROUND * columns) % columns;
			uint32_t at = (uint32_t)(r * COLUMNS + c);

			all += dr || dc ? g->all[at] : 0;
			own += g->own[at];
			if (g->own[at] && dr && dc)
				quarters |= 1 << ((dr > 0) + 2 * (dc > 0));
		}
	}
	if (__builtin_popcount((unsigned int)quarters) < 3 || all <= own)
		return 0;
	return (double)own / (double)(all - own) * g->all[bin];
}

static void look(const struct grid *g, struct hole *h)
{
	for (uint32_t i = 0; i < g->n_used; i++) {
		uint32_t bin = g->used[i];
		double e;

		if (g->own[bin] || g->all[bin] < HOLES_OTHERS)
			continue;
		e = expected(g, bin);
		if (e < HOLES_EXPECTED)
			continue;
		h->bins++;
		if (e <= h->expected)
			continue;
		h->expected = e;
		h->others = g->all[bin];
		h->lat = (bin / COLUMNS + 0.5) / g->steps - 90;
		h->lon = (bin % COLUMNS + 0.5) / g->columns[bin / COLUMNS] * 360 - 180;
		h->km = DEGREE_KM / g->steps;
	}
}

static void look_at_country(struct grid *g, const struct cellmap *map, const struct map_country *country,
			    struct hole *holes)
{
	const struct cell_network *n = &map->list[country->first];

	for (uint32_t i = 0; i < country->n; i++)
		count_country(g, map, &n[i]);
	for (uint32_t i = 0; i < country->n; i++)
		if (n[i].count >= NETWORK_MIN) {
			count_network(g, map, &n[i]);
			look(g, &holes[country->first + i]);
			clear_network(g, map, &n[i]);
		}
	while (g->n_used)
		g->all[g->used[--g->n_used]] = 0;
}

static int by_expected(const void *a, const void *b)
{
	const struct hole *x = a, *y = b;

	return x->expected != y->expected ? (x->expected < y->expected) - (x->expected > y->expected)
	       : x->network < y->network  ? -1
					  : x->network > y->network;
}

size_t holes_find(void *ctx, const struct cellmap *map, struct hole **list)
{
	static const double steps[] = {STEPS_MAX, 2.5, 0.625}; /* 11, 44 and 178 km */
	struct grid *g = talloc_zero(ctx, struct grid);
	struct hole *holes = talloc_zero_array(ctx, struct hole, map->head->n_networks + 1);
	size_t n = 0;

	OSMO_ASSERT(g && holes);
	g->all = bigmem(g, (size_t)180 * STEPS_MAX * COLUMNS * sizeof(*g->all));
	g->own = bigmem(g, (size_t)180 * STEPS_MAX * COLUMNS * sizeof(*g->own));
	g->used = bigmem(g, (size_t)180 * STEPS_MAX * COLUMNS * sizeof(*g->used));
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		grid_size(g, steps[s]);
		for (uint32_t i = 0; i < map->n_countries; i++)
			if (map->countries[i].n > 1)
				look_at_country(g, map, &map->countries[i], holes);
	}
	talloc_free(g);
	for (uint32_t i = 0; i < map->head->n_networks; i++)
		if (holes[i].bins) {
			holes[n] = holes[i];
			holes[n++].network = i;
		}
	qsort(holes, n, sizeof(*holes), by_expected);
	*list = holes;
	return n;
}

/* GEOS's STRtree over the cells and circles that bench_cellmap dumped. It gives the same answer as the map:
 * the box of a circle from the index, each cell of it by the chord and, near the edge, by the geodesic; the
 * ids are listed. What is looked at of a cell lies beside its neighbours', not as in the table. Usage:
 * bench_geos FOLDER; prints microseconds; fails when a count is not that of the map. */
#include <geos_c.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "cellmap/geo.h"

#define RADIUS_M 100000

struct at {
	double lat, lon;
};

struct cell {
	struct geo_xyz xyz;
	struct at at;
	uint32_t id, tile;
};

struct answer {
	struct geod_geodesic geod;
	struct geo_xyz xyz;
	struct at at;
	double in, out; /* chords */
	uint32_t *ids;
	size_t n;
};

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void *take(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		exit(1);
	return p;
}

static struct at *load(const char *folder, const char *name, size_t *n)
{
	char path[512];
	FILE *f;
	struct at *p;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END))
		exit(1);
	*n = (size_t)ftell(f) / sizeof(*p);
	rewind(f);
	p = take(*n, sizeof(*p));
	if (fread(p, sizeof(*p), *n, f) != *n)
		exit(1);
	fclose(f);
	return p;
}

static size_t *load_counts(const char *folder, size_t n)
{
	size_t *counts = take(n, sizeof(*counts));
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/counts.csv", folder);
	f = fopen(path, "r");
	for (size_t i = 0; i < n; i++)
		if (!f || fscanf(f, "%*f,%*f,%zu", &counts[i]) != 1)
			exit(1);
	fclose(f);
	return counts;
}

static int by_tile(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return x->tile < y->tile ? -1 : x->tile > y->tile;
}

/* In tiles of 0.05 degree. */
static struct cell *place(const struct at *at, size_t n)
{
	struct cell *cells = take(n, sizeof(*cells));

	for (size_t i = 0; i < n; i++)
		cells[i] = (struct cell){geo_xyz(at[i].lat, at[i].lon), at[i], (uint32_t)i,
					 (uint32_t)((at[i].lon + 180) * 20) * 3601 +
						 (uint32_t)((at[i].lat + 90) * 20)};
	qsort(cells, n, sizeof(*cells), by_tile);
	return cells;
}

static GEOSSTRtree *plant(struct cell *cells, size_t n)
{
	GEOSSTRtree *tree = GEOSSTRtree_create(16);

	for (size_t i = 0; i < n; i++) {
		GEOSGeometry *g = GEOSGeom_createPointFromXY(cells[i].at.lon, cells[i].at.lat);

		GEOSSTRtree_insert(tree, g, &cells[i]);
		GEOSGeom_destroy(g);
	}
	return tree;
}

static void list(void *item, void *answer)
{
	const struct cell *c = item;
	struct answer *a = answer;
	double chord = geo_chord(&c->xyz, &a->xyz);

	if (chord <= a->in || (chord <= a->out && geo_distance_m(&a->geod, a->at.lat, a->at.lon, c->at.lat,
								 c->at.lon) <= RADIUS_M))
		a->ids[a->n++] = c->id;
}

static void query(GEOSSTRtree *tree, struct answer *a)
{
	double d = RADIUS_M / 110500.0, e = d / cos(a->at.lat * M_PI / 180);
	GEOSGeometry *box =
		GEOSGeom_createRectangle(a->at.lon - e, a->at.lat - d, a->at.lon + e, a->at.lat + d);

	a->xyz = geo_xyz(a->at.lat, a->at.lon);
	a->n = 0;
	GEOSSTRtree_query(tree, box, list, a);
	GEOSGeom_destroy(box);
}

int main(int argc, char **argv)
{
	size_t n, n_circles, differ = 0;
	struct at *at, *circles;
	struct answer a = {.in = geo_chord_in(RADIUS_M), .out = geo_chord_out(RADIUS_M)};
	GEOSSTRtree *tree;
	double *best, mean = 0;
	size_t *counts;

	if (argc != 2)
		return 1;
	at = load(argv[1], "cells", &n);
	circles = load(argv[1], "circles", &n_circles);
	counts = load_counts(argv[1], n_circles);
	best = take(n_circles, sizeof(*best));
	a.ids = take(n, sizeof(*a.ids));
	geo_init(&a.geod);
	initGEOS(NULL, NULL);
	tree = plant(place(at, n), n);
	for (int pass = 0; pass < 4; pass++) /* the first builds the tree; of the others each circle's best */
		for (size_t i = 0; i < n_circles; i++) {
			double start = cpu_us(), spent;

			a.at = circles[i];
			query(tree, &a);
			spent = cpu_us() - start;
			best[i] = pass < 2 ? spent : fmin(best[i], spent);
			differ += a.n != counts[i];
		}
	for (size_t i = 0; i < n_circles; i++)
		mean += best[i] / (double)n_circles;
	printf("%.1f\n", mean);
	return differ != 0;
}

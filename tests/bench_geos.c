/* GEOS's STRtree over the cells and circles that bench_cellmap dumped: the box of a circle from the index,
 * each cell of it tested by the sphere's chord. Usage: bench_geos FOLDER; prints microseconds. */
#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct at {
	double lat, lon;
};

struct circle {
	double x, y, z;
	size_t n;
};

static struct circle xyz(const struct at *p)
{
	double lat = p->lat * M_PI / 180, lon = p->lon * M_PI / 180;

	return (struct circle){cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat), 0};
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
	p = malloc(*n * sizeof(*p));
	if (!p || fread(p, sizeof(*p), *n, f) != *n)
		exit(1);
	fclose(f);
	return p;
}

static void count(void *item, void *circle)
{
	const double limit = 2 * sin(100000.0 / 6371000 / 2);
	const struct circle *p = item;
	struct circle *c = circle;
	double x = p->x - c->x, y = p->y - c->y, z = p->z - c->z;

	c->n += x * x + y * y + z * z <= limit * limit;
}

int main(int argc, char **argv)
{
	size_t n, n_circles, sum = 0;
	struct at *cells = load(argv[1], "cells", &n), *circles = load(argv[1], "circles", &n_circles);
	struct circle *points = malloc(n * sizeof(*points));
	struct timespec a, b;
	GEOSSTRtree *tree;

	initGEOS(NULL, NULL);
	tree = GEOSSTRtree_create(16);
	for (size_t i = 0; i < n; i++) {
		GEOSGeometry *g = GEOSGeom_createPointFromXY(cells[i].lon, cells[i].lat);

		points[i] = xyz(&cells[i]);
		GEOSSTRtree_insert(tree, g, &points[i]);
		GEOSGeom_destroy(g);
	}
	for (int pass = 0; pass < 2; pass++) { /* the first builds the tree */
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (size_t i = 0; i < n_circles; i++) {
			double d = 100000 / 110500.0, e = d / cos(circles[i].lat * M_PI / 180);
			GEOSGeometry *box = GEOSGeom_createRectangle(circles[i].lon - e, circles[i].lat - d,
								     circles[i].lon + e, circles[i].lat + d);

			struct circle c = xyz(&circles[i]);

			GEOSSTRtree_query(tree, box, count, &c);
			sum += c.n;
			GEOSGeom_destroy(box);
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	}
	printf("%.1f\n", ((double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3) /
				 (double)n_circles);
	return sum == 0;
}

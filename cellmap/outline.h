/* outline: lines on the earth for pictures and GeoJSON: borders of areas, coasts, streets. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cellmap/cellmap.h"

#define OUTLINE_FILE_MAX (64 << 20)

struct outline_path {
	size_t first, n; /* points */
	bool without;    /* the border of an area that is taken away */
};

struct outline {
	struct cell_point *points;
	size_t n_points, points_size;
	struct outline_path *paths;
	size_t n_paths, paths_size;
};

struct outline *outline_new(void *ctx); /* empty; child of ctx */
/* Longitudes run on over 180. */
void outline_polygon(struct outline *o, const struct cell_point *points, size_t n, bool without);
/* 128 points, counter-clockwise, closed by the very first (RFC 7946 3.1.6), longitudes running on over 180.
 */
void outline_circle(struct outline *o, double lat, double lon, double radius_m, bool without);
/* Every line and every ring of a GeoJSON text, whatever it is of; false when it is none. */
bool outline_text(struct outline *o, const char *text, size_t len);
/* The same from a file. 0, or -errno with a sentence in err. */
int outline_read(struct outline *o, const char *path, char *err, size_t err_len);
/* The middle of all points and how far they reach from it. */
void outline_reach(const struct outline *o, struct cell_point *middle, double *reach_m);

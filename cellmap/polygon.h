/* polygon: a polygon on the plate of longitude and latitude, and its geometry with whole 1e-7 degrees. */
#pragma once
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"

#define POLYGON_POINTS_MAX 10000

struct polygon_point {
	int64_t lat, lon; /* lon goes on over 180 degrees: each is at most half a turn from the one before */
};

struct cell_polygon {
	struct polygon_point *points; /* the first comes again at the end */
	size_t n;                     /* edges */
	size_t n_seams;               /* the last edges, which only close a polygon round a pole: no border */
	int64_t south, north, west, east;
	struct geod_geodesic geod;
};

/* Inside, or on an edge. lon on any turn. */
bool polygon_contains(const struct cell_polygon *p, int64_t lat, int64_t lon);
/* Is the border within reach_m? */
bool polygon_near(const struct cell_polygon *p, int64_t lat, int64_t lon, double reach_m);
/* How far in longitude, 1e-7 degree, anything within reach_m of a point between these latitudes may lie from
 * it; half a turn at the poles. And in latitude. */
int64_t polygon_wide(double reach_m, int64_t south, int64_t north);
int64_t polygon_high(double reach_m);

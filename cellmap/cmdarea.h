/* cmdarea: the areas that `reunion cellmap query` takes: circles and polygons, joined, and others taken away.
 */
#pragma once
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"
#include "cellmap/outline.h"

#define AREAS_MAX 64

struct area {
	bool without;                 /* its cells are taken away */
	double lat, lon, radius_m;    /* of a circle; of a polygon: a circle round it */
	struct cell_polygon *polygon; /* NULL: a circle */
};

/* All zero: none yet. */
struct areas {
	struct area area[AREAS_MAX];
	size_t n;
	struct outline *borders; /* of all, in their order */
};

/* All that begin in "LAT,LON", in WGS-84 from datum: false when they do not, with a sentence in err. */
bool area_point(const char *text, enum geo_datum datum, struct cell_point *point, char *err, size_t err_len);
/* 0, or -1 with a sentence in err. The outline and polygons are children of ctx. */
int areas_circle(void *ctx, struct areas *a, const struct cell_point *centre, double radius_m, bool without,
		 char *err, size_t err_len);
/* From a file of "LAT,LON" pairs parted by white space (as a CAP polygon, or one a line). */
int areas_polygon(void *ctx, struct areas *a, const char *path, enum geo_datum datum, bool without, char *err,
		  size_t err_len);
/* The spans of all areas together without those of the others, each asked as q says, whose circle does not
 * count. *spans is a child of ctx. 0 or -errno. */
int areas_query(void *ctx, const struct cellmap *map, const struct cell_query *q, const struct areas *a,
		struct cell_span **spans, size_t *n);

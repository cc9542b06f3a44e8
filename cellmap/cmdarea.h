/* cmdarea: the areas that `reunion cellmap query` takes. */
#pragma once
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"

/* A polygon from a file of "LAT,LON" pairs parted by white space (as a CAP polygon, or one a line). 0, or -1
 * with a sentence in err. Child of ctx. Sets q's centre and radius to a circle round it, for pictures. */
int area_read_polygon(void *ctx, const char *path, enum geo_datum datum, struct cell_query *q,
		      struct cell_polygon **polygon, char *err, size_t err_len);
/* The spans of q's circle, or of the polygon when there is one, without those of the circle of minus_m metres
 * round the same centre when that is above 0. *spans is a child of ctx. 0 or -errno. */
int area_query(void *ctx, const struct cellmap *map, const struct cell_query *q,
	       const struct cell_polygon *polygon, double minus_m, struct cell_span **spans, size_t *n);

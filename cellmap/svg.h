/* svg: a picture of an area: its rings, the cells by network, scale bar and legend. Distances and directions
 * from the centre are true (azimuthal equidistant). Up to SVG_DOTS_MAX cells are dots, more are shaded by
 * density, so that the file stays below 2 MiB whatever the number. */
#pragma once
#include <stdio.h>
#include "cellmap/cellmap.h"

#define SVG_DOTS_MAX 20000

struct svg_ring {
	double radius_m;
	const char *label; /* UTF-8, or NULL: its radius */
};

/* All borrowed. */
struct svg_picture {
	const char *title; /* UTF-8, escaped here; NULL: none */
	double lat, lon;
	const struct svg_ring *rings; /* any order; at least one */
	size_t n_rings;
	const struct cellmap *map;
	const struct cell_span *spans; /* as cellmap_query() gives them */
	size_t n_spans;
	const char *const *names; /* of the map's networks, in its order; NULL: their numbers */
};

/* 0, -EINVAL (no ring), -EBADMSG (the map is damaged), -EIO. */
int svg_write(FILE *f, const struct svg_picture *p);

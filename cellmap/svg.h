/* svg: a picture of an area: its rings and borders, the cells by network, scale bar and legend, and lines of
 * the land underneath. Distances and directions from the centre are true (azimuthal equidistant). Up to
 * SVG_DOTS_MAX cells in the picture are dots, the larger the fewer there are; more are shaded by density, in
 * the colour of the network that has most of them. So the file stays below 2 MiB whatever the number. */
#pragma once
#include <stdio.h>
#include "cellmap/cellmap.h"
#include "cellmap/outline.h"

#define SVG_DOTS_MAX 20000

struct svg_ring {
	double radius_m;
	const char *label; /* UTF-8, or NULL: its radius */
};

/* All borrowed. */
struct svg_picture {
	const char *title; /* UTF-8, escaped here; NULL: none */
	double lat, lon;
	const struct svg_ring *rings; /* any order */
	size_t n_rings;
	double reach_m;                /* what is in the picture; 0: the widest ring */
	const struct outline *borders; /* of areas that are no rings; NULL: none */
	const struct outline *land;    /* underneath, grey; NULL: none */
	const struct cellmap *map;
	const struct cell_span *spans; /* as cellmap_query() gives them */
	size_t n_spans;
	const char *const *names; /* of the map's networks, in its order; NULL: their numbers */
};

/* 0, -EINVAL (no ring and no reach), -EBADMSG (the map is damaged), -EIO. */
int svg_write(FILE *f, const struct svg_picture *p);

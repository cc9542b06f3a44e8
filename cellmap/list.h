/* list: the cells of a query for people and programs. */
#pragma once
#include <stdio.h>
#include "cellmap/cellmap.h"
#include "cellmap/outline.h"

struct listed {
	struct cell cell;
	double distance_m;  /* site to the nearest centre, geodesic */
	uint8_t mnc_digits; /* those of the query's network, else of the map; 0: unknown */
};

/* The cells of spans, sorted by mcc, net, radio's name, area, cell. Of q only the networks are looked at.
 * *cells is a child of ctx. 0 or -EBADMSG. */
int list_cells(void *ctx, const struct cellmap *map, const struct cell_query *q,
	       const struct cell_point *centres, size_t n_centres, const struct cell_span *spans,
	       size_t n_spans, struct listed **cells, size_t *n);
void list_table(FILE *f, const struct listed *cells, size_t n);
/* radio,mcc,net,area,cell,lon,lat,range,distance_m and, when asked for, network,identity */
void list_csv(FILE *f, const struct listed *cells, size_t n, bool identity);
void list_json(FILE *f, const struct listed *cells, size_t n);
void list_json_cells(FILE *f, const struct listed *cells, size_t n); /* the same without distances */
/* The borders as features too: {"what":"area"} or {"what":"without"}. */
void list_geojson(FILE *f, const struct outline *borders, const struct listed *cells, size_t n);

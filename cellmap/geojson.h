/* geojson: a table of points in GeoJSON (RFC 7946) as lines in OpenCelliD's columns. Takes a
 * FeatureCollection, an array or a sequence of features, and plain objects with lat and lon; reads in pieces
 * of any size and keeps no more than one feature. Pure; every octet is hostile.
 *
 * A feature's line is that on which it begins: empty lines stand for the lines between. Where several begin
 * on one line, they are counted on. */
#pragma once
#include "cellmap/csv.h"

#define GEOJSON_LINE_MAX    1024      /* octets of a line made, with its end */
#define GEOJSON_FEATURE_MAX (1 << 16) /* of a feature's text; a longer one is no point */

struct geojson;

/* Names of properties are those of csv_field_named(), or what the layout names; the layout's values for all
 * rows count too. NULL: none. Child of ctx. */
struct geojson *geojson_new(void *ctx, const struct csv_layout *layout);
/* Is this the beginning of one? Its first octet that is no white space tells. */
bool geojson_begins(const char *text, size_t len);
/* The next piece; borrowed until geojson_next() wants more. */
void geojson_feed(struct geojson *g, const char *text, size_t len);
/* Length of the next line made into line[GEOJSON_LINE_MAX], or 0: more text is needed. */
size_t geojson_next(struct geojson *g, char *line);
/* At the end of the text: did it end where it may? */
bool geojson_whole(const struct geojson *g);

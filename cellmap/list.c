#include "cellmap/list.h"
#include "cellmap/bigmem.h"
#include "cellmap/identity.h"
#include "cellmap/map.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>

/* Places of the radios in the order of their names. */
static const uint8_t radio_rank[8] = {
	[CELL_CDMA] = 0, [CELL_GSM] = 1, [CELL_LTE] = 2, [CELL_NR] = 3, [CELL_UMTS] = 4};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_key(const void *x, const void *y)
{
	const struct cell_id *a = &((const struct listed *)x)->cell.id,
			     *b = &((const struct listed *)y)->cell.id;
	int c = compare(a->mcc, b->mcc);

	c = c ? c : compare(a->mnc, b->mnc);
	c = c ? c : compare(radio_rank[a->radio & 7], radio_rank[b->radio & 7]);
	c = c ? c : compare(a->area, b->area);
	return c ? c : (int64_t)a->cell < (int64_t)b->cell ? -1 : (int64_t)a->cell > (int64_t)b->cell;
}

/* What was asked for tells more than the table did. */
static uint8_t mnc_digits(const struct cellmap *map, const struct cell_query *q, uint32_t index)
{
	const struct map_network *n = map_network_of(map, index);

	for (size_t i = 0; i < q->n_networks; i++)
		if (q->networks[i].mcc == n->mcc && q->networks[i].mnc == n->mnc &&
		    q->networks[i].mnc_digits > 1)
			return q->networks[i].mnc_digits;
	return n->mnc_digits;
}

static double nearest(const struct cellmap *map, const struct cell *c, const struct cell_point *centres,
		      size_t n)
{
	double d = INFINITY;

	for (size_t i = 0; i < n; i++)
		d = fmin(d, geo_distance_m(&map->geod, centres[i].lat, centres[i].lon, c->lat, c->lon));
	return d;
}

int list_cells(void *ctx, const struct cellmap *map, const struct cell_query *q,
	       const struct cell_point *centres, size_t n_centres, const struct cell_span *spans,
	       size_t n_spans, struct listed **cells, size_t *n)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n_spans; i++)
		total += spans[i].count;
	*cells = bigmem(ctx, total * sizeof(**cells));
	for (size_t i = 0; i < n_spans; i++) {
		uint8_t digits = mnc_digits(map, q, spans[i].first); /* no span reaches over two networks */

		for (uint32_t k = 0; k < spans[i].count; k++) {
			struct listed *l = &(*cells)[at++];

			l->mnc_digits = digits;
			if (cellmap_get(map, spans[i].first + k, &l->cell) < 0)
				return -EBADMSG;
			l->distance_m = nearest(map, &l->cell, centres, n_centres);
		}
	}
	qsort(*cells, total, sizeof(**cells), by_key);
	*n = total;
	return 0;
}

void list_table(FILE *f, const struct listed *cells, size_t n)
{
	char name[IDENTITY_MAX];

	fprintf(f, "%-5s %-9s %10s %12s %12s %12s %8s %11s  %s\n", "radio", "network", "area", "cell", "lat",
		"lon", "range m", "distance km", "identity");
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = &cells[i].cell;
		char network[CELL_NETWORK_MAX];

		cell_network_text(c->id.mcc, c->id.mnc, cells[i].mnc_digits, network);
		fprintf(f, "%-5s %-9s %10u %12" PRId64 " %12.7f %12.7f %8u %11.3f  %s\n",
			cell_radio_name(c->id.radio), network, c->id.area, (int64_t)c->id.cell, c->lat,
			c->lon, c->range_m, cells[i].distance_m / 1000,
			identity_text(&c->id, cells[i].mnc_digits, name) ? name : "-");
	}
	fprintf(f, "%zu cells\n", n);
}

void list_csv(FILE *f, const struct listed *cells, size_t n, bool identity)
{
	char network[CELL_NETWORK_MAX], name[IDENTITY_MAX];

	fprintf(f, "radio,mcc,net,area,cell,lon,lat,range,distance_m%s\n",
		identity ? ",network,identity" : "");
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = &cells[i].cell;

		fprintf(f, "%s,%u,%u,%u,%" PRId64 ",%.7f,%.7f,%u,%.3f", cell_radio_name(c->id.radio),
			c->id.mcc, c->id.mnc, c->id.area, (int64_t)c->id.cell, c->lon, c->lat, c->range_m,
			cells[i].distance_m);
		if (identity) {
			cell_network_text(c->id.mcc, c->id.mnc, cells[i].mnc_digits, network);
			identity_text(&c->id, cells[i].mnc_digits, name);
			fprintf(f, ",%s,%s", network, name);
		}
		fputc('\n', f);
	}
}

static void properties(FILE *f, const struct listed *l)
{
	const struct cell *c = &l->cell;
	char network[CELL_NETWORK_MAX], name[IDENTITY_MAX];

	cell_network_text(c->id.mcc, c->id.mnc, l->mnc_digits, network);
	fprintf(f,
		"\"radio\":\"%s\",\"mcc\":%u,\"net\":%u,\"area\":%u,\"cell\":%" PRId64
		",\"network\":\"%s\",\"identity\":",
		cell_radio_name(c->id.radio), c->id.mcc, c->id.mnc, c->id.area, (int64_t)c->id.cell, network);
	if (identity_text(&c->id, l->mnc_digits, name))
		fprintf(f, "\"%s\"", name);
	else
		fputs("null", f);
}

static void json_cells(FILE *f, const struct listed *cells, size_t n, bool distances)
{
	fprintf(f, "{\"count\":%zu,\"cells\":[", n);
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = &cells[i].cell;

		fputs(i ? ",\n{" : "\n{", f);
		properties(f, &cells[i]);
		fprintf(f, ",\"lon\":%.7f,\"lat\":%.7f,\"range\":%u", c->lon, c->lat, c->range_m);
		if (distances)
			fprintf(f, ",\"distance_m\":%.3f", cells[i].distance_m);
		fprintf(f, ",\"addressable\":%s}", c->addressable ? "true" : "false");
	}
	fputs("]}\n", f);
}

void list_json(FILE *f, const struct listed *cells, size_t n)
{
	json_cells(f, cells, n, true);
}

void list_json_cells(FILE *f, const struct listed *cells, size_t n)
{
	json_cells(f, cells, n, false);
}

/* RFC 7946 3.1.6 wants the ring counter-clockwise. */
static bool clockwise(const struct cell_point *p, size_t n)
{
	double twice = 0;

	for (size_t i = 0; i + 1 < n; i++)
		twice += p[i].lon * p[i + 1].lat - p[i + 1].lon * p[i].lat;
	return twice < 0;
}

static void border_feature(FILE *f, const struct outline *o, const struct outline_path *path)
{
	const struct cell_point *p = &o->points[path->first];
	bool turn = clockwise(p, path->n);

	fprintf(f,
		"{\"type\":\"Feature\",\"properties\":{\"what\":\"%s\"},\"geometry\":{\"type\":\"Polygon\","
		"\"coordinates\":[[",
		path->without ? "without" : "area");
	for (size_t i = 0; i < path->n; i++) {
		const struct cell_point *at = &p[turn ? path->n - 1 - i : i];

		fprintf(f, "%s[%.7f,%.7f]", i ? "," : "", at->lon, at->lat);
	}
	fputs("]]}}", f);
}

void list_geojson(FILE *f, const struct outline *borders, const struct listed *cells, size_t n)
{
	fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", f);
	for (size_t i = 0; i < borders->n_paths; i++) {
		fputs(i ? ",\n" : "", f);
		border_feature(f, borders, &borders->paths[i]);
	}
	for (size_t i = 0; i < n; i++) {
		fputs(",\n{\"type\":\"Feature\",\"properties\":{", f);
		properties(f, &cells[i]);
		fprintf(f,
			",\"range\":%u,\"distance_m\":%.3f},\"geometry\":{\"type\":\"Point\",\"coordinates\":"
			"[%.7f,%.7f]}}",
			cells[i].cell.range_m, cells[i].distance_m, cells[i].cell.lon, cells[i].cell.lat);
	}
	fputs("]}\n", f);
}

#include "cellmap/list.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>

#define CIRCLE_POINTS 128

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

int list_cells(void *ctx, const struct cellmap *map, const struct cell_query *q,
	       const struct cell_span *spans, size_t n_spans, struct listed **cells, size_t *n)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n_spans; i++)
		total += spans[i].count;
	*cells = bigmem(ctx, total * sizeof(**cells));
	for (size_t i = 0; i < n_spans; i++)
		for (uint32_t k = 0; k < spans[i].count; k++) {
			struct listed *l = &(*cells)[at++];

			if (cellmap_get(map, spans[i].first + k, &l->cell) < 0)
				return -EBADMSG;
			l->distance_m = geo_distance_m(&map->geod, q->lat, q->lon, l->cell.lat, l->cell.lon);
		}
	qsort(*cells, total, sizeof(**cells), by_key);
	*n = total;
	return 0;
}

void list_table(FILE *f, const struct listed *cells, size_t n)
{
	fprintf(f, "%-5s %-9s %10s %12s %12s %12s %8s %11s\n", "radio", "network", "area", "cell", "lat",
		"lon", "range m", "distance km");
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = &cells[i].cell;
		char network[16];

		snprintf(network, sizeof(network), "%u-%u", c->id.mcc, c->id.mnc);
		fprintf(f, "%-5s %-9s %10u %12" PRId64 " %12.7f %12.7f %8u %11.3f\n",
			cell_radio_name(c->id.radio), network, c->id.area, (int64_t)c->id.cell, c->lat,
			c->lon, c->range_m, cells[i].distance_m / 1000);
	}
	fprintf(f, "%zu cells\n", n);
}

void list_csv(FILE *f, const struct listed *cells, size_t n)
{
	fputs("radio,mcc,net,area,cell,lon,lat,range,distance_m\n", f);
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = &cells[i].cell;

		fprintf(f, "%s,%u,%u,%u,%" PRId64 ",%.7f,%.7f,%u,%.3f\n", cell_radio_name(c->id.radio),
			c->id.mcc, c->id.mnc, c->id.area, (int64_t)c->id.cell, c->lon, c->lat, c->range_m,
			cells[i].distance_m);
	}
}

static void properties(FILE *f, const struct listed *l)
{
	const struct cell *c = &l->cell;

	fprintf(f, "\"radio\":\"%s\",\"mcc\":%u,\"net\":%u,\"area\":%u,\"cell\":%" PRId64,
		cell_radio_name(c->id.radio), c->id.mcc, c->id.mnc, c->id.area, (int64_t)c->id.cell);
}

void list_json(FILE *f, const struct listed *cells, size_t n)
{
	fprintf(f, "{\"count\":%zu,\"cells\":[", n);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ",\n{" : "\n{", f);
		properties(f, &cells[i]);
		fprintf(f, ",\"lon\":%.7f,\"lat\":%.7f,\"range\":%u,\"distance_m\":%.3f,\"addressable\":%s}",
			cells[i].cell.lon, cells[i].cell.lat, cells[i].cell.range_m, cells[i].distance_m,
			cells[i].cell.addressable ? "true" : "false");
	}
	fputs("]}\n", f);
}

static void circle_feature(FILE *f, const struct cell_query *q)
{
	struct geod_geodesic g;

	geo_init(&g);
	fputs("{\"type\":\"Feature\",\"properties\":{\"what\":\"circle\"},\"geometry\":{\"type\":\"Polygon\","
	      "\"coordinates\":[[",
	      f);
	for (int i = 0; i <= CIRCLE_POINTS; i++) {
		double lat, lon;

		/* counter-clockwise, and closed by the very first point (RFC 7946 3.1.6) */
		geod_direct(&g, q->lat, q->lon, -360.0 * (i % CIRCLE_POINTS) / CIRCLE_POINTS, q->radius_m,
			    &lat, &lon, NULL);
		fprintf(f, "%s[%.7f,%.7f]", i ? "," : "", lon, lat);
	}
	fputs("]]}}", f);
}

void list_geojson(FILE *f, const struct cell_query *q, const struct listed *cells, size_t n)
{
	fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", f);
	circle_feature(f, q);
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

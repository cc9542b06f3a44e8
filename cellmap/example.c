/* An example of cellmap.h: how many cells of each network does a circle touch, and which are the nearest?
 * Usage: example MAP LAT LON RADIUS_KM */
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <stdlib.h>
#include "cellmap/cellmap.h"

/* Cells of a network lie together, so its share of the answer is the spans that begin among them. */
static void print_networks(const struct cellmap *map, const struct cell_span *spans, size_t n)
{
	const struct cell_network *networks;
	size_t n_networks = cellmap_networks(map, &networks), at = 0;

	for (size_t i = 0; i < n_networks; i++) {
		uint32_t end = networks[i].first + networks[i].count, cells = 0;

		for (; at < n && spans[at].first < end; at++)
			cells += spans[at].count;
		if (cells > 0)
			printf("%u-%u: %u cells\n", networks[i].mcc, networks[i].mnc, cells);
	}
}

static int print_nearest(void *ctx, const struct cellmap *map, const struct cell_query *q)
{
	struct cell_hit *hits;
	size_t n;

	if (cellmap_nearest(ctx, map, q, &hits, &n) < 0)
		return -1;
	for (size_t i = 0; i < n && i < 3; i++) {
		struct cell c;

		if (cellmap_get(map, hits[i].index, &c) < 0)
			return -1;
		printf("%.0f m: %s %u-%u area %u cell %" PRId64 "\n", (double)hits[i].distance_m,
		       cell_radio_name(c.id.radio), c.id.mcc, c.id.mnc, c.id.area, (int64_t)c.id.cell);
	}
	talloc_free(hits);
	return 0;
}

int main(int argc, char **argv)
{
	struct cell_query q = {.select = SELECT_COVERAGE};
	struct cell_span *spans;
	struct cellmap *map;
	char err[256];
	size_t max, n;

	if (argc != 5) {
		fprintf(stderr, "Usage: example MAP LAT LON RADIUS_KM\n");
		return 2;
	}
	q.lat = atof(argv[2]);
	q.lon = atof(argv[3]);
	q.radius_m = atof(argv[4]) * 1000;
	if (cell_query_error(&q)) {
		fprintf(stderr, "example: %s\n", cell_query_error(&q));
		return 2;
	}
	if (cellmap_open(NULL, argv[1], &map, err, sizeof(err)) < 0) {
		fprintf(stderr, "example: %s\n", err);
		return 1;
	}
	max = cellmap_max_spans(map, &q);
	spans = talloc_array(map, struct cell_span, max + 1);
	if (cellmap_query(map, &q, spans, max, &n) < 0 || print_nearest(map, map, &q) < 0) {
		fprintf(stderr, "example: %s is damaged\n", argv[1]);
		return 1;
	}
	print_networks(map, spans, n);
	cellmap_close(map);
	return 0;
}

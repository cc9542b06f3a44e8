/* A map file of hostile octets. Its sums are put right first, so that the fuzzer gets behind them: sums guard
 * against accidents, not against malice, and a forged map may give wrong answers but must not make us read or
 * write astray. */
#define _GNU_SOURCE
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cellmap/health.h"
#include "cellmap/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The sums of a body that is cut or longer than the header says stay as they are: such a file is refused anyway. */
static void mend(uint8_t *octets, size_t len)
{
	struct map_header *h = (struct map_header *)octets;
	struct map_layout at;

	if (len < sizeof(*h))
		return;
	map_layout(h, &at);
	h->file_size = len;
	if (at.end == len) {
		uint64_t *sums = (uint64_t *)(octets + at.sums);

		for (uint32_t i = 0; i < at.n_units; i++)
			sums[i] = map_sum(octets + at.rows + (uint64_t)i * MAP_UNIT, MAP_UNIT);
		h->directory_sum = map_sum(octets + at.networks, at.sums - at.networks);
	}
	h->header_sum = map_sum(h, offsetof(struct map_header, header_sum));
}

static void ask(const struct cellmap *map)
{
	struct cell_span spans[64];
	struct cell_query q = {.lat = 30, .lon = 100, .radius_m = 60000};
	struct health health;
	struct cell c = {0};
	uint32_t index;
	size_t n;

	for (int i = 0; i < 6; i++) {
		q.select = i & 1 ? SELECT_SITE : SELECT_COVERAGE;
		q.radio_mask = i & 2 ? 4 : 0;
		q.radius_m = i & 4 ? 1e7 : 60000;
		cellmap_query(map, &q, spans, 64, &n);
	}
	for (uint32_t i = 0; i < OSMO_MIN(cellmap_count(map), 300u); i++)
		if (cellmap_get(map, i, &c) == 0)
			cellmap_find(map, &c.id, &index);
	cellmap_health(map, &health);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *octets = malloc(len + 1);
	int fd = memfd_create("map", 0);
	struct cellmap *map;
	char path[64], err[256];

	OSMO_ASSERT(octets && fd >= 0);
	memcpy(octets, data, len);
	mend(octets, len);
	OSMO_ASSERT(write(fd, octets, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (cellmap_open(NULL, path, &map, err, sizeof(err)) == 0) {
		ask(map);
		cellmap_close(map);
	}
	close(fd);
	free(octets);
	return 0;
}

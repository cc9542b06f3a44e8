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

static uint32_t count_leaves(const struct map_header *h, const uint8_t *octets, size_t len)
{
	struct map_layout at;
	uint64_t leaves = 0;

	map_layout(h, 0, &at);
	for (uint32_t i = 0; at.end <= len && i < h->n_trees; i++) {
		struct map_tree t;

		memcpy(&t, octets + at.trees + i * sizeof(t), sizeof(t));
		leaves += t.n_leaves;
	}
	return leaves > UINT32_MAX ? UINT32_MAX : (uint32_t)leaves;
}

static uint64_t *sum_section(uint64_t *sum, const uint8_t *base, uint64_t n, uint64_t per, size_t size)
{
	for (uint64_t i = 0; i < n; i += per)
		*sum++ = map_sum(base + i * size, OSMO_MIN(per, n - i) * size);
	return sum;
}

static void mend(uint8_t *octets, size_t len)
{
	struct map_header *h = (struct map_header *)octets;
	struct map_layout at;
	uint64_t *sum;

	if (len < sizeof(*h))
		return;
	map_layout(h, count_leaves(h, octets, len), &at);
	h->file_size = len;
	if (at.end == len) {
		h->directory_sum = map_sum(octets + at.networks, at.nodes - at.networks);
		sum = (uint64_t *)(octets + at.sums);
		for (uint32_t i = 0; i < h->n_trees; i++) {
			const struct map_tree *t = (const void *)(octets + at.trees + i * sizeof(*t));

			if (t->first > h->n_cells || t->count > h->n_cells - t->first ||
			    t->n_leaves != (t->count + MAP_LEAF - 1) / MAP_LEAF)
				break;
			sum = sum_section(sum, octets + at.cells + t->first * sizeof(struct map_cell),
					  t->count, MAP_LEAF, sizeof(struct map_cell));
		}
		sum = (uint64_t *)(octets + at.sums) + at.cell_blocks;
		sum = sum_section(sum, octets + at.nodes, h->n_nodes, MAP_BLOCK, sizeof(struct map_node));
		sum_section(sum, octets + at.slots, h->n_slots, MAP_SLOT_BLOCK, sizeof(uint32_t));
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

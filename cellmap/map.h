/* map: an open cell map from inside, for the modules of this folder. */
#pragma once
#include "cellmap/cellmap.h"
#include "cellmap/format.h"
#include "cellmap/geo.h"

struct cellmap {
	const uint8_t *base;
	size_t size;
	const struct map_header *head;
	const struct map_network *networks;
	const struct map_tree *trees;
	const struct map_node *nodes;
	const struct map_cell *cells;
	const uint32_t *slots;
	const uint64_t *sums;
	struct map_layout at;
	struct cell_network *list; /* as the public header shows them */
	uint32_t *verified; /* a bit per block: cells, nodes, slots; set atomically by whoever reads first */
	struct geod_geodesic geod;
};

bool map_verify(const struct cellmap *map, uint32_t block); /* slow path of the three below */

static inline bool map_block_ok(const struct cellmap *map, uint32_t block)
{
	uint32_t bits = __atomic_load_n(&map->verified[block / 32], __ATOMIC_ACQUIRE);

	return (bits >> block % 32 & 1) || map_verify(map, block);
}

static inline bool map_cells_ok(const struct cellmap *map, uint32_t block)
{
	return map_block_ok(map, block);
}

static inline bool map_node_ok(const struct cellmap *map, uint32_t node)
{
	return map_block_ok(map, map->at.cell_blocks + node / MAP_BLOCK);
}

static inline bool map_slot_ok(const struct cellmap *map, uint32_t slot)
{
	return map_block_ok(map, map->at.cell_blocks + map->at.node_blocks + slot / MAP_SLOT_BLOCK);
}

const struct map_tree *map_tree_of(const struct cellmap *map, uint32_t index);
/* Range that counts: unknown ones by the radio's default. */
uint32_t map_range(uint8_t radio, uint32_t range_m);

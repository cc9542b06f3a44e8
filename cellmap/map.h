/* map: an open cell map from inside, for the modules of this folder. */
#pragma once
#include "cellmap/cellmap.h"
#include "cellmap/format.h"
#include "cellmap/geo.h"

/* The networks of one MCC: what a query looks at first, since the world has thousands of networks. */
struct map_country {
	uint32_t first, n; /* networks */
	int32_t south, west, north, east;
};

struct cellmap {
	const uint8_t *base, *body;
	size_t size;
	const struct map_header *head;
	const struct map_network *networks;
	const struct map_group *groups;
	const uint64_t *sums;
	const uint32_t *rows;
	const int32_t *lons;
	const struct map_block *blocks;
	const uint32_t *ranges;
	const struct map_id *ids;
	const uint32_t *slots;
	struct map_layout at;
	struct cell_network *list; /* as the public header shows them */
	struct map_country *countries;
	uint32_t n_countries;
	uint32_t *verified; /* a bit per unit; set atomically by whoever reads first */
	struct geod_geodesic geod;
};

bool map_verify(const struct cellmap *map, uint32_t unit); /* slow path of map_ok() */

/* May the octets at p, of the body, be believed? No record reaches over two units. */
static inline bool map_ok(const struct cellmap *map, const void *p)
{
	uint32_t unit = (uint32_t)((size_t)((const uint8_t *)p - map->body) / MAP_UNIT);
	uint32_t bits = __atomic_load_n(&map->verified[unit / 32], __ATOMIC_ACQUIRE);

	return (bits >> unit % 32 & 1) || map_verify(map, unit);
}

/* All that is written of a cell. */
static inline bool map_cell_ok(const struct cellmap *map, uint32_t i)
{
	return map_ok(map, &map->blocks[i / MAP_BLOCK]) && map_ok(map, &map->ranges[i]) &&
	       map_ok(map, &map->ids[i]);
}

static inline int32_t map_lat(const struct cellmap *map, uint32_t i)
{
	return map->blocks[i / MAP_BLOCK].lat[i % MAP_BLOCK];
}

static inline int32_t map_lon(const struct cellmap *map, uint32_t i)
{
	return map->blocks[i / MAP_BLOCK].lon[i % MAP_BLOCK];
}

const struct map_network *map_network_of(const struct cellmap *map, uint32_t index);
const struct map_network *map_network(const struct cellmap *map, uint16_t mcc, uint16_t mnc); /* or NULL */

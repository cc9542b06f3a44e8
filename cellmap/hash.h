/* hash: where a map's slots keep a key (reunion-cellmap(5)). Part of the format: it never changes within a version. */
#pragma once
#include <stdint.h>

#define MAP_MUL UINT64_C(0x9E3779B97F4A7C15)

/* A bijection. */
static inline uint64_t map_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xD6E8FEB86659FD93);
	h ^= h >> 29;
	return h;
}

static inline uint64_t map_hash(uint16_t mcc, uint16_t mnc, uint8_t radio, uint32_t area, uint64_t cell)
{
	uint64_t a = (uint64_t)mcc << 48 | (uint64_t)mnc << 32 | area;

	return map_mix(map_mix(a * MAP_MUL ^ radio) * MAP_MUL ^ cell * UINT64_C(0xC2B2AE3D27D4EB4F));
}

/* First slot to look into, by the upper half of the hash; the next ones follow, wrapping. */
static inline uint32_t map_slot(uint32_t hash_high, uint32_t n_slots)
{
	return (uint32_t)(((uint64_t)hash_high * n_slots) >> 32);
}

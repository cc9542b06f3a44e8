#include "cellmap/format.h"
#include <string.h>

#define MUL UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xD6E8FEB86659FD93);
	h ^= h >> 29;
	return h;
}

/* Each step is a bijection of the word it takes in, so one changed word always changes the result; four lanes
 * keep the multipliers busy. */
uint64_t map_sum(const void *data, size_t len)
{
	uint64_t lane[4] = {1, 2, 3, 4}, w[4] = {0}, h = mix(len + 1);
	const unsigned char *p = data;

	for (; len >= 32; p += 32, len -= 32) {
		memcpy(w, p, 32);
		for (int i = 0; i < 4; i++)
			lane[i] = ((lane[i] ^ w[i]) * MUL) ^ (((lane[i] ^ w[i]) * MUL) >> 31);
	}
	memset(w, 0, sizeof(w));
	memcpy(w, p, len);
	for (int i = 0; i < 4; i++)
		h = mix(h ^ ((lane[i] ^ w[i]) * MUL)) * MUL;
	return h;
}

uint64_t map_hash(uint16_t mcc, uint16_t mnc, uint8_t radio, uint32_t area, uint64_t cell)
{
	uint64_t a = (uint64_t)mcc << 48 | (uint64_t)mnc << 32 | area;

	return mix(mix(a * MUL ^ radio) * MUL ^ cell * UINT64_C(0xC2B2AE3D27D4EB4F));
}

static uint64_t align8(uint64_t n)
{
	return (n + 7) & ~UINT64_C(7);
}

void map_layout(const struct map_header *h, uint32_t cell_blocks, struct map_layout *l)
{
	l->cell_blocks = cell_blocks;
	l->node_blocks = h->n_nodes / MAP_BLOCK + (h->n_nodes % MAP_BLOCK != 0);
	l->slot_blocks = h->n_slots / MAP_SLOT_BLOCK + (h->n_slots % MAP_SLOT_BLOCK != 0);
	l->networks = align8(sizeof(*h));
	l->trees = align8(l->networks + (uint64_t)h->n_networks * sizeof(struct map_network));
	l->nodes = align8(l->trees + (uint64_t)h->n_trees * sizeof(struct map_tree));
	l->sums = align8(l->nodes + (uint64_t)h->n_nodes * sizeof(struct map_node));
	l->cells = l->sums + 8 * ((uint64_t)l->cell_blocks + l->node_blocks + l->slot_blocks);
	l->slots = align8(l->cells + (uint64_t)h->n_cells * sizeof(struct map_cell));
	l->end = l->slots + (uint64_t)h->n_slots * sizeof(uint32_t);
}

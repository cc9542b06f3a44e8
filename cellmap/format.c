#include "cellmap/format.h"
#include "cellmap/cellmap.h"
#include "cellmap/hash.h"
#include <string.h>

static inline uint64_t step(uint64_t lane, const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	lane = (lane ^ word) * MAP_MUL;
	return lane ^ lane >> 31;
}

/* Each step is a bijection of the word it takes in, so one changed word always changes the result; four lanes
 * keep the multiplier busy. They are no array: compilers would make vectors of it, which are slower. */
uint64_t map_sum(const void *data, size_t len)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, w[4] = {0}, h = map_mix(len + 1);
	const unsigned char *p = data;

	for (; len >= 32; p += 32, len -= 32) {
		a = step(a, p);
		b = step(b, p + 8);
		c = step(c, p + 16);
		d = step(d, p + 24);
	}
	memcpy(w, p, len);
	h = map_mix(h ^ ((a ^ w[0]) * MAP_MUL)) * MAP_MUL;
	h = map_mix(h ^ ((b ^ w[1]) * MAP_MUL)) * MAP_MUL;
	h = map_mix(h ^ ((c ^ w[2]) * MAP_MUL)) * MAP_MUL;
	return map_mix(h ^ ((d ^ w[3]) * MAP_MUL)) * MAP_MUL;
}

static uint64_t up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

uint32_t map_default_range(uint8_t radio)
{
	static const uint16_t unknown[8] = {[CELL_GSM] = 5000,
					    [CELL_UMTS] = 2000,
					    [CELL_LTE] = 2000,
					    [CELL_NR] = 1000,
					    [CELL_CDMA] = 5000};

	return unknown[radio & 7];
}

void map_layout(const struct map_header *h, struct map_layout *l)
{
	uint64_t body, cells = h->n_cells;

	l->n_blocks = h->n_cells / MAP_BLOCK + (h->n_cells % MAP_BLOCK != 0);
	body = up((uint64_t)h->n_rows * 4, MAP_UNIT) + up((uint64_t)l->n_blocks * 4, MAP_UNIT) +
	       up((uint64_t)l->n_blocks * sizeof(struct map_block), MAP_UNIT) + up(cells * 4, MAP_UNIT) +
	       up(cells * sizeof(struct map_id), MAP_UNIT) + up((uint64_t)h->n_slots * 4, MAP_UNIT);
	l->n_units = (uint32_t)(body / MAP_UNIT);
	l->networks = up(sizeof(*h), 8);
	l->groups = up(l->networks + (uint64_t)h->n_networks * sizeof(struct map_network), 8);
	l->sums = up(l->groups + (uint64_t)h->n_groups * sizeof(struct map_group), 8);
	l->rows = up(l->sums + (uint64_t)l->n_units * 8, MAP_UNIT);
	l->lons = up(l->rows + (uint64_t)h->n_rows * 4, MAP_UNIT);
	l->blocks = up(l->lons + (uint64_t)l->n_blocks * 4, MAP_UNIT);
	l->ranges = up(l->blocks + (uint64_t)l->n_blocks * sizeof(struct map_block), MAP_UNIT);
	l->ids = up(l->ranges + cells * 4, MAP_UNIT);
	l->slots = up(l->ids + cells * sizeof(struct map_id), MAP_UNIT);
	l->end = up(l->slots + (uint64_t)h->n_slots * 4, MAP_UNIT);
}

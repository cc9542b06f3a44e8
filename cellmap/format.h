/* format: the octets of a cell map file, as reunion-cellmap(5) describes them. Little-endian; read in place.
 *
 * header | networks | trees | nodes | sums | cells | slots
 * Header and directory (networks, trees) are checked when the file is opened; nodes, cells and slots are cut
 * into blocks of MAP_BLOCK records, each with a sum in `sums`, checked when it is first read. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MAP_MAGIC          "REUNCMAP"
#define MAP_VERSION        1
#define MAP_ENDIAN         0x01020304u
#define MAP_LEAF           64     /* cells in a leaf, which is a block of the cells section */
#define MAP_FANOUT         8      /* nodes below a node */
#define MAP_BLOCK          64     /* nodes in a block */
#define MAP_SLOT_BLOCK     1024   /* slots in a block */
#define MAP_RANGE_UNIT     16     /* metres, of map_node.range_min and range_max */
#define MAP_RANGE_TOP      65535u /* range_max: "this or more" */
#define MAP_CELL_MAX       ((UINT64_C(1) << 36) - 1)
#define MAP_CELL_RANGE_MAX 0xFFFFFFu
#define MAP_CLASSES        4 /* range classes: see build */
#define MAP_SLOT_FREE      UINT32_MAX

struct map_header {
	char magic[8];
	uint32_t version, endian;
	uint64_t file_size;
	uint64_t content; /* sum over directory and block sums: identifies what the map says */
	uint32_t n_networks, n_trees, n_nodes, n_cells, n_slots;
	uint32_t updated_min, updated_max; /* Unix seconds; 0: no row said */
	uint32_t unaddressable[2];         /* cells <= 0; GSM CI > 65535 */
	uint32_t reserved;
	uint64_t directory_sum; /* over networks and trees */
	uint64_t header_sum;    /* over the header before this field */
};

struct map_network {
	uint16_t mcc, mnc;
	uint8_t mnc_digits; /* as written in the table; 0: written without leading zeros */
	uint8_t reserved[3];
	uint32_t first, count;        /* cells */
	uint32_t first_tree, n_trees; /* one per range class in use */
	uint32_t updated_min, updated_max;
	uint32_t radios[5];               /* cells per radio */
	int32_t south, west, north, east; /* 1e-7 degree */
};

/* A packed tree: levels of nodes, leaves first, the root last. Leaf i holds cells first + i * MAP_LEAF ... */
struct map_tree {
	uint32_t first, count; /* cells */
	uint32_t first_node, n_leaves;
	uint32_t first_block; /* cell block of leaf 0 */
};

/* A ball around the cells below (ECEF, metres) with the extremes of their ranges, unknown ranges filled in.
 * For a leaf also the middle and half extent of its positions, and how many cells are of radio <= i (ends[i],
 * i < 4); above leaves ends[0] holds one bit per radio. */
struct map_node {
	float x, y, z, r;
	int32_t lat, lon; /* 1e-7 degree */
	uint32_t half_lat, half_lon;
	uint16_t range_min, range_max;
	uint8_t ends[4];
};

struct map_cell {
	int32_t lat, lon; /* 1e-7 degree */
	uint32_t area;
	uint32_t cell_low;
	uint32_t rest; /* range_m << 8 | radio << 5 | negative << 4 | cell_high */
};

/* Where each section begins, and how many sums of which section there are. */
struct map_layout {
	uint64_t networks, trees, nodes, sums, cells, slots, end;
	uint32_t cell_blocks, node_blocks, slot_blocks;
};

void map_layout(const struct map_header *h, uint32_t cell_blocks, struct map_layout *l);
uint64_t map_sum(const void *data, size_t len); /* every change of one octet changes it */
uint64_t map_hash(uint16_t mcc, uint16_t mnc, uint8_t radio, uint32_t area, uint64_t cell);
/* First slot to look into; the next ones follow, wrapping. */
static inline uint32_t map_slot(uint64_t hash, uint32_t n_slots)
{
	return (uint32_t)(((hash >> 32) * n_slots) >> 32);
}

static inline uint8_t map_cell_radio(const struct map_cell *c)
{
	return (c->rest >> 5) & 7;
}

static inline uint32_t map_cell_range(const struct map_cell *c)
{
	return c->rest >> 8;
}

/* Negative cells in two's complement, as in struct cell_id. */
static inline uint64_t map_cell_id(const struct map_cell *c)
{
	uint64_t id = (uint64_t)(c->rest & 15) << 32 | c->cell_low;

	return c->rest & 16 ? (uint64_t)0 - id : id;
}

/* Nodes of a tree with n leaves, over all levels. */
static inline uint32_t map_tree_nodes(uint32_t n)
{
	uint32_t all = n;

	while (n > 1) {
		n = (n + MAP_FANOUT - 1) / MAP_FANOUT;
		all += n;
	}
	return all;
}

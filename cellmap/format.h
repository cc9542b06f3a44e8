/* format: the octets of a cell map file, as reunion-cellmap(5) describes them. Little-endian; read in place.
 *
 * header | networks | groups | sums || rows | lons | positions | ranges | ids | slots
 * What stands before || is checked when the file is opened. The rest, the body, is cut into units of MAP_UNIT
 * octets, each with a sum in `sums`, checked when it is first read. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MAP_MAGIC          "REUNCMAP"
#define MAP_VERSION        3
#define MAP_ENDIAN         0x01020304u
#define MAP_BLOCK          16   /* cells in a block, by which positions are tested */
#define MAP_UNIT           2048 /* octets under one sum */
#define MAP_CELL_MAX       ((UINT64_C(1) << 36) - 1)
#define MAP_CELL_RANGE_MAX 0x7FFFFFu
#define MAP_RANGE_UNKNOWN  0x80000000u
#define MAP_CLASSES        2 /* range classes: see order.h */
#define MAP_SLOT_FREE      UINT32_MAX
#define MAP_ROWS_MAX       4096 /* of a group */
#define MAP_SHIFT_MIN      16
#define MAP_SHIFT_MAX      31
#define MAP_LON_SHIFT      12 /* cells of a row ascend by longitude >> this */

struct map_header {
	char magic[8];
	uint32_t version, endian;
	uint64_t file_size;
	uint64_t content; /* sum over directory and sums: identifies what the map says */
	uint32_t n_networks, n_groups, n_rows, n_cells, n_slots;
	uint32_t updated_min, updated_max; /* Unix seconds; 0: no row said */
	uint32_t unaddressable[2];         /* cells <= 0; GSM CI > 65535 */
	uint32_t reserved;
	uint64_t directory_sum; /* over networks and groups */
	uint64_t header_sum;    /* over the header before this field */
};

struct map_network {
	uint16_t mcc, mnc;
	uint8_t mnc_digits; /* as written in the table; 0: written without leading zeros */
	uint8_t reserved[3];
	uint32_t first, count;          /* cells */
	uint32_t first_group, n_groups; /* ascending by class */
	uint32_t updated_min, updated_max;
	uint32_t radios[5];               /* cells per radio */
	int32_t south, west, north, east; /* 1e-7 degree */
};

/* Cells of one network and class of ranges. They lie in rows of equal latitude, from south to north,
 * and ascend within a row by longitude. Row i holds the latitudes whose number, (latitude + 90 degree in
 * 1e-7) >> shift, is row + i. */
struct map_group {
	uint32_t first, count;         /* cells */
	uint32_t first_row, n_rows;    /* its entries of the section `rows` */
	uint32_t row;                  /* the number of row 0 */
	uint32_t range_min, range_max; /* metres */
	int32_t west, east;            /* 1e-7 degree */
	uint8_t shift;
	uint8_t reserved[3];
};

/* 16 cells by index, whatever group they belong to; zeros after the last. */
struct map_block {
	int32_t lat[MAP_BLOCK], lon[MAP_BLOCK]; /* 1e-7 degree */
};

struct map_id {
	uint32_t area, cell_low;
};

/* Where each section begins. All of the body begin at multiples of MAP_UNIT. */
struct map_layout {
	uint64_t networks, groups, sums, rows, lons, blocks, ranges, ids, slots, end;
	uint32_t n_blocks, n_units;
};

/* The range of a cell whose own is unknown. */
uint32_t map_default_range(uint8_t radio);
void map_layout(const struct map_header *h, struct map_layout *l);
uint64_t map_sum(const void *data, size_t len); /* every change of one octet changes it */

#define MAP_WORD_KEY 0xFFu /* the bits of such a word that belong to the key */

/* A word of `ranges`: unknown << 31 | range_m << 8 | radio << 5 | negative << 4 | high 4 bits of the cell's
 * magnitude. An unknown range is that of the radio's default. */
static inline uint8_t map_word_radio(uint32_t word)
{
	return (word >> 5) & 7;
}

/* The range that counts. */
static inline uint32_t map_word_reach(uint32_t word)
{
	return word >> 8 & MAP_CELL_RANGE_MAX;
}

/* As the table gave it. */
static inline uint32_t map_word_range(uint32_t word)
{
	return word & MAP_RANGE_UNKNOWN ? 0 : map_word_reach(word);
}

/* Negative cells in two's complement, as in struct cell_id. */
static inline uint64_t map_word_cell(uint32_t word, uint32_t cell_low)
{
	uint64_t id = (uint64_t)(word & 15) << 32 | cell_low;

	return word & 16 ? (uint64_t)0 - id : id;
}

/* subs_format: the octets of a SUBS file. Little-endian, every section aligned to 8 octets, read in place.
 *
 * header | keys | index | first | first_multi | entries | multi
 * Cells stand in map order (ascending index), those that the map lacks behind them in order of their keys. The entries of
 * cell c are entries[first[c]] .. entries[first[c + 1] - 1], ascending numbers. A number that stands in several cells has
 * an entry in each, flagged, and multi[first_multi[c] ...] tells for each flagged entry of the cell, in order, which of
 * the n_multi such numbers it is: so that "each number once" needs a bit per such number only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SUBS_MAGIC "REUNSUBS"
#define SUBS_VERSION 1
#define SUBS_ENDIAN 0x01020304u
#define SUBS_NO_INDEX UINT32_MAX
#define SUBS_SUM 16 /* octets of BLAKE2b */

struct subs_header {
	char magic[8];
	uint32_t version, endian;
	uint64_t file_size, map_checksum;
	uint32_t n_numbers, n_entries, n_cells, n_resolved; /* resolved: cells that the map had */
	uint32_t n_multi, n_multi_entries;
	uint8_t content_sum[SUBS_SUM]; /* of all that follows the header */
	uint8_t header_sum[SUBS_SUM];  /* of the header before this field */
};

struct subs_key {
	uint64_t cell;
	uint32_t area;
	uint16_t mcc, mnc;
	uint8_t radio, zero[7];
};

struct subs_layout {
	uint64_t keys, index, first, first_multi, entries, multi, end;
};
void subs_layout(const struct subs_header *h, struct subs_layout *l);

/* An entry: the number's value, its length (leading zeros count), the flag. 15 digits need 50 bits. */
#define SUBS_VALUE_BITS 50
#define SUBS_MULTI (UINT64_C(1) << 63)
#define SUBS_NUMBER_MASK ((UINT64_C(1) << (SUBS_VALUE_BITS + 4)) - 1)
#define SUBS_DIGITS_MIN 5
#define SUBS_DIGITS_MAX 15
/* "+86138…", "0086138…" -> number; false when it is no MSISDN (5 to 15 digits behind + or 00). */
_Bool subs_number_parse(const char *text, size_t len, uint64_t *number);
int subs_number_print(uint64_t number, char out[16]); /* how many digits, or -EBADMSG: not a number */

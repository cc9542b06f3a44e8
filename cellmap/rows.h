/* rows: the rows of all tables in memory while a map is built, and the merging of those with one key. */
#pragma once
#include <osmocom/core/utils.h>
#include "cellmap/csv.h"
#include "cellmap/format.h"
#include "cellmap/hash.h"
#include "cellmap/radix.h"

/* A row as small as it goes, since a world of them has to fit into memory. */
struct row {
	int32_t lat, lon; /* 1e-7 degree, WGS-84 */
	uint32_t area, cell_low;
	uint32_t word; /* as in a map's `ranges` */
	uint32_t updated;
	uint32_t samples;
	uint32_t net; /* mcc << 18 | mnc << 2 | digits of the MNC as written (0: no leading zero); 0: merged
			 away */
};

#define ROWS_NETWORKS_MAX 65535

struct rows {
	struct row *row;
	uint32_t *hash; /* of each row, upper half; after rows_merge() room for two words a row */
	uint32_t n, size;
	uint32_t *networks,
		n_networks;    /* mcc << 16 | mnc, as they came; no more than ROWS_NETWORKS_MAX + 1 */
	uint64_t *known[1000]; /* by MCC: a bit per MNC */
	uint32_t n_kept;
	struct radix_pair *pairs; /* after rows_merge() room for one a row */
};

static inline uint32_t row_network(const struct row *r) /* mcc << 16 | mnc */
{
	return r->net >> 2;
}

static inline void row_pack(const struct csv_row *from, struct row *to)
{
	uint64_t cell = from->cell < 0 ? (uint64_t)-from->cell : (uint64_t)from->cell;
	uint32_t range = from->range_m ? OSMO_MIN(from->range_m, MAP_CELL_RANGE_MAX) << 8
				       : map_default_range(from->radio) << 8 | MAP_RANGE_UNKNOWN;

	*to = (struct row){from->lat,
			   from->lon,
			   from->area,
			   (uint32_t)cell,
			   range | (uint32_t)from->radio << 5 | (from->cell < 0 ? 16u : 0) |
				   (uint32_t)(cell >> 32),
			   from->updated,
			   from->samples,
			   (uint32_t)from->mcc << 18 | (uint32_t)from->mnc << 2 | (from->mnc_digits & 3u)};
}

/* Upper half of map_hash(). */
static inline uint32_t row_hash(const struct row *r)
{
	uint32_t net = row_network(r);

	return (uint32_t)(map_hash((uint16_t)(net >> 16), (uint16_t)net, map_word_radio(r->word), r->area,
				   map_word_cell(r->word, r->cell_low)) >>
			  32);
}

struct rows *rows_new(void *ctx); /* child of ctx */
/* Makes room for these rows, *at the first's number. -EFBIG beyond `size` rows, somewhat less than 2^32. */
int rows_claim(struct rows *r, const struct row *add, size_t n, uint32_t *at);
/* With their row_hash(). Others may claim and put theirs meanwhile. */
void rows_put(struct rows *r, uint32_t at, const struct row *add, const uint32_t *hash, size_t n);
/* Keeps of the rows with one key: the table of higher priority, then newer `updated`, then more `samples`,
 * then the later row. priority[i] counts from row starts[i] on; n_tables may be 0. Returns how many rows
 * went. */
uint32_t rows_merge(struct rows *r, const uint32_t *starts, const int *priority, size_t n_tables,
		    unsigned int threads);

/* rows: the rows of all tables in memory while a map is built, and the merging of those with one key. */
#pragma once
#include "cellmap/csv.h"
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

void row_pack(const struct csv_row *from, struct row *to);
static inline uint32_t row_network(const struct row *r) /* mcc << 16 | mnc */
{
	return r->net >> 2;
}
uint32_t row_hash(const struct row *r); /* upper half of map_hash() */

struct rows *rows_new(void *ctx); /* child of ctx */
/* With their row_hash(). -EFBIG beyond 2^32 - 2 rows. */
int rows_add(struct rows *r, const struct row *add, const uint32_t *hash, size_t n);
/* Keeps of the rows with one key: the table of higher priority, then newer `updated`, then more `samples`,
 * then the later row. priority[i] counts from row starts[i] on; n_tables may be 0. Returns how many rows
 * went. */
uint32_t rows_merge(struct rows *r, const uint32_t *starts, const int *priority, size_t n_tables,
		    unsigned int threads);

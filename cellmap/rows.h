/* rows: the rows of all tables in memory while a map is built, and the merging of those with one key. */
#pragma once
#include "cellmap/csv.h"

/* Grows without copying (mremap), so that a world of rows costs its size once. */
struct rows {
	struct csv_row *row;
	uint32_t n, size;
	uint32_t *slots; /* hash of keys -> row, after rows_merge() */
	uint32_t n_slots;
};

struct rows *rows_new(void *ctx);                                  /* child of ctx */
int rows_add(struct rows *r, const struct csv_row *add, size_t n); /* -EFBIG beyond 2^32 - 2 rows */
/* Keeps of the rows with one key: the table of higher priority, then newer `updated`, then more `samples`,
 * then the later row. priority[i] counts from row starts[i] on; n_tables may be 0. Returns how many rows
 * went. Fills slots. */
uint32_t rows_merge(struct rows *r, const uint32_t *starts, const int *priority, size_t n_tables);

/* subs_build: rows of (number, cell) -> SUBS file, written whole or not at all. Memory: about 32 octets a row. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

enum subs_row { /* what became of a row */
	SUBS_ROW_KEPT = 0,
	SUBS_ROW_BLANK, /* no row: empty line or header */
	SUBS_ROW_COLUMNS, SUBS_ROW_MSISDN, SUBS_ROW_RADIO, SUBS_ROW_MCC, SUBS_ROW_NET, SUBS_ROW_AREA, SUBS_ROW_CELL,
	SUBS_ROWS
};
const char *subs_row_name(enum subs_row r); /* "msisdn": key of the JSON report */

/* One line without its end: msisdn,radio,mcc,net,area,cell; more columns are ignored. Pure. first: may be a header. */
enum subs_row subs_row_parse(const char *line, size_t len, int first, uint64_t *number, struct cell_id *id);

struct subs_build_sums {
	uint64_t numbers, in_several_cells; /* distinct numbers; of these in more than one cell */
	uint64_t same;			    /* rows that repeated a number in the same cell */
	uint64_t unresolved;		    /* numbers without a cell in the map */
	uint64_t cells, unknown_cells;	    /* distinct cells; of these not in the map */
};

struct subs_builder;
struct subs_builder *subs_builder_new(void *ctx, const struct cellmap *map);
/* 0; -EBADMSG the map is damaged; -E2BIG more rows than a file holds (2^32 - 1). */
int subs_builder_add(struct subs_builder *b, uint64_t number, const struct cell_id *id);
/* Sorts and writes; the builder is used up. 0 or -errno with a sentence in err. */
int subs_builder_write(struct subs_builder *b, const char *path, struct subs_build_sums *sums, char *err, size_t err_len);

/* build: tables -> map file. What `reunion cellmap build` does and the daemon does when its map is older than
 * its tables. */
#pragma once
#include <stdio.h>
#include "cellmap/csv.h"

struct cellmap_table {
	const char *path;    /* CSV or GeoJSON, also .gz, "-" for standard input */
	const char *columns; /* as csv_layout_parse(), or NULL: OpenCelliD, or what the table's header or
				properties name */
	enum geo_datum datum;
	int priority; /* of two rows with one key, that of the higher priority wins whatever their age */
};

/* All may be zero. */
struct cellmap_build_options {
	FILE *rejects;        /* gets a line "LINE,REASON,FILE" per dropped row */
	unsigned int threads; /* 0: one per core */
	bool strict;          /* refuse when more than permille of a thousand rows of one table are dropped */
	uint32_t permille;
	/* called from any of the threads, but never from two at once */
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
	void *progress_arg;
};

/* rows_read = kept + merged + the sum of dropped[] */
struct cellmap_report {
	uint64_t rows_read, kept, merged;
	uint64_t dropped[CSV_RESULTS];
	uint64_t cell_not_positive, gsm_ci_too_large; /* kept, never addressed */
	uint64_t first_line;                          /* of the first dropped row, for a message */
	const char *first_path;                       /* its table, as given */
	char lacks[48]; /* needed columns that the header of the last table with a half-known one lacks */
	enum csv_result first_reason;
	uint32_t networks;
	uint64_t octets; /* size of the map */
};

uint64_t cellmap_report_dropped(const struct cellmap_report *r);
/* Reads all tables, then writes the map beside path and renames it. 0, or -errno with a sentence that names
 * the file in err; then path is as it was. The same tables give the same octets. The report is filled as far
 * as the work came. */
int cellmap_build(const char *path, const struct cellmap_table *tables, size_t n_tables,
		  const struct cellmap_build_options *o, struct cellmap_report *report, char *err,
		  size_t err_len);

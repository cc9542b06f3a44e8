/* table: a cell-site table as a stream of whole lines: plain, gzip, or standard input ("-"). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_layout;
struct table;

/* 0 or -errno with a sentence in err (also for UTF-16). Child of ctx. Skips a byte order mark. */
int table_open(void *ctx, const char *path, struct table **t, char *err, size_t err_len);
uint64_t table_size(const struct table *t);     /* octets in the file; 0 when nobody knows (a pipe) */
uint64_t table_position(const struct table *t); /* of these read, for progress */
/* Called before the first read: when the table is GeoJSON, lines in OpenCelliD's columns are made of its
 * points (geojson.h, which tells what layout is for). Is it? */
bool table_points(struct table *t, const struct csv_layout *layout);
/* Fills buf with whole lines (the last line of the table may lack its newline). A
 * line of more than CSV_LINE_MAX octets comes cut to CSV_LINE_MAX + 1. *len = 0 at the end. len of buf > 2 *
 * CSV_LINE_MAX. */
int table_read(struct table *t, char *buf, size_t size, size_t *len, char *err, size_t err_len);

/* mapwrite: merged rows -> the octets of a map file. */
#pragma once
#include <stdint.h>
#include "cellmap/outfile.h"
#include "cellmap/rows.h"

struct map_header;

/* 0 or -errno with a sentence in err; *head is what was written. */
int map_write(struct rows *rows, struct outfile *out, unsigned int threads, struct map_header *head,
	      char *err, size_t err_len);

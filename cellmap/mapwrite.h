/* mapwrite: merged rows -> the octets of a map. */
#pragma once
#include "cellmap/outfile.h"
#include "cellmap/rows.h"

/* Takes the order of rows and the slots to pieces. 0 or -errno with a sentence in err. */
int map_write(struct rows *rows, struct outfile *out, uint32_t *networks, uint64_t *octets, char *err,
	      size_t err_len);

/* A cell map in memory for tests of what stands on maps: brute force over an array in ascending order of networks. */
#pragma once
#include "cellmap/cellmap.h"

/* Cells are copied; those of one network must stand together. Child of ctx. */
struct cellmap *plan_map_new(void *ctx, const struct cell *cells, uint32_t n, uint64_t checksum);

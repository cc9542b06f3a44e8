/* subs_synth: subscribers for trials, spread like people over the cells of a map. Same map, count and seed: same rows. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

struct subs_synth {
	const struct cellmap *map;
	const struct cell_network *networks; /* whose cells; only mcc, mnc are read; NULL = all */
	size_t n_networks;
	const uint32_t *cells; /* only these map indices, ascending; NULL = all of the networks */
	size_t n_cells;
	uint64_t count; /* numbers; about 3 % of them stand in two cells */
	uint64_t seed;
};

/* One row at a time, "msisdn,RADIO,mcc,net,area,cell" without newline; non-zero stops and is returned. -ENOENT: the map
 * has no addressable cell of these networks. -EBADMSG: it is damaged. */
int subs_synth_rows(const struct subs_synth *s, int (*row)(void *arg, const char *text, size_t len), void *arg);

/* plan_lists: one distribution list per name. UMTS, LTE and NR lists are named by PLMN and cell alone (SPEC 3), and real tables
 * hold one cell under several areas: the list is addressed once, for its nearest site. */
#include <errno.h>
#include <stdlib.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/plan_inner.h"

struct named {
	uint64_t key; /* mcc, mnc, radio, cell: 59 bits; GSM names hold the area and are unique */
	uint32_t at;
};

static int by_key(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static size_t name_all(const struct cellmap *map, const struct plan_group *g, struct named *names)
{
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_units; i++) {
		struct cell c;

		if (cellmap_get(map, g->units[i], &c) < 0 || c.id.radio == CELL_GSM)
			continue;
		names[n++] = (struct named){.key = (uint64_t)c.id.mcc << 49 | (uint64_t)c.id.mnc << 39 |
						   (uint64_t)c.id.radio << 36 | c.id.cell,
					    .at = i};
	}
	return n;
}

uint32_t plan_drop_namesakes(const struct cellmap *map, struct plan_group *g, uint32_t *inner)
{
	struct named *names = talloc_array(NULL, struct named, g->n_units + 1);
	bool *drop = talloc_zero_array(names, bool, g->n_units + 1);
	uint32_t kept = 0, kept_inner = 0, before = g->n_units;
	size_t n;

	OSMO_ASSERT(names && drop);
	n = name_all(map, g, names);
	qsort(names, n, sizeof(*names), by_key);
	for (size_t i = 1; i < n; i++)
		drop[names[i].at] = names[i].key == names[i - 1].key;
	for (uint32_t i = 0; i < before; i++) {
		if (drop[i])
			continue;
		kept_inner += i < *inner;
		g->units[kept] = g->units[i];
		g->distance_m[kept++] = g->distance_m[i];
	}
	g->n_units = kept;
	*inner = kept_inner;
	talloc_free(names);
	return before - kept;
}

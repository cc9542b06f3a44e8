#include "cellmap/moved.h"
#include "cellmap/hash.h"
#include "cellmap/identity.h"
#include "cellmap/map.h"
#include <errno.h>
#include <stdio.h>

#define NEARBY 8  /* cells of the old map looked at for one of the new */
#define BATCH  64 /* cells looked for by their keys together, so that memory answers many at once */

/* A network in both maps, side by side. Tables change little from one map to the next, so that most cells
 * follow each other in both; only the others are looked for by their keys. */
struct walk {
	const struct cellmap *old, *now;
	uint16_t mcc, mnc;
	uint32_t at, end; /* of the old network: the cell expected next */
	uint32_t lost[BATCH], n_lost;
	double limit_m;
	uint32_t farthest; /* index of the cell that moved farthest */
	struct moved *m;
};

static bool same_key(const struct walk *w, uint32_t before, uint32_t i)
{
	const struct map_id *a = &w->old->ids[before], *b = &w->now->ids[i];

	return a->cell_low == b->cell_low && a->area == b->area &&
	       (w->old->ranges[before] & MAP_WORD_KEY) == (w->now->ranges[i] & MAP_WORD_KEY);
}

static int compare_places(struct walk *w, uint32_t before, uint32_t i)
{
	int32_t lat = map_lat(w->old, before), lon = map_lon(w->old, before);
	struct moved *m = w->m;
	struct cell cell;
	double d;

	if (lat == map_lat(w->now, i) && lon == map_lon(w->now, i))
		return 0;
	d = geo_distance_m(&w->now->geod, lat / 1e7, lon / 1e7, map_lat(w->now, i) / 1e7,
			   map_lon(w->now, i) / 1e7);
	if (d <= w->limit_m)
		return 0;
	m->cells++;
	if (d < m->farthest_m || (d == m->farthest_m && i > w->farthest))
		return 0;
	if (cellmap_get(w->now, i, &cell) < 0)
		return -EBADMSG;
	m->farthest_m = d;
	m->id = cell.id;
	w->farthest = i;
	return 0;
}

/* Asks memory for what finding the lost cells will read. */
static void fetch_lost(const struct walk *w)
{
	const struct cellmap *old = w->old;
	uint32_t slot[BATCH];

	for (uint32_t k = 0; k < w->n_lost; k++) {
		uint32_t i = w->lost[k], word = w->now->ranges[i];
		const struct map_id *id = &w->now->ids[i];
		uint64_t hash = map_hash(w->mcc, w->mnc, map_word_radio(word), id->area,
					 map_word_cell(word, id->cell_low));

		slot[k] = map_slot((uint32_t)(hash >> 32), old->head->n_slots);
		__builtin_prefetch(&old->slots[slot[k]]);
	}
	for (uint32_t k = 0; k < w->n_lost; k++) {
		uint32_t before = old->slots[slot[k]];

		if (before >= old->head->n_cells)
			continue;
		__builtin_prefetch(&old->ids[before]);
		__builtin_prefetch(&old->ranges[before]);
		__builtin_prefetch(&old->blocks[before / MAP_BLOCK].lat[before % MAP_BLOCK]);
		__builtin_prefetch(&old->blocks[before / MAP_BLOCK].lon[before % MAP_BLOCK]);
	}
}

/* Where none of a batch was near, the walk goes on behind the last one found. */
static int find_lost(struct walk *w)
{
	bool astray = w->n_lost == BATCH && w->lost[BATCH - 1] - w->lost[0] == BATCH - 1;

	fetch_lost(w);
	for (uint32_t k = 0; k < w->n_lost; k++) {
		uint32_t before;
		struct cell cell;
		int rc = cellmap_get(w->now, w->lost[k], &cell);

		if (rc == 0)
			rc = cellmap_find(w->old, &cell.id, &before);
		if (rc == 0)
			rc = compare_places(w, before, w->lost[k]);
		else if (rc == -ENOENT)
			w->m->fresh++;
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0 && astray)
			w->at = before + 1;
	}
	w->n_lost = 0;
	return 0;
}

static int compare_cell(struct walk *w, uint32_t i)
{
	if (!map_cell_ok(w->now, i))
		return -EBADMSG;
	for (uint32_t before = w->at; before < w->end && before - w->at < NEARBY; before++) {
		if (!map_cell_ok(w->old, before))
			return -EBADMSG;
		if (same_key(w, before, i)) {
			w->at = before + 1;
			return compare_places(w, before, i);
		}
	}
	w->lost[w->n_lost++] = i;
	return w->n_lost == BATCH ? find_lost(w) : 0;
}

static int compare_network(struct walk *w, const struct cell_network *now)
{
	const struct map_network *old = map_network(w->old, now->mcc, now->mnc);
	int rc = 0;

	if (!old) {
		w->m->fresh += now->count;
		return 0;
	}
	w->mcc = now->mcc;
	w->mnc = now->mnc;
	w->at = old->first;
	w->end = old->first + old->count;
	for (uint32_t i = now->first; i < now->first + now->count && rc == 0; i++)
		rc = compare_cell(w, i);
	return rc == 0 ? find_lost(w) : rc;
}

int moved_compare(const struct cellmap *old, const struct cellmap *now, double limit_m, struct moved *m)
{
	struct walk w = {.old = old, .now = now, .limit_m = limit_m, .m = m};

	*m = (struct moved){0};
	for (uint32_t n = 0; n < now->head->n_networks; n++) {
		uint32_t before = m->cells;
		int rc = compare_network(&w, &now->list[n]);

		if (rc < 0)
			return rc;
		if (m->cells - before > m->worst_cells) {
			m->worst_cells = m->cells - before;
			m->worst_network = n;
		}
	}
	if (m->cells > 0)
		m->mnc_digits = map_network_of(now, w.farthest)->mnc_digits;
	m->gone = cellmap_count(old) - (cellmap_count(now) - m->fresh); /* keys are unique in each */
	return 0;
}

bool moved_text(const struct cellmap *now, const struct moved *m, double limit_m, char *text, size_t len)
{
	const struct cell_network *n = &now->list[m->worst_network];
	char network[CELL_NETWORK_MAX], name[IDENTITY_MAX];

	if (m->cells == 0)
		return false;
	cell_network_text(n->mcc, n->mnc, n->mnc_digits, network);
	if (!identity_text(&m->id, m->mnc_digits, name))
		snprintf(name, sizeof(name), "a cell without a name");
	snprintf(text, len,
		 "%u cells moved more than %g km since the last map (most: %s, %u; farthest: %s, %.0f km)",
		 m->cells, limit_m / 1000, network, m->worst_cells, name, m->farthest_m / 1000);
	return true;
}

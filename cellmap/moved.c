#include "cellmap/moved.h"
#include "cellmap/identity.h"
#include "cellmap/map.h"
#include <errno.h>
#include <stdio.h>

static int compare_cell(const struct cellmap *old, const struct cellmap *now, uint32_t index, double limit_m,
			struct moved *m)
{
	struct cell to, from;
	uint32_t before;
	int rc = cellmap_get(now, index, &to);
	double d;

	if (rc < 0)
		return rc;
	rc = cellmap_find(old, &to.id, &before);
	if (rc == -ENOENT) {
		m->fresh++;
		return 0;
	}
	if (rc < 0 || cellmap_get(old, before, &from) < 0)
		return -EBADMSG;
	if (from.lat == to.lat && from.lon == to.lon)
		return 0;
	d = geo_distance_m(&now->geod, from.lat, from.lon, to.lat, to.lon);
	m->cells += d > limit_m;
	if (d > limit_m && d > m->farthest_m) {
		m->farthest_m = d;
		m->id = to.id;
		m->mnc_digits = map_network_of(now, index)->mnc_digits;
	}
	return 0;
}

int moved_compare(const struct cellmap *old, const struct cellmap *now, double limit_m, struct moved *m)
{
	*m = (struct moved){0};
	for (uint32_t n = 0; n < now->head->n_networks; n++) {
		uint32_t before = m->cells;

		for (uint32_t i = 0; i < now->list[n].count; i++) {
			int rc = compare_cell(old, now, now->list[n].first + i, limit_m, m);

			if (rc < 0)
				return rc;
		}
		if (m->cells - before > m->worst_cells) {
			m->worst_cells = m->cells - before;
			m->worst_network = n;
		}
	}
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

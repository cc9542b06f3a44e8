#include "tests/plan_map.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>

struct cellmap {
	struct cell *cells;
	uint32_t n;
	uint64_t checksum;
	struct cell_network *networks;
	size_t n_networks;
};

struct cellmap *plan_map_new(void *ctx, const struct cell *cells, uint32_t n, uint64_t checksum)
{
	struct cellmap *m = talloc_zero(ctx, struct cellmap);

	m->cells = talloc_memdup(m, cells, n * sizeof(*cells));
	m->n = n;
	m->checksum = checksum;
	for (uint32_t i = 0; i < n; i++) {
		struct cell_network *last = m->n_networks ? &m->networks[m->n_networks - 1] : NULL;

		if (last && last->mcc == cells[i].id.mcc && last->mnc == cells[i].id.mnc) {
			last->count++;
			continue;
		}
		m->networks = talloc_realloc(m, m->networks, struct cell_network, ++m->n_networks);
		m->networks[m->n_networks - 1] =
			(struct cell_network){cells[i].id.mcc, cells[i].id.mnc, i, 1, 0};
	}
	return m;
}

int cellmap_open(void *ctx, const char *path, struct cellmap **map, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s: no maps here", path);
	*map = NULL;
	return -ENOENT;
}

void cellmap_close(struct cellmap *map)
{
	talloc_free(map);
}

uint32_t cellmap_count(const struct cellmap *map)
{
	return map->n;
}

uint64_t cellmap_checksum(const struct cellmap *map)
{
	return map->checksum;
}

size_t cellmap_networks(const struct cellmap *map, const struct cell_network **networks)
{
	*networks = map->networks;
	return map->n_networks;
}

void cellmap_expect(const struct cellmap *map, uint32_t index)
{
	(void)map, (void)index;
}

int cellmap_get(const struct cellmap *map, uint32_t index, struct cell *cell)
{
	if (index >= map->n)
		return -ERANGE;
	*cell = map->cells[index];
	return 0;
}

int cellmap_find(const struct cellmap *map, const struct cell_id *id, uint32_t *index)
{
	for (uint32_t i = 0; i < map->n; i++) {
		const struct cell_id *c = &map->cells[i].id;

		if (c->mcc == id->mcc && c->mnc == id->mnc && c->radio == id->radio && c->area == id->area &&
		    c->cell == id->cell) {
			*index = i;
			return 0;
		}
	}
	return -ENOENT;
}

double cellmap_distance_m(double lat1, double lon1, double lat2, double lon2)
{
	return hypot((lat2 - lat1) * 111200, (lon2 - lon1) * 111200 * cos(lat1 * M_PI / 180));
}

static bool inside(const struct cell_query *q, const struct cell *c, float *distance)
{
	bool ours = q->networks == NULL;
	double reach = q->select == SELECT_COVERAGE ? c->range_m : 0;

	for (size_t i = 0; i < q->n_networks; i++)
		ours |= q->networks[i].mcc == c->id.mcc && q->networks[i].mnc == c->id.mnc;
	*distance = (float)cellmap_distance_m(q->lat, q->lon, c->lat, c->lon);
	return ours && (!q->radio_mask || q->radio_mask >> c->id.radio & 1) &&
	       *distance - reach <= q->radius_m;
}

static int nearer(const void *a, const void *b)
{
	const struct cell_hit *x = a, *y = b;

	if (x->distance_m < y->distance_m || x->distance_m > y->distance_m)
		return x->distance_m < y->distance_m ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

const char *cell_query_error(const struct cell_query *q)
{
	return q->radius_m > 0 ? NULL : "the radius must be above 0";
}

int cellmap_nearest(void *ctx, const struct cellmap *map, const struct cell_query *q, struct cell_hit **hits,
		    size_t *n)
{
	*hits = talloc_array(ctx, struct cell_hit, map->n + 1);
	*n = 0;
	for (uint32_t i = 0; i < map->n; i++) {
		struct cell_hit h = {.index = i};

		if (inside(q, &map->cells[i], &h.distance_m))
			(*hits)[(*n)++] = h;
	}
	qsort(*hits, *n, sizeof(**hits), nearer);
	return 0;
}

const char *cell_radio_name(enum cell_radio radio)
{
	static const char *const names[] = {"GSM", "UMTS", "LTE", "NR", "CDMA"};

	return names[radio];
}

int cell_radio_parse(const char *name)
{
	for (int r = 0; r < CELL_RADIO_N; r++)
		if (!strcmp(name, cell_radio_name(r)))
			return r;
	return -EINVAL;
}

int cell_network_parse(const char *text, uint16_t *mcc, uint16_t *mnc, uint8_t *mnc_digits)
{
	int digits = 0;

	if (sscanf(text, "%3hu-%3hu%n", mcc, mnc, &digits) != 2)
		return -EINVAL;
	*mnc_digits = (uint8_t)(digits - 4);
	return 0;
}

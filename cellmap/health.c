#include "cellmap/health.h"
#include "cellmap/map.h"
#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE 1001

static int by_value(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

/* The medians of latitude and longitude: a robust middle. */
static struct geo_xyz middle(const struct cellmap *map, const struct map_network *n)
{
	int32_t lat[SAMPLE], lon[SAMPLE];
	uint32_t count = OSMO_MIN(n->count, (uint32_t)SAMPLE);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = n->first + (uint32_t)((uint64_t)i * n->count / count);

		lat[i] = map_lat(map, k);
		lon[i] = map_lon(map, k);
	}
	qsort(lat, count, sizeof(*lat), by_value);
	qsort(lon, count, sizeof(*lon), by_value);
	return geo_xyz(lat[count / 2] / 1e7, lon[count / 2] / 1e7);
}

static void count_ranges(uint32_t word, struct health *h)
{
	uint32_t range = map_word_range(word);

	h->range_unknown += range == 0;
	h->range_1000 += range == 1000;
	h->range_long += range > CELL_MAX_RANGE_M;
}

static void network_health(const struct cellmap *map, uint32_t i, struct health *h)
{
	const struct map_network *n = &map->networks[i];
	struct geo_xyz mid = middle(map, n);
	double limit = geo_chord_out(HEALTH_FAR_M);
	uint32_t far = 0, same = 1;

	for (uint32_t k = n->first; k < n->first + n->count; k++) {
		int32_t lat = map_lat(map, k), lon = map_lon(map, k);
		struct geo_xyz at = geo_xyz(lat / 1e7, lon / 1e7);

		count_ranges(map->ranges[k], h);
		far += geo_chord(&mid, &at) > limit;
		if (k > n->first && lat == map_lat(map, k - 1) && lon == map_lon(map, k - 1))
			same++;
		else
			same = 1;
		h->crowded += same == HEALTH_CROWD ? HEALTH_CROWD : same > HEALTH_CROWD;
	}
	h->far += far;
	if (far > h->worst_far) {
		h->worst_far = far;
		h->worst_network = i;
	}
}

int cellmap_health(const struct cellmap *map, struct health *h)
{
	*h = (struct health){0};
	for (uint32_t i = 0; i < map->at.n_units; i++)
		if (!map_ok(map, map->body + (uint64_t)i * MAP_UNIT))
			return -EBADMSG;
	for (uint32_t i = 0; i < map->head->n_networks; i++)
		if (map->networks[i].count)
			network_health(map, i, h);
	return 0;
}

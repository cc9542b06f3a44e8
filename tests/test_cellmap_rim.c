/* The cheap test of cells near a circle's edge, in each width that this machine has: what it calls inside is,
 * what it calls outside is not, and it seldom says that it does not know. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "cellmap/rim.h"

#define BLOCKS  64
#define CELLS   (BLOCKS * MAP_BLOCK)
#define CIRCLES 400

struct world {
	_Alignas(64) struct map_block blocks[BLOCKS];
	_Alignas(64) uint32_t ranges[CELLS];
	struct cellmap map;
	struct geod_geodesic geod;
	uint64_t seed;
	double lat, lon, radius, top;
	bool by_range;
	unsigned int perhaps;
};

static double uniform(struct world *w, double lo, double hi)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return lo + (hi - lo) * ((double)(w->seed >> 11) / 9007199254740992.0);
}

/* Cells within a hundredth of a radius of the edge, or of a range from it. */
static void place_cells(struct world *w)
{
	for (unsigned int i = 0; i < CELLS; i++) {
		uint32_t range = (uint32_t)uniform(w, 1, 9000);
		double lat, lon, back,
			s = w->radius * uniform(w, 0.99, 1.01) + (w->by_range ? fmin(range, w->top) : 0);

		geod_direct(&w->geod, w->lat, w->lon, uniform(w, -180, 180), s, &lat, &lon, &back);
		w->blocks[i / MAP_BLOCK].lat[i % MAP_BLOCK] = (int32_t)lrint(lat * 1e7);
		w->blocks[i / MAP_BLOCK].lon[i % MAP_BLOCK] = (int32_t)lrint(lon * 1e7);
		w->ranges[i] = range << 8;
	}
}

static void check_cell(struct world *w, unsigned int i, bool inside, bool perhaps)
{
	double lat = w->blocks[i / MAP_BLOCK].lat[i % MAP_BLOCK] / 1e7,
	       lon = w->blocks[i / MAP_BLOCK].lon[i % MAP_BLOCK] / 1e7,
	       limit = w->radius + (w->by_range ? fmin(w->ranges[i] >> 8, w->top) : 0);
	bool is = geo_distance_m(&w->geod, w->lat, w->lon, lat, lon) <= limit;

	assert_false(inside && perhaps);
	assert_false(inside && !is);
	assert_false(is && !inside && !perhaps);
	w->perhaps += perhaps;
}

static void try_circle(struct world *w, unsigned int lanes)
{
	struct geo_xyz xyz = geo_xyz(w->lat, w->lon);
	struct rim_centre centre = {w->lat * 1e7, w->lon * 1e7, hypot(xyz.x, xyz.y), xyz.z};
	double half = (w->radius * 1.01 + (w->by_range ? w->top : 0)) / 6.3e6,
	       lon_max = 1.1 * half / cos((fabs(w->lat) + 2) * M_PI / 180);
	uint16_t inside[BLOCKS], perhaps[BLOCKS];
	struct rim_limits limits;
	uint32_t list[BLOCKS];
	struct rim_fit fit;
	struct rim rim;

	rim_fit(&fit, &centre, centre.lat, half, lon_max);
	rim_limits(&limits, w->radius, w->by_range ? 1 : 0, w->by_range ? fmin(9000, w->top) : 0, w->top);
	rim_ready(&rim, &fit, &limits, centre.lon, lon_max);
	rim.lanes = lanes;
	for (uint32_t i = 0; i < BLOCKS; i++)
		list[i] = (i * 5) % BLOCKS;
	rim_test(&rim, &w->map, list, BLOCKS, inside, perhaps);
	for (unsigned int i = 0; i < CELLS; i++) {
		unsigned int block = list[i / MAP_BLOCK], bit = i % MAP_BLOCK;

		check_cell(w, block * MAP_BLOCK + bit, inside[i / MAP_BLOCK] >> bit & 1,
			   perhaps[i / MAP_BLOCK] >> bit & 1);
	}
}

static void every_width_is_right(void **state)
{
	struct world *w = aligned_alloc(64, sizeof(*w));
	unsigned int widths = 0;

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	geo_init(&w->geod);
	w->map.blocks = w->blocks;
	w->map.ranges = w->ranges;
	assert_in_range(rim_lanes(), 4, 16);
	for (unsigned int lanes = 4; lanes <= rim_lanes(); lanes *= 2) {
		w->seed = 7;
		w->perhaps = 0;
		widths++;
		for (int i = 0; i < CIRCLES; i++) {
			w->by_range = i & 1;
			w->lat = uniform(w, -60, 60);
			w->lon = uniform(w, -170, 170);
			w->radius = exp(uniform(w, log(1000), log(150000)));
			w->top = uniform(w, 2000, 12000);
			place_cells(w);
			try_circle(w, lanes);
		}
		printf("# %u cells at a time: %u of %u left open\n", lanes, w->perhaps, CIRCLES * CELLS);
		assert_in_range(w->perhaps, 1, CIRCLES * CELLS / 10);
	}
	assert_in_range(widths, 1, 3);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_width_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

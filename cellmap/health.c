#include "cellmap/health.h"
#include "cellmap/holes.h"
#include "cellmap/map.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLE     1001
#define HOLES_TOLD 8
#define YEAR       (365 * 86400)

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

/* A zero behind an MNC of two digits, and few cells where the other has many. */
static bool is_padded(const struct cellmap *map, const struct map_network *n)
{
	if (n->mnc < 100 || n->mnc > 999 || n->mnc % 10)
		return false;
	for (const struct map_network *o = n - 1; o >= map->networks && o->mcc == n->mcc; o--)
		if (o->mnc == n->mnc / 10)
			return o->count / 20 >= n->count;
	return false;
}

/* Networks that nobody has, in other people's countries: most are misread ids. */
static void find_astray(const struct cellmap *map, const struct map_country *country, struct health *h)
{
	const struct map_network *n = &map->networks[country->first], *largest = n;
	double limit = geo_chord_out(HEALTH_FAR_M);
	uint64_t cells = 0;
	struct geo_xyz mid;

	for (uint32_t i = 0; i < country->n; i++) {
		cells += n[i].count;
		largest = n[i].count > largest->count ? &n[i] : largest;
	}
	if (cells == 0)
		return;
	mid = middle(map, largest);
	for (uint32_t i = 0; i < country->n; i++) {
		struct geo_xyz at;

		if (n[i].count == 0 || n[i].count >= cells / 100)
			continue;
		at = middle(map, &n[i]);
		if (geo_chord(&mid, &at) <= limit)
			continue;
		h->astray_cells += n[i].count;
		if (h->astray++ == 0)
			h->astray_network = country->first + i;
	}
}

static void compare_networks(const struct cellmap *map, struct health *h)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < map->n_countries; i++)
		find_astray(map, &map->countries[i], h);
	for (uint32_t i = 0; i < map->head->n_networks; i++) {
		const struct map_network *n = &map->networks[i];

		if (is_padded(map, n) && h->padded++ == 0)
			h->padded_network = i;
		if (n->updated_max == 0 || map->head->updated_max - n->updated_max <= HEALTH_STALE_S)
			continue;
		h->stale++;
		if (n->count > largest) {
			largest = n->count;
			h->stale_network = i;
		}
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
	compare_networks(map, h);
	return 0;
}

static void warn(struct health_warnings *w, bool yes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void warn(struct health_warnings *w, bool yes, const char *format, ...)
{
	va_list ap;

	if (!yes || w->n == HEALTH_WARNINGS)
		return;
	va_start(ap, format);
	vsnprintf(w->text[w->n++], sizeof(w->text[0]), format, ap);
	va_end(ap);
}

static const char *day(int64_t seconds, char text[16])
{
	time_t t = seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, 16, "%Y-%m-%d", &tm);
	return text;
}

static const char *name(const struct cellmap *map, uint32_t network, char text[CELL_NETWORK_MAX])
{
	const struct map_network *n = &map->networks[network];

	cell_network_text(n->mcc, n->mnc, n->mnc_digits, text);
	return text;
}

static void tell_positions(const struct cellmap *map, const struct health *h, struct health_warnings *w)
{
	const struct map_header *head = map->head;
	double n = head->n_cells;
	char worst[CELL_NETWORK_MAX];

	warn(w, head->unaddressable[0],
	     "%u cells have an id <= 0: they have a position but are never addressed",
	     head->unaddressable[0]);
	warn(w, head->unaddressable[1],
	     "%u GSM cells have a CI > 65535: they have a position but are never addressed",
	     head->unaddressable[1]);
	warn(w, h->far, "%u cells lie more than 3500 km from the middle of their network (most: %s, %u)",
	     h->far, name(map, h->worst_network, worst), h->worst_far);
	warn(w, h->range_long, "%u cells have a range above 35 km; it is cut to max_range_m", h->range_long);
	warn(w, h->range_unknown > n / 2, "%.0f %% of the cells have no range; defaults per radio are used",
	     100 * h->range_unknown / n);
	warn(w, h->range_1000 > n / 2,
	     "%.0f %% of the cells have a range of exactly 1000 m: too few sightings",
	     100 * h->range_1000 / n);
	warn(w, h->crowded, "%u cells share their position with at least %d others", h->crowded,
	     HEALTH_CROWD - 1);
}

static void tell_ages(const struct cellmap *map, const struct health *h, int64_t now_s,
		      struct health_warnings *w)
{
	const struct map_header *head = map->head;
	int64_t newest = head->updated_max, oldest = head->updated_min;
	char text[16], network[CELL_NETWORK_MAX];

	warn(w, newest && now_s && now_s - newest > HEALTH_STALE_S,
	     "the newest row is from %s, %lld days ago: the tables are stale", day(newest, text),
	     (long long)((now_s - newest) / 86400));
	warn(w, now_s && newest > now_s + 2 * 86400, "the newest row is from %s, which is still to come",
	     day(newest, text));
	warn(w, newest - oldest > 10 * YEAR,
	     "the oldest row is from %s: more than ten years before the newest", day(oldest, text));
	warn(w, h->stale,
	     "%u networks have no row from the year before the map's newest (largest: %s, newest %s)",
	     h->stale, name(map, h->stale_network, network),
	     day(map->networks[h->stale_network].updated_max, text));
}

static void tell_networks(const struct cellmap *map, const struct health *h, struct health_warnings *w)
{
	const struct map_network *n = &map->networks[h->padded_network];
	struct hole *holes;
	void *ctx = talloc_named_const(NULL, 0, "health");
	size_t n_holes = holes_find(ctx, map, &holes);
	char text[CELL_NETWORK_MAX];

	warn(w, h->astray,
	     "%u networks, %u cells, lie more than 3500 km from the largest of their country (as %s)",
	     h->astray, h->astray_cells, name(map, h->astray_network, text));
	warn(w, h->padded, "%u networks seem to be others with a 0 too many (as %u-%u for %u-%u)", h->padded,
	     n->mcc, n->mnc, n->mcc, n->mnc / 10);
	for (size_t i = 0; i < n_holes && i < HOLES_TOLD; i++)
		warn(w, true,
		     "%s has no cell in the %.0f km round %.2f,%.2f, where others have %u and about %.0f "
		     "were to be expected (holes: %u)",
		     name(map, holes[i].network, text), holes[i].km, holes[i].lat, holes[i].lon,
		     holes[i].others, holes[i].expected, holes[i].bins);
	warn(w, n_holes > HOLES_TOLD, "%zu networks more have holes", n_holes - HOLES_TOLD);
	talloc_free(ctx);
}

void health_tell(const struct cellmap *map, const struct health *h, int64_t now_s, struct health_warnings *w)
{
	w->n = 0;
	if (map->head->n_networks == 0)
		return;
	tell_positions(map, h, w);
	tell_ages(map, h, now_s, w);
	tell_networks(map, h, w);
}

#include "cellmap/cmdutil.h"
#include "cellmap/health.h"
#include "cellmap/map.h"
#include <getopt.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define YEAR (365 * 86400u)

static const char help[] = "Usage: reunion cellmap info MAP [--json]\n"
			   "What a map holds: cells per network and radio, bounding box, newest and oldest "
			   "`updated`, and what is unhealthy\n"
			   "about it. Reads and verifies the whole map.\n\n"
			   "Example: reunion cellmap info cells.map\n";

static const char *day(uint32_t seconds, char text[16])
{
	time_t t = seconds;
	struct tm tm;

	if (seconds == 0)
		return "-";
	gmtime_r(&t, &tm);
	strftime(text, 16, "%Y-%m-%d", &tm);
	return text;
}

struct box {
	int32_t south, west, north, east;
};

static struct box bounding_box(const struct cellmap *map)
{
	struct box b = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

	for (uint32_t i = 0; i < map->head->n_networks; i++) {
		b.south = OSMO_MIN(b.south, map->networks[i].south);
		b.west = OSMO_MIN(b.west, map->networks[i].west);
		b.north = OSMO_MAX(b.north, map->networks[i].north);
		b.east = OSMO_MAX(b.east, map->networks[i].east);
	}
	return b;
}

#define WARNINGS_MAX 8
struct warnings {
	char text[WARNINGS_MAX][192];
	int n;
};

static void warn(struct warnings *w, bool yes, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void warn(struct warnings *w, bool yes, const char *format, ...)
{
	va_list ap;

	if (!yes || w->n == WARNINGS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(w->text[w->n++], sizeof(w->text[0]), format, ap);
	va_end(ap);
}

static void find_warnings(const struct cellmap *map, const struct health *h, struct warnings *w)
{
	const struct map_header *head = map->head;
	const struct map_network *worst = &map->networks[h->worst_network];
	double n = head->n_cells;
	char text[16];

	warn(w, head->unaddressable[0],
	     "%u cells have an id <= 0: they have a position but are never addressed",
	     head->unaddressable[0]);
	warn(w, head->unaddressable[1],
	     "%u GSM cells have a CI > 65535: they have a position but are never addressed",
	     head->unaddressable[1]);
	warn(w, h->far, "%u cells lie more than 3500 km from the middle of their network (most: %u-%u, %u)",
	     h->far, worst->mcc, worst->mnc, h->worst_far);
	warn(w, h->range_long, "%u cells have a range above 35 km; it is cut to max_range_m", h->range_long);
	warn(w, h->range_unknown > n / 2, "%.0f %% of the cells have no range; defaults per radio are used",
	     100 * h->range_unknown / n);
	warn(w, h->range_1000 > n / 2,
	     "%.0f %% of the cells have a range of exactly 1000 m: too few sightings",
	     100 * h->range_1000 / n);
	warn(w, h->crowded, "%u cells share their position with at least %d others", h->crowded,
	     HEALTH_CROWD - 1);
	warn(w, head->updated_max && head->updated_max - head->updated_min > 10 * YEAR,
	     "the oldest row is from %s: more than ten years before the newest",
	     day(head->updated_min, text));
}

static void print_networks(const struct cellmap *map)
{
	char from[16], to[16];

	printf("%-10s %10s %10s %10s %10s %10s %10s  %-10s %-10s\n", "network", "cells", "GSM", "UMTS", "LTE",
	       "NR", "CDMA", "oldest", "newest");
	for (uint32_t i = 0; i < map->head->n_networks; i++) {
		const struct map_network *n = &map->networks[i];
		char name[CELL_NETWORK_MAX];

		cell_network_text(n->mcc, n->mnc, n->mnc_digits, name);
		printf("%-10s %10u %10u %10u %10u %10u %10u  %-10s %-10s\n", name, n->count, n->radios[0],
		       n->radios[1], n->radios[2], n->radios[3], n->radios[4], day(n->updated_min, from),
		       day(n->updated_max, to));
	}
}

static void print_text(const struct cellmap *map, const char *path, const struct warnings *w)
{
	const struct map_header *h = map->head;
	struct box b = bounding_box(map);
	char from[16], to[16];

	print_networks(map);
	printf("\n%s: %u cells of %u networks, %.1f octets a cell, version %u, checksum %016" PRIx64 "\n",
	       path, h->n_cells, h->n_networks, h->n_cells ? (double)h->file_size / h->n_cells : 0,
	       h->version, h->content);
	printf("latitude %.7f .. %.7f, longitude %.7f .. %.7f\n", b.south / 1e7, b.north / 1e7, b.west / 1e7,
	       b.east / 1e7);
	printf("updated %s .. %s\n", day(h->updated_min, from), day(h->updated_max, to));
	for (int i = 0; i < w->n; i++)
		printf("warning: %s\n", w->text[i]);
	if (w->n == 0)
		puts("no warnings");
}

static void print_json(const struct cellmap *map, const struct warnings *w)
{
	const struct map_header *h = map->head;
	struct box b = bounding_box(map);

	printf("{\"cells\":%u,\"octets\":%" PRIu64 ",\"version\":%u,\"checksum\":\"%016" PRIx64
	       "\",\"updated\":{\"oldest\":%u,\"newest\":%u},"
	       "\"box\":{\"south\":%.7f,\"west\":%.7f,\"north\":%.7f,\"east\":%.7f},\"networks\":[",
	       h->n_cells, h->file_size, h->version, h->content, h->updated_min, h->updated_max,
	       b.south / 1e7, b.west / 1e7, b.north / 1e7, b.east / 1e7);
	for (uint32_t i = 0; i < h->n_networks; i++) {
		const struct map_network *n = &map->networks[i];

		printf("%s\n{\"mcc\":%u,\"net\":%u,\"cells\":%u,\"radio\":{\"GSM\":%u,\"UMTS\":%u,\"LTE\":%u,"
		       "\"NR\":%u,\"CDMA\":%u},"
		       "\"updated\":{\"oldest\":%u,\"newest\":%u}}",
		       i ? "," : "", n->mcc, n->mnc, n->count, n->radios[0], n->radios[1], n->radios[2],
		       n->radios[3], n->radios[4], n->updated_min, n->updated_max);
	}
	fputs("],\"warnings\":[", stdout);
	for (int i = 0; i < w->n; i++) {
		fputs(i ? "," : "", stdout);
		cmd_json_string(stdout, w->text[i]);
	}
	puts("]}");
}

static int info(const char *path, bool json)
{
	struct cellmap *map;
	struct health health;
	struct warnings w = {.n = 0};
	char err[1024];

	if (cellmap_open(NULL, path, &map, err, sizeof(err)) < 0)
		return cmd_fail(err);
	if (cellmap_health(map, &health) < 0) {
		snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again",
			 path);
		cellmap_close(map);
		return cmd_fail(err);
	}
	if (map->head->n_networks)
		find_warnings(map, &health, &w);
	if (json)
		print_json(map, &w);
	else
		print_text(map, path, &w);
	cellmap_close(map);
	return 0;
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {{"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {0}};
	bool json = false;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return cmd_bad_option("info", argv);
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		json = true;
	}
	if (argc - optind != 1)
		return cmd_usage("info", "name one MAP; see reunion cellmap info --help");
	return info(argv[optind], json);
}

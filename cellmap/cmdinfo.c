#include "cellmap/cmdutil.h"
#include "cellmap/health.h"
#include "cellmap/map.h"
#include "cellmap/moved.h"
#include <getopt.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES 40 /* networks shown unless all are asked for */

static const char help[] =
	"Usage: reunion cellmap info MAP [--all] [--since OLDMAP [--moved-km X]] [--json]\n"
	"What a map holds: cells per network and radio, bounding box, newest and oldest `updated`; and what "
	"is\n"
	"unhealthy about it: cells that stand far off or crowd at one point, ranges nobody measured, stale "
	"tables,\n"
	"holes in which a network has no cell though it should. Reads and verifies the whole map.\n\n"
	"      --all             a line for each network; else small ones share one: fewer cells than 1 in "
	"1000,\n"
	"                        or than the 40th largest\n"
	"      --since OLDMAP    also what moved since that map\n"
	"      --moved-km X      farther than this (default 10)\n"
	"      --json            for programs\n\n"
	"Example: reunion cellmap info cells.map --since cells-2025.map\n";

struct arguments {
	const char *since;
	double moved_m;
	bool json, all;
};

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

static int larger_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Networks of fewer cells than this share a line. */
static uint32_t smallest_shown(const struct cellmap *map, bool all)
{
	uint32_t n = map->head->n_networks, limit = map->head->n_cells / 1000, *sizes;

	if (all)
		return 0;
	if (n <= LINES)
		return limit;
	sizes = talloc_array(NULL, uint32_t, n);
	OSMO_ASSERT(sizes);
	for (uint32_t i = 0; i < n; i++)
		sizes[i] = map->networks[i].count;
	qsort(sizes, n, sizeof(*sizes), larger_first);
	limit = OSMO_MAX(limit, sizes[LINES - 1]);
	talloc_free(sizes);
	return limit;
}

static void print_network(const char *name, const struct map_network *n)
{
	char from[16], to[16];

	printf("%-10s %10u %10u %10u %10u %10u %10u  %-10s %-10s\n", name, n->count, n->radios[0],
	       n->radios[1], n->radios[2], n->radios[3], n->radios[4], day(n->updated_min, from),
	       day(n->updated_max, to));
}

static void add_network(struct map_network *sum, const struct map_network *n)
{
	sum->count += n->count;
	for (int i = 0; i < CELL_RADIO_N; i++)
		sum->radios[i] += n->radios[i];
	sum->updated_max = OSMO_MAX(sum->updated_max, n->updated_max);
	if (n->updated_min && (!sum->updated_min || n->updated_min < sum->updated_min))
		sum->updated_min = n->updated_min;
}

static void print_networks(const struct cellmap *map, bool all)
{
	uint32_t limit = smallest_shown(map, all), n_small = 0;
	struct map_network small = {0};
	char name[CELL_NETWORK_MAX];

	printf("%-10s %10s %10s %10s %10s %10s %10s  %-10s %-10s\n", "network", "cells", "GSM", "UMTS", "LTE",
	       "NR", "CDMA", "oldest", "newest");
	for (uint32_t i = 0; i < map->head->n_networks; i++) {
		const struct map_network *n = &map->networks[i];

		if (n->count < limit) {
			add_network(&small, n);
			n_small++;
			continue;
		}
		cell_network_text(n->mcc, n->mnc, n->mnc_digits, name);
		print_network(name, n);
	}
	if (n_small == 0)
		return;
	snprintf(name, sizeof(name), "%u more", n_small);
	print_network(name, &small);
	printf("(%u networks of fewer than %u cells in one line; --all lists each)\n", n_small, limit);
}

static void print_text(const struct cellmap *map, const char *path, const struct health_warnings *w,
		       bool all)
{
	const struct map_header *h = map->head;
	struct box b = bounding_box(map);
	char from[16], to[16];

	print_networks(map, all);
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

static void print_json(const struct cellmap *map, const struct health_warnings *w)
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

/* Compared with an older map, one warning more. */
static int compare(const struct cellmap *map, const char *since, double limit_m, struct health_warnings *w)
{
	struct cellmap *old;
	struct moved m;
	char err[1024];
	int rc;

	if (cellmap_open(NULL, since, &old, err, sizeof(err)) < 0)
		return cmd_fail(err);
	rc = moved_compare(old, map, limit_m, &m);
	cellmap_close(old);
	snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again", since);
	if (rc < 0)
		return cmd_fail(err);
	if (w->n < HEALTH_WARNINGS && moved_text(map, &m, limit_m, w->text[w->n], sizeof(w->text[0])))
		w->n++;
	return 0;
}

static int info(const struct arguments *a, const char *path, int64_t now_s)
{
	struct cellmap *map;
	struct health health;
	struct health_warnings w;
	char err[1024];
	int rc = 0;

	if (cellmap_open(NULL, path, &map, err, sizeof(err)) < 0)
		return cmd_fail(err);
	if (cellmap_health(map, &health) < 0) {
		snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again",
			 path);
		cellmap_close(map);
		return cmd_fail(err);
	}
	health_tell(map, &health, now_s, &w);
	if (a->since)
		rc = compare(map, a->since, a->moved_m, &w);
	if (rc == 0 && a->json)
		print_json(map, &w);
	else if (rc == 0)
		print_text(map, path, &w, a->all);
	cellmap_close(map);
	return rc;
}

int cmd_info(int argc, char **argv, int64_t now_s)
{
	static const struct option options[] = {{"json", 0, NULL, 'j'},
						{"all", 0, NULL, 'a'},
						{"since", 1, NULL, 's'},
						{"moved-km", 1, NULL, 'm'},
						{"help", 0, NULL, 'h'},
						{0}};
	struct arguments a = {.moved_m = MOVED_KM * 1000};
	double km;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return cmd_bad_option("info", argv);
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (c == 'm' && !cmd_number(optarg, 0, 20037, &km))
			return cmd_usage("info", "--moved-km %s: is no number from 0 to 20037", optarg);
		a.json |= c == 'j';
		a.all |= c == 'a';
		a.since = c == 's' ? optarg : a.since;
		a.moved_m = c == 'm' ? km * 1000 : a.moved_m;
	}
	if (argc - optind != 1)
		return cmd_usage("info", "name one MAP; see reunion cellmap info --help");
	return info(&a, argv[optind], now_s);
}

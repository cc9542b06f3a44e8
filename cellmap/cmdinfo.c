#include "cellmap/cmdutil.h"
#include "cellmap/health.h"
#include "cellmap/map.h"
#include "cellmap/moved.h"
#include <getopt.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"Usage: reunion cellmap info MAP [--since OLDMAP [--moved-km X]] [--json]\n"
	"What a map holds: cells per network and radio, bounding box, newest and oldest `updated`; and what "
	"is\n"
	"unhealthy about it: cells that stand far off or crowd at one point, ranges nobody measured, stale "
	"tables,\n"
	"holes in which a network has no cell though it should. Reads and verifies the whole map.\n\n"
	"      --since OLDMAP    also what moved since that map\n"
	"      --moved-km X      farther than this (default 10)\n"
	"      --json            for programs\n\n"
	"Example: reunion cellmap info cells.map --since cells-2025.map\n";

struct arguments {
	const char *since;
	double moved_m;
	bool json;
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

static void print_text(const struct cellmap *map, const char *path, const struct health_warnings *w)
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
		print_text(map, path, &w);
	cellmap_close(map);
	return rc;
}

int cmd_info(int argc, char **argv, int64_t now_s)
{
	static const struct option options[] = {{"json", 0, NULL, 'j'},
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
		a.since = c == 's' ? optarg : a.since;
		a.moved_m = c == 'm' ? km * 1000 : a.moved_m;
	}
	if (argc - optind != 1)
		return cmd_usage("info", "name one MAP; see reunion cellmap info --help");
	return info(&a, argv[optind], now_s);
}

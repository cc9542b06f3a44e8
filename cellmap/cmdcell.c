#include "cellmap/cmdutil.h"
#include "cellmap/identity.h"
#include "cellmap/list.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

static const char help[] =
	"Usage: reunion cellmap cell MAP ID [--json]\n"
	"A cell by its name in the field's notation. ID is one of\n\n"
	"  CGI:460-00-4301-6969     GSM: MCC-MNC-LAC-CI\n"
	"  SAI:460-00-4301-6969     UMTS: MCC-MNC-LAC-SAC (the lower 16 bits of the cell)\n"
	"  ECGI:460-00-104713-1     LTE: MCC-MNC-eNB-cell, or MCC-MNC-ECI\n"
	"  NCGI:460-00-4301234567   NR: MCC-MNC-NCI\n"
	"  CDMA:460-13824-2-5       MCC-SID-NID-BID\n"
	"  460-00-4301-6969         GSM or UMTS\n"
	"  46000-4301-6969, 46000-U268435455, 46000-L26806529, 46000-N4301234567\n"
	"  LTE,460,0,7,300          a table's key: radio,mcc,net,area,cell\n\n"
	"Numbers are decimal, or hexadecimal after 0x.\n\n"
	"Example: reunion cellmap cell cells.map ECGI:460-00-104713-1\n";

static void print_position(const char *name, enum geo_datum datum, const struct cell *c)
{
	double lat = c->lat, lon = c->lon;

	geo_from_wgs84(datum, &lat, &lon);
	printf("  %-8s %.7f,%.7f\n", name, lat, lon);
}

static void print_text(const struct listed *l)
{
	const struct cell *c = &l->cell;
	char network[CELL_NETWORK_MAX], name[IDENTITY_MAX];
	bool named = identity_text(&c->id, l->mnc_digits, name);

	cell_network_text(c->id.mcc, c->id.mnc, l->mnc_digits, network);
	printf("%s\n  radio    %s\n  network  %s\n  area     %u\n  cell     %" PRId64,
	       named ? name : "no name", cell_radio_name(c->id.radio), network, c->id.area,
	       (int64_t)c->id.cell);
	if (c->id.radio == CELL_UMTS && c->addressable && c->id.cell > 65535)
		printf(" (RNC %" PRIu64 ", cell %" PRIu64 ")", c->id.cell >> 16, c->id.cell & 65535);
	puts(c->addressable ? "" : " (never addressed)");
	print_position("wgs84", GEO_WGS84, c);
	print_position("gcj02", GEO_GCJ02, c);
	print_position("bd09", GEO_BD09, c);
	if (c->range_m)
		printf("  range    %u m\n", c->range_m);
	else
		puts("  range    unknown");
}

/* The cells that the name fits, of the one network it names: a name may leave the area or the RNC open. */
static int find(void *ctx, const struct cellmap *map, const struct identity *want, struct listed **found,
		size_t *n)
{
	const struct cell_network *networks;
	size_t n_networks = cellmap_networks(map, &networks);

	*found = NULL;
	*n = 0;
	for (size_t i = 0; i < n_networks; i++) {
		const struct cell_network *w = &networks[i];

		if (w->mcc != want->id.mcc || w->mnc != want->id.mnc)
			continue;
		for (uint32_t k = 0; k < w->count; k++) {
			struct cell c;
			int rc = cellmap_get(map, w->first + k, &c);

			if (rc < 0)
				return rc;
			if (!identity_matches(want, &c.id))
				continue;
			*found = talloc_realloc(ctx, *found, struct listed, *n + 1);
			OSMO_ASSERT(*found);
			(*found)[(*n)++] = (struct listed){
				.cell = c, .mnc_digits = want->mnc_digits ? want->mnc_digits : w->mnc_digits};
		}
	}
	return 0;
}

static int show(void *ctx, const char *path, const char *name, const struct identity *want, bool json)
{
	struct cellmap *map;
	struct listed *cells;
	size_t n;
	char err[1024];

	if (cellmap_open(ctx, path, &map, err, sizeof(err)) < 0)
		return cmd_fail(err);
	snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again", path);
	if (find(ctx, map, want, &cells, &n) < 0)
		return cmd_fail(err);
	snprintf(err, sizeof(err), "%s: has no cell %s", path, name);
	if (n == 0)
		return cmd_fail(err);
	if (json)
		list_json_cells(stdout, cells, n);
	for (size_t i = 0; i < n && !json; i++)
		print_text(&cells[i]);
	return 0;
}

int cmd_cell(int argc, char **argv)
{
	static const struct option options[] = {{"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {0}};
	struct identity want;
	bool json = false;
	void *ctx;
	int c, rc;

	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return cmd_bad_option("cell", argv);
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		json = true;
	}
	if (argc - optind != 2)
		return cmd_usage("cell", "name one MAP and one ID; see reunion cellmap cell --help");
	if (identity_parse(argv[optind + 1], &want) < 0)
		return cmd_usage("cell", "%s: is no cell's name such as CGI:460-00-4301-6969; see --help",
				 argv[optind + 1]);
	ctx = talloc_named_const(NULL, 0, "cellmap cell");
	rc = show(ctx, argv[optind], argv[optind + 1], &want, json);
	talloc_free(ctx);
	return rc;
}

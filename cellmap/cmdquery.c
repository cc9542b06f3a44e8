#include "cellmap/cmdarea.h"
#include "cellmap/cmdutil.h"
#include "cellmap/list.h"
#include "cellmap/outfile.h"
#include "cellmap/svg.h"
#include <getopt.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NETWORKS_MAX 64

static const char help[] =
	"Usage: reunion cellmap query MAP --at LAT,LON --radius-km R [OPTION]...\n"
	"       reunion cellmap query MAP --polygon FILE [OPTION]...\n"
	"The cells of an area, sorted by mcc, net, radio, area, cell.\n\n"
	"      --at LAT,LON       the centre, in degrees, latitude first\n"
	"      --radius-km R      above 0 and at most 20037\n"
	"      --minus-radius-km R  without the cells of this smaller circle: a ring\n"
	"      --polygon FILE     points LAT,LON parted by white space, the last equal to the first\n"
	"      --select NAME      coverage (default: distance - range <= radius) or site (distance <= "
	"radius)\n"
	"      --max-range-m M    longer ranges are cut to this (default 35000)\n"
	"      --networks LIST    only these, as 460-00,460-01\n"
	"      --radio LIST       only these of GSM,UMTS,LTE,NR,CDMA\n"
	"      --datum NAME       what --at means: wgs84 (default), gcj02 or bd09\n"
	"      --format NAME      table (default), csv, json, geojson or svg\n"
	"      --json             the same as --format json\n"
	"      --identity         csv has two more columns: network, and the cell's CGI, SAI, ECGI or NCGI\n"
	"      --count            one number: how many cells\n"
	"  -o, --output FILE      into a file instead of standard output\n\n"
	"Example: reunion cellmap query cells.map --at 39.9042,116.4074 --radius-km 100 --count\n";

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, FORMAT_GEOJSON, FORMAT_SVG, FORMAT_N };

struct arguments {
	struct cell_query q;
	struct cell_network networks[NETWORKS_MAX];
	enum geo_datum datum;
	enum format format;
	const char *output, *polygon;
	double minus_m;
	bool at, count, identity, help;
};

static int take_at(struct arguments *a, const char *value)
{
	char text[128], *comma;

	snprintf(text, sizeof(text), "%s", value);
	comma = strchr(text, ',');
	if (comma)
		*comma = 0;
	if (!comma || strlen(value) >= sizeof(text) || !cmd_number(text, -1e9, 1e9, &a->q.lat) ||
	    !cmd_number(comma + 1, -1e9, 1e9, &a->q.lon))
		return cmd_usage("query", "--at %s: is not LAT,LON in decimal degrees", value);
	if (a->q.lat < -90 || a->q.lat > 90)
		return cmd_usage("query", "--at %s: the latitude is not within -90..90; it stands first",
				 value);
	if (a->q.lon < -180 || a->q.lon > 180)
		return cmd_usage("query", "--at %s: the longitude is not within -180..180", value);
	a->at = true;
	return 0;
}

static int take_networks(struct arguments *a, const char *value)
{
	char *copy = strdup(value), *save, *word;
	int rc = 0;

	OSMO_ASSERT(copy);
	for (word = strtok_r(copy, ",", &save); word && rc == 0; word = strtok_r(NULL, ",", &save)) {
		struct cell_network *n = &a->networks[a->q.n_networks];

		if (a->q.n_networks == NETWORKS_MAX)
			rc = cmd_usage("query", "--networks: at most %d", NETWORKS_MAX);
		else if (cell_network_parse(word, &n->mcc, &n->mnc, &n->mnc_digits) < 0)
			rc = cmd_usage("query", "--networks %s: is no network such as 460-00", word);
		else
			a->q.n_networks++;
	}
	free(copy);
	a->q.networks = a->networks;
	if (rc == 0 && a->q.n_networks == 0)
		rc = cmd_usage("query", "--networks: names none; write them as 460-00,460-01");
	return rc;
}

static int take_radios(struct arguments *a, const char *value)
{
	char *copy = strdup(value), *save, *word;
	int rc = 0;

	OSMO_ASSERT(copy);
	for (word = strtok_r(copy, ",", &save); word && rc == 0; word = strtok_r(NULL, ",", &save)) {
		int radio = cell_radio_parse(word);

		if (radio < 0)
			rc = cmd_usage("query", "--radio %s: is none of GSM, UMTS, LTE, NR, CDMA", word);
		else
			a->q.radio_mask |= 1u << radio;
	}
	free(copy);
	if (rc == 0 && a->q.radio_mask == 0)
		rc = cmd_usage("query", "--radio: names none of GSM, UMTS, LTE, NR, CDMA");
	return rc;
}

static int take_format(struct arguments *a, const char *value)
{
	static const char *const names[FORMAT_N] = {"table", "csv", "json", "geojson", "svg"};

	for (a->format = 0; a->format < FORMAT_N; a->format++)
		if (!strcmp(value, names[a->format]))
			return 0;
	return cmd_usage("query", "--format %s: is none of table, csv, json, geojson, svg", value);
}

static int take_select(struct arguments *a, const char *value)
{
	bool site = !strcmp(value, "site");

	a->q.select = site ? SELECT_SITE : SELECT_COVERAGE;
	if (!site && strcmp(value, "coverage"))
		return cmd_usage("query", "--select %s: is neither site nor coverage", value);
	return 0;
}

static int take_option(struct arguments *a, int c, const char *value)
{
	double v;
	int datum;

	switch (c) {
	case 'a':
		return take_at(a, value);
	case 'r':
		if (!cmd_number(value, 0, 20037, &v) || v <= 0)
			return cmd_usage("query", "--radius-km %s: is no number above 0 and at most 20037",
					 value);
		a->q.radius_m = v * 1000;
		return 0;
	case 'M':
		if (!cmd_number(value, 0, 20037, &v) || v <= 0)
			return cmd_usage("query",
					 "--minus-radius-km %s: is no number above 0 and at most 20037",
					 value);
		a->minus_m = v * 1000;
		return 0;
	case 'p':
		a->polygon = value;
		return 0;
	case 'm':
		if (!cmd_number(value, 0, 2e7, &v) || v <= 0)
			return cmd_usage("query",
					 "--max-range-m %s: is no number above 0 and at most 20000000",
					 value);
		a->q.max_range_m = v;
		return 0;
	case 's':
		return take_select(a, value);
	case 'n':
		return take_networks(a, value);
	case 'R':
		return take_radios(a, value);
	case 'f':
		return take_format(a, value);
	case 'd':
		datum = geo_datum_parse(value);
		a->datum = (enum geo_datum)datum;
		return datum < 0 ? cmd_usage("query", "--datum %s: is none of wgs84, gcj02, bd09", value) : 0;
	case 'o':
		a->output = value;
		return 0;
	default:
		a->format = c == 'j' ? FORMAT_JSON : a->format;
		a->count |= c == 'c';
		a->identity |= c == 'i';
		a->help |= c == 'h';
		return 0;
	}
}

static int check_area(struct arguments *a)
{
	if (a->polygon)
		return a->at || a->q.radius_m > 0 || a->minus_m > 0
			       ? cmd_usage("query", "--polygon stands alone, without --at and radii")
			       : 0;
	if (!a->at)
		return cmd_usage("query", "--at LAT,LON is missing");
	if (!(a->q.radius_m > 0))
		return cmd_usage("query", "--radius-km R is missing");
	if (a->minus_m >= a->q.radius_m)
		return cmd_usage("query", "--minus-radius-km is not below --radius-km");
	geo_to_wgs84(a->datum, &a->q.lat, &a->q.lon);
	return 0;
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"at", 1, NULL, 'a'},       {"radius-km", 1, NULL, 'r'},   {"minus-radius-km", 1, NULL, 'M'},
		{"polygon", 1, NULL, 'p'},  {"max-range-m", 1, NULL, 'm'}, {"select", 1, NULL, 's'},
		{"networks", 1, NULL, 'n'}, {"radio", 1, NULL, 'R'},       {"format", 1, NULL, 'f'},
		{"datum", 1, NULL, 'd'},    {"output", 1, NULL, 'o'},      {"json", 0, NULL, 'j'},
		{"count", 0, NULL, 'c'},    {"identity", 0, NULL, 'i'},    {"help", 0, NULL, 'h'},        {0}};
	int c, rc;

	optind = 0;
	while ((c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		rc = c == '?' || c == ':' ? cmd_bad_option("query", argv) : take_option(a, c, optarg);
		if (rc)
			return rc;
	}
	if (a->help)
		return 0;
	if (argc - optind != 1)
		return cmd_usage("query", "name one MAP; see reunion cellmap query --help");
	return check_area(a);
}

static int write_svg(FILE *f, const struct arguments *a, const struct cellmap *map,
		     const struct cell_span *spans, size_t n)
{
	const struct svg_ring rings[] = {{.radius_m = a->q.radius_m}, {.radius_m = a->minus_m}};
	char title[128];
	struct svg_picture picture = {.title = title,
				      .lat = a->q.lat,
				      .lon = a->q.lon,
				      .rings = rings,
				      .n_rings = a->minus_m > 0 ? 2 : 1,
				      .map = map,
				      .spans = spans,
				      .n_spans = n};

	snprintf(title, sizeof(title), "%.5f, %.5f, %g km, %s", a->q.lat, a->q.lon, a->q.radius_m / 1000,
		 a->q.select == SELECT_SITE ? "site" : "coverage");
	return svg_write(f, &picture);
}

static int write_cells(FILE *f, void *ctx, const struct arguments *a, const struct cellmap *map,
		       const struct cell_span *spans, size_t n_spans)
{
	struct listed *cells;
	size_t n = 0;

	if (a->count) {
		for (size_t i = 0; i < n_spans; i++)
			n += spans[i].count;
		fprintf(f, "%zu\n", n);
		return 0;
	}
	if (a->format == FORMAT_SVG)
		return write_svg(f, a, map, spans, n_spans);
	if (list_cells(ctx, map, &a->q, spans, n_spans, &cells, &n) < 0)
		return -1;
	if (a->format == FORMAT_TABLE)
		list_table(f, cells, n);
	else if (a->format == FORMAT_CSV)
		list_csv(f, cells, n, a->identity);
	else if (a->format == FORMAT_JSON)
		list_json(f, cells, n);
	else
		list_geojson(f, &a->q, cells, n);
	return 0;
}

static void warn_absent(const struct arguments *a, const struct cellmap *map, const char *path)
{
	const struct cell_network *have;
	size_t n = cellmap_networks(map, &have);

	for (size_t i = 0; i < a->q.n_networks; i++) {
		bool found = false;

		for (size_t k = 0; k < n; k++)
			found |= have[k].mcc == a->networks[i].mcc && have[k].mnc == a->networks[i].mnc;
		if (!found)
			fprintf(stderr, "warning: %s: has no cell of network %u-%0*u\n", path,
				a->networks[i].mcc, OSMO_MIN(a->networks[i].mnc_digits, 3), a->networks[i].mnc);
	}
}

static int to_file(void *ctx, const struct arguments *a, const struct cellmap *map,
		   const struct cell_span *spans, size_t n, char *err, size_t err_len)
{
	struct outfile *out;
	FILE *f;
	int rc = outfile_open(ctx, a->output, &out, err, err_len);

	if (rc < 0)
		return rc;
	f = fdopen(dup(outfile_fd(out)), "w");
	OSMO_ASSERT(f);
	rc = write_cells(f, ctx, a, map, spans, n);
	if (fclose(f) && rc == 0) {
		snprintf(err, err_len, "%s: cannot be written; is the disk full?", a->output);
		return -1;
	}
	return rc == 0 ? outfile_commit(out, err, err_len) : rc;
}

static int query(void *ctx, struct arguments *a, const char *path)
{
	struct cell_polygon *polygon = NULL;
	struct cellmap *map;
	struct cell_span *spans;
	size_t n = 0;
	char err[1024];

	if (a->polygon && area_read_polygon(ctx, a->polygon, a->datum, &a->q, &polygon, err, sizeof(err)) < 0)
		return cmd_fail(err);
	if (cellmap_open(ctx, path, &map, err, sizeof(err)) < 0)
		return cmd_fail(err);
	snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again", path);
	if (area_query(ctx, map, &a->q, polygon, a->minus_m, &spans, &n) < 0)
		return cmd_fail(err);
	warn_absent(a, map, path);
	if (a->output ? to_file(ctx, a, map, spans, n, err, sizeof(err)) < 0
		      : write_cells(stdout, ctx, a, map, spans, n) < 0)
		return cmd_fail(err);
	return 0;
}

int cmd_query(int argc, char **argv)
{
	struct arguments a = {0};
	int rc = read_arguments(&a, argc, argv);
	void *ctx;

	if (rc)
		return rc;
	if (a.help) {
		fputs(help, stdout);
		return 0;
	}
	ctx = talloc_named_const(NULL, 0, "cellmap query");
	rc = query(ctx, &a, argv[optind]);
	talloc_free(ctx);
	return rc;
}

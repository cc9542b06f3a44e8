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
	"Usage: reunion cellmap query MAP AREA... [--minus AREA...] [OPTION]...\n"
	"The cells of one or more areas together, without those of the areas behind --minus, sorted by mcc, "
	"net,\n"
	"radio, area, cell. An AREA is --at LAT,LON --radius-km R or --polygon FILE.\n\n"
	"      --at LAT,LON       a circle's centre, in degrees, latitude first\n"
	"      --radius-km R      above 0 and at most 20037; one for all centres, or one for each in their "
	"order\n"
	"      --polygon FILE     points LAT,LON parted by white space, the last equal to the first\n"
	"      --minus            the areas that follow are taken away\n"
	"      --minus-radius-km R  without the cells of a smaller circle round each centre: a ring\n"
	"      --select NAME      coverage (default: distance - range <= radius) or site (distance <= "
	"radius)\n"
	"      --max-range-m M    longer ranges are cut to this (default 35000)\n"
	"      --networks LIST    only these, as 460-00,460-01\n"
	"      --radio LIST       only these of GSM,UMTS,LTE,NR,CDMA\n"
	"      --datum NAME       what --at and --polygon mean: wgs84 (default), gcj02 or bd09\n"
	"      --format NAME      table (default), csv, json, geojson or svg\n"
	"      --json             the same as --format json\n"
	"      --identity         csv has two more columns: network, and the cell's CGI, SAI, ECGI or NCGI\n"
	"      --count            one number: how many cells\n"
	"      --outline FILE     svg: the lines and polygons of a GeoJSON file underneath\n"
	"  -o, --output FILE      into a file instead of standard output\n\n"
	"Examples:\n"
	"  reunion cellmap query cells.map --at 39.9042,116.4074 --radius-km 100 --count\n"
	"  reunion cellmap query cells.map --at 39.9,116.4 --at 39.1,117.2 --radius-km 50 --minus --polygon "
	"sea.txt\n";

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, FORMAT_GEOJSON, FORMAT_SVG, FORMAT_N };

/* Circles and polygons as they are named, before --datum is known: of what is asked for, or taken away. */
struct named {
	const char *at[AREAS_MAX], *polygon[AREAS_MAX];
	double radius_m[AREAS_MAX];
	size_t n_at, n_radius, n_polygon;
};

struct arguments {
	struct cell_query q;
	struct cell_network networks[NETWORKS_MAX];
	enum geo_datum datum;
	enum format format;
	const char *output, *outline;
	struct named named[2]; /* [1]: behind --minus */
	struct areas areas;
	double inner_m; /* --minus-radius-km */
	bool minus, count, identity, help;
};

static int take_radius(const char *option, const char *value, double *m)
{
	if (!cmd_number(value, 0, 20037, m) || *m <= 0)
		return cmd_usage("query", "%s %s: is no number above 0 and at most 20037", option, value);
	*m *= 1000;
	return 0;
}

static int take_area(struct arguments *a, int c, const char *value)
{
	struct named *n = &a->named[a->minus];

	if (n->n_at == AREAS_MAX || n->n_radius == AREAS_MAX || n->n_polygon == AREAS_MAX)
		return cmd_usage("query", "more than %d areas", AREAS_MAX);
	if (c == 'r')
		return take_radius("--radius-km", value, &n->radius_m[n->n_radius++]);
	if (c == 'a')
		n->at[n->n_at++] = value;
	else
		n->polygon[n->n_polygon++] = value;
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

static int take_option(void *arguments, int c, const char *value)
{
	struct arguments *a = arguments;
	double v;
	int datum;

	switch (c) {
	case 'a':
	case 'r':
	case 'p':
		return take_area(a, c, value);
	case 'M':
		return take_radius("--minus-radius-km", value, &a->inner_m);
	case 'O':
		a->outline = value;
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
		a->minus |= c == '-';
		a->identity |= c == 'i';
		a->help |= c == 'h';
		return 0;
	}
}

/* Circles of one kind. */
static int add_circles(void *ctx, struct arguments *a, bool minus)
{
	const struct named *n = &a->named[minus];
	char err[256];

	for (size_t i = 0; i < n->n_at; i++) {
		double radius_m = n->radius_m[n->n_radius > 1 ? i : 0];
		struct cell_point p;

		if (!area_point(n->at[i], a->datum, &p, err, sizeof(err)))
			return cmd_usage("query", "--at %s: %s", n->at[i], err);
		if (!minus && a->inner_m >= radius_m)
			return cmd_usage("query", "--minus-radius-km is not below --radius-km");
		if (areas_circle(ctx, &a->areas, &p, radius_m, minus, err, sizeof(err)) < 0 ||
		    (!minus && a->inner_m > 0 &&
		     areas_circle(ctx, &a->areas, &p, a->inner_m, true, err, sizeof(err)) < 0))
			return cmd_usage("query", "%s", err);
	}
	return 0;
}

static int check_named(const struct arguments *a)
{
	for (int minus = 0; minus < 2; minus++) {
		const struct named *n = &a->named[minus];

		if (n->n_at && !n->n_radius)
			return cmd_usage("query", "--radius-km R is missing%s",
					 minus ? " behind --minus" : "");
		if (n->n_radius && !n->n_at)
			return cmd_usage("query", "--at LAT,LON is missing%s",
					 minus ? " behind --minus" : "");
		if (n->n_radius > 1 && n->n_radius != n->n_at)
			return cmd_usage("query",
					 "%zu centres and %zu radii: name one for all, or one for each",
					 n->n_at, n->n_radius);
	}
	if (a->named[0].n_at + a->named[0].n_polygon == 0)
		return cmd_usage("query", "--at LAT,LON is missing, or --polygon FILE");
	if (a->inner_m > 0 && !a->named[0].n_at)
		return cmd_usage("query", "--minus-radius-km: there is no circle to take it from");
	return 0;
}

static int add_polygons(void *ctx, struct arguments *a)
{
	char err[1024];

	for (int minus = 0; minus < 2; minus++)
		for (size_t i = 0; i < a->named[minus].n_polygon; i++)
			if (areas_polygon(ctx, &a->areas, a->named[minus].polygon[i], a->datum, minus, err,
					  sizeof(err)) < 0)
				return cmd_fail(err);
	return 0;
}

static int read_arguments(void *ctx, struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"at", 1, NULL, 'a'},       {"radius-km", 1, NULL, 'r'},   {"minus-radius-km", 1, NULL, 'M'},
		{"polygon", 1, NULL, 'p'},  {"max-range-m", 1, NULL, 'm'}, {"select", 1, NULL, 's'},
		{"networks", 1, NULL, 'n'}, {"radio", 1, NULL, 'R'},       {"format", 1, NULL, 'f'},
		{"datum", 1, NULL, 'd'},    {"output", 1, NULL, 'o'},      {"json", 0, NULL, 'j'},
		{"count", 0, NULL, 'c'},    {"identity", 0, NULL, 'i'},    {"minus", 0, NULL, '-'},
		{"outline", 1, NULL, 'O'},  {"help", 0, NULL, 'h'},        {0}};
	int rc;

	rc = cmd_options("query", argc, argv, options, take_option, a);
	if (rc)
		return rc;
	if (a->help)
		return 0;
	if (argc - optind != 1)
		return cmd_usage("query", "name one MAP; see reunion cellmap query --help");
	rc = check_named(a);
	rc = rc ? rc : add_circles(ctx, a, false);
	return rc ? rc : add_circles(ctx, a, true);
}

/* Rings when all circles have one centre, else borders. */
static int write_svg(FILE *f, const struct arguments *a, const struct outline *land,
		     const struct cellmap *map, const struct cell_span *spans, size_t n)
{
	const struct area *first = &a->areas.area[0];
	const struct svg_ring rings[] = {{.radius_m = first->radius_m}, {.radius_m = a->inner_m}};
	bool ring = a->areas.n == (a->inner_m > 0 ? 2u : 1u) && !first->polygon;
	char title[160];
	struct cell_point middle = {first->lat, first->lon};
	struct svg_picture picture = {.title = title, .land = land, .map = map, .spans = spans, .n_spans = n};

	if (ring) {
		picture.rings = rings;
		picture.n_rings = a->areas.n;
	} else {
		outline_reach(a->areas.borders, &middle, &picture.reach_m);
		picture.borders = a->areas.borders;
	}
	picture.lat = middle.lat;
	picture.lon = middle.lon;
	if (ring)
		snprintf(title, sizeof(title), "%.5f, %.5f, %g km, %s", middle.lat, middle.lon,
			 first->radius_m / 1000, a->q.select == SELECT_SITE ? "site" : "coverage");
	else
		snprintf(title, sizeof(title), "%zu areas round %.5f, %.5f, %s", a->areas.n, middle.lat,
			 middle.lon, a->q.select == SELECT_SITE ? "site" : "coverage");
	return svg_write(f, &picture);
}

/* What cells are measured from: the middles of what is asked for. */
static size_t centres(const struct arguments *a, struct cell_point *points)
{
	size_t n = 0;

	for (size_t i = 0; i < a->areas.n; i++)
		if (!a->areas.area[i].without)
			points[n++] = (struct cell_point){a->areas.area[i].lat, a->areas.area[i].lon};
	return n;
}

static int write_cells(FILE *f, void *ctx, const struct arguments *a, const struct outline *land,
		       const struct cellmap *map, const struct cell_span *spans, size_t n_spans)
{
	struct cell_point points[AREAS_MAX];
	struct listed *cells;
	size_t n = 0;

	if (a->count) {
		for (size_t i = 0; i < n_spans; i++)
			n += spans[i].count;
		fprintf(f, "%zu\n", n);
		return 0;
	}
	if (a->format == FORMAT_SVG)
		return write_svg(f, a, land, map, spans, n_spans);
	if (list_cells(ctx, map, &a->q, points, centres(a, points), spans, n_spans, &cells, &n) < 0)
		return -1;
	if (a->format == FORMAT_TABLE)
		list_table(f, cells, n);
	else if (a->format == FORMAT_CSV)
		list_csv(f, cells, n, a->identity);
	else if (a->format == FORMAT_JSON)
		list_json(f, cells, n);
	else
		list_geojson(f, a->areas.borders, cells, n);
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
				a->networks[i].mcc, OSMO_MIN(a->networks[i].mnc_digits, 3),
				a->networks[i].mnc);
	}
}

static int to_file(void *ctx, const struct arguments *a, const struct outline *land,
		   const struct cellmap *map, const struct cell_span *spans, size_t n, char *err,
		   size_t err_len)
{
	struct outfile *out;
	FILE *f;
	int rc = outfile_open(ctx, a->output, &out, err, err_len);

	if (rc < 0)
		return rc;
	f = fdopen(dup(outfile_fd(out)), "w");
	OSMO_ASSERT(f);
	rc = write_cells(f, ctx, a, land, map, spans, n);
	if (fclose(f) && rc == 0) {
		snprintf(err, err_len, "%s: cannot be written; is the disk full?", a->output);
		return -1;
	}
	return rc == 0 ? outfile_commit(out, err, err_len) : rc;
}

static int check_output(const struct arguments *a, const char *map, char *err, size_t err_len)
{
	int rc = outfile_not(a->output, map, err, err_len);

	if (rc == 0 && a->outline)
		rc = outfile_not(a->output, a->outline, err, err_len);
	for (int minus = 0; minus < 2; minus++)
		for (size_t i = 0; i < a->named[minus].n_polygon && rc == 0; i++)
			rc = outfile_not(a->output, a->named[minus].polygon[i], err, err_len);
	return rc;
}

static int query(void *ctx, struct arguments *a, const char *path)
{
	struct outline *land = a->outline ? outline_new(ctx) : NULL;
	struct cellmap *map;
	struct cell_span *spans;
	size_t n = 0;
	char err[1024];

	if (a->output && check_output(a, path, err, sizeof(err)) < 0)
		return cmd_fail(err);
	if (add_polygons(ctx, a))
		return 1;
	if (land && outline_read(land, a->outline, err, sizeof(err)) < 0)
		return cmd_fail(err);
	if (cellmap_open(ctx, path, &map, err, sizeof(err)) < 0)
		return cmd_fail(err);
	snprintf(err, sizeof(err), "%s: is damaged (a block's checksum is wrong); build it again", path);
	if (areas_query(ctx, map, &a->q, &a->areas, &spans, &n) < 0)
		return cmd_fail(err);
	warn_absent(a, map, path);
	if (a->output ? to_file(ctx, a, land, map, spans, n, err, sizeof(err)) < 0
		      : write_cells(stdout, ctx, a, land, map, spans, n) < 0)
		return cmd_fail(err);
	return 0;
}

int cmd_query(int argc, char **argv)
{
	void *ctx = talloc_named_const(NULL, 0, "cellmap query");
	struct arguments *a = talloc_zero(ctx, struct arguments);
	int rc;

	OSMO_ASSERT(a);
	rc = read_arguments(ctx, a, argc, argv);
	if (rc == 0 && a->help)
		fputs(help, stdout);
	else if (rc == 0)
		rc = query(ctx, a, argv[optind]);
	talloc_free(ctx);
	return rc;
}

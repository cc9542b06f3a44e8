#include "cellmap/build.h"
#include "cellmap/cmdutil.h"
#include "cellmap/moved.h"
#include "cellmap/outfile.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: reunion cellmap build -o MAP [OPTION]... CSV...\n"
	"Makes a cell map from cell-site tables: CSV or GeoJSON points (also .gz; - is standard input).\n\n"
	"  -o, --output MAP      the map; a regular file of that name is replaced when all went well\n"
	"      --format NAME     opencellid (the default: 14 columns, or what the header names)\n"
	"      --columns LIST    "
	"radio=1,mcc=2,net=3,area=4,cell=5,lon=7,lat=8[,range=9,samples=10,updated=13]\n"
	"                        for other tables: NAME=NUMBER, NAME=COLUMN (as the first line, or "
	"GeoJSON's\n"
	"                        properties, call it), NAME:VALUE for all rows, as radio:LTE,mcc:505\n"
	"      --datum NAME      wgs84 (default), gcj02 or bd09: what the tables' positions mean\n"
	"      --prefer CSV      one more table, whose rows win over the others' (the carrier's own)\n"
	"      --prefer-columns LIST, --prefer-datum NAME\n"
	"                        for these tables, when they differ from the others\n"
	"      --rejects FILE    a line LINE,REASON,TABLE per dropped row\n"
	"      --strict N        make no map when more than N of 1000 rows of a table are dropped (0: any)\n"
	"      --moved-km X      a replaced map is compared: warn of cells that moved farther (default 10)\n"
	"      --threads N       parser threads (default: one per core)\n"
	"      --json            the report for programs\n\n"
	"Of two rows with one key the newer `updated` wins, then more `samples`, then the later row.\n\n"
	"Example: reunion cellmap build -o cells.map --rejects bad.csv 460.csv.gz\n";

struct arguments {
	const char *output, *rejects;
	const char *columns, *prefer_columns;
	enum geo_datum datum, prefer_datum;
	bool has_prefer_datum;
	const char *prefer[16];
	size_t n_prefer;
	struct cellmap_build_options options;
	double moved_m;
	bool json, help;
};

static int take_datum(const char *option, const char *value, enum geo_datum *to)
{
	int datum = geo_datum_parse(value);

	*to = (enum geo_datum)datum;
	return datum < 0 ? cmd_usage("build", "%s %s: is none of wgs84, gcj02, bd09", option, value) : 0;
}

static int take_option(void *arguments, int c, const char *value)
{
	struct arguments *a = arguments;
	uint64_t n = 0;

	switch (c) {
	case 'o':
		a->output = value;
		return 0;
	case 'f':
		return strcmp(value, "opencellid")
			       ? cmd_usage("build", "--format %s: only opencellid is known; use --columns",
					   value)
			       : 0;
	case 'c':
		a->columns = value;
		return 0;
	case 'd':
		return take_datum("--datum", value, &a->datum);
	case 'D':
		a->has_prefer_datum = true;
		return take_datum("--prefer-datum", value, &a->prefer_datum);
	case 'C':
		a->prefer_columns = value;
		return 0;
	case 'p':
		if (a->n_prefer == 16)
			return cmd_usage("build", "--prefer %s: at most 16 preferred tables", value);
		a->prefer[a->n_prefer++] = value;
		return 0;
	case 'r':
		a->rejects = value;
		return 0;
	case 's':
		if (!cmd_unsigned(value, 1000, &n))
			return cmd_usage("build", "--strict %s: is no number from 0 to 1000", value);
		a->options.strict = true;
		a->options.permille = (uint32_t)n;
		return 0;
	case 't':
		if (!cmd_unsigned(value, 1000, &n) || n == 0)
			return cmd_usage("build", "--threads %s: is no number from 1 to 1000", value);
		a->options.threads = (unsigned int)n;
		return 0;
	case 'm':
		if (!cmd_number(value, 0, 20037, &a->moved_m))
			return cmd_usage("build", "--moved-km %s: is no number from 0 to 20037", value);
		a->moved_m *= 1000;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	default:
		a->help = true;
		return 0;
	}
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"output", 1, NULL, 'o'},         {"format", 1, NULL, 'f'},
		{"columns", 1, NULL, 'c'},        {"datum", 1, NULL, 'd'},
		{"rejects", 1, NULL, 'r'},        {"strict", 1, NULL, 's'},
		{"threads", 1, NULL, 't'},        {"json", 0, NULL, 'j'},
		{"prefer", 1, NULL, 'p'},         {"moved-km", 1, NULL, 'm'},
		{"prefer-columns", 1, NULL, 'C'}, {"prefer-datum", 1, NULL, 'D'},
		{"help", 0, NULL, 'h'},           {0}};
	struct csv_layout layout = {0};
	char err[256];
	int rc;

	rc = cmd_options("build", argc, argv, options, take_option, a);
	if (rc)
		return rc;
	if (a->help)
		return 0;
	if (!a->output)
		return cmd_usage("build", "-o MAP is missing; see reunion cellmap build --help");
	if (optind == argc && a->n_prefer == 0)
		return cmd_usage("build", "name at least one table (- is standard input)");
	if (a->columns && csv_layout_parse(&layout, a->columns, err, sizeof(err)) < 0)
		return cmd_usage("build", "--%s", err);
	layout = (struct csv_layout){0};
	if (a->prefer_columns && csv_layout_parse(&layout, a->prefer_columns, err, sizeof(err)) < 0)
		return cmd_usage("build", "--prefer-%s", err);
	return 0;
}

static void print_json(const struct cellmap_report *r)
{
	const char *comma = "";

	printf("{\"rows_read\":%" PRIu64 ",\"kept\":%" PRIu64 ",\"merged\":%" PRIu64 ",\"dropped\":{",
	       r->rows_read, r->kept, r->merged);
	for (int i = 0; i < CSV_RESULTS; i++)
		if (r->dropped[i]) {
			printf("%s\"%s\":%" PRIu64, comma, csv_result_name(i), r->dropped[i]);
			comma = ",";
		}
	printf("},\"not_addressable\":{\"cell_not_positive\":%" PRIu64 ",\"gsm_ci_too_large\":%" PRIu64 "},"
	       "\"networks\":%u,\"octets\":%" PRIu64 "}\n",
	       r->cell_not_positive, r->gsm_ci_too_large, r->networks, r->octets);
}

static void print_text(const struct cellmap_report *r, const char *output)
{
	printf("rows read        %12" PRIu64 "\nkept             %12" PRIu64 "\nmerged duplicates%12" PRIu64
	       "\ndropped          %12" PRIu64 "\n",
	       r->rows_read, r->kept, r->merged, cellmap_report_dropped(r));
	for (int i = 0; i < CSV_RESULTS; i++)
		if (r->dropped[i])
			printf("  %-24s%8" PRIu64 "\n", csv_result_name(i), r->dropped[i]);
	printf("%s: %" PRIu64 " cells of %u networks, %" PRIu64 " octets\n", output, r->kept, r->networks,
	       r->octets);
}

/* On stderr, also with --json: who builds a map by hand must not overlook them. */
static void warn(const struct cellmap_report *r, const char *output)
{
	if (r->cell_not_positive)
		fprintf(stderr,
			"warning: %s: %" PRIu64
			" cells with an id <= 0 have a position but are never addressed\n",
			output, r->cell_not_positive);
	if (r->dropped[CSV_POSITION_DECIMAL_COMMA])
		fprintf(stderr,
			"warning: %s: %" PRIu64
			" rows have a decimal comma; write positions with a decimal point\n",
			output, r->dropped[CSV_POSITION_DECIMAL_COMMA]);
	if (r->gsm_ci_too_large)
		fprintf(stderr,
			"warning: %s: %" PRIu64
			" GSM cells with CI > 65535 have a position but are never addressed\n",
			output, r->gsm_ci_too_large);
}

static void warn_moved(const struct cellmap *old, const char *output, double limit_m)
{
	struct cellmap *map;
	struct moved m;
	char text[256];

	if (!old || cellmap_open(NULL, output, &map, text, sizeof(text)) < 0)
		return;
	if (moved_compare(old, map, limit_m, &m) == 0 && moved_text(map, &m, limit_m, text, sizeof(text)))
		fprintf(stderr, "warning: %s: %s\n", output, text);
	cellmap_close(map);
}

static int build(struct arguments *a, char *const *paths, size_t n_paths, FILE *rejects,
		 struct cellmap_report *report, char *err, size_t err_len)
{
	struct cellmap_table *tables = talloc_zero_array(NULL, struct cellmap_table, n_paths + a->n_prefer);
	struct progress progress;
	int rc;

	OSMO_ASSERT(tables);
	for (size_t i = 0; i < n_paths; i++)
		tables[i] =
			(struct cellmap_table){.path = paths[i], .columns = a->columns, .datum = a->datum};
	for (size_t i = 0; i < a->n_prefer; i++)
		tables[n_paths + i] =
			(struct cellmap_table){.path = a->prefer[i],
					       .columns = a->prefer_columns ? a->prefer_columns : a->columns,
					       .datum = a->has_prefer_datum ? a->prefer_datum : a->datum,
					       .priority = 1};
	progress_start(&progress);
	a->options.rejects = rejects;
	a->options.progress = progress_show;
	a->options.progress_arg = &progress;
	rc = cellmap_build(a->output, tables, n_paths + a->n_prefer, &a->options, report, err, err_len);
	progress_end(&progress);
	talloc_free(tables);
	return rc;
}

/* The rejects are wanted most when no map came about, so they are kept in either case. */
static int build_with_rejects(struct arguments *a, char *const *paths, size_t n_paths,
			      struct cellmap_report *report, char *err, size_t err_len)
{
	struct outfile *out;
	FILE *f;
	char ignored[512];
	int rc = outfile_open(NULL, a->rejects, &out, err, err_len), rejects_rc;

	if (rc < 0)
		return rc;
	f = fdopen(dup(outfile_fd(out)), "w");
	OSMO_ASSERT(f);
	rc = build(a, paths, n_paths, f, report, err, err_len);
	if (fclose(f)) {
		talloc_free(out);
		if (rc == 0)
			snprintf(err, err_len, "%s: cannot be written; the map is made", a->rejects);
		return -1;
	}
	rejects_rc = outfile_commit(out, rc ? ignored : err, rc ? sizeof(ignored) : err_len);
	return rc ? rc : rejects_rc;
}

/* None of the outputs may be one of the inputs, or each other. */
static int check_outputs(const struct arguments *a, char *const *paths, size_t n_paths, char *err,
			 size_t err_len)
{
	const char *const outputs[] = {a->output, a->rejects};
	int rc = 0;

	for (size_t o = 0; o < 2 && outputs[o] && rc == 0; o++) {
		for (size_t i = 0; i < n_paths && rc == 0; i++)
			rc = outfile_not(outputs[o], paths[i], err, err_len);
		for (size_t i = 0; i < a->n_prefer && rc == 0; i++)
			rc = outfile_not(outputs[o], a->prefer[i], err, err_len);
	}
	if (rc == 0 && a->rejects && outfile_same(a->output, a->rejects)) {
		snprintf(err, err_len, "%s: cannot be the map and the rejects; name another output",
			 a->output);
		rc = -EINVAL;
	}
	return rc;
}

int cmd_build(int argc, char **argv)
{
	struct arguments a = {.moved_m = MOVED_KM * 1000};
	struct cellmap_report report;
	struct cellmap *old = NULL;
	char err[1024];
	int rc = read_arguments(&a, argc, argv);

	if (rc)
		return rc;
	if (a.help) {
		fputs(help, stdout);
		return 0;
	}
	rc = check_outputs(&a, argv + optind, (size_t)(argc - optind), err, sizeof(err));
	if (rc < 0)
		return cmd_fail(err);
	if (cellmap_open(NULL, a.output, &old, err, sizeof(err)) < 0)
		old = NULL; /* nothing to compare with */
	if (a.rejects)
		rc = build_with_rejects(&a, argv + optind, (size_t)(argc - optind), &report, err,
					sizeof(err));
	else
		rc = build(&a, argv + optind, (size_t)(argc - optind), NULL, &report, err, sizeof(err));
	if (rc < 0) {
		cellmap_close(old);
		return cmd_fail(err);
	}
	if (a.json)
		print_json(&report);
	else
		print_text(&report, a.output);
	warn(&report, a.output);
	warn_moved(old, a.output, a.moved_m);
	cellmap_close(old);
	return 0;
}

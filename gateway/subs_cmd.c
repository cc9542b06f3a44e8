#include "gateway/cmd.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/outfile.h"
#include "cellmap/table.h"
#include "gateway/subs_build.h"
#include "gateway/subs_synth.h"

#define READ_OCTETS (1 << 20)
#define ROW_MAX     4096 /* octets of a row; nothing of use is longer */
#define BAR_WIDTH   30

static const char usage_text[] =
	"usage: reunion subscribers build -o SUBS --map MAP [--json] CSV...\n"
	"       reunion subscribers synth --map MAP --count N --seed S [--networks N,...]\n"
	"                                  [--at LAT,LON --radius-km R] [-o FILE]\n"
	"\n"
	"build  makes the list of opted-in residents that alerts go to, from rows\n"
	"       msisdn,radio,mcc,net,area,cell (header optional; .gz and - for standard input too)\n"
	"synth  makes such rows for trials, spread over the cells of a map\n"
	"\n"
	"  -o, --output FILE   where to write; nothing half-written is ever left there\n"
	"  -m, --map MAP       the cell map (reunion cellmap build)\n"
	"  -n, --count N       how many numbers (synth)\n"
	"  -s, --seed S        the same seed gives the same octets (synth)\n"
	"      --networks LIST only cells of these, such as 460-00,460-01 (synth)\n"
	"      --at LAT,LON    only cells of this circle, with --radius-km R (synth)\n"
	"      --json          the sums as JSON\n"
	"\n"
	"examples:\n"
	"  reunion subscribers build -o cm.subs --map cells.map residents.csv.gz\n"
	"  reunion subscribers synth --map cells.map --count 100000 --seed 1 | \\\n"
	"      reunion subscribers build -o trial.subs --map cells.map -\n";

struct options {
	const char *output, *map, *networks;
	uint64_t count, seed;
	double lat, lon, radius_km;
	bool at, has_count, has_seed, json, help;
};

static int usage(const char *what)
{
	fprintf(stderr, "reunion subscribers: %s; see reunion subscribers --help\n", what);
	return 2;
}

static int failure(const char *what)
{
	fprintf(stderr, "reunion subscribers: %s\n", what);
	return 1;
}

static bool parse_u64(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool parse_at(const char *text, struct options *o)
{
	int end = -1;

	o->at = sscanf(text, "%lf,%lf%n", &o->lat, &o->lon, &end) == 2 && text[end] == '\0';
	return o->at;
}

static bool parse_km(const char *text, double *km)
{
	char *end;

	*km = strtod(text, &end);
	return end != text && *end == '\0' && *km > 0;
}

/* NULL, or what is wrong. */
static const char *take_option(int c, struct options *o)
{
	switch (c) {
	case 'o':
		o->output = optarg;
		return NULL;
	case 'm':
		o->map = optarg;
		return NULL;
	case 'N':
		o->networks = optarg;
		return NULL;
	case 'j':
		o->json = true;
		return NULL;
	case 'h':
		o->help = true;
		return NULL;
	case 'a':
		return parse_at(optarg, o) ? NULL : "--at wants LAT,LON such as 39.9042,116.4074";
	case 'r':
		return parse_km(optarg, &o->radius_km) ? NULL : "--radius-km wants a number above 0";
	case 'n':
		return (o->has_count = parse_u64(optarg, &o->count)) ? NULL : "--count wants a whole number";
	case 's':
		return (o->has_seed = parse_u64(optarg, &o->seed)) ? NULL : "--seed wants a whole number";
	default:
		return "wrong option";
	}
}

static const char *parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"output", required_argument, NULL, 'o'},   {"map", required_argument, NULL, 'm'},
		{"count", required_argument, NULL, 'n'},    {"seed", required_argument, NULL, 's'},
		{"networks", required_argument, NULL, 'N'}, {"json", no_argument, NULL, 'j'},
		{"at", required_argument, NULL, 'a'},       {"radius-km", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},           {0},
	};
	const char *fault = NULL;
	int c;

	optind = 0;
	while (!fault && (c = getopt_long(argc, argv, "o:m:n:s:h", longs, NULL)) != -1)
		fault = take_option(c, o);
	if (!fault && o->at != (o->radius_km > 0))
		fault = "--at and --radius-km belong together";
	return fault;
}

/* --- progress, on a terminal only --- */
static void bar(const char *what, uint64_t done, uint64_t all)
{
	int width = all ? (int)(done * BAR_WIDTH / all) : 0;

	if (!isatty(STDERR_FILENO))
		return;
	width = width > BAR_WIDTH ? BAR_WIDTH : width;
	if (all)
		fprintf(stderr, "\r%.40s [%.*s%*s] %3u %%", what, width, "##############################",
			BAR_WIDTH - width, "", (unsigned int)(done * 100 / all));
	else
		fprintf(stderr, "\r%.40s %" PRIu64 " octets", what, done);
}

static void bar_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* --- build --- */
struct build {
	struct subs_builder *builder;
	uint64_t rows[SUBS_ROWS], read;
	char *buf;
	char err[512];
};

static int take_line(struct build *b, const char *line, size_t len, bool first)
{
	struct cell_id id = {0};
	uint64_t number = 0;
	enum subs_row r = len > ROW_MAX ? SUBS_ROW_COLUMNS : subs_row_parse(line, len, first, &number, &id);
	int rc = 0;

	if (r == SUBS_ROW_BLANK)
		return 0;
	b->read++;
	b->rows[r]++;
	if (r == SUBS_ROW_KEPT)
		rc = subs_builder_add(b->builder, number, &id);
	if (rc == -E2BIG)
		snprintf(b->err, sizeof(b->err), "more rows than one file holds");
	else if (rc < 0)
		snprintf(b->err, sizeof(b->err),
			 "the cell map is damaged; build it anew with reunion cellmap build");
	return rc;
}

static int take_lines(struct build *b, size_t len, bool *first)
{
	for (const char *line = b->buf, *end = b->buf + len; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);
		int rc = take_line(b, line, n, *first);

		if (rc < 0)
			return rc;
		*first = *first && n == 0; /* a header may follow blank lines only */
		line += n + 1;
	}
	return 0;
}

static int read_table(struct build *b, const char *path)
{
	struct table *t;
	bool first = true;
	size_t len;
	int rc = table_open(b->builder, path, &t, b->err, sizeof(b->err));

	if (rc < 0)
		return rc;
	while ((rc = table_read(t, b->buf, READ_OCTETS, &len, b->err, sizeof(b->err))) == 0 && len > 0) {
		rc = take_lines(b, len, &first);
		if (rc < 0)
			break;
		bar(path, table_position(t), table_size(t));
	}
	bar_end();
	talloc_free(t);
	return rc;
}

static uint64_t dropped(const struct build *b)
{
	return b->read - b->rows[SUBS_ROW_KEPT];
}

static void report_json(const struct build *b, const struct subs_build_sums *s)
{
	json_t *drop = json_object(), *j;
	char *text;

	for (int r = SUBS_ROW_COLUMNS; r < SUBS_ROWS; r++)
		if (b->rows[r])
			json_object_set_new(drop, subs_row_name(r), json_integer((json_int_t)b->rows[r]));
	j = json_pack("{s:I s:I s:I s:o s:I s:I s:I s:I s:I}", "rows_read", (json_int_t)b->read, "kept",
		      (json_int_t)(b->rows[SUBS_ROW_KEPT] - s->same), "merged", (json_int_t)s->same,
		      "dropped", drop, "numbers", (json_int_t)s->numbers, "in_several_cells",
		      (json_int_t)s->in_several_cells, "unresolved", (json_int_t)s->unresolved, "cells",
		      (json_int_t)s->cells, "unknown_cells", (json_int_t)s->unknown_cells);
	text = json_dumps(j, JSON_COMPACT);
	puts(text);
	free(text);
	json_decref(j);
}

static void report_text(const struct build *b, const struct subs_build_sums *s)
{
	printf("rows read         %12" PRIu64 "\n", b->read);
	printf("kept              %12" PRIu64 "\n", b->rows[SUBS_ROW_KEPT] - s->same);
	printf("merged            %12" PRIu64 "  (the same number in the same cell)\n", s->same);
	printf("dropped           %12" PRIu64 "\n", dropped(b));
	for (int r = SUBS_ROW_COLUMNS; r < SUBS_ROWS; r++)
		if (b->rows[r])
			printf("  %-15s %12" PRIu64 "\n", subs_row_name(r), b->rows[r]);
	printf("numbers           %12" PRIu64 "\n", s->numbers);
	printf("  in several cells%12" PRIu64 "\n", s->in_several_cells);
	printf("  unresolved      %12" PRIu64 "\n", s->unresolved);
	printf("cells             %12" PRIu64 "\n", s->cells);
}

static int build_all(struct build *b, const struct options *o, int n, char **files)
{
	struct subs_build_sums sums;
	int rc = outfile_not(o->output, o->map, b->err, sizeof(b->err));

	for (int i = 0; i < n && rc == 0; i++)
		rc = outfile_not(o->output, files[i], b->err, sizeof(b->err));
	if (rc < 0)
		return failure(b->err);
	for (int i = 0; i < n; i++)
		if (read_table(b, files[i]) < 0)
			return failure(b->err);
	if (b->rows[SUBS_ROW_KEPT] == 0) {
		snprintf(b->err, sizeof(b->err),
			 "%s: no row could be used; expected msisdn,radio,mcc,net,area,cell", files[0]);
		return failure(b->err);
	}
	if (subs_builder_write(b->builder, o->output, &sums, b->err, sizeof(b->err)) < 0)
		return failure(b->err);
	if (o->json)
		report_json(b, &sums);
	else
		report_text(b, &sums);
	if (sums.unresolved)
		fprintf(stderr,
			"warning: %" PRIu64 " of %" PRIu64
			" numbers stand in no cell of %s; they will get no SMS\n",
			sums.unresolved, sums.numbers, o->map);
	return 0;
}

static int open_map(void *ctx, const char *path, struct cellmap **map)
{
	char err[512] = "";

	if (cellmap_open(ctx, path, map, err, sizeof(err)) == 0)
		return 0;
	return failure(err);
}

static int build_cmd(void *ctx, const struct options *o, int n, char **files)
{
	struct build b = {0};
	struct cellmap *map;

	if (!o->output || !o->map || n == 0)
		return usage("build wants -o SUBS, --map MAP and at least one CSV");
	if (open_map(ctx, o->map, &map))
		return 1;
	b.builder = subs_builder_new(ctx, map);
	b.buf = talloc_size(ctx, READ_OCTETS);
	OSMO_ASSERT(b.buf);
	return build_all(&b, o, n, files);
}

/* --- synth --- */
struct synth_out {
	struct outfile *file; /* NULL: standard output */
	uint64_t rows, count;
	char *buf;
	size_t used;
	char err[512];
};

static int synth_flush(struct synth_out *out)
{
	size_t n = out->used;

	out->used = 0;
	if (out->file)
		return outfile_write(out->file, out->buf, n, -1, out->err, sizeof(out->err));
	if (fwrite(out->buf, 1, n, stdout) == n && fflush(stdout) == 0)
		return 0;
	snprintf(out->err, sizeof(out->err), "standard output cannot be written: %s", strerror(errno));
	return -EIO;
}

static int synth_row(void *arg, const char *text, size_t len)
{
	struct synth_out *out = arg;
	int rc = 0;

	if (out->used + len + 1 > READ_OCTETS)
		rc = synth_flush(out);
	memcpy(out->buf + out->used, text, len);
	out->used += len;
	out->buf[out->used++] = '\n';
	if (out->file && ++out->rows % 65536 == 0)
		bar("rows", out->rows, out->count + out->count * 3 / 100);
	return rc;
}

static int parse_networks(void *ctx, const char *text, struct subs_synth *s)
{
	char *copy = talloc_strdup(ctx, text), *save = NULL;
	struct cell_network *list = NULL;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		uint8_t digits;

		list = talloc_realloc(ctx, list, struct cell_network, s->n_networks + 1);
		OSMO_ASSERT(list);
		if (cell_network_parse(word, &list[s->n_networks].mcc, &list[s->n_networks].mnc, &digits) < 0)
			return usage("--networks wants a list such as 460-00,460-01");
		s->n_networks++;
	}
	s->networks = list;
	return s->n_networks ? 0 : usage("--networks wants a list such as 460-00,460-01");
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Only the cells of a circle. */
static int choose_cells(void *ctx, const struct options *o, struct subs_synth *s)
{
	struct cell_query q = {.lat = o->lat,
			       .lon = o->lon,
			       .radius_m = o->radius_km * 1000,
			       .select = SELECT_SITE,
			       .networks = s->networks,
			       .n_networks = s->n_networks};
	struct cell_hit *hits;
	uint32_t *cells;
	size_t n;
	int rc = cellmap_nearest(ctx, s->map, &q, &hits, &n);

	if (rc < 0)
		return failure(rc == -EINVAL ? "the circle is not one on the earth"
					     : "the cell map is damaged; build it anew");
	cells = talloc_array(ctx, uint32_t, n + 1);
	OSMO_ASSERT(cells);
	for (size_t i = 0; i < n; i++)
		cells[i] = hits[i].index;
	qsort(cells, n, sizeof(*cells), by_number);
	s->cells = cells;
	s->n_cells = n;
	return 0;
}

static int synth_run(struct synth_out *out, const struct options *o, const struct subs_synth *s)
{
	int rc = o->output ? outfile_not(o->output, o->map, out->err, sizeof(out->err)) : 0;

	if (rc == 0 && o->output)
		rc = outfile_open(out->buf, o->output, &out->file, out->err, sizeof(out->err));
	if (rc < 0)
		return failure(out->err);
	rc = synth_row(out, "msisdn,radio,mcc,net,area,cell", 30);
	if (rc == 0)
		rc = subs_synth_rows(s, synth_row, out);
	if (rc == 0)
		rc = synth_flush(out);
	bar_end();
	if (rc == -ENOENT)
		snprintf(out->err, sizeof(out->err), "%s: has no addressable cell%s", o->map,
			 s->networks || s->cells ? " there" : "");
	if (rc == -E2BIG)
		snprintf(out->err, sizeof(out->err), "--count is larger than the numbers of a country");
	if (rc == -EBADMSG)
		snprintf(out->err, sizeof(out->err),
			 "%s: is damaged; build it anew with reunion cellmap build", o->map);
	if (rc == 0 && out->file)
		rc = outfile_commit(out->file, out->err, sizeof(out->err));
	return rc < 0 ? failure(out->err) : 0;
}

static int synth_cmd(void *ctx, const struct options *o, int n)
{
	struct subs_synth s = {.count = o->count, .seed = o->seed};
	struct synth_out out = {.count = o->count};
	struct cellmap *map;
	int rc;

	if (!o->map || !o->has_count || !o->has_seed || n > 0)
		return usage("synth wants --map MAP, --count N and --seed S");
	rc = o->networks ? parse_networks(ctx, o->networks, &s) : 0;
	if (rc)
		return rc;
	if (open_map(ctx, o->map, &map))
		return 1;
	s.map = map;
	if (o->at && choose_cells(ctx, o, &s))
		return 1;
	out.buf = talloc_size(ctx, READ_OCTETS);
	OSMO_ASSERT(out.buf);
	return synth_run(&out, o, &s);
}

int subscribers_cmd(int argc, char **argv)
{
	struct options o = {0};
	const char *sub = argc > 0 ? argv[0] : "", *fault;
	void *ctx;
	int rc;

	if (!strcmp(sub, "--help") || !strcmp(sub, "-h") || !strcmp(sub, "help")) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (strcmp(sub, "build") && strcmp(sub, "synth"))
		return usage("expected build or synth");
	fault = parse_options(argc, argv, &o);
	if (fault)
		return usage(fault);
	if (o.help) {
		fputs(usage_text, stdout);
		return 0;
	}
	ctx = talloc_named_const(NULL, 0, "subscribers");
	if (!strcmp(sub, "build"))
		rc = build_cmd(ctx, &o, argc - optind, argv + optind);
	else
		rc = synth_cmd(ctx, &o, argc - optind);
	talloc_free(ctx);
	return rc;
}

#include "cellmap/load.h"
#include "cellmap/csvquick.h"
#include "cellmap/parallel.h"
#include "cellmap/table.h"
#include <errno.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (1 << 18)
#define BATCH 32 /* rows parsed at a time */

struct reject {
	uint32_t line; /* within the chunk, from 0 */
	enum csv_result reason;
};

/* A piece of a table: a thread reads, parses and adds one after another in the same memory. */
struct chunk {
	uint64_t number;
	char text[CHUNK + CSV_QUICK_PAD];
	size_t len;
	struct row *rows;
	uint32_t *hashes;
	size_t n_rows, rows_size;
	struct reject *rejects;
	size_t n_rejects, rejects_size;
	uint32_t lines;
};

struct loader {
	struct rows *rows;
	const struct cellmap_build_options *options;
	struct cellmap_report *report;
	const char *path;
	struct table *table;
	struct csv_layout layout;
	bool columns_given, points;
	pthread_mutex_t reading; /* of table, taken, ended, err; of layout until there is a first chunk */
	uint64_t taken;          /* chunks */
	int ended;               /* 1, or -errno: no more is read */
	char *err;
	size_t err_len;
	pthread_mutex_t adding; /* of rows, report, lines, added */
	pthread_cond_t turn;
	uint64_t lines, added; /* so far; added: chunks */
};

static void *grown(void *p, size_t *size, size_t each)
{
	*size = *size ? *size * 2 : 1024;
	p = realloc(p, *size * each);
	OSMO_ASSERT(p);
	return p;
}

static void make_room(struct chunk *c)
{
	size_t size = c->rows_size;

	if (c->n_rows + BATCH <= c->rows_size)
		return;
	c->hashes = grown(c->hashes, &size, sizeof(*c->hashes));
	c->rows = grown(c->rows, &c->rows_size, sizeof(*c->rows));
}

static void keep(struct chunk *c, const struct csv_row *row)
{
	row_pack(row, &c->rows[c->n_rows]);
	c->hashes[c->n_rows] = row_hash(&c->rows[c->n_rows]);
	c->n_rows++;
}

/* Returns what follows the line. */
static const char *parse_line(const struct csv_layout *layout, const char *line, const char *end,
			      struct chunk *c)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	struct csv_row row;
	enum csv_result r;

	newline = newline ? newline : end;
	r = csv_parse(layout, line, (size_t)(newline - line), &row);
	if (r == CSV_OK) {
		keep(c, &row);
	} else if (r != CSV_BLANK && r != CSV_HEADER) {
		if (c->n_rejects == c->rejects_size)
			c->rejects = grown(c->rejects, &c->rejects_size, sizeof(*c->rejects));
		c->rejects[c->n_rejects++] = (struct reject){c->lines, r};
	}
	c->lines++;
	return newline + 1;
}

static void parse_chunk(const struct csv_layout *layout, struct chunk *c)
{
	const char *p = c->text, *end = c->text + c->len;
	csv_quick_parser *quick = csv_quick_layout(layout) ? csv_quick_best() : NULL;

	c->n_rows = c->n_rejects = c->lines = 0;
	while (p < end) {
		struct csv_row rows[BATCH];
		size_t n = quick ? quick(&p, end, rows, BATCH) : 0;

		make_room(c);
		for (size_t i = 0; i < n; i++)
			keep(c, &rows[i]);
		c->lines += (uint32_t)n;
		if (n == 0)
			p = parse_line(layout, p, end, c);
	}
}

static void count_reject(struct loader *l, const struct reject *r)
{
	uint64_t line = l->lines + r->line + 1;

	l->report->dropped[r->reason]++;
	if (l->report->first_line == 0) {
		l->report->first_line = line;
		l->report->first_path = l->path;
		l->report->first_reason = r->reason;
	}
	if (l->options->rejects)
		fprintf(l->options->rejects, "%" PRIu64 ",%s,%s\n", line, csv_result_name(r->reason),
			l->path);
}

/* When those before it are added, so that the rows keep the table's order. */
static int add_chunk(struct loader *l, const struct chunk *c)
{
	uint32_t at;
	int rc;

	pthread_mutex_lock(&l->adding);
	while (l->added < c->number)
		pthread_cond_wait(&l->turn, &l->adding);
	for (size_t i = 0; i < c->n_rejects; i++)
		count_reject(l, &c->rejects[i]);
	l->lines += c->lines;
	l->report->rows_read += c->n_rows + c->n_rejects;
	rc = rows_claim(l->rows, c->rows, c->n_rows, &at);
	l->added++;
	pthread_cond_broadcast(&l->turn);
	pthread_mutex_unlock(&l->adding);
	if (rc == 0)
		rows_put(l->rows, at, c->rows, c->hashes, c->n_rows);
	return rc;
}

static size_t count_char(const char *text, size_t len, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == c;
	return n;
}

/* The first line decides on columns and separator, unless the user did. */
static int look_at_header(struct loader *l, struct csv_layout *layout, const char *text, size_t len,
			  bool columns_given, char *err, size_t err_len)
{
	static const char separators[] = {';', '\t', '|'};
	const char *newline = memchr(text, '\n', len);
	size_t line = newline ? (size_t)(newline - text) : len, most = count_char(text, line, ',');

	if (!columns_given && csv_layout_header(layout, text, line))
		return 0;
	for (size_t i = 0; i < sizeof(separators); i++) {
		size_t n = count_char(text, line, separators[i]);

		if (n > most) {
			most = n;
			layout->separator = separators[i];
		}
	}
	if (!columns_given)
		csv_header_lacks(text, line, layout->separator, l->report->lacks, sizeof(l->report->lacks));
	return csv_layout_resolve(layout, text, line, err, err_len);
}

/* A table of points comes in OpenCelliD's columns, whatever its properties are called. */
static int take_points(struct csv_layout *layout, bool columns_given, const char *path, char *err,
		       size_t err_len)
{
	struct csv_layout made;

	for (int i = 0; columns_given && i < CSV_FIELDS; i++)
		if (layout->column[i] && layout->column[i] <= CSV_COLUMNS_MAX) {
			snprintf(err, err_len,
				 "%s: is GeoJSON; its columns are named as properties (cell=NAME), not "
				 "numbered",
				 path);
			return -EINVAL;
		}
	csv_layout_opencellid(&made);
	made.datum = layout->datum;
	*layout = made;
	return 0;
}

static int look_at_first(struct loader *l, const struct chunk *c)
{
	char fault[160];
	int rc;

	if (l->points)
		return 0;
	rc = look_at_header(l, &l->layout, c->text, c->len, l->columns_given, fault, sizeof(fault));
	if (rc < 0)
		snprintf(l->err, l->err_len, "%s: %s", l->path, fault);
	return rc;
}

/* False at the end. */
static bool take_chunk(struct loader *l, struct chunk *c)
{
	bool any;

	pthread_mutex_lock(&l->reading);
	if (!l->ended)
		l->ended = table_read(l->table, c->text, CHUNK, &c->len, l->err, l->err_len);
	if (!l->ended && c->len == 0)
		l->ended = 1;
	if (!l->ended && l->taken == 0)
		l->ended = look_at_first(l, c);
	any = !l->ended;
	c->number = l->taken;
	l->taken += any;
	if (any && l->options->progress)
		l->options->progress(l->options->progress_arg, "reading", table_position(l->table),
				     table_size(l->table));
	pthread_mutex_unlock(&l->reading);
	return any;
}

static void stop_full(struct loader *l)
{
	pthread_mutex_lock(&l->reading);
	if (l->ended >= 0)
		snprintf(l->err, l->err_len, "%s: is the row too many: a map holds less than 2^32 cells",
			 l->path);
	l->ended = OSMO_MIN(l->ended, -EFBIG);
	pthread_mutex_unlock(&l->reading);
}

static void read_share(void *loader, unsigned int job)
{
	struct loader *l = loader;
	struct chunk *c = calloc(1, sizeof(*c));

	(void)job;
	OSMO_ASSERT(c);
	while (take_chunk(l, c)) {
		parse_chunk(&l->layout, c);
		if (add_chunk(l, c) < 0)
			stop_full(l);
	}
	free(c->rows);
	free(c->hashes);
	free(c->rejects);
	free(c);
}

static void read_all(struct loader *l)
{
	unsigned int threads = parallel_threads(l->options->threads);

	pthread_mutex_init(&l->reading, NULL);
	pthread_mutex_init(&l->adding, NULL);
	pthread_cond_init(&l->turn, NULL);
	parallel(threads, threads, read_share, l);
	pthread_mutex_destroy(&l->reading);
	pthread_mutex_destroy(&l->adding);
	pthread_cond_destroy(&l->turn);
}

int load_table(struct rows *rows, const struct cellmap_table *table, const struct cellmap_build_options *o,
	       struct cellmap_report *report, char *err, size_t err_len)
{
	struct loader l = {.rows = rows,
			   .options = o,
			   .report = report,
			   .path = table->path,
			   .columns_given = table->columns,
			   .err = err,
			   .err_len = err_len};
	int rc = 0;

	csv_layout_opencellid(&l.layout);
	l.layout.datum = table->datum;
	if (table->columns)
		rc = csv_layout_parse(&l.layout, table->columns, err, err_len);
	if (rc == 0)
		rc = table_open(NULL, table->path, &l.table, err, err_len);
	if (rc < 0)
		return rc;
	l.points = table_points(l.table, &l.layout);
	if (l.points)
		rc = take_points(&l.layout, table->columns, table->path, err, err_len);
	if (rc == 0) {
		read_all(&l);
		rc = OSMO_MIN(l.ended, 0);
	}
	talloc_free(l.table);
	return rc;
}

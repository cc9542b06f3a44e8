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

#define CHUNK       (1 << 18)
#define THREADS_MAX 32

struct reject {
	uint32_t line; /* within the chunk, from 0 */
	enum csv_result reason;
};

/* A piece of a table on its way through a parser thread. */
struct chunk {
	struct csv_layout layout;
	char *text;
	size_t len;
	struct row *rows;
	uint32_t *hashes;
	size_t n_rows, rows_size;
	struct reject *rejects;
	size_t n_rejects, rejects_size;
	uint32_t lines;
	bool done;
};

struct loader {
	struct rows *rows;
	const struct cellmap_build_options *options;
	struct cellmap_report *report;
	struct chunk *ring;
	unsigned int n_ring, n_threads;
	uint64_t submitted, taken, collected; /* counts of chunks; the ring holds what lies between */
	bool quit;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t threads[THREADS_MAX];
	const char *path; /* of the table being read */
	uint64_t line;    /* its lines so far */
};

static void *grown(void *p, size_t *size, size_t each)
{
	*size = *size ? *size * 2 : 1024;
	p = realloc(p, *size * each);
	OSMO_ASSERT(p);
	return p;
}

static void parse_chunk(struct chunk *c)
{
	const char *p = c->text, *end = c->text + c->len;
	csv_quick_parser *quick = csv_quick_layout(&c->layout) ? csv_quick_best() : NULL;

	c->n_rows = c->n_rejects = c->lines = 0;
	while (p < end) {
		const char *newline;
		size_t len = 0;
		struct csv_row row;
		enum csv_result r = CSV_OK;

		if (c->n_rows == c->rows_size) {
			size_t size = c->rows_size;

			c->hashes = grown(c->hashes, &size, sizeof(*c->hashes));
			c->rows = grown(c->rows, &c->rows_size, sizeof(*c->rows));
		}
		if (quick)
			len = quick(p, end, &row);
		if (len == 0) {
			newline = memchr(p, '\n', (size_t)(end - p));
			len = (size_t)((newline ? newline : end) - p);
			r = csv_parse(&c->layout, p, len++, &row);
		}
		if (r == CSV_OK) {
			row_pack(&row, &c->rows[c->n_rows]);
			c->hashes[c->n_rows] = row_hash(&c->rows[c->n_rows]);
			c->n_rows++;
		} else if (r != CSV_BLANK && r != CSV_HEADER) {
			if (c->n_rejects == c->rejects_size)
				c->rejects = grown(c->rejects, &c->rejects_size, sizeof(*c->rejects));
			c->rejects[c->n_rejects++] = (struct reject){c->lines, r};
		}
		c->lines++;
		p += len;
	}
}

static void *parser(void *arg)
{
	struct loader *l = arg;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct chunk *c;

		while (l->taken == l->submitted && !l->quit)
			pthread_cond_wait(&l->work, &l->lock);
		if (l->taken == l->submitted)
			break;
		c = &l->ring[l->taken++ % l->n_ring];
		pthread_mutex_unlock(&l->lock);
		parse_chunk(c);
		pthread_mutex_lock(&l->lock);
		c->done = true;
		pthread_cond_signal(&l->done);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int stop(struct loader *l)
{
	pthread_mutex_lock(&l->lock);
	l->quit = true;
	pthread_cond_broadcast(&l->work);
	pthread_mutex_unlock(&l->lock);
	for (unsigned int i = 0; i < l->n_threads; i++)
		pthread_join(l->threads[i], NULL);
	for (unsigned int i = 0; i < l->n_ring; i++) {
		free(l->ring[i].rows);
		free(l->ring[i].hashes);
		free(l->ring[i].rejects);
	}
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->work);
	pthread_cond_destroy(&l->done);
	return 0;
}

struct loader *loader_new(void *ctx, struct rows *rows, const struct cellmap_build_options *o,
			  struct cellmap_report *report)
{
	struct loader *l = talloc_zero(ctx, struct loader);
	unsigned int threads = parallel_threads(o->threads);

	OSMO_ASSERT(l);
	l->rows = rows;
	l->options = o;
	l->report = report;
	l->n_ring = threads * 2;
	l->ring = talloc_zero_array(l, struct chunk, l->n_ring);
	OSMO_ASSERT(l->ring);
	for (unsigned int i = 0; i < l->n_ring; i++) {
		l->ring[i].text = talloc_zero_size(l->ring, CHUNK + CSV_QUICK_PAD);
		OSMO_ASSERT(l->ring[i].text);
	}
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->work, NULL);
	pthread_cond_init(&l->done, NULL);
	talloc_set_destructor(l, stop);
	for (unsigned int i = 0; i < threads; i++)
		if (pthread_create(&l->threads[l->n_threads], NULL, parser, l) == 0)
			l->n_threads++;
	return l;
}

static void count_reject(struct loader *l, const struct reject *r)
{
	uint64_t line = l->line + r->line + 1;

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

/* Takes over the oldest chunk. */
static int collect(struct loader *l)
{
	struct chunk *c = &l->ring[l->collected % l->n_ring];

	if (l->n_threads == 0) {
		parse_chunk(c); /* no thread could be had: work alone */
	} else {
		pthread_mutex_lock(&l->lock);
		while (!c->done)
			pthread_cond_wait(&l->done, &l->lock);
		pthread_mutex_unlock(&l->lock);
	}
	l->collected++;
	c->done = false;
	for (size_t i = 0; i < c->n_rejects; i++)
		count_reject(l, &c->rejects[i]);
	l->line += c->lines;
	l->report->rows_read += c->n_rows + c->n_rejects;
	return rows_add(l->rows, c->rows, c->hashes, c->n_rows);
}

static void submit(struct loader *l)
{
	pthread_mutex_lock(&l->lock);
	l->submitted++;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
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

static int read_chunks(struct loader *l, struct table *t, struct csv_layout *layout, bool columns_given,
		       bool points, char *err, size_t err_len)
{
	for (bool first = true;; first = false) {
		struct chunk *c = &l->ring[l->submitted % l->n_ring];
		int rc = 0;

		if (l->submitted - l->collected == l->n_ring)
			rc = collect(l);
		if (rc == 0)
			rc = table_read(t, c->text, CHUNK, &c->len, err, err_len);
		else
			snprintf(err, err_len, "%s: is the row too many: a map holds less than 2^32 cells",
				 l->path);
		if (rc < 0 || c->len == 0)
			return rc;
		if (first && !points) {
			char fault[160];

			rc = look_at_header(l, layout, c->text, c->len, columns_given, fault, sizeof(fault));
			if (rc < 0)
				snprintf(err, err_len, "%s: %s", l->path, fault);
		}
		if (rc < 0)
			return rc;
		c->layout = *layout;
		submit(l);
		if (l->options->progress)
			l->options->progress(l->options->progress_arg, "reading", table_position(t),
					     table_size(t));
	}
}

int loader_read(struct loader *l, const struct cellmap_table *table, char *err, size_t err_len)
{
	struct csv_layout layout;
	struct table *t;
	bool points;
	int rc;

	csv_layout_opencellid(&layout);
	layout.datum = table->datum;
	if (table->columns) {
		rc = csv_layout_parse(&layout, table->columns, err, err_len);
		if (rc < 0)
			return rc;
	}
	rc = table_open(l, table->path, &t, err, err_len);
	if (rc < 0)
		return rc;
	l->path = table->path;
	l->line = 0;
	points = table_points(t, &layout);
	rc = points ? take_points(&layout, table->columns, table->path, err, err_len) : 0;
	if (rc == 0)
		rc = read_chunks(l, t, &layout, table->columns, points, err, err_len);
	while (l->collected < l->submitted)
		if (collect(l) < 0 && rc == 0) {
			snprintf(err, err_len, "%s: is the row too many: a map holds less than 2^32 cells",
				 l->path);
			rc = -EFBIG;
		}
	talloc_free(t);
	return rc;
}

#include "cellmap/cmdarea.h"
#include "cellmap/bigmem.h"
#include "cellmap/cmdutil.h"
#include "cellmap/polygon.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20)

static char *read_file(void *ctx, const char *path, char *err, size_t err_len)
{
	FILE *f = fopen(path, "r");
	char *text;
	size_t n;

	if (!f) {
		snprintf(err, err_len, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	text = talloc_zero_size(ctx, FILE_MAX + 1);
	OSMO_ASSERT(text);
	n = fread(text, 1, FILE_MAX, f);
	if (ferror(f) || n == FILE_MAX || memchr(text, 0, n)) {
		snprintf(err, err_len, "%s: is no list of LAT,LON", path);
		TALLOC_FREE(text);
	}
	fclose(f);
	return text;
}

static bool read_point(char *word, struct cell_point *p)
{
	char *comma = strchr(word, ',');

	if (!comma)
		return false;
	*comma = 0;
	return cmd_number(word, -1e9, 1e9, &p->lat) && cmd_number(comma + 1, -1e9, 1e9, &p->lon);
}

static void set_circle(struct cell_query *q, const struct cell_polygon *p, const struct cell_point *points,
		       size_t n)
{
	q->lat = (double)(p->south + p->north) / 2e7;
	q->lon = remainder((double)(p->west + p->east) / 2e7, 360);
	q->radius_m = 1;
	for (size_t i = 0; i < n; i++)
		q->radius_m = fmax(q->radius_m,
				   geo_distance_m(&p->geod, q->lat, q->lon, points[i].lat, points[i].lon));
	q->radius_m = fmin(q->radius_m, 20037000);
}

int area_read_polygon(void *ctx, const char *path, enum geo_datum datum, struct cell_query *q,
		      struct cell_polygon **polygon, char *err, size_t err_len)
{
	struct cell_point *points = talloc_array(ctx, struct cell_point, POLYGON_POINTS_MAX + 1);
	char *text = read_file(ctx, path, err, err_len), *save, *word, fault[256];
	size_t n = 0;

	OSMO_ASSERT(points);
	if (!text)
		return -1;
	for (word = strtok_r(text, " \t\r\n", &save); word; word = strtok_r(NULL, " \t\r\n", &save)) {
		if (n > POLYGON_POINTS_MAX || !read_point(word, &points[n])) {
			snprintf(err, err_len, "%s: point %zu is not LAT,LON in decimal degrees", path,
				 n + 1);
			return -1;
		}
		geo_to_wgs84(datum, &points[n].lat, &points[n].lon);
		n++;
	}
	if (cell_polygon_new(ctx, points, n, polygon, fault, sizeof(fault)) < 0) {
		snprintf(err, err_len, "%s: %s", path, fault);
		return -1;
	}
	set_circle(q, *polygon, points, n);
	talloc_free(points);
	talloc_free(text);
	return 0;
}

static int run(const struct cellmap *map, const struct cell_query *q, const struct cell_polygon *polygon,
	       struct cell_span *spans, size_t max, size_t *n)
{
	return polygon ? cellmap_query_polygon(map, q, polygon, spans, max, n)
		       : cellmap_query(map, q, spans, max, n);
}

static int query_all(void *ctx, const struct cellmap *map, const struct cell_query *q,
		     const struct cell_polygon *polygon, struct cell_span **spans, size_t *n)
{
	size_t max = 0;
	int rc = run(map, q, polygon, NULL, 0, &max);

	if (rc < 0 && rc != -ENOSPC)
		return rc;
	*spans = bigmem(ctx, (max + 1) * sizeof(**spans));
	return run(map, q, polygon, *spans, max, n);
}

int area_query(void *ctx, const struct cellmap *map, const struct cell_query *q,
	       const struct cell_polygon *polygon, double minus_m, struct cell_span **spans, size_t *n)
{
	struct cell_query inner = *q;
	struct cell_span *all, *without;
	size_t n_all, n_without;
	int rc = query_all(ctx, map, q, polygon, &all, &n_all);

	*spans = all;
	*n = n_all;
	if (rc < 0 || !(minus_m > 0))
		return rc;
	inner.radius_m = minus_m;
	rc = query_all(ctx, map, &inner, NULL, &without, &n_without);
	if (rc < 0)
		return rc;
	*spans = bigmem(ctx, (n_all + n_without + 1) * sizeof(**spans));
	*n = cell_spans_without(all, n_all, without, n_without, *spans, n_all + n_without);
	return 0;
}

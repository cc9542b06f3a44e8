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

/* A circle round a polygon, for pictures and distances. */
static void set_circle(struct area *a, const struct cell_polygon *p, const struct cell_point *points,
		       size_t n)
{
	a->lat = (double)(p->south + p->north) / 2e7;
	a->lon = remainder((double)(p->west + p->east) / 2e7, 360);
	a->radius_m = 1;
	for (size_t i = 0; i < n; i++)
		a->radius_m = fmax(a->radius_m,
				   geo_distance_m(&p->geod, a->lat, a->lon, points[i].lat, points[i].lon));
	a->radius_m = fmin(a->radius_m, 20037000);
}

bool area_point(const char *text, enum geo_datum datum, struct cell_point *p, char *err, size_t err_len)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", text);
	if (strlen(text) >= sizeof(copy) || !read_point(copy, p))
		snprintf(err, err_len, "is not LAT,LON in decimal degrees");
	else if (p->lat < -90 || p->lat > 90)
		snprintf(err, err_len, "the latitude is not within -90..90; it stands first");
	else if (p->lon < -180 || p->lon > 180)
		snprintf(err, err_len, "the longitude is not within -180..180");
	else {
		geo_to_wgs84(datum, &p->lat, &p->lon);
		return true;
	}
	return false;
}

static struct area *next(void *ctx, struct areas *a, char *err, size_t err_len)
{
	if (a->n == AREAS_MAX) {
		snprintf(err, err_len, "more than %d areas", AREAS_MAX);
		return NULL;
	}
	if (!a->borders)
		a->borders = outline_new(ctx);
	return &a->area[a->n];
}

int areas_circle(void *ctx, struct areas *a, const struct cell_point *centre, double radius_m, bool without,
		 char *err, size_t err_len)
{
	struct area *new = next(ctx, a, err, err_len);

	if (!new)
		return -1;
	*new = (struct area){without, centre->lat, centre->lon, radius_m, NULL};
	outline_circle(a->borders, centre->lat, centre->lon, radius_m, without);
	a->n++;
	return 0;
}

int areas_polygon(void *ctx, struct areas *a, const char *path, enum geo_datum datum, bool without, char *err,
		  size_t err_len)
{
	struct area *new = next(ctx, a, err, err_len);
	struct cell_point *points = talloc_array(ctx, struct cell_point, POLYGON_POINTS_MAX + 1);
	char *text = new ? read_file(ctx, path, err, err_len) : NULL, *save, *word, fault[256];
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
	*new = (struct area){.without = without};
	if (cell_polygon_new(ctx, points, n, &new->polygon, fault, sizeof(fault)) < 0) {
		snprintf(err, err_len, "%s: %s", path, fault);
		return -1;
	}
	set_circle(new, new->polygon, points, n);
	outline_polygon(a->borders, points, n, without);
	a->n++;
	talloc_free(points);
	talloc_free(text);
	return 0;
}

struct answer {
	struct cell_span *span;
	size_t n;
};

static int run(const struct cellmap *map, const struct cell_query *q, const struct cell_polygon *polygon,
	       struct cell_span *spans, size_t max, size_t *n)
{
	return polygon ? cellmap_query_polygon(map, q, polygon, spans, max, n)
		       : cellmap_query(map, q, spans, max, n);
}

static int ask(void *ctx, const struct cellmap *map, const struct cell_query *q, const struct area *area,
	       struct answer *answer)
{
	struct cell_query own = *q;
	size_t max = 0;
	int rc;

	own.lat = area->lat;
	own.lon = area->lon;
	own.radius_m = area->radius_m;
	rc = run(map, &own, area->polygon, NULL, 0, &max);
	if (rc < 0 && rc != -ENOSPC)
		return rc;
	answer->span = bigmem(ctx, (max + 1) * sizeof(*answer->span));
	return run(map, &own, area->polygon, answer->span, max, &answer->n);
}

static void combine(void *ctx, struct answer *all, const struct answer *other, bool without)
{
	size_t max = all->n + other->n;
	struct cell_span *spans = bigmem(ctx, (max + 1) * sizeof(*spans));

	all->n = without ? cell_spans_without(all->span, all->n, other->span, other->n, spans, max)
			 : cell_spans_join(all->span, all->n, other->span, other->n, spans, max);
	all->span = spans;
}

int areas_query(void *ctx, const struct cellmap *map, const struct cell_query *q, const struct areas *a,
		struct cell_span **spans, size_t *n)
{
	struct answer all = {NULL, 0};

	for (int without = 0; without < 2; without++)
		for (size_t i = 0; i < a->n; i++) {
			struct answer one = {NULL, 0};
			int rc;

			if (a->area[i].without != without)
				continue;
			rc = ask(ctx, map, q, &a->area[i], &one);
			if (rc < 0)
				return rc;
			if (all.span)
				combine(ctx, &all, &one, without);
			else
				all = one;
		}
	*spans = all.span;
	*n = all.n;
	return 0;
}

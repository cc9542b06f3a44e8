#include "cellmap/outline.h"
#include "cellmap/geo.h"
#include "cellmap/json.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>

#define WGS84_E2      0.00669437999014 /* from geocentric to geodetic latitude */
#define CIRCLE_POINTS 128
#define DEPTH_MAX     16 /* of arrays in coordinates; a multipolygon has four */

struct outline *outline_new(void *ctx)
{
	struct outline *o = talloc_zero(ctx, struct outline);

	OSMO_ASSERT(o);
	return o;
}

static void begin(struct outline *o, bool without)
{
	if (o->n_paths == o->paths_size) {
		o->paths_size = o->paths_size * 2 + 8;
		o->paths = talloc_realloc(o, o->paths, struct outline_path, o->paths_size);
		OSMO_ASSERT(o->paths);
	}
	o->paths[o->n_paths++] = (struct outline_path){o->n_points, 0, without};
}

static void add(struct outline *o, double lat, double lon)
{
	if (o->n_points == o->points_size) {
		o->points_size = o->points_size * 2 + 64;
		o->points = talloc_realloc(o, o->points, struct cell_point, o->points_size);
		OSMO_ASSERT(o->points);
	}
	o->points[o->n_points++] = (struct cell_point){lat, lon};
	o->paths[o->n_paths - 1].n++;
}

void outline_polygon(struct outline *o, const struct cell_point *points, size_t n, bool without)
{
	begin(o, without);
	for (size_t i = 0; i < n; i++) {
		double last = i ? o->points[o->n_points - 1].lon : points[0].lon;

		add(o, points[i].lat, last + remainder(points[i].lon - last, 360)); /* the short way */
	}
}

void outline_circle(struct outline *o, double lat, double lon, double radius_m, bool without)
{
	struct geod_geodesicline line;
	struct geod_geodesic g;

	geo_init(&g);
	begin(o, without);
	for (int i = 0; i <= CIRCLE_POINTS; i++) {
		double at_lat, at_lon;

		geod_lineinit(&line, &g, lat, lon, -360.0 * (i % CIRCLE_POINTS) / CIRCLE_POINTS,
			      GEOD_LATITUDE | GEOD_LONGITUDE | GEOD_DISTANCE_IN | GEOD_LONG_UNROLL);
		geod_genposition(&line, GEOD_LONG_UNROLL, radius_m, &at_lat, &at_lon, NULL, NULL, NULL, NULL,
				 NULL, NULL);
		add(o, at_lat, at_lon);
	}
}

/* A path under way at the end that has no two points is none. */
static void drop_point(struct outline *o)
{
	if (o->n_paths && o->paths[o->n_paths - 1].n < 2) {
		o->n_points = o->paths[o->n_paths - 1].first;
		o->n_paths--;
	}
}

/* The value of one "coordinates": arrays of numbers are positions, arrays of positions are paths. */
static bool read_coordinates(struct outline *o, struct json *j)
{
	double v[2] = {0};
	int depth = 0, n = 0;
	bool path = false;

	do {
		struct json_token t = json_next(j);

		if (t.kind == JSON_ARRAY && ++depth > DEPTH_MAX)
			return false;
		if (t.kind == JSON_ARRAY) {
			n = 0;
		} else if (t.kind == JSON_NUMBER) {
			if (n < 2 && !json_number(&t, &v[n]))
				return false;
			n++;
		} else if (t.kind != JSON_ARRAY_END) {
			return t.kind == JSON_WORD && depth == 0; /* null */
		} else if (n >= 2) {
			if (fabs(v[1]) > 90 || fabs(v[0]) > 720)
				return false;
			if (!path)
				begin(o, false);
			path = true;
			add(o, v[1], v[0]);
			n = 0;
			depth--;
		} else {
			path = false;
			drop_point(o);
			depth--;
		}
	} while (depth > 0);
	drop_point(o);
	return true;
}

bool outline_text(struct outline *o, const char *text, size_t len)
{
	struct json j = {text, text + len};

	for (;;) {
		struct json_token t = json_next(&j);

		if (t.kind == JSON_BAD)
			return false;
		if (t.kind == JSON_END)
			return true;
		if (t.key && json_is(&t, "coordinates") && !read_coordinates(o, &j))
			return false;
	}
}

static int read_text(FILE *f, const char *path, char **text, size_t *n, char *err, size_t err_len)
{
	size_t size = 1 << 16;

	*n = 0;
	*text = NULL;
	for (size_t got = 1; got > 0; *n += got) {
		if (*n == size || !*text) {
			size = *text ? size * 2 : size;
			*text = talloc_realloc(NULL, *text, char, size);
			OSMO_ASSERT(*text);
		}
		got = fread(*text + *n, 1, size - *n, f);
		if (*n + got > OUTLINE_FILE_MAX) {
			snprintf(err, err_len, "%s: is larger than %d MiB", path, OUTLINE_FILE_MAX >> 20);
			return -EFBIG;
		}
	}
	if (!ferror(f))
		return 0;
	snprintf(err, err_len, "%s: cannot be read: %s", path, strerror(errno));
	return -EIO;
}

int outline_read(struct outline *o, const char *path, char *err, size_t err_len)
{
	FILE *f = fopen(path, "r");
	size_t before = o->n_paths, n;
	char *text;
	int rc;

	if (!f) {
		rc = -errno;
		snprintf(err, err_len, "%s: cannot be read: %s", path, strerror(-rc));
		return rc;
	}
	rc = read_text(f, path, &text, &n, err, err_len);
	fclose(f);
	if (rc == 0 && (!outline_text(o, text, n) || o->n_paths == before)) {
		snprintf(err, err_len, "%s: is no GeoJSON with lines or polygons in degrees", path);
		rc = -EINVAL;
	}
	talloc_free(text);
	return rc;
}

static struct geo_xyz point_xyz(const struct outline *o, size_t i)
{
	return geo_xyz(o->points[i].lat, o->points[i].lon);
}

static size_t farthest(const struct outline *o, const struct geo_xyz *from)
{
	size_t far = 0;
	double most = -1;

	for (size_t i = 0; i < o->n_points; i++) {
		struct geo_xyz at = point_xyz(o, i);
		double d = geo_chord(from, &at);

		far = d > most ? i : far;
		most = fmax(most, d);
	}
	return far;
}

/* Towards the farthest point by ever smaller steps: near enough to the middle of the smallest circle round
 * all. */
void outline_reach(const struct outline *o, struct cell_point *middle, double *reach_m)
{
	struct geo_xyz mid = o->n_points ? point_xyz(o, 0) : geo_xyz(0, 0);
	struct geod_geodesic g;

	for (int i = 0; i < 100 && o->n_points; i++) {
		struct geo_xyz far = point_xyz(o, farthest(o, &mid));
		double step = 1.0 / (i + 2);

		mid = (struct geo_xyz){mid.x + (far.x - mid.x) * step, mid.y + (far.y - mid.y) * step,
				       mid.z + (far.z - mid.z) * step};
	}
	middle->lat = atan2(mid.z, hypot(mid.x, mid.y) * (1 - WGS84_E2)) * 180 / M_PI;
	middle->lon = atan2(mid.y, mid.x) * 180 / M_PI;
	geo_init(&g);
	*reach_m = 1;
	for (size_t i = 0; i < o->n_points; i++)
		*reach_m = fmax(*reach_m, geo_distance_m(&g, middle->lat, middle->lon, o->points[i].lat,
							 remainder(o->points[i].lon, 360)));
}

/* The circle query: in each row that the circle crosses, the cells between two longitudes are inside unseen,
 * and those round the two ends are tested. */
#include "cellmap/scan.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/utils.h>
#include <stddef.h>
#include <string.h>

#define RADIUS_TOP_M 20037000.0
#define RADIAN_E7    (M_PI / 180 * 1e-7)
#define AXIS         6378137.0
/* Chord from which on the distance along a meridian might not grow with the latitude's difference any more.
 */
#define NEARLY_ACROSS 1.27e7
#define FITS          41 /* 2 RIM_HALF apart, from pole to pole */

/* An edge between rows: squared distance from the centre in the plane of the axis, and twice the product of
 * the distances from the axis. */
struct edge {
	double a, b;
};

struct circle {
	struct geo_xyz xyz;
	struct rim_centre centre;
	double half;       /* of the circle, radians of latitude, at most RIM_HALF */
	double in2, out2;  /* squared chords that decide whole rows */
	int64_t known_lat; /* where `known` is */
	struct edge known;
	bool fitted[FITS];
	struct rim_fit fits[FITS];
	struct scan scan;
};

static struct circle *circle_of(const struct scan *s)
{
	return (struct circle *)((char *)s - offsetof(struct circle, scan));
}

const char *cell_query_error(const struct cell_query *q)
{
	if (!isfinite(q->lat) || !isfinite(q->lon))
		return "the centre's coordinates are not numbers";
	if (fabs(q->lat) > 90)
		return "the centre's latitude is not within -90..90";
	if (fabs(q->lon) > 180)
		return "the centre's longitude is not within -180..180";
	if (!(q->radius_m > 0) || q->radius_m > RADIUS_TOP_M)
		return "the radius is not above 0 and at most 20037 km";
	if (!(q->max_range_m >= 0) || q->max_range_m > RADIUS_TOP_M)
		return "the largest range is not within 0..20037000 m";
	if (q->select != SELECT_COVERAGE && q->select != SELECT_SITE)
		return "the selection is neither coverage nor site";
	return NULL;
}

static bool cell_inside(const struct scan *s, uint32_t i)
{
	double lat = map_lat(s->map, i) / 1e7, lon = map_lon(s->map, i) / 1e7;
	double limit = s->q->radius_m + fmin(map_word_reach(s->map->ranges[i]), s->max_range_m);
	struct geo_xyz at = geo_xyz(lat, lon);
	double chord = geo_chord(&circle_of(s)->xyz, &at);

	if (chord <= geo_chord_in(limit))
		return true;
	if (chord > geo_chord_out(limit))
		return false;
	return geo_distance_m(&s->map->geod, s->q->lat, s->q->lon, lat, lon) <= limit;
}

/* Half the difference of longitude at which 1 - cos is v; no more than that, by 1e-9 of it. */
static inline double half_width(double v)
{
	if (v >= 2)
		return M_PI;
	if (v <= 0)
		return 0;
	if (v > 0.02)
		return 2 * asin(sqrt(v / 2));
	return sqrt(2 * v) * (1 + v * (1 / 12.0 + v * (3 / 160.0 + v * (5 / 896.0))));
}

/* The fit for a row, or NULL when the row is too high for one. */
static const struct rim_fit *fit_of(struct circle *c, const struct scan_row *row)
{
	double middle = (double)(row->south + row->north) / 2, step = 2 * RIM_HALF / RADIAN_E7;
	int i = (int)lrint((middle - c->centre.lat) / step) + FITS / 2;

	if (row->shift > RIM_ROW_SHIFT || i < 0 || i >= FITS)
		return NULL;
	if (!c->fitted[i])
		rim_fit(&c->fits[i], &c->centre, c->centre.lat + (i - FITS / 2) * step,
			c->half + 2 * RIM_ROW_HALF, c->scan.lon_max);
	c->fitted[i] = true;
	return &c->fits[i];
}

static struct edge edge_at(const struct circle *c, const struct rim_fit *fit, int64_t lat_e7)
{
	double lat = (double)OSMO_MIN(OSMO_MAX(lat_e7, -900000000), 900000000), x, y;
	struct geo_xyz at;

	if (fit) {
		lat = (lat - fit->lat) * RADIAN_E7;
		return (struct edge){rim_a(fit, lat), rim_b(fit, lat)};
	}
	at = geo_meridian(lat / 1e7);
	x = at.x - c->centre.rho;
	y = at.z - c->centre.z;
	return (struct edge){x * x + y * y, 2 * c->centre.rho * OSMO_MAX(at.x, 0)};
}

/* A row in whichever of three turns about the centre it lies; ascending. */
static int scan_turns(struct scan *s, const struct scan_row *row, const struct rim_fit *fit, double in,
		      double out)
{
	struct circle *c = circle_of(s);
	int64_t wide = (int64_t)(out / RADIAN_E7) + 3, narrow = (int64_t)(in / RADIAN_E7) - 2;

	if (out > s->lon_max)
		fit = NULL;
	for (int64_t turn = -SCAN_TURN; turn <= SCAN_TURN; turn += SCAN_TURN) {
		int64_t lon = (int64_t)floor(c->centre.lon) + turn;

		if (lon + wide + 1 < -SCAN_TURN / 2 || lon - wide > SCAN_TURN / 2)
			continue;
		if (scan_between(s, row,
				 &(struct scan_stretch){.west = lon - wide,
							.in_west = lon + 1 - narrow,
							.in_east = lon + narrow,
							.east = lon + wide + 1,
							.fit = fit,
							.lon = c->centre.lon + (double)turn}) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* The squared distance in the plane of the axis grows with the latitude's difference (while tan of half of
 * that is below 2 b^2 / (a^2 - b^2), 89.8 degree), the distance from the axis falls from the equator on; so
 * over the row the squared chord at a difference of longitude with 1 - cos = v lies within
 * [a_min + b_min v, a_max + b_max v]. */
static int circle_row(struct scan *s, const struct scan_row *row)
{
	struct circle *c = circle_of(s);
	const struct rim_fit *fit = fit_of(c, row);
	double slack = fit ? fit->error : 0, slack_b = fit ? fit->error_b : 0, out, in;
	struct edge e = c->known_lat == row->south ? c->known : edge_at(c, fit, row->south),
		    f = edge_at(c, fit, row->north);
	bool here = c->centre.lat >= (double)row->south && c->centre.lat <= (double)row->north;
	double a_min = here ? 0 : OSMO_MIN(e.a, f.a) * (1 - 1e-9) - slack, a_max = OSMO_MAX(e.a, f.a) + slack;
	double b_min = OSMO_MAX(OSMO_MIN(e.b, f.b) - slack_b, 1e-30),
	       b_max = OSMO_MAX(OSMO_MAX(e.b, f.b) + slack_b, 1e-30);

	c->known_lat = row->north;
	c->known = f;
	if (row->south < 0 && row->north > 0)
		b_max = 2 * c->centre.rho * AXIS;
	if (a_min > c->out2)
		return 0;
	out = half_width((c->out2 - a_min) / b_min * (1 + 1e-8)) * (1 + 1e-8);
	in = half_width((c->in2 - a_max) / b_max * (1 - 1e-8));
	if (in >= M_PI)
		return scan_inside(s, row);
	if (out > M_PI - 1e-4)
		return scan_test(s, row);
	return scan_turns(s, row, fit, in, out);
}

static bool circle_group(struct scan *s, const struct map_group *g)
{
	struct circle *c = circle_of(s);
	double least = fmin(g->range_min, s->max_range_m), most = fmin(g->range_max, s->max_range_m);
	double in = geo_chord_in(s->q->radius_m + least), out = geo_chord_out(s->q->radius_m + most);

	rim_limits(&s->limits, s->q->radius_m, least, most, s->max_range_m);
	c->known_lat = INT64_MIN;
	c->in2 = in > 0 ? in * in : -1;
	c->out2 = out < NEARLY_ACROSS ? out * out : INFINITY;
	return true;
}

/* The box round all that may be inside: a degree of latitude is at least GEO_RADIUS_MIN long, and a chord c
 * between two latitudes' circles of radii rho, rho' spans at most 1 - cos = c^2 / (2 rho rho'). */
static void set_box(struct circle *c)
{
	struct scan *s = &c->scan;
	double reach = s->q->radius_m + s->max_range_m, out = fmin(geo_chord_out(reach), 1.3e7);
	double high = reach / GEO_RADIUS_MIN / RADIAN_E7 + 2, far = fmin(fabs(c->centre.lat) + high, 9e8);
	double rho = fmax(geo_meridian(far * 1e-7).x, 0) * c->centre.rho * 2;
	int64_t wide = (int64_t)ceil(half_width(out * out / fmax(rho, 1e-30)) / RADIAN_E7) + 2;

	s->south = (int64_t)floor(fmax(c->centre.lat - high, -9e8));
	s->north = (int64_t)ceil(fmin(c->centre.lat + high, 9e8));
	s->west = (int64_t)c->centre.lon - wide;
	s->east = (int64_t)c->centre.lon + wide;
	s->lon_max = fmin((double)wide * RADIAN_E7 * 1.1, RIM_LON_MAX);
	c->half = fmin(high * RADIAN_E7, RIM_HALF);
}

int cellmap_query(const struct cellmap *map, const struct cell_query *q, struct cell_span *spans, size_t max,
		  size_t *n)
{
	struct circle c;
	int rc;

	*n = 0;
	if (cell_query_error(q))
		return -EINVAL;
	memset(c.fitted, 0, sizeof(c.fitted));
	scan_begin(&c.scan, map, q, spans, max);
	c.xyz = geo_xyz(q->lat, q->lon);
	c.centre = (struct rim_centre){q->lat * 1e7, q->lon * 1e7, hypot(c.xyz.x, c.xyz.y), c.xyz.z};
	set_box(&c);
	c.scan.inside = cell_inside;
	c.scan.group = circle_group;
	c.scan.row = circle_row;
	rc = scan_run(&c.scan);
	*n = rc == -EBADMSG ? 0 : c.scan.n;
	return rc;
}

size_t cellmap_max_spans(const struct cellmap *map, const struct cell_query *q)
{
	size_t n;

	cellmap_query(map, q, NULL, 0, &n);
	return n;
}

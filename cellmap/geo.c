#include "cellmap/geo.h"
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <strings.h>

#define WGS84_A       6378137.0
#define WGS84_F       (1 / 298.257223563)
#define WGS84_E2      (WGS84_F * (2 - WGS84_F))
#define DEGREE        (M_PI / 180)
#define HALF_MERIDIAN 20003932.0

void geo_init(struct geod_geodesic *g)
{
	geod_init(g, WGS84_A, WGS84_F);
}

struct geo_xyz geo_meridian(double lat)
{
	double sin_lat = sin(lat * DEGREE), cos_lat = cos(lat * DEGREE);
	double n = WGS84_A / sqrt(1 - WGS84_E2 * sin_lat * sin_lat);

	return (struct geo_xyz){n * cos_lat, 0, n * (1 - WGS84_E2) * sin_lat};
}

struct geo_xyz geo_xyz(double lat, double lon)
{
	struct geo_xyz at = geo_meridian(lat);
	double rho = at.x;

	at.x = rho * cos(lon * DEGREE);
	at.y = rho * sin(lon * DEGREE);
	return at;
}

double geo_chord(const struct geo_xyz *a, const struct geo_xyz *b)
{
	double x = a->x - b->x, y = a->y - b->y, z = a->z - b->z;

	return sqrt(x * x + y * y + z * z);
}

double geo_chord_in(double limit_m)
{
	if (limit_m >= HALF_MERIDIAN)
		return INFINITY;
	if (limit_m >= M_PI * GEO_RADIUS_MIN)
		return 2 * GEO_RADIUS_MIN;
	return 2 * GEO_RADIUS_MIN * sin(limit_m / (2 * GEO_RADIUS_MIN)) - GEO_ROUNDING_M;
}

double geo_chord_out(double limit_m)
{
	if (limit_m >= M_PI * GEO_RADIUS_MAX)
		return INFINITY;
	return 2 * GEO_RADIUS_MAX * sin(limit_m / (2 * GEO_RADIUS_MAX)) + GEO_ROUNDING_M;
}

double geo_distance_m(const struct geod_geodesic *g, double lat1, double lon1, double lat2, double lon2)
{
	double s;

	geod_inverse(g, lat1, lon1, lat2, lon2, &s, NULL, NULL);
	return s;
}

int geo_datum_parse(const char *name)
{
	static const struct {
		const char *name;
		enum geo_datum datum;
	} names[] = {{"wgs84", GEO_WGS84},  {"wgs-84", GEO_WGS84}, {"gcj02", GEO_GCJ02},
		     {"gcj-02", GEO_GCJ02}, {"bd09", GEO_BD09},    {"bd-09", GEO_BD09}};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(name, names[i].name))
			return names[i].datum;
	return -EINVAL;
}

/* China's box, grown by edge. */
static bool shifted(double lat, double lon, double edge)
{
	return lon >= 72.004 - edge && lon <= 137.8347 + edge && lat >= 0.8293 - edge &&
	       lat <= 55.8271 + edge;
}

/* The waves that both offsets share. */
static double waves(double x)
{
	return (20 * sin(6 * x * M_PI) + 20 * sin(2 * x * M_PI)) * 2 / 3;
}

static void gcj_forward(double *lat, double *lon)
{
	const double a = 6378245.0, ee = 0.00669342162296594323;
	double x = *lon - 105, y = *lat - 35, lat0 = *lat, s = sin(*lat * DEGREE), m = 1 - ee * s * s,
	       root = sqrt(m);
	double north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) + waves(x);
	double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + waves(x);

	north += (20 * sin(y * M_PI) + 40 * sin(y / 3 * M_PI)) * 2 / 3;
	north += (160 * sin(y / 12 * M_PI) + 320 * sin(y / 30 * M_PI)) * 2 / 3;
	east += (20 * sin(x * M_PI) + 40 * sin(x / 3 * M_PI)) * 2 / 3;
	east += (150 * sin(x / 12 * M_PI) + 300 * sin(x / 30 * M_PI)) * 2 / 3;
	*lat += north / (a * (1 - ee) / (m * root) * DEGREE);
	*lon += east / (a / root * cos(lat0 * DEGREE) * DEGREE);
}

#define BAIDU_PI (M_PI * 3000 / 180)

static void bd_forward(double *lat, double *lon)
{
	double z = hypot(*lon, *lat) + 0.00002 * sin(*lat * BAIDU_PI);
	double theta = atan2(*lat, *lon) + 0.000003 * cos(*lon * BAIDU_PI);

	*lon = z * cos(theta) + 0.0065;
	*lat = z * sin(theta) + 0.006;
}

void geo_from_wgs84(enum geo_datum datum, double *lat, double *lon)
{
	if (datum == GEO_WGS84 || !shifted(*lat, *lon, 0))
		return;
	gcj_forward(lat, lon);
	if (datum == GEO_BD09)
		bd_forward(lat, lon);
}

/* The inverse has no closed form: walk back by the error of the forward way, which shrinks a hundredfold each
 * round. */
void geo_to_wgs84(enum geo_datum datum, double *lat, double *lon)
{
	double to_lat = *lat, to_lon = *lon;

	if (datum == GEO_WGS84 || !shifted(*lat, *lon, 0.05)) /* 0.05: what just inside was shifted out */
		return;
	for (int i = 0; i < 12; i++) {
		double at_lat = *lat, at_lon = *lon;

		gcj_forward(&at_lat, &at_lon);
		if (datum == GEO_BD09)
			bd_forward(&at_lat, &at_lon);
		*lat -= at_lat - to_lat;
		*lon -= at_lon - to_lon;
	}
	if (!shifted(*lat, *lon, 0)) {
		*lat = to_lat;
		*lon = to_lon;
	}
}

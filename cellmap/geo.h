/* geo: distances and datums. Degrees and metres, WGS-84 unless a datum is named. Pure.
 *
 * The cheap test of a distance is the chord through the earth. A geodesic of length s bends between 1/6400 km
 * (at the poles) and 1/6335 km (along a meridian at the equator); so by Schur's comparison theorem its chord
 * lies between those of two circles. Below 200 km the two differ by centimetres: only what lies between them
 * needs the exact geodesic. */
#pragma once
#include <geodesic.h>
#include <stdbool.h>

/* Smallest radius of curvature of a geodesic, b^2/a; and more than the largest, a^2/b, by 1/1000 for their
 * torsion. */
#define GEO_RADIUS_MIN 6335439.0
#define GEO_RADIUS_MAX 6406000.0
#define GEO_ROUNDING_M 1e-5 /* more than doubles lose at the size of the earth */

struct geo_xyz {
	double x, y, z; /* earth-centred, on the ellipsoid */
};

void geo_init(struct geod_geodesic *g); /* WGS-84 */
struct geo_xyz geo_xyz(double lat, double lon);
struct geo_xyz geo_meridian(double lat); /* at longitude 0 */
double geo_chord(const struct geo_xyz *a, const struct geo_xyz *b);
/* chord <= geo_chord_in(limit) proves distance <= limit; chord > geo_chord_out(limit) proves distance >
 * limit. */
double geo_chord_in(double limit_m);
double geo_chord_out(double limit_m);
double geo_distance_m(const struct geod_geodesic *g, double lat1, double lon1, double lat2, double lon2);

enum geo_datum { GEO_WGS84 = 0, GEO_GCJ02, GEO_BD09 };

int geo_datum_parse(const char *name); /* "wgs84", "gcj02", "bd09" (any case, also "GCJ-02"); or -EINVAL */
/* In place; outside the box in which China's maps are shifted (72.004..137.8347 E, 0.8293..55.8271 N) GCJ-02
 * is WGS-84. */
void geo_to_wgs84(enum geo_datum datum, double *lat, double *lon);
void geo_from_wgs84(enum geo_datum datum, double *lat, double *lon);

/* rim: the cheap test of cells near the edge of a circle, a block at a time.
 *
 * The squared chord from the centre to a cell is A(lat) + B(lat) (1 - cos dlon): A the squared distance in
 * the plane of the axis, B twice the product of the distances from the axis. About the middle of a row A and
 * B are taken as polynomials of third degree, 1 - cos as one of eighth, all in single precision; `error`
 * bounds what is lost by that. */
#pragma once
#include "cellmap/map.h"

#define RIM_HALF_MAX 5000000 /* half a row, 1e-7 degree, above which the polynomials are not worth it */
#define RIM_LON_MAX  0.6     /* radians */

/* Where a circle's centre lies. */
struct rim_centre {
	double lat, lon; /* 1e-7 degree */
	double rho, z;   /* metres from the axis, from the equator's plane */
};

/* A and B about a row's middle. */
struct rim_row {
	double lat; /* 1e-7 degree */
	double a[4], b[4];
};

struct rim {
	struct rim_row row;
	double lon;      /* 1e-7 degree: the centre, on the same turn as the row's cells */
	double lon2_max; /* cells farther away than this, radians squared, are outside */
	double error;    /* of the squared chord */
	double in[2],
		out[2]; /* chords within which a cell is inside, beyond which outside: [0] + [1] x range */
	double range_max;
	bool by_range; /* in[1], out[1] are not 0 */
};

void rim_row(struct rim_row *r, const struct rim_centre *c, double lat_e7);
/* lon2_max and error, for a row of this half height and no more than lon_max radians to either side. */
void rim_bound(struct rim *r, const struct rim_centre *c, double half_e7, double lon_max);
/* The bounds for reaches from least to most, metres: radius plus range. */
void rim_limits(struct rim *r, double radius, double least, double most);
/* A bit per cell: certainly inside; and, of the rest, perhaps. Bits of cells that are not of the row mean
 * nothing. words: the block's part of `ranges`, or NULL unless by_range. */
void rim_test(const struct rim *r, const struct map_block *b, const uint32_t *words, uint64_t *inside,
	      uint64_t *perhaps);
/* The squared chord in double precision. */
double rim_chord2(const struct rim *r, int32_t lat_e7, int32_t lon_e7);

/* rim: the cheap test of cells near the edge of a circle, many blocks at a time.
 *
 * The squared chord from the centre to a cell is A(lat) + B(lat) (1 - cos dlon): A the squared distance in
 * the plane of the axis, B twice the product of the distances from the axis. About some latitude A and B are
 * taken as polynomials, 1 - cos as one of eighth degree. Cells are tested in single precision; `error` bounds
 * all that is lost. */
#pragma once
#include "cellmap/map.h"

#define RIM_A         7 /* coefficients */
#define RIM_B         6
#define RIM_HALF      0.04   /* radians of latitude to either side for which one fit is made */
#define RIM_ROW_SHIFT 22     /* rows higher than that are not worth it */
#define RIM_ROW_HALF  0.0037 /* half of such a row, radians, rounded up */
#define RIM_LON_MAX   0.6    /* radians */
#define RIM_RADIAN_E7 (M_PI / 180 * 1e-7)

/* One binary for all machines: the loader picks what this one has. Sanitizers do not like that. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define RIM_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define RIM_EACH_MACHINE
#endif

/* Where a circle's centre lies. */
struct rim_centre {
	double lat, lon; /* 1e-7 degree */
	double rho, z;   /* metres from the axis, from the equator's plane */
};

/* A and B about a latitude, by radians. */
struct rim_fit {
	double lat; /* 1e-7 degree, whole */
	double a[RIM_A], b[RIM_B];
	double error;   /* of the squared chord, in single precision, within the extent it was made for */
	double error_b; /* of B in double precision */
};

/* Chords within which a cell is inside, beyond which it is outside: [0] + [1] x range. */
struct rim_limits {
	double in[2], out[2];
	double range_max;
	bool by_range; /* in[1], out[1] are not 0 */
};

/* What the test of a group's cells takes, in single precision. */
struct rim {
	int32_t lat;
	uint32_t lon; /* of the centre, by 2^32: what lies farther than lon2_max is never mistaken as near */
	float rest;   /* of the centre's longitude */
	float lon2_max;
	float a[RIM_A], b[RIM_B];
	float in[2], out[2]; /* squares unless by_range */
	float top, error;
	bool by_range;
	unsigned int lanes;
};

/* How many cells this machine tests at a time: 16, 8 or 4. */
unsigned int rim_lanes(void);
/* About a latitude, for cells at most `half` from it and at most lon_max from the centre (radians). */
void rim_fit(struct rim_fit *f, const struct rim_centre *c, double lat_e7, double half, double lon_max);
/* The bounds for reaches from least to most, metres: radius plus range. */
void rim_limits(struct rim_limits *l, double radius, double least, double most, double range_max);
/* lon_e7: the centre's, on the same turn as the cells. */
void rim_ready(struct rim *r, const struct rim_fit *f, const struct rim_limits *l, double lon_e7,
	       double lon_max);
/* Of n blocks of a map, a bit per cell: certainly inside; and, of the rest, perhaps. Bits of cells without
 * the fit's extent mean nothing. ranges are only looked at when by_range. */
void rim_test(const struct rim *r, const struct cellmap *map, const uint32_t *list, uint32_t n,
	      uint16_t *inside, uint16_t *perhaps);

/* The fit's value and that of B, in double precision; d in radians from the fit's latitude. */
static inline double rim_a(const struct rim_fit *f, double d)
{
	const double *a = f->a;

	return a[0] + d * (a[1] + d * (a[2] + d * (a[3] + d * (a[4] + d * (a[5] + d * a[6])))));
}

static inline double rim_b(const struct rim_fit *f, double d)
{
	const double *b = f->b;

	return b[0] + d * (b[1] + d * (b[2] + d * (b[3] + d * (b[4] + d * b[5]))));
}

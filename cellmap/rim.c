#include "cellmap/rim.h"
#include <math.h>

/* One binary for all machines: the loader picks what this one has. Sanitizers do not like that. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define EACH_MACHINE __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define EACH_MACHINE
#endif

#define LANES     8
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0
/* Bounds of the fourth derivatives by latitude: of a meridian's point, and of its squared distance from one
 * not farther than p: SQUARE4 + 2 p CURVE4. */
#define CURVE4    7.5e6
#define SQUARE4   6e14
#define CHORD_TOP 1.3e7 /* no chord is longer */

typedef double vd __attribute__((vector_size(8 * LANES)));
typedef int64_t vl __attribute__((vector_size(8 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));

/* The meridian's point at a latitude and its first three derivatives: rho[i], z[i]. */
static void meridian(double lat, double rho[4], double z[4])
{
	double s = sin(lat), k = cos(lat), w2 = 1 - E2 * s * s, n = AXIS / sqrt(w2), m = n * (1 - E2) / w2;
	double m1 = 3 * E2 * m * s * k / w2,
	       m2 = 3 * E2 * (m1 * s * k + m * (k * k - s * s) + m * 2 * E2 * s * s * k * k / w2) / w2;

	rho[0] = n * k;
	z[0] = n * (1 - E2) * s;
	rho[1] = -m * s;
	z[1] = m * k;
	rho[2] = -m1 * s - m * k;
	z[2] = m1 * k - m * s;
	rho[3] = -m2 * s - 2 * m1 * k + m * s;
	z[3] = m2 * k - 2 * m1 * s - m * k;
}

void rim_row(struct rim_row *r, const struct rim_centre *c, double lat_e7)
{
	double rho[4], z[4], x, y, e = RADIAN_E7;

	meridian(lat_e7 * RADIAN_E7, rho, z);
	x = rho[0] - c->rho;
	y = z[0] - c->z;
	r->lat = lat_e7;
	r->a[0] = x * x + y * y;
	r->a[1] = 2 * (x * rho[1] + y * z[1]) * e;
	r->a[2] = (rho[1] * rho[1] + z[1] * z[1] + x * rho[2] + y * z[2]) * e * e;
	r->a[3] = (3 * (rho[1] * rho[2] + z[1] * z[2]) + x * rho[3] + y * z[3]) / 3 * e * e * e;
	r->b[0] = 2 * c->rho * rho[0];
	r->b[1] = 2 * c->rho * rho[1] * e;
	r->b[2] = c->rho * rho[2] * e * e;
	r->b[3] = c->rho * rho[3] / 3 * e * e * e;
}

/* Remainders by Taylor, and rounding. */
void rim_bound(struct rim *r, const struct rim_centre *c, double half_e7, double lon_max)
{
	double d = half_e7 * RADIAN_E7, d2 = d * d, lon2 = lon_max * lon_max, lon4 = lon2 * lon2;
	double plane = sqrt(r->row.a[0]) + 6.4e6 * d, v = lon2 < 4 ? lon2 / 2 : 2;
	double by_lat = (SQUARE4 + 2 * plane * CURVE4 + 2 * c->rho * CURVE4 * v) * d2 * d2 / 24;
	double by_lon = 2 * c->rho * 6.4e6 * lon4 * lon4 * lon4 * lon2 / 8.7e10;

	r->lon2_max = lon2 * (1 + 1e-9) + 1e-18;
	r->error = 1.01 * (by_lat + by_lon) +
		   1e-12 * (plane * plane + (r->row.b[0] + 2 * c->rho * 6.4e6 * d) * v) + 1e-4;
}

/* Chords are concave in the reach: the secant lies below them, the tangent above. */
void rim_limits(struct rim *r, double radius, double least, double most)
{
	double low = fmin(geo_chord_in(radius + least), CHORD_TOP), middle = radius + (least + most) / 2;

	r->by_range = most > least && low > 0 && radius + most < 19e6;
	if (r->by_range) {
		r->in[1] = (geo_chord_in(radius + most) - low) / (most - least);
		r->in[0] = low - r->in[1] * least - 1e-6;
		r->out[1] = cos(middle / (2 * GEO_RADIUS_MAX));
		r->out[0] = geo_chord_out(middle) - r->out[1] * (middle - radius) + 1e-6;
	} else {
		r->in[0] = fmax(low, 0);
		r->out[0] = fmin(geo_chord_out(radius + most), CHORD_TOP);
		r->in[1] = r->out[1] = 0;
	}
}

/* chord2 of eight cells and the square of their longitude's difference, radians. */
#define CHORD2(r, b, i, chord2, lon2)                                                                        \
	do {                                                                                                 \
		vd d_ = __builtin_convertvector(*(const vi *)&(b)->lat[i], vd) - (r)->row.lat;                  \
		vd x_ = (__builtin_convertvector(*(const vi *)&(b)->lon[i], vd) - (r)->lon) * RADIAN_E7;     \
		vd t_ = x_ * x_;                                                                             \
		vd v_ = t_ * (1 / 2.0 +                                                                      \
			      t_ * (-1 / 24.0 +                                                              \
				    t_ * (1 / 720.0 +                                                        \
					  t_ * (-1 / 40320.0 + t_ * (1 / 3628800.0 - t_ / 479001600.0)))));  \
		(chord2) = (r)->row.a[0] + d_ * ((r)->row.a[1] + d_ * ((r)->row.a[2] + d_ * (r)->row.a[3])) +                \
			   ((r)->row.b[0] + d_ * ((r)->row.b[1] + d_ * ((r)->row.b[2] + d_ * (r)->row.b[3]))) * v_;          \
		(lon2) = t_;                                                                                 \
	} while (0)

static inline uint64_t fold(const vl *bits)
{
	uint64_t all = 0;

	for (int i = 0; i < LANES; i++)
		all |= (uint64_t)(*bits)[i];
	return all;
}

EACH_MACHINE
static void test_fixed(const struct rim *r, const struct map_block *b, uint64_t *inside, uint64_t *perhaps)
{
	double in2 = r->in[0] * r->in[0] - r->error, out2 = r->out[0] * r->out[0] + r->error;
	vl bit = {1, 2, 4, 8, 16, 32, 64, 128}, in = {0}, out = {0};

	for (int i = 0; i < MAP_BLOCK; i += LANES) {
		vd chord2, lon2;
		vl near;

		CHORD2(r, b, i, chord2, lon2);
		near = (lon2 <= r->lon2_max) & bit;
		in |= (chord2 <= in2) & near;
		out |= (chord2 <= out2) & near;
		bit <<= LANES;
	}
	*inside = fold(&in);
	*perhaps = fold(&out) & ~*inside;
}

EACH_MACHINE
static void test_ranges(const struct rim *r, const struct map_block *b, const uint32_t *words,
			uint64_t *inside, uint64_t *perhaps)
{
	vl bit = {1, 2, 4, 8, 16, 32, 64, 128}, in = {0}, out = {0};

	for (int i = 0; i < MAP_BLOCK; i += LANES) {
		vd chord2, lon2, range = __builtin_convertvector(
			   (vi)(*(const vu *)&words[i] >> 8 & MAP_CELL_RANGE_MAX), vd);
		vd limit;
		vl near, cut = range > r->range_max;

		range = (vd)(((vl)range & ~cut) | ((vl)(range * 0 + r->range_max) & cut));
		CHORD2(r, b, i, chord2, lon2);
		near = (lon2 <= r->lon2_max) & bit;
		limit = r->in[0] + r->in[1] * range;
		in |= (chord2 + r->error <= limit * limit) & near;
		limit = r->out[0] + r->out[1] * range;
		out |= (chord2 - r->error <= limit * limit) & near;
		bit <<= LANES;
	}
	*inside = fold(&in);
	*perhaps = fold(&out) & ~*inside;
}

void rim_test(const struct rim *r, const struct map_block *b, const uint32_t *words, uint64_t *inside,
	      uint64_t *perhaps)
{
	if (r->by_range)
		test_ranges(r, b, words, inside, perhaps);
	else
		test_fixed(r, b, inside, perhaps);
}

EACH_MACHINE
static void chords2(const struct rim *r, const struct map_block *b, double *chord2)
{
	for (int i = 0; i < MAP_BLOCK; i += LANES) {
		vd c2, lon2;

		CHORD2(r, b, i, c2, lon2);
		for (int k = 0; k < LANES; k++)
			chord2[i + k] = lon2[k] <= r->lon2_max ? c2[k] : INFINITY;
	}
}

void rim_chords2(const struct rim *r, const struct map_block *b, double chord2[MAP_BLOCK])
{
	chords2(r, b, chord2);
}

#include "cellmap/rim.h"
#include <math.h>

#define LANES     MAP_BLOCK
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0
/* On the complex circle of radius 2 round a latitude |sin| and |cos| are at most cosh 2, so that no point of
 * the meridian lies farther out than FAR; by Cauchy the k-th coefficient of A is at most A_TOP / 2^k, that of
 * B at most 2 rho FAR / 2^k. */
#define FAR       2.54e7
#define A_TOP     2.1e15
#define CHORD_TOP 1.3e7 /* no chord is longer */

/* The cells of a block at a time. */
typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef int8_t vb __attribute__((vector_size(LANES)));

_Static_assert(LANES == 16, "a block is a vector");

static void multiply(const double *x, const double *y, double *product)
{
	for (int k = 0; k < RIM_A; k++) {
		product[k] = 0;
		for (int i = 0; i <= k; i++)
			product[k] += x[i] * y[k - i];
	}
}

/* The meridian's points about a latitude: distance from the axis and from the equator's plane, as series. */
static void meridian(double lat, double rho[RIM_A], double z[RIM_A])
{
	double s[RIM_A], c[RIM_A], w2[RIM_A], n[RIM_A], unit = 1, sin_lat = sin(lat), cos_lat = cos(lat);

	for (int k = 0; k < RIM_A; k++) {
		s[k] = (k & 1 ? cos_lat : sin_lat) * (k & 2 ? -unit : unit);
		c[k] = (k & 1 ? sin_lat : cos_lat) * ((k + 1) & 2 ? -unit : unit);
		unit /= k + 1;
	}
	multiply(s, s, w2);
	for (int k = 0; k < RIM_A; k++)
		w2[k] = (k == 0) - E2 * w2[k];
	n[0] = AXIS / sqrt(w2[0]);
	for (int k = 1; k < RIM_A; k++) { /* the power -1/2 of a series */
		n[k] = 0;
		for (int j = 1; j <= k; j++)
			n[k] += (j / 2.0 - k) * w2[j] * n[k - j];
		n[k] /= k * w2[0];
	}
	multiply(n, c, rho);
	multiply(n, s, z);
	for (int k = 0; k < RIM_A; k++)
		z[k] *= 1 - E2;
}

/* Remainders by Cauchy; and rounding: no more than 40 times 2^-24 of the sum of all terms' sizes. */
static void bound(struct rim_fit *f, double rho, double half, double lon_max)
{
	double v = lon_max * lon_max / 2, by_lon = 2 * rho * 6.4e6 * pow(lon_max, 10) / 3628800;
	double a = 0, b = 0, power = 1;

	for (int k = 0; k < RIM_A; k++, power *= half) {
		a += fabs(f->a[k]) * power;
		b += k < RIM_B ? fabs(f->b[k]) * power : 0;
	}
	f->error_b = 2 * rho * FAR * pow(half / 2, RIM_B) / (1 - half / 2);
	f->error = 1.01 * (A_TOP * pow(half / 2, RIM_A) / (1 - half / 2) + f->error_b * v + by_lon) +
		   3e-6 * (a + b * v) + 1e-4;
}

void rim_fit(struct rim_fit *f, const struct rim_centre *c, double lat_e7, double half, double lon_max)
{
	double rho[RIM_A], z[RIM_A], x2[RIM_A], z2[RIM_A];

	f->lat = rint(lat_e7);
	meridian(f->lat * RADIAN_E7, rho, z);
	for (int k = 0; k < RIM_B; k++)
		f->b[k] = 2 * c->rho * rho[k];
	rho[0] -= c->rho;
	z[0] -= c->z;
	multiply(rho, rho, x2);
	multiply(z, z, z2);
	for (int k = 0; k < RIM_A; k++)
		f->a[k] = x2[k] + z2[k];
	bound(f, c->rho, half + RADIAN_E7, lon_max);
}

/* Chords are concave in the reach: the secant lies below them, the tangent above. */
void rim_limits(struct rim_limits *l, double radius, double least, double most, double range_max)
{
	double low = fmin(geo_chord_in(radius + least), CHORD_TOP), middle = radius + (least + most) / 2;

	l->range_max = range_max;
	l->by_range = most > least && low > 0 && radius + most < 19e6;
	if (l->by_range) {
		l->in[1] = (geo_chord_in(radius + most) - low) / (most - least);
		l->in[0] = low - l->in[1] * least - 1e-6;
		l->out[1] = cos(middle / (2 * GEO_RADIUS_MAX));
		l->out[0] = geo_chord_out(middle) - l->out[1] * (middle - radius) + 1e-6;
	} else {
		l->in[0] = fmax(low, 0);
		l->out[0] = fmin(geo_chord_out(radius + most), CHORD_TOP);
		l->in[1] = l->out[1] = 0;
	}
}

void rim_ready(struct rim *r, const struct rim_fit *f, const struct rim_limits *l, double lon_e7,
	       double lon_max)
{
	double lon = floor(lon_e7);

	r->lat = (int32_t)f->lat;
	r->lon = (uint32_t)(int64_t)lon;
	r->rest = (float)(lon_e7 - lon);
	r->lon2_max = (float)(lon_max * lon_max);
	for (int i = 0; i < RIM_A; i++)
		r->a[i] = (float)f->a[i];
	for (int i = 0; i < RIM_B; i++)
		r->b[i] = (float)f->b[i];
	r->by_range = l->by_range;
	r->error = (float)f->error;
	r->top = (float)l->range_max;
	for (int i = 0; i < 2; i++) {
		r->in[i] = (float)l->in[i];
		r->out[i] = (float)l->out[i];
	}
	if (!l->by_range) {
		r->in[0] = (float)((l->in[0] * l->in[0] - f->error) * (1 - 1e-7));
		r->out[0] = (float)((l->out[0] * l->out[0] + f->error) * (1 + 1e-7));
	}
}

/* chord2 of a block's cells and the square of their longitude's difference, radians. */
#define CHORD2(r, block, chord2, lon2)                                                                       \
	do {                                                                                                 \
		vf d_ = __builtin_convertvector(*(const vi *)(block)->lat - (r)->lat, vf) *                  \
			(float)RADIAN_E7;                                                                    \
		vf x_ = (__builtin_convertvector((vi)(*(const vu *)(block)->lon - (r)->lon), vf) -           \
			 (r)->rest) *                                                                        \
			(float)RADIAN_E7;                                                                    \
		vf t_ = x_ * x_;                                                                             \
		vf v_ = t_ * (1 / 2.0f + t_ * (-1 / 24.0f + t_ * (1 / 720.0f - t_ * (1 / 40320.0f))));       \
		vf a_ = (r)->a[3] + d_ * ((r)->a[4] + d_ * ((r)->a[5] + d_ * (r)->a[6]));                    \
		vf b_ = (r)->b[2] + d_ * ((r)->b[3] + d_ * ((r)->b[4] + d_ * (r)->b[5]));                    \
		(chord2) = (r)->a[0] + d_ * ((r)->a[1] + d_ * ((r)->a[2] + d_ * a_)) +                       \
			   ((r)->b[0] + d_ * ((r)->b[1] + d_ * b_)) * v_;                                    \
		(lon2) = t_;                                                                                 \
	} while (0)

/* A bit per lane. */
#ifdef __SSE2__
typedef char vc __attribute__((vector_size(LANES)));
#define FOLD(lanes) ((uint16_t)__builtin_ia32_pmovmskb128((vc) __builtin_convertvector(lanes, vb)))
#else
#define FOLD(lanes) fold(&(lanes))
static uint16_t fold(const vi *lanes)
{
	uint16_t bits = 0;

	for (int i = 0; i < LANES; i++)
		bits |= (uint16_t)(((*lanes)[i] & 1) << i);
	return bits;
}
#endif

RIM_EACH_MACHINE
static void test_fixed(const struct rim *rim, const struct map_block *blocks, const uint32_t *list,
		       uint32_t n, uint16_t *inside, uint16_t *perhaps)
{
	const struct rim r = *rim;

	for (uint32_t i = 0; i < n; i++) {
		const struct map_block *b = &blocks[list[i]];
		vf chord2, lon2;
		vi near, in, out;

		CHORD2(&r, b, chord2, lon2);
		near = lon2 <= r.lon2_max;
		in = (chord2 <= r.in[0]) & near;
		out = (chord2 <= r.out[0]) & near & ~in;
		inside[i] = FOLD(in);
		perhaps[i] = FOLD(out);
	}
}

RIM_EACH_MACHINE
static void test_ranges(const struct rim *rim, const struct map_block *blocks, const uint32_t *ranges,
			const uint32_t *list, uint32_t n, uint16_t *inside, uint16_t *perhaps)
{
	const struct rim r = *rim;

	for (uint32_t i = 0; i < n; i++) {
		const struct map_block *b = &blocks[list[i]];
		const vu *word = (const vu *)&ranges[(size_t)list[i] * LANES];
		vf chord2, lon2, limit,
			range = __builtin_convertvector((vi)(*word >> 8 & MAP_CELL_RANGE_MAX), vf);
		vi near, cut = range > r.top, in, out;

		range = (vf)(((vi)range & ~cut) | ((vi)(range * 0 + r.top) & cut));
		CHORD2(&r, b, chord2, lon2);
		near = lon2 <= r.lon2_max;
		limit = r.in[0] + r.in[1] * range;
		in = (chord2 + r.error <= limit * limit * (1 - 1e-6f)) & near;
		limit = r.out[0] + r.out[1] * range;
		out = (chord2 - r.error <= limit * limit * (1 + 1e-6f)) & near & ~in;
		inside[i] = FOLD(in);
		perhaps[i] = FOLD(out);
	}
}

void rim_test(const struct rim *r, const struct cellmap *map, const uint32_t *list, uint32_t n,
	      uint16_t *inside, uint16_t *perhaps)
{
	if (r->by_range)
		test_ranges(r, map->blocks, map->ranges, list, n, inside, perhaps);
	else
		test_fixed(r, map->blocks, list, n, inside, perhaps);
}

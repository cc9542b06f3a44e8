#include "cellmap/rim.h"
#include <math.h>

/* One binary for all machines: the loader picks what this one has. Sanitizers do not like that. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define EACH_MACHINE __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define EACH_MACHINE
#endif

#define LANES     16
#define RADIAN_E7 (M_PI / 180 * 1e-7)
#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0
/* Bounds of the fourth derivatives by latitude: of a meridian's point, and of its squared distance from one
 * not farther than p: SQUARE4 + 2 p CURVE4. */
#define CURVE4    7.5e6
#define SQUARE4   6e14
#define CHORD_TOP 1.3e7 /* no chord is longer */

/* Sixteen cells at a time. */
typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint64_t vl __attribute__((vector_size(4 * LANES)));

/* A rim in single precision, relative to whole 1e-7 degrees. */
struct fine {
	int32_t lat;
	uint32_t lon; /* of the centre, by 2^32: what lies farther than RIM_LON_MAX is never mistaken as near
		       */
	float rest;   /* of the centre's longitude */
	float a[4], b[4], lon2_max;
};

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

/* Remainders by Taylor; and rounding to single precision: no more than 24 times 2^-24 of the largest term. */
void rim_bound(struct rim *r, const struct rim_centre *c, double half_e7, double lon_max)
{
	double d = half_e7 * RADIAN_E7, d2 = d * d, lon2 = lon_max * lon_max, lon4 = lon2 * lon2;
	double plane = sqrt(r->row.a[0]) + 6.4e6 * d, v = lon2 < 4 ? lon2 / 2 : 2;
	double by_lat = (SQUARE4 + 2 * plane * CURVE4 + 2 * c->rho * CURVE4 * v) * d2 * d2 / 24;
	double by_lon = 2 * c->rho * 6.4e6 * lon4 * lon4 * lon2 / 3628800;

	r->lon2_max = lon2 * (1 + 1e-6) + 1e-18;
	r->error = 1.01 * (by_lat + by_lon) +
		   2e-6 * (plane * plane + (r->row.b[0] + 2 * c->rho * 6.4e6 * d) * v) + 1e-4;
}

static void refine(const struct rim *r, struct fine *f)
{
	double lon = floor(r->lon);

	f->lat = (int32_t)r->row.lat; /* the middle of a row is whole */
	f->lon = (uint32_t)(int64_t)lon;
	f->rest = (float)(r->lon - lon);
	f->lon2_max = (float)r->lon2_max;
	for (int i = 0; i < 4; i++) {
		f->a[i] = (float)r->row.a[i];
		f->b[i] = (float)r->row.b[i];
	}
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

/* chord2 of sixteen cells and the square of their longitude's difference, radians. */
#define CHORD2(f, b, i, chord2, lon2)                                                                        \
	do {                                                                                                 \
		vf d_ = __builtin_convertvector(*(const vi *)&(b)->lat[i] - (f)->lat, vf);                   \
		vf x_ = (__builtin_convertvector((vi)(*(const vu *)&(b)->lon[i] - (f)->lon), vf) -           \
			 (f)->rest) *                                                                        \
			(float)RADIAN_E7;                                                                    \
		vf t_ = x_ * x_;                                                                             \
		vf v_ = t_ * (1 / 2.0f + t_ * (-1 / 24.0f + t_ * (1 / 720.0f - t_ * (1 / 40320.0f))));       \
		(chord2) = (f)->a[0] + d_ * ((f)->a[1] + d_ * ((f)->a[2] + d_ * (f)->a[3])) +                \
			   ((f)->b[0] + d_ * ((f)->b[1] + d_ * ((f)->b[2] + d_ * (f)->b[3]))) * v_;          \
		(lon2) = t_;                                                                                 \
	} while (0)

static const vi bit = {1 << 0, 1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
		       1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};

static inline uint32_t fold(const vi *bits)
{
	const vl *pairs = (const vl *)bits;
	uint64_t all = 0;

	for (int i = 0; i < LANES / 2; i++)
		all |= (*pairs)[i];
	return (uint32_t)(all | all >> 32);
}

EACH_MACHINE
static void test_fixed(const struct rim *r, const struct map_block *b, uint64_t *inside, uint64_t *perhaps)
{
	float in2 = (float)((r->in[0] * r->in[0] - r->error) * (1 - 1e-7)),
	      out2 = (float)((r->out[0] * r->out[0] + r->error) * (1 + 1e-7));
	uint64_t in = 0, out = 0;
	struct fine f;

	refine(r, &f);
	for (int half = 0; half < MAP_BLOCK; half += 2 * LANES) {
		vi in_bits = {0}, out_bits = {0};

		for (int k = 0; k < 2; k++) {
			vf chord2, lon2;
			vi near;

			CHORD2(&f, b, half + k * LANES, chord2, lon2);
			near = (lon2 <= f.lon2_max) & (bit << k * LANES);
			in_bits |= (chord2 <= in2) & near;
			out_bits |= (chord2 <= out2) & near;
		}
		in |= (uint64_t)fold(&in_bits) << half;
		out |= (uint64_t)fold(&out_bits) << half;
	}
	*inside = in;
	*perhaps = out & ~in;
}

EACH_MACHINE
static void test_ranges(const struct rim *r, const struct map_block *b, const uint32_t *words,
			uint64_t *inside, uint64_t *perhaps)
{
	float in0 = (float)r->in[0], in1 = (float)r->in[1], out0 = (float)r->out[0], out1 = (float)r->out[1],
	      top = (float)r->range_max, error = (float)r->error;
	uint64_t in = 0, out = 0;
	struct fine f;

	refine(r, &f);
	for (int half = 0; half < MAP_BLOCK; half += 2 * LANES) {
		vi in_bits = {0}, out_bits = {0};

		for (int k = 0; k < 2; k++) {
			int i = half + k * LANES;
			vf chord2, lon2, limit,
				range = __builtin_convertvector(
					(vi)(*(const vu *)&words[i] >> 8 & MAP_CELL_RANGE_MAX), vf);
			vi near, cut = range > top;

			range = (vf)(((vi)range & ~cut) | ((vi)(range * 0 + top) & cut));
			CHORD2(&f, b, i, chord2, lon2);
			near = (lon2 <= f.lon2_max) & (bit << k * LANES);
			limit = in0 + in1 * range;
			in_bits |= (chord2 + error <= limit * limit * (1 - 1e-6f)) & near;
			limit = out0 + out1 * range;
			out_bits |= (chord2 - error <= limit * limit * (1 + 1e-6f)) & near;
		}
		in |= (uint64_t)fold(&in_bits) << half;
		out |= (uint64_t)fold(&out_bits) << half;
	}
	*inside = in;
	*perhaps = out & ~in;
}

void rim_test(const struct rim *r, const struct map_block *b, const uint32_t *words, uint64_t *inside,
	      uint64_t *perhaps)
{
	if (r->by_range)
		test_ranges(r, b, words, inside, perhaps);
	else
		test_fixed(r, b, inside, perhaps);
}

double rim_chord2(const struct rim *r, int32_t lat_e7, int32_t lon_e7)
{
	double d = lat_e7 - r->row.lat, x = (lon_e7 - r->lon) * RADIAN_E7, t = x * x;
	double v = t * (1 / 2.0 + t * (-1 / 24.0 + t * (1 / 720.0 - t * (1 / 40320.0))));

	return r->row.a[0] + d * (r->row.a[1] + d * (r->row.a[2] + d * r->row.a[3])) +
	       (r->row.b[0] + d * (r->row.b[1] + d * (r->row.b[2] + d * r->row.b[3]))) * v;
}

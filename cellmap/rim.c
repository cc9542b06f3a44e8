#include "cellmap/rim.h"
#include <math.h>

#define E2        0.0066943799901413165 /* of WGS-84 */
#define AXIS      6378137.0
/* On the complex circle of radius 2 round a latitude |sin| and |cos| are at most cosh 2, so that no point of
 * the meridian lies farther out than FAR; by Cauchy the k-th coefficient of A is at most A_TOP / 2^k, that of
 * B at most 2 rho FAR / 2^k. */
#define FAR       2.54e7
#define A_TOP     2.1e15
#define CHORD_TOP 1.3e7 /* no chord is longer */

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
	meridian(f->lat * RIM_RADIAN_E7, rho, z);
	for (int k = 0; k < RIM_B; k++)
		f->b[k] = 2 * c->rho * rho[k];
	rho[0] -= c->rho;
	z[0] -= c->z;
	multiply(rho, rho, x2);
	multiply(z, z, z2);
	for (int k = 0; k < RIM_A; k++)
		f->a[k] = x2[k] + z2[k];
	bound(f, c->rho, half + RIM_RADIAN_E7, lon_max);
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
	r->lanes = rim_lanes();
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

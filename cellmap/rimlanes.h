/* rimlanes: the test of rim.h, LANES cells at a time. Read by rimtest.c alone, once for each width, with LANES,
 * TARGET and, where there is an instruction for it, SIGNS: a bit per lane of a mask. */
typedef float NAME(vf) __attribute__((vector_size(4 * LANES)));
typedef int32_t NAME(vi) __attribute__((vector_size(4 * LANES)));
typedef uint32_t NAME(vu) __attribute__((vector_size(4 * LANES)));

#define vf NAME(vf)
#define vi NAME(vi)
#define vu NAME(vu)

#ifndef SIGNS
#define SIGNS(mask) NAME(signs_)(mask)
static inline unsigned int NAME(signs_)(vi mask)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < LANES; i++)
		bits |= (unsigned int)(mask[i] & 1) << i;
	return bits;
}
#endif

/* Squared chords of cells of a block, and the squares of their longitudes' differences, radians. */
TARGET static inline __attribute__((always_inline)) vf NAME(chord2_)(const struct rim *r, const int32_t *lats,
								      const int32_t *lons, vf *lon2)
{
	const vf radian = (float)RIM_RADIAN_E7 - (vf){0};
	vf d = __builtin_convertvector(*(const vi *)lats - r->lat, vf) * radian;
	vf x = (__builtin_convertvector((vi)(*(const vu *)lons - r->lon), vf) - r->rest) * radian, t = x * x;
	vf v = t * (1 / 2.0f + t * (-1 / 24.0f + t * (1 / 720.0f - t * (1 / 40320.0f))));
	vf a = r->a[3] + d * (r->a[4] + d * (r->a[5] + d * r->a[6]));
	vf b = r->b[2] + d * (r->b[3] + d * (r->b[4] + d * r->b[5]));

	*lon2 = t;
	return r->a[0] + d * (r->a[1] + d * (r->a[2] + d * a)) + (r->b[0] + d * (r->b[1] + d * b)) * v;
}

TARGET static inline __attribute__((always_inline)) vf NAME(range_)(const struct rim *r, const uint32_t *words)
{
	vf range = __builtin_convertvector((vi)(*(const vu *)words >> 8 & MAP_CELL_RANGE_MAX), vf),
	   top = r->top - (vf){0};
	vi cut = range > top;

	return (vf)(((vi)range & ~cut) | ((vi)top & cut));
}

/* ranges: NULL when they do not count. */
TARGET static void NAME(test_)(const struct rim *rim, const struct map_block *blocks, const uint32_t *ranges,
			       const uint32_t *list, uint32_t n, uint16_t *inside, uint16_t *perhaps)
{
	const struct rim r = *rim;

	for (uint32_t i = 0; i < n; i++) {
		unsigned int in_bits = 0, out_bits = 0;

		for (unsigned int k = 0; k < MAP_BLOCK; k += LANES) {
			const struct map_block *b = &blocks[list[i]];
			vf lon2, chord2 = NAME(chord2_)(&r, b->lat + k, b->lon + k, &lon2);
			vi near = lon2 <= r.lon2_max, in, out;

			if (ranges) {
				vf range = NAME(range_)(&r, &ranges[(size_t)list[i] * MAP_BLOCK + k]),
				   limit = r.in[0] + r.in[1] * range;

				in = chord2 + r.error <= limit * limit * (1 - 1e-6f);
				limit = r.out[0] + r.out[1] * range;
				out = chord2 - r.error <= limit * limit * (1 + 1e-6f);
			} else {
				in = chord2 <= r.in[0];
				out = chord2 <= r.out[0];
			}
			in &= near;
			out &= near & ~in;
			in_bits |= SIGNS(in) << k;
			out_bits |= SIGNS(out) << k;
		}
		inside[i] = (uint16_t)in_bits;
		perhaps[i] = (uint16_t)out_bits;
	}
}

#undef vf
#undef vi
#undef vu
#undef SIGNS
#undef TARGET
#undef LANES

/* The usual row for machines with AVX2: a row's numbers are read together, 8 digits to each lane. */
#include "cellmap/cellmap.h"
#include "cellmap/csvquick.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#include <string.h>

#define YOUNG      __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define FIELDS     13  /* that are looked at */
#define SECOND     10  /* of them at most, that are taken to end in the second half of the marks */
#define NOT_MARKED 128 /* the first octet without a mark */

/* Where a row's fields end, and its line. */
struct ends {
	uint8_t at[64 + SECOND];
	unsigned int line;
};

YOUNG static inline uint64_t equal_to(const char *p, char c)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32)),
		m = _mm256_set1_epi8(c);

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, m)) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, m)) << 32;
}

/* False when the line has too few fields. */
YOUNG static inline bool find_ends(const char *line, struct ends *e)
{
	uint64_t first = equal_to(line, ','), second = equal_to(line + 64, ','), newline = equal_to(line, '\n'),
		 newline2 = equal_to(line + 64, '\n');
	unsigned int n = (unsigned int)_mm_popcnt_u64(first);

	e->line = newline	 ? (unsigned int)_tzcnt_u64(newline)
		  : newline2 ? 64 + (unsigned int)_tzcnt_u64(newline2)
			     : NOT_MARKED;
	if (n < FIELDS - SECOND || n + (unsigned int)_mm_popcnt_u64(second) < FIELDS)
		return false;
#pragma GCC unroll 13
	for (unsigned int i = 0; i < FIELDS; i++) {
		e->at[i] = (uint8_t)_tzcnt_u64(first);
		first = _blsr_u64(first);
	}
#pragma GCC unroll 10
	for (unsigned int i = 0; i < SECOND; i++) {
		e->at[n + i] = (uint8_t)(64 + _tzcnt_u64(second));
		second = _blsr_u64(second);
	}
	return e->at[FIELDS - 1] < e->line;
}

/* Eight octets from p on. */
YOUNG static inline int64_t text(const char *p)
{
	int64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Of four texts the first 8 - cut / 8 octets each, as numbers; *bad gets a sign bit for what is no digit. The first
 * digit comes lowest: what is shifted in below are zeros before it. `back` then moves them down again, so that zeros
 * follow. */
YOUNG static inline __m256i numbers(__m256i texts, __m256i cut, __m256i back, __m256i *bad)
{
	const __m256i tens = _mm256_set1_epi16(0x010A), hundreds = _mm256_set1_epi32(0x00010064);
	__m256i x = _mm256_xor_si256(texts, _mm256_set1_epi8('0'));

	x = _mm256_srlv_epi64(_mm256_sllv_epi64(x, cut), back);
	*bad = _mm256_or_si256(*bad, _mm256_or_si256(x, _mm256_add_epi8(x, _mm256_set1_epi8(0x76))));
	x = _mm256_madd_epi16(_mm256_maddubs_epi16(x, tens), hundreds);
	return _mm256_add_epi64(_mm256_mul_epu32(x, _mm256_set1_epi64x(10000)), _mm256_srli_epi64(x, 32));
}

/* A field of up to 16 digits: what stands before its last 8, and those. */
struct halves {
	const char *at;
	unsigned int high, low;
};

YOUNG static inline struct halves halves(const char *at, unsigned int len)
{
	unsigned int high = len > 8 ? len - 8 : 0;

	return (struct halves){at, high, len - high};
}

/* Degrees with a point and at most 7 digits behind it. */
struct degrees {
	const char *whole, *rest;
	unsigned int n_whole, n_rest;
	bool negative, bad;
};

YOUNG static inline struct degrees degrees(const char *at, unsigned int len)
{
	struct degrees d = {.negative = *at == '-'};

	at += d.negative;
	len -= d.negative;
	d.whole = at;
	d.n_whole = 1 + (at[1] != '.') + ((at[1] != '.') & (at[2] != '.'));
	d.rest = at + d.n_whole + 1;
	d.n_rest = len - d.n_whole - 1;
	d.bad = (d.rest[-1] != '.') | (d.n_rest - 1 > 6);
	return d;
}

static inline uint64_t cut(unsigned int len)
{
	return 64 - 8 * len;
}

YOUNG static inline uint64_t e7(uint64_t whole, uint64_t rest)
{
	return whole * 10000000 + rest;
}

YOUNG size_t csv_quick_young(const char *line, const char *end, struct csv_row *row)
{
	enum { RADIO, MCC, MNC, AREA, CELL, UNIT, LON, LAT, RANGE, SAMPLES, CHANGEABLE, CREATED, UPDATED };
	__m256i zero = _mm256_setzero_si256(), bad = zero;
	uint64_t v[4][4], cell, updated, lon, lat;
	struct degrees x, y;
	struct halves c, u;
	const char *newline;
	struct ends e;

	if (!find_ends(line, &e))
		return 0;
#define AT(field)  (line + e.at[(field)-1] + 1)
#define LEN(field) (unsigned int)(e.at[field] - e.at[(field)-1] - 1)
	x = degrees(AT(LON), LEN(LON));
	y = degrees(AT(LAT), LEN(LAT));
	c = halves(AT(CELL), LEN(CELL));
	u = halves(AT(UPDATED), LEN(UPDATED));
	if (x.bad | y.bad) /* more digits, perhaps */
		return csv_quick(line, end, row);
	if ((LEN(MCC) - 1 > 7) | (LEN(MNC) - 1 > 7) | (LEN(AREA) - 1 > 7) | (LEN(CELL) - 1 > 15) | (LEN(RANGE) > 8) |
	    (LEN(SAMPLES) > 8) | (LEN(UPDATED) > 16) | (*AT(UNIT) == '"') | (*AT(CHANGEABLE) == '"') |
	    (*AT(CREATED) == '"'))
		return 0;
#define FOUR(a, b, c, d) _mm256_set_epi64x((int64_t)(d), (int64_t)(c), (int64_t)(b), (int64_t)(a))
	_mm256_storeu_si256((__m256i *)v[0],
			    numbers(FOUR(text(AT(MCC)), text(AT(MNC)), text(AT(AREA)), text(AT(RANGE))),
				    FOUR(cut(LEN(MCC)), cut(LEN(MNC)), cut(LEN(AREA)), cut(LEN(RANGE))), zero, &bad));
	_mm256_storeu_si256((__m256i *)v[1],
			    numbers(FOUR(text(c.at), text(c.at + c.high), text(u.at), text(u.at + u.high)),
				    FOUR(cut(c.high), cut(c.low), cut(u.high), cut(u.low)), zero, &bad));
	_mm256_storeu_si256((__m256i *)v[2],
			    numbers(FOUR(text(x.whole), text(y.whole), text(AT(SAMPLES)), 0),
				    FOUR(cut(x.n_whole), cut(y.n_whole), cut(LEN(SAMPLES)), 64), zero, &bad));
	_mm256_storeu_si256((__m256i *)v[3],
			    numbers(FOUR(text(x.rest), text(y.rest), 0, 0),
				    FOUR(cut(x.n_rest), cut(y.n_rest), 64, 64),
				    FOUR(56 - 8 * x.n_rest, 56 - 8 * y.n_rest, 0, 0), &bad));
	cell = v[1][0] * 100000000 + v[1][1];
	updated = v[1][2] * 100000000 + v[1][3];
	lon = e7(v[2][0], v[3][0]);
	lat = e7(v[2][1], v[3][1]);
	row->radio = csv_quick_radio(line, e.at[RADIO]);
	row->mcc = (uint16_t)v[0][0];
	row->mnc = (uint16_t)v[0][1];
	row->mnc_digits = (*AT(MNC) == '0') & (LEN(MNC) - 2 < 2) ? (uint8_t)LEN(MNC) : 0;
	row->area = (uint32_t)v[0][2];
	row->cell = (int64_t)cell;
	row->lon = x.negative ? -(int32_t)lon : (int32_t)lon;
	row->lat = y.negative ? -(int32_t)lat : (int32_t)lat;
	row->range_m = (uint32_t)v[0][3];
	row->samples = (uint32_t)v[2][2];
	row->updated = (uint32_t)updated;
	if (_mm256_movemask_epi8(bad) | (row->radio == CELL_RADIO_N) | (v[0][0] - 1 > 998) | (v[0][1] > UINT16_MAX) |
	    (cell >> 36 != 0) | (updated > UINT32_MAX) | (lon > UINT64_C(1800000000)) | (lat > 900000000) |
	    ((lon | lat) == 0))
		return 0;
	newline = line + e.line;
	if (e.line == NOT_MARKED)
		newline = newline < end ? memchr(newline, '\n', (size_t)(end - newline)) : NULL;
	return newline && newline < end && newline - line <= CSV_LINE_MAX ? (size_t)(newline - line) + 1 : 0;
}
#endif

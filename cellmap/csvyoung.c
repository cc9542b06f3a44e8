/* The usual rows for machines with AVX-512 and VBMI2: a row's fields are found together, and each number's
 * digits are brought to a lane of their own. */
#include "cellmap/cellmap.h"
#include "cellmap/csvquick.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define YOUNG  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2")))
#define WINDOW 64

/* A row is looked at in two windows; the second begins with the longitude. Pieces are fields, but degrees are
 * two: before the point and behind it. */
enum { RADIO, MCC, NET, AREA, CELL, UNIT, FIRST_PIECES };
enum { LON, LON_REST, LAT, LAT_REST, RANGE, SAMPLES, CHANGEABLE, CREATED, UPDATED, SECOND_PIECES };
#define POINTS (1 << LON | 1 << LAT) /* the pieces that end in one */

struct window {
	__m512i text;
	uint64_t marks;             /* a bit where a piece ends */
	__m128i begins, ends, lens; /* an octet each piece */
};

YOUNG static inline uint64_t equal_to(__m512i text, char c)
{
	return _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(c));
}

/* WINDOW when there is none. */
YOUNG static inline unsigned int end_of(const struct window *w, unsigned int piece)
{
	return (unsigned int)_tzcnt_u64(_pdep_u64(UINT64_C(1) << piece, w->marks));
}

YOUNG static inline void find_pieces(struct window *w)
{
	static const uint8_t places[WINDOW] = {
		0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
		22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
		44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
	__m128i before = _mm_set1_epi8(-1);

	w->ends = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(w->marks, _mm512_loadu_si512(places)));
	w->begins = _mm_sub_epi8(_mm_alignr_epi8(w->ends, before, 15), before);
	w->lens = _mm_sub_epi8(w->ends, w->begins);
}

/* A bit for each piece that is shorter or longer than it may be. */
YOUNG static inline unsigned int misfits(const struct window *w, __m128i least, __m128i most)
{
	return _mm_cmpgt_epu8_mask(_mm_sub_epi8(w->lens, least), _mm_sub_epi8(most, least));
}

#define PIECE(piece) ((piece)*INT64_C(0x0101010101010101))  /* all octets of a lane */
#define LAST         (int64_t) UINT64_C(0xFFFEFDFCFBFAF9F8) /* its last 8 digits, from -8 to -1 */
#define BEFORE       (int64_t) UINT64_C(0xF7F6F5F4F3F2F1F0) /* the 8 before them */

/* Of each lane's piece those digits as a number. *bad gets a bit for what is none. */
YOUNG static inline __m512i numbers(const struct window *w, __m512i piece, __m512i from, uint64_t *bad)
{
	const __m512i tens = _mm512_set1_epi16(0x010A), hundreds = _mm512_set1_epi32(0x00010064);
	__m512i begin = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(w->begins), piece),
		at = _mm512_add_epi8(_mm512_shuffle_epi8(_mm512_broadcast_i32x4(w->ends), piece), from);
	__mmask64 within = _mm512_cmpge_epi8_mask(at, begin);
	__m512i x = _mm512_permutexvar_epi8(at, w->text);

	x = _mm512_maskz_sub_epi8(within, x, _mm512_set1_epi8('0'));
	*bad |= _mm512_cmpgt_epu8_mask(x, _mm512_set1_epi8(9));
	x = _mm512_madd_epi16(_mm512_maddubs_epi16(x, tens), hundreds);
	return _mm512_add_epi64(_mm512_mul_epu32(x, _mm512_set1_epi64(10000)), _mm512_srli_epi64(x, 32));
}

/* Radio to unit. Adds to *bad what is unusual; returns where the unit ends. */
YOUNG static inline unsigned int take_ids(const char *line, struct csv_row *row, uint64_t *bad)
{
	const __m512i least = _mm512_setr_epi64(1, 0, 0, 0, 0, 0, 0, 0),
		      most = _mm512_setr_epi64(999, UINT16_MAX, -1, -1, -1, -1, -1, -1);
	struct window w = {.text = _mm512_loadu_si512(line)};
	unsigned int end, digits;
	__m512i ids;
	uint64_t v[8];

	w.marks = equal_to(w.text, ',');
	end = end_of(&w, UNIT);
	*bad |= _bzhi_u64(equal_to(w.text, '"'), end) | end / WINDOW;
	find_pieces(&w);
	ids = numbers(&w,
		      _mm512_setr_epi64(PIECE(MCC), PIECE(NET), PIECE(AREA), PIECE(CELL), PIECE(CELL),
					PIECE(MCC), PIECE(MCC), PIECE(MCC)),
		      _mm512_setr_epi64(LAST, LAST, LAST, LAST, BEFORE, LAST, LAST, LAST), bad);
	*bad |= _mm512_cmpgt_epu64_mask(_mm512_sub_epi64(ids, least), _mm512_sub_epi64(most, least));
	*bad |= misfits(&w, _mm_setr_epi8(1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			_mm_setr_epi8(8, 8, 8, 8, 16, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
	_mm512_storeu_si512(v, ids);
	row->radio = csv_quick_radio(line, end_of(&w, RADIO));
	*bad |= row->radio == CELL_RADIO_N;
	row->mcc = (uint16_t)v[0];
	row->mnc = (uint16_t)v[1];
	digits = (unsigned int)_mm_extract_epi8(w.lens, NET);
	digits *= (digits - 2 < 2) & (line[_mm_extract_epi8(w.begins, NET)] == '0');
	row->mnc_digits = (uint8_t)digits;
	row->area = (uint32_t)v[2];
	row->cell = (int64_t)(v[4] * 100000000 + v[3]);
	*bad |= (uint64_t)row->cell >> 36;
	return end;
}

/* The rest of a row, from the longitude on. Returns where `updated` ends. */
YOUNG static inline unsigned int take_rest(const char *text, struct csv_row *row, uint64_t *bad)
{
	static const uint32_t scale[8] = {10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
	struct window w = {.text = _mm512_loadu_si512(text)};
	uint64_t points = equal_to(w.text, '.'), minus, v[8], lon, lat, updated;
	unsigned int end;
	__m512i rest;

	w.marks = equal_to(w.text, ',') | points;
	end = end_of(&w, UPDATED);
	*bad |= _bzhi_u64(equal_to(w.text, '"'), end) | end / WINDOW;
	*bad |= (_pext_u64(points, w.marks) & ((1 << SECOND_PIECES) - 1)) ^ POINTS;
	minus = equal_to(w.text, '-') & (1 | _pdep_u64(1 << LON_REST, w.marks) << 1);
	w.text = _mm512_mask_blend_epi8(minus, w.text, _mm512_set1_epi8('0'));
	find_pieces(&w);
	rest = numbers(&w,
		       _mm512_setr_epi64(PIECE(LON), PIECE(LON_REST), PIECE(LAT), PIECE(LAT_REST),
					 PIECE(RANGE), PIECE(SAMPLES), PIECE(UPDATED), PIECE(UPDATED)),
		       _mm512_setr_epi64(LAST, LAST, LAST, LAST, LAST, LAST, LAST, BEFORE), bad);
	*bad |= misfits(&w, _mm_setr_epi8(1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			_mm_setr_epi8(8, 7, 8, 7, 8, 8, -1, -1, 16, -1, -1, -1, -1, -1, -1, -1));
	_mm512_storeu_si512(v, rest);
	lon = v[0] * scale[0] + v[1] * scale[_mm_extract_epi8(w.lens, LON_REST) & 7];
	lat = v[2] * scale[0] + v[3] * scale[_mm_extract_epi8(w.lens, LAT_REST) & 7];
	updated = v[7] * 100000000 + v[6];
	*bad |= (lon > UINT64_C(1800000000)) | (lat > 900000000) | ((lon | lat) == 0) | updated >> 32;
	row->lon = minus & 1 ? -(int32_t)lon : (int32_t)lon;
	row->lat = minus >> 1 ? -(int32_t)lat : (int32_t)lat;
	row->range_m = (uint32_t)v[4];
	row->samples = (uint32_t)v[5];
	row->updated = (uint32_t)updated;
	return end;
}

/* Without the newline; 2 * WINDOW when it is longer. Found without the fields, so that the next row need not
 * wait for them. */
YOUNG static inline unsigned int line_length(const char *line)
{
	uint64_t first = equal_to(_mm512_loadu_si512(line), '\n'),
		 second = equal_to(_mm512_loadu_si512(line + WINDOW), '\n');

	return (unsigned int)(first ? _tzcnt_u64(first) : WINDOW + _tzcnt_u64(second));
}

YOUNG size_t csv_quick_young(const char **text, const char *end, struct csv_row *rows, size_t n)
{
	const char *line = *text;
	size_t i = 0;

	for (; i < n; i++) {
		unsigned int len = line_length(line), lon, updated;
		uint64_t bad = 0;

		lon = take_ids(line, &rows[i], &bad) + 1;
		updated = lon + take_rest(line + lon, &rows[i], &bad);
		if (bad || updated >= len || len == 2 * WINDOW || len >= (size_t)(end - line)) {
			/* More digits, perhaps, or a long line. */
			if (csv_quick(&line, end, &rows[i], 1) == 0)
				break;
		} else {
			line += len + 1;
		}
	}
	*text = line;
	return i;
}
#endif

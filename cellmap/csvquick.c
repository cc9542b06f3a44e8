#include "cellmap/csvquick.h"
#include "cellmap/cellmap.h"
#include <math.h>
#include <string.h>

#define DEGREES_E7(x) ((uint64_t)(x)*10000000)
#define ZEROS         UINT64_C(0x3030303030303030)
#define HIGH_BITS     UINT64_C(0x8080808080808080)
#define ABOVE_NINE    UINT64_C(0x7676767676767676) /* + digit: the high bit tells 10 and more */
#define MARKS         128                          /* octets of a row in which its fields end */

typedef char vc __attribute__((vector_size(16)));

/* Walks from comma to comma. A bit of `marks` is a comma or a newline; a bit of `bad` set anywhere in the end
 * means that something was unusual. */
struct walk {
	const char *line, *at; /* at: the field */
	uint64_t marks[2];
	unsigned int len; /* of the field */
	uint64_t bad;
};

bool csv_quick_layout(const struct csv_layout *l)
{
	struct csv_layout usual;

	csv_layout_opencellid(&usual);
	return l->separator == ',' && l->radio < 0 && l->datum == GEO_WGS84 &&
	       !memcmp(l->column, usual.column, sizeof(l->column)) &&
	       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

static inline uint64_t marks_of(const char *p)
{
	uint64_t marks = 0;

	for (unsigned int i = 0; i < 64; i += 16) {
		vc text, hit;
		uint64_t bits = 0;

		memcpy(&text, p + i, sizeof(text));
		hit = (vc)((text == ',') | (text == '\n'));
#ifdef __SSE2__
		bits = (uint32_t)__builtin_ia32_pmovmskb128(hit);
#else
		for (unsigned int k = 0; k < 16; k++)
			bits |= (uint64_t)(hit[k] & 1) << k;
#endif
		marks |= bits << i;
	}
	return marks;
}

/* Where the next mark is, from the start of the line; MARKS - 1, where none is, when there is none. Masks,
 * since in which word it lies cannot be guessed. */
static inline unsigned int next_mark(struct walk *w)
{
	uint64_t second = (uint64_t)0 - (w->marks[0] == 0), marks = w->marks[0] | (w->marks[1] & second);

	w->marks[0] &= w->marks[0] - 1;
	w->marks[1] &= (w->marks[1] - 1) | ~second;
	return (unsigned int)__builtin_ctzll(marks | UINT64_C(1) << 63) + (64 & (unsigned int)second);
}

/* The next field, which must end in a comma. */
static inline void step(struct walk *w)
{
	const char *end;

	w->at += w->len + 1;
	end = w->line + next_mark(w);
	w->bad |= (uint64_t)(*end ^ ',');
	w->len = (unsigned int)(end - w->at);
}

/* 1 to 8 digits. The first comes lowest: what is shifted in below are zeros before it. */
static inline uint64_t eight(struct walk *w, const char *at, unsigned int len)
{
	uint64_t x;

	if (len - 1 > 7) {
		w->bad = 1;
		return 0;
	}
	memcpy(&x, at, sizeof(x));
	x = (x ^ ZEROS) << (64 - 8 * len);
	w->bad |= (x | (x + ABOVE_NINE)) & HIGH_BITS;
	x = (x & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
	x = (x & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
	return (x & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >> 32;
}

static inline uint64_t sixteen(struct walk *w, const char *at, unsigned int len)
{
	if (len <= 8 || len > 16)
		return eight(w, at, len);
	return eight(w, at, len - 8) * 100000000 + eight(w, at + len - 8, 8);
}

static inline uint64_t take(struct walk *w, uint64_t most)
{
	uint64_t v;

	step(w);
	v = sixteen(w, w->at, w->len);
	w->bad |= v > most;
	return v;
}

/* The same, or nothing, which counts 0. */
static inline uint32_t take_optional(struct walk *w)
{
	uint64_t v;

	step(w);
	if (w->len == 0)
		return 0;
	v = sixteen(w, w->at, w->len);
	w->bad |= v > UINT32_MAX;
	return (uint32_t)v;
}

static inline void skip(struct walk *w)
{
	step(w);
	w->bad |= w->at[0] == '"';
}

/* More digits behind the point than are kept: as csv_parse() does it. */
static int32_t take_long(struct walk *w, uint64_t whole, const char *at, unsigned int digits, uint64_t most)
{
	static const double scale[17] = {1,   1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
					 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
	uint64_t n = sixteen(w, at, digits);
	double v;

	for (unsigned int i = 0; i < digits; i++)
		whole *= 10;
	v = (double)(whole + n) / scale[digits];
	if (w->len > 18 || !(v <= (double)most / 1e7)) {
		w->bad = 1;
		return 0;
	}
	return (int32_t)lrint(*w->at == '-' ? -v * 1e7 : v * 1e7);
}

/* Degrees with a point, as 1e-7 degree. */
static inline int32_t take_degrees(struct walk *w, uint64_t most)
{
	const char *at, *point;
	unsigned int digits, len;
	bool negative;
	uint64_t whole, rest;

	step(w);
	negative = *w->at == '-';
	at = w->at + negative;
	len = w->len - negative;
	point = at + 1 + (at[1] != '.') + (at[1] != '.' && at[2] != '.');
	digits = len - (unsigned int)(point - at) - 1;
	if (*point != '.' || digits - 1 > 15 || len > 18) {
		w->bad = 1;
		return 0;
	}
	whole = eight(w, at, (unsigned int)(point - at));
	if (digits > 7)
		return take_long(w, whole, point + 1, digits, most);
	/* Seven digits, the first lowest but one: what is cut off above are zeros behind the last. */
	memcpy(&rest, point + 1, sizeof(rest));
	rest = ((rest ^ ZEROS) << (64 - 8 * digits) >> (56 - 8 * digits));
	w->bad |= (rest | (rest + ABOVE_NINE)) & HIGH_BITS;
	rest = (rest & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
	rest = (rest & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
	rest = (rest & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >> 32;
	rest += DEGREES_E7(whole);
	w->bad |= rest > most;
	return negative ? -(int32_t)rest : (int32_t)rest;
}

/* Its length with the newline, or 0. */
static size_t take_row(const char *line, const char *end, struct csv_row *row)
{
	struct walk w = {line, line - 1, {marks_of(line), marks_of(line + 64)}, 0, 0};
	const char *newline;
	int32_t lon, lat;

	step(&w);
	row->radio = csv_quick_radio(w.at, w.len);
	w.bad |= row->radio == CELL_RADIO_N;
	row->mcc = (uint16_t)take(&w, 999);
	w.bad |= row->mcc == 0;
	row->mnc = (uint16_t)take(&w, UINT16_MAX);
	row->mnc_digits = *w.at == '0' && (w.len == 2 || w.len == 3) ? (uint8_t)w.len : 0;
	row->area = (uint32_t)take(&w, UINT32_MAX);
	row->cell = (int64_t)take(&w, (UINT64_C(1) << 36) - 1);
	skip(&w);
	lon = take_degrees(&w, DEGREES_E7(180));
	lat = take_degrees(&w, DEGREES_E7(90));
	row->lon = lon;
	row->lat = lat;
	row->range_m = take_optional(&w);
	row->samples = take_optional(&w);
	skip(&w);
	skip(&w);
	row->updated = take_optional(&w);
	w.bad |= (lon | lat) == 0; /* of the row itself, just written, that would take long */
	if (w.bad || w.at > end)
		return 0;
	newline = line + next_mark(&w);
	if (*newline != '\n')
		newline = w.at < end ? memchr(w.at, '\n', (size_t)(end - w.at)) : NULL;
	return newline && newline < end && newline - line <= CSV_LINE_MAX ? (size_t)(newline - line) + 1 : 0;
}

size_t csv_quick(const char **text, const char *end, struct csv_row *rows, size_t n)
{
	size_t len, i = 0;

	for (; i < n && *text < end; i++) {
		len = take_row(*text, end, &rows[i]);
		if (len == 0)
			break;
		*text += len;
	}
	return i;
}

csv_quick_parser *csv_quick_best(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
	if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("bmi2"))
		return csv_quick_young;
#endif
	return csv_quick;
}

#include "cellmap/csvquick.h"
#include "cellmap/cellmap.h"
#include <string.h>

#define DEGREES_E7(x) ((int32_t)(x)*10000000)

struct cursor {
	const char *p, *end;
};

bool csv_quick_layout(const struct csv_layout *l)
{
	struct csv_layout usual;

	csv_layout_opencellid(&usual);
	return l->separator == ',' && l->radio < 0 && l->datum == GEO_WGS84 &&
	       !memcmp(l->column, usual.column, sizeof(l->column));
}

/* A number of 1 to 9 digits and the comma after it; digits are counted in *n. */
static inline bool take_number(struct cursor *c, uint32_t *v, unsigned int *n)
{
	const char *start = c->p;
	uint32_t sum = 0;

	while (c->p < c->end && (unsigned char)(*c->p - '0') <= 9)
		sum = sum * 10 + (uint32_t)(*c->p++ - '0');
	*n = (unsigned int)(c->p - start);
	*v = sum;
	return *n >= 1 && *n <= 9 && c->p < c->end && *c->p++ == ',';
}

/* The same up to 18 digits. */
static inline bool take_long(struct cursor *c, uint64_t *v)
{
	const char *start = c->p;
	uint64_t sum = 0;

	while (c->p < c->end && (unsigned char)(*c->p - '0') <= 9)
		sum = sum * 10 + (uint64_t)(*c->p++ - '0');
	*v = sum;
	return c->p - start >= 1 && c->p - start <= 18 && c->p < c->end && *c->p++ == ',';
}

/* The same, or nothing, which counts 0. */
static inline bool take_optional(struct cursor *c, uint32_t *v)
{
	uint64_t n;

	*v = 0;
	if (c->p < c->end && *c->p == ',') {
		c->p++;
		return true;
	}
	if (!take_long(c, &n) || n > UINT32_MAX)
		return false;
	*v = (uint32_t)n;
	return true;
}

static inline bool skip_field(struct cursor *c)
{
	if (c->p < c->end && *c->p == '"')
		return false;
	while (c->p < c->end && *c->p != ',')
		c->p++;
	return c->p < c->end && *c->p++ == ',';
}

/* Degrees with a point and at most 7 digits behind it, as 1e-7 degree. */
static inline bool take_degrees(struct cursor *c, int32_t limit, int32_t *v)
{
	static const int32_t scale[8] = {10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
	bool negative = c->p < c->end && *c->p == '-';
	const char *start, *point = NULL;
	int64_t sum = 0;

	c->p += negative;
	start = c->p;
	for (; c->p < c->end && *c->p != ','; c->p++) {
		unsigned char d = (unsigned char)(*c->p - '0');

		if (d <= 9)
			sum = sum * 10 + d;
		else if (*c->p == '.' && !point)
			point = c->p;
		else
			return false;
		if (c->p - start > 11)
			return false;
	}
	if (!point || point == start || c->p == c->end || c->p - point > 8 || c->p - point < 2)
		return false;
	sum *= scale[c->p - point - 1];
	c->p++;
	*v = (int32_t)(negative ? -sum : sum);
	return sum <= limit;
}

static inline bool take_radio(struct cursor *c, uint8_t *radio)
{
	static const struct {
		char name[6];
		uint8_t len, radio;
	} radios[] = {{"LTE,", 4, CELL_LTE},
		      {"GSM,", 4, CELL_GSM},
		      {"UMTS,", 5, CELL_UMTS},
		      {"NR,", 3, CELL_NR},
		      {"CDMA,", 5, CELL_CDMA}};

	for (size_t i = 0; i < sizeof(radios) / sizeof(radios[0]); i++)
		if (c->end - c->p > radios[i].len && !memcmp(c->p, radios[i].name, radios[i].len)) {
			c->p += radios[i].len;
			*radio = radios[i].radio;
			return true;
		}
	return false;
}

bool csv_quick(const char *line, size_t len, struct csv_row *row)
{
	struct cursor c = {line, line + len};
	uint32_t mcc, mnc;
	uint64_t cell;
	unsigned int n;

	if (len > 256 || !take_radio(&c, &row->radio) || !take_number(&c, &mcc, &n) || mcc < 1 || mcc > 999)
		return false;
	row->mnc_digits = c.p < c.end && *c.p == '0';
	if (!take_number(&c, &mnc, &n) || mnc > UINT16_MAX)
		return false;
	row->mnc_digits = row->mnc_digits && (n == 2 || n == 3) ? (uint8_t)n : 0;
	if (!take_number(&c, &row->area, &n) || !take_long(&c, &cell) || cell >= UINT64_C(1) << 36 ||
	    !skip_field(&c) || !take_degrees(&c, DEGREES_E7(180), &row->lon) ||
	    !take_degrees(&c, DEGREES_E7(90), &row->lat) || (row->lon == 0 && row->lat == 0) ||
	    !take_optional(&c, &row->range_m) || !take_optional(&c, &row->samples) || !skip_field(&c) ||
	    !skip_field(&c) || !take_optional(&c, &row->updated))
		return false;
	row->mcc = (uint16_t)mcc;
	row->mnc = (uint16_t)mnc;
	row->cell = (int64_t)cell;
	return true;
}

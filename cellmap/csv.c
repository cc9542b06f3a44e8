#include "cellmap/csv.h"
#include "cellmap/cellmap.h"
#include "cellmap/format.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field {
	const char *at;
	uint32_t len;
};

const char *csv_result_name(enum csv_result r)
{
	static const char *const names[CSV_RESULTS] = {
		[CSV_OK] = "ok",
		[CSV_BLANK] = "blank",
		[CSV_HEADER] = "header",
		[CSV_BAD_COLUMNS] = "too_few_columns",
		[CSV_BAD_QUOTES] = "quotes",
		[CSV_BAD_LENGTH] = "line_too_long",
		[CSV_BAD_RADIO] = "radio_unknown",
		[CSV_BAD_MCC] = "mcc_out_of_range",
		[CSV_BAD_ID] = "id_not_a_number",
		[CSV_BAD_CELL] = "cell_too_large",
		[CSV_POSITION_ABSENT] = "position_absent",
		[CSV_POSITION_UNREADABLE] = "position_unreadable",
		[CSV_POSITION_DECIMAL_COMMA] = "position_decimal_comma",
		[CSV_POSITION_NOT_FINITE] = "position_not_finite",
		[CSV_POSITION_RANGE] = "position_out_of_range",
		[CSV_POSITION_ZERO] = "position_zero",
	};

	return (unsigned int)r < CSV_RESULTS ? names[r] : "?";
}

/* A quoted field up to its closing quote; the quotes stay outside. Doubled quotes are left doubled: no field
 * that is read here can hold one. NULL when it does not close. */
static const char *quoted(const char *p, const char *end, char separator, struct field *f)
{
	const char *start = ++p;

	for (; p < end; p++) {
		if (*p != '"')
			continue;
		if (p + 1 < end && p[1] == '"') {
			p++;
			continue;
		}
		*f = (struct field){start, (uint32_t)(p - start)};
		return p + 1 == end || p[1] == separator ? p + 1 : NULL;
	}
	return NULL;
}

static inline void trim(struct field *f)
{
	while (f->len && (f->at[0] == ' ' || f->at[0] == '\t')) {
		f->at++;
		f->len--;
	}
	while (f->len && (f->at[f->len - 1] == ' ' || f->at[f->len - 1] == '\t'))
		f->len--;
}

/* Cuts the first `want` columns; returns how many there are of these, or -1 for bad quotes. */
static int split(const char *line, size_t len, char separator, struct field *f, int want)
{
	const char *p = line, *end = line + len;
	int n = 0;

	while (n < want) {
		if (p < end && *p == '"') {
			p = quoted(p, end, separator, &f[n]);
			if (!p)
				return -1;
		} else {
			const char *start = p;

			while (p < end && *p != separator)
				p++;
			f[n] = (struct field){start, (uint32_t)(p - start)};
		}
		trim(&f[n++]);
		if (p >= end)
			break;
		p++;
	}
	return n;
}

static bool field_is(const struct field *f, const char *name)
{
	size_t n = strlen(name);

	if (f->len != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((f->at[i] | 0x20) != name[i])
			return false;
	return true;
}

static enum csv_result read_radio(const struct field *f, struct csv_row *row)
{
	static const struct {
		const char *name;
		uint8_t radio;
	} radios[] = {{"lte", CELL_LTE},
		      {"umts", CELL_UMTS},
		      {"gsm", CELL_GSM},
		      {"nr", CELL_NR},
		      {"cdma", CELL_CDMA}};

	for (size_t i = 0; i < sizeof(radios) / sizeof(radios[0]); i++)
		if (field_is(f, radios[i].name)) {
			row->radio = radios[i].radio;
			return CSV_OK;
		}
	return CSV_BAD_RADIO;
}

/* Decimal digits only. Values above 2^60 come out as 2^60: too large for every use. */
static inline bool number(const struct field *f, uint64_t *v)
{
	uint64_t n = 0;

	if (f->len == 0)
		return false;
	for (uint32_t i = 0; i < f->len; i++) {
		unsigned int d = (unsigned char)f->at[i] - '0';

		if (d > 9)
			return false;
		n = n * 10 + d;
		if (n > UINT64_C(1) << 60)
			n = UINT64_C(1) << 60;
	}
	*v = n;
	return true;
}

/* What may be left out: range, samples, updated. Fractions are cut; what is no number is unknown. */
static inline uint32_t optional(const struct field *f)
{
	uint64_t n = 0;
	struct field whole = *f;
	const char *point = f->len ? memchr(f->at, '.', f->len) : NULL;

	if (point)
		whole.len = (uint32_t)(point - f->at);
	if (!number(&whole, &n))
		return 0;
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static enum csv_result read_ids(const struct csv_layout *l, const struct field *f, struct csv_row *row)
{
	const struct field *net = &f[l->column[CSV_NET] - 1];
	struct field cell = f[l->column[CSV_CELL] - 1];
	bool negative = cell.len && cell.at[0] == '-';
	uint64_t mcc, mnc, area, id;

	if (negative) {
		cell.at++;
		cell.len--;
	}
	if (!number(&f[l->column[CSV_MCC] - 1], &mcc) || !number(net, &mnc) ||
	    !number(&f[l->column[CSV_AREA] - 1], &area) || !number(&cell, &id))
		return CSV_BAD_ID;
	if (mcc < 1 || mcc > 999)
		return CSV_BAD_MCC;
	if (mnc > UINT16_MAX || area > UINT32_MAX)
		return CSV_BAD_ID;
	if (id > MAP_CELL_MAX)
		return CSV_BAD_CELL;
	row->mcc = (uint16_t)mcc;
	row->mnc = (uint16_t)mnc;
	row->mnc_digits = net->at[0] == '0' && net->len <= 3 ? (uint8_t)net->len : 0;
	if (row->mnc_digits == 1)
		row->mnc_digits = 0;
	row->area = (uint32_t)area;
	row->cell = negative ? -(int64_t)id : (int64_t)id;
	return CSV_OK;
}

/* Exponents, nan, inf and long fractions: rare, so the slow way. */
static enum csv_result slow_coordinate(const struct field *f, double *v)
{
	char text[64], *end;

	if (f->len >= sizeof(text) || memchr(f->at, 'x', f->len) || memchr(f->at, 'X', f->len))
		return CSV_POSITION_UNREADABLE;
	memcpy(text, f->at, f->len);
	text[f->len] = 0;
	*v = strtod(text, &end);
	if (end != text + f->len) /* NUL within the field ends up here too */
		return *end == ',' ? CSV_POSITION_DECIMAL_COMMA : CSV_POSITION_UNREADABLE;
	return isfinite(*v) ? CSV_OK : CSV_POSITION_NOT_FINITE;
}

static inline enum csv_result coordinate(const struct field *f, double *v)
{
	static const double scale[19] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
					 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
	uint32_t i = f->len && f->at[0] == '-', digits = 0, point = 0;
	uint64_t n = 0;

	if (f->len == 0)
		return CSV_POSITION_ABSENT;
	if (f->len > 18)
		return slow_coordinate(f, v);
	for (bool negative = i; i < f->len; i++) {
		unsigned int d = (unsigned char)f->at[i] - '0';

		if (d <= 9) {
			n = n * 10 + d;
			digits++;
		} else if (f->at[i] == '.' && !point) {
			point = digits + 1;
		} else {
			return slow_coordinate(f, v);
		}
		if (i + 1 == f->len && digits) {
			*v = (double)n / scale[point ? digits - (point - 1) : 0];
			*v = negative ? -*v : *v;
			return CSV_OK;
		}
	}
	return CSV_POSITION_UNREADABLE;
}

static enum csv_result read_position(const struct csv_layout *l, const struct field *f, struct csv_row *row)
{
	double lat, lon;
	enum csv_result lat_result = coordinate(&f[l->column[CSV_LAT] - 1], &lat);
	enum csv_result lon_result = coordinate(&f[l->column[CSV_LON] - 1], &lon);

	if (lat_result == CSV_POSITION_ABSENT || lon_result == CSV_POSITION_ABSENT)
		return CSV_POSITION_ABSENT;
	if (lat_result != CSV_OK || lon_result != CSV_OK)
		return lat_result != CSV_OK ? lat_result : lon_result;
	if (fabs(lat) > 90 || fabs(lon) > 180)
		return CSV_POSITION_RANGE;
	if (lat == 0 && lon == 0)
		return CSV_POSITION_ZERO;
	geo_to_wgs84(l->datum, &lat, &lon);
	row->lat = (int32_t)lrint(lat * 1e7);
	row->lon = (int32_t)lrint(lon * 1e7);
	return CSV_OK;
}

static bool is_text(const struct field *f, const char *text)
{
	return f->len == strlen(text) && !strncasecmp(f->at, text, f->len);
}

/* Two columns that hold a column's name: one alone could be a row with a bad value. */
static bool is_header(const struct csv_layout *l, const struct field *f, int n)
{
	static const struct {
		enum csv_field field;
		const char *name;
	} names[] = {{CSV_RADIO, "radio"}, {CSV_MCC, "mcc"},       {CSV_NET, "net"},   {CSV_NET, "mnc"},
		     {CSV_AREA, "area"},   {CSV_AREA, "lac"},      {CSV_CELL, "cell"}, {CSV_LON, "lon"},
		     {CSV_LON, "long"},    {CSV_LON, "longitude"}, {CSV_LAT, "lat"},   {CSV_CELL, "cid"},
		     {CSV_LAT, "latitude"}};
	int found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int column = l->column[names[i].field];

		found += column && column <= n && field_is(&f[column - 1], names[i].name);
	}
	for (int i = 0; i < CSV_FIELDS; i++)
		if (l->named >> i & 1 && l->column[i] <= n)
			found += is_text(&f[l->column[i] - 1], l->text[i]);
	return found >= 2;
}

/* Behind the columns of the line: what is the same for every row. */
static void add_texts(const struct csv_layout *l, struct field *f)
{
	for (int i = 0; i < CSV_FIELDS; i++)
		f[CSV_COLUMNS_MAX + i] = (struct field){l->text[i], (uint32_t)strlen(l->text[i])};
}

enum csv_result csv_parse(const struct csv_layout *l, const char *line, size_t len, struct csv_row *row)
{
	struct field f[CSV_COLUMNS_MAX + CSV_FIELDS];
	enum csv_result r;
	int n;

	if (len && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return CSV_BLANK;
	if (len > CSV_LINE_MAX)
		return CSV_BAD_LENGTH;
	n = split(line, len, l->separator, f, l->last);
	if (n == 1 && f[0].len == 0 && line[0] != '"')
		return CSV_BLANK;
	if (n < 0)
		return CSV_BAD_QUOTES;
	if (l->texts)
		add_texts(l, f);
	if (l->column[CSV_RADIO])
		r = read_radio(&f[l->column[CSV_RADIO] - 1], row);
	else
		r = (row->radio = (uint8_t)l->radio, CSV_OK);
	for (int i = n; i < l->last; i++) /* optional columns at the end may be missing */
		f[i] = (struct field){"", 0};
	for (int i = CSV_RADIO; i <= CSV_LAT; i++)
		if (l->column[i] > n && l->column[i] <= CSV_COLUMNS_MAX)
			return CSV_BAD_COLUMNS;
	if (r != CSV_OK)
		return is_header(l, f, n) ? CSV_HEADER : r;
	r = read_ids(l, f, row);
	if (r != CSV_OK)
		return is_header(l, f, n) ? CSV_HEADER : r;
	r = read_position(l, f, row);
	if (r != CSV_OK)
		return r;
	row->range_m = l->column[CSV_RANGE] ? optional(&f[l->column[CSV_RANGE] - 1]) : 0;
	row->samples = l->column[CSV_SAMPLES] ? optional(&f[l->column[CSV_SAMPLES] - 1]) : 0;
	row->updated = l->column[CSV_UPDATED] ? optional(&f[l->column[CSV_UPDATED] - 1]) : 0;
	return CSV_OK;
}

static void layout_end(struct csv_layout *l)
{
	l->last = 0;
	for (int i = 0; i < CSV_FIELDS; i++)
		if (l->column[i] > l->last && l->column[i] <= CSV_COLUMNS_MAX)
			l->last = l->column[i];
}

void csv_layout_opencellid(struct csv_layout *l)
{
	*l = (struct csv_layout){.column = {1, 2, 3, 4, 5, 7, 8, 9, 10, 13}, .radio = -1, .separator = ','};
	layout_end(l);
}

static const char *const field_names[CSV_FIELDS] = {"radio", "mcc", "net",   "area",    "cell",
						    "lon",   "lat", "range", "samples", "updated"};

enum csv_field csv_field_named(const char *name, size_t len)
{
	/* Other people's names of the columns. */
	static const struct {
		const char *name;
		enum csv_field field;
	} others[] = {{"mnc", CSV_NET},       {"lac", CSV_AREA},    {"tac", CSV_AREA}, {"cid", CSV_CELL},
		      {"ci", CSV_CELL},       {"cellid", CSV_CELL}, {"long", CSV_LON}, {"lng", CSV_LON},
		      {"longitude", CSV_LON}, {"latitude", CSV_LAT}};
	struct field f = {name, (uint32_t)len};

	for (int i = 0; i < CSV_FIELDS; i++)
		if (field_is(&f, field_names[i]))
			return (enum csv_field)i;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (field_is(&f, others[i].name))
			return others[i].field;
	return CSV_FIELDS;
}

static bool complete(const struct csv_layout *l, const char **missing)
{
	for (int i = CSV_RADIO; i <= CSV_LAT; i++)
		if (!l->column[i] && !(i == CSV_RADIO && l->radio >= 0)) {
			*missing = field_names[i];
			return false;
		}
	return true;
}

/* What stands behind "name=" or "name:". */
static bool layout_text(struct csv_layout *l, int field, const struct field *value, bool named)
{
	if (value->len < 1 || value->len > CSV_TEXT_MAX)
		return false;
	memcpy(l->text[field], value->at, value->len);
	l->texts = true;
	l->named |= (uint16_t)(named << field);
	l->column[field] = (uint8_t)(CSV_COLUMNS_MAX + 1 + field);
	return true;
}

/* One "name=column" or "name:value". */
static bool layout_entry(struct csv_layout *l, const struct field *f)
{
	uint32_t at = 0;
	struct field value;
	enum csv_field field;
	struct csv_row row;
	uint64_t column;

	while (at < f->len && f->at[at] != '=' && f->at[at] != ':')
		at++;
	field = csv_field_named(f->at, at);
	if (at == f->len || field == CSV_FIELDS || l->column[field])
		return false;
	value = (struct field){f->at + at + 1, f->len - at - 1};
	if (field == CSV_RADIO && read_radio(&value, &row) == CSV_OK) {
		l->radio = (int8_t)row.radio;
		return true;
	}
	if (f->at[at] == ':')
		return layout_text(l, field, &value, false);
	if (!number(&value, &column))
		return layout_text(l, field, &value, true);
	if (column < 1 || column > CSV_COLUMNS_MAX)
		return false;
	l->column[field] = (uint8_t)column;
	return true;
}

int csv_layout_resolve(struct csv_layout *l, const char *line, size_t len, char *err, size_t err_len)
{
	struct field f[CSV_COLUMNS_MAX];
	int n = split(line, len && line[len - 1] == '\r' ? len - 1 : len, l->separator, f, CSV_COLUMNS_MAX);

	for (int i = 0; i < CSV_FIELDS; i++) {
		int column = 0;

		if (!(l->named >> i & 1))
			continue;
		while (column < n && !is_text(&f[column], l->text[i]))
			column++;
		if (column >= n) {
			snprintf(err, err_len, "columns: the first line names no column %s", l->text[i]);
			return -EINVAL;
		}
		l->column[i] = (uint8_t)(column + 1);
	}
	layout_end(l);
	return 0;
}

int csv_layout_parse(struct csv_layout *l, const char *text, char *err, size_t err_len)
{
	struct csv_layout new = {
		.radio = -1, .separator = l->separator ? l->separator : ',', .datum = l->datum};
	struct field f[CSV_COLUMNS_MAX];
	int n = split(text, strlen(text), ',', f, CSV_COLUMNS_MAX);
	const char *missing;

	for (int i = 0; i < n; i++)
		if (!layout_entry(&new, &f[i])) {
			snprintf(err, err_len,
				 "columns: entry %d is not NAME=NUMBER (from 1 to %d), NAME=COLUMN or "
				 "NAME:VALUE; names are radio, mcc, net, area, cell, lon, lat, range, "
				 "samples, updated, each once",
				 i + 1, CSV_COLUMNS_MAX);
			return -EINVAL;
		}
	if (n < 1 || !complete(&new, &missing)) {
		snprintf(err, err_len, "columns: %s is missing", n < 1 ? "all" : missing);
		return -EINVAL;
	}
	layout_end(&new);
	*l = new;
	return 0;
}

bool csv_layout_header(struct csv_layout *l, const char *line, size_t len)
{
	static const char separators[] = {',', ';', '\t', '|'};
	const char *missing;

	if (len && line[len - 1] == '\r')
		len--;
	for (size_t s = 0; s < sizeof(separators); s++) {
		struct csv_layout new = {.radio = l->radio, .separator = separators[s], .datum = l->datum};
		struct field f[CSV_COLUMNS_MAX];
		int n = split(line, len, separators[s], f, CSV_COLUMNS_MAX);

		for (int i = 0; i < n; i++) {
			enum csv_field field = csv_field_named(f[i].at, f[i].len);

			if (field < CSV_FIELDS && !new.column[field])
				new.column[field] = (uint8_t)(i + 1);
		}
		if (n > 0 && complete(&new, &missing)) {
			layout_end(&new);
			*l = new;
			return true;
		}
	}
	return false;
}

bool csv_header_lacks(const char *line, size_t len, char separator, char *names, size_t names_len)
{
	struct field f[CSV_COLUMNS_MAX];
	int n = split(line, len && line[len - 1] == '\r' ? len - 1 : len, separator, f, CSV_COLUMNS_MAX);
	uint32_t found = 0;

	names[0] = 0;
	for (int i = 0; i < n; i++)
		found |= 1u << csv_field_named(f[i].at, f[i].len);
	if (!(found >> CSV_LAT & 1) || !(found >> CSV_LON & 1))
		return false;
	for (int i = CSV_RADIO; i <= CSV_LAT; i++) {
		size_t used = strlen(names);

		if (!(found >> i & 1))
			snprintf(names + used, names_len - used, "%s%s", used ? ", " : "", field_names[i]);
	}
	return names[0];
}

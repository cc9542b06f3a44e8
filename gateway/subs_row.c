#include "gateway/subs_build.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "gateway/subs_format.h"

#define COLUMNS  6
#define CELL_MAX ((INT64_C(1) << 36) - 1)

struct field {
	const char *text;
	size_t len;
};

static const char *const names[SUBS_ROWS] = {
	[SUBS_ROW_KEPT] = "kept",     [SUBS_ROW_BLANK] = "blank", [SUBS_ROW_COLUMNS] = "columns",
	[SUBS_ROW_MSISDN] = "msisdn", [SUBS_ROW_RADIO] = "radio", [SUBS_ROW_MCC] = "mcc",
	[SUBS_ROW_NET] = "net",       [SUBS_ROW_AREA] = "area",   [SUBS_ROW_CELL] = "cell",
};

const char *subs_row_name(enum subs_row r)
{
	return r < SUBS_ROWS ? names[r] : "unknown";
}

static void trim(struct field *f)
{
	while (f->len > 0 && (*f->text == ' ' || *f->text == '\t')) {
		f->text++;
		f->len--;
	}
	while (f->len > 0 && (f->text[f->len - 1] == ' ' || f->text[f->len - 1] == '\t'))
		f->len--;
	if (f->len >= 2 && f->text[0] == '"' && f->text[f->len - 1] == '"') {
		f->text++;
		f->len -= 2;
	}
}

static size_t split(const char *line, size_t len, struct field fields[COLUMNS])
{
	size_t n = 0;

	for (const char *end = line + len; n < COLUMNS; n++) {
		const char *comma = memchr(line, ',', (size_t)(end - line));

		fields[n] = (struct field){line, (size_t)((comma ? comma : end) - line)};
		trim(&fields[n]);
		if (!comma)
			return n + 1;
		line = comma + 1;
	}
	return n;
}

static bool number(const struct field *f, int64_t low, int64_t high, int64_t *value)
{
	bool minus = f->len > 1 && f->text[0] == '-';
	int64_t v = 0;

	if (f->len == 0 || f->len > 12)
		return false;
	for (size_t i = minus; i < f->len; i++) {
		if (f->text[i] < '0' || f->text[i] > '9')
			return false;
		v = 10 * v + (f->text[i] - '0');
	}
	*value = minus ? -v : v;
	return *value >= low && *value <= high;
}

static bool radio(const struct field *f, uint8_t *value)
{
	char text[8] = "";
	int r;

	if (f->len >= sizeof(text))
		return false;
	for (size_t i = 0; i < f->len; i++)
		text[i] = (char)toupper((unsigned char)f->text[i]);
	r = cell_radio_parse(text);
	*value = r < 0 ? 0 : (uint8_t)r;
	return r >= 0;
}

static bool is_header(const struct field *f)
{
	return f->len > 0 && isalpha((unsigned char)f->text[0]);
}

enum subs_row subs_row_parse(const char *line, size_t len, int first, uint64_t *msisdn, struct cell_id *id)
{
	struct field f[COLUMNS];
	int64_t mcc, net, area, cell;
	size_t n;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	n = split(line, len, f);
	if (n == 1 && f[0].len == 0)
		return SUBS_ROW_BLANK;
	if (first && is_header(&f[0]))
		return SUBS_ROW_BLANK;
	if (n < COLUMNS)
		return SUBS_ROW_COLUMNS;
	if (!subs_number_parse(f[0].text, f[0].len, msisdn))
		return SUBS_ROW_MSISDN;
	if (!radio(&f[1], &id->radio))
		return SUBS_ROW_RADIO;
	if (!number(&f[2], 1, 999, &mcc))
		return SUBS_ROW_MCC;
	if (!number(&f[3], 0, UINT16_MAX, &net)) /* a CDMA SID has up to 15 bits */
		return SUBS_ROW_NET;
	if (!number(&f[4], 0, UINT32_MAX, &area))
		return SUBS_ROW_AREA;
	if (!number(&f[5], -CELL_MAX, CELL_MAX, &cell))
		return SUBS_ROW_CELL;
	id->mcc = (uint16_t)mcc;
	id->mnc = (uint16_t)net;
	id->area = (uint32_t)area;
	id->cell = (uint64_t)cell;
	return SUBS_ROW_KEPT;
}

/* Rows of cell-site tables: the first octet chooses the layout, then one row a line. */
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include "cellmap/csv.h"
#include "cellmap/csvquick.h"
#include "cellmap/format.h"
#include "cellmap/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void choose_layout(struct csv_layout *l, uint8_t choice)
{
	char err[128];

	csv_layout_opencellid(l);
	l->separator = choice & 1 ? ';' : ',';
	l->datum = (enum geo_datum)(choice / 2 % 3);
	if (choice & 8)
		csv_layout_parse(l, "radio=LTE,mcc=2,net=3,area=9,cell=5,lon=1,lat=64,range=6", err,
				 sizeof(err));
}

/* Two parsers, one answer. */
static void compare_quick(csv_quick_parser *parse, const char *line, size_t len)
{
	char *text = calloc(1, len + 1 + CSV_QUICK_PAD);
	const char *at = text;
	struct csv_row quick, slow;
	struct csv_layout l;
	size_t took;

	OSMO_ASSERT(text);
	memcpy(text, line, len);
	text[len] = '\n';
	csv_layout_opencellid(&l);
	took = parse(&at, text + len + 1, &quick, 1);
	OSMO_ASSERT(at == (took ? text + len + 1 : text));
	free(text);
	if (took == 0)
		return;
	OSMO_ASSERT(csv_parse(&l, line, len, &slow) == CSV_OK);
	OSMO_ASSERT(quick.cell == slow.cell && quick.lat == slow.lat && quick.lon == slow.lon);
	OSMO_ASSERT(quick.area == slow.area && quick.range_m == slow.range_m &&
		    quick.samples == slow.samples);
	OSMO_ASSERT(quick.updated == slow.updated && quick.mcc == slow.mcc && quick.mnc == slow.mnc);
	OSMO_ASSERT(quick.radio == slow.radio && quick.mnc_digits == slow.mnc_digits);
}

/* What has a name is found by it. */
static void name_and_back(const struct csv_row *r)
{
	struct cell_id id = {(uint64_t)r->cell, r->area, r->mcc, r->mnc, r->radio};
	struct identity back;
	char text[IDENTITY_MAX];

	if (!identity_text(&id, r->mnc_digits, text))
		return;
	OSMO_ASSERT(identity_parse(text, &back) == 0);
	OSMO_ASSERT(identity_matches(&back, &id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data + 1, *end = (const char *)data + len;
	struct csv_layout l, named;
	struct identity identity;
	char *text, err[128];

	if (len < 1)
		return 0;
	choose_layout(&l, data[0]);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);
		struct csv_row r;

		if (csv_parse(&l, p, n, &r) == CSV_OK) {
			OSMO_ASSERT(r.mcc >= 1 && r.mcc <= 999 && r.radio < 5);
			OSMO_ASSERT(llabs(r.lat) <= 900000000 && llabs(r.lon) <= 1810000000);
			OSMO_ASSERT(llabs(r.cell) <= (long long)MAP_CELL_MAX);
			name_and_back(&r);
		}
		compare_quick(csv_quick, p, n);
		compare_quick(csv_quick_best(), p, n);
		named = l;
		if (csv_layout_header(&named, p, n))
			OSMO_ASSERT(named.last >= (named.radio < 0 ? 7 : 6) && named.last <= CSV_COLUMNS_MAX);
		p += n + 1;
	}
	text = strndup((const char *)data + 1, len - 1);
	csv_layout_parse(&l, text, err, sizeof(err));
	identity_parse(text, &identity);
	free(text);
	return 0;
}

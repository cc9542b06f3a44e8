/* Tables of points: the first octet chooses names and the size of the pieces in which the text arrives. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include "cellmap/geojson.h"
#include "cellmap/json.h"
#include "cellmap/outline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines made of the text, fed in pieces of n; their number and a sum of their octets. */
static uint64_t read_all(const char *text, size_t len, size_t n, const struct csv_layout *layout)
{
	struct geojson *g = geojson_new(NULL, layout);
	char line[GEOJSON_LINE_MAX];
	struct csv_layout usual;
	uint64_t sum = 0;

	csv_layout_opencellid(&usual);
	for (size_t at = 0; at < len; at += n) {
		size_t made;

		geojson_feed(g, text + at, OSMO_MIN(n, len - at));
		while ((made = geojson_next(g, line))) {
			struct csv_row row;

			OSMO_ASSERT(made < GEOJSON_LINE_MAX && line[made - 1] == '\n');
			OSMO_ASSERT(!memchr(line, '\n', made - 1) && !memchr(line, '"', made));
			for (size_t i = 0; i < made; i++)
				sum = sum * 31 + (unsigned char)line[i];
			if (csv_parse(&usual, line, made - 1, &row) == CSV_OK)
				OSMO_ASSERT(row.mcc >= 1 && row.mcc <= 999);
		}
	}
	geojson_whole(g);
	talloc_free(g);
	return sum;
}

static void read_tokens(const char *text, size_t len)
{
	struct json j = {text, text + len};

	for (;;) {
		struct json_token t = json_next(&j);
		double v;

		if (t.kind == JSON_END || t.kind == JSON_BAD)
			return;
		OSMO_ASSERT(t.at >= text && t.at + t.len <= text + len);
		json_number(&t, &v);
	}
}

static void read_lines(const char *text, size_t len)
{
	struct outline *o = outline_new(NULL);
	struct cell_point middle;
	double reach_m;
	size_t points = 0;

	if (outline_text(o, text, len)) {
		for (size_t i = 0; i < o->n_paths; i++) {
			OSMO_ASSERT(o->paths[i].first == points && o->paths[i].n >= 2);
			points += o->paths[i].n;
		}
		OSMO_ASSERT(points == o->n_points);
		outline_reach(o, &middle, &reach_m);
		OSMO_ASSERT(reach_m >= 1 && reach_m < 20037509);
	}
	talloc_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data + 1;
	struct csv_layout l;
	char err[160];

	if (len < 1)
		return 0;
	csv_layout_opencellid(&l);
	if (data[0] & 1)
		csv_layout_parse(&l, "radio:LTE,mcc:505,net:02,area=zone,cell=SITE_ID,lon=x,lat=y", err,
				 sizeof(err));
	OSMO_ASSERT(read_all(text, len - 1, 1 + data[0] / 2 % 64, data[0] & 1 ? &l : NULL) ==
		    read_all(text, len - 1, len, data[0] & 1 ? &l : NULL));
	geojson_begins(text, len - 1);
	read_tokens(text, len - 1);
	read_lines(text, len - 1);
	return 0;
}

#include "gateway/cells_csv.h"
#include <string.h>

/* Names of carriers come from the configuration: a comma or quote in one must not shift the columns. */
static void put_text(FILE *f, const char *s)
{
	if (!s)
		return;
	if (!strpbrk(s, ",\"\n")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

void cells_csv_head(FILE *f)
{
	fputs("carrier,by,cell,lat,lon,ring_km,planned,waiting,handed,accepted,refused,expired,withdrawn,unknown\n", f);
}

void cells_csv_rows(FILE *f, const json_t *cells)
{
	static const char *const counts[] = {"waiting", "handed", "accepted", "refused", "expired", "withdrawn", "unknown"};
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
	{
		json_int_t n[7], planned = 0;

		for (size_t k = 0; k < 7; k++)
			planned += n[k] = json_integer_value(json_object_get(cell, counts[k]));
		put_text(f, json_string_value(json_object_get(cell, "carrier")));
		fprintf(f, ",%s,%s,", json_string_value(json_object_get(cell, "by")), json_string_value(json_object_get(cell, "cell")));
		if (json_is_number(json_object_get(cell, "lat")))
			fprintf(f, "%.7f,%.7f", json_number_value(json_object_get(cell, "lat")), json_number_value(json_object_get(cell, "lon")));
		else
			fputc(',', f);
		fprintf(f, ",%g,%lld", json_number_value(json_object_get(cell, "ring_km")), (long long)planned);
		for (size_t k = 0; k < 7; k++)
			fprintf(f, ",%lld", (long long)n[k]);
		fputc('\n', f);
	}
}

#include "gateway/alert_cells.h"
#include <string.h>

int alert_cells_rest(void *ctx, const struct status_target *target, const char *alert_id, json_t *answer)
{
	json_t *cells = json_object_get(answer, "cells"), *part, *request;

	while (json_is_string(json_object_get(answer, "next"))) {
		request = json_pack("{s:s, s:s, s:b, s:O}", "cmd", "alert", "alert_id", alert_id, "cells", 1, "from",
				    json_object_get(answer, "next"));
		if (!request || status_ask(ctx, target, request, &part) != 0)
			return 1;
		json_array_extend(cells, json_object_get(part, "cells"));
		json_object_set(answer, "next", json_object_get(part, "next"));
		json_decref(part);
	}
	json_object_del(answer, "next");
	return 0;
}

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

void alert_cells_csv(FILE *f, const json_t *alert)
{
	static const char *const counts[] = {"waiting", "handed", "accepted", "refused", "expired", "withdrawn", "unknown"};
	json_t *cell;
	size_t i;

	fputs("carrier,by,cell,lat,lon,ring_km,planned,waiting,handed,accepted,refused,expired,withdrawn,unknown\n", f);
	json_array_foreach(json_object_get(alert, "cells"), i, cell)
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

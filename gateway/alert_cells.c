#include "gateway/alert_cells.h"
#include "gateway/cells_csv.h"

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

void alert_cells_csv(FILE *f, const json_t *alert)
{
	cells_csv_head(f);
	cells_csv_rows(f, json_object_get(alert, "cells"));
}

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include "gateway/alert.h"

void reasons_add(void *ctx, struct reasons *r, unsigned int line, const char *key, const char *fmt, ...)
{
	struct reason *reason;
	va_list ap;

	r->v = talloc_realloc(ctx, r->v, struct reason, r->n + 1);
	OSMO_ASSERT(r->v);
	reason = &r->v[r->n++];
	va_start(ap, fmt);
	*reason = (struct reason){
		.line = line,
		.key = key ? talloc_strdup(r->v, key) : NULL,
		.text = talloc_vasprintf(r->v, fmt, ap),
	};
	va_end(ap);
	OSMO_ASSERT(reason->text);
}

json_t *reasons_json(const struct reasons *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct reason *v = &r->v[i];

		json_array_append_new(all, json_pack("{s:o, s:s?, s:s}", "line",
						     v->line ? json_integer(v->line) : json_null(), "key",
						     v->key, "text", v->text));
	}
	return all;
}

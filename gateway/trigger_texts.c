#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include "gateway/texts.h"
#include "gateway/trigger_parts.h"
#include "gateway/trigger_time.h"

/* Every value as the public shall read it. */
static void show_values(void *ctx, const struct trigger_file *file, struct texts_values *values)
{
	for (int k = 0; k < TK_N; k++) {
		const struct trigger_field *f = &file->field[k];

		if (f->given && !f->wrong)
			values->of[k] = f->text ? f->text : talloc_asprintf(ctx, "%.10g", f->number);
	}
	for (int k = TK_REPORTED_AT; k <= TK_MISSING_SINCE; k++) {
		int64_t when;
		char *shown;

		if (!values->of[k] || trigger_time_parse(values->of[k], &when) < 0)
			continue;
		shown = talloc_size(ctx, 17);
		OSMO_ASSERT(shown);
		trigger_time_show(values->of[k], shown);
		values->of[k] = shown;
	}
}

struct rendering {
	struct trigger_file *file;
	const struct texts_values *values;
	bool told[TK_N]; /* a missing key is told once, not per text */
};

static char *render(void *ctx, struct rendering *r, const struct conf_text *x, const char *template,
		    const char *what)
{
	enum trigger_key absent;
	char *text = texts_render(ctx, template, x->language, r->values, &absent);
	struct trigger_field *f;

	if (text || r->told[absent])
		return text;
	f = &r->file->field[absent];
	r->told[absent] = true;
	if (!f->wrong) /* else told already */
		reasons_add(r->file->ctx, r->file->reasons, f->line, f->key,
			    "missing; the %s text in language %s needs it", what, x->language);
	return NULL;
}

void trigger_texts(struct trigger_file *file, struct trigger *t)
{
	void *scratch = talloc_new(t);
	struct texts_values values = {{NULL}};
	struct rendering r = {.file = file, .values = &values};

	show_values(scratch, file, &values);
	t->texts = talloc_zero_array(t, struct alert_text, t->conf_type->n_texts);
	OSMO_ASSERT(t->texts);
	t->n_texts = t->conf_type->n_texts;
	for (size_t i = 0; i < t->n_texts; i++) {
		const struct conf_text *x = &t->conf_type->texts[i];

		t->texts[i] = (struct alert_text){
			.language = talloc_strdup(t->texts, x->language),
			.message_identifier =
				t->action == ACTION_EXERCISE ? x->exercise_identifier : x->message_identifier,
			.broadcast = render(t->texts, &r, x, x->broadcast, "broadcast"),
			.sms = render(t->texts, &r, x, x->sms, "sms"),
			.found = render(t->texts, &r, x, x->found, "found"),
			.exercise_identifier = x->exercise_identifier,
		};
	}
	talloc_free(scratch);
}

/* texts: templates of alert texts. Pure.
 *
 * {key} is replaced by the trigger's value, {child.sex} by the word of the text's language. [ ... ] is left
 * out when a field in it is absent. A backslash before { } [ ] \ makes it an ordinary character. Values are
 * never expanded again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "gateway/trigger_keys.h"

/* Fields as they shall be read, NULL = absent; [TK_CHILD_SEX] is "female" or "male". */
struct texts_values {
	const char *of[TK_N];
};

/* 0, or -EINVAL and a sentence in err: unknown {field}, bracket or brace that is open, nested or stray. *idle
 * (may be NULL) tells of a [part] without a field, which would always be there. */
int texts_check(const char *text, bool *idle, char *err, size_t err_len);
/* The text, child of ctx; or NULL and *absent, the field that stands outside brackets and has no value.
 * text must have passed texts_check(). */
char *texts_render(void *ctx, const char *text, const char *language, const struct texts_values *values,
		   enum trigger_key *absent);
/* "female" or "male" as the word for a child in that language; English for languages not known. */
const char *texts_sex(const char *sex, const char *language);

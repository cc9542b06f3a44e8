/* trigger_parts: the steps of trigger_parse() that live in files of their own. */
#pragma once
#include "gateway/trigger_read.h"

/* Renders the texts of t->conf_type; a field without a value becomes a reason. */
void trigger_texts(struct trigger_file *file, struct trigger *t);
/* Sets t->has_location, lat, lon (WGS-84) and radius_km. Fails closed: whatever is doubtful becomes a reason.
 * t->conf_type may be NULL when the type is not known. */
void trigger_geo(struct trigger_file *file, struct trigger *t);

/* A reason at a key. */
#define TRIGGER_SAY(file, k, ...)                                                                            \
	reasons_add((file)->ctx, (file)->reasons, (file)->field[k].line, (file)->field[k].key, __VA_ARGS__)

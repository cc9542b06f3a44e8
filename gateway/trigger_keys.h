/* trigger_keys: the keys of a trigger file (reunion.trigger(5)), by the names that {fields} of texts use too.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum trigger_key {
	TK_CASE_NUMBER,
	TK_TYPE,
	TK_ACTION,
	TK_REPORTED_AT,
	TK_MISSING_SINCE,
	TK_LAT,
	TK_LON,
	TK_DATUM,
	TK_PLACE,
	TK_RADIUS_KM,
	TK_CHILD_NAME,
	TK_CHILD_AGE,
	TK_CHILD_SEX,
	TK_CHILD_HEIGHT_CM,
	TK_CHILD_WEARING,
	TK_CHILD_PHOTO,
	TK_CONTACT,
	TK_N
};

const char *trigger_key_name(enum trigger_key key); /* "location.lat" */
bool trigger_key_is_number(enum trigger_key key);
/* The key of that name, or -ENOENT. */
int trigger_key_find(const char *name, size_t len);
/* A known name within two letters of this one, or NULL. */
const char *trigger_key_near(const char *name);

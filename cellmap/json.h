/* json: the tokens of a JSON text in memory (RFC 8259). Pure; every octet is hostile. Commas and colons are
 * passed over like white space: who reads tokens knows what must follow. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum json_kind {
	JSON_END,
	JSON_BAD, /* a string without an end, or an octet that begins nothing; so is all that follows */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_STRING, /* at, len: between the quotes, escapes as they stand */
	JSON_NUMBER, /* at, len: its characters; also words of them that are no number */
	JSON_WORD    /* true, false, null */
};

struct json {
	const char *p, *end;
};

struct json_token {
	enum json_kind kind;
	bool key; /* a string with a colon behind it */
	const char *at;
	size_t len;
};

struct json_token json_next(struct json *j);
bool json_is(const struct json_token *t, const char *text); /* a string of these characters */
/* A number, finite and read whole. */
bool json_number(const struct json_token *t, double *v);

/* json: writes JSON to a stream, with commas and escapes; small enough to stream millions of entries. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *f;
	unsigned int depth;
	bool more; /* something stands before in this object or array */
};

/* key NULL: an element of an array. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_number(struct json *j, const char *key, uint64_t v);
void json_bool(struct json *j, const char *key, bool v);
/* UTF-8 of our own making. */
void json_text(struct json *j, const char *key, const char *s);
/* A key of outside octets; those beyond printable ASCII are written as Latin-1. */
void json_number_raw(struct json *j, const char *key, size_t len, uint64_t v);
void json_open_raw(struct json *j, const char *key, size_t len, char bracket);
void json_hash(struct json *j, const char *key, uint64_t hash); /* 16 hex digits */
/* "2026-11-25T08:00:00.123Z" of microseconds since 1970; 0 gives null. */
void json_time(struct json *j, const char *key, uint64_t wall_us);

#include "cellmap/json.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
}

static struct json_token take_string(struct json *j)
{
	struct json_token t = {.kind = JSON_STRING, .at = ++j->p};

	while (j->p < j->end && *j->p != '"')
		j->p += *j->p == '\\' && j->end - j->p > 1 ? 2 : 1;
	if (j->p >= j->end) {
		j->p = j->end;
		return (struct json_token){.kind = JSON_BAD};
	}
	t.len = (size_t)(j->p++ - t.at);
	for (const char *p = j->p; p < j->end; p++) {
		if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
			continue;
		t.key = *p == ':';
		break;
	}
	return t;
}

static struct json_token take_word(struct json *j)
{
	struct json_token t = {.at = j->p};

	t.kind = *j->p == '-' || (*j->p >= '0' && *j->p <= '9') ? JSON_NUMBER : JSON_WORD;
	while (j->p < j->end &&
	       (*j->p == '-' || *j->p == '+' || *j->p == '.' || (*j->p >= '0' && *j->p <= '9') ||
		(*j->p >= 'a' && *j->p <= 'z') || (*j->p >= 'A' && *j->p <= 'Z')))
		j->p++;
	t.len = (size_t)(j->p - t.at);
	if (t.len == 0) {
		j->p = j->end;
		return (struct json_token){.kind = JSON_BAD};
	}
	return t;
}

struct json_token json_next(struct json *j)
{
	static const struct {
		char c;
		enum json_kind kind;
	} marks[] = {{'{', JSON_OBJECT}, {'}', JSON_OBJECT_END}, {'[', JSON_ARRAY}, {']', JSON_ARRAY_END}};

	while (j->p < j->end && is_space(*j->p))
		j->p++;
	if (j->p >= j->end)
		return (struct json_token){.kind = JSON_END};
	if (*j->p == '"')
		return take_string(j);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (*j->p == marks[i].c)
			return (struct json_token){.kind = marks[i].kind, .at = j->p++, .len = 1};
	return take_word(j);
}

bool json_is(const struct json_token *t, const char *text)
{
	return t->kind == JSON_STRING && t->len == strlen(text) && !memcmp(t->at, text, t->len);
}

bool json_number(const struct json_token *t, double *v)
{
	char text[64], *end;

	if (t->kind != JSON_NUMBER || t->len >= sizeof(text) || memchr(t->at, 'x', t->len) ||
	    memchr(t->at, 'X', t->len))
		return false;
	memcpy(text, t->at, t->len);
	text[t->len] = 0;
	*v = strtod(text, &end);
	return !*end && isfinite(*v);
}

#include "gateway/texts.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "gateway/log.h"

/* Words for a girl and a boy: the texts are about children. */
static const struct {
	const char *language, *female, *male;
} sexes[] = {
	{"en", "girl", "boy"},          {"zh", "女", "男"},           {"de", "Mädchen", "Junge"},
	{"fr", "fille", "garçon"},      {"es", "niña", "niño"},       {"it", "bambina", "bambino"},
	{"pt", "menina", "menino"},     {"ru", "девочка", "мальчик"}, {"ja", "女の子", "男の子"},
	{"ko", "여자아이", "남자아이"},
};

const char *texts_sex(const char *sex, const char *language)
{
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sexes); i++)
		if (!strcmp(sexes[i].language, language))
			at = i;
	return strcmp(sex, "female") ? sexes[at].male : sexes[at].female;
}

static int complain(char *err, size_t err_len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int complain(char *err, size_t err_len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* At '{': octets up to and with '}', or -EINVAL. */
static int check_field(const char *p, char *err, size_t err_len)
{
	size_t n = strcspn(p + 1, "{}[]\\\n");
	const char *near;
	char name[64];

	if (p[1 + n] != '}')
		return complain(err, err_len, "{%s is never closed; expected }", log_safe(p + 1, n));
	if (trigger_key_find(p + 1, n) >= 0)
		return n + 2;
	snprintf(name, sizeof(name), "%.*s", (int)OSMO_MIN(n, sizeof(name) - 1), p + 1);
	near = trigger_key_near(name);
	return complain(err, err_len, "unknown field {%s}; %s%s", log_safe(p + 1, n),
			near ? "did you mean " : "expected a key of a trigger such as {child.name}",
			near ? near : "");
}

int texts_check(const char *text, bool *idle, char *err, size_t err_len)
{
	unsigned int fields = 0;
	bool part = false;
	int n;

	if (idle)
		*idle = false;
	for (const char *p = text; *p; p += n) {
		n = 1;
		if (*p == '\\' && p[1] && strchr("{}[]\\", p[1])) {
			n = 2;
		} else if (*p == '{') {
			n = check_field(p, err, err_len);
			if (n < 0)
				return n;
			fields++;
		} else if (*p == '}') {
			return complain(err, err_len, "} without {; write \\\\} for the character itself");
		} else if (*p == '[') {
			if (part)
				return complain(err, err_len,
						"[ inside [ ]; optional parts cannot be nested");
			part = true;
			fields = 0;
		} else if (*p == ']') {
			if (!part)
				return complain(err, err_len,
						"] without [; write \\\\] for the character itself");
			part = false;
			if (idle && fields == 0)
				*idle = true;
		}
	}
	return part ? complain(err, err_len, "[ is never closed; expected ]") : 0;
}

static const char *value_of(const struct texts_values *values, enum trigger_key key, const char *language)
{
	const char *v = values->of[key];

	return v && key == TK_CHILD_SEX ? texts_sex(v, language) : v;
}

/* True when every field between p and the closing ']' has a value. */
static bool part_stands(const char *p, const struct texts_values *values)
{
	for (; *p && *p != ']'; p++) {
		size_t n;
		int key;

		if (*p == '\\' && p[1]) {
			p++;
		} else if (*p == '{') {
			n = strcspn(p + 1, "}");
			key = trigger_key_find(p + 1, n);
			if (key < 0 || !values->of[key])
				return false;
			p += n;
		}
	}
	return true;
}

static const char *part_end(const char *p)
{
	for (; *p && *p != ']'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* At '{': appends the value; returns octets of the field, or -ENOENT. */
static int put_field(char **out, const char *p, const char *language, const struct texts_values *values,
		     enum trigger_key *absent)
{
	size_t n = strcspn(p + 1, "}");
	int key = trigger_key_find(p + 1, n);
	const char *v;

	OSMO_ASSERT(key >= 0);
	v = value_of(values, key, language);
	if (!v) {
		*absent = key;
		return -ENOENT;
	}
	*out = talloc_strdup_append_buffer(*out, v);
	OSMO_ASSERT(*out);
	return n + 2;
}

char *texts_render(void *ctx, const char *text, const char *language, const struct texts_values *values,
		   enum trigger_key *absent)
{
	char *out = talloc_strdup(ctx, "");
	int n;

	for (const char *p = text; *p; p += n) {
		size_t plain = strcspn(p, "{[]\\");

		out = talloc_strndup_append_buffer(out, p, plain);
		OSMO_ASSERT(out);
		p += plain;
		n = *p ? 1 : 0;
		if (*p == '{') {
			n = put_field(&out, p, language, values, absent);
			if (n < 0) {
				talloc_free(out);
				return NULL;
			}
		} else if (*p == '[' && !part_stands(p + 1, values)) {
			n = part_end(p + 1) - p;
		} else if (*p == '\\') {
			n = p[1] && strchr("{}[]\\", p[1]) ? 2 : 1;
			out = talloc_strndup_append_buffer(out, p + n - 1, 1);
			OSMO_ASSERT(out);
		}
	}
	return out;
}

#include "gateway/carrier/json.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

static void quoted(struct json *j, const char *s, size_t len, bool utf8)
{
	fputc('"', j->f);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fprintf(j->f, "\\%c", c);
		else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8))
			fprintf(j->f, "\\u%04x", c);
		else
			fputc(c, j->f);
	}
	fputc('"', j->f);
}

static void lead(struct json *j, const char *key, size_t len, bool utf8)
{
	if (j->more)
		fputc(',', j->f);
	if (j->depth && j->depth < 5)
		fprintf(j->f, "\n%*s", (int)j->depth, "");
	j->more = true;
	if (!key)
		return;
	quoted(j, key, len, utf8);
	fputs(": ", j->f);
}

static void begin(struct json *j, const char *key)
{
	lead(j, key, key ? strlen(key) : 0, true);
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	fputc(bracket, j->f);
	j->depth++;
	j->more = false;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	fputc(bracket, j->f);
	j->more = true;
}

void json_number(struct json *j, const char *key, uint64_t v)
{
	begin(j, key);
	fprintf(j->f, "%" PRIu64, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin(j, key);
	fputs(v ? "true" : "false", j->f);
}

void json_text(struct json *j, const char *key, const char *s)
{
	begin(j, key);
	quoted(j, s, strlen(s), true);
}

void json_number_raw(struct json *j, const char *key, size_t len, uint64_t v)
{
	lead(j, key, len, false);
	fprintf(j->f, "%" PRIu64, v);
}

void json_open_raw(struct json *j, const char *key, size_t len, char bracket)
{
	lead(j, key, len, false);
	fputc(bracket, j->f);
	j->depth++;
	j->more = false;
}

void json_hash(struct json *j, const char *key, uint64_t hash)
{
	begin(j, key);
	fprintf(j->f, "\"%016" PRIx64 "\"", hash);
}

void json_time(struct json *j, const char *key, uint64_t wall_us)
{
	time_t t = (time_t)(wall_us / 1000000);
	char text[32];
	struct tm tm;

	begin(j, key);
	if (!wall_us) {
		fputs("null", j->f);
		return;
	}
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(j->f, "\"%s.%03uZ\"", text, (unsigned int)(wall_us / 1000 % 1000));
}

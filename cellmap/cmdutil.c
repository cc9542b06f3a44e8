#include "cellmap/cmdutil.h"
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names of files come from outside: control characters do not reach the terminal. */
static void put_safe(const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7F ? '?' : *text, stderr);
	fputc('\n', stderr);
}

int cmd_fail(const char *text)
{
	fputs("reunion cellmap: ", stderr);
	put_safe(text);
	return 1;
}

int cmd_usage(const char *command, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "reunion cellmap %s: ", command);
	put_safe(text);
	return 2;
}

int cmd_bad_option(const char *command, char *const *argv)
{
	return cmd_usage(command,
			 "%s: no such option, or its value is missing; see reunion cellmap %s --help",
			 argv[optind - 1], command);
}

int cmd_options(const char *command, int argc, char **argv, const struct option *options,
		int (*take)(void *arg, int c, const char *value), void *arg)
{
	int c, rc = 0;

	optind = 0;
	while (rc == 0 && (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1)
		rc = c == '?' || c == ':' ? cmd_bad_option(command, argv) : take(arg, c, optarg);
	return rc;
}

bool cmd_number(const char *text, double lo, double hi, double *v)
{
	char *end;

	if (strspn(text, "+-.0123456789eE") != strlen(text) || !*text)
		return false;
	*v = strtod(text, &end);
	return !*end && isfinite(*v) && *v >= lo && *v <= hi;
}

bool cmd_unsigned(const char *text, uint64_t max, uint64_t *v)
{
	*v = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || *v > (UINT64_MAX - 9) / 10)
			return false;
		*v = *v * 10 + (uint64_t)(*text - '0');
	}
	return *v <= max;
}

void progress_start(struct progress *p)
{
	*p = (struct progress){.on = isatty(STDERR_FILENO), .last = -1};
}

void progress_show(void *progress, const char *what, uint64_t done, uint64_t total)
{
	struct progress *p = progress;
	int share, filled;

	if (!p->on || total == 0)
		return;
	share = (int)(done * 100 / total);
	if (share == p->last)
		return;
	p->last = share;
	p->shown = true;
	filled = share > 100 ? 30 : share * 30 / 100;
	fprintf(stderr, "\r%-8s [%.*s%.*s] %3d %%", what, filled, "##############################",
		30 - filled, "..............................", share);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}

/* Length of the well-formed UTF-8 sequence at p, or 0. */
static int utf8_len(const unsigned char *p)
{
	int n = p[0] < 0x80                   ? 1
		: p[0] >= 0xC2 && p[0] < 0xE0 ? 2
		: p[0] >= 0xE0 && p[0] < 0xF0 ? 3
		: p[0] >= 0xF0 && p[0] < 0xF5 ? 4
					      : 0;

	for (int i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

void cmd_json_string(FILE *f, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	fputc('"', f);
	while (*p) {
		int n = utf8_len(p);

		if (n == 0)
			fputs("\\ufffd", f);
		else if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else if (*p < 0x20)
			fprintf(f, "\\u%04x", *p);
		else
			fwrite(p, 1, (size_t)n, f);
		p += n ? n : 1;
	}
	fputc('"', f);
}

#include "gateway/lexical.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/log.h"

#define PATH_MAX_OCTETS 192

struct name {
	const uint8_t *at;
	size_t len;
};

struct frame {
	char open; /* '{', '(' or '['; 0 is the file itself */
	unsigned int line;
	unsigned int index; /* elements so far of a list */
	size_t names;       /* where its names begin */
	size_t path;        /* octets of the path that lead here */
};

struct lexer {
	const struct lexical_rules *rules;
	const struct lexical_report *report;
	const uint8_t *data;
	size_t len, at;
	unsigned int line, reports;
	uint8_t *clean; /* the copy that libconfig gets */
	struct frame frame[LEXICAL_MAX_DEPTH + 1];
	unsigned int depth;
	struct name *names;
	size_t n_names;
	char path[PATH_MAX_OCTETS];
	bool stop; /* the grammar is lost: nothing after this can be judged */
};

static __attribute__((format(printf, 3, 4))) void found(struct lexer *l, unsigned int line, const char *fmt,
							...)
{
	char text[400];
	va_list ap;

	if (l->reports++ >= LEXICAL_MAX_REPORTS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->report->found(l->report->arg, line, l->path[0] ? l->path : NULL, text);
}

static const char *shown(const uint8_t *p, size_t len)
{
	return log_safe((const char *)p, len > 40 ? 40 : len);
}

/* First pass: the octets alone, wherever they stand. */
static void check_octets(struct lexer *l)
{
	unsigned int line = 1;
	uint32_t c = 0;

	for (size_t i = 0, n; i < l->len; i += n) {
		n = lexical_utf8(l->data + i, l->len - i, &c);
		if (n == 0) {
			found(l, line, "octet 0x%02X is not UTF-8; save the file as UTF-8", l->data[i]);
			n = 1;
		} else if (c == '\n') {
			line++;
		} else if (c == 0) {
			found(l, line, "NUL character; the file must be text");
		} else if (lexical_control(c) && c != '\t' && c != '\r') {
			found(l, line, "control character U+%04X; remove it", c);
		}
	}
}

static int peek(const struct lexer *l, size_t ahead)
{
	return l->at + ahead < l->len ? l->data[l->at + ahead] : -1;
}

static void step(struct lexer *l)
{
	if (l->data[l->at++] == '\n')
		l->line++;
}

/* Comments are blanked in the copy: libconfig fails on one without a line end. */
static void blank(struct lexer *l)
{
	if (l->data[l->at] != '\n')
		l->clean[l->at] = ' ';
	step(l);
}

static void skip_line_comment(struct lexer *l)
{
	while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
		blank(l);
}

static void skip_block_comment(struct lexer *l)
{
	unsigned int line = l->line;

	blank(l);
	blank(l);
	while (peek(l, 0) >= 0 && !(peek(l, 0) == '*' && peek(l, 1) == '/'))
		blank(l);
	if (peek(l, 0) < 0) {
		found(l, line, "comment is never closed; expected */");
		return;
	}
	blank(l);
	blank(l);
}

static void skip_space(struct lexer *l)
{
	for (int c; (c = peek(l, 0)) >= 0;) {
		if (c == '#' || (c == '/' && peek(l, 1) == '/'))
			skip_line_comment(l);
		else if (c == '/' && peek(l, 1) == '*')
			skip_block_comment(l);
		else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			step(l);
		else if (c < 0x20 || c == 0x7F)
			blank(l); /* told by check_octets() */
		else
			return;
	}
}

static bool hex_pair(const struct lexer *l, unsigned int *value)
{
	char digits[3] = {0};

	for (int i = 0; i < 2; i++) {
		int c = peek(l, 2 + i);

		if (c < 0 || !isxdigit(c))
			return false;
		digits[i] = c;
	}
	*value = strtoul(digits, NULL, 16);
	return true;
}

/* At a backslash inside a string. */
static void check_escape(struct lexer *l)
{
	int c = peek(l, 1);
	unsigned int value = 0;

	if (c == 'x' && hex_pair(l, &value) && (value < 0x20 || value >= 0x7F))
		found(l, l->line,
		      "escape \\x%02X stands for a control character or no character; write the character "
		      "itself",
		      value);
	else if (strchr("rtf", c) && c > 0)
		found(l, l->line, "escape \\%c stands for a control character; remove it", c);
	else if (c == 'n' && !l->rules->newline_in_text)
		found(l, l->line, "escape \\n stands for a control character; remove it");
	step(l);
	if (peek(l, 0) >= 0 && peek(l, 0) != '\n')
		step(l);
}

static void read_string(struct lexer *l)
{
	unsigned int line = l->line;

	for (step(l); peek(l, 0) >= 0 && peek(l, 0) != '"' && peek(l, 0) != '\n';) {
		if (peek(l, 0) == '\\') {
			check_escape(l);
			continue;
		}
		if (peek(l, 0) == '\t')
			found(l, l->line, "control character U+0009 (tabulator) in a text; use a space");
		step(l);
	}
	if (peek(l, 0) != '"') {
		found(l, line, "text is not closed on its line; expected \"");
		l->stop = true;
		return;
	}
	step(l);
}

static size_t digits(const char *p)
{
	size_t n = 0;

	while (p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* True when all of p is an integer of libconfig; *wide tells of an L. */
static bool is_integer(const char *p, bool *wide, bool *hex)
{
	size_t n;

	*hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	if (*hex) {
		for (p += 2, n = 0; isxdigit((uint8_t)p[n]); n++)
			;
	} else {
		p += *p == '-' || *p == '+';
		n = digits(p);
	}
	p += n;
	*wide = *p == 'L';
	p += *p == 'L';
	p += *wide && *p == 'L';
	return n > 0 && *p == '\0';
}

static bool is_float(const char *p)
{
	size_t whole, part = 0;
	bool point, power;

	p += *p == '-' || *p == '+';
	whole = digits(p);
	p += whole;
	point = *p == '.';
	if (point) {
		part = digits(++p);
		p += part;
	}
	power = *p == 'e' || *p == 'E';
	if (power) {
		p++;
		p += *p == '-' || *p == '+';
		if (digits(p) == 0)
			return false;
		p += digits(p);
	}
	return whole + part > 0 && (point || (power && whole > 0)) && *p == '\0';
}

static void check_integer(struct lexer *l, const char *text, bool wide, bool hex)
{
	long long value;
	bool over;

	errno = 0;
	value = strtoll(text, NULL, hex ? 16 : 10);
	over = errno == ERANGE;
	if (over || (!wide && (value > INT32_MAX || value < INT32_MIN)))
		found(l, l->line, "number %s is out of range; %s", text,
		      wide || over ? "it is beyond 64 bits"
				   : "beyond 32 bits it needs an L at its end, or quotes if it is a text");
}

static void read_number(struct lexer *l)
{
	char text[64];
	size_t n = 0;
	const uint8_t *from = l->data + l->at;
	bool wide, hex;

	for (int c; (c = peek(l, n)) >= 0 && c < 0x80 && (isalnum(c) || strchr("+-._", c)) && c > 0;)
		n++;
	l->at += n;
	if (n >= sizeof(text)) {
		found(l, l->line, "number of %zu characters is too long", n);
		return;
	}
	memcpy(text, from, n);
	text[n] = '\0';
	if (is_integer(text, &wide, &hex)) {
		check_integer(l, text, wide, hex);
	} else if (is_float(text)) {
		errno = 0;
		if (!isfinite(strtod(text, NULL)) || errno == ERANGE)
			found(l, l->line, "number %s is out of range", text);
	} else {
		found(l, l->line, "%s is not a number; a text needs quotes", text);
		l->stop = true;
	}
}

static void read_word(struct lexer *l)
{
	const uint8_t *from = l->data + l->at;
	size_t n = 0;

	for (int c; (c = peek(l, n)) >= 0 && (lexical_name_char(c) || c >= 0x80);)
		n++;
	if ((n == 4 && !strncasecmp((const char *)from, "true", n)) ||
	    (n == 5 && !strncasecmp((const char *)from, "false", n))) {
		l->at += n;
		return;
	}
	if (n == 0)
		n = 1;
	found(l, l->line,
	      "%s is not a value; expected a number, true, false, a text in double quotes, { or (",
	      shown(from, n));
	l->stop = true;
}

static void open_frame(struct lexer *l, char open)
{
	struct frame *f;

	if (l->depth == LEXICAL_MAX_DEPTH) {
		found(l, l->line, "more than %d brackets inside each other", LEXICAL_MAX_DEPTH);
		l->stop = true;
		return;
	}
	step(l);
	f = &l->frame[++l->depth];
	*f = (struct frame){.open = open, .line = l->line, .names = l->n_names, .path = strlen(l->path)};
}

static void close_frame(struct lexer *l)
{
	step(l);
	l->n_names = l->frame[l->depth].names;
	l->depth--;
}

/* A value begins here. Groups and lists are entered; the caller's loop goes on inside. */
static void read_value(struct lexer *l)
{
	int c = peek(l, 0);

	if (c == '{' || c == '(' || c == '[') {
		open_frame(l, c);
	} else if (c == '"') {
		/* adjacent texts are one text */
		for (; peek(l, 0) == '"' && !l->stop; skip_space(l))
			read_string(l);
	} else if (c >= 0 && (isdigit(c) || strchr("+-.", c)) && c > 0) {
		read_number(l);
	} else if (c == '@') {
		found(l, l->line, "@include is not allowed; put everything into one file");
		l->stop = true;
	} else if (c < 0) {
		found(l, l->line, "the file ends where a value is expected");
		l->stop = true;
	} else {
		read_word(l);
	}
}

static void set_path(struct lexer *l, const uint8_t *name, size_t len)
{
	size_t at = l->frame[l->depth].path;

	snprintf(l->path + at, sizeof(l->path) - at, "%s%s", at ? "." : "", shown(name, len));
}

static void take_name(struct lexer *l, const uint8_t *name, size_t len)
{
	const struct frame *f = &l->frame[l->depth];

	set_path(l, name, len);
	for (size_t i = f->names; i < l->n_names; i++)
		if (l->names[i].len == len && !memcmp(l->names[i].at, name, len)) {
			found(l, l->line, "key is given twice; keep one");
			return;
		}
	if (l->n_names - f->names == LEXICAL_MAX_NAMES) {
		found(l, l->line, "more than %d keys in one group", LEXICAL_MAX_NAMES);
		l->stop = true;
		return;
	}
	if (l->n_names % 64 == 0)
		l->names = talloc_realloc(l->clean, l->names, struct name, l->n_names + 64);
	OSMO_ASSERT(l->names);
	l->names[l->n_names++] = (struct name){name, len};
}

/* name = value */
static void read_setting(struct lexer *l)
{
	const uint8_t *from = l->data + l->at;
	size_t n = 0;

	for (int c; (c = peek(l, n)) >= 0 && lexical_name_char(c);)
		n++;
	if (n == 0 || !lexical_name((const char *)from, 1)) {
		if (from[0] == '@')
			found(l, l->line, "@include is not allowed; put everything into one file");
		else
			found(l, l->line, "syntax error at %s; expected a key such as name = value;",
			      shown(from, n ? n : 1));
		l->stop = true;
		return;
	}
	take_name(l, from, n);
	l->at += n;
	skip_space(l);
	if (peek(l, 0) != '=' && peek(l, 0) != ':') {
		found(l, l->line, "syntax error: expected = after the key %s", shown(from, n));
		l->stop = true;
		return;
	}
	step(l);
	skip_space(l);
	read_value(l);
}

static void read_element(struct lexer *l)
{
	struct frame *f = &l->frame[l->depth];

	snprintf(l->path + f->path, sizeof(l->path) - f->path, "[%u]", f->index++);
	read_value(l);
}

static char closing(char open)
{
	return open == '{' ? '}' : open == '(' ? ')' : ']';
}

static bool in_group(const struct lexer *l)
{
	return l->frame[l->depth].open == '{' || l->frame[l->depth].open == '\0';
}

/* After a value: its separator, and whatever brackets close here. */
static void after_value(struct lexer *l)
{
	for (skip_space(l); !l->stop; skip_space(l)) {
		struct frame *f = &l->frame[l->depth];
		int c = peek(l, 0);

		if (in_group(l) && (c == ';' || c == ',')) {
			step(l);
			skip_space(l);
			c = peek(l, 0);
		} else if (!in_group(l) && c == ',') {
			step(l);
			return;
		} else if (!in_group(l) && c != closing(f->open)) {
			if (c >= 0)
				found(l, l->line, "syntax error: expected , or %c (opened in line %u)",
				      closing(f->open), f->line);
			l->stop = c >= 0;
			return;
		}
		if (f->open == '\0' || c != closing(f->open))
			return;
		l->path[f->path] = '\0';
		close_frame(l);
	}
}

static void check_grammar(struct lexer *l)
{
	for (skip_space(l); !l->stop && peek(l, 0) >= 0; skip_space(l)) {
		struct frame *f = &l->frame[l->depth];
		unsigned int depth = l->depth;

		l->path[f->path] = '\0';
		if (f->open && peek(l, 0) == closing(f->open) && (in_group(l) || f->index == 0)) {
			close_frame(l);
			after_value(l);
			continue;
		}
		if (in_group(l))
			read_setting(l);
		else
			read_element(l);
		if (l->depth == depth && !l->stop)
			after_value(l);
	}
	if (l->stop || l->depth == 0)
		return;
	l->path[l->frame[l->depth].path] = '\0';
	found(l, l->frame[l->depth].line, "%c opened here is never closed; expected %c",
	      l->frame[l->depth].open, closing(l->frame[l->depth].open));
}

static void skip_bom(struct lexer *l)
{
	if (l->len >= 3 && !memcmp(l->data, "\xEF\xBB\xBF", 3))
		for (int i = 0; i < 3; i++)
			blank(l);
}

static void check(struct lexer *l)
{
	if (l->len > l->rules->max_octets) {
		found(l, 0, "%zu octets are too many; at most %zu", l->len, l->rules->max_octets);
		return;
	}
	check_octets(l);
	skip_bom(l);
	check_grammar(l);
	l->path[0] = '\0';
	if (l->reports > LEXICAL_MAX_REPORTS)
		l->report->found(l->report->arg, l->line, NULL,
				 "there is more that is wrong; correct the above first");
}

int lexical_read(void *ctx, const uint8_t *data, size_t len, const struct lexical_rules *rules,
		 config_t *config, const struct lexical_report *report)
{
	struct lexer *l = talloc_zero(ctx, struct lexer);
	int rc = 0;

	OSMO_ASSERT(l);
	*l = (struct lexer){.rules = rules, .report = report, .data = data, .len = len, .line = 1};
	l->clean = talloc_size(l, len + 2);
	OSMO_ASSERT(l->clean);
	if (len)
		memcpy(l->clean, data, len);
	memcpy(l->clean + len, "\n", 2);
	config_init(config);
	check(l);
	if (l->reports == 0 && config_read_string(config, (char *)l->clean) != CONFIG_TRUE)
		found(l, config_error_line(config), "%s", config_error_text(config));
	if (l->reports > 0)
		rc = -EBADMSG;
	talloc_free(l);
	return rc;
}

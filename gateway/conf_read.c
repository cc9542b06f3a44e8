#include "gateway/conf_read.h"
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/lexical.h"
#include "gateway/log.h"

#define CONF_PATH_OCTETS  192
#define CONF_MAX_PROBLEMS 500 /* who has more corrects these first */

/* Where a field stands in the file. An element and its first field have one address: `whole` tells them
 * apart. */
struct conf_spot {
	const void *at;
	char *path;
	unsigned int line;
	bool whole;
};

static void read_group(struct conf_reader *r, const config_setting_t *group, const struct conf_key *keys,
		       void *base, const char *path);

/* Path of a key of a group; long ones are cut, they are only for people. */
static const char *join(char below[CONF_PATH_OCTETS], const char *path, const char *name)
{
	if (snprintf(below, CONF_PATH_OCTETS, "%s%s%s", path, path[0] ? "." : "", name) >= CONF_PATH_OCTETS)
		strcpy(below + CONF_PATH_OCTETS - 4, "...");
	return below;
}

static void remember(struct conf_reader *r, const void *at, const char *path, unsigned int line, bool whole)
{
	struct conf *c = r->conf;

	if (c->n_spots % 64 == 0)
		c->spots = talloc_realloc(c, c->spots, struct conf_spot, c->n_spots + 64);
	OSMO_ASSERT(c->spots);
	c->spots[c->n_spots++] = (struct conf_spot){at, talloc_strdup(c, path), line, whole};
}

static int compare_spots(const void *a, const void *b)
{
	const struct conf_spot *x = a, *y = b;

	if (x->at != y->at)
		return (uintptr_t)x->at < (uintptr_t)y->at ? -1 : 1;
	return (int)x->whole - (int)y->whole;
}

static const struct conf_spot *spot_of(const struct conf *c, const void *at, bool whole)
{
	struct conf_spot wanted = {.at = at, .whole = whole};

	return c->n_spots ? bsearch(&wanted, c->spots, c->n_spots, sizeof(wanted), compare_spots) : NULL;
}

bool conf_given(const struct conf *conf, const void *field)
{
	return spot_of(conf, field, false);
}

unsigned int conf_line(const struct conf *conf, const void *element)
{
	const struct conf_spot *s = spot_of(conf, element, true);

	return s ? s->line : 0;
}

void conf_problem_at(struct conf_reader *r, unsigned int line, const char *key, const char *text)
{
	struct conf_problems *p = r->problems;

	if (p->n == CONF_MAX_PROBLEMS)
		return;
	p->v = talloc_realloc(r->problems_ctx, p->v, struct conf_problem, p->n + 1);
	OSMO_ASSERT(p->v);
	p->v[p->n++] = (struct conf_problem){
		.file = talloc_strdup(p->v, r->conf->file),
		.line = line,
		.key = key ? talloc_strdup(p->v, key) : NULL,
		.text = talloc_strdup(p->v, text),
	};
}

void conf_problem(struct conf_reader *r, const void *field, const char *fmt, ...)
{
	const struct conf_spot *s = spot_of(r->conf, field, false);
	char text[512];
	va_list ap;

	if (!s)
		s = spot_of(r->conf, field, true);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_problem_at(r, s ? s->line : 0, s ? s->path : NULL, text);
}

void conf_problem_in(struct conf_reader *r, const void *element, const char *key, const char *fmt, ...)
{
	const struct conf_spot *s = spot_of(r->conf, element, true);
	char text[512], path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s%s", s ? s->path : "", s && s->path[0] && key ? "." : "",
		 key ? key : "");
	conf_problem_at(r, s ? s->line : 0, path, text);
}

static __attribute__((format(printf, 4, 5))) void wrong(struct conf_reader *r, const config_setting_t *s,
							const char *path, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_problem_at(r, s->line, path, text);
}

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	default:
		return "a number";
	}
}

/* The path of the configuration's folder leads relative paths. */
static char *resolve(const struct conf *c, const char *path)
{
	const char *slash = strrchr(c->file, '/');

	if (path[0] == '/' || !slash)
		return talloc_strdup(c, path);
	return talloc_asprintf(c, "%.*s/%s", (int)(slash - c->file), c->file, path);
}

static void set_number(const struct conf_key *k, void *field, double v)
{
	switch (k->kind) {
	case CONF_U8:
		*(uint8_t *)field = v;
		break;
	case CONF_U16:
	case CONF_U16S:
		*(uint16_t *)field = v;
		break;
	case CONF_U32:
		*(uint32_t *)field = v;
		break;
	default:
		*(double *)field = v;
	}
}

static bool is_number(const config_setting_t *s, double *v)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		*v = config_setting_get_int(s);
		return true;
	case CONFIG_TYPE_INT64:
		*v = config_setting_get_int64(s);
		return true;
	case CONFIG_TYPE_FLOAT:
		*v = config_setting_get_float(s);
		return true;
	default:
		return false;
	}
}

static void read_number(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
			void *field, const char *path)
{
	const char *what = k->kind == CONF_REAL ? "number" : "whole number";
	double v;

	if (k->kind == CONF_REAL)
		*(double *)field = NAN; /* until it is read: comparisons with it say nothing */
	if (!is_number(s, &v))
		wrong(r, s, path, "expected a %s, found %s", what, type_name(s));
	else if ((k->kind != CONF_REAL && v != floor(v)) || !(v >= k->min && v <= k->max) ||
		 (k->above && v == k->min))
		wrong(r, s, path, "%.10g is not allowed; expected a %s %s %.10g to %.10g", v, what,
		      k->above ? "above" : "from", k->min, k->max);
	else
		set_number(k, field, v);
}

/* The text of a setting, or NULL after a problem. */
static const char *text_of(struct conf_reader *r, const config_setting_t *s, const char *path)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		return config_setting_get_string(s);
	wrong(r, s, path, "expected a text in quotes, found %s", type_name(s));
	return NULL;
}

static bool text_fits(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
		      const char *text, const char *path)
{
	bool list = k->kind == CONF_TEXTS || k->kind == CONF_TAKES || k->max == 0;
	size_t n = strlen(text),
	       least = list                                        ? 1
		       : k->min == 0 && k->preset && !k->preset[0] ? 0
								   : 1,
	       most = list ? 255 : k->max;

	if (n < least)
		wrong(r, s, path, "the text is empty");
	else if (n > most)
		wrong(r, s, path, "the text has %zu octets; at most %zu", n, most);
	else if (!k->newline && strchr(text, '\n'))
		wrong(r, s, path, "no line end is allowed in this text");
	else
		return true;
	return false;
}

static void read_text(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k, void *field,
		      const char *path)
{
	const char *text = text_of(r, s, path), *expected = NULL;

	if (!text || !text_fits(r, s, k, text, path))
		return;
	if (k->take)
		expected = k->take(r->conf, field, text);
	else
		*(char **)field =
			k->kind == CONF_PATH ? resolve(r->conf, text) : talloc_strdup(r->conf, text);
	if (expected)
		wrong(r, s, path, "\"%s\" is not allowed; expected %s", log_safe(text, strlen(text)),
		      expected);
}

static void list_choices(char *out, size_t len, const char *const *choices)
{
	size_t at = 0;

	for (size_t i = 0; choices[i] && at < len; i++)
		at += snprintf(out + at, len - at, "%s\"%s\"",
			       i == 0           ? ""
			       : choices[i + 1] ? ", "
						: " or ",
			       choices[i]);
}

static void read_choice(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
			void *field, const char *path)
{
	const char *text = text_of(r, s, path);
	char all[256];

	if (!text)
		return;
	for (int i = 0; k->choices[i]; i++)
		if (!strcmp(k->choices[i], text)) {
			memcpy(field, &i, sizeof(i));
			return;
		}
	list_choices(all, sizeof(all), k->choices);
	wrong(r, s, path, "\"%s\" is not known; expected %s", log_safe(text, strlen(text)), all);
}

static void read_flag(struct conf_reader *r, const config_setting_t *s, void *field, const char *path)
{
	if (config_setting_type(s) == CONFIG_TYPE_BOOL)
		*(bool *)field = config_setting_get_bool(s);
	else
		wrong(r, s, path, "expected true or false, found %s", type_name(s));
}

static size_t element_size(const struct conf_key *k)
{
	return k->kind == CONF_TEXTS ? sizeof(char *) : k->kind == CONF_U16S ? sizeof(uint16_t) : k->size;
}

static void read_element(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
			 void *element, const char *path)
{
	remember(r, element, path, s->line, k->kind == CONF_LIST);
	if (k->kind == CONF_TEXTS || k->kind == CONF_TAKES)
		read_text(r, s, k, element, path);
	else if (k->kind == CONF_U16S)
		read_number(r, s, k, element, path);
	else if (config_setting_is_group(s))
		read_group(r, s, k->keys, element, path);
	else
		wrong(r, s, path, "expected a group { ... }, found %s", type_name(s));
}

static void read_list(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
		      uint8_t *base, const char *path)
{
	bool counted = k->kind != CONF_U16S;
	size_t size = element_size(k), n, most = counted ? k->max : 4096;
	uint8_t *v;

	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		wrong(r, s, path, "expected a list ( ... ), found %s", type_name(s));
		return;
	}
	n = config_setting_length(s);
	if ((counted && n < k->min) || n > most) {
		wrong(r, s, path, "the list has %zu elements; expected %.0f to %zu", n, counted ? k->min : 0,
		      most);
		return;
	}
	v = talloc_zero_size(r->conf, size * n + 1);
	OSMO_ASSERT(v);
	memcpy(base + k->at, &v, sizeof(v));
	memcpy(base + k->at_n, &n, sizeof(n));
	for (size_t i = 0; i < n; i++) {
		char below[CONF_PATH_OCTETS];

		if (snprintf(below, sizeof(below), "%s[%zu]", path, i) >= (int)sizeof(below))
			strcpy(below, k->name);
		read_element(r, config_setting_get_elem(s, i), k, v + size * i, below);
	}
}

static void read_key(struct conf_reader *r, const config_setting_t *s, const struct conf_key *k,
		     uint8_t *base, const char *path)
{
	void *field = base + k->at;

	if (k->kind != CONF_GROUP) /* a group has no field of its own but the flag that it is there */
		remember(r, field, path, s->line, false);
	switch (k->kind) {
	case CONF_TEXT:
	case CONF_PATH:
	case CONF_TAKE:
		read_text(r, s, k, field, path);
		break;
	case CONF_U8:
	case CONF_U16:
	case CONF_U32:
	case CONF_REAL:
		read_number(r, s, k, field, path);
		break;
	case CONF_FLAG:
		read_flag(r, s, field, path);
		break;
	case CONF_CHOICE:
		read_choice(r, s, k, field, path);
		break;
	case CONF_GROUP:
		if (k->at_n) {
			*(bool *)(base + k->at_n) = true;
			remember(r, base + k->at_n, path, s->line, false);
		}
		if (config_setting_is_group(s))
			read_group(r, s, k->keys, field, path);
		else
			wrong(r, s, path, "expected a group { ... }, found %s", type_name(s));
		break;
	default:
		read_list(r, s, k, base, path);
	}
}

static void unknown_key(struct conf_reader *r, const config_setting_t *s, const struct conf_key *keys,
			const char *path)
{
	const char *near = NULL;
	unsigned int best = 3, d;

	for (const struct conf_key *k = keys; k->name; k++) {
		d = lexical_distance(config_setting_name(s), k->name);
		if (d < best && d < strlen(k->name)) {
			best = d;
			near = k->name;
		}
	}
	if (near)
		wrong(r, s, path, "unknown key; did you mean %s?", near);
	else
		wrong(r, s, path, "unknown key; see reunion.cfg(5) for the keys of this group");
}

static const struct conf_key *key_of(const struct conf_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static void set_preset(struct conf_reader *r, const struct conf_key *k, uint8_t *base)
{
	void *field = base + k->at;

	switch (k->kind) {
	case CONF_TEXT:
	case CONF_PATH:
		*(char **)field = talloc_strdup(r->conf, k->preset);
		break;
	case CONF_FLAG:
		*(bool *)field = !strcmp(k->preset, "true");
		break;
	case CONF_CHOICE:
		for (int i = 0; k->choices[i]; i++)
			if (!strcmp(k->choices[i], k->preset))
				memcpy(field, &i, sizeof(i));
		break;
	case CONF_TAKE:
		OSMO_ASSERT(!k->take(r->conf, field, k->preset));
		break;
	default:
		set_number(k, field, strtod(k->preset, NULL));
	}
}

static void add_missing(struct conf_reader *r, const config_setting_t *group, const struct conf_key *k,
			uint8_t *base, const char *path)
{
	char below[CONF_PATH_OCTETS];

	if (k->required)
		conf_problem_at(r, group->line, join(below, path, k->name), "missing key; it is required");
	else if (k->preset)
		set_preset(r, k, base);
}

static void read_group(struct conf_reader *r, const config_setting_t *group, const struct conf_key *keys,
		       void *base, const char *path)
{
	char below[CONF_PATH_OCTETS];

	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);
		const struct conf_key *k = key_of(keys, config_setting_name(s));

		join(below, path, config_setting_name(s));
		if (k)
			read_key(r, s, k, base, below);
		else
			unknown_key(r, s, keys, below);
	}
	for (const struct conf_key *k = keys; k->name; k++)
		if (!config_setting_get_member(group, k->name))
			add_missing(r, group, k, base, path);
}

void conf_read(struct conf_reader *r, const config_setting_t *root, const struct conf_key *keys)
{
	read_group(r, root, keys, r->conf, "");
	if (r->conf->n_spots)
		qsort(r->conf->spots, r->conf->n_spots, sizeof(*r->conf->spots), compare_spots);
}

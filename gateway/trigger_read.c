#include "gateway/trigger_read.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "gateway/lexical.h"
#include "gateway/log.h"

#define KEY_OCTETS 192

struct reading {
	void *ctx;
	struct trigger_file *file;
};

static void found(void *arg, unsigned int line, const char *key, const char *text)
{
	struct reading *r = arg;

	reasons_add(r->file->ctx, r->file->reasons, line, key, "%s", text);
}

/* The key that stands behind this path: the agency's own name first. */
static int key_of(const struct conf_agency *a, const char *path)
{
	for (size_t i = 0; i < a->n_fields; i++)
		if (!strcmp(a->fields[i].theirs, path))
			return trigger_key_find(a->fields[i].ours, strlen(a->fields[i].ours));
	return trigger_key_find(path, strlen(path));
}

static bool leads_to(const char *name, const char *path)
{
	size_t n = strlen(path);

	return !strncmp(name, path, n) && name[n] == '.';
}

/* True when some key lies inside a group of this path. */
static bool is_group(const struct conf_agency *a, const char *path)
{
	for (int k = 0; k < TK_N; k++)
		if (leads_to(trigger_key_name(k), path))
			return true;
	for (size_t i = 0; i < a->n_fields; i++)
		if (leads_to(a->fields[i].theirs, path))
			return true;
	return false;
}

static void unknown(struct reading *r, const config_setting_t *s, const char *path)
{
	const char *near = trigger_key_near(path);

	if (near)
		reasons_add(r->file->ctx, r->file->reasons, s->line, path, "unknown key; did you mean %s?",
			    near);
	else
		reasons_add(r->file->ctx, r->file->reasons, s->line, path,
			    "unknown key; see reunion.trigger(5)");
}

static const char *what(const config_setting_t *s)
{
	return config_setting_is_number(s)                    ? "a number"
	       : config_setting_type(s) == CONFIG_TYPE_STRING ? "a text"
	       : config_setting_type(s) == CONFIG_TYPE_BOOL   ? "true or false"
							      : "a group or list";
}

static void take(struct reading *r, const config_setting_t *s, enum trigger_key key, const char *path)
{
	struct trigger_field *f = &r->file->field[key];
	bool number = config_setting_is_number(s), text = config_setting_type(s) == CONFIG_TYPE_STRING;

	if (f->given) {
		reasons_add(r->file->ctx, r->file->reasons, s->line, path,
			    "key is given twice, before in line %u as %s", f->line, f->key);
		return;
	}
	f->given = true;
	f->line = s->line;
	f->key = talloc_strdup(r->ctx, path);
	f->found = what(s);
	f->wrong = trigger_key_is_number(key) ? !number : !text;
	if (text)
		f->text = talloc_strdup(r->ctx, config_setting_get_string(s));
	else if (config_setting_type(s) == CONFIG_TYPE_FLOAT)
		f->number = config_setting_get_float(s);
	else if (number)
		f->number = config_setting_get_int64(s);
}

static void walk(struct reading *r, const config_setting_t *group, const char *above)
{
	char path[KEY_OCTETS];
	int key;

	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);

		if (snprintf(path, sizeof(path), "%s%s%s", above, above[0] ? "." : "",
			     config_setting_name(s)) >= KEY_OCTETS)
			strcpy(path + KEY_OCTETS - 4, "...");
		key = key_of(r->file->agency, path);
		if (config_setting_is_group(s) && is_group(r->file->agency, path))
			walk(r, s, path);
		else if (key >= 0)
			take(r, s, key, path);
		else
			unknown(r, s, path);
	}
}

/* Names of keys that are not in the file, so that reasons can still call them as the agency does. */
static void name_missing(struct trigger_file *file)
{
	const struct conf_agency *a = file->agency;

	for (int k = 0; k < TK_N; k++) {
		if (file->field[k].given)
			continue;
		file->field[k].key = trigger_key_name(k);
		for (size_t i = 0; i < a->n_fields; i++)
			if (!strcmp(a->fields[i].ours, trigger_key_name(k)))
				file->field[k].key = a->fields[i].theirs;
	}
}

int trigger_read(void *ctx, const uint8_t *data, size_t len, struct trigger_file *file)
{
	static const struct lexical_rules rules = {.max_octets = TRIGGER_MAX_OCTETS};
	struct reading r = {ctx, file};
	const struct lexical_report report = {found, &r};
	config_t tree;
	int rc = lexical_read(ctx, data, len, &rules, &tree, &report);

	if (rc == 0)
		walk(&r, config_root_setting(&tree), "");
	config_destroy(&tree);
	name_missing(file);
	return rc;
}

void trigger_digest(const struct trigger_file *file, uint8_t digest[32])
{
	crypto_generichash_state state;
	char number[40];

	OSMO_ASSERT(sodium_init() >= 0);
	crypto_generichash_init(&state, NULL, 0, 32);
	for (int k = 0; k < TK_N; k++) {
		const struct trigger_field *f = &file->field[k];
		const char *value = f->text ? f->text : number;

		if (!f->given)
			continue;
		snprintf(number, sizeof(number), "%.17g", f->number);
		/* names and values hold no NUL: with it as their end no two contents look alike */
		crypto_generichash_update(&state, (const uint8_t *)trigger_key_name(k),
					  strlen(trigger_key_name(k)) + 1);
		crypto_generichash_update(&state, (const uint8_t *)value, strlen(value) + 1);
	}
	crypto_generichash_final(&state, digest, 32);
}

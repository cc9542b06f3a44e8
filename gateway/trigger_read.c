#include "gateway/trigger_read.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

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

static void unknown(struct trigger_file *file, const struct scan_value *v)
{
	const char *near = trigger_key_near(v->path);

	if (near)
		reasons_add(file->ctx, file->reasons, v->line, v->path, "unknown key; did you mean %s?", near);
	else
		reasons_add(file->ctx, file->reasons, v->line, v->path, "unknown key; see reunion.trigger(5)");
}

static const char *what(const struct scan_value *v)
{
	static const char *const names[SCAN_KINDS] = {
		[SCAN_GROUP] = "a group or list", [SCAN_TEXT] = "a text", [SCAN_NUMBER] = "a number",
		[SCAN_BOOL] = "true or false",    [SCAN_LIST] = "a group or list",
	};

	return names[v->kind];
}

static void take(void *ctx, struct trigger_file *file, const struct scan_value *v, enum trigger_key key)
{
	struct trigger_field *f = &file->field[key];

	if (f->given) {
		reasons_add(file->ctx, file->reasons, v->line, v->path,
			    "key is given twice, before in line %u as %s", f->line, f->key);
		return;
	}
	f->given = true;
	f->line = v->line;
	f->key = talloc_strdup(ctx, v->path);
	f->found = what(v);
	f->wrong = v->kind != (trigger_key_is_number(key) ? SCAN_NUMBER : SCAN_TEXT);
	f->text = v->text ? talloc_strdup(ctx, v->text) : NULL;
	f->number = v->number;
}

static void take_all(void *ctx, struct trigger_file *file, const struct trigger_scan *scan)
{
	const char *closed = NULL; /* a group whose inside nobody knows */

	for (size_t i = 0; i < scan->n; i++) {
		const struct scan_value *v = &scan->v[i];
		bool group = v->kind == SCAN_GROUP;
		int key;

		if (closed && leads_to(v->path, closed))
			continue;
		closed = NULL;
		if (group && is_group(file->agency, v->path))
			continue;
		key = key_of(file->agency, v->path);
		if (key >= 0)
			take(ctx, file, v, key);
		else
			unknown(file, v);
		if (group)
			closed = v->path;
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

int trigger_read(void *ctx, const struct trigger_scan *scan, struct trigger_file *file)
{
	const struct reasons *f = &scan->findings;

	for (size_t i = 0; i < f->n; i++)
		reasons_add(file->ctx, file->reasons, f->v[i].line, f->v[i].key, "%s", f->v[i].text);
	take_all(ctx, file, scan);
	name_missing(file);
	return f->n ? -EBADMSG : 0;
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

int trigger_digest_of(const struct conf_agency *agency, const struct trigger_scan *scan, uint8_t digest[32])
{
	void *scratch = talloc_named_const(NULL, 0, "digest");
	struct reasons reasons = {0};
	struct trigger_file file = {.agency = agency, .ctx = scratch, .reasons = &reasons};
	int rc;

	OSMO_ASSERT(scratch);
	rc = trigger_read(scratch, scan, &file);
	if (rc == 0)
		trigger_digest(&file, digest);
	talloc_free(scratch);
	return rc;
}

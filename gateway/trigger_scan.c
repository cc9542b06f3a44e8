#include "gateway/trigger_scan.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include "gateway/lexical.h"

#define KEY_OCTETS 192

static void found(void *arg, unsigned int line, const char *key, const char *text)
{
	struct trigger_scan *scan = arg;

	reasons_add(scan, &scan->findings, line, key, "%s", text);
}

static enum scan_kind kind_of(const config_setting_t *s)
{
	return config_setting_is_number(s)                    ? SCAN_NUMBER
	       : config_setting_type(s) == CONFIG_TYPE_STRING ? SCAN_TEXT
	       : config_setting_type(s) == CONFIG_TYPE_BOOL   ? SCAN_BOOL
	       : config_setting_is_group(s)                   ? SCAN_GROUP
							      : SCAN_LIST;
}

static void take(struct trigger_scan *scan, const config_setting_t *s, const char *path)
{
	struct scan_value *v;

	scan->v = talloc_realloc(scan, scan->v, struct scan_value, scan->n + 1);
	OSMO_ASSERT(scan->v);
	v = &scan->v[scan->n++];
	*v = (struct scan_value){.kind = kind_of(s), .line = s->line, .path = talloc_strdup(scan, path)};
	if (v->kind == SCAN_TEXT)
		v->text = talloc_strdup(scan, config_setting_get_string(s));
	else if (config_setting_type(s) == CONFIG_TYPE_FLOAT)
		v->number = config_setting_get_float(s);
	else if (v->kind == SCAN_NUMBER)
		v->number = config_setting_get_int64(s);
}

/* False: there are too many. */
static bool walk(struct trigger_scan *scan, const config_setting_t *group, const char *above)
{
	char path[KEY_OCTETS];

	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);

		if (snprintf(path, sizeof(path), "%s%s%s", above, above[0] ? "." : "",
			     config_setting_name(s)) >= KEY_OCTETS)
			strcpy(path + KEY_OCTETS - 4, "...");
		if (scan->n == SCAN_MAX_VALUES) {
			found(scan, s->line, path, "more than 256 keys; a trigger has a dozen");
			return false;
		}
		take(scan, s, path);
		if (config_setting_is_group(s) && !walk(scan, s, path))
			return false;
	}
	return true;
}

struct trigger_scan *trigger_scan(void *ctx, const uint8_t *data, size_t len)
{
	static const struct lexical_rules rules = {.max_octets = TRIGGER_MAX_OCTETS};
	struct trigger_scan *scan = talloc_zero(ctx, struct trigger_scan);
	const struct lexical_report report = {found, scan};
	config_t tree;

	OSMO_ASSERT(scan);
	if (lexical_read(scan, data, len, &rules, &tree, &report) == 0 && !walk(scan, config_root_setting(&tree), ""))
		scan->n = 0;
	config_destroy(&tree);
	return scan;
}

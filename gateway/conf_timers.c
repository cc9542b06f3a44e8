/* Which keys are timers is seen by their names: those of time in whole units end in it. */
#include "gateway/conf_timers.h"
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/conf_keys.h"

static bool ends_in(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n > t && !strcmp(name + n - t, tail);
}

static bool is_timer(const struct conf_key *k)
{
	return k->kind == CONF_U32 && (ends_in(k->name, "_s") || ends_in(k->name, "_min"));
}

struct osmo_tdef *conf_timers(void *ctx, const struct conf_link *link)
{
	unsigned int mine = link->type == LINK_SMPP ? CONF_ONLY_SMPP : CONF_ONLY_CBSP;
	struct osmo_tdef *all;
	size_t n = 0;
	int number = 0;

	for (const struct conf_key *k = conf_keys_link; k->name; k++)
		n++;
	all = talloc_zero_array(ctx, struct osmo_tdef, n + 1);
	OSMO_ASSERT(all);
	n = 0;
	for (const struct conf_key *k = conf_keys_link; k->name; k++) {
		uint32_t value;

		if (!is_timer(k))
			continue;
		number++;
		if (k->only && k->only != mine)
			continue;
		memcpy(&value, (const char *)link + k->at, sizeof(value));
		memcpy(&all[n++],
		       &(struct osmo_tdef){.T = -number,
					   .default_val = k->preset ? strtoul(k->preset, NULL, 10) : 0,
					   .unit = ends_in(k->name, "_min") ? OSMO_TDEF_M : OSMO_TDEF_S,
					   .desc = talloc_asprintf(all, "%s: %s", k->name, k->doc),
					   .val = value,
					   .min_val = k->min,
					   .max_val = k->max},
		       sizeof(all[0]));
	}
	return all;
}

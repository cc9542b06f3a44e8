/* A trigger file from octets to checked alert: nothing may crash, and a rejection always has a reason. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdint.h>
#include <string.h>
#include "gateway/alert.h"
#include "tests/conf_base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct conf *conf;

static void load_conf(void)
{
	static const char text[] = BASE_GATEWAY BASE_CELLMAP
		"agencies: ( { " BASE_AGENCY_HEAD BASE_BOX
		"fields = ( { ours = \"contact\"; theirs = \"LXDH\"; } ); } );" BASE_TYPES BASE_CARRIERS;
	struct conf_problems problems;

	OSMO_ASSERT(conf_parse(NULL, "t.cfg", (const uint8_t *)text, strlen(text), &conf, &problems) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct reasons reasons = {NULL, 0};
	struct trigger *t;

	if (!conf)
		load_conf();
	if (trigger_parse(ctx, conf, &conf->agencies[0], "x.trigger", data, len, 1795393951, &t, &reasons) <
	    0) {
		OSMO_ASSERT(reasons.n > 0 && !t);
		json_decref(reasons_json(&reasons));
	} else {
		OSMO_ASSERT(reasons.n == 0 && t && t->case_number);
	}
	trigger_verify(ctx, &conf->agencies[0], (const uint8_t *)"x", 1, data, len, &reasons);
	talloc_free(ctx);
	return 0;
}

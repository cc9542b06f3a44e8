/* What the process that reads triggers may answer: the gateway takes what is well formed, and believes nothing else. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdint.h>
#include <string.h>
#include "gateway/trigger_scan.h"
#include "tests/conf_base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct conf *conf;

static void load_conf(void)
{
	static const char text[] = BASE;
	struct conf_problems problems;

	OSMO_ASSERT(conf_parse(NULL, "t.cfg", (const uint8_t *)text, strlen(text), &conf, &problems) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct reasons reasons = {NULL, 0};
	struct trigger_scan *scan;
	struct trigger *t;
	uint8_t *again;
	size_t again_len;

	if (!conf)
		load_conf();
	if (trigger_scan_unpack(ctx, data, len, &scan) == 0) {
		again = trigger_scan_pack(ctx, scan, &again_len);
		OSMO_ASSERT(again_len == len && !memcmp(again, data, len));
		if (trigger_check(ctx, conf, &conf->agencies[0], scan, 1795393951, &t, &reasons) < 0)
			json_decref(reasons_json(&reasons));
	}
	talloc_free(ctx);
	return 0;
}

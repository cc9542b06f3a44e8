/* A configuration file from octets to struct conf: nothing may crash, and a refusal always has a problem with
 * it. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdint.h>
#include "gateway/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct conf_problems problems, warnings;
	struct conf *conf;

	if (conf_parse(ctx, "dir/fuzz.cfg", data, len, &conf, &problems) < 0) {
		OSMO_ASSERT(problems.n > 0 && !conf);
	} else {
		OSMO_ASSERT(problems.n == 0 && conf);
		conf_warnings(ctx, conf, &warnings);
	}
	talloc_free(ctx);
	return 0;
}

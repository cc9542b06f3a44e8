/* plan_dry: what an alert would become, for the commands that send nothing (`plan`, `encode`): reads configuration, trigger,
 * cell map and subscribers, and plans. Edge code. The clock is the trigger's reported_at, so that each run says the same;
 * no signature is needed, no serial number is allocated. */
#pragma once
#include "gateway/plan.h"

struct plan_dry {
	struct conf *conf;
	const struct conf_agency *agency;
	struct trigger *trigger;
	struct cellmap *map;
	struct subs **subs;
	struct plan_input in;
	struct plan *plan;
	struct reasons reasons; /* why it would be rejected */
};

/* agency NULL: the only one. 0; 1 with what is wrong on stderr; -EBADMSG: rejected, see reasons, already on stderr. */
int plan_dry_run(void *ctx, const char *command, const char *config, const char *agency, const char *file, struct plan_dry **dry);

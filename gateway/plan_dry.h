/* plan_dry: what an alert would become, for the commands that send nothing (`plan`, `encode`): reads configuration, trigger,
 * cell map and subscribers, and plans. Edge code. The clock is the trigger's reported_at, so that each run says the same;
 * no signature is needed, no serial number is allocated. */
#pragma once
#include <getopt.h>
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

/* What both commands are told: -c CFG [--agency NAME] TRIGGER. */
struct plan_dry_options {
	const char *config, *agency, *trigger;
	bool help; /* then the rest may be missing */
};
#define PLAN_DRY_OPTIONS                                                                                                    \
	{"config", required_argument, NULL, 'c'}, {"agency", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}

/* take gets what a command has besides; false: no such option. 0, or 2 after a line on stderr. */
int plan_dry_options(int argc, char **argv, const char *shorts, const struct option *longs, struct plan_dry_options *o,
		     bool (*take)(void *arg, int c, const char *value), void *arg);

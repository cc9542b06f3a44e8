#include <langinfo.h>
#include <locale.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/cmd.h"
#include "gateway/noc.h"
#include "gateway/status_cmd_ask.h"
#include "gateway/statusview.h"

static const char help[] =
	"Usage: reunion status [-c CFG | --socket PATH] [--watch] [--json]\n"
	"\n"
	"Shows the links and alerts of a running gateway, with bars for what carriers have accepted.\n"
	"\n"
	"  -c, --config CFG  the gateway's configuration (default " STATUS_CONFIG ")\n"
	"      --socket PATH its control socket, instead of a configuration\n"
	"      --watch       again every second, until Ctrl-C\n"
	"      --json        for programs: one JSON object (with --watch: one a line)\n"
	"\n"
	"Examples:\n"
	"  reunion status -c etc/reunion.cfg --watch\n"
	"  reunion status --json | jq '.alerts[] | {alert_id, at_risk, units}'\n";

struct options {
	struct status_target target;
	bool watch, json;
};

static int parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (status_target_option(&o->target, argc, argv, &i))
			continue;
		if (!strcmp(argv[i], "--watch"))
			o->watch = true;
		else if (!strcmp(argv[i], "--json"))
			o->json = true;
		else
			return status_usage("status", argv[i]);
	}
	return 0;
}

static void print(void *ctx, const struct options *o, json_t *status)
{
	struct statusgrid_style style = status_style();

	if (o->json) {
		status_print_json(status, o->watch);
		return;
	}
	if (o->watch && style.colour)
		printf("\033[H\033[2J");
	printf("%s\n", statusview_head(ctx, status, &style));
	printf("%s\n", statusview_alerts(ctx, status, &style));
	printf("%s", statusview_links(ctx, status, &style));
	if (o->watch && !style.colour)
		printf("\n");
}

static int once(const struct options *o)
{
	void *ctx = talloc_named_const(NULL, 0, "status");
	json_t *answer, *request = json_pack("{s:s}", "cmd", "status");
	int rc = status_ask(ctx, &o->target, request, &answer);

	if (rc == 0)
		print(ctx, o, answer);
	json_decref(answer);
	talloc_free(ctx);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "reunion: standard output: cannot be written\n");
		return 1;
	}
	return rc;
}

int status_cmd(int argc, char **argv)
{
	struct options o = {.watch = false};
	int rc;

	if (status_wants_help(argc, argv)) {
		fputs(help, stdout);
		return 0;
	}
	rc = parse(argc, argv, &o);
	if (rc == 0)
		rc = once(&o);
	while (rc == 0 && o.watch) {
		sleep(1);
		rc = once(&o);
	}
	return rc;
}

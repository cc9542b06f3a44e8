#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include "gateway/alert_cells.h"
#include "gateway/cmd.h"
#include "gateway/noc.h"
#include "gateway/status_cmd_ask.h"
#include "gateway/statusview.h"

static const char help[] = "Usage: reunion alert list [-c CFG | --socket PATH] [--json]\n"
			   "       reunion alert show ID [--cells] [--svg FILE] [-c CFG | --socket PATH] [--json | --csv]\n"
			   "       reunion alert cancel ID --reason TEXT [-c CFG | --socket PATH] [--json]\n"
			   "\n"
			   "Lists the alerts of a running gateway, shows one in full, or recalls one: what "
			   "is unsent is withdrawn\n"
			   "at once, broadcasts are stopped, and those reached get the found text.\n"
			   "\n"
			   "  -c, --config CFG  the gateway's configuration (default " STATUS_CONFIG ")\n"
			   "      --socket PATH its control socket, instead of a configuration\n"
			   "      --cells       whom it reached, cell by cell\n"
			   "      --csv         with --cells: as a table for programs\n"
			   "      --svg FILE    a picture of what was reached: broadcast beside SMS\n"
			   "      --reason TEXT why; kept in the ledger with your user id\n"
			   "      --json        for programs\n"
			   "\n"
			   "Examples:\n"
			   "  reunion alert list -c etc/reunion.cfg\n"
			   "  reunion alert show 20261123-0001 --cells --csv > reached.csv\n"
			   "  reunion alert cancel 20261123-0001 --reason 'found at 09:40, police desk 3'\n";

struct options {
	struct status_target target;
	const char *verb, *id, *reason, *svg;
	bool json, cells, csv;
};

static int parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (status_target_option(&o->target, argc, argv, &i))
			continue;
		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "--cells"))
			o->cells = true;
		else if (!strcmp(argv[i], "--csv"))
			o->csv = true;
		else if (!strcmp(argv[i], "--svg") && i + 1 < argc)
			o->svg = argv[++i];
		else if (!strcmp(argv[i], "--reason") && i + 1 < argc)
			o->reason = argv[++i];
		else if (argv[i][0] == '-' || o->id)
			return status_usage("alert", argv[i]);
		else if (!o->verb)
			o->verb = argv[i];
		else
			o->id = argv[i];
	}
	if (o->csv && (!o->cells || o->json))
		return status_usage("alert", "--csv");
	return o->verb ? 0 : status_usage("alert", "alert");
}

static int list(void *ctx, const struct options *o)
{
	struct statusgrid_style style = status_style();
	json_t *answer, *request = json_pack("{s:s}", "cmd", "status");

	if (status_ask(ctx, &o->target, request, &answer) != 0)
		return 1;
	if (o->json)
		status_print_json(json_object_get(answer, "alerts"), false);
	else
		fputs(statusview_alerts(ctx, answer, &style), stdout);
	json_decref(answer);
	return 0;
}

static void print(void *ctx, const struct options *o, json_t *answer)
{
	struct statusgrid_style style = status_style();

	if (o->json) {
		status_print_json(answer, false);
	} else if (o->csv) {
		alert_cells_csv(stdout, answer);
	} else {
		fputs(statusview_alert(ctx, answer, &style), stdout);
		if (o->cells)
			printf("\n%s", statusview_cells(ctx, answer, &style));
	}
}

static int show(void *ctx, const struct options *o)
{
	json_t *answer, *request = json_pack("{s:s,s:s,s:b}", "cmd", "alert", "alert_id", o->id, "cells", o->cells || o->svg);
	char err[512];
	int rc = 0;

	if (!request)
		return status_usage("alert", "an ID that is not UTF-8");
	if (status_ask(ctx, &o->target, request, &answer) != 0)
		return 1;
	if (o->cells || o->svg)
		rc = alert_cells_rest(ctx, &o->target, o->id, answer);
	if (rc == 0 && o->svg && alert_svg(answer, o->svg, err, sizeof(err)) < 0) {
		fprintf(stderr, "reunion: %s\n", err);
		rc = 1;
	}
	if (rc == 0 && o->svg && !o->cells)
		json_object_del(answer, "cells");
	if (rc == 0)
		print(ctx, o, answer);
	json_decref(answer);
	return rc;
}

static int cancel(void *ctx, const struct options *o)
{
	json_t *answer, *request = json_pack("{s:s,s:s,s:s}", "cmd", "cancel", "alert_id", o->id, "reason",
					     o->reason);

	if (!request)
		return status_usage("alert", "an ID or reason that is not UTF-8");
	if (status_ask(ctx, &o->target, request, &answer) != 0)
		return 1;
	if (o->json)
		status_print_json(answer, false);
	else
		printf("recalled\n");
	json_decref(answer);
	return 0;
}

static int run(void *ctx, const struct options *o)
{
	if (strcmp(o->verb, "show") && (o->cells || o->csv || o->svg))
		return status_usage("alert", o->verb);
	if (!strcmp(o->verb, "list") && !o->id && !o->reason)
		return list(ctx, o);
	if (!strcmp(o->verb, "show") && o->id && !o->reason)
		return show(ctx, o);
	if (!strcmp(o->verb, "cancel") && o->id && o->reason)
		return cancel(ctx, o);
	return status_usage("alert", o->verb);
}

int alert_cmd(int argc, char **argv)
{
	struct options o = {.verb = NULL};
	void *ctx;
	int rc;

	if (status_wants_help(argc, argv)) {
		fputs(help, stdout);
		return 0;
	}
	rc = parse(argc, argv, &o);
	if (rc != 0)
		return rc;
	ctx = talloc_named_const(NULL, 0, "alert");
	rc = run(ctx, &o);
	talloc_free(ctx);
	return rc;
}

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/cmd.h"
#include "gateway/conf.h"
#include "gateway/noc.h"
#include "gateway/status_cmd_ask.h"
#include "gateway/statusview.h"

static const char help[] = "Usage: reunion link list [-c CFG | --socket PATH] [--json]\n"
			   "       reunion link show NAME [-c CFG | --socket PATH] [--json]\n"
			   "       reunion link block|unblock NAME --reason TEXT [-c CFG | --socket PATH]\n"
			   "       reunion link rate NAME N|configured --reason TEXT [-c CFG | --socket PATH]\n"
			   "\n"
			   "Lists the links of a running gateway, shows one in full, or changes one until the next\n"
			   "reload: a blocked link sends nothing, a rate is in message parts (cbsp: requests) a second.\n"
			   "Who did it and why goes to the log.\n"
			   "\n"
			   "  -c, --config CFG  the gateway's configuration (default " STATUS_CONFIG ")\n"
			   "      --socket PATH its control socket, instead of a configuration\n"
			   "      --reason TEXT why\n"
			   "      --json        for programs\n"
			   "\n"
			   "Examples:\n"
			   "  reunion link show cm-1 -c etc/reunion.cfg\n"
			   "  reunion link rate cm-1 500 --reason 'asked for by the carrier, ticket 4711'\n";

struct options {
	struct status_target target;
	const char *verb, *name, *value, *reason;
	bool json;
};

static int parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (status_target_option(&o->target, argc, argv, &i))
			continue;
		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "--reason") && i + 1 < argc)
			o->reason = argv[++i];
		else if (argv[i][0] == '-' || o->value)
			return status_usage("link", argv[i]);
		else if (!o->verb)
			o->verb = argv[i];
		else if (!o->name)
			o->name = argv[i];
		else
			o->value = argv[i];
	}
	return o->verb ? 0 : status_usage("link", "link");
}

static const json_t *find(const json_t *status, const char *name)
{
	json_t *link;
	size_t i;

	json_array_foreach(json_object_get(status, "links"), i, link)
		if (!strcmp(json_string_value(json_object_get(link, "name")), name))
			return link;
	fprintf(stderr, "reunion: %s: the gateway has no link of that name; `reunion link list` shows them\n", name);
	return NULL;
}

static int look(void *ctx, const struct options *o)
{
	struct statusgrid_style style = status_style();
	json_t *answer, *request = json_pack("{s:s}", "cmd", "status");
	const json_t *link = NULL;

	if (status_ask(ctx, &o->target, request, &answer) != 0)
		return 1;
	if (o->name)
		link = find(answer, o->name);
	if (!o->name && o->json)
		status_print_json(json_object_get(answer, "links"), false);
	else if (!o->name)
		fputs(statusview_links(ctx, answer, &style), stdout);
	else if (link && o->json)
		status_print_json(link, false);
	else if (link)
		fputs(statusview_link(ctx, link, &style), stdout);
	json_decref(answer);
	return o->name && !link;
}

static int change(void *ctx, const struct options *o, json_t *request)
{
	json_t *answer;

	if (!request)
		return status_usage("link", "a name or reason that is not UTF-8");
	if (status_ask(ctx, &o->target, request, &answer) != 0)
		return 1;
	if (o->json)
		status_print_json(answer, false);
	else
		printf("done\n");
	json_decref(answer);
	return 0;
}

static int set_rate(void *ctx, const struct options *o)
{
	char *end;
	double rate = strtod(o->value, &end);

	if (!strcmp(o->value, "configured"))
		return change(ctx, o, json_pack("{s:s,s:s,s:n,s:s}", "cmd", "rate", "link", o->name, "rate", "reason", o->reason));
	if (*end || end == o->value || !(rate >= CONF_RATE_LEAST) || rate > 1000000)
		return status_usage("link", o->value);
	return change(ctx, o, json_pack("{s:s,s:s,s:f,s:s}", "cmd", "rate", "link", o->name, "rate", rate, "reason", o->reason));
}

static int run(void *ctx, const struct options *o)
{
	bool block = !strcmp(o->verb, "block");

	if (!strcmp(o->verb, "list") && !o->name && !o->reason)
		return look(ctx, o);
	if (!strcmp(o->verb, "show") && o->name && !o->value && !o->reason)
		return look(ctx, o);
	if ((block || !strcmp(o->verb, "unblock")) && o->name && !o->value && o->reason)
		return change(ctx, o, json_pack("{s:s,s:s,s:b,s:s}", "cmd", "block", "link", o->name, "block", block, "reason", o->reason));
	if (!strcmp(o->verb, "rate") && o->value && o->reason)
		return set_rate(ctx, o);
	return status_usage("link", o->verb);
}

int link_cmd(int argc, char **argv)
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
	ctx = talloc_named_const(NULL, 0, "link");
	rc = run(ctx, &o);
	talloc_free(ctx);
	return rc;
}

#include "gateway/status_cmd_ask.h"
#include <langinfo.h>
#include <locale.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/noc.h"

bool status_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

bool status_target_option(struct status_target *target, int argc, char **argv, int *i)
{
	const char **value = !strcmp(argv[*i], "-c") || !strcmp(argv[*i], "--config") ? &target->config
			     : !strcmp(argv[*i], "--socket")                          ? &target->socket
										      : NULL;

	if (!value || *i + 1 >= argc)
		return false;
	*value = argv[++*i];
	return true;
}

int status_usage(const char *command, const char *what)
{
	fprintf(stderr, "reunion %s: '%s' is not understood or lacks something; see reunion %s --help\n",
		command, what, command);
	return 2;
}

static char *socket_of(void *ctx, const struct status_target *target)
{
	struct conf_problems problems = {.n = 0};
	const char *file = target->config ? target->config : STATUS_CONFIG;
	struct conf *conf;
	int rc;

	if (target->socket)
		return talloc_strdup(ctx, target->socket);
	rc = conf_load(ctx, file, &conf, &problems);
	if (rc == 0 && conf->control_socket)
		return conf->control_socket;
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "%s\n", conf_problem_line(ctx, &problems.v[i]));
	if (problems.n == 0)
		fprintf(stderr, "%s: %s\n", file, rc ? strerror(-rc) : "gateway.control_socket is not set");
	return NULL;
}

int status_ask(void *ctx, const struct status_target *target, json_t *request, json_t **answer)
{
	char *path = socket_of(ctx, target), err[512];
	int rc = 1;

	*answer = NULL;
	if (path && control_ask(path, request, answer, err, sizeof(err)) == 0)
		rc = 0;
	else if (path)
		fprintf(stderr, "reunion: %s\n", err);
	json_decref(request);
	return rc;
}

struct statusgrid_style status_style(void)
{
	const char *term = getenv("TERM");
	struct statusgrid_style style = {.colour = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb")};

	setlocale(LC_CTYPE, "");
	style.unicode = style.colour && !strcmp(nl_langinfo(CODESET), "UTF-8");
	style.colour = style.colour && !getenv("NO_COLOR");
	return style;
}

void status_print_json(const json_t *o, bool compact)
{
	json_dumpf(o, stdout, compact ? SNAPSHOT_DUMP : JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	fputc('\n', stdout);
}

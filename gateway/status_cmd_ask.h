/* status_cmd_ask: what `reunion status` and `reunion alert` share: finding the gateway, asking it, saying
 * what went wrong. Functions that return an int return the process' exit status; problems are on stderr then.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "gateway/statusgrid.h"

#define STATUS_CONFIG SYSCONFDIR "/reunion/reunion.cfg"

struct status_target {
	const char *config, *socket; /* both NULL: STATUS_CONFIG */
};

bool status_wants_help(int argc, char **argv); /* --help or -h anywhere */
/* Takes -c, --config, --socket at argv[*i] (and their value); false: it is something else, or the value is
 * missing. */
bool status_target_option(struct status_target *target, int argc, char **argv, int *i);
int status_usage(const char *command, const char *what); /* 2 */
/* request is consumed. *answer is NULL unless 0 is returned. */
int status_ask(void *ctx, const struct status_target *target, json_t *request, json_t **answer);
struct statusgrid_style status_style(void); /* colours and blocks only on a terminal that shows them */
void status_print_json(const json_t *o, bool compact);

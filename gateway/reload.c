/* A new configuration while the gateway runs: read and checked whole, with the map that it needs, or the old one stays. */
#include "gateway/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"

int reload_read(void *ctx, const char *file, struct conf **conf)
{
	struct conf_problems problems = {0};
	int rc = conf_load(ctx, file, conf, &problems);

	if (rc == 0)
		rc = conf_check_world(ctx, *conf, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		const char *key = problems.v[i].key;

		fprintf(stderr, "%s:%u: %s%s%s\n", problems.v[i].file, problems.v[i].line, key ? key : "", key ? ": " : "",
			problems.v[i].text);
	}
	return problems.n && rc == 0 ? -EINVAL : rc;
}

/* What running alerts rest on stays as it is. */
static int reload_check(const struct daemon *d, const struct conf *conf, char *err, size_t err_len)
{
	if (strcmp(conf->state_directory, d->conf->state_directory)) {
		snprintf(err, err_len, "gateway.state_directory cannot change while the gateway runs: stop it, move the folder, and start it anew");
		return -EINVAL;
	}
	return fleet_check(d->fleet, conf, err, err_len);
}

static bool same_endpoint(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
	return !a->address == !b->address && (!a->address || (!strcmp(a->address, b->address) && a->port == b->port));
}

/* Doors are opened at the start only. */
static void tell_doors(const struct conf *old, const struct conf *conf)
{
	const char *agentx = conf->agentx_socket ? conf->agentx_socket : "", *was = old->agentx_socket ? old->agentx_socket : "";
	const struct {
		const char *key;
		bool same;
	} doors[] = {{"control_socket", !strcmp(conf->control_socket, old->control_socket)},
		     {"vty", same_endpoint(&conf->vty, &old->vty)},
		     {"http", same_endpoint(&conf->http, &old->http)},
		     {"agentx", !strcmp(agentx, was)}};

	for (size_t i = 0; i < ARRAY_SIZE(doors); i++)
		if (!doors[i].same)
			LOGP(DCONF, LOGL_NOTICE, "%s: gateway.%s stays as it is until the gateway is started anew\n", conf->file, doors[i].key);
}

static void reload_apply(struct daemon *d, struct conf *conf)
{
	char err[512];
	struct mapset *maps;

	if (maps_open(NULL, conf, &maps, err, sizeof(err)) < 0) {
		LOGP(DCONF, LOGL_ERROR, "reload refused, the old configuration stays: %s\n", err);
		return;
	}
	if (intake_open(d, conf) < 0) {
		LOGP(DCONF, LOGL_ERROR, "reload refused, the old configuration stays: an agency's folder cannot be opened\n");
		talloc_free(maps);
		return;
	}
	tell_doors(d->conf, conf);
	/* The old tree stays in memory: running alerts were planned with it. */
	warm_end(d->warm);
	maps->uses = 1;
	if (--d->maps->uses == 0)
		talloc_free(d->maps);
	d->maps = maps;
	d->conf = conf;
	d->warm = warm_start(conf, maps);
	fleet_reload(d->fleet, conf, clock_mono_us());
	intake_apply(d);
	LOGP(DCONF, LOGL_NOTICE, "%s is in force, with %u cells\n", conf->file, cellmap_count(maps->map.map));
}

static struct conf *reload_conf; /* waits for its map to be built */

void reload_reap(struct daemon *d)
{
	int status;

	if (waitpid(d->build_pid, &status, WNOHANG) != d->build_pid)
		return;
	d->build_pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		reload_apply(d, reload_conf);
	else
		LOGP(DCONF, LOGL_ERROR, "reload refused: the cell map could not be built; the old one stays\n");
	reload_conf = NULL;
}

/* Builds the map, or reads a new one for what is unhealthy about it, in a child, so that the loop goes on. */
static void reload_build(struct daemon *d, struct conf *conf)
{
	bool ready = !maps_stale(conf);
	char err[512];

	reload_conf = conf;
	d->build_pid = fork();
	if (d->build_pid > 0)
		return;
	if (d->build_pid < 0) {
		d->build_pid = 0;
		LOGP(DCONF, LOGL_ERROR, "reload refused: %s\n", strerror(errno));
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (maps_build_if_stale(conf, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		_exit(1);
	}
	if (ready)
		maps_warn(conf->cellmap.map, d->maps->map.map);
	_exit(0);
}

void reload_begin(struct daemon *d)
{
	struct conf *conf;
	char err[512];

	if (d->build_pid) /* of the reload before; then it is this one's turn */
		return;
	d->reload = false;
	if (reload_read(d, d->conf_file, &conf) < 0) {
		LOGP(DCONF, LOGL_ERROR, "%s: reload refused, the old configuration stays\n", d->conf_file);
		return;
	}
	if (reload_check(d, conf, err, sizeof(err)) < 0) {
		LOGP(DCONF, LOGL_ERROR, "%s: reload refused, the old configuration stays: %s\n", d->conf_file, err);
		return;
	}
	if (maps_stale(conf) || maps_other(conf, d->maps))
		reload_build(d, conf);
	else
		reload_apply(d, conf);
}

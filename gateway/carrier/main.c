#include "gateway/carrier/bsc.h"
#include "gateway/carrier/report.h"
#include "gateway/carrier/scenario.h"
#include "gateway/carrier/smsc.h"
#include "gateway/carrier/whole.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_US 200000 /* periodic troubles and the status line */

uint64_t carrier_answer_us(struct carrier *c, uint64_t *last_us)
{
	uint32_t span = c->set.latency_max_us - c->set.latency_min_us;
	uint64_t at = c->now_us + c->set.latency_min_us + (span ? carrier_random(c, span + 1) : 0);

	if (!c->set.out_of_order && at < *last_us)
		at = *last_us;
	*last_us = at;
	return at;
}

static int open_places(struct carrier *c, const char *const *places, const struct conn_ops *ops, bool dial,
		       FILE *ports)
{
	for (int i = 0; i < SETTINGS_PLACES && places[i]; i++) {
		uint16_t port = 0;
		int rc = dial ? loop_dial(c->loop, ops, places[i])
			      : loop_listen(c->loop, ops, places[i], &port);

		if (rc < 0) {
			fprintf(stderr, "reunion-carrier: %s %s: %s\n", ops->name, places[i], strerror(-rc));
			return rc;
		}
		if (!dial)
			fprintf(ports, "%s %u\n", ops->name, port);
		if (!dial && c->set.print_ports)
			printf("%s %u\n", ops->name, port);
	}
	fflush(stdout);
	return 0;
}

static void put_ports(const void *lines, FILE *f)
{
	fputs(lines, f);
}

static int open_all(struct carrier *c)
{
	char *lines = NULL;
	size_t len;
	FILE *ports = open_memstream(&lines, &len);
	int rc;

	OSMO_ASSERT(ports);
	rc = open_places(c, c->set.smpp, &smsc_ops, false, ports);
	rc = rc ? rc : open_places(c, c->set.cbsp, &bsc_ops, false, ports);
	rc = rc ? rc : open_places(c, c->set.smpp_dial, &smsc_ops, true, ports);
	rc = rc ? rc : open_places(c, c->set.cbsp_dial, &bsc_ops, true, ports);
	OSMO_ASSERT(fclose(ports) == 0);
	rc = rc ? rc : whole_write(c->set.port_file, put_ports, lines);
	free(lines);
	return rc;
}

/* Told now, not when a long run is over. */
static int check_files(const struct settings *s)
{
	int rc = whole_check(s->report_file);

	rc = rc ? rc : whole_check(s->recipients_file);
	rc = rc ? rc : whole_check(s->clues_file);
	return rc ? rc : whole_check(s->port_file);
}

static void live(const struct carrier *c, bool last)
{
	char line[400];

	if (!c->set.live || !isatty(2))
		return;
	report_live(c, line, sizeof(line));
	fprintf(stderr, "\r\033[K%s%s", line, last ? "\n" : "");
}

static void tick(struct carrier *c, const struct agenda_event *ev)
{
	scenario_periodic(c);
	live(c, false);
	agenda_add(c->agenda, (struct agenda_event){.due_us = c->now_us + TICK_US, .run = tick});
}

/* In a child of its own, so that a report of millions does not hold up the answers. One at a time. */
static void report_aside(struct carrier *c, pid_t *child)
{
	if (*child > 0 && waitpid(*child, NULL, WNOHANG) == 0)
		return;
	*child = fork();
	if (*child < 0)
		report_write(c);
	if (*child == 0)
		_exit(report_write(c) < 0);
}

static int run(struct carrier *c)
{
	struct agenda_event ev;
	pid_t child = 0;

	agenda_add(c->agenda, (struct agenda_event){.due_us = c->now_us + TICK_US, .run = tick});
	while (!c->quit && loop_turn(c->loop, agenda_next_us(c->agenda))) {
		while (agenda_due(c->agenda, c->now_us, &ev))
			ev.run(c, &ev);
		if (loop_report_asked(c->loop))
			report_aside(c, &child);
	}
	live(c, true);
	if (child > 0)
		waitpid(child, NULL, 0); /* the older report must not be the last */
	return report_write(c) < 0 ? 1 : 0;
}

static int begin(struct carrier *c)
{
	c->start_us = c->now_us = loop_clock_us();
	c->start_wall_us = loop_wall_us();
	c->rng = c->set.seed;
	c->loop = loop_new(c);
	c->agenda = agenda_new(c);
	c->smsc = smsc_new(c);
	if (!c->smsc)
		return 1;
	c->bsc = bsc_new(c);
	if (!c->bsc || !scenario_load(c, c->set.scenario_file))
		return 2;
	return check_files(&c->set) < 0 || open_all(c) < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct carrier *c = talloc_zero(NULL, struct carrier);
	pid_t parent = getppid();
	int rc;

	OSMO_ASSERT(c);
	settings_default(&c->set);
	rc = settings_args(c, &c->set, argc, argv);
	if (rc < 0 && c->set.die_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			rc = 0;
	}
	if (rc < 0)
		rc = begin(c);
	else
		goto out;
	if (rc == 0)
		rc = run(c);
out:
	talloc_free(c);
	return rc;
}

#include "gateway/cmd.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/log.h"
#include "gateway/plan_dry.h"
#include "gateway/plan_svg.h"
#include "cellmap/outfile.h"

static const char usage_text[] =
	"usage: reunion plan -c CFG [--agency NAME] [--json] [--svg FILE] TRIGGER\n"
	"\n"
	"A dry run: whom the alert would reach over which link, and by when. Nothing is sent,\n"
	"no signature is needed. Times count from the trigger's reported_at.\n"
	"\n"
	"  -c, --config CFG    the gateway's configuration\n"
	"  -a, --agency NAME   whose trigger it is (default: the only agency)\n"
	"      --json          for programs\n"
	"      --svg FILE      draw the circle, its cells and the later rings\n"
	"\n"
	"Exit status: 0 it would be accepted, 1 it would be rejected or something is missing, 2 usage.\n"
	"\n"
	"examples:\n"
	"  reunion plan -c /etc/reunion/reunion.cfg case.trigger\n"
	"  reunion plan -c reunion.cfg --json case.trigger | jq '.carriers[].links[] | .name, .seconds'\n"
	"  reunion plan -c reunion.cfg --svg case.svg case.trigger\n";

struct options {
	struct plan_dry_options dry;
	const char *svg;
	bool json;
};

static bool take(void *options, int c, const char *value)
{
	struct options *o = options;

	o->svg = c == 's' ? value : o->svg;
	o->json |= c == 'j';
	return c == 's' || c == 'j';
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {PLAN_DRY_OPTIONS, {"json", no_argument, NULL, 'j'},
					      {"svg", required_argument, NULL, 's'}, {0}};

	return plan_dry_options(argc, argv, "c:a:h", longs, &o->dry, take, o);
}

static const char *show_time(int64_t seconds)
{
	static char text[32];
	struct tm tm;
	time_t t = (time_t)seconds;

	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm))
		return "?";
	return text;
}

static const char *addressing(const struct plan_group *g)
{
	static const char *const names[] = {
		[GROUP_SUBSCRIBERS] = "subscribers",
		[GROUP_CELLS] = "cells",
		[GROUP_CBSP] = "pages",
		[GROUP_BROADCAST] = "broadcast",
	};

	return names[g->kind];
}

/* h:mm:ss, with a sign when it is a margin that is used up. */
static const char *show_span(double seconds)
{
	static char text[32];
	long s = (long)(seconds < 0 ? -seconds : seconds);

	snprintf(text, sizeof(text), "%s%ld:%02ld:%02ld", seconds < 0 ? "-" : "", s / 3600, s / 60 % 60,
		 s % 60);
	return text;
}

static void print_link(const struct plan_dry *d, const struct plan_group *g, size_t l)
{
	bool subscribers = g->kind == GROUP_SUBSCRIBERS;
	double left = (double)(d->in.deadline_at - plan_finish_at(&d->in, g->link_seconds[l]));

	printf("%-16.16s %-16.16s %-11s %8u %10u %10" PRIu64 " %5u %10.1f", g->carrier->name,
	       g->links[l]->name, addressing(g), subscribers ? g->cells : g->link_units[l],
	       subscribers ? g->link_units[l] : 0, g->link_total[l], g->n_units ? g->pages : 0,
	       g->link_seconds[l]);
	printf(" %10s\n", g->link_total[l] ? show_span(left) : "-");
}

static void print_rings(const struct plan_dry *d)
{
	for (size_t i = 0; i < d->in.n_rings; i++) {
		const struct plan_ring *r = &d->in.rings[i];
		uint64_t recipients = 0;

		for (size_t g = 0; g < r->plan->n_groups; g++)
			if (r->plan->groups[g].kind == GROUP_SUBSCRIBERS)
				recipients += r->plan->groups[g].n_units;
		printf("%sring of %.1f km from %s: %" PRIu64 " more cells, %" PRIu64 " more recipients\n", i ? "" : "\n",
		       r->radius_km, show_time(r->at), r->plan->cells_total, recipients);
	}
}

static void print_table(const struct plan_dry *d)
{
	const struct trigger *t = d->trigger;
	const struct plan *p = d->plan;

	printf("%s of type %s, case %s\n", trigger_action_name(t->action), t->type,
	       log_safe(t->case_number, strlen(t->case_number)));
	printf("%.1f km round %.5f,%.5f: %" PRIu64 " cells\n", t->radius_km, t->lat, t->lon, p->cells_total);
	printf("reported %s", show_time(t->reported_at));
	printf(", deadline %s\n\n", show_time(d->in.deadline_at));
	printf("%-16s %-16s %-11s %8s %10s %10s %5s %10s %10s\n", "carrier", "link", "by", "cells",
	       "recipients", "parts", "pages", "seconds", "margin");
	for (size_t i = 0; i < p->n_groups; i++)
		for (size_t l = 0; l < p->groups[i].n_links; l++)
			print_link(d, &p->groups[i], l);
	print_rings(d);
	printf("\n");
	for (size_t i = 0; i < p->n_warnings; i++)
		printf("warning: %s\n", p->warnings[i].text);
}

static void print_json(json_t *take)
{
	char *text = json_dumps(take, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));

	OSMO_ASSERT(text);
	puts(text);
	free(text);
	json_decref(take);
}

static json_t *rejected(const struct reasons *reasons)
{
	return json_pack("{s:s s:n s:o}", "decision", "rejected", "alert", "reasons", reasons_json(reasons));
}

static int draw(const struct plan_dry *d, const struct options *o)
{
	char err[512] = "";

	if (outfile_not(o->svg, o->dry.trigger, err, sizeof(err)) == 0 && outfile_not(o->svg, o->dry.config, err, sizeof(err)) == 0 &&
	    plan_svg(d, o->svg, err, sizeof(err)) == 0)
		return 0;
	fprintf(stderr, "reunion plan: %s\n", err);
	return 1;
}

static int run(void *ctx, const struct options *o)
{
	struct plan_dry *d;
	int rc = plan_dry_run(ctx, "plan", o->dry.config, o->dry.agency, o->dry.trigger, &d);

	if (rc == -EBADMSG && o->json)
		print_json(rejected(&d->reasons));
	if (rc != 0)
		return 1;
	if (o->svg && draw(d, o))
		return 1;
	if (o->json)
		print_json(plan_json(d->plan, &d->in, NULL));
	else
		print_table(d);
	return 0;
}

int plan_cmd(int argc, char **argv)
{
	struct options o = {0};
	int rc = parse_options(argc, argv, &o);
	void *ctx;

	if (rc)
		return rc;
	if (o.dry.help)
		return fputs(usage_text, stdout) < 0;
	ctx = talloc_named_const(NULL, 0, "plan");
	rc = run(ctx, &o);
	talloc_free(ctx);
	return rc;
}

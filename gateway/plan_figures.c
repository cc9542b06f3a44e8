/* What each link of a plan manages a second, its share, and when it will have finished. */
#include "gateway/plan_inner.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* What window and round trip allow. Over CBSP there is one request at a time per text (identifier and
 * serial). */
static double window_rate(const struct conf_link *link, unsigned int n_texts)
{
	uint32_t window = link->window ? link->window : 1;

	if (link->mode == MODE_CONNECT) /* how many binds a carrier will make is not known */
		window *= OSMO_MAX(link->binds, 1u);
	if (link->type == LINK_CBSP && n_texts && window > n_texts)
		window = n_texts;
	return window / (PLAN_ROUND_TRIP_S + PLAN_COMMIT_S);
}

double plan_link_rate(const struct conf_link *link, unsigned int n_texts)
{
	double most = window_rate(link, n_texts);

	return link->rate > 0 && link->rate < most ? link->rate : most;
}

bool plan_window_bound(const struct conf_link *link)
{
	return link->type == LINK_SMPP && link->rate > window_rate(link, 0);
}

static double raw_rate(const struct plan_group *g, size_t link)
{
	return plan_link_rate(g->links[link], g->kind == GROUP_CBSP ? g->link_parts[link] : 0);
}

/* By how much the carrier's rate holds back its SMPP links that have work; 1 = not at all. */
static double carrier_factor(const struct plan *p, const struct conf_carrier *carrier)
{
	double sum = 0;

	for (size_t i = 0; i < p->n_groups; i++) {
		const struct plan_group *g = &p->groups[i];

		if (g->carrier == carrier && g->kind != GROUP_CBSP && g->n_units > 0)
			for (size_t l = 0; l < g->n_links; l++)
				sum += raw_rate(g, l);
	}
	return carrier->rate > 0 && sum > carrier->rate ? carrier->rate / sum : 1;
}

static uint64_t requests(const struct plan_group *g, size_t link)
{
	uint32_t cells = g->links[link]->cells_per_request ? g->links[link]->cells_per_request : 500;

	return (uint64_t)g->link_parts[link] * ((g->link_units[link] + cells - 1) / cells);
}

/* Shares by rate; the units that rounding leaves go to the last link. */
static void share_out(struct plan *p, struct plan_group *g, double factor)
{
	double sum = 0;
	uint32_t given = 0;

	g->shares = talloc_zero_array(p, double, g->n_links + 1);
	g->link_units = talloc_zero_array(p, uint32_t, g->n_links + 1);
	g->link_total = talloc_zero_array(p, uint64_t, g->n_links + 1);
	g->link_seconds = talloc_zero_array(p, double, g->n_links + 1);
	OSMO_ASSERT(g->shares && g->link_units && g->link_total && g->link_seconds);
	for (size_t l = 0; l < g->n_links; l++)
		sum += raw_rate(g, l);
	for (size_t l = 0; l < g->n_links; l++) {
		g->shares[l] = raw_rate(g, l) / sum;
		g->link_units[l] =
			l + 1 == g->n_links ? g->n_units - given : (uint32_t)(g->n_units * g->shares[l]);
		given += g->link_units[l];
		g->link_total[l] = g->kind == GROUP_CBSP ? requests(g, l)
							 : (uint64_t)g->link_units[l] * g->link_parts[l];
		g->link_seconds[l] = (double)g->link_total[l] / (raw_rate(g, l) * factor);
		g->seconds = fmax(g->seconds, g->link_seconds[l]);
	}
}

int64_t plan_finish_at(const struct plan_input *in, double seconds)
{
	return (in->start_at ? in->start_at : in->reported_at) + (int64_t)ceil(seconds);
}

static const char *what(enum group_kind kind)
{
	return kind == GROUP_SUBSCRIBERS ? "SMS to subscribers"
	       : kind == GROUP_CELLS     ? "SMS to lists of cells"
					 : "the broadcast";
}

static void warn_of_time(struct plan *p, const struct plan_input *in, const struct plan_group *g)
{
	int64_t finish = plan_finish_at(in, g->seconds);
	char text[32];
	struct tm tm;
	time_t t = (time_t)finish;

	if (g->n_units == 0 || finish <= in->deadline_at)
		return;
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	plan_warn(p, "%s: will miss the deadline: %s needs %.0f min and finishes at %s, %.0f min late",
		  g->carrier->name, what(g->kind), ceil(g->seconds / 60), text,
		  ceil((double)(finish - in->deadline_at) / 60));
}

static void warn_of_rates(struct plan *p, const struct plan_group *g)
{
	for (size_t l = 0; l < g->n_links; l++) {
		const struct conf_link *link = g->links[l];

		if (link->rate <= 0)
			plan_warn(p, "%s: rate 0 means unlimited; the time is reckoned from its window alone",
				  link->name);
		else if (g->n_units > 0 && plan_window_bound(link))
			plan_warn(p,
				  "%s: window-bound: %u unanswered at %.0f ms allow %.0f of %.0f parts a "
				  "second",
				  link->name, link->window, 1000 * (PLAN_ROUND_TRIP_S + PLAN_COMMIT_S),
				  plan_link_rate(link, 0), link->rate);
	}
}

/* "one ç makes it two parts": worth saying when it costs one. */
static void advise_coding(struct plan *p, const struct plan_group *g, const struct alert_text *t,
			  const struct smpp_text *sms)
{
	char characters[16];
	unsigned int parts;

	if (sms->forced_ucs2 == 0 || !plan_dear(t->sms, g->links[0], characters, &parts) || parts >= sms->n)
		return;
	plan_warn(p, "%s: the sms text in %s is UCS-2 because of %s: %u part%s instead of %u", g->carrier->name,
		  t->language, characters, sms->n, sms->n > 1 ? "s" : "", parts);
}

/* "n characters less make it one part less and save so many minutes": worth saying when it is more than a
 * minute. */
static void advise(struct plan *p, const struct plan_input *in, const struct plan_group *g)
{
	struct payload *one;
	struct reasons none = {0};

	if (g->kind == GROUP_CBSP || g->kind == GROUP_BROADCAST || g->n_links == 0)
		return;
	one = talloc_zero(p, struct payload);
	OSMO_ASSERT(one);
	for (size_t i = 0; i < in->n_texts; i++) {
		unsigned int parts, cut;
		double saved;

		if (plan_payload(g->links[0], &in->texts[i], 1, false, one, &none, p) < 0 ||
		    one->n_texts == 0)
			continue;
		advise_coding(p, g, &in->texts[i], &one->sms[0]);
		parts = one->sms[0].n;
		saved = g->link_parts[0] ? g->link_seconds[0] / g->link_parts[0] : 0;
		cut = parts > 1 && saved > 60 ? plan_excess(in->texts[i].sms, g->links[0], parts) : 0;
		if (cut)
			plan_warn(p,
				  "%s: the sms text in %s is %u parts; %u character%s less make%s it %u and "
				  "save%s %.0f min",
				  g->carrier->name, in->texts[i].language, parts, cut, cut > 1 ? "s" : "",
				  cut > 1 ? "" : "s", parts - 1, cut > 1 ? "" : "s", saved / 60);
	}
	talloc_free(one);
}

void plan_figures(struct plan *p, const struct plan_input *in)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		struct plan_group *g = &p->groups[i];

		share_out(p, g, g->kind == GROUP_CBSP ? 1 : carrier_factor(p, g->carrier));
		warn_of_rates(p, g);
		warn_of_time(p, in, g);
		advise(p, in, g);
	}
}

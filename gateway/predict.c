#include "gateway/predict.h"

#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/daemon.h"
#include "gateway/forecast.h"

/* What works off a queue: a broadcast link, or all of a carrier's SMPP links that address alike. */
struct resource {
	const char *carrier; /* own copies: configurations come and go */
	const char *link;    /* of CBSP; else NULL */
	enum group_kind kind;
	struct forecast_meter meter;
	double done, left; /* parts, over all alerts */
};

struct predict {
	struct resource *v;
	size_t n;
	struct forecast_queue queue;
};

static uint32_t resource_of(struct daemon *d, const struct plan_group *g)
{
	struct predict *p = d->predict;
	const char *link = g->kind == GROUP_CBSP ? g->links[0]->name : NULL;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == g->kind && !strcmp(p->v[i].carrier, g->carrier->name) && (!link || !strcmp(p->v[i].link, link)))
			return i;
	p->v = talloc_realloc(p, p->v, struct resource, p->n + 1);
	OSMO_ASSERT(p->v);
	p->v[p->n] = (struct resource){.carrier = talloc_strdup(p, g->carrier->name), .link = link ? talloc_strdup(p, link) : NULL,
				       .kind = g->kind};
	return p->n++;
}

double predict_left(const struct book_job *j)
{
	const struct unit_sums *s = &j->job->sums;

	return ((double)s->n[UNIT_WAITING] + (double)s->n[UNIT_HANDED]) * j->job->spec.parts;
}

static double done(const struct book_job *j)
{
	const struct unit_sums *s = &j->job->sums;

	return ((double)s->n[UNIT_ACCEPTED] + (double)s->n[UNIT_REFUSED] + (double)s->n[UNIT_UNKNOWN]) * j->job->spec.parts;
}

void predict_refresh(struct daemon *d)
{
	const struct alert *a;
	const struct book_job *j;

	if (!d->predict)
		d->predict = talloc_zero(d, struct predict);
	OSMO_ASSERT(d->predict);
	for (size_t i = 0; i < d->predict->n; i++)
		d->predict->v[i].done = d->predict->v[i].left = 0;
	d->predict->queue.n = 0;
	llist_for_each_entry(a, &d->book->alerts, entry)
		llist_for_each_entry(j, &a->jobs, entry) {
			uint32_t r = resource_of(d, book_group(j));
			double left = predict_left(j);

			d->predict->v[r].done += done(j);
			d->predict->v[r].left += left;
			if (left > 0)
				forecast_add(d->predict, &d->predict->queue, r, j->job->spec.deadline_us, left);
		}
	forecast_order(&d->predict->queue);
}

static bool works_for(const struct fleet_link *fl, const struct resource *r)
{
	static const enum conf_addressing addressing[] = {
		[GROUP_SUBSCRIBERS] = ADDR_SUBSCRIBERS, [GROUP_CELLS] = ADDR_CELLS, [GROUP_BROADCAST] = ADDR_BROADCAST};
	const struct conf_link *cfg = fl->link->cfg;

	if (fl->retired || strcmp(fl->link->carrier->name, r->carrier))
		return false;
	if (r->kind == GROUP_CBSP)
		return !strcmp(cfg->name, r->link);
	return cfg->type == LINK_SMPP && cfg->addressing == addressing[r->kind] && cfg->bind != BIND_RECEIVER;
}

/* By window and agreed rate, as the planner reckons: parts, or cells, a second. */
static double planned(const struct daemon *d, const struct resource *r, const struct plan_group *g)
{
	double sum = 0;

	for (size_t i = 0; i < d->fleet->n_links; i++) {
		const struct conf_link *cfg = d->fleet->links[i].link->cfg;
		uint32_t texts = g->link_parts[0] ? g->link_parts[0] : 1;

		if (!works_for(&d->fleet->links[i], r))
			continue;
		if (r->kind == GROUP_CBSP)
			sum += plan_link_rate(cfg, texts) * cfg->cells_per_request / texts;
		else
			sum += plan_link_rate(cfg, 0);
	}
	return sum;
}

/* The carrier's rate binds its SMPP links that have work together. */
static double shared(const struct daemon *d, const struct resource *r, const struct plan_group *g)
{
	double mine = planned(d, r, g), all = 0, rate = 0;

	if (r->kind == GROUP_CBSP)
		return mine;
	for (size_t i = 0; i < d->fleet->n_carriers; i++)
		if (!strcmp(d->fleet->carriers[i].cfg->name, r->carrier))
			rate = d->fleet->carriers[i].cfg->rate;
	for (size_t i = 0; i < d->predict->n; i++) {
		const struct resource *o = &d->predict->v[i];

		if (o->kind != GROUP_CBSP && !strcmp(o->carrier, r->carrier) && (o == r || o->left > 0))
			all += planned(d, o, g);
	}
	return rate > 0 && all > rate ? mine * rate / all : mine;
}

static bool is_up(const struct daemon *d, const struct resource *r, uint64_t now_us, uint32_t *down_s)
{
	bool up = false;

	*down_s = UINT32_MAX;
	for (size_t i = 0; i < d->fleet->n_links; i++) {
		const struct link *link = d->fleet->links[i].link;

		if (!works_for(&d->fleet->links[i], r))
			continue;
		up |= link->state == LINK_UP;
		*down_s = OSMO_MIN(*down_s, (now_us - link->state_since_us) / 1000000);
	}
	return up;
}

void predict_second(struct daemon *d, uint64_t now_us)
{
	predict_refresh(d);
	for (size_t i = 0; i < d->predict->n; i++) {
		struct resource *r = &d->predict->v[i];
		uint32_t down_s;

		forecast_sample(&r->meter, r->done, r->left > 0 && is_up(d, r, now_us, &down_s));
	}
}

double predict_seconds(struct daemon *d, const struct book_job *j, uint64_t now_us)
{
	uint32_t no = resource_of(d, book_group(j));
	const struct resource *r = &d->predict->v[no];
	struct forecast_rate rate = {.planned = shared(d, r, book_group(j)), .measured = forecast_pace(&r->meter),
				     .trusted = forecast_trusted(&r->meter)};

	rate.down = !is_up(d, r, now_us, &rate.down_s);
	return forecast_seconds(&rate, forecast_ahead(&d->predict->queue, no, j->job->spec.deadline_us));
}

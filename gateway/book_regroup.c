/* After a restart a plan is made anew, with the configuration of then. The ledger speaks of the groups of the old one by their
 * numbers, so each must be found again: by carrier and kind, a broadcast link by its name, and by the sum of its list. What is not
 * found, or has other units now, stays as a group that can send nothing: its past is told, its rest withdrawn. */
#include "gateway/book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

json_t *alert_groups_json(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; plan && i < plan->n_groups; i++) {
		const struct plan_group *g = &plan->groups[i];
		json_t *links = json_array();
		char sum[20];

		snprintf(sum, sizeof(sum), "%016" PRIx64, g->sum);
		for (size_t l = 0; l < g->n_links; l++)
			json_array_append_new(links, json_string(g->links[l]->name));
		json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:I, s:s}", "carrier", g->carrier->name, "kind", (int)g->kind, "links",
						      links, "units", (json_int_t)g->n_units, "sum", sum));
	}
	return list;
}

/* A group as the document has it. Borrows from it. */
struct kept {
	const char *carrier;
	const json_t *links;
	enum group_kind kind;
	uint32_t n_units;
	uint64_t sum;
};

static int read_kept(const json_t *o, struct kept *k)
{
	const char *sum = json_string_value(json_object_get(o, "sum"));
	json_int_t units = json_integer_value(json_object_get(o, "units")), kind = json_integer_value(json_object_get(o, "kind"));

	*k = (struct kept){.carrier = json_string_value(json_object_get(o, "carrier")), .links = json_object_get(o, "links"),
			   .kind = kind, .n_units = units};
	if (!k->carrier || !sum || sscanf(sum, "%16" SCNx64, &k->sum) != 1 || units < 0 || units > UINT32_MAX || kind < 0 ||
	    kind > GROUP_BROADCAST || json_array_size(k->links) == 0)
		return -EBADMSG;
	for (size_t i = 0; i < json_array_size(k->links); i++)
		if (!json_is_string(json_array_get(k->links, i)))
			return -EBADMSG;
	return 0;
}

static bool is_it(const struct plan_group *g, const struct kept *k)
{
	if (g->kind != k->kind || strcmp(g->carrier->name, k->carrier) || g->n_units != k->n_units || g->sum != k->sum)
		return false;
	return g->kind != GROUP_CBSP || !strcmp(g->links[0]->name, json_string_value(json_array_get(k->links, 0)));
}

#define SWAP(v, x, y)                   \
	do {                            \
		typeof(*(v)) t_ = (v)[x]; \
		(v)[x] = (v)[y];        \
		(v)[y] = t_;            \
	} while (0)

static void swap_links(struct plan_group *g, size_t x, size_t y)
{
	SWAP(g->links, x, y);
	SWAP(g->shares, x, y);
	SWAP(g->link_units, x, y);
	SWAP(g->link_parts, x, y);
	SWAP(g->link_total, x, y);
	SWAP(g->link_seconds, x, y);
}

/* The ledger's chunks name their link by its place in the list: those of then stand as then, new ones behind them. */
static void order_links(struct plan_group *g, const struct kept *k)
{
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(k->links); i++)
		for (size_t l = at; l < g->n_links; l++)
			if (!strcmp(g->links[l]->name, json_string_value(json_array_get(k->links, i)))) {
				swap_links(g, at++, l);
				break;
			}
}

/* Names are all that is left of it. */
static struct plan_group gone(struct plan *p, const struct conf *conf, const struct kept *k)
{
	struct plan_group g = {.kind = k->kind, .n_links = json_array_size(k->links), .n_units = k->n_units, .sum = k->sum, .gone = true};
	struct conf_link *links = talloc_zero_array(p, struct conf_link, g.n_links);
	struct conf_carrier *carrier = talloc_zero(p, struct conf_carrier);

	g.links = talloc_zero_array(p, const struct conf_link *, g.n_links);
	OSMO_ASSERT(links && carrier && g.links);
	for (size_t i = 0; i < g.n_links; i++) {
		links[i].name = talloc_strdup(p, json_string_value(json_array_get(k->links, i)));
		links[i].type = k->kind == GROUP_CBSP ? LINK_CBSP : LINK_SMPP;
		g.links[i] = &links[i];
	}
	carrier->name = talloc_strdup(p, k->carrier);
	g.carrier = carrier;
	for (size_t c = 0; c < conf->n_carriers; c++)
		if (!strcmp(conf->carriers[c].name, k->carrier))
			g.carrier = &conf->carriers[c];
	g.link_parts = talloc_zero_array(p, uint32_t, g.n_links);
	g.link_units = talloc_zero_array(p, uint32_t, g.n_links);
	g.link_total = talloc_zero_array(p, uint64_t, g.n_links);
	g.link_seconds = talloc_zero_array(p, double, g.n_links);
	OSMO_ASSERT(g.link_parts && g.link_units && g.link_total && g.link_seconds);
	return g;
}

/* Even without a plan there is something to tell. */
static struct plan *empty_plan(struct alert *a)
{
	struct plan *p = talloc_zero(a, struct plan);

	OSMO_ASSERT(p);
	p->carriers = talloc_zero_array(p, struct plan_carrier, a->conf->n_carriers + 1);
	OSMO_ASSERT(p->carriers);
	return p;
}

int alert_regroup(struct alert *a, size_t ring, const json_t *kept)
{
	struct plan *p = a->rings[ring].plan;
	size_t n = json_array_size(kept);
	struct plan_group *groups;
	int lost = 0;

	if (!p)
		p = a->rings[ring].plan = empty_plan(a);
	groups = talloc_zero_array(p, struct plan_group, n + 1);
	OSMO_ASSERT(groups);
	for (size_t i = 0; i < n; i++) {
		struct plan_group *found = NULL;
		struct kept k;

		if (read_kept(json_array_get(kept, i), &k) < 0)
			return -EBADMSG;
		for (size_t g = 0; !found && g < p->n_groups; g++)
			if (is_it(&p->groups[g], &k))
				found = &p->groups[g];
		if (found)
			order_links(found, &k);
		groups[i] = found ? *found : gone(p, a->conf, &k);
		groups[i].sum = k.sum;
		lost += !found && k.n_units > 0;
	}
	/* Paths that came later do not join: the alert was accepted without them. */
	p->groups = groups;
	p->n_groups = n;
	return lost;
}

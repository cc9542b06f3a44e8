#include "gateway/plan_inner.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/subs_format.h"

#define AHEAD 16

/* A cell of one carrier in the circle. */
struct seen {
	uint32_t lac;
	uint8_t radio;
	bool addressable;
	bool taken; /* by a broadcast path */
};

/* One carrier being planned. */
struct view {
	struct plan *plan;
	const struct plan_input *in;
	const struct conf_carrier *carrier;
	size_t no;
	struct cell_hit *hits; /* nearest first; before them, those of the steps before in their order */
	struct seen *seen;
	size_t n, inner; /* all hits; how many are of the steps before */
	struct payload *payload; /* scratch */
};

void plan_warn(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	p->warnings = talloc_realloc(p, p->warnings, struct plan_warning, p->n_warnings + 1);
	OSMO_ASSERT(p->warnings);
	va_start(ap, fmt);
	p->warnings[p->n_warnings].text = talloc_vasprintf(p->warnings, fmt, ap);
	va_end(ap);
	OSMO_ASSERT(p->warnings[p->n_warnings].text);
	p->n_warnings++;
}

/* --- the carrier's cells in the circle --- */
static struct cell_network *networks_of(void *ctx, const struct conf_carrier *c)
{
	struct cell_network *list = talloc_zero_array(ctx, struct cell_network, c->n_networks + 1);

	OSMO_ASSERT(list);
	for (size_t i = 0; i < c->n_networks; i++) {
		list[i].mcc = c->networks[i].mcc;
		list[i].mnc = c->networks[i].mnc;
	}
	return list;
}

static int circle(struct view *v, double radius_km, struct cell_hit **hits, size_t *n)
{
	struct cell_network *networks = networks_of(v->plan, v->carrier);
	struct cell_query q = {.lat = v->in->lat,
			       .lon = v->in->lon,
			       .radius_m = radius_km * 1000,
			       .select = v->in->select,
			       .max_range_m = v->in->max_range_m,
			       .networks = networks,
			       .n_networks = v->carrier->n_networks};
	int rc = cellmap_nearest(v->plan, v->in->map, &q, hits, n);

	talloc_free(networks);
	return rc;
}

static int look_up(struct view *v)
{
	int rc = circle(v, v->in->radius_km, &v->hits, &v->n);

	for (size_t i = 0; rc == 0 && i < v->in->n_inner; i++) {
		struct cell_hit *inner = NULL;
		size_t n;

		rc = circle(v, v->in->inner_km[i], &inner, &n);
		if (rc == 0)
			v->inner = plan_inner_first(v->in->map, v->hits, v->n, v->inner, inner, n);
		talloc_free(inner);
	}
	return rc;
}

/* CDMA cells have no name in the field's notation, so nothing can be addressed to them. */
static int look_at_cells(struct view *v)
{
	struct plan_carrier *sums = &v->plan->carriers[v->no];
	struct cell cell;
	int rc;

	v->seen = talloc_zero_array(v->plan, struct seen, v->n + 1);
	OSMO_ASSERT(v->seen);
	for (size_t i = 0; i < v->n; i++) {
		if (i + AHEAD < v->n) /* by distance they lie anywhere in the map */
			cellmap_expect(v->in->map, v->hits[i + AHEAD].index);
		rc = cellmap_get(v->in->map, v->hits[i].index, &cell);
		if (rc < 0)
			return rc;
		v->seen[i] = (struct seen){.lac = cell.id.area,
					   .radio = cell.id.radio,
					   .addressable = cell.addressable && cell.id.radio != CELL_CDMA};
		sums->unaddressable += i >= v->inner && !v->seen[i].addressable;
	}
	sums->cells = (uint32_t)(v->n - v->inner);
	v->plan->cells_total += v->n - v->inner;
	return 0;
}

/* --- groups --- */
static struct plan_group *new_group(struct view *v, enum group_kind kind)
{
	struct plan *p = v->plan;
	struct plan_group *g;

	p->groups = talloc_realloc(p, p->groups, struct plan_group, p->n_groups + 1);
	OSMO_ASSERT(p->groups);
	g = &p->groups[p->n_groups++];
	*g = (struct plan_group){.carrier = v->carrier, .kind = kind};
	return g;
}

static void add_link(struct view *v, struct plan_group *g, const struct conf_link *link)
{
	uint32_t parts = plan_payload_parts(link, v->payload), pages = plan_payload_pages(v->payload);

	g->links = talloc_realloc(v->plan, g->links, const struct conf_link *, g->n_links + 1);
	g->link_parts = talloc_realloc(v->plan, g->link_parts, uint32_t, g->n_links + 1);
	OSMO_ASSERT(g->links && g->link_parts);
	g->links[g->n_links] = link;
	/* A CBSP request carries one text to many cells: what it costs is counted per request. */
	g->link_parts[g->n_links++] = g->kind == GROUP_CBSP ? v->payload->n_texts : parts;
	g->parts = g->kind == GROUP_CBSP ? 1 : parts > g->parts ? parts : g->parts;
	g->pages = pages > g->pages ? pages : g->pages;
}

/* Links that send this kind and can carry a text that they have. */
static bool serves(struct view *v, const struct conf_link *link, enum group_kind kind)
{
	static const enum conf_addressing by_kind[] = {
		[GROUP_SUBSCRIBERS] = ADDR_SUBSCRIBERS,
		[GROUP_CELLS] = ADDR_CELLS,
		[GROUP_BROADCAST] = ADDR_BROADCAST,
	};
	struct reasons none = {0};

	if (kind == GROUP_CBSP ? link->type != LINK_CBSP
			       : link->type != LINK_SMPP || link->bind == BIND_RECEIVER ||
					 link->addressing != by_kind[kind])
		return false;
	return plan_payload(link, v->in->texts, v->in->n_texts, false, v->payload, &none, v->plan) == 0 && v->payload->n_texts > 0;
}

/* The group of all links of a kind, or NULL when the carrier has none. */
static struct plan_group *group_of(struct view *v, enum group_kind kind)
{
	struct plan_group *g = NULL;

	for (size_t i = 0; i < v->carrier->n_links; i++) {
		if (!serves(v, &v->carrier->links[i], kind))
			continue;
		if (!g)
			g = new_group(v, kind);
		add_link(v, g, &v->carrier->links[i]);
	}
	return g;
}

static bool in_lacs(const struct conf_link *link, uint32_t lac)
{
	for (size_t i = 0; i < link->n_lacs; i++)
		if (link->lacs[i] == lac)
			return true;
	return link->n_lacs == 0;
}

/* Cells as units: those that pass, nearest first. lacs: of this CBSP link only. take: they are broadcast by
 * this group. */
static void fill_cells(struct view *v, struct plan_group *g, size_t from, const struct conf_link *lacs, bool take)
{
	g->units = talloc_array(v->plan, uint32_t, v->n + 1);
	g->distance_m = talloc_array(v->plan, float, v->n + 1);
	OSMO_ASSERT(g->units && g->distance_m);
	for (size_t i = from; i < v->n; i++) {
		struct seen *s = &v->seen[i];

		if (!s->addressable || (take && s->taken) ||
		    (lacs && (s->radio != CELL_GSM || !in_lacs(lacs, s->lac))))
			continue;
		s->taken |= take;
		g->units[g->n_units] = v->hits[i].index;
		g->distance_m[g->n_units++] = v->hits[i].distance_m;
	}
	g->units = talloc_realloc(v->plan, g->units, uint32_t, g->n_units + 1);
	g->distance_m = talloc_realloc(v->plan, g->distance_m, float, g->n_units + 1);
	g->cells = g->n_units;
}

/* Cells addressed by name. take: they are broadcast by this group. */
static void fill_lists(struct view *v, struct plan_group *g, bool take)
{
	uint32_t same, inner = 0;

	fill_cells(v, g, 0, NULL, take);
	for (size_t i = 0; i < v->inner; i++)
		inner += v->seen[i].addressable;
	same = plan_drop_namesakes(v->in->map, g, &inner);
	g->n_units -= inner;
	g->cells = g->n_units;
	memmove(g->units, g->units + inner, g->n_units * sizeof(*g->units));
	memmove(g->distance_m, g->distance_m + inner, g->n_units * sizeof(*g->distance_m));
	if (same)
		plan_warn(v->plan, "%s: %u cells share the name of a nearer one (same cell, other area): each name is addressed once",
			  v->carrier->name, same);
}

/* --- test numbers --- */
static bool test_number(const struct plan_group *g, size_t link, size_t i, uint64_t *number)
{
	const char *text = g->links[link]->test_numbers[i];

	return subs_number_parse(text, strlen(text), number);
}

/* Was it named before position (link, i)? */
static bool named_before(const struct plan_group *g, size_t link, size_t i, uint64_t number)
{
	uint64_t other;

	for (size_t l = 0; l <= link; l++)
		for (size_t k = 0; k < (l == link ? i : g->links[l]->n_test_numbers); k++)
			if (test_number(g, l, k, &other) && other == number)
				return true;
	return false;
}

/* The unit-th test number, or their count when unit is UINT32_MAX. */
static uint32_t walk_test_numbers(const struct plan_group *g, uint32_t unit, uint64_t *number)
{
	uint32_t n = 0;

	for (size_t l = 0; l < g->n_links; l++)
		for (size_t i = 0; i < g->links[l]->n_test_numbers; i++)
			if (test_number(g, l, i, number) && !named_before(g, l, i, *number) && n++ == unit)
				return unit;
	return n;
}

int plan_test_number(const struct plan_group *group, uint32_t unit, char out[16])
{
	uint64_t number;

	if (unit == UINT32_MAX || walk_test_numbers(group, unit, &number) != unit)
		return -ERANGE;
	return unit < group->n_units ? subs_number_print(number, out) : -ERANGE;
}

static void fill_test_numbers(struct view *v, struct plan_group *g)
{
	uint64_t number;

	g->n_units = walk_test_numbers(g, UINT32_MAX, &number);
	g->units = talloc_array(v->plan, uint32_t, g->n_units + 1);
	OSMO_ASSERT(g->units);
	for (uint32_t i = 0; i < g->n_units; i++)
		g->units[i] = i;
	if (g->n_units == 0)
		plan_warn(v->plan, "%s: no link has test_numbers: the exercise sends no SMS",
			  v->carrier->name);
}

/* --- each kind --- */
/* The ids of the steps before stand first, as they were chosen then. */
static int fill_subscribers(struct view *v, struct plan_group *g, const struct subs *subs)
{
	void *scratch = talloc_new(v->plan);
	uint32_t *inner;
	size_t n, n_inner = 0;
	int rc = subs_select(v->plan, subs, v->hits, v->n, &g->units, &n);

	if (rc == 0 && v->inner)
		rc = subs_select(scratch, subs, v->hits, v->inner, &inner, &n_inner);
	talloc_free(scratch);
	if (rc < 0)
		return rc;
	OSMO_ASSERT(n_inner <= n);
	g->n_units = (uint32_t)(n - n_inner);
	if (n_inner)
		memmove(g->units, g->units + n_inner, g->n_units * sizeof(*g->units));
	if (g->n_units == 0 && v->n > 0)
		plan_warn(v->plan, "%s: no subscriber stands in the circle", v->carrier->name);
	return 0;
}

static int plan_subscribers(struct view *v)
{
	struct plan_group *g = group_of(v, GROUP_SUBSCRIBERS);
	const struct subs *subs = v->in->subs ? v->in->subs[v->no] : NULL;

	if (!g)
		return 0;
	g->cells = (uint32_t)(v->n - v->inner);
	if (v->in->exercise) {
		if (v->in->n_inner == 0) /* they have it from the first step */
			fill_test_numbers(v, g);
		return 0;
	}
	if (!subs) {
		plan_warn(v->plan, "%s: has links to subscribers but no subscribers file: they get no SMS",
			  v->carrier->name);
		return 0;
	}
	if (subs_unresolved(subs))
		plan_warn(v->plan, "%s: %llu of %u subscribers stand in no cell of the map: they get no SMS",
			  v->carrier->name, (unsigned long long)subs_unresolved(subs), subs_count(subs));
	return fill_subscribers(v, g, subs);
}

static void plan_cells(struct view *v)
{
	struct plan_group *g = group_of(v, GROUP_CELLS);

	if (g &&
	    v->in->exercise) /* a distribution list reaches whoever stands there, not test numbers only */
		plan_warn(v->plan, "%s: an exercise sends nothing to the lists of cells", v->carrier->name);
	else if (g)
		fill_lists(v, g, false);
}

/* broadcast_sm takes the cells that no CBSP link has; each is broadcast by one path only. */
static void plan_broadcast_sm(struct view *v)
{
	struct plan_group *g = group_of(v, GROUP_BROADCAST);

	if (!g)
		return;
	/* SMPP has no field for the identifier, so a test could not be told from an alert on the phones. */
	if (v->in->exercise)
		plan_warn(v->plan, "%s: an exercise sends nothing by broadcast_sm", v->carrier->name);
	else
		fill_lists(v, g, true);
}

static void plan_broadcast(struct view *v)
{
	struct plan_group *g;

	for (size_t i = 0; i < v->carrier->n_links; i++)
		if (serves(v, &v->carrier->links[i], GROUP_CBSP)) {
			g = new_group(v, GROUP_CBSP);
			add_link(v, g, &v->carrier->links[i]);
			fill_cells(v, g, v->inner, &v->carrier->links[i], true);
		}
	plan_broadcast_sm(v);
}

static void list_unserved(struct view *v)
{
	struct plan *p = v->plan;
	struct plan_carrier *sums = &p->carriers[v->no];

	for (size_t i = v->inner; i < v->n; i++)
		sums->unserved += !v->seen[i].taken;
	p->unserved = talloc_realloc(p, p->unserved, uint32_t, p->n_unserved + sums->unserved + 1);
	OSMO_ASSERT(p->unserved);
	for (size_t i = v->inner; i < v->n; i++)
		if (!v->seen[i].taken)
			p->unserved[p->n_unserved++] = v->hits[i].index;
}

static void warn_of_cells(const struct view *v)
{
	const struct plan_carrier *sums = &v->plan->carriers[v->no];

	if (v->n == 0)
		plan_warn(v->plan, "%s: has no cell in the circle: nobody there can be reached through it",
			  v->carrier->name);
	if (sums->unaddressable)
		plan_warn(v->plan,
			  "%s: %u of %u cells cannot be addressed (cell number out of range, or CDMA)",
			  v->carrier->name, sums->unaddressable, sums->cells);
	if (sums->unserved)
		plan_warn(v->plan, "%s: %u of %u cells are served by no broadcast path", v->carrier->name,
			  sums->unserved, sums->cells);
}

static int plan_carrier(struct plan *p, const struct plan_input *in, size_t no)
{
	struct view v = {.plan = p, .in = in, .carrier = &in->conf->carriers[no], .no = no};
	int rc = look_up(&v);

	if (rc == 0)
		rc = look_at_cells(&v);
	if (rc < 0)
		return rc;
	v.payload = talloc_zero(p, struct payload);
	OSMO_ASSERT(v.payload);
	plan_broadcast(&v);
	rc = plan_subscribers(&v);
	plan_cells(&v);
	list_unserved(&v);
	warn_of_cells(&v);
	talloc_free(v.payload);
	talloc_free(v.seen);
	talloc_free(v.hits);
	return rc;
}

static bool check_texts(void *ctx, const struct plan_input *in, struct reasons *reasons)
{
	struct payload *scratch = talloc_zero(ctx, struct payload);
	bool fit = true;

	OSMO_ASSERT(scratch);
	for (size_t c = 0; c < in->conf->n_carriers; c++)
		for (size_t l = 0; l < in->conf->carriers[c].n_links; l++)
			fit &= plan_texts_fit(in, &in->conf->carriers[c].links[l], scratch, reasons, ctx);
	talloc_free(scratch);
	return fit;
}

static int refuse(struct plan *p, int rc, const struct plan_input *in, struct reasons *reasons, void *ctx)
{
	if (rc == 0 && p->cells_total == 0 && in->n_inner == 0) {
		reasons_add(ctx, reasons, 0, "location", "no cell of any carrier within %.1f km of %.5f,%.5f",
			    in->radius_km, in->lat, in->lon);
		rc = -ENOENT;
	} else if (rc == -EINVAL) {
		reasons_add(ctx, reasons, 0, "location", "the area cannot be asked of the cell map");
	} else if (rc == -EBADMSG) {
		reasons_add(ctx, reasons, 0, NULL,
			    "the cell map is damaged; build it anew with `reunion cellmap build`");
	} else if (rc < 0) {
		reasons_add(ctx, reasons, 0, NULL, "the alert cannot be planned: %s", strerror(-rc));
	}
	if (rc < 0)
		talloc_free(p);
	return rc;
}

/* FNV-1a, by words: lists have millions. */
static uint64_t mix(uint64_t sum, uint32_t word)
{
	return (sum ^ word) * 0x100000001B3ull;
}

/* By this a restart knows a list again. */
static uint64_t sum_of(const struct plan_group *g)
{
	uint64_t sum = mix(0xCBF29CE484222325ull, g->n_units);

	for (uint32_t i = 0; g->units && i < g->n_units; i++)
		sum = mix(sum, g->units[i]);
	return sum ? sum : 1;
}

int plan_make(void *ctx, const struct plan_input *in, struct plan **plan, struct reasons *reasons)
{
	struct plan *p;
	int rc = 0;

	*plan = NULL;
	if (!in->accepted && !check_texts(ctx, in, reasons))
		return -E2BIG;
	p = talloc_zero(ctx, struct plan);
	OSMO_ASSERT(p);
	p->carriers = talloc_zero_array(p, struct plan_carrier, in->conf->n_carriers + 1);
	OSMO_ASSERT(p->carriers);
	for (size_t c = 0; rc == 0 && c < in->conf->n_carriers; c++)
		rc = plan_carrier(p, in, c);
	rc = refuse(p, rc, in, reasons, ctx);
	if (rc < 0)
		return rc;
	if (in->n_inner) /* of a step only what its own time is: all else was said of the alert */
		p->n_warnings = 0;
	plan_figures(p, in);
	for (size_t i = 0; i < p->n_groups; i++)
		p->groups[i].sum = sum_of(&p->groups[i]);
	*plan = p;
	return 0;
}

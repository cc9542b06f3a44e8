/* The universe (maps, people) and a world from a seed. */
#include "tests/sim_alerts_int.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/subs_build.h"
#include "gateway/subs_format.h"
#include "tests/plan_map.h"

#define LAT 40.0
#define LON 116.0

static const double ring_km[RINGS - 1] = {60, 90};
static const uint32_t ring_s[RINGS - 1] = {300, 700};

static uint32_t mix(uint32_t a, uint32_t b)
{
	uint64_t v = (a * UINT64_C(0x9E3779B97F4A7C15) ^ b * UINT64_C(0xD1342543DE82EF95)) + 1;

	v ^= v >> 29;
	v *= UINT64_C(0xBF58476D1CE4E5B9);
	return (uint32_t)(v >> 32);
}

/* Within 120 km of the middle, each version without an eighth of the cells. */
static void make_map(struct universe *u, unsigned int v)
{
	struct cell cells[CELLS];
	uint32_t n = 0;

	for (uint32_t c = 0; c < CELLS; c++) {
		u->lat[c] = LAT + (mix(c, 1) % 2000 / 1000.0 - 1) * 1.08;
		u->lon[c] = LON + (mix(c, 2) % 2000 / 1000.0 - 1) * 1.4;
		u->has[v][c] = mix(c, 10 + v) % 8 != 0;
		if (u->has[v][c])
			cells[n++] = (struct cell){.id = {.cell = 1 + c, .area = 100, .mcc = 460, .radio = CELL_GSM},
						   .lat = u->lat[c], .lon = u->lon[c], .addressable = true};
	}
	u->map[v] = plan_map_new(u, cells, n, 900 + v);
}

static void make_people(struct universe *u, unsigned int v)
{
	struct subs_builder *s = subs_builder_new(u, u->map[v]);
	struct subs_build_sums sums;
	char text[16], err[256], path[64];
	uint64_t number;

	for (uint32_t p = 0; p < PEOPLE; p++) {
		uint32_t c = mix(p, mix(p, 20 + v) % 4 ? 3 : 30 + v) % CELLS;
		struct cell_id id = {.cell = 1 + c, .area = 100, .mcc = 460, .radio = CELL_GSM};

		u->home[v][p] = -1;
		if (!u->has[v][c] || mix(p, 40 + v) % 16 == 0)
			continue;
		u->home[v][p] = (int)c;
		snprintf(text, sizeof(text), "86%09u", p);
		OSMO_ASSERT(subs_number_parse(text, strlen(text), &number));
		OSMO_ASSERT(subs_builder_add(s, number, &id) == 0);
	}
	snprintf(path, sizeof(path), "/tmp/reunion-sim.%d.subs", (int)getpid());
	OSMO_ASSERT(subs_builder_write(s, path, &sums, err, sizeof(err)) == 0);
	OSMO_ASSERT(subs_open(u, path, &u->subs[v], err, sizeof(err)) == 0);
	unlink(path);
	OSMO_ASSERT(subs_resolve(u->subs[v], u->map[v], NULL) == 0);
}

static void configure(struct universe *u)
{
	u->net = (struct conf_network){460, 0, 2};
	u->links[0] = (struct conf_link){.name = "a", .type = LINK_SMPP, .rate = 100, .window = 1000, .gsm7 = true};
	u->links[1] = u->links[0];
	u->links[1].name = "b";
	u->links[2] = (struct conf_link){.name = "bsc", .type = LINK_CBSP, .rate = 10, .window = 4, .cells_per_request = 500};
	u->carrier = (struct conf_carrier){.name = "cm", .networks = &u->net, .n_networks = 1, .links = u->links, .n_links = LINKS};
	u->agency = (struct conf_agency){.name = "police", .max_radius_km = 100, .max_ring_km = 300};
	for (int r = 0; r < RINGS - 1; r++)
		u->rings[r] = (struct conf_ring){ring_s[r], ring_km[r]};
	u->type = (struct conf_type){.name = "missing-child", .radius_km = 30, .deadline_s = 600, .lifetime_s = 1800, .repetition_s = 60,
				     .rings = u->rings, .n_rings = RINGS - 1};
	u->conf = (struct conf){.carriers = &u->carrier, .n_carriers = 1, .agencies = &u->agency, .n_agencies = 1, .types = &u->type,
				.n_types = 1, .cellmap = {.select = SELECT_SITE}};
	u->texts[0] = (struct alert_text){"en", 4392, "Missing", "Missing", "Found", 4394};
}

const struct universe *universe_get(void *ctx)
{
	struct universe *u = talloc_zero(ctx, struct universe);

	OSMO_ASSERT(u);
	configure(u);
	for (unsigned int v = 0; v < VERSIONS; v++) {
		make_map(u, v);
		make_people(u, v);
	}
	return u;
}

struct mapset *universe_maps(const struct universe *u, unsigned int version)
{
	struct mapset *m = talloc_zero(NULL, struct mapset);

	OSMO_ASSERT(m);
	m->map = (struct mapref){.map = u->map[version], .checksum = cellmap_checksum(u->map[version])};
	m->subs = talloc_zero_array(m, struct subsref, 2);
	m->subs[0] = (struct subsref){.subs = u->subs[version], .checksum = subs_checksum(u->subs[version])};
	m->plain = talloc_zero_array(m, struct subs *, 2);
	m->plain[0] = u->subs[version];
	m->n = 1;
	return m;
}

double universe_km(const struct universe *u, const struct sim_alert *a, unsigned int key)
{
	int c = key < PEOPLE ? u->home[a->version][key] : (int)key - PEOPLE;

	if (c < 0 || !u->has[a->version][c])
		return -1;
	return cellmap_distance_m(a->lat, a->lon, u->lat[c], u->lon[c]) / 1000;
}

/* --- a world from a seed --- */

static struct action *add(struct world *w, enum act act, uint64_t at)
{
	w->actions = talloc_realloc(w, w->actions, struct action, w->n_actions + 1);
	OSMO_ASSERT(w->actions);
	w->actions[w->n_actions] = (struct action){.act = act, .at = at, .content = w->n_actions};
	return &w->actions[w->n_actions++];
}

static void plan_alert(struct world *w, unsigned int i, bool storm)
{
	struct sim_alert *a = &w->alert[i];
	uint64_t at = storm ? world_rnd(w, 5 * SEC) : world_rnd(w, 900 * SEC);

	a->lat = LAT + (double)world_rnd(w, 1000) / 1500 - 0.33; /* circles overlap */
	a->lon = LON + (double)world_rnd(w, 1000) / 1500 - 0.33;
	a->radius_km = 45 + (double)world_rnd(w, 14);
	a->deadline_s = 60 + world_rnd(w, 900);
	a->lifetime_s = 120 + world_rnd(w, world_rnd(w, 3) ? 1800 : 60);
	snprintf(a->case_number, sizeof(a->case_number), "c%u", i);
	add(w, ACT_ALERT, at)->who = i;
	for (uint64_t n = world_rnd(w, 3); n > 0; n--) {
		struct action *x = add(w, ACT_UPDATE, at + world_rnd(w, world_rnd(w, 2) ? 5 * SEC : 600 * SEC));

		x->who = i;
	}
	for (uint64_t n = world_rnd(w, 3); n > 0; n--) /* also twice, and before the alert */
		add(w, ACT_CANCEL, at + world_rnd(w, world_rnd(w, 2) ? 5 * SEC : 900 * SEC) - (at > SEC ? world_rnd(w, SEC / 2) : 0))->who = i;
}

/* The same content under another name, often while the first is still being planned or written. By chance of its own: the rest of
 * the world stays as it is without. */
static void plan_again(struct world *w)
{
	uint64_t rnd = w->rnd;

	for (size_t i = 0, n = w->n_actions; i < n; i++) {
		struct action *x, from = w->actions[i];

		if (from.act != ACT_ALERT)
			continue;
		x = add(w, ACT_ALERT, from.at + world_rnd(w, world_rnd(w, 2) ? SEC / 20 : 20 * SEC));
		x->who = from.who;
		x->content = from.content;
	}
	w->rnd = rnd;
}

static void plan_disturbance(struct world *w, uint64_t until)
{
	static const enum act acts[] = {ACT_RELOAD, ACT_RELOAD, ACT_JUMP, ACT_JUMP, ACT_CRASH, ACT_CRASH, ACT_POWER,
					ACT_FLAP,   ACT_FLAP,	ACT_FLAP_ALL, ACT_FAIL, ACT_SLOW};
	static const int64_t jumps[] = {1, 3, 59, 3600, 86400, 30 * 86400};
	struct action *x = add(w, acts[world_rnd(w, ARRAY_SIZE(acts))], world_rnd(w, until));

	x->len = world_rnd(w, 3) ? world_rnd(w, SEC) : world_rnd(w, 30 * SEC);
	x->who = world_rnd(w, x->act == ACT_RELOAD ? VERSIONS : LINKS);
	x->by_s = jumps[world_rnd(w, ARRAY_SIZE(jumps))] * (world_rnd(w, 2) ? 1 : -1);
}

static int earlier(const void *a, const void *b)
{
	const struct action *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (int)x->act - (int)y->act;
}

void world_plan(struct world *w, bool storm)
{
	static const uint32_t windows[] = {1, 2, 8, 20, WINDOW_MAX};
	uint64_t until = (storm ? 30 : 1500) * SEC;

	w->commit_us = world_rnd(w, 2) ? 2000 : 40000;
	w->n_alerts = storm ? ALERTS : 1 + world_rnd(w, 5);
	w->version = world_rnd(w, VERSIONS);
	for (unsigned int i = 0; i < w->n_alerts; i++)
		plan_alert(w, i, storm);
	if (storm && !(w->breaks & BREAK_ORDER)) /* the one world that shows that is as it was found */
		plan_again(w);
	for (uint64_t n = world_rnd(w, 25); n > 0; n--)
		plan_disturbance(w, until);
	for (unsigned int l = 0; l < LINKS; l++) {
		w->link[l].window = windows[world_rnd(w, ARRAY_SIZE(windows))];
		w->link[l].delay_ms = 1 + world_rnd(w, world_rnd(w, 2) ? 50 : 1500);
	}
	qsort(w->actions, w->n_actions, sizeof(*w->actions), earlier);
}

/* Rings: the steps by which an alert grows. A step is planned as the difference to those before it: cells that they have, and
 * recipients who stand in one of these, are left out. A recipient has many cells; so the cells of the steps before come first
 * when recipients are chosen, in the same order as they came then, and what they yield is cut off. */
#include "gateway/plan_inner.h"
#include <math.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

static bool has(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

size_t plan_inner_first(const struct cellmap *map, struct cell_hit *hits, size_t n, size_t from, const struct cell_hit *inner,
			size_t n_inner)
{
	uint64_t *bits = talloc_zero_array(NULL, uint64_t, cellmap_count(map) / 64 + 1);
	struct cell_hit *outer = talloc_array(bits, struct cell_hit, n - from + 1);
	size_t n_outer = 0;

	OSMO_ASSERT(bits && outer);
	for (size_t i = 0; i < n_inner; i++)
		bits[inner[i].index / 64] |= UINT64_C(1) << inner[i].index % 64;
	for (size_t i = from; i < n; i++) {
		if (has(bits, hits[i].index))
			hits[from++] = hits[i];
		else
			outer[n_outer++] = hits[i];
	}
	memcpy(hits + from, outer, n_outer * sizeof(*outer));
	talloc_free(bits);
	return from;
}

struct plan_ring *plan_rings(void *ctx, const struct conf_type *type, const struct conf_agency *agency, double radius_km,
			     int64_t from, size_t *n)
{
	struct plan_ring *rings = talloc_zero_array(ctx, struct plan_ring, type->n_rings + 1);

	OSMO_ASSERT(rings);
	*n = 0;
	for (size_t i = 0; i < type->n_rings; i++) {
		const struct conf_ring *r = &type->rings[i];

		if (r->radius_km <= radius_km || r->radius_km > agency->max_ring_km)
			continue;
		rings[(*n)++] = (struct plan_ring){.radius_km = r->radius_km, .at = from + r->after_s};
		radius_km = r->radius_km;
	}
	return rings;
}

/* What a planned step adds. */
static void add_sums(json_t *o, const struct plan *p)
{
	uint64_t recipients = 0, parts = 0;
	double seconds = 0;

	for (size_t i = 0; i < p->n_groups; i++) {
		const struct plan_group *g = &p->groups[i];

		recipients += g->kind == GROUP_SUBSCRIBERS ? g->n_units : 0;
		for (size_t l = 0; l < g->n_links; l++)
			parts += g->link_total[l];
		seconds = fmax(seconds, g->n_units ? g->seconds : 0);
	}
	json_object_set_new(o, "cells", json_integer((json_int_t)p->cells_total));
	json_object_set_new(o, "recipients", json_integer((json_int_t)recipients));
	json_object_set_new(o, "parts", json_integer((json_int_t)parts));
	json_object_set_new(o, "seconds", json_real(round(seconds * 1000) / 1000));
}

json_t *plan_rings_json(const struct plan_input *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->n_rings; i++) {
		json_t *o = json_pack("{s:f, s:o}", "radius_km", in->rings[i].radius_km, "at", plan_time_json(in->rings[i].at));

		if (in->rings[i].plan)
			add_sums(o, in->rings[i].plan);
		json_array_append_new(list, o);
	}
	return list;
}

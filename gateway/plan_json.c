/* A plan as SPEC 2 prints it, with what each carrier cannot reach. */
#include "gateway/plan_inner.h"
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <osmocom/core/utils.h>

json_t *plan_time_json(int64_t seconds)
{
	char text[32];
	struct tm tm;
	time_t t = (time_t)seconds;

	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

static json_t *link_json(const struct conf_link *link, const struct plan_group *g, size_t l,
			 const struct plan_input *in)
{
	bool subscribers = g && g->kind == GROUP_SUBSCRIBERS, sends = g && g->link_total[l] > 0;
	double seconds = g ? round(g->link_seconds[l] * 1000) / 1000 : 0;

	return json_pack("{s:s s:s s:I s:I s:I s:I s:f s:o}", "name", link->name, "type",
			 link->type == LINK_SMPP ? "smpp" : "cbsp", "cells",
			 g ? (json_int_t)(subscribers ? g->cells : g->link_units[l]) : 0, "recipients",
			 subscribers ? (json_int_t)g->link_units[l] : 0, "parts",
			 g ? (json_int_t)g->link_total[l] : 0, "pages",
			 g && g->n_units ? (json_int_t)g->pages : 0, "seconds", seconds, "finish_at",
			 sends ? plan_time_json(plan_finish_at(in, g->link_seconds[l])) : json_null());
}

/* The group and place of a link; NULL: it sends nothing. */
static const struct plan_group *find(const struct plan *p, const struct conf_link *link, size_t *l)
{
	for (size_t i = 0; i < p->n_groups; i++)
		for (*l = 0; *l < p->groups[i].n_links; ++*l)
			if (p->groups[i].links[*l] == link)
				return &p->groups[i];
	return NULL;
}

uint8_t plan_mnc_digits(const struct conf_carrier *carrier, const struct cell_id *id)
{
	for (size_t i = 0; i < carrier->n_networks; i++)
		if (carrier->networks[i].mcc == id->mcc && carrier->networks[i].mnc == id->mnc)
			return carrier->networks[i].mnc_digits;
	return 2;
}

/* As in the field's notation, with the width of the MNC that the configuration gives it. */
static json_t *cell_json(const struct plan_input *in, const struct conf_carrier *carrier, uint32_t index)
{
	struct cell cell;

	if (cellmap_get(in->map, index, &cell) < 0)
		return json_null();
	return json_sprintf("%s-%03u-%0*u-%u-%llu", cell_radio_name(cell.id.radio), cell.id.mcc,
			    plan_mnc_digits(carrier, &cell.id), cell.id.mnc, cell.id.area,
			    (unsigned long long)cell.id.cell);
}

static json_t *carrier_json(const struct plan *p, const struct plan_input *in, size_t c,
			    const uint32_t *unserved)
{
	const struct conf_carrier *carrier = &in->conf->carriers[c];
	const struct plan_carrier *sums = &p->carriers[c];
	json_t *links = json_array(), *list = json_array();

	for (size_t i = 0; i < carrier->n_links; i++) {
		size_t l;
		const struct plan_group *g = find(p, &carrier->links[i], &l);

		json_array_append_new(links, link_json(&carrier->links[i], g, l, in));
	}
	for (uint32_t i = 0; i < sums->unserved && i < PLAN_UNSERVED_LISTED; i++)
		json_array_append_new(list, cell_json(in, carrier, unserved[i]));
	return json_pack("{s:s s:o s:I s:I s:I s:o}", "name", carrier->name, "links", links, "cells",
			 (json_int_t)sums->cells, "unaddressable", (json_int_t)sums->unaddressable,
			 "unserved", (json_int_t)sums->unserved, "unserved_cells", list);
}

json_t *plan_json(const struct plan *plan, const struct plan_input *in, const char *alert_id)
{
	json_t *warnings = json_array(), *carriers = json_array();
	const uint32_t *unserved = plan->unserved;

	for (size_t i = 0; i < plan->n_warnings; i++)
		json_array_append_new(warnings, json_string(plan->warnings[i].text));
	for (size_t c = 0; c < in->conf->n_carriers; c++) {
		json_array_append_new(carriers, carrier_json(plan, in, c, unserved));
		unserved += plan->carriers[c].unserved;
	}
	return json_pack("{s:o s:o s:o s:o s:o}", "alert", alert_id ? json_string(alert_id) : json_null(),
			 "deadline_at", plan_time_json(in->deadline_at), "warnings", warnings, "carriers",
			 carriers, "rings", plan_rings_json(in));
}

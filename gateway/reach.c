#include "gateway/reach.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "gateway/book.h"
#include "gateway/snapshot_json.h"

static const char *by(enum group_kind kind)
{
	return kind == GROUP_SUBSCRIBERS ? "sms" : kind == GROUP_CELLS ? "lists" : "broadcast";
}

struct place {
	bool known;
	struct cell_id id;
	uint32_t from, to; /* subscribers that stand there */
};

static struct place place_of(const struct book_job *j, uint32_t unit)
{
	const struct plan_group *g = book_group(j);
	const struct alert *a = j->alert;
	struct place p = {0};
	struct cell cell;

	if (g->gone)
		return p;
	if (g->kind == GROUP_SUBSCRIBERS) {
		if (a->action == ACTION_EXERCISE)
			return p;
		p.from = g->units[unit];
		p.known = subs_cell(a->maps->plain[g->carrier - a->conf->carriers], p.from, &p.id, &p.to) == 0;
		return p;
	}
	p.known = cellmap_get(a->maps->map.map, g->units[unit], &cell) == 0;
	if (p.known)
		p.id = cell.id;
	return p;
}

/* Where a cell stands; absent when that is not known. */
static void set_place(json_t *o, const struct alert *a, const struct cell_id *id)
{
	struct cell cell;
	uint32_t index;

	if (!id || cellmap_find(a->maps->map.map, id, &index) < 0 || cellmap_get(a->maps->map.map, index, &cell) < 0)
		return;
	json_object_set_new(o, "lat", json_real(cell.lat));
	json_object_set_new(o, "lon", json_real(cell.lon));
}

static json_t *row(const struct book_job *j, const struct cell_id *id, const struct unit_sums *sums)
{
	const struct plan_group *g = book_group(j);
	char name[320] = "-"; /* the width is an octet */
	json_t *o;

	if (id)
		snprintf(name, sizeof(name), "%s-%03u-%0*u-%" PRIu32 "-%" PRIu64, cell_radio_name(id->radio), id->mcc,
			 plan_mnc_digits(g->carrier, id), id->mnc, id->area, (uint64_t)id->cell);
	o = json_pack("{s:s, s:s, s:s, s:f}", "carrier", g->carrier->name, "by", by(g->kind), "cell", name, "ring_km",
		      j->alert->rings[j->ring].radius_km);
	set_place(o, j->alert, id);
	for (int s = UNIT_WAITING; s <= UNIT_UNKNOWN; s++)
		json_object_set_new(o, snapshot_unit_state(s), json_integer((json_int_t)sums->n[s]));
	return o;
}

static bool same(const struct cell_id *a, const struct cell_id *b)
{
	return a->mcc == b->mcc && a->mnc == b->mnc && a->radio == b->radio && a->area == b->area && a->cell == b->cell;
}

static bool is_at(const struct book_job *j, uint32_t unit, const struct place *p)
{
	const uint32_t *ids = book_group(j)->units;
	struct place other;

	if (p->known && ids[unit] >= p->from && ids[unit] < p->to) /* of millions most */
		return true;
	other = place_of(j, unit);
	return other.known == p->known && (!p->known || same(&p->id, &other.id));
}

/* Units of one cell stand together. From a unit on; returns the first that found no room, n_units: none. */
static uint32_t add_rows(json_t *rows, const struct book_job *j, uint32_t unit, uint32_t *units)
{
	uint32_t n = book_group(j)->n_units;

	while (unit < n && json_array_size(rows) < REACH_ROWS && *units < REACH_UNITS) {
		struct place p = place_of(j, unit);
		struct unit_sums sums = {0};

		do {
			sums.n[UNIT_STATE(dispatch_unit(j->job, unit++))]++;
			++*units;
		} while (unit < n && is_at(j, unit, &p));
		json_array_append_new(rows, row(j, p.known ? &p.id : NULL, &sums));
	}
	return unit;
}

/* "job:unit", both hexadecimal. */
static bool read_place(const char *from, uint64_t *job, uint32_t *unit)
{
	int end = 0;

	return sscanf(from, "%16" SCNx64 ":%8" SCNx32 "%n", job, unit, &end) == 2 && from[end] == '\0';
}

json_t *reach_cells(const struct alert *a, const char *from)
{
	json_t *rows = json_array(), *next = NULL;
	const struct book_job *j;
	uint32_t unit = 0, units = 0;
	uint64_t job = 0;
	bool begun = !from;

	if (from && !read_place(from, &job, &unit)) {
		json_decref(rows);
		return NULL;
	}
	llist_for_each_entry(j, &a->jobs, entry) {
		if (a->wordings[j->wording].phase != PHASE_ALERT || (!begun && j->id != job))
			continue;
		begun = true;
		unit = add_rows(rows, j, unit, &units);
		if (unit < book_group(j)->n_units) {
			next = json_sprintf("%" PRIx64 ":%" PRIx32, j->id, unit);
			break;
		}
		unit = 0;
	}
	if (!begun) {
		json_decref(rows);
		return NULL;
	}
	return json_pack("{s:o, s:o}", "cells", rows, "next", next ? next : json_null());
}

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

/* False: unknown. */
static bool cell_of(const struct book_job *j, uint32_t unit, struct cell_id *id)
{
	const struct plan_group *g = book_group(j);
	const struct alert *a = j->alert;
	struct cell cell;

	if (g->gone)
		return false;
	if (g->kind == GROUP_SUBSCRIBERS)
		return a->action != ACTION_EXERCISE && subs_cell(a->maps->plain[g->carrier - a->conf->carriers], g->units[unit], id) == 0;
	if (cellmap_get(a->maps->map.map, g->units[unit], &cell) < 0)
		return false;
	*id = cell.id;
	return true;
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
	for (int s = UNIT_WAITING; s <= UNIT_UNKNOWN; s++)
		json_object_set_new(o, snapshot_unit_state(s), json_integer((json_int_t)sums->n[s]));
	return o;
}

static bool same(const struct cell_id *a, const struct cell_id *b)
{
	return a->mcc == b->mcc && a->mnc == b->mnc && a->radio == b->radio && a->area == b->area && a->cell == b->cell;
}

/* Units of one cell stand together. */
static void add_rows(json_t *rows, const struct book_job *j)
{
	uint32_t n = book_group(j)->n_units, unit = 0;

	while (unit < n && json_array_size(rows) < REACH_ROWS_MAX) {
		struct unit_sums sums = {0};
		struct cell_id id, next;
		bool known = cell_of(j, unit, &id);

		do
			sums.n[UNIT_STATE(dispatch_unit(j->job, unit++))]++;
		while (unit < n && cell_of(j, unit, &next) == known && (!known || same(&id, &next)));
		json_array_append_new(rows, row(j, known ? &id : NULL, &sums));
	}
}

json_t *reach_cells(const struct alert *a)
{
	json_t *rows = json_array();
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (a->wordings[j->wording].phase == PHASE_ALERT)
			add_rows(rows, j);
	return rows;
}

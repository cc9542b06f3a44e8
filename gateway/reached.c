/* alerts/ID.cells.csv: whom an alert reached, cell by cell, in the words of `reunion alert show --cells --csv`. Written when every
 * unit has its final state, and again when that was so once more (a ring, an update, its end): it outlives alert and gateway. In
 * slices, since millions of recipients are to be counted and other alerts run. */
#include "gateway/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/cells_csv.h"
#include "gateway/clock.h"
#include "gateway/intake_parts.h"
#include "gateway/log.h"
#include "gateway/reach.h"

#define SLICE_US 10000

struct reached {
	FILE *f;
	char *text, *from; /* from: where the next slice begins, NULL: at the beginning */
	size_t len;
};

static int reached_free(struct reached *r)
{
	fclose(r->f);
	free(r->text);
	return 0;
}

static struct reached *begin(struct alert *a)
{
	struct reached *r = talloc_zero(a, struct reached);

	OSMO_ASSERT(r);
	r->f = open_memstream(&r->text, &r->len);
	OSMO_ASSERT(r->f);
	talloc_set_destructor(r, reached_free);
	cells_csv_head(r->f);
	return r;
}

/* False: there is no more. */
static bool add_slice(struct reached *r, const struct alert *a)
{
	json_t *part = reach_cells(a, r->from);
	const char *next = json_string_value(json_object_get(part, "next"));

	cells_csv_rows(r->f, json_object_get(part, "cells"));
	talloc_free(r->from);
	r->from = next ? talloc_strdup(r, next) : NULL;
	json_decref(part);
	return r->from != NULL;
}

/* Tried again while the alert lives, and told of once. */
static void put(struct daemon *d, struct alert *a)
{
	struct reached *r = a->reached;
	struct intake *in = intake_of(d, a->agency);
	int rc = fflush(r->f) ? -ENOMEM : in ? spool_cells_file(in->spool, a->id, r->text, r->len) : 0;

	if (rc < 0 && !a->untold)
		LOGP(DALERT, LOGL_ERROR, "alert %s: alerts/%s.cells.csv cannot be written: %s\n", a->id, a->id, strerror(-rc));
	a->untold = rc < 0;
	a->told = rc == 0 || a->over;
	TALLOC_FREE(a->reached);
}

bool reached_told(struct daemon *d, struct alert *a)
{
	uint64_t until_us = clock_mono_us() + SLICE_US;

	if (!alert_at_rest(a)) { /* what was begun speaks of yesterday */
		TALLOC_FREE(a->reached);
		a->told = false;
		return false;
	}
	if (a->told)
		return true;
	if (!a->reached)
		a->reached = begin(a);
	while (add_slice(a->reached, a))
		if (clock_mono_us() >= until_us)
			return false;
	put(d, a);
	return a->told;
}

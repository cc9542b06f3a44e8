#include "gateway/link_cbsp_dead.h"
#include <inttypes.h>
#include <stdio.h>
#include <osmocom/core/utils.h>

/* As in an SMPP link's dl_name, so that the two can be laid side by side. */
static void write_to(const struct cbsp_link *l, const struct dispatch_job *job, uint32_t unit, char to[DEAD_TO])
{
	struct cell_id id;
	uint8_t digits = 2;
	char name[320]; /* the width is an octet */

	if (l->link.payload->cell(l->link.payload->arg, job, unit, &id, &digits) < 0)
		return;
	snprintf(name, sizeof(name), "%03u%0*u-%" PRIu32 "-%" PRIu64, id.mcc, digits, id.mnc, id.area, (uint64_t)id.cell);
	osmo_strlcpy(to, name, DEAD_TO);
}

/* before: the unit's octet at its last hand-over. */
static void tell(struct cbsp_link *l, const struct dispatch_job *job, uint32_t unit, uint8_t before, struct dead_letter letter)
{
	letter.unit = unit;
	letter.state = UNIT_STATE(dispatch_unit(job, unit));
	letter.tries = UNIT_ATTEMPT(before) + UNIT_FAILS(before);
	if (letter.state != UNIT_REFUSED && letter.state != UNIT_UNKNOWN)
		return;
	write_to(l, job, unit, letter.to);
	l->link.env->dead(&l->link, job->spec.id, &letter);
}

static void answer(struct cbsp_link *l, struct dispatch_job *job, uint32_t unit, enum outcome outcome,
		   const struct dead_letter *letter, uint64_t now_us)
{
	uint8_t before = dispatch_unit(job, unit);
	uint64_t unknown = job->sums.n[UNIT_UNKNOWN];

	dispatch_answer(l->link.dispatch, l->link.index, job, unit, outcome, now_us);
	l->link.count.unknown += job->sums.n[UNIT_UNKNOWN] > unknown;
	if (l->link.env->dead && outcome != OUT_ACCEPTED)
		tell(l, job, unit, before, *letter);
}

void link_cbsp_dead_answer(struct cbsp_link *l, const struct cbsp_batch *b, uint32_t i, enum outcome outcome, uint64_t now_us)
{
	struct dead_letter letter = {.why = DEAD_CAUSELESS, .class = '-'};
	uint16_t why = b->why[i];

	if (outcome == OUT_UNSENT || why == CBSP_WHY_SILENT) { /* unsent: an attempt before it is in doubt */
		letter.why = DEAD_SILENT;
	} else if (why <= UINT8_MAX) {
		letter.why = DEAD_CAUSE;
		letter.status = why;
		letter.class = outcome == OUT_TRANSIENT ? 'T' : 'P';
	} else if (why == CBSP_WHY_TEXTLESS) {
		letter.why = DEAD_TEXTLESS;
	}
	answer(l, b->job, b->unit[i], outcome, &letter, now_us);
}

void link_cbsp_dead_nameless(struct cbsp_link *l, struct dispatch_job *job, uint32_t unit, uint64_t now_us)
{
	struct dead_letter letter = {.why = DEAD_NAMELESS, .class = '-'};

	answer(l, job, unit, OUT_REFUSED, &letter, now_us);
}

/* Flights: units on their way through all PDUs of their job, and what becomes of them. */
#include "gateway/link_smpp_int.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

void smpp_send_init(struct link_smpp *l)
{
	const struct conf_link *cfg = l->link.cfg;
	uint32_t slots = smpp_window(l) * OSMO_MAX(cfg->binds, 1u);
	uint32_t group = smpp_by_cells(l) ? OSMO_MIN(cfg->burst ? cfg->burst : 1, SMPP_MULTI_MAX) : 1;

	OSMO_ASSERT(l->n_flights == 0);
	talloc_free(l->flights);
	l->slots = slots;
	l->group = group;
	l->flights = talloc_zero_array(l, struct flight, slots + 1);
	OSMO_ASSERT(l->flights);
	l->units = talloc_zero_array(l->flights, uint32_t, (slots + 1) * group);
	l->fates = talloc_zero_array(l->flights, uint8_t, (slots + 1) * group);
	l->whys = talloc_zero_array(l->flights, uint32_t, (slots + 1) * group);
	OSMO_ASSERT(l->units && l->fates && l->whys);
	for (uint32_t i = 0; i <= slots; i++) {
		l->flights[i].first = i * group;
		l->flights[i].next_free = i + 1;
	}
	l->free_flight = 0;
	/* The drafts follow the configuration, too. */
	for (size_t i = 0; i < CACHE_MAX; i++) {
		talloc_free(l->cache[i].drafts);
		l->cache[i] = (struct draft_set){0};
	}
}

struct draft_set *smpp_flight_drafts(struct link_smpp *l, const struct dispatch_job *job, bool centre)
{
	struct draft_set *best = NULL;
	const struct payload *payload;

	for (size_t i = 0; i < CACHE_MAX; i++) {
		struct draft_set *s = &l->cache[i];

		if (s->drafts && s->job == job->spec.id && s->centre == centre) {
			s->used = ++l->cache_used;
			return s;
		}
		if (s->flights == 0 && (!best || s->used < best->used))
			best = s;
	}
	payload = best ? l->link.payload->job(l->link.payload->arg, job, &l->link) : NULL;
	if (!payload || payload->n_texts == 0)
		return NULL;
	talloc_free(best->drafts);
	*best = (struct draft_set){.job = job->spec.id, .centre = centre, .used = ++l->cache_used};
	best->drafts = centre ? link_smpp_drafts_centre(l, l->link.cfg, payload)
			      : link_smpp_drafts(l, l->link.cfg, payload);
	return best->drafts ? best : NULL;
}

static enum outcome outcome_of(const struct link_smpp *l, const struct flight *f, uint32_t i)
{
	/* Some parts arrived, others will not: to try again repeats those, so an attempt it was. */
	bool touched = l->fates[f->first + i] & FATE_TOUCHED;

	switch (smpp_flight_fate(l, f, i)) {
	case FATE_OK:
		if (f->next == f->set->drafts->n && !f->stopped)
			return OUT_ACCEPTED;
		return touched ? OUT_LOST : OUT_UNSENT;
	case FATE_UNSENT:
		return touched ? OUT_LOST : OUT_UNSENT;
	case FATE_TRANSIENT:
		return touched ? OUT_LOST : OUT_TRANSIENT;
	case FATE_REFUSED:
		return OUT_REFUSED;
	case FATE_LOST:
		break;
	}
	return OUT_LOST;
}

static void write_to(struct link_smpp *l, const struct dispatch_job *job, uint32_t unit, char to[DEAD_TO])
{
	const struct payload_ops *p = l->link.payload;
	struct cell_id id;
	uint8_t digits;

	if (!smpp_by_cells(l)) {
		if (p->msisdn(p->arg, job, unit, to) < 0)
			to[0] = '\0';
	} else if (p->cell(p->arg, job, unit, &id, &digits) < 0 || link_smpp_cell_name(&id, digits, to) < 0) {
		to[0] = '\0';
	}
}

/* before: the unit's octet at its last hand-over. */
static void tell_dead(struct link_smpp *l, const struct dispatch_job *job, uint32_t unit, uint8_t before, uint32_t why)
{
	enum unit_state state = UNIT_STATE(dispatch_unit(job, unit));
	struct dead_letter letter = {.unit = unit,
				     .state = state,
				     .tries = UNIT_ATTEMPT(before) + UNIT_FAILS(before),
				     .class = '-'};

	if (state != UNIT_REFUSED && state != UNIT_UNKNOWN)
		return;
	if (why >= WHY_TEXTLESS) {
		letter.why = why == WHY_SILENT ? DEAD_SILENT : why == WHY_NAMELESS ? DEAD_NAMELESS : DEAD_TEXTLESS;
	} else {
		letter.why = DEAD_STATUS;
		letter.status = why;
		letter.class = smpp_class(l, why);
	}
	write_to(l, job, unit, letter.to);
	l->link.env->dead(&l->link, job->spec.id, &letter);
}

void smpp_flight_report(struct link_smpp *l, struct dispatch_job *job, uint32_t unit, enum outcome outcome,
			uint32_t why, uint64_t now_us)
{
	bool tell = l->link.env->dead && outcome != OUT_UNSENT;
	uint8_t before = tell ? dispatch_unit(job, unit) : 0;
	uint64_t unknown = job->sums.n[UNIT_UNKNOWN];

	dispatch_answer(l->link.dispatch, l->link.index, job, unit, outcome, now_us);
	l->link.count.unknown += job->sums.n[UNIT_UNKNOWN] > unknown;
	if (tell)
		tell_dead(l, job, unit, before, why);
}

void smpp_flight_tell_accepted(struct link_smpp *l, uint64_t now_us)
{
	if (l->n_accepted > 0)
		dispatch_accepted(l->link.dispatch, l->link.index, l->accepted_job, l->accepted, l->n_accepted, now_us);
	l->n_accepted = 0;
}

static void note_accepted(struct link_smpp *l, struct dispatch_job *job, uint32_t unit, uint64_t now_us)
{
	if (job != l->accepted_job || l->n_accepted == BATCH)
		smpp_flight_tell_accepted(l, now_us);
	l->accepted_job = job;
	l->accepted[l->n_accepted++] = unit;
}

void smpp_flight_finish(struct link_smpp *l, struct flight *f, uint64_t now_us)
{
	struct dispatch_job *job = f->job;

	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t unit = l->units[f->first + i];
		enum outcome outcome = outcome_of(l, f, i);

		if (outcome == OUT_ACCEPTED)
			note_accepted(l, job, unit, now_us);
		else
			smpp_flight_report(l, job, unit, outcome, l->whys[f->first + i], now_us);
	}
	if (f->leg->current == f)
		f->leg->current = NULL;
	f->set->flights--;
	f->job = NULL;
	f->next_free = l->free_flight;
	l->free_flight = f - l->flights;
	l->n_flights--;
}

/* Units of the flight that are still to be served. */
uint32_t smpp_flight_alive(const struct link_smpp *l, const struct flight *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		n += smpp_flight_fate(l, f, i) == FATE_OK;
	return n;
}

void smpp_flight_mark(struct link_smpp *l, struct flight *f, uint32_t i, enum fate fate, uint32_t why)
{
	uint8_t *now = &l->fates[f->first + i];

	if (fate <= smpp_flight_fate(l, f, i))
		return;
	*now = (*now & FATE_TOUCHED) | fate;
	l->whys[f->first + i] = why;
}

void smpp_flight_mark_all(struct link_smpp *l, struct flight *f, enum fate fate, uint32_t why)
{
	for (uint32_t i = 0; i < f->n; i++)
		smpp_flight_mark(l, f, i, fate, why);
	f->stopped = true;
}

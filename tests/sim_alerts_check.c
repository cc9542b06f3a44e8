/* The promises of SPEC 5-6, held against what went over the line and a plan of the test's own. */
#include "tests/sim_alerts_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define COPIES_MAX 3

/* Who a unit is, as the peer sees it: a number or a cell. */
static unsigned int key_of(struct world *w, const struct dispatch_job *job, uint32_t unit)
{
	const struct book_job *j = job->spec.owner;
	struct cell_id id;
	char msisdn[16];
	uint8_t digits;
	int key;

	if (book_group(j)->kind == GROUP_SUBSCRIBERS) {
		key = book_payload.msisdn(NULL, job, unit, msisdn) < 0 ? -1 : atoi(msisdn + 2);
		if (key >= 0 && key < PEOPLE)
			return key;
	} else if (book_payload.cell(NULL, job, unit, &id, &digits) == 0 && id.cell >= 1 && id.cell <= CELLS) {
		return PEOPLE + id.cell - 1;
	}
	world_fail(w, "%s: unit %u is nobody", j->alert->id, unit);
	return 0;
}

/* The ring that somebody belongs to; -1: none. */
static int ring_of(const struct world *w, const struct sim_alert *s, unsigned int key)
{
	double km = universe_km(w->u, s, key);

	if (km < 0)
		return -1;
	for (int r = 0; r < RINGS; r++)
		if (km * 1000 <= (r ? w->u->rings[r - 1].radius_km : s->radius_km) * 1000)
			return r;
	return -1;
}

void check_accepted(struct world *w, const struct alert *a)
{
	struct sim_alert *s = world_alert(w, a);

	if (s->known)
		return;
	s->known = true;
	s->id = talloc_strdup(w, a->id);
	w->report->alerts++;
}

void check_submit(struct world *w, struct sim_link *l, struct dispatch_job *job, uint32_t unit)
{
	const struct book_job *j = job->spec.owner;
	struct sim_alert *s = world_alert(w, j->alert);
	const struct payload *p = book_payload.job(NULL, job, &l->link);
	unsigned int key = key_of(w, job, unit);
	int ring = ring_of(w, s, key);

	w->report->submits++;
	world_note(w, 0xC0 + l->link.index, job->spec.id ^ unit);
	if (!p || p->n_texts != 1)
		world_fail(w, "%s: a job without a text", j->alert->id);
	else if (!p->found && s->cancelled)
		world_fail(w, "%s key %u: sent after the cancel", j->alert->id, key);
	else if (!p->found && w->t > s->expires + SLACK)
		world_fail(w, "%s key %u: sent after expiry", j->alert->id, key);
	else if (p->found && !s->cancelled)
		world_fail(w, "%s key %u: found text without a cancel", j->alert->id, key);
	else if (ring < 0)
		world_fail(w, "%s key %u: sent to who is in no circle of its map", j->alert->id, key);
	else if (w->t + SLACK < s->ring_due[ring])
		world_fail(w, "%s key %u: its ring %d is due in %.0f s", j->alert->id, key, ring,
			   (double)(s->ring_due[ring] - w->t) / 1e6);
	else if (p->found && !s->sent[key] && w->report->crashes + w->report->flaps == 0)
		world_fail(w, "%s key %u: found text to who never got the alert", j->alert->id, key);
	s->sent[key] = true;
}

void check_copy(struct world *w, struct sim_link *l, struct dispatch_job *job, uint32_t unit)
{
	const struct book_job *j = job->spec.owner;
	struct sim_alert *s = world_alert(w, j->alert);
	unsigned int key = key_of(w, job, unit), n;

	if (j->wording >= WORDINGS)
		return;
	n = ++s->copies[j->wording][key];
	w->report->copies++;
	if (key >= PEOPLE) /* a phone shows a broadcast once */
		return;
	if (n > 1) {
		w->report->repeats++;
		w->link[s->by[key]].repeats++;
	}
	s->by[key] = l->link.index;
	w->report->worst_person = OSMO_MAX(w->report->worst_person, n);
	if (n > COPIES_MAX)
		world_fail(w, "%s key %u: %u copies", j->alert->id, key, n);
}

static bool near(uint64_t a, int64_t b)
{
	int64_t d = (int64_t)a - b;

	return d < (int64_t)SLACK && d > -(int64_t)SLACK;
}

static void check_times(struct world *w, const struct sim_alert *s, const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		const struct job_spec *spec = &j->job->spec;

		if (a->wordings[j->wording].phase == PHASE_FOUND)
			continue;
		if (!near(s->expires, spec->expires_us + (int64_t)w->boot_at))
			world_fail(w, "%s: its expiry has moved by %.0f s", a->id,
				   (double)(spec->expires_us + (int64_t)w->boot_at - (int64_t)s->expires) / 1e6);
		if (j->wording == 0 && j->ring == 0 && !near(s->deadline, spec->deadline_us + (int64_t)w->boot_at))
			world_fail(w, "%s: its deadline has moved by %.0f s", a->id,
				   (double)(spec->deadline_us + (int64_t)w->boot_at - (int64_t)s->deadline) / 1e6);
	}
}

/* A ring that is due begins, where nothing holds it up. */
static void check_rings(struct world *w, const struct sim_alert *s, const struct alert *a)
{
	uint64_t held = OSMO_MAX(w->fail_until, w->slow_until);

	held = OSMO_MAX(held, w->start_at);
	for (size_t r = 1; r < a->n_rings && !s->cancelled && s->ring_due[r] + 2 * SLACK < s->expires; r++)
		if (!a->rings[r].since && w->t > OSMO_MAX(held, s->ring_due[r]) + 20 * SEC && w->t < s->expires)
			world_fail(w, "%s: its ring %zu has not begun", a->id, r);
}

void check_second(struct world *w)
{
	for (size_t i = 0; i < w->n_alerts; i++) {
		struct sim_alert *s = &w->alert[i];
		const struct alert *a = s->known && !s->ended ? book_find(w->book, s->id) : NULL;
		uint64_t end = s->cancelled ? s->cancelled + BOOK_FOUND_LIFETIME_S * SEC : s->expires;

		if (!s->known || s->ended)
			continue;
		if (!a) {
			s->ended = true;
			if (w->t + SLACK < end)
				world_fail(w, "%s: forgotten %.0f s before its end", s->id, (double)(end - w->t) / 1e6);
			continue;
		}
		if (a->maps->map.checksum != 900 + s->version)
			world_fail(w, "%s: planned with map %u, runs with %u", a->id, s->version,
				   (unsigned int)a->maps->map.checksum - 900);
		check_times(w, s, a);
		check_rings(w, s, a);
	}
}

static void check_unit(struct world *w, struct sim_alert *s, const struct book_job *j, uint32_t unit, unsigned int key)
{
	enum unit_state state = UNIT_STATE(dispatch_unit(j->job, unit));
	const char *id = j->alert->id;
	unsigned int copies = j->wording < WORDINGS ? s->copies[j->wording][key] : 1;

	w->report->unknown += state == UNIT_UNKNOWN;
	if (state == UNIT_WAITING || state == UNIT_HANDED)
		world_fail(w, "%s key %u: lost, %s at the end", id, key, unit_state_name(state));
	if (state == UNIT_ACCEPTED && copies == 0)
		world_fail(w, "%s key %u: accepted in the ledger only", id, key);
	if ((state == UNIT_WITHDRAWN || state == UNIT_EXPIRED) && copies > 0)
		world_fail(w, "%s key %u: %s, but the carrier has it", id, key, unit_state_name(state));
	if (state == UNIT_WITHDRAWN && !s->cancelled && !s->updated)
		world_fail(w, "%s key %u: withdrawn without a cancel", id, key);
	if (state == UNIT_EXPIRED && !s->cancelled && w->t + SLACK < s->expires)
		world_fail(w, "%s key %u: expired before its time", id, key);
	if (state == UNIT_UNKNOWN && w->report->crashes + w->report->flaps == 0)
		world_fail(w, "%s key %u: unknown without an event", id, key);
}

/* All that its rings begun should have, each once, and nobody else. */
static void check_planned(struct world *w, const struct sim_alert *s, const struct alert *a, const uint8_t *planned)
{
	for (unsigned int key = 0; key < KEYS; key++) {
		int ring = ring_of(w, s, key);
		bool ought = ring >= 0 && a->rings[ring].since;

		if (planned[key] != ought)
			world_fail(w, "%s key %u: planned %u times instead of %u", a->id, key, planned[key], ought);
	}
}

void check_ended(struct world *w, struct sim_alert *s, const struct alert *a)
{
	uint8_t planned[KEYS] = {0};
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		bool first = j->wording == a->rings[j->ring].wording;

		for (uint32_t u = 0; u < j->job->spec.n_units; u++) {
			unsigned int key = key_of(w, j->job, u);

			planned[key] += first;
			check_unit(w, s, j, u, key);
		}
	}
	check_planned(w, s, a, planned);
}

void check_end(struct world *w)
{
	for (size_t i = 0; i < w->n_alerts; i++)
		if (!w->alert[i].known)
			world_fail(w, "alert %zu was never accepted", i);
	for (unsigned int l = 0; l < LINKS; l++)
		if (w->link[l].repeats > w->link[l].events * w->link[l].window)
			world_fail(w, "link %u: %lu repeats by %lu events, window %u", l, (unsigned long)w->link[l].repeats,
				   (unsigned long)w->link[l].events, w->link[l].window);
}

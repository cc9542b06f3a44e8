/* An alert's jobs: one for each wording, ring and group of links. */
#include "gateway/book.h"

#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

const struct plan_group *book_group(const struct book_job *j)
{
	return &j->alert->rings[j->ring].plan->groups[j->group];
}

bool book_begun(const struct alert *a, size_t ring)
{
	return a->rings[ring].since && !a->rings[ring].pending;
}

/* Was (or may have been) the unit reached by an earlier wording? */
static bool reached(uint8_t octet)
{
	switch (UNIT_STATE(octet)) {
	case UNIT_ACCEPTED:
	case UNIT_UNKNOWN:
	case UNIT_HANDED:
		return true;
	case UNIT_REFUSED:
	case UNIT_EXCLUDED:
		return false;
	default:
		return UNIT_ATTEMPT(octet) > 0;
	}
}

/* What a new job follows on: the jobs of earlier wordings over the same units. */
struct earlier {
	const struct book_job **jobs;
	size_t n;
	bool onward; /* also those not served yet */
};

/* First octet of a unit in an update or found job. */
static uint8_t first_octet(void *arg, uint32_t unit, uint32_t *same)
{
	const struct earlier *e = arg;

	*same = UINT32_MAX;
	for (size_t i = 0; i < e->n; i++) {
		uint32_t n = dispatch_unit_same(e->jobs[i]->job, unit);

		*same = n < *same ? n : *same;
	}
	for (size_t i = 0; i < e->n; i++) {
		uint8_t o = dispatch_unit(e->jobs[i]->job, unit);

		if (reached(o) || (e->onward && UNIT_STATE(o) != UNIT_REFUSED && UNIT_STATE(o) != UNIT_EXCLUDED))
			return UNIT_OCTET(UNIT_WAITING, 0, 0);
	}
	return UNIT_OCTET(UNIT_EXCLUDED, 0, 0);
}

static void find_earlier(struct earlier *e, const struct book_job *of)
{
	const struct alert *a = of->alert;
	const struct book_job *j;

	*e = (struct earlier){.jobs = talloc_zero_array(of, const struct book_job *, a->n_wordings),
			      .onward = a->wordings[of->wording].phase == PHASE_UPDATE};
	OSMO_ASSERT(e->jobs);
	llist_for_each_entry(j, &a->jobs, entry)
		if (j->wording < of->wording && j->ring == of->ring && j->group == of->group)
			e->jobs[e->n++] = j;
}

static int64_t mono_at(int64_t wall, int64_t now, uint64_t now_us)
{
	return (int64_t)now_us + (wall - now) * 1000000;
}

/* The alert's deadline counts from its report; what comes later has as long from its own beginning. */
static int64_t deadline_of(const struct book_job *j)
{
	const struct alert *a = j->alert;
	const struct wording *w = &a->wordings[j->wording];

	if (w->phase == PHASE_ALERT && j->ring == 0)
		return a->deadline_at;
	return OSMO_MAX(w->since, a->rings[j->ring].since) + (a->deadline_at - a->reported_at);
}

int64_t wording_expires(const struct alert *a, const struct wording *w)
{
	return w->phase == PHASE_FOUND ? w->since + BOOK_FOUND_LIFETIME_S : a->expires_at;
}

/* Parts that a unit costs with this wording, on the link where it costs most. */
static uint32_t parts_of(const struct book_job *j)
{
	const struct plan_group *g = book_group(j);
	const struct wording *w = &j->alert->wordings[j->wording];
	struct payload *p = talloc_zero(j, struct payload);
	struct reasons none = {0};
	uint32_t parts = 1;

	OSMO_ASSERT(p);
	for (size_t l = 0; g->kind != GROUP_CBSP && l < g->n_links; l++)
		if (plan_payload(g->links[l], w->texts, w->n_texts, w->phase == PHASE_FOUND, p, &none, p) == 0)
			parts = OSMO_MAX(parts, plan_payload_parts(g->links[l], p));
	talloc_free(p);
	return parts;
}

static struct book_job *new_job(struct book *b, struct alert *a, size_t wording, size_t ring, size_t group)
{
	struct book_job *j = talloc_zero(a, struct book_job);
	const struct plan_group *g;

	OSMO_ASSERT(j && wording <= UINT8_MAX && ring <= UINT8_MAX && group <= UINT16_MAX);
	j->id = (uint64_t)a->number << 32 | (uint64_t)wording << 24 | (uint64_t)ring << 16 | group;
	j->alert = a;
	j->wording = wording;
	j->ring = ring;
	j->group = group;
	g = book_group(j);
	j->link_index = talloc_zero_array(j, uint16_t, g->n_links);
	j->payloads = talloc_zero_array(j, struct payload *, g->n_links);
	OSMO_ASSERT(j->link_index && j->payloads);
	for (size_t i = 0; i < g->n_links && !g->gone; i++)
		j->link_index[i] = b->link_index(b->arg, g->links[i]->name);
	return j;
}

/* Links that the gateway has not (any more) take no part; a group that has no other can send nothing. */
static void forget_links(struct book *b, struct plan *p)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		struct plan_group *g = &p->groups[i];
		size_t kept = 0;

		for (size_t l = 0; l < g->n_links && !g->gone; l++) {
			if (b->link_index(b->arg, g->links[l]->name) < 0)
				continue;
			g->links[kept] = g->links[l];
			g->shares[kept] = g->shares[l];
			g->link_parts[kept++] = g->link_parts[l];
		}
		if (kept > 0)
			g->n_links = kept;
		else if (g->n_links > 0)
			g->gone = true;
	}
}

static void add_job(struct book *b, struct alert *a, size_t wording, size_t ring, size_t group, uint64_t now_us, int64_t now,
		    book_chunks_cb chunks, void *arg)
{
	const struct wording *w = &a->wordings[wording];
	struct book_job *j = new_job(b, a, wording, ring, group);
	const struct plan_group *g = book_group(j);
	struct earlier e;
	struct job_spec spec = {.id = j->id, .n_units = g->n_units, .parts = parts_of(j), .n_links = g->n_links, .owner = j};

	spec.kind = g->kind == GROUP_CBSP || g->kind == GROUP_BROADCAST ? JOB_BROADCAST : JOB_SMS;
	spec.repeatable = g->kind == GROUP_CBSP;
	spec.deadline_us = mono_at(deadline_of(j), now, now_us);
	spec.expires_us = mono_at(wording_expires(a, w), now, now_us);
	spec.links = j->link_index;
	spec.shares = g->shares;
	if (g->gone) /* for its sums only; any link will do */
		spec.n_links = 1;
	find_earlier(&e, j);
	/* A ring's first wording is for all of it. */
	j->job = dispatch_add_job(b->dispatch, &spec, wording == a->rings[ring].wording ? NULL : first_octet, &e);
	talloc_free(e.jobs);
	llist_add_tail(&j->entry, &a->jobs);
	if (chunks)
		chunks(arg, j->job);
	if (g->gone)
		dispatch_withdraw(b->dispatch, j->job, UNIT_WITHDRAWN, now_us);
}

static void add_wording_of_ring(struct book *b, struct alert *a, size_t wording, size_t ring, uint64_t now_us, int64_t now,
				book_chunks_cb chunks, void *arg)
{
	struct plan *p = a->rings[ring].plan;

	if (!book_begun(a, ring) || wording < a->rings[ring].wording)
		return;
	forget_links(b, p);
	for (size_t g = 0; g < p->n_groups; g++)
		if (p->groups[g].n_units > 0 && (chunks || !p->groups[g].gone || wording == a->rings[ring].wording))
			add_job(b, a, wording, ring, g, now_us, now, chunks, arg);
}

void alert_add_jobs(struct book *b, struct alert *a, size_t wording, uint64_t now_us, int64_t now, book_chunks_cb chunks, void *arg)
{
	for (size_t r = 0; r < a->n_rings; r++)
		add_wording_of_ring(b, a, wording, r, now_us, now, chunks, arg);
}

void alert_add_ring(struct book *b, struct alert *a, size_t ring, uint64_t now_us, int64_t now)
{
	add_wording_of_ring(b, a, a->rings[ring].wording, ring, now_us, now, NULL, NULL);
}

void alert_stop_jobs(struct book *b, struct alert *a, uint64_t now_us)
{
	struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		dispatch_withdraw(b->dispatch, j->job, UNIT_WITHDRAWN, now_us);
}

bool alert_at_rest(const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (!dispatch_job_at_rest(j->job))
			return false;
	return true;
}

void book_sums(const struct alert *a, bool own_text, struct unit_sums *sums)
{
	const struct book_job *j;

	memset(sums, 0, sizeof(*sums));
	llist_for_each_entry(j, &a->jobs, entry)
		if ((a->wordings[j->wording].phase == PHASE_ALERT) == own_text)
			for (int s = 0; s < UNIT_STATES; s++)
				sums->n[s] += j->job->sums.n[s];
}

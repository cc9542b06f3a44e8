/* Between the ledger and the drivers: what is given out, what comes back, what is taken back. */
#include "gateway/dispatch_int.h"
#include <osmocom/core/utils.h>

#define RETRY_MAX_US UINT64_C(15000000)

/* The state of a waiting unit of a job that has ended: in doubt is not "not sent". */
static uint8_t ended(const struct job *j, unsigned int attempts)
{
	return attempts > 0 ? UNIT_UNKNOWN : j->end_as;
}

/* A unit that nobody got under its present attempt. */
static void untry(struct dispatch *d, struct job *j, uint32_t unit, uint8_t octet, uint64_t due_us)
{
	unsigned int attempts = UNIT_ATTEMPT(octet) - 1;

	if (!job_running(j)) {
		unit_set(d, j, unit, ended(j, attempts));
		return;
	}
	unit_set(d, j, unit, UNIT_OCTET(UNIT_WAITING, attempts, UNIT_FAILS(octet)));
	retry_push(j, unit, due_us);
}

static bool ring_give_back(struct dispatch *d, struct dlink *l, const struct handed *h,
			   const struct job *only, uint32_t chunk, uint64_t now_us)
{
	struct job *j = job_of(h->job);

	if ((only && j != only) || (chunk != ALL_CHUNKS && h->unit >> j->pub.chunk_shift != chunk))
		return false;
	untry(d, j, h->unit, dispatch_unit(h->job, h->unit), now_us);
	l->used -= j->pub.spec.parts;
	l->unsent -= j->pub.spec.parts;
	return true;
}

/* What was never sent frees its slot at once: it cannot be repeated. */
void give_back(struct dispatch *d, uint16_t link, struct job *job, uint32_t chunk, uint64_t now_us)
{
	struct dlink *l = &d->link[link];
	struct ring *r = &l->again, old = l->res;

	for (uint32_t i = r->head, end = r->tail, to = r->tail = r->head; i != end; i++)
		if (!ring_give_back(d, l, &r->v[i & r->mask], job, chunk, now_us)) {
			r->v[to++ & r->mask] = r->v[i & r->mask];
			r->tail = to;
		}
	r = &l->res;
	r->durable = r->taken = r->tail = r->head;
	for (uint32_t i = old.head; i != old.tail; i++) {
		if (ring_give_back(d, l, &r->v[i & r->mask], job, chunk, now_us))
			continue;
		r->v[r->tail++ & r->mask] = r->v[i & r->mask];
		r->durable += (int32_t)(old.durable - i) > 0;
		r->taken += (int32_t)(old.taken - i) > 0;
	}
}

void withdraw_chunk(struct dispatch *d, struct job *j, struct chunk *c)
{
	uint32_t first = c->no << j->pub.chunk_shift;

	if (c->n[UNIT_WAITING] == 0 || c->mark & MARK_ELSEWHERE)
		return;
	if (!c->unit && !c->runs) {
		sums_add(j, c, -1);
		chunk_fill(c, ended(j, UNIT_ATTEMPT(c->all)));
		sums_add(j, c, 1);
		mark_bulk(d, j, c);
		return;
	}
	mark_bulk(d, j, c);
	for (uint32_t i = 0; i < c->count; i++) {
		uint8_t octet = chunk_get(c, i);

		if (UNIT_STATE(octet) == UNIT_WAITING)
			unit_set(d, j, first + i, ended(j, UNIT_ATTEMPT(octet)));
	}
}

void dispatch_withdraw(struct dispatch *d, struct dispatch_job *job, enum unit_state as, uint64_t now_us)
{
	struct job *j = job_of(job);

	OSMO_ASSERT(as == UNIT_WITHDRAWN || as == UNIT_EXPIRED);
	if (job->state != JOB_RUNNING && job->state != JOB_DONE)
		return;
	job->state = as == UNIT_EXPIRED ? JOB_EXPIRED : JOB_WITHDRAWN;
	j->end_as = as;
	d->stopped = true;
	if (!(d->faults & FAULT_KEEP_RESERVED))
		for (size_t i = 0; i < job->spec.n_links; i++)
			give_back(d, job->spec.links[i], j, ALL_CHUNKS, now_us);
	for (uint32_t i = 0; i < job->n_chunks; i++)
		withdraw_chunk(d, j, &j->chunk[i]);
	for (size_t i = 0; i < job->spec.n_links; i++)
		j->jl[i].n_heap = 0;
}

/* The ring whose head is next, or NULL. Expires the job that would be next. */
static struct ring *next_ring(struct dispatch *d, struct dlink *l, uint64_t now_us)
{
	for (;;) {
		uint32_t end = d->faults & FAULT_HAND_EARLY ? l->res.tail : l->res.durable;
		struct ring *r = l->again.head != l->again.tail ? &l->again
				 : l->res.head != end           ? &l->res
								: NULL;
		struct dispatch_job *job;

		if (!r || !lease_lasts(d, now_us))
			return NULL;
		job = r->v[r->head & r->mask].job;
		if (job->state != JOB_RUNNING || (int64_t)now_us < job->spec.expires_us)
			return r;
		dispatch_withdraw(d, job, UNIT_EXPIRED, now_us);
		if (d->faults & FAULT_KEEP_RESERVED)
			return r;
	}
}

bool dispatch_peek(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	struct ring *r = next_ring(d, &d->link[link], now_us);

	if (r)
		*h = r->v[r->head & r->mask];
	return r != NULL;
}

bool dispatch_next(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	struct dlink *l = &d->link[link];
	struct ring *r = next_ring(d, l, now_us);

	if (!r)
		return false;
	*h = r->v[r->head++ & r->mask];
	l->unsent -= h->job->spec.parts;
	if (l->out++ == 0)
		l->progress_us = now_us;
	if (h->job->first_us == 0)
		h->job->first_us = now_us;
	return true;
}

size_t dispatch_next_many(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *first,
			  uint32_t *units, size_t max)
{
	struct handed h;
	size_t n = 0;

	while (n < max && dispatch_peek(d, link, now_us, &h) && (n == 0 || h.job == first->job)) {
		dispatch_next(d, link, now_us, &h);
		if (n == 0)
			*first = h;
		units[n++] = h.unit;
	}
	return n;
}

/* Given back by the driver unsent or refused for haste: the same attempt goes out again. False: it cannot. */
static bool hand_again(struct dlink *l, struct job *j, uint32_t unit)
{
	if (!job_running(j) || !l->up)
		return false;
	OSMO_ASSERT(l->again.tail - l->again.head <= l->again.mask);
	l->again.v[l->again.tail++ & l->again.mask] = (struct handed){.job = &j->pub, .unit = unit};
	l->unsent += j->pub.spec.parts;
	return true;
}

static void answer_transient(struct dispatch *d, const struct dlink *l, struct job *j, uint32_t unit,
			     uint8_t octet, uint64_t now_us)
{
	unsigned int fails = UNIT_FAILS(octet) + 1;
	uint64_t wait_us = UINT64_C(1000000) << (fails - 1);

	if (fails >= l->max_tries || fails > 7) {
		unit_set(d, j, unit, UNIT_REFUSED);
		return;
	}
	octet = UNIT_OCTET(UNIT_HANDED, UNIT_ATTEMPT(octet), fails);
	untry(d, j, unit, octet, now_us + (wait_us < RETRY_MAX_US ? wait_us : RETRY_MAX_US));
}

static void answer_lost(struct dispatch *d, struct job *j, uint32_t unit, uint8_t octet, uint64_t now_us)
{
	octet = job_running(j) ? doubted(j, octet) : UNIT_UNKNOWN;
	unit_set(d, j, unit, octet);
	if (octet != UNIT_UNKNOWN)
		retry_push(j, unit, now_us);
}

void dispatch_answer(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t unit,
		     enum outcome outcome, uint64_t now_us)
{
	struct dlink *l = &d->link[link];
	struct job *j = job_of(job);
	uint8_t octet = dispatch_unit(job, unit);

	/* A second answer changes nothing. */
	if (UNIT_STATE(octet) != UNIT_HANDED || l->out == 0)
		return;
	l->out--;
	l->progress_us = now_us;
	if ((outcome == OUT_UNSENT || outcome == OUT_THROTTLED) && hand_again(l, j, unit))
		return;
	l->used -= job->spec.parts;
	l->answered += job->spec.parts;
	job->last_us = now_us;
	switch (outcome) {
	case OUT_ACCEPTED:
		unit_set(d, j, unit, UNIT_ACCEPTED);
		break;
	case OUT_REFUSED:
		unit_set(d, j, unit, UNIT_REFUSED);
		break;
	case OUT_TRANSIENT:
		answer_transient(d, l, j, unit, octet, now_us);
		break;
	case OUT_LOST:
		answer_lost(d, j, unit, octet, now_us);
		break;
	case OUT_UNSENT:
	case OUT_THROTTLED:
		untry(d, j, unit, octet, now_us);
		break;
	}
}

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

/* Reservations that may be given out now: of the ring whose head is next. n 0: none. */
struct ready {
	struct ring *ring;
	uint32_t n;
};

static struct ready next_ready(const struct dispatch *d, struct dlink *l)
{
	uint32_t end = d->faults & FAULT_HAND_EARLY ? l->res.tail : l->res.durable;

	if (l->again.head != l->again.tail)
		return (struct ready){&l->again, l->again.tail - l->again.head};
	return (struct ready){&l->res, end - l->res.head};
}

/* Expires the job that would be next. */
static struct ready ready_now(struct dispatch *d, struct dlink *l, uint64_t now_us)
{
	struct ready r;

	while ((r = next_ready(d, l)).n > 0 && lease_lasts(d, now_us)) {
		struct dispatch_job *job = r.ring->v[r.ring->head & r.ring->mask].job;

		if (job->state != JOB_RUNNING || (int64_t)now_us < job->spec.expires_us)
			return r;
		dispatch_withdraw(d, job, UNIT_EXPIRED, now_us);
		if (d->faults & FAULT_KEEP_RESERVED)
			return r;
	}
	return (struct ready){NULL, 0};
}

bool dispatch_peek(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	struct ready r = ready_now(d, &d->link[link], now_us);

	if (r.n > 0)
		*h = r.ring->v[r.ring->head & r.ring->mask];
	return r.n > 0;
}

bool dispatch_next(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	uint32_t unit;

	return dispatch_next_many(d, link, now_us, h, &unit, 1) == 1;
}

/* Up to max units of the job from the head of r. */
static size_t take_run(struct ready r, const struct dispatch_job *job, uint32_t *units, size_t max)
{
	const struct handed *h;
	size_t n = 0;

	if (r.n == 0)
		return 0;
	while (n < r.n && n < max && (h = &r.ring->v[(r.ring->head + n) & r.ring->mask])->job == job)
		units[n++] = h->unit;
	r.ring->head += n;
	return n;
}

size_t dispatch_next_many(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *first,
			  uint32_t *units, size_t max)
{
	struct dlink *l = &d->link[link];
	struct dispatch_job *job;
	size_t n = 0, more;

	if (max == 0 || !dispatch_peek(d, link, now_us, first))
		return 0;
	job = first->job;
	while (n < max && (more = take_run(ready_now(d, l, now_us), job, units + n, max - n)) > 0)
		n += more;
	l->unsent -= n * job->spec.parts;
	if (l->out == 0)
		l->progress_us = now_us;
	l->out += n;
	if (job->first_us == 0)
		job->first_us = now_us;
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

/* Those of the units from the first on that are in its chunk. */
static size_t accept_run(struct dispatch *d, struct dlink *l, struct job *j, const uint32_t *units, size_t n,
			 uint64_t now_us)
{
	struct chunk *c = chunk_of(j, units[0]);
	uint8_t *octets = c->n[UNIT_HANDED] > 0 ? chunk_open(j, c) : NULL;
	uint32_t accepted = 0;
	size_t i = 0;

	for (; i < n && chunk_of(j, units[i]) == c; i++) {
		uint8_t *o = octets ? &octets[index_of(j, units[i])] : NULL;

		/* A second answer changes nothing. */
		if (!o || UNIT_STATE(*o) != UNIT_HANDED || accepted == l->out)
			continue;
		*o = UNIT_ACCEPTED;
		accepted++;
	}
	if (accepted == 0)
		return i;
	units_moved(d, j, c, UNIT_HANDED, UNIT_ACCEPTED, accepted);
	l->out -= accepted;
	l->used -= accepted * j->pub.spec.parts;
	l->answered += accepted * j->pub.spec.parts;
	l->progress_us = j->pub.last_us = now_us;
	return i;
}

void dispatch_accepted(struct dispatch *d, uint16_t link, struct dispatch_job *job, const uint32_t *units, size_t n,
		       uint64_t now_us)
{
	for (size_t i = 0; i < n;)
		i += accept_run(d, &d->link[link], job_of(job), units + i, n - i, now_us);
}

void dispatch_answer(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t unit,
		     enum outcome outcome, uint64_t now_us)
{
	struct dlink *l = &d->link[link];
	struct job *j = job_of(job);
	uint8_t octet = dispatch_unit(job, unit);

	if (outcome == OUT_ACCEPTED) {
		dispatch_accepted(d, link, job, &unit, 1, now_us);
		return;
	}
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
	if (outcome == OUT_REFUSED)
		unit_set(d, j, unit, UNIT_REFUSED);
	else if (outcome == OUT_TRANSIENT)
		answer_transient(d, l, j, unit, octet, now_us);
	else if (outcome == OUT_LOST)
		answer_lost(d, j, unit, octet, now_us);
	else
		untry(d, j, unit, octet, now_us);
}

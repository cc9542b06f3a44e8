/* Links, jobs and what is asked about them. */
#include "gateway/dispatch_int.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct dispatch *dispatch_new(void *ctx)
{
	struct dispatch *d = talloc_zero(ctx, struct dispatch);

	OSMO_ASSERT(d);
	d->lease.until_us = UINT64_MAX;
	return d;
}

void dispatch_break(struct dispatch *d, unsigned int faults)
{
	d->faults = faults;
}

void ring_grow(struct dispatch *d, struct ring *r, uint32_t min)
{
	uint32_t size = 16;
	struct handed *v;

	while (size < min)
		size *= 2;
	if (r->v && size <= r->mask + 1)
		return;
	v = talloc_array(d, struct handed, size);
	OSMO_ASSERT(v);
	for (uint32_t i = r->head; i != r->tail; i++)
		v[i & (size - 1)] = r->v[i & r->mask];
	talloc_free(r->v);
	r->v = v;
	r->mask = size - 1;
}

uint16_t dispatch_add_link(struct dispatch *d, const char *name, uint32_t window, double rate,
			   uint32_t max_tries)
{
	struct dlink *l;

	OSMO_ASSERT(d->n_links < UINT16_MAX);
	d->link = talloc_realloc(d, d->link, struct dlink, d->n_links + 1);
	OSMO_ASSERT(d->link);
	l = &d->link[d->n_links];
	*l = (struct dlink){.name = talloc_strdup(d, name), .max_tries = max_tries ? max_tries : 1};
	OSMO_ASSERT(l->name);
	dispatch_link_params(d, d->n_links, window, rate);
	return d->n_links++;
}

void dispatch_link_window(struct dispatch *d, uint16_t link, uint32_t window)
{
	struct dlink *l = &d->link[link];

	l->window = window < 1 ? 1 : window > WINDOW_MAX ? WINDOW_MAX : window;
	ring_grow(d, &l->res, l->window);
	ring_grow(d, &l->again, l->window);
}

void dispatch_link_params(struct dispatch *d, uint16_t link, uint32_t window, double rate)
{
	d->link[link].rate = rate > 0 ? rate : 0;
	dispatch_link_window(d, link, window);
}

void dispatch_link_up(struct dispatch *d, uint16_t link, bool up, uint64_t now_us)
{
	struct dlink *l = &d->link[link];

	if (l->up == up)
		return;
	l->up = up;
	l->progress_us = now_us;
	if (!up)
		give_back(d, link, NULL, ALL_CHUNKS, now_us);
}

void dispatch_link_suspect(struct dispatch *d, uint16_t link, bool suspect)
{
	d->link[link].suspect = suspect;
}

static bool more_urgent(const struct job_spec *a, const struct job_spec *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->deadline_us != b->deadline_us)
		return a->deadline_us < b->deadline_us;
	return a->id < b->id;
}

static void link_add_job(struct dispatch *d, struct dlink *l, struct jl *jl)
{
	size_t at = l->n_jl;

	l->jl = talloc_realloc(d, l->jl, struct jl *, l->n_jl + 1);
	OSMO_ASSERT(l->jl);
	while (at > 0 && more_urgent(&jl->job->pub.spec, &l->jl[at - 1]->job->pub.spec))
		at--;
	memmove(&l->jl[at + 1], &l->jl[at], (l->n_jl - at) * sizeof(*l->jl));
	l->jl[at] = jl;
	l->n_jl++;
}

/* The link whose share of i + 1 chunks exceeds most what it has; the first of equals. */
static uint16_t planned_owner(const struct job_spec *spec, const uint32_t *has, uint32_t i)
{
	double most = -1e300;
	uint16_t best = 0;

	for (size_t k = 0; k < spec->n_links; k++) {
		double share = spec->shares ? spec->shares[k] : 1.0 / (double)spec->n_links;
		double lacks = share * (i + 1.0) - has[k];

		if (lacks > most + 1e-9) {
			most = lacks;
			best = k;
		}
	}
	return best;
}

static void plan_chunks(struct job *j)
{
	const struct job_spec *spec = &j->pub.spec;
	uint32_t *has = talloc_zero_array(j, uint32_t, spec->n_links), size = 1u << j->pub.chunk_shift;

	OSMO_ASSERT(has);
	for (uint32_t i = 0; i < j->pub.n_chunks; i++) {
		uint32_t left = spec->n_units - (i << j->pub.chunk_shift);
		uint16_t owner = planned_owner(spec, has, i);

		has[owner]++;
		chunk_init(&j->chunk[i], i, left < size ? left : size, owner, UNIT_WAITING);
		sums_add(j, &j->chunk[i], 1);
		todo_insert(&j->jl[owner], i);
	}
	talloc_free(has);
}

static void set_chunk(struct dispatch *d, struct job *j, struct chunk *c, uint8_t octet)
{
	if (c->all == octet)
		return;
	sums_add(j, c, -1);
	chunk_fill(c, octet);
	sums_add(j, c, 1);
	mark_dirty(d, j, c);
}

/* Of millions of units most are in chunks that are all alike: nobody should wait for each of them. */
static void apply_initial(struct dispatch *d, struct job *j, dispatch_initial initial, void *arg)
{
	for (uint32_t unit = 0; unit < j->pub.spec.n_units; unit++) {
		struct chunk *c = chunk_of(j, unit);
		uint32_t same = 1;
		uint8_t octet = initial(arg, unit, &same);

		if (index_of(j, unit) == 0 && same >= c->count) {
			set_chunk(d, j, c, octet);
			unit += c->count - 1;
			continue;
		}
		if (chunk_get(c, index_of(j, unit)) != octet)
			unit_set(d, j, unit, octet);
		if (index_of(j, unit) == c->count - 1)
			chunk_pack(j, c);
	}
}

static void copy_spec(struct job *j, const struct job_spec *spec)
{
	struct job_spec *s = &j->pub.spec;

	*s = *spec;
	s->parts = spec->parts ? spec->parts : 1;
	s->links = talloc_memdup(j, spec->links, spec->n_links * sizeof(*spec->links));
	s->shares =
		spec->shares ? talloc_memdup(j, spec->shares, spec->n_links * sizeof(*spec->shares)) : NULL;
	OSMO_ASSERT(s->links && (s->shares || !spec->shares));
	j->pub.chunk_shift = SHIFT_MIN;
	while (j->pub.chunk_shift < SHIFT_MAX && spec->n_units >> j->pub.chunk_shift >= 128)
		j->pub.chunk_shift++;
	j->pub.n_chunks = (spec->n_units + ((uint64_t)1 << j->pub.chunk_shift) - 1) >> j->pub.chunk_shift;
}

struct dispatch_job *dispatch_add_job(struct dispatch *d, const struct job_spec *spec,
				      dispatch_initial initial, void *arg)
{
	struct job *j = talloc_zero(d, struct job);

	OSMO_ASSERT(j && spec->n_links > 0 && spec->n_links < UINT16_MAX);
	copy_spec(j, spec);
	j->end_as = UNIT_WITHDRAWN;
	j->pub.link_sums = talloc_zero_array(j, struct unit_sums, spec->n_links);
	j->chunk = talloc_zero_array(j, struct chunk, j->pub.n_chunks);
	j->jl = talloc_zero_array(j, struct jl, spec->n_links);
	d->job = talloc_realloc(d, d->job, struct job *, d->n_jobs + 1);
	OSMO_ASSERT(j->pub.link_sums && j->chunk && j->jl && d->job);
	d->job[d->n_jobs++] = j;
	for (size_t i = 0; i < spec->n_links; i++) {
		OSMO_ASSERT(spec->links[i] < d->n_links);
		j->jl[i] = (struct jl){.job = j, .link = spec->links[i], .pos = i};
		link_add_job(d, &d->link[spec->links[i]], &j->jl[i]);
	}
	plan_chunks(j);
	if (initial)
		apply_initial(d, j, initial, arg);
	return &j->pub;
}

struct dispatch_job *dispatch_job(struct dispatch *d, uint64_t id)
{
	for (size_t i = 0; i < d->n_jobs; i++)
		if (d->job[i]->pub.spec.id == id)
			return &d->job[i]->pub;
	return NULL;
}

void dispatch_each_job(struct dispatch *d, void (*cb)(void *arg, struct dispatch_job *job), void *arg)
{
	for (size_t i = 0; i < d->n_jobs; i++)
		cb(arg, &d->job[i]->pub);
}

bool dispatch_job_at_rest(const struct dispatch_job *job)
{
	return job->sums.n[UNIT_WAITING] == 0 && job->sums.n[UNIT_HANDED] == 0 && job_of(job)->unsettled == 0;
}

void chunk_list_forget(struct chunk_list *list, const struct job *j)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].job != j)
			list->v[kept++] = list->v[i];
	list->n = kept;
}

void dispatch_remove_job(struct dispatch *d, struct dispatch_job *job)
{
	struct job *j = job_of(job);
	size_t at = 0;

	OSMO_ASSERT(dispatch_job_at_rest(job));
	for (size_t i = 0; i < job->spec.n_links; i++) {
		struct dlink *l = &d->link[job->spec.links[i]];
		size_t kept = 0;

		for (size_t k = 0; k < l->n_jl; k++)
			if (l->jl[k]->job != j)
				l->jl[kept++] = l->jl[k];
		l->n_jl = kept;
	}
	/* What is no longer marked may still be listed. */
	chunk_list_forget(&d->dirty, j);
	chunk_list_forget(&d->bulk, j);
	lease_forget(d, j);
	while (d->job[at] != j)
		at++;
	d->job[at] = d->job[--d->n_jobs];
	talloc_free(j);
}

uint8_t dispatch_unit(const struct dispatch_job *job, uint32_t unit)
{
	const struct job *j = job_of(job);

	OSMO_ASSERT(unit < job->spec.n_units);
	return chunk_get(chunk_of(j, unit), index_of(j, unit));
}

uint32_t dispatch_unit_same(const struct dispatch_job *job, uint32_t unit)
{
	const struct job *j = job_of(job);
	const struct chunk *c = chunk_of(j, unit);

	return index_of(j, unit) == 0 && !c->unit && !c->runs ? c->count : 1;
}

uint16_t dispatch_unit_link(const struct dispatch_job *job, uint32_t unit)
{
	OSMO_ASSERT(unit < job->spec.n_units);
	return job->spec.links[chunk_of(job_of(job), unit)->owner];
}

uint32_t slots_held(const struct dlink *l)
{
	uint32_t held = l->used + l->answered + l->settling;

	for (uint32_t i = l->res.durable; i != l->res.tail; i++)
		held -= l->res.v[i & l->res.mask].job->spec.parts;
	return held;
}

uint32_t dispatch_window_used(const struct dispatch *d, uint16_t link)
{
	const struct dlink *l = &d->link[link];
	uint32_t held = slots_held(l);

	return held < l->window ? held : l->window;
}

uint64_t dispatch_link_waiting(const struct dispatch *d, uint16_t link)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < d->n_jobs; i++) {
		const struct dispatch_job *job = &d->job[i]->pub;

		for (size_t k = 0; k < job->spec.n_links; k++)
			if (job->spec.links[k] == link)
				sum += job->link_sums[k].n[UNIT_WAITING] + job->link_sums[k].n[UNIT_HANDED];
	}
	return sum;
}

static bool is_reserved(const struct ring *r, const struct job *j, uint32_t unit)
{
	for (uint32_t i = r->head; i != r->tail; i++)
		if (r->v[i & r->mask].job == &j->pub && r->v[i & r->mask].unit == unit)
			return true;
	return false;
}

size_t dispatch_accepted_many(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t from,
			      uint32_t *units, size_t max)
{
	const struct job *j = job_of(job);
	const struct dlink *l = &d->link[link];
	size_t n = 0;

	for (uint32_t unit = from; unit < job->spec.n_units && n < max; unit++) {
		const struct chunk *c = chunk_of(j, unit);
		enum unit_state s;

		if (job->spec.links[c->owner] != link ||
		    c->n[UNIT_ACCEPTED] + c->n[UNIT_UNKNOWN] + c->n[UNIT_HANDED] == 0) {
			unit |= (1u << job->chunk_shift) - 1;
			continue;
		}
		s = UNIT_STATE(chunk_get(c, index_of(j, unit)));
		if (s == UNIT_ACCEPTED || s == UNIT_UNKNOWN ||
		    (s == UNIT_HANDED && !is_reserved(&l->res, j, unit) && !is_reserved(&l->again, j, unit)))
			units[n++] = unit;
	}
	return n;
}

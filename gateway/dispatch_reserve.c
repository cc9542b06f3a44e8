/* Who sends what: reservation in order of urgency, retries, and chunks that change their owner. */
#include "gateway/dispatch_int.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* --- chunks to go through --- */

static uint32_t todo_find(const struct jl *jl, uint32_t no)
{
	uint32_t lo = jl->first + (jl->at > 0), hi = jl->n; /* the one that is being gone through stays the first */

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (jl->todo[mid] < no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void todo_insert(struct jl *jl, uint32_t no)
{
	uint32_t at;

	if (jl->n == jl->max) {
		jl->max = jl->max ? 2 * jl->max : 4;
		jl->todo = talloc_realloc(jl->job, jl->todo, uint32_t, jl->max);
		OSMO_ASSERT(jl->todo);
	}
	at = todo_find(jl, no);
	memmove(&jl->todo[at + 1], &jl->todo[at], (jl->n - at) * sizeof(*jl->todo));
	jl->todo[at] = no;
	jl->n++;
}

static void todo_pop(struct jl *jl)
{
	jl->first++;
	jl->at = 0;
}

void todo_remove(struct jl *jl, uint32_t no)
{
	uint32_t at = jl->first;

	while (at < jl->n && jl->todo[at] != no)
		at++;
	if (at == jl->n)
		return;
	if (at == jl->first) {
		todo_pop(jl);
		return;
	}
	memmove(&jl->todo[at], &jl->todo[at + 1], (jl->n - at - 1) * sizeof(*jl->todo));
	jl->n--;
}

static struct chunk *todo_chunk(const struct jl *jl)
{
	return jl->first < jl->n ? &jl->job->chunk[jl->todo[jl->first]] : NULL;
}

/* The next chunk of its own with something waiting, or NULL. */
static struct chunk *own_chunk(struct jl *jl)
{
	struct chunk *c;

	while ((c = todo_chunk(jl)) && c->n[UNIT_WAITING] == 0)
		todo_pop(jl);
	return c;
}

/* --- retries: a heap by time, then number --- */

static bool sooner(const struct retry *a, const struct retry *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->unit < b->unit;
}

static void heap_up(struct retry *v, uint32_t i)
{
	struct retry r = v[i];

	for (; i > 0 && sooner(&r, &v[(i - 1) / 2]); i = (i - 1) / 2)
		v[i] = v[(i - 1) / 2];
	v[i] = r;
}

static void heap_down(struct retry *v, uint32_t n, uint32_t i)
{
	struct retry r = v[i];

	for (uint32_t k; (k = 2 * i + 1) < n; i = k) {
		if (k + 1 < n && sooner(&v[k + 1], &v[k]))
			k++;
		if (!sooner(&v[k], &r))
			break;
		v[i] = v[k];
	}
	v[i] = r;
}

void retry_push(struct job *j, uint32_t unit, uint64_t due_us)
{
	struct jl *jl = &j->jl[chunk_of(j, unit)->owner];

	if (jl->n_heap == jl->max_heap) {
		jl->max_heap = jl->max_heap ? 2 * jl->max_heap : 16;
		jl->heap = talloc_realloc(j, jl->heap, struct retry, jl->max_heap);
		OSMO_ASSERT(jl->heap);
	}
	jl->heap[jl->n_heap] = (struct retry){.due_us = due_us, .unit = unit};
	heap_up(jl->heap, jl->n_heap++);
}

static void retry_pop(struct jl *jl)
{
	jl->heap[0] = jl->heap[--jl->n_heap];
	if (jl->n_heap)
		heap_down(jl->heap, jl->n_heap, 0);
}

/* Still waiting, and still this link's. */
static bool retry_valid(const struct jl *jl, uint32_t unit)
{
	const struct chunk *c = chunk_of(jl->job, unit);

	return c->owner == jl->pos && c->n[UNIT_WAITING] > 0 && !(c->mark & MARK_ELSEWHERE) &&
	       UNIT_STATE(chunk_get(c, index_of(jl->job, unit))) == UNIT_WAITING;
}

static void heap_clean(struct jl *jl)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < jl->n_heap; i++)
		if (retry_valid(jl, jl->heap[i].unit))
			jl->heap[kept++] = jl->heap[i];
	jl->n_heap = kept;
	for (uint32_t i = kept / 2; i-- > 0;)
		heap_down(jl->heap, kept, i);
}

/* --- chunks of siblings --- */

static bool is_stuck(const struct dlink *l, uint64_t now_us)
{
	return !l->up || (l->out > 0 && now_us > l->progress_us + STUCK_US);
}

static void take_over(struct dispatch *d, struct jl *from, struct jl *to, struct chunk *c)
{
	struct job *j = to->job;

	todo_remove(from, c->no);
	sums_add(j, c, -1);
	c->owner = to->pos;
	c->epoch++;
	sums_add(j, c, 1);
	mark_dirty(d, j, c);
	todo_insert(to, c->no);
}

/* The nearest chunk with something waiting, also where the cursor has passed; NULL: none. */
static struct chunk *nearest_chunk(struct jl *jl)
{
	struct chunk *best = own_chunk(jl);

	if (jl->n_heap)
		heap_clean(jl);
	for (uint32_t i = 0; i < jl->n_heap; i++) {
		struct chunk *c = chunk_of(jl->job, jl->heap[i].unit);

		if (!best || c->no < best->no)
			best = c;
	}
	return best;
}

/* The nearest that is not begun; NULL: none. */
static struct chunk *untouched_chunk(const struct jl *jl)
{
	for (uint32_t i = jl->first + (jl->at > 0); i < jl->n; i++)
		if (jl->job->chunk[jl->todo[i]].n[UNIT_WAITING] > 0)
			return &jl->job->chunk[jl->todo[i]];
	return NULL;
}

static bool has_sound_sibling(const struct dispatch *d, const struct jl *jl, uint64_t now_us)
{
	for (size_t i = 0; i < jl->job->pub.spec.n_links; i++) {
		const struct dlink *l = &d->link[jl->job->jl[i].link];

		if (&jl->job->jl[i] != jl && !l->suspect && !is_stuck(l, now_us))
			return true;
	}
	return false;
}

/* What a suspect link begins with: its last chunk becomes the first. The only one is left to the siblings. */
static struct chunk *farthest_chunk(struct jl *jl)
{
	uint32_t no;

	while (jl->n > jl->first && jl->job->chunk[jl->todo[jl->n - 1]].n[UNIT_WAITING] == 0)
		jl->n--;
	if (!own_chunk(jl) || jl->n - jl->first < 2)
		return NULL;
	no = jl->todo[jl->n - 1];
	memmove(&jl->todo[jl->first + 1], &jl->todo[jl->first], (jl->n - 1 - jl->first) * sizeof(*jl->todo));
	jl->todo[jl->first] = no;
	return &jl->job->chunk[no];
}

/* From siblings that do not work, or may not: what is nearer than all that jl has. */
static void take_from_stuck(struct dispatch *d, struct jl *jl, uint64_t now_us)
{
	struct job *j = jl->job;
	struct chunk *own = own_chunk(jl);

	for (size_t i = 0; i < j->pub.spec.n_links; i++) {
		struct jl *other = &j->jl[i];
		struct chunk *c;

		if (other == jl)
			continue;
		if (is_stuck(&d->link[other->link], now_us))
			c = nearest_chunk(other);
		else
			c = d->link[other->link].suspect ? untouched_chunk(other) : NULL;
		if (c && (!own || c->no < own->no)) {
			take_over(d, other, jl, c);
			own = c;
		}
	}
}

/* The last chunk of a working sibling that a thief of this rate may take; NULL: none. */
static struct chunk *spare_chunk(const struct dispatch *d, struct jl *other, double rate)
{
	const struct dlink *l = &d->link[other->link];
	struct chunk *c;
	uint32_t last;

	while (other->n > other->first + 1 &&
	       other->job->chunk[other->todo[other->n - 1]].n[UNIT_WAITING] == 0)
		other->n--;
	if (!own_chunk(other))
		return NULL;
	last = other->n - 1;
	c = &other->job->chunk[other->todo[last]];
	if (last > other->first || other->at == 0)
		return c;
	if (l->rate > 0 && (rate == 0 || rate >= 2 * l->rate) &&
	    (double)c->n[UNIT_WAITING] * other->job->pub.spec.parts > TAIL_S * l->rate)
		return c;
	return NULL;
}

/* With nothing left: from the working sibling that has most chunks to go. */
static void take_from_working(struct dispatch *d, struct jl *jl)
{
	struct job *j = jl->job;
	struct jl *most = NULL;
	struct chunk *best = NULL;

	for (size_t i = 0; i < j->pub.spec.n_links; i++) {
		struct jl *other = &j->jl[i];
		struct chunk *c;

		if (other == jl || other->first == other->n ||
		    (most && other->n - other->first <= most->n - most->first))
			continue;
		c = spare_chunk(d, other, d->link[jl->link].rate);
		if (c) {
			best = c;
			most = other;
		}
	}
	if (best)
		take_over(d, most, jl, best);
}

/* The chunk to go on with, from jl->at; NULL: nothing to do. */
static struct chunk *next_chunk(struct dispatch *d, struct jl *jl, uint64_t now_us)
{
	struct chunk *c = own_chunk(jl);

	if (jl->job->pub.spec.n_links == 1 || (c && jl->at > 0) || is_stuck(&d->link[jl->link], now_us))
		return c;
	if (d->link[jl->link].suspect && has_sound_sibling(d, jl, now_us))
		return farthest_chunk(jl);
	take_from_stuck(d, jl, now_us);
	if (!own_chunk(jl))
		take_from_working(d, jl);
	return own_chunk(jl);
}

/* --- reservation --- */

static uint32_t unsent_max(const struct dlink *l)
{
	if (l->rate == 0 || l->rate / 4 >= l->window)
		return l->window;
	return l->rate / 4 > 8 ? (uint32_t)(l->rate / 4) : 8;
}

/* What of all is left; with nothing used, all, and as much as it takes: what exceeds the window goes alone. */
static uint32_t left_of(uint32_t all, uint32_t used, uint32_t parts)
{
	if (used == 0)
		return OSMO_MAX(all, parts);
	return all > used ? all - used : 0;
}

/* Units of so many parts that may be reserved now. */
static uint32_t reservable(const struct dlink *l, uint32_t parts)
{
	uint32_t slots = left_of(l->window, l->used, parts), unsent = left_of(unsent_max(l), l->unsent, parts);

	return l->up ? OSMO_MIN(slots, unsent) / parts : 0;
}

bool can_reserve(const struct dlink *l, uint32_t parts)
{
	return reservable(l, parts) > 0;
}

static void reserve(struct dispatch *d, struct dlink *l, struct job *j, uint32_t unit, uint8_t *octet)
{
	unsigned int attempt = d->faults & FAULT_NO_ATTEMPTS ? 1 : UNIT_ATTEMPT(*octet) + 1;

	OSMO_ASSERT(attempt <= UNIT_ATTEMPTS && l->res.tail - l->res.head <= l->res.mask);
	*octet = UNIT_OCTET(UNIT_HANDED, attempt, UNIT_FAILS(*octet));
	l->res.v[l->res.tail++ & l->res.mask] = (struct handed){.job = &j->pub, .unit = unit};
}

static void reserved(struct dispatch *d, struct dlink *l, struct job *j, struct chunk *c, uint32_t n)
{
	if (n == 0)
		return;
	units_moved(d, j, c, UNIT_WAITING, UNIT_HANDED, n);
	l->used += n * j->pub.spec.parts;
	l->unsent += n * j->pub.spec.parts;
}

static void reserve_retries(struct dispatch *d, struct dlink *l, struct jl *jl, uint64_t now_us)
{
	while (jl->n_heap && jl->heap[0].due_us <= now_us && can_reserve(l, jl->job->pub.spec.parts)) {
		uint32_t unit = jl->heap[0].unit;

		if (retry_valid(jl, unit)) {
			struct chunk *c = chunk_of(jl->job, unit);

			reserve(d, l, jl->job, unit, &chunk_open(jl->job, c)[index_of(jl->job, unit)]);
			reserved(d, l, jl->job, c, 1);
		}
		retry_pop(jl);
	}
}

static void reserve_new(struct dispatch *d, struct dlink *l, struct jl *jl, uint64_t now_us)
{
	struct job *j = jl->job;
	struct chunk *c;
	uint32_t max;

	while (jl->n_heap < RETRIES_MAX && (max = reservable(l, j->pub.spec.parts)) > 0 &&
	       (c = next_chunk(d, jl, now_us))) {
		uint32_t first = c->no << j->pub.chunk_shift, n = 0;
		uint8_t *unit = chunk_open(j, c);

		for (; jl->at < c->count && n < max; jl->at++)
			if (UNIT_STATE(unit[jl->at]) == UNIT_WAITING) {
				reserve(d, l, j, first + jl->at, &unit[jl->at]);
				n++;
			}
		reserved(d, l, j, c, n);
		if (jl->at == c->count)
			todo_pop(jl);
	}
}

static void link_reserve(struct dispatch *d, struct dlink *l, uint64_t now_us)
{
	for (size_t i = 0; i < l->n_jl; i++) {
		struct jl *jl = l->jl[i];

		if (!can_reserve(l, jl->job->pub.spec.parts))
			return;
		reserve_retries(d, l, jl, now_us);
		reserve_new(d, l, jl, now_us);
	}
}

static void job_check(struct dispatch *d, struct job *j, uint64_t now_us)
{
	if (!job_running(j))
		return;
	if (j->pub.sums.n[UNIT_WAITING] + j->pub.sums.n[UNIT_HANDED] == 0) {
		j->pub.state = JOB_DONE;
		d->stopped = true;
	} else if ((int64_t)now_us >= j->pub.spec.expires_us) {
		dispatch_withdraw(d, &j->pub, UNIT_EXPIRED, now_us);
	}
}

/* Jobs that run no more need not be looked at. */
static void forget_stopped(struct dispatch *d)
{
	for (size_t i = 0; i < d->n_links; i++) {
		struct dlink *l = &d->link[i];
		size_t kept = 0;

		for (size_t k = 0; k < l->n_jl; k++)
			if (job_running(l->jl[k]->job))
				l->jl[kept++] = l->jl[k];
		l->n_jl = kept;
	}
	d->stopped = false;
}

void dispatch_run(struct dispatch *d, uint64_t now_us)
{
	d->lease.now_us = now_us;
	for (size_t i = 0; i < d->n_jobs; i++)
		job_check(d, d->job[i], now_us);
	if (d->stopped)
		forget_stopped(d);
	for (size_t i = 0; i < d->n_links; i++)
		link_reserve(d, &d->link[i], now_us);
}

uint64_t dispatch_next_us(const struct dispatch *d, uint64_t now_us)
{
	uint64_t next = lease_next_us(d, now_us);

	for (size_t i = 0; i < d->n_jobs; i++) {
		const struct job *j = d->job[i];
		int64_t at = j->pub.spec.expires_us;

		if (job_running(j) && at < INT64_MAX && (uint64_t)(at > 0 ? at : 0) < next)
			next = at > 0 ? at : 0;
	}
	for (size_t i = 0; i < d->n_links; i++) {
		const struct dlink *l = &d->link[i];

		for (size_t k = 0; k < l->n_jl; k++)
			if (l->jl[k]->n_heap && l->jl[k]->heap[0].due_us < next &&
			    job_running(l->jl[k]->job) && can_reserve(l, l->jl[k]->job->pub.spec.parts))
				next = l->jl[k]->heap[0].due_us;
	}
	return next;
}

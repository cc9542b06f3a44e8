#include "gateway/link_cbsp_sweep.h"
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define RETRY_US  (10 * 1000000ull) /* SPEC 5: within 15 s */
#define TRIES     30
#define ONLY_MAX  64 /* cells that a restart is filtered by; more: all */
#define PAGES_MAX 8  /* of units looked at in one go when a filter leaves nothing */

struct cbsp_sweep {
	struct llist_head entry;
	uint64_t job_id, due_us;
	bool kill, by_cell; /* a kill names all cells, and single ones only to a BSC that refuses that */
	bool drained, again, refused;
	unsigned int tries, under_way;
	uint32_t from; /* next unit */
	uint8_t n_texts, todo;
	uint16_t message_identifier[PAYLOAD_TEXTS], serial[PAYLOAD_TEXTS];
	struct cbsp_cell *only;
	uint32_t n_only; /* 0 = all */
};

static struct cbsp_sweep *find(struct cbsp_link *l, uint64_t job_id, bool kill)
{
	struct cbsp_sweep *s;

	llist_for_each_entry (s, &l->sweeps, entry)
		if (s->job_id == job_id && s->kill == kill)
			return s;
	return NULL;
}

static void begin(struct cbsp_sweep *s, uint64_t due_us)
{
	s->from = 0;
	s->drained = s->again = s->refused = false;
	s->due_us = due_us;
}

static struct cbsp_sweep *add(struct cbsp_link *l, uint64_t job_id, bool kill)
{
	struct cbsp_sweep *s = find(l, job_id, kill);

	if (!s) {
		s = talloc_zero(l, struct cbsp_sweep);
		OSMO_ASSERT(s);
		llist_add_tail(&s->entry, &l->sweeps);
		s->job_id = job_id;
		s->kill = kill;
	}
	return s;
}

static void drop(struct cbsp_sweep *s)
{
	llist_del(&s->entry);
	talloc_free(s);
}

static bool serves(const struct dispatch_job *job, uint16_t link)
{
	for (size_t i = 0; i < job->spec.n_links; i++)
		if (job->spec.links[i] == link)
			return true;
	return false;
}

/* Which cells to write again, while jobs are gone through. */
struct rewrite {
	struct cbsp_link *l;
	const struct cbsp_list *only;
	uint64_t now_us;
};

static void filter(struct cbsp_sweep *s, const struct cbsp_list *only)
{
	struct cbsp_list list;
	struct cbsp_entry e;

	if (!only || only->n == 0 || only->n > ONLY_MAX || only->scope == CBSP_ALL)
		return;
	list = *only;
	s->only = talloc_array(s, struct cbsp_cell, only->n);
	OSMO_ASSERT(s->only);
	while (cbsp_next(&list, &e))
		s->only[s->n_only++] = e.cell;
}

static bool was_killed(const struct cbsp_link *l, uint64_t job_id)
{
	for (size_t i = 0; i < l->n_killed; i++)
		if (l->killed[i] == job_id)
			return true;
	return false;
}

static void remember_killed(struct cbsp_link *l, uint64_t job_id)
{
	if (was_killed(l, job_id))
		return;
	l->killed = talloc_realloc(l, l->killed, uint64_t, l->n_killed + 1);
	OSMO_ASSERT(l->killed);
	l->killed[l->n_killed++] = job_id;
}

static void rewrite_job(void *arg, struct dispatch_job *job)
{
	struct rewrite *r = arg;
	bool fresh = !find(r->l, job->spec.id, false);
	struct cbsp_sweep *s;

	if (was_killed(r->l, job->spec.id) || job->spec.kind != JOB_BROADCAST ||
	    !serves(job, r->l->link.index) || !link_cbsp_work_live(job, r->now_us))
		return;
	s = add(r->l, job->spec.id, false);
	s->tries = 0;
	begin(s, r->now_us);
	s->n_only = 0; /* on top of one that is still going on: simply all */
	TALLOC_FREE(s->only);
	if (fresh)
		filter(s, r->only);
}

void link_cbsp_sweep_rewrite(struct cbsp_link *l, const struct cbsp_list *only, uint64_t now_us)
{
	struct rewrite r = {.l = l, .only = only, .now_us = now_us};

	dispatch_each_job(l->link.dispatch, rewrite_job, &r);
}

/* Into a filter; with too many of them there is none. */
static void filter_add(struct cbsp_sweep *s, const struct cbsp_cell *cell)
{
	if (s->n_only == ONLY_MAX) {
		s->n_only = 0;
		TALLOC_FREE(s->only);
		return;
	}
	s->only = talloc_realloc(s, s->only, struct cbsp_cell, s->n_only + 1);
	OSMO_ASSERT(s->only);
	s->only[s->n_only++] = *cell;
}

void link_cbsp_sweep_complete(struct cbsp_link *l, uint64_t job_id, const struct cbsp_cell *cell,
			      uint64_t now_us)
{
	struct cbsp_sweep *s = find(l, job_id, false);

	if (was_killed(l, job_id))
		return;
	if (!s) {
		s = add(l, job_id, false);
		begin(s, now_us + RETRY_US);
		filter_add(s, cell);
		return;
	}
	if (s->n_only > 0)
		filter_add(s, cell);
	/* One that is waiting will come by; one that is going on may have passed it. */
	s->again |= s->from > 0 || s->under_way > 0;
}

static void give_up_writing(struct cbsp_link *l, uint64_t job_id)
{
	struct cbsp_sweep *s = find(l, job_id, false);

	for (uint32_t i = 0; i < l->n_batches; i++)
		if (l->batch[i].kind != BATCH_FREE && l->batch[i].kind != BATCH_KILL && !l->batch[i].late &&
		    l->batch[i].job_id == job_id)
			l->batch[i].abandoned = true;
	if (s)
		s->drained = true;
	if (s && s->under_way == 0)
		drop(s);
}

int link_cbsp_sweep_kill(struct cbsp_link *l, struct dispatch_job *job)
{
	const struct payload *p = l->link.payload->job(l->link.payload->arg, job, &l->link);
	struct cbsp_batch keys = {0};
	struct cbsp_sweep *s;

	remember_killed(l, job->spec.id);
	if (!p)
		return -EINVAL;
	if (!l->up)
		return 0;
	give_up_writing(l, job->spec.id);
	link_cbsp_batch_keys(&keys, p);
	s = add(l, job->spec.id, true);
	s->n_texts = keys.n_texts;
	s->todo = keys.todo;
	for (unsigned int t = 0; t < keys.n_texts; t++) {
		s->message_identifier[t] = keys.message_identifier[t];
		s->serial[t] = keys.serial[t];
	}
	begin(s, 0);
	return 0;
}

bool link_cbsp_sweep_killing(const struct cbsp_link *l)
{
	const struct cbsp_sweep *s;

	llist_for_each_entry (s, &l->sweeps, entry)
		if (s->kill)
			return true;
	return false;
}

bool link_cbsp_sweep_pending(struct cbsp_link *l, uint64_t job_id, uint64_t now_us)
{
	const struct cbsp_sweep *s = find(l, job_id, false);

	return s && !s->drained && s->due_us <= now_us;
}

static bool wanted(const struct cbsp_sweep *s, const struct cbsp_cell *cell)
{
	for (uint32_t i = 0; i < s->n_only; i++)
		if (cbsp_covers(&s->only[i], cell))
			return true;
	return s->n_only == 0;
}

static void keep_wanted(const struct cbsp_sweep *s, struct cbsp_batch *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		if (!wanted(s, &b->cell[i]))
			continue;
		b->unit[kept] = b->unit[i];
		b->cell[kept++] = b->cell[i];
	}
	b->n = kept;
}

/* A KILL by cells is for all that ever may have taken a text, whatever became of them. */
static size_t next_units(struct cbsp_link *l, const struct cbsp_sweep *s, struct dispatch_job *job,
			 uint32_t *units)
{
	size_t n = 0;

	if (!s->kill)
		return dispatch_accepted_many(l->link.dispatch, l->link.index, job, s->from, units,
					      l->cells_per_request);
	for (uint32_t u = s->from; u < job->spec.n_units && n < l->cells_per_request; u++)
		if (dispatch_unit_link(job, u) == l->link.index)
			units[n++] = u;
	return n;
}

/* The next units of the sweep into the batch; false when it has no more. */
static bool take_units(struct cbsp_link *l, struct cbsp_sweep *s, struct cbsp_batch *b,
		       struct dispatch_job *job, uint64_t now_us)
{
	for (unsigned int page = 0; page < PAGES_MAX; page++) {
		b->n = next_units(l, s, job, b->unit);
		if (b->n == 0) {
			s->drained = true;
			return false;
		}
		s->from = b->unit[b->n - 1] + 1;
		link_cbsp_work_cells(l, b, job, now_us);
		keep_wanted(s, b);
		if (b->n > 0)
			return true;
	}
	s->due_us = now_us + 1000; /* let others have their turn */
	return false;
}

/* A kill of all cells is one batch; everything else goes by units. */
static bool fill(struct cbsp_link *l, struct cbsp_sweep *s, struct cbsp_batch *b, uint64_t now_us)
{
	struct dispatch_job *job = dispatch_job(l->link.dispatch, s->job_id);
	const struct payload *p;

	if (s->kill) {
		b->n_texts = s->n_texts;
		b->todo = s->todo;
		for (unsigned int t = 0; t < s->n_texts; t++) {
			b->message_identifier[t] = s->message_identifier[t];
			b->serial[t] = s->serial[t];
		}
		if (link_cbsp_work_sendable(l, b) < 0 && b->todo != 0)
			return false;
		if (!s->by_cell) {
			s->drained = true;
			b->answer[0] = ANSWER_NOT_ASKED;
			b->result[0] = RESULT_OK;
			return b->todo != 0;
		}
	}
	p = job && (s->kill || link_cbsp_work_live(job, now_us))
		    ? l->link.payload->job(l->link.payload->arg, job, &l->link)
		    : NULL;
	if (!p) {
		s->drained = true;
		return false;
	}
	if (!s->kill)
		link_cbsp_batch_keys(b, p);
	if (b->todo == 0)
		s->drained = true;
	if (link_cbsp_work_sendable(l, b) < 0)
		return false;
	return take_units(l, s, b, job, now_us);
}

/* A sweep with nothing left: done, or once more. */
static void finish(struct cbsp_link *l, struct cbsp_sweep *s, uint64_t now_us)
{
	if (!s->drained || s->under_way > 0)
		return;
	if (s->again && s->tries++ < TRIES) {
		begin(s, now_us + RETRY_US);
		return;
	}
	if (s->kill && s->refused && !s->by_cell) {
		s->by_cell = true;
		begin(s, now_us);
		return;
	}
	if (s->again || s->refused)
		link_cbsp_tell(l, "job %llu: some cells could not be %s", (unsigned long long)s->job_id,
			       s->kill ? "killed" : "written again");
	drop(s);
}

static bool start(struct cbsp_link *l, struct cbsp_sweep *s, uint64_t now_us)
{
	struct cbsp_batch *b = link_cbsp_work_free(l);

	if (!b)
		return false;
	b->job_id = s->job_id;
	if (!fill(l, s, b, now_us)) {
		finish(l, s, now_us);
		return false;
	}
	b->kind = s->kill ? BATCH_KILL : BATCH_REWRITE;
	b->sweep = s;
	s->under_way++;
	return true;
}

bool link_cbsp_sweep_start(struct cbsp_link *l, bool kills, uint64_t now_us)
{
	struct cbsp_sweep *s, *next;

	llist_for_each_entry_safe (s, next, &l->sweeps, entry)
		if (s->kill == kills && !s->drained && s->due_us <= now_us && start(l, s, now_us))
			return true;
	return false;
}

void link_cbsp_sweep_ended(struct cbsp_link *l, struct cbsp_batch *b, uint64_t now_us)
{
	struct cbsp_sweep *s = b->sweep;

	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++) {
		s->again |= b->result[i] == RESULT_TRANSIENT || b->result[i] == RESULT_LOST;
		s->refused |= b->result[i] == RESULT_REFUSED;
	}
	s->under_way--;
	finish(l, s, now_us);
}

void link_cbsp_sweep_forget(struct cbsp_link *l)
{
	struct cbsp_sweep *s, *next;

	llist_for_each_entry_safe (s, next, &l->sweeps, entry)
		drop(s);
}

uint64_t link_cbsp_sweep_next_us(const struct cbsp_link *l, uint64_t now_us)
{
	const struct cbsp_sweep *s;
	uint64_t next = UINT64_MAX;

	llist_for_each_entry (s, &l->sweeps, entry)
		if (!s->drained && s->due_us > now_us)
			next = OSMO_MIN(next, s->due_us);
	return next;
}

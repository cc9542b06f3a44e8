#include "gateway/dispatch_lease.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/dispatch_int.h"
#include "gateway/store_lease.h"

void dispatch_share(struct dispatch *d, const char *owner, uint64_t length_us, int64_t ahead_us)
{
	struct leases *l = &d->lease;

	OSMO_ASSERT(*owner && strlen(owner) < sizeof(l->owner) && d->n_jobs == 0);
	strcpy(l->owner, owner);
	l->length_us = length_us;
	l->ahead_us = ahead_us;
}

bool dispatch_deposed(const struct dispatch *d)
{
	return d->lease.deposed;
}

/* --- into batches --- */

static void row_key(char key[STORE_LEASE_ROW], const struct job *j, const struct chunk *c)
{
	char chunk[DISPATCH_KEY_LEN];

	dispatch_key(chunk, j->pub.spec.id, c->no);
	OSMO_ASSERT(store_lease_key(key, chunk) == 0);
}

static void put_row(struct dispatch *d, struct store_batch *b, const struct job *j, const struct chunk *c)
{
	struct leases *l = &d->lease;
	struct store_lease row = {.owner = l->owner, .now_us = (int64_t)l->now_us + l->ahead_us, .epoch = c->epoch};
	char key[STORE_LEASE_ROW], text[STORE_LEASE_ROW];
	int rc;

	row.until_us = row.now_us + (int64_t)l->length_us;
	l->batch_until_us = l->now_us + l->length_us;
	rc = store_lease_row(&row, text);
	OSMO_ASSERT(rc == 0);
	row_key(key, j, c);
	store_batch_add(b, STORE_META, key, text, strlen(text), 0);
}

static void unhold(struct dispatch *d, struct chunk *c)
{
	if (c->mark & MARK_HELD)
		d->lease.n_held--;
	c->mark &= ~MARK_HELD;
}

static void hold(struct dispatch *d, struct job *j, struct chunk *c)
{
	d->lease.n_held++;
	if (!(c->mark & MARK_LISTED))
		chunk_list_add(d, &d->lease.held, j, c->no);
	c->mark |= MARK_HELD | MARK_LISTED;
}

/* With nothing handed over it is given up by the same batch, under a new epoch: who read the record before cannot take it. */
void lease_claim(struct dispatch *d, struct store_batch *b, struct job *j, struct chunk *c)
{
	if (!d->lease.owner[0])
		return;
	if (!(c->mark & MARK_HELD)) {
		c->epoch++; /* above that of whoever had it before */
		put_row(d, b, j, c);
		hold(d, j, c);
		c->mark |= MARK_CLAIMED;
	}
	if (c->n[UNIT_HANDED] == 0) {
		c->epoch++;
		c->mark |= MARK_RELEASED;
	}
}

void lease_release(struct store_batch *b, const struct job *j, const struct chunk *c)
{
	char key[STORE_LEASE_ROW];

	if (!(c->mark & MARK_RELEASED))
		return;
	row_key(key, j, c);
	store_batch_add(b, STORE_META, key, NULL, 0, 0);
}

static uint64_t renew_us(const struct leases *l)
{
	return l->n_held == 0 || l->until_us == UINT64_MAX ? UINT64_MAX : l->until_us - l->length_us / 3 * 2;
}

bool lease_due(const struct dispatch *d, uint64_t now_us)
{
	return now_us >= renew_us(&d->lease);
}

void lease_renew(struct dispatch *d, struct store_batch *b)
{
	struct chunk_list *held = &d->lease.held;
	size_t kept = 0;

	if (!lease_due(d, d->lease.now_us))
		return;
	d->lease.renewing = true;
	for (size_t i = 0; i < held->n; i++) {
		struct chunk_ref at = held->v[i];
		struct chunk *c = &at.job->chunk[at.no];

		if (!(c->mark & MARK_HELD)) {
			c->mark &= ~MARK_LISTED;
			continue;
		}
		put_row(d, b, at.job, c);
		held->v[kept++] = at;
	}
	held->n = kept;
}

/* --- what another may have --- */

static void look_at(struct dispatch *d, struct job *j, uint32_t no, uint64_t due_us)
{
	struct leases *l = &d->lease;

	for (size_t i = 0; i < l->n_look; i++)
		if (l->look[i].at.job == j && l->look[i].at.no == no)
			return;
	if (l->n_look == l->max_look) {
		l->max_look = l->max_look ? 2 * l->max_look : 16;
		l->look = talloc_realloc(d, l->look, struct elsewhere, l->max_look);
		OSMO_ASSERT(l->look);
	}
	l->look[l->n_look++] = (struct elsewhere){.at = {j, no}, .due_us = due_us};
}

/* What it has reserved in it was never durable. */
static void set_aside(struct dispatch *d, struct job *j, struct chunk *c, uint64_t now_us)
{
	for (size_t i = 0; i < j->pub.spec.n_links; i++)
		give_back(d, j->pub.spec.links[i], j, c->no, now_us);
	unmark(j, c);
	todo_remove(&j->jl[c->owner], c->no);
	c->mark |= MARK_ELSEWHERE;
}

void lease_settle(struct dispatch *d, int rc, uint64_t now_us)
{
	struct leases *l = &d->lease;
	bool refused = rc == -EBUSY || rc == -ESTALE;

	if (!l->owner[0])
		return;
	if (rc == 0 && (l->renewing || l->until_us == UINT64_MAX))
		l->until_us = l->batch_until_us;
	for (size_t i = 0; i < d->writing.n; i++) {
		struct job *j = d->writing.v[i].job;
		struct chunk *c = &j->chunk[d->writing.v[i].no];

		if (c->mark & (rc < 0 ? MARK_CLAIMED : MARK_RELEASED)) /* the next try claims it anew */
			unhold(d, c);
		if (refused && c->mark & MARK_CLAIMED)
			set_aside(d, j, c, now_us);
		if (refused)
			look_at(d, j, c->no, now_us);
		c->mark &= ~(MARK_CLAIMED | MARK_RELEASED);
	}
	for (size_t i = 0; refused && l->renewing && i < l->held.n; i++)
		if (l->held.v[i].job->chunk[l->held.v[i].no].mark & MARK_HELD)
			look_at(d, l->held.v[i].job, l->held.v[i].no, now_us);
	if (l->n_held == 0)
		l->until_us = UINT64_MAX;
	l->renewing = false;
}

bool dispatch_look(const struct dispatch *d, uint64_t now_us, char key[DISPATCH_KEY_LEN], struct store_lease *lease)
{
	const struct leases *l = &d->lease;
	int64_t now = (int64_t)now_us + l->ahead_us;

	for (size_t i = 0; !d->batch && !l->deposed && i < l->n_look; i++) {
		if (l->look[i].due_us > now_us)
			continue;
		dispatch_key(key, l->look[i].at.job->pub.spec.id, l->look[i].at.no);
		*lease = (struct store_lease){.key = key, .owner = l->owner, .now_us = now, .until_us = now + (int64_t)l->length_us};
		return true;
	}
	return false;
}

static bool look_take(struct dispatch *d, const char *key, struct chunk_ref *at)
{
	struct leases *l = &d->lease;
	char mine[DISPATCH_KEY_LEN];

	for (size_t i = 0; i < l->n_look; i++) {
		dispatch_key(mine, l->look[i].at.job->pub.spec.id, l->look[i].at.no);
		if (strcmp(mine, key))
			continue;
		*at = l->look[i].at;
		l->look[i] = l->look[--l->n_look];
		return true;
	}
	return false;
}

/* The record as it is; when it is ours now, what was with a link when its owner went is in doubt. */
static int take_record(struct dispatch *d, struct job *j, struct chunk *c, const void *blob, size_t len, bool ours)
{
	int rc = 0;

	sums_add(j, c, -1);
	if (blob)
		rc = chunk_decode(j, c, blob, len);
	if (c->owner >= j->pub.spec.n_links)
		c->owner = 0;
	if (rc == 0 && ours)
		reopen(d, j, c);
	sums_add(j, c, 1);
	return rc;
}

/* It was another's: to be gone on with, and, should there be nothing to do, given up by the next commit. */
static void take_up(struct dispatch *d, struct job *j, struct chunk *c, uint32_t epoch, uint64_t now_us)
{
	struct leases *l = &d->lease;

	hold(d, j, c);
	c->epoch = epoch;
	c->mark &= ~MARK_ELSEWHERE;
	l->until_us = OSMO_MIN(l->until_us, now_us + l->length_us);
	mark_dirty(d, j, c);
	if (!job_running(j))
		withdraw_chunk(d, j, c);
	else if (c->n[UNIT_WAITING] > 0)
		todo_insert(&j->jl[c->owner], c->no);
}

int dispatch_looked(struct dispatch *d, const struct store_lease *lease, int rc, const void *blob, size_t len, uint64_t now_us)
{
	struct leases *l = &d->lease;
	struct chunk_ref at;
	struct chunk *c;
	int bad;

	if (!look_take(d, lease->key, &at))
		return -ENOENT;
	c = &at.job->chunk[at.no];
	if (c->mark & MARK_HELD) {
		l->deposed |= rc == -EBUSY || (rc == 0 && lease->epoch > c->epoch);
		return 0;
	}
	if (!(c->mark & MARK_ELSEWHERE))
		set_aside(d, at.job, c, now_us);
	bad = take_record(d, at.job, c, blob, len, rc == 0);
	if (rc == 0 && bad == 0)
		take_up(d, at.job, c, lease->epoch, now_us);
	else
		look_at(d, at.job, at.no, now_us + l->length_us / 4);
	return bad;
}

/* What is due already waits for a batch: to be made, or to end. */
uint64_t lease_next_us(const struct dispatch *d, uint64_t now_us)
{
	const struct leases *l = &d->lease;
	uint64_t next = renew_us(l);

	if (next <= now_us)
		next = UINT64_MAX;
	for (size_t i = 0; i < l->n_look; i++)
		if (l->look[i].due_us > now_us)
			next = OSMO_MIN(next, l->look[i].due_us);
	return next;
}

void lease_forget(struct dispatch *d, const struct job *j)
{
	struct leases *l = &d->lease;
	size_t kept = 0;

	chunk_list_forget(&l->held, j);
	for (size_t i = 0; i < l->n_look; i++)
		if (l->look[i].at.job != j)
			l->look[kept++] = l->look[i];
	l->n_look = kept;
}

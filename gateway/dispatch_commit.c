/* What must be written, and what is durable when it is. */
#include "gateway/dispatch_int.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define GATHER_US           5000
#define GATHER_UNLIMITED_US 1000

void chunk_list_add(struct dispatch *d, struct chunk_list *list, struct job *j, uint32_t no)
{
	if (list->n == list->max) {
		list->max = list->max ? 2 * list->max : 64;
		list->v = talloc_realloc(d, list->v, struct chunk_ref, list->max);
		OSMO_ASSERT(list->v);
	}
	list->v[list->n++] = (struct chunk_ref){.job = j, .no = no};
}

static void mark(struct dispatch *d, struct job *j, struct chunk *c, enum chunk_mark m,
		 struct chunk_list *list)
{
	if (c->mark & m)
		return;
	if (!(c->mark & (MARK_DIRTY | MARK_BULK)))
		j->unsettled++;
	c->mark |= m;
	chunk_list_add(d, list, j, c->no);
}

void mark_dirty(struct dispatch *d, struct job *j, struct chunk *c)
{
	mark(d, j, c, MARK_DIRTY, &d->dirty);
}

void mark_bulk(struct dispatch *d, struct job *j, struct chunk *c)
{
	if (!(c->mark & MARK_DIRTY))
		mark(d, j, c, MARK_BULK, &d->bulk);
}

void unmark(struct job *j, struct chunk *c)
{
	if (c->mark & (MARK_DIRTY | MARK_BULK))
		j->unsettled--;
	c->mark &= ~(MARK_DIRTY | MARK_BULK);
}

void sums_add(struct job *j, const struct chunk *c, int sign)
{
	for (unsigned int s = 0; s < UNIT_STATES; s++) {
		j->pub.sums.n[s] += sign * (int)c->n[s];
		j->pub.link_sums[c->owner].n[s] += sign * (int)c->n[s];
	}
}

void units_moved(struct dispatch *d, struct job *j, struct chunk *c, enum unit_state from, enum unit_state to, uint32_t n)
{
	struct unit_sums *of_link = &j->pub.link_sums[c->owner];

	c->n[from] -= n;
	c->n[to] += n;
	of_link->n[from] -= n;
	of_link->n[to] += n;
	j->pub.sums.n[from] -= n;
	j->pub.sums.n[to] += n;
	if (!(d->faults & FAULT_LAZY_ANSWERS) || to != UNIT_ACCEPTED)
		mark_dirty(d, j, c);
}

void unit_set(struct dispatch *d, struct job *j, uint32_t unit, uint8_t octet)
{
	struct chunk *c = chunk_of(j, unit);
	uint8_t *o = &chunk_open(j, c)[index_of(j, unit)];
	enum unit_state from = UNIT_STATE(*o);

	*o = octet;
	units_moved(d, j, c, from, UNIT_STATE(octet), 1);
}

static char *put_hex(char *p, uint64_t v, int digits)
{
	while (digits-- > 0)
		*p++ = "0123456789abcdef"[v >> (4 * digits) & 15];
	return p;
}

void dispatch_key(char key[DISPATCH_KEY_LEN], uint64_t job, uint32_t no)
{
	char *p = put_hex(key, job, 16);

	*p++ = '/';
	*put_hex(p, no, 8) = '\0';
}

/* Lower-case hexadecimal digits, exactly so many. */
static int read_hex(const char *p, int digits, uint64_t *v)
{
	for (*v = 0; digits-- > 0; p++) {
		if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')))
			return -EBADMSG;
		*v = *v << 4 | (*p <= '9' ? *p - '0' : *p - 'a' + 10);
	}
	return 0;
}

int dispatch_key_parse(const char *key, uint64_t *job, uint32_t *no)
{
	uint64_t n;

	if (strlen(key) != DISPATCH_KEY_LEN - 1 || key[16] != '/' || read_hex(key, 16, job) ||
	    read_hex(key + 17, 8, &n))
		return -EBADMSG;
	*no = n;
	return 0;
}

static void write_chunk(struct dispatch *d, struct store_batch *b, struct job *j, struct chunk *c)
{
	uint8_t buf[CHUNK_ENCODED_MAX];
	char key[DISPATCH_KEY_LEN];
	int len = chunk_encode(c, buf, sizeof(buf));

	OSMO_ASSERT(len > 0);
	lease_claim(d, b, j, c);
	dispatch_key(key, j->pub.spec.id, c->no);
	store_batch_add(b, STORE_CHUNK, key, buf, len, c->epoch);
	lease_release(b, j, c);
	unmark(j, c);
	c->mark |= MARK_WRITING;
	j->unsettled++;
	chunk_list_add(d, &d->writing, j, c->no);
}

/* Writes at most max of the listed chunks that still have the mark. */
static void write_list(struct dispatch *d, struct store_batch *b, struct chunk_list *list, enum chunk_mark m,
		       size_t max)
{
	size_t at = 0;

	for (; at < list->n && max > 0; at++) {
		struct chunk *c = &list->v[at].job->chunk[list->v[at].no];

		if (!(c->mark & m))
			continue;
		write_chunk(d, b, list->v[at].job, c);
		max--;
	}
	list->n -= at;
	if (list->n)
		memmove(list->v, list->v + at, list->n * sizeof(*list->v));
}

/* How long the link can do without a commit. */
static uint64_t patience_us(const struct dispatch *d, const struct dlink *l)
{
	uint32_t ready = (l->again.tail - l->again.head) + (l->res.durable - l->res.head);

	if (!l->up || (l->res.durable == l->res.tail && l->answered == 0))
		return GATHER_US;
	if (l->rate == 0)
		return ready > 0 || l->out > 0 ? GATHER_UNLIMITED_US : 0;
	return (double)ready > l->rate * (double)(GATHER_US + 2 * d->commit_us) / 1e6 ? GATHER_US : 0;
}

uint64_t dispatch_commit_us(struct dispatch *d, uint64_t now_us)
{
	uint64_t wait_us = GATHER_US;

	if (d->batch || (d->dirty.n + d->bulk.n == 0 && !lease_due(d, now_us)))
		return UINT64_MAX;
	if (d->gather_us == 0)
		d->gather_us = now_us;
	for (size_t i = 0; i < d->n_links && wait_us > 0; i++) {
		uint64_t us = patience_us(d, &d->link[i]);

		wait_us = us < wait_us ? us : wait_us;
	}
	if (d->gather_us + wait_us > now_us)
		return d->gather_us + wait_us;
	d->begun_us = now_us;
	return now_us;
}

bool dispatch_take_batch(struct dispatch *d, struct store_batch *b)
{
	if (d->batch || d->lease.deposed)
		return false;
	lease_renew(d, b);
	write_list(d, b, &d->dirty, MARK_DIRTY, SIZE_MAX);
	write_list(d, b, &d->bulk, MARK_BULK, BULK_MAX);
	if (d->writing.n == 0 && !d->lease.renewing)
		return false;
	for (size_t i = 0; i < d->n_links; i++) {
		struct dlink *l = &d->link[i];

		l->res.taken = l->res.tail;
		l->settling = l->answered;
		l->answered = 0;
	}
	d->batch = true;
	d->gather_us = 0;
	b->tag = ++d->tag;
	return true;
}

static void link_settle(struct dlink *l, bool durable)
{
	if (durable) {
		l->res.durable = l->res.taken;
	} else {
		l->res.taken = l->res.durable;
		l->answered += l->settling;
	}
	l->settling = 0;
}

static void chunk_settle(struct dispatch *d, struct job *j, struct chunk *c, bool durable)
{
	c->mark &= ~MARK_WRITING;
	j->unsettled--;
	if (!durable)
		mark_dirty(d, j, c);
	else if (c->mark == 0 && c->n[UNIT_WAITING] == 0 && c->n[UNIT_HANDED] == 0)
		chunk_pack(j, c);
}

void dispatch_batch_done(struct dispatch *d, uint64_t tag, int rc, uint64_t now_us)
{
	bool durable = rc == 0 || d->faults & FAULT_FAILED_IS_DONE;

	if (!d->batch || tag != d->tag)
		return;
	d->batch = false;
	if (d->begun_us)
		d->commit_us += (int64_t)(now_us - d->begun_us - d->commit_us) / 4;
	for (size_t i = 0; i < d->n_links; i++)
		link_settle(&d->link[i], durable);
	for (size_t i = 0; i < d->writing.n; i++)
		chunk_settle(d, d->writing.v[i].job, &d->writing.v[i].job->chunk[d->writing.v[i].no],
			     durable);
	lease_settle(d, durable ? 0 : rc, now_us);
	d->writing.n = 0;
}

void reopen(struct dispatch *d, struct job *j, struct chunk *c)
{
	uint8_t *unit;

	if (c->n[UNIT_WAITING] + c->n[UNIT_HANDED] == 0) {
		chunk_pack(j, c);
		return;
	}
	unit = chunk_open(j, c);
	for (uint32_t i = 0; i < c->count; i++) {
		enum unit_state s = UNIT_STATE(unit[i]);
		uint8_t octet = doubted(j, unit[i]);

		if (s != UNIT_HANDED && s != UNIT_WAITING)
			continue;
		unit[i] = octet;
		c->n[s]--;
		c->n[UNIT_STATE(octet)]++;
		if (octet == UNIT_UNKNOWN)
			mark_bulk(d, j, c);
	}
}

int dispatch_load_chunk(struct dispatch *d, struct dispatch_job *job, uint32_t no, const void *blob,
			size_t len, uint32_t epoch)
{
	struct job *j = job_of(job);
	struct chunk *c;
	uint16_t planned;
	int rc;

	if (no >= job->n_chunks)
		return -ERANGE;
	c = &j->chunk[no];
	planned = c->owner;
	sums_add(j, c, -1);
	rc = chunk_decode(j, c, blob, len);
	if (rc == 0) {
		unmark(j, c);
		c->epoch = epoch;
		if (c->owner >= job->spec.n_links) { /* a link that is gone */
			c->owner = planned;
			c->epoch++;
			mark_bulk(d, j, c);
		}
		if (c->owner != planned) {
			todo_remove(&j->jl[planned], no);
			todo_insert(&j->jl[c->owner], no);
		}
		reopen(d, j, c);
	}
	sums_add(j, c, 1);
	return rc;
}

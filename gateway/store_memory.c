#include "gateway/store_memory.h"
#include "gateway/store_lease.h"
#include "gateway/storethread.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define KINDS (STORE_META + 1)

struct row {
	char *key;
	uint8_t *value; /* child of the key */
	size_t len;
	uint32_t epoch;
};

struct table {
	struct row *v; /* ascending keys */
	size_t n, max;
};

struct memory {
	struct store store;
	struct table *seen, *synced; /* [KINDS]; synced only while unsynced writing is on */
	struct store_batch *unsynced; /* what seen has and synced has not */
	struct store_health health;
	bool leases; /* there are some */
	unsigned int fail_in, fail_times;
	int fail_rc;
};

static struct memory *memory_of(struct store *store)
{
	return (struct memory *)store;
}

static size_t find(const struct table *t, const char *key, bool *found)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(t->v[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < t->n && !strcmp(t->v[lo].key, key);
	return lo;
}

static void row_insert(void *ctx, struct table *t, size_t at, const char *key)
{
	if (t->n == t->max) {
		t->max = t->max ? 2 * t->max : 16;
		t->v = talloc_realloc(ctx, t->v, struct row, t->max);
		OSMO_ASSERT(t->v);
	}
	memmove(&t->v[at + 1], &t->v[at], (t->n++ - at) * sizeof(*t->v));
	t->v[at] = (struct row){.key = talloc_strdup(ctx, key)};
	OSMO_ASSERT(t->v[at].key);
}

static void row_delete(struct table *t, size_t at)
{
	talloc_free(t->v[at].key);
	memmove(&t->v[at], &t->v[at + 1], (--t->n - at) * sizeof(*t->v));
}

static void put(void *ctx, struct table *t, const struct store_rec *rec)
{
	bool found;
	size_t at = find(t, rec->key, &found);
	struct row *row;

	if (!rec->value) {
		if (found)
			row_delete(t, at);
		return;
	}
	if (!found)
		row_insert(ctx, t, at, rec->key);
	row = &t->v[at];
	talloc_free(row->value);
	/* One octet more, so that an empty value is not NULL. */
	row->value = talloc_zero_size(row->key, rec->len + 1);
	OSMO_ASSERT(row->value);
	memcpy(row->value, rec->value, rec->len);
	row->len = rec->len;
	row->epoch = rec->kind == STORE_CHUNK ? rec->epoch : 0;
}

static struct table *tables_copy(void *ctx, const struct table *from)
{
	struct table *to = talloc_zero_array(ctx, struct table, KINDS);

	OSMO_ASSERT(to);
	for (int k = 0; from && k < KINDS; k++) {
		for (size_t i = 0; i < from[k].n; i++) {
			const struct row *r = &from[k].v[i];
			struct store_rec rec = {.kind = k,
						.key = r->key,
						.value = r->value,
						.len = r->len,
						.epoch = r->epoch};

			put(to, &to[k], &rec);
		}
	}
	return to;
}

static int memory_open(void *ctx, const char *uri, struct store **store, char *err, size_t err_len)
{
	struct memory *m;

	if (strncmp(uri, "memory:", 7)) {
		snprintf(err, err_len, "not a memory: address");
		return -EPROTONOSUPPORT;
	}
	m = talloc_zero(ctx, struct memory);
	OSMO_ASSERT(m);
	m->store.ops = &store_memory;
	m->seen = tables_copy(m, NULL);
	*store = &m->store;
	return 0;
}

static const struct row *row_of(const struct memory *m, enum store_kind kind, const char *key)
{
	bool found;
	size_t at = find(&m->seen[kind], key, &found);

	return found ? &m->seen[kind].v[at] : NULL;
}

static uint32_t lease_epoch(const struct memory *m, const char *chunk)
{
	char key[STORE_LEASE_ROW];
	const struct row *r = store_lease_key(key, chunk) == 0 ? row_of(m, STORE_META, key) : NULL;

	return r ? store_lease_epoch(r->value, r->len) : 0;
}

/* recs[i] against what is stored once the records before it in its batch are. */
static bool is_stale(const struct memory *m, const struct store_rec *recs, size_t i)
{
	const struct store_rec *rec = &recs[i];
	const struct row *r;

	if (rec->kind != STORE_CHUNK)
		return false;
	if (m->leases && rec->epoch < lease_epoch(m, rec->key))
		return true;
	while (i-- > 0)
		if (recs[i].kind == STORE_CHUNK && !strcmp(recs[i].key, rec->key))
			return recs[i].value && rec->epoch < recs[i].epoch;
	r = row_of(m, STORE_CHUNK, rec->key);
	return r && rec->epoch < r->epoch;
}

static bool fails_now(struct memory *m)
{
	if (m->fail_in == 0)
		return false;
	if (m->fail_in > 1) {
		m->fail_in--;
		return false;
	}
	if (--m->fail_times == 0)
		m->fail_in = 0;
	return true;
}

static int lease_checked(const struct memory *m, const struct store_rec *rec)
{
	const char *key = rec->key + strlen(STORE_LEASE_PREFIX);
	const struct row *r = row_of(m, STORE_META, rec->key), *chunk = row_of(m, STORE_CHUNK, key);

	return store_lease_put(r ? r->value : NULL, r ? r->len : 0, chunk ? chunk->epoch : 0, rec);
}

static int checked(struct memory *m, const struct store_rec *recs, size_t n)
{
	if (fails_now(m))
		return m->fail_rc;
	for (size_t i = 0; i < n; i++) {
		if (recs[i].kind < STORE_ALERT || recs[i].kind >= KINDS || !recs[i].key || !*recs[i].key)
			return -EINVAL;
		if (is_stale(m, recs, i))
			return -ESTALE;
		if (store_lease_is(&recs[i])) {
			int rc = lease_checked(m, &recs[i]);

			if (rc < 0)
				return rc;
			m->leases = true;
		}
	}
	return 0;
}

static int memory_apply(struct store *store, const struct store_rec *recs, size_t n)
{
	struct memory *m = memory_of(store);
	int rc = checked(m, recs, n);

	m->health.last_error = rc;
	if (rc < 0) {
		m->health.failed++;
		return rc;
	}
	for (size_t i = 0; i < n; i++) {
		put(m->seen, &m->seen[recs[i].kind], &recs[i]);
		if (m->synced)
			store_batch_add(m->unsynced, recs[i].kind, recs[i].key, recs[i].value, recs[i].len,
					recs[i].epoch);
	}
	m->health.commits++;
	return 0;
}

static int memory_lease(struct store *store, struct store_lease *l)
{
	struct memory *m = memory_of(store);
	char key[STORE_LEASE_ROW], value[STORE_LEASE_ROW];
	struct store_rec rec = {.kind = STORE_META, .key = key, .value = value};
	const struct row *r, *chunk = row_of(m, STORE_CHUNK, l->key);
	int rc = store_lease_key(key, l->key);

	if (rc < 0)
		return rc;
	r = row_of(m, STORE_META, key);
	rc = store_lease_take(r ? r->value : NULL, r ? r->len : 0, chunk ? chunk->epoch : 0, l, value);
	if (rc < 0)
		return rc;
	rec.len = strlen(value);
	return memory_apply(store, &rec, 1);
}

static int memory_load(struct store *store, enum store_kind kind, store_load_cb cb, void *arg)
{
	const struct table *t = &memory_of(store)->seen[kind];

	if (kind < STORE_ALERT || kind >= KINDS)
		return -EINVAL;
	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->v[i];
		struct store_rec rec = {
			.kind = kind, .key = r->key, .value = r->value, .len = r->len, .epoch = r->epoch};
		int rc = cb(arg, &rec);

		if (rc)
			return rc;
	}
	return 0;
}

static int memory_get(struct store *store, enum store_kind kind, const char *key, void *ctx, void **value,
		      size_t *len)
{
	const struct table *t = &memory_of(store)->seen[kind];
	bool found;
	size_t at;

	if (kind < STORE_ALERT || kind >= KINDS)
		return -EINVAL;
	at = find(t, key, &found);
	if (!found)
		return -ENOENT;
	*len = t->v[at].len;
	*value = talloc_memdup(ctx, t->v[at].value, *len + 1);
	OSMO_ASSERT(*value);
	return 0;
}

static void memory_health(struct store *store, struct store_health *health)
{
	*health = memory_of(store)->health;
	health->free_octets = UINT64_MAX;
}

static void memory_close(struct store *store)
{
	talloc_free(store);
}

void store_memory_fail(struct store *store, unsigned int nth, unsigned int times, int rc)
{
	struct memory *m = memory_of(store);

	m->fail_in = times ? nth : 0;
	m->fail_times = times;
	m->fail_rc = rc;
}

void store_memory_unsynced(struct store *store, bool on)
{
	struct memory *m = memory_of(store);

	talloc_free(m->synced);
	talloc_free(m->unsynced);
	m->synced = on ? tables_copy(m, m->seen) : NULL;
	m->unsynced = on ? store_batch_new(m) : NULL;
}

void store_memory_sync(struct store *store)
{
	struct memory *m = memory_of(store);

	if (!m->synced)
		return;
	for (size_t i = 0; i < m->unsynced->n; i++) {
		const struct store_rec *rec = &m->unsynced->recs[i];

		put(m->synced, &m->synced[rec->kind], rec);
	}
	talloc_free(m->unsynced);
	m->unsynced = store_batch_new(m);
}

void store_memory_crash(struct store *store)
{
	struct memory *m = memory_of(store);

	if (!m->synced)
		return;
	talloc_free(m->seen);
	m->seen = tables_copy(m, m->synced);
	talloc_free(m->unsynced);
	m->unsynced = store_batch_new(m);
}

size_t store_memory_octets(const struct store *store, enum store_kind kind)
{
	const struct table *t = &((const struct memory *)store)->seen[kind];
	size_t sum = 0;

	for (size_t i = 0; i < t->n; i++)
		sum += strlen(t->v[i].key) + t->v[i].len;
	return sum;
}

const struct store_ops store_memory = {
	.name = "memory",
	.instant = true,
	.open = memory_open,
	.apply = memory_apply,
	.load = memory_load,
	.get = memory_get,
	.lease = memory_lease,
	.health = memory_health,
	.close = memory_close,
};

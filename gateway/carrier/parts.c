#include "gateway/carrier/parts.h"
#include "gateway/carrier/names.h"
#include "gateway/carrier/texts.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define INLINE 10 /* parts kept inside the entry */
#define NONE   UINT32_MAX

struct waiting {
	struct parts_key key;
	uint32_t next, first_ms;
	uint32_t *more; /* list of key.total entries, when total > INLINE */
	uint32_t list[INLINE];
	uint8_t have;
};

struct parts {
	struct waiting *pool;
	uint32_t cap, fresh, free; /* fresh: entries never used from here on; free: chain of returned ones */
	uint32_t *heads;
	uint32_t buckets;
	size_t n;
	uint32_t whole[TEXTS_PARTS];
};

static int drop(struct parts *p)
{
	for (uint32_t i = 0; i < p->fresh; i++)
		free(p->pool[i].more);
	free(p->pool);
	free(p->heads);
	return 0;
}

static uint32_t *heads_new(uint32_t buckets)
{
	uint32_t *heads = malloc(buckets * sizeof(*heads));

	OSMO_ASSERT(heads);
	memset(heads, 0xFF, buckets * sizeof(*heads));
	return heads;
}

struct parts *parts_new(const void *ctx)
{
	struct parts *p = talloc_zero(ctx, struct parts);

	OSMO_ASSERT(p);
	p->free = NONE;
	p->buckets = 4096;
	p->heads = heads_new(p->buckets);
	talloc_set_destructor(p, drop);
	return p;
}

static uint32_t bucket(const struct parts *p, const struct parts_key *k)
{
	uint64_t h = k->unit * 0x9E3779B97F4A7C15u ^
		     ((uint64_t)k->source << 32 | (uint64_t)k->ref << 16 | k->total);

	h *= 0xD6E8FEB86659FD93u;
	return (uint32_t)(h >> 32) & (p->buckets - 1);
}

static bool same(const struct parts_key *a, const struct parts_key *b)
{
	return a->unit == b->unit && a->source == b->source && a->ref == b->ref && a->how == b->how &&
	       a->total == b->total;
}

static void spread(struct parts *p)
{
	free(p->heads);
	p->buckets *= 2;
	p->heads = heads_new(p->buckets);
	for (uint32_t i = 0; i < p->fresh; i++) {
		uint32_t b;

		if (!p->pool[i].key.total)
			continue;
		b = bucket(p, &p->pool[i].key);
		p->pool[i].next = p->heads[b];
		p->heads[b] = i;
	}
}

static uint32_t begin(struct parts *p, const struct parts_key *key, uint32_t now_ms)
{
	uint32_t i, b;

	if (p->n >= p->buckets)
		spread(p);
	if (p->free != NONE) {
		i = p->free;
		p->free = p->pool[i].next;
	} else {
		if (p->fresh == p->cap) {
			p->cap = 2 * p->cap + 1024;
			p->pool = realloc(p->pool, p->cap * sizeof(*p->pool));
			OSMO_ASSERT(p->pool);
		}
		i = p->fresh++;
	}
	b = bucket(p, key);
	p->pool[i] = (struct waiting){.key = *key, .next = p->heads[b], .first_ms = now_ms};
	p->heads[b] = i;
	p->n++;
	memset(p->pool[i].list, 0xFF, sizeof(p->pool[i].list));
	if (key->total > INLINE) {
		p->pool[i].more = malloc(key->total * sizeof(uint32_t));
		OSMO_ASSERT(p->pool[i].more);
		memset(p->pool[i].more, 0xFF, key->total * sizeof(uint32_t));
	}
	return i;
}

static void finish(struct parts *p, uint32_t i)
{
	struct waiting *w = &p->pool[i];
	uint32_t *link = &p->heads[bucket(p, &w->key)];

	while (*link != i)
		link = &p->pool[*link].next;
	*link = w->next;
	memcpy(p->whole, w->more ? w->more : w->list, w->key.total * sizeof(uint32_t));
	free(w->more);
	*w = (struct waiting){.next = p->free};
	p->free = i;
	p->n--;
}

enum parts_result parts_add(struct parts *p, const struct parts_key *key, uint8_t seq, uint32_t part,
			    uint32_t now_ms, const uint32_t **list)
{
	uint32_t i = p->heads[bucket(p, key)], *at, had;

	while (i != NONE && !same(&p->pool[i].key, key))
		i = p->pool[i].next;
	if (i == NONE)
		i = begin(p, key, now_ms);
	at = (p->pool[i].more ? p->pool[i].more : p->pool[i].list) + seq - 1;
	had = *at;
	*at = part;
	if (had != NONE)
		return had == part ? PARTS_REPEATED : PARTS_CONFLICT;
	if (++p->pool[i].have < key->total)
		return PARTS_WAIT;
	finish(p, i);
	*list = p->whole;
	return PARTS_WHOLE;
}

size_t parts_waiting(const struct parts *p)
{
	return p->n;
}

bool parts_next(const struct parts *p, size_t *at, struct parts_key *key, unsigned int *have,
		uint32_t *first_ms)
{
	while (*at < p->fresh) {
		const struct waiting *w = &p->pool[(*at)++];

		if (!w->key.total)
			continue;
		*key = w->key;
		*have = w->have;
		*first_ms = w->first_ms;
		return true;
	}
	return false;
}

#include "gateway/storethread.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define BATCH_FIRST 16

struct store_batch *store_batch_new(void *ctx)
{
	struct store_batch *b = talloc_zero(ctx, struct store_batch);

	OSMO_ASSERT(b);
	return b;
}

static void grow(struct store_batch *b)
{
	b->max = b->max ? 2 * b->max : BATCH_FIRST;
	b->recs = talloc_realloc(b, b->recs, struct store_rec, b->max);
	OSMO_ASSERT(b->recs);
}

void store_batch_add(struct store_batch *b, enum store_kind kind, const char *key, const void *value,
		     size_t len, uint32_t epoch)
{
	struct store_rec *r;

	if (b->n == b->max)
		grow(b);
	r = &b->recs[b->n++];
	*r = (struct store_rec){
		.kind = kind, .key = talloc_strdup(b, key), .len = value ? len : 0, .epoch = epoch};
	OSMO_ASSERT(r->key);
	if (value) {
		/* An empty value is a value, not a deletion: never NULL. */
		r->value = len ? talloc_memdup(b, value, len) : talloc_zero_size(b, 1);
		OSMO_ASSERT(r->value);
	}
}

#include "gateway/carrier/ratewin.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct arrival {
	uint64_t at_us;
	uint32_t parts;
};

struct ratewin {
	struct arrival *ring;     /* arrivals of one instant are one entry */
	uint32_t cap, head, used; /* cap: a power of two */
	uint64_t sum, max, start_us, first_us, last_us;
	uint32_t seconds[RATEWIN_SECONDS];
	unsigned int n_seconds;
};

struct ratewin *ratewin_new(const void *ctx, uint64_t start_us)
{
	struct ratewin *w = talloc_zero(ctx, struct ratewin);

	OSMO_ASSERT(w);
	w->start_us = start_us;
	w->cap = 4096;
	w->ring = talloc_array(w, struct arrival, w->cap);
	OSMO_ASSERT(w->ring);
	return w;
}

static void grow(struct ratewin *w)
{
	struct arrival *bigger = talloc_array(w, struct arrival, 2 * w->cap);

	OSMO_ASSERT(bigger);
	for (uint32_t i = 0; i < w->used; i++)
		bigger[i] = w->ring[(w->head + i) & (w->cap - 1)];
	talloc_free(w->ring);
	w->ring = bigger;
	w->head = 0;
	w->cap *= 2;
}

static void forget(struct ratewin *w, uint64_t now_us)
{
	while (w->used && w->ring[w->head].at_us + 1000000 <= now_us) {
		w->sum -= w->ring[w->head].parts;
		w->head = (w->head + 1) & (w->cap - 1);
		w->used--;
	}
}

void ratewin_add(struct ratewin *w, uint64_t at_us, uint32_t parts)
{
	struct arrival *last = w->used ? &w->ring[(w->head + w->used - 1) & (w->cap - 1)] : NULL;
	uint64_t now_us = at_us > w->last_us ? at_us : w->last_us, second = (now_us - w->start_us) / 1000000;

	if (last && last->at_us == now_us) {
		last->parts += parts;
	} else {
		forget(w, now_us);
		if (w->used == w->cap)
			grow(w);
		w->ring[(w->head + w->used++) & (w->cap - 1)] = (struct arrival){now_us, parts};
	}
	w->sum += parts;
	if (w->sum > w->max)
		w->max = w->sum;
	if (second < RATEWIN_SECONDS) {
		w->seconds[second] += parts;
		if (second >= w->n_seconds)
			w->n_seconds = (unsigned int)second + 1;
	}
	if (!w->first_us)
		w->first_us = now_us;
	w->last_us = now_us;
}

uint64_t ratewin_now(struct ratewin *w, uint64_t now_us)
{
	forget(w, now_us);
	return w->sum;
}

uint64_t ratewin_max(const struct ratewin *w)
{
	return w->max;
}

uint64_t ratewin_first_us(const struct ratewin *w)
{
	return w->first_us;
}

uint64_t ratewin_last_us(const struct ratewin *w)
{
	return w->last_us;
}

const uint32_t *ratewin_seconds(const struct ratewin *w, unsigned int *n)
{
	*n = w->n_seconds;
	return w->seconds;
}

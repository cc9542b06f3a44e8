#include "smpp/window.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

void smpp_window_init(struct smpp_window *w, void *ctx, uint32_t limit)
{
	uint32_t size = 16;

	/* Twice the window: late answers leave holes, and a free place must never be far. */
	while (size < 2 * limit)
		size *= 2;
	*w = (struct smpp_window){.mask = size - 1, .limit = limit};
	w->slots = talloc_zero_array(ctx, struct smpp_slot, size);
	OSMO_ASSERT(w->slots);
}

static uint32_t next(uint32_t sequence)
{
	return sequence >= 0x7FFFFFFF ? 1 : sequence + 1;
}

uint32_t smpp_window_sequence(struct smpp_window *w)
{
	do
		w->last = next(w->last);
	while (w->slots[w->last & w->mask].sequence != 0);
	return w->last;
}

struct smpp_slot *smpp_window_put(struct smpp_window *w, uint32_t sequence, uint64_t tag, uint64_t position,
				  uint64_t now_us)
{
	struct smpp_slot *slot = &w->slots[sequence & w->mask];

	OSMO_ASSERT(slot->sequence == 0 && w->used < w->limit);
	*slot = (struct smpp_slot){tag, now_us, position, sequence, 0};
	if (w->used++ == 0)
		w->first = sequence;
	return slot;
}

struct smpp_slot *smpp_window_find(struct smpp_window *w, uint32_t sequence)
{
	struct smpp_slot *slot = &w->slots[sequence & w->mask];

	return sequence != 0 && slot->sequence == sequence ? slot : NULL;
}

struct smpp_slot *smpp_window_oldest(const struct smpp_window *w)
{
	return w->used > 0 ? &w->slots[w->first & w->mask] : NULL;
}

/* Each number is stepped over once: cheaper than a list, which writes to two neighbours' slots. */
void smpp_window_free(struct smpp_window *w, struct smpp_slot *slot)
{
	slot->sequence = 0;
	w->used--;
	while (w->used > 0 && w->slots[w->first & w->mask].sequence != w->first)
		w->first = next(w->first);
}

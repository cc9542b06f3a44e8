#include "smpp/window.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

void smpp_window_init(struct smpp_window *w, void *ctx, uint32_t limit)
{
	uint32_t size = 16;

	/* Twice the window: late answers leave holes, and a free place must never be far. */
	while (size < 2 * limit)
		size *= 2;
	*w = (struct smpp_window){
		.mask = size - 1, .limit = limit, .oldest = SMPP_NO_SLOT, .newest = SMPP_NO_SLOT};
	w->slots = talloc_zero_array(ctx, struct smpp_slot, size);
	OSMO_ASSERT(w->slots);
}

uint32_t smpp_window_sequence(struct smpp_window *w)
{
	do
		w->last = w->last >= 0x7FFFFFFF ? 1 : w->last + 1;
	while (w->slots[w->last & w->mask].sequence != 0);
	return w->last;
}

struct smpp_slot *smpp_window_put(struct smpp_window *w, uint32_t sequence, uint64_t tag, uint64_t position,
				  uint64_t now_us)
{
	uint32_t i = sequence & w->mask;
	struct smpp_slot *slot = &w->slots[i];

	OSMO_ASSERT(slot->sequence == 0 && w->used < w->limit);
	*slot = (struct smpp_slot){tag, now_us, position, sequence, w->newest, SMPP_NO_SLOT, 0};
	if (w->newest != SMPP_NO_SLOT)
		w->slots[w->newest].newer = i;
	else
		w->oldest = i;
	w->newest = i;
	w->used++;
	return slot;
}

struct smpp_slot *smpp_window_find(struct smpp_window *w, uint32_t sequence)
{
	struct smpp_slot *slot = &w->slots[sequence & w->mask];

	return sequence != 0 && slot->sequence == sequence ? slot : NULL;
}

struct smpp_slot *smpp_window_oldest(const struct smpp_window *w)
{
	return w->oldest == SMPP_NO_SLOT ? NULL : &w->slots[w->oldest];
}

void smpp_window_free(struct smpp_window *w, struct smpp_slot *slot)
{
	if (slot->older != SMPP_NO_SLOT)
		w->slots[slot->older].newer = slot->newer;
	else
		w->oldest = slot->newer;
	if (slot->newer != SMPP_NO_SLOT)
		w->slots[slot->newer].older = slot->older;
	else
		w->newest = slot->older;
	slot->sequence = 0;
	w->used--;
}

/* window: requests that wait for their answer, by sequence_number. A fixed ring: O(1), nothing allocated per
 * message. Sequence numbers run 1..0x7FFFFFFF and skip those whose place in the ring is still taken. Inline, since
 * each message comes through here twice. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <osmocom/core/utils.h>

struct smpp_slot {
	uint64_t tag; /* the sender's */
	uint64_t sent_us;
	uint64_t position; /* first octet in the output stream */
	uint32_t sequence; /* 0 = free */
	uint32_t command;  /* of the request, for its owner to fill in */
};

struct smpp_window {
	struct smpp_slot *slots; /* talloc child */
	uint32_t mask, limit, used;
	uint32_t first, last; /* sequence numbers: of the oldest request while used > 0, given out last */
};

void smpp_window_init(struct smpp_window *w, void *ctx, uint32_t limit);

static inline uint32_t smpp_window_after(uint32_t sequence)
{
	return sequence >= 0x7FFFFFFF ? 1 : sequence + 1;
}

/* The next sequence number; also for requests that take no slot. */
static inline uint32_t smpp_window_sequence(struct smpp_window *w)
{
	do
		w->last = smpp_window_after(w->last);
	while (w->slots[w->last & w->mask].sequence != 0);
	return w->last;
}

/* The slot must be free, as smpp_window_sequence() sees to. */
static inline struct smpp_slot *smpp_window_put(struct smpp_window *w, uint32_t sequence, uint64_t tag,
						uint64_t position, uint64_t now_us)
{
	struct smpp_slot *slot = &w->slots[sequence & w->mask];

	OSMO_ASSERT(slot->sequence == 0 && w->used < w->limit);
	*slot = (struct smpp_slot){tag, now_us, position, sequence, 0};
	if (w->used++ == 0)
		w->first = sequence;
	return slot;
}

/* Slot of a sequence number, or NULL: never sent, answered, or given up. */
static inline struct smpp_slot *smpp_window_find(struct smpp_window *w, uint32_t sequence)
{
	struct smpp_slot *slot = &w->slots[sequence & w->mask];

	return sequence != 0 && slot->sequence == sequence ? slot : NULL;
}

static inline struct smpp_slot *smpp_window_oldest(const struct smpp_window *w)
{
	return w->used > 0 ? &w->slots[w->first & w->mask] : NULL;
}

/* Each number is stepped over once: cheaper than a list, which writes to two neighbours' slots. */
static inline void smpp_window_free(struct smpp_window *w, struct smpp_slot *slot)
{
	slot->sequence = 0;
	w->used--;
	while (w->used > 0 && w->slots[w->first & w->mask].sequence != w->first)
		w->first = smpp_window_after(w->first);
}

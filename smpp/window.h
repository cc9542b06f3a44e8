/* window: requests that wait for their answer, by sequence_number. A fixed ring: O(1), nothing allocated per
 * message. Sequence numbers run 1..0x7FFFFFFF and skip those whose place in the ring is still taken. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

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
/* The next sequence number; also for requests that take no slot. */
uint32_t smpp_window_sequence(struct smpp_window *w);
/* The slot must be free, as smpp_window_sequence() sees to. */
struct smpp_slot *smpp_window_put(struct smpp_window *w, uint32_t sequence, uint64_t tag, uint64_t position,
				  uint64_t now_us);
/* Slot of a sequence number, or NULL: never sent, answered, or given up. */
struct smpp_slot *smpp_window_find(struct smpp_window *w, uint32_t sequence);
struct smpp_slot *smpp_window_oldest(const struct smpp_window *w);
void smpp_window_free(struct smpp_window *w, struct smpp_slot *slot);

#include "smpp/window.h"
#include <osmocom/core/talloc.h>

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

#include "smpp/outbuf.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

void outbuf_init(struct outbuf *o, void *ctx, size_t size, size_t reserve)
{
	*o = (struct outbuf){.size = size + reserve, .reserve = reserve};
	o->buf = talloc_size(ctx, o->size);
	OSMO_ASSERT(o->buf);
}

void outbuf_reset(struct outbuf *o)
{
	o->head = o->tail = 0;
	o->position = 0;
}

void outbuf_sent(struct outbuf *o, size_t len)
{
	OSMO_ASSERT(len <= outbuf_pending(o));
	o->head += len;
	if (o->head == o->tail)
		o->head = o->tail = 0;
}

uint64_t outbuf_sent_position(const struct outbuf *o)
{
	return o->position - outbuf_pending(o);
}

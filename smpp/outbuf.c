#include "smpp/outbuf.h"
#include <string.h>
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

uint8_t *outbuf_room(struct outbuf *o, size_t len, int answer)
{
	size_t limit = answer ? o->size : o->size - o->reserve;

	if (o->tail - o->head + len > limit)
		return NULL;
	if (o->tail + len > o->size) {
		memmove(o->buf, o->buf + o->head, o->tail - o->head);
		o->tail -= o->head;
		o->head = 0;
	}
	return o->buf + o->tail;
}

void outbuf_add(struct outbuf *o, size_t len)
{
	o->tail += len;
	o->position += len;
}

void outbuf_sent(struct outbuf *o, size_t len)
{
	OSMO_ASSERT(len <= o->tail - o->head);
	o->head += len;
	if (o->head == o->tail)
		o->head = o->tail = 0;
}

size_t outbuf_pending(const struct outbuf *o)
{
	return o->tail - o->head;
}

uint64_t outbuf_sent_position(const struct outbuf *o)
{
	return o->position - (o->tail - o->head);
}

/* outbuf: octets on their way to the peer. Bounded, so that a peer that stops reading cannot grow memory. A
 * reserve is kept for answers: a window full of our own requests must never block them. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct outbuf {
	uint8_t *buf; /* talloc child */
	size_t size, head, tail, reserve;
	uint64_t position; /* octets of the stream up to tail */
};

void outbuf_init(struct outbuf *o, void *ctx, size_t size, size_t reserve);
void outbuf_reset(struct outbuf *o);

static inline size_t outbuf_pending(const struct outbuf *o)
{
	return o->tail - o->head;
}

/* For our own requests. */
static inline size_t outbuf_left(const struct outbuf *o)
{
	size_t limit = o->size - o->reserve, pending = outbuf_pending(o);

	return pending < limit ? limit - pending : 0;
}

/* Room for len octets at the end, or NULL. answer: may use the reserve. Valid until the next call. */
static inline uint8_t *outbuf_room(struct outbuf *o, size_t len, int answer)
{
	size_t limit = answer ? o->size : o->size - o->reserve;

	if (outbuf_pending(o) + len > limit)
		return NULL;
	if (o->tail + len > o->size) {
		memmove(o->buf, o->buf + o->head, outbuf_pending(o));
		o->tail -= o->head;
		o->head = 0;
	}
	return o->buf + o->tail;
}

static inline void outbuf_add(struct outbuf *o, size_t len)
{
	o->tail += len;
	o->position += len;
}

void outbuf_sent(struct outbuf *o, size_t len);
uint64_t outbuf_sent_position(const struct outbuf *o); /* octets of the stream that have left */

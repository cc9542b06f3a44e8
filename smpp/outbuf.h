/* outbuf: octets on their way to the peer. Bounded, so that a peer that stops reading cannot grow memory. A
 * reserve is kept for answers: a window full of our own requests must never block them. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct outbuf {
	uint8_t *buf; /* talloc child */
	size_t size, head, tail, reserve;
	uint64_t position; /* octets of the stream up to tail */
};

void outbuf_init(struct outbuf *o, void *ctx, size_t size, size_t reserve);
void outbuf_reset(struct outbuf *o);
/* Room for len octets at the end, or NULL. answer: may use the reserve. Valid until the next call. */
uint8_t *outbuf_room(struct outbuf *o, size_t len, int answer);
void outbuf_add(struct outbuf *o, size_t len);
void outbuf_sent(struct outbuf *o, size_t len);
size_t outbuf_pending(const struct outbuf *o);
uint64_t outbuf_sent_position(const struct outbuf *o); /* octets of the stream that have left */

/* stream: whole PDUs out of a TCP stream, cut anywhere. Pure; memory only for a PDU that is not complete yet,
 * at most SMPP_PDU_MAX octets. */
#pragma once
#include "smpp/pdu.h"

struct smpp_stream {
	uint8_t *buf; /* talloc child of ctx; the start of a PDU */
	size_t have;
	void *ctx;
};

/* One PDU; false stops the feeding (the rest of the octets is dropped). */
typedef bool (*smpp_stream_cb)(void *arg, const uint8_t *frame, size_t len);

void smpp_stream_init(struct smpp_stream *s, void *ctx);
void smpp_stream_reset(struct smpp_stream *s);
/* 0, -ECANCELED when cb said stop, -EPROTO when framing is lost: the connection must be closed. */
int smpp_stream_feed(struct smpp_stream *s, const uint8_t *data, size_t len, smpp_stream_cb cb, void *arg);

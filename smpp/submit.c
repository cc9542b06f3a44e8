#include "smpp/submit.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "smpp/cursor.h"
#include "smpp/pack34.h"

#define ROOM 4096 /* ten parts as one message_payload, and all the rest */

int smpp_submit_make(void *ctx, const struct smpp_pdu *pdu, struct smpp_submit *t)
{
	uint8_t buf[ROOM];
	int n = smpp_pack(pdu, buf, sizeof(buf));
	size_t source = SMPP_HEADER + strlen(pdu->service_type) + 1 + 2;

	OSMO_ASSERT(pdu->id == SMPP_SUBMIT_SM || pdu->id == SMPP_DELIVER_SM || pdu->id == SMPP_DATA_SM);
	OSMO_ASSERT(pdu->dest.digits[0] == '\0');
	if (n < 0)
		return n;
	t->octets = talloc_memdup(ctx, buf, n);
	OSMO_ASSERT(t->octets);
	t->len = n;
	t->dest = source + strlen(pdu->source.digits) + 1 + 2;
	if (pdu->id == SMPP_DATA_SM) { /* NUL, esm_class */
		t->registered = t->dest + 2;
		return 0;
	}
	/* NUL, esm_class, protocol_id, priority_flag, two times */
	t->registered = t->dest + 1 + 3 + strlen(pdu->schedule) + 1 + strlen(pdu->validity) + 1;
	return 0;
}

size_t smpp_submit_write(const struct smpp_submit *t, uint8_t *buf, const char *dest, size_t dest_len,
			 uint32_t sequence, uint8_t registered)
{
	size_t len = t->len + dest_len;

	memcpy(buf, t->octets, t->dest);
	memcpy(buf + t->dest, dest, dest_len);
	memcpy(buf + t->dest + dest_len, t->octets + t->dest, t->len - t->dest);
	writer_be32(buf, len);
	writer_be32(buf + 12, sequence);
	buf[t->registered + dest_len] = registered;
	return len;
}

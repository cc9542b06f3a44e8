/* Any octets into the PDU decoder, its iterators, and into a bound session. The first octet chooses the bind
 * and how finely the rest is cut. */
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "smpp/plain.h"
#include "smpp/receipt.h"
#include "smpp/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void bound(void *arg, uint64_t now_us)
{
}

static void answer(void *arg, const struct smpp_answer *a, uint64_t now_us)
{
	OSMO_ASSERT(a->tag < 8 && strlen(a->message_id) < 66);
}

static void timeout(void *arg, uint64_t tag, uint64_t now_us)
{
	OSMO_ASSERT(tag < 8);
}

static uint32_t message(void *arg, const struct smpp_pdu *pdu, uint64_t now_us)
{
	struct smpp_receipt receipt;
	char utf8[512];
	const uint8_t *text;
	size_t n;

	smpp_receipt_read(pdu, &receipt);
	OSMO_ASSERT(strlen(receipt.id) < sizeof(receipt.id) && strlen(receipt.error) < sizeof(receipt.error));
	smpp_message(pdu, &text, &n);
	smpp_plain(pdu->data_coding, pdu->esm_class, true, text, n, utf8, sizeof(utf8));
	return pdu->sequence & 1 ? 0 : SMPP_LATER;
}

static const struct smpp_session_ops ops = {.bound = bound, .answer = answer, .timeout = timeout, .message = message};

/* What was read whole and by the letter comes out of the encoder as it went in. */
static void decode(const uint8_t *data, size_t len)
{
	struct smpp_pdu pdu;
	struct smpp_tlv tlv;
	struct smpp_dest dest;
	uint32_t fault;
	size_t at = 0;
	uint8_t *out;
	int rc = smpp_decode(data, len, &pdu, &fault), n;

	while (smpp_tlv_next(&pdu, &at, &tlv))
		;
	at = 0;
	while (smpp_dest_next(&pdu, &at, &dest))
		OSMO_ASSERT(strlen(dest.address.digits) < 65);
	at = 0;
	while (smpp_failed_next(&pdu, &at, &dest))
		;
	if (rc < 0 || pdu.odd || len == SMPP_HEADER)
		return;
	out = malloc(len);
	n = smpp_encode(&pdu, out, len);
	OSMO_ASSERT(n == (int)len && memcmp(out, data, len) == 0);
	free(out);
}

static void submit(struct smpp_session *s, uint64_t tag)
{
	uint32_t sequence;
	uint8_t *room = smpp_session_begin(s, 64, &sequence);
	const struct smpp_pdu pdu = {.id = SMPP_SUBMIT_SM};
	int n = room ? smpp_encode(&pdu, room, 64) : -1;

	if (n > 0)
		smpp_session_commit(s, n, sequence, tag, 1000000);
}

static void lost(void *arg, uint64_t tag, bool left)
{
	OSMO_ASSERT(tag < 8);
}

static void converse(const uint8_t *data, size_t len)
{
	static const uint8_t bind_resp[] = {0, 0, 0, 17, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0};
	const struct smpp_session_conf conf = {.bind = data[0] & 1 ? SMPP_BIND_TRANSCEIVER
								   : SMPP_BIND_TRANSMITTER,
					       .window = 8,
					       .system_id = "a",
					       .password = "b",
					       .system_type = "",
					       .enquire_us = 30000000,
					       .response_us = 10000000};
	struct smpp_session *s = smpp_session_new(NULL, &conf, &ops, NULL);
	size_t step = 1 + (data[0] >> 1), size, out;

	smpp_session_open(s, 0x34, 1000000);
	smpp_session_input(s, bind_resp, sizeof(bind_resp), 1000000);
	for (uint64_t tag = 0; tag < 8; tag++)
		submit(s, tag);
	smpp_session_output(s, &out);
	smpp_session_written(s, out / 2, 1000000);
	size = talloc_total_size(s);
	for (size_t at = 1; at < len; at += step)
		smpp_session_input(s, data + at, OSMO_MIN(step, len - at), 1000000 + at);
	OSMO_ASSERT(talloc_total_size(s) <= size + 2 * SMPP_PDU_MAX);
	smpp_session_tick(s, 20000000);
	smpp_session_close(s);
	smpp_session_drain(s, lost, NULL);
	OSMO_ASSERT(smpp_session_unanswered(s) == 0);
	talloc_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	decode(data, len);
	if (len > 0) {
		decode(data + 1, len - 1);
		converse(data, len);
	}
	return 0;
}

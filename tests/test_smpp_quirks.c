/* What SMSCs in the field do against the letter: one test for each deviation that is known of, by its number in
 * the list of quirks. All run through the link driver, as octets of a peer. */
#include "tests/smpp_peer.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "gateway/link_smpp.h"
#include "smpp/plain.h"
#include "smpp/receipt.h"
#include "smpp/status.h"

static void up(uint32_t units)
{
	peer_start();
	peer.cfg.receipts = RECEIPTS_ALL;
	peer_create();
	peer.dispatch.n = units;
	peer_bind(0, 0);
	peer_tick();
}

static void raw(const void *octets, size_t len)
{
	link_smpp.input(peer.link, 0, octets, len, peer.now_us);
}

static void answered(uint32_t sequence, uint32_t status, const char *id)
{
	peer_send(0, &(struct smpp_pdu){
			     .id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = sequence, .status = status, .message_id = id});
}

static void deliver(uint32_t id, uint8_t esm_class, const char *text, const char *tlv_id, int tlv_state)
{
	struct smpp_pdu pdu = {.id = id, .sequence = 77, .esm_class = esm_class};
	uint8_t tlvs[128], state = tlv_state;

	pdu.tlvs = tlvs;
	if (tlv_id)
		smpp_tlv_put(tlvs, sizeof(tlvs), &pdu.tlvs_len, SMPP_TLV_RECEIPTED_MESSAGE_ID, tlv_id, strlen(tlv_id) + 1);
	if (tlv_state >= 0)
		smpp_tlv_put(tlvs, sizeof(tlvs), &pdu.tlvs_len, SMPP_TLV_MESSAGE_STATE, &state, 1);
	if (id == SMPP_DELIVER_SM) {
		pdu.message = (const uint8_t *)text;
		pdu.message_len = strlen(text);
	}
	peer.n_seen = 0;
	peer_send(0, &pdu);
	peer_read(0);
	assert_int_equal(peer.seen[0].id, id | SMPP_RESP); /* always, and with success */
	assert_int_equal(peer.seen[0].status, 0);
}

static unsigned int delivered(void)
{
	struct receipts_reach reach;

	link_smpp_reach(peer.link, 1, &reach);
	return reach.delivered;
}

/* A message answered with one id, whose receipt has another spelling of it. */
static void reaches(const char *id, const char *text_id, const char *tlv_id)
{
	char text[200] = "";

	up(1);
	answered(peer.seen[0].sequence, 0, id);
	if (text_id)
		snprintf(text, sizeof(text),
			 "id:%s sub:001 dlvrd:001 submit date:2611230800 done date:2611230801 stat:DELIVRD err:000 text:", text_id);
	deliver(SMPP_DELIVER_SM, 0x04, text, tlv_id, tlv_id ? SMPP_DELIVERED : -1);
	assert_int_equal(delivered(), 1);
	peer_stop();
}

static void quirk_01(void **state)
{
	reaches("18d0e03a", "0416342074", NULL);
	reaches("0416342074", "18D0E03A", NULL);
}

static void quirk_02(void **state)
{
	reaches("18d0e03a", "0416342074", "18d0e03a");
	reaches("0000436949", "0000436949", "6aad5");
	reaches("38601fa", "0059113978", "38601fa");
}

static void quirk_03(void **state)
{
	reaches("812FC7470000001B", "9308878062554710043", NULL);
}

static void quirk_04(void **state)
{
	reaches("0913121205", "913121205", NULL);
	reaches("913121205", "0913121205", NULL);
}

static void quirk_05(void **state)
{
	reaches("0e999f21-a", "E999F21-A", NULL);
}

static void quirk_06(void **state)
{
	reaches("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3F2504E0-4F89-11D3-9A0C-0305E82C3301", NULL);
	reaches("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", NULL);
	reaches("1A2B3C4D", "1A2B3C4D", NULL);
}

static void quirk_07(void **state)
{
	reaches("7", NULL, "7");
	up(1);
	answered(peer.seen[0].sequence, 0, "362d9701");
	deliver(SMPP_DELIVER_SM, 0x04, "362d9701 2", NULL, -1);
	assert_int_equal(delivered(), 1);
	peer_stop();
}

static void quirk_08(void **state)
{
	reaches("right", "wrong", "right");
}

static void quirk_09(void **state)
{
	peer_start();
	peer.cfg.mode = MODE_LISTEN;
	peer_create();
	peer.dispatch.n = 1;
	link_smpp.connected(peer.link, 0, peer.now_us);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER,
					.sequence = 1,
					.system_id = "reunion",
					.password = "secret",
					.interface_version = 0x34});
	peer_read(0);
	peer.n_seen = 0;
	peer_tick();
	peer_answer(&peer.seen[0], 0); /* with the message_id "42" */
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	assert_int_equal(peer.link->count.protocol_errors, 0);
	peer_stop();
}

static void quirk_10(void **state)
{
	uint32_t sequence;

	up(1);
	sequence = peer.seen[0].sequence;
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:DELIVRD", NULL, -1);
	answered(sequence, 0, "9");
	assert_int_equal(delivered(), 1);
	peer_stop();
}

static void quirk_11(void **state)
{
	up(1);
	answered(peer.seen[0].sequence, 0, "9");
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:ACCEPTD", NULL, -1);
	deliver(SMPP_DELIVER_SM, 0x20, "id:9 stat:ENROUTE", NULL, -1);
	assert_int_equal(delivered(), 0);
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:DELIVRD", NULL, -1);
	assert_int_equal(delivered(), 1);
	peer_stop();
}

static void quirk_12(void **state)
{
	peer_start();
	peer.cfg.receipts = RECEIPTS_NONE;
	peer_create();
	peer.dispatch.n = 1;
	peer_bind(0, 0);
	peer_tick();
	answered(peer.seen[0].sequence, SMPP_RSYSERR, "9");
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:DELIVRD", NULL, -1);
	assert_int_equal(delivered(), 0);
	assert_int_equal(peer.link->count.receipts, 1);
	assert_int_equal(peer.clues, 0);
	peer_stop();
}

static void quirk_13(void **state)
{
	up(4);
	for (unsigned int i = 0; i < 3000; i++)
		deliver(SMPP_DELIVER_SM, 0x04, "id:old stat:DELIVRD", NULL, -1);
	assert_int_equal(peer.link->count.receipts, 3000);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
}

static void quirk_14(void **state)
{
	static const char *const dates[] = {
		"id:9 sub:001 dlvrd:001 submit date:2611230802 done date:2611230801 stat:DELIVRD err:000",
		"id:9 sub:001 dlvrd:001 submit date:261123080200 done date:261123080259 stat:DELIVRD err:000",
		"id:9 submit date:20261123080200 done date:20261123080259 stat:DELIVRD err:0",
		"id:9 submit date:261123080200000+ done date:261123080259000+ stat:DELIVRD err:0"};

	for (size_t i = 0; i < 4; i++) {
		up(1);
		answered(peer.seen[0].sequence, 0, "9");
		deliver(SMPP_DELIVER_SM, 0x04, dates[i], NULL, -1);
		assert_int_equal(delivered(), 1);
		peer_stop();
	}
}

static void quirk_15(void **state)
{
	up(2);
	peer.now_us += 5 * PEER_S;
	answered(peer.seen[1].sequence, 0, "9");
	peer.now_us += 6 * PEER_S;
	peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = 43});
	peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = 44});
	peer_tick();
	assert_int_equal(peer.dispatch.outcome[0], OUT_LOST);
	assert_int_equal(peer.dispatch.outcome[1], OUT_ACCEPTED);
	assert_int_equal(peer.link->state, LINK_UP);
	peer.now_us += 60 * PEER_S; /* and the dead peer on a live connection */
	peer_tick();
	peer.now_us += 11 * PEER_S;
	peer_tick();
	assert_int_not_equal(peer.link->state, LINK_UP);
	peer_stop();
}

static void quirk_16(void **state)
{
	peer_start();
	peer_create();
	peer_connected(0);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 1});
	peer_send(0, &(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = 1});
	peer_read(0);
	assert_int_equal(peer.seen[1].id, SMPP_ENQUIRE_LINK | SMPP_RESP);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
	up(1); /* deliver_sm before the answer */
	deliver(SMPP_DELIVER_SM, 0x04, "id:1 stat:DELIVRD", NULL, -1);
	assert_int_equal(peer.dispatch.answers[0], 0);
	peer_stop();
}

/* An answer to the first message as octets behind length, id and status; the sequence is put in. */
static void answer_raw(uint32_t status, const void *body, size_t len)
{
	uint8_t frame[128] = {0, 0, 0, 16 + len, 0x80, 0, 0, 4, status >> 24, status >> 16, status >> 8, status, 0, 0, 0, peer.seen[0].sequence};

	if (len)
		memcpy(frame + 16, body, len);
	raw(frame, 16 + len);
}

static void quirk_17(void **state)
{
	up(1);
	answer_raw(SMPP_RINVDSTADR, NULL, 0);
	assert_int_equal(peer.dispatch.outcome[0], OUT_REFUSED);
	peer_stop();
}

static void quirk_18(void **state)
{
	up(1);
	answer_raw(0x0B, "0A00A3C323A1", 13);
	assert_int_equal(peer.dispatch.outcome[0], OUT_REFUSED);
	peer_stop();
	up(1);
	answer_raw(0x0B, "\0\x04\x25\0\x01\x02", 6);
	assert_int_equal(peer.dispatch.outcome[0], OUT_REFUSED);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
}

static void quirk_19(void **state)
{
	static const uint8_t bare[] = {0, 0, 0, 17, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0};

	up(1);
	answer_raw(0, "12345", 5); /* no NUL */
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	peer_stop();
	up(1);
	answer_raw(0, "", 1);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	peer_stop();
	peer_start();
	peer_create();
	peer_connected(0);
	raw(bare, sizeof(bare));
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
	peer_start();
	peer_create();
	peer_connected(0);
	peer_send(0, &(struct smpp_pdu){
			     .id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = 1, .status = SMPP_RINVPASWD, .system_id = "SMSC"});
	assert_int_equal(peer.link->count.bind_failures, 1);
	peer_stop();
}

/* A deliver_sm of octets behind short_message. */
static size_t deliver_frame(uint8_t *frame, const char *text, uint8_t sm_length, const void *tail, size_t tail_len)
{
	struct smpp_pdu pdu = {.id = SMPP_DELIVER_SM,
			       .sequence = 5,
			       .esm_class = 4,
			       .message = (const uint8_t *)text,
			       .message_len = strlen(text)};
	int n = smpp_encode(&pdu, frame, 300);

	frame[n - strlen(text) - 1] = sm_length;
	if (tail_len)
		memcpy(frame + n, tail, tail_len);
	frame[2] = (n + tail_len) >> 8;
	frame[3] = n + tail_len;
	return n + tail_len;
}

static uint32_t status_of_answer(const uint8_t *frame, size_t len)
{
	peer.n_seen = 0;
	raw(frame, len);
	peer_read(0);
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.link->state, LINK_UP);
	return peer.seen[0].status;
}

static void quirk_20(void **state)
{
	uint8_t frame[400];

	up(1);
	answered(peer.seen[0].sequence, 0, "9");
	assert_int_equal(status_of_answer(frame, deliver_frame(frame, "id:9 stat:DELIVRD", 17, "", 1)), 0);
	assert_int_equal(delivered(), 1);
	assert_int_equal(status_of_answer(frame, deliver_frame(frame, "id:9 stat:DELIVRD", 17, "\0\x02\x04\0\x02\0\x01", 7)), 0);
	peer_stop();
}

static void quirk_21(void **state)
{
	uint8_t frame[400];

	up(0);
	assert_int_equal(status_of_answer(frame, deliver_frame(frame, "seen", 200, NULL, 0)), SMPP_RINVMSGLEN);
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:DELIVRD", NULL, -1);
	peer_stop();
}

static void quirk_22(void **state)
{
	uint8_t frame[400];

	up(1);
	answered(peer.seen[0].sequence, 0, "9");
	assert_int_equal(status_of_answer(frame, deliver_frame(frame, "id:9 stat:DELIVRD", 17, "\0\x1E\0\x41""12345", 9)), 0);
	assert_int_equal(delivered(), 1);
	peer_stop();
}

static void quirk_23(void **state)
{
	up(1);
	answer_raw(0, "9\0\x14\x54\0\x03""abc\x04\x28\0\x01\x05\x06\x0D\0\0", 18);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	peer_stop();
	peer_start();
	peer_create();
	peer_connected(0);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP,
					.sequence = 1,
					.tlvs = (const uint8_t *)"\x14\x00\0\x02xy\x02\x10\0\x01\x34",
					.tlvs_len = 11});
	assert_int_equal(peer.link->state, LINK_UP);
	assert_int_equal(peer.link->count.protocol_errors, 0);
	peer_stop();
}

static void quirk_24(void **state)
{
	struct smpp_pdu pdu = {.id = SMPP_DELIVER_SM,
			       .esm_class = 4,
			       .message = (const uint8_t *)"id:9 stat:UNDELIV",
			       .message_len = 17,
			       .tlvs = (const uint8_t *)"\x04\x23\0\x03""027",
			       .tlvs_len = 7};
	struct smpp_receipt receipt;

	assert_true(smpp_receipt_read(&pdu, &receipt));
	assert_int_equal(receipt.network_code, 27);
	pdu.tlvs = (const uint8_t *)"\x04\x23\0\x03\x03\0\x1B";
	assert_true(smpp_receipt_read(&pdu, &receipt));
	assert_int_equal(receipt.network_code, 27);
}

static void quirk_25(void **state)
{
	static const uint32_t odd[] = {0xA2859F22, 0x806A179B, 0, 0x7FFFFFFF};

	up(1);
	for (size_t i = 0; i < 4; i++) {
		uint32_t mine = peer.n_seen = 0;

		peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = odd[i]});
		peer_read(0);
		assert_int_equal(peer.seen[mine].sequence, odd[i]);
		answered(odd[i], 0, "9"); /* a response of nobody's request */
	}
	assert_int_equal(peer.dispatch.answers[0], 0);
	assert_int_equal(peer.link->state, LINK_UP);
	assert_int_equal(peer.link->count.accepted, 0);
	peer_stop();
	up(4); /* and we never number two alike */
	for (unsigned int i = 1; i < 4; i++)
		assert_int_not_equal(peer.seen[i].sequence, peer.seen[i - 1].sequence);
	peer_stop();
}

static void quirk_26(void **state)
{
	static const uint32_t unknown[] = {0x22, 0x94, 0x5A, 0x400};

	for (size_t i = 0; i < 4; i++) {
		up(1);
		answered(peer.seen[0].sequence, unknown[i], "");
		assert_int_equal(peer.dispatch.outcome[0], OUT_TRANSIENT);
		assert_int_equal(peer.link->state, LINK_UP);
		peer_stop();
	}
}

static void quirk_27(void **state)
{
	static const uint8_t unknown[] = {0, 0, 0, 16, 0, 0x0A, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9};

	up(1);
	peer.n_seen = 0;
	peer_send(0, &(struct smpp_pdu){.id = SMPP_GENERIC_NACK, .sequence = 4711, .status = 3});
	raw(unknown, sizeof(unknown));
	peer_read(0);
	assert_int_equal(peer.seen[0].id, SMPP_GENERIC_NACK);
	assert_int_equal(peer.seen[0].status, SMPP_RINVCMDID);
	deliver(SMPP_DELIVER_SM, 0x04, "id:9 stat:DELIVRD", NULL, -1); /* parsing goes on */
	raw("\r\n\r\n", 4);
	peer_tick();
	assert_int_equal(peer.closes[0], 1);
	peer_stop();
}

static void quirk_28(void **state)
{
	up(0);
	peer.n_seen = 0;
	peer_send(0, &(struct smpp_pdu){.id = SMPP_DELIVER_SM,
					.sequence = 5,
					.schedule = "261123080000000+",
					.validity = "000001000000000R",
					.message = (const uint8_t *)"seen",
					.message_len = 4});
	assert_int_equal(peer.clues, 1);
	peer_stop();
}

static void quirk_29(void **state)
{
	static const char *const texts[] = {
		"id:9 submit date:2611230801 done date:2611230801 stat:DELIVRD",
		"ID:9 SUB:1 DLVRD:1 SUBMIT DATE:2611230801 DONE DATE:2611230801 STAT:DELIVRD ERR:0 Text:\xC3\xA4",
		"id:9 sub:001 dlvrd:001 submit date:2611230801 done date:2611230801 DELIVRD err:0000",
		"id:9 stat:DELIVRD err:0x1F text", "9 2"};

	for (size_t i = 0; i < 5; i++) {
		up(1);
		answered(peer.seen[0].sequence, 0, "9");
		deliver(SMPP_DELIVER_SM, 0x04, texts[i], NULL, -1);
		assert_int_equal(delivered(), 1);
		peer_stop();
	}
}

static void quirk_30(void **state)
{
	static const char *const words[] = {"ACKED", "BUFFRED", "BUFFERD", "ENROUTE"};
	char text[64];

	for (size_t i = 0; i < 4; i++) {
		struct smpp_receipt receipt;
		int n = snprintf(text, sizeof(text), "id:9 stat:%s", words[i]);

		assert_true(smpp_receipt_text((const uint8_t *)text, n, &receipt));
		assert_false(smpp_state_final(receipt.state));
	}
}

static void quirk_31(void **state)
{
	static const char text[] = "id:9 sub:001 dlvrd:001 submit date:2611230801 done date:2611230801 stat:DELIVRD err:000 text:";

	up(3);
	for (unsigned int i = 0; i < 3; i++)
		answered(peer.seen[i].sequence, 0, (const char *[]){"9", "10", "11"}[i]);
	deliver(SMPP_DELIVER_SM, 0x44, text, NULL, -1);
	assert_int_equal(delivered(), 1);
	deliver(SMPP_DELIVER_SM, 0x00, text, "10", SMPP_DELIVERED);
	assert_int_equal(delivered(), 2);
	deliver(SMPP_DATA_SM, 0x04, "", "11", SMPP_DELIVERED);
	assert_int_equal(delivered(), 3);
	assert_int_equal(peer.clues, 0);
	peer_stop();
}

static void quirk_32(void **state)
{
	static const uint32_t slow[] = {SMPP_RTHROTTLED, SMPP_RMSGQFUL};

	for (size_t i = 0; i < 2; i++) {
		up(1);
		answered(peer.seen[0].sequence, slow[i], "");
		assert_int_equal(peer.backoffs, 1);
		assert_int_equal(peer.dispatch.answers[0], 0); /* kept, and sent again first */
		peer_stop();
	}
	up(1);
	answered(peer.seen[0].sequence, 0x45, "");
	assert_int_equal(peer.dispatch.outcome[0], OUT_TRANSIENT);
	answered(4711, SMPP_RTHROTTLED, ""); /* of an unknown sequence */
	assert_int_equal(peer.backoffs, 0);
	peer_stop();
}

static void quirk_33(void **state)
{
	uint8_t frames[128];
	int n;

	up(2);
	n = smpp_encode(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = peer.seen[0].sequence, .message_id = "8"},
			frames, sizeof(frames));
	n += smpp_encode(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = peer.seen[1].sequence, .message_id = "9"},
			 frames + n, sizeof(frames) - n);
	for (int i = 0; i < n; i++)
		raw(frames + i, 1);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	assert_int_equal(peer.dispatch.outcome[1], OUT_ACCEPTED);
	peer_stop();
}

static void quirk_34(void **state)
{
	char utf8[64];

	assert_true(smpp_plain(0, 0, true, (const uint8_t *)"\x40", 1, utf8, sizeof(utf8)) >= 0);
	assert_string_equal(utf8, "¡");
	assert_true(smpp_plain(0, 0, false, (const uint8_t *)"\x40", 1, utf8, sizeof(utf8)) >= 0);
	assert_string_equal(utf8, "@");
	peer_start(); /* where 0 is not GSM 7-bit, we send UCS-2 */
	smpp_text_split("find her", false, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	assert_int_equal(peer.payload.sms[0].data_coding, 8);
}

static void quirk_35(void **state)
{
	static const char *const wrong[] = {"\x4E\x2D\x65\x87", "\xE5\xAF\xBB"};

	for (size_t i = 0; i < 2; i++) {
		up(0);
		peer_send(0, &(struct smpp_pdu){
				     .id = SMPP_DELIVER_SM, .sequence = 5, .message = (const uint8_t *)wrong[i], .message_len = strlen(wrong[i])});
		assert_int_equal(peer.clues, 1); /* kept as octets, whatever it reads as */
		peer_stop();
	}
}

static void quirk_36(void **state)
{
	struct smpp_text text;
	char long_text[1024] = "";
	char utf8[64];

	for (unsigned int i = 0; i < 100; i++)
		strcat(long_text, "😀");
	smpp_text_split(long_text, true, SMPP_LONG_UDH16, &text, NULL);
	assert_true(text.n >= 3);
	for (unsigned int i = 0; i < text.n; i++) {
		const struct smpp_part *part = &text.part[i];

		assert_true(part->len % 2 == 0 && part->len <= 133);
		assert_int_equal(part->octets[0] & 0xFC, 0xD8);		    /* begins with a high surrogate */
		assert_int_equal(part->octets[part->len - 2] & 0xFC, 0xDC); /* ends with a low one */
	}
	smpp_plain(8, 0, true, (const uint8_t *)"\x4E\x2D\x65", 3, utf8, sizeof(utf8)); /* odd octets: no harm */
	assert_true(smpp_plain(8, 0x40, true, (const uint8_t *)"\5\0\3\1\2\1\x4E\x2D", 8, utf8, sizeof(utf8)) >= 0);
	assert_string_equal(utf8, "中"); /* the header is no text */
}

static void quirk_37(void **state)
{
	struct smpp_pdu bind = {.id = SMPP_BIND_TRANSCEIVER, .sequence = 1, .password = "12345678"};
	uint8_t buf[128];

	up(1);
	assert_null(strchr(peer.seen[0].dest, '+'));
	peer_stop();
	assert_true(smpp_encode(&bind, buf, sizeof(buf)) > 0);
	bind.password = "123456789";
	assert_int_equal(smpp_encode(&bind, buf, sizeof(buf)), -EINVAL);
	bind.password = "";
	bind.system_id = "1234567890123456";
	assert_int_equal(smpp_encode(&bind, buf, sizeof(buf)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quirk_01),
		cmocka_unit_test(quirk_02),
		cmocka_unit_test(quirk_03),
		cmocka_unit_test(quirk_04),
		cmocka_unit_test(quirk_05),
		cmocka_unit_test(quirk_06),
		cmocka_unit_test(quirk_07),
		cmocka_unit_test(quirk_08),
		cmocka_unit_test(quirk_09),
		cmocka_unit_test(quirk_10),
		cmocka_unit_test(quirk_11),
		cmocka_unit_test(quirk_12),
		cmocka_unit_test(quirk_13),
		cmocka_unit_test(quirk_14),
		cmocka_unit_test(quirk_15),
		cmocka_unit_test(quirk_16),
		cmocka_unit_test(quirk_17),
		cmocka_unit_test(quirk_18),
		cmocka_unit_test(quirk_19),
		cmocka_unit_test(quirk_20),
		cmocka_unit_test(quirk_21),
		cmocka_unit_test(quirk_22),
		cmocka_unit_test(quirk_23),
		cmocka_unit_test(quirk_24),
		cmocka_unit_test(quirk_25),
		cmocka_unit_test(quirk_26),
		cmocka_unit_test(quirk_27),
		cmocka_unit_test(quirk_28),
		cmocka_unit_test(quirk_29),
		cmocka_unit_test(quirk_30),
		cmocka_unit_test(quirk_31),
		cmocka_unit_test(quirk_32),
		cmocka_unit_test(quirk_33),
		cmocka_unit_test(quirk_34),
		cmocka_unit_test(quirk_35),
		cmocka_unit_test(quirk_36),
		cmocka_unit_test(quirk_37),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

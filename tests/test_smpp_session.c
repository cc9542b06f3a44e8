/* A session against a scripted peer in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "smpp/session.h"
#include "smpp/status.h"
#include "smpp/stream.h"
#include "smpp/submit.h"

#define S 1000000ull

static struct smpp_session *s;
static struct {
	unsigned int bound, answers, timeouts, messages;
	struct smpp_answer last;
	char last_id[80];
	uint64_t last_timeout;
	uint32_t reply; /* to messages */
	unsigned int left, unsent;
} seen;
static struct smpp_pdu got[256];
static unsigned int n_got;
static uint8_t wire[1 << 20];
static size_t n_wire;

static void bound(void *arg, uint64_t now_us)
{
	seen.bound++;
}

static void answer(void *arg, const struct smpp_answer *a, uint64_t now_us)
{
	seen.answers++;
	seen.last = *a;
	strcpy(seen.last_id, a->message_id);
}

static void timeout(void *arg, uint64_t tag, uint64_t now_us)
{
	seen.timeouts++;
	seen.last_timeout = tag;
}

static uint32_t message(void *arg, const struct smpp_pdu *pdu, uint64_t now_us)
{
	seen.messages++;
	return seen.reply;
}

static const struct smpp_session_ops ops = {.bound = bound, .answer = answer, .timeout = timeout, .message = message};

static bool collect(void *arg, const uint8_t *frame, size_t len)
{
	uint32_t fault;

	assert_int_equal(smpp_decode(frame, len, &got[n_got % 256], &fault), 0);
	n_got++;
	return true;
}

/* The peer reads all that the session has for it; got[] holds the PDUs. */
static unsigned int peer_reads(uint64_t now_us)
{
	struct smpp_stream stream;
	const uint8_t *data;
	size_t len;

	n_got = 0;
	n_wire = 0;
	smpp_stream_init(&stream, NULL);
	while ((data = smpp_session_output(s, &len)) && len > 0) {
		memcpy(wire + n_wire, data, len);
		assert_int_equal(smpp_stream_feed(&stream, wire + n_wire, len, collect, NULL), 0);
		n_wire += len;
		smpp_session_written(s, len, now_us);
	}
	smpp_stream_reset(&stream);
	return n_got;
}

static void peer_sends(const struct smpp_pdu *pdu, uint64_t now_us)
{
	uint8_t buf[1024];
	int n = smpp_encode(pdu, buf, sizeof(buf));

	assert_true(n > 0);
	smpp_session_input(s, buf, n, now_us);
}

static void open_session(uint32_t bind, uint8_t version)
{
	static const struct smpp_session_conf base = {.window = 4,
						      .system_id = "reunion",
						      .password = "secret",
						      .system_type = "",
						      .enquire_us = 30 * S,
						      .response_us = 10 * S};
	struct smpp_session_conf conf = base;

	conf.bind = bind;
	memset(&seen, 0, sizeof(seen));
	talloc_free(s);
	s = smpp_session_new(NULL, &conf, &ops, NULL);
	smpp_session_open(s, version, 1 * S);
	assert_int_equal(peer_reads(1 * S), 1);
	assert_int_equal(got[0].id, bind);
	assert_string_equal(got[0].system_id, "reunion");
	assert_int_equal(got[0].interface_version, version);
}

static void open_bound(void)
{
	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = 1}, 1 * S);
	assert_int_equal(seen.bound, 1);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
}

static uint32_t submit(uint64_t tag, uint64_t now_us)
{
	uint32_t sequence = 0;
	struct smpp_pdu pdu = {.id = SMPP_SUBMIT_SM, .dest = {1, 1, "861"}};
	uint8_t *room = smpp_session_begin(s, 128, &sequence);

	if (!room)
		return 0;
	pdu.sequence = sequence;
	smpp_session_commit(s, smpp_encode(&pdu, room, 128), sequence, tag, now_us);
	return sequence;
}

static void bind_ok_with_version(void **state)
{
	open_session(SMPP_BIND_TRANSMITTER, 0x50);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSMITTER | SMPP_RESP,
				      .sequence = 1,
				      .tlvs = (const uint8_t *)"\x02\x10\x00\x01\x34",
				      .tlvs_len = 5},
		   2 * S);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
	assert_int_equal(smpp_session_version(s), 0x34);
	open_bound();
	assert_int_equal(smpp_session_version(s), 0x33);
}

static void bind_refused(void **state)
{
	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP,
				      .status = SMPP_RINVPASWD,
				      .sequence = 1},
		   2 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_REFUSED);
	assert_int_equal(smpp_session_bind_status(s), SMPP_RINVPASWD);
	assert_int_equal(seen.bound, 0);
}

static void bind_answered_oddly(void **state)
{
	static const uint32_t nacked[] = {1, 0}; /* 0: the peer could not read our header */

	open_session(SMPP_BIND_RECEIVER, 0x34);
	/* another bind's response id */
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSMITTER | SMPP_RESP, .sequence = 1}, 2 * S);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
	for (size_t i = 0; i < 2; i++) {
		open_session(SMPP_BIND_TRANSCEIVER, 0x34);
		peer_sends(&(struct smpp_pdu){.id = SMPP_GENERIC_NACK, .status = SMPP_RINVCMDID, .sequence = nacked[i]}, 2 * S);
		assert_int_equal(smpp_session_end(s), SMPP_END_REFUSED);
	}
}

static void answer_to_another_bind_is_none(void **state)
{
	static const uint32_t wrong[] = {0, 2, 77, 0x80000001, 0xFFFFFFFF};

	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	for (size_t i = 0; i < 5; i++) {
		peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = wrong[i]}, 2 * S);
		peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = wrong[i], .status = SMPP_RINVPASWD},
			   2 * S);
		if (wrong[i])
			peer_sends(&(struct smpp_pdu){.id = SMPP_GENERIC_NACK, .sequence = wrong[i], .status = SMPP_RSYSERR}, 2 * S);
	}
	assert_int_equal(smpp_session_state(s), SMPP_BINDING);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
	assert_int_equal(smpp_session_faults(s), 14);
	assert_int_equal(seen.bound, 0);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = 1}, 2 * S);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
	/* a second answer changes nothing */
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = 1, .status = SMPP_RINVPASWD}, 2 * S);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
	assert_int_equal(seen.bound, 1);
}

static void an_answer_of_another_kind_is_none(void **state)
{
	static const uint32_t other[] = {SMPP_CANCEL_BROADCAST_SM, SMPP_BROADCAST_SM, SMPP_DELIVER_SM, SMPP_CANCEL_SM, SMPP_QUERY_SM,
					 SMPP_REPLACE_SM, SMPP_UNBIND, SMPP_ENQUIRE_LINK, SMPP_BIND_TRANSCEIVER};
	uint32_t sequence;

	open_bound();
	sequence = submit(1, 2 * S);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		peer_sends(&(struct smpp_pdu){.id = other[i] | SMPP_RESP, .sequence = sequence}, 2 * S);
	assert_int_equal(seen.answers, 0);
	assert_int_equal(smpp_session_faults(s), 9);
	assert_int_equal(smpp_session_state(s), SMPP_BOUND);
	/* but one submit's response may stand for another's */
	peer_sends(&(struct smpp_pdu){.id = SMPP_DATA_SM | SMPP_RESP, .sequence = sequence}, 2 * S);
	assert_int_equal(seen.answers, 1);
}

static void answers_to_no_enquiry(void **state)
{
	open_bound();
	smpp_session_tick(s, 31 * S);
	for (uint32_t i = 0; i < 3; i++)
		peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = 40 + i}, 32 * S);
	assert_int_equal(smpp_session_faults(s), 2);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
}

static void bind_not_answered(void **state)
{
	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	assert_int_equal(smpp_session_tick(s, 2 * S), 11 * S);
	smpp_session_tick(s, 11 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_NO_BIND);
}

static void enquire_before_bind_is_answered(void **state)
{
	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 0x80000005}, 2 * S);
	assert_int_equal(peer_reads(2 * S), 1);
	assert_int_equal(got[0].id, SMPP_ENQUIRE_LINK | SMPP_RESP);
	assert_int_equal(got[0].sequence, 0x80000005);
}

static void answers_in_any_order(void **state)
{
	uint32_t a, b, c;

	open_bound();
	a = submit(10, 2 * S);
	b = submit(11, 2 * S);
	c = submit(12, 2 * S);
	assert_int_equal(peer_reads(2 * S), 3);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = c, .message_id = "c3"},
		   3 * S);
	assert_int_equal(seen.last.tag, 12);
	assert_string_equal(seen.last_id, "c3");
	assert_int_equal(seen.last.rtt_us, S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP,
				      .sequence = a,
				      .status = SMPP_RTHROTTLED},
		   3 * S);
	assert_int_equal(seen.last.tag, 10);
	assert_int_equal(seen.last.status, SMPP_RTHROTTLED);
	peer_sends(&(struct smpp_pdu){.id = SMPP_GENERIC_NACK, .sequence = b, .status = SMPP_RINVCMDLEN},
		   3 * S);
	assert_int_equal(seen.last.tag, 11);
	assert_int_equal(seen.last.status, SMPP_RINVCMDLEN);
	assert_int_equal(smpp_session_unanswered(s), 0);
}

static void window_is_the_limit(void **state)
{
	uint32_t first;

	open_bound();
	first = submit(1, 2 * S);
	for (unsigned int i = 2; i <= 4; i++)
		assert_true(submit(i, 2 * S) > 0);
	assert_int_equal(smpp_session_room(s), 0);
	assert_int_equal(submit(5, 2 * S), 0);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = first}, 2 * S);
	assert_int_equal(smpp_session_room(s), 1);
}

static void one_slow_answer_does_not_collide(void **state)
{
	uint32_t slow;

	open_bound();
	slow = submit(99, 2 * S);
	for (unsigned int i = 0; i < 100; i++) {
		uint32_t q = submit(i, 2 * S);

		assert_true(q > 0 && q != slow);
		peer_reads(2 * S);
		peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = q}, 2 * S);
		assert_int_equal(seen.last.tag, i);
	}
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = slow}, 2 * S);
	assert_int_equal(seen.last.tag, 99);
}

static void second_answer_is_an_orphan(void **state)
{
	uint64_t before;
	uint32_t q;

	open_bound();
	q = submit(1, 2 * S);
	for (unsigned int i = 0; i < 2; i++)
		peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = q}, 2 * S);
	before = smpp_session_faults(s);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = 4711}, 2 * S);
	assert_int_equal(seen.answers, 1);
	assert_int_equal(smpp_session_faults(s), before + 1);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
}

static void late_answer_is_lost_once(void **state)
{
	uint32_t q;

	open_bound();
	q = submit(1, 2 * S);
	peer_reads(2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 9}, 5 * S);
	peer_reads(5 * S);
	assert_int_equal(smpp_session_tick(s, 5 * S), 12 * S);
	smpp_session_tick(s, 12 * S);
	assert_int_equal(seen.timeouts, 1);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = q}, 13 * S);
	assert_int_equal(seen.answers, 0);
}

static void one_who_answers_no_message_is_left(void **state)
{
	open_bound();
	submit(1, 2 * S);
	submit(2, 2 * S);
	peer_reads(2 * S);
	for (unsigned int t = 3; t <= 12; t++) /* alive, by the look of it */
		peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = t}, t * S);
	smpp_session_tick(s, 12 * S);
	assert_int_equal(seen.timeouts, 2); /* both of one time: it may have been a stumble */
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
	submit(3, 13 * S);
	peer_reads(13 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 22}, 22 * S);
	smpp_session_tick(s, 23 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_DUMB);
	assert_int_equal(seen.timeouts, 2); /* the third is still drained */
}

static void count_left(void *arg, uint64_t tag, bool left)
{
	if (left)
		seen.left++;
	else
		seen.unsent++;
}

static void silent_peer_ends_the_session(void **state)
{
	open_bound();
	submit(1, 2 * S);
	peer_reads(2 * S);
	submit(2, 2 * S);
	smpp_session_tick(s, 12 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_SILENT);
	assert_int_equal(seen.timeouts, 0);
	smpp_session_close(s);
	smpp_session_drain(s, count_left, NULL);
	assert_int_equal(seen.left, 1);
	assert_int_equal(seen.unsent, 1);
}

static void half_written_counts_as_left(void **state)
{
	open_bound();
	submit(1, 2 * S);
	submit(2, 2 * S);
	smpp_session_written(s, 3, 2 * S);
	smpp_session_close(s);
	smpp_session_drain(s, count_left, NULL);
	assert_int_equal(seen.left, 1);
	assert_int_equal(seen.unsent, 1);
}

static void enquires_when_idle(void **state)
{
	uint32_t q;

	open_bound();
	assert_int_equal(smpp_session_tick(s, 2 * S), 31 * S);
	smpp_session_tick(s, 31 * S);
	assert_int_equal(peer_reads(31 * S), 1);
	assert_int_equal(got[0].id, SMPP_ENQUIRE_LINK);
	q = got[0].sequence;
	peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = q}, 32 * S);
	assert_int_equal(smpp_session_tick(s, 41 * S), 62 * S);
	smpp_session_tick(s, 62 * S);
	peer_reads(62 * S);
	smpp_session_tick(s, 72 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_SILENT);
}

static void deliver_is_answered_now_or_later(void **state)
{
	struct smpp_pdu deliver = {.id = SMPP_DELIVER_SM,
				   .sequence = 0xA2859F22,
				   .message = (const uint8_t *)"x",
				   .message_len = 1};

	open_bound();
	peer_sends(&deliver, 2 * S);
	assert_int_equal(peer_reads(2 * S), 1);
	assert_int_equal(got[0].id, SMPP_DELIVER_SM | SMPP_RESP);
	assert_int_equal(got[0].sequence, 0xA2859F22);
	assert_int_equal(got[0].status, 0);
	assert_int_equal(n_wire, 17);
	seen.reply = SMPP_LATER;
	peer_sends(&deliver, 2 * S);
	assert_int_equal(peer_reads(2 * S), 0);
	smpp_session_respond(s, SMPP_DELIVER_SM, deliver.sequence, SMPP_RSYSERR);
	assert_int_equal(peer_reads(2 * S), 1);
	assert_int_equal(got[0].status, SMPP_RSYSERR);
}

static void what_we_do_not_serve_is_answered(void **state)
{
	static const uint8_t unknown[] = {0, 0, 0, 16, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 7};
	static const uint8_t torn[] = {0, 0, 0, 17, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 8, 'x'};
	static const uint8_t unknown_resp[] = {0, 0, 0, 16, 0x80, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 7};

	open_bound();
	smpp_session_input(s, unknown, sizeof(unknown), 2 * S);
	smpp_session_input(s, torn, sizeof(torn), 2 * S);
	smpp_session_input(s, unknown_resp, sizeof(unknown_resp), 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM, .sequence = 9}, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER, .sequence = 10}, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_ALERT_NOTIFICATION, .sequence = 11}, 2 * S);
	assert_int_equal(peer_reads(2 * S), 4);
	assert_int_equal(got[0].id, SMPP_GENERIC_NACK);
	assert_int_equal(got[0].status, SMPP_RINVCMDID);
	assert_int_equal(got[0].sequence, 7);
	assert_int_equal(got[1].id, SMPP_DELIVER_SM | SMPP_RESP);
	assert_int_equal(got[1].status, SMPP_RINVCMDLEN);
	assert_int_equal(got[2].id, SMPP_SUBMIT_SM | SMPP_RESP);
	assert_int_equal(got[2].status, SMPP_RINVBNDSTS);
	assert_int_equal(got[3].status, SMPP_RINVBNDSTS);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
	assert_int_equal(smpp_session_faults(s), 5);
}

static void transmitter_takes_no_messages(void **state)
{
	open_session(SMPP_BIND_TRANSMITTER, 0x34);
	peer_sends(&(struct smpp_pdu){.id = SMPP_BIND_TRANSMITTER | SMPP_RESP, .sequence = 1}, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_DELIVER_SM, .sequence = 5}, 2 * S);
	assert_int_equal(seen.messages, 0);
	peer_reads(2 * S);
	assert_int_equal(got[0].status, SMPP_RINVBNDSTS);
}

static void malformed_ok_answer_still_counts(void **state)
{
	uint8_t frame[19] = {0, 0, 0, 19, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 'A', 'B', 'C'};

	open_bound();
	frame[15] = submit(5, 2 * S);
	smpp_session_input(s, frame, sizeof(frame), 2 * S);
	assert_int_equal(seen.answers, 1);
	assert_int_equal(seen.last.status, 0);
	assert_null(seen.last.pdu);
}

static void congestion_is_told(void **state)
{
	uint32_t q;

	open_bound();
	q = submit(5, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP,
				      .sequence = q,
				      .message_id = "m",
				      .tlvs = (const uint8_t *)"\x04\x28\x00\x01\x5F",
				      .tlvs_len = 5},
		   2 * S);
	assert_int_equal(seen.last.congestion, 95);
	q = submit(6, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = q, .message_id = "m"},
		   2 * S);
	assert_int_equal(seen.last.congestion, -1);
}

static void garbage_ends_the_session(void **state)
{
	open_session(SMPP_BIND_TRANSCEIVER, 0x34);
	smpp_session_input(s, (const uint8_t *)"HTTP/1.1 400 Bad Request\r\n", 26, 2 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_GARBAGE);
	assert_int_equal(smpp_session_faults(s), 1);
}

static void unbind_drains_first(void **state)
{
	uint32_t q;

	open_bound();
	q = submit(1, 2 * S);
	smpp_session_unbind(s, 3 * S);
	peer_reads(3 * S);
	assert_int_equal(n_got, 1);
	assert_int_equal(submit(2, 3 * S), 0);
	peer_sends(&(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = q}, 4 * S);
	assert_int_equal(seen.answers, 1);
	smpp_session_tick(s, 4 * S);
	assert_int_equal(peer_reads(4 * S), 1);
	assert_int_equal(got[0].id, SMPP_UNBIND);
	peer_sends(&(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = got[0].sequence}, 5 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_UNBOUND);
}

static void unbind_does_not_wait_for_ever(void **state)
{
	open_bound();
	smpp_session_unbind(s, 3 * S);
	assert_int_equal(peer_reads(3 * S), 1);
	smpp_session_tick(s, 8 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_UNBOUND);
}

static void peer_unbinds(void **state)
{
	open_bound();
	peer_sends(&(struct smpp_pdu){.id = SMPP_UNBIND, .sequence = 3}, 2 * S);
	assert_int_equal(smpp_session_end(s), SMPP_ALIVE);
	assert_int_equal(peer_reads(2 * S), 1);
	assert_int_equal(got[0].id, SMPP_UNBIND | SMPP_RESP);
	smpp_session_tick(s, 2 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_PEER);
}

static void peer_that_does_not_read_cannot_grow_memory(void **state)
{
	struct smpp_pdu enquire = {.id = SMPP_ENQUIRE_LINK, .sequence = 1};
	unsigned int i = 0;
	size_t size;

	open_bound();
	size = talloc_total_size(s);
	for (; smpp_session_end(s) == SMPP_ALIVE && i < 1000000; i++)
		peer_sends(&enquire, 2 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_STALLED);
	assert_true(i < 10000);
	assert_int_equal(talloc_total_size(s), size);
}

static void output_that_stands_still_ends_the_session(void **state)
{
	open_bound();
	submit(1, 2 * S);
	peer_sends(&(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 1}, 11 * S);
	smpp_session_tick(s, 12 * S);
	assert_int_equal(smpp_session_end(s), SMPP_END_STALLED);
	smpp_session_close(s);
	smpp_session_drain(s, count_left, NULL);
	assert_int_equal(seen.unsent, 1);
}

static void template_is_what_the_encoder_makes(void **state)
{
	struct smpp_pdu pdu = {.id = SMPP_SUBMIT_SM,
			       .sequence = 1,
			       .service_type = "CMT",
			       .source = {5, 0, "POLICE"},
			       .dest = {1, 1, ""},
			       .schedule = "",
			       .validity = "000000060000000R",
			       .data_coding = 8,
			       .message = (const uint8_t *)"\x4E\x2D",
			       .message_len = 2};
	struct smpp_submit t;
	uint8_t a[512], b[512];
	size_t n;

	assert_int_equal(smpp_submit_make(NULL, &pdu, &t), 0);
	n = smpp_submit_write(&t, a, "8613800000000", 13, 77, 1);
	pdu.dest.digits = "8613800000000";
	pdu.sequence = 77;
	pdu.registered = 1;
	assert_int_equal(smpp_encode(&pdu, b, sizeof(b)), n);
	assert_memory_equal(a, b, n);
	talloc_free(t.octets);
}

static int teardown(void **state)
{
	talloc_free(s);
	s = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_ok_with_version),
		cmocka_unit_test(bind_refused),
		cmocka_unit_test(bind_answered_oddly),
		cmocka_unit_test(answer_to_another_bind_is_none),
		cmocka_unit_test(an_answer_of_another_kind_is_none),
		cmocka_unit_test(answers_to_no_enquiry),
		cmocka_unit_test(bind_not_answered),
		cmocka_unit_test(enquire_before_bind_is_answered),
		cmocka_unit_test(answers_in_any_order),
		cmocka_unit_test(window_is_the_limit),
		cmocka_unit_test(one_slow_answer_does_not_collide),
		cmocka_unit_test(second_answer_is_an_orphan),
		cmocka_unit_test(late_answer_is_lost_once),
		cmocka_unit_test(one_who_answers_no_message_is_left),
		cmocka_unit_test(silent_peer_ends_the_session),
		cmocka_unit_test(half_written_counts_as_left),
		cmocka_unit_test(enquires_when_idle),
		cmocka_unit_test(deliver_is_answered_now_or_later),
		cmocka_unit_test(what_we_do_not_serve_is_answered),
		cmocka_unit_test(transmitter_takes_no_messages),
		cmocka_unit_test(malformed_ok_answer_still_counts),
		cmocka_unit_test(congestion_is_told),
		cmocka_unit_test(garbage_ends_the_session),
		cmocka_unit_test(unbind_drains_first),
		cmocka_unit_test(unbind_does_not_wait_for_ever),
		cmocka_unit_test(peer_unbinds),
		cmocka_unit_test(peer_that_does_not_read_cannot_grow_memory),
		cmocka_unit_test(output_that_stands_still_ends_the_session),
		cmocka_unit_test(template_is_what_the_encoder_makes),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}

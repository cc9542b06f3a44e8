/* The SMPP link between fakes: what it does with units, answers, trouble and messages. */
#include "tests/smpp_peer.h"
#include <string.h>
#include "gateway/link_smpp.h"
#include "smpp/status.h"

static void up(uint32_t units)
{
	peer_create();
	peer.dispatch.n = units;
	peer_bind(0, 0);
	assert_true(peer.dispatch.up);
	assert_int_equal(peer.link->state, LINK_UP);
}

static void fresh(uint32_t units)
{
	peer_start();
	up(units);
}

static void later(uint64_t us)
{
	peer.now_us += us;
	peer_tick();
}

static void expect(uint32_t unit, enum outcome outcome)
{
	assert_int_equal(peer.dispatch.answers[unit], 1);
	assert_int_equal(peer.dispatch.outcome[unit], outcome);
}

static void units_in_order_within_the_window(void **state)
{
	fresh(10);
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	assert_string_equal(peer.seen[0].dest, "8613800000000");
	assert_string_equal(peer.seen[3].dest, "8613800000003");
	assert_string_equal(peer.seen[0].validity, "000000060000000R");
	assert_int_equal(peer.next_us, peer.now_us + 10 * PEER_S); /* only an answer or its timeout */
	peer_answer_all(0);
	expect(0, OUT_ACCEPTED);
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	peer_answer_all(0);
	peer_tick();
	peer_answer_all(0);
	for (uint32_t i = 0; i < 10; i++)
		expect(i, OUT_ACCEPTED);
	assert_int_equal(peer.link->count.submitted, 10);
	assert_int_equal(peer.link->count.accepted, 10);
	peer_stop();
}

static void all_parts_of_all_texts(void **state)
{
	char text[512];

	peer_start();
	memset(text, 'a', 400);
	text[400] = '\0';
	smpp_text_split(text, true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	smpp_text_split("中", true, SMPP_LONG_UDH16, &peer.payload.sms[1], NULL);
	peer.payload.n_texts = 2;
	up(2);
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	assert_int_equal(peer.taken, 4);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(peer.seen[i].esm_class, 0x40);
		assert_int_equal(peer.seen[i].part, i + 1);
	}
	assert_int_equal(peer.seen[3].data_coding, 8);
	assert_int_equal(peer.seen[3].esm_class, 0);
	for (unsigned int i = 0; i < 3; i++)
		peer_answer(&peer.seen[i], 0);
	assert_int_equal(peer.dispatch.answers[0], 0);
	peer_answer(&peer.seen[3], 0);
	expect(0, OUT_ACCEPTED);
	peer_stop();
}

static void refused_transient_and_unknown(void **state)
{
	fresh(4);
	peer_tick();
	peer_answer(&peer.seen[0], SMPP_RINVDSTADR);
	peer_answer(&peer.seen[1], SMPP_RSYSERR);
	peer_answer(&peer.seen[2], 0x4FF);
	peer_answer(&peer.seen[3], 0x01);
	expect(0, OUT_REFUSED);
	expect(1, OUT_TRANSIENT);
	expect(2, OUT_TRANSIENT);
	expect(3, OUT_REFUSED);
	assert_int_equal(peer.link->count.refused, 2);
	assert_int_equal(peer.link->count.transient, 2);
	peer_stop();
}

static void class_overrides(void **state)
{
	static struct conf_status_class own = {0x4FF, 'P'};

	peer_start();
	peer.cfg.classes = &own;
	peer.cfg.n_classes = 1;
	up(1);
	peer_tick();
	peer_answer_all(0x4FF);
	expect(0, OUT_REFUSED);
	peer_stop();
}

static void refused_part_stops_the_unit(void **state)
{
	char text[1200];

	peer_start();
	peer.cfg.window = 2;
	memset(text, 'a', 900);
	text[900] = '\0';
	smpp_text_split(text, true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	up(1);
	peer_tick();
	assert_int_equal(peer.n_seen, 2);
	peer_answer(&peer.seen[0], SMPP_RINVDSTADR);
	peer_tick();
	assert_int_equal(peer.n_seen, 2);
	peer_answer(&peer.seen[1], 0);
	expect(0, OUT_REFUSED);
	peer_stop();
}

static void throttled_goes_again_first_and_in_order(void **state)
{
	fresh(8);
	peer_tick();
	peer_answer(&peer.seen[0], 0);
	peer_answer(&peer.seen[2], SMPP_RTHROTTLED);
	peer_answer(&peer.seen[1], SMPP_RMSGQFUL);
	assert_int_equal(peer.backoffs, 2);
	assert_int_equal(peer.link->count.throttled, 2);
	peer_answer(&peer.seen[3], 0);
	peer.n_seen = 0;
	peer_tick();
	assert_int_equal(peer.n_seen, 0); /* the whole link is held */
	assert_true(peer.next_us > peer.now_us && peer.next_us <= peer.now_us + PEER_S);
	peer.now_us = peer.next_us;
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	assert_string_equal(peer.seen[0].dest, "8613800000001");
	assert_string_equal(peer.seen[1].dest, "8613800000002");
	assert_string_equal(peer.seen[2].dest, "8613800000004");
	assert_int_equal(peer.dispatch.answers[1], 0);
	peer_answer_all(0);
	expect(1, OUT_ACCEPTED);
	expect(2, OUT_ACCEPTED);
	peer_stop();
}

static void congestion_slows(void **state)
{
	fresh(1);
	peer_tick();
	peer_send(0, &(struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP,
					.sequence = peer.seen[0].sequence,
					.message_id = "1",
					.tlvs = (const uint8_t *)"\x04\x28\x00\x01\x63",
					.tlvs_len = 5});
	assert_int_equal(peer.backoffs, 1);
	expect(0, OUT_ACCEPTED);
	peer_stop();
}

static void no_tokens_no_units(void **state)
{
	peer_start();
	peer.tokens = 2;
	up(5);
	peer_tick();
	assert_int_equal(peer.n_seen, 2);
	assert_int_equal(peer.dispatch.next, 2); /* what cannot leave is not taken */
	assert_int_equal(peer.next_us, peer.now_us + 1000);
	peer_stop();
}

static void payload_mode_counts_all_parts(void **state)
{
	char text[512];

	peer_start();
	peer.cfg.long_messages = LONG_PAYLOAD;
	memset(text, 'a', 400);
	text[400] = '\0';
	smpp_text_split(text, true, SMPP_LONG_PAYLOAD, &peer.payload.sms[0], NULL);
	up(1);
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.taken, 3);
	peer_answer_all(0);
	assert_int_equal(peer.link->count.accepted, 3);
	expect(0, OUT_ACCEPTED);
	peer_stop();
}

static void number_that_is_none_is_refused(void **state)
{
	fresh(14);
	for (unsigned int i = 0; i < 5; i++) {
		peer_tick();
		peer_answer_all(0);
	}
	expect(12, OUT_ACCEPTED);
	expect(13, OUT_REFUSED);
	peer_stop();
}

static void lost_connection(void **state)
{
	fresh(8);
	link_smpp.tick(peer.link, peer.now_us);
	link_smpp.written(peer.link, 0, 20, peer.now_us); /* a piece of the first */
	link_smpp.closed(peer.link, 0, "reset by peer", peer.now_us);
	assert_false(peer.dispatch.up);
	expect(0, OUT_LOST);
	expect(1, OUT_UNSENT);
	expect(3, OUT_UNSENT);
	assert_int_equal(peer.link->count.disconnects, 1);
	assert_int_equal(peer.link->count.lost, 1);
	assert_int_equal(peer.link->state, LINK_DOWN);
	assert_int_equal(peer.events[LINK_EV_DOWN], 1);
	link_smpp.closed(peer.link, 0, "again", peer.now_us);
	assert_int_equal(peer.link->count.disconnects, 1);
	peer_tick();
	assert_true(peer.next_us > peer.now_us && peer.next_us < peer.now_us + 2 * PEER_S);
	peer.now_us = peer.next_us;
	peer_tick();
	assert_int_equal(peer.connects[0], 2);
	peer_bind(0, 0);
	peer_tick();
	assert_string_equal(peer.seen[0].dest, "8613800000001");
	peer_stop();
}

static void half_sent_unit_is_an_attempt(void **state)
{
	char text[1200];

	peer_start();
	peer.cfg.window = 1;
	memset(text, 'a', 300);
	text[300] = '\0';
	smpp_text_split(text, true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	up(1);
	peer_tick();
	peer_answer_all(0);
	link_smpp.closed(peer.link, 0, "reset by peer", peer.now_us);
	expect(0, OUT_LOST);
	peer_stop();
}

static void silent_peer(void **state)
{
	fresh(4);
	peer_tick();
	later(10 * PEER_S);
	assert_int_equal(peer.closes[0], 1);
	for (uint32_t i = 0; i < 4; i++)
		expect(i, OUT_LOST);
	assert_int_equal(peer.link->count.lost, 4);
	peer_stop();
}

static void one_answer_missing(void **state)
{
	struct peer_seen first;

	fresh(4);
	peer_tick();
	first = peer.seen[0];
	peer.now_us += PEER_S;
	for (unsigned int i = 1; i < 4; i++)
		peer_answer(&peer.seen[i], 0);
	later(9 * PEER_S);
	expect(0, OUT_LOST);
	assert_int_equal(peer.closes[0], 0);
	peer_answer(&first, 0); /* too late: counts no more */
	expect(0, OUT_LOST);
	assert_int_equal(peer.link->count.accepted, 3);
	peer_stop();
}

static void cancelled_job_sends_no_more(void **state)
{
	char text[1200];

	peer_start();
	peer.cfg.window = 2;
	memset(text, 'a', 400);
	text[400] = '\0';
	smpp_text_split(text, true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	up(3);
	peer_tick();
	peer.dispatch.job.state = JOB_WITHDRAWN;
	peer_answer_all(0);
	peer_tick();
	assert_int_equal(peer.n_seen, 0);
	expect(0, OUT_LOST); /* had two of three parts */
	peer_stop();
}

static void cancelled_job_drops_throttled_parts(void **state)
{
	fresh(2);
	peer_tick();
	peer_answer_all(SMPP_RTHROTTLED);
	peer.dispatch.job.state = JOB_WITHDRAWN;
	later(PEER_S);
	assert_int_equal(peer.n_seen, 0);
	expect(0, OUT_UNSENT);
	expect(1, OUT_UNSENT);
	peer_stop();
}

static void session_class_stops_the_link(void **state)
{
	fresh(8);
	peer_tick();
	peer_answer(&peer.seen[0], 0x0A);
	assert_false(peer.dispatch.up);
	expect(0, OUT_UNSENT);
	assert_int_equal(peer.link->state, LINK_UNBINDING);
	for (unsigned int i = 1; i < 4; i++)
		peer_answer(&peer.seen[i], 0x0A);
	peer.n_seen = 0;
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_UNBIND);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = peer.seen[0].sequence});
	assert_int_equal(peer.closes[0], 1);
	assert_non_null(strstr(peer.event_text, "RINVSRCADR"));
	peer_tick();
	assert_true(peer.next_us >= peer.now_us + 3 * PEER_S);
	peer_stop();
}

/* ---- cells ---- */

static void cells_up(uint32_t units)
{
	peer_start();
	peer.cfg.addressing = ADDR_CELLS;
	peer.cells[0] = (struct cell_id){.cell = 6969, .area = 4301, .mcc = 460, .mnc = 0, .radio = CELL_GSM};
	peer.cells[1] =
		(struct cell_id){.cell = 268435455, .area = 1, .mcc = 460, .mnc = 0, .radio = CELL_UMTS};
	peer.cells[2] = (struct cell_id){.cell = 5, .mcc = 460, .mnc = 1, .radio = CELL_LTE};
	peer.cells[3] = (struct cell_id){.cell = 68719476735, .mcc = 460, .mnc = 0, .radio = CELL_NR};
	up(units);
}

static void cells_by_name(void **state)
{
	cells_up(6);
	peer_tick();
	assert_int_equal(peer.n_seen, 2);
	assert_int_equal(peer.seen[0].id, SMPP_SUBMIT_MULTI);
	assert_int_equal(peer.seen[0].n_dests, 4); /* never more than burst */
	assert_int_equal(peer.seen[1].n_dests, 2);
	assert_string_equal(peer.seen[0].dests[0], "46000-4301-6969");
	assert_string_equal(peer.seen[0].dests[1], "46000-U268435455");
	assert_string_equal(peer.seen[0].dests[2], "46001-L5");
	assert_string_equal(peer.seen[0].dests[3], "46000-N68719476735");
	assert_int_equal(peer.taken, 6);
	peer_answer_all(0);
	for (uint32_t i = 0; i < 6; i++)
		expect(i, OUT_ACCEPTED);
	assert_int_equal(peer.link->count.accepted, 6);
	peer_stop();
}

static void failed_cells_are_told_apart(void **state)
{
	static const uint8_t failed[] = "\0\0"
					"46001-L5\0\0\0\0\x34"
					"\0\0"
					"46000-4301-6969\0\0\0\0\x08"
					"\0\0"
					"stranger\0\0\0\0\x0B";

	cells_up(4);
	peer_tick();
	peer_send(0, &(struct smpp_pdu){.id = SMPP_SUBMIT_MULTI | SMPP_RESP,
					.sequence = peer.seen[0].sequence,
					.message_id = "9",
					.n_failed = 3,
					.failed = failed,
					.failed_len = sizeof(failed) - 1});
	expect(0, OUT_TRANSIENT);
	expect(1, OUT_ACCEPTED);
	expect(2, OUT_REFUSED);
	expect(3, OUT_ACCEPTED);
	assert_int_equal(peer.link->count.accepted, 2);
	assert_int_equal(peer.link->count.refused, 1);
	peer_stop();
}

static void cell_that_cannot_be_named(void **state)
{
	cells_up(4);
	peer_stop();
	cells_up(4);
	peer.cells[1].radio = CELL_CDMA;
	peer_tick();
	assert_int_equal(peer.seen[0].n_dests, 3);
	peer_answer_all(0);
	expect(0, OUT_ACCEPTED);
	expect(1, OUT_REFUSED);
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_in_order_within_the_window),
		cmocka_unit_test(all_parts_of_all_texts),
		cmocka_unit_test(refused_transient_and_unknown),
		cmocka_unit_test(class_overrides),
		cmocka_unit_test(refused_part_stops_the_unit),
		cmocka_unit_test(throttled_goes_again_first_and_in_order),
		cmocka_unit_test(congestion_slows),
		cmocka_unit_test(no_tokens_no_units),
		cmocka_unit_test(payload_mode_counts_all_parts),
		cmocka_unit_test(number_that_is_none_is_refused),
		cmocka_unit_test(lost_connection),
		cmocka_unit_test(half_sent_unit_is_an_attempt),
		cmocka_unit_test(silent_peer),
		cmocka_unit_test(one_answer_missing),
		cmocka_unit_test(cancelled_job_sends_no_more),
		cmocka_unit_test(cancelled_job_drops_throttled_parts),
		cmocka_unit_test(session_class_stops_the_link),
		cmocka_unit_test(cells_by_name),
		cmocka_unit_test(failed_cells_are_told_apart),
		cmocka_unit_test(cell_that_cannot_be_named),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

/* The SMPP link's connections between fakes: dialling, binding, falling back, backing off, stopping, and
 * messages. */
#include "tests/smpp_peer.h"
#include <string.h>
#include "smpp/status.h"

static void fresh(void)
{
	peer_start();
	peer_create();
	assert_int_equal(peer.connects[0], 1);
	assert_int_equal(peer.link->state, LINK_CONNECTING);
}

/* Ticks to the next dial and says how long it took. */
static uint64_t wait_for_dial(void)
{
	uint64_t from = peer.now_us;
	unsigned int connects = peer.connects[0];

	for (unsigned int i = 0; i < 10 && peer.connects[0] == connects; i++) {
		link_smpp.tick(peer.link, peer.now_us);
		peer.next_us = link_smpp.tick(peer.link, peer.now_us);
		if (peer.connects[0] == connects && peer.next_us != UINT64_MAX)
			peer.now_us = peer.next_us;
	}
	assert_int_equal(peer.connects[0], connects + 1);
	return peer.now_us - from;
}

static void binds_as_configured(void **state)
{
	static const struct {
		enum conf_bind bind;
		uint32_t command;
	} kinds[] = {{BIND_TRANSCEIVER, SMPP_BIND_TRANSCEIVER},
		     {BIND_TRANSMITTER, SMPP_BIND_TRANSMITTER},
		     {BIND_RECEIVER, SMPP_BIND_RECEIVER},
		     {BIND_PAIR, SMPP_BIND_TRANSMITTER}};

	for (size_t i = 0; i < 4; i++) {
		peer_start();
		peer.cfg.bind = kinds[i].bind;
		peer_create();
		peer_connected(0);
		assert_int_equal(peer.seen[0].id, kinds[i].command);
		assert_int_equal(peer.connects[1], kinds[i].bind == BIND_PAIR);
		peer_send(0, &(struct smpp_pdu){.id = kinds[i].command | SMPP_RESP, .sequence = 1});
		assert_int_equal(peer.link->state, LINK_UP);
		assert_int_equal(peer.dispatch.up, kinds[i].bind != BIND_RECEIVER);
		peer_stop();
	}
}

/* binds = 2 with bind = "pair": two transmitters and one receiver. */
static void several_binds_are_dialled(void **state)
{
	static const uint32_t wanted[] = {SMPP_BIND_TRANSMITTER, SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER};
	struct peer_seen first;

	peer_start();
	peer.cfg.bind = BIND_PAIR;
	peer.cfg.binds = 2;
	peer_create();
	peer.dispatch.n = 20;
	for (unsigned int leg = 0; leg < 3; leg++) {
		assert_int_equal(peer.connects[leg], 1);
		peer_connected(leg);
		assert_int_equal(peer.seen[0].id, wanted[leg]);
		peer_send(leg, &(struct smpp_pdu){.id = wanted[leg] | SMPP_RESP, .sequence = 1});
	}
	assert_int_equal(peer.connects[3], 0);
	assert_int_equal(peer.link->serving, 2);
	assert_int_equal(peer.dispatch.window, 8);
	peer.n_seen = 0;
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	first = peer.seen[0];
	peer_read(1);
	assert_int_equal(peer.n_seen, 8);
	peer_answer(&first, SMPP_ROK);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us); /* the first one is dialled again while the other serves */
	assert_int_equal(peer.link->state, LINK_UP);
	peer.now_us += 2 * PEER_S;
	link_smpp.tick(peer.link, peer.now_us);
	assert_int_equal(peer.connects[0], 2);
	assert_int_equal(peer.connects[1], 1);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_bind(0, 0);
	assert_int_equal(peer.link->serving, 2);
	peer_stop();
}

static void pair_receives_on_the_second_leg(void **state)
{
	static const struct smpp_pdu clue = {
		.id = SMPP_DELIVER_SM, .sequence = 5, .message = (const uint8_t *)"seen", .message_len = 4};

	peer_start();
	peer.cfg.bind = BIND_PAIR;
	peer_create();
	peer_bind(0, 0);
	peer_bind(1, 0);
	peer_send(1, &clue);
	assert_int_equal(peer.clues, 1);
	link_smpp.clue_done(peer.link, peer.clue_token, true, peer.now_us);
	peer_read(0);
	assert_int_equal(peer.n_seen, 0);
	peer_read(1);
	assert_int_equal(peer.seen[0].id, SMPP_DELIVER_SM | SMPP_RESP);
	/* The receiver's loss leaves sending alone. */
	link_smpp.closed(peer.link, 1, "reset", peer.now_us);
	assert_true(peer.dispatch.up);
	peer_stop();
}

static void reconnects_ever_more_slowly(void **state)
{
	uint64_t sum = 0;

	fresh();
	for (unsigned int i = 0; i < 12; i++) {
		uint64_t first = PEER_S << i, delay;

		if (first > 60 * PEER_S)
			first = 60 * PEER_S;
		link_smpp.closed(peer.link, 0, "connection refused", peer.now_us);
		delay = wait_for_dial();
		assert_true(delay >= first * 3 / 4 && delay <= first * 5 / 4);
		sum += delay != first;
	}
	assert_true(sum > 8); /* jitter */
	assert_int_equal(peer.link->count.connect_failures, 12);
	peer_stop();
}

static void refusal_within_the_dial(void **state)
{
	peer_start();
	peer.refuse_connect = true;
	peer_create();
	assert_int_equal(peer.link->state, LINK_DOWN);
	wait_for_dial();
	assert_int_equal(peer.link->count.connect_failures, 2);
	peer_stop();
}

static void jitter_repeats_itself(void **state)
{
	uint64_t a, b;

	fresh();
	link_smpp.closed(peer.link, 0, "refused", peer.now_us);
	a = wait_for_dial();
	peer_stop();
	fresh();
	link_smpp.closed(peer.link, 0, "refused", peer.now_us);
	b = wait_for_dial();
	peer_stop();
	assert_int_equal(a, b);
}

static void wrong_password_is_not_hammered(void **state)
{
	uint64_t delay = 0;

	fresh();
	for (unsigned int i = 0; i < 9; i++) {
		uint64_t before = delay;

		peer_bind(0, SMPP_RINVPASWD);
		assert_int_equal(peer.closes[0], i + 1);
		delay = wait_for_dial();
		assert_true(delay >= 5 * PEER_S * 3 / 4);
		assert_true(i > 5 || delay > before);
	}
	assert_true(delay >= 225 * PEER_S && delay <= 375 * PEER_S);
	assert_int_equal(peer.link->count.bind_failures, 9);
	assert_int_equal(peer.events[LINK_EV_BIND_FAILED], 9);
	assert_non_null(strstr(peer.event_text, "RINVPASWD"));
	assert_int_equal(peer.events[LINK_EV_UP], 0);
	peer_stop();
}

static void falls_back_to_3_4(void **state)
{
	static const uint32_t refusals[] = {SMPP_RBINDFAIL, SMPP_RINVCMDLEN, SMPP_RSYSERR, 0};

	for (size_t i = 0; i < 4; i++) {
		peer_start();
		peer.cfg.interface_version = 0x50;
		peer_create();
		if (refusals[i]) {
			peer_bind(0, refusals[i]);
		} else {
			peer_connected(0);
			link_smpp.closed(peer.link, 0, "closed by the peer", peer.now_us);
		}
		assert_true(wait_for_dial() <= 2 * PEER_S);
		peer_bind(0, 0);
		assert_int_equal(peer.link->state, LINK_UP);
		assert_non_null(strstr(peer.event_text, "3.4"));
		peer_stop();
	}
}

static void garbage_is_counted_and_backed_off(void **state)
{
	fresh();
	peer_connected(0);
	link_smpp.input(peer.link, 0, (const uint8_t *)"220 mail.example ESMTP\r\n", 24, peer.now_us);
	assert_int_equal(peer.closes[0], 1);
	assert_int_equal(peer.link->count.protocol_errors, 1);
	assert_int_equal(peer.link->count.bind_failures, 1);
	assert_true(wait_for_dial() >= PEER_S / 2);
	peer_stop();
}

static void stop_drains_and_unbinds(void **state)
{
	fresh();
	peer.dispatch.n = 10;
	peer_bind(0, 0);
	peer_tick();
	assert_int_equal(peer.n_seen, 4);
	link_smpp.stop(peer.link, peer.now_us);
	assert_false(link_smpp.stopped(peer.link));
	peer_answer_all(0);
	assert_int_equal(peer.dispatch.outcome[3], OUT_ACCEPTED);
	peer_tick();
	assert_int_equal(peer.dispatch.next, 4); /* no new work */
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_UNBIND);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = peer.seen[0].sequence});
	assert_true(link_smpp.stopped(peer.link));
	assert_int_equal(peer.link->count.disconnects, 0);
	peer_tick();
	assert_int_equal(peer.connects[0], 1);
	peer_stop();
}

static void stop_does_not_wait_for_ever(void **state)
{
	fresh();
	peer.dispatch.n = 10;
	peer_bind(0, 0);
	peer_tick();
	link_smpp.stop(peer.link, peer.now_us);
	for (unsigned int i = 0; i < 40 && !link_smpp.stopped(peer.link); i++) {
		peer.now_us += PEER_S / 2;
		peer_tick();
	}
	assert_true(link_smpp.stopped(peer.link));
	assert_int_equal(peer.dispatch.outcome[0], OUT_LOST);
	peer_stop();
}

static void stop_before_the_bind(void **state)
{
	fresh();
	link_smpp.stop(peer.link, peer.now_us);
	assert_true(link_smpp.stopped(peer.link));
	assert_int_equal(peer.closes[0], 1);
	peer_stop();
}

static void block_and_unblock(void **state)
{
	fresh();
	peer.dispatch.n = 10;
	peer_bind(0, 0);
	peer.link->blocked = true;
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_UNBIND);
	assert_int_equal(peer.link->state, LINK_BLOCKED);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = peer.seen[0].sequence});
	peer.now_us += 100 * PEER_S;
	peer_tick();
	assert_int_equal(peer.connects[0], 1);
	peer.link->blocked = false;
	peer_tick();
	assert_int_equal(peer.connects[0], 2);
	peer_stop();
}

static void receipts_are_counted(void **state)
{
	static const char *const texts[] = {"id:1 stat:DELIVRD", "id:2 stat:UNDELIV", "id:3 stat:ENROUTE"};

	fresh();
	peer_bind(0, 0);
	for (unsigned int i = 0; i < 3; i++)
		peer_send(0, &(struct smpp_pdu){.id = SMPP_DELIVER_SM,
						.sequence = i + 1,
						.esm_class = 4,
						.message = (const uint8_t *)texts[i],
						.message_len = strlen(texts[i])});
	peer_read(0);
	assert_int_equal(peer.n_seen, 3);
	assert_int_equal(peer.clues, 0);
	assert_int_equal(peer.link->count.receipts, 3);
	assert_int_equal(peer.link->count.receipts_delivered, 1);
	assert_int_equal(peer.link->count.receipts_failed, 1);
	peer_stop();
}

static void clue_is_answered_when_durable(void **state)
{
	struct smpp_pdu clue = {.id = SMPP_DELIVER_SM,
				.sequence = 5,
				.data_coding = 8,
				.message = (const uint8_t *)"\x4E\x2D",
				.message_len = 2};

	fresh();
	peer_bind(0, 0);
	peer_send(0, &clue);
	assert_string_equal(peer.clue_text, "中");
	peer_read(0);
	assert_int_equal(peer.n_seen, 0);
	link_smpp.clue_done(peer.link, peer.clue_token, true, peer.now_us);
	link_smpp.clue_done(peer.link, peer.clue_token, true, peer.now_us);
	peer_read(0);
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.link->count.clues, 1);
	clue.sequence = 6;
	peer_send(0, &clue);
	link_smpp.clue_done(peer.link, peer.clue_token, false, peer.now_us);
	peer_read(0);
	assert_int_equal(peer.n_seen, 2);
	assert_int_equal(peer.link->count.clues, 1);
	peer_stop();
}

static void clue_of_an_earlier_connection_is_not_answered(void **state)
{
	struct smpp_pdu clue = {
		.id = SMPP_DELIVER_SM, .sequence = 5, .message = (const uint8_t *)"x", .message_len = 1};

	fresh();
	peer_bind(0, 0);
	peer_send(0, &clue);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us);
	wait_for_dial();
	peer_bind(0, 0);
	link_smpp.clue_done(peer.link, peer.clue_token, true, peer.now_us);
	peer_read(0);
	assert_int_equal(peer.n_seen, 0);
	assert_int_equal(peer.link->count.clues, 1);
	peer_stop();
}

static void flood_of_clues_is_asked_to_wait(void **state)
{
	struct smpp_pdu clue = {.id = SMPP_DELIVER_SM, .message = (const uint8_t *)"x", .message_len = 1};

	fresh();
	peer_bind(0, 0);
	for (unsigned int i = 0; i < 100; i++) {
		clue.sequence = i + 1;
		peer_send(0, &clue);
	}
	peer_read(0);
	assert_int_equal(peer.clues, 64);
	assert_int_equal(peer.n_seen, 36);
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_as_configured),
		cmocka_unit_test(several_binds_are_dialled),
		cmocka_unit_test(pair_receives_on_the_second_leg),
		cmocka_unit_test(reconnects_ever_more_slowly),
		cmocka_unit_test(refusal_within_the_dial),
		cmocka_unit_test(jitter_repeats_itself),
		cmocka_unit_test(wrong_password_is_not_hammered),
		cmocka_unit_test(falls_back_to_3_4),
		cmocka_unit_test(garbage_is_counted_and_backed_off),
		cmocka_unit_test(stop_drains_and_unbinds),
		cmocka_unit_test(stop_does_not_wait_for_ever),
		cmocka_unit_test(stop_before_the_bind),
		cmocka_unit_test(block_and_unblock),
		cmocka_unit_test(receipts_are_counted),
		cmocka_unit_test(clue_is_answered_when_durable),
		cmocka_unit_test(clue_of_an_earlier_connection_is_not_answered),
		cmocka_unit_test(flood_of_clues_is_asked_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

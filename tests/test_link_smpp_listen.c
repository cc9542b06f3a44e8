/* The SMPP link when the carrier dials in, between fakes: outbind, its own bind, who is turned away, and how
 * alerts leave then. */
#include "tests/smpp_peer.h"
#include <stdio.h>
#include <string.h>
#include "smpp/status.h"

static struct smpp_pdu credentials(uint32_t id, const char *password)
{
	return (struct smpp_pdu){.id = id,
				 .sequence = 1,
				 .system_id = "reunion",
				 .password = password,
				 .interface_version = id == SMPP_OUTBIND ? 0 : 0x34};
}

static void listening(void)
{
	peer_start();
	peer.cfg.mode = MODE_LISTEN;
}

static void call(unsigned int leg, const char *address)
{
	snprintf(peer.link->caller[leg], sizeof(peer.link->caller[leg]), "%s", address);
	link_smpp.connected(peer.link, leg, peer.now_us);
	peer.n_seen = 0;
}

static void say(unsigned int leg, uint32_t id, const char *password)
{
	struct smpp_pdu pdu = credentials(id, password);

	peer_send(leg, &pdu);
	peer_read(leg);
}

static void bound(unsigned int leg, uint32_t id)
{
	call(leg, "192.0.2.1");
	say(leg, id, "secret");
	assert_int_equal(peer.seen[0].id, id | SMPP_RESP);
	assert_int_equal(peer.seen[0].status, 0);
	peer.n_seen = 0;
}

static void outbind_makes_us_bind(void **state)
{
	listening();
	peer_create();
	assert_int_equal(peer.connects[0], 0);
	peer.dispatch.n = 2;
	call(0, "192.0.2.1");
	peer_tick();
	assert_int_equal(peer.n_seen, 0); /* nothing before the peer has said who it is */
	say(0, SMPP_OUTBIND, "secret");
	assert_int_equal(peer.seen[0].id, SMPP_BIND_TRANSCEIVER);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP, .sequence = peer.seen[0].sequence});
	assert_int_equal(peer.link->state, LINK_UP);
	peer.n_seen = 0;
	peer_tick();
	assert_int_equal(peer.seen[0].id, SMPP_SUBMIT_SM);
	peer_answer_all(0);
	assert_int_equal(peer.dispatch.outcome[1], OUT_ACCEPTED);
	peer_stop();
}

static void wrong_outbind_is_shown_the_door(void **state)
{
	listening();
	peer_create();
	call(0, "192.0.2.1");
	say(0, SMPP_OUTBIND, "guess");
	link_smpp.tick(peer.link, peer.now_us);
	assert_int_equal(peer.n_seen, 0);
	assert_int_equal(peer.closes[0], 1);
	assert_int_equal(peer.link->count.bind_failures, 1);
	peer_stop();
}

static void alerts_leave_as(uint32_t id)
{
	char text[401];

	memset(text, 'a', 400);
	text[400] = '\0';
	smpp_text_split(text, true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	peer.cfg.receipts = RECEIPTS_ALL;
	peer_create();
	peer.dispatch.n = 1;
	bound(0, SMPP_BIND_TRANSCEIVER);
	assert_true(peer.dispatch.up);
	peer_tick();
	assert_int_equal(peer.n_seen, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(peer.seen[i].id, id);
		assert_int_equal(peer.seen[i].part, i + 1);
		assert_int_equal(peer.seen[i].registered, 0);
		assert_string_equal(peer.seen[i].validity, "");
	}
	for (unsigned int i = 0; i < 3; i++)
		peer_answer(&peer.seen[i], 0);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	peer_stop();
}

static void alerts_leave_as_deliver_sm(void **state)
{
	listening();
	alerts_leave_as(SMPP_DELIVER_SM);
}

static void alerts_leave_as_data_sm(void **state)
{
	listening();
	peer.cfg.deliver_as = DELIVER_DATA_SM;
	alerts_leave_as(SMPP_DATA_SM);
}

static void submit_is_a_clue(void **state)
{
	listening();
	peer_create();
	bound(0, SMPP_BIND_TRANSCEIVER);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_SUBMIT_SM, .sequence = 9, .message = (const uint8_t *)"seen", .message_len = 4});
	assert_int_equal(peer.clues, 1);
	link_smpp.clue_done(peer.link, peer.clue_token, true, peer.now_us);
	peer_read(0);
	assert_int_equal(peer.seen[0].id, SMPP_SUBMIT_SM | SMPP_RESP);
	assert_int_equal(strlen(peer.seen[0].message_id), 16);
	peer_stop();
}

static void transmitter_and_receiver(void **state)
{
	listening();
	peer_create();
	peer.dispatch.n = 1;
	bound(0, SMPP_BIND_TRANSMITTER);
	assert_false(peer.dispatch.up); /* the carrier only sends there */
	bound(1, SMPP_BIND_RECEIVER);
	assert_true(peer.dispatch.up);
	link_smpp.tick(peer.link, peer.now_us);
	peer_read(1);
	assert_int_equal(peer.seen[0].id, SMPP_DELIVER_SM);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us);
	assert_true(peer.dispatch.up);
	link_smpp.closed(peer.link, 1, "reset", peer.now_us);
	assert_false(peer.dispatch.up);
	assert_int_equal(peer.dispatch.outcome[0], OUT_LOST);
	peer_stop();
}

static void second_bind_only_replaces_a_silent_one(void **state)
{
	listening();
	peer_create();
	bound(0, SMPP_BIND_TRANSCEIVER);
	call(1, "192.0.2.1");
	say(1, SMPP_BIND_TRANSCEIVER, "secret");
	assert_int_equal(peer.seen[0].status, SMPP_RALYBND);
	link_smpp.tick(peer.link, peer.now_us);
	assert_int_equal(peer.closes[1], 1);
	assert_int_equal(peer.closes[0], 0);
	peer.now_us += 6 * PEER_S;
	bound(1, SMPP_BIND_TRANSCEIVER);
	assert_int_equal(peer.closes[0], 1);
	assert_true(peer.dispatch.up);
	peer_stop();
}

/* Two binds of one link, with a window of four each. */
static void two_binds(uint32_t units)
{
	listening();
	peer.cfg.binds = 2;
	peer_create();
	peer.dispatch.n = units;
	bound(0, SMPP_BIND_RECEIVER);
	bound(1, SMPP_BIND_TRANSCEIVER);
	assert_int_equal(peer.link->serving, 2);
	assert_int_equal(peer.dispatch.window, 8);
	assert_int_equal(peer.events[LINK_EV_UP], 1);
	assert_int_equal(peer.events[LINK_EV_BINDS], 1);
}

static void tick_both(void)
{
	peer.n_seen = 0;
	peer.next_us = link_smpp.tick(peer.link, peer.now_us);
	peer_read(0);
	peer_read(1);
}

static unsigned int seen_on(unsigned int leg)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < peer.n_seen; i++)
		n += peer.seen[i].leg == leg && peer.seen[i].id == SMPP_DELIVER_SM;
	return n;
}

static unsigned int outcomes(int outcome)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < peer.dispatch.n; i++)
		n += peer.dispatch.outcome[i] == outcome;
	return n;
}

static void binds_share_the_work(void **state)
{
	two_binds(20);
	tick_both();
	assert_int_equal(seen_on(0), 4);
	assert_int_equal(seen_on(1), 4);
	call(2, "192.0.2.1");
	say(2, SMPP_BIND_TRANSCEIVER, "secret");
	assert_int_equal(peer.seen[0].status, SMPP_RALYBND); /* two were agreed on */
	peer.now_us += 6 * PEER_S;
	peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = 5});
	peer_read(0);
	bound(3, SMPP_BIND_TRANSCEIVER); /* in place of the one that is silent */
	assert_int_equal(peer.closes[0], 0);
	assert_int_equal(peer.closes[1], 1);
	assert_int_equal(peer.link->serving, 2);
	assert_int_equal(outcomes(OUT_LOST), 4);
	peer_stop();
}

static void binds_take_turns(void **state)
{
	two_binds(6);
	for (unsigned int i = 0; i < 6; i++) {
		peer.tokens = 1;
		tick_both();
		assert_int_equal(seen_on(i % 2), 1);
		assert_int_equal(peer.n_seen, 1);
	}
	assert_int_equal(peer.taken, 6); /* of the one throttle */
	peer_stop();
}

static void a_lost_bind_leaves_its_units_to_the_other(void **state)
{
	two_binds(10);
	tick_both();
	for (unsigned int i = 0; i < 8; i++)
		if (peer.seen[i].leg == 1)
			peer_answer(&peer.seen[i], 0);
	assert_int_equal(outcomes(OUT_ACCEPTED), 4);
	link_smpp.tick(peer.link, peer.now_us); /* the last two, unwritten */
	assert_int_equal(peer.dispatch.next, 10);
	link_smpp.closed(peer.link, 1, "reset", peer.now_us);
	assert_int_equal(peer.link->state, LINK_UP);
	assert_true(peer.dispatch.up);
	assert_int_equal(peer.dispatch.window, 4);
	assert_int_equal(peer.events[LINK_EV_DOWN], 0);
	assert_int_equal(outcomes(OUT_UNSENT), 2); /* nothing of them left: no attempt is lost */
	assert_int_equal(outcomes(OUT_LOST), 0);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us);
	assert_false(peer.dispatch.up);
	assert_int_equal(peer.link->state, LINK_DOWN);
	assert_int_equal(outcomes(OUT_LOST), 4); /* a window, and not more */
	peer_stop();
}

static void the_other_bind_sends_what_one_could_not(void **state)
{
	two_binds(8);
	peer.tokens = 2;
	link_smpp.tick(peer.link, peer.now_us); /* one each, unwritten */
	link_smpp.closed(peer.link, 0, "reset", peer.now_us);
	peer.tokens = UINT32_MAX;
	tick_both();
	assert_int_equal(seen_on(1), 4);
	assert_string_equal(peer.seen[1].dest, "8613800000000"); /* again before new ones */
	for (unsigned int i = 0; i < 4; i++)
		peer_answer(&peer.seen[i], 0);
	tick_both();
	assert_int_equal(seen_on(1), 4);
	for (unsigned int i = 0; i < 4; i++)
		peer_answer(&peer.seen[i], 0);
	assert_int_equal(outcomes(OUT_ACCEPTED), 8);
	peer_stop();
}

static void too_fast_on_one_holds_both(void **state)
{
	two_binds(20);
	tick_both();
	assert_int_equal(peer.n_seen, 8);
	for (unsigned int i = 0; i < 8; i++)
		peer_answer(&peer.seen[i], peer.seen[i].leg == 0 ? SMPP_RTHROTTLED : 0);
	tick_both();
	assert_int_equal(peer.n_seen, 0);
	peer.now_us += PEER_S;
	tick_both();
	assert_int_equal(seen_on(0), 4); /* the same ones again, there */
	assert_int_equal(seen_on(1), 4);
	assert_int_equal(peer.dispatch.next, 12);
	peer_stop();
}

static void turned_away_on_one_ends_both(void **state)
{
	two_binds(20);
	tick_both();
	peer_answer(&peer.seen[0], SMPP_RINVSYSID);
	assert_false(peer.dispatch.up);
	link_smpp.tick(peer.link, peer.now_us);
	for (unsigned int i = 1; i < 8; i++)
		peer_answer(&peer.seen[i], 0);
	tick_both();
	assert_int_equal(peer.n_seen, 2);
	for (unsigned int leg = 0; leg < 2; leg++) {
		assert_int_equal(peer.seen[leg].id, SMPP_UNBIND);
		peer_send(leg, &(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = peer.seen[leg].sequence});
	}
	link_smpp.tick(peer.link, peer.now_us);
	assert_int_equal(peer.link->state, LINK_DOWN);
	call(2, "192.0.2.1");
	say(2, SMPP_BIND_RECEIVER, "secret");
	assert_int_equal(peer.seen[0].status, SMPP_RSYSERR); /* not yet */
	peer_stop();
}

static void outbinds_make_senders_and_receivers(void **state)
{
	static const uint32_t wanted[] = {SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER, SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER};

	listening();
	peer.cfg.binds = 2;
	peer.cfg.bind = BIND_PAIR;
	peer_create();
	for (unsigned int i = 0; i < 4; i++) {
		call(i, "192.0.2.1");
		say(i, SMPP_OUTBIND, "secret");
		assert_int_equal(peer.seen[0].id, wanted[i]);
		peer_send(i, &(struct smpp_pdu){.id = wanted[i] | SMPP_RESP, .sequence = peer.seen[0].sequence});
	}
	assert_int_equal(peer.link->serving, 2);
	peer_stop();
}

static void refuse(unsigned int leg, const char *address, uint32_t status)
{
	call(leg, address);
	say(leg, SMPP_BIND_RECEIVER, "guess");
	assert_int_equal(peer.seen[0].status, status);
	link_smpp.tick(peer.link, peer.now_us);
}

static void five_failures_a_minute(void **state)
{
	listening();
	peer_create();
	for (unsigned int i = 0; i < 5; i++)
		refuse(0, "192.0.2.66", SMPP_RINVPASWD);
	assert_int_equal(peer.closes[0], 5);
	call(0, "192.0.2.66");
	assert_int_equal(peer.closes[0], 6); /* not even asked */
	bound(1, SMPP_BIND_TRANSCEIVER);     /* others are not concerned */
	peer.now_us += 61 * PEER_S;
	refuse(0, "192.0.2.66", SMPP_RINVPASWD);
	peer_stop();
}

static void half_open_connections_are_few_and_short(void **state)
{
	listening();
	peer_create();
	call(0, "192.0.2.66");
	call(1, "192.0.2.66");
	call(2, "192.0.2.66");
	assert_int_equal(peer.closes[2], 1);
	bound(2, SMPP_BIND_TRANSCEIVER);
	peer.now_us += 11 * PEER_S;
	link_smpp.tick(peer.link, peer.now_us);
	assert_int_equal(peer.closes[0], 1);
	assert_int_equal(peer.closes[1], 1);
	assert_int_equal(peer.closes[2], 1);
	peer_stop();
}

static void nothing_is_taken_before_the_bind(void **state)
{
	listening();
	peer_create();
	call(0, "192.0.2.1");
	peer_send(0, &(struct smpp_pdu){.id = SMPP_SUBMIT_SM, .sequence = 3, .message = (const uint8_t *)"x", .message_len = 1});
	peer_read(0);
	assert_int_equal(peer.clues, 0);
	assert_int_equal(peer.seen[0].status, SMPP_RINVBNDSTS);
	peer_stop();
}

static void cells_need_outbind(void **state)
{
	listening();
	peer.cfg.addressing = ADDR_CELLS;
	peer_create();
	call(0, "192.0.2.1");
	say(0, SMPP_BIND_TRANSCEIVER, "secret");
	assert_int_equal(peer.seen[0].status, SMPP_RBINDFAIL);
	peer_stop();
}

static void stop_unbinds_and_takes_no_more(void **state)
{
	listening();
	peer_create();
	bound(0, SMPP_BIND_TRANSCEIVER);
	link_smpp.stop(peer.link, peer.now_us);
	peer_tick();
	assert_int_equal(peer.seen[0].id, SMPP_UNBIND);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_UNBIND | SMPP_RESP, .sequence = peer.seen[0].sequence});
	peer_tick();
	assert_true(link_smpp.stopped(peer.link));
	call(1, "192.0.2.1");
	assert_int_equal(peer.closes[1], 1);
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbind_makes_us_bind),
		cmocka_unit_test(wrong_outbind_is_shown_the_door),
		cmocka_unit_test(alerts_leave_as_deliver_sm),
		cmocka_unit_test(alerts_leave_as_data_sm),
		cmocka_unit_test(submit_is_a_clue),
		cmocka_unit_test(transmitter_and_receiver),
		cmocka_unit_test(second_bind_only_replaces_a_silent_one),
		cmocka_unit_test(binds_share_the_work),
		cmocka_unit_test(binds_take_turns),
		cmocka_unit_test(a_lost_bind_leaves_its_units_to_the_other),
		cmocka_unit_test(the_other_bind_sends_what_one_could_not),
		cmocka_unit_test(too_fast_on_one_holds_both),
		cmocka_unit_test(turned_away_on_one_ends_both),
		cmocka_unit_test(outbinds_make_senders_and_receivers),
		cmocka_unit_test(five_failures_a_minute),
		cmocka_unit_test(half_open_connections_are_few_and_short),
		cmocka_unit_test(nothing_is_taken_before_the_bind),
		cmocka_unit_test(cells_need_outbind),
		cmocka_unit_test(stop_unbinds_and_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

/* Hostile peers on the link driver: what they can cost in memory, and that other links go on. */
#include "tests/smpp_peer.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "smpp/session.h"
#include "smpp/status.h"

/* What a link may hold whatever its peer does: output with its reserve, one PDU that is not complete, flights. */
#define BOUND	  (700 * 1024)
#define NO_NUMBER 13 /* the fake has none for this unit */
#define SENDABLE  (PEER_UNITS - 1)

static void up(uint32_t units)
{
	peer_create();
	peer.dispatch.n = units;
	peer_bind(0, 0);
	peer_tick();
}

static void fresh(uint32_t units)
{
	peer_start();
	peer.cfg.window = 100;
	up(units);
}

static size_t held(void)
{
	return talloc_total_size(peer.link);
}

static void slow_loris(void **state)
{
	uint8_t frame[69000] = {0, 1, 0x0D, 0x88, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1};

	fresh(0);
	for (size_t i = 0; i < sizeof(frame); i++)
		link_smpp.input(peer.link, 0, frame + i, 1, peer.now_us);
	assert_true(held() < BOUND);
	print_message("# 69 000 octets, one at a time: %zu octets held\n", held());
	peer_read(0);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
}

static void absurd_lengths(void **state)
{
	static const uint8_t lengths[][16] = {{0xFF, 0xFF, 0xFF, 0xFF}, {0}, {0, 0, 0, 15}, {0, 1, 0x11, 0x71}};

	for (size_t i = 0; i < 4; i++) {
		size_t before;

		fresh(4);
		before = held();
		link_smpp.input(peer.link, 0, lengths[i], 16, peer.now_us);
		peer_tick();
		assert_int_equal(peer.closes[0], 1);
		assert_true(held() <= before);
		for (unsigned int u = 0; u < 4; u++)
			assert_int_equal(peer.dispatch.answers[u], 1); /* nobody is forgotten */
		peer_stop();
	}
}

static void flood_of_answers_to_nothing(void **state)
{
	size_t before;

	fresh(4);
	before = held();
	for (uint32_t i = 0; i < 200000; i++)
		peer_send(0, &(struct smpp_pdu){
				     .id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = 5000 + i * 7919, .status = i % 3 ? 0 : SMPP_RTHROTTLED, .message_id = "x"});
	assert_int_equal(held(), before);
	assert_int_equal(peer.link->count.accepted, 0);
	assert_int_equal(peer.backoffs, 0);
	assert_int_equal(peer.events[LINK_EV_PROTOCOL], 0); /* counted, not told one by one */
	peer_answer_all(0);
	assert_int_equal(peer.link->count.accepted, 4);
	peer_stop();
}

static void each_answer_only_once(void **state)
{
	fresh(4);
	for (unsigned int i = 0; i < 5; i++)
		peer_answer(&peer.seen[1], 0);
	assert_int_equal(peer.dispatch.answers[1], 1);
	assert_int_equal(peer.link->count.accepted, 1);
	peer_stop();
}

static void flood_of_requests_by_one_who_does_not_read(void **state)
{
	size_t before;
	unsigned int i;

	fresh(0);
	before = held();
	for (i = 0; i < 100000 && peer.closes[0] == 0; i++) {
		peer_send(0, &(struct smpp_pdu){.id = SMPP_ENQUIRE_LINK, .sequence = i});
		if (i % 100 == 0)
			link_smpp.tick(peer.link, peer.now_us);
	}
	assert_int_equal(peer.closes[0], 1);
	assert_true(held() < BOUND && held() <= before + 1024);
	print_message("# closed after %u unread answers, %zu octets held\n", i, held());
	peer_stop();
}

static void one_who_stops_reading(void **state)
{
	size_t before, len;

	peer_start();
	peer.cfg.window = 400;
	peer_create();
	peer_bind(0, 0);
	before = held();
	peer.dispatch.n = 500;
	link_smpp.tick(peer.link, peer.now_us);
	assert_non_null(link_smpp.output(peer.link, 0, &len));
	assert_true(len > 0);
	for (unsigned int s = 0; s < 30; s++) { /* nothing is written() */
		peer.now_us += PEER_S;
		link_smpp.tick(peer.link, peer.now_us);
	}
	assert_int_equal(peer.closes[0], 1);
	assert_true(held() < BOUND && held() < before + 65536);
	for (unsigned int u = 0; u < 400; u++)
		if (u != NO_NUMBER)
			assert_int_equal(peer.dispatch.outcome[u], OUT_UNSENT); /* it cannot have them */
	peer_stop();
}

static void one_who_never_answers(void **state)
{
	fresh(4);
	peer.now_us += 11 * PEER_S;
	peer_tick();
	assert_int_equal(peer.closes[0], 1);
	for (unsigned int u = 0; u < 4; u++)
		assert_int_equal(peer.dispatch.outcome[u], OUT_LOST);
	peer_stop();
}

static void flood_of_receipts(void **state)
{
	struct smpp_pdu receipt = {.id = SMPP_DELIVER_SM, .esm_class = 4};
	size_t before;
	char text[64];

	fresh(4);
	before = held();
	for (uint32_t i = 0; i < 100000; i++) {
		receipt.message_len = snprintf(text, sizeof(text), "id:%u stat:DELIVRD", i);
		receipt.message = (const uint8_t *)text;
		receipt.sequence = i;
		peer_send(0, &receipt);
		peer.n_seen = 0;
		peer_read(0);
	}
	assert_int_equal(held(), before);
	assert_int_equal(peer.link->state, LINK_UP);
	peer_stop();
}

/* Two drivers side by side; the other peer misbehaves as hard as it can. In each round the good one must still fill
 * its window at once: nothing of one link's driver is the other's. */
static void others_keep_their_rate(void **state)
{
	static uint8_t garbage[4096];
	struct conf_link bad_cfg;
	struct dispatch *good = &peer.dispatch;
	struct link *bad;
	unsigned int sent = 0;

	fresh(0);
	bad_cfg = peer.cfg;
	bad_cfg.name = "bad";
	bad = link_smpp.create(NULL, &peer.carrier, &bad_cfg, peer.now_us);
	bad->env = peer.link->env;
	bad->dispatch = good;
	bad->payload = peer.link->payload;
	good->n = PEER_UNITS;
	for (unsigned int round = 0; round < 100 && good->next < good->n; round++) {
		link_smpp.start(bad, peer.now_us);
		link_smpp.connected(bad, 0, peer.now_us);
		for (size_t i = 0; i < sizeof(garbage); i += 16)
			memcpy(garbage + i, "\0\0\0\x10\x80\0\0\x04\0\0\0\x58\0\0\0", 16);
		link_smpp.input(bad, 0, garbage, sizeof(garbage), peer.now_us);
		link_smpp.closed(bad, 0, "reset", peer.now_us);
		peer.n_seen = 0;
		peer_tick();
		assert_int_equal(peer.n_seen, SENDABLE - sent < 100 ? SENDABLE - sent : 100);
		sent += peer.n_seen;
		peer_answer_all(0);
	}
	assert_int_equal(sent, SENDABLE);
	assert_int_equal(peer.link->count.accepted, SENDABLE);
	assert_int_equal(peer.link->count.throttled, 0);
	assert_int_equal(peer.backoffs, 0);
	talloc_free(bad);
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_loris),
		cmocka_unit_test(absurd_lengths),
		cmocka_unit_test(flood_of_answers_to_nothing),
		cmocka_unit_test(each_answer_only_once),
		cmocka_unit_test(flood_of_requests_by_one_who_does_not_read),
		cmocka_unit_test(one_who_stops_reading),
		cmocka_unit_test(one_who_never_answers),
		cmocka_unit_test(flood_of_receipts),
		cmocka_unit_test(others_keep_their_rate),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

/* What a message centre has on air or still holds for us, and how it is taken back. */
#include <errno.h>
#include <string.h>
#include "tests/smpp_peer.h"
#include "gateway/link_smpp.h"

static void up(uint32_t units)
{
	peer_start();
	peer.cfg.addressing = ADDR_BROADCAST;
	peer.cfg.interface_version = 0x50;
	for (unsigned int i = 0; i < 4; i++)
		peer.cells[i] = (struct cell_id){.cell = 100 + i, .mcc = 460, .mnc = 0, .radio = CELL_LTE};
	peer_create();
	peer_bind(0, 0);
	peer.dispatch.n = units;
}

/* Answers what is open; how many cancels were among it. */
static unsigned int answer(uint32_t status)
{
	static struct peer_seen all[1024];
	unsigned int n = peer.n_seen, cancels = 0;

	memcpy(all, peer.seen, sizeof(all));
	peer.n_seen = 0;
	for (unsigned int i = 0; i < n; i++) {
		cancels += all[i].id == SMPP_CANCEL_BROADCAST_SM;
		if (all[i].id == SMPP_BROADCAST_SM || all[i].id == SMPP_CANCEL_BROADCAST_SM)
			peer_answer(&all[i], status);
	}
	return cancels;
}

static void what_is_on_air_is_told_and_cancelled(void **state)
{
	up(4);
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_BROADCAST_SM);
	answer(0);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	assert_int_equal(peer.aired_on, 1);
	assert_string_equal(peer.aired_id, "42");
	assert_int_equal(link_smpp_on_air(peer.link, 1), 1);
	link_smpp_kill(peer.link, 2); /* another job */
	peer_tick();
	assert_int_equal(peer.n_seen, 0);
	link_smpp_kill(peer.link, 1);
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_CANCEL_BROADCAST_SM);
	assert_string_equal(peer.seen[0].message_id, "42");
	assert_int_equal(answer(0), 1);
	assert_int_equal(peer.aired_off, 1);
	assert_int_equal(link_smpp_on_air(peer.link, 1), 0);
	peer.now_us += 60 * PEER_S;
	peer_tick();
	assert_int_equal(answer(0), 0);
}

static void a_lost_or_throttled_cancel_goes_again(void **state)
{
	up(4);
	peer_tick();
	answer(0);
	link_smpp_kill(peer.link, 1);
	peer_tick();
	assert_int_equal(answer(0x58), 1); /* RTHROTTLED */
	peer_tick();
	assert_int_equal(answer(0), 0); /* not at once */
	peer.now_us += 3 * PEER_S;
	peer_tick();
	assert_int_equal(peer.seen[0].id, SMPP_CANCEL_BROADCAST_SM);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us); /* without an answer */
	assert_int_equal(link_smpp_on_air(peer.link, 1), 1);
	for (int i = 0; i < 100 && peer.connects[0] < 2; i++) {
		peer.now_us += PEER_S;
		peer_tick();
	}
	peer_bind(0, 0);
	peer_tick();
	assert_int_equal(answer(0), 1);
	assert_int_equal(peer.aired_off, 1);
}

static void what_cannot_be_cancelled_is_told(void **state)
{
	up(4);
	peer_tick();
	answer(0);
	link_smpp_kill(peer.link, 1);
	peer_tick();
	assert_int_equal(answer(0x0C), 1); /* RINVMSGID */
	assert_int_equal(peer.events[LINK_EV_PROTOCOL], 1);
	assert_non_null(strstr(peer.event_text, "RINVMSGID"));
	assert_int_equal(link_smpp_on_air(peer.link, 1), 0);
}

static void an_answer_after_the_recall_is_cancelled_at_once(void **state)
{
	up(4);
	peer_tick();
	peer.dispatch.job.state = JOB_WITHDRAWN;
	answer(0);
	peer_tick();
	assert_int_equal(answer(0), 1);
}

static void a_restart_knows_what_is_on_air(void **state)
{
	up(0);
	link_smpp_aired(peer.link, 1, "old", false);
	link_smpp_aired(peer.link, 1, "older", true);
	peer_tick();
	assert_int_equal(peer.n_seen, 1);
	assert_string_equal(peer.seen[0].message_id, "older");
	answer(0);
	link_smpp_forget(peer.link, 1);
	assert_int_equal(peer.aired_off, 2);
	assert_int_equal(link_smpp_on_air(peer.link, 1), 0);
}

/* ---- cancel_sm ---- */

static void sms_up(uint32_t units)
{
	peer_start();
	peer.cfg.cancel_sm = true;
	peer_create();
	peer_bind(0, 0);
	peer.dispatch.n = units;
	peer_tick();
}

/* Answers cancels with these statuses in turn; how many there were. */
static unsigned int answer_cancels(const uint32_t *statuses, unsigned int n_statuses)
{
	static struct peer_seen all[1024];
	unsigned int n = peer.n_seen, cancels = 0;

	memcpy(all, peer.seen, sizeof(all));
	peer.n_seen = 0;
	for (unsigned int i = 0; i < n; i++)
		if (all[i].id == SMPP_CANCEL_SM) {
			assert_string_equal(all[i].message_id, "42");
			peer_answer(&all[i], statuses[cancels++ % n_statuses]);
		}
	return cancels;
}

/* All that comes in twelve seconds. */
static unsigned int answer_all(const uint32_t *statuses, unsigned int n_statuses)
{
	unsigned int sum = 0;

	for (int i = 0; i < 1200; i++) {
		peer.now_us += PEER_S / 100;
		peer_tick();
		sum += answer_cancels(statuses, n_statuses);
	}
	return sum;
}

static void a_recall_asks_back_what_is_held(void **state)
{
	static const uint32_t statuses[] = {0, 0x11}; /* RCANCELFAIL: it is on the phone */
	struct link_smpp_back back;

	sms_up(4);
	peer_answer_all(0);
	peer.now_us += PEER_S;
	peer_tick();
	assert_int_equal(peer.held_on, 1);
	assert_int_equal(peer.held_len, 12);
	assert_memory_equal(peer.held_ids, "\00242\00242", 6);
	assert_int_equal(peer.n_seen, 0);
	link_smpp_recall(peer.link, 1);
	link_smpp_back(peer.link, 1, &back);
	assert_int_equal(back.pending, 4);
	assert_int_equal(answer_all(statuses, 2), 4);
	link_smpp_back(peer.link, 1, &back);
	assert_int_equal(back.cancelled, 2);
	assert_int_equal(back.late, 2);
	assert_int_equal(back.pending, 0);
	assert_int_equal(peer.held_off, 0);
	assert_int_equal(peer.held_on, 2); /* what came of them, in the ids' place */
	assert_int_equal(peer.held_len, 9);
	assert_memory_equal(peer.held_ids, "\0\0\0\0\2\0\0\0\2", 9);
	link_smpp_forget(peer.link, 1);
	assert_int_equal(peer.held_off, 1);
}

static void what_came_of_cancels_outlives_a_restart(void **state)
{
	static const uint8_t done[] = "\0\0\0\1\1\0\0\0\2", ids[] = "\00242";
	static const uint32_t good[] = {0};
	struct link_smpp_back back;

	sms_up(0);
	assert_int_equal(link_smpp_held(peer.link, 7, 0, done, 8), -EBADMSG);
	assert_int_equal(link_smpp_held(peer.link, 7, 0, done, 9), 0);
	assert_int_equal(link_smpp_held(peer.link, 7, 1, ids, 3), 0);
	link_smpp_recall(peer.link, 7);
	assert_int_equal(answer_all(good, 1), 1);
	link_smpp_back(peer.link, 7, &back);
	assert_int_equal(back.cancelled, 258);
	assert_int_equal(back.late, 2);
	link_smpp_forget(peer.link, 7);
	assert_int_equal(peer.held_off, 2);
}

static void throttled_cancels_go_again_but_not_for_ever(void **state)
{
	static const uint32_t busy[] = {0x58}, good[] = {0};
	struct link_smpp_back back;

	sms_up(1);
	peer_answer_all(0);
	link_smpp_recall(peer.link, 1);
	peer_tick();
	assert_int_equal(answer_cancels(busy, 1), 1);
	assert_int_equal(answer_all(good, 1), 1);
	link_smpp_back(peer.link, 1, &back);
	assert_int_equal(back.cancelled, 1);
	peer_stop();
	sms_up(1);
	peer_answer_all(0);
	link_smpp_recall(peer.link, 1);
	assert_int_equal(answer_all(busy, 1), 3);
}

static void cancels_wait_for_tokens(void **state)
{
	static const uint32_t good[] = {0};

	sms_up(4);
	peer_answer_all(0);
	peer.tokens = 0;
	link_smpp_recall(peer.link, 1);
	assert_int_equal(answer_all(good, 1), 0);
	peer.tokens = 100;
	assert_int_equal(answer_all(good, 1), 4);
}

static void an_answer_behind_the_recall_is_asked_back_too(void **state)
{
	static const uint32_t good[] = {0};

	sms_up(2);
	link_smpp_recall(peer.link, 1);
	peer_answer_all(0);
	assert_int_equal(answer_all(good, 1), 2);
}

static void a_restart_asks_back_too(void **state)
{
	static const uint32_t good[] = {0};
	static const uint8_t ids[] = "\00242\00242", bad[] = "\00542", zero[] = "\0";

	sms_up(0);
	assert_int_equal(link_smpp_held(peer.link, 7, 0, bad, 3), -EBADMSG);
	assert_int_equal(link_smpp_held(peer.link, 7, 0, zero, 1), -EBADMSG);
	assert_int_equal(link_smpp_held(peer.link, 7, 5, ids, 6), 0);
	assert_int_equal(answer_all(good, 1), 0);
	link_smpp_recall(peer.link, 7);
	assert_int_equal(answer_all(good, 1), 2);
	assert_int_equal(peer.held_len, 9);
}

static void found_texts_stay(void **state)
{
	static const uint32_t good[] = {0};

	peer_start();
	peer.payload.found = true;
	peer.cfg.cancel_sm = true;
	peer_create();
	peer_bind(0, 0);
	peer.dispatch.n = 2;
	peer_tick();
	peer_answer_all(0);
	link_smpp_recall(peer.link, 1);
	assert_int_equal(answer_all(good, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_on_air_is_told_and_cancelled, peer_teardown),
		cmocka_unit_test_teardown(a_lost_or_throttled_cancel_goes_again, peer_teardown),
		cmocka_unit_test_teardown(what_cannot_be_cancelled_is_told, peer_teardown),
		cmocka_unit_test_teardown(an_answer_after_the_recall_is_cancelled_at_once, peer_teardown),
		cmocka_unit_test_teardown(a_restart_knows_what_is_on_air, peer_teardown),
		cmocka_unit_test_teardown(a_recall_asks_back_what_is_held, peer_teardown),
		cmocka_unit_test_teardown(what_came_of_cancels_outlives_a_restart, peer_teardown),
		cmocka_unit_test_teardown(throttled_cancels_go_again_but_not_for_ever, peer_teardown),
		cmocka_unit_test_teardown(cancels_wait_for_tokens, peer_teardown),
		cmocka_unit_test_teardown(an_answer_behind_the_recall_is_asked_back_too, peer_teardown),
		cmocka_unit_test_teardown(a_restart_asks_back_too, peer_teardown),
		cmocka_unit_test_teardown(found_texts_stay, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* broadcast_sm: what a message centre has on air for us, and how it is taken off. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_on_air_is_told_and_cancelled, peer_teardown),
		cmocka_unit_test_teardown(a_lost_or_throttled_cancel_goes_again, peer_teardown),
		cmocka_unit_test_teardown(what_cannot_be_cancelled_is_told, peer_teardown),
		cmocka_unit_test_teardown(an_answer_after_the_recall_is_cancelled_at_once, peer_teardown),
		cmocka_unit_test_teardown(a_restart_knows_what_is_on_air, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

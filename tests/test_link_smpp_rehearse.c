/* Trials of an idle SMPP link: when they leave, what their answers say, and why refusals are counted by reason. */
#include "tests/smpp_peer.h"
#include <string.h>
#include "gateway/link_smpp.h"
#include "smpp/status.h"

static void idle_link(void)
{
	peer_start();
	peer.cfg.rehearse_min = 5;
	peer.cfg.rehearse_number = "8613800000000";
	peer.cfg.enquire_link_s = 3600;
	peer_create();
	peer_bind(0, 0);
	peer_tick();
	assert_int_equal(peer.n_seen, 0);
}

static void pass(uint64_t us)
{
	peer.now_us += us;
	peer.n_seen = 0;
	peer_tick();
}

static void a_trial_every_so_often(void **state)
{
	idle_link();
	pass(299 * PEER_S);
	assert_int_equal(peer.n_seen, 0);
	assert_true(peer.next_us <= peer.now_us + PEER_S + 1);
	pass(PEER_S);
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.seen[0].id, SMPP_SUBMIT_SM);
	assert_string_equal(peer.seen[0].dest, "8613800000000");
	assert_int_equal(peer.taken, 1); /* under the rate */
	peer_answer(&peer.seen[0], 0);
	assert_true(peer.link->proven_us == peer.now_us);
	pass(10 * PEER_S);
	assert_int_equal(peer.n_seen, 0);
	pass(290 * PEER_S);
	assert_int_equal(peer.n_seen, 1);
	assert_int_equal(peer.link->count.rehearsals, 2);
	assert_int_equal(peer.link->count.rehearsals_failed, 0);
	assert_int_equal(peer.link->count.submitted, 0); /* no alert's message */
	peer_stop();
}

static void one_that_fails_is_told(void **state)
{
	idle_link();
	pass(300 * PEER_S);
	peer_answer(&peer.seen[0], SMPP_RSYSERR);
	assert_int_equal(peer.events[LINK_EV_REHEARSAL], 1);
	assert_non_null(strstr(peer.event_text, "RSYSERR"));
	assert_int_equal(peer.link->count.rehearsals_failed, 1);
	assert_int_equal(peer.link->state, LINK_UP);
	assert_true(peer.dispatch.suspect); /* siblings begin, it comes after them */
	pass(300 * PEER_S);
	assert_int_equal(peer.n_seen, 1);
	peer_answer(&peer.seen[0], SMPP_ROK);
	assert_false(peer.dispatch.suspect);
	pass(300 * PEER_S);
	assert_int_equal(peer.n_seen, 1);
	pass(11 * PEER_S); /* no answer, and no other sign of life either */
	assert_int_equal(peer.link->count.rehearsals_failed, 2);
	assert_true(peer.dispatch.suspect);
	assert_int_equal(peer.closes[0], 1);
	peer_stop();
}

static void alerts_need_no_trial(void **state)
{
	idle_link();
	pass(290 * PEER_S);
	peer.dispatch.n = 1;
	pass(PEER_S);
	assert_int_equal(peer.n_seen, 1);
	peer_answer(&peer.seen[0], 0);
	assert_int_equal(peer.dispatch.outcome[0], OUT_ACCEPTED);
	pass(30 * PEER_S);
	assert_int_equal(peer.n_seen, 0); /* it was proven by the alert */
	assert_int_equal(peer.link->count.rehearsals, 0);
	peer_stop();
}

static void none_without_a_number_or_when_blocked(void **state)
{
	idle_link();
	peer.cfg.rehearse_number = NULL;
	pass(600 * PEER_S);
	assert_int_equal(peer.link->count.rehearsals, 0);
	peer.cfg.rehearse_number = "8613800000000";
	peer.link->blocked = true;
	pass(PEER_S);
	assert_int_equal(peer.link->count.rehearsals, 0);
	peer_stop();
}

static const struct link_reason *reason(const char *name)
{
	for (size_t i = 0; i < LINK_REASONS; i++)
		if (peer.link->reasons[i].n && !strcmp(peer.link->reasons[i].name, name))
			return &peer.link->reasons[i];
	return NULL;
}

static void refusals_are_counted_by_reason(void **state)
{
	static const uint32_t answers[] = {SMPP_RINVDSTADR, SMPP_RINVDSTADR, 0x43, SMPP_RSYSERR, 0x401};

	peer_start();
	peer.cfg.window = 10;
	peer_create();
	peer.dispatch.n = 5;
	peer_bind(0, 0);
	peer_tick();
	for (unsigned int i = 0; i < 5; i++)
		peer_answer(&peer.seen[i], answers[i]);
	assert_int_equal(reason("RINVDSTADR")->n, 2);
	assert_int_equal(reason("RINVDSTADR")->class, 'P');
	assert_int_equal(reason("RSYSERR")->class, 'T');
	assert_int_equal(reason("unknown")->status, 0x401);
	assert_int_equal(peer.link->count.refused, 3);
	assert_int_equal(peer.link->count.refused_ours, 1);
	for (uint32_t i = 0; i < 100; i++) { /* a peer that makes up statuses fills no memory */
		peer.dispatch.n++;
		peer.n_seen = 0;
		peer_tick();
		if (peer.n_seen > 0) /* one of the units has no number */
			peer_answer(&peer.seen[0], 0x410 + i);
	}
	assert_true(reason("others")->n > 80);
	peer_stop();
}

static void failed_binds_are_counted_by_reason(void **state)
{
	peer_start();
	peer_create();
	peer_bind(0, SMPP_RINVPASWD);
	assert_int_equal(peer.link->count.bind_credentials, 1);
	assert_int_equal(reason("RINVPASWD")->class, 'b');
	peer.now_us += 10 * PEER_S;
	peer_tick();
	peer_connected(0);
	peer.now_us += 10 * PEER_S;
	peer_tick();
	assert_int_equal(peer.link->count.bind_unanswered, 1);
	assert_int_equal(peer.link->count.bind_failures, 2);
	assert_non_null(reason("bind not answered"));
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trial_every_so_often),
		cmocka_unit_test(one_that_fails_is_told),
		cmocka_unit_test(alerts_need_no_trial),
		cmocka_unit_test(none_without_a_number_or_when_blocked),
		cmocka_unit_test(refusals_are_counted_by_reason),
		cmocka_unit_test(failed_binds_are_counted_by_reason),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

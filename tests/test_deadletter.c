/* Dead letters: packed and read again, damaged ones refused; and what an SMPP link tells of its units. */
#include "tests/smpp_peer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "smpp/status.h"

static const struct dead_letter sample = {
	.unit = 70000, .at = 0xF0000001, .status = SMPP_RINVDSTADR, .why = DEAD_STATUS, .state = UNIT_REFUSED, .tries = 3, .class = 'P', .to = "8613800000001"};

static size_t make_row(uint8_t *row, size_t room)
{
	struct dead_letter second = {.why = DEAD_SILENT, .state = UNIT_UNKNOWN, .class = '-'};
	size_t len = dead_begin(row, room, "20261123-0001");

	len += dead_add(row + len, room - len, &sample);
	return len + dead_add(row + len, room - len, &second);
}

static void comes_back_as_it_was(void **state)
{
	struct dead_letter got;
	char id[256];
	uint8_t row[256];
	size_t len = make_row(row, sizeof(row)), at;

	assert_int_equal(dead_open(row, len, id, &at), 0);
	assert_string_equal(id, "20261123-0001");
	assert_int_equal(dead_next(row, len, &at, &got), 1);
	assert_memory_equal(&got, &sample, sizeof(got));
	assert_string_equal(dead_reason(&got), "RINVDSTADR");
	assert_int_equal(dead_next(row, len, &at, &got), 1);
	assert_string_equal(dead_reason(&got), "no answer");
	assert_string_equal(got.to, "");
	assert_int_equal(dead_next(row, len, &at, &got), 0);
}

/* What a BSC says has its own words; a number that is no cause is damage. */
static void causes_have_their_words(void **state)
{
	struct dead_letter got, cause = {.status = 7, .why = DEAD_CAUSE, .state = UNIT_REFUSED, .tries = 5, .class = 'T', .to = "46000-4301-6969"};
	char id[256];
	uint8_t row[256];
	size_t len = dead_begin(row, sizeof(row), "20261123-0001"), at;

	len += dead_add(row + len, sizeof(row) - len, &cause);
	assert_int_equal(dead_open(row, len, id, &at), 0);
	assert_int_equal(dead_next(row, len, &at, &got), 1);
	assert_memory_equal(&got, &cause, sizeof(got));
	assert_string_equal(dead_reason(&got), "cell memory exceeded");
	got.why = DEAD_CAUSELESS;
	assert_string_equal(dead_reason(&got), "failure without a cause");
	cause.status = 256;
	len = dead_begin(row, sizeof(row), "20261123-0001");
	len += dead_add(row + len, sizeof(row) - len, &cause);
	assert_int_equal(dead_open(row, len, id, &at), 0);
	assert_int_equal(dead_next(row, len, &at, &got), -EBADMSG);
}

static void nothing_is_written_beyond_the_room(void **state)
{
	uint8_t row[64];

	assert_int_equal(dead_begin(row, 5, "12345"), 0);
	assert_int_equal(dead_begin(row, 6, "12345"), 6);
	assert_int_equal(dead_begin(row, sizeof(row), ""), 0);
	assert_int_equal(dead_add(row, 29, &sample), 0);
	assert_int_equal(dead_add(row, 30, &sample), 30);
}

/* Every octet changed, every length: read to an end or refused, and never beyond it (the sanitizers look). */
static void damage_is_refused_or_harmless(void **state)
{
	uint8_t row[256];
	size_t len = make_row(row, sizeof(row)), refused = 0;

	for (size_t cut = 0; cut <= len; cut++)
		for (size_t i = 0; i < (cut ? cut : 1); i++)
			for (unsigned int flip = 1; flip < 256; flip <<= 1) {
				uint8_t *copy = malloc(cut + !cut);
				struct dead_letter got;
				char id[256];
				size_t at;
				int rc;

				memcpy(copy, row, cut);
				if (cut)
					copy[i] ^= flip;
				rc = dead_open(copy, cut, id, &at);
				while (rc == 0 && (rc = dead_next(copy, cut, &at, &got)) > 0) {
					assert_non_null(dead_reason(&got));
					rc = 0;
				}
				assert_true(rc == 0 || rc == -EBADMSG);
				refused += rc < 0;
				free(copy);
			}
	assert_true(refused > 1000);
}

static void bound(uint32_t units)
{
	peer_start();
	peer_create();
	peer.dispatch.n = units;
	memset(peer.dispatch.octet, UNIT_OCTET(UNIT_HANDED, 1, 0), sizeof(peer.dispatch.octet));
	peer_bind(0, 0);
	peer_tick();
}

static void told_with_status_class_and_tries(void **state)
{
	bound(4);
	peer.dispatch.octet[0] = UNIT_OCTET(UNIT_HANDED, 1, 2);
	peer_answer(&peer.seen[0], SMPP_RINVDSTADR);
	assert_int_equal(peer.n_dead, 1);
	assert_int_equal(peer.dead.why, DEAD_STATUS);
	assert_int_equal(peer.dead.status, SMPP_RINVDSTADR);
	assert_int_equal(peer.dead.class, 'P');
	assert_int_equal(peer.dead.tries, 3);
	assert_int_equal(peer.dead.state, UNIT_REFUSED);
	assert_string_equal(peer.dead.to, "8613800000000");
	peer_answer(&peer.seen[1], SMPP_ROK);
	peer_answer(&peer.seen[2], SMPP_RSYSERR); /* will be tried again */
	assert_int_equal(peer.n_dead, 1);
	peer.dispatch.octet[3] = UNIT_OCTET(UNIT_HANDED, 3, 0);
	link_smpp.closed(peer.link, 0, "reset", peer.now_us);
	assert_int_equal(peer.n_dead, 2);
	assert_int_equal(peer.dead.why, DEAD_SILENT);
	assert_int_equal(peer.dead.state, UNIT_UNKNOWN);
	assert_int_equal(peer.dead.tries, 3);
	peer_stop();
}

static void a_status_of_ours_is_not_the_peers(void **state)
{
	bound(1);
	peer.cfg.classes = &(struct conf_status_class){.status = UINT32_MAX, .class = 'P'};
	peer.cfg.n_classes = 1;
	peer_answer(&peer.seen[0], UINT32_MAX);
	assert_int_equal(peer.n_dead, 1);
	assert_int_equal(peer.dead.why, DEAD_STATUS);
	peer_stop();
}

static void told_of_cells_each_with_its_own(void **state)
{
	static const uint8_t failed[] = "\0\0"
					"46000-4301-2\0\0\0\0\x0B"
					"\0\0"
					"46000-4301-1\0\0\0\0\x34";

	peer_start();
	peer.cfg.addressing = ADDR_CELLS;
	for (unsigned int i = 0; i < 4; i++)
		peer.cells[i] = (struct cell_id){.cell = i, .area = 4301, .mcc = 460, .radio = CELL_GSM};
	peer_create();
	peer.dispatch.n = 4;
	memset(peer.dispatch.octet, UNIT_OCTET(UNIT_HANDED, 1, 0), sizeof(peer.dispatch.octet));
	peer_bind(0, 0);
	peer_tick();
	assert_int_equal(peer.seen[0].id, SMPP_SUBMIT_MULTI);
	peer_send(0, &(struct smpp_pdu){.id = SMPP_SUBMIT_MULTI | SMPP_RESP,
					.sequence = peer.seen[0].sequence,
					.message_id = "9",
					.n_failed = 2,
					.failed = failed,
					.failed_len = sizeof(failed) - 1});
	assert_int_equal(peer.n_dead, 2);
	assert_string_equal(peer.dead.to, "46000-4301-2"); /* units report in their own order */
	assert_int_equal(peer.dead.status, SMPP_RINVDSTADR);
	peer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(causes_have_their_words),
		cmocka_unit_test(nothing_is_written_beyond_the_room),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(told_with_status_class_and_tries),
		cmocka_unit_test(a_status_of_ours_is_not_the_peers),
		cmocka_unit_test(told_of_cells_each_with_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

/* Dead letters: packed and read again, damaged ones refused; and what an SMPP link tells of its units. */
#include "tests/smpp_peer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "smpp/status.h"

static const struct dead_letter samples[] = {
	{.unit = 70000, .at = 0xF0000001, .status = SMPP_RINVDSTADR, .why = DEAD_STATUS, .state = UNIT_REFUSED, .tries = 3, .class = 'P', .to = "8613800000001"},
	{.why = DEAD_SILENT, .state = UNIT_UNKNOWN, .class = '-'},
	{.unit = 9999999, .at = 5, .status = UINT32_MAX, .why = DEAD_STATUS, .state = UNIT_REFUSED, .tries = 255, .class = 'T', .to = "007"},
	{.unit = 9999998, .at = 5, .status = 7, .why = DEAD_CAUSE, .state = UNIT_REFUSED, .tries = 5, .class = 'T', .to = "46000-4301-6969"},
	{.unit = 0, .at = 4, .status = 7, .why = DEAD_CAUSE, .state = UNIT_REFUSED, .tries = 5, .class = 'T', .to = "999999999999999999"},
	{.unit = UINT32_MAX, .at = UINT32_MAX, .why = DEAD_CAUSELESS, .state = UNIT_REFUSED, .class = '-', .to = "1234567890123456789012345678901"},
	{.unit = 1, .at = UINT32_MAX, .why = DEAD_TEXTLESS, .state = UNIT_REFUSED, .class = '-', .to = "1234567890123456789"},
	{.unit = 2, .at = UINT32_MAX, .why = DEAD_NAMELESS, .state = UNIT_REFUSED, .class = '-'},
};

static size_t make_row(uint8_t *to, size_t room)
{
	struct dead_row row;

	assert_int_equal(dead_begin(&row, to, room, "20261123-0001"), 0);
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		assert_int_equal(dead_add(&row, &samples[i]), 0);
	return row.len;
}

static void assert_same(const struct dead_letter *a, const struct dead_letter *b)
{
	assert_int_equal(a->unit, b->unit);
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->why, b->why);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->tries, b->tries);
	assert_int_equal(a->class, b->class);
	assert_string_equal(a->to, b->to);
}

static void comes_back_as_it_was(void **state)
{
	struct dead_letter got;
	struct dead_row row;
	char id[256];
	uint8_t to[512];
	size_t len = make_row(to, sizeof(to));

	assert_int_equal(dead_open(&row, to, len, id), 0);
	assert_string_equal(id, "20261123-0001");
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		assert_int_equal(dead_next(&row, &got), 1);
		assert_same(&got, &samples[i]);
	}
	assert_int_equal(dead_next(&row, &got), 0);
}

static void reasons_have_their_words(void **state)
{
	static const char *const words[] = {"RINVDSTADR", "no answer", NULL, "cell memory exceeded", "cell memory exceeded",
					    "failure without a cause", "no text for this link", "no number or name for it"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i])
			assert_string_equal(dead_reason(&samples[i]), words[i]);
}

/* As rows were written before: octets of length, 17 octets and the name each. */
static void old_rows_are_read(void **state)
{
	static const uint8_t old[] = "\x01"
				     "A"
				     "\0\x01\x11\x70\xF0\0\0\x01\0\0\0\x0B\x01\x03\x03P\x0D"
				     "8613800000001"
				     "\0\0\0\0\0\0\0\0\0\0\0\0\x02\x06\0-\0";
	struct dead_letter got;
	struct dead_row row;
	char id[256];

	assert_int_equal(dead_open(&row, old, sizeof(old) - 1, id), 0);
	assert_string_equal(id, "A");
	assert_int_equal(dead_next(&row, &got), 1);
	assert_same(&got, &samples[0]);
	assert_int_equal(dead_next(&row, &got), 1);
	assert_same(&got, &samples[1]);
	assert_int_equal(dead_next(&row, &got), 0);
	assert_int_equal(dead_open(&row, old, sizeof(old) - 2, id), 0);
	assert_int_equal(dead_next(&row, &got), 1);
	assert_int_equal(dead_next(&row, &got), -EBADMSG);
}

/* A row takes hundreds, of as many kinds as come; each is there again. */
static void many_kinds_in_little(void **state)
{
	struct dead_letter letter = samples[0], got;
	struct dead_row row;
	uint8_t to[4096];
	char id[256];
	uint32_t n = 0;

	assert_int_equal(dead_begin(&row, to, sizeof(to), "20261123-0001"), 0);
	for (;; n++) {
		letter.unit = n * 50;
		letter.status = n % 3;
		letter.at = 1000 + n / 200;
		snprintf(letter.to, sizeof(letter.to), "86138%08u", n * 7919 % 100000000);
		if (dead_add(&row, &letter) < 0)
			break;
	}
	print_message("%u letters in a row of 4096 octets\n", n);
	assert_true(n > 380);
	assert_int_equal(dead_open(&row, to, row.len, id), 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(dead_next(&row, &got), 1);
		assert_int_equal(got.status, i % 3);
		assert_int_equal(got.unit, i * 50);
		assert_int_equal(got.at, 1000 + i / 200);
	}
	assert_int_equal(dead_next(&row, &got), 0);
	assert_int_equal(dead_begin(&row, to, sizeof(to), "20261123-0001"), 0);
	for (n = 0; n < 100; n++) {
		letter.status = n * n % 37;
		assert_int_equal(dead_add(&row, &letter), 0);
	}
	assert_int_equal(dead_open(&row, to, row.len, id), 0);
	for (n = 0; n < 100; n++) {
		assert_int_equal(dead_next(&row, &got), 1);
		assert_int_equal(got.status, n * n % 37);
	}
}

static void nothing_is_written_beyond_the_room(void **state)
{
	uint8_t to[64];
	struct dead_row row;

	assert_int_equal(dead_begin(&row, to, 7, "12345"), -EINVAL);
	assert_int_equal(dead_begin(&row, to, sizeof(to), ""), -EINVAL);
	assert_int_equal(dead_begin(&row, to, 8, "12345"), 0);
	assert_int_equal(dead_add(&row, &samples[1]), -ENOSPC);
	assert_int_equal(dead_begin(&row, to, 8 + DEAD_LETTER_MAX, "12345"), 0);
	assert_int_equal(dead_add(&row, &samples[5]), 0);
	assert_true(row.len <= 8 + DEAD_LETTER_MAX);
	assert_int_equal(dead_add(&row, &samples[1]), -ENOSPC);
}

/* Every octet changed, every length: read to an end or refused, and never beyond it (the sanitizers look). */
static void damage_is_refused_or_harmless(void **state)
{
	uint8_t to[512];
	size_t len = make_row(to, sizeof(to)), refused = 0;

	for (size_t cut = 0; cut <= len; cut++)
		for (size_t i = 0; i < (cut ? cut : 1); i++)
			for (unsigned int flip = 1; flip < 256; flip <<= 1) {
				uint8_t *copy = malloc(cut + !cut);
				struct dead_letter got;
				struct dead_row row;
				char id[256];
				int rc;

				memcpy(copy, to, cut);
				if (cut)
					copy[i] ^= flip;
				rc = dead_open(&row, copy, cut, id);
				while (rc == 0 && (rc = dead_next(&row, &got)) > 0) {
					assert_non_null(dead_reason(&got));
					assert_true(strlen(got.to) < DEAD_TO);
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
		cmocka_unit_test(reasons_have_their_words),
		cmocka_unit_test(old_rows_are_read),
		cmocka_unit_test(many_kinds_in_little),
		cmocka_unit_test(nothing_is_written_beyond_the_room),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(told_with_status_class_and_tries),
		cmocka_unit_test(a_status_of_ours_is_not_the_peers),
		cmocka_unit_test(told_of_cells_each_with_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, peer_teardown);
}

/* Receipts as peers write them, ids as peers compare them, and texts from the public. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "smpp/plain.h"
#include "smpp/receipt.h"

static struct smpp_receipt r;

static bool read_text(const char *text)
{
	return smpp_receipt_text((const uint8_t *)text, strlen(text), &r);
}

static void texts(void **state)
{
	static const struct {
		const char *text, *id, *error;
		uint8_t state;
	} cases[] = {
		{"id:17 sub:001 dlvrd:001 submit date:2611230832 done date:2611230833 stat:DELIVRD err:000 "
		 "text:hello",
		 "17", "000", SMPP_DELIVERED},
		{"id:ab-12 submit date:261123083201 done date:261123083202 stat:UNDELIV err:1", "ab-12", "1",
		 SMPP_UNDELIVERABLE},
		{"ID:17 STAT:EXPIRED ERR:21b", "17", "21b", SMPP_EXPIRED},
		{"stat:REJECTD id:17", "17", "", SMPP_REJECTED},
		{"id:17 sub:1 dlvrd:0 submit date:2611230832 done date:2611230833 DELIVRD err:000 Text:x",
		 "17", "000", SMPP_DELIVERED},
		{"id:17 sub:001 dlvrd:001 submit date:2611230832 done date:2611230832 stat:DELI", "17", "",
		 SMPP_STATE_ABSENT},
		{"id:17 stat:ACKED", "17", "", SMPP_ENROUTE},
		{"id:17 stat:BUFFRED", "17", "", SMPP_ENROUTE},
		{"id: 17 stat: ACCEPTD err: 107 text:stat:DELIVRD", "17", "107", SMPP_ACCEPTED},
		{"id:17 text:id:18 stat:DELIVRD", "17", "", SMPP_STATE_ABSENT},
		{"362d9701 2", "362d9701", "", SMPP_DELIVERED},
		{"id:17 stat:SKIPPED", "17", "", SMPP_SKIPPED},
		{"id:17 stat:SOMETHING", "17", "", SMPP_STATE_ABSENT},
		{"id:17 stat:DELIVERED err:12345678901", "17", "1234567", SMPP_DELIVERED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_text(cases[i].text));
		assert_string_equal(r.id, cases[i].id);
		assert_string_equal(r.error, cases[i].error);
		assert_int_equal(r.state, cases[i].state);
	}
}

static void no_receipts(void **state)
{
	static const char *const texts[] = {"",      "I saw a girl at the station", "7",
					    "a b c", "text:id:1 stat:DELIVRD",      "idea: stat"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(read_text(texts[i]));
}

static void nul_and_long_values(void **state)
{
	char text[400];

	assert_true(smpp_receipt_text((const uint8_t *)"id:17 stat:DELIVRD\0", 19, &r));
	assert_int_equal(r.state, SMPP_DELIVERED);
	memset(text, 'a', sizeof(text));
	memcpy(text, "id:", 3);
	assert_true(smpp_receipt_text((const uint8_t *)text, sizeof(text), &r));
	assert_int_equal(strlen(r.id), 65);
}

static void esm_class_and_tlvs(void **state)
{
	struct smpp_pdu pdu = {.id = SMPP_DELIVER_SM,
			       .esm_class = 0x44,
			       .message = (const uint8_t *)"id:0059113978 stat:DELIVRD",
			       .message_len = 26,
			       .tlvs = (const uint8_t *)"\x00\x1E\x00\x08"
							"38601fa\0"
							"\x04\x27\x00\x01\x05"
							"\x04\x23\x00\x03"
							"012",
			       .tlvs_len = 24};

	assert_true(smpp_receipt_read(&pdu, &r));
	assert_string_equal(r.id, "38601fa");
	assert_string_equal(r.text_id, "0059113978");
	assert_int_equal(r.state, SMPP_UNDELIVERABLE);
	assert_int_equal(r.network_type, 3);
	assert_int_equal(r.network_code, 12);
	pdu.esm_class = 0; /* the TLV says it all the same */
	assert_true(smpp_receipt_read(&pdu, &r));
	pdu.tlvs_len = 0; /* a text alone needs more than two labels to be taken for one */
	assert_false(smpp_receipt_read(&pdu, &r));
	pdu.esm_class = 0x08; /* a delivery acknowledgement by a person */
	assert_false(smpp_receipt_read(&pdu, &r));
	pdu.esm_class = 0x20;
	assert_true(smpp_receipt_read(&pdu, &r));
}

static void esm_class_zero_with_a_full_text(void **state)
{
	static const char text[] = "id:17 sub:001 dlvrd:001 submit date:2611230832 done date:2611230833 "
				   "stat:DELIVRD err:000 text:";
	struct smpp_pdu pdu = {
		.id = SMPP_DELIVER_SM, .message = (const uint8_t *)text, .message_len = sizeof(text) - 1};

	assert_true(smpp_receipt_read(&pdu, &r));
}

static void text_in_payload(void **state)
{
	struct smpp_pdu pdu = {.id = SMPP_DATA_SM,
			       .esm_class = 4,
			       .tlvs = (const uint8_t *)"\x04\x24\x00\x11id:9 stat:EXPIRED",
			       .tlvs_len = 21};

	assert_true(smpp_receipt_read(&pdu, &r));
	assert_string_equal(r.id, "9");
	assert_int_equal(r.state, SMPP_EXPIRED);
}

static void finality(void **state)
{
	assert_true(smpp_state_final(SMPP_DELIVERED));
	assert_true(smpp_state_final(SMPP_REJECTED));
	assert_false(smpp_state_final(SMPP_ACCEPTED));
	assert_false(smpp_state_final(SMPP_ENROUTE));
	assert_false(smpp_state_final(SMPP_STATE_ABSENT));
}

static void ids(void **state)
{
	static const struct {
		const char *a, *b;
		enum smpp_id_match match;
	} cases[] = {
		{"abc", "abc", SMPP_ID_SAME},
		{"0913121205", "913121205", SMPP_ID_FOLDED},
		{"1101c1-c9d03d-f000", "1101C1-C9D03D-F000", SMPP_ID_FOLDED},
		{"18d0e03a", "0416342074", SMPP_ID_CONVERTED},
		{"0000436949", "6aad5", SMPP_ID_CONVERTED},
		{"812FC7470000001B", "9308878062554710043", SMPP_ID_CONVERTED},
		{"10000000000000000", "18446744073709551616", SMPP_ID_OTHER}, /* 65 bits */
		{"rdwjwxns18krxr9936ey96ymcw", "rdwjwxns18krxr9936ey96ymcv", SMPP_ID_OTHER},
		{"abc", "", SMPP_ID_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(smpp_id_match(cases[i].a, cases[i].b), cases[i].match);
		assert_int_equal(smpp_id_match(cases[i].b, cases[i].a), cases[i].match);
	}
}

static void shared_texts(void **state)
{
	const char *dir = getenv("SHARED_DATA");
	char path[4096], line[4096];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/smpp/receipt-texts-dev.jsonl", dir ? dir : "../shared/data");
	f = fopen(path, "r");
	if (!f) {
		print_message("# %s is not there\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), f)) {
		char *text = strstr(line, "\"text\": \""), *end = text ? strchr(text + 9, '"') : NULL;

		if (!end)
			continue;
		*end = '\0';
		text += 9;
		assert_true(read_text(text));
		assert_true(r.id[0] != '\0');
		assert_true(strlen(r.id) >= 1);
		if (strstr(text, "stat:"))
			assert_true(r.state != SMPP_STATE_ABSENT);
		n++;
	}
	fclose(f);
	assert_true(n >= 12);
}

static void plain_texts(void **state)
{
	char out[64];

	assert_int_equal(
		smpp_plain(0, 0, true, (const uint8_t *)"\x00\x1B\x65\x1B\x41\x5B", 6, out, sizeof(out)), 7);
	assert_string_equal(out, "@€AÄ");
	smpp_plain(0, 0, false, (const uint8_t *)"@\xE4", 2, out, sizeof(out));
	assert_string_equal(out, "@ä");
	smpp_plain(8, 0, true, (const uint8_t *)"\x4E\x2D\xD8\x3D\xDE\x00", 6, out, sizeof(out));
	assert_string_equal(out, "中😀");
	smpp_plain(8, 0x40, true, (const uint8_t *)"\x05\x00\x03\x01\x02\x01\x4E\x2D", 8, out, sizeof(out));
	assert_string_equal(out, "中");
	assert_int_equal(smpp_plain(8, 0, true, (const uint8_t *)"\xD8\x3D", 2, out, sizeof(out)), -EILSEQ);
	assert_int_equal(smpp_plain(8, 0, true, (const uint8_t *)"\x4E", 1, out, sizeof(out)), -EILSEQ);
	assert_int_equal(smpp_plain(8, 0x40, true, (const uint8_t *)"\x05\x00", 2, out, sizeof(out)),
			 -EILSEQ);
	assert_int_equal(smpp_plain(4, 0, true, (const uint8_t *)"x", 1, out, sizeof(out)), -ENOTSUP);
	assert_int_equal(smpp_plain(3, 0, true, (const uint8_t *)"abcdef", 6, out, 4), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(no_receipts),
		cmocka_unit_test(nul_and_long_values),
		cmocka_unit_test(esm_class_and_tlvs),
		cmocka_unit_test(esm_class_zero_with_a_full_text),
		cmocka_unit_test(text_in_payload),
		cmocka_unit_test(finality),
		cmocka_unit_test(ids),
		cmocka_unit_test(shared_texts),
		cmocka_unit_test(plain_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

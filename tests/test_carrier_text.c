#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "gateway/carrier/cbpage.h"
#include "gateway/carrier/chars.h"
#include "gateway/carrier/smsctext.h"

static const char *text_of(enum chars_alphabet a, const void *octets, size_t len, unsigned int *fault)
{
	static char out[512];

	*fault = 0;
	chars_utf8(a, octets, len, out, sizeof(out), fault);
	return out;
}

static void gsm7_is_not_ascii(void **state)
{
	unsigned int fault;

	assert_string_equal(text_of(CHARS_GSM7, "\0\2\x11\x24\x40\x5B\x60\x7F", 8, &fault), "@$_¤¡Ä¿à");
	assert_int_equal(fault, 0);
	assert_string_equal(text_of(CHARS_GSM7, "\x1B\x65\x1B\x28\x1B\x2F", 6, &fault), "€{\\");
	assert_string_equal(text_of(CHARS_GSM7, "\x1B\x41", 2, &fault),
			    "A"); /* unknown escape: base character */
	assert_string_equal(text_of(CHARS_GSM7, "A\x1B", 2, &fault), "A");
	assert_int_equal(fault, CHARS_SPLIT);
	text_of(CHARS_GSM7, "\x80", 1, &fault);
	assert_int_equal(fault, CHARS_HIGH_BIT);
}

static void ucs2_with_surrogates(void **state)
{
	unsigned int fault;

	assert_string_equal(text_of(CHARS_UCS2, "\x5B\xFB\x4E\xBA\xD8\x3D\xDE\x00", 8, &fault), "寻人😀");
	assert_int_equal(fault, 0);
	text_of(CHARS_UCS2, "\x5B\xFB\xD8\x3D", 4, &fault);
	assert_int_equal(fault, CHARS_SPLIT);
	text_of(CHARS_UCS2, "\xDE\x00\x5B\xFB", 4, &fault);
	assert_int_equal(fault, CHARS_SURROGATE);
	text_of(CHARS_UCS2, "\x5B\xFB\x4E", 3, &fault);
	assert_int_equal(fault, CHARS_ODD);
}

static void small_output_is_never_cut_inside_a_character(void **state)
{
	char out[6];
	unsigned int fault = 0;

	assert_int_equal(
		chars_utf8(CHARS_UCS2, (const uint8_t *)"\x5B\xFB\x4E\xBA", 4, out, sizeof(out), &fault), 3);
	assert_string_equal(out, "寻");
	assert_int_equal(fault, CHARS_CUT);
}

static void utf8_to_ucs2_and_back(void **state)
{
	const char *text = "Clue 线索 😀 ok";
	uint8_t units[64];
	unsigned int fault;
	size_t n = chars_to_ucs2(text, units, sizeof(units));

	assert_int_equal(n, 2 * 13);
	assert_string_equal(text_of(CHARS_UCS2, units, n, &fault), text);
}

static void unpacking(void **state)
{
	uint8_t septets[8] = {0};

	/* "hello" packed: E8 32 9B FD 06 */
	assert_int_equal(chars_unpack((const uint8_t *)"\xE8\x32\x9B\xFD\x06", 5, 0, septets, 5), 5);
	assert_memory_equal(septets, "hello", 5);
	assert_int_equal(chars_unpack((const uint8_t *)"\xE8", 1, 0, septets, 5), 1);
	assert_int_equal(chars_unpack((const uint8_t *)"\x78\x3C", 2, 0, septets, 2), 2);
	assert_memory_equal(septets, "xx", 2);
}

static void pack_page(uint8_t page[82], const char *text)
{
	size_t len = strlen(text);

	memset(page, 0, 82);
	for (size_t i = 0; i < 93; i++) {
		unsigned int c = i < len ? (unsigned char)text[i] : 0x0D, bit = 7 * (unsigned int)i;

		page[bit / 8] |= (uint8_t)(c << bit % 8);
		if (bit % 8 > 1)
			page[bit / 8 + 1] |= (uint8_t)(c >> (8 - bit % 8));
	}
}

static void gsm7_pages_become_text(void **state)
{
	uint8_t a[82], b[82];
	struct cbpage_set set = {.dcs = 0x0F, .n = 2, .used = {82, 5}, .content = {a, b}};
	char out[400], lang[3];
	struct faults f = {0};

	pack_page(a, "Missing child. ");
	pack_page(b, "Phone");
	cbpage_text(&set, out, sizeof(out), lang, &f);
	assert_string_equal(out, "Missing child. Phone");
	assert_int_equal(faults_sum(&f), 0);
	set.used[1] = 3; /* tells three characters, holds five */
	cbpage_text(&set, out, sizeof(out), lang, &f);
	assert_int_equal(f.count[FAULT_PAGE], 1);
}

static void zero_padding_is_found(void **state)
{
	uint8_t a[82] = "\xE8\x32\x9B\xFD\x06";
	struct cbpage_set set = {.dcs = 0x0F, .n = 1, .used = {82}, .content = {a}};
	char out[400], lang[3];
	struct faults f = {0};

	cbpage_text(&set, out, sizeof(out), lang, &f);
	assert_true(f.count[FAULT_PAGE] > 0);
}

static void ucs2_page_with_language(void **state)
{
	uint8_t a[82];
	struct cbpage_set set = {.dcs = 0x11, .n = 1, .used = {6}, .content = {a}};
	char out[400], lang[3];
	struct faults f = {0};

	memcpy(a, "\x7A\x34\x5B\xFB\x4E\xBA", 6); /* "zh" packed, then two characters */
	for (int i = 6; i < 82; i += 2)
		memcpy(a + i, "\0\x0D", 2);
	cbpage_text(&set, out, sizeof(out), lang, &f);
	assert_string_equal(out, "寻人");
	assert_string_equal(lang, "zh");
	assert_int_equal(faults_sum(&f), 0);
	memcpy(a + 80, "\0\0", 2);
	cbpage_text(&set, out, sizeof(out), lang, &f);
	assert_true(f.count[FAULT_PAGE] > 0);
}

static void user_data_headers(void **state)
{
	struct pdu_submit s = {.esm = 0x40,
			       .dcs = 8,
			       .text = (const uint8_t *)"\6\x08\4\x12\x34\3\2\x5B\xFB",
			       .text_len = 9};
	struct smsctext t;
	struct faults f = {0};

	assert_int_equal(smsctext_read(&s, CHARS_GSM7, &t, &f), 0);
	assert_int_equal(t.how, PARTS_UDH16);
	assert_int_equal(t.ref, 0x1234);
	assert_int_equal(t.total, 3);
	assert_int_equal(t.seq, 2);
	assert_int_equal(t.len, 2);
	assert_int_equal(faults_sum(&f), 0);
	s.text = (const uint8_t *)"\5\0\3\7\2\3\x5B\xFB"; /* part 3 of 2 */
	s.text_len = 8;
	assert_int_equal(smsctext_read(&s, CHARS_GSM7, &t, &f), 0);
	assert_int_equal(t.how, 0);
	assert_int_equal(f.count[FAULT_CONCAT], 1);
	s.text = (const uint8_t *)"\x40\0\3";
	s.text_len = 3;
	assert_int_equal(smsctext_read(&s, CHARS_GSM7, &t, &f), 0x43);
}

static void parts_that_are_too_long(void **state)
{
	uint8_t text[200] = {0};
	struct pdu_submit s = {.dcs = 8, .text = text, .text_len = 140};
	struct smsctext t;
	struct faults f = {0};

	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(f.count[FAULT_LENGTH], 0);
	s.text_len = 142;
	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(f.count[FAULT_LENGTH], 1);
	s.dcs = 0;
	s.text_len = 160;
	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(f.count[FAULT_LENGTH], 1);
	s.text_len = 161;
	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(f.count[FAULT_LENGTH], 2);
}

static void payload_counts_the_parts_it_makes(void **state)
{
	uint8_t text[400] = {0};
	struct pdu_submit s = {.dcs = 8, .tlvs = {.payload = text, .payload_len = 136}};
	struct smsctext t;
	struct faults f = {0};

	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(t.parts, 1);
	s.tlvs.payload_len = 3 * 134;
	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(t.parts, 3);
	s.text = text;
	s.text_len = 2; /* both places at once */
	smsctext_read(&s, CHARS_GSM7, &t, &f);
	assert_int_equal(f.count[FAULT_FIELD], 1);
}

static void times(void **state)
{
	assert_true(smsctext_time_ok(&(struct pdu_str){"", 0}));
	assert_true(smsctext_time_ok(&(struct pdu_str){"261105183000000+", 16}));
	assert_true(smsctext_time_ok(&(struct pdu_str){"000001000000000R", 16}));
	assert_false(smsctext_time_ok(&(struct pdu_str){"000001000000100R", 16}));
	assert_false(smsctext_time_ok(&(struct pdu_str){"26110518300000+", 15}));
	assert_false(smsctext_time_ok(&(struct pdu_str){"2611051830000 0+", 16}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gsm7_is_not_ascii),
		cmocka_unit_test(ucs2_with_surrogates),
		cmocka_unit_test(small_output_is_never_cut_inside_a_character),
		cmocka_unit_test(utf8_to_ucs2_and_back),
		cmocka_unit_test(unpacking),
		cmocka_unit_test(gsm7_pages_become_text),
		cmocka_unit_test(zero_padding_is_found),
		cmocka_unit_test(ucs2_page_with_language),
		cmocka_unit_test(user_data_headers),
		cmocka_unit_test(parts_that_are_too_long),
		cmocka_unit_test(payload_counts_the_parts_it_makes),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

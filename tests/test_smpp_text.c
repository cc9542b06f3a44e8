/* Texts to short messages: alphabet, coding choice, part sizes, and where a split must not fall. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "smpp/text.h"

static struct smpp_text text;
static unsigned int needed;
static char buf[8192];

static const char *repeat(const char *piece, unsigned int n)
{
	buf[0] = '\0';
	for (size_t len = 0, l = strlen(piece); n > 0; n--, len += l)
		memcpy(buf + len, piece, l + 1);
	return buf;
}

static const char *with_tail(const char *piece, unsigned int n, const char *tail)
{
	repeat(piece, n);
	return strcat(buf, tail);
}

static int split(const char *utf8, enum smpp_long how)
{
	return smpp_text_split(utf8, true, how, &text, &needed);
}

static void gsm7_alphabet_both_ways(void **state)
{
	static const char all[] = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
				  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

	assert_int_equal(split(all, SMPP_LONG_UDH16), 0);
	assert_int_equal(text.data_coding, 0);
	assert_int_equal(text.part[0].len, 127); /* 128 less the escape */
	for (unsigned int i = 0; i < 127; i++)
		assert_int_equal(text.part[0].octets[i], i < 0x1B ? i : i + 1);
}

static void gsm7_extension(void **state)
{
	static const uint8_t want[] = {0x1B, 0x0A, 0x1B, 0x14, 0x1B, 0x28, 0x1B, 0x29, 0x1B, 0x2F,
				       0x1B, 0x3C, 0x1B, 0x3D, 0x1B, 0x3E, 0x1B, 0x40, 0x1B, 0x65};

	assert_int_equal(split("\f^{}\\[~]|€", SMPP_LONG_UDH16), 0);
	assert_int_equal(text.part[0].len, sizeof(want));
	assert_memory_equal(text.part[0].octets, want, sizeof(want));
}

static void not_in_the_alphabet(void **state)
{
	static const uint32_t lacking[] = {0, '`', 0xE7, 0x1B, '\t', 0x4E2D, 0xFFFF, 0x1F600, 0x10FFFF};
	uint8_t septets[2];

	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
		assert_int_equal(smpp_gsm7(lacking[i], septets), 0);
}

static void one_foreign_character_forces_ucs2(void **state)
{
	assert_int_equal(split("abc中d", SMPP_LONG_UDH16), 0);
	assert_int_equal(text.data_coding, 8);
	assert_int_equal(text.forced_ucs2, 0x4E2D);
	assert_int_equal(text.part[0].len, 10);
	assert_memory_equal(text.part[0].octets + 6,
			    "\x4E\x2D\x00"
			    "d",
			    4);
	assert_int_equal(smpp_text_split("abc", false, SMPP_LONG_UDH16, &text, &needed), 0);
	assert_int_equal(text.data_coding, 8);
	assert_int_equal(text.forced_ucs2, 0);
}

static void sizes_at_the_edges(void **state)
{
	static const struct {
		const char *piece;
		enum smpp_long how;
		unsigned int n, parts, first_len;
	} cases[] = {
		{"a", SMPP_LONG_UDH16, 160, 1, 160}, {"a", SMPP_LONG_UDH16, 161, 2, 152},
		{"a", SMPP_LONG_UDH16, 304, 2, 152}, {"a", SMPP_LONG_UDH16, 305, 3, 152},
		{"a", SMPP_LONG_UDH8, 161, 2, 153},  {"a", SMPP_LONG_UDH8, 307, 3, 153},
		{"a", SMPP_LONG_SAR, 161, 2, 152},   {"a", SMPP_LONG_PAYLOAD, 1520, 10, 152},
		{"中", SMPP_LONG_UDH16, 70, 1, 140}, {"中", SMPP_LONG_UDH16, 71, 2, 132},
		{"中", SMPP_LONG_UDH8, 134, 2, 134}, {"中", SMPP_LONG_UDH8, 135, 3, 134},
		{"€", SMPP_LONG_UDH16, 80, 1, 160},  {"", SMPP_LONG_UDH16, 1, 1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(split(repeat(cases[i].piece, cases[i].n), cases[i].how), 0);
		assert_int_equal(text.n, cases[i].parts);
		assert_int_equal(needed, cases[i].parts);
		assert_int_equal(text.part[0].len, cases[i].first_len);
	}
}

static void too_long_is_refused_with_the_number(void **state)
{
	assert_int_equal(split(repeat("a", 1520), SMPP_LONG_UDH16), 0);
	assert_int_equal(split(repeat("a", 1521), SMPP_LONG_UDH16), -E2BIG);
	assert_int_equal(needed, 11);
	assert_int_equal(split(repeat("中", 2000), SMPP_LONG_UDH16), -E2BIG);
	assert_int_equal(needed, 31);
}

static void escape_is_not_torn(void **state)
{
	/* 151 + an escape pair would need 153 of 152. */
	assert_int_equal(split(with_tail("a", 151, "€bbbbbbbbbb"), SMPP_LONG_UDH16), 0);
	assert_int_equal(text.n, 2);
	assert_int_equal(text.part[0].len, 151);
	assert_memory_equal(text.part[1].octets, "\x1B\x65", 2);
}

static void surrogates_are_not_torn(void **state)
{
	assert_int_equal(split(with_tail("中", 65, "😀中中中中中"), SMPP_LONG_UDH16), 0);
	assert_int_equal(text.part[0].len, 130);
	assert_memory_equal(text.part[1].octets, "\xD8\x3D\xDE\x00", 4);
}

static void graphemes_are_not_torn(void **state)
{
	static const char *const tails[] = {
		"e\u0301",                    /* combining acute */
		"\u2764\uFE0F",               /* variation selector */
		"\U0001F44D\U0001F3FD",       /* skin tone */
		"\U0001F469\u200D\U0001F467", /* ZWJ family */
		"\U0001F1E8\U0001F1F3",       /* flag */
		"\u0E01\u0E34",               /* Thai vowel sign */
	};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		with_tail("中", 65, tails[i]);
		strcat(buf, "中中中中中中");
		assert_int_equal(split(buf, SMPP_LONG_UDH16), 0);
		assert_int_equal(text.part[0].len, 130);
	}
}

static void two_flags_may_be_parted(void **state)
{
	assert_int_equal(split(with_tail("中", 62, "🇨🇳🇨🇳中中中"), SMPP_LONG_UDH16), 0);
	assert_int_equal(text.part[0].len, 132);
}

static void endless_grapheme_still_splits(void **state)
{
	assert_int_equal(split(with_tail("\u0301", 200, ""), SMPP_LONG_UDH16), 0);
	assert_int_equal(text.n, 4);
}

static void bad_utf8(void **state)
{
	static const char *const bad[] = {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
					  "\xE4\xB8", "\x80",         "a\xFF",
					  "\xC1\xBF", "\xE0\x80\xAF", "\xF8\x88\x80\x80\x80"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(split(bad[i], SMPP_LONG_UDH16), -EILSEQ);
}

static void bom_is_dropped(void **state)
{
	assert_int_equal(split("\uFEFFok", SMPP_LONG_UDH16), 0);
	assert_int_equal(text.data_coding, 0);
	assert_int_equal(text.part[0].len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gsm7_alphabet_both_ways),
		cmocka_unit_test(gsm7_extension),
		cmocka_unit_test(not_in_the_alphabet),
		cmocka_unit_test(one_foreign_character_forces_ucs2),
		cmocka_unit_test(sizes_at_the_edges),
		cmocka_unit_test(too_long_is_refused_with_the_number),
		cmocka_unit_test(escape_is_not_torn),
		cmocka_unit_test(surrogates_are_not_torn),
		cmocka_unit_test(graphemes_are_not_torn),
		cmocka_unit_test(two_flags_may_be_parted),
		cmocka_unit_test(endless_grapheme_still_splits),
		cmocka_unit_test(bad_utf8),
		cmocka_unit_test(bom_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

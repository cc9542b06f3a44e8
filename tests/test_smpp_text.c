/* Texts to short messages: alphabet, coding choice, part sizes, and where a split must not fall. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "smpp/plain.h"
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

static void shift_tables(void **state)
{
	static const struct {
		unsigned int codings;
		const char *utf8;
		uint8_t coding, shift, octets[6];
	} cases[] = {
		{SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_TURKISH, "ğIş", 0, 1, {0x1B, 0x67, 0x49, 0x1B, 0x73}},
		{SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_SPANISH, "Sí ñ", 0, 2, {0x53, 0x1B, 0x69, 0x20, 0x7D}},
		{SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_PORTUGUESE, "São", 0, 3, {0x53, 0x1B, 0x7B, 0x6F}},
		{SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_TURKISH, "Äb", 0, 0, {0x5B, 0x62}}, /* not when not needed */
		{SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_TURKISH, "ã", 8, 0, {0, 0xE3}},
		{SMPP_GSM7 | 7 << 4, "ç ã", 0, 3, {0x1B, 0x09, 0x20, 0x1B, 0x7B}},
		{SMPP_LATIN1, "Aç", 3, 0, {0x41, 0xE7}},
		{SMPP_LATIN1, "€", 8, 0, {0x20, 0xAC}},
		{SMPP_ASCII, "a@`", 1, 0, {0x61, 0x40, 0x60}},
		{SMPP_ASCII, "é", 8, 0, {0, 0xE9}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(smpp_text_split(cases[i].utf8, cases[i].codings, SMPP_LONG_UDH16, &text, NULL), 0);
		assert_int_equal(text.data_coding, cases[i].coding);
		assert_int_equal(text.shift, cases[i].shift);
		assert_memory_equal(text.part[0].octets, cases[i].octets, text.part[0].len);
	}
	assert_int_equal(smpp_text_split("ş", SMPP_GSM7 | 7 << 4, SMPP_LONG_PAYLOAD, &text, NULL), 0);
	assert_int_equal(text.data_coding, 8);
	assert_int_equal(text.forced_ucs2, 0x15F);
}

#define SHIFT(language) (SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_##language)
#define LOCK(language)  (SMPP_GSM7 | SMPP_WITH_LOCK << SMPP_SHIFT_##language)

static void locking_tables(void **state)
{
	static const struct {
		unsigned int codings;
		const char *utf8;
		uint8_t coding, lock, shift, octets[8];
	} cases[] = {
		{LOCK(TURKISH), "ğİşı€çĞŞ", 0, 1, 0, {0x0C, 0x40, 0x1D, 0x07, 0x04, 0x60, 0x0B, 0x1C}},
		{LOCK(TURKISH), "ş[]", 0, 1, 0, {0x1D, 0x1B, 0x3C, 0x1B, 0x3E}}, /* the default extension stays */
		{LOCK(PORTUGUESE), "São ∞^|~", 0, 3, 0, {0x53, 0x7B, 0x6F, 0x20, 0x15, 0x16, 0x1A, 0x60}},
		{LOCK(PORTUGUESE), "ÂºªÚ`\\Éà", 0, 3, 0, {0x1C, 0x24, 0x12, 0x5D, 0x7D, 0x17, 0x1F, 0x7F}},
		{LOCK(TURKISH), "Äb", 0, 0, 0, {0x5B, 0x62}}, /* not when not needed */
		{LOCK(TURKISH) | SHIFT(TURKISH), "ğIş", 0, 1, 0, {0x0C, 0x49, 0x1D}},
		/* another character has its place */
		{LOCK(TURKISH), "¡ş", 8, 0, 0, {0, 0xA1, 0x01, 0x5F}},
		{LOCK(TURKISH) | SHIFT(TURKISH), "¡ş", 0, 0, 1, {0x40, 0x1B, 0x73}},
		{LOCK(PORTUGUESE) | SHIFT(PORTUGUESE), "Φããããã", 0, 3, 3, {0x1B, 0x12, 0x7B, 0x7B, 0x7B, 0x7B, 0x7B}},
		{LOCK(PORTUGUESE) | SHIFT(PORTUGUESE), "Φãã", 0, 0, 3, {0x12, 0x1B, 0x7B, 0x1B, 0x7B}},
		{LOCK(TURKISH) | SHIFT(SPANISH), "şí", 0, 1, 2, {0x1D, 0x1B, 0x69}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(smpp_text_split(cases[i].utf8, cases[i].codings, SMPP_LONG_UDH16, &text, NULL), 0);
		assert_int_equal(text.data_coding, cases[i].coding);
		assert_int_equal(text.lock, cases[i].lock);
		assert_int_equal(text.shift, cases[i].shift);
		assert_memory_equal(text.part[0].octets, cases[i].octets, text.part[0].len);
	}
	assert_int_equal(smpp_text_split("ş", LOCK(TURKISH), SMPP_LONG_PAYLOAD, &text, NULL), 0);
	assert_int_equal(text.data_coding, 8);
	for (unsigned int septet = 0; septet < 128; septet++) {
		assert_int_equal(smpp_lock_char(SMPP_SHIFT_SPANISH, septet), 0);
		for (enum smpp_shift lock = 0; lock <= SMPP_SHIFTS; lock++) {
			uint32_t cp = smpp_lock_char(lock, septet);

			assert_int_equal(cp ? smpp_lock_septet(lock, cp) : 0, cp ? septet : 0);
		}
	}
}

static void sizes_with_both_tables(void **state)
{
	/* 140 octets less 7 of header: 152 septets; less 13: 145 */
	assert_int_equal(smpp_text_split(with_tail("ş", 150, "ã"), LOCK(TURKISH) | SHIFT(PORTUGUESE), SMPP_LONG_UDH16, &text, NULL), 0);
	assert_int_equal(text.n, 1);
	assert_int_equal(text.part[0].len, 152);
	assert_int_equal(smpp_text_split(with_tail("ş", 151, "ã"), LOCK(TURKISH) | SHIFT(PORTUGUESE), SMPP_LONG_UDH16, &text, NULL), 0);
	assert_int_equal(text.n, 2);
	assert_int_equal(text.part[0].len, 145);
	assert_int_equal(text.part[1].len, 8);
}

static void sizes_with_other_codings(void **state)
{
	static const struct {
		unsigned int codings;
		const char *piece;
		enum smpp_long how;
		unsigned int n, parts, first_len;
	} cases[] = {
		/* 140 octets less 4 of header: 155 septets; less 10: 148; less 9: 149 */
		{SMPP_GSM7 | SMPP_WITH_SHIFT << 1, "ş", SMPP_LONG_UDH16, 77, 1, 154}, {SMPP_GSM7 | SMPP_WITH_SHIFT << 1, "ş", SMPP_LONG_UDH16, 78, 2, 148},
		{LOCK(TURKISH), "ş", SMPP_LONG_UDH16, 155, 1, 155}, {LOCK(TURKISH), "ş", SMPP_LONG_UDH16, 156, 2, 148},
		{LOCK(TURKISH), "ş", SMPP_LONG_UDH8, 156, 2, 149}, {LOCK(TURKISH) | SHIFT(TURKISH), "ş", SMPP_LONG_UDH16, 155, 1, 155},
		{SMPP_GSM7 | SMPP_WITH_SHIFT << 1, "ş", SMPP_LONG_UDH8, 78, 2, 148},  {SMPP_LATIN1, "ç", SMPP_LONG_UDH16, 140, 1, 140},
		{SMPP_LATIN1, "ç", SMPP_LONG_UDH16, 141, 2, 133},		      {SMPP_LATIN1, "ç", SMPP_LONG_UDH8, 141, 2, 134},
		{SMPP_ASCII, "a", SMPP_LONG_UDH16, 160, 1, 160},		      {SMPP_ASCII, "[", SMPP_LONG_UDH16, 81, 2, 76},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(smpp_text_split(repeat(cases[i].piece, cases[i].n), cases[i].codings, cases[i].how, &text, NULL), 0);
		assert_int_equal(text.n, cases[i].parts);
		assert_int_equal(text.part[0].len, cases[i].first_len);
	}
}

/* What is written is read as the same text again, whatever it was written in. */
static void comes_back(const char *utf8, unsigned int codings)
{
	uint8_t octets[200] = {6, 0x24, 1, 0, 0x25, 1};
	bool header;
	char back[200];

	assert_int_equal(smpp_text_split(utf8, codings, SMPP_LONG_UDH16, &text, NULL), 0);
	octets[3] = text.shift;
	octets[6] = text.lock;
	header = text.shift || text.lock;
	memcpy(octets + 7, text.part[0].octets, text.part[0].len);
	assert_true(smpp_plain(text.data_coding, header ? 0x40 : 0, true, header ? octets : octets + 7,
			       text.part[0].len + (header ? 7 : 0), back, sizeof(back)) >= 0);
	assert_string_equal(back, utf8);
}

static void every_coding_comes_back(void **state)
{
	comes_back("Çocuk kayıp: Ğ İ Ş ğ ı ş ç €[]", SMPP_GSM7 | 7 << 4);
	comes_back("Niña perdida: Á Í Ó Ú á í ó ú ç {}", SMPP_GSM7 | 7 << 4);
	comes_back("Criança: ê ç Ô ô Á á Ê À Í Ó Ú Ã Õ Â í ó ú ã õ â Φ", SMPP_GSM7 | 7 << 4);
	comes_back("Çocuk kayıp: Ğ İ Ş ğ ı ş ç €[] ¡", SMPP_GSM7 | 7 << 4 | 5 << 7);
	comes_back("Çocuk kayıp: Ğ İ Ş ğ ı ş €[]", LOCK(TURKISH));
	comes_back("Criança: ê ç Ô ô Á á Ê À Í Ó Ú Ã Õ Â í ó ú ã õ â ª º ∞ ~`|", LOCK(PORTUGUESE));
	comes_back("Criança: ã õ â ã õ â ã õ â Φ", SMPP_GSM7 | 7 << 4 | 5 << 7);
	comes_back("œil: çà et là", SMPP_LATIN1); /* by UCS-2 */
	comes_back("Enfant: çà et là ÿ", SMPP_LATIN1);
	comes_back("plain [ASCII] ~`", SMPP_ASCII);
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
		cmocka_unit_test(shift_tables),
		cmocka_unit_test(locking_tables),
		cmocka_unit_test(sizes_with_both_tables),
		cmocka_unit_test(sizes_with_other_codings),
		cmocka_unit_test(every_coding_comes_back),
		cmocka_unit_test(bad_utf8),
		cmocka_unit_test(bom_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/page.h"
#include "tests/cbsp_vectors.h"

/* Septets of a page, as a phone unpacks them. */
static void unpack(const uint8_t *content, uint8_t septets[93])
{
	for (unsigned int i = 0; i < 93; i++) {
		unsigned int bit = i * 7, v = content[bit / 8] >> bit % 8;

		if (bit % 8 > 1)
			v |= content[bit / 8 + 1] << (8 - bit % 8);
		septets[i] = v & 0x7F;
	}
}

static char *repeat(char *buf, const char *text, unsigned int n)
{
	char *p = buf;

	for (; n > 0; n--)
		p = stpcpy(p, text);
	*p = '\0';
	return buf;
}

static unsigned int unit(const struct page_set *s, unsigned int page, unsigned int i)
{
	return s->content[page][2 * i] << 8 | s->content[page][2 * i + 1];
}

static void pads_with_cr(void **state)
{
	struct page_set s;
	uint8_t septets[93];

	assert_int_equal(page_encode("test text", "en", &s, NULL), 0);
	assert_int_equal(s.dcs, 0x01);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.used[0], 8);
	unpack(s.content[0], septets);
	assert_int_equal(septets[8], 't');
	for (int i = 9; i < 93; i++)
		assert_int_equal(septets[i], 0x0D);
	assert_int_equal(s.content[0][81] >> 3, 0); /* five bits that belong to nobody */
}

static void extra_septet_is_cr(void **state)
{
	struct page_set s;
	uint8_t septets[93];

	assert_int_equal(page_encode("1234567", "en", &s, NULL), 0);
	assert_int_equal(s.used[0], 7); /* 8 septets fit in them: the phone takes the eighth too */
	unpack(s.content[0], septets);
	assert_int_equal(septets[7], 0x0D);
}

static void boundary_93(void **state)
{
	struct page_set s;
	char text[200];
	unsigned int needed;
	uint8_t septets[93];

	assert_int_equal(page_encode(repeat(text, "x", 93), "en", &s, &needed), 0);
	assert_int_equal(needed, 1);
	assert_int_equal(s.used[0], 82);
	assert_int_equal(page_encode(repeat(text, "x", 94), "en", &s, &needed), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.used[1], 1);
	unpack(s.content[1], septets); /* packed anew from bit 0 */
	assert_int_equal(septets[0], 'x');
	assert_int_equal(septets[1], 0x0D);
}

static void escape_stays_whole(void **state)
{
	struct page_set s;
	char text[200];
	uint8_t septets[93];

	repeat(text, "x", 92);
	strcat(text, "€y");
	assert_int_equal(page_encode(text, "en", &s, NULL), 0);
	assert_int_equal(s.n, 2);
	unpack(s.content[0], septets);
	assert_int_equal(septets[91], 'x');
	assert_int_equal(septets[92], 0x0D);
	unpack(s.content[1], septets);
	assert_int_equal(septets[0], 0x1B);
	assert_int_equal(septets[1], 0x65);
	assert_int_equal(septets[2], 'y');
	repeat(text, "x", 91);
	strcat(text, "€");
	assert_int_equal(page_encode(text, "en", &s, NULL), 0);
	assert_int_equal(s.n, 1);
}

static void languages(void **state)
{
	static const struct {
		const char *language;
		uint8_t gsm7, ucs2;
	} v[] = {{"de", 0x00, 0x11},  {"en", 0x01, 0x11}, {"pl", 0x0E, 0x11}, {"cs", 0x20, 0x11},
		 {"is", 0x24, 0x11},  {"zh", 0x0F, 0x11}, {"EN", 0x01, 0x11}, {"", 0x0F, 0x48},
		 {"zho", 0x0F, 0x48}, {"1a", 0x0F, 0x48}};
	struct page_set s;

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		assert_int_equal(page_encode("abc", v[i].language, &s, NULL), 0);
		assert_int_equal(s.dcs, v[i].gsm7);
		assert_int_equal(page_encode("寻人", v[i].language, &s, NULL), 0);
		assert_int_equal(s.dcs, v[i].ucs2);
	}
	assert_int_equal(page_encode("寻人", NULL, &s, NULL), 0);
	assert_int_equal(s.dcs, 0x48);
}

static void chinese_with_language(void **state)
{
	struct page_set s;
	char text[400];

	assert_int_equal(page_encode(repeat(text, "寻", 41), "zh", &s, NULL), 0);
	assert_int_equal(s.n, 2);
	for (int p = 0; p < 2; p++) { /* the prefix on every page: phones strip it from each */
		assert_int_equal(s.content[p][0], 'z' | (('h' & 1) << 7));
		assert_int_equal(s.content[p][1], 'h' >> 1);
	}
	assert_int_equal(s.used[0], 82);
	assert_int_equal(s.used[1], 4);
	assert_int_equal(unit(&s, 0, 40), 0x5BFB);
	assert_int_equal(unit(&s, 1, 1), 0x5BFB);
	assert_int_equal(unit(&s, 1, 2), 0x000D);
	assert_int_equal(unit(&s, 1, 40), 0x000D);
}

static void ucs2_without_language(void **state)
{
	struct page_set s;
	char text[400];

	assert_int_equal(page_encode(repeat(text, "寻", 41), NULL, &s, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(unit(&s, 0, 40), 0x5BFB);
	assert_int_equal(page_encode(repeat(text, "寻", 42), NULL, &s, NULL), 0);
	assert_int_equal(s.n, 2);
}

static void surrogates_stay_together(void **state)
{
	struct page_set s;
	char text[400];

	repeat(text, "寻", 39);
	strcat(text, "😀");
	assert_int_equal(page_encode(text, "zh", &s, NULL), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(unit(&s, 0, 40), 0x000D);
	assert_int_equal(unit(&s, 1, 1), 0xD83D);
	assert_int_equal(unit(&s, 1, 2), 0xDE00);
}

static void graphemes_stay_together(void **state)
{
	/* e + combining acute, a family by ZWJ, a flag, a thumb with skin tone */
	static const char *const whole[] = {"e\xCC\x81", "👩‍👧", "🇨🇳", "👍🏽"};
	struct page_set s;
	char text[400];

	for (size_t i = 0; i < 4; i++) {
		repeat(text, "寻", 39);
		strcat(text, whole[i]);
		assert_int_equal(page_encode(text, "zh", &s, NULL), 0);
		assert_int_equal(s.n, 2);
		assert_int_equal(unit(&s, 0, 39), 0x5BFB);
		assert_int_equal(unit(&s, 0, 40), 0x000D);
	}
}

static void endless_grapheme_is_split(void **state)
{
	struct page_set s;
	char text[400] = "寻";

	repeat(text + 3, "\xCC\x81", 60);
	assert_int_equal(page_encode(text, "zh", &s, NULL), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.used[0], 82);
}

static void fifteen_pages(void **state)
{
	struct page_set s;
	char text[8000];
	unsigned int needed;

	assert_int_equal(page_encode(repeat(text, "x", 1395), "en", &s, &needed), 0);
	assert_int_equal(s.n, 15);
	assert_int_equal(page_encode(repeat(text, "x", 1396), "en", &s, &needed), -E2BIG);
	assert_int_equal(needed, 16);
	assert_int_equal(page_encode(repeat(text, "寻", 601), "zh", &s, &needed), -E2BIG);
	assert_int_equal(needed, 16);
	assert_int_equal(page_encode(repeat(text, "寻", 2000), "zh", &s, &needed), -E2BIG);
	assert_int_equal(needed, 50);
}

static void not_utf8(void **state)
{
	static const char *const bad[] = {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF5\x80\x80\x80"};
	struct page_set s;

	for (size_t i = 0; i < 5; i++)
		assert_int_equal(page_encode(bad[i], "zh", &s, NULL), -EILSEQ);
}

static void empty_is_one_page(void **state)
{
	struct page_set s;

	assert_int_equal(page_encode("", "en", &s, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.used[0], 1);
}

static void on_air(void **state)
{
	struct page_set s;
	uint8_t o[PAGE_OCTETS];
	char text[200];

	assert_int_equal(page_serial(3, 1, 0), 0xC010);
	assert_int_equal(page_serial(1, 0x3FF, 15), 0x7FFF);
	page_encode(repeat(text, "x", 94), "en", &s, NULL);
	page_octets(&s, 1, 0xC010, 4379, o);
	assert_memory_equal(o, "\xC0\x10\x11\x1B\x01\x22", 6);
	assert_memory_equal(o + 6, s.content[1], 82);
}

/* Pages made by others, rebuilt from their text. */
static void others_pages(void **state)
{
	static const struct {
		const char *name, *text, *language;
		int dcs; /* compared only where the language says it */
	} v[] = {
		{"cbs_osmo_mahlzeit", "Mahlzeit!", "de", 0x00},
		{"cbs_aosp_getmessagebody7bit", "A GSM default alphabet message with carriage return padding",
		 "", -1},
		{"cbs_aosp_getmessagebody7bitfull",
		 "A GSM default alphabet message being exactly 93 characters long, meaning there is no "
		 "padding!",
		 "", -1},
		{"cbs_aosp_getmessagebody7bitwithlanguage",
		 "A GSM default alphabet message with carriage return padding", "es", 0x04},
		{"cbs_aosp_getmessagebodyucs2", "A UCS2 message containing a \u0434 character", "", 0x48},
		{"cbs_aosp_getmessagebodyucs2withlanguageinbody",
		 "A UCS2 message containing a \u0434 character", "xx", 0x11},
	};
	FILE *f = vectors_open();
	static struct vector row;
	struct page_set s;
	size_t seen = 0;

	if (!f)
		skip();
	while (vectors_next(f, &row))
		for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
			if (strcmp(v[i].name, row.name))
				continue;
			assert_int_equal(row.len, PAGE_OCTETS);
			assert_int_equal(page_encode(v[i].text, v[i].language, &s, NULL), 0);
			assert_memory_equal(s.content[0], row.octets + 6, 82);
			if (v[i].dcs >= 0)
				assert_int_equal(s.dcs, row.octets[4]);
			seen++;
		}
	fclose(f);
	assert_int_equal(seen, sizeof(v) / sizeof(*v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pads_with_cr),
		cmocka_unit_test(extra_septet_is_cr),
		cmocka_unit_test(boundary_93),
		cmocka_unit_test(escape_stays_whole),
		cmocka_unit_test(languages),
		cmocka_unit_test(chinese_with_language),
		cmocka_unit_test(ucs2_without_language),
		cmocka_unit_test(surrogates_stay_together),
		cmocka_unit_test(graphemes_stay_together),
		cmocka_unit_test(endless_grapheme_is_split),
		cmocka_unit_test(fifteen_pages),
		cmocka_unit_test(not_utf8),
		cmocka_unit_test(empty_is_one_page),
		cmocka_unit_test(on_air),
		cmocka_unit_test(others_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

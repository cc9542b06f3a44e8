/* Names of cells in the field's notation, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "cellmap/identity.h"

static const struct {
	struct cell_id id;
	uint8_t digits;
	const char *text;
} names[] = {
	{{6969, 4301, 460, 0, CELL_GSM}, 2, "CGI:460-00-4301-6969"},
	{{6969, 4301, 460, 0, CELL_GSM}, 3, "CGI:460-000-4301-6969"},
	{{6969, 4301, 460, 0, CELL_GSM}, 0, "CGI:460-00-4301-6969"},
	{{1, 65535, 310, 4, CELL_GSM}, 0, "CGI:310-004-65535-1"},
	{{1, 2, 4, 0, CELL_UMTS}, 0, "SAI:004-00-2-1"},
	{{65535, 1, 310, 410, CELL_GSM}, 2, "CGI:310-410-1-65535"},
	{{65536, 1, 460, 0, CELL_GSM}, 2, ""},
	{{1, 65536, 460, 0, CELL_GSM}, 2, ""},
	{{0, 1, 460, 0, CELL_LTE}, 2, ""},
	{{(uint64_t)-5, 1, 460, 0, CELL_NR}, 2, ""},
	{{268435455, 2, 460, 1, CELL_UMTS}, 2, "SAI:460-01-2-65535"},
	{{26806529, 7, 460, 0, CELL_LTE}, 2, "ECGI:460-00-104713-1"},
	{{268435455, 7, 460, 0, CELL_LTE}, 2, "ECGI:460-00-1048575-255"},
	{{268435456, 7, 460, 0, CELL_LTE}, 2, ""},
	{{UINT64_C(68719476735), 7, 460, 15, CELL_NR}, 0, "NCGI:460-15-68719476735"},
	{{5, 2, 460, 13824, CELL_CDMA}, 0, "CDMA:460-13824-2-5"},
	{{5, 2, 460, 13824, CELL_GSM}, 0, ""},
};

static void names_go_there_and_back(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[IDENTITY_MAX];
		struct identity back;

		assert_int_equal(identity_text(&names[i].id, names[i].digits, text), names[i].text[0] != 0);
		assert_string_equal(text, names[i].text);
		if (!text[0])
			continue;
		assert_int_equal(identity_parse(text, &back), 0);
		assert_true(identity_matches(&back, &names[i].id));
		assert_true(names[i].digits == 0 || names[i].id.mnc > 99 ||
			    back.mnc_digits == names[i].digits);
	}
}

static void other_spellings_fit(void **state)
{
	static const struct {
		const char *text;
		struct cell_id id;
		bool fits;
	} spellings[] = {
		{"cgi 460-00-4301-6969", {6969, 4301, 460, 0, CELL_GSM}, true},
		{"CGI:46000-4301-6969", {6969, 4301, 460, 0, CELL_GSM}, true},
		{"CGI:46000-0x10CD-0x1b39", {6969, 4301, 460, 0, CELL_GSM}, true},
		{"460-00-4301-6969", {6969, 4301, 460, 0, CELL_GSM}, true},
		{"460-00-4301-6969", {6969 | 7 << 16, 4301, 460, 0, CELL_UMTS}, true},
		{"460-00-4301-6969", {6969 | 7 << 16, 4301, 460, 0, CELL_GSM}, false},
		{"460-00-4301-6969", {6969, 4301, 460, 0, CELL_LTE}, false},
		{"460-00-4301-6969", {6969, 4302, 460, 0, CELL_GSM}, false},
		{"460-00-4301-6969", {6969, 4301, 460, 1, CELL_GSM}, false},
		{"46000-U268435455", {268435455, 9, 460, 0, CELL_UMTS}, true},
		{"46000-U65535", {268435455, 9, 460, 0, CELL_UMTS}, false},
		{"310410-L26806529", {26806529, 9, 310, 410, CELL_LTE}, true},
		{"46000-N68719476735", {UINT64_C(68719476735), 9, 460, 0, CELL_NR}, true},
		{"ECGI:460-00-26806529", {26806529, 9, 460, 0, CELL_LTE}, true},
		{"ECGI:460-00-0x1990901", {26806529, 9, 460, 0, CELL_LTE}, true},
		{"ECGI:460-00-104713-1", {26806529, 9, 460, 0, CELL_NR}, false},
		{"LTE,460,0,7,300", {300, 7, 460, 0, CELL_LTE}, true},
		{"GSM,460,0,7,-3", {(uint64_t)-3, 7, 460, 0, CELL_GSM}, true},
		{"UMTS,460,0,7,300", {300 | 1 << 16, 7, 460, 0, CELL_UMTS}, false},
	};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct identity found;

		assert_int_equal(identity_parse(spellings[i].text, &found), 0);
		if (identity_matches(&found, &spellings[i].id) != spellings[i].fits)
			fail_msg("%s", spellings[i].text);
	}
}

static void others_are_refused(void **state)
{
	static const char *const texts[] = {"",
					    "-",
					    "460",
					    "460-00",
					    "460-00-",
					    "460-00-1",
					    "460-00-1-",
					    "460-00-1-65536",
					    "460-00-1-2-3",
					    "460-00-1-2 ",
					    "4600-1-2",
					    "0x1cc-00-1-2",
					    "4600000-1-2",
					    "460-123456-1-2",
					    "FOO:460-00-1-2",
					    "ECGI:460-00-1048576-1",
					    "ECGI:460-00-1-256",
					    "ECGI:460-00-268435456",
					    "NCGI:460-00-1-2",
					    "NCGI:460-00-68719476736",
					    "46000-X1",
					    "46000-L",
					    "46000-U268435456",
					    "LTE,460,0,7",
					    "LTE,460,0,7,300,",
					    "WIMAX,460,0,7,300",
					    "LTE,1000,0,7,300",
					    "CGI:460-00--1-5",
					    "460-00-99999999999999999999999-1",
					    "LTELTELTELTE,460,0,7,300"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct identity found;

		if (identity_parse(texts[i], &found) == 0)
			fail_msg("%s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_there_and_back),
		cmocka_unit_test(other_spellings_fit),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

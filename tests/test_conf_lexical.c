/* What stands in front of libconfig: every trap of libconfig 1.5 is told with its line, and never reaches it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <string.h>
#include "gateway/lexical.h"

struct told {
	unsigned int n, line;
	char key[64], text[256];
};

static void found(void *arg, unsigned int line, const char *key, const char *text)
{
	struct told *t = arg;

	if (t->n++ == 0) {
		t->line = line;
		snprintf(t->key, sizeof(t->key), "%s", key ? key : "");
		snprintf(t->text, sizeof(t->text), "%s", text);
	}
}

static struct told read_octets(const char *text, size_t len, bool newline)
{
	const struct lexical_rules rules = {.max_octets = 65536, .newline_in_text = newline};
	struct told t = {0};
	const struct lexical_report report = {found, &t};
	config_t tree;
	int rc = lexical_read(NULL, (const uint8_t *)text, len, &rules, &tree, &report);

	config_destroy(&tree);
	assert_int_equal(rc == 0, t.n == 0);
	return t;
}

static void bad(const char *text, unsigned int line, const char *key, const char *says)
{
	struct told t = read_octets(text, strlen(text), false);

	if (t.n == 0 || t.line != line || strcmp(t.key, key) || !strstr(t.text, says))
		fail_msg("%s\n  -> %u findings, line %u key '%s': %s", text, t.n, t.line, t.key, t.text);
}

static void good(const char *text)
{
	struct told t = read_octets(text, strlen(text), false);

	if (t.n)
		fail_msg("%s\n  -> line %u key '%s': %s", text, t.line, t.key, t.text);
}

static void test_accepts_the_language(void **state)
{
	good("");
	good("a = 1; b = -2.5e3; c = 0x7F; d = true; e = \"x\"; f = 5000000000L; g : 1, h = .5\n");
	good("a = { b = ( 1, \"x\", { c = 1; }, ( ) ); d = [ 1, 2 ]; e = {}; }; // end");
	good("# c\n/* x\n ** */ a = \"one \"\n \"two\"; # no line end");
	good("a = \"寻人 // no comment # nor this /* \";\r\n");
	good("\xEF\xBB\xBF"
	     "a = 1;"); /* byte order mark of some editors */
	good("a-b = 1; c_d = 2; E1 = TRUE");
	good("a = \" @include \\\"/etc/passwd\\\" \";");
}

static void test_comment_at_the_end(void **state)
{
	const struct lexical_rules rules = {.max_octets = 100};
	struct told t = {0};
	const struct lexical_report report = {found, &t};
	config_t tree;
	int value = 0;

	assert_int_equal(lexical_read(NULL, (const uint8_t *)"a = 7; // e", 11, &rules, &tree, &report), 0);
	assert_int_equal(config_lookup_int(&tree, "a", &value), CONFIG_TRUE);
	assert_int_equal(value, 7);
	config_destroy(&tree);
}

static void test_numbers_out_of_range(void **state)
{
	bad("a = 1;\nb = 5000000000;", 2, "b", "needs an L");
	bad("a = 2147483648;", 1, "a", "out of range");
	bad("a = -2147483649;", 1, "a", "out of range");
	good("a = 2147483647; b = -2147483648;");
	bad("a = 0xFFFFFFFF;", 1, "a", "out of range");
	bad("a = 99999999999999999999L;", 1, "a", "64 bits");
	bad("a = { x = 1e400; };", 1, "a.x", "out of range");
	bad("a = -1e400;", 1, "a", "out of range");
	bad("a = 1e-400;", 1, "a", "out of range");
	bad("a = 1.2.3;", 1, "a", "not a number");
	bad("a = 1a;", 1, "a", "not a number");
	bad("a = .;", 1, "a", "not a number");
	bad("a = 1e;", 1, "a", "not a number");
	bad("l = { lat = nan; };", 1, "l.lat", "nan is not a value");
	bad("a = inf;", 1, "a", "not a value");
}

static void test_include(void **state)
{
	bad("\n@include \"/etc\"\n", 2, "", "@include");
	bad("a = 1;\n  @include \"x\"\n", 2, "", "@include");
	bad("a = @include;", 1, "a", "@include");
}

static void test_brackets_and_strings(void **state)
{
	bad("a = \"x;\nb = 1;", 1, "a", "not closed");
	bad("a = \"x", 1, "a", "not closed");
	bad("a = \"x\\", 1, "a", "not closed");
	bad("a = {\n b = (1,\n 2;\n};", 3, "a.b[1]", "expected , or )");
	bad("a = (\n {b = 1;},\n", 1, "a", "never closed");
	bad("a = {\n b = 1;", 1, "a", "never closed");
	bad("a = 1; }", 1, "", "syntax error");
	bad("/* x\n", 1, "", "never closed");
	bad("a 1;", 1, "a", "expected =");
	bad("a = ;", 1, "a", "not a value");
	bad("a = ", 1, "a", "ends where");
	bad("a = 1;;", 1, "", "syntax error");
	bad("a = (1,);", 1, "a[1]", "not a value");
}

static void test_depth(void **state)
{
	char deep[256] = "a = ";

	memset(deep + 4, '(', LEXICAL_MAX_DEPTH + 1);
	assert_true(strstr(read_octets(deep, strlen(deep), false).text, "brackets inside each other"));
	memset(deep + 4, '(', 16);
	memset(deep + 20, ')', 16);
	good(deep);
}

static void test_doubled_keys(void **state)
{
	bad("a = 1;\nb = 2;\na = 3;", 3, "a", "twice");
	bad("g = { x = 1;\n x = 2; };", 2, "g.x", "twice");
	good("g = { x = 1; }; h = { x = 1; }; l = ( { x = 1; }, { x = 2; } );");
	good("ab = 1; a = 2;");
}

static void test_octets(void **state)
{
	bad("a = \"\xC3\x28\";", 1, "", "not UTF-8");
	bad("a = \"\xED\xA0\x80\";", 1, "", "not UTF-8"); /* surrogate */
	bad("a = \"\xC0\x80\";", 1, "", "not UTF-8");
	bad("\n\na = \"x\x01y\";", 3, "", "control character U+0001");
	bad("a = \"x\x7Fy\";", 1, "", "U+007F");
	bad("a = \"x\xC2\x85y\";", 1, "", "U+0085");
	bad("a = \"x\xE2\x80\xA8y\";", 1, "", "U+2028");
	bad("a = \"x\ty\";", 1, "a", "tabulator");
	bad("a = \"x\\ny\";", 1, "a", "control");
	bad("a = \"x\\ry\";", 1, "a", "control");
	bad("a = \"x\\x00y\";", 1, "a", "\\x00");
	bad("a = \"x\\xE9y\";", 1, "a", "\\xE9");
	assert_int_equal(read_octets("a = \"x\0y\";", 10, false).n, 1);
	assert_int_equal(read_octets("a = \"x\\ny\";", 10, true).n, 0);
	assert_int_equal(read_octets("a = \"x\\ty\";", 10, true).n, 1);
}

static void test_size(void **state)
{
	char *big = talloc_zero_size(NULL, 65537);
	struct told t;

	memset(big, ' ', 65537);
	assert_int_equal(read_octets(big, 65536, false).n, 0);
	t = read_octets(big, 65537, false);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.line, 0);
	talloc_free(big);
}

static void test_all_findings_in_one_run(void **state)
{
	const char *text = "a = 5000000000;\nb = 1e400;\na = 1;\nc = \"\x01\";\n";

	assert_int_equal(read_octets(text, strlen(text), false).n, 4);
}

static void test_findings_are_bounded(void **state)
{
	char many[4096];

	memset(many, 1, sizeof(many));
	assert_int_equal(read_octets(many, sizeof(many), false).n, LEXICAL_MAX_REPORTS + 1);
}

static void test_distance(void **state)
{
	assert_int_equal(lexical_distance("rate", "rate"), 0);
	assert_int_equal(lexical_distance("raet", "rate"), 2);
	assert_int_equal(lexical_distance("", "ab"), 2);
	assert_int_equal(lexical_distance("windw", "window"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_the_language),
		cmocka_unit_test(test_comment_at_the_end),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_brackets_and_strings),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_doubled_keys),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_all_findings_in_one_run),
		cmocka_unit_test(test_findings_are_bounded),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

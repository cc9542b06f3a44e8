/* Templates: fields, optional parts, words by language; nothing is expanded twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <string.h>
#include "gateway/texts.h"

static const struct texts_values values = {{[TK_CHILD_NAME] = "小明",
					    [TK_CHILD_AGE] = "6",
					    [TK_CHILD_SEX] = "female",
					    [TK_CONTACT] = "{child.age}[x]"}};

static void renders(const char *text, const char *language, const char *expected)
{
	enum trigger_key absent;
	char err[200], *out;

	if (texts_check(text, NULL, err, sizeof(err)) < 0)
		fail_msg("%s: %s", text, err);
	out = texts_render(NULL, text, language, &values, &absent);
	assert_non_null(out);
	assert_string_equal(out, expected);
	talloc_free(out);
}

static void refused(const char *text, const char *says)
{
	char err[200] = "";

	if (texts_check(text, NULL, err, sizeof(err)) == 0 || !strstr(err, says))
		fail_msg("%s: %s", text, err);
}

static void test_fields(void **state)
{
	renders("寻人：{child.name}，{child.sex}，{child.age}岁", "zh", "寻人：小明，女，6岁");
	renders("", "en", "");
	renders("no field", "en", "no field");
	renders("{child.name}{child.name}", "en", "小明小明");
}

static void test_sex_by_language(void **state)
{
	renders("{child.sex}", "en", "girl");
	renders("{child.sex}", "de", "Mädchen");
	renders("{child.sex}", "fr", "fille");
	renders("{child.sex}", "es", "niña");
	renders("{child.sex}", "xx", "girl");
	assert_string_equal(texts_sex("male", "zh"), "男");
	assert_string_equal(texts_sex("male", "en"), "boy");
}

static void test_optional_parts(void **state)
{
	renders("a[ b {child.wearing}] c", "en", "a c");
	renders("a[ b {child.name}] c", "en", "a b 小明 c");
	renders("a[ {child.name} {child.wearing}][ {child.age}]", "en", "a 6");
	renders("[always]", "en", "always");
	renders("[\\]{child.wearing}]x", "en", "x");
}

static void test_values_are_not_expanded(void **state)
{
	renders("call {contact}", "en", "call {child.age}[x]");
	renders("[call {contact}]", "en", "call {child.age}[x]");
}

static void test_escapes(void **state)
{
	renders("\\[x\\] \\{y\\} \\\\ \\n", "en", "[x] {y} \\ \\n");
}

static void test_absent_field(void **state)
{
	enum trigger_key absent = TK_N;

	assert_null(texts_render(NULL, "{child.name} {child.wearing}", "en", &values, &absent));
	assert_int_equal(absent, TK_CHILD_WEARING);
}

static void test_refused(void **state)
{
	refused("{child.naem}", "did you mean child.name");
	refused("{}", "unknown field");
	refused("{child.name", "never closed");
	refused("{child.[name]}", "never closed");
	refused("a } b", "} without {");
	refused("a ] b", "] without [");
	refused("[a [b]]", "nested");
	refused("[a", "never closed");
}

static void test_idle_part_is_told(void **state)
{
	char err[200];
	bool idle;

	assert_int_equal(texts_check("[x] {contact}", &idle, err, sizeof(err)), 0);
	assert_true(idle);
	assert_int_equal(texts_check("[x {contact}]", &idle, err, sizeof(err)), 0);
	assert_false(idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),         cmocka_unit_test(test_sex_by_language),
		cmocka_unit_test(test_optional_parts), cmocka_unit_test(test_values_are_not_expanded),
		cmocka_unit_test(test_escapes),        cmocka_unit_test(test_absent_field),
		cmocka_unit_test(test_refused),        cmocka_unit_test(test_idle_part_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

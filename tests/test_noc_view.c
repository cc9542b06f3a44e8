#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <string.h>
#include "gateway/snapshot_json.h"
#include "gateway/statusview.h"
#include "tests/noc_fake.h"

static const struct statusgrid_style plain;

static void columns_line_up(void **state)
{
	void *ctx = talloc_new(NULL);
	struct statusgrid *g = statusgrid_new(ctx, 2);

	statusgrid_text(g, TONE_PLAIN, "寻人");
	statusgrid_number(g, TONE_PLAIN, 7, 0);
	statusgrid_text(g, TONE_PLAIN, "abcdef");
	statusgrid_number(g, TONE_PLAIN, 1234.56, 1);
	assert_string_equal(statusgrid_print(ctx, g, &plain), "寻人         7\nabcdef  1234.6\n");
	talloc_free(ctx);
}

static const char *bar(void *ctx, double done, double total)
{
	struct statusgrid *g = statusgrid_new(ctx, 1);

	statusgrid_bar(g, &plain, done, total);
	return statusgrid_print(ctx, g, &plain);
}

static void bars_do_not_flatter(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(bar(ctx, 1, 2), "##########..........  50.0 %\n");
	assert_string_equal(bar(ctx, 9999999, 10000000), "###################.  99.9 %\n");
	assert_string_equal(bar(ctx, 5, 5), "#################### 100.0 %\n");
	assert_string_equal(bar(ctx, 9, 5), "#################### 100.0 %\n");
	assert_string_equal(bar(ctx, -1, 5), "....................   0.0 %\n");
	assert_string_equal(bar(ctx, 0, 0), "-\n");
	talloc_free(ctx);
}

static void terminals_are_not_driven(void **state)
{
	void *ctx = talloc_new(NULL);
	struct statusgrid *g = statusgrid_new(ctx, 1);

	statusgrid_text(g, TONE_PLAIN, "\x1b[2J\xe2\x80\xae\xc2\x9b x\xff");
	assert_string_equal(statusgrid_print(ctx, g, &plain), "?[2J?? x?\n");
	talloc_free(ctx);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in\n%s", part, text);
}

static void tables_tell_what_the_json_says(void **state)
{
	void *ctx = talloc_new(NULL);
	struct snapshot *s = noc_fake();
	json_t *o = snapshot_json(s);
	char *links = statusview_links(ctx, o, &plain), *alerts = statusview_alerts(ctx, o, &plain);

	has(links, "cm-bsc-1  china-mobile  cbsp  down");
	has(links, "2001");
	has(alerts, "beijing-7");
	has(alerts, "alertDeadlineAtRisk");
	has(alerts, "706");
	has(statusview_alert(ctx, json_array_get(json_object_get(o, "alerts"), 1), &plain),
	    "update and found texts");
	has(statusview_cellmap(ctx, o, &plain), "0123456789abcdef");
	has(statusview_head(ctx, o, &plain), "healthy");
	json_decref(o);
	snapshot_put(s);
	talloc_free(ctx);
}

static void small_rates_are_not_nothing(void **state)
{
	void *ctx = talloc_new(NULL);
	json_t *link = json_pack("{s:s, s:f, s:f}", "name", "a", "rate", 0.001, "granted_rate", 12.25);
	json_t *o = json_pack("{s:[O]}", "links", link);

	has(statusview_links(ctx, o, &plain), " 0.001 ");
	has(statusview_link(ctx, link, &plain), " 0.001\n");
	has(statusview_link(ctx, link, &plain), " 12.2\n");
	json_decref(o);
	json_decref(link);
	talloc_free(ctx);
}

static void strange_answers_are_stood(void **state)
{
	static const char *const texts[] = {"{}", "{\"links\":7,\"alerts\":{}}",
					    "{\"links\":[7,[],{}],\"alerts\":[null]}",
					    "{\"alerts\":[{\"links\":[{\"name\":{}}],\"units\":\"x\"}]}"};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *o = json_loads(texts[i], 0, NULL);

		assert_non_null(statusview_links(ctx, o, &plain));
		assert_non_null(statusview_alerts(ctx, o, &plain));
		assert_non_null(statusview_alert(ctx, o, &plain));
		assert_non_null(statusview_head(ctx, o, &plain));
		assert_non_null(statusview_cellmap(ctx, o, &plain));
		json_decref(o);
	}
	talloc_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),           cmocka_unit_test(bars_do_not_flatter),
		cmocka_unit_test(terminals_are_not_driven),  cmocka_unit_test(tables_tell_what_the_json_says),
		cmocka_unit_test(strange_answers_are_stood), cmocka_unit_test(small_rates_are_not_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

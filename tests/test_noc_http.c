/* What the status page's server says; its socket is tried by noc_doors.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/http_page.h"
#include "tests/noc_fake.h"

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s", part);
}

static void the_page_is_escaped(void **state)
{
	struct snapshot *s = noc_fake();
	char *html;

	snapshot_text(s->links[0].name, sizeof(s->links[0].name), "<script>alert(1)</script>'\"");
	html = http_page_html(s);
	has(html, "<!doctype html>");
	has(html, "110105-2026-&lt;寻人&gt;&amp;&quot;1&quot;");
	has(html, "&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;");
	assert_null(strstr(html, "<script"));
	has(html, "alertDeadlineAtRisk");
	free(html);
	snapshot_put(s);
}

static void a_starting_gateway_has_a_page(void **state)
{
	char *html = http_page_html(NULL), *metrics = http_page_metrics(NULL), *json = http_page_json(NULL);

	has(html, "starting");
	assert_string_equal(metrics, "");
	assert_string_equal(json, "{}");
	free(html);
	free(metrics);
	free(json);
}

static void metrics_have_every_counter(void **state)
{
	struct snapshot *s = noc_fake();
	char *text = http_page_metrics(s), line[256];
	unsigned int i = 0;

#define TOTAL(field, mib, help)                                                                              \
	snprintf(line, sizeof(line), "\nreunion_" #field "_total %llu\n", 5000000000ull + i++);              \
	has(text, line);
	TOTAL_COUNTERS(TOTAL)
	i = 0;
#define LINK(field, mib, help)                                                                               \
	snprintf(line, sizeof(line),                                                                         \
		 "\nreunion_link_" #field                                                                    \
		 "_total{link=\"cm-bsc-1\",carrier=\"china-mobile\",type=\"cbsp\"} %u\n",                    \
		 2000 + i++);                                                                                \
	has(text, line);
	LINK_COUNTERS(LINK)
	has(text, "\nreunion_alert_units{alert_id=\"beijing-7\",state=\"accepted\"} 702\n");
	free(text);
	snapshot_put(s);
}

/* Each line is a comment or NAME{labels} NUMBER; a metric's lines stand together. */
static void metrics_are_well_formed(void **state)
{
	struct snapshot *s = noc_fake();
	char *text, *line, *save, family[128] = "";

	snapshot_text(s->links[0].name, sizeof(s->links[0].name), "a\"b\\c");
	text = http_page_metrics(s);
	has(text, "link=\"a\\\"b\\\\c\"");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *end;

		if (sscanf(line, "# TYPE %127s", family) == 1 || line[0] == '#')
			continue;
		assert_memory_equal(line, family, strlen(family));
		assert_true(line[strlen(family)] == '{' || line[strlen(family)] == ' ');
		strtod(strrchr(line, ' ') + 1, &end);
		assert_int_equal(*end, '\0');
	}
	free(text);
	snapshot_put(s);
}

static void health_tells_why(void **state)
{
	struct snapshot *s = noc_fake();
	const char *why;

	assert_int_equal(http_page_health(s, s->taken_at + 1, &why), 200);
	assert_int_equal(http_page_health(s, s->taken_at + HTTP_STALE_S + 1, &why), 503);
	assert_string_equal(why, "the loop is stuck\n");
	s->store_state = 2;
	assert_int_equal(http_page_health(s, s->taken_at, &why), 503);
	assert_int_equal(http_page_health(NULL, 0, &why), 503);
	assert_string_equal(why, "starting\n");
	snapshot_put(s);
}

static void the_json_is_json(void **state)
{
	struct snapshot *s = noc_fake();
	char *text = http_page_json(s);
	json_t *o = json_loads(text, 0, NULL);

	assert_int_equal(json_array_size(json_object_get(o, "alerts")), 2);
	json_decref(o);
	free(text);
	snapshot_put(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_escaped),        cmocka_unit_test(a_starting_gateway_has_a_page),
		cmocka_unit_test(metrics_have_every_counter), cmocka_unit_test(metrics_are_well_formed),
		cmocka_unit_test(health_tells_why),           cmocka_unit_test(the_json_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

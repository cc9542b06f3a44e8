#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/link.h"
#include "gateway/snapshot_json.h"
#include "tests/noc_fake.h"

static const char *text_of(char *buf, size_t size, const char *src)
{
	snapshot_text(buf, size, src);
	return buf;
}

static void text_is_cleaned(void **state)
{
	char b[64];

	assert_string_equal(text_of(b, sizeof(b), "寻人 a"), "寻人 a");
	assert_string_equal(text_of(b, sizeof(b), "a\nb\x1b[2J\x7f"), "a?b?[2J?");
	assert_string_equal(text_of(b, sizeof(b), "\xff\xc0\x80x"), "???x");
	assert_string_equal(text_of(b, sizeof(b), "\xed\xa0\x80"), "???"); /* a surrogate */
	assert_string_equal(text_of(b, sizeof(b), "\xc2\x85"), "?");       /* NEL */
	assert_string_equal(text_of(b, sizeof(b), "\xf0\x9f"), "??");      /* cut by its source */
	assert_string_equal(text_of(b, sizeof(b), NULL), "");
}

static void text_is_cut_between_characters(void **state)
{
	char b[6];

	assert_string_equal(text_of(b, sizeof(b), "ab寻人"), "ab寻");
	assert_string_equal(text_of(b, sizeof(b), "abc寻人"), "abc");
	assert_string_equal(text_of(b, 1, "abc"), "");
}

static void has_keys(const json_t *o, const char *const *keys)
{
	for (; *keys; keys++)
		if (!json_object_get(o, *keys))
			fail_msg("%s is missing", *keys);
}

/* SPEC 7, word by word. */
static void json_has_the_agreed_keys(void **state)
{
	static const char *const alert[] = {"alert_id",    "case_number", "type",  "state", "at_risk",
					    "deadline_at", "units",       "links", NULL};
	static const char *const units[] = {"waiting", "handed",    "accepted", "refused",
					    "expired", "withdrawn", "unknown",  NULL};
	static const char *const link[] = {
		"name",        "carrier",   "type",     "state",   "rate",      "measured_rate", "window",
		"window_used", "submitted", "accepted", "refused", "throttled", "unknown",       NULL};
	struct snapshot *s = noc_fake();
	json_t *o = snapshot_json(s), *a = json_array_get(json_object_get(o, "alerts"), 0);

	assert_int_equal(json_array_size(json_object_get(o, "alerts")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "links")), 2);
	has_keys(a, alert);
	has_keys(json_object_get(a, "units"), units);
	has_keys(json_array_get(json_object_get(a, "links"), 0), units);
	has_keys(json_array_get(json_object_get(o, "links"), 0), link);
	assert_int_equal(json_object_size(json_object_get(a, "units")), 7);
	assert_string_equal(json_string_value(json_object_get(a, "deadline_at")), "2026-11-23T01:32:31Z");
	assert_true(json_is_true(json_object_get(a, "at_risk")));
	json_decref(o);
	snapshot_put(s);
}

static int64_t at(const json_t *o, const char *list, size_t i, const char *key)
{
	json_t *e = json_array_get(json_object_get(o, list), i);

	assert_non_null(json_object_get(e, key));
	return json_integer_value(json_object_get(e, key));
}

static void json_has_the_numbers(void **state)
{
	struct snapshot *s = noc_fake();
	json_t *o = snapshot_json(s);

	assert_int_equal(at(o, "links", 0, "submitted"), 1000);
	assert_int_equal(at(o, "links", 1, "accepted"), 2001);
	assert_int_equal(at(o, "agencies", 0, "rejected"), 12);
	assert_int_equal(at(o, "carriers", 0, "waiting"), 700);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "totals"), "clues")),
			 5000000007);
	json_decref(o);
	snapshot_put(s);
}

static void json_stands_bad_fields(void **state)
{
	struct snapshot *s = snapshot_new(1, 1, 0);
	json_t *o;
	char *text;

	strcpy(s->links[0].name, "\xff");
	s->links[0].rate = NAN;
	s->links[0].measured_rate = INFINITY;
	s->links[0].state = 99;
	s->alerts[0].lat = NAN;
	s->alerts[0].state = -1;
	o = snapshot_json(s);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json_object_get(o, "links"), 0), "state")),
		"unknown");
	text = json_dumps(o, SNAPSHOT_DUMP);
	assert_non_null(text);
	free(text);
	json_decref(o);
	snapshot_put(s);
}

static void window_bound_is_told(void **state)
{
	struct snap_link l = {.state = LINK_UP,
			      .granted = 100,
			      .measured_rate = 50,
			      .window = 10,
			      .window_used = 10,
			      .queue = 1};

	assert_true(snapshot_window_bound(&l));
	l.measured_rate = 99.5;
	assert_false(snapshot_window_bound(&l));
	l.measured_rate = 50;
	l.throttled = true; /* it waits for tokens, not for answers */
	assert_false(snapshot_window_bound(&l));
	l.throttled = false;
	l.window_used = 9;
	assert_false(snapshot_window_bound(&l));
	l.window_used = 10;
	l.queue = 0;
	assert_false(snapshot_window_bound(&l));
}

static void readers_keep_what_they_hold(void **state)
{
	struct snapshot *held;

	assert_null(snapshot_get());
	snapshot_publish(noc_fake());
	held = snapshot_get();
	snapshot_publish(snapshot_new(0, 0, 0));
	assert_int_equal(held->n_links, 2);
	assert_string_equal(held->links[0].name, "cm-1");
	snapshot_put(held);
	assert_int_equal(snapshot_alert_links(held = snapshot_get(), 0, 1), -EINVAL);
	snapshot_put(held);
	snapshot_publish(NULL);
	assert_null(snapshot_get());
}

static void *read_often(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		struct snapshot *s = snapshot_get();

		if (s && (s->n_links != 2 || s->links[1].count.submitted != 2000))
			return arg;
		snapshot_put(s);
	}
	return NULL;
}

static void threads_may_read(void **state)
{
	pthread_t t[3];
	void *bad;

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_often, t), 0);
	for (int i = 0; i < 500; i++)
		snapshot_publish(noc_fake());
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	snapshot_publish(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cleaned),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(json_has_the_agreed_keys),
		cmocka_unit_test(json_has_the_numbers),
		cmocka_unit_test(json_stands_bad_fields),
		cmocka_unit_test(window_bound_is_told),
		cmocka_unit_test(readers_keep_what_they_hold),
		cmocka_unit_test(threads_may_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

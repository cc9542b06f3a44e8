#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "gateway/carrier/agenda.h"
#include "gateway/carrier/parts.h"
#include "gateway/carrier/ratewin.h"
#include "gateway/carrier/tally.h"
#include "gateway/carrier/texts.h"

static void copies_and_repeats(void **state)
{
	struct tally *t = tally_new(NULL, 0);
	tally_unit a = tally_subscriber(t, "8613800000001", 13), b = tally_subscriber(t, "8613800000002", 13);

	tally_add(t, a, 0, 10, 2);
	tally_add(t, a, 0, 20, 2);
	tally_add(t, a, 1, 30, 1); /* another text is no repeat */
	tally_add(t, b, 0, 40, 1);
	assert_int_equal(tally_sums(t, TALLY_SUBSCRIBER)->copies, 4);
	assert_int_equal(tally_sums(t, TALLY_SUBSCRIBER)->distinct, 2);
	assert_int_equal(tally_sums(t, TALLY_SUBSCRIBER)->repeats, 1);
	assert_int_equal(tally_sums(t, TALLY_SUBSCRIBER)->max_copies, 2);
	talloc_free(t);
}

static void names_keep_leading_zeros_and_kinds_apart(void **state)
{
	struct tally *t = tally_new(NULL, 0);
	char name[32];

	tally_name(t, tally_subscriber(t, "0049170", 7), name, sizeof(name));
	assert_string_equal(name, "0049170");
	assert_true(tally_subscriber(t, "49170", 5) != tally_subscriber(t, "049170", 6));
	assert_int_equal(tally_kind(tally_subscriber(t, "+49170", 6)), TALLY_ODD);
	assert_true(tally_named(t, TALLY_LIST, "x", 1) != tally_named(t, TALLY_AREA, "x", 1));
	talloc_free(t);
}

static void rows_survive_growth(void **state)
{
	struct tally *t = tally_new(NULL, 0);
	const struct tally_row *row;
	size_t n = 0;
	char name[16];

	for (unsigned int text = 0; text < 2; text++)
		for (unsigned int i = 0; i < 20000; i++) {
			snprintf(name, sizeof(name), "86138%08u", i * 7919 % 100000);
			tally_add(t, tally_subscriber(t, name, 13), text, i, 1);
		}
	for (size_t at = 0; (row = tally_next(t, &at)); n++) {
		size_t of = 0;
		const struct tally_row *first = tally_of(t, row->unit, &of),
				       *second = tally_of(t, row->unit, &of);

		assert_int_equal(first->text, 0);
		assert_int_equal(second->text, 1);
		assert_null(tally_of(t, row->unit, &of));
	}
	assert_int_equal(n, 40000);
	assert_int_equal(tally_sums(t, TALLY_SUBSCRIBER)->distinct, 20000);
	talloc_free(t);
}

static void parts_in_any_order(void **state)
{
	struct parts *p = parts_new(NULL);
	struct parts_key key = {.unit = 5, .source = 1, .ref = 7, .how = PARTS_UDH16, .total = 3};
	const uint32_t *list;

	assert_int_equal(parts_add(p, &key, 3, 103, 0, &list), PARTS_WAIT);
	assert_int_equal(parts_add(p, &key, 1, 101, 0, &list), PARTS_WAIT);
	assert_int_equal(parts_add(p, &key, 1, 101, 0, &list), PARTS_REPEATED);
	assert_int_equal(parts_waiting(p), 1);
	assert_int_equal(parts_add(p, &key, 2, 102, 0, &list), PARTS_WHOLE);
	assert_int_equal(list[0], 101);
	assert_int_equal(list[1], 102);
	assert_int_equal(list[2], 103);
	assert_int_equal(parts_waiting(p), 0);
	assert_int_equal(parts_add(p, &key, 1, 101, 0, &list), PARTS_WAIT); /* a new copy begins */
	assert_int_equal(parts_add(p, &key, 1, 555, 0, &list), PARTS_CONFLICT);
	talloc_free(p);
}

static void many_messages_in_parts(void **state)
{
	struct parts *p = parts_new(NULL);
	const uint32_t *list;
	unsigned int whole = 0;

	for (unsigned int part = 1; part <= 12; part++)
		for (unsigned int i = 1; i <= 6000; i++) {
			struct parts_key key = {
				.unit = i, .source = 1, .ref = 7, .how = PARTS_UDH8, .total = 12};

			whole += parts_add(p, &key, (uint8_t)part, part, 0, &list) == PARTS_WHOLE;
		}
	assert_int_equal(whole, 6000);
	assert_int_equal(parts_waiting(p), 0);
	talloc_free(p);
}

static void one_text_for_many_parts_lists(void **state)
{
	struct texts *t = texts_new(NULL);
	unsigned int fault = 0;
	uint32_t a = texts_part(t, CHARS_UCS2, (const uint8_t *)"\0o\0n", 4, &fault),
		 b = texts_part(t, CHARS_GSM7, (const uint8_t *)"e", 1, &fault),
		 c = texts_part(t, CHARS_GSM7, (const uint8_t *)"one", 3, &fault), ab[] = {a, b};

	assert_int_equal(texts_whole(t, ab, 2), texts_whole(t, &c, 1));
	assert_string_equal(texts_get(t, texts_whole(t, &c, 1), NULL), "one");
	assert_int_equal(texts_number(t), 1);
	assert_int_equal(fault, 0);
	talloc_free(t);
}

static void sliding_window_is_exact(void **state)
{
	struct ratewin *w = ratewin_new(NULL, 0);

	for (unsigned int i = 0; i < 10; i++)
		ratewin_add(w, 950000 + i * 10000, 1); /* 0.95 s .. 1.04 s: across the second's edge */
	assert_int_equal(ratewin_max(w), 10);
	ratewin_add(w, 1950000, 1); /* exactly one second after the first: that one has left */
	assert_int_equal(ratewin_now(w, 1950000), 10);
	assert_int_equal(ratewin_max(w), 10);
	assert_int_equal(ratewin_now(w, 9000000), 0);
	talloc_free(w);
}

static unsigned int ran[4], n_ran;

static void note(struct carrier *c, const struct agenda_event *e)
{
	ran[n_ran++] = e->b;
}

static void agenda_keeps_order(void **state)
{
	struct agenda *g = agenda_new(NULL);
	struct agenda_event e;

	n_ran = 0;
	agenda_add(g, (struct agenda_event){.due_us = 20, .run = note, .b = 3});
	agenda_add(g, (struct agenda_event){.due_us = 10, .run = note, .b = 1});
	agenda_add(g, (struct agenda_event){.due_us = 10, .run = note, .b = 2});
	agenda_add(g, (struct agenda_event){.due_us = 30, .run = note, .b = 4});
	while (agenda_due(g, 20, &e))
		e.run(NULL, &e);
	assert_int_equal(n_ran, 3);
	assert_int_equal(ran[0], 1);
	assert_int_equal(ran[1], 2);
	assert_int_equal(ran[2], 3);
	assert_int_equal(agenda_next_us(g), 30);
	talloc_free(g);
}

static void no_memory_is_told(void **state)
{
	assert_null(tally_new(NULL, 1ull << 46)); /* 2^47 rows: more than can be addressed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_and_repeats),
		cmocka_unit_test(names_keep_leading_zeros_and_kinds_apart),
		cmocka_unit_test(rows_survive_growth),
		cmocka_unit_test(no_memory_is_told),
		cmocka_unit_test(parts_in_any_order),
		cmocka_unit_test(many_messages_in_parts),
		cmocka_unit_test(one_text_for_many_parts_lists),
		cmocka_unit_test(sliding_window_is_exact),
		cmocka_unit_test(agenda_keeps_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Verdicts, serials, update and recall. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <string.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "tests/book_bed.h"

static enum verdict judge(struct bed *b, const struct trigger *t, struct alert **subject)
{
	struct reasons reasons = {0};
	enum verdict v = book_judge(b->book, b, t, bed_us(b), subject, &reasons);

	assert_int_equal(v == VERDICT_REJECT, reasons.n > 0);
	return v;
}

static enum verdict verdict(struct bed *b, enum trigger_action action, const char *case_number)
{
	struct alert *subject;

	return judge(b, bed_trigger(b, action, case_number), &subject);
}

/* --- verdicts --- */

static void a_draft_keeps_its_case_until_it_is_durable(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct reasons reasons = {0};
	struct alert *a, *subject;

	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), 0);
	assert_int_equal(verdict(b, ACTION_ALERT, "c"), VERDICT_LATER);
	assert_int_equal(verdict(b, ACTION_CANCEL, "c"), VERDICT_LATER);
	assert_null(book_find(b->book, a->id));
	book_enter(b->book, a, bed_us(b), b->now);
	assert_ptr_equal(book_find(b->book, a->id), a);
	assert_int_equal(verdict(b, ACTION_ALERT, "c"), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_ALERT, "d"), VERDICT_ACCEPT);
}

static void a_discarded_draft_leaves_nothing(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct store_batch *batch = store_batch_new(b);
	struct reasons reasons = {0};
	unsigned int uses = b->maps->uses;
	struct alert *a, *subject;

	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), 0);
	book_decide(b->book, t, "accepted", a->id, batch);
	assert_int_equal(b->maps->uses, uses + 1);
	book_discard(b->book, a, t);
	assert_int_equal(b->maps->uses, uses);
	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
}

/* -EAGAIN until the plan is there, then as book_draft() alone. */
static int drafted(struct bed *b, struct alert *a, const struct trigger *t, struct reasons *reasons)
{
	eventfd_t count;
	int rc;

	while ((rc = book_drafted(b->book, a, t, reasons)) == -EAGAIN)
		assert_int_equal(eventfd_read(b->book->wake_fd, &count), 0);
	return rc;
}

static void a_draft_is_planned_aside(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c"), *far = bed_trigger(b, ACTION_ALERT, "far");
	struct reasons reasons = {0};
	unsigned int uses = b->maps->uses;
	struct alert *a, *other, *subject;

	b->book->threads = true;
	b->book->wake_fd = eventfd(0, 0);
	far->lat = -70;
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), -EAGAIN);
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, far, b->now, &other, &reasons), -EAGAIN);
	assert_int_equal(verdict(b, ACTION_ALERT, "c"), VERDICT_LATER);
	assert_int_equal(drafted(b, a, t, &reasons), 0);
	assert_int_equal(reasons.n, 0);
	assert_int_equal(drafted(b, other, far, &reasons), -ENOENT);
	assert_int_equal(reasons.n, 1);
	assert_int_equal(judge(b, far, &subject), VERDICT_ACCEPT);
	book_enter(b->book, a, bed_us(b), b->now);
	bed_serve_all(b);
	assert_int_equal(verdict(b, ACTION_ALERT, "c"), VERDICT_REJECT);
	talloc_free(far); /* the draft is its child now */
	assert_int_equal(b->maps->uses, uses + 1);
	close(b->book->wake_fd);
}

static void a_draft_that_is_being_planned_may_go(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct reasons reasons = {0};
	unsigned int uses = b->maps->uses;
	struct alert *a, *subject;

	b->book->threads = true;
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), -EAGAIN);
	(void)book_drafted(b->book, a, t, &reasons);
	book_discard(b->book, a, t);
	assert_int_equal(b->maps->uses, uses);
	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
}

static void the_same_content_is_a_duplicate(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct store_batch *batch = store_batch_new(b);
	struct alert *a = bed_alert(b, "c"), *subject;

	book_decide(b->book, t, "accepted", a->id, batch);
	assert_int_equal(judge(b, t, &subject), VERDICT_DUPLICATE);
	assert_string_equal(json_string_value(json_object_get(book_decision(b->book, t), "alert_id")), a->id);
}

static void changes_name_their_subject(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c"), *subject;

	assert_int_equal(judge(b, bed_trigger(b, ACTION_UPDATE, "c"), &subject), VERDICT_UPDATE);
	assert_ptr_equal(subject, a);
	assert_int_equal(judge(b, bed_trigger(b, ACTION_CANCEL, "c"), &subject), VERDICT_CANCEL);
	assert_ptr_equal(subject, a);
	assert_int_equal(verdict(b, ACTION_UPDATE, "d"), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_CANCEL, "d"), VERDICT_REJECT);
}

static void an_ended_alert_takes_no_changes(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	b->now += 86401;
	bed_settle(b);
	book_settle(a, b->now);
	assert_int_equal(a->state, ALERT_EXPIRED);
	assert_true(book_ended(a, b->now));
	book_forget(b->book, a);
	assert_int_equal(verdict(b, ACTION_CANCEL, "c"), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_UPDATE, "c"), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_ALERT, "c"), VERDICT_REJECT); /* its case stays known */
}

/* --- serials --- */

static void codes_come_back_after_256_only(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	bool seen[256] = {false};

	for (int i = 0; i < 150; i++) {
		struct wording *w;

		assert_int_equal(bed_update(b, a), 0);
		w = &a->wordings[a->n_wordings - 1];
		assert_false(seen[w->codes[0]]);
		seen[w->codes[0]] = true;
		assert_true(w->codes[0] < 256);
	}
	for (int i = 0; i < 100; i++) {
		uint16_t code = bed_alert(b, talloc_asprintf(b, "n%d", i))->wordings[0].codes[0];

		assert_false(seen[code]);
		seen[code] = true;
	}
}

static void codes_go_on_after_a_crash(void **state)
{
	struct bed *b = *state;
	uint16_t before = bed_alert(b, "c")->wordings[0].codes[0];
	char err[256];

	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	assert_int_equal(bed_alert(b, "d")->wordings[0].codes[0], before + 1);
	assert_int_equal(book_case(b->book, "police", "d")->number, 2);
}

/* --- recall --- */

static void recalled_before_anything_left(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	assert_int_equal(bed_recall(b, a), 0);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_WITHDRAWN], 110);
	assert_int_equal(bed_sums(a, 1, 0).n[UNIT_EXCLUDED], 110);
	assert_int_equal(bed_serve(b, BED_SMS_A, 1000, OUT_ACCEPTED), 0);
	assert_int_equal(bed_serve(b, BED_BSC, 1000, OUT_ACCEPTED), 0);
	assert_int_equal(a->state, ALERT_RECALLED);
}

/* A case is one alert for ever; a dispatcher is told what to do instead. */
static void missing_again_is_a_new_case(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c"), *subject;
	struct reasons reasons = {0};

	assert_int_equal(book_judge(b->book, b, bed_trigger(b, ACTION_ALERT, "c"), bed_us(b), &subject, &reasons), VERDICT_REJECT);
	assert_non_null(strstr(reasons.v[0].text, "use action = \"update\""));
	assert_int_equal(book_recall(b->book, a, "found", b->now, bed_us(b)), 0);
	reasons = (struct reasons){0};
	assert_int_equal(book_judge(b->book, b, bed_trigger(b, ACTION_ALERT, "c"), bed_us(b), &subject, &reasons), VERDICT_REJECT);
	assert_non_null(strstr(reasons.v[0].text, "was recalled"));
	assert_non_null(strstr(reasons.v[0].text, "\"c-2\""));
	reasons = (struct reasons){0};
	assert_int_equal(book_judge(b->book, b, bed_trigger(b, ACTION_ALERT, "c-2"), bed_us(b), &subject, &reasons), VERDICT_ACCEPT);
}

/* Whatever is handed in first, and however often: it never goes out, and who recalled it is told so. */
static void a_deferred_alert_can_be_recalled(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c"), *cancel = bed_trigger(b, ACTION_CANCEL, "c");
	struct alert *subject;

	assert_int_equal(judge(b, cancel, &subject), VERDICT_REJECT);
	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
	book_defer(b->book, t, bed_us(b));
	assert_int_equal(verdict(b, ACTION_CANCEL, "other"), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_UPDATE, "c"), VERDICT_LATER);
	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
	assert_int_equal(judge(b, cancel, &subject), VERDICT_LATER);
	assert_int_equal(judge(b, cancel, &subject), VERDICT_LATER);
	assert_int_equal(judge(b, t, &subject), VERDICT_REJECT);
	assert_int_equal(verdict(b, ACTION_EXERCISE, "c"), VERDICT_REJECT); /* a copy of the file */
	assert_int_equal(verdict(b, ACTION_UPDATE, "c"), VERDICT_REJECT);
	assert_int_equal(judge(b, cancel, &subject), VERDICT_UNSENT);
	b->now += 61;
	assert_int_equal(judge(b, cancel, &subject), VERDICT_REJECT);
	assert_int_equal(judge(b, t, &subject), VERDICT_ACCEPT);
}

/* Nobody waits for an alert whose file was taken out of the folder; one that got in is as any other. */
static void a_deferral_ends(void **state)
{
	struct bed *b = *state;

	book_defer(b->book, bed_trigger(b, ACTION_ALERT, "c"), bed_us(b));
	book_defer(b->book, bed_trigger(b, ACTION_ALERT, "gone"), bed_us(b));
	b->now += 59;
	assert_int_equal(verdict(b, ACTION_CANCEL, "gone"), VERDICT_LATER);
	bed_alert(b, "c");
	assert_int_equal(verdict(b, ACTION_CANCEL, "c"), VERDICT_CANCEL);
	b->now += 2;
	assert_int_equal(verdict(b, ACTION_CANCEL, "gone"), VERDICT_REJECT);
}

static void recalled_half_way(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve(b, BED_SMS_A, 20, OUT_ACCEPTED);
	bed_serve(b, BED_SMS_A, 5, OUT_REFUSED);
	bed_serve(b, BED_BSC, 4, OUT_ACCEPTED);
	assert_int_equal(bed_recall(b, a), 0);
	assert_int_equal(bed_waiting(a, 1), 24); /* found: those reached, no one else */
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 1, 0).n[UNIT_ACCEPTED], 24);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_WITHDRAWN], 110 - 29);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 24);
}

static void in_doubt_is_reached(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct handed h;

	bed_settle(b);
	assert_true(dispatch_next(b->d, BED_SMS_A, bed_us(b), &h)); /* under way */
	bed_serve(b, BED_SMS_A, 1, OUT_LOST);
	bed_recall(b, a);
	assert_int_equal(bed_waiting(a, 1), 2);
}

static void recalled_after_all_were_reached(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve_all(b);
	dispatch_run(b->d, bed_us(b));
	assert_int_equal(bed_recall(b, a), 0);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->state, JOB_WITHDRAWN); /* also what was done: it is on air */
	assert_int_equal(bed_waiting(a, 1), 110);
}

static void recalled_twice_is_told(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve_all(b);
	assert_int_equal(bed_recall(b, a), 0);
	assert_int_equal(bed_recall(b, a), -EALREADY);
	assert_int_equal(a->n_wordings, 2);
	assert_int_equal(bed_update(b, a), -EALREADY);
}

static void a_found_text_lives_six_hours(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve_all(b);
	bed_recall(b, a);
	b->now += BOOK_FOUND_LIFETIME_S + 1;
	assert_int_equal(bed_serve(b, BED_SMS_A, 10, OUT_ACCEPTED), 0);
	assert_int_equal(bed_sums(a, 1, 0).n[UNIT_EXPIRED], 110);
	assert_true(book_ended(a, b->now));
}

/* --- update --- */

static void an_update_goes_to_those_served_and_onward(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct unit_sums own, others;

	bed_serve(b, BED_SMS_A, 10, OUT_ACCEPTED);
	bed_serve(b, BED_SMS_A, 3, OUT_REFUSED);
	assert_int_equal(bed_update(b, a), 0);
	assert_int_equal(bed_waiting(a, 1), 107);
	assert_int_equal(bed_waiting(a, 0), 0); /* nobody gets the old text any more */
	bed_serve_all(b);
	book_sums(a, true, &own);
	book_sums(a, false, &others);
	assert_int_equal(own.n[UNIT_ACCEPTED], 10);
	assert_int_equal(own.n[UNIT_WITHDRAWN], 97);
	assert_int_equal(others.n[UNIT_ACCEPTED], 107);
}

static void an_update_wakes_a_completed_alert(void **state)
{
	struct bed *b = *state;
	struct alert *a;

	b->type.n_rings = 0;
	a = bed_alert(b, "c");
	bed_serve_all(b);
	assert_true(book_settle(a, b->now));
	assert_int_equal(a->state, ALERT_COMPLETED);
	bed_update(b, a);
	assert_int_equal(a->state, ALERT_RUNNING);
	bed_serve_all(b);
	book_settle(a, b->now);
	assert_int_equal(a->state, ALERT_COMPLETED);
}

static void the_found_text_follows_all_wordings(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve(b, BED_SMS_A, 10, OUT_ACCEPTED); /* chunk by chunk from the nearest */
	bed_update(b, a);
	bed_serve(b, BED_SMS_A, 25, OUT_ACCEPTED);
	bed_recall(b, a);
	assert_true(bed_waiting(a, 2) >= 25 && bed_waiting(a, 2) <= 35);
	assert_int_equal(bed_waiting(a, 1), 0);
}

static void a_new_serial_replaces_the_old(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct conf_link cfg = b->links[BED_BSC];
	struct link link = {.cfg = &cfg, .index = BED_BSC};
	const struct payload *p;
	uint16_t first;

	p = book_payload.job(NULL, bed_job(a, 0, 0, GROUP_CBSP)->job, &link);
	first = p->serial[0];
	assert_int_equal(p->old_serial[0], 0);
	bed_update(b, a);
	p = book_payload.job(NULL, bed_job(a, 1, 0, GROUP_CBSP)->job, &link);
	assert_int_equal(p->old_serial[0], first);
	assert_int_not_equal(p->serial[0], first);
	bed_recall(b, a);
	p = book_payload.job(NULL, bed_job(a, 2, 0, GROUP_CBSP)->job, &link);
	assert_int_equal(p->old_serial[0], 0); /* the broadcast is killed, the found text is another message */
}

static void an_update_too_long_changes_nothing(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char *text = talloc_zero_size(b, 4001);

	memset(text, 'x', 4000);
	b->texts[1].found = text; /* would fail at the recall */
	assert_true(bed_update(b, a) < 0);
	assert_int_equal(a->n_wordings, 1);
	assert_int_equal(bed_waiting(a, 0), 110);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_draft_keeps_its_case_until_it_is_durable),
		CASE(a_discarded_draft_leaves_nothing),
		CASE(a_draft_is_planned_aside),
		CASE(a_draft_that_is_being_planned_may_go),
		CASE(the_same_content_is_a_duplicate),
		CASE(changes_name_their_subject),
		CASE(an_ended_alert_takes_no_changes),
		CASE(codes_come_back_after_256_only),
		CASE(codes_go_on_after_a_crash),
		CASE(recalled_before_anything_left),
		CASE(missing_again_is_a_new_case),
		CASE(a_deferred_alert_can_be_recalled),
		CASE(a_deferral_ends),
		CASE(recalled_half_way),
		CASE(in_doubt_is_reached),
		CASE(recalled_after_all_were_reached),
		CASE(recalled_twice_is_told),
		CASE(a_found_text_lives_six_hours),
		CASE(an_update_goes_to_those_served_and_onward),
		CASE(an_update_wakes_a_completed_alert),
		CASE(the_found_text_follows_all_wordings),
		CASE(a_new_serial_replaces_the_old),
		CASE(an_update_too_long_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

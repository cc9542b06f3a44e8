/* What an update, a recall and a ring change in an alert, and what they must not. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "cellmap/geo.h"
#include "tests/book_bed.h"

/* What took its time before the alert came is gone: the plan of the result counts from now. */
static void a_late_report_has_less_time(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct reasons reasons = {0};
	const char *warning;
	struct alert *a;
	json_t *plan;

	b->links[BED_SMS_A].rate = b->links[BED_SMS_B].rate = 2; /* 50 recipients each */
	t->reported_at = b->now - 3590;
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), 0);
	plan = book_plan_json(a);
	warning = json_string_value(json_array_get(json_object_get(plan, "warnings"), 0));
	assert_non_null(warning);
	assert_non_null(strstr(warning, "will miss the deadline"));
	assert_string_equal(json_string_value(json_object_get(plan, "deadline_at")), "1970-01-12T13:46:50Z");
	assert_non_null(strstr(warning, "finishes at 1970-01-12T13:47:"));
	json_decref(plan);
}

/* An alert near its end leaves the found text no time, yet all six hours are for sending it. */
static void a_found_text_outlives_its_alert(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct link sms = {.cfg = &b->links[BED_SMS_A], .index = BED_SMS_A}, bsc = {.cfg = &b->links[BED_BSC], .index = BED_BSC};
	const struct payload *p;

	bed_serve_all(b);
	b->now = a->expires_at - 7;
	bed_recall(b, a);
	p = book_payload.job(NULL, bed_job(a, 1, 0, GROUP_SUBSCRIBERS)->job, &sms);
	assert_int_equal(p->validity_s, BOOK_FOUND_LIFETIME_S);
	assert_int_equal(p->expires_at, b->now + BOOK_FOUND_LIFETIME_S);
	p = book_payload.job(NULL, bed_job(a, 1, 0, GROUP_CBSP)->job, &bsc);
	assert_int_equal(p->lifetime_s, BOOK_FOUND_LIFETIME_S);
	p = book_payload.job(NULL, bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job, &sms);
	assert_int_equal(p->expires_at, a->expires_at);
}

static int update_at(struct bed *b, struct alert *a, double lat, double lon, double radius_km, struct reasons *reasons)
{
	struct trigger *t = bed_trigger(b, ACTION_UPDATE, "c");

	t->lat = lat;
	t->lon = lon;
	t->radius_km = radius_km;
	t->has_radius = radius_km > 0;
	*reasons = (struct reasons){0};
	return book_update(b->book, a, t, b->now, bed_us(b), reasons);
}

/* Who is told "accepted" would believe that another area is alerted. */
static void an_update_is_of_the_same_area(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	double lat = a->lat, lon = a->lon;
	struct reasons reasons;

	assert_int_equal(update_at(b, a, 31.2, 121.5, 20, &reasons), -EINVAL);
	assert_int_equal(reasons.n, 2);
	assert_string_equal(reasons.v[0].key, "location.lat");
	assert_string_equal(reasons.v[1].key, "radius_km");
	assert_int_equal(update_at(b, a, lat, lon + 0.01, 0, &reasons), -EINVAL);
	assert_int_equal(reasons.n, 1);
	assert_string_equal(reasons.v[0].key, "location.lon");
	assert_int_equal(update_at(b, a, lat, lon, 99, &reasons), -EINVAL);
	assert_int_equal(reasons.n, 1);
	assert_int_equal(a->n_wordings, 1);
	assert_int_equal(bed_waiting(a, 0), 110);
	assert_int_equal(update_at(b, a, lat, lon, 0, &reasons), 0); /* the type's radius may be another by now */
	geo_from_wgs84(GEO_BD09, &lat, &lon);
	lat = round(lat * 1e5) / 1e5; /* as a form may write it */
	lon = round(lon * 1e5) / 1e5;
	geo_to_wgs84(GEO_BD09, &lat, &lon);
	assert_int_equal(update_at(b, a, lat, lon, 100, &reasons), 0);
	assert_int_equal(a->n_wordings, 3);
}

/* An update says "update": that its alert is an exercise, only the alert knows. */
static void an_exercise_stays_one(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_EXERCISE, "c");
	struct reasons reasons = {0};
	struct alert *a;
	char err[256];

	b->texts[0].message_identifier = 4381;
	b->texts[1].message_identifier = 4394;
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), 0);
	bed_store(b, a);
	book_enter(b->book, a, bed_us(b), b->now);
	b->texts[0].message_identifier = 4379;
	b->texts[1].message_identifier = 4392;
	assert_int_equal(bed_update(b, a), 0);
	bed_store(b, a);
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	a = book_case(b->book, "police", "c");
	assert_int_equal(bed_update(b, a), 0);
	assert_int_equal(bed_recall(b, a), 0);
	assert_int_equal(a->n_wordings, 4);
	for (size_t w = 0; w < a->n_wordings; w++) {
		assert_int_equal(a->wordings[w].texts[0].message_identifier, 4381);
		assert_int_equal(a->wordings[w].texts[1].message_identifier, 4394);
	}
}

/* --- alerts/ID.cells.csv --- */

/* As when it was written, or half of it. */
static void told_half(struct alert *a)
{
	a->told = true;
	talloc_free(a->reached);
	a->reached = (struct reached *)talloc_new(a);
}

static bool to_be_told(const struct alert *a)
{
	return !a->told && !a->reached;
}

/* However soon it is done with. */
static void what_changes_an_alert_is_told(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	int ring;

	told_half(a);
	assert_int_equal(bed_update(b, a), 0);
	assert_true(to_be_told(a));
	told_half(a);
	b->now += 3600;
	ring = book_ring_begin(b->book, a, b->now);
	assert_int_equal(ring, 1);
	book_ring_enter(b->book, a, ring, 0, b->now, bed_us(b));
	assert_true(to_be_told(a));
	told_half(a);
	assert_int_equal(bed_recall(b, a), 0);
	assert_true(to_be_told(a));
}

/* --- rings --- */

static struct alert *crash(struct bed *b)
{
	char err[256];

	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	return book_case(b->book, "police", "c");
}

/* As when the map cannot be read. */
static void fail_to_grow(struct bed *b, struct alert *a)
{
	b->now += 3600;
	a->rings[1].failed = true;
	assert_int_equal(bed_grow(b, a), -EAGAIN);
	bed_store(b, a);
}

static void the_next_ring_serves_what_one_before_could_not(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	fail_to_grow(b, a);
	b->now += 3600;
	assert_int_equal(bed_grow(b, a), 2);
	assert_int_equal(bed_sums(a, 0, 2).n[UNIT_WAITING], 220);
	bed_serve(b, BED_SMS_A, 130, OUT_ACCEPTED);
	bed_settle(b);
	a = crash(b);
	assert_int_equal(bed_grow(b, a), -EAGAIN); /* nobody is served twice */
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED] + bed_sums(a, 0, 2).n[UNIT_ACCEPTED], 330);
	assert_true(book_settle(a, b->now));
}

static void a_restart_tries_a_ring_again(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	fail_to_grow(b, a);
	a = crash(b);
	assert_int_equal(bed_grow(b, a), 1);
	b->now += 3600;
	assert_int_equal(bed_grow(b, a), 2);
	assert_int_equal(bed_sums(a, 0, 2).n[UNIT_WAITING], 110);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_late_report_has_less_time),
		CASE(a_found_text_outlives_its_alert),
		CASE(an_update_is_of_the_same_area),
		CASE(an_exercise_stays_one),
		CASE(what_changes_an_alert_is_told),
		CASE(the_next_ring_serves_what_one_before_could_not),
		CASE(a_restart_tries_a_ring_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

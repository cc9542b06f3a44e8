/* From the ledger back: documents, chunks, rings; and what a crash may not change. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "tests/book_bed.h"

static struct alert *crash(struct bed *b)
{
	char err[256] = "";
	struct alert *a;

	if (bed_crash(b, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	a = book_case(b->book, "police", "c");
	assert_non_null(a);
	return a;
}

static void update(struct bed *b, struct alert *a)
{
	struct reasons reasons = {0};

	assert_int_equal(book_update(b->book, a, bed_trigger(b, ACTION_UPDATE, "c"), b->now, bed_us(b), &reasons), 0);
	bed_store(b, a);
}

static void recall(struct bed *b, struct alert *a)
{
	assert_int_equal(book_recall(b->book, a, "found", b->now, bed_us(b)), 0);
	bed_store(b, a);
}

/* Every job's id and sums, as text: equal text is the same ledger. */
static char *ledger(struct bed *b, const struct alert *a)
{
	char *out = talloc_asprintf(b, "%s %s %d", a->id, a->case_number, a->n_wordings > 0 ? a->wordings[a->n_wordings - 1].codes[1] : 0);
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		out = talloc_asprintf_append(out, "\n%016llx of %u:", (unsigned long long)j->id, book_group(j)->n_units);
		/* What was reserved waits again. */
		out = talloc_asprintf_append(out, " %llu", (unsigned long long)(j->job->sums.n[UNIT_WAITING] + j->job->sums.n[UNIT_HANDED]));
		for (int s = UNIT_ACCEPTED; s < UNIT_STATES; s++)
			out = talloc_asprintf_append(out, " %llu", (unsigned long long)j->job->sums.n[s]);
	}
	return out;
}

static void a_fresh_alert_comes_back(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char *before = ledger(b, a);

	a = crash(b);
	assert_string_equal(ledger(b, a), before);
	assert_int_equal(a->deadline_at, a->reported_at + 3600);
	assert_int_equal(a->n_rings, 3);
	assert_string_equal(a->wordings[0].texts[0].sms, "寻人");
}

static void progress_comes_back(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve(b, BED_SMS_A, 33, OUT_ACCEPTED);
	bed_serve(b, BED_SMS_B, 4, OUT_REFUSED);
	a = crash(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 33);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_REFUSED], 4);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 106);
}

static void all_wordings_come_back(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char *before;

	bed_serve(b, BED_SMS_A, 33, OUT_ACCEPTED);
	bed_serve(b, BED_BSC, 10, OUT_ACCEPTED);
	update(b, a);
	bed_serve(b, BED_SMS_B, 20, OUT_ACCEPTED);
	recall(b, a);
	bed_serve(b, BED_SMS_A, 7, OUT_ACCEPTED);
	bed_settle(b);
	before = ledger(b, a);
	a = crash(b);
	assert_string_equal(ledger(b, a), before);
	assert_int_equal(a->state, ALERT_RECALLED);
	assert_string_equal(a->recall_reason, "found");
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->state, JOB_WITHDRAWN);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 43);
}

/* The document is durable, the chunks of the jobs that it stopped are not. */
static void a_crash_right_after_the_recall_sends_nothing(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct handed h;

	bed_serve(b, BED_SMS_A, 33, OUT_ACCEPTED);
	recall(b, a);
	a = crash(b); /* now those are in doubt whose attempt was durable */
	assert_true(bed_sums(a, 1, 0).n[UNIT_WAITING] >= 33 && bed_sums(a, 1, 0).n[UNIT_WAITING] <= 33 + 3 * BED_WINDOW);
	bed_settle(b);
	while (dispatch_next(b->d, BED_SMS_A, bed_us(b), &h)) {
		const struct book_job *j = h.job->spec.owner;

		assert_int_equal(a->wordings[j->wording].phase, PHASE_FOUND);
		dispatch_answer(b->d, BED_SMS_A, h.job, h.unit, OUT_ACCEPTED, bed_us(b));
	}
}

/* A list that is another now ends visibly; all else runs on. */
static void another_list_ends_and_all_else_runs_on(void **state)
{
	static uint16_t lacs[] = {103};
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char err[512] = "";

	bed_serve(b, BED_BSC, 3, OUT_ACCEPTED);
	bed_serve(b, BED_SMS_A, 20, OUT_ACCEPTED);
	b->links[BED_BSC].lacs = lacs;
	b->links[BED_BSC].n_lacs = 1;
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	assert_non_null(strstr(err, "1 of its lists cannot be served"));
	a = book_case(b->book, "police", "c");
	assert_true(book_group(bed_job(a, 0, 0, GROUP_CBSP))->gone);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_ACCEPTED], 3);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_WAITING], 0);
	bed_serve_all(b);
	assert_int_equal(bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job->sums.n[UNIT_ACCEPTED], 100);
	recall(b, a); /* who was reached there can be told nothing more */
	assert_null(bed_job(a, 1, 0, GROUP_CBSP));
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 1, 0).n[UNIT_ACCEPTED], 100);
	a = crash(b);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_ACCEPTED], 3);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_WITHDRAWN] +
			 bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_UNKNOWN], 7);
}

/* A link that cannot carry what runs takes no part in it, now or when it grows; a draft is refused for it. */
static void a_new_link_for_short_texts_ends_nothing(void **state)
{
	static char page[1401];
	struct bed *b = *state;
	struct reasons reasons = {0};
	struct alert *a, *draft;

	memset(page, 'y', 1400); /* 16 pages */
	b->carrier.n_links = 2;
	b->texts[1].broadcast = page;
	a = bed_alert(b, "c");
	bed_serve(b, BED_SMS_A, 20, OUT_ACCEPTED);
	b->carrier.n_links = BED_LINKS;
	a = crash(b);
	assert_null(bed_job(a, 0, 0, GROUP_CBSP));
	assert_false(book_group(bed_job(a, 0, 0, GROUP_SUBSCRIBERS))->gone);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 100);
	b->now = a->rings[1].at;
	assert_int_equal(bed_grow(b, a), 1);
	assert_null(bed_job(a, 0, 1, GROUP_CBSP));
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 1).n[UNIT_ACCEPTED], 100);
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, bed_trigger(b, ACTION_ALERT, "new"), b->now, &draft, &reasons), -E2BIG);
}

/* What a circle touches is the alert's own: a configuration that counts otherwise is for new alerts. */
static void another_way_to_select_is_for_new_alerts(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char *before;

	bed_serve(b, BED_SMS_A, 20, OUT_ACCEPTED);
	before = ledger(b, a);
	b->conf.cellmap.select = SELECT_COVERAGE;
	b->conf.cellmap.max_range_m = 100;
	a = crash(b);
	assert_string_equal(ledger(b, a), before);
	assert_int_equal(a->select, SELECT_SITE);
	b->now = a->rings[1].at;
	assert_int_equal(bed_grow(b, a), 1);
	assert_int_equal(bed_job(a, 0, 1, GROUP_CBSP)->job->spec.n_units, 10);
	assert_int_equal(bed_job(bed_alert(b, "new"), 0, 0, GROUP_CBSP)->job->spec.n_units, 11);
}

static char *without_reach(struct bed *b, const struct store_rec *rec)
{
	json_t *o = json_loadb(rec->value, rec->len, 0, NULL);
	char *text, *copy;

	assert_int_equal(json_object_del(o, "select"), 0);
	assert_int_equal(json_object_del(o, "max_range_m"), 0);
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
	copy = talloc_strdup(b, text);
	free(text);
	json_decref(o);
	return copy;
}

/* They were written when the configuration alone said so. */
static void older_documents_select_as_configured(void **state)
{
	struct bed *b = *state;
	struct store_batch *batch = store_batch_new(b), *older = store_batch_new(b);
	struct alert *a = bed_alert(b, "c");
	char *before = ledger(b, a), *text;

	book_alert_record(b->book, a, batch);
	text = without_reach(b, &batch->recs[0]);
	store_batch_add(older, STORE_ALERT, a->id, text, strlen(text), 0);
	assert_int_equal(b->store->ops->apply(b->store, older->recs, older->n), 0);
	assert_string_equal(ledger(b, crash(b)), before);
}

/* A restored configuration finds the list again, and nothing of it comes back. */
static void a_list_that_is_found_again_sends_nothing_anew(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char err[512] = "";

	bed_serve(b, BED_BSC, 3, OUT_ACCEPTED);
	b->links[BED_BSC].name = "other";
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	bed_settle(b);
	bed_store(b, book_case(b->book, "police", "c"));
	b->links[BED_BSC].name = "bsc";
	a = crash(b);
	assert_false(book_group(bed_job(a, 0, 0, GROUP_CBSP))->gone);
	bed_serve_all(b);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_ACCEPTED], 3);
}

/* All links, the whole carrier, or new ones beside: nothing aborts, nothing is sent twice. */
static void a_carrier_that_left_ends_visibly(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct unit_sums sums;
	char err[512] = "";

	bed_serve(b, BED_SMS_B, 30, OUT_ACCEPTED);
	b->carrier.name = "other";
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	assert_non_null(strstr(err, "2 of its lists"));
	a = book_case(b->book, "police", "c");
	bed_serve_all(b);
	sums = bed_sums(a, 0, 0);
	assert_int_equal(sums.n[UNIT_ACCEPTED], 30);
	assert_int_equal(sums.n[UNIT_WAITING] + sums.n[UNIT_HANDED], 0);
	assert_true(sums.n[UNIT_WITHDRAWN] > 0);
	b->now = a->rings[1].at; /* what grows from then on is planned with what is there */
	assert_int_equal(bed_grow(b, a), 1);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 1).n[UNIT_ACCEPTED], 10); /* cells: its people are not known */
	assert_true(bed_sums(a, 0, 1).n[UNIT_WAITING] == 0);
}

static void one_of_two_links_left(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve(b, BED_SMS_B, 30, OUT_ACCEPTED);
	b->links[BED_SMS_B].type = LINK_CBSP; /* no longer among those that serve people */
	b->links[BED_SMS_B].lacs = (uint16_t[]){9};
	b->links[BED_SMS_B].n_lacs = 1;
	a = crash(b);
	assert_int_equal(book_group(bed_job(a, 0, 0, GROUP_SUBSCRIBERS))->n_links, 1);
	bed_serve_all(b);
	assert_int_equal(bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job->sums.n[UNIT_ACCEPTED], 100);
}

/* What each link has done is told of it, wherever it stands in the configuration by then; a new one has done nothing. */
static void links_in_another_order(void **state)
{
	struct bed *b = *state;
	struct alert *a;
	struct conf_link links[BED_LINKS];
	const struct dispatch_job *job;

	b->links[BED_SMS_A].rate = b->links[BED_SMS_B].rate = 50;
	a = bed_alert(b, "c");
	bed_serve(b, BED_SMS_B, 30, OUT_ACCEPTED);
	memcpy(links, b->links, sizeof(links));
	for (int i = 0; i < BED_LINKS; i++)
		b->links[i] = links[BED_LINKS - 1 - i];
	a = crash(b);
	job = bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job;
	assert_string_equal(book_group(bed_job(a, 0, 0, GROUP_SUBSCRIBERS))->links[1]->name, "b");
	assert_int_equal(job->spec.links[1], 1); /* where b stands now */
	assert_int_equal(job->link_sums[0].n[UNIT_ACCEPTED], 0);
	assert_int_equal(job->link_sums[1].n[UNIT_ACCEPTED], 30);
}

/* As after a reload to more links than a gateway can have. */
static void a_link_without_a_place_takes_no_part(void **state)
{
	struct bed *b = *state;
	struct reasons reasons = {0};
	struct alert *a;

	assert_int_equal(book_draft(b->book, &b->conf, b->maps, bed_trigger(b, ACTION_ALERT, "c"), b->now, &a, &reasons), 0);
	b->links[BED_BSC].name = "nowhere";
	bed_store(b, a);
	b->missing = "nowhere";
	book_enter(b->book, a, bed_us(b), b->now);
	assert_true(book_group(bed_job(a, 0, 0, GROUP_CBSP))->gone);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED], 100);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_WITHDRAWN], 10);
}

/* Kills between hand-over and answer, again and again: people are in doubt after the third, cells are asked again. */
static void cells_outlive_any_number_of_kills(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	struct handed h;

	for (int i = 0; i < 6; i++) {
		bed_settle(b);
		while (dispatch_next(b->d, BED_BSC, bed_us(b), &h))
			;
		while (dispatch_next(b->d, BED_SMS_A, bed_us(b), &h))
			;
		a = crash(b);
	}
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_UNKNOWN], 0);
	assert_true(bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job->sums.n[UNIT_UNKNOWN] >= BED_WINDOW);
	bed_serve_all(b);
	assert_int_equal(bed_job(a, 0, 0, GROUP_CBSP)->job->sums.n[UNIT_ACCEPTED], 10);
}

static void rubbish_is_refused(void **state)
{
	static const char *const documents[] = {"", "{", "[]", "{}", "{\"id\":\"x\",\"agency\":\"a\",\"case_number\":\"c\",\"type\":\"t\"}",
						"{\"id\":\"x\",\"agency\":\"a\",\"case_number\":\"c\",\"type\":\"t\",\"wordings\":[{}]}"};
	struct bed *b = *state;
	char err[256];

	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
		assert_int_equal(book_restore(b->book, &b->conf, "", documents[i], strlen(documents[i]), b->now, bed_us(b), NULL, NULL, err,
					      sizeof(err)), -EBADMSG);
}

/* One that ended while the gateway was down has its last word: who was not served has expired, and nobody is served any more. */
static void an_ended_alert_leaves_its_case(void **state)
{
	struct bed *b = *state;
	struct reasons reasons = {0};
	struct alert *subject;
	char err[256];

	bed_alert(b, "c");
	assert_int_equal(bed_serve(b, BED_SMS_A, 5, OUT_ACCEPTED), 5);
	bed_settle(b);
	b->now += 90000;
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	subject = book_case(b->book, "police", "c");
	assert_non_null(subject);
	assert_int_equal(bed_serve(b, BED_SMS_A, 5, OUT_ACCEPTED), 0);
	assert_int_equal(bed_serve(b, BED_BSC, 5, OUT_ACCEPTED), 0);
	bed_settle(b);
	assert_int_equal(bed_sums(subject, 0, 0).n[UNIT_ACCEPTED], 5);
	assert_int_equal(bed_sums(subject, 0, 0).n[UNIT_EXPIRED] + bed_sums(subject, 0, 0).n[UNIT_UNKNOWN], 105); /* a window is in doubt */
	assert_in_range(bed_sums(subject, 0, 0).n[UNIT_UNKNOWN], 1, 2 * BED_WINDOW);
	assert_true(book_ended(subject, b->now));
	subject->over = true;
	bed_store(b, subject);
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	assert_null(book_case(b->book, "police", "c"));
	assert_int_equal(book_judge(b->book, b, bed_trigger(b, ACTION_ALERT, "c"), bed_us(b), &subject, &reasons), VERDICT_REJECT);
}

/* Without its maps there is no last word, and no harm in that. */
static void an_ended_alert_whose_maps_are_gone(void **state)
{
	struct bed *b = *state;
	struct store_batch *batch = store_batch_new(b);
	char err[256];

	bed_alert(b, "c");
	b->now += 90000;
	b->maps->map.checksum++;
	assert_int_equal(bed_crash(b, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_null(book_case(b->book, "police", "c"));
	assert_true(book_over_records(b->book, batch));
	assert_int_equal(batch->n, 1);
}

/* --- rings --- */

static void rings_come_in_time_one_after_another(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	assert_int_equal(bed_grow(b, a), -EAGAIN);
	bed_serve_all(b);
	assert_false(book_settle(a, b->now)); /* more is to come */
	b->now += 3600;
	assert_int_equal(bed_grow(b, a), 1);
	assert_int_equal(bed_grow(b, a), -EAGAIN);
	assert_int_equal(bed_sums(a, 0, 1).n[UNIT_WAITING], 110);
	b->now += 3600;
	assert_int_equal(bed_grow(b, a), 2);
	assert_int_equal(bed_grow(b, a), -EAGAIN);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 0, 0).n[UNIT_ACCEPTED] + bed_sums(a, 0, 1).n[UNIT_ACCEPTED] + bed_sums(a, 0, 2).n[UNIT_ACCEPTED], 330);
	assert_true(book_settle(a, b->now));
	assert_int_equal(a->state, ALERT_COMPLETED);
}

static void rings_count_from_missing_since(void **state)
{
	struct bed *b = *state;
	struct trigger *t = bed_trigger(b, ACTION_ALERT, "c");
	struct reasons reasons = {0};
	struct alert *a;

	t->missing_since = b->now - 7300;
	assert_int_equal(book_draft(b->book, &b->conf, b->maps, t, b->now, &a, &reasons), 0);
	bed_store(b, a);
	book_enter(b->book, a, bed_us(b), b->now);
	assert_int_equal(bed_grow(b, a), 1);
	assert_int_equal(bed_grow(b, a), 2);
}

static void rings_have_a_deadline_of_their_own(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	b->now += 3700;
	bed_grow(b, a);
	assert_int_equal(bed_job(a, 0, 1, GROUP_SUBSCRIBERS)->job->spec.deadline_us, bed_us(b) + 3600000000ull);
	assert_int_equal(bed_job(a, 0, 0, GROUP_SUBSCRIBERS)->job->spec.deadline_us, bed_us(b) - 100000000ull);
}

static void a_ring_begins_with_the_words_of_then(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve_all(b);
	update(b, a);
	b->now += 3600;
	bed_grow(b, a);
	assert_null(bed_job(a, 0, 1, GROUP_CBSP));
	assert_int_equal(bed_sums(a, 1, 1).n[UNIT_WAITING], 110);
	bed_serve(b, BED_SMS_A, 5, OUT_ACCEPTED);
	update(b, a);
	assert_int_equal(bed_sums(a, 2, 1).n[UNIT_WAITING], 110);
}

static void found_goes_to_those_a_ring_reached(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	bed_serve_all(b);
	b->now += 3600;
	bed_grow(b, a);
	bed_serve(b, BED_SMS_A, 12, OUT_ACCEPTED);
	recall(b, a);
	assert_int_equal(bed_sums(a, 1, 0).n[UNIT_WAITING], 110);
	assert_int_equal(bed_sums(a, 1, 1).n[UNIT_WAITING], 12);
	b->now += 3600;
	assert_int_equal(bed_grow(b, a), -EAGAIN);
}

/* Planned in a thread: the same ring, a little later; and a recall or the alert's end does not wait for it. */
static void a_ring_planned_aside_is_the_same(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c"), *twin = bed_alert(b, "twin");
	int ring;

	b->now = a->rings[1].at;
	assert_int_equal(bed_grow(b, twin), 1);
	b->book->threads = true;
	assert_int_equal(book_ring_begin(b->book, a, b->now), -EAGAIN);
	assert_non_null(a->rings[1].work);
	assert_false(book_begun(a, 1));
	while ((ring = book_ring_begin(b->book, a, b->now)) == -EAGAIN)
		usleep(1000);
	assert_int_equal(ring, 1);
	assert_null(a->rings[1].work);
	bed_store(b, a);
	book_ring_enter(b->book, a, 1, 0, b->now, bed_us(b));
	assert_int_equal(a->rings[1].plan->n_groups, twin->rings[1].plan->n_groups);
	for (size_t g = 0; g < a->rings[1].plan->n_groups; g++) {
		const struct plan_group *x = &a->rings[1].plan->groups[g], *y = &twin->rings[1].plan->groups[g];

		assert_int_equal(x->n_units, y->n_units);
		assert_memory_equal(x->units, y->units, x->n_units * sizeof(*x->units));
	}
	b->now = a->rings[2].at;
	assert_int_equal(book_ring_begin(b->book, a, b->now), -EAGAIN);
	recall(b, a);
	assert_int_equal(book_ring_begin(b->book, a, b->now), -EAGAIN);
	assert_false(book_begun(a, 2));
	a = crash(b); /* frees the alert while it is being planned */
	assert_int_equal(a->state, ALERT_RECALLED);
}

static void nothing_leaves_before_the_ring_is_durable(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	int ring;

	bed_serve_all(b);
	b->now += 3600;
	ring = book_ring_begin(b->book, a, b->now);
	assert_int_equal(ring, 1);
	assert_int_equal(book_ring_begin(b->book, a, b->now), -EAGAIN);
	bed_settle(b);
	assert_int_equal(bed_serve(b, BED_SMS_A, 10, OUT_ACCEPTED), 0);
	book_ring_enter(b->book, a, ring, -ENOSPC, b->now, bed_us(b));
	assert_null(bed_job(a, 0, 1, GROUP_CBSP));
	assert_int_equal(bed_grow(b, a), 1); /* due again */
}

static void changes_while_a_ring_becomes_durable(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	b->now += 3600;
	assert_int_equal(book_ring_begin(b->book, a, b->now), 1);
	bed_store(b, a);
	update(b, a);
	book_ring_enter(b->book, a, 1, 0, b->now, bed_us(b));
	assert_null(bed_job(a, 0, 1, GROUP_CBSP));
	assert_non_null(bed_job(a, 1, 1, GROUP_CBSP));
	b->now += 3600;
	assert_int_equal(book_ring_begin(b->book, a, b->now), 2);
	recall(b, a);
	assert_false(book_ended(a, b->now + 1000000));
	book_ring_enter(b->book, a, 2, 0, b->now, bed_us(b));
	assert_null(bed_job(a, 1, 2, GROUP_CBSP));
	assert_null(bed_job(a, 2, 2, GROUP_CBSP));
	assert_string_equal(ledger(b, crash(b)), ledger(b, book_case(b->book, "police", "c")));
}

static void ids_ascend_in_order_of_making(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	const struct book_job *j;
	uint64_t last = 0;

	b->now += 3600;
	bed_grow(b, a);
	update(b, a);
	b->now += 3600;
	bed_grow(b, a);
	recall(b, a);
	llist_for_each_entry(j, &a->jobs, entry) {
		assert_true(j->id > last);
		last = j->id;
	}
	a = bed_alert(b, "d");
	llist_for_each_entry(j, &a->jobs, entry)
		assert_true(j->id > last);
}

static void rings_come_back(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");
	char *before;

	bed_serve_all(b);
	b->now += 3600;
	bed_grow(b, a);
	bed_serve(b, BED_SMS_A, 40, OUT_ACCEPTED);
	update(b, a);
	b->now += 3600;
	bed_grow(b, a);
	bed_serve(b, BED_BSC, 15, OUT_ACCEPTED);
	before = ledger(b, a);
	b->rings[0].radius_km = 150; /* what the configuration says now is for new alerts */
	b->agency.max_ring_km = 100;
	a = crash(b);
	assert_string_equal(ledger(b, a), before);
	bed_serve_all(b);
	assert_int_equal(bed_sums(a, 1, 2).n[UNIT_ACCEPTED], 110);
}

static void a_ring_to_come_is_remembered(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	b->type.n_rings = 0;
	b->now += 3600;
	a = crash(b);
	assert_int_equal(bed_grow(b, a), 1);
	assert_int_equal(bed_sums(a, 0, 1).n[UNIT_WAITING], 110);
}

static void no_ring_after_the_end(void **state)
{
	struct bed *b = *state;
	struct alert *a = bed_alert(b, "c");

	b->now += 86400;
	assert_int_equal(bed_grow(b, a), -EAGAIN);
	bed_settle(b);
	book_settle(a, b->now);
	assert_int_equal(a->state, ALERT_EXPIRED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_fresh_alert_comes_back),
		CASE(progress_comes_back),
		CASE(all_wordings_come_back),
		CASE(a_crash_right_after_the_recall_sends_nothing),
		CASE(another_list_ends_and_all_else_runs_on),
		CASE(a_new_link_for_short_texts_ends_nothing),
		CASE(another_way_to_select_is_for_new_alerts),
		CASE(older_documents_select_as_configured),
		CASE(a_list_that_is_found_again_sends_nothing_anew),
		CASE(a_carrier_that_left_ends_visibly),
		CASE(one_of_two_links_left),
		CASE(links_in_another_order),
		CASE(a_link_without_a_place_takes_no_part),
		CASE(cells_outlive_any_number_of_kills),
		CASE(rubbish_is_refused),
		CASE(an_ended_alert_leaves_its_case),
		CASE(an_ended_alert_whose_maps_are_gone),
		CASE(rings_come_in_time_one_after_another),
		CASE(rings_count_from_missing_since),
		CASE(rings_have_a_deadline_of_their_own),
		CASE(a_ring_begins_with_the_words_of_then),
		CASE(found_goes_to_those_a_ring_reached),
		CASE(a_ring_planned_aside_is_the_same),
		CASE(nothing_leaves_before_the_ring_is_durable),
		CASE(changes_while_a_ring_becomes_durable),
		CASE(ids_ascend_in_order_of_making),
		CASE(rings_come_back),
		CASE(a_ring_to_come_is_remembered),
		CASE(no_ring_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

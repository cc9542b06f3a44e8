/* When commits are begun: few, and never so late that a link falls below its rate. */
#include "tests/rig.h"
#include "gateway/throttle.h"

#define STEP  50 /* us */
#define UNITS 200000

struct pace {
	double rate; /* 0 = unlimited */
	uint32_t window;
	uint64_t rtt_us, commit_us;
	bool gather;
	/* what came of it */
	uint32_t accepted, commits;
};

/* Answers on their way, in order. */
struct line {
	uint32_t unit[UNITS];
	uint64_t at[UNITS];
	uint32_t first, n;
};

static void take_answers(struct rig *r, struct dispatch_job *job, struct line *line, struct pace *p)
{
	while (line->first < line->n && line->at[line->first] <= r->now) {
		rig_answer(r, 0, job, line->unit[line->first++], OUT_ACCEPTED);
		p->accepted++;
	}
}

static void send_all(struct rig *r, struct throttle *t, struct line *line, uint64_t rtt_us)
{
	while (throttle_allow(t, 1, r->now) > 0) {
		uint32_t unit = rig_next(r, 0);

		if (unit == UINT32_MAX)
			return;
		throttle_take(t, 1, r->now);
		line->unit[line->n] = unit;
		line->at[line->n++] = r->now + rtt_us;
	}
}

static void begin_commit(struct rig *r, struct pace *p, uint64_t *ends_us)
{
	dispatch_run(r->d, r->now);
	if (r->batch || (p->gather && dispatch_commit_us(r->d, r->now) > r->now) || !rig_begin(r))
		return;
	p->commits++;
	*ends_us = r->now + p->commit_us;
}

static void pace_run(struct rig *r, struct pace *p)
{
	struct line *line = talloc_zero(r, struct line);
	struct dispatch_job *job;
	struct throttle t;
	uint64_t end = r->now + 3 * S, ends_us = 0;

	rig_link(r, p->window, p->rate);
	job = rig_job(r, 1, UNITS, 0);
	throttle_init(&t, p->rate, 1 + (uint32_t)(p->rate / 10), r->now);
	for (; r->now < end; r->now += STEP) {
		take_answers(r, job, line, p);
		if (r->batch && r->now >= ends_us)
			rig_end(r);
		send_all(r, &t, line, p->rtt_us);
		begin_commit(r, p, &ends_us);
	}
}

static struct pace paced(struct pace p, bool gather)
{
	void *r;

	rig_setup(&r);
	p.gather = gather;
	pace_run(r, &p);
	rig_teardown(&r);
	return p;
}

/* From windows that are just wide enough to ones that have plenty. */
static void test_rate_is_kept(void **state)
{
	static const double rates[] = {5, 100, 1000, 10000};
	static const uint64_t commits[] = {300, 2000, 20000};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 3; k++)
			for (unsigned int wide = 8; wide <= 32; wide += wide / 4) {
				struct pace p = {.rate = rates[i], .rtt_us = 10000, .commit_us = commits[k]},
					    now, later;

				p.window = 1 + (uint32_t)(p.rate * (double)(p.rtt_us + p.commit_us) / 1e6 *
							  wide / 8);
				now = paced(p, false);
				later = paced(p, true);
				assert_true(later.accepted >= 0.99 * now.accepted - 1);
				assert_true(later.commits <= now.commits);
			}
}

static void test_few_commits_where_there_is_room(void **state)
{
	struct pace p = {.rate = 1000, .window = 500, .rtt_us = 10000, .commit_us = 500}, now, later;

	(void)state;
	now = paced(p, false);
	later = paced(p, true);
	assert_in_range(now.commits, 2000, 3100);
	assert_in_range(later.commits, 300, 700);
}

/* Without a rate the window is the limit: nothing is waited for when no answer is to come. */
static void test_unlimited_turns(void **state)
{
	struct pace p = {.window = 10, .rtt_us = 100, .commit_us = 500}, now, later;

	(void)state;
	now = paced(p, false);
	later = paced(p, true);
	assert_true(later.accepted >= 0.99 * now.accepted);
	p.rtt_us = 20000;
	now = paced(p, false);
	later = paced(p, true);
	assert_true(later.accepted >= 0.95 * now.accepted);
}

static void test_nothing_to_write(void **state)
{
	struct rig *r = *state;

	rig_link(r, 10, 100);
	assert_true(dispatch_commit_us(r->d, r->now) == UINT64_MAX);
	rig_job(r, 1, 100, 0);
	dispatch_run(r->d, r->now);
	/* A link with nothing to send waits for none. */
	assert_true(dispatch_commit_us(r->d, r->now) == r->now);
	assert_true(rig_begin(r));
	assert_true(dispatch_commit_us(r->d, r->now) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_is_kept),
		cmocka_unit_test(test_few_commits_where_there_is_room),
		cmocka_unit_test(test_unlimited_turns),
		cmocka_unit_test_setup_teardown(test_nothing_to_write, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rings: each step is the difference to those before it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "gateway/plan.h"
#include "gateway/subs_build.h"
#include "gateway/subs_format.h"
#include "tests/plan_map.h"

/* 40 cells of 460-00 in a row to the east of 40,116, 10 km apart: a ring of r km has r / 10 of them. */
enum { N_CELLS = 40 };

struct bed {
	void *ctx;
	struct cell cells[N_CELLS];
	struct conf conf;
	struct conf_carrier carrier;
	struct conf_network net;
	struct conf_link links[3];
	struct alert_text text;
	struct subs *subs;
	struct subs_builder *builder;
	struct plan_input in;
	char path[64];
};

static int up(void **state)
{
	struct bed *b = talloc_zero(NULL, struct bed);

	b->ctx = b;
	for (uint32_t i = 0; i < N_CELLS; i++)
		b->cells[i] = (struct cell){.id = {.cell = 1 + i, .area = 100, .mcc = 460, .radio = CELL_GSM},
					    .lat = 40,
					    .lon = 116 + (10 * i + 5) / 111.2 / cos(40 * M_PI / 180),
					    .addressable = true};
	b->net = (struct conf_network){460, 0, 2};
	b->links[0] = (struct conf_link){.name = "sms", .type = LINK_SMPP, .addressing = ADDR_SUBSCRIBERS, .rate = 100, .window = 100, .gsm7 = true};
	b->links[1] = (struct conf_link){.name = "lists", .type = LINK_SMPP, .addressing = ADDR_CELLS, .rate = 100, .window = 100, .gsm7 = true};
	b->links[2] = (struct conf_link){.name = "bsc", .type = LINK_CBSP, .rate = 10, .window = 4, .cells_per_request = 500};
	b->carrier = (struct conf_carrier){.name = "cm", .networks = &b->net, .n_networks = 1, .links = b->links, .n_links = 3};
	b->conf = (struct conf){.carriers = &b->carrier, .n_carriers = 1};
	b->text = (struct alert_text){"en", 4392, "Missing", "Missing", "Found", 4394};
	b->in = (struct plan_input){.conf = &b->conf, .subs = &b->subs, .lat = 40, .lon = 116, .select = SELECT_SITE, .texts = &b->text, .n_texts = 1,
				    .reported_at = 1000000, .deadline_at = 1003600};
	snprintf(b->path, sizeof(b->path), "/tmp/reunion-rings.%d.subs", (int)getpid());
	*state = b;
	return 0;
}

static int down(void **state)
{
	unlink(((struct bed *)*state)->path);
	talloc_free(*state);
	return 0;
}

static void map(struct bed *b)
{
	b->in.map = plan_map_new(b->ctx, b->cells, N_CELLS, 99);
	b->builder = subs_builder_new(b->ctx, b->in.map);
}

static void subscribe(struct bed *b, uint32_t person, uint32_t cell)
{
	char text[16];
	uint64_t number;

	snprintf(text, sizeof(text), "86%09u", person);
	assert_true(subs_number_parse(text, strlen(text), &number));
	assert_int_equal(subs_builder_add(b->builder, number, &b->cells[cell].id), 0);
}

static void people(struct bed *b)
{
	struct subs_build_sums sums;
	char err[256];

	assert_int_equal(subs_builder_write(b->builder, b->path, &sums, err, sizeof(err)), 0);
	assert_int_equal(subs_open(b->ctx, b->path, &b->subs, err, sizeof(err)), 0);
	assert_int_equal(subs_resolve(b->subs, b->in.map, NULL), 0);
}

/* The plan of the last of these radii. */
static struct plan *step(struct bed *b, const double *km, size_t n)
{
	struct plan_input in = b->in;
	struct reasons reasons = {0};
	struct plan *p;

	in.inner_km = km;
	in.n_inner = n - 1;
	in.radius_km = km[n - 1];
	if (plan_make(b->ctx, &in, &p, &reasons) < 0)
		fail_msg("%s", reasons.n ? reasons.v[0].text : "?");
	return p;
}

static const struct plan_group *group(const struct plan *p, enum group_kind kind)
{
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i].kind == kind)
			return &p->groups[i];
	fail_msg("no such group");
	return NULL;
}

static const double steps[] = {100, 200, 300};

static void cells_of_the_steps_before_are_left_out(void **state)
{
	struct bed *b = *state;
	uint64_t sum = 0;

	map(b);
	people(b);
	for (size_t n = 1; n <= 3; n++) {
		const struct plan *p = step(b, steps, n);

		assert_int_equal(group(p, GROUP_CBSP)->n_units, 10);
		assert_int_equal(group(p, GROUP_CELLS)->n_units, 10);
		assert_int_equal(group(p, GROUP_CBSP)->units[0], 10 * (n - 1));
		assert_int_equal(p->cells_total, 10);
		assert_int_equal(p->carriers[0].unserved, 0);
		sum += p->cells_total;
	}
	assert_int_equal(sum, 30);
}

static void nobody_is_in_two_steps(void **state)
{
	struct bed *b = *state;
	uint32_t seen[400] = {0};
	char number[16];

	map(b);
	for (uint32_t i = 0; i < 400; i++) {
		subscribe(b, i, i % N_CELLS);
		if (i % 3 == 0) /* at home in two cells */
			subscribe(b, i, (i + 17) % N_CELLS);
	}
	people(b);
	for (size_t n = 1; n <= 3; n++) {
		const struct plan *p = step(b, steps, n);
		const struct plan_group *g = group(p, GROUP_SUBSCRIBERS);

		assert_true(g->n_units > 0);
		for (uint32_t i = 0; i < g->n_units; i++) {
			assert_true(subs_msisdn(b->subs, g->units[i], number) > 0);
			seen[atoi(number + 2)]++;
		}
	}
	for (uint32_t i = 0; i < 400; i++) {
		bool inside = i % N_CELLS < 30 || (i % 3 == 0 && (i + 17) % N_CELLS < 30);

		assert_int_equal(seen[i], inside);
	}
}

/* The far cell with a long range is in the first step; the nearer one with none is only in the second. */
static void coverage_does_not_bring_a_person_twice(void **state)
{
	struct bed *b = *state;
	const struct plan *p;

	b->in.select = SELECT_COVERAGE;
	b->cells[12].range_m = 30000; /* 125 km away: covers what is 95 km away */
	map(b);
	subscribe(b, 7, 12);
	subscribe(b, 7, 10);
	people(b);
	p = step(b, steps, 1);
	assert_int_equal(group(p, GROUP_SUBSCRIBERS)->n_units, 1);
	assert_int_equal(group(p, GROUP_CBSP)->n_units, 11);
	p = step(b, steps, 2);
	assert_int_equal(group(p, GROUP_SUBSCRIBERS)->n_units, 0);
	assert_int_equal(group(p, GROUP_CBSP)->n_units, 9);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_not_equal(group(p, GROUP_CBSP)->units[i], 12);
}

/* An LTE list is named without its area: it was addressed in the first step. */
static void lists_of_one_name_are_addressed_in_one_step(void **state)
{
	struct bed *b = *state;

	b->cells[3].id.radio = CELL_LTE;
	b->cells[15].id = b->cells[3].id;
	b->cells[15].id.area = 101;
	map(b);
	people(b);
	assert_int_equal(group(step(b, steps, 1), GROUP_CELLS)->n_units, 10);
	assert_int_equal(group(step(b, steps, 2), GROUP_CELLS)->n_units, 9);
	assert_int_equal(group(step(b, steps, 3), GROUP_CELLS)->n_units, 10);
}

static void an_empty_step_is_no_fault(void **state)
{
	static const double far[] = {390, 1000, 2000};
	struct bed *b = *state;

	map(b);
	people(b);
	assert_int_equal(step(b, far, 2)->cells_total, 1);
	assert_int_equal(step(b, far, 3)->cells_total, 0);
}

static void an_exercise_texts_its_numbers_once(void **state)
{
	static char *numbers[] = {"8613800000000"};
	struct bed *b = *state;

	b->links[0].test_numbers = numbers;
	b->links[0].n_test_numbers = 1;
	b->in.exercise = true;
	map(b);
	people(b);
	assert_int_equal(group(step(b, steps, 1), GROUP_SUBSCRIBERS)->n_units, 1);
	assert_int_equal(group(step(b, steps, 2), GROUP_SUBSCRIBERS)->n_units, 0);
}

static void steps_are_bound_by_agency_and_circle(void **state)
{
	static struct conf_ring rings[] = {{3600, 200}, {7200, 300}, {10800, 500}};
	static const struct conf_type type = {.rings = rings, .n_rings = 3};
	struct conf_agency agency = {.max_ring_km = 300};
	struct bed *b = *state;
	size_t n;
	struct plan_ring *r = plan_rings(b->ctx, &type, &agency, 100, 1000, &n);

	assert_int_equal(n, 2);
	assert_int_equal(r[1].at, 8200);
	assert_true(r[1].radius_km == 300);
	agency.max_ring_km = 1000;
	plan_rings(b->ctx, &type, &agency, 250, 1000, &n);
	assert_int_equal(n, 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(cells_of_the_steps_before_are_left_out),
		CASE(nobody_is_in_two_steps),
		CASE(coverage_does_not_bring_a_person_twice),
		CASE(lists_of_one_name_are_addressed_in_one_step),
		CASE(an_empty_step_is_no_fault),
		CASE(an_exercise_texts_its_numbers_once),
		CASE(steps_are_bound_by_agency_and_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
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
#include "gateway/plan_inner.h"
#include "gateway/subs_build.h"
#include "gateway/subs_format.h"
#include "tests/plan_map.h"

/* One carrier "cm" (460-00), one "cu" (460-01); 40 cells in a row to the east of 40,116, about 850 m apart.
 * Even ones are GSM with LAC 100 + i / 10, odd ones LTE; every fourth belongs to cu. */
enum { N_CELLS = 40 };

struct bed {
	void *ctx;
	struct cell cells[N_CELLS];
	struct cellmap *map;
	struct conf conf;
	struct conf_carrier carriers[2];
	struct conf_network nets[2];
	struct conf_link links[6];
	struct alert_text texts[2];
	struct subs *subs[2];
	struct plan_input in;
	struct plan *plan;
	struct reasons reasons;
};

static char path[96];

static int order(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return x->id.mnc != y->id.mnc ? x->id.mnc - y->id.mnc : (int)x->id.cell - (int)y->id.cell;
}

static void fill_map(struct bed *b)
{
	for (uint32_t i = 0; i < N_CELLS; i++)
		b->cells[i] = (struct cell){.id = {.cell = 1 + i,
						   .area = 100 + i / 10,
						   .mcc = 460,
						   .mnc = i % 4 == 3,
						   .radio = i % 2 ? CELL_LTE : CELL_GSM},
					    .lat = 40,
					    .lon = 116 + 0.01 * i,
					    .addressable = true};
	qsort(b->cells, N_CELLS, sizeof(*b->cells), order);
	b->map = plan_map_new(b->ctx, b->cells, N_CELLS, 99);
}

static int up(void **state)
{
	struct bed *b = talloc_zero(NULL, struct bed);

	b->ctx = b;
	fill_map(b);
	b->nets[0] = (struct conf_network){460, 0, 2};
	b->nets[1] = (struct conf_network){460, 1, 2};
	b->carriers[0] = (struct conf_carrier){
		.name = "cm", .networks = &b->nets[0], .n_networks = 1, .links = b->links, .n_links = 0};
	b->carriers[1] = (struct conf_carrier){
		.name = "cu", .networks = &b->nets[1], .n_networks = 1, .links = b->links + 5};
	b->conf = (struct conf){.carriers = b->carriers, .n_carriers = 2};
	b->texts[0] = (struct alert_text){"zh", 4379, "寻人", "寻人", "已找到", 4381};
	b->texts[1] = (struct alert_text){"en", 4392, "Missing child", "Missing child", "Found", 4394};
	b->in = (struct plan_input){.conf = &b->conf,
				    .map = b->map,
				    .subs = b->subs,
				    .lat = 40,
				    .lon = 116,
				    .radius_km = 100,
				    .select = SELECT_SITE,
				    .texts = b->texts,
				    .n_texts = 2,
				    .reported_at = 1000000,
				    .deadline_at = 1003600};
	*state = b;
	return 0;
}

static int down(void **state)
{
	talloc_free(*state);
	unlink(path);
	return 0;
}

static struct conf_link *add(struct bed *b, const char *name, enum conf_link_type type,
			     enum conf_addressing addressing, double rate)
{
	struct conf_link *l = &b->links[b->carriers[0].n_links++];

	*l = (struct conf_link){.name = (char *)name,
				.type = type,
				.addressing = addressing,
				.rate = rate,
				.window = 1000,
				.gsm7 = true,
				.cells_per_request = 500};
	return l;
}

/* n subscribers of cm, number i in cell (i mod its cells). */
static void subscribe(struct bed *b, unsigned int n)
{
	struct subs_builder *s = subs_builder_new(b->ctx, b->map);
	struct subs_build_sums sums;
	char text[16], err[512];

	for (unsigned int i = 0; i < n; i++) {
		uint64_t number;

		snprintf(text, sizeof(text), "86%09u", i);
		assert_true(subs_number_parse(text, strlen(text), &number));
		assert_int_equal(subs_builder_add(s, number, &b->cells[i % 30].id), 0);
	}
	assert_int_equal(subs_builder_write(s, path, &sums, err, sizeof(err)), 0);
	talloc_free(s);
	assert_int_equal(subs_open(b->ctx, path, &b->subs[0], err, sizeof(err)), 0);
	assert_int_equal(subs_resolve(b->subs[0], b->map, NULL), 0);
}

static void make(struct bed *b)
{
	int rc = plan_make(b->ctx, &b->in, &b->plan, &b->reasons);

	if (rc < 0)
		fail_msg("%d %s", rc, b->reasons.n ? b->reasons.v[0].text : "?");
}

static const struct plan_group *group(const struct bed *b, enum group_kind kind, unsigned int nth)
{
	for (size_t i = 0; i < b->plan->n_groups; i++)
		if (b->plan->groups[i].kind == kind && nth-- == 0)
			return &b->plan->groups[i];
	return NULL;
}

static bool warned(const struct bed *b, const char *words)
{
	for (size_t i = 0; i < b->plan->n_warnings; i++)
		if (strstr(b->plan->warnings[i].text, words))
			return true;
	return false;
}

/* --- groups --- */
static void links_to_subscribers_share_one_group(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	add(b, "b", LINK_SMPP, ADDR_SUBSCRIBERS, 300);
	subscribe(b, 1000);
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	assert_int_equal(g->n_links, 2);
	assert_int_equal(g->n_units, 1000);
	assert_int_equal(g->cells, 30);
	assert_true(fabs(g->shares[0] - 0.25) < 1e-9 && fabs(g->shares[1] - 0.75) < 1e-9);
	assert_int_equal(g->link_units[0], 250);
	assert_int_equal(g->link_units[1], 750);
	assert_null(group(b, GROUP_SUBSCRIBERS, 1));
}

static void nearest_subscribers_come_first(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;
	uint32_t first = UINT32_MAX;
	char number[16];

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	subscribe(b, 90);
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	for (uint32_t i = 0; i < 3; i++) { /* the three of the nearest cell, which is the first */
		assert_true(subs_msisdn(b->subs[0], g->units[i], number) > 0);
		first = (uint32_t)atoi(number + 2);
		assert_int_equal(first % 30, 0);
	}
}

static void circle_bounds_the_units(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	add(b, "c", LINK_SMPP, ADDR_CELLS, 100);
	subscribe(b, 300);
	b->in.radius_km = 5; /* cells 0..5, of these cm has 0 1 2 4 5 */
	make(b);
	assert_int_equal(group(b, GROUP_CELLS, 0)->n_units, 5);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->n_units, 50);
	assert_int_equal(b->plan->cells_total, 6);
	assert_int_equal(b->plan->carriers[0].cells, 5);
}

static void cells_are_in_order_of_distance(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;

	add(b, "c", LINK_SMPP, ADDR_CELLS, 100);
	b->in.lon = 116.2;
	make(b);
	g = group(b, GROUP_CELLS, 0);
	assert_int_equal(g->n_units, 30);
	for (uint32_t i = 1; i < g->n_units; i++)
		assert_true(g->distance_m[i - 1] <= g->distance_m[i]);
}

static void cells_of_all_radios_but_unaddressable_ones(void **state)
{
	struct bed *b = *state;

	b->cells[2].addressable = false;
	b->cells[3].id.radio = CELL_CDMA;
	b->map = plan_map_new(b->ctx, b->cells, N_CELLS, 99);
	b->in.map = b->map;
	add(b, "c", LINK_SMPP, ADDR_CELLS, 100);
	make(b);
	assert_int_equal(group(b, GROUP_CELLS, 0)->n_units, 28);
	assert_int_equal(b->plan->carriers[0].unaddressable, 2);
	assert_true(warned(b, "cm: 2 of 30 cells cannot be addressed"));
}

static void each_cell_by_the_first_cbsp_link_that_serves_it(void **state)
{
	static uint16_t first[] = {100}, second[] = {100, 101};
	struct bed *b = *state;
	struct conf_link *l = add(b, "bsc-1", LINK_CBSP, 0, 20);

	l->lacs = first;
	l->n_lacs = 1;
	l = add(b, "bsc-2", LINK_CBSP, 0, 20);
	l->lacs = second;
	l->n_lacs = 2;
	make(b);
	assert_int_equal(group(b, GROUP_CBSP, 0)->n_units, 5);
	assert_int_equal(group(b, GROUP_CBSP, 1)->n_units, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(b->cells[group(b, GROUP_CBSP, 0)->units[i]].id.area, 100);
		assert_int_equal(b->cells[group(b, GROUP_CBSP, 1)->units[i]].id.area, 101);
		assert_int_equal(b->cells[group(b, GROUP_CBSP, 1)->units[i]].id.radio, CELL_GSM);
	}
	assert_int_equal(b->plan->carriers[0].unserved, 20);
}

static void cbsp_without_lacs_takes_all_gsm_cells(void **state)
{
	struct bed *b = *state;

	add(b, "bsc", LINK_CBSP, 0, 20);
	make(b);
	assert_int_equal(group(b, GROUP_CBSP, 0)->n_units, 20);
	assert_int_equal(b->plan->carriers[0].unserved, 10);
	assert_int_equal(b->plan->carriers[1].unserved, 10);
	assert_int_equal(b->plan->n_unserved, 20);
	assert_true(warned(b, "cm: 10 of 30 cells are served by no broadcast path"));
}

static void each_cell_is_broadcast_by_one_path(void **state)
{
	struct bed *b = *state;

	add(b, "bc", LINK_SMPP, ADDR_BROADCAST, 10);
	add(b, "bsc", LINK_CBSP, 0, 20);
	make(b);
	assert_int_equal(group(b, GROUP_CBSP, 0)->n_units, 20);
	assert_int_equal(group(b, GROUP_BROADCAST, 0)->n_units, 10); /* what no CBSP link has */
	assert_int_equal(b->plan->carriers[0].unserved, 0);
	for (uint32_t i = 0; i < 10; i++)
		for (uint32_t k = 0; k < 20; k++)
			assert_int_not_equal(group(b, GROUP_BROADCAST, 0)->units[i], group(b, GROUP_CBSP, 0)->units[k]);
}

static void an_exercise_is_no_broadcast_sm(void **state)
{
	struct bed *b = *state;

	add(b, "bc", LINK_SMPP, ADDR_BROADCAST, 10);
	b->in.exercise = true;
	make(b);
	assert_int_equal(group(b, GROUP_BROADCAST, 0)->n_units, 0);
	assert_true(warned(b, "an exercise sends nothing by broadcast_sm"));
}

static void receivers_send_nothing(void **state)
{
	struct bed *b = *state;

	add(b, "rx", LINK_SMPP, ADDR_SUBSCRIBERS, 100)->bind = BIND_RECEIVER;
	subscribe(b, 10);
	make(b);
	assert_null(group(b, GROUP_SUBSCRIBERS, 0));
}

static void links_send_their_languages_only(void **state)
{
	static char *zh[] = {"zh"}, *fr[] = {"fr"};
	struct bed *b = *state;
	struct conf_link *l = add(b, "zh", LINK_SMPP, ADDR_SUBSCRIBERS, 100);

	l->languages = zh;
	l->n_languages = 1;
	l = add(b, "fr", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	l->languages = fr;
	l->n_languages = 1;
	add(b, "all", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	subscribe(b, 100);
	make(b);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->n_links, 2);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->link_parts[0], 1);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->link_parts[1], 2);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->parts, 2);
}

/* --- exercise --- */
static void exercise_reaches_test_numbers_only(void **state)
{
	static char *one[] = {"8613800000000", "+8613800000001"},
		    *two[] = {"008613800000001", "8613800000002", "nonsense"};
	struct bed *b = *state;
	const struct plan_group *g;
	struct conf_link *l = add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	char number[16];

	l->test_numbers = one;
	l->n_test_numbers = 2;
	l = add(b, "b", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	l->test_numbers = two;
	l->n_test_numbers = 3;
	add(b, "c", LINK_SMPP, ADDR_CELLS, 100);
	add(b, "bsc", LINK_CBSP, 0, 20);
	subscribe(b, 1000);
	b->in.exercise = true;
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	assert_int_equal(g->n_units, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(plan_test_number(g, i, number) > 0);
		assert_int_equal(atoi(number + 12), i);
		assert_int_equal(strlen(number), 13);
	}
	assert_int_equal(plan_test_number(g, 3, number), -ERANGE);
	assert_int_equal(plan_test_number(g, UINT32_MAX, number), -ERANGE);
	assert_int_equal(group(b, GROUP_CELLS, 0)->n_units, 0);
	assert_int_equal(group(b, GROUP_CBSP, 0)->n_units, 20);
}

static void exercise_without_test_numbers_sends_no_sms(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	subscribe(b, 1000);
	b->in.exercise = true;
	make(b);
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->n_units, 0);
	assert_true(warned(b, "test_numbers"));
}

/* --- figures --- */
static void seconds_are_parts_by_rate(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	subscribe(b, 3000);
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	assert_int_equal(g->link_total[0], 6000); /* two texts of one part */
	assert_true(fabs(g->seconds - 60) < 1e-6);
	assert_int_equal(plan_finish_at(&b->in, g->seconds), 1000060);
}

static void carrier_rate_binds_all_links_together(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	add(b, "b", LINK_SMPP, ADDR_SUBSCRIBERS, 300);
	b->carriers[0].rate = 200;
	subscribe(b, 3000);
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	assert_true(fabs(g->link_seconds[0] - 30) < 0.1 && fabs(g->link_seconds[1] - 30) < 0.1);
}

static void small_windows_bound_the_rate(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 1000)->window = 11; /* 11 / 55 ms = 200 a second */
	subscribe(b, 3000);
	make(b);
	assert_true(fabs(group(b, GROUP_SUBSCRIBERS, 0)->seconds - 30) < 1e-6);
	assert_true(warned(b, "a: window-bound"));
}

static void rate_zero_is_told(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 0)->window = 11;
	subscribe(b, 3000);
	make(b);
	assert_true(warned(b, "a: rate 0 means unlimited"));
	assert_true(fabs(group(b, GROUP_SUBSCRIBERS, 0)->seconds - 30) < 1e-6);
}

static void missed_deadlines_name_the_carrier(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 1);
	subscribe(b, 3000);
	make(b);
	assert_true(warned(b, "cm: will miss the deadline: SMS to subscribers needs 100 min"));
	assert_true(warned(b, "40 min late"));
}

static void start_moves_the_finish(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	subscribe(b, 3000);
	b->in.start_at = b->in.deadline_at - 30;
	make(b);
	assert_true(warned(b, "cm: will miss the deadline"));
}

static void advice_on_texts_that_are_just_too_long(void **state)
{
	struct bed *b = *state;
	char text[200];

	memset(text, 'x', 164);
	text[164] = '\0';
	b->texts[1].sms = text;
	b->in.n_texts = 1;
	b->in.texts = &b->texts[1];
	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	subscribe(b, 3000);
	make(b);
	assert_true(
		warned(b, "cm: the sms text in en is 2 parts; 4 characters less make it 1 and save 5 min"));
}

static void cbsp_counts_requests_and_pages(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;

	add(b, "bsc", LINK_CBSP, 0, 20)->cells_per_request = 8;
	make(b);
	g = group(b, GROUP_CBSP, 0);
	assert_int_equal(g->link_total[0], 6); /* 20 cells in three requests, two texts */
	assert_int_equal(g->pages, 2);
	assert_true(fabs(g->seconds - 0.3) < 1e-6);
}

/* --- what is refused or warned of --- */
static void no_cell_of_any_carrier_is_refused(void **state)
{
	struct bed *b = *state;

	b->in.lat = 10;
	assert_true(plan_make(b->ctx, &b->in, &b->plan, &b->reasons) < 0);
	assert_int_equal(b->reasons.n, 1);
	assert_non_null(strstr(b->reasons.v[0].text, "no cell of any carrier"));
	assert_null(b->plan);
}

static void no_cell_of_one_carrier_is_a_warning(void **state)
{
	struct bed *b = *state;

	b->in.radius_km = 1.5; /* cells 0 and 1: cm only */
	make(b);
	assert_true(warned(b, "cu: has no cell in the circle"));
}

static void long_texts_are_refused_with_numbers(void **state)
{
	struct bed *b = *state;
	char sms[2000], page[2000];

	memset(sms, 'x', 1600);
	sms[1600] = '\0';
	memset(page, 'y', 1500);
	page[1500] = '\0';
	b->texts[1].sms = sms;
	b->texts[1].broadcast = page;
	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	add(b, "b", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	add(b, "bsc", LINK_CBSP, 0, 20);
	assert_true(plan_make(b->ctx, &b->in, &b->plan, &b->reasons) < 0);
	assert_int_equal(b->reasons.n, 2); /* the second SMSC link says nothing new */
	assert_non_null(
		strstr(b->reasons.v[0].text, "the sms text in en needs 11 message parts, at most 10"));
	assert_non_null(strstr(b->reasons.v[1].text, "the broadcast text in en needs 17 pages, at most 15"));
}

static void long_found_texts_are_refused_now(void **state)
{
	struct bed *b = *state;
	char found[2000];

	memset(found, 'x', 1600);
	found[1600] = '\0';
	b->texts[1].found = found;
	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	assert_true(plan_make(b->ctx, &b->in, &b->plan, &b->reasons) < 0);
	assert_non_null(strstr(b->reasons.v[0].text, "the found text in en"));
}

static void links_without_subscribers_file_are_told(void **state)
{
	struct bed *b = *state;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	make(b);
	assert_true(warned(b, "cm: has links to subscribers but no subscribers file"));
	assert_int_equal(group(b, GROUP_SUBSCRIBERS, 0)->n_units, 0);
}

static void same_input_same_plan(void **state)
{
	struct bed *b = *state;
	const struct plan_group *g;
	struct plan *first;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10);
	subscribe(b, 500);
	make(b);
	first = b->plan;
	make(b);
	g = group(b, GROUP_SUBSCRIBERS, 0);
	assert_memory_equal(first->groups[0].units, g->units, 500 * sizeof(*g->units));
}

/* --- payloads and JSON --- */
static void payload_by_kind_of_link(void **state)
{
	struct bed *b = *state;
	struct payload p;
	struct reasons none = {0};

	assert_int_equal(plan_payload(add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 10), b->texts, 2, false, &p,
				      &none, b->ctx),
			 0);
	assert_int_equal(p.n_texts, 2);
	assert_int_equal(p.sms[0].data_coding, 8);
	assert_int_equal(p.sms[1].data_coding, 0);
	assert_int_equal(p.message_identifier[0], 4379);
	assert_int_equal(p.pages[0].n, 0);
	assert_int_equal(plan_payload(add(b, "bsc", LINK_CBSP, 0, 10), b->texts, 2, false, &p, &none, b->ctx),
			 0);
	assert_int_equal(p.pages[1].n, 1);
	assert_int_equal(p.sms[1].n, 0);
	assert_int_equal(plan_payload(&b->links[0], b->texts, 2, true, &p, &none, b->ctx), 0);
	assert_memory_equal(p.sms[1].part[0].octets, "Found", 5);
}

static void json_has_every_link(void **state)
{
	struct bed *b = *state;
	json_t *all, *j, *link;

	add(b, "a", LINK_SMPP, ADDR_SUBSCRIBERS, 100);
	add(b, "rx", LINK_SMPP, ADDR_SUBSCRIBERS, 100)->bind = BIND_RECEIVER;
	add(b, "bsc", LINK_CBSP, 0, 20);
	subscribe(b, 3000);
	make(b);
	all = j = plan_json(b->plan, &b->in, "x-1");
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "alert")), "x-1");
	assert_string_equal(json_string_value(json_object_get(j, "deadline_at")), "1970-01-12T14:46:40Z");
	j = json_array_get(json_object_get(j, "carriers"), 0);
	assert_int_equal(json_array_size(json_object_get(j, "links")), 3);
	link = json_array_get(json_object_get(j, "links"), 0);
	assert_int_equal(json_integer_value(json_object_get(link, "recipients")), 3000);
	assert_int_equal(json_integer_value(json_object_get(link, "parts")), 6000);
	assert_int_equal(json_integer_value(json_object_get(link, "cells")), 30);
	assert_true(fabs(json_number_value(json_object_get(link, "seconds")) - 60) < 0.01);
	assert_string_equal(json_string_value(json_object_get(link, "finish_at")), "1970-01-12T13:47:40Z");
	link = json_array_get(json_object_get(j, "links"), 1);
	assert_true(json_is_null(json_object_get(link, "finish_at")));
	link = json_array_get(json_object_get(j, "links"), 2);
	assert_int_equal(json_integer_value(json_object_get(link, "pages")), 2);
	assert_int_equal(json_array_size(json_object_get(j, "unserved_cells")), 10);
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "unserved_cells"), 0)),
			    "LTE-460-00-100-2");
	json_decref(all);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(links_to_subscribers_share_one_group),
		CASE(nearest_subscribers_come_first),
		CASE(circle_bounds_the_units),
		CASE(cells_are_in_order_of_distance),
		CASE(cells_of_all_radios_but_unaddressable_ones),
		CASE(each_cell_by_the_first_cbsp_link_that_serves_it),
		CASE(cbsp_without_lacs_takes_all_gsm_cells),
		CASE(each_cell_is_broadcast_by_one_path),
		CASE(an_exercise_is_no_broadcast_sm),
		CASE(receivers_send_nothing),
		CASE(links_send_their_languages_only),
		CASE(exercise_reaches_test_numbers_only),
		CASE(exercise_without_test_numbers_sends_no_sms),
		CASE(seconds_are_parts_by_rate),
		CASE(carrier_rate_binds_all_links_together),
		CASE(small_windows_bound_the_rate),
		CASE(rate_zero_is_told),
		CASE(missed_deadlines_name_the_carrier),
		CASE(start_moves_the_finish),
		CASE(advice_on_texts_that_are_just_too_long),
		CASE(cbsp_counts_requests_and_pages),
		CASE(no_cell_of_any_carrier_is_refused),
		CASE(no_cell_of_one_carrier_is_a_warning),
		CASE(long_texts_are_refused_with_numbers),
		CASE(long_found_texts_are_refused_now),
		CASE(links_without_subscribers_file_are_told),
		CASE(same_input_same_plan),
		CASE(payload_by_kind_of_link),
		CASE(json_has_every_link),
	};
	int rc;
	char folder[64] = "/tmp/test_plan.XXXXXX";

	if (!mkdtemp(folder))
		return 99;
	snprintf(path, sizeof(path), "%s/x.subs", folder);
	rc = cmocka_run_group_tests_name("plan", tests, NULL, NULL);
	rmdir(folder);
	return rc;
}

/* The MIB's text, gateway/counters.h, the JSON and what is answered must be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/agentx_mib.h"
#include "gateway/snapshot_json.h"
#include "tests/noc_fake.h"

/* One object of the MIB's text: "name", its SYNTAX, and where it stands: parent and number. */
struct object {
	char name[64], syntax[64], access[32], parent[64];
	unsigned int no;
};
static struct object objects[256];
static size_t n_objects;

static void read_line(struct object *o, const char *line)
{
	char name[64], kind[32];

	if (sscanf(line, "%63s %31s", name, kind) == 2 && !strcmp(kind, "OBJECT-TYPE")) {
		strcpy(o->name, name);
		o->syntax[0] = o->access[0] = '\0';
		return;
	}
	if (sscanf(line, "    SYNTAX %63s", o->syntax) == 1 ||
	    sscanf(line, "    MAX-ACCESS %31s", o->access) == 1)
		return;
	if (o->access[0] && sscanf(line, "    ::= { %63s %u }", o->parent, &o->no) == 2) {
		assert_true(n_objects < 256);
		objects[n_objects++] = *o;
		o->access[0] = '\0';
	}
}

static int read_mib(void **state)
{
	char path[4096], line[1024];
	struct object o = {.no = 0};
	FILE *f;

	snprintf(path, sizeof(path), "%s/etc/REUNION-GATEWAY-MIB",
		 getenv("BUILDDIR") ? getenv("BUILDDIR") : ".");
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		read_line(&o, line);
	fclose(f);
	return n_objects > 0 ? 0 : -1;
}

static const struct {
	const char *parent;
	uint32_t prefix[3];
	size_t len;
} parents[] = {
	{"reunionGateway", {1, 1}, 2},           {"reunionTotals", {1, 2}, 2},
	{"reunionLinkEntry", {1, 3, 1}, 3},      {"reunionCarrierEntry", {1, 4, 1}, 3},
	{"reunionAgencyEntry", {1, 5, 1}, 3},    {"reunionAlertEntry", {1, 6, 1}, 3},
	{"reunionAlertLinkEntry", {1, 7, 1}, 3},
};

static const struct object *object_at(const struct mib_oid *oid)
{
	for (size_t p = 0; p < sizeof(parents) / sizeof(*parents); p++)
		for (size_t i = 0; i < n_objects; i++)
			if (!strcmp(objects[i].parent, parents[p].parent) && oid->len > parents[p].len &&
			    !memcmp(oid->v, parents[p].prefix, parents[p].len * sizeof(uint32_t)) &&
			    oid->v[parents[p].len] == objects[i].no)
				return &objects[i];
	return NULL;
}

static bool type_fits(const char *syntax, enum mib_type type)
{
	static const struct {
		const char *syntax;
		enum mib_type type;
	} fit[] = {
		{"INTEGER", MIB_INTEGER},  {"TruthValue", MIB_INTEGER}, {"Integer32", MIB_INTEGER},
		{"Gauge32", MIB_GAUGE},    {"ReunionRate", MIB_GAUGE},  {"Counter64", MIB_COUNTER64},
		{"TimeTicks", MIB_TICKS},  {"TimeStamp", MIB_TICKS},    {"ReunionText", MIB_TEXT},
		{"DateAndTime", MIB_TEXT}, {"OCTET", MIB_TEXT},
	};

	for (size_t i = 0; i < sizeof(fit) / sizeof(*fit); i++)
		if (!strcmp(fit[i].syntax, syntax))
			return fit[i].type == type;
	return false;
}

static int oid_cmp(const struct mib_oid *a, const struct mib_oid *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++)
		if (a->v[i] != b->v[i])
			return a->v[i] < b->v[i] ? -1 : 1;
	return a->len < b->len ? -1 : a->len > b->len;
}

static void walk_goes_up_and_get_agrees(void **state)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	struct mib_oid at = {.len = 0}, next;
	struct mib_value v, again;
	size_t n = 0;

	for (; mib_next(view, &at, &next, &v) == 0; n++) {
		assert_true(oid_cmp(&at, &next) < 0);
		assert_int_equal(mib_get(view, &next, &again), 0);
		assert_true(v.type == MIB_TEXT || again.n == v.n);
		assert_int_equal(again.type, v.type);
		at = next;
	}
#define ONE(field, mib, unit, text) +1
	/* gateway 8, totals, 2 links, 1 carrier of 6, 1 agency of 4, 2 alerts of 28, 4 alert links of 7 */
	assert_int_equal(n, 8 + sizeof(struct total_counters) / 8 +
				    2 * (12 LINK_GAUGES(ONE) + sizeof(struct link_counters) / 8) + 6 + 4 + 2 * 28 + 4 * 7);
	mib_view_free(view);
}

static void every_answer_is_in_the_mib(void **state)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	struct mib_oid at = {.len = 0}, next;
	struct mib_value v;

	while (mib_next(view, &at, &next, &v) == 0) {
		const struct object *o = object_at(&next);

		if (!o || strcmp(o->access, "read-only") || !type_fits(o->syntax, v.type))
			fail_msg("%s %s: type %d", o ? o->name : "no object", o ? o->syntax : "", v.type);
		at = next;
	}
	mib_view_free(view);
}

static void every_object_of_the_mib_is_answered(void **state)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	struct mib_oid oid, found;
	struct mib_value v;

	for (size_t i = 0; i < n_objects; i++) {
		if (strcmp(objects[i].access, "read-only"))
			continue;
		for (size_t p = 0; p < sizeof(parents) / sizeof(*parents); p++) {
			if (strcmp(objects[i].parent, parents[p].parent))
				continue;
			memcpy(oid.v, parents[p].prefix, sizeof(parents[p].prefix));
			oid.v[parents[p].len] = objects[i].no;
			oid.len = parents[p].len + 1;
			if (mib_next(view, &oid, &found, &v) != 0 || found.v[parents[p].len] != objects[i].no)
				fail_msg("%s is not answered", objects[i].name);
		}
	}
	mib_view_free(view);
}

static void is_named(const char *prefix, const char *suffix, const char *parent, unsigned int no)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", prefix, suffix);
	for (size_t i = 0; i < n_objects; i++)
		if (!strcmp(objects[i].name, name)) {
			assert_string_equal(objects[i].parent, parent);
			assert_int_equal(objects[i].no, no);
			assert_string_equal(objects[i].syntax, "Counter64");
			return;
		}
	fail_msg("%s is missing", name);
}

static void has_value(const struct mib_view *view, const struct mib_oid *oid, const json_t *json,
		      const char *key)
{
	struct mib_value v;

	assert_int_equal(mib_get(view, oid, &v), 0);
	assert_int_equal(v.n, json_integer_value(json_object_get(json, key)));
	assert_true(v.n > 0);
}

/* Each field of counters.h: its object in the MIB, its member in the JSON, one value. */
static void counters_are_one(void **state)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	json_t *o = snapshot_json(view->s), *link = json_array_get(json_object_get(o, "links"), 0);
	struct mib_oid oid = {.v = {1, 2, 0, 0}, .len = 4};
	unsigned int no = 0;

#define TOTAL(field, mib, text)                                                                              \
	is_named("reunionTotal", mib, "reunionTotals", ++no);                                                \
	oid.v[2] = no;                                                                                       \
	has_value(view, &oid, json_object_get(o, "totals"), #field);
	TOTAL_COUNTERS(TOTAL)
	oid = (struct mib_oid){.v = {1, 3, 1, 0, 1}, .len = 5};
	no = 100;
#define LINK(field, mib, text)                                                                               \
	is_named("reunionLink", mib, "reunionLinkEntry", ++no);                                              \
	oid.v[3] = no;                                                                                       \
	has_value(view, &oid, link, #field);
	LINK_COUNTERS(LINK)
	json_decref(o);
	mib_view_free(view);
}

static void odd_names_are_stood(void **state)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	uint32_t seed = 1;
	struct mib_oid oid, found;
	struct mib_value v;

	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		oid.len = seed >> 24 & 7;
		for (size_t j = 0; j < MIB_OID_MAX; j++) {
			seed = seed * 1664525 + 1013904223;
			oid.v[j] = seed >> 28 == 15   ? 0xFFFFFFFF
				   : seed >> 28 == 14 ? 101 + (seed >> 8 & 15)
						      : seed >> 29;
		}
		if (mib_next(view, &oid, &found, &v) == 0)
			assert_true(oid_cmp(&oid, &found) < 0);
		if (mib_get(view, &oid, &v) == 0)
			assert_non_null(object_at(&oid));
	}
	mib_view_free(view);
}

static void an_empty_gateway_has_its_scalars(void **state)
{
	struct mib_view *view = mib_view_new(snapshot_new(0, 0, 0), 0);
	struct mib_oid at = {.len = 0}, next;
	struct mib_value v;
	size_t n = 0;

	for (; mib_next(view, &at, &next, &v) == 0; n++)
		at = next;
	assert_int_equal(n, 8 + sizeof(struct total_counters) / 8);
	mib_view_free(view);
}

static void double_numbers_do_not_loop(void **state)
{
	struct snapshot *s = noc_fake();
	struct mib_view *view;
	struct mib_oid at = {.len = 0}, next;
	struct mib_value v;

	s->alerts[1].number = s->alerts[0].number;
	view = mib_view_new(s, 0);
	while (mib_next(view, &at, &next, &v) == 0) {
		assert_true(oid_cmp(&at, &next) < 0);
		at = next;
	}
	mib_view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_goes_up_and_get_agrees),
		cmocka_unit_test(every_answer_is_in_the_mib),
		cmocka_unit_test(every_object_of_the_mib_is_answered),
		cmocka_unit_test(counters_are_one),
		cmocka_unit_test(odd_names_are_stood),
		cmocka_unit_test(an_empty_gateway_has_its_scalars),
		cmocka_unit_test(double_numbers_do_not_loop),
	};

	return cmocka_run_group_tests(tests, read_mib, NULL);
}

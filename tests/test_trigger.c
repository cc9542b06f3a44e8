/* Trigger files: what is accepted, and every reason to reject, with line and key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/trigger_scan.h"
#include "gateway/trigger_time.h"
#include "tests/conf_base.h"

#define NOW 1795393951 /* 2026-11-23T00:32:31Z */
#define HEAD(action)                                                                                         \
	"case_number = \"110105-2026-000123\"; type = \"missing-child\"; action = \"" action "\";\n"
#define WHEN    "reported_at = \"2026-11-23T08:32:31+08:00\"; "
#define SINCE   "missing_since = \"2026-11-23T07:50:00+08:00\";\n"
#define WHERE   "location = { lat = 39.9042; lon = 116.4074; datum = \"wgs84\"; place = \"朝阳区\"; };\n"
#define CHILD   "child = { name = \"小明\"; age = 6; sex = \"female\"; };\n"
#define CONTACT "contact = \"110\";\n"
#define GOOD    HEAD("alert") WHEN SINCE WHERE "radius_km = 100.0;\n" CHILD CONTACT

static void *ctx;
static const struct conf *conf;

static const struct conf *load(const char *text)
{
	struct conf_problems p;
	struct conf *c;

	if (conf_parse(ctx, "t.cfg", (const uint8_t *)text, strlen(text), &c, &p) < 0)
		fail_msg("%s", conf_problem_line(ctx, &p.v[0]));
	return c;
}

static int setup(void **state)
{
	ctx = talloc_new(NULL);
	conf = load(BASE);
	return 0;
}

static int teardown(void **state)
{
	talloc_free(ctx);
	return 0;
}

static int parse_with(const struct conf *c, const char *name, const char *text, size_t len,
		      struct trigger **t, struct reasons *r)
{
	*r = (struct reasons){NULL, 0};
	return trigger_parse(ctx, c, &c->agencies[0], name, (const uint8_t *)text, len, NOW, t, r);
}

static const struct trigger *good_with(const struct conf *c, const char *text)
{
	struct reasons r;
	struct trigger *t;

	if (parse_with(c, "x.trigger", text, strlen(text), &t, &r) < 0)
		fail_msg("rejected: line %u %s: %s", r.v[0].line, r.v[0].key ? r.v[0].key : "-", r.v[0].text);
	assert_int_equal(r.n, 0);
	return t;
}

static const struct trigger *good(const char *text)
{
	return good_with(conf, text);
}

static struct reasons reasons_of(const struct conf *c, const char *text)
{
	struct reasons r;
	struct trigger *t;

	assert_int_not_equal(parse_with(c, "x.trigger", text, strlen(text), &t, &r), 0);
	assert_null(t);
	return r;
}

/* Exactly one reason, at this line and key, that says this. */
static void bad_with(const struct conf *c, const char *text, unsigned int line, const char *key,
		     const char *says)
{
	struct reasons r = reasons_of(c, text);

	if (r.n != 1 || r.v[0].line != line || !r.v[0].key || strcmp(r.v[0].key, key) ||
	    !strstr(r.v[0].text, says))
		fail_msg("expected %u %s: %s; got %zu: %u %s: %s", line, key, says, r.n, r.v[0].line,
			 r.v[0].key ? r.v[0].key : "-", r.v[0].text);
}

static void bad(const char *text, unsigned int line, const char *key, const char *says)
{
	bad_with(conf, text, line, key, says);
}

static void test_good(void **state)
{
	const struct trigger *t = good(GOOD);

	assert_string_equal(t->agency, "beijing");
	assert_string_equal(t->case_number, "110105-2026-000123");
	assert_int_equal(t->action, ACTION_ALERT);
	assert_int_equal(t->reported_at, NOW);
	assert_int_equal(t->missing_since, NOW - 2551);
	assert_true(t->has_location);
	assert_true(t->lat == 39.9042 && t->lon == 116.4074 && t->radius_km == 100);
	assert_ptr_equal(t->conf_type, &conf->types[0]);
	assert_int_equal(t->n_texts, 1);
	assert_string_equal(t->texts[0].broadcast, "寻人：小明，女，6岁");
	assert_string_equal(t->texts[0].sms, "小明 110");
	assert_string_equal(t->texts[0].found, "小明已找到");
	assert_int_equal(t->texts[0].message_identifier, 4379);
}

static void test_optional_text_part(void **state)
{
	const struct trigger *t =
		good(HEAD("alert") WHEN WHERE
		     "child = { name = \"小明\"; age = 6; sex = \"male\"; wearing = \"红衣\"; };" CONTACT);

	assert_string_equal(t->texts[0].broadcast, "寻人：小明，男，6岁，红衣");
}

static void test_example_files(void **state)
{
	static const char *const names[] = {"missing-child", "found", "exercise"};
	char text[8192];

	for (size_t i = 0; i < 3; i++) {
		char *path = talloc_asprintf(ctx, "%s/etc/%s.trigger.example", getenv("SRCDIR"), names[i]);
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
		good(text);
	}
}

static void test_defaults(void **state)
{
	const struct trigger *t =
		good(HEAD("alert") WHEN "location = { lat = 39.9042; lon = 116.4074; };" CHILD CONTACT);

	assert_true(t->radius_km == 100 && t->missing_since == 0);
}

static void test_broken_files(void **state)
{
	struct reasons r = reasons_of(conf, GOOD "note 6;");

	bad("case_number = \"x;\ntype = \"y\";", 1, "case_number", "not closed");
	assert_int_equal(r.v[0].line, 7);
	assert_non_null(strstr(r.v[0].text, "expected ="));
	r = reasons_of(conf, GOOD "}");
	assert_int_equal(r.v[0].line, 7);
	assert_null(r.v[0].key);
}

static void test_missing_keys(void **state)
{
	struct reasons r = reasons_of(conf, "");

	assert_true(r.n >= 6);
	bad("type = \"missing-child\"; action = \"alert\";" WHEN WHERE CHILD CONTACT, 0, "case_number",
	    "required");
	bad("case_number = \"1\"; action = \"alert\";" WHEN WHERE CHILD CONTACT, 0, "type", "required");
	bad("case_number = \"1\"; type = \"missing-child\";" WHEN WHERE CHILD CONTACT, 0, "action",
	    "required");
	bad(HEAD("alert") WHERE CHILD CONTACT, 0, "reported_at", "required");
}

static void test_case_number(void **state)
{
#define CASE(c)                                                                                              \
	"case_number = \"" c "\"; type = \"missing-child\"; action = \"alert\";" WHEN WHERE CHILD CONTACT
	good(CASE("案号01234567890123456789012345678901234567890123456789012345678901"));
	bad(CASE("a/b"), 1, "case_number", "not allowed");
	bad(CASE("a..b"), 1, "case_number", "not allowed");
	bad(CASE(""), 1, "case_number", "1 to 64");
	bad(CASE("   "), 1, "case_number", "blank");
	bad(CASE("01234567890123456789012345678901234567890123456789012345678901234"), 1, "case_number",
	    "65 characters");
	bad("case_number = 17; type = \"missing-child\"; action = \"alert\";" WHEN WHERE CHILD CONTACT, 1,
	    "case_number", "expected a text in quotes, found a number");
}

static void test_type_and_action(void **state)
{
	bad("case_number = \"1\";\ntype = \"flood\"; action = \"alert\";" WHEN WHERE CHILD CONTACT, 2, "type",
	    "no alert type");
	bad(HEAD("alarm") WHEN WHERE CHILD CONTACT, 1, "action", "alert, update, cancel or exercise");
	assert_int_equal(good(HEAD("update") WHEN WHERE CHILD CONTACT)->action, ACTION_UPDATE);
}

static void test_type_must_be_allowed(void **state)
{
	const struct conf *c =
		load(BASE_GATEWAY BASE_CELLMAP
		     "agencies: ( { name = \"a\"; spool = \"/p\"; keys = ( \"k\" ); "
		     "allow_types = ( \"other\" ); } ); alert_types: ( { name = \"missing-child\"; texts = "
		     "( " BASE_TEXT_ZH " ); }, { name = \"other\"; texts = ( " BASE_TEXT_ZH
		     " ); } );" BASE_CARRIERS);

	bad_with(c, GOOD, 1, "type", "may not use");
}

static void test_reported_at(void **state)
{
#define AT(t) HEAD("alert") "reported_at = \"" t "\";" WHERE CHILD CONTACT
	good(AT("2026-11-23T00:32:31Z"));
	good(AT("2026-11-23T08:37:31+08:00"));
	bad(AT("2026-11-23T08:37:32+08:00"), 2, "reported_at", "301 s in the future");
	good(AT("2026-11-22T08:32:31+08:00"));
	bad(AT("2026-11-22T08:32:30+08:00"), 2, "reported_at", "86401 s old");
	bad(AT("2026-11-23T08:32:31"), 2, "reported_at", "no zone");
	bad(AT("2026-11-23"), 2, "reported_at", "no date and time");
	bad(AT("2026-02-29T08:32:31+08:00"), 2, "reported_at", "no date and time");
	bad(HEAD("alert") "reported_at = 1795393951L;" WHERE CHILD CONTACT, 2, "reported_at",
	    "found a number");
	bad(HEAD("alert") WHEN "missing_since = \"2026-11-23T09:50:00+08:00\";" WHERE CHILD CONTACT, 2,
	    "missing_since", "later than");
}

#define PLACE(lat, lon) HEAD("alert") WHEN CHILD CONTACT "location = { lat = " lat "; lon = " lon "; };"

static void test_coordinates_missing(void **state)
{
	struct reasons r = reasons_of(conf, HEAD("alert") WHEN CHILD CONTACT);

	assert_int_equal(r.n, 2);
	assert_string_equal(r.v[0].key, "location.lat");
	assert_string_equal(r.v[1].key, "location.lon");
	bad(HEAD("alert") WHEN CHILD CONTACT "location = { lat = 39.9; };", 0, "location.lon", "missing");
}

static void test_coordinates_zero(void **state)
{
	struct reasons r = reasons_of(conf, PLACE("0", "0.0"));

	assert_int_equal(r.n, 2);
	bad(PLACE("0", "116.4"), 4, "location.lat", "is 0");
	bad(PLACE("39.9", "0.0"), 4, "location.lon", "is 0");
	bad(PLACE("-0.0", "116.4"), 4, "location.lat", "is 0");
}

static void test_coordinates_no_number(void **state)
{
	bad(PLACE("nan", "116.4"), 4, "location.lat", "nan is not a value");
	bad(PLACE("1e400", "116.4"), 4, "location.lat", "out of range");
	bad(PLACE("\"39.9\"", "116.4"), 4, "location.lat", "expected a number, found a text");
	bad(PLACE("39.9", "181"), 4, "location.lon", "out of range");
	bad(PLACE("-91", "116.4"), 4, "location.lat", "out of range");
}

static void test_coordinates_swapped(void **state)
{
	bad(PLACE("116.4074", "39.9042"), 4, "location.lat", "look swapped");
}

static void test_swapped_but_in_range(void **state)
{
	const struct conf *c =
		load(BASE_GATEWAY BASE_CELLMAP
		     "agencies: ( { " BASE_AGENCY_HEAD
		     "jurisdiction = ( { south = 41; west = 75; north = 46; east = 82; } ); } );" BASE_TYPES
			     BASE_CARRIERS);

	good_with(c, PLACE("43.8", "81.3"));
	bad_with(c, PLACE("81.3", "43.8"), 4, "location.lat", "look swapped");
	bad_with(c, PLACE("30", "43.8"), 4, "location.lat", "outside the jurisdiction");
}

static void test_jurisdiction(void **state)
{
	bad(PLACE("31.23", "121.47"), 4, "location.lat", "outside the jurisdiction of beijing");
	good(PLACE("39.4", "115.4"));
	bad(PLACE("39.39999", "115.4"), 4, "location.lat", "outside");
}

static void test_jurisdiction_across_180(void **state)
{
	const struct conf *c = load(
		BASE_GATEWAY BASE_CELLMAP
		"agencies: ( { " BASE_AGENCY_HEAD
		"jurisdiction = ( { south = -20; west = 177; north = -15; east = -178; } ); } );" BASE_TYPES
			BASE_CARRIERS);

	good_with(c, PLACE("-17.7", "178.0"));
	good_with(c, PLACE("-17.7", "-179.0"));
	bad_with(c, PLACE("-17.7", "170.0"), 4, "location.lat", "outside");
}

static void test_datum(void **state)
{
	const struct trigger *g = good(HEAD("alert") WHEN CHILD CONTACT
				       "location = { lat = 39.9042; lon = 116.4074; datum = \"gcj02\"; };");
	const struct trigger *b = good(HEAD("alert") WHEN CHILD CONTACT
				       "location = { lat = 39.9042; lon = 116.4074; datum = \"bd09\"; };");

	/* the offsets at Beijing are some hundred metres */
	assert_true(fabs(g->lat - 39.9028) < 0.0005 && fabs(g->lon - 116.4012) < 0.0005);
	assert_true(fabs(b->lat - 39.8968) < 0.001 && fabs(b->lon - 116.3948) < 0.001);
	bad(HEAD("alert") WHEN CHILD CONTACT
	    "location = { lat = 39.9042; lon = 116.4074; datum = \"mars\"; };",
	    4, "location.datum", "wgs84, gcj02 or bd09");
}

static void test_radius(void **state)
{
#define RADIUS(r) HEAD("alert") WHEN WHERE CHILD CONTACT "radius_km = " r ";"
	good(RADIUS("100"));
	good(RADIUS("0.5"));
	bad(RADIUS("100.5"), 5, "radius_km", "more than the 100 km");
	bad(RADIUS("0"), 5, "radius_km", "no radius");
	bad(RADIUS("-5.0"), 5, "radius_km", "no radius");
	bad(RADIUS("\"100\""), 5, "radius_km", "found a text");
}

static void test_child(void **state)
{
#define KID(k) HEAD("alert") WHEN WHERE CONTACT "child = { name = \"n\"; " k " };"
	bad(KID("age = 6; sex = \"f\";"), 4, "child.sex", "female or male");
	bad(KID("age = 600; sex = \"male\";"), 4, "child.age", "plausible");
	bad(KID("age = \"six\"; sex = \"male\";"), 4, "child.age", "expected a number");
	bad(KID("age = 6; sex = \"male\"; photo = \"javascript:x\";"), 4, "child.photo", "web address");
	bad(KID("age = 6; sex = \"male\"; wearing = \"\";"), 4, "child.wearing", "empty");
	good(KID("age = 6.5; sex = \"male\"; height_cm = 118.0; photo = \"https://x.cn/1.jpg\";"));
}

static void test_field_that_a_text_needs(void **state)
{
	bad(HEAD("alert") WHEN WHERE CONTACT "child = { name = \"n\"; sex = \"male\"; };", 0, "child.age",
	    "broadcast text in language zh");
	bad(HEAD("alert") WHEN WHERE CHILD, 0, "contact", "sms text");
}

static void test_unknown_and_doubled_keys(void **state)
{
	bad(GOOD "contct = \"1\";", 7, "contct", "did you mean contact?");
	bad(GOOD "contact = \"1\";", 7, "contact", "twice");
	bad(GOOD "location = { lat = 1.0; };", 7, "location", "twice");
	bad(GOOD "plate = { number = 1; };", 7, "plate", "unknown");
	bad(HEAD("alert") WHEN WHERE CONTACT "child = { name = \"n\"; age = 6; sex = \"male\"; shoes = 3; };",
	    4, "child.shoes", "unknown");
}

static void test_hostile_octets(void **state)
{
	struct reasons r;
	struct trigger *t;
	const char nul[] = GOOD "\0x";
	char *big = talloc_zero_size(ctx, TRIGGER_MAX_OCTETS + 1);

	assert_int_not_equal(parse_with(conf, "x.trigger", nul, sizeof(nul), &t, &r), 0);
	assert_non_null(strstr(r.v[0].text, "NUL"));
	r = reasons_of(conf, HEAD("alert") WHEN WHERE CHILD "contact = \"1\x01\";");
	assert_int_equal(r.v[0].line, 4);
	assert_non_null(strstr(r.v[0].text, "control character U+0001"));
	r = reasons_of(conf, HEAD("alert") WHEN WHERE CHILD "contact = \"\xC3\";");
	assert_non_null(strstr(r.v[0].text, "not UTF-8"));
	bad(HEAD("alert") WHEN WHERE CHILD "contact = \"1\\n2\";", 4, "contact", "control character");
	memset(big, ' ', TRIGGER_MAX_OCTETS + 1);
	assert_int_not_equal(parse_with(conf, "x.trigger", big, TRIGGER_MAX_OCTETS + 1, &t, &r), 0);
	assert_non_null(strstr(r.v[0].text, "65537 octets"));
}

static void test_include(void **state)
{
	struct reasons r = reasons_of(conf, GOOD "@include \"/etc/passwd\"\n");

	assert_int_equal(r.v[0].line, 7);
	assert_non_null(strstr(r.v[0].text, "@include"));
}

static void test_cancel_needs_little(void **state)
{
	const struct trigger *t = good(HEAD("cancel") WHEN);

	assert_int_equal(t->action, ACTION_CANCEL);
	assert_false(t->has_location);
	assert_int_equal(t->n_texts, 0);
}

static void test_nothing_holds_back_a_cancel(void **state)
{
	good(HEAD("cancel") "reported_at = \"2020-01-01T00:00:00Z\";");
	good(HEAD("cancel") "reported_at = \"2027-01-01T00:00:00Z\";");
	good(HEAD("cancel") WHEN "location = { lat = 0; lon = \"x\"; datum = \"mars\"; }; radius_km = 9999; "
				 "child = { age = 999; };");
	good("case_number = \"c\"; type = \"of-last-week\"; action = \"cancel\";\n" WHEN);
	bad("case_number = \"c\"; type = \"of-last-week\"; action = \"update\";\n" WHEN WHERE, 1, "type", "no alert type");
	bad("case_number = \"c\"; action = \"cancel\";\n" WHEN, 0, "type", "required");
	bad(HEAD("cancel") WHEN "unknown = 1;", 2, "unknown", "unknown key");
	bad(HEAD("cancel"), 0, "reported_at", "required");
	bad(HEAD("cancel") "reported_at = \"soon\";", 2, "reported_at", "no date");
}

static void test_exercise(void **state)
{
	const struct trigger *t = good(HEAD("exercise") WHEN WHERE CHILD CONTACT);

	assert_int_equal(t->action, ACTION_EXERCISE);
	assert_int_equal(t->texts[0].message_identifier, 4381);
	assert_false(t->has_radius);
	assert_true(good(GOOD)->has_radius);
	t = good(HEAD("update") WHEN WHERE CHILD CONTACT); /* of what, the book knows */
	assert_int_equal(t->texts[0].message_identifier, 4379);
	assert_int_equal(t->texts[0].exercise_identifier, 4381);
}

static const struct conf *with_fields(void)
{
	return load(BASE_GATEWAY BASE_CELLMAP
		    "agencies: ( { " BASE_AGENCY_HEAD BASE_BOX
		    "fields = ( { ours = \"case_number\"; theirs = \"AJBH\"; }, { ours = \"location.lat\"; "
		    "theirs = \"WEIDU\"; }, "
		    "{ ours = \"location.lon\"; theirs = \"POS.X\"; } ); } );" BASE_TYPES BASE_CARRIERS);
}

static void test_own_key_names(void **state)
{
	const struct conf *c = with_fields();
#define OWN "AJBH = \"1\"; type = \"missing-child\"; action = \"alert\";\n" WHEN CHILD CONTACT
	const struct trigger *t = good_with(c, OWN "WEIDU = 39.9; POS = { X = 116.4; };");

	assert_string_equal(t->case_number, "1");
	assert_true(t->lat == 39.9 && t->lon == 116.4);
	good_with(c, OWN "location = { lat = 39.9; lon = 116.4; };");
	bad_with(c, OWN "WEIDU = 39.9;\nlocation = { lat = 39.9; lon = 116.4; };", 5, "location.lat",
		 "given twice, before in line 4 as WEIDU");
	bad_with(c, OWN "WEIDU = 95; POS = { X = 116.4; };", 4, "WEIDU", "out of range");
	bad_with(c, OWN "POS = { X = 116.4; };", 0, "WEIDU", "missing");
	assert_int_equal(reasons_of(conf, OWN WHERE).n, 2); /* for another agency AJBH means nothing */
}

static void test_cap_is_told(void **state)
{
	struct reasons r;
	struct trigger *t;
	const char *cap = "<?xml version=\"1.0\"?><alert/>";

	assert_int_not_equal(parse_with(conf, "x.xml", cap, strlen(cap), &t, &r), 0);
	assert_int_equal(r.n, 1);
	assert_non_null(strstr(r.v[0].text, "CAP"));
	assert_int_not_equal(parse_with(conf, "x.trigger", cap, strlen(cap), &t, &r), 0);
	assert_int_equal(r.n, 1);
}

static void test_all_reasons_at_once(void **state)
{
	struct reasons r = reasons_of(
		conf, "case_number = \"a/b\";\ntype = \"flood\";\naction = \"alert\";\nreported_at = \"x\";\n"
		      "location = { lat = 0; lon = 200; };\nradius_km = 500;\nfoo = 1;");

	assert_int_equal(r.n, 7);
}

static void test_reasons_as_json(void **state)
{
	struct reasons r = {NULL, 0};
	json_t *j;

	reasons_add(ctx, &r, 7, "location.lat", "is %d", 0);
	reasons_add(ctx, &r, 0, NULL, "no signature");
	j = reasons_json(&r);
	assert_int_equal(json_array_size(j), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(j, 0), "line")), 7);
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "key")), "location.lat");
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "text")), "is 0");
	assert_true(json_is_null(json_object_get(json_array_get(j, 1), "line")));
	assert_true(json_is_null(json_object_get(json_array_get(j, 1), "key")));
	json_decref(j);
}

static void same_digest(const char *a, const char *b, bool same)
{
	assert_int_equal(!memcmp(good(a)->digest, good(b)->digest, 32), same);
}

static void test_digest(void **state)
{
	same_digest(GOOD, GOOD, true);
	same_digest(GOOD, "// note\n" CONTACT CHILD "radius_km = 100;" WHERE SINCE WHEN HEAD("alert"), true);
	same_digest(GOOD, HEAD("alert") WHEN SINCE WHERE "radius_km = 99;" CHILD CONTACT, false);
	same_digest(GOOD, HEAD("update") WHEN SINCE WHERE "radius_km = 100.0;" CHILD CONTACT, false);
	same_digest(HEAD("cancel") WHEN, HEAD("cancel") WHEN CONTACT, false);
}

static void test_times(void **state)
{
	int64_t t;
	char shown[17];

	assert_int_equal(trigger_time_parse("1970-01-01T00:00:00Z", &t), 0);
	assert_int_equal(t, 0);
	assert_int_equal(trigger_time_parse("2000-02-29t23:59:59.25-00:30", &t), 0);
	assert_int_equal(t, 951870599);
	assert_int_equal(trigger_time_parse("2026-11-23T08:32:31+08:00", &t), 0);
	assert_int_equal(t, NOW);
	assert_true(trigger_time_parse("2026-13-01T00:00:00Z", &t) < 0);
	assert_true(trigger_time_parse("2026-11-23T24:00:00Z", &t) < 0);
	assert_true(trigger_time_parse("2026-11-23T08:32:31+0800", &t) < 0);
	assert_true(trigger_time_parse("2026-11-23T08:32:31Zx", &t) < 0);
	assert_true(trigger_time_parse("2026-11-23T08:32:31.Z", &t) < 0);
	assert_true(trigger_time_parse("", &t) < 0);
	trigger_time_show("2026-11-23T08:32:31+08:00", shown);
	assert_string_equal(shown, "2026-11-23 08:32");
}

/* ---- the scan's way from the confined child ---- */

static struct trigger_scan *unpacked(const uint8_t *data, size_t len)
{
	struct trigger_scan *scan;

	return trigger_scan_unpack(ctx, data, len, &scan) == 0 ? scan : NULL;
}

static void test_scan_over_a_socket(void **state)
{
	struct trigger_scan *scan = trigger_scan(ctx, (const uint8_t *)GOOD, strlen(GOOD)), *got;
	struct trigger *t, *direct = (struct trigger *)good(GOOD);
	struct reasons r = {0};
	size_t len;
	uint8_t *octets = trigger_scan_pack(ctx, scan, &len);

	got = unpacked(octets, len);
	assert_non_null(got);
	assert_int_equal(got->n, scan->n);
	assert_int_equal(trigger_check(ctx, conf, &conf->agencies[0], got, NOW, &t, &r), 0);
	assert_memory_equal(t->digest, direct->digest, sizeof(t->digest));
	scan = trigger_scan(ctx, (const uint8_t *)"a = \n", 6);
	octets = trigger_scan_pack(ctx, scan, &len);
	got = unpacked(octets, len);
	assert_non_null(got);
	assert_int_equal(got->findings.n, scan->findings.n);
	assert_string_equal(got->findings.v[0].text, scan->findings.v[0].text);
}

static bool believed(const struct scan_value *v)
{
	const struct trigger_scan scan = {.v = (struct scan_value *)v, .n = 1};
	size_t len;
	uint8_t *octets = trigger_scan_pack(ctx, &scan, &len);

	return unpacked(octets, len);
}

static void test_scan_is_not_believed(void **state)
{
	struct scan_value v = {.kind = SCAN_TEXT, .line = 1, .path = "contact", .text = "a"};
	size_t good_len;
	uint8_t *octets = trigger_scan_pack(ctx, trigger_scan(ctx, (const uint8_t *)GOOD, strlen(GOOD)), &good_len);

	for (size_t len = 0; len < good_len; len++)
		assert_null(unpacked(octets, len));
	octets = talloc_realloc(ctx, octets, uint8_t, good_len + 1);
	octets[good_len] = 0;
	assert_null(unpacked(octets, good_len + 1));
	assert_true(believed(&v));
	v.text = "a\nb";
	assert_false(believed(&v));
	v.text = "\xff";
	assert_false(believed(&v));
	v.text = NULL;
	assert_false(believed(&v));
	v.kind = SCAN_NUMBER;
	assert_true(believed(&v));
	v.number = NAN;
	assert_false(believed(&v));
	v.number = 1;
	v.line = 70000;
	assert_false(believed(&v));
	v.line = 1;
	v.kind = SCAN_KINDS;
	assert_false(believed(&v));
	v.kind = SCAN_BOOL;
	v.path = "\x1b[2J";
	assert_false(believed(&v));
}

static void test_too_many_keys(void **state)
{
	char *text = talloc_strdup(ctx, "");
	struct trigger_scan *scan;

	for (int i = 0; i < 300; i++)
		text = talloc_asprintf_append(text, "k%d = 1;\n", i);
	scan = trigger_scan(ctx, (const uint8_t *)text, strlen(text));
	assert_int_equal(scan->n, 0);
	assert_int_equal(scan->findings.n, 1);
	assert_int_equal(scan->findings.v[0].line, 257);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_optional_text_part),
		cmocka_unit_test(test_example_files),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_case_number),
		cmocka_unit_test(test_type_and_action),
		cmocka_unit_test(test_type_must_be_allowed),
		cmocka_unit_test(test_reported_at),
		cmocka_unit_test(test_coordinates_missing),
		cmocka_unit_test(test_coordinates_zero),
		cmocka_unit_test(test_coordinates_no_number),
		cmocka_unit_test(test_coordinates_swapped),
		cmocka_unit_test(test_swapped_but_in_range),
		cmocka_unit_test(test_jurisdiction),
		cmocka_unit_test(test_jurisdiction_across_180),
		cmocka_unit_test(test_datum),
		cmocka_unit_test(test_radius),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_field_that_a_text_needs),
		cmocka_unit_test(test_unknown_and_doubled_keys),
		cmocka_unit_test(test_hostile_octets),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_cancel_needs_little),
		cmocka_unit_test(test_nothing_holds_back_a_cancel),
		cmocka_unit_test(test_exercise),
		cmocka_unit_test(test_own_key_names),
		cmocka_unit_test(test_cap_is_told),
		cmocka_unit_test(test_all_reasons_at_once),
		cmocka_unit_test(test_reasons_as_json),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_scan_over_a_socket),
		cmocka_unit_test(test_scan_is_not_believed),
		cmocka_unit_test(test_too_many_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

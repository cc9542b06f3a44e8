/* Rows of tables, and tables that become maps. */
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
#include <zlib.h>
#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/csvquick.h"

static enum csv_result parse(const char *line, struct csv_row *row)
{
	struct csv_layout l;

	csv_layout_opencellid(&l);
	return csv_parse(&l, line, strlen(line), row);
}

static void row_is_read(void **state)
{
	struct csv_row r;

	assert_int_equal(
		parse("LTE,262,7,5,26187265,12,-13.9983351,54.0526894,1500,17,1,1309988245,1443599522,-64",
		      &r),
		CSV_OK);
	assert_int_equal(r.radio, CELL_LTE);
	assert_int_equal(r.mcc, 262);
	assert_int_equal(r.mnc, 7);
	assert_int_equal(r.area, 5);
	assert_int_equal(r.cell, 26187265);
	assert_int_equal(r.lon, -139983351);
	assert_int_equal(r.lat, 540526894);
	assert_int_equal(r.range_m, 1500);
	assert_int_equal(r.samples, 17);
	assert_int_equal(r.updated, 1443599522);
}

static void empty_optional_columns_are_unknown(void **state)
{
	struct csv_row r;

	assert_int_equal(parse("GSM,404,1,57,1546,,75.873421,29.685070,,,,,,", &r), CSV_OK);
	assert_int_equal(r.range_m + r.samples + r.updated, 0);
	assert_int_equal(parse("GSM,404,1,57,1546,,75.873421,29.685070", &r), CSV_OK);
	assert_int_equal(parse("GSM,404,1,57,1546,,75.873421,29.685070,junk,-1,x,y,z,w\r", &r), CSV_OK);
	assert_int_equal(r.range_m + r.samples + r.updated, 0);
}

static void each_fault_has_its_reason(void **state)
{
	static const struct {
		const char *line;
		enum csv_result result;
	} rows[] = {
		{"", CSV_BLANK},
		{"\r", CSV_BLANK},
		{"  \t", CSV_BLANK},
		{"radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,"
		 "averageSignal",
		 CSV_HEADER},
		{"RADIO,MCC,NET,AREA,CELL,UNIT,LON,LAT", CSV_HEADER},
		{"GSM,460,0,1,1,,116", CSV_BAD_COLUMNS},
		{"GSM", CSV_BAD_COLUMNS},
		{"\"GSM,460,0,1,1,,116,39", CSV_BAD_QUOTES},
		{"WIMAX,460,0,1,1,,116,39", CSV_BAD_RADIO},
		{",460,0,1,1,,116,39", CSV_BAD_RADIO},
		{"GSM,0,0,1,1,,116,39", CSV_BAD_MCC},
		{"GSM,1000,0,1,1,,116,39", CSV_BAD_MCC},
		{"GSM,4x0,0,1,1,,116,39", CSV_BAD_ID},
		{"GSM,,0,1,1,,116,39", CSV_BAD_ID},
		{"GSM,460,-1,1,1,,116,39", CSV_BAD_ID},
		{"GSM,460,65536,1,1,,116,39", CSV_BAD_ID},
		{"GSM,460,0,1.5,1,,116,39", CSV_BAD_ID},
		{"GSM,460,0,4294967296,1,,116,39", CSV_BAD_ID},
		{"GSM,460,0,1,0x10,,116,39", CSV_BAD_ID},
		{"GSM,460,0,1,-,,116,39", CSV_BAD_ID},
		{"NR,460,0,1,68719476736,,116,39", CSV_BAD_CELL},
		{"NR,460,0,1,99999999999999999999999999,,116,39", CSV_BAD_CELL},
		{"GSM,460,0,1,1,,,39", CSV_POSITION_ABSENT},
		{"GSM,460,0,1,1,,116,", CSV_POSITION_ABSENT},
		{"GSM,460,0,1,1,,116.1,abc", CSV_POSITION_UNREADABLE},
		{"GSM,460,0,1,1,,-,39", CSV_POSITION_UNREADABLE},
		{"GSM,460,0,1,1,,.,39", CSV_POSITION_UNREADABLE},
		{"GSM,460,0,1,1,,0x10,39", CSV_POSITION_UNREADABLE},
		{"GSM,460,0,1,1,,1.1.1,39", CSV_POSITION_UNREADABLE},
		{"GSM,460,0,1,1,,nan,39", CSV_POSITION_NOT_FINITE},
		{"GSM,460,0,1,1,,116,-inf", CSV_POSITION_NOT_FINITE},
		{"GSM,460,0,1,1,,116,1e999", CSV_POSITION_NOT_FINITE},
		{"GSM,460,0,1,1,,180.0000001,39", CSV_POSITION_RANGE},
		{"GSM,460,0,1,1,,116,-90.1", CSV_POSITION_RANGE},
		{"GSM,460,0,1,1,,116,99999999999999999999999", CSV_POSITION_RANGE},
		{"GSM,460,0,1,1,,0,0.000", CSV_POSITION_ZERO},
		{"GSM,460,0,1,1,,-0.0,0", CSV_POSITION_ZERO},
	};
	struct csv_row r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(rows[i].line, &r) != rows[i].result)
			fail_msg("%s: %s, not %s", rows[i].line, csv_result_name(parse(rows[i].line, &r)),
				 csv_result_name(rows[i].result));
}

static void odd_rows_are_kept(void **state)
{
	struct csv_row r;

	assert_int_equal(parse("gsm,460,0,1,1,,0,39", &r), CSV_OK); /* a zero alone can be genuine */
	assert_int_equal(parse("GSM,460,0,1,1,,1.16e2,+39.5", &r), CSV_OK);
	assert_int_equal(r.lon, 1160000000);
	assert_int_equal(r.lat, 395000000);
	assert_int_equal(parse("GSM,460,00,1,-7,,-180,-90", &r), CSV_OK);
	assert_int_equal(r.cell, -7);
	assert_int_equal(r.mnc_digits, 2);
	assert_int_equal(parse("NR,460,0,1,68719476735,,116,39", &r), CSV_OK);
	assert_true(r.cell == INT64_C(68719476735));
	assert_int_equal(parse("\"GSM\", 460 ,\"0\",1,1,\"a,b\"\"c\",\"116\",39", &r), CSV_OK);
	assert_int_equal(r.lon, 1160000000);
	assert_int_equal(parse("GSM,460,0,1,1,,31.649551391602,48.811569213867,1000.7", &r), CSV_OK);
	assert_int_equal(r.lon, 316495514);
	assert_int_equal(r.range_m, 1000);
	assert_int_equal(parse("CDMA,734,31488,1,1,,-66.9,-0.00000001,500000000000", &r), CSV_OK);
	assert_int_equal(r.lat, 0);
}

static void long_line_is_refused(void **state)
{
	char *line = malloc(CSV_LINE_MAX + 2);
	struct csv_layout l;
	struct csv_row r;

	memset(line, ',', CSV_LINE_MAX + 2);
	csv_layout_opencellid(&l);
	assert_int_equal(csv_parse(&l, line, CSV_LINE_MAX + 2, &r), CSV_BAD_LENGTH);
	assert_int_equal(csv_parse(&l, line, CSV_LINE_MAX, &r), CSV_BAD_RADIO);
	free(line);
}

static void columns_are_chosen(void **state)
{
	struct csv_layout l = {0};
	struct csv_row r;
	char err[256];
	const char *line = "x;7;39.5;116.25;460;1;4301;17";

	l.separator = ';';
	assert_int_equal(
		csv_layout_parse(&l, "radio=LTE,lat=3,lon=4,mcc=5,net=6,area=7,cell=8", err, sizeof(err)), 0);
	assert_int_equal(csv_parse(&l, line, strlen(line), &r), CSV_OK);
	assert_int_equal(r.radio, CELL_LTE);
	assert_int_equal(r.area, 4301);
	for (const char *const *p =
		     (const char *const[]){"", "radio=1", "radio=1,mcc=2,net=3,area=4,cell=5,lon=6", "radio",
					   "colour=1", "radio=0,mcc=2,net=3,area=4,cell=5,lon=6,lat=7",
					   "radio=65,mcc=2,net=3,area=4,cell=5,lon=6,lat=7",
					   "radio=1,mcc=2,net=3,area=4,cell=5,lon=6,lat:", NULL};
	     *p; p++)
		assert_int_equal(csv_layout_parse(&l, *p, err, sizeof(err)), -22);
}

static void columns_are_named_or_fixed(void **state)
{
	const char *header = "SITE_ID,LATITUDE,LONGITUDE,Area code\r",
		   *line = "10003026,-37.81517,144.97476,77";
	struct csv_layout l = {.separator = ','};
	struct csv_row r;
	char err[256];

	assert_int_equal(
		csv_layout_parse(&l,
				 "radio:LTE,mcc:505,net:02,area=area code,cell=site_id,lon=longitude,"
				 "lat=latitude",
				 err, sizeof(err)),
		0);
	assert_int_equal(csv_layout_resolve(&l, line, strlen(line), err, sizeof(err)), -22);
	assert_non_null(strstr(err, "area code"));
	assert_int_equal(csv_layout_resolve(&l, header, strlen(header), err, sizeof(err)), 0);
	assert_int_equal(csv_parse(&l, header, strlen(header), &r), CSV_HEADER);
	assert_int_equal(csv_parse(&l, line, strlen(line), &r), CSV_OK);
	assert_true(r.radio == CELL_LTE && r.mcc == 505 && r.mnc == 2 && r.mnc_digits == 2);
	assert_true(r.area == 77 && r.cell == 10003026 && r.lat == -378151700 && r.lon == 1449747600);
	for (const char *const *p =
		     (const char *const[]){"radio:LTE,mcc:505,net:02,area=3,cell=1,lon=2,lon=4",
					   "radio:LTE,mcc:,net:02,area=3,cell=1,lon=2,lat=4", NULL};
	     *p; p++)
		assert_int_equal(csv_layout_parse(&l, *p, err, sizeof(err)), -22);
}

static void a_half_known_header_tells_what_it_lacks(void **state)
{
	const char *half = ",lon,lat,mcc,range,net,cell\r", *none = "GSM,1,2",
		   *whole = "radio;mcc;net;area;cell;lon;lat";
	char names[48];

	assert_true(csv_header_lacks(half, strlen(half), ',', names, sizeof(names)));
	assert_string_equal(names, "radio, area");
	assert_false(csv_header_lacks(none, strlen(none), ',', names, sizeof(names)));
	assert_false(csv_header_lacks(whole, strlen(whole), ';', names, sizeof(names)));
}

static void header_names_columns(void **state)
{
	struct csv_layout l;
	const char *header = ",level_0,radio,mcc,mnc,lac,cid,long,Latitude",
		   *line = "5,0,UMTS,222,10,3,4,12.5,41.5";
	struct csv_row r;

	csv_layout_opencellid(&l);
	assert_true(csv_layout_header(&l, header, strlen(header)));
	assert_int_equal(csv_parse(&l, line, strlen(line), &r), CSV_OK);
	assert_int_equal(r.lat, 415000000);
	assert_int_equal(csv_parse(&l, header, strlen(header), &r), CSV_HEADER);
	assert_false(csv_layout_header(&l, line, strlen(line)));
}

struct made {
	char csv[64], map[80];
	struct cellmap_report report;
	char err[512];
	int rc;
};

static void write_table(struct made *m, const char *text, size_t len, bool gz)
{
	gzFile f;

	strcpy(m->csv, "/tmp/test_cellmap_csv_XXXXXX");
	f = gzdopen(mkstemp(m->csv), gz ? "wb" : "wbT");
	assert_non_null(f);
	assert_int_equal(gzwrite(f, text, (unsigned int)len), len);
	assert_int_equal(gzclose(f), Z_OK);
	snprintf(m->map, sizeof(m->map), "%s.map", m->csv);
}

static struct made build(const char *text, bool gz)
{
	struct made m = {0};

	write_table(&m, text, strlen(text), gz);
	m.rc = cellmap_build(m.map, &(struct cellmap_table){.path = m.csv}, 1, NULL, &m.report, m.err,
			     sizeof(m.err));
	return m;
}

static void forget(struct made *m)
{
	unlink(m->csv);
	unlink(m->map);
}

#define CELL(id, lat, samples, updated) "GSM,460,0,1," id ",,116," lat ",0," samples ",1,0," updated ",0\n"

static void newest_of_one_key_wins(void **state)
{
	struct made m = build("\xEF\xBB\xBF" CELL("1", "1", "5", "10") CELL("1", "2", "1", "20")
				      CELL("1", "3", "9", "15") CELL("2", "1", "9", "10")
					      CELL("2", "2", "5", "10") CELL("3", "1", "5", "10")
						      CELL("3", "2", "5", "10") CELL("4", "4", "0", "0"),
			      false);
	struct cellmap *map;
	const double expect[] = {2, 1, 2, 4};

	assert_int_equal(m.rc, 0);
	assert_int_equal(m.report.rows_read, 8);
	assert_int_equal(m.report.kept, 4);
	assert_int_equal(m.report.merged, 4);
	assert_int_equal(cellmap_open(NULL, m.map, &map, m.err, sizeof(m.err)), 0);
	for (uint64_t i = 0; i < 4; i++) {
		struct cell c;
		uint32_t index;

		assert_int_equal(
			cellmap_find(map, &(struct cell_id){.cell = i + 1, .area = 1, .mcc = 460}, &index),
			0);
		assert_int_equal(cellmap_get(map, index, &c), 0);
		assert_true(c.lat == expect[i]);
	}
	cellmap_close(map);
	forget(&m);
}

static void preferred_table_wins(void **state)
{
	struct made a = {0}, b = {0};
	struct cellmap *map;
	struct cell c;

	write_table(&a, CELL("1", "1", "1", "5"), strlen(CELL("1", "1", "1", "5")), false);
	write_table(&b, CELL("1", "2", "9", "9"), strlen(CELL("1", "2", "9", "9")), true);
	a.rc = cellmap_build(a.map, (struct cellmap_table[]){{.path = a.csv, .priority = 1}, {.path = b.csv}},
			     2, NULL, &a.report, a.err, sizeof(a.err));
	assert_int_equal(a.rc, 0);
	assert_int_equal(cellmap_open(NULL, a.map, &map, a.err, sizeof(a.err)), 0);
	assert_int_equal(cellmap_count(map), 1);
	assert_int_equal(cellmap_get(map, 0, &c), 0);
	assert_true(c.lat == 1);
	cellmap_close(map);
	forget(&a);
	forget(&b);
}

static void strictness_is_per_table(void **state)
{
	struct made a = {0}, b = {0};
	const char *good = CELL("1", "1", "1", "1") CELL("2", "1", "1", "1") CELL("3", "1", "1", "1"),
		   *bad = CELL("4", "1", "1", "1") "GSM,460,0,1,9,,0,0\n";
	static const struct {
		bool strict;
		uint32_t permille;
		int rc;
	} cases[] = {{false, 0, 0}, {true, 500, 0}, {true, 499, -22}, {true, 0, -22}};

	write_table(&a, good, strlen(good), false);
	write_table(&b, bad, strlen(bad), false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cellmap_build_options o = {.strict = cases[i].strict, .permille = cases[i].permille};

		a.rc = cellmap_build(a.map, (struct cellmap_table[]){{.path = a.csv}, {.path = b.csv}}, 2, &o,
				     &a.report, a.err, sizeof(a.err));
		assert_int_equal(a.rc, cases[i].rc);
		assert_true(a.rc == 0 || strstr(a.err, b.csv));
	}
	forget(&a);
	forget(&b);
}

static void wrong_text_is_named(void **state)
{
	struct made m = {0};
	struct cellmap_report report;

	write_table(&m, "\xFF\xFEr\0a\0", 6, false);
	assert_true(cellmap_build(m.map, &(struct cellmap_table){.path = m.csv}, 1, NULL, &report, m.err,
				  sizeof(m.err)) < 0);
	assert_non_null(strstr(m.err, "UTF-16"));
	forget(&m);
	m = build("[{\"cell\":1}", true);
	assert_true(m.rc < 0 && strstr(m.err, "in the middle of its GeoJSON"));
	forget(&m);
}

static void counts_add_up(void **state)
{
	struct made m = build("radio,mcc,net,area,cell,unit,lon,lat\r\n\r\n" CELL(
				      "1", "1", "1", "1") "junk\n" CELL("0", "1", "1", "1")
				      CELL("70000", "1", "1",
					   "1") "radio,mcc,net,area,cell,unit,lon,lat\nGSM,460,0,1,9,,0,0\n"
						"GSM,460,0,1,9,,116,39",
			      true);

	assert_int_equal(m.rc, 0);
	assert_int_equal(m.report.rows_read, 6);
	assert_int_equal(m.report.kept, 4);
	assert_int_equal(cellmap_report_dropped(&m.report), 2);
	assert_int_equal(m.report.dropped[CSV_POSITION_ZERO], 1);
	assert_int_equal(m.report.dropped[CSV_BAD_COLUMNS], 1);
	assert_int_equal(m.report.cell_not_positive, 1);
	assert_int_equal(m.report.gsm_ci_too_large, 1);
	forget(&m);
}

static void unaddressable_cells_keep_their_place(void **state)
{
	struct made m = build(CELL("-5", "1", "1", "1") CELL("0", "2", "1", "1") CELL("65536", "3", "1", "1")
				      CELL("65535", "4", "1", "1"),
			      false);
	struct cellmap *map;
	int addressable = 0;

	assert_int_equal(cellmap_open(NULL, m.map, &map, m.err, sizeof(m.err)), 0);
	assert_int_equal(cellmap_count(map), 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct cell c;

		assert_int_equal(cellmap_get(map, i, &c), 0);
		addressable += c.addressable;
		assert_true(c.addressable == (c.lat == 4));
		assert_true(c.lat != 1 || (int64_t)c.id.cell == -5);
	}
	assert_int_equal(addressable, 1);
	cellmap_close(map);
	forget(&m);
}

static void useless_tables_make_no_map(void **state)
{
	static const char *const texts[] = {"", "\n\n", "radio,mcc,net,area,cell,unit,lon,lat\n", "a;b;c\n",
					    "GSM;460;0;1;9;;116,5;39,5\n"};

	for (size_t i = 0; i < 5; i++) {
		struct made m = build(texts[i], i & 1);

		assert_true(m.rc < 0);
		assert_non_null(strstr(m.err, m.csv));
		assert_int_equal(access(m.map, F_OK), -1);
		if (i == 4)
			assert_non_null(strstr(m.err, "decimal point"));
		forget(&m);
	}
}

static void cut_gz_is_refused(void **state)
{
	struct made m = build(CELL("1", "1", "1", "1") CELL("2", "1", "1", "1"), true);
	struct cellmap_report report;

	assert_int_equal(m.rc, 0);
	unlink(m.map);
	assert_int_equal(truncate(m.csv, 40), 0);
	assert_true(cellmap_build(m.map, &(struct cellmap_table){.path = m.csv}, 1, NULL, &report, m.err,
				  sizeof(m.err)) < 0);
	assert_non_null(strstr(m.err, "cut short"));
	assert_int_equal(access(m.map, F_OK), -1);
	forget(&m);
}

static void threads_do_not_matter(void **state)
{
	struct made m = {0};
	char *text = malloc(6000000), *p = text, other[96];
	uint64_t sums[2];

	for (int i = 0; i < 100000; i++)
		p += sprintf(p, "LTE,460,%d,%d,%d,,%.6f,%.6f,0,1,1,0,%d,0\n", i % 4, i % 50, i % 90000,
			     100 + i % 977 * 0.01, 30 + i % 1013 * 0.01, i % 7);
	write_table(&m, text, (size_t)(p - text), false);
	free(text);
	for (unsigned int t = 0; t < 2; t++) {
		struct cellmap_build_options o = {.threads = t ? 5 : 1};
		struct cellmap *map;

		snprintf(other, sizeof(other), "%s%u", m.map, t);
		assert_int_equal(cellmap_build(other, &(struct cellmap_table){.path = m.csv}, 1, &o,
					       &m.report, m.err, sizeof(m.err)),
				 0);
		assert_int_equal(cellmap_open(NULL, other, &map, m.err, sizeof(m.err)), 0);
		sums[t] = cellmap_checksum(map);
		cellmap_close(map);
		unlink(other);
	}
	assert_true(sums[0] == sums[1]);
	forget(&m);
}

/* What a quick parser takes is what csv_parse() takes. Two lines: it must not look into the second. */
static unsigned int agree(csv_quick_parser *parse_quickly, const char *line)
{
	char text[512 + CSV_QUICK_PAD] = {0};
	const char *at = text;
	struct csv_row quick, slow;
	size_t len = strcspn(line, "\n");
	struct csv_layout l;

	snprintf(text, 512, "%s\n%s\n", line, line);
	memset(&quick, 0, sizeof(quick));
	memset(&slow, 0, sizeof(slow));
	if (parse_quickly(&at, text + 2 * strlen(line) + 2, &quick, 1) == 0) {
		assert_ptr_equal(at, text);
		return 0;
	}
	assert_ptr_equal(at, text + len + 1);
	csv_layout_opencellid(&l);
	assert_int_equal(csv_parse(&l, line, len, &slow), CSV_OK);
	if (memcmp(&quick, &slow, sizeof(quick)))
		fail_msg("%s", line);
	return 1;
}

/* Every octet of some rows becomes every other that could matter. */
static void quick_parsers_agree(void **state)
{
	static const char *const rows[] = {
		"LTE,262,07,5,26187265,12,-13.9983351,54.0526894,1500,17,1,1309988245,1443599522,-64",
		"GSM,460,0,4328,11,,121.488889,31.290620,3840,375,1,1694200550,1698624918,0",
		"NR,1,00,1,68719476735,,-0.1,-0.5,,,1,1,4294967295,",
		"UMTS,310,410,65535,268435455,511,179.9999999,-89.9999999,99999999,1,0,1,1,x,y,z",
		"CDMA,999,00065535,99999999,0000000000000001,0,0.0,0.1,00000000,0,,,0000000000000001,0",
		"GSM,404,1,57,1546,a unit in which a window ends; and then there i1.2,5.8,2,,,,a date,,",
	};
	static const char octets[] = "0123456789-.,\"\n\r ;+eGx\x2f\x3a\xb0";
	unsigned int taken = 0;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		for (size_t i = 0; i < strlen(rows[r]); i++)
			for (const char *o = octets; *o; o++) {
				char line[160];

				snprintf(line, sizeof(line), "%s", rows[r]);
				line[i] = *o;
				taken += agree(csv_quick, line);
				taken += agree(csv_quick_best(), line);
				/* inserted */
				snprintf(line + i + 1, sizeof(line) - i - 1, "%s", rows[r] + i);
				taken += agree(csv_quick, line);
				taken += agree(csv_quick_best(), line);
				/* and left out */
				snprintf(line + i, sizeof(line) - i, "%s", rows[r] + i + 1);
				taken += agree(csv_quick, line);
				taken += agree(csv_quick_best(), line);
			}
	}
	assert_true(taken > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_is_read),
		cmocka_unit_test(empty_optional_columns_are_unknown),
		cmocka_unit_test(each_fault_has_its_reason),
		cmocka_unit_test(odd_rows_are_kept),
		cmocka_unit_test(long_line_is_refused),
		cmocka_unit_test(quick_parsers_agree),
		cmocka_unit_test(columns_are_chosen),
		cmocka_unit_test(columns_are_named_or_fixed),
		cmocka_unit_test(a_half_known_header_tells_what_it_lacks),
		cmocka_unit_test(header_names_columns),
		cmocka_unit_test(strictness_is_per_table),
		cmocka_unit_test(newest_of_one_key_wins),
		cmocka_unit_test(preferred_table_wins),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(wrong_text_is_named),
		cmocka_unit_test(unaddressable_cells_keep_their_place),
		cmocka_unit_test(useless_tables_make_no_map),
		cmocka_unit_test(cut_gz_is_refused),
		cmocka_unit_test(threads_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The configuration: defaults, every kind of problem with its line and key, all of them in one run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <string.h>
#include "gateway/conf.h"
#include "gateway/conf_timers.h"
#include "tests/conf_base.h"

static void *ctx;

static int setup(void **state)
{
	ctx = talloc_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	talloc_free(ctx);
	return 0;
}

static const struct conf *load(const char *text)
{
	struct conf_problems problems;
	struct conf *conf;

	if (conf_parse(ctx, "/etc/x/t.cfg", (const uint8_t *)text, strlen(text), &conf, &problems) < 0)
		fail_msg("%s", problems.n ? conf_problem_line(ctx, &problems.v[0]) : "no problem told");
	return conf;
}

static struct conf_problems problems_of(const char *text)
{
	struct conf_problems problems;
	struct conf *conf;

	assert_int_not_equal(conf_parse(ctx, "t.cfg", (const uint8_t *)text, strlen(text), &conf, &problems),
			     0);
	assert_null(conf);
	assert_true(problems.n > 0);
	return problems;
}

/* Exactly one problem, at this key, that says this. */
static void bad(const char *text, const char *key, const char *says)
{
	struct conf_problems p = problems_of(text);

	if (p.n != 1 || !p.v[0].key || strcmp(p.v[0].key, key) || !strstr(p.v[0].text, says))
		fail_msg("expected %s: %s; got %zu, first: %s", key, says, p.n,
			 conf_problem_line(ctx, &p.v[0]));
}

#define WITH_AGENCY(more) BASE_GATEWAY BASE_CELLMAP "agencies: ( { " more " } );\n" BASE_TYPES BASE_CARRIERS
#define WITH_TYPE(more)                                                                                      \
	BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES "alert_types: ( { name = \"missing-child\"; " more           \
						" } );\n" BASE_CARRIERS
#define WITH_TEXT(more) WITH_TYPE("texts = ( { language = \"zh\"; " more " } );")
#define WITH_LINKS(links)                                                                                    \
	BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES "carriers: ( { " BASE_CARRIER_HEAD                \
							   "links = ( " links " ); } );\n"
#define WITH_SMPP(more) WITH_LINKS("{ " BASE_SMPP more " }")
#define WITH_CBSP(more) WITH_LINKS("{ " BASE_CBSP more " }")
#define THREE_TEXTS     "broadcast = \"b\"; sms = \"s\"; found = \"f\"; "

static void test_defaults(void **state)
{
	const struct conf *c = load(BASE);
	const struct conf_link *smpp = &c->carriers[0].links[0], *cbsp = &c->carriers[0].links[1];

	assert_string_equal(c->name, "reunion");
	assert_string_equal(c->control_socket, "/run/reunion/control.sock");
	assert_string_equal(c->cellmap.map, "/etc/x/m");
	assert_true(c->cellmap.max_range_m == 35000 && c->cellmap.strict == 1000 && c->cellmap.select == SELECT_COVERAGE);
	assert_null(c->vty.address);
	assert_null(c->http.address);
	assert_null(c->agentx_socket);
	assert_true(c->agencies[0].max_radius_km == 100 && c->agencies[0].max_ring_km == 100);
	assert_false(c->agencies[0].allow_unsigned);
	assert_int_equal(c->types[0].deadline_s, 3600);
	assert_int_equal(c->types[0].lifetime_s, 86400);
	assert_int_equal(c->types[0].texts[0].message_identifier, 4379);
	assert_int_equal(c->types[0].texts[0].exercise_identifier, 4381);
	assert_int_equal(smpp->burst, 200);
	assert_int_equal(smpp->window, 10);
	assert_int_equal(smpp->interface_version, 0x34);
	assert_int_equal(smpp->max_tries, 5);
	assert_true(smpp->gsm7 && smpp->bind == BIND_TRANSCEIVER && smpp->addressing == ADDR_SUBSCRIBERS);
	assert_string_equal(smpp->source.address, "");
	assert_string_equal(smpp->password_file, "/etc/x/pw");
	assert_int_equal(cbsp->burst, 2);
	assert_int_equal(cbsp->window, 4);
	assert_int_equal(cbsp->cells_per_request, 500);
	assert_false(cbsp->repetition_u16);
}

static void test_burst_is_at_least_one(void **state)
{
	const struct conf *c = load(WITH_LINKS("{ name = \"a\"; type = \"cbsp\"; address = \"h\"; port = 1; "
					       "rate = 0.5; }, { name = \"b\"; type = \"cbsp\"; "
					       "address = \"h\"; port = 1; rate = 0; }"));

	assert_int_equal(c->carriers[0].links[0].burst, 1);
	assert_int_equal(c->carriers[0].links[1].burst, 1);
}

static void test_callers_of_both_protocols(void **state)
{
	const struct conf *c = load(WITH_CBSP("mode = \"listen\"; allow_from = ( \"192.0.2.11\" );"));

	assert_int_equal(c->carriers[0].links[0].n_callers, 1);
	assert_string_equal(c->carriers[0].links[0].callers[0], "192.0.2.11");
	c = load(WITH_SMPP("mode = \"listen\"; allow_from = ( \"192.0.2.12\", \"2001:db8::1\" );"));
	assert_int_equal(c->carriers[0].links[0].n_callers, 2);
}

static void test_point_or_no_point(void **state)
{
	const struct conf *c = load(WITH_SMPP("window = 7.0; enquire_link_s = 30L;"));

	assert_int_equal(c->carriers[0].links[0].window, 7);
	bad(WITH_SMPP("window = 7.5;"), "carriers[0].links[0].window", "whole number");
	load(WITH_AGENCY(BASE_AGENCY_HEAD "max_radius_km = 50;"));
	load(WITH_AGENCY(BASE_AGENCY_HEAD "max_radius_km = 50.0;"));
}

static void test_values(void **state)
{
	const struct conf_link *l =
		&load(WITH_SMPP("interface_version = \"5.0\"; receipts = \"sample:0.01\"; test_numbers = ( "
				"\"+8613800000000\", \"0049301234567\" ); "
				"source = { ton = 5; npi = 0; address = \"POLICE\"; }; long_messages = "
				"\"sar\"; bind = \"pair\"; gsm7 = false; "
				"status_classes = ( { status = 0x58; class = \"throttle\"; } ); languages = "
				"( \"zh\" ); mode = \"listen\";"))
			 ->carriers[0]
			 .links[0];

	assert_int_equal(l->interface_version, 0x50);
	assert_int_equal(l->receipts, RECEIPTS_SAMPLE);
	assert_true(l->receipts_sample == 0.01);
	assert_string_equal(l->test_numbers[0], "8613800000000");
	assert_string_equal(l->test_numbers[1], "49301234567");
	assert_string_equal(l->source.address, "POLICE");
	assert_int_equal(l->source.ton, 5);
	assert_int_equal(l->long_messages, LONG_SAR);
	assert_int_equal(l->bind, BIND_PAIR);
	assert_int_equal(l->mode, MODE_LISTEN);
	assert_false(l->gsm7);
	assert_int_equal(l->classes[0].status, 0x58);
	assert_int_equal(l->classes[0].class, 'X');
	assert_int_equal(l->line, 5);
}

static void test_text_and_tls_keys(void **state)
{
	const struct conf_link *l = &load(WITH_SMPP("alphabet = \"gsm7\"; shift_tables = ( \"turkish\", \"portuguese\" ); locking_tables = ( \"portuguese\" ); priority = 2; "
						    "validity = \"absolute\"; tlvs = ( { tag = 0x1401; hex = \"0aFF\"; } ); "
						    "mode = \"listen\"; tls = { certificate_file = \"c\"; key_file = \"k\"; };"))
					 ->carriers[0]
					 .links[0];

	assert_int_equal(l->n_shifts, 2);
	assert_int_equal(l->shifts[1], 3);
	assert_int_equal(l->n_locks, 1);
	assert_int_equal(l->locks[0], 3);
	assert_int_equal(l->priority, 2);
	assert_int_equal(l->validity, VALIDITY_ABSOLUTE);
	assert_int_equal(l->tlvs[0].tag, 0x1401);
	assert_string_equal(l->tlvs[0].hex, "0aFF");
	assert_true(l->tls.on);
	assert_int_equal(load(WITH_SMPP("gsm7 = false;"))->carriers[0].links[0].alphabet, ALPHABET_UCS2);
	assert_false(load(BASE)->carriers[0].links[0].tls.on);
	bad(WITH_SMPP("gsm7 = false; alphabet = \"gsm7\";"), "carriers[0].links[0].alphabet", "gsm7 = false");
	bad(WITH_SMPP("alphabet = \"latin1\"; shift_tables = ( \"turkish\" );"), "carriers[0].links[0].shift_tables", "belong");
	bad(WITH_SMPP("shift_tables = ( \"klingon\" );"), "carriers[0].links[0].shift_tables[0]", "turkish");
	bad(WITH_SMPP("alphabet = \"latin1\"; locking_tables = ( \"turkish\" );"), "carriers[0].links[0].locking_tables", "belong");
	bad(WITH_SMPP("locking_tables = ( \"spanish\" );"), "carriers[0].links[0].locking_tables[0]", "turkish or portuguese");
	bad(WITH_SMPP("tlvs = ( { tag = 1; hex = \"0\"; } );"), "carriers[0].links[0].tlvs[0].hex", "two hex digits");
	bad(WITH_SMPP("tls = { };"), "carriers[0].links[0].tls.ca_file", "missing");
	bad(WITH_SMPP("mode = \"listen\"; tls = { ca_file = \"c\"; };"), "carriers[0].links[0].tls.certificate_file", "missing");
	bad(WITH_SMPP("mode = \"listen\"; tls = { certificate_file = \"c\"; key_file = \"k\"; name = \"n\"; };"),
	    "carriers[0].links[0].tls.name", "only with ca_file");
	bad(WITH_SMPP("reconnect_s = 90;"), "carriers[0].links[0].reconnect_s", "more than");
	bad(WITH_SMPP("rehearse_number = \"8613800000000\";"), "carriers[0].links[0].rehearse_number", "rehearse_min");
}

static void test_networks(void **state)
{
	const struct conf_network *n = load(BASE)->carriers[0].networks;

	assert_int_equal(n->mcc, 460);
	assert_int_equal(n->mnc, 0);
	assert_int_equal(n->mnc_digits, 2);
	bad(BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES
	    "carriers: ( { name = \"cm\"; networks = ( \"460-0a\" ); links = ( { " BASE_CBSP " } ); } );",
	    "carriers[0].networks[0]", "MCC-MNC");
	bad(BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES
	    "carriers: ( { name = \"a\"; networks = ( \"460-00\" ); links = ( { " BASE_CBSP
	    "} ); },\n{ name = \"b\"; networks = ( \"460-01\", \"460-0\" ); links = ( { " BASE_SMPP
	    "} ); } );",
	    "carriers[1].networks[1]", "stands twice");
}

static void test_unknown_keys(void **state)
{
	bad(WITH_SMPP("windw = 3;"), "carriers[0].links[0].windw", "did you mean window?");
	bad(WITH_SMPP("zzzzzzz = 3;"), "carriers[0].links[0].zzzzzzz", "unknown key");
	bad(BASE "extra = 1;", "extra", "unknown key");
}

static void test_wrong_types(void **state)
{
	bad(WITH_SMPP("window = \"3\";"), "carriers[0].links[0].window",
	    "expected a whole number, found a text");
	bad(WITH_SMPP("gsm7 = 1;"), "carriers[0].links[0].gsm7", "true or false");
	bad(WITH_SMPP("system_type = 3;"), "carriers[0].links[0].system_type", "text in quotes");
	bad(WITH_SMPP("source = 3;"), "carriers[0].links[0].source", "group");
	bad(WITH_SMPP("languages = \"zh\";"), "carriers[0].links[0].languages", "list");
	bad(WITH_SMPP("interface_version = 3.4;"), "carriers[0].links[0].interface_version",
	    "text in quotes");
	bad(WITH_LINKS("3"), "carriers[0].links[0]", "group");
	bad(BASE_CELLMAP BASE_AGENCIES BASE_TYPES BASE_CARRIERS "gateway = 5;", "gateway", "group");
}

static void test_ranges(void **state)
{
	bad(WITH_SMPP("window = 0;"), "carriers[0].links[0].window", "from 1 to 65535");
	bad(WITH_SMPP("burst = 0;"), "carriers[0].links[0].burst", "from 1");
	bad(WITH_CBSP("lacs = ( 4301, 65534 );"), "carriers[0].links[0].lacs[1]", "from 1 to 65533");
	bad(WITH_CBSP("lacs = ( 0 );"), "carriers[0].links[0].lacs[0]", "from 1");
	bad(WITH_CBSP("cells_per_request = 1001;"), "carriers[0].links[0].cells_per_request", "1000");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "max_radius_km = 0;"), "agencies[0].max_radius_km", "above 0");
	bad(WITH_SMPP("receipts = \"sample:2\";"), "carriers[0].links[0].receipts", "at most 1");
	bad(WITH_SMPP("receipts = \"sample:x\";"), "carriers[0].links[0].receipts", "sample:P");
	bad(WITH_SMPP("system_type = \"12345678901234\";"), "carriers[0].links[0].system_type", "at most 12");
	bad(WITH_SMPP("max_tries = 8;"), "carriers[0].links[0].max_tries", "1 to 7");
	bad(WITH_SMPP("test_numbers = ( \"123\" );"), "carriers[0].links[0].test_numbers[0]",
	    "5 to 15 digits");
	bad(WITH_SMPP("bind = \"both\";"), "carriers[0].links[0].bind", "\"transceiver\", \"transmitter\"");
}

static void test_missing_keys(void **state)
{
	bad(BASE_CELLMAP BASE_AGENCIES BASE_TYPES BASE_CARRIERS, "gateway", "required");
	bad(WITH_LINKS("{ name = \"b\"; type = \"cbsp\"; address = \"h\"; port = 1; }"),
	    "carriers[0].links[0].rate", "required");
	bad(WITH_LINKS("{ name = \"b\"; type = \"smpp\"; address = \"h\"; port = 1; rate = 1; password_file "
		       "= \"x\"; }"),
	    "carriers[0].links[0].system_id", "smpp link needs it");
	bad(WITH_AGENCY("name = \"a\"; spool = \"/p\"; allow_types = ( \"missing-child\" );"),
	    "agencies[0].keys", "missing");
	bad(WITH_AGENCY("name = \"a\"; spool = \"/p\"; keys = ( ); allow_types = ( \"missing-child\" );"),
	    "agencies[0].keys", "no public key");
	load(WITH_AGENCY(
		"name = \"a\"; spool = \"/p\"; allow_unsigned = true; allow_types = ( \"missing-child\" );"));
}

static void test_names_are_unique(void **state)
{
	bad(WITH_LINKS("{ " BASE_CBSP " }, { " BASE_CBSP " }"), "carriers[0].links[1].name",
	    "two links have the name bsc");
	bad(BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES
	    "carriers: ( { name = \"a\"; networks = ( \"460-00\" ); links = ( { " BASE_CBSP
	    "} ); }, { name = \"b\"; networks = ( \"460-01\" ); links = ( { " BASE_CBSP "} ); } );",
	    "carriers[1].links[0].name", "two links");
	bad(BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES
	    "carriers: ( { name = \"a\"; networks = ( \"460-00\" ); links = ( { " BASE_CBSP
	    "} ); }, { name = \"a\"; networks = ( \"460-01\" ); links = ( { " BASE_SMPP "} ); } );",
	    "carriers[1].name", "two carriers");
	bad(BASE_GATEWAY BASE_CELLMAP BASE_TYPES BASE_CARRIERS
	    "agencies: ( { " BASE_AGENCY_HEAD "},\n{ name = \"beijing\"; spool = \"/q\"; "
	    "allow_unsigned = true; allow_types = ( \"missing-child\" ); } );",
	    "agencies[1].name", "two agencies");
	bad(BASE_GATEWAY BASE_CELLMAP BASE_TYPES BASE_CARRIERS
	    "agencies: ( { " BASE_AGENCY_HEAD "},\n{ name = \"b\"; spool = \"/p\"; "
	    "allow_unsigned = true; allow_types = ( \"missing-child\" ); } );",
	    "agencies[1].spool", "share");
}

static void test_names_are_harmless(void **state)
{
	bad(WITH_LINKS("{ name = \"a/b\"; type = \"cbsp\"; address = \"h\"; port = 1; rate = 1; }"),
	    "carriers[0].links[0].name", "1 to 32");
	bad(WITH_LINKS("{ name = \"..\"; type = \"cbsp\"; address = \"h\"; port = 1; rate = 1; }"),
	    "carriers[0].links[0].name", "point");
}

static void test_keys_of_the_other_protocol(void **state)
{
	bad(WITH_CBSP("system_id = \"x\";"), "carriers[0].links[0].system_id", "only for smpp");
	bad(WITH_CBSP("source = { ton = 5; address = \"POLICE\"; };"), "carriers[0].links[0].source.ton", "only for smpp");
	bad(WITH_CBSP("tls = { ca_file = \"c\"; };"), "carriers[0].links[0].tls", "only for smpp");
	bad(WITH_CBSP("tls = { };"), "carriers[0].links[0].tls", "only for smpp");
	bad(WITH_SMPP("lacs = ( 1 );"), "carriers[0].links[0].lacs", "only for cbsp");
}

static void test_agency_limits(void **state)
{
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "max_radius_km = 100; max_ring_km = 50.0;"),
	    "agencies[0].max_ring_km", "less than");
	bad(WITH_AGENCY("name = \"a\"; spool = \"/p\"; keys = ( \"k\" ); allow_types = ( \"flood\" );"),
	    "agencies[0].allow_types[0]", "no alert type");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD
			"jurisdiction = ( { south = 41; west = 115; north = 39; east = 117; } );"),
	    "agencies[0].jurisdiction[0].south", "not below north");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD
			"jurisdiction = ( { south = -91; west = 115; north = 41; east = 117; } );"),
	    "agencies[0].jurisdiction[0].south", "-90 to 90");
}

static void test_fields(void **state)
{
	load(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"case_number\"; theirs = \"AJBH\"; }, { ours "
					  "= \"location.lat\"; theirs = \"P.W\"; } );"));
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"case\"; theirs = \"A\"; } );"),
	    "agencies[0].fields[0].ours", "no key");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"contact\"; theirs = \"案号\"; } );"),
	    "agencies[0].fields[0].theirs", "cannot be a key");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"contact\"; theirs = \"A.\"; } );"),
	    "agencies[0].fields[0].theirs", "cannot be a key");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"contact\"; theirs = \"type\"; } );"),
	    "agencies[0].fields[0].theirs", "another key");
	bad(WITH_AGENCY(BASE_AGENCY_HEAD "fields = ( { ours = \"contact\"; theirs = \"A\"; }, { ours = "
					 "\"type\"; theirs = \"A\"; } );"),
	    "agencies[0].fields[1].theirs", "two keys");
}

static void test_rings(void **state)
{
	load(WITH_TYPE("rings = ( { after_s = 10; radius_km = 200; }, { after_s = 20; radius_km = 300; } ); "
		       "texts = ( " BASE_TEXT_ZH " );"));
	bad(WITH_TYPE("rings = ( { after_s = 10; radius_km = 200; }, { after_s = 10; radius_km = 300; } ); "
		      "texts = ( " BASE_TEXT_ZH " );"),
	    "alert_types[0].rings[1].after_s", "not later");
	bad(WITH_TYPE("rings = ( { after_s = 10; radius_km = 100; } ); texts = ( " BASE_TEXT_ZH " );"),
	    "alert_types[0].rings[0].radius_km", "not larger");
	bad(WITH_TYPE("rings = ( { after_s = 90000; radius_km = 200; } ); texts = ( " BASE_TEXT_ZH " );"),
	    "alert_types[0].rings[0].after_s", "lifetime_s");
	bad(WITH_TYPE("lifetime_s = 600; texts = ( " BASE_TEXT_ZH " );"), "alert_types[0].lifetime_s",
	    "shorter");
}

static void test_templates(void **state)
{
	bad(WITH_TEXT("broadcast = \"{child.nam}\"; sms = \"s\"; found = \"f\";"),
	    "alert_types[0].texts[0].broadcast", "did you mean child.name");
	bad(WITH_TEXT("broadcast = \"b\"; sms = \"{xyzzy}\"; found = \"f\";"), "alert_types[0].texts[0].sms",
	    "unknown field {xyzzy}");
	bad(WITH_TEXT("broadcast = \"b\"; sms = \"s\"; found = \"{child.name\";"),
	    "alert_types[0].texts[0].found", "never closed");
	bad(WITH_TEXT("broadcast = \"[{contact}\"; sms = \"s\"; found = \"f\";"),
	    "alert_types[0].texts[0].broadcast", "never closed");
	bad(WITH_TEXT("broadcast = \"b\"; sms = \"s\";"), "alert_types[0].texts[0].found", "required");
	load(WITH_TEXT("broadcast = \"b\\nc\"; sms = \"s\"; found = \"f\";"));
	bad(WITH_SMPP("system_type = \"a\\nb\";"), "carriers[0].links[0].system_type", "line end");
}

static void test_text_identifiers(void **state)
{
	const struct conf *c = load(WITH_TYPE("texts = ( { language = \"zh\"; " THREE_TEXTS
					      "}, { language = \"en\"; " THREE_TEXTS "} );"));

	assert_int_equal(c->types[0].texts[1].message_identifier, 4392);
	assert_int_equal(c->types[0].texts[1].exercise_identifier, 4394);
	bad(WITH_TEXT("exercise_identifier = 4379; " THREE_TEXTS),
	    "alert_types[0].texts[0].exercise_identifier", "reaches the public");
	bad(WITH_TEXT("message_identifier = 900; exercise_identifier = 900; " THREE_TEXTS),
	    "alert_types[0].texts[0].exercise_identifier", "reaches the public");
	bad(WITH_TYPE("texts = ( { language = \"zh\"; " THREE_TEXTS "}, { language = \"zh\"; " THREE_TEXTS
		      "} );"),
	    "alert_types[0].texts[1].language", "two texts");
	bad(WITH_TYPE("texts = ( { language = \"chinese\"; " THREE_TEXTS "} );"),
	    "alert_types[0].texts[0].language", "two small letters");
	bad(WITH_SMPP("languages = ( \"ug\" );"), "carriers[0].links[0].languages[0]",
	    "no alert type has a text");
}

static void test_link_sense(void **state)
{
	bad(WITH_LINKS("{ name = \"a\"; type = \"cbsp\"; address = \"h\"; port = 1; rate = 0.0009; }"),
	    "carriers[0].links[0].rate", "less than 0.001");
	bad(WITH_SMPP("addressing = \"broadcast\";"), "carriers[0].links[0].addressing", "5.0");
	bad(WITH_SMPP("bind = \"receiver\";"), "carriers[0].links[0].bind", "cannot send");
	bad(WITH_SMPP("source = { ton = 5; address = \"MISSINGCHILD\"; };"),
	    "carriers[0].links[0].source.address", "11");
}

#define GATEWAY_AT(more) "gateway: { state_directory = \"/s\"; " more " };\n"
#define VTY(address)     "vty = { address = \"" address "\"; port = 2775; }; "
#define HTTP(address)    "http = { address = \"" address "\"; port = 2775; }; "
#define DIALS            "{ " BASE_SMPP " }"
#define LISTENS(name, address)                                                                               \
	"{ name = \"" name "\"; type = \"cbsp\"; mode = \"listen\"; address = \"" address                     \
	"\"; port = 2775; rate = 1; }"
#define WITH_LISTENERS(gateway, links)                                                                       \
	GATEWAY_AT(gateway)                                                                                  \
	BASE_CELLMAP BASE_AGENCIES BASE_TYPES "carriers: ( { " BASE_CARRIER_HEAD "links = ( " links " ); } );"

static void test_listening_addresses(void **state)
{
	load(WITH_LISTENERS(HTTP("0:0::1"), LISTENS("a", "127.0.0.1")));
	bad(WITH_LISTENERS(VTY("banana"), DIALS), "gateway.vty.address", "in digits");
	bad(WITH_LISTENERS(HTTP("localhost"), DIALS), "gateway.http.address", "in digits");
	bad(WITH_LISTENERS("", LISTENS("a", "localhost")), "carriers[0].links[0].address", "in digits");
}

static void test_one_listener_a_place(void **state)
{
	bad(WITH_LISTENERS(VTY("::1") HTTP("0::1"), DIALS), "gateway.http.port", "vty listens on port 2775 of ::1");
	bad(WITH_LISTENERS(HTTP("127.0.0.1"), LISTENS("a", "127.0.0.1")), "carriers[0].links[0].port", "http listens");
	bad(WITH_LISTENERS(VTY("0.0.0.0"), LISTENS("a", "10.0.0.1")), "carriers[0].links[0].port", "vty listens");
	bad(WITH_LISTENERS("", LISTENS("a", "127.0.0.1") ", " LISTENS("b", "0.0.0.0")), "carriers[0].links[1].port",
	    "a listens on port 2775 of 127.0.0.1");
	bad(WITH_LISTENERS("", LISTENS("a", "::") ", " LISTENS("b", "127.0.0.1")), "carriers[0].links[1].port",
	    "a listens on port 2775 of ::");
	load(WITH_LISTENERS("", LISTENS("a", "127.0.0.1") ", " LISTENS("b", "127.0.0.2")));
	load(WITH_LISTENERS(VTY("0.0.0.0"), LISTENS("a", "::1") ", " DIALS));
}

static void test_all_problems_in_one_run(void **state)
{
	struct conf_problems p = problems_of(
		BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES
		"carriers: ( { name = \"cm\";\n"
		"networks = ( \"46000\" );\nlinks = ( { name = \"x\"; type = \"cbsp\";\naddress = 5;\n"
		"port = 70000;\nrate = -1;\nwidnow = 4; } ); } );");

	assert_int_equal(p.n, 5);
	for (size_t i = 1; i < p.n; i++)
		assert_true(p.v[i - 1].line <= p.v[i].line);
	assert_int_equal(p.v[0].line, 6);
	assert_int_equal(p.v[4].line, 11);
	assert_string_equal(conf_problem_line(ctx, &p.v[4]),
			    "t.cfg:11: carriers[0].links[0].widnow: unknown key; did you mean window?");
}

static void test_syntax_error_has_its_line(void **state)
{
	struct conf_problems p = problems_of("gateway: {\n name = \"x\n};\n");

	assert_int_equal(p.v[0].line, 2);
}

static void test_lookups(void **state)
{
	const struct conf *c = load(BASE);
	const struct conf_link *l = NULL;

	assert_ptr_equal(conf_agency(c, "beijing"), &c->agencies[0]);
	assert_null(conf_agency(c, "x"));
	assert_ptr_equal(conf_type(c, "missing-child"), &c->types[0]);
	assert_null(conf_type(c, "x"));
	assert_ptr_equal(conf_carrier_of(c, "bsc", &l), &c->carriers[0]);
	assert_string_equal(l->name, "bsc");
	assert_null(conf_carrier_of(c, "x", NULL));
}

static void test_warnings(void **state)
{
	struct conf_problems w;

	conf_warnings(ctx, load(WITH_SMPP("addressing = \"cells\"; source = { address = \"1\"; };")), &w);
	assert_int_equal(w.n, 0);
	conf_warnings(
		ctx,
		load(WITH_LINKS("{ name = \"b\"; type = \"cbsp\"; address = \"h\"; port = 1; rate = 0.0; }")),
		&w);
	assert_int_equal(w.n, 1);
	assert_true(strstr(w.v[0].text, "without a limit"));
	conf_warnings(ctx,
		      load(WITH_LINKS("{ name = \"s\"; type = \"smpp\"; address = \"h\"; port = 1; rate = 0; system_id = \"x\"; "
				      "password_file = \"/p\"; addressing = \"cells\"; source = { address = \"1\"; }; }")),
		      &w);
	assert_int_equal(w.n, 1); /* its carrier's limit is another promise */
	conf_warnings(ctx,
		      load(WITH_AGENCY("name = \"a\"; spool = \"/p\"; allow_unsigned = true; allow_types = ( "
				       "\"missing-child\" );")),
		      &w);
	assert_int_equal(w.n, 3); /* unsigned, anywhere, no subscribers */
}

static const struct osmo_tdef *timer(const struct osmo_tdef *all, const char *name)
{
	const struct osmo_tdef *t;

	osmo_tdef_for_each(t, all)
		if (!strncmp(t->desc, name, strlen(name)) && t->desc[strlen(name)] == ':')
			return t;
	return NULL;
}

static void test_timers(void **state)
{
	const struct conf *c = load(WITH_SMPP("enquire_link_s = 7; rehearse_min = 5;"));
	struct conf_link other = c->carriers[0].links[0];
	const struct osmo_tdef *all = conf_timers(ctx, &c->carriers[0].links[0]), *t, *cbsp;

	t = timer(all, "enquire_link_s");
	assert_int_equal(t->val, 7);
	assert_int_equal(t->default_val, 30);
	assert_int_equal(t->min_val, 1);
	assert_int_equal(t->max_val, 3600);
	assert_int_equal(t->unit, OSMO_TDEF_S);
	assert_int_equal(timer(all, "rehearse_min")->unit, OSMO_TDEF_M);
	assert_int_equal(timer(all, "unbind_s")->val, 5);
	assert_null(timer(all, "window"));
	other.type = LINK_CBSP;
	cbsp = conf_timers(ctx, &other);
	assert_null(timer(cbsp, "unbind_s"));
	assert_int_equal(timer(cbsp, "enquire_link_s")->T, t->T);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_burst_is_at_least_one),
		cmocka_unit_test(test_callers_of_both_protocols),
		cmocka_unit_test(test_point_or_no_point),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_text_and_tls_keys),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_wrong_types),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_names_are_harmless),
		cmocka_unit_test(test_keys_of_the_other_protocol),
		cmocka_unit_test(test_agency_limits),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_text_identifiers),
		cmocka_unit_test(test_link_sense),
		cmocka_unit_test(test_listening_addresses),
		cmocka_unit_test(test_one_listener_a_place),
		cmocka_unit_test(test_all_problems_in_one_run),
		cmocka_unit_test(test_syntax_error_has_its_line),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

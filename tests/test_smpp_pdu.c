/* PDUs: real and constructed octets decode as they should, come out of the encoder again, and agree with
 * libsmpp34. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "smpp/pack34.h"
#include "smpp/pdu.h"
#include "smpp/status.h"
#include "smpp/stream.h"

static uint8_t octets[SMPP_PDU_MAX + 64], out[SMPP_PDU_MAX + 64];
static struct smpp_pdu pdu;
static uint32_t fault;

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t from_hex(const char *text)
{
	size_t n = 0;

	for (; digit(text[0]) >= 0 && digit(text[1]) >= 0; text += 2)
		octets[n++] = digit(text[0]) << 4 | digit(text[1]);
	return n;
}

/* Decodes from an allocation of the exact size, so that a sanitizer sees one octet too far. */
static int decode(const char *hex)
{
	static uint8_t *exact;
	size_t len = from_hex(hex);

	free(exact);
	exact = malloc(len ? len : 1);
	memcpy(exact, octets, len);
	return smpp_decode(exact, len, &pdu, &fault);
}

static void walk_slices(void)
{
	struct smpp_tlv tlv;
	struct smpp_dest dest;
	const uint8_t *text;
	size_t at = 0, len;

	while (smpp_tlv_next(&pdu, &at, &tlv))
		assert_true(tlv.value + tlv.len <= pdu.tlvs + pdu.tlvs_len);
	at = 0;
	while (smpp_dest_next(&pdu, &at, &dest))
		assert_non_null(dest.address.digits);
	at = 0;
	while (smpp_failed_next(&pdu, &at, &dest))
		assert_non_null(dest.address.digits);
	smpp_message(&pdu, &text, &len);
}

struct verdict {
	unsigned int pdus;
	int worst;
	bool odd;
};

static bool judge(void *arg, const uint8_t *frame, size_t len)
{
	struct verdict *v = arg;
	int rc = smpp_decode(frame, len, &pdu, &fault);
	int n;

	v->pdus++;
	v->odd |= pdu.odd;
	if (rc < 0)
		v->worst = rc;
	walk_slices();
	if (rc < 0 || pdu.odd)
		return true;
	n = smpp_encode(&pdu, out, sizeof(out));
	/* A response without body is read, but never made. */
	if (len > SMPP_HEADER || n == SMPP_HEADER) {
		assert_int_equal(n, len);
		assert_memory_equal(out, frame, len);
	}
	return true;
}

/* A vector as a peer would send it. Negative also when something is left that never becomes a PDU. */
static struct verdict run(const char *hex)
{
	struct verdict v = {0};
	struct smpp_stream s;
	size_t len = from_hex(hex);
	uint8_t *exact = malloc(len ? len : 1);
	int rc;

	memcpy(exact, octets, len);
	smpp_stream_init(&s, NULL);
	rc = smpp_stream_feed(&s, exact, len, judge, &v);
	if (rc < 0)
		v.worst = rc;
	smpp_stream_reset(&s);
	free(exact);
	return v;
}

static FILE *shared(const char *name)
{
	const char *dir = getenv("SHARED_DATA");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/data", name);
	f = fopen(path, "r");
	if (!f) {
		print_message("# %s is not there\n", path);
		skip();
	}
	return f;
}

static void shared_vectors(void **state)
{
	static char line[40000];
	FILE *f = shared("vectors/vectors.tsv");
	unsigned int n = 0;

	while (fgets(line, sizeof(line), f)) {
		char *save, *name = strtok_r(line, "\t", &save), *protocol = strtok_r(NULL, "\t", &save);
		char *kind = strtok_r(NULL, "\t", &save), *hex = strtok_r(NULL, "\t", &save);
		struct verdict v;

		if (!hex || strcmp(protocol, "smpp"))
			continue;
		v = run(hex);
		if ((v.worst < 0) != !strcmp(kind, "negative"))
			fail_msg("%s is %s, but decoding gave %d (fault %u)", name, kind, v.worst, fault);
		n++;
	}
	fclose(f);
	assert_true(n >= 79);
}

/* What the decoder must make of a dump, by the oddities that are noted with it. */
static void check_dump(const char *test, const char *oddities, struct verdict v)
{
	static const struct {
		const char *oddity;
		int worst;
		bool odd;
	} expect[] = {{"shorter than a PDU header", 0, false}, {"command_length 4026531857", -EPROTO, false},
		      {"unknown command_id", -ENOSYS, false},  {"message_id without NUL", -EBADMSG, false},
		      {"sm_length runs past", -EBADMSG, true}, {"runs past the end", 0, true}};
	bool short_one = strstr(oddities, "shorter") != NULL;
	int worst = 0;

	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		if (!strstr(oddities, expect[i].oddity))
			continue;
		worst = expect[i].worst;
		if (expect[i].odd && worst == 0 && !v.odd)
			fail_msg("%s: nothing odd was seen", test);
		break;
	}
	if (v.worst != worst || (v.pdus > 0) != (!short_one && worst != -EPROTO))
		fail_msg("%s (%s): decoding gave %d, %u PDUs", test, oddities, v.worst, v.pdus);
}

static void shared_dumps(void **state)
{
	static char line[40000];
	FILE *f = shared("smpp/pdu-hexdumps-cloudhopper-dev.jsonl");
	unsigned int n = 0;

	while (fgets(line, sizeof(line), f)) {
		const char *hex = strstr(line, "\"hex\": \""), *test = strstr(line, "\"test\": \""),
			   *oddities = strstr(line, "\"oddities\": ");
		char name[100];

		if (!hex || !test || !oddities)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(test + 9, "\""), test + 9);
		check_dump(name, oddities + 12, run(hex + 8));
		n++;
	}
	fclose(f);
	assert_true(n >= 59);
}

static void error_response_may_carry_anything(void **state)
{
	assert_int_equal(decode("00000010800000040000000b00000002"), 0);
	assert_int_equal(pdu.status, SMPP_RINVDSTADR);
	assert_int_equal(decode("00000011800000040000000b0000000200"), 0);
	assert_int_equal(decode("00000013800000040000000b00000002414243"), 0);
	assert_true(pdu.odd);
	assert_int_equal(decode("00000014800000040000000b0000000241424300"), 0);
	assert_string_equal(pdu.message_id, "ABC");
}

static void ok_response_without_nul_is_malformed_but_names_its_request(void **state)
{
	assert_int_equal(decode("0000001380000004000000000000002a414243"), -EBADMSG);
	assert_int_equal(pdu.sequence, 42);
	assert_int_equal(pdu.status, 0);
}

static void any_sequence_is_read(void **state)
{
	assert_int_equal(decode("00000010000000150000000000000000"), 0);
	assert_int_equal(decode("000000100000001500000000a2859f22"), 0);
	assert_int_equal(pdu.sequence, 0xA2859F22);
}

static void unknown_commands(void **state)
{
	assert_int_equal(decode("00000010000001100000000000000007"), -ENOSYS);
	assert_int_equal(fault, SMPP_RINVCMDID);
	assert_int_equal(pdu.sequence, 7);
	assert_int_equal(decode("00000010000102000000000000000007"), -ENOSYS);
	assert_int_equal(decode("000000108000000b0000000000000007"), -ENOSYS);
	assert_int_equal(decode("00000010ffffffff0000000000000007"), -ENOSYS);
}

static void extra_nul_before_tlvs(void **state)
{
	/* deliver_sm, text "A", NUL, message_state 2 */
	assert_int_equal(decode("0000002a00000005000000000000000100010131000101320000000000000000000001410004"
				"27000102"),
			 0);
	struct smpp_tlv tlv;

	assert_true(pdu.odd);
	assert_true(smpp_tlv_find(&pdu, SMPP_TLV_MESSAGE_STATE, &tlv));
	assert_int_equal(tlv.value[0], 2);
}

static void torn_tlv_is_dropped_alone(void **state)
{
	struct smpp_tlv tlv;

	assert_int_equal(
		decode("0000002780000004000000000000000141000428000105001e00414142434445464748494a4b4c"), 0);
	assert_true(smpp_tlv_find(&pdu, SMPP_TLV_CONGESTION, &tlv));
	assert_false(smpp_tlv_find(&pdu, SMPP_TLV_RECEIPTED_MESSAGE_ID, &tlv));
	assert_true(pdu.odd);
}

static void every_truncation_is_survived(void **state)
{
	static const char multi[] = "0000006e00000021000000000000000d616263001c1d416c696365720003010000426f62"
				    "3100024c6973743100024c"
				    "69737432000d633d00005300080030006e006700681eaf0020006e00670068006900ea00"
				    "6e00670020006e0067006"
				    "800691ec5006e00670020006e00671ea3";
	size_t len = from_hex(multi);

	for (size_t n = 0; n < len; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, octets, n);
		if (n >= 4)
			memcpy(cut, (const uint8_t[]){0, 0, 0, n}, 4);
		assert_int_equal(smpp_decode(cut, n, &pdu, &fault), -EBADMSG);
		walk_slices();
		free(cut);
	}
}

static void framing(void **state)
{
	static const uint8_t small[] = {0, 0, 0, 15}, big[] = {0, 1, 0x11, 0x71}, most[] = {0, 1, 0x11, 0x70};

	assert_int_equal(smpp_frame(small, 4), -EPROTO);
	assert_int_equal(smpp_frame(big, 4), -EPROTO);
	assert_int_equal(smpp_frame(most, 4), 0);
	assert_int_equal(smpp_frame((const uint8_t *)"\xFF\xFF\xFF\xFF", 4), -EPROTO);
	assert_int_equal(smpp_frame(small, 3), 0);
}

struct seen {
	unsigned int n, stop_at;
	size_t octets;
};

static bool count(void *arg, const uint8_t *frame, size_t len)
{
	struct seen *s = arg;

	s->n++;
	s->octets += len;
	return s->n != s->stop_at;
}

static void stream_cut_anywhere(void **state)
{
	static const char three[] = "00000010000000150000000000000001"
				    "0000001680000004000000000000000268656c6c6f00"
				    "00000010000000150000000000000003";
	size_t len = from_hex(three);

	for (size_t step = 1; step <= len; step++) {
		struct smpp_stream s;
		struct seen seen = {0};

		smpp_stream_init(&s, NULL);
		for (size_t at = 0; at < len; at += step)
			assert_int_equal(smpp_stream_feed(&s, octets + at, step < len - at ? step : len - at,
							  count, &seen),
					 0);
		assert_int_equal(seen.n, 3);
		assert_int_equal(seen.octets, len);
		smpp_stream_reset(&s);
	}
}

static void stream_stops_when_told(void **state)
{
	struct smpp_stream s;
	struct seen seen = {.stop_at = 1};
	size_t len = from_hex("0000001000000015000000000000000100000010000000150000000000000003");

	smpp_stream_init(&s, NULL);
	assert_int_equal(smpp_stream_feed(&s, octets, len, count, &seen), -ECANCELED);
	assert_int_equal(seen.n, 1);
	smpp_stream_reset(&s);
}

static void stream_loses_framing_in_pieces(void **state)
{
	struct smpp_stream s;
	struct seen seen = {0};

	smpp_stream_init(&s, NULL);
	assert_int_equal(smpp_stream_feed(&s, (const uint8_t *)"HT", 2, count, &seen), 0);
	assert_int_equal(smpp_stream_feed(&s, (const uint8_t *)"TP/1.1", 6, count, &seen), -EPROTO);
	smpp_stream_reset(&s);
}

static const struct smpp_pdu ours[] = {
	{.id = SMPP_BIND_TRANSCEIVER,
	 .sequence = 1,
	 .system_id = "reunion",
	 .password = "secret08",
	 .system_type = "CBS",
	 .interface_version = 0x34,
	 .source = {1, 1, "^86"}},
	{.id = SMPP_BIND_TRANSMITTER, .sequence = 0x7FFFFFFF, .system_id = "a", .interface_version = 0x34},
	{.id = SMPP_BIND_RECEIVER,
	 .sequence = 2,
	 .system_id = "123456789012345",
	 .password = "12345678",
	 .interface_version = 0x34},
	{.id = SMPP_BIND_TRANSCEIVER | SMPP_RESP,
	 .sequence = 3,
	 .system_id = "SMSC",
	 .tlvs = (const uint8_t *)"\x02\x10\x00\x01\x34",
	 .tlvs_len = 5},
	{.id = SMPP_OUTBIND, .sequence = 4, .system_id = "inventory", .password = "ipasswor"},
	{.id = SMPP_UNBIND, .sequence = 5},
	{.id = SMPP_UNBIND | SMPP_RESP, .sequence = 6},
	{.id = SMPP_ENQUIRE_LINK, .sequence = 7},
	{.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = 8},
	{.id = SMPP_GENERIC_NACK, .status = 3, .sequence = 9},
	{.id = SMPP_SUBMIT_SM,
	 .sequence = 10,
	 .source = {5, 0, "POLICE"},
	 .dest = {1, 1, "8613800000000"},
	 .esm_class = 0x40,
	 .validity = "000000060000000R",
	 .registered = 1,
	 .data_coding = 8,
	 .message = (const uint8_t *)"\x06\x08\x04\x12\x34\x02\x01\x4E\x2D",
	 .message_len = 9},
	{.id = SMPP_SUBMIT_SM,
	 .sequence = 11,
	 .service_type = "CMT",
	 .source = {0, 0, "110"},
	 .dest = {1, 1, "49"},
	 .message = (const uint8_t *)"\x00\x1B\x65@",
	 .message_len = 4,
	 .tlvs = (const uint8_t *)"\x02\x0C\x00\x02\x12\x34\x02\x0E\x00\x01\x02\x02\x0F\x00\x01\x01",
	 .tlvs_len = 16},
	{.id = SMPP_SUBMIT_SM,
	 .sequence = 12,
	 .source = {5, 0, "POLICE"},
	 .dest = {1, 1, "861"},
	 .tlvs = (const uint8_t *)"\x04\x24\x00\x05hello",
	 .tlvs_len = 9},
	{.id = SMPP_DELIVER_SM,
	 .sequence = 13,
	 .source = {1, 1, "861"},
	 .dest = {0, 0, "110"},
	 .message = (const uint8_t *)"saw her",
	 .message_len = 7},
	{.id = SMPP_DELIVER_SM | SMPP_RESP, .sequence = 14},
	{.id = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = 15, .message_id = "0a1b2c"},
	{.id = SMPP_DATA_SM,
	 .sequence = 16,
	 .source = {1, 1, "861"},
	 .dest = {1, 1, "862"},
	 .registered = 1,
	 .tlvs = (const uint8_t *)"\x04\x24\x00\x02hi",
	 .tlvs_len = 6},
	{.id = SMPP_QUERY_SM, .sequence = 17, .message_id = "0a1b2c", .source = {1, 1, "861"}},
	{.id = SMPP_CANCEL_SM,
	 .sequence = 18,
	 .message_id = "0a1b2c",
	 .source = {1, 1, "861"},
	 .dest = {1, 1, "862"}},
	{.id = SMPP_CANCEL_SM | SMPP_RESP, .sequence = 19},
	{.id = SMPP_REPLACE_SM,
	 .sequence = 20,
	 .message_id = "7",
	 .source = {1, 1, "861"},
	 .message = (const uint8_t *)"new",
	 .message_len = 3},
	{.id = SMPP_REPLACE_SM | SMPP_RESP, .sequence = 21},
};

static void libsmpp34_gives_the_same_octets(void **state)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		uint8_t theirs[2048];
		int n = smpp_encode(&ours[i], out, sizeof(out)),
		    m = smpp_pack34(&ours[i], theirs, sizeof(theirs));

		if (n != m || memcmp(out, theirs, n))
			fail_msg("PDU %zu (command %08x): %d octets by us, %d by libsmpp34", i, ours[i].id, n,
				 m);
		assert_int_equal(smpp_decode(out, n, &pdu, &fault), 0);
		assert_false(pdu.odd);
	}
}

static void what_libsmpp34_cannot_make_is_ours(void **state)
{
	struct smpp_pdu p = {.id = SMPP_BIND_TRANSCEIVER, .sequence = 1, .interface_version = 0x50};

	assert_int_equal(smpp_pack34(&p, out, sizeof(out)), -ENOTSUP);
	assert_true(smpp_pack(&p, out, sizeof(out)) > 0);
	p = (struct smpp_pdu){.id = SMPP_ENQUIRE_LINK | SMPP_RESP, .sequence = 0x80000001};
	assert_int_equal(smpp_pack34(&p, out, sizeof(out)), -ENOTSUP);
	assert_int_equal(smpp_pack(&p, out, sizeof(out)), 16);
}

static void submit_multi_254_round_trip(void **state)
{
	static uint8_t list[8192];
	struct smpp_pdu p = {.id = SMPP_SUBMIT_MULTI,
			     .sequence = 1,
			     .source = {5, 0, "POLICE"},
			     .n_dests = 254,
			     .dests = list,
			     .message = (const uint8_t *)"x",
			     .message_len = 1};
	struct smpp_dest d;
	size_t at = 0;
	unsigned int n = 0;
	int len;

	for (unsigned int i = 0; i < 254; i++) {
		char name[32];

		snprintf(name, sizeof(name), "46000-4301-%u", i);
		d = (struct smpp_dest){.list = i % 2, .address = {1, 1, name}};
		assert_int_equal(smpp_dest_put(list, sizeof(list), &p.dests_len, &d), 0);
	}
	len = smpp_encode(&p, out, sizeof(out));
	assert_true(len > 0);
	assert_int_equal(smpp_decode(out, len, &pdu, &fault), 0);
	while (smpp_dest_next(&pdu, &at, &d))
		assert_int_equal(d.list, n++ % 2);
	assert_int_equal(n, 254);
	assert_int_equal(pdu.message[0], 'x');
}

static void encoder_refuses_what_does_not_fit(void **state)
{
	struct smpp_pdu p = {.id = SMPP_SUBMIT_SM, .dest.digits = "123456789012345678901"};
	struct smpp_dest d = {.list = true, .address.digits = "123456789012345678901"};
	size_t at = 0;

	assert_int_equal(smpp_encode(&p, out, sizeof(out)), -EINVAL);
	p.dest.digits = "1";
	assert_int_equal(smpp_encode(&p, out, 20), -ENOSPC);
	p.id = 0x110;
	assert_int_equal(smpp_encode(&p, out, sizeof(out)), -ENOSYS);
	assert_int_equal(smpp_dest_put(out, sizeof(out), &at, &d), -EINVAL);
	assert_int_equal(smpp_tlv_put(out, 5, &at, 1, "ab", 2), -ENOSPC);
}

/* Strings are copied in words: of every length, into room that ends right behind, and into less. */
static void encoder_keeps_within_its_room(void **state)
{
	static const char digits[] = "12345678901234567890";

	for (size_t n = 0; n <= 20; n++) {
		struct smpp_pdu p = {.id = SMPP_SUBMIT_SM, .sequence = 1, .source.digits = digits + 20 - n, .dest.digits = digits + n,
				     .validity = "000000060000000R", .message = (const uint8_t *)digits, .message_len = n}, read;
		int len = smpp_encode(&p, out, sizeof(out));

		assert_int_equal(len, 16 + 1 + 2 + n + 1 + 2 + 20 - n + 1 + 3 + 1 + 17 + 4 + 1 + n);
		assert_int_equal(smpp_decode(out, len, &read, &fault), 0);
		assert_string_equal(read.source.digits, p.source.digits);
		assert_string_equal(read.dest.digits, p.dest.digits);
		assert_string_equal(read.validity, p.validity);
		assert_memory_equal(read.message, digits, n);
		for (int room = 0; room <= len; room++) {
			uint8_t *tight = malloc(room + 1); /* the sanitizer watches its end */

			tight[room] = 0xA5;
			assert_int_equal(smpp_encode(&p, tight, room), room < len ? -ENOSPC : len);
			assert_int_equal(tight[room], 0xA5);
			free(tight);
		}
	}
}

static void status_classes(void **state)
{
	static const struct {
		uint32_t status;
		char class;
	} want[] = {{0, '-'},          {0x0B, 'P'},  {0x14, 'X'},  {0x58, 'X'}, {0x45, 'T'},
		    {0x04, 'S'},       {0x0A, 'S'},  {0x43, 'R'},  {0x22, 'T'}, {0x401, 'T'},
		    {0xFFFFFFFF, 'T'}, {0x10D, 'T'}, {0x108, 'P'}, {0xFF, 'T'}};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(smpp_status_class(want[i].status), want[i].class);
	assert_string_equal(smpp_status_name(0x58), "RTHROTTLED");
	assert_string_equal(smpp_status_name(0x401), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_vectors),
		cmocka_unit_test(shared_dumps),
		cmocka_unit_test(error_response_may_carry_anything),
		cmocka_unit_test(ok_response_without_nul_is_malformed_but_names_its_request),
		cmocka_unit_test(any_sequence_is_read),
		cmocka_unit_test(unknown_commands),
		cmocka_unit_test(extra_nul_before_tlvs),
		cmocka_unit_test(torn_tlv_is_dropped_alone),
		cmocka_unit_test(every_truncation_is_survived),
		cmocka_unit_test(framing),
		cmocka_unit_test(stream_cut_anywhere),
		cmocka_unit_test(stream_stops_when_told),
		cmocka_unit_test(stream_loses_framing_in_pieces),
		cmocka_unit_test(libsmpp34_gives_the_same_octets),
		cmocka_unit_test(what_libsmpp34_cannot_make_is_ours),
		cmocka_unit_test(submit_multi_254_round_trip),
		cmocka_unit_test(encoder_refuses_what_does_not_fit),
		cmocka_unit_test(encoder_keeps_within_its_room),
		cmocka_unit_test(status_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What an SMPP link makes of a payload: PDUs by carrier method, cells' names, validity, the receipts' sample.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "gateway/link_smpp.h"
#include "gateway/receipts.h"

static struct conf_link cfg;
static struct payload payload;
static char text[2048];

static struct smpp_drafts *drafts(enum conf_long how, unsigned int letters)
{
	cfg.long_messages = how;
	cfg.source.address = "POLICE";
	cfg.source.ton = 5;
	payload.n_texts = 1;
	payload.udh_ref = 0x1234;
	memset(text, 'a', letters);
	text[letters] = '\0';
	assert_int_equal(smpp_text_split(text, true, (enum smpp_long)how, &payload.sms[0], NULL), 0);
	return link_smpp_drafts(NULL, &cfg, &payload);
}

static int setup(void **state)
{
	memset(&cfg, 0, sizeof(cfg));
	memset(&payload, 0, sizeof(payload));
	return 0;
}

static void enums_agree(void **state)
{
	assert_int_equal((int)SMPP_LONG_UDH16, (int)LONG_UDH16);
	assert_int_equal((int)SMPP_LONG_UDH8, (int)LONG_UDH8);
	assert_int_equal((int)SMPP_LONG_SAR, (int)LONG_SAR);
	assert_int_equal((int)SMPP_LONG_PAYLOAD, (int)LONG_PAYLOAD);
}

static void by_udh(void **state)
{
	struct smpp_drafts *d = drafts(LONG_UDH16, 200);

	assert_int_equal(d->n, 2);
	assert_int_equal(d->v[1].pdu.esm_class, 0x40);
	assert_memory_equal(d->v[1].pdu.message, "\x06\x08\x04\x12\x34\x02\x02", 7);
	assert_int_equal(d->v[0].pdu.message_len, 7 + 152);
	talloc_free(d);
	d = drafts(LONG_UDH8, 200);
	assert_memory_equal(d->v[0].pdu.message, "\x05\x00\x03\x34\x02\x01", 6);
	assert_int_equal(d->v[0].pdu.message_len, 6 + 153);
	talloc_free(d);
}

static void by_udh_with_a_shift_table(void **state)
{
	struct smpp_drafts *d;

	payload.n_texts = 1;
	payload.udh_ref = 0x1234;
	for (enum conf_long how = LONG_UDH16; how <= LONG_SAR; how++) {
		static const struct {
			const char *octets;
			size_t n;
		} header[] = {{"\x09\x08\x04\x12\x34\x02\x01\x24\x01\x01", 10},
			      {"\x08\x00\x03\x34\x02\x01\x24\x01\x01", 9},
			      {"\x03\x24\x01\x01", 4}};
		struct smpp_tlv tlv;

		cfg.long_messages = how;
		memset(text, 'a', 200);
		strcpy(text + 200, "ş");
		assert_int_equal(smpp_text_split(text, SMPP_GSM7 | SMPP_WITH_SHIFT << SMPP_SHIFT_TURKISH, (enum smpp_long)how,
						 &payload.sms[0], NULL), 0);
		d = link_smpp_drafts(NULL, &cfg, &payload);
		assert_int_equal(d->n, 2);
		assert_int_equal(d->v[0].pdu.esm_class, 0x40);
		assert_memory_equal(d->v[0].pdu.message, header[how].octets, header[how].n);
		assert_true((d->v[0].pdu.message_len - header[how].n) * 7 / 8 + header[how].n <= 140);
		assert_int_equal(smpp_tlv_find(&d->v[0].pdu, SMPP_TLV_SAR_REF, &tlv), how == LONG_SAR);
		talloc_free(d);
	}
}

static void by_udh_with_a_locking_table(void **state)
{
	struct smpp_drafts *d;

	payload.n_texts = 1;
	payload.udh_ref = 0x1234;
	cfg.long_messages = LONG_UDH16;
	assert_int_equal(smpp_text_split("kayıp", SMPP_GSM7 | SMPP_WITH_LOCK << SMPP_SHIFT_TURKISH, SMPP_LONG_UDH16, &payload.sms[0], NULL), 0);
	d = link_smpp_drafts(NULL, &cfg, &payload);
	assert_int_equal(d->n, 1);
	assert_int_equal(d->v[0].pdu.esm_class, 0x40);
	assert_int_equal(d->v[0].pdu.message_len, 9);
	assert_memory_equal(d->v[0].pdu.message, "\x03\x25\x01\x01kay\x07p", 9);
	talloc_free(d);
	memset(text, 'a', 200);
	strcpy(text + 200, "şşãã");
	assert_int_equal(smpp_text_split(text, SMPP_GSM7 | SMPP_WITH_LOCK << SMPP_SHIFT_TURKISH | SMPP_WITH_SHIFT << SMPP_SHIFT_PORTUGUESE,
					 SMPP_LONG_UDH16, &payload.sms[0], NULL), 0);
	d = link_smpp_drafts(NULL, &cfg, &payload);
	assert_int_equal(d->n, 2);
	assert_memory_equal(d->v[1].pdu.message, "\x0C\x08\x04\x12\x34\x02\x02\x24\x01\x03\x25\x01\x01", 13);
	assert_int_equal(d->v[0].pdu.message_len, 13 + 145);
	talloc_free(d);
}

static void as_the_carrier_wants_it(void **state)
{
	struct conf_tlv extra[] = {{0x1401, "0aFF"}, {0x1402, ""}};
	struct smpp_drafts *d;
	struct smpp_tlv tlv;

	cfg.priority = 3;
	cfg.protocol_id = 0x41;
	cfg.validity = VALIDITY_ABSOLUTE;
	cfg.tlvs = extra;
	cfg.n_tlvs = 2;
	payload.validity_s = 3600;
	payload.expires_at = 1764070200;
	payload.flash = true;
	d = drafts(LONG_UDH16, 20);
	assert_int_equal(d->v[0].pdu.priority, 3);
	assert_int_equal(d->v[0].pdu.protocol_id, 0x41);
	assert_int_equal(d->v[0].pdu.data_coding, 0x10);
	assert_string_equal(d->v[0].pdu.validity, "251125113000000+");
	assert_true(smpp_tlv_find(&d->v[0].pdu, 0x1401, &tlv));
	assert_int_equal(tlv.len, 2);
	assert_memory_equal(tlv.value, "\x0A\xFF", 2);
	assert_true(smpp_tlv_find(&d->v[0].pdu, 0x1402, &tlv));
	assert_int_equal(tlv.len, 0);
	assert_false(smpp_tlv_find(&d->v[0].pdu, SMPP_TLV_DEST_SUBUNIT, &tlv));
	talloc_free(d);
	cfg.validity = VALIDITY_NONE;
	payload.sms[0].data_coding = 3; /* no class in it: the TLV says that it is to be shown */
	d = link_smpp_drafts(NULL, &cfg, &payload);
	assert_int_equal(d->v[0].pdu.data_coding, 3);
	assert_string_equal(d->v[0].pdu.validity, "");
	assert_true(smpp_tlv_find(&d->v[0].pdu, SMPP_TLV_DEST_SUBUNIT, &tlv));
	assert_int_equal(tlv.value[0], 1);
	talloc_free(d);
}

static void by_sar(void **state)
{
	struct smpp_drafts *d = drafts(LONG_SAR, 200);
	struct smpp_tlv tlv;

	assert_int_equal(d->v[1].pdu.esm_class, 0);
	assert_true(smpp_tlv_find(&d->v[1].pdu, SMPP_TLV_SAR_REF, &tlv));
	assert_memory_equal(tlv.value, "\x12\x34", 2);
	assert_true(smpp_tlv_find(&d->v[1].pdu, SMPP_TLV_SAR_SEQ, &tlv));
	assert_int_equal(tlv.value[0], 2);
	assert_true(smpp_tlv_find(&d->v[1].pdu, SMPP_TLV_SAR_TOTAL, &tlv));
	assert_int_equal(tlv.value[0], 2);
	talloc_free(d);
}

static void by_payload(void **state)
{
	struct smpp_drafts *d = drafts(LONG_PAYLOAD, 1500);
	struct smpp_tlv tlv;

	assert_int_equal(d->n, 1);
	assert_int_equal(d->cost, 10);
	assert_int_equal(d->v[0].pdu.message_len, 0);
	assert_true(smpp_tlv_find(&d->v[0].pdu, SMPP_TLV_PAYLOAD, &tlv));
	assert_int_equal(tlv.len, 1500);
	talloc_free(d);
}

static void short_text_needs_no_header(void **state)
{
	for (enum conf_long how = LONG_UDH16; how <= LONG_PAYLOAD; how++) {
		struct smpp_drafts *d = drafts(how, 160);

		assert_int_equal(d->n, 1);
		assert_int_equal(d->v[0].pdu.esm_class, 0);
		assert_int_equal(d->v[0].pdu.message_len, 160);
		assert_int_equal(d->v[0].pdu.tlvs_len, 0);
		talloc_free(d);
	}
}

static void flash(void **state)
{
	struct smpp_drafts *d;

	payload.flash = 1;
	d = drafts(LONG_UDH16, 10);
	assert_int_equal(d->v[0].pdu.data_coding, 0x10);
	talloc_free(d);
}

static void broadcast_areas(void **state)
{
	static const char names[2][SMPP_CELL_NAME] = {"46000-4301-6969", "46000-L7"};
	struct smpp_drafts *d;
	struct smpp_pdu pdu;
	struct smpp_tlv tlv;
	uint32_t fault;
	uint8_t out[2048];
	size_t at = 0;
	int n;

	cfg.addressing = ADDR_BROADCAST;
	payload.repetition_s = 60;
	payload.lifetime_s = 86400;
	d = drafts(LONG_UDH16, 200);
	assert_int_equal(d->n, 1);
	n = link_smpp_multi(&d->v[0], names, 2, 7, out, sizeof(out));
	assert_true(n > 0);
	assert_int_equal(smpp_decode(out, n, &pdu, &fault), 0);
	assert_false(pdu.odd);
	assert_int_equal(pdu.id, SMPP_BROADCAST_SM);
	assert_string_equal(pdu.service_type, "CBS");
	assert_true(smpp_tlv_next(&pdu, &at, &tlv) && smpp_tlv_next(&pdu, &at, &tlv));
	assert_int_equal(tlv.tag, SMPP_TLV_BC_AREA);
	assert_memory_equal(tlv.value,
			    "\0"
			    "46000-L7",
			    9);
	assert_true(smpp_tlv_find(&pdu, SMPP_TLV_BC_REP_NUM, &tlv));
	assert_memory_equal(tlv.value, "\x05\xA0", 2); /* 1440 times */
	assert_true(smpp_tlv_find(&pdu, SMPP_TLV_BC_INTERVAL, &tlv));
	assert_memory_equal(tlv.value, "\x08\x00\x3C", 3);
	assert_true(smpp_tlv_find(&pdu, SMPP_TLV_PAYLOAD, &tlv));
	assert_int_equal(tlv.len, 200);
	talloc_free(d);
}

static void most_cells_fit(void **state)
{
	static char names[SMPP_MULTI_MAX][SMPP_CELL_NAME];
	static uint8_t out[SMPP_MULTI_ROOM];

	for (size_t i = 0; i < SMPP_MULTI_MAX; i++)
		memset(names[i], '9', 20);
	for (int a = ADDR_CELLS; a <= ADDR_BROADCAST; a++) {
		struct smpp_drafts *d;

		cfg.addressing = a;
		d = drafts(LONG_UDH16, 1520);
		assert_true(link_smpp_multi(&d->v[0], (const char(*)[SMPP_CELL_NAME])names, SMPP_MULTI_MAX, 1,
					    out, sizeof(out)) > 0);
		talloc_free(d);
	}
}

static void cell_names(void **state)
{
	struct cell_id id = {.cell = 7, .area = 1, .mcc = 1, .mnc = 2, .radio = CELL_GSM};
	char name[SMPP_CELL_NAME];

	assert_int_equal(link_smpp_cell_name(&id, 3, name), 0);
	assert_string_equal(name, "001002-1-7");
	id.radio = CELL_CDMA;
	assert_int_equal(link_smpp_cell_name(&id, 2, name), -ENOTSUP);
	id = (struct cell_id){.cell = 68719476735, .mcc = 460, .mnc = 460, .radio = CELL_NR};
	assert_int_equal(link_smpp_cell_name(&id, 3, name), 0);
	id = (struct cell_id){.cell = 68719476735, .area = 65535, .mcc = 460, .radio = CELL_GSM};
	assert_int_equal(link_smpp_cell_name(&id, 2, name), -ERANGE);
}

static void validity(void **state)
{
	char out[17];

	link_smpp_validity(0, out);
	assert_string_equal(out, "");
	link_smpp_validity(6 * 3600, out);
	assert_string_equal(out, "000000060000000R");
	link_smpp_validity(86400, out);
	assert_string_equal(out, "000001000000000R");
	link_smpp_validity(86399, out);
	assert_string_equal(out, "000000235959000R");
	link_smpp_validity(UINT64_MAX, out);
	assert_int_equal(strlen(out), 16);
}

static void receipts_wanted(void **state)
{
	unsigned int n = 0;

	assert_int_equal(receipts_registered(&cfg, 1, 1), 0);
	cfg.receipts = RECEIPTS_ALL;
	assert_int_equal(receipts_registered(&cfg, 1, 1), 1);
	cfg.receipts = RECEIPTS_FAILURES;
	assert_int_equal(receipts_registered(&cfg, 1, 1), 2);
	cfg.receipts = RECEIPTS_SAMPLE;
	cfg.receipts_sample = 0.01;
	for (uint32_t i = 0; i < 100000; i++)
		n += receipts_registered(&cfg, 7, i);
	assert_in_range(n, 900, 1100);
	cfg.receipts_sample = 1;
	assert_int_equal(receipts_registered(&cfg, 7, 12345), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(enums_agree, setup),
		cmocka_unit_test_setup(by_udh, setup),
		cmocka_unit_test_setup(by_udh_with_a_shift_table, setup),
		cmocka_unit_test_setup(by_udh_with_a_locking_table, setup),
		cmocka_unit_test_setup(as_the_carrier_wants_it, setup),
		cmocka_unit_test_setup(by_sar, setup),
		cmocka_unit_test_setup(by_payload, setup),
		cmocka_unit_test_setup(short_text_needs_no_header, setup),
		cmocka_unit_test_setup(flash, setup),
		cmocka_unit_test_setup(broadcast_areas, setup),
		cmocka_unit_test_setup(most_cells_fit, setup),
		cmocka_unit_test_setup(cell_names, setup),
		cmocka_unit_test_setup(validity, setup),
		cmocka_unit_test_setup(receipts_wanted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

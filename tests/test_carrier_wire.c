#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/carrier/cbsp.h"
#include "gateway/carrier/pdu.h"

#define SUBMIT                                                                                               \
	"\0\5\0POLICE\0\1\1"                                                                                 \
	"8613800000001\0"                                                                                    \
	"\0\0\0\0\0\1\0\0\0\2"                                                                               \
	"Hi"

/* A whole PDU of this body in a buffer of the exact size, so that a sanitizer sees one octet too far. */
static struct pdu pdu_of(uint32_t id, const void *body, size_t len, uint8_t **buf)
{
	struct pdu pdu;

	*buf = malloc(16 + len);
	assert_non_null(*buf);
	pdu_begin(*buf, id, 0, 1);
	octets_put32(*buf, (uint32_t)(16 + len));
	if (len)
		memcpy(*buf + 16, body, len);
	assert_int_equal(pdu_frame(*buf, 16 + len, &pdu), 16 + (int)len);
	return pdu;
}

static void frames(void **state)
{
	struct pdu pdu;

	assert_int_equal(pdu_frame((const uint8_t *)"\0\0\0", 3, &pdu), 0);
	assert_int_equal(pdu_frame((const uint8_t *)"\0\0\0\x0F", 4, &pdu), -1);
	assert_int_equal(pdu_frame((const uint8_t *)"\xFF\xFF\xFF\xFF", 4, &pdu), -1);
	assert_int_equal(pdu_frame((const uint8_t *)"\0\0\0\x11"
						    "0123456789ab",
				   16, &pdu),
			 0);
}

static void submit_is_read(void **state)
{
	uint8_t *buf;
	struct pdu pdu = pdu_of(PDU_SUBMIT, SUBMIT, sizeof(SUBMIT) - 1, &buf);
	struct pdu_submit s;
	const char *why;

	assert_int_equal(pdu_read_submit(&pdu, &s, &why), 0);
	assert_string_equal(s.src.a.s, "POLICE");
	assert_int_equal(s.src.ton, 5);
	assert_string_equal(s.dst.a.s, "8613800000001");
	assert_int_equal(s.registered, 1);
	assert_int_equal(s.text_len, 2);
	assert_memory_equal(s.text, "Hi", 2);
	assert_false(s.tlvs.bad);
	free(buf);
}

/* Every cut of a valid body is refused or, when only the TLVs are cut, noticed; nothing is read beyond. */
static void every_cut(void **state)
{
	static const char body[] = SUBMIT "\x02\x0C\0\2\0\7\x02\x0E\0\1\2\x02\x0F\0\1\1";
	size_t fixed = sizeof(SUBMIT) - 1;

	for (size_t n = 0; n < sizeof(body) - 1; n++) {
		uint8_t *buf;
		struct pdu pdu = pdu_of(PDU_SUBMIT, body, n, &buf);
		struct pdu_submit s;
		const char *why;
		int rc = pdu_read_submit(&pdu, &s, &why);

		assert_int_equal(rc != 0, n < fixed);
		if (rc == 0)
			assert_int_equal(s.tlvs.bad, n != fixed && n != fixed + 6 && n != fixed + 11);
		free(buf);
	}
}

static void multi_with_lists_and_numbers(void **state)
{
	static const char body[] = "\0\5\0POLICE\0\2\2"
				   "46000-4301-6969\0"
				   "\1\1\1"
				   "8613800000001\0"
				   "\0\0\0\0\0\0\0\0\0\2Hi";
	uint8_t *buf;
	struct pdu pdu = pdu_of(PDU_MULTI, body, sizeof(body) - 1, &buf);
	struct pdu_submit s;
	struct pdu_addr a;
	const uint8_t *at;
	const char *why;
	bool list;

	assert_int_equal(pdu_read_submit(&pdu, &s, &why), 0);
	assert_int_equal(s.n_dests, 2);
	at = pdu_dest(s.dests, &a, &list);
	assert_true(list);
	assert_string_equal(a.a.s, "46000-4301-6969");
	pdu_dest(at, &a, &list);
	assert_false(list);
	assert_string_equal(a.a.s, "8613800000001");
	assert_memory_equal(s.text, "Hi", 2);
	buf[16 + 10] = 3; /* one destination more than there is */
	assert_int_not_equal(pdu_read_submit(&pdu, &s, &why), 0);
	free(buf);
}

static void bind_limits(void **state)
{
	static const char good[] = "police\0"
				   "secret\0"
				   "\0\x34\0\0",
			  longer[] = "police\0"
				     "secret789\0"
				     "\0\x34\0\0";
	struct pdu_bind b;
	const char *why;
	uint8_t *buf;
	struct pdu pdu = pdu_of(PDU_BIND_TRX, good, sizeof(good), &buf);

	assert_int_equal(pdu_read_bind(&pdu, &b, &why), 0);
	assert_string_equal(b.password.s, "secret");
	assert_int_equal(b.version, 0x34);
	free(buf);
	pdu = pdu_of(PDU_BIND_TRX, longer, sizeof(longer), &buf);
	assert_int_not_equal(pdu_read_bind(&pdu, &b, &why), 0);
	free(buf);
}

static void cbsp_write_is_read(void **state)
{
	uint8_t msg[200] =
		"\1\0\0\0\x0E\x11\x1B\3\xC0\x10\4\0\x0F\0\x64\xF0\0\x10\xCD\x1B\x39\x64\xF0\0\x10\xCD\x1B\x3A"
		"\x12\0\5\0\6\2\0\7\0\x1E\x13\1\x0C\x0F\1\x08";
	struct cbsp m;
	char plmn[8];

	msg[3] = 38 + 84;
	assert_int_equal(cbsp_frame(msg, sizeof(msg)), 126);
	assert_int_equal(cbsp_read(msg, 126, &m), 0);
	assert_int_equal(m.id, 4379);
	assert_int_equal(m.new_serial, 0xC010);
	assert_int_equal(m.cells_how, CBSP_CGI);
	assert_int_equal(m.cells_len, 14);
	assert_int_equal(m.pages.n, 1);
	cbsp_plmn_text(m.cells, plmn);
	assert_string_equal(plmn, "460-00");
}

static void cbsp_cuts_are_refused(void **state)
{
	static const uint8_t whole[] =
		"\4\0\0\x18\x0E\x11\x1B\2\xC0\x10\4\0\x0D\1\x12\x34\1\1\x12\x34\1\2\x12\x34\1\3\x12\0";

	for (size_t n = 4; n < sizeof(whole) - 1; n++) {
		uint8_t *buf = malloc(n);
		struct cbsp m;
		int rc;

		assert_non_null(buf);
		memcpy(buf, whole, n);
		rc = cbsp_read(buf, n, &m);
		/* only cuts between elements can be read: behind the header, each of the serials, the list */
		assert_int_equal(rc == 0, n == 4 || n == 7 || n == 10 || n == 26);
		free(buf);
	}
}

static void plmns(void **state)
{
	uint8_t bcd[3];
	char text[8];

	assert_int_equal(cbsp_plmn_read("901-70", bcd), 0);
	assert_memory_equal(bcd, "\x09\xF1\x07", 3);
	assert_int_equal(cbsp_plmn_read("310-410", bcd), 0);
	cbsp_plmn_text(bcd, text);
	assert_string_equal(text, "310-410");
	assert_int_equal(cbsp_plmn_read("46000", bcd), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(submit_is_read),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(multi_with_lists_and_numbers),
		cmocka_unit_test(bind_limits),
		cmocka_unit_test(cbsp_write_is_read),
		cmocka_unit_test(cbsp_cuts_are_refused),
		cmocka_unit_test(plmns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

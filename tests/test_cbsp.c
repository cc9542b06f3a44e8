#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <osmocom/core/msgb.h>
#include <osmocom/gsm/cbsp.h>
#include "gateway/cbsp_encode.h"
#include "tests/cbsp_vectors.h"

static const char *why;

static int decode(const uint8_t *o, size_t n, struct cbsp_msg *m)
{
	return cbsp_decode(o, n, m, &why);
}

static struct page_set two_pages(void)
{
	struct page_set s = {.dcs = 0x11, .n = 2, .used = {82, 40}};

	memset(s.content[0], 0x41, PAGE_CONTENT);
	memset(s.content[1], 0x42, PAGE_CONTENT);
	return s;
}

static const struct cbsp_cell cgi[] = {
	{.scope = CBSP_CGI, .mcc = 460, .mnc = 0, .mnc_digits = 2, .lac = 0x1234, .ci = 0x0101},
	{.scope = CBSP_CGI, .mcc = 310, .mnc = 26, .mnc_digits = 3, .lac = 0xFFFE, .ci = 0xFFFF},
	{.scope = CBSP_CGI, .mcc = 901, .mnc = 70, .mnc_digits = 2, .lac = 1, .ci = 0},
};

static void write_round_trip(void **state)
{
	struct page_set pages = two_pages();
	struct cbsp_write w = {.message_identifier = 4379,
			       .serial = 0xC010,
			       .old_serial = 0xC00F,
			       .replace = true,
			       .cells = cgi,
			       .n_cells = 3,
			       .pages = &pages,
			       .repetition = 4095,
			       .broadcasts = 100};
	uint8_t o[CBSP_WRITE_MAX(3)];
	struct cbsp_msg m;
	struct cbsp_entry e;
	int n = cbsp_encode_write(o, sizeof(o), &w);

	assert_true(n > 0);
	assert_int_equal(decode(o, n, &m), 0);
	assert_int_equal(m.serial, 0xC010);
	assert_int_equal(m.old_serial, 0xC00F);
	assert_int_equal(cbsp_repetition(m.repetition, false), 4095);
	assert_int_equal(m.broadcasts, 100);
	assert_int_equal(m.n_page, 2);
	assert_int_equal(m.page[1][0], 40);
	assert_memory_equal(m.page[1] + 1, pages.content[1], PAGE_CONTENT);
	for (int i = 0; i < 3; i++) {
		assert_true(cbsp_next(&m.cells, &e));
		assert_memory_equal(&e.cell, &cgi[i], sizeof(e.cell));
	}
	assert_false(cbsp_next(&m.cells, &e));
}

static void every_scope(void **state)
{
	static const uint8_t scopes[] = {CBSP_CGI, CBSP_LAC_CI, CBSP_CI, CBSP_LAI, CBSP_LAC};
	uint8_t o[256];
	struct cbsp_msg m;
	struct cbsp_entry e;

	for (size_t i = 0; i < sizeof(scopes); i++) {
		struct cbsp_cell c[2] = {cgi[0], cgi[1]};
		int n;

		c[0].scope = c[1].scope = scopes[i];
		n = cbsp_encode_kill(o, sizeof(o), 1, 2, c, 2, true);
		assert_true(n > 0);
		assert_int_equal(decode(o, n, &m), 0);
		assert_int_equal(m.cells.n, 2);
		assert_true(cbsp_next(&m.cells, &e));
		assert_true(cbsp_next(&m.cells, &e));
		assert_true(cbsp_covers(&e.cell, &cgi[1]));
		assert_false(cbsp_covers(&e.cell, &cgi[0]));
	}
}

static void emergency_round_trip(void **state)
{
	uint8_t o[128], security[50];
	struct cbsp_msg m;
	struct cbsp_write w = {.message_identifier = 0x1100,
			       .serial = 0x7000,
			       .warning_type = 0x0580,
			       .security = security,
			       .warning_period_s = 30};
	int n;

	memset(security, 0xAB, sizeof(security));
	n = cbsp_encode_write(o, sizeof(o), &w);
	assert_int_equal(decode(o, n, &m), 0);
	assert_false(cbsp_has(&m, CBSP_CHANNEL));
	assert_int_equal(m.warning_type, 0x0580);
	assert_memory_equal(m.security, security, 50);
	assert_int_equal(cbsp_period_s(m.warning_period), 30);
	assert_int_equal(m.cells.scope, CBSP_ALL);
}

static void repetition_codings(void **state)
{
	struct page_set pages = two_pages();
	struct cbsp_write w = {.pages = &pages, .repetition = 100, .broadcasts = 1};
	uint8_t o[512];
	struct cbsp_msg m;

	assert_int_equal(decode(o, cbsp_encode_write(o, sizeof(o), &w), &m), 0);
	assert_int_equal(m.repetition, 0x0604); /* TS 48.049 8.2.8 */
	w.repetition_u16 = true;
	assert_int_equal(decode(o, cbsp_encode_write(o, sizeof(o), &w), &m), 0);
	assert_int_equal(m.repetition, 100);
	assert_int_equal(cbsp_repetition(0xFF0F, false), 4095);
}

static void periods(void **state)
{
	for (unsigned int code = 1; code <= 186; code++) {
		assert_true(cbsp_period_s(code) > cbsp_period_s(code - 1));
		assert_int_equal(cbsp_encode_period(cbsp_period_s(code)), code);
	}
	assert_int_equal(cbsp_period_s(20), 30);
	assert_int_equal(cbsp_period_s(38), 120);
	assert_int_equal(cbsp_period_s(186), 3600);
	assert_int_equal(cbsp_encode_period(60), 26);
	assert_int_equal(cbsp_encode_period(31), 21); /* never shorter than asked */
	assert_int_equal(cbsp_encode_repetition(0), 1);
	assert_int_equal(cbsp_encode_repetition(60), 32);
	assert_int_equal(cbsp_encode_repetition(100000), 4095);
}

static void broadcasts(void **state)
{
	assert_int_equal(cbsp_encode_broadcasts(86400, 32, false), 1434);
	assert_int_equal(cbsp_encode_broadcasts(0, 32, false), 1);
	assert_int_equal(cbsp_encode_broadcasts(123402, 1, false), 65535);
	assert_int_equal(cbsp_encode_broadcasts(123403, 1, false), 0);
	assert_int_equal(cbsp_encode_broadcasts(123403, 1, true), 65535);
}

static void refuses_to_write(void **state)
{
	struct page_set pages = two_pages(), none = {0};
	struct cbsp_cell mixed[2] = {cgi[0], {.scope = CBSP_CI}}, wide = cgi[0];
	struct cbsp_write w = {.pages = &none, .repetition = 1};
	uint8_t o[512];

	assert_int_equal(cbsp_encode_write(o, sizeof(o), &w), -EINVAL);
	w.pages = &pages;
	w.repetition = 4096;
	assert_int_equal(cbsp_encode_write(o, sizeof(o), &w), -EINVAL);
	w.repetition = 1;
	assert_true(cbsp_encode_write(o, sizeof(o), &w) > 0);
	for (size_t size = 0; size < 196; size++)
		assert_int_equal(cbsp_encode_write(o, size, &w), -ENOSPC);
	assert_int_equal(cbsp_encode_kill(o, sizeof(o), 1, 1, mixed, 2, true), -EINVAL);
	wide.mnc = 100;
	assert_int_equal(cbsp_encode_kill(o, sizeof(o), 1, 1, &wide, 1, true), -EINVAL);
	assert_int_equal(cbsp_encode_keep_alive(o, sizeof(o), 121), -EINVAL);
}

static void framing(void **state)
{
	const uint8_t two[] = {0x17, 0, 0, 0, 0x16, 0, 0, 2, 0x18, 0x14};
	const uint8_t big[] = {0x17, 0xFF, 0xFF, 0xFF};

	assert_int_equal(cbsp_frame(two, 3), 0);
	assert_int_equal(cbsp_frame(two, sizeof(two)), 4);
	assert_int_equal(cbsp_frame(two + 4, 5), 0);
	assert_int_equal(cbsp_frame(two + 4, 6), 6);
	assert_int_equal(cbsp_frame(big, 4), -EMSGSIZE);
}

static void refuses_to_read(void **state)
{
	static const struct {
		uint8_t o[24];
		size_t n;
		int rc;
	} v[] = {
		{{0x18, 0, 0, 0}, 4, -ENOMSG},
		{{0x00, 0, 0, 0}, 4, -ENOMSG},
		{{0x17, 0, 0, 1}, 4, -EBADMSG},                          /* shorter than it says */
		{{0x10, 0, 0, 0}, 4, -EBADMSG},                          /* RESET without cells */
		{{0x10, 0, 0, 5, 4, 0, 2, 6, 0}, 9, -EBADMSG},           /* entries after "all" */
		{{0x10, 0, 0, 4, 4, 0, 1, 3}, 8, -EBADMSG},              /* discriminator 3 */
		{{0x10, 0, 0, 4, 4, 0, 9, 6}, 8, -EBADMSG},              /* list longer than the message */
		{{0x10, 0, 0, 2, 4, 0}, 6, -EBADMSG},                    /* ends in a list's length */
		{{0x10, 0, 0, 6, 4, 0, 3, 0, 1, 2}, 10, -EBADMSG},       /* half a CGI */
		{{0x10, 0, 0, 8, 4, 0, 1, 6, 4, 0, 1, 6}, 12, -EBADMSG}, /* twice */
		{{0x16, 0, 0, 2, 0x19, 1}, 6, -EBADMSG},                 /* unknown element */
		{{0x16, 0, 0, 1, 0x18}, 5, -EBADMSG},                    /* element without value */
		{{0x14, 0, 0, 6, 9, 0, 3, 2, 1, 2}, 10, -EBADMSG},       /* failure without its cause */
		{{0x14, 0, 0, 5, 9, 0, 2, 7, 1}, 9, -EBADMSG},
	};
	struct cbsp_msg m;

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		assert_int_equal(decode(v[i].o, v[i].n, &m), v[i].rc);
	assert_int_equal(decode(v[0].o, 0, &m), -EBADMSG);
}

static void pages_are_bounded(void **state)
{
	struct page_set pages = {.n = 15};
	struct cbsp_write w = {.pages = &pages, .repetition = 1};
	uint8_t o[2048];
	struct cbsp_msg m;
	int n = cbsp_encode_write(o, sizeof(o), &w);

	assert_int_equal(decode(o, n, &m), 0);
	o[n] = 1; /* a sixteenth */
	memset(o + n + 1, 0, 83);
	o[2] = (n + 80) >> 8;
	o[3] = (n + 80) & 0xFF;
	assert_int_equal(decode(o, n + 84, &m), -EBADMSG);
	o[2] = (n - 4 - 84) >> 8; /* one less than promised */
	o[3] = (n - 4 - 84) & 0xFF;
	assert_int_equal(decode(o, n - 84, &m), -EBADMSG);
}

/* No prefix of a message may be taken for the whole, and none may be read past its end. */
static void every_cut(void **state)
{
	struct page_set pages = two_pages();
	struct cbsp_write w = {.cells = cgi, .n_cells = 3, .pages = &pages, .repetition = 1};
	uint8_t o[512], *exact;
	struct cbsp_msg m;
	int n = cbsp_encode_write(o, sizeof(o), &w);

	for (int cut = 0; cut < n; cut++) {
		exact = malloc(cut + 1);
		memcpy(exact, o, cut);
		if (cut >= 4) {
			exact[2] = (cut - 4) >> 8;
			exact[3] = (cut - 4) & 0xFF;
		}
		assert_int_equal(decode(exact, cut, &m), -EBADMSG);
		free(exact);
	}
}

static void empty_lists_are_none(void **state)
{
	const uint8_t o[] = {0x02, 0, 0, 9, 0x0E, 0x11, 0x1B, 3, 0x40, 0x10, 4, 0, 0};
	struct cbsp_msg m;
	struct cbsp_entry e;

	assert_int_equal(decode(o, sizeof(o), &m), 0);
	assert_false(cbsp_next(&m.cells, &e));
}

static void covers_by_scope(void **state)
{
	struct cbsp_cell c = cgi[0], all = {.scope = CBSP_ALL};

	c.mnc_digits = 3; /* 460-00 and 460-000: width is not identity */
	assert_true(cbsp_covers(&c, &cgi[0]));
	c.mnc = 1;
	assert_false(cbsp_covers(&c, &cgi[0]));
	c.scope = CBSP_LAC_CI;
	assert_true(cbsp_covers(&c, &cgi[0]));
	assert_true(cbsp_covers(&all, &cgi[2]));
}

/* Writes again what was read. */
static int encode_again(const struct cbsp_msg *m, bool u16, uint8_t *o, size_t size)
{
	static struct cbsp_cell cells[64];
	struct page_set pages = {.dcs = m->dcs, .n = m->n_page};
	struct cbsp_list list = m->cells;
	struct cbsp_entry e;
	size_t n = 0;
	struct cbsp_write w = {.message_identifier = m->message_identifier,
			       .serial = m->serial,
			       .old_serial = m->old_serial,
			       .replace = cbsp_has(m, CBSP_OLD_SERIAL),
			       .cells = cells,
			       .channel = m->channel,
			       .category = m->category,
			       .repetition = cbsp_repetition(m->repetition, u16),
			       .repetition_u16 = u16,
			       .broadcasts = m->broadcasts,
			       .pages = cbsp_has(m, CBSP_CHANNEL) ? &pages : NULL,
			       .warning_type = m->warning_type,
			       .security = m->security,
			       .warning_period_s = cbsp_period_s(m->warning_period)};

	while (m->cells.scope != CBSP_ALL && cbsp_next(&list, &e))
		cells[n++] = e.cell;
	w.n_cells = n;
	for (int i = 0; i < m->n_page; i++) {
		pages.used[i] = m->page[i][0];
		memcpy(pages.content[i], m->page[i] + 1, PAGE_CONTENT);
	}
	switch (m->type) {
	case CBSP_WRITE:
		return cbsp_encode_write(o, size, &w);
	case CBSP_KILL:
		return cbsp_encode_kill(o, size, m->message_identifier, m->old_serial, cells, n,
					cbsp_has(m, CBSP_CHANNEL));
	case CBSP_LOAD_QUERY:
		return cbsp_encode_load_query(o, size, cells, n, m->channel);
	case CBSP_STATUS_QUERY:
		return cbsp_encode_status_query(o, size, m->message_identifier, m->old_serial, cells, n,
						m->channel);
	case CBSP_RESET:
		return cbsp_encode_reset(o, size);
	case CBSP_KEEP_ALIVE:
		return cbsp_encode_keep_alive(o, size, cbsp_period_s(m->keep_alive_period));
	case CBSP_KEEP_ALIVE_COMPLETE:
		return cbsp_encode_keep_alive_complete(o, size);
	default:
		return 0;
	}
}

static void vectors_decode(void **state)
{
	FILE *f = vectors_open();
	static struct vector v;
	static uint8_t o[4096];
	struct cbsp_msg m;
	int rows = 0, written = 0;

	if (!f)
		skip();
	while (vectors_next(f, &v)) {
		int n;

		if (strcmp(v.protocol, "cbsp"))
			continue;
		rows++;
		assert_int_equal(decode(v.octets, v.len, &m) == 0, strcmp(v.kind, "negative") != 0);
		n = encode_again(&m, strcmp(v.name, "cbsp_wr_all_spec") != 0, o, sizeof(o));
		if (n == 0)
			continue;
		written++;
		assert_int_equal(n, v.len);
		assert_memory_equal(o, v.octets, n);
	}
	fclose(f);
	assert_int_equal(rows, 32);
	assert_int_equal(written, 19);
}

static void vector_details(void **state)
{
	/* WRITE-REPLACE FAILURE with a failure list of mixed scopes and a list of successes */
	static const uint8_t o[] = {0x03, 0, 0, 0x23, 0x0E, 0,    0x31, 3, 0x41, 0x70, 9,    0,    15, 0, 9,
				    0xF1, 7, 0, 0x18, 0,    0x30, 3,    1, 0x27, 0x11, 0xC3, 0x51, 15, 4, 0,
				    8,    0, 9, 0xF1, 7,    0,    0x17, 0, 0x2A};
	struct cbsp_msg m;
	struct cbsp_entry e;

	assert_int_equal(decode(o, sizeof(o), &m), 0);
	assert_int_equal(m.failures.n, 2);
	assert_true(cbsp_next(&m.failures, &e));
	assert_int_equal(e.cell.mcc, 901);
	assert_int_equal(e.cell.mnc, 70);
	assert_int_equal(e.cause, CBSP_CELL_INVALID);
	assert_true(cbsp_next(&m.failures, &e));
	assert_int_equal(e.cell.scope, CBSP_LAC_CI);
	assert_int_equal(e.cell.ci, 0xC351);
	assert_int_equal(e.cause, CBSP_AREA_INVALID);
	assert_true(cbsp_next(&m.cells, &e));
	assert_int_equal(e.cell.ci, 0x2A);
}

/* Our own octets, read by libosmogsm. */
static void osmocom_reads_it(void **state)
{
	struct page_set pages = two_pages();
	struct cbsp_write w = {.message_identifier = 4379,
			       .serial = 0x4010,
			       .cells = cgi,
			       .n_cells = 3,
			       .pages = &pages,
			       .repetition = 32,
			       .repetition_u16 = true,
			       .broadcasts = 7};
	struct msgb *msg = msgb_alloc(4096, "cbsp");
	struct osmo_cbsp_decoded *d;
	const struct osmo_cbsp_cell_ent *ent;
	int n = cbsp_encode_write(msgb_put(msg, 2048), 2048, &w);

	msg->l1h = msg->data;
	msg->l2h = msg->data + 4;
	msgb_trim(msg, n);
	d = osmo_cbsp_decode(NULL, msg);
	assert_non_null(d);
	assert_int_equal(d->msg_type, CBSP_MSGT_WRITE_REPLACE);
	assert_int_equal(d->u.write_replace.msg_id, 4379);
	assert_int_equal(d->u.write_replace.u.cbs.rep_period, 32);
	assert_int_equal(d->u.write_replace.u.cbs.num_bcast_req, 7);
	assert_int_equal(d->u.write_replace.u.cbs.dcs, 0x11);
	ent = llist_first_entry(&d->u.write_replace.cell_list.list, struct osmo_cbsp_cell_ent, list);
	assert_int_equal(ent->cell_id.global.lai.plmn.mcc, 460);
	assert_int_equal(ent->cell_id.global.cell_identity, 0x0101);
	talloc_free(d);
	msgb_free(msg);
}

static void names(void **state)
{
	assert_string_equal(cbsp_cause_name(13), "message reference already used");
	assert_string_equal(cbsp_cause_name(16), "unknown cause");
	assert_string_equal(cbsp_type_name(CBSP_KEEP_ALIVE_COMPLETE), "KEEP-ALIVE COMPLETE");
	assert_string_equal(cbsp_type_name(0), "unknown message");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_round_trip),
		cmocka_unit_test(every_scope),
		cmocka_unit_test(emergency_round_trip),
		cmocka_unit_test(repetition_codings),
		cmocka_unit_test(periods),
		cmocka_unit_test(broadcasts),
		cmocka_unit_test(refuses_to_write),
		cmocka_unit_test(framing),
		cmocka_unit_test(refuses_to_read),
		cmocka_unit_test(pages_are_bounded),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(empty_lists_are_none),
		cmocka_unit_test(covers_by_scope),
		cmocka_unit_test(vectors_decode),
		cmocka_unit_test(vector_details),
		cmocka_unit_test(osmocom_reads_it),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

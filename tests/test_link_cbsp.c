#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "gateway/cbsp_encode.h"
#include "gateway/link_cbsp.h"
#include "tests/cbsp_fake.h"

#define S 1000000ull

static const uint8_t reset_complete[] = {0x11, 0, 0, 4, 0x04, 0, 1, 6};

/* The BSC's side: small hand-made answers. */
struct answer {
	uint8_t o[512];
	size_t n;
};

static struct answer begin(uint8_t type, uint16_t mid, uint8_t serial_tag, uint16_t serial)
{
	struct answer a = {
		.o = {type, 0, 0, 6, 0x0E, mid >> 8, mid & 0xFF, serial_tag, serial >> 8, serial & 0xFF},
		.n = 10};

	return a;
}

/* Failure list of (CGI in LAC 1 of 460-00, cause) pairs, or with ci < 0 of the LAC. */
static void failures(struct answer *a, unsigned int n, const int (*failed)[2])
{
	size_t start = a->n;

	a->o[a->n++] = 0x09;
	a->n += 2;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t cgi[] = {0, 0x64, 0xF0, 0x00, 0, 1, failed[i][0] >> 8, failed[i][0] & 0xFF};
		uint8_t lac[] = {5, 0, 1};
		bool whole = failed[i][0] < 0;

		memcpy(a->o + a->n, whole ? lac : cgi, whole ? sizeof(lac) : sizeof(cgi));
		a->n += whole ? sizeof(lac) : sizeof(cgi);
		a->o[a->n++] = failed[i][1];
	}
	a->o[start + 2] = a->n - start - 3;
}

static void cells(struct answer *a, unsigned int n, const int *ci)
{
	a->o[a->n++] = 0x04;
	a->o[a->n++] = 0;
	a->o[a->n++] = 1 + 2 * n;
	a->o[a->n++] = 2;
	for (unsigned int i = 0; i < n; i++) {
		a->o[a->n++] = ci[i] >> 8;
		a->o[a->n++] = ci[i] & 0xFF;
	}
}

static void reply(struct fake *f, struct answer *a)
{
	a->o[3] = a->n - 4;
	fake_input(f, a->o, a->n);
}

static void complete(struct fake *f, uint16_t mid, uint16_t serial)
{
	struct answer a = begin(CBSP_WRITE_COMPLETE, mid, 0x03, serial);

	reply(f, &a);
}

static void kill_complete(struct fake *f, uint16_t mid, uint16_t serial)
{
	struct answer a = begin(CBSP_KILL_COMPLETE, mid, 0x02, serial);

	reply(f, &a);
}

static void refuse(struct fake *f, uint8_t type, uint16_t mid, uint16_t serial, unsigned int n,
		   const int (*list)[2])
{
	struct answer a = begin(type, mid, type == CBSP_KILL_FAILURE ? 0x02 : 0x03, serial);

	failures(&a, n, list);
	reply(f, &a);
}

static void connect_up(struct fake *f)
{
	f->open = true;
	link_cbsp.connected(f->link, 0, f->now_us);
	fake_run(f, 0);
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_RESET);
	fake_input(f, reset_complete, sizeof(reset_complete));
	assert_int_equal(f->link->state, LINK_UP);
}

static void lose(struct fake *f)
{
	link_cbsp.closed(f->link, 0, "reset by peer", f->now_us);
	f->sent_len = 0;
}

/* Through the back-off into the next connection. */
static void reconnect(struct fake *f)
{
	unsigned int before = f->connects;

	for (int i = 0; i < 100 && f->connects == before; i++)
		fake_run(f, S);
	assert_int_equal(f->connects, before + 1);
	connect_up(f);
}

static int setup(void **state)
{
	struct fake *f = talloc_zero(NULL, struct fake);

	fake_init(f, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	talloc_free(*state);
	return 0;
}

static struct fake *up(void **state)
{
	struct fake *f = *state;

	fake_create(f, f);
	connect_up(f);
	return f;
}

static void sends_write(struct fake *f, uint16_t mid, uint32_t n)
{
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_WRITE);
	assert_int_equal(f->msg.message_identifier, mid);
	assert_int_equal(f->msg.cells.n, n);
}

static void resets_first(void **state)
{
	struct fake *f = *state;

	fake_create(f, f);
	assert_int_equal(f->connects, 1);
	assert_int_equal(f->link->state, LINK_CONNECTING);
	fake_job(f, 3, 1);
	link_cbsp.connected(f->link, 0, f->now_us);
	fake_run(f, S);
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_RESET);
	assert_int_equal(f->msg.cells.scope, CBSP_ALL);
	assert_false(fake_next(f)); /* nothing before the answer */
	assert_false(f->dispatch.up);
	fake_input(f, reset_complete, sizeof(reset_complete));
	assert_true(f->dispatch.up);
	assert_int_equal(f->link->count.binds, 1);
	assert_int_equal(f->events[LINK_EV_UP], 1);
	sends_write(f, 4379, 3);
}

static void backs_off(void **state)
{
	struct fake *f = *state;
	uint64_t waits[8];

	fake_create(f, f);
	for (int i = 0; i < 8; i++) {
		uint64_t from = f->now_us;
		unsigned int n = f->connects;

		link_cbsp.closed(f->link, 0, "connection refused", f->now_us);
		while (f->connects == n)
			fake_run(f, S / 10);
		waits[i] = f->now_us - from;
		assert_in_range(waits[i], S - 1, 60 * S + S / 10);
	}
	assert_true(waits[3] >= 4 * S);
	assert_true(waits[7] >= 30 * S);
	assert_int_equal(f->link->count.connect_failures, 8);
}

static void reset_unanswered(void **state)
{
	struct fake *f = *state;

	fake_create(f, f);
	link_cbsp.connected(f->link, 0, f->now_us);
	fake_run(f, 4900000);
	assert_int_equal(f->closes, 0);
	fake_run(f, 200000);
	assert_int_equal(f->closes, 1);
	assert_int_equal(f->link->count.bind_failures, 1);
	assert_int_equal(f->events[LINK_EV_BIND_FAILED], 1);
	assert_int_equal(f->link->state, LINK_DOWN);
}

static void writes_cells(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1);
	struct cbsp_entry e;

	fake_run(f, 0);
	sends_write(f, 4379, 3);
	assert_int_equal(f->msg.cells.scope, CBSP_CGI);
	assert_true(cbsp_next(&f->msg.cells, &e));
	assert_int_equal(e.cell.mcc, 460);
	assert_int_equal(e.cell.mnc_digits, 2);
	assert_int_equal(e.cell.ci, 100);
	assert_int_equal(f->msg.category, 0);
	assert_int_equal(fake_count(j, UNIT_HANDED), 3);
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 3);
	assert_int_equal(f->link->count.submitted, 1);
	assert_int_equal(f->link->count.accepted, 1);
	fake_run(f, S);
	assert_false(fake_next(f));
}

static void period_and_count(void **state)
{
	struct fake *f = up(state);

	fake_job(f, 1, 1);
	fake_run(f, 0);
	sends_write(f, 4379, 1);
	assert_int_equal(cbsp_repetition(f->msg.repetition, false), 32); /* 60 s */
	assert_int_equal(f->msg.repetition, 0x0200);
	assert_in_range(f->msg.broadcasts, 1433, 1434); /* a day of 60.256 s, less the second gone */
}

static void period_u16(void **state)
{
	struct fake *f = *state;
	struct fake_job *j;

	f->cfg.repetition_u16 = true;
	up(state);
	j = fake_job(f, 1, 1);
	j->payload.repetition_s = 1;
	j->payload.lifetime_s = 1000000;
	j->pub.spec.expires_us = INT64_C(2000000) * 1000000;
	fake_run(f, 0);
	sends_write(f, 4379, 1);
	assert_int_equal(f->msg.repetition, 1);
	assert_int_equal(f->msg.broadcasts, 65535); /* 0 would be "once" here */
}

static void failure_by_cause(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 8, 1);
	const int list[][2] = {{100, 0}, {101, 6}, {102, 7}, {103, 8}, {104, 10}, {105, 14}, {106, 13}};

	fake_run(f, 0);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 7, list);
	assert_int_equal(j->last[0], OUT_REFUSED);
	for (int u = 1; u <= 5; u++)
		assert_int_equal(j->last[u], OUT_TRANSIENT);
	assert_int_equal(j->unit[6], UNIT_ACCEPTED); /* already there */
	assert_int_equal(j->unit[7], UNIT_ACCEPTED); /* not in the list */
	assert_int_equal(f->link->count.refused, 1);
	assert_int_equal(f->link->count.accepted, 0);
}

static void why_by_cell(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 5, 2);
	const int first[][2] = {{100, 9}, {101, 7}, {102, 3}}, second[][2] = {{101, 3}, {102, 7}, {103, 200}};

	fake_run(f, 0);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 3, first);
	assert_int_equal(f->n_dead, 0); /* a second text is still to be answered */
	refuse(f, CBSP_WRITE_FAILURE, 4380, 0x4010, 3, second);
	assert_int_equal(j->unit[4], UNIT_ACCEPTED);
	assert_int_equal(fake_count(j, UNIT_REFUSED), 2); /* the others will be tried again */
	assert_int_equal(f->n_dead, 2);
	assert_int_equal(f->dead[0].unit, 0);
	assert_int_equal(f->dead[0].why, DEAD_CAUSE);
	assert_int_equal(f->dead[0].status, CBSP_NOT_SUPPORTED);
	assert_int_equal(f->dead[0].class, 'P');
	assert_int_equal(f->dead[0].state, UNIT_REFUSED);
	assert_string_equal(f->dead[0].to, "46000-1-100");
	assert_string_equal(dead_reason(&f->dead[0]), "cell broadcast not supported");
	assert_int_equal(f->dead[1].unit, 3);
	assert_int_equal(f->dead[1].status, 200);
	assert_string_equal(dead_reason(&f->dead[1]), "unknown cause");
}

/* What ended a unit is the worst that was said of it, and of silence there is nothing to tell but that. */
static void why_without_a_cause(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);
	const int list[][2] = {{101, 3}};

	fake_run(f, 0);
	fake_run(f, 15 * S); /* no answer: in this small dispatch that is the end */
	assert_int_equal(fake_count(j, UNIT_UNKNOWN), 2);
	assert_int_equal(f->n_dead, 2);
	assert_int_equal(f->dead[0].why, DEAD_SILENT);
	assert_int_equal(f->dead[0].state, UNIT_UNKNOWN);
	assert_int_equal(f->dead[0].class, '-');
	complete(f, 4379, 0x4010); /* late: the reference is free again */
	f->n_dead = 0;
	j = fake_job(f, 2, 1);
	fake_run(f, 0);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4020, 1, list);
	assert_int_equal(f->n_dead, 1);
	fake_job(f, 2, 1);
	fake_run(f, 0);
	lose(f);
	assert_int_equal(f->n_dead, 3);
	assert_int_equal(f->dead[2].why, DEAD_SILENT);
}

static void why_without_text_or_cell(void **state)
{
	struct fake *f = up(state);

	fake_job(f, 2, 1)->payload.pages[0].n = 0;
	fake_run(f, 0);
	assert_int_equal(f->n_dead, 2);
	assert_int_equal(f->dead[1].why, DEAD_TEXTLESS);
	assert_int_equal(f->dead[1].state, UNIT_REFUSED);
	f->no_such_cell = true;
	fake_job(f, 1, 1);
	fake_run(f, 0);
	assert_int_equal(f->n_dead, 3);
	assert_int_equal(f->dead[2].why, DEAD_NAMELESS);
	assert_string_equal(f->dead[2].to, "");
}

static void failure_of_area(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1);
	const int list[][2] = {{-1, 10}};

	fake_run(f, 0);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 1, list);
	for (int u = 0; u < 3; u++)
		assert_int_equal(j->last[u], OUT_TRANSIENT);
}

static void failure_of_strangers(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);
	const int list[][2] = {{999, 3}};

	fake_run(f, 0);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 1, list);
	assert_int_equal(j->last[0], OUT_LOST); /* nothing was said about our cells */
	assert_int_equal(j->last[1], OUT_LOST);
}

static void success_only_as_listed(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1);
	struct answer a = begin(CBSP_WRITE_COMPLETE, 4379, 0x03, 0x4010);
	const int ci[] = {100, 102};

	fake_run(f, 0);
	cells(&a, 2, ci);
	reply(f, &a);
	assert_int_equal(j->last[0], OUT_ACCEPTED);
	assert_int_equal(j->last[1], OUT_LOST);
	assert_int_equal(j->last[2], OUT_ACCEPTED);
}

static void all_texts_needed(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 2);
	const int list[][2] = {{101, 9}};

	fake_run(f, 0);
	sends_write(f, 4379, 2);
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_HANDED), 2);
	sends_write(f, 4380, 2);
	refuse(f, CBSP_WRITE_FAILURE, 4380, 0x4010, 1, list);
	assert_int_equal(j->last[0], OUT_ACCEPTED);
	assert_int_equal(j->last[1], OUT_REFUSED);
}

static void one_per_reference(void **state)
{
	struct fake *f = *state;
	struct fake_job *j;

	f->cfg.cells_per_request = 2;
	up(state);
	j = fake_job(f, 6, 2);
	fake_run(f, S);
	sends_write(f, 4379, 2); /* the second batch begins with the other text */
	sends_write(f, 4380, 2);
	assert_false(fake_next(f));
	assert_int_equal(fake_count(j, UNIT_WAITING), 2); /* not taken to lie about */
	for (int i = 0; i < 3; i++) {
		complete(f, 4379, 0x4010);
		complete(f, 4380, 0x4010);
	}
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 6);
	assert_int_equal(f->link->count.submitted, 6);
}

static void window_over_jobs(void **state)
{
	struct fake *f = *state;

	f->cfg.window = 2;
	f->cfg.cells_per_request = 64;
	up(state);
	for (int i = 0; i < 3; i++)
		fake_job(f, 2, 1);
	fake_run(f, S);
	sends_write(f, 4379, 2);
	sends_write(f, 4379, 2);
	assert_false(fake_next(f));
	complete(f, 4379, 0x4010);
	sends_write(f, 4379, 2);
	assert_int_equal(f->msg.serial, 0x4030);
}

static void token_a_request(void **state)
{
	struct fake *f = *state;

	f->cfg.rate = 1;
	f->cfg.burst = 1;
	up(state);
	for (int i = 0; i < 3; i++)
		fake_job(f, 2, 1);
	fake_run(f, S / 2); /* the bucket starts empty */
	assert_false(fake_next(f));
	fake_run(f, S * 6 / 10);
	sends_write(f, 4379, 2);
	assert_false(fake_next(f));
	fake_run(f, S);
	sends_write(f, 4379, 2);
	assert_false(fake_next(f));
}

static void late_answer_is_nobodys(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);

	fake_run(f, 0);
	sends_write(f, 4379, 2);
	fake_run(f, 10 * S + 1);
	assert_int_equal(j->last[0], OUT_LOST);
	assert_int_equal(f->link->count.lost, 1);
	j->unit[0] = j->unit[1] = UNIT_WAITING; /* dispatch tries again */
	fake_run(f, S);
	assert_false(fake_next(f)); /* but the reference is still taken */
	complete(f, 4379, 0x4010);
	assert_int_equal(j->answers[0], 1);
	sends_write(f, 4379, 2);
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 2);
}

static void never_answered_closes(void **state)
{
	struct fake *f = *state;

	f->cfg.enquire_link_s = 3600;
	up(state);
	fake_job(f, 2, 1);
	fake_run(f, 19 * S);
	assert_int_equal(f->closes, 0);
	fake_run(f, 2 * S);
	assert_int_equal(f->closes, 1);
}

static void loss_and_rewriting(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1), *k;

	fake_run(f, 0);
	complete(f, 4379, 0x4010);
	k = fake_job(f, 2, 1);
	fake_run(f, 0);
	assert_int_equal(fake_count(k, UNIT_HANDED), 2);
	lose(f);
	assert_int_equal(k->last[0], OUT_LOST);
	assert_int_equal(f->link->count.disconnects, 1);
	assert_false(f->dispatch.up);
	reconnect(f);
	sends_write(f, 4379, 3); /* on air before the reset: again, same serial */
	assert_int_equal(f->msg.serial, 0x4010);
	complete(f, 4379, 0x4010);
	assert_int_equal(j->answers[0], 1); /* the ledger hears nothing of it */
	fake_run(f, S);
	assert_false(fake_next(f));
}

static void rewritten_once(void **state)
{
	struct fake *f = *state;
	struct fake_job *j;

	f->cfg.cells_per_request = 2;
	up(state);
	j = fake_job(f, 4, 1);
	fake_run(f, 0);
	complete(f, 4379, 0x4010);
	lose(f);
	j->unit[2] = j->unit[3] = UNIT_WAITING; /* lost with the connection */
	reconnect(f);
	sends_write(f, 4379, 2); /* those of before first, then the others, each once */
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_HANDED), 2);
	complete(f, 4379, 0x4010);
	fake_run(f, S);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 4);
	assert_int_equal(f->link->count.submitted, 4); /* one of them the lost one */
}

static void ended_jobs_stay_silent(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1);

	fake_run(f, 0);
	complete(f, 4379, 0x4010);
	j->pub.state = JOB_WITHDRAWN;
	lose(f);
	reconnect(f);
	assert_false(fake_next(f));
	j->pub.state = JOB_DONE;
	j->pub.spec.expires_us = (int64_t)f->now_us;
	lose(f);
	reconnect(f);
	assert_false(fake_next(f));
}

static void rewriting_insists(void **state)
{
	struct fake *f = up(state);
	const int list[][2] = {{100, 6}};

	fake_job(f, 1, 1);
	fake_run(f, 0);
	complete(f, 4379, 0x4010);
	lose(f);
	reconnect(f);
	sends_write(f, 4379, 1);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 1, list);
	assert_false(fake_next(f));
	fake_run(f, 15 * S);
	sends_write(f, 4379, 1);
}

static void restart_of_cells(void **state)
{
	struct fake *f = up(state);
	struct cbsp_entry e;
	const uint8_t lost[] = {0x13, 0, 0, 10, 4, 0, 3, 2, 0, 101, 0x16, 0, 0x0D, 1};
	const uint8_t kept[] = {0x13, 0, 0, 10, 4, 0, 3, 2, 0, 101, 0x16, 0, 0x0D, 0};
	const uint8_t emergency[] = {0x13, 0, 0, 10, 4, 0, 3, 2, 0, 101, 0x16, 1, 0x0D, 1};

	fake_job(f, 3, 1);
	fake_run(f, 0);
	complete(f, 4379, 0x4010);
	f->sent_len = 0;
	fake_input(f, kept, sizeof(kept));
	fake_input(f, emergency, sizeof(emergency));
	assert_false(fake_next(f));
	fake_input(f, lost, sizeof(lost));
	sends_write(f, 4379, 1);
	assert_true(cbsp_next(&f->msg.cells, &e));
	assert_int_equal(e.cell.ci, 101);
}

static struct fake_job *on_air(struct fake *f, unsigned int texts)
{
	struct fake_job *j = fake_job(f, 3, texts);

	fake_run(f, 0);
	for (unsigned int t = 0; t < texts; t++)
		complete(f, 4379 + t, 0x4010);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 3);
	f->sent_len = 0;
	j->pub.state = JOB_WITHDRAWN;
	return j;
}

static void sends_kill(struct fake *f, uint16_t mid)
{
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_KILL);
	assert_int_equal(f->msg.message_identifier, mid);
	assert_int_equal(f->msg.old_serial, 0x4010);
}

static void kills_each_text(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 2);

	assert_int_equal(link_cbsp_kill(f->link, &j->pub), 0);
	assert_true(link_cbsp_killing(f->link));
	fake_run(f, 0);
	sends_kill(f, 4379);
	assert_int_equal(f->msg.cells.scope, CBSP_ALL);
	kill_complete(f, 4379, 0x4010);
	sends_kill(f, 4380);
	kill_complete(f, 4380, 0x4010);
	assert_false(link_cbsp_killing(f->link));
}

static void kill_of_nothing_is_done(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 1);
	const int list[][2] = {{100, 2}, {777, 2}};

	link_cbsp_kill(f->link, &j->pub);
	fake_run(f, 0);
	sends_kill(f, 4379);
	refuse(f, CBSP_KILL_FAILURE, 4379, 0x4010, 2, list);
	assert_false(link_cbsp_killing(f->link));
	assert_int_equal(f->link->count.accepted, 2);
}

static void kill_again(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 1);
	const int list[][2] = {{101, 10}};

	link_cbsp_kill(f->link, &j->pub);
	fake_run(f, 0);
	sends_kill(f, 4379);
	refuse(f, CBSP_KILL_FAILURE, 4379, 0x4010, 1, list);
	assert_true(link_cbsp_killing(f->link));
	assert_false(fake_next(f));
	fake_run(f, 15 * S);
	sends_kill(f, 4379);
	kill_complete(f, 4379, 0x4010);
	assert_false(link_cbsp_killing(f->link));
}

static void kill_cell_by_cell(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 1);
	const int list[][2] = {{-1, 3}};

	link_cbsp_kill(f->link, &j->pub);
	fake_run(f, 0);
	sends_kill(f, 4379);
	refuse(f, CBSP_KILL_FAILURE, 4379, 0x4010, 1, list); /* does not take "all cells" */
	sends_kill(f, 4379);
	assert_int_equal(f->msg.cells.scope, CBSP_CGI);
	assert_int_equal(f->msg.cells.n, 3);
	kill_complete(f, 4379, 0x4010);
	assert_false(link_cbsp_killing(f->link));
}

static void kill_waits_for_the_write(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 2);

	fake_run(f, 0);
	sends_write(f, 4379, 2);
	j->pub.state = JOB_WITHDRAWN;
	link_cbsp_kill(f->link, &j->pub);
	fake_run(f, S);
	sends_kill(f, 4380); /* the other text is free already */
	assert_false(fake_next(f));
	complete(f, 4379, 0x4010);
	assert_false(fake_next(f));                 /* the second text is not written any more */
	assert_int_equal(j->last[0], OUT_ACCEPTED); /* it reached people: they get the found text */
	kill_complete(f, 4380, 0x4010);
	sends_kill(f, 4379);
}

static void kill_forgotten_by_reset(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 1);

	link_cbsp_kill(f->link, &j->pub);
	fake_run(f, 0);
	lose(f);
	assert_false(link_cbsp_killing(f->link));
	assert_int_equal(link_cbsp_kill(f->link, &j->pub), 0); /* down: nothing to do */
	reconnect(f);
	assert_false(fake_next(f));
}

/* A job that was done long before its recall may still be called done. */
static void killed_stays_killed(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = on_air(f, 1);

	j->pub.state = JOB_DONE;
	lose(f);
	link_cbsp_kill(f->link, &j->pub);
	reconnect(f);
	assert_false(fake_next(f));
}

static void update_replaces(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 3, 1);
	const int list[][2] = {{101, 2}};

	j->payload.old_serial[0] = 0x400F;
	fake_run(f, 0);
	sends_write(f, 4379, 3);
	assert_int_equal(f->msg.old_serial, 0x400F);
	refuse(f, CBSP_WRITE_FAILURE, 4379, 0x4010, 1, list);
	assert_int_equal(fake_count(j, UNIT_HANDED), 3);
	sends_write(f, 4379, 1); /* the cell that had no old text gets the new one alone */
	assert_false(cbsp_has(&f->msg, CBSP_OLD_SERIAL));
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 3);
}

static void keep_alive(void **state)
{
	struct fake *f = up(state);
	const uint8_t answer[] = {0x17, 0, 0, 0}, theirs[] = {0x16, 0, 0, 2, 0x18, 20};

	fake_run(f, 30 * S);
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_KEEP_ALIVE);
	assert_int_equal(cbsp_period_s(f->msg.keep_alive_period), 30);
	fake_input(f, answer, sizeof(answer));
	fake_input(f, theirs, sizeof(theirs));
	assert_true(fake_next(f));
	assert_int_equal(f->msg.type, CBSP_KEEP_ALIVE_COMPLETE);
	fake_run(f, 30 * S);
	assert_int_equal(f->closes, 0);
	fake_run(f, 11 * S);
	assert_int_equal(f->closes, 1);
	assert_int_equal(f->events[LINK_EV_DOWN], 1);
}

static void unreadable_is_survived(void **state)
{
	struct fake *f = up(state);
	const uint8_t junk[] = {0x02, 0, 0, 3, 0xEE, 1, 2, 0x77, 0, 0, 0, 0x02, 0, 0, 4, 4, 0, 9, 0};
	const uint8_t endless[] = {0x02, 0xFF, 0xFF, 0xFF};

	fake_input(f, junk, sizeof(junk));
	assert_int_equal(f->link->count.protocol_errors, 3);
	assert_int_equal(f->events[LINK_EV_PROTOCOL], 1); /* told once, the rest summed up */
	assert_int_equal(f->link->state, LINK_UP);
	fake_input(f, endless, sizeof(endless));
	assert_int_equal(f->closes, 1);
}

static void octet_by_octet(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);
	struct answer a = begin(CBSP_WRITE_COMPLETE, 4379, 0x03, 0x4010);

	fake_run(f, 0);
	for (size_t i = 0; i < a.n; i++)
		fake_input(f, a.o + i, 1);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 2);
}

static void indications_are_told(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);
	const uint8_t failure[] = {0x14, 0, 0, 9, 9, 0, 4, 2, 1, 2, 0x0A, 0x16, 0};
	const uint8_t error[] = {0x15, 0, 0, 8, 0x0B, 8, 0x0E, 0x11, 0x1B, 0x03, 0x40, 0x10};

	fake_input(f, failure, sizeof(failure));
	assert_int_equal(f->link->count.protocol_errors, 1);
	assert_non_null(strstr(f->last_event, "not operational"));
	fake_input(f, error, sizeof(error)); /* names our request: its answer */
	assert_int_equal(j->last[0], OUT_TRANSIENT);
	complete(f, 4379, 0x4010);
	assert_int_equal(f->link->count.protocol_errors, 3); /* an answer to nothing */
}

static void listens(void **state)
{
	struct fake *f = *state;
	struct fake_job *j;

	f->cfg.mode = MODE_LISTEN;
	fake_create(f, f);
	fake_run(f, 100 * S);
	assert_int_equal(f->connects, 0);
	connect_up(f);
	j = fake_job(f, 2, 1);
	fake_run(f, 0);
	sends_write(f, 4379, 2);
	connect_up(f); /* the BSC dialled again without saying good-bye */
	assert_int_equal(j->last[0], OUT_LOST);
	lose(f);
	fake_run(f, 100 * S);
	assert_int_equal(f->connects, 0);
}

static void blocked_sends_nothing(void **state)
{
	struct fake *f = up(state);

	f->link->blocked = true;
	fake_job(f, 2, 1);
	fake_run(f, S);
	assert_int_equal(f->link->state, LINK_BLOCKED);
	assert_false(f->dispatch.up);
	assert_false(fake_next(f));
	f->link->blocked = false;
	fake_run(f, S);
	sends_write(f, 4379, 2);
}

static void stops_after_answers(void **state)
{
	struct fake *f = up(state);
	struct fake_job *j = fake_job(f, 2, 1);

	fake_run(f, 0);
	link_cbsp.stop(f->link, f->now_us);
	fake_job(f, 2, 1);
	fake_run(f, S);
	assert_false(link_cbsp.stopped(f->link));
	sends_write(f, 4379, 2);
	assert_false(fake_next(f));
	complete(f, 4379, 0x4010);
	assert_int_equal(fake_count(j, UNIT_ACCEPTED), 2);
	assert_true(link_cbsp.stopped(f->link));
	fake_run(f, 100 * S);
	assert_int_equal(f->connects, 1);
}

static void reader_that_stops(void **state)
{
	struct fake *f = *state;
	const uint8_t theirs[] = {0x16, 0, 0, 2, 0x18, 20};
	size_t n;

	up(state);
	for (int i = 0; i < 100000; i++)
		link_cbsp.input(f->link, 0, theirs, sizeof(theirs), f->now_us);
	link_cbsp.output(f->link, 0, &n);
	assert_in_range(n, 4, 65536);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(resets_first),
		T(backs_off),
		T(reset_unanswered),
		T(writes_cells),
		T(period_and_count),
		T(period_u16),
		T(failure_by_cause),
		T(why_by_cell),
		T(why_without_a_cause),
		T(why_without_text_or_cell),
		T(failure_of_area),
		T(failure_of_strangers),
		T(success_only_as_listed),
		T(all_texts_needed),
		T(one_per_reference),
		T(window_over_jobs),
		T(token_a_request),
		T(late_answer_is_nobodys),
		T(never_answered_closes),
		T(loss_and_rewriting),
		T(rewritten_once),
		T(ended_jobs_stay_silent),
		T(rewriting_insists),
		T(restart_of_cells),
		T(kills_each_text),
		T(kill_of_nothing_is_done),
		T(kill_again),
		T(kill_cell_by_cell),
		T(kill_waits_for_the_write),
		T(kill_forgotten_by_reset),
		T(killed_stays_killed),
		T(update_replaces),
		T(keep_alive),
		T(unreadable_is_survived),
		T(octet_by_octet),
		T(indications_are_told),
		T(listens),
		T(blocked_sends_nothing),
		T(stops_after_answers),
		T(reader_that_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

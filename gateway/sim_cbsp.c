/* The real CBSP driver in the simulated world, and a BSC made of octets that shares no code with it. */
#include "gateway/sim_driver.h"
#include "gateway/link_cbsp.h"
#include "gateway/link_cbsp_work.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define HEADER       4
#define TEXTS        2 /* at most; job n has 1 + n % 2 */
#define FIRST_ID     4379
#define REPETITION_S 60
#define CELL         7 /* octets of a CGI */

/* TS 48.049 8.2.1 */
enum {
	WRITE = 0x01,
	KILL = 0x04,
	RESET = 0x10,
	RESET_COMPLETE = 0x11,
	RESTART = 0x13,
	KEEP_ALIVE = 0x16,
	KEEP_ALIVE_COMPLETE = 0x17
};
enum {
	IE_OLD = 0x02,
	IE_NEW = 0x03,
	IE_CELLS = 0x04,
	IE_REPETITION = 0x06,
	IE_N = 0x07,
	IE_FAILED = 0x09,
	IE_ID = 0x0E
};
enum {
	CAUSE_NONE = -1,
	UNKNOWN_REF = 0x02,
	CAPACITY = 0x06,
	NO_CBCH = 0x09,
	REF_USED = 0x0D,
	NOT_ALL = 0x0F
};
enum { SCOPE_CGI = 0, SCOPE_ALL = 6 };

/* What is on air, by job, text and cell: until when, 0 = not. */
struct sim_bsc {
	uint64_t *until[SIM_JOBS];
};

static unsigned int texts_of(unsigned int job)
{
	return 1 + (job + 1) % TEXTS;
}

/* --- what the driver asks for --- */

static void fill(struct payload *p, const struct sim_driver *d, const struct dispatch_job *job,
		 unsigned int no)
{
	(void)d;
	(void)job;
	p->n_texts = texts_of(no);
	p->repetition_s = REPETITION_S;
	p->lifetime_s = 86400;
	for (unsigned int t = 0; t < p->n_texts; t++) {
		p->message_identifier[t] = FIRST_ID + t;
		p->serial[t] = (no + 1) << 4;
		p->pages[t].n = p->pages[t].used[0] = 1;
	}
}

static int payload_cell(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id,
			uint8_t *digits)
{
	(void)arg;
	(void)job;
	*id = (struct cell_id){.radio = CELL_GSM, .mcc = 460, .mnc = 0, .area = 1, .cell = 1 + unit};
	*digits = 2;
	return 0;
}

/* --- octets --- */

struct request {
	uint8_t type;
	unsigned int job, text;
	uint32_t broadcasts, repetition;
	bool all;
	uint32_t n; /* cells */
	const uint8_t *cell;
};

static uint32_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t unit_of(const uint8_t *cell)
{
	return get16(cell + 5) - 1;
}

/* Octets of an IE's value; its list starts with a length of its own. */
static size_t ie_len(const uint8_t *p, const uint8_t *end)
{
	static const uint8_t fixed[32] = {
		[0x01] = 83, [0x02] = 2, [0x03] = 2, [0x05] = 1, [0x06] = 2, [0x07] = 2, [0x0C] = 1,
		[0x0E] = 2,  [0x12] = 1, [0x13] = 1, [0x14] = 1, [0x15] = 1, [0x18] = 1};

	if (*p == IE_CELLS)
		return end - p < 3 ? 0 : 2 + get16(p + 1);
	return *p < sizeof(fixed) ? fixed[*p] : 0;
}

static bool read_cells(struct request *r, const uint8_t *p)
{
	size_t len = get16(p);

	r->all = len == 1 && p[2] == SCOPE_ALL;
	r->cell = p + 3;
	r->n = len / CELL;
	return r->all || (p[2] == SCOPE_CGI && len % CELL == 1);
}

/* WRITE-REPLACE and KILL; false: not as agreed. */
static bool request_read(const uint8_t *m, size_t len, struct request *r)
{
	const uint8_t *p = m + HEADER, *end = m + len;
	uint32_t serial = 0;

	*r = (struct request){.type = m[0]};
	while (p < end) {
		size_t n = ie_len(p, end);

		if (n == 0 || n > (size_t)(end - p - 1))
			return false;
		if (*p == IE_ID)
			r->text = get16(p + 1) - FIRST_ID;
		else if (*p == (m[0] == KILL ? IE_OLD : IE_NEW))
			serial = get16(p + 1);
		else if (*p == IE_REPETITION)
			r->repetition = get16(p + 1);
		else if (*p == IE_N)
			r->broadcasts = get16(p + 1);
		else if (*p == IE_CELLS && !read_cells(r, p + 1))
			return false;
		p += 1 + n;
	}
	r->job = (serial >> 4) - 1;
	return r->job < SIM_JOBS && r->text < texts_of(r->job) && (r->all || r->n > 0);
}

static void check_request(struct sim_driver *d, const uint8_t *m, size_t len)
{
	struct request r;

	if (m[0] != WRITE && m[0] != KILL)
		return;
	if (!request_read(m, len, &r) || r.job >= d->s->plan->n_jobs || (r.type == WRITE && r.all)) {
		sim_fail(d->s, "%s: a request that says nothing", d->l->plan->name);
		return;
	}
	sim_check_request(d->s, d->l);
	sim_note(d->s, 0xC0 + d->l->no, m[0] << 16 | r.job << 8 | r.text);
	for (uint32_t i = 0; r.type == WRITE && i < r.n; i++)
		sim_check_cell(d->s, r.job, unit_of(r.cell + i * CELL));
}

static size_t message_octets(const uint8_t *m)
{
	return HEADER + (m[1] << 16 | m[2] << 8 | m[3]);
}

/* --- the driver --- */

static const struct sim_protocol protocol = {
	.ops = &link_cbsp, .header = HEADER, .octets = message_octets, .check = check_request, .fill = fill};

static void *cbsp_create(void *ctx, struct sim *s, struct sim_link *l)
{
	struct sim_driver *d = sim_driver_new(ctx, &protocol, s, l);

	d->conf.type = LINK_CBSP;
	d->conf.cells_per_request = l->plan->cells;
	d->conf.repetition_u16 = true;
	d->payload_ops.cell = payload_cell;
	sim_driver_start(d, NULL);
	return d;
}

static void cbsp_recall(void *driver, struct dispatch_job *job)
{
	struct sim_driver *d = driver;

	link_cbsp_kill(d->link, job);
	sim_driver_pump(d);
}

static bool cbsp_settled(void *driver)
{
	const struct cbsp_link *l = (const struct cbsp_link *)sim_driver_link(driver);

	return l->link.state == LINK_UP && link_cbsp_work_idle(l) && llist_empty(&l->sweeps);
}

/* --- the BSC --- */

static struct sim_bsc *bsc_of(struct sim *s, struct sim_link *l)
{
	if (l->bsc)
		return l->bsc;
	l->bsc = talloc_zero(s, struct sim_bsc);
	OSMO_ASSERT(l->bsc);
	for (size_t j = 0; j < s->plan->n_jobs; j++) {
		l->bsc->until[j] = talloc_zero_array(l->bsc, uint64_t, s->plan->job[j].units * TEXTS);
		OSMO_ASSERT(l->bsc->until[j]);
	}
	return l->bsc;
}

static uint64_t *air(struct sim *s, struct sim_link *l, unsigned int job, unsigned int text, uint32_t cell)
{
	return &bsc_of(s, l)->until[job][cell * TEXTS + text];
}

static void wipe(struct sim *s, struct sim_link *l, uint32_t from, uint32_t to)
{
	for (size_t j = 0; j < s->plan->n_jobs; j++)
		for (uint32_t c = from; c < to && c < s->plan->job[j].units; c++)
			for (unsigned int t = 0; t < TEXTS; t++)
				*air(s, l, j, t, c) = 0;
}

/* It has no CBCH. */
static bool broken(const struct sim_link *l, uint32_t cell)
{
	return (cell * 2654435761u >> 8) % 1000 < l->plan->refuse;
}

static int write_cell(struct sim *s, struct sim_link *l, const struct request *r, uint32_t cell)
{
	uint64_t *until = air(s, l, r->job, r->text, cell), life_us;

	if (broken(l, cell))
		return NO_CBCH;
	if (*until > s->now)
		return REF_USED;
	if (sim_rnd(s, 1000) < l->plan->transient)
		return CAPACITY;
	life_us = r->broadcasts * (uint64_t)r->repetition * 1883000;
	*until = s->now + life_us;
	if (*until > s->job[r->job].expires_us + 2 * REPETITION_S * UINT64_C(1000000))
		sim_fail(s, "%s: job %u cell %u stays on air after its expiry", l->plan->name, r->job + 1,
			 cell);
	if (s->job[r->job].copies[cell] == 0) /* one text is enough to be reached; written again is no copy */
		sim_check_copy(s, l, &s->job[r->job], cell, 0);
	return CAUSE_NONE;
}

static int kill_cell(struct sim *s, struct sim_link *l, const struct request *r, uint32_t cell)
{
	uint64_t *until = air(s, l, r->job, r->text, cell);

	if (*until <= s->now)
		return UNKNOWN_REF;
	if (sim_rnd(s, 1000) < l->plan->transient)
		return CAPACITY;
	*until = 0;
	return CAUSE_NONE;
}

struct answer {
	uint8_t *o;
	size_t n;
};

static void put(struct answer *a, const void *octets, size_t n)
{
	memcpy(a->o + a->n, octets, n);
	a->n += n;
}

static void put_head(struct answer *a, uint8_t ie, uint32_t v)
{
	uint8_t o[3] = {ie, v >> 8, v & 0xFF};

	put(a, o, sizeof(o));
}

static void put_cell(struct answer *a, uint32_t cell)
{
	uint8_t o[CELL] = {0x64, 0xF0, 0x00, 0, 1, (cell + 1) >> 8, (cell + 1) & 0xFF};

	put(a, o, CELL);
}

/* Half of the BSCs list whom it went to. */
static void put_lists(struct sim *s, struct sim_link *l, struct answer *a, const struct request *r,
		      const uint32_t *cell, const int *cause, uint32_t n)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < n; i++)
		failed += cause[i] != CAUSE_NONE;
	if (failed)
		put_head(a, IE_FAILED, failed * (CELL + 2));
	for (uint32_t i = 0; i < n; i++)
		if (cause[i] != CAUSE_NONE) {
			put(a, &(uint8_t){SCOPE_CGI}, 1);
			put_cell(a, cell[i]);
			put(a, &(uint8_t){cause[i]}, 1);
		}
	if (r->type == WRITE && n > failed && (s->plan->seed + l->no) % 2) {
		put_head(a, IE_CELLS, 1 + (n - failed) * CELL);
		put(a, &(uint8_t){SCOPE_CGI}, 1);
		for (uint32_t i = 0; i < n; i++)
			if (cause[i] == CAUSE_NONE)
				put_cell(a, cell[i]);
	}
	a->o[0] = r->type + (failed ? 2 : 1);
}

static uint64_t reply_delay(struct sim *s, const struct sim_link *l)
{
	return (l->plan->delay_ms + sim_rnd(s, l->plan->spread_ms + 1)) * UINT64_C(1000);
}

/* Never twice: answers carry no number, so that one of two would pass for the next request's. */
static void reply(struct sim *s, struct sim_link *l, struct answer *a, uint64_t delay_us)
{
	a->o[1] = (a->n - HEADER) >> 16;
	a->o[2] = (a->n - HEADER) >> 8;
	a->o[3] = (a->n - HEADER) & 0xFF;
	sim_reply(s, l, a->o, a->n, delay_us);
}

/* Some do not know a KILL of all cells. */
static bool knows_all(const struct sim *s, const struct sim_link *l)
{
	return (s->plan->seed / 2 + l->no) % 3 != 0;
}

static void execute(struct sim *s, struct sim_link *l, const struct request *r, struct answer *a)
{
	uint32_t n = r->all ? s->plan->job[r->job].units : r->n;
	uint32_t *cell = talloc_array(s, uint32_t, n);
	int *cause = talloc_array(s, int, n);
	bool busy = sim_rnd(s, 1000) < l->plan->throttle;

	OSMO_ASSERT(cell && cause);
	for (uint32_t i = 0; i < n; i++) {
		cell[i] = r->all ? i : unit_of(r->cell + i * CELL);
		cause[i] = r->all && !knows_all(s, l) ? NOT_ALL
			   : busy                     ? CAPACITY
			   : r->type == KILL          ? kill_cell(s, l, r, cell[i])
						      : write_cell(s, l, r, cell[i]);
		sim_note(s, 0xA0 + cause[i], cell[i]);
	}
	put_lists(s, l, a, r, cell, cause, n);
	talloc_free(cell);
	talloc_free(cause);
}

static void serve(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len)
{
	uint64_t dice = sim_rnd(s, 1000), delay_us = reply_delay(s, l);
	struct request r;
	struct answer a = {.n = HEADER};

	if (!request_read(data, len, &r) || r.job >= s->plan->n_jobs)
		return;
	if (dice < l->plan->drop + l->plan->late)
		s->report->breaks++;
	if (dice < l->plan->drop)
		return; /* lost inside */
	a.o = talloc_size(s, 64 + 16 * (size_t)(s->plan->job[r.job].units + 1));
	OSMO_ASSERT(a.o);
	put_head(&a, IE_ID, FIRST_ID + r.text);
	put_head(&a, r.type == KILL ? IE_OLD : IE_NEW, (r.job + 1) << 4);
	execute(s, l, &r, &a);
	if (dice >= l->plan->drop + l->plan->late)
		reply(s, l, &a, delay_us);
	else if (sim_rnd(s, 2)) /* done, but it says so late or never */
		reply(s, l, &a, SIM_TIMEOUT_US + sim_rnd(s, 3000000));
	talloc_free(a.o);
}

static void cbsp_peer_input(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len)
{
	static const uint8_t reset_complete[] = {RESET_COMPLETE, 0, 0, 4, IE_CELLS, 0, 1, SCOPE_ALL};
	static const uint8_t alive[] = {KEEP_ALIVE_COMPLETE, 0, 0, 0};

	switch (data[0]) {
	case RESET:
		wipe(s, l, 0, UINT32_MAX);
		sim_reply(s, l, reset_complete, sizeof(reset_complete), 1000);
		break;
	case KEEP_ALIVE:
		sim_reply(s, l, alive, sizeof(alive), 1000);
		break;
	default:
		serve(s, l, data, len);
	}
}

/* Ten cells, or all, come back empty (TS 48.049 7.7). */
static void cbsp_peer_restart(struct sim *s, struct sim_link *l)
{
	uint32_t first = sim_rnd(s, 400), n = sim_rnd(s, 3) ? 10 : 0;
	struct answer a = {.o = talloc_size(s, 256), .n = HEADER};

	OSMO_ASSERT(a.o);
	wipe(s, l, n ? first : 0, n ? first + n : UINT32_MAX);
	a.o[0] = RESTART;
	put_head(&a, IE_CELLS, 1 + n * CELL);
	put(&a, &(uint8_t){n ? SCOPE_CGI : SCOPE_ALL}, 1);
	for (uint32_t i = 0; i < n; i++)
		put_cell(&a, first + i);
	put(&a, "\x16\x00\x0D\x01", 4); /* CBS; the data are lost */
	if (l->conn && !s->plan->quiet_restart) {
		a.o[1] = 0;
		a.o[2] = (a.n - HEADER) >> 8;
		a.o[3] = (a.n - HEADER) & 0xFF;
		sim_reply(s, l, a.o, a.n, 0);
	}
	talloc_free(a.o);
}

/* What the ledger calls accepted is on air; what was recalled or has expired is not. */
static void check_cell(struct sim *s, struct sim_link *l, unsigned int job, uint32_t cell,
		       enum unit_state state)
{
	const struct sim_job *j = &s->job[job];
	bool recalled = j->cancelled_us && j->cancelled_us < j->expires_us;

	for (unsigned int t = 0; t < texts_of(job); t++) {
		bool on = *air(s, l, job, t, cell) > s->now;

		if (on && recalled)
			sim_fail(s, "%s: job %u cell %u text %u was recalled but is on air", l->plan->name,
				 job + 1, cell, t);
		if (!on && !j->cancelled_us && s->now < j->expires_us && state == UNIT_ACCEPTED)
			sim_fail(s, "%s: job %u cell %u text %u is accepted but not on air", l->plan->name,
				 job + 1, cell, t);
	}
}

static void cbsp_check_end(struct sim *s, struct sim_link *l)
{
	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];

		if (!j->known || j->plan->group != l->plan->group)
			continue;
		for (uint32_t c = 0; c < j->plan->units; c++)
			check_cell(s, l, i, c,
				   j->job ? UNIT_STATE(dispatch_unit(j->job, c)) : UNIT_WITHDRAWN);
	}
}

const struct sim_driver_ops sim_cbsp = {
	.name = "cbsp",
	.dials = true,
	.create = cbsp_create,
	.connected = sim_driver_connected,
	.closed = sim_driver_closed,
	.input = sim_driver_input,
	.tick = sim_driver_tick,
	.peer_input = cbsp_peer_input,
	.link = sim_driver_link,
	.recall = cbsp_recall,
	.settled = cbsp_settled,
	.peer_restart = cbsp_peer_restart,
	.check_end = cbsp_check_end,
};

#include "gateway/carrier/bsc.h"
#include "gateway/carrier/bsccell.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>

#define PENDING 64

/* A connection of a centre. */
struct centre {
	struct bsc *bsc;
	struct conn *conn;
	bool reset; /* it began with RESET, as it should */
	struct {
		bool used;
		uint16_t id, serial;
	} pending[PENDING]; /* unanswered writes and kills */
};

/* Lists of an answer while it is made; each has room for all that a request can name. */
struct result {
	uint8_t *ok, *bad, *done;
	size_t n_ok, n_bad, n_done, entries;
};

typedef uint8_t (*cell_fn)(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m);

void bsc_cell_name(const struct bsc_cell *cell, char out[32])
{
	char plmn[8];

	cbsp_plmn_text(cell->plmn, plmn);
	snprintf(out, 32, "%s-%u-%u", plmn, cell->lac, cell->ci);
}

/* The cells of --bsc-cells: LAC-CI,... */
static int read_listed(struct bsc *b, const char *list)
{
	uint8_t cause;

	for (const char *p = list; p && *p;) {
		unsigned int lac, ci;
		int n = 0;

		if (sscanf(p, "%u-%u%n", &lac, &ci, &n) != 2 || lac > 65535 || ci > 65535 ||
		    (p[n] && p[n] != ',')) {
			fprintf(stderr, "reunion-carrier: --bsc-cells: wants LAC-CI,..., not \"%.20s\"\n", p);
			return -1;
		}
		bsccell_find(b, b->plmn, (uint16_t)lac, (uint16_t)ci, &cause);
		p += n + (p[n] == ',');
	}
	b->only_listed = list != NULL;
	return 0;
}

struct bsc *bsc_new(struct carrier *c)
{
	struct bsc *b = talloc_zero(c, struct bsc);

	OSMO_ASSERT(b);
	b->c = c;
	b->texts = texts_new(b);
	b->keys = names_new(b);
	if (cbsp_plmn_read(c->set.plmn, b->plmn) < 0) {
		fprintf(stderr, "reunion-carrier: --plmn: wants MCC-MNC such as 460-00, not \"%.20s\"\n",
			c->set.plmn);
		return NULL;
	}
	return read_listed(b, c->set.cells) < 0 ? NULL : b;
}

static uint8_t *head(uint8_t *out, uint8_t type)
{
	out[0] = type;
	return out + 4;
}

static size_t finish(uint8_t *out, uint8_t *p)
{
	uint32_t body = (uint32_t)(p - out - 4);

	out[1] = (uint8_t)(body >> 16);
	octets_put16(out + 2, body & 0xFFFF);
	return body + 4;
}

static uint8_t *put16(uint8_t *p, uint8_t tag, uint16_t v)
{
	*p = tag;
	return octets_put16(p + 1, v);
}

static uint8_t *put8(uint8_t *p, uint8_t tag, uint8_t v)
{
	p[0] = tag;
	p[1] = v;
	return p + 2;
}

/* A list element; how < 0: entries bring their own discriminators. */
static uint8_t *put_list(uint8_t *p, uint8_t tag, int how, const uint8_t *v, size_t len)
{
	*p++ = tag;
	p = octets_put16(p, (uint16_t)(len + (how >= 0)));
	if (how >= 0)
		*p++ = (uint8_t)how;
	if (len)
		memcpy(p, v, len);
	return p + len;
}

static void write_out(struct conn *conn, const uint8_t *data, size_t len)
{
	memcpy(conn_room(conn, len), data, len);
	conn_wrote(conn, len);
}

static void answer_late(struct carrier *c, const struct agenda_event *ev)
{
	struct conn *conn = loop_conn(c->loop, ev->b);

	if (conn) {
		struct centre *t = conn->session;

		if (ev->c < PENDING)
			t->pending[ev->c].used = false;
		write_out(conn, ev->blob, (size_t)ev->a);
	}
	free(ev->blob);
}

/* Notes a write or kill as unanswered; one (identifier, serial) may have one only. */
static uint32_t pend(struct centre *t, const struct cbsp *m)
{
	uint16_t serial = m->type == CBSP_WRITE ? m->new_serial : m->old_serial;
	uint32_t free_slot = PENDING;

	for (uint32_t i = 0; i < PENDING; i++) {
		if (!t->pending[i].used)
			free_slot = i;
		else if (t->pending[i].id == m->id && t->pending[i].serial == serial)
			faults_add(&t->bsc->faults, FAULT_OVERLAP,
				   "id %u serial 0x%04X asked again before the answer", m->id, serial);
	}
	if (free_slot < PENDING) {
		t->pending[free_slot].used = true;
		t->pending[free_slot].id = m->id;
		t->pending[free_slot].serial = serial;
	}
	return free_slot;
}

static void answer(struct centre *t, const struct cbsp *m, const uint8_t *data, size_t len)
{
	struct carrier *c = t->bsc->c;
	struct agenda_event ev = {.run = answer_late, .a = len, .b = t->conn->id, .c = PENDING};

	if (c->set.latency_max_us == 0) {
		write_out(t->conn, data, len);
		return;
	}
	if (m->type == CBSP_WRITE || m->type == CBSP_KILL)
		ev.c = pend(t, m);
	ev.due_us = carrier_answer_us(c, &t->bsc->last_answer_us);
	ev.blob = malloc(len);
	OSMO_ASSERT(ev.blob);
	memcpy(ev.blob, data, len);
	agenda_add(c->agenda, ev);
}

static void error_indication(struct centre *t, const struct cbsp *m, uint8_t cause)
{
	uint8_t out[32], *p = put8(head(out, CBSP_ERROR), CBSP_CAUSE, cause);

	t->bsc->n.errors++;
	if (cbsp_has(m, CBSP_ID))
		p = put16(p, CBSP_ID, m->id);
	if (cbsp_has(m, CBSP_NEW))
		p = put16(p, CBSP_NEW, m->new_serial);
	if (cbsp_has(m, CBSP_OLD))
		p = put16(p, CBSP_OLD, m->old_serial);
	if (cbsp_has(m, CBSP_CHANNEL))
		p = put8(p, CBSP_CHANNEL, m->channel);
	write_out(t->conn, out, finish(out, p));
}

static void note(struct bsc *b, struct result *r, const struct cbsp *m, const uint8_t *entry, uint8_t cause,
		 int done)
{
	int len = cbsp_entry_len(m->cells_how);
	uint8_t *p;

	if (cause != BSCCELL_OK) {
		p = r->bad + r->n_bad;
		*p++ = m->cells_how;
		memcpy(p, entry, (size_t)len);
		p[len] = cause;
		r->n_bad += (size_t)len + 2;
		return;
	}
	memcpy(r->ok + r->n_ok, entry, (size_t)len);
	r->n_ok += (size_t)len;
	if (m->type != CBSP_LOAD && m->type != CBSP_STATUS && (done < 0 || !b->c->set.completed_lists))
		return;
	p = r->done + r->n_done;
	memcpy(p, entry, (size_t)len);
	octets_put16(p + len, m->type == CBSP_LOAD ? 0x0A00 : (uint16_t)done); /* ten and zero per cent */
	p[len + 2] = 0;
	r->n_done += (size_t)len + (m->type == CBSP_LOAD ? 2 : 3);
}

/* An entry that names exactly one cell. */
static int64_t one_cell(struct bsc *b, uint8_t how, const uint8_t *entry, uint8_t *cause)
{
	uint16_t lac = b->c->set.lacs ? (uint16_t)strtoul(b->c->set.lacs, NULL, 10) : 0;

	if (how == CBSP_CGI)
		return bsccell_find(b, entry, octets_16(entry + 3), octets_16(entry + 5), cause);
	if (how == CBSP_LAC_CI)
		return bsccell_find(b, b->plmn, octets_16(entry), octets_16(entry + 2), cause);
	return bsccell_find(b, b->plmn, lac, octets_16(entry), cause);
}

/* Every known cell that the entry names; BSCCELL_OK when it worked in one at least. */
static uint8_t many_cells(struct bsc *b, const struct cbsp *m, const uint8_t *entry, uint32_t message,
			  cell_fn fn, int *done)
{
	uint8_t first = m->cells_how == CBSP_ALL ? BSCCELL_OK : m->cells_how == CBSP_CI ? 3 : 0x0F;
	bool any = false, ok = false;

	for (uint32_t i = 0; i < b->n_cells; i++) {
		uint8_t cause;
		int times;

		if (!bsccell_matches(b, &b->cells[i], m->cells_how, entry))
			continue;
		times = bsccell_done(b, i, m->id, m->old_serial);
		*done = times > *done ? times : *done;
		cause = fn(b, i, message, m);
		ok |= cause == BSCCELL_OK;
		first = any ? first : cause;
		any = true;
	}
	return ok ? BSCCELL_OK : first;
}

static void apply(struct bsc *b, const struct cbsp *m, uint32_t message, cell_fn fn, struct result *r)
{
	int len = cbsp_entry_len(m->cells_how);
	const uint8_t *end = m->cells + m->cells_len, *at = m->cells;

	do {
		uint8_t cause = BSCCELL_OK;
		int done = -1;
		int64_t cell = -1;

		if (m->cells_how >= CBSP_CI)
			cause = many_cells(b, m, at, message, fn, &done);
		if (m->cells_how < CBSP_CI || (m->cells_how == CBSP_CI && cause == 3 && !b->only_listed)) {
			cell = one_cell(b, m->cells_how, at, &cause);
			done = cell < 0 ? -1 : bsccell_done(b, (uint32_t)cell, m->id, m->old_serial);
			if (cell >= 0)
				cause = fn(b, (uint32_t)cell, message, m);
			else
				b->n.causes[cause & 15]++;
		}
		note(b, r, m, at, cause, done);
		at += len;
	} while (at < end);
}

static uint8_t do_write(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m)
{
	return bsccell_write(b, cell, message, m);
}

static uint8_t do_kill(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m)
{
	return bsccell_kill(b, cell, m);
}

static uint8_t do_wipe(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m)
{
	bsccell_wipe(b, cell);
	return BSCCELL_OK;
}

static uint8_t do_ask(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m)
{
	return bsccell_done(b, cell, m->id, m->old_serial) < 0 ? 0x02 : BSCCELL_OK;
}

static uint8_t do_nothing(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m)
{
	return BSCCELL_OK;
}

/* COMPLETE (request + 1) or FAILURE (request + 2), 8.1.3. */
static void conclude(struct centre *t, const struct cbsp *m, const struct result *r)
{
	size_t room = r->n_ok + r->n_bad + r->n_done + 64;
	uint8_t *out = talloc_size(t->bsc, room), *p = head(out, m->type + (r->n_bad ? 2 : 1));
	bool serials = m->type == CBSP_WRITE || m->type == CBSP_KILL || m->type == CBSP_STATUS;

	OSMO_ASSERT(out);
	if (serials)
		p = put16(p, CBSP_ID, m->id);
	if (m->type == CBSP_WRITE)
		p = put16(p, CBSP_NEW, m->new_serial);
	if (serials && cbsp_has(m, CBSP_OLD))
		p = put16(p, CBSP_OLD, m->old_serial);
	if (r->n_bad)
		p = put_list(p, CBSP_FAILED, -1, r->bad, r->n_bad);
	if (r->n_done)
		p = put_list(p, m->type == CBSP_LOAD ? CBSP_LOADING : CBSP_COMPLETED, m->cells_how, r->done,
			     r->n_done);
	if (m->type != CBSP_LOAD && m->type != CBSP_STATUS && (r->n_ok || m->cells_how == CBSP_ALL))
		p = put_list(p, CBSP_CELLS, m->cells_how, r->ok, r->n_ok);
	if (cbsp_has(m, CBSP_CHANNEL))
		p = put8(p, CBSP_CHANNEL, m->channel);
	answer(t, m, out, finish(out, p));
	talloc_free(out);
}

static void run(struct centre *t, const struct cbsp *m, uint32_t message, cell_fn fn)
{
	struct result r = {0};
	size_t entries = m->cells_len / 2u + 1;
	bool failed;

	r.ok = talloc_size(t->bsc, 3 * (m->cells_len + entries * 4));
	OSMO_ASSERT(r.ok);
	r.bad = r.ok + m->cells_len + entries * 4;
	r.done = r.bad + m->cells_len + entries * 4;
	apply(t->bsc, m, message, fn, &r);
	failed = r.n_bad > 0;
	conclude(t, m, &r);
	t->bsc->n.write_failures += failed && m->type == CBSP_WRITE;
	t->bsc->n.kill_failures += failed && m->type == CBSP_KILL;
	talloc_free(r.ok);
}

static bool needs(struct centre *t, const struct cbsp *m, uint32_t tags)
{
	if ((m->has & tags) == tags)
		return true;
	faults_add(&t->bsc->faults, FAULT_MALFORMED, "message 0x%02X without elements 0x%X", m->type,
		   tags & ~m->has);
	error_indication(t, m, 0x05);
	return false;
}

#define BIT(tag) (1u << (tag))

static void write_message(struct centre *t, const struct cbsp *m)
{
	struct bsc *b = t->bsc;
	bool emergency = cbsp_has(m, CBSP_EMERGENCY) && !cbsp_has(m, CBSP_CHANNEL);
	uint32_t must = BIT(CBSP_ID) | BIT(CBSP_NEW) | BIT(CBSP_CELLS);

	must |= emergency ? BIT(CBSP_WARNING) | BIT(CBSP_SECURITY) | BIT(CBSP_WARNING_PERIOD)
			  : BIT(CBSP_CHANNEL) | BIT(CBSP_PERIOD) | BIT(CBSP_COUNT) | BIT(CBSP_PAGES) |
				    BIT(CBSP_DCS) | BIT(CBSP_PAGE);
	if (!needs(t, m, must))
		return;
	if (!emergency && (m->n_pages != m->pages.n || m->n_pages == 0)) {
		faults_add(&b->faults, FAULT_PAGE, "%u pages told, %u sent", m->n_pages, m->pages.n);
		error_indication(t, m, 0x01);
		return;
	}
	if (m->category > 2 || m->channel > 1)
		faults_add(&b->faults, FAULT_FIELD, "category %u, channel %u", m->category, m->channel);
	if (!t->reset)
		faults_add(&b->faults, FAULT_STATE, "WRITE-REPLACE before RESET on this connection");
	b->n.writes++;
	b->last_us = b->c->now_us;
	if (!b->first_us)
		b->first_us = b->c->now_us;
	run(t, m, bsccell_message(b, m), do_write);
}

static void reset(struct centre *t, const struct cbsp *m)
{
	t->bsc->n.resets++;
	t->reset = true;
	run(t, m, 0, do_wipe);
}

static void keepalive(struct centre *t, const struct cbsp *m)
{
	uint8_t out[4];

	t->bsc->n.keepalives++;
	if (!cbsp_has(m, CBSP_KEEPALIVE_PERIOD) || m->keepalive == 0 || m->keepalive > 38)
		faults_add(&t->bsc->faults, FAULT_FIELD, "keep-alive period code %u", m->keepalive);
	write_out(t->conn, out, finish(out, head(out, CBSP_KEEPALIVE_COMPLETE)));
}

static void dispatch(struct centre *t, const struct cbsp *m)
{
	const uint32_t ref = BIT(CBSP_ID) | BIT(CBSP_OLD) | BIT(CBSP_CELLS);

	switch ((enum cbsp_type)m->type) {
	case CBSP_WRITE:
		write_message(t, m);
		return;
	case CBSP_KILL:
		t->bsc->n.kills++;
		if (needs(t, m, ref))
			run(t, m, 0, do_kill);
		return;
	case CBSP_STATUS:
		t->bsc->n.queries++;
		if (needs(t, m, ref))
			run(t, m, 0, do_ask);
		return;
	case CBSP_LOAD:
	case CBSP_DRX:
		t->bsc->n.queries++;
		if (needs(t, m, BIT(CBSP_CELLS)))
			run(t, m, 0, do_nothing);
		return;
	case CBSP_RESET:
		if (needs(t, m, BIT(CBSP_CELLS)))
			reset(t, m);
		return;
	case CBSP_KEEPALIVE:
		keepalive(t, m);
		return;
	default:
		faults_add(&t->bsc->faults, FAULT_STATE, "message type 0x%02X from a centre", m->type);
		error_indication(t, m, 0x04);
	}
}

static void send_restart(struct conn *conn)
{
	struct bsc *b = conn->carrier->bsc;
	bool lost = true;

	for (uint32_t i = 0; i < b->n_cells; i++)
		lost &= b->cells[i].n == 0;
	for (uint8_t emergency = 0; emergency < 2; emergency++) {
		uint8_t out[16], *p = put_list(head(out, CBSP_RESTART), CBSP_CELLS, CBSP_ALL, NULL, 0);

		p = put8(put8(p, CBSP_BROADCAST, emergency), CBSP_RECOVERY, lost);
		write_out(conn, out, finish(out, p));
	}
}

void bsc_restart(struct bsc *b)
{
	b->n.restarts++;
	for (uint32_t i = 0; i < b->n_cells; i++)
		bsccell_wipe(b, i);
	loop_each(b->c->loop, &bsc_ops, send_restart);
}

void bsc_disconnect_all(struct bsc *b)
{
	loop_each(b->c->loop, &bsc_ops, conn_drop);
}

static void opened(struct conn *conn)
{
	struct centre *t = talloc_zero(conn, struct centre);

	OSMO_ASSERT(t);
	t->bsc = conn->carrier->bsc;
	t->conn = conn;
	conn->session = t;
	t->bsc->n.connections++;
	send_restart(conn);
}

static void closed(struct conn *conn)
{
}

static size_t input(struct conn *conn, const uint8_t *data, size_t len)
{
	struct centre *t = conn->session;
	size_t at = 0;
	int n = 0;

	while ((n = cbsp_frame(data + at, len - at)) > 0) {
		struct cbsp m;
		int cause = cbsp_read(data + at, (size_t)n, &m);

		at += (size_t)n;
		t->bsc->n.messages++;
		if (m.bad_tag)
			faults_add(&t->bsc->faults, FAULT_MALFORMED, "message 0x%02X: element 0x%02X", m.type,
				   m.bad_tag);
		if (cause)
			error_indication(t, &m, (uint8_t)cause);
		else
			dispatch(t, &m);
	}
	if (n < 0)
		faults_add(&t->bsc->faults, FAULT_FRAMING, "message length %u",
			   octets_32(data + at) & 0xFFFFFF);
	return n < 0 ? CONN_CLOSE : at;
}

const struct conn_ops bsc_ops = {.name = "cbsp", .opened = opened, .input = input, .closed = closed};

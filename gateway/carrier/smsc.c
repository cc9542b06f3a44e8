#include "gateway/carrier/smsc.h"
#include "gateway/carrier/smscbcast.h"
#include "gateway/carrier/smscdeliver.h"
#include "gateway/carrier/smscsubmit.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>

struct smsc *smsc_new(struct carrier *c)
{
	struct smsc *s = talloc_zero(c, struct smsc);

	OSMO_ASSERT(s);
	s->c = c;
	s->tally = tally_new(s, c->set.expect);
	if (!s->tally) {
		fprintf(stderr, "reunion-carrier: --expect: there is no memory for so many recipients\n");
		return NULL;
	}
	s->texts = texts_new(s);
	s->parts = parts_new(s);
	s->names = names_new(s);
	s->arrived = ratewin_new(s, c->start_us);
	s->granted = ratewin_new(s, c->start_us);
	s->taken = ratewin_new(s, c->start_us);
	s->delivers = smscdeliver_new(s);
	s->bcasts = smscbcast_new(s);
	return s;
}

size_t smsc_id_text(uint64_t id, bool decimal, char out[24])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out + 23;
	unsigned int base = decimal ? 10 : 16;
	size_t n;

	*p = '\0';
	do {
		*--p = hex[id % base];
		id /= base;
	} while (id || p > out + 15); /* at least 8 digits */
	n = (size_t)(out + 23 - p);
	memmove(out, p, n + 1);
	return n;
}

void smsc_count_status(struct smsc *s, uint32_t status)
{
	unsigned int i = 0;

	while (i < SMSC_STATUSES - 1 && s->statuses[i].n && s->statuses[i].status != status)
		i++;
	s->statuses[i].status = status;
	s->statuses[i].n++;
}

uint32_t smsc_next_seq(struct esme *e, unsigned int slot)
{
	e->counter = (e->counter + 1) & 0x1FFFFFF;
	if (e->counter == 0)
		e->counter = 1;
	return e->counter << 6 | slot;
}

static void write_answer(struct conn *conn, uint32_t id, uint32_t status, uint32_t seq, const uint8_t *body,
			 size_t len)
{
	uint8_t *out = conn_room(conn, 16 + len), *p = pdu_begin(out, id, status, seq);

	if (len)
		memcpy(p, body, len);
	conn_wrote(conn, pdu_end(out, p + len));
}

static void answer_late(struct carrier *c, const struct agenda_event *ev)
{
	struct conn *conn = loop_conn(c->loop, ev->b);
	struct esme *e = conn ? conn->session : NULL;

	if (e) {
		e->delayed--;
		write_answer(conn, ev->e, ev->d, ev->c, ev->blob, (size_t)ev->a);
	}
	free(ev->blob);
}

void smsc_answer(struct esme *e, uint32_t id, uint32_t status, uint32_t seq, const uint8_t *body, size_t len)
{
	struct carrier *c = e->smsc->c;
	struct agenda_event ev = {
		.run = answer_late, .a = len, .b = e->conn->id, .c = seq, .d = status, .e = id};

	if (c->set.latency_max_us == 0) {
		write_answer(e->conn, id, status, seq, body, len);
		return;
	}
	ev.due_us = carrier_answer_us(c, &e->smsc->last_answer_us);
	ev.blob = malloc(len + 1);
	OSMO_ASSERT(ev.blob);
	if (len)
		memcpy(ev.blob, body, len);
	e->delayed++;
	e->batch -= e->batch > 0; /* it counts as delayed now */
	agenda_add(c->agenda, ev);
}

static void outbind(struct conn *conn, const struct settings *set)
{
	uint8_t *out = conn_room(conn, 64), *p = pdu_begin(out, PDU_OUTBIND, 0, 1);

	p = pdu_put_str(p, set->system_id ? set->system_id : "carrier",
			strnlen(set->system_id ? set->system_id : "carrier", 15));
	p = pdu_put_str(p, set->password ? set->password : "",
			strnlen(set->password ? set->password : "", 8));
	conn_wrote(conn, pdu_end(out, p));
}

/* The gateway is the message centre; we bind to it. */
static void bind_out(struct esme *e)
{
	const struct settings *set = &e->smsc->c->set;
	uint8_t *out = conn_room(e->conn, 128), *p = pdu_begin(out, PDU_BIND_TRX, 0, smsc_next_seq(e, 0));

	p = pdu_put_str(p, set->system_id ? set->system_id : "carrier",
			strnlen(set->system_id ? set->system_id : "carrier", 15));
	p = pdu_put_str(p, set->password ? set->password : "",
			strnlen(set->password ? set->password : "", 8));
	p = pdu_put_str(p, "", 0);
	*p++ = set->version;
	memcpy(p, "\0\0\0", 3); /* TON, NPI, empty address_range */
	conn_wrote(e->conn, pdu_end(out, p + 3));
	e->asked_to_bind = true;
}

static void opened(struct conn *conn)
{
	struct smsc *s = conn->carrier->smsc;
	struct esme *e = talloc_zero(conn, struct esme);

	OSMO_ASSERT(e);
	conn->session = e;
	e->smsc = s;
	e->conn = conn;
	e->version = 0x33;
	s->n.connections++;
	if (conn->dialled && s->c->set.dial_binds)
		bind_out(e);
	else if (conn->dialled)
		outbind(conn, &s->c->set);
	if (s->c->set.stall && s->n.submits >= s->c->set.stall)
		conn_stall(conn, true);
}

static void closed(struct conn *conn)
{
	smscdeliver_leave(conn->session);
}

static uint32_t judge_bind(struct esme *e, const struct pdu *pdu, struct pdu_bind *b)
{
	const struct settings *set = &e->smsc->c->set;
	const char *why;
	int rc = pdu_read_bind(pdu, b, &why);

	if (rc) {
		faults_add(&e->smsc->faults, FAULT_MALFORMED, "%s", why);
		return (uint32_t)rc;
	}
	if (e->tx || e->rx || e->outbound)
		return 0x05;
	if (set->system_id && strcmp(set->system_id, b->system_id.s))
		return 0x0F;
	if (set->password && strcmp(set->password, b->password.s))
		return 0x0E;
	if (b->version > 0x34 && b->version != 0x50)
		faults_add(&e->smsc->faults, FAULT_FIELD, "interface_version 0x%02X", b->version);
	if (set->refuse_newer && b->version > set->version)
		return 0x0D;
	return 0;
}

static void bind_in(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	const struct settings *set = &s->c->set;
	struct pdu_bind b;
	uint32_t status = judge_bind(e, pdu, &b);
	uint8_t body[32], *p = pdu_put_str(body, set->smsc_id, strnlen(set->smsc_id, 15));

	if (status) {
		s->n.bind_failures++;
		smsc_answer(e, pdu->id | PDU_RESP, status, pdu->seq, NULL, 0);
		return;
	}
	s->n.binds++;
	e->version = b.version < set->version ? b.version : set->version;
	e->tx = pdu->id != PDU_BIND_RX;
	e->rx = pdu->id != PDU_BIND_TX;
	e->system = names_id(s->names, b.system_id.s, b.system_id.len);
	if (b.version >= 0x34 && set->version >= 0x34)
		p = pdu_put_tlv(p, 0x0210, &set->version, 1);
	write_answer(e->conn, pdu->id | PDU_RESP, 0, pdu->seq, body, (size_t)(p - body));
	smscdeliver_join(e);
}

static void unbind_in(struct esme *e, const struct pdu *pdu)
{
	e->smsc->n.unbinds++;
	write_answer(e->conn, pdu->id | PDU_RESP, 0, pdu->seq, NULL, 0);
	e->tx = e->rx = false;
	smscdeliver_leave(e);
	conn_finish(e->conn);
}

static void nack(struct esme *e, const struct pdu *pdu, uint32_t status)
{
	faults_add(&e->smsc->faults, FAULT_STATE, "request 0x%X is not for this session", pdu->id);
	smsc_answer(e, PDU_NACK, status, pdu->seq, NULL, 0);
}

static void response(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;

	if (pdu->id == (PDU_DELIVER | PDU_RESP) || (e->outbound && pdu->id == (PDU_SUBMIT | PDU_RESP))) {
		smscdeliver_answered(e, pdu);
	} else if (pdu->id == (PDU_ENQUIRE | PDU_RESP) && pdu->seq == e->enquire_seq) {
		e->enquire_seq = 0;
	} else if (pdu->id == (PDU_BIND_TRX | PDU_RESP) && e->asked_to_bind) {
		e->asked_to_bind = false;
		e->outbound = e->tx = e->rx = pdu->status == 0;
		e->version = s->c->set.version;
		s->n.binds += pdu->status == 0;
		s->n.bind_failures += pdu->status != 0;
		if (pdu->status)
			conn_drop(e->conn);
		else
			smscdeliver_join(e);
	} else if (pdu->id == PDU_NACK) {
		s->n.nacks++;
		faults_add(&s->faults, FAULT_RESPONSE, "generic_nack 0x%X for sequence %u", pdu->status,
			   pdu->seq);
	} else {
		faults_add(&s->faults, FAULT_RESPONSE, "response 0x%X for sequence %u, never asked", pdu->id,
			   pdu->seq);
	}
}

static void check_sequence(struct esme *e, const struct pdu *pdu)
{
	bool wrapped = e->last_seq > 0x70000000 && pdu->seq < 0x10000000;

	if (pdu->seq == 0 || pdu->seq > 0x7FFFFFFF)
		faults_add(&e->smsc->faults, FAULT_SEQUENCE, "sequence_number 0x%X", pdu->seq);
	else if (pdu->seq <= e->last_seq && !wrapped)
		faults_add(&e->smsc->faults, FAULT_SEQUENCE, "sequence_number %u after %u", pdu->seq,
			   e->last_seq);
	e->last_seq = pdu->seq;
}

static void check_window(struct esme *e)
{
	struct smsc *s = e->smsc;
	uint32_t out = e->batch + e->delayed;

	if (out > s->max_outstanding)
		s->max_outstanding = out;
	if (s->c->set.window && out > s->c->set.window)
		faults_add(&s->faults, FAULT_WINDOW, "%u requests unanswered, %u agreed", out,
			   s->c->set.window);
}

static void request(struct esme *e, const struct pdu *pdu)
{
	bool modern = e->version >= 0x50;

	check_sequence(e, pdu);
	switch (pdu->id) {
	case PDU_BIND_RX:
	case PDU_BIND_TX:
	case PDU_BIND_TRX:
		bind_in(e, pdu);
		return;
	case PDU_UNBIND:
		unbind_in(e, pdu);
		return;
	case PDU_ENQUIRE:
		e->smsc->n.enquires++;
		write_answer(e->conn, pdu->id | PDU_RESP, 0, pdu->seq, NULL, 0);
		return;
	case PDU_OUTBIND:
		faults_add(&e->smsc->faults, FAULT_STATE, "outbind from an ESME");
		return;
	}
	e->batch++;
	if (pdu->id == (e->outbound ? PDU_DELIVER : PDU_SUBMIT) || pdu->id == PDU_DATA ||
	    (pdu->id == PDU_MULTI && !e->outbound)) {
		smscsubmit(e, pdu);
		check_window(e);
	} else if (pdu->id == PDU_QUERY) {
		smscbcast_query_sm(e, pdu);
	} else if (pdu->id == PDU_CANCEL) {
		smscbcast_cancel_sm(e, pdu);
	} else if (modern && pdu->id == PDU_BROADCAST) {
		smscbcast_submit(e, pdu);
	} else if (modern && pdu->id == PDU_QUERY_BROADCAST) {
		smscbcast_query(e, pdu);
	} else if (modern && pdu->id == PDU_CANCEL_BROADCAST) {
		smscbcast_cancel(e, pdu);
	} else {
		nack(e, pdu, 0x03);
	}
}

static size_t input(struct conn *conn, const uint8_t *data, size_t len)
{
	struct esme *e = conn->session;
	size_t at = 0;
	struct pdu pdu;
	int n = 0;

	e->batch = 0;
	while (!conn->stalled && !conn->finishing && (n = pdu_frame(data + at, len - at, &pdu)) > 0) {
		at += (size_t)n;
		e->smsc->n.pdus++;
		if (pdu.id & PDU_RESP)
			response(e, &pdu);
		else
			request(e, &pdu);
		if (!loop_conn(conn->carrier->loop, conn->id))
			return at;
	}
	if (!conn->stalled && !conn->finishing && n < 0) {
		faults_add(&e->smsc->faults, FAULT_FRAMING, "command_length %u", pdu.len);
		write_answer(conn, PDU_NACK, 0x02, 0, NULL, 0);
		return CONN_CLOSE;
	}
	return at;
}

const struct conn_ops smsc_ops = {.name = "smpp", .opened = opened, .input = input, .closed = closed};

static void unstall(struct conn *conn)
{
	conn_stall(conn, false);
}

static void stall_one(struct conn *conn)
{
	conn_stall(conn, true);
}

void smsc_stall(struct smsc *s, bool stall)
{
	loop_each(s->c->loop, &smsc_ops, stall ? stall_one : unstall);
}

void smsc_disconnect_all(struct smsc *s)
{
	s->n.disconnects++;
	loop_each(s->c->loop, &smsc_ops, conn_drop);
}

static void put_random(struct esme *e, size_t n)
{
	uint8_t *out = conn_room(e->conn, n);

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)carrier_random(e->smsc->c, 256);
	conn_wrote(e->conn, n);
}

void smsc_garbage(struct esme *e, uint32_t seq)
{
	uint8_t body[100];

	memset(body, 'x', sizeof(body));
	e->smsc->n.garbage++;
	switch (carrier_random(e->smsc->c, 7)) {
	case 0:
		put_random(e, 40);
		break;
	case 1:
		memcpy(conn_room(e->conn, 16), "\xFF\xFF\xFF\xFF\x80\0\0\4\0\0\0\0\0\0\0\1", 16);
		conn_wrote(e->conn, 16);
		break;
	case 2:
		memcpy(conn_room(e->conn, 16), "\0\0\0\3\x80\0\0\4\0\0\0\0\0\0\0\1", 16);
		conn_wrote(e->conn, 16);
		break;
	case 3:
		write_answer(e->conn, PDU_SUBMIT | PDU_RESP, 0, seq + 1000000, (const uint8_t *)"1", 2);
		break;
	case 4:
		write_answer(e->conn, PDU_NACK, 0x03, seq, NULL, 0);
		break;
	case 5:
		write_answer(e->conn, PDU_SUBMIT | PDU_RESP, 0, seq, body, sizeof(body));
		break;
	default:
		write_answer(e->conn, 0x999, 0, seq, body, 10);
		break;
	}
}

static void garbage_one(struct conn *conn)
{
	smsc_garbage(conn->session, 1);
}

void smsc_garbage_all(struct smsc *s)
{
	loop_each(s->c->loop, &smsc_ops, garbage_one);
}

#include "gateway/carrier/smscdeliver.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NONE     UINT32_MAX
#define SESSIONS 64

struct item {
	uint64_t id; /* of the message; 0: a clue */
	tally_unit from;
	uint32_t source, submit_ms, clue, next;
	uint8_t ton, npi, state, system;
	bool early;
};

struct inbox {
	struct inbox *next;
	uint32_t system;
	uint8_t number;
	uint32_t first, last; /* of what waits, in order */
	struct esme *rx[SESSIONS];
	unsigned int n_rx, turn;
};

struct clue {
	tally_unit from;
	bool answered;
};

struct delivers {
	struct item *pool;
	uint32_t cap, fresh, free, busy;
	struct clue *clues;
	uint32_t n_clues, cap_clues;
	struct inbox *by_number[256];
	unsigned int n_inboxes;
};

struct delivers *smscdeliver_new(const void *ctx)
{
	struct delivers *d = talloc_zero(ctx, struct delivers);

	OSMO_ASSERT(d);
	d->free = NONE;
	return d;
}

static uint32_t item_new(struct delivers *d)
{
	uint32_t i = d->free;

	d->busy++;
	if (i != NONE) {
		d->free = d->pool[i].next;
	} else {
		if (d->fresh == d->cap) {
			d->cap = 2 * d->cap + 256;
			d->pool = talloc_realloc(d, d->pool, struct item, d->cap);
			OSMO_ASSERT(d->pool);
		}
		i = d->fresh++;
	}
	d->pool[i] = (struct item){.next = NONE};
	return i;
}

static void item_free(struct delivers *d, uint32_t i)
{
	d->busy--;
	d->pool[i] = (struct item){.next = d->free};
	d->free = i;
}

static struct inbox *inbox_of(struct smsc *s, uint32_t system)
{
	struct inbox *box = s->inboxes;

	while (box && box->system != system)
		box = box->next;
	if (box)
		return box;
	if (s->delivers->n_inboxes == 256) /* more system ids than anybody tries out: they share the last */
		return s->delivers->by_number[255];
	box = talloc_zero(s, struct inbox);
	OSMO_ASSERT(box);
	box->next = s->inboxes;
	box->system = system;
	box->first = box->last = NONE;
	box->number = (uint8_t)s->delivers->n_inboxes++;
	s->delivers->by_number[box->number] = box;
	return s->inboxes = box;
}

static void push(struct delivers *d, struct inbox *box, uint32_t i, bool front)
{
	d->pool[i].next = front ? box->first : NONE;
	if (front)
		box->first = i;
	else if (box->last != NONE)
		d->pool[box->last].next = i;
	else
		box->first = i;
	if (!front || box->last == NONE)
		box->last = i;
}

static const char *const states[] = {"SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED",
				     "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"};

static void stamp(const struct smsc *s, uint32_t ms, char *out, size_t cap)
{
	time_t t = (time_t)((s->c->start_wall_us / 1000 + ms) / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(out, cap, "%02u%02u%02u%02u%02u", (unsigned int)tm.tm_year % 100,
		 (unsigned int)tm.tm_mon + 1, (unsigned int)tm.tm_mday, (unsigned int)tm.tm_hour,
		 (unsigned int)tm.tm_min);
}

static uint8_t *put_receipt(struct esme *e, uint8_t *p, const struct item *it)
{
	const struct settings *set = &e->smsc->c->set;
	char text[256], id[24], sub[64], done[64];
	bool ok = it->state == 2;
	int n;

	smsc_id_text(it->id, set->receipt_id_decimal, id);
	stamp(e->smsc, it->submit_ms, sub, sizeof(sub));
	stamp(e->smsc, carrier_ms(e->smsc->c), done, sizeof(done));
	n = snprintf(text, sizeof(text),
		     "id:%s sub:001 dlvrd:00%d submit date:%s done date:%s stat:%s err:%s text:", id, ok, sub,
		     done, states[it->state], ok ? "000" : "027");
	*p++ = (uint8_t)n;
	memcpy(p, text, (size_t)n);
	p += n;
	if (e->version < 0x34)
		return p;
	p = pdu_put_tlv(p, 0x001E, id, (uint16_t)(strlen(id) + 1));
	p = pdu_put_tlv(p, 0x0427, &it->state, 1);
	return ok ? p : pdu_put_tlv(p, 0x0423, "\3\0\x1B", 3);
}

static uint8_t *put_clue(uint8_t *p, const struct item *it)
{
	char text[100];
	size_t n;

	if (it->clue % 2) {
		snprintf(text, sizeof(text), "线索 %u：我在朝阳公园东门见过这个孩子。", it->clue);
		n = chars_to_ucs2(text, p + 1, 140);
	} else {
		n = (size_t)snprintf((char *)p + 1, 100, "Clue %u: I saw this child at the east gate.",
				     it->clue);
	}
	*p = (uint8_t)n;
	return p + 1 + n;
}

/* deliver_sm: the recipient writes to the sender of the submit. */
static void send_item(struct esme *e, uint32_t i, unsigned int slot)
{
	struct smsc *s = e->smsc;
	const struct item *it = &s->delivers->pool[i];
	uint8_t *out = conn_room(e->conn, 512), *p;
	char from[72];
	size_t len, n = tally_name(s->tally, it->from, from, 21);
	const char *to = names_get(s->names, it->source, &len);

	e->out[slot].seq = smsc_next_seq(e, slot);
	e->out[slot].item = i;
	e->window |= 1ull << slot;
	p = pdu_begin(out, e->outbound ? PDU_SUBMIT : PDU_DELIVER, 0, e->out[slot].seq);
	p = pdu_put_str(p, "", 0);
	*p++ = 1;
	*p++ = 1;
	p = pdu_put_str(p, from, n);
	*p++ = it->ton;
	*p++ = it->npi;
	p = pdu_put_str(p, to, len > 20 ? 20 : len);
	memcpy(p, "\0\0\0\0\0\0\0\0\0", 9);
	p[0] = it->id ? 4 : 0; /* esm_class */
	p[7] = it->id == 0 && it->clue % 2
		       ? 8
		       : 0; /* data_coding; before it: pid, priority, two times, registered, replace */
	p += 9;
	p = it->id ? put_receipt(e, p, it) : put_clue(p, it);
	conn_wrote(e->conn, pdu_end(out, p));
	if (it->id)
		s->n.receipts++;
	else
		s->n.clues++;
}

static void pump(struct smsc *s, struct inbox *box)
{
	unsigned int full = 0;

	while (box->first != NONE && full < box->n_rx) {
		struct esme *e = box->rx[box->turn++ % box->n_rx];
		uint32_t i = box->first;

		if (~e->window == 0 || e->conn->finishing) {
			full++;
			continue;
		}
		full = 0;
		box->first = s->delivers->pool[i].next;
		if (box->first == NONE)
			box->last = NONE;
		send_item(e, i, (unsigned int)__builtin_ctzll(~e->window));
	}
}

static void arrive(struct carrier *c, const struct agenda_event *ev)
{
	struct delivers *d = c->smsc->delivers;
	struct inbox *box = d->by_number[d->pool[ev->b].system];

	push(d, box, ev->b, false);
	pump(c->smsc, box);
}

static void post(struct esme *e, uint32_t i, uint64_t due_us, bool at_once)
{
	struct carrier *c = e->smsc->c;
	struct agenda_event ev = {.due_us = due_us, .run = arrive, .b = i};

	e->smsc->delivers->pool[i].system = e->inbox->number;
	if (at_once)
		arrive(c, &ev);
	else
		agenda_add(c->agenda, ev);
}

static uint32_t item_for(struct esme *e, tally_unit from, uint32_t source, const struct pdu_submit *s)
{
	uint32_t i = item_new(e->smsc->delivers);
	struct item *it = &e->smsc->delivers->pool[i];

	if (!e->inbox)
		e->inbox = inbox_of(e->smsc, e->system);
	it->from = from;
	it->source = source;
	it->ton = s->src.ton;
	it->npi = s->src.npi;
	it->submit_ms = carrier_ms(e->smsc->c);
	return i;
}

void smscdeliver_receipt(struct esme *e, uint64_t id, tally_unit from, uint32_t source,
			 const struct pdu_submit *s)
{
	struct carrier *c = e->smsc->c;
	uint32_t at = carrier_random(c, 100), i;
	uint8_t state = at < 94 ? 2 : at < 96 ? 3 : at < 99 ? 5 : 8;

	if (e->outbound || ((s->registered & 3) == 2 && state == 2) ||
	    ((s->registered & 3) == 3 && state != 2))
		return;
	i = item_for(e, from, source, s);
	e->smsc->delivers->pool[i].id = id;
	e->smsc->delivers->pool[i].state = state;
	e->smsc->receipt_states[state]++;
	post(e, i, c->now_us + c->set.receipts_ms * 1000ull, c->set.early_receipts);
}

void smscdeliver_clue(struct esme *e, tally_unit from, uint32_t source, const struct pdu_submit *s)
{
	struct delivers *d = e->smsc->delivers;
	uint32_t i = item_for(e, from, source, s);

	if (d->n_clues == d->cap_clues) {
		d->cap_clues = 2 * d->cap_clues + 64;
		d->clues = talloc_realloc(d, d->clues, struct clue, d->cap_clues);
		OSMO_ASSERT(d->clues);
	}
	d->clues[d->n_clues++] = (struct clue){.from = from};
	d->pool[i].clue = d->n_clues;
	post(e, i, e->smsc->c->now_us + 100000 + carrier_random(e->smsc->c, 400000), false);
}

void smscdeliver_join(struct esme *e)
{
	struct inbox *box = e->inbox = inbox_of(e->smsc, e->system);

	if (!e->rx || box->n_rx == SESSIONS)
		return;
	box->rx[box->n_rx++] = e;
	pump(e->smsc, box);
}

void smscdeliver_leave(struct esme *e)
{
	struct inbox *box = e->inbox;
	struct delivers *d = e->smsc->delivers;

	if (!box)
		return;
	for (unsigned int i = 0; i < box->n_rx; i++)
		if (box->rx[i] == e)
			box->rx[i--] = box->rx[--box->n_rx];
	for (int slot = 63; slot >= 0; slot--) {
		uint32_t i = e->out[slot].item;

		if (!(e->window >> slot & 1))
			continue;
		if (d->pool[i].id)
			e->smsc->n.receipts_resent++;
		else
			e->smsc->n.clues_resent++;
		push(d, box, i, true);
	}
	e->window = 0;
	pump(e->smsc, box);
}

void smscdeliver_answered(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	unsigned int slot = pdu->seq & 63;
	uint32_t i = e->out[slot].item;
	struct item *it;

	if (!(e->window >> slot & 1) || e->out[slot].seq != pdu->seq) {
		faults_add(&s->faults, FAULT_RESPONSE, "deliver_sm_resp %u to nothing", pdu->seq);
		return;
	}
	e->window &= ~(1ull << slot);
	it = &s->delivers->pool[i];
	if (pdu->status)
		faults_add(&s->faults, FAULT_RESPONSE, "deliver_sm answered with status 0x%X", pdu->status);
	else if (it->id)
		s->n.receipts_answered++;
	else
		s->n.clues_answered++;
	if (!it->id && !pdu->status)
		s->delivers->clues[it->clue - 1].answered = true;
	item_free(s->delivers, i);
	pump(s, e->inbox);
}

int smscdeliver_cancel(struct smsc *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->delivers->fresh; i++) {
		struct item *it = &s->delivers->pool[i];

		if (it->id != id || id == 0 || it->state == 4)
			continue;
		s->receipt_states[it->state]--;
		s->receipt_states[it->state = 4]++;
		return 0;
	}
	return -ENOENT;
}

uint64_t smscdeliver_waiting(const struct smsc *s)
{
	return s->delivers->busy;
}

void smscdeliver_write_clues(const struct smsc *s, FILE *f)
{
	for (uint32_t i = 0; i < s->delivers->n_clues; i++) {
		char name[72];

		tally_name(s->tally, s->delivers->clues[i].from, name, sizeof(name));
		fprintf(f, "%u %s %d\n", i + 1, name, s->delivers->clues[i].answered);
	}
}

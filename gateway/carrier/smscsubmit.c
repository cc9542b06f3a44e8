#include "gateway/carrier/smscsubmit.h"
#include "gateway/carrier/scenario.h"
#include "gateway/carrier/smscdeliver.h"
#include "gateway/carrier/smsctext.h"
#include <stdlib.h>

/* What is known of one request while it is dealt with. */
struct work {
	struct pdu_submit s;
	struct smsctext text;
	uint32_t part, source;
	uint32_t resp, seq;
	uint64_t id;
	bool multi;
	unsigned int dests, failed;
	uint8_t body[300 * 27 + 80]; /* of submit_multi_resp */
	size_t body_len;
};

static uint32_t rolled_error(struct carrier *c)
{
	uint32_t at;

	if (!c->set.n_errors)
		return 0;
	at = carrier_random(c, 1000);
	for (unsigned int i = 0; i < c->set.n_errors; i++) {
		if (at < c->set.errors[i].permille)
			return c->set.errors[i].status;
		at -= c->set.errors[i].permille;
	}
	return 0;
}

/* The agreed rate: in no window of one second more than rate + burst parts. */
static bool within_rate(struct smsc *s, uint64_t at_us, unsigned int parts)
{
	const struct settings *set = &s->c->set;
	uint64_t burst = set->burst == UINT32_MAX ? set->rate / 10 : set->burst;

	if (!set->rate)
		return true;
	if (ratewin_now(s->granted, at_us) + parts <= set->rate + (burst ? burst : 1))
		return true;
	faults_add(&s->faults, FAULT_RATE, "%u parts %llu ms after the start, above %u a second", parts,
		   (unsigned long long)carrier_ms(s->c), set->rate);
	return false;
}

/* One destination has got this part; returns true when its message is whole with it. */
static bool took(struct smsc *s, const struct work *w, tally_unit unit)
{
	struct parts_key key = {unit, w->source, w->text.ref, w->text.how, w->text.total};
	const uint32_t *list = &w->part;
	enum parts_result r = PARTS_WHOLE;
	uint32_t text;

	if (w->text.how)
		r = parts_add(s->parts, &key, w->text.seq, w->part, carrier_ms(s->c), &list);
	s->n.accepted += w->text.parts;
	s->n.repeated_parts += r == PARTS_REPEATED;
	if (r == PARTS_CONFLICT)
		faults_add(&s->faults, FAULT_CONCAT,
			   "reference %u used for another text before it was complete", w->text.ref);
	if (r != PARTS_WHOLE)
		return false;
	text = texts_whole(s->texts, list, w->text.how ? w->text.total : 1);
	texts_count(s->texts, text, 1);
	tally_add(s->tally, unit, text, carrier_ms(s->c), w->text.how ? w->text.total : w->text.parts);
	s->n.messages++;
	return true;
}

static void follow_up(struct esme *e, const struct work *w, tally_unit unit, bool whole)
{
	struct carrier *c = e->smsc->c;

	if (c->set.receipts && (w->s.registered & 3))
		smscdeliver_receipt(e, w->id, unit, w->source, &w->s);
	if (whole && carrier_roll(c, c->set.replies))
		smscdeliver_clue(e, unit, w->source, &w->s);
}

static void take_single(struct esme *e, struct work *w)
{
	tally_unit unit = tally_subscriber(e->smsc->tally, w->s.dst.a.s, w->s.dst.a.len);

	follow_up(e, w, unit, took(e->smsc, w, unit));
}

static void take_multi(struct esme *e, struct work *w)
{
	struct smsc *s = e->smsc;
	const uint8_t *at = w->s.dests;
	uint8_t *p = w->body + w->body_len, *count = p++;

	for (unsigned int i = 0; i < w->s.n_dests; i++) {
		struct pdu_addr a;
		bool list, whole;
		tally_unit unit;

		at = pdu_dest(at, &a, &list);
		smsctext_check_dest(&a, list, &s->faults);
		if (carrier_roll(s->c, s->c->set.unsuccess)) {
			*p++ = a.ton;
			*p++ = a.npi;
			p = octets_put32(pdu_put_str(p, a.a.s, a.a.len), 0x0B);
			w->failed++;
			smsc_count_status(s, 0x0B);
			continue;
		}
		unit = list ? tally_named(s->tally, TALLY_LIST, a.a.s, a.a.len)
			    : tally_subscriber(s->tally, a.a.s, a.a.len);
		whole = took(s, w, unit);
		if (!list)
			follow_up(e, w, unit, whole);
	}
	*count = (uint8_t)w->failed;
	w->body_len = (size_t)(p - w->body);
}

/* Decodes and checks; 0 or the status to refuse with. */
static uint32_t examine(struct esme *e, const struct pdu *pdu, struct work *w)
{
	struct smsc *s = e->smsc;
	const char *why;
	int rc = pdu_read_submit(pdu, &w->s, &why);
	unsigned int bad = 0;

	if (w->multi && rc == 0)
		w->dests = w->s.n_dests;
	if (rc) {
		faults_add(&s->faults, FAULT_MALFORMED, "0x%X: %s", pdu->id, why);
		return (uint32_t)rc;
	}
	smsctext_check(&w->s, w->multi, e->version, &s->faults);
	rc = smsctext_read(&w->s, s->c->set.alphabet, &w->text, &s->faults);
	if (rc)
		return (uint32_t)rc;
	w->part = texts_part(s->texts, w->text.alphabet, w->text.octets, w->text.len, &bad);
	if (bad)
		faults_add(&s->faults, FAULT_CODING, "text with fault bits 0x%X under data_coding 0x%02X",
			   bad, w->s.dcs);
	w->source = names_id(s->names, w->s.src.a.s, w->s.src.a.len);
	return 0;
}

static uint32_t judge(struct esme *e, const struct pdu *pdu, struct work *w)
{
	struct smsc *s = e->smsc;
	uint32_t status = e->tx ? examine(e, pdu, w) : 0x04;
	unsigned int parts = w->dests * w->text.parts;
	uint64_t at_us = e->conn->arrived_us, late_us = s->c->now_us - at_us;

	s->n.parts += parts;
	s->read_late_us = late_us > s->read_late_us ? late_us : s->read_late_us;
	ratewin_add(s->arrived, at_us, parts);
	ratewin_add(s->taken, s->c->now_us, parts);
	if (status == 0x04) {
		faults_add(&s->faults, FAULT_STATE, "0x%X without a bind as transmitter or transceiver",
			   pdu->id);
		return status;
	}
	if (status == 0 && !within_rate(s, at_us, parts)) {
		s->n.throttled += parts;
		return 0x58;
	}
	if (status == 0)
		status = rolled_error(s->c);
	if (s->c->set.rate && status == 0)
		ratewin_add(s->granted, at_us, parts);
	return status;
}

/* The compact answer, when nothing delays it: straight into the output. */
static void answer(struct esme *e, struct work *w, uint32_t status)
{
	const struct settings *set = &e->smsc->c->set;
	uint8_t *body = w->body;
	size_t len = 0;

	if (w->resp == (PDU_DELIVER | PDU_RESP)) {
		body[0] = 0;
		len = 1;
	} else if (status == 0) {
		len = w->body_len;
	} else if (set->error_body == 1) {
		body[0] = 0;
		len = 1;
	} else if (set->error_body == 2) {
		len = smsc_id_text(w->id, set->id_decimal, (char *)body) + 1;
	}
	if (status == 0 && e->version >= 0x50 && set->congestion) {
		uint8_t level = (uint8_t)set->congestion;

		len = (size_t)(pdu_put_tlv(body + len, 0x0428, &level, 1) - body);
	}
	smsc_answer(e, w->resp, status, w->seq, body, len);
}

/* Connection troubles that were asked for. True: there is no answer any more. */
static bool trouble(struct esme *e, uint32_t seq)
{
	struct smsc *s = e->smsc;
	const struct settings *set = &s->c->set;

	if (set->disconnect_after && e->submits >= set->disconnect_after) {
		s->n.disconnects++;
		conn_drop(e->conn);
		return true;
	}
	if (set->stall && s->n.submits >= set->stall)
		conn_stall(e->conn, true);
	if (set->garbage && s->n.submits % set->garbage == 0) {
		smsc_garbage(e, seq);
		return true;
	}
	return false;
}

void smscsubmit(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	struct work w;
	uint32_t status;

	w.multi = pdu->id == PDU_MULTI;
	w.resp = pdu->id | PDU_RESP;
	w.seq = pdu->seq;
	w.failed = 0;
	w.dests = w.text.parts = 1; /* until it is read */
	e->submits++;
	if (++s->n.submits == s->c->submits_trigger)
		scenario_submits(s->c, s->n.submits);
	status = judge(e, pdu, &w);
	w.id = ++s->last_id;
	w.body_len = smsc_id_text(w.id, s->c->set.id_decimal, (char *)w.body) + 1;
	if (status == 0 && carrier_roll(s->c, s->c->set.lose)) {
		s->n.lost++;
		return;
	}
	if (status == 0 && w.multi)
		take_multi(e, &w);
	else if (status == 0)
		take_single(e, &w);
	if (w.dests > w.failed || status)
		smsc_count_status(s, status);
	s->n.refused += (status ? w.dests : w.failed) * w.text.parts;
	if (carrier_roll(s->c, s->c->set.drop))
		s->n.dropped++;
	else if (!trouble(e, w.seq))
		answer(e, &w, status);
}

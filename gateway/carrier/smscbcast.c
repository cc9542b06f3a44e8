#include "gateway/carrier/smscbcast.h"
#include "gateway/carrier/smscdeliver.h"
#include "gateway/carrier/smsctext.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>

struct bcast {
	uint64_t id;
	uint32_t source, text, first_area, n_areas;
	uint32_t service; /* service_type */
	bool cancelled;
};

struct bcasts {
	struct bcast *list;
	uint32_t n, cap;
	tally_unit *areas;
	uint32_t n_areas, cap_areas;
};

struct bcasts *smscbcast_new(const void *ctx)
{
	struct bcasts *b = talloc_zero(ctx, struct bcasts);

	OSMO_ASSERT(b);
	return b;
}

uint64_t smscbcast_active(const struct smsc *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->bcasts->n; i++)
		n += !s->bcasts->list[i].cancelled;
	return n;
}

/* An area by its name: an alias as it is, a shape as "FORMAT:hex". */
static tally_unit area_unit(struct smsc *s, const uint8_t *v, uint16_t len)
{
	char name[2 * 101 + 4];
	int n;

	if (v[0] == 0)
		return tally_named(s->tally, TALLY_AREA, (const char *)v + 1, len - 1u);
	n = snprintf(name, sizeof(name), "%u:", v[0]);
	for (uint16_t i = 1; i < len && i <= 100; i++)
		n += snprintf(name + n, sizeof(name) - (size_t)n, "%02x", v[i]);
	return tally_named(s->tally, TALLY_AREA, name, (size_t)n);
}

static void add_area(struct bcasts *b, tally_unit unit)
{
	if (b->n_areas == b->cap_areas) {
		b->cap_areas = 2 * b->cap_areas + 256;
		b->areas = talloc_realloc(b, b->areas, tally_unit, b->cap_areas);
		OSMO_ASSERT(b->areas);
	}
	b->areas[b->n_areas++] = unit;
}

/* TLVs of broadcast_sm: areas are collected, the mandatory ones and their lengths checked. 0 or a status. */
static uint32_t read_tlvs(struct smsc *s, const struct pdu_broadcast *bs, uint32_t *n_areas)
{
	const uint8_t *at = bs->tlvs.first, *v;
	uint16_t tag, len;
	unsigned int seen = 0;

	*n_areas = 0;
	while (pdu_tlv(&bs->tlvs, &at, &tag, &v, &len)) {
		if (tag == 0x0606 && (len < 2 || len > 101 || v[0] > 2))
			return 0x109;
		if (tag == 0x0606) {
			add_area(s->bcasts, area_unit(s, v, len));
			++*n_areas;
		} else if (tag == 0x0601) {
			seen |= 1;
			if (len != 3)
				return 0x10B;
		} else if (tag == 0x0604) {
			seen |= 2;
			if (len != 2)
				return 0x110;
		} else if (tag == 0x0605) {
			seen |= 4;
			if (len != 3 || (v[0] != 0 && (v[0] < 8 || v[0] > 14)))
				return 0x107;
		}
	}
	return *n_areas == 0 || seen != 7 ? 0xC3 : 0;
}

static uint64_t id_of(const struct smsc *s, const struct pdu_str *id)
{
	return strtoull(id->s, NULL, s->c->set.id_decimal ? 10 : 16);
}

static struct bcast *find(struct smsc *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->bcasts->n; i++)
		if (s->bcasts->list[i].id == id)
			return &s->bcasts->list[i];
	return NULL;
}

static void keep(struct smsc *s, struct bcast b)
{
	struct bcasts *list = s->bcasts;

	if (list->n == list->cap) {
		list->cap = 2 * list->cap + 64;
		list->list = talloc_realloc(list, list->list, struct bcast, list->cap);
		OSMO_ASSERT(list->list);
	}
	list->list[list->n++] = b;
	texts_count(s->texts, b.text, b.n_areas);
	for (uint32_t i = 0; i < b.n_areas; i++)
		tally_add(s->tally, list->areas[b.first_area + i], b.text, carrier_ms(s->c), 1);
}

/* Takes it into the store, or says with which status not. */
static uint32_t take(struct smsc *s, const struct pdu_broadcast *bs, struct bcast *b)
{
	struct pdu_submit as = {.dcs = bs->dcs, .tlvs = bs->tlvs, .text = bs->tlvs.payload};
	struct smsctext text;
	unsigned int bad = 0;
	uint32_t status = read_tlvs(s, bs, &b->n_areas), part;
	struct bcast *old = bs->replace ? find(s, id_of(s, &bs->message_id)) : NULL;

	if (status || (bs->replace && !old))
		return status ? status : 0x0C;
	if (!bs->tlvs.payload && !bs->default_id)
		return 0xC3;
	if (smsctext_read(&as, CHARS_GSM7, &text, &s->faults))
		return 0x104;
	part = texts_part(s->texts, text.alphabet, text.octets, text.len, &bad);
	if (bad)
		faults_add(&s->faults, FAULT_CODING, "broadcast text with fault bits 0x%X", bad);
	if (old)
		old->cancelled = true;
	b->text = texts_whole(s->texts, &part, 1);
	b->source = names_id(s->names, bs->src.a.s, bs->src.a.len);
	b->service = names_id(s->names, bs->service_type.s, bs->service_type.len);
	keep(s, *b);
	return 0;
}

void smscbcast_submit(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	struct pdu_broadcast bs;
	struct bcast b = {.id = ++s->last_id, .first_area = s->bcasts->n_areas};
	const char *why;
	uint32_t status = (uint32_t)pdu_read_broadcast(pdu, &bs, &why);
	char id[24];

	if (status)
		faults_add(&s->faults, FAULT_MALFORMED, "%s", why);
	else if (!e->tx)
		status = 0x04;
	else
		status = take(s, &bs, &b);
	if (status) {
		s->bcasts->n_areas = b.first_area;
		if (status != 0x04)
			faults_add(&s->faults, FAULT_FIELD, "broadcast_sm answered with 0x%X", status);
	} else {
		s->n.broadcasts++;
	}
	smsc_count_status(s, status);
	smsc_answer(e, pdu->id | PDU_RESP, status, pdu->seq, (uint8_t *)id,
		    status ? 0 : smsc_id_text(b.id, s->c->set.id_decimal, id) + 1);
}

void smscbcast_query(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	struct pdu_ref r;
	const char *why;
	struct bcast *b = pdu_read_ref(pdu, &r, &why) ? NULL : find(s, id_of(s, &r.message_id));
	const size_t room = 60000;
	uint8_t *body, *p, state = b && b->cancelled ? 4 : 1;

	s->n.queries++;
	if (!b || !e->tx) {
		smsc_answer(e, pdu->id | PDU_RESP, e->tx ? 0x10E : 0x04, pdu->seq, NULL, 0);
		return;
	}
	p = body = talloc_size(s, room);
	OSMO_ASSERT(body);
	p = pdu_put_str(p, r.message_id.s, r.message_id.len);
	p = pdu_put_tlv(p, 0x0427, &state, 1);
	for (uint32_t i = 0; i < b->n_areas && p < body + room - 128; i++) {
		char name[102] = "";
		size_t n = tally_name(s->tally, s->bcasts->areas[b->first_area + i], name + 1, 100);

		p = pdu_put_tlv(p, 0x0606, name, (uint16_t)(n + 1)); /* shapes come back under their name */
		p = pdu_put_tlv(p, 0x0608, "\x64", 1);
	}
	smsc_answer(e, pdu->id | PDU_RESP, 0, pdu->seq, body, (size_t)(p - body));
	talloc_free(body);
}

void smscbcast_cancel(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	struct pdu_ref r;
	const char *why;
	int rc = pdu_read_ref(pdu, &r, &why);
	unsigned int n = 0;

	s->n.cancels++;
	for (uint32_t i = 0; rc == 0 && i < s->bcasts->n; i++) {
		struct bcast *b = &s->bcasts->list[i];
		bool hit = r.message_id.len ? b->id == id_of(s, &r.message_id)
					    : b->source == names_id(s->names, r.src.a.s, r.src.a.len) &&
						      b->service == names_id(s->names, r.service_type.s,
									     r.service_type.len);

		n += hit && !b->cancelled;
		b->cancelled |= hit;
	}
	smsc_answer(e, pdu->id | PDU_RESP, rc ? (uint32_t)rc : n ? 0 : 0x10F, pdu->seq, NULL, 0);
}

void smscbcast_query_sm(struct esme *e, const struct pdu *pdu)
{
	struct smsc *s = e->smsc;
	struct pdu_ref r;
	const char *why;
	int rc = pdu_read_ref(pdu, &r, &why);
	uint64_t id = rc ? 0 : id_of(s, &r.message_id);
	uint8_t body[80], *p = body;

	s->n.queries++;
	if (rc || id == 0 || id > s->last_id) {
		smsc_answer(e, pdu->id | PDU_RESP, rc ? (uint32_t)rc : 0x67, pdu->seq, NULL, 0);
		return;
	}
	p = pdu_put_str(p, r.message_id.s, r.message_id.len);
	memcpy(p, "\0\2\0", 3); /* no final date, DELIVERED, no error */
	smsc_answer(e, pdu->id | PDU_RESP, 0, pdu->seq, body, (size_t)(p + 3 - body));
}

/* What has no receipt waiting counts as delivered and cannot be cancelled any more. */
void smscbcast_cancel_sm(struct esme *e, const struct pdu *pdu)
{
	struct pdu_ref r;
	const char *why;
	int rc = pdu_read_ref(pdu, &r, &why);

	e->smsc->n.cancels++;
	if (rc == 0 && smscdeliver_cancel(e->smsc, id_of(e->smsc, &r.message_id)) < 0)
		rc = 0x11;
	smsc_answer(e, pdu->id | PDU_RESP, (uint32_t)rc, pdu->seq, NULL, 0);
}

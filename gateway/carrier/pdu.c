#include "gateway/carrier/pdu.h"

int pdu_frame(const uint8_t *data, size_t len, struct pdu *pdu)
{
	if (len < 4)
		return 0;
	pdu->len = octets_32(data);
	if (pdu->len < 16 || pdu->len > PDU_MAX)
		return -1;
	if (len < pdu->len)
		return 0;
	pdu->id = octets_32(data + 4);
	pdu->status = octets_32(data + 8);
	pdu->seq = octets_32(data + 12);
	pdu->body = data + 16;
	return (int)pdu->len;
}

static struct octets open_body(const struct pdu *pdu)
{
	return (struct octets){.p = pdu->body, .end = pdu->body + pdu->len - 16};
}

/* C-octet string of at most max octets with its NUL. */
static struct pdu_str str(struct octets *o, size_t max)
{
	size_t left = octets_left(o), n = left < max ? left : max;
	const uint8_t *p = o->p, *nul = n ? memchr(p, 0, n) : NULL;

	if (!nul) {
		o->bad = true;
		return (struct pdu_str){"", 0};
	}
	o->p = nul + 1;
	return (struct pdu_str){(const char *)p, (uint8_t)(nul - p)};
}

static struct pdu_addr address(struct octets *o, size_t max)
{
	struct pdu_addr a;

	a.ton = octets_u8(o);
	a.npi = octets_u8(o);
	a.a = str(o, max);
	return a;
}

bool pdu_tlv(const struct pdu_tlvs *t, const uint8_t **at, uint16_t *tag, const uint8_t **value,
	     uint16_t *len)
{
	if (t->end - *at < 4)
		return false;
	*tag = octets_16(*at);
	*len = octets_16(*at + 2);
	if (t->end - *at - 4 < *len)
		return false;
	*value = *at + 4;
	*at += 4 + *len;
	return true;
}

static void read_tlvs(const struct octets *o, struct pdu_tlvs *t)
{
	const uint8_t *at = o->p, *v;
	uint16_t tag, len;

	*t = (struct pdu_tlvs){.first = o->p, .end = o->end};
	while (pdu_tlv(t, &at, &tag, &v, &len)) {
		if (tag == 0x0424) {
			t->payload = v;
			t->payload_len = len;
		} else if (tag == 0x020C && len == 2) {
			t->sar_ref = octets_16(v);
			t->sar_have++;
		} else if (tag == 0x020E && len == 1) {
			t->sar_total = *v;
			t->sar_have++;
		} else if (tag == 0x020F && len == 1) {
			t->sar_seq = *v;
			t->sar_have++;
		} else if (tag == 0x020C || tag == 0x020E || tag == 0x020F) {
			t->bad = 1;
		}
	}
	if (at != t->end)
		t->bad = 1;
}

int pdu_read_bind(const struct pdu *pdu, struct pdu_bind *b, const char **why)
{
	struct octets o = open_body(pdu);

	b->system_id = str(&o, 16);
	b->password = str(&o, 9);
	b->system_type = str(&o, 13);
	b->version = octets_u8(&o);
	octets_u8(&o);
	octets_u8(&o);
	str(&o, 41);
	*why = o.bad          ? "bind: a field is cut or too long"
	       : o.p != o.end ? "bind: octets after address_range"
			      : NULL;
	return *why ? 0x02 : 0;
}

/* The destinations of submit_multi; their number may be 255 in 5.0. */
static void read_dests(struct octets *o, struct pdu_submit *s)
{
	s->n_dests = octets_u8(o);
	s->dests = o->p;
	if (s->n_dests == 0)
		o->bad = true;
	for (unsigned int i = 0; i < s->n_dests && !o->bad; i++) {
		uint8_t flag = octets_u8(o);

		if (flag == 1)
			address(o, 21);
		else if (flag == 2)
			str(o, 21);
		else
			o->bad = true;
	}
}

const uint8_t *pdu_dest(const uint8_t *at, struct pdu_addr *addr, bool *list)
{
	*list = *at++ == 2;
	addr->ton = *list ? 0 : *at++;
	addr->npi = *list ? 0 : *at++;
	addr->a = (struct pdu_str){(const char *)at, (uint8_t)strlen((const char *)at)};
	return at + addr->a.len + 1;
}

static int data_sm(const struct pdu *pdu, struct pdu_submit *s, const char **why)
{
	struct octets o = open_body(pdu);

	s->service_type = str(&o, 6);
	s->src = address(&o, 65);
	s->dst = address(&o, 65);
	s->esm = octets_u8(&o);
	s->registered = octets_u8(&o);
	s->dcs = octets_u8(&o);
	read_tlvs(&o, &s->tlvs);
	*why = o.bad ? "data_sm: a field is cut or too long" : NULL;
	return o.bad ? 0x02 : 0;
}

/* From registered_delivery to the text. */
static void tail(struct octets *o, struct pdu_submit *s)
{
	s->registered = octets_u8(o);
	s->replace = octets_u8(o);
	s->dcs = octets_u8(o);
	s->default_id = octets_u8(o);
	s->text_len = octets_u8(o);
}

int pdu_read_submit(const struct pdu *pdu, struct pdu_submit *s, const char **why)
{
	struct octets o = open_body(pdu);

	memset(s, 0, sizeof(*s));
	if (pdu->id == PDU_DATA)
		return data_sm(pdu, s, why);
	s->service_type = str(&o, 6);
	s->src = address(&o, 21);
	if (pdu->id == PDU_MULTI)
		read_dests(&o, s);
	else
		s->dst = address(&o, 21);
	s->esm = octets_u8(&o);
	s->protocol = octets_u8(&o);
	s->priority = octets_u8(&o);
	s->schedule = str(&o, 17);
	s->validity = str(&o, 17);
	tail(&o, s);
	*why = "a field before short_message is cut or too long";
	if (o.bad)
		return 0x02;
	s->text = octets_take(&o, s->text_len);
	*why = "sm_length goes beyond the PDU";
	if (o.bad)
		return 0x01;
	read_tlvs(&o, &s->tlvs);
	*why = NULL;
	return 0;
}

int pdu_read_broadcast(const struct pdu *pdu, struct pdu_broadcast *b, const char **why)
{
	struct octets o = open_body(pdu);

	b->service_type = str(&o, 6);
	b->src = address(&o, 21);
	b->message_id = str(&o, 65);
	b->priority = octets_u8(&o);
	b->schedule = str(&o, 17);
	b->validity = str(&o, 17);
	b->replace = octets_u8(&o);
	b->dcs = octets_u8(&o);
	b->default_id = octets_u8(&o);
	read_tlvs(&o, &b->tlvs);
	*why = o.bad ? "broadcast_sm: a field is cut or too long" : NULL;
	return o.bad ? 0x02 : 0;
}

int pdu_read_ref(const struct pdu *pdu, struct pdu_ref *r, const char **why)
{
	struct octets o = open_body(pdu);

	memset(r, 0, sizeof(*r));
	if (pdu->id == PDU_CANCEL || pdu->id == PDU_CANCEL_BROADCAST)
		r->service_type = str(&o, 6);
	r->message_id = str(&o, 65);
	r->src = address(&o, 21);
	if (pdu->id == PDU_CANCEL)
		r->dst = address(&o, 21);
	*why = o.bad ? "a field is cut or too long" : NULL;
	return o.bad ? 0x02 : 0;
}

uint8_t *pdu_begin(uint8_t *out, uint32_t id, uint32_t status, uint32_t seq)
{
	octets_put32(out, 16);
	octets_put32(out + 4, id);
	octets_put32(out + 8, status);
	return octets_put32(out + 12, seq);
}

uint8_t *pdu_put_str(uint8_t *p, const char *s, size_t len)
{
	memcpy(p, s, len);
	p[len] = 0;
	return p + len + 1;
}

uint8_t *pdu_put_tlv(uint8_t *p, uint16_t tag, const void *value, uint16_t len)
{
	octets_put16(p, tag);
	octets_put16(p + 2, len);
	memcpy(p + 4, value, len);
	return p + 4 + len;
}

size_t pdu_end(uint8_t *out, uint8_t *p)
{
	octets_put32(out, (uint32_t)(p - out));
	return (size_t)(p - out);
}

#include "smpp/pack34.h"
#include <smpp34.h>
#include <smpp34_structs.h>
#include <errno.h>
#include <string.h>

#define TLVS_MAX 8

/* Any PDU that the library knows: they share the header. Zeroed before use, since the library runs strlen()
 * over it. */
union any {
	bind_transmitter_t bind; /* the three binds have one layout */
	bind_transmitter_resp_t bind_resp;
	outbind_t outbind;
	unbind_t header;
	submit_sm_t submit;
	submit_sm_resp_t submit_resp;
	deliver_sm_t deliver;
	deliver_sm_resp_t deliver_resp;
	data_sm_t data;
	query_sm_t query;
	cancel_sm_t cancel;
	replace_sm_t replace;
};

struct job {
	const struct smpp_pdu *pdu;
	union any any;
	tlv_t tlvs[TLVS_MAX];
	tlv_t *first;
	bool bad;
};

static void string(struct job *j, uint8_t *to, size_t size, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	if (len >= size)
		j->bad = true;
	else if (len)
		memcpy(to, s, len);
}
#define STRING(j, to, s) string(j, to, sizeof(to), s)

static void message(struct job *j, uint8_t *length, uint8_t *to)
{
	if (j->pdu->message_len > 253) {
		j->bad = true;
		return;
	}
	*length = j->pdu->message_len;
	if (j->pdu->message_len)
		memcpy(to, j->pdu->message, j->pdu->message_len);
}

/* The list is walked from the head as it stands; integers of 1, 2 and 4 octets are kept in host order by the
 * library, but only for tags that it knows as such, so those are told apart by tag here. */
static void tlvs(struct job *j)
{
	static const uint16_t u16_tags[] = {0x0204, 0x020A, 0x020B, 0x020C};
	struct smpp_tlv in;
	size_t at = 0, n = 0;

	while (smpp_tlv_next(j->pdu, &at, &in)) {
		tlv_t *t = &j->tlvs[n];

		if (n == TLVS_MAX || in.len >= MAX_TLV_SIZE) {
			j->bad = true;
			return;
		}
		t->tag = in.tag;
		t->length = in.len;
		memcpy(t->value.octet, in.value, in.len);
		for (size_t i = 0; i < sizeof(u16_tags) / sizeof(u16_tags[0]); i++)
			if (in.tag == u16_tags[i] && in.len == 2)
				t->value.val16 = in.value[0] << 8 | in.value[1];
		if (n > 0)
			j->tlvs[n - 1].next = t;
		n++;
	}
	j->first = n ? &j->tlvs[0] : NULL;
}

#define ADDRESS(j, to, which, from)                                                                          \
	do {                                                                                                 \
		(to)->which##_addr_ton = (from).ton;                                                         \
		(to)->which##_addr_npi = (from).npi;                                                         \
	} while (0)

static void fill_bind(struct job *j)
{
	const struct smpp_pdu *p = j->pdu;
	bind_transmitter_t *t = &j->any.bind;

	STRING(j, t->system_id, p->system_id);
	STRING(j, t->password, p->password);
	STRING(j, t->system_type, p->system_type);
	t->interface_version = p->interface_version;
	t->addr_ton = p->source.ton;
	t->addr_npi = p->source.npi;
	STRING(j, t->address_range, p->source.digits);
}

/* submit_sm and deliver_sm have the same names, but not the same sizes. */
#define FILL_SUBMIT(j, t, p)                                                                                 \
	do {                                                                                                 \
		STRING(j, (t)->service_type, p->service_type);                                               \
		ADDRESS(j, t, source, p->source);                                                            \
		STRING(j, (t)->source_addr, p->source.digits);                                               \
		ADDRESS(j, t, dest, p->dest);                                                                \
		STRING(j, (t)->destination_addr, p->dest.digits);                                            \
		(t)->esm_class = p->esm_class;                                                               \
		(t)->protocol_id = p->protocol_id;                                                           \
		(t)->priority_flag = p->priority;                                                            \
		STRING(j, (t)->schedule_delivery_time, p->schedule);                                         \
		STRING(j, (t)->validity_period, p->validity);                                                \
		(t)->registered_delivery = p->registered;                                                    \
		(t)->replace_if_present_flag = p->replace;                                                   \
		(t)->data_coding = p->data_coding;                                                           \
		(t)->sm_default_msg_id = p->default_message;                                                 \
		message(j, &(t)->sm_length, (t)->short_message);                                             \
		(t)->tlv = (j)->first;                                                                       \
	} while (0)

static void fill_data(struct job *j)
{
	const struct smpp_pdu *p = j->pdu;
	data_sm_t *t = &j->any.data;

	STRING(j, t->service_type, p->service_type);
	ADDRESS(j, t, source, p->source);
	STRING(j, t->source_addr, p->source.digits);
	ADDRESS(j, t, dest, p->dest);
	STRING(j, t->destination_addr, p->dest.digits);
	t->esm_class = p->esm_class;
	t->registered_delivery = p->registered;
	t->data_coding = p->data_coding;
	t->tlv = j->first;
}

static void fill_cold_request(struct job *j)
{
	const struct smpp_pdu *p = j->pdu;

	if (p->id == SMPP_QUERY_SM) {
		STRING(j, j->any.query.message_id, p->message_id);
		ADDRESS(j, &j->any.query, source, p->source);
		STRING(j, j->any.query.source_addr, p->source.digits);
	} else if (p->id == SMPP_CANCEL_SM) {
		cancel_sm_t *t = &j->any.cancel;

		STRING(j, t->service_type, p->service_type);
		STRING(j, t->message_id, p->message_id);
		ADDRESS(j, t, source, p->source);
		STRING(j, t->source_addr, p->source.digits);
		ADDRESS(j, t, dest, p->dest);
		STRING(j, t->destination_addr, p->dest.digits);
	} else {
		replace_sm_t *t = &j->any.replace;

		STRING(j, t->message_id, p->message_id);
		ADDRESS(j, t, source, p->source);
		STRING(j, t->source_addr, p->source.digits);
		STRING(j, t->schedule_delivery_time, p->schedule);
		STRING(j, t->validity_period, p->validity);
		t->registered_delivery = p->registered;
		t->sm_default_msg_id = p->default_message;
		message(j, &t->sm_length, t->short_message);
	}
}

static int fill(struct job *j)
{
	const struct smpp_pdu *p = j->pdu;

	switch (p->id) {
	case SMPP_BIND_RECEIVER:
	case SMPP_BIND_TRANSMITTER:
	case SMPP_BIND_TRANSCEIVER:
		fill_bind(j);
		return 0;
	case SMPP_BIND_RECEIVER | SMPP_RESP:
	case SMPP_BIND_TRANSMITTER | SMPP_RESP:
	case SMPP_BIND_TRANSCEIVER | SMPP_RESP:
		STRING(j, j->any.bind_resp.system_id, p->system_id);
		j->any.bind_resp.tlv = j->first;
		return 0;
	case SMPP_OUTBIND:
		STRING(j, j->any.outbind.system_id, p->system_id);
		STRING(j, j->any.outbind.password, p->password);
		return 0;
	case SMPP_SUBMIT_SM:
		FILL_SUBMIT(j, &j->any.submit, p);
		return 0;
	case SMPP_DELIVER_SM:
		FILL_SUBMIT(j, &j->any.deliver, p);
		return 0;
	case SMPP_DATA_SM:
		fill_data(j);
		return 0;
	case SMPP_SUBMIT_SM | SMPP_RESP:
		STRING(j, j->any.submit_resp.message_id, p->message_id);
		return 0;
	case SMPP_QUERY_SM:
	case SMPP_CANCEL_SM:
	case SMPP_REPLACE_SM:
		fill_cold_request(j);
		return 0;
	case SMPP_DELIVER_SM | SMPP_RESP:
	case SMPP_UNBIND:
	case SMPP_UNBIND | SMPP_RESP:
	case SMPP_ENQUIRE_LINK:
	case SMPP_ENQUIRE_LINK | SMPP_RESP:
	case SMPP_CANCEL_SM | SMPP_RESP:
	case SMPP_REPLACE_SM | SMPP_RESP:
	case SMPP_GENERIC_NACK:
		return 0;
	}
	return -ENOTSUP;
}

/* What the library turns down or gets wrong by its own checks (tried with 1.14.1). */
static bool beyond_library(const struct smpp_pdu *p)
{
	uint8_t none;

	/* -ENOSPC: it is well-formed, there is only no room for it */
	if (p->sequence == 0 || p->sequence > 0x7FFFFFFF || smpp_encode(p, &none, 0) != -ENOSPC)
		return true;
	return p->interface_version != 0 && p->interface_version != 0x34;
}

int smpp_pack34(const struct smpp_pdu *pdu, uint8_t *buf, size_t len)
{
	struct job j = {.pdu = pdu};
	int packed = 0;

	if (beyond_library(pdu) || len < 2)
		return -ENOTSUP;
	tlvs(&j);
	if (fill(&j) < 0 || j.bad)
		return -ENOTSUP;
	j.any.header.command_id = pdu->id;
	j.any.header.command_status = pdu->status;
	j.any.header.sequence_number = pdu->sequence;
	/* The library was seen to write one octet past the length it reports. */
	if (smpp34_pack(pdu->id, buf, len - 1, &packed, &j.any) != 0 || packed < SMPP_HEADER)
		return -ENOTSUP;
	return packed;
}

int smpp_pack(const struct smpp_pdu *pdu, uint8_t *buf, size_t len)
{
	int n = smpp_pack34(pdu, buf, len);

	return n == -ENOTSUP ? smpp_encode(pdu, buf, len) : n;
}

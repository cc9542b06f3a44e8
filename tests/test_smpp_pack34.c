/* Our encoder against libsmpp34's on random PDUs of every kind that both can make: the same octets. The ones that
 * pack34.c leaves to us alone are packed by the library here, straight from its structs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "smpp/pack34.h"
#include <smpp34.h>
#include <smpp34_structs.h>

#define ROUNDS 400

static uint64_t seed = 88172645463325252ull;
static uint8_t ours[4096], theirs[4096];

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 33) % n;
}

/* Up to max octets with the NUL; ring of places, enough for one PDU. */
static const char *word(size_t max)
{
	static char ring[64][66];
	static unsigned int at;
	char *s = ring[at++ % 64];
	size_t len = below(max);

	for (size_t i = 0; i < len; i++)
		s[i] = "0123456789abcdefXYZ"[below(19)];
	s[len] = '\0';
	return s;
}

static struct smpp_addr address(size_t max)
{
	return (struct smpp_addr){below(7), (const uint8_t[]){0, 1, 3, 4, 6, 8, 9, 10, 14, 18}[below(10)], word(max)};
}

static uint8_t text[254], tlvs[600];

static size_t some_tlvs(void)
{
	static const uint16_t tags[] = {0x0005, 0x0204, 0x020A, 0x020C, 0x020E, 0x020F, 0x0424, 0x130C};
	size_t used = 0;

	for (uint32_t i = below(4); i > 0; i--) {
		uint16_t tag = tags[below(8)];
		uint16_t len = tag == 0x0424 ? below(200) : tag == 0x130C ? 0 : tag == 0x0204 || tag == 0x020A || tag == 0x020C ? 2 : 1;

		assert_int_equal(smpp_tlv_put(tlvs, sizeof(tlvs), &used, tag, text, len), 0);
	}
	return used;
}

static const char *moment(void)
{
	return (const char *[]){"", "261123083000000+", "000000060000000R"}[below(3)];
}

static struct smpp_pdu random_pdu(uint32_t id)
{
	bool data = (id & ~SMPP_RESP) == SMPP_DATA_SM, alert = id == SMPP_ALERT_NOTIFICATION;
	bool named = id == SMPP_BIND_RECEIVER || id == SMPP_BIND_TRANSMITTER || id == SMPP_BIND_TRANSCEIVER;
	struct smpp_pdu p = {
		.id = id,
		.sequence = 1 + below(0x7FFFFFFF),
		.status = 0,
		.system_id = word(16),
		.password = word(9),
		.system_type = word(13),
		.service_type = word(6),
		.message_id = word(65),
		.interface_version = named ? 0x34 : 0,
		.source = address(data || alert ? 65 : named ? 41 : 21),
		.dest = address(data || alert ? 65 : 21),
		.schedule = moment(),
		.validity = moment(),
		.final_date = moment(),
		.esm_class = below(256),
		.protocol_id = below(256),
		.priority = below(4),
		.registered = below(32),
		.replace = below(2),
		.data_coding = below(256),
		.default_message = below(256),
		.message_state = 1 + below(8),
		.error_code = below(256),
	};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = below(256);
	if (id == SMPP_SUBMIT_SM || id == SMPP_DELIVER_SM || id == SMPP_SUBMIT_MULTI || id == SMPP_REPLACE_SM) {
		p.message = text;
		p.message_len = below(254);
	}
	if (id == SMPP_SUBMIT_SM || id == SMPP_DELIVER_SM || id == SMPP_DATA_SM) {
		p.tlvs = tlvs;
		p.tlvs_len = some_tlvs();
	}
	if (id == SMPP_DELIVER_SM) /* the library will not have times in it */
		p.schedule = p.validity = "";
	if (id == (SMPP_DELIVER_SM | SMPP_RESP))
		p.message_id = "";
	return p;
}

static void the_same(const struct smpp_pdu *p, int m)
{
	int n = smpp_encode(p, ours, sizeof(ours));

	if (n != m || memcmp(ours, theirs, n))
		fail_msg("command %08x: %d octets by us, %d by libsmpp34 (%s)", p->id, n, m, smpp34_strerror);
}

static void what_pack34_makes(void **state)
{
	static const uint32_t ids[] = {
		SMPP_BIND_RECEIVER, SMPP_BIND_TRANSMITTER, SMPP_BIND_TRANSCEIVER, SMPP_BIND_RECEIVER | SMPP_RESP,
		SMPP_BIND_TRANSMITTER | SMPP_RESP, SMPP_BIND_TRANSCEIVER | SMPP_RESP, SMPP_OUTBIND, SMPP_UNBIND, SMPP_UNBIND | SMPP_RESP,
		SMPP_GENERIC_NACK, SMPP_SUBMIT_SM, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_DELIVER_SM, SMPP_DELIVER_SM | SMPP_RESP, SMPP_DATA_SM,
		SMPP_QUERY_SM, SMPP_CANCEL_SM, SMPP_CANCEL_SM | SMPP_RESP, SMPP_REPLACE_SM, SMPP_REPLACE_SM | SMPP_RESP, SMPP_ENQUIRE_LINK,
		SMPP_ENQUIRE_LINK | SMPP_RESP};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		unsigned int made = 0;

		for (unsigned int r = 0; r < ROUNDS; r++) {
			struct smpp_pdu p = random_pdu(ids[i]);
			int m = smpp_pack34(&p, theirs, sizeof(theirs));

			if (m < 0) /* values it will not take; then they are ours alone */
				continue;
			the_same(&p, m);
			made++;
		}
		print_message("# %08x: %u of %u alike\n", ids[i], made, ROUNDS);
		assert_true(made > ROUNDS / 20);
	}
}

#define HEAD(t, p) (t)->command_id = (p)->id, (t)->command_status = (p)->status, (t)->sequence_number = (p)->sequence
#define COPY(to, from) strcpy((char *)(to), from)

static void pack(const struct smpp_pdu *p, void *as)
{
	int m = 0;

	assert_int_equal(smpp34_pack(p->id, theirs, sizeof(theirs) - 1, &m, as), 0);
	the_same(p, m);
}

static void alert_notification(const struct smpp_pdu *p)
{
	alert_notification_t t = {0};

	HEAD(&t, p);
	t.source_addr_ton = p->source.ton;
	t.source_addr_npi = p->source.npi;
	COPY(t.source_addr, p->source.digits);
	t.esme_addr_ton = p->dest.ton;
	t.esme_addr_npi = p->dest.npi;
	COPY(t.esme_addr, p->dest.digits);
	pack(p, &t);
}

static void answers_with_ids(const struct smpp_pdu *p)
{
	data_sm_resp_t data = {0};
	query_sm_resp_t query = {0};

	if (p->id == (SMPP_DATA_SM | SMPP_RESP)) {
		HEAD(&data, p);
		COPY(data.message_id, p->message_id);
		pack(p, &data);
		return;
	}
	HEAD(&query, p);
	COPY(query.message_id, p->message_id);
	COPY(query.final_date, p->final_date);
	query.message_state = p->message_state;
	query.error_code = p->error_code;
	pack(p, &query);
}

static void multi(struct smpp_pdu *p)
{
	static uint8_t list[1024];
	submit_multi_t t = {0};
	dad_t dads[16] = {0};

	HEAD(&t, p);
	p->dests = list;
	p->dests_len = 0;
	p->n_dests = 1 + below(16);
	for (unsigned int i = 0; i < p->n_dests; i++) {
		struct smpp_dest d = {.list = below(2), .address = address(21)};

		dads[i].dest_flag = d.list ? 2 : 1;
		dads[i].next = i + 1 < p->n_dests ? &dads[i + 1] : NULL;
		if (d.list) {
			COPY(dads[i].value.dl_name, d.address.digits);
		} else {
			dads[i].value.sme.dest_addr_ton = d.address.ton;
			dads[i].value.sme.dest_addr_npi = d.address.npi;
			COPY(dads[i].value.sme.destination_addr, d.address.digits);
		}
		assert_int_equal(smpp_dest_put(list, sizeof(list), &p->dests_len, &d), 0);
	}
	t.dest_addr_def = dads;
	t.number_of_dests = p->n_dests;
	COPY(t.service_type, p->service_type);
	t.source_addr_ton = p->source.ton;
	t.source_addr_npi = p->source.npi;
	COPY(t.source_addr, p->source.digits);
	t.esm_class = p->esm_class;
	t.protocol_id = p->protocol_id;
	t.priority_flag = p->priority;
	COPY(t.schedule_delivery_time, p->schedule);
	COPY(t.validity_period, p->validity);
	t.registered_delivery = p->registered;
	t.replace_if_present_flag = p->replace;
	t.data_coding = p->data_coding;
	t.sm_default_msg_id = p->default_message;
	t.sm_length = p->message_len;
	memcpy(t.short_message, p->message, p->message_len);
	pack(p, &t);
}

static void multi_resp(struct smpp_pdu *p)
{
	static uint8_t list[1024];
	submit_multi_resp_t t = {0};
	udad_t failed[8] = {0};
	uint8_t *at = list;

	HEAD(&t, p);
	COPY(t.message_id, p->message_id);
	p->n_failed = t.no_unsuccess = 1 + below(8);
	for (unsigned int i = 0; i < p->n_failed; i++) {
		struct smpp_addr a = address(21);
		uint32_t status = below(0x100);

		failed[i].dest_addr_ton = *at++ = a.ton;
		failed[i].dest_addr_npi = *at++ = a.npi;
		COPY(failed[i].destination_addr, a.digits);
		at = (uint8_t *)stpcpy((char *)at, a.digits) + 1;
		failed[i].error_status_code = status;
		memcpy(at, (const uint8_t[]){0, 0, 0, status}, 4);
		at += 4;
		failed[i].next = i + 1 < p->n_failed ? &failed[i + 1] : NULL;
	}
	t.unsuccess_smes = failed;
	p->failed = list;
	p->failed_len = at - list;
	pack(p, &t);
}

/* Values that both know: the library checks more than the wire can say. */
static void tame(struct smpp_pdu *p)
{
	p->esm_class = 0x40;
	p->registered = 1;
	p->data_coding = 8;
	p->protocol_id = 0;
}

static void what_pack34_leaves_to_us(void **state)
{
	for (unsigned int r = 0; r < ROUNDS; r++) {
		struct smpp_pdu p = random_pdu(SMPP_ALERT_NOTIFICATION);

		alert_notification(&p);
		p = random_pdu(SMPP_DATA_SM | SMPP_RESP);
		answers_with_ids(&p);
		p = random_pdu(SMPP_QUERY_SM | SMPP_RESP);
		answers_with_ids(&p);
		p = random_pdu(SMPP_SUBMIT_MULTI);
		tame(&p);
		multi(&p);
		p = random_pdu(SMPP_SUBMIT_MULTI | SMPP_RESP);
		multi_resp(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_pack34_makes),
		cmocka_unit_test(what_pack34_leaves_to_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

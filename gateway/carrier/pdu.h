/* pdu: SMPP 3.4 and 5.0 as this carrier reads and writes it. Pointers of decoded structs lead into the octets
 * given. Pure and bounds-checked; decoders return 0 or the command_status to answer, and *why says what was
 * wrong. */
#pragma once
#include "gateway/carrier/octets.h"

#define PDU_MAX 70000
enum pdu_id {
	PDU_NACK = 0x80000000u,
	PDU_RESP = 0x80000000u,
	PDU_BIND_RX = 1,
	PDU_BIND_TX = 2,
	PDU_QUERY = 3,
	PDU_SUBMIT = 4,
	PDU_DELIVER = 5,
	PDU_UNBIND = 6,
	PDU_REPLACE = 7,
	PDU_CANCEL = 8,
	PDU_BIND_TRX = 9,
	PDU_OUTBIND = 0xB,
	PDU_ENQUIRE = 0x15,
	PDU_MULTI = 0x21,
	PDU_ALERT = 0x102,
	PDU_DATA = 0x103,
	PDU_BROADCAST = 0x111,
	PDU_QUERY_BROADCAST = 0x112,
	PDU_CANCEL_BROADCAST = 0x113
};
struct pdu {
	uint32_t len, id, status, seq;
	const uint8_t *body; /* len - 16 octets */
};
struct pdu_str {
	const char *s; /* NUL-terminated inside the PDU */
	uint8_t len;
};
struct pdu_addr {
	uint8_t ton, npi;
	struct pdu_str a;
};
struct pdu_bind {
	struct pdu_str system_id, password, system_type;
	uint8_t version;
};
/* TLVs that matter here; len 0 with NULL = absent. */
struct pdu_tlvs {
	const uint8_t *first, *end; /* all of them, for pdu_tlv() */
	const uint8_t *payload;
	uint16_t payload_len, sar_ref;
	uint8_t sar_total, sar_seq, sar_have; /* sar_have: how many of the three TLVs */
	uint8_t bad;			      /* one overran the PDU or has a wrong length */
};
struct pdu_submit { /* submit_sm, deliver_sm, data_sm, submit_multi */
	struct pdu_str service_type;
	struct pdu_addr src, dst;
	const uint8_t *dests; /* submit_multi: n_dests entries, read with pdu_dest() */
	uint8_t n_dests, esm, protocol, priority, registered, replace, dcs, default_id;
	struct pdu_str schedule, validity;
	const uint8_t *text;
	uint16_t text_len; /* sm_length */
	struct pdu_tlvs tlvs;
};
struct pdu_broadcast {
	struct pdu_str service_type, message_id, schedule, validity;
	struct pdu_addr src;
	uint8_t priority, replace, dcs, default_id;
	struct pdu_tlvs tlvs;
};
struct pdu_ref { /* query_sm, cancel_sm, query_broadcast_sm, cancel_broadcast_sm */
	struct pdu_str service_type, message_id;
	struct pdu_addr src, dst;
};

/* Frames the next PDU: its length when complete; 0: needs more octets; -1: framing is lost. */
int pdu_frame(const uint8_t *data, size_t len, struct pdu *pdu);
int pdu_read_bind(const struct pdu *pdu, struct pdu_bind *b, const char **why);
int pdu_read_submit(const struct pdu *pdu, struct pdu_submit *s, const char **why);
int pdu_read_broadcast(const struct pdu *pdu, struct pdu_broadcast *b, const char **why);
int pdu_read_ref(const struct pdu *pdu, struct pdu_ref *r, const char **why);
/* Next entry of submit_multi; returns the place of the one after; *list: a distribution list's name is in
 * addr->a. */
const uint8_t *pdu_dest(const uint8_t *at, struct pdu_addr *addr, bool *list);
/* Walks TLVs: false at the end. Begin with *at = tlvs->first. */
bool pdu_tlv(const struct pdu_tlvs *t, const uint8_t **at, uint16_t *tag, const uint8_t **value,
	     uint16_t *len);

/* Writers: pdu_begin, then fields, then pdu_end (sets the length, returns it). The caller has made room. */
uint8_t *pdu_begin(uint8_t *out, uint32_t id, uint32_t status, uint32_t seq);
uint8_t *pdu_put_str(uint8_t *p, const char *s, size_t len);
uint8_t *pdu_put_tlv(uint8_t *p, uint16_t tag, const void *value, uint16_t len);
size_t pdu_end(uint8_t *out, uint8_t *p);

/* submit: a submit_sm, deliver_sm or data_sm made once and sent many times: copied, with destination, sequence number and
 * registered_delivery put in. Pure. */
#pragma once
#include "smpp/pdu.h"

struct smpp_submit {
	uint8_t *octets; /* talloc child of the ctx given; packed with an empty destination */
	uint16_t len;
	uint16_t dest;       /* where destination_addr starts */
	uint16_t registered; /* where registered_delivery stands */
};
#define SMPP_DEST_MAX 20

/* pdu->dest gives TON and NPI; its digits must be empty. 0 or as smpp_encode(). */
int smpp_submit_make(void *ctx, const struct smpp_pdu *pdu, struct smpp_submit *t);
/* buf holds at least t->len + dest_len octets; dest_len <= SMPP_DEST_MAX. Returns octets written. */
size_t smpp_submit_write(const struct smpp_submit *t, uint8_t *buf, const char *dest, size_t dest_len,
			 uint32_t sequence, uint8_t registered);

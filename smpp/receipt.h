/* receipt: what a delivery receipt says, from its TLVs or its text (SMPP 3.4 appendix B, as peers really
 * write it), and whether two message ids mean one message. Pure; allocates nothing. */
#pragma once
#include "smpp/pdu.h"

/* clang-format off */
enum smpp_message_state { /* message_state TLV, SMPP 3.4 5.2.28, 5.0 4.7.15 */
	SMPP_SCHEDULED, SMPP_ENROUTE, SMPP_DELIVERED, SMPP_EXPIRED, SMPP_DELETED, SMPP_UNDELIVERABLE,
	SMPP_ACCEPTED, SMPP_UNKNOWN, SMPP_REJECTED, SMPP_SKIPPED, SMPP_STATE_ABSENT,
};
/* clang-format on */

struct smpp_receipt {
	char id[66];          /* "" when absent; TLV before text */
	char text_id[66];     /* that of the text, which may be written another way */
	uint8_t state;        /* enum smpp_message_state */
	char error[8];        /* as written: decimal, hex or longer; "" when absent */
	uint8_t network_type; /* network_error_code TLV, 0 = absent */
	uint16_t network_code;
};

/* True when the deliver_sm or data_sm is a receipt or an intermediate notification, and r is filled. Also
 * when esm_class does not say so but the content leaves no doubt. */
bool smpp_receipt_read(const struct smpp_pdu *pdu, struct smpp_receipt *r);
/* The text alone: fills what it finds, true when id or state was found. */
bool smpp_receipt_text(const uint8_t *text, size_t len, struct smpp_receipt *r);
/* No more receipts follow for this message (ACCEPTED is taken as progress: many peers send it first). */
bool smpp_state_final(uint8_t state);

enum smpp_id_match { SMPP_ID_OTHER, SMPP_ID_CONVERTED, SMPP_ID_FOLDED, SMPP_ID_SAME };
/* FOLDED: letter case or leading zeros differ. CONVERTED: one is hex, the other decimal. Better matches go
 * first. */
enum smpp_id_match smpp_id_match(const char *a, const char *b);

/* smsctext: the text of a submit: where it lies, how it is coded, which part of which message it is. Pure. */
#pragma once
#include "gateway/carrier/faults.h"
#include "gateway/carrier/parts.h"
#include "gateway/carrier/pdu.h"
#include "gateway/carrier/chars.h"

struct smsctext {
	enum chars_alphabet alphabet;
	const uint8_t *octets; /* without user data header */
	size_t len;
	uint8_t how, total, seq; /* how: enum parts_how, or 0 for a message in one part */
	uint16_t ref;
	unsigned int parts; /* short messages that it makes on air: 1, or more for message_payload */
};

/* 0 or the command_status to refuse with. Faults that do not prevent delivery are only counted. */
int smsctext_read(const struct pdu_submit *s, enum chars_alphabet standard, struct smsctext *t,
		  struct faults *f);
/* TON, NPI, addresses, flags and times (FACTS: SMPP 3.4 4.4, 5.2): counted, never refused. */
void smsctext_check(const struct pdu_submit *s, bool multi, uint8_t version, struct faults *f);
/* One destination of a submit. */
void smsctext_check_dest(const struct pdu_addr *a, bool list, struct faults *f);
/* "YYMMDDhhmmsstnnp" or empty. */
bool smsctext_time_ok(const struct pdu_str *t);

/* smscdeliver: what goes back to the gateway: receipts, and clues (a recipient's reply). What is not answered
 * when the connection ends is delivered again on the next one, as an SMSC does. */
#pragma once
#include "gateway/carrier/smsc.h"
#include <stdio.h>

struct delivers;

struct delivers *smscdeliver_new(const void *ctx);
/* A receipt for message id, after the delay set, to whichever session of the same system_id can receive. */
void smscdeliver_receipt(struct esme *e, uint64_t id, tally_unit from, uint32_t source,
			 const struct pdu_submit *s);
void smscdeliver_clue(struct esme *e, tally_unit from, uint32_t source, const struct pdu_submit *s);
/* A session that may receive begins and ends. */
void smscdeliver_join(struct esme *e);
void smscdeliver_leave(struct esme *e);
void smscdeliver_answered(struct esme *e, const struct pdu *pdu);
/* Marks a message whose receipt has not left as deleted (cancel_sm). 0, or -ENOENT. */
int smscdeliver_cancel(struct smsc *s, uint64_t id);
/* What waits: not yet delivered, or not yet answered. */
uint64_t smscdeliver_waiting(const struct smsc *s);
/* One line per clue: number, MSISDN, 1 if answered with status 0 else 0. */
void smscdeliver_write_clues(const struct smsc *s, FILE *f);

/* receipts: which messages ask for a delivery receipt, and to which message a receipt belongs. Pure; one table
 * for all SMPP links of a carrier, since a receipt may come on another bind than its message went. It lives in
 * memory only: receipts for messages of an earlier process are unknown ones.
 *
 * Message ids are kept as hashes (12 octets each, at most 24 with room to grow) under one spelling; a receipt is
 * looked for as written, then as hex for decimal and the reverse, as far as this carrier was seen to do so. */
#pragma once
#include "gateway/conf.h"
#include "gateway/counters.h"
#include "smpp/receipt.h"

/* registered_delivery of a unit, after the link's `receipts`; the sample is the same on each run.
 * SMPP 3.4 5.2.17. */
uint8_t receipts_registered(const struct conf_link *cfg, uint64_t job, uint32_t unit);
void receipts_count(struct link_counters *count, const struct smpp_receipt *receipt);

/* Messages (parts) of a job on a link that asked for a receipt, and what became of them. Each counts once. */
struct receipts_reach {
	uint64_t asked, delivered, failed;
};

enum receipts_fit {
	RECEIPTS_UNKNOWN,  /* no such message (yet): kept for a while, the answer may be behind it */
	RECEIPTS_FITS,     /* says something new of one */
	RECEIPTS_REPEATED, /* says it again, or after the end */
};

struct receipts;
struct receipts *receipts_new(void *ctx);
/* The peer took a message that asked for a receipt. */
void receipts_asked(struct receipts *r, uint16_t link, uint64_t job, uint32_t unit, const char *message_id,
		    uint64_t now_us);
enum receipts_fit receipts_take(struct receipts *r, const struct smpp_receipt *receipt, uint64_t now_us);
void receipts_reach(const struct receipts *r, uint16_t link, uint64_t job, struct receipts_reach *reach);
size_t receipts_octets(const struct receipts *r); /* memory held */

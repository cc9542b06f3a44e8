/* receipts: which messages ask for a delivery receipt, and to which message a receipt belongs. Pure; one table
 * for all SMPP links of a carrier, since a receipt may come on another bind than its message went.
 *
 * What was asked and what came of it goes to the store as rows of many, together with other records, every quarter of a second:
 * a receipt is answered at once, and a crash forgets what that time brought, nothing else.
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
bool receipts_settled(struct receipts *r, const char *message_id); /* its end is known */
void receipts_reach(const struct receipts *r, uint16_t link, uint64_t job, struct receipts_reach *reach);
size_t receipts_octets(const struct receipts *r); /* memory held */

/* --- durability: STORE_RECEIPT, key: job (16 hex) "/" link "/" number (16 hex) --- */
struct store_batch;
bool receipts_due(const struct receipts *r, uint64_t now_us); /* something should be written now */
/* Adds all that is not written yet to b; false: nothing, or a batch is under way. name: of a link. */
bool receipts_take_batch(struct receipts *r, const char *(*name)(void *arg, uint16_t link), void *arg, struct store_batch *b);
void receipts_batch_done(struct receipts *r, int rc, uint64_t now_us); /* rc < 0: it is offered again */
#define RECEIPTS_NAME 64
struct receipts_row {
	uint64_t job, no;
	char link[RECEIPTS_NAME];
};
int receipts_row_parse(const char *key, struct receipts_row *row); /* 0 or -EBADMSG */
/* After a restart, rows in the order of their keys. -EBADMSG. */
int receipts_load(struct receipts *r, uint16_t link, const struct receipts_row *row, const void *value, size_t len, uint64_t now_us);
/* The job is over: forgets it, and deletes its rows. */
void receipts_end(struct receipts *r, uint64_t job, const char *(*name)(void *arg, uint16_t link), void *arg, struct store_batch *b);

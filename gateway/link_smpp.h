/* link_smpp: the SMPP driver's PDUs, apart from any session: what `reunion encode` shows is what the link
 * sends. */
#pragma once
#include "gateway/conf.h"
#include "gateway/payload.h"
#include "gateway/receipts.h"
#include "smpp/pdu.h"
#include "smpp/submit.h"

struct link;

/* What receipts said of a job's messages over this link. */
void link_smpp_reach(const struct link *link, uint64_t job, struct receipts_reach *reach);

/* Broadcasts (broadcast_sm) that the peer has on air, by the ids of its answers. After a restart: one that link_env.aired told;
 * cancel: its text is not to be seen any more. */
void link_smpp_aired(struct link *link, uint64_t job, const char *id, bool cancel);
void link_smpp_kill(struct link *link, uint64_t job);	/* cancels those of a job, now or when the link is up */
void link_smpp_recall(struct link *link, uint64_t job); /* asks its messages back, where the link says cancel_sm */
void link_smpp_forget(struct link *link, uint64_t job); /* its alert is over: all of them have ended by themselves */
/* Ids of messages that link_env.held told, an octet of length before each. -EBADMSG. */
int link_smpp_held(struct link *link, uint64_t job, uint32_t seq, const void *ids, size_t len);
/* What became of the recall since the start of the process: taken back, too late, not answered or not asked yet. */
struct link_smpp_back {
	uint64_t cancelled, late, pending;
};
void link_smpp_back(const struct link *link, uint64_t job, struct link_smpp_back *back);
size_t link_smpp_on_air(const struct link *link, uint64_t job); /* and those whose cancel is not answered yet */

/* One PDU of a text: for submit_sm the template, else the PDU that lacks its destinations. */
struct smpp_draft {
	struct smpp_pdu pdu; /* strings and octets belong to the drafts */
	struct smpp_submit submit;
	unsigned int text, part; /* which it carries; part 0 of message_payload is all of it */
	unsigned int cost;       /* parts a destination counts in rates */
};
struct smpp_drafts {
	size_t n;
	struct smpp_draft *v; /* in sending order */
	unsigned int cost;    /* of all together, per destination */
};

/* The PDUs of a payload on a link, destination left open. NULL when one cannot be made (never for a payload
 * and a configuration that were checked). Child of ctx; borrows strings of cfg. */
struct smpp_drafts *link_smpp_drafts(void *ctx, const struct conf_link *cfg, const struct payload *payload);
/* The same where the carrier is bound to us: deliver_sm or data_sm, by cfg. */
struct smpp_drafts *link_smpp_drafts_centre(void *ctx, const struct conf_link *cfg,
					    const struct payload *payload);
/* dl_name of a cell: GSM "46000-4301-6969", UMTS "46000-U268435455", LTE "-L", NR "-N". -ENOTSUP for other
 * radios. */
#define SMPP_CELL_NAME 24
int link_smpp_cell_name(const struct cell_id *id, uint8_t mnc_digits, char out[SMPP_CELL_NAME]);
/* validity_period, relative: "000000060000000R" for six hours; "" for 0. SMPP 3.4 7.1.1. */
void link_smpp_validity(uint64_t seconds, char out[17]);
/* validity_period, absolute, UTC: "261124083000000+"; "" for 0. */
void link_smpp_moment(int64_t wall_s, char out[17]);
/* A submit_multi or broadcast_sm of a draft to n cells: octets written or as smpp_encode(). */
int link_smpp_multi(const struct smpp_draft *draft, const char (*names)[SMPP_CELL_NAME], size_t n,
		    uint32_t sequence, uint8_t *buf, size_t len);
#define SMPP_MULTI_MAX  254
#define SMPP_MULTI_ROOM (SMPP_MULTI_MAX * 26 + 2048)

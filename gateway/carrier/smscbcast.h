/* smscbcast: broadcast_sm with its query and cancel (SMPP 5.0), and query_sm, cancel_sm. */
#pragma once
#include "gateway/carrier/smsc.h"

struct bcasts *smscbcast_new(const void *ctx);
void smscbcast_submit(struct esme *e, const struct pdu *pdu);
void smscbcast_query(struct esme *e, const struct pdu *pdu);
void smscbcast_cancel(struct esme *e, const struct pdu *pdu);
void smscbcast_query_sm(struct esme *e, const struct pdu *pdu);
void smscbcast_cancel_sm(struct esme *e, const struct pdu *pdu);
uint64_t smscbcast_active(const struct smsc *s); /* neither cancelled nor replaced */

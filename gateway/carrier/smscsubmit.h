/* smscsubmit: what happens to a submit_sm, submit_multi, data_sm (or deliver_sm, where the gateway is the
 * centre). */
#pragma once
#include "gateway/carrier/smsc.h"

void smscsubmit(struct esme *e, const struct pdu *pdu);

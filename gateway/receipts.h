/* receipts: which messages ask for a delivery receipt, and what receipts add to the counters. Pure. */
#pragma once
#include "gateway/conf.h"
#include "gateway/counters.h"
#include "smpp/receipt.h"

/* registered_delivery of a unit, after the link's `receipts`; the sample is the same on each run.
 * SMPP 3.4 5.2.17. */
uint8_t receipts_registered(const struct conf_link *cfg, uint64_t job, uint32_t unit);
void receipts_count(struct link_counters *count, const struct smpp_receipt *receipt);

#include "gateway/receipts.h"

/* A well-mixed number of (job, unit): neighbours must not fall into the sample together. */
static uint32_t mix(uint64_t job, uint32_t unit)
{
	uint64_t x = job * 0x9E3779B97F4A7C15ull + unit;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
	x = (x ^ x >> 27) * 0x94D049BB133111EBull;
	return (x ^ x >> 31) >> 32;
}

uint8_t receipts_registered(const struct conf_link *cfg, uint64_t job, uint32_t unit)
{
	switch (cfg->receipts) {
	case RECEIPTS_ALL:
		return 1;
	case RECEIPTS_FAILURES:
		return 2;
	case RECEIPTS_SAMPLE:
		return mix(job, unit) < cfg->receipts_sample * 4294967296.0 ? 1 : 0;
	case RECEIPTS_NONE:
		break;
	}
	return 0;
}

void receipts_count(struct link_counters *count, const struct smpp_receipt *receipt)
{
	count->receipts++;
	if (receipt->state == SMPP_DELIVERED)
		count->receipts_delivered++;
	else if (smpp_state_final(receipt->state))
		count->receipts_failed++;
}

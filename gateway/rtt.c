#include "gateway/rtt.h"
#include <stdbool.h>
#include <string.h>

#define HALF_US UINT64_C(30000000)

/* The value's octave and its next two bits. */
static unsigned int bucket_of(uint64_t us)
{
	unsigned int octave = us < 4 ? 0 : 63 - __builtin_clzll(us);
	unsigned int b = us < 4 ? (unsigned int)us : (octave - 1) * 4 + (us >> (octave - 2) & 3);

	return b < RTT_BUCKETS ? b : RTT_BUCKETS - 1;
}

static uint64_t middle_of(unsigned int bucket)
{
	unsigned int octave = bucket / 4 + 1;

	if (bucket < 4)
		return bucket;
	return ((UINT64_C(4) + bucket % 4) * 2 + 1) << octave >> 3;
}

void rtt_add(struct rtt *r, uint64_t took_us, uint64_t now_us)
{
	if (now_us - r->since_us >= HALF_US) {
		bool long_ago = now_us - r->since_us >= 2 * HALF_US;

		r->now ^= 1;
		memset(r->n[r->now], 0, sizeof(r->n[0]));
		r->sum_us[r->now] = 0;
		if (long_ago) {
			memset(r->n[r->now ^ 1], 0, sizeof(r->n[0]));
			r->sum_us[r->now ^ 1] = 0;
		}
		r->since_us = now_us;
	}
	r->n[r->now][bucket_of(took_us)]++;
	r->sum_us[r->now] += took_us;
}

/* Which halves still count: bit 0 the one under way, bit 1 the one before. */
static unsigned int fresh(const struct rtt *r, uint64_t now_us)
{
	uint64_t age = now_us - r->since_us;

	return age < HALF_US ? 3 : age < 2 * HALF_US ? 1 : 0;
}

static uint64_t at(const struct rtt *r, unsigned int halves, unsigned int bucket)
{
	return (halves & 1 ? r->n[r->now][bucket] : 0) + (uint64_t)(halves & 2 ? r->n[r->now ^ 1][bucket] : 0);
}

static uint64_t all(const struct rtt *r, unsigned int halves)
{
	uint64_t n = 0;

	for (unsigned int b = 0; b < RTT_BUCKETS; b++)
		n += at(r, halves, b);
	return n;
}

uint64_t rtt_mean_us(const struct rtt *r, uint64_t now_us)
{
	unsigned int halves = fresh(r, now_us);
	uint64_t n = all(r, halves), sum = 0;

	sum += halves & 1 ? r->sum_us[r->now] : 0;
	sum += halves & 2 ? r->sum_us[r->now ^ 1] : 0;
	return n ? sum / n : 0;
}

uint64_t rtt_quantile_us(const struct rtt *r, double share, uint64_t now_us)
{
	unsigned int halves = fresh(r, now_us);
	uint64_t n = all(r, halves), seen = 0;

	for (unsigned int b = 0; n > 0 && b < RTT_BUCKETS; b++) {
		seen += at(r, halves, b);
		if ((double)seen >= share * (double)n)
			return middle_of(b);
	}
	return 0;
}

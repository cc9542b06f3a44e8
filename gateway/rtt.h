/* rtt: how long a peer takes to answer, over the last half to whole minute. Pure, O(1) and without allocation an answer;
 * quantiles are true within an eighth. Times in microseconds. */
#pragma once
#include <stdint.h>

#define RTT_BUCKETS 128 /* four an octave */

struct rtt {
	uint32_t n[2][RTT_BUCKETS]; /* the half minute under way, and the one before */
	uint64_t sum_us[2];
	uint64_t since_us; /* the half minute under way began */
	unsigned int now;
};

void rtt_add(struct rtt *r, uint64_t took_us, uint64_t now_us);
/* 0: nothing was answered lately. */
uint64_t rtt_mean_us(const struct rtt *r, uint64_t now_us);
uint64_t rtt_quantile_us(const struct rtt *r, double share, uint64_t now_us);

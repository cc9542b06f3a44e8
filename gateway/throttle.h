/* throttle: a token bucket as integer GCRA on monotonic time. Pure, O(1), no allocation.
 * Promise (SPEC 5): in no window of one second more than rate + burst parts; over ten seconds >= 99 % of rate when asked
 * often enough. It starts empty, so that the promise holds over a restart too. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct throttle {
	uint64_t tat_ps_hi; /* see throttle.c: theoretical arrival time, nanoseconds */
	uint64_t interval_num, interval_den; /* ns per part as a fraction */
	uint64_t frac;
	uint64_t tolerance_ns;
	double rate, granted; /* agreed; now granted (after AIMD) */
	uint32_t burst;
	uint64_t aimd_last_us;
};

void throttle_init(struct throttle *t, double rate, uint32_t burst, uint64_t now_us); /* rate 0 = unlimited */
/* How many parts may leave now, at most want. Does not take them. */
uint32_t throttle_allow(const struct throttle *t, uint32_t want, uint64_t now_us);
void throttle_take(struct throttle *t, uint32_t parts, uint64_t now_us);
uint64_t throttle_next_us(const struct throttle *t, uint32_t parts, uint64_t now_us); /* when parts may leave */
/* The peer said "too fast": multiplicative decrease of granted; additive increase follows with time. */
void throttle_backoff(struct throttle *t, uint64_t now_us);
void throttle_set_rate(struct throttle *t, double rate, uint32_t burst, uint64_t now_us);

/* throttle: a token bucket in integers on monotonic time (the dual of GCRA: credit instead of arrival time).
 * Pure, no allocation, O(1) a call when called regularly.
 *
 * Promise (SPEC 5): no window of one second holds more than rate + burst parts; over ten seconds >= 99 % of
 * rate when there is work and it is asked at least every 10 ms (20 ms with a burst of a tenth). A new one
 * starts empty, so that the promise holds over a restart too.
 *
 * Credit of up to 20 ms beyond the burst is kept for a loop that comes late, else a burst of 1 would lose a
 * part of every interval. That alone would break the promise by 20 ms of rate; so the parts of the last
 * second are counted exactly. And of a little more than a second, by half of what the burst allows and at
 * most 48 ms: a peer that reads so late, and then all at once, sees the promise kept too. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_SECOND 513 /* 512 slots of 1.953125 ms, and the one that is filling */
#define THROTTLE_EXTRA  25  /* slots beyond the second at most */
#define THROTTLE_SLOTS  (THROTTLE_SECOND + THROTTLE_EXTRA)

struct throttle {
	double rate;      /* agreed, parts a second; 0 = unlimited */
	uint32_t burst;   /* parts */
	uint32_t hold_us; /* at most one decrease in this time: 200 ms, or the round trip where that is longer
			   */
	/* own */
	uint64_t at_us;        /* credit is of this instant */
	int64_t credit, depth; /* 1e-12 parts */
	uint64_t agreed;       /* 1e-12 parts per us; 0 = unlimited */
	uint64_t goal, cut; /* after a backoff: grows from cut at backoff_us to goal; goal 0 = no backoff */
	uint64_t backoff_us;
	uint64_t limit;     /* parts in a second */
	uint64_t slot, sum; /* newest slot's number; parts in the newest span slots */
	uint32_t span;
	uint32_t sent[THROTTLE_SLOTS];
};

void throttle_init(struct throttle *t, double rate, uint32_t burst, uint64_t now_us); /* rate 0 = unlimited */
/* How many parts may leave now, at most want. Does not take them. */
uint32_t throttle_allow(const struct throttle *t, uint32_t want, uint64_t now_us);
void throttle_take(struct throttle *t, uint32_t parts, uint64_t now_us);
/* When so many parts may leave; UINT64_MAX: never (more than burst and 20 ms of rate). */
uint64_t throttle_next_us(const struct throttle *t, uint32_t parts, uint64_t now_us);
/* The peer said "too fast": the granted rate is halved and grows back by 1/30 of the agreed one a second. */
void throttle_backoff(struct throttle *t, uint64_t now_us);
double throttle_granted(const struct throttle *t, uint64_t now_us); /* parts a second; 0 = unlimited */
/* What was sent in the last second counts on. */
void throttle_set_rate(struct throttle *t, double rate, uint32_t burst, uint64_t now_us);

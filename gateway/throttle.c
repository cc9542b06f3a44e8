#include "gateway/throttle.h"
#include <math.h>
#include <string.h>

#define PART       INT64_C(1000000000000) /* one part in units of credit */
#define LATE_US    UINT64_C(20000)        /* credit kept for a late call */
#define RECOVER_US UINT64_C(30000000)
#define HOLD_US    200000
#define RATE_MAX   1e8 /* keeps all products below 2^63 */
#define BURST_MAX  4000000
#define CUT_SHIFT  8 /* never cut below goal / 256 */

/* 512 slots a second: 15625 / 8 us each, so that slot numbers are exact. */
static uint64_t slot_of(uint64_t us)
{
	return us * 8 / 15625;
}

static uint64_t slot_start_us(uint64_t slot)
{
	return (slot * 15625 + 7) / 8;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Parts of a slot that is still kept. */
static uint32_t sent_in(const struct throttle *t, uint64_t slot)
{
	return t->sent[slot % THROTTLE_SLOTS];
}

/* Parts of the last second and the span beyond; a slot that ends within it counts whole. */
static uint64_t in_window(const struct throttle *t, uint64_t now_us)
{
	uint64_t slot = slot_of(now_us), sum = t->sum;

	if (slot >= t->slot + t->span)
		return 0;
	for (uint64_t s = t->slot + 1; s <= slot; s++)
		sum -= sent_in(t, s + THROTTLE_SLOTS - t->span);
	return sum;
}

/* Parts (1e-12 a us) now granted; 0 = unlimited. */
static uint64_t granted(const struct throttle *t, uint64_t now_us)
{
	uint64_t dt = now_us - t->backoff_us, g;

	if (t->goal == 0 || dt >= RECOVER_US)
		return t->agreed;
	g = t->cut + (uint64_t)((double)t->goal * (double)dt / (double)RECOVER_US);
	return g < t->goal ? g : t->agreed;
}

static int64_t credit_at(const struct throttle *t, uint64_t now_us)
{
	uint64_t dt = now_us - t->at_us, from = granted(t, t->at_us), to = granted(t, now_us), rate;

	if (from == 0 || to == 0)
		return t->depth;
	rate = (from + to) / 2;
	if ((double)rate * (double)dt >= (double)(t->depth - t->credit))
		return t->depth;
	return t->credit + (int64_t)(rate * dt);
}

/* Moves the state to now. */
static void settle(struct throttle *t, uint64_t now_us)
{
	uint64_t slot = slot_of(now_us);

	t->credit = credit_at(t, now_us);
	t->at_us = now_us;
	if (slot >= t->slot + THROTTLE_SLOTS) {
		memset(t->sent, 0, sizeof(t->sent));
		t->sum = 0;
		t->slot = slot;
	}
	while (t->slot < slot) {
		t->slot++;
		t->sum -= sent_in(t, t->slot + THROTTLE_SLOTS - t->span);
		t->sent[t->slot % THROTTLE_SLOTS] = 0;
	}
}

/* Slots to count: beyond the second as many as half of what the limit leaves above the rate fills. */
static uint32_t wanted_span(const struct throttle *t)
{
	double extra = t->rate > 0 ? ((double)t->limit - t->rate) / t->rate / 2 * (THROTTLE_SECOND - 1) : 0;

	return THROTTLE_SECOND + (uint32_t)fmin(extra, THROTTLE_EXTRA);
}

static void agree(struct throttle *t, double rate, uint32_t burst)
{
	t->rate = rate > 0 ? fmin(rate, RATE_MAX) : 0;
	t->burst = burst < 1 ? 1 : burst > BURST_MAX ? BURST_MAX : burst;
	t->agreed = (uint64_t)(t->rate * 1e6 + 0.5);
	if (t->rate > 0 && t->agreed == 0)
		t->agreed = 1;
	t->depth = t->burst * PART + (int64_t)(t->agreed * LATE_US);
	t->limit = (uint64_t)floor(t->rate + t->burst);
	t->span = wanted_span(t);
	t->sum = 0;
	for (uint32_t i = 0; i < t->span; i++)
		t->sum += sent_in(t, t->slot + THROTTLE_SLOTS - i);
}

void throttle_init(struct throttle *t, double rate, uint32_t burst, uint64_t now_us)
{
	*t = (struct throttle){.at_us = now_us, .slot = slot_of(now_us), .hold_us = HOLD_US};
	agree(t, rate, burst);
	/* What a former process sent within this second is not known: its depth and our first second are one
	 * promise, for a peer that reads late too. */
	t->credit = -(int64_t)(t->agreed * (LATE_US + slot_start_us(t->span - THROTTLE_SECOND)));
}

uint32_t throttle_allow(const struct throttle *t, uint32_t want, uint64_t now_us)
{
	int64_t credit;
	uint64_t sent, room;

	now_us = later(now_us, t->at_us);
	if (granted(t, now_us) == 0)
		return want;
	credit = credit_at(t, now_us);
	if (credit < PART)
		return 0;
	room = (uint64_t)(credit / PART);
	if (t->agreed) {
		sent = in_window(t, now_us);
		room = sent >= t->limit ? 0 : room < t->limit - sent ? room : t->limit - sent;
	}
	return room < want ? (uint32_t)room : want;
}

void throttle_take(struct throttle *t, uint32_t parts, uint64_t now_us)
{
	now_us = later(now_us, t->at_us);
	settle(t, now_us);
	if (granted(t, now_us))
		t->credit -= parts * PART;
	t->sent[t->slot % THROTTLE_SLOTS] += parts;
	t->sum += parts;
}

/* When the window has room for parts (<= limit). */
static uint64_t window_next_us(const struct throttle *t, uint32_t parts, uint64_t now_us)
{
	uint64_t sum = in_window(t, now_us), slot = later(slot_of(now_us), t->slot);

	if (sum + parts <= t->limit)
		return now_us;
	for (unsigned int i = 1; i <= t->span; i++) {
		sum -= slot + i < t->slot + t->span ? sent_in(t, slot + i + THROTTLE_SLOTS - t->span) : 0;
		if (sum + parts <= t->limit)
			return slot_start_us(slot + i);
	}
	return slot_start_us(slot + t->span);
}

uint64_t throttle_next_us(const struct throttle *t, uint32_t parts, uint64_t now_us)
{
	uint64_t rate, at;
	int64_t need;

	now_us = later(now_us, t->at_us);
	rate = granted(t, now_us);
	if (rate == 0)
		return now_us;
	if (parts > t->depth / PART || (t->agreed && parts > t->limit))
		return UINT64_MAX;
	need = parts * PART - credit_at(t, now_us);
	at = need <= 0 ? now_us : now_us + ((uint64_t)need + rate - 1) / rate;
	return t->agreed ? later(at, window_next_us(t, parts, now_us)) : at;
}

void throttle_backoff(struct throttle *t, uint64_t now_us)
{
	uint64_t now_granted, floor_;

	now_us = later(now_us, t->at_us);
	if (t->goal && now_us - t->backoff_us < t->hold_us)
		return;
	settle(t, now_us);
	now_granted = granted(t, now_us);
	/* Unlimited: what the last second carried stands for the rate. */
	if (now_granted == 0)
		now_granted = later(t->sum, 2) * 1000000;
	t->goal = t->agreed ? t->agreed : later(now_granted, t->goal);
	if (t->agreed == 0)
		t->depth = t->burst * PART + (int64_t)(t->goal * LATE_US);
	floor_ = later(t->goal >> CUT_SHIFT, t->goal < 1000000 ? t->goal : 1000000);
	t->cut = later(now_granted / 2, floor_);
	t->backoff_us = now_us;
	t->credit = t->credit > 0 ? 0 : t->credit;
}

double throttle_granted(const struct throttle *t, uint64_t now_us)
{
	uint64_t g = granted(t, later(now_us, t->backoff_us));

	return g == t->agreed ? t->rate : (double)g / 1e6;
}

void throttle_set_rate(struct throttle *t, double rate, uint32_t burst, uint64_t now_us)
{
	bool was_unlimited = t->agreed == 0;

	settle(t, later(now_us, t->at_us));
	agree(t, rate, burst);
	t->goal = 0;
	if (was_unlimited)
		t->credit = 0;
	else if (t->credit > t->depth)
		t->credit = t->depth;
}

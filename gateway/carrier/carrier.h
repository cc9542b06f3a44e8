/* carrier: what all parts of the simulated carrier share. No code is shared with the gateway. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "gateway/carrier/agenda.h"
#include "gateway/carrier/loop.h"
#include "gateway/carrier/settings.h"

struct smsc;
struct bsc;
struct scenario;

struct carrier {
	struct settings set;
	struct loop *loop;
	struct agenda *agenda;
	struct smsc *smsc;
	struct bsc *bsc;
	struct scenario *scenario;
	uint64_t now_us, start_us; /* monotonic */
	uint64_t start_wall_us;
	uint64_t rng;
	uint16_t smpp_port, cbsp_port; /* as taken */
	uint64_t submits_trigger;      /* number of the submit that the scenario waits for; 0: none */
	bool quit;
};

/* Uniform in 0..n-1; the same for the same --seed and the same order of requests. */
static inline uint32_t carrier_random(struct carrier *c, uint32_t n)
{
	uint64_t z = c->rng += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(((z >> 32) * n) >> 32);
}

static inline bool carrier_roll(struct carrier *c, unsigned int permille)
{
	return permille && carrier_random(c, 1000) < permille;
}

static inline uint32_t carrier_ms(const struct carrier *c)
{
	return (uint32_t)((c->now_us - c->start_us) / 1000);
}

/* When an answer of now is to leave (now itself: at once). Keeps the order of answers unless --out-of-order.
 */
uint64_t carrier_answer_us(struct carrier *c, uint64_t *last_us);

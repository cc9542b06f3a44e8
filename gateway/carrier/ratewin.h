/* ratewin: how many parts arrived in any window of one second (exact, over arrival times), and in each second
 * of the run. */
#pragma once
#include <stdint.h>

#define RATEWIN_SECONDS 90000 /* of per-second history: a day and an hour */

struct ratewin;

struct ratewin *ratewin_new(const void *ctx, uint64_t start_us);
/* Of several connections one may tell later what came earlier: it counts as come now, at the latest time told so far. */
void ratewin_add(struct ratewin *w, uint64_t at_us, uint32_t parts);
/* Parts that arrived in (now - 1 s, now]. */
uint64_t ratewin_now(struct ratewin *w, uint64_t now_us);
uint64_t ratewin_max(const struct ratewin *w);
uint64_t ratewin_first_us(const struct ratewin *w); /* 0: nothing yet */
uint64_t ratewin_last_us(const struct ratewin *w);
/* Per second since the start; *n entries. */
const uint32_t *ratewin_seconds(const struct ratewin *w, unsigned int *n);

/* forecast: when will it all have gone out? Pure.
 * Work is queued per resource (a carrier's SMPP links together, or one broadcast link) in the order of deadlines. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct forecast_rate {
	double agreed;	 /* parts a second; 0 = unlimited */
	double measured; /* mean of the last seconds */
	bool trusted;	 /* measured long enough, and with work to do all the time */
	bool down;	 /* no link is up */
	uint32_t down_s; /* for so long */
};

#define FORECAST_NEVER INT64_MAX
/* Seconds that so many parts take; a link that is down for a short while is counted at its agreed rate. */
double forecast_seconds(const struct forecast_rate *r, double parts);
/* Wall time of the end, FORECAST_NEVER when nothing moves. */
int64_t forecast_finish(const struct forecast_rate *r, double parts, int64_t now);

/* forecast: when will it all have gone out? Pure.
 * Work is queued per resource (a carrier's SMPP links together, or one broadcast link) in the order of deadlines; a resource's
 * pace is measured over its last busy seconds, and until that can be trusted it is the planner's (plan_link_rate). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORECAST_SPAN_S	 60 /* busy seconds that a pace is the mean of */
#define FORECAST_TRUST_S 10 /* so many make it worth more than the plan */
#define FORECAST_FIRST_S 15 /* the first ones, left out when there are three times as many */

/* What a resource got done, second by second; zeroed at first. Seconds without work do not count. */
struct forecast_meter {
	double done[FORECAST_SPAN_S]; /* parts in each busy second */
	double last;		      /* sum that was told last */
	uint32_t n;		      /* busy seconds ever */
	bool begun, was_busy;
};
/* Once a second: the sum of all parts done up to now, and whether there is work and a link that is up. */
void forecast_sample(struct forecast_meter *m, double sum, bool busy);
double forecast_pace(const struct forecast_meter *m); /* parts a second; 0 = nothing measured */
bool forecast_trusted(const struct forecast_meter *m);

struct forecast_rate {
	double planned;	 /* parts a second by contract, window and round trip; 0 = unlimited */
	double measured; /* forecast_pace() */
	bool trusted;
	bool down;	 /* no link is up */
	uint32_t down_s; /* for so long */
};

/* Seconds that so many parts take, INFINITY when nothing moves; a link that is down for a short while counts as planned. */
double forecast_seconds(const struct forecast_rate *r, double parts);

/* What each resource owes, by deadline. */
struct forecast_owed {
	uint32_t resource;
	int64_t deadline_us;
	double parts; /* after forecast_order(): of it and all before it on the resource */
};
struct forecast_queue {
	struct forecast_owed *v;
	size_t n, max;
};
void forecast_add(void *ctx, struct forecast_queue *q, uint32_t resource, int64_t deadline_us, double parts);
void forecast_order(struct forecast_queue *q); /* before it is asked */
/* Parts that go before, or together with, what has this deadline. */
double forecast_ahead(const struct forecast_queue *q, uint32_t resource, int64_t deadline_us);

#include "gateway/forecast.h"
#include <math.h>
#include <stdlib.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define DOWN_PATIENCE_S 60 /* shorter outages are not extrapolated */
#define UNLIMITED	1e6

void forecast_sample(struct forecast_meter *m, double sum, bool busy)
{
	double done = sum - m->last;

	/* A second counts when there was work at its beginning and at its end. A job that is removed takes its sum along. */
	if (m->begun && busy && m->was_busy && done >= 0)
		m->done[m->n++ % FORECAST_SPAN_S] = done;
	m->last = sum;
	m->begun = true;
	m->was_busy = busy;
}

/* The first seconds of all go to find out what the carrier takes: they count only as long as there is little else. */
double forecast_pace(const struct forecast_meter *m)
{
	uint32_t from = m->n >= 3 * FORECAST_FIRST_S ? FORECAST_FIRST_S : 0;
	double sum = 0;

	if (m->n > FORECAST_SPAN_S)
		from = OSMO_MAX(from, m->n - FORECAST_SPAN_S);
	for (uint32_t i = from; i < m->n; i++)
		sum += m->done[i % FORECAST_SPAN_S];
	return m->n > from ? sum / (m->n - from) : 0;
}

bool forecast_trusted(const struct forecast_meter *m)
{
	return m->n >= FORECAST_TRUST_S;
}

double forecast_seconds(const struct forecast_rate *r, double parts)
{
	double planned = r->planned > 0 ? r->planned : UNLIMITED;

	if (parts <= 0)
		return 0;
	if (r->down)
		return r->down_s < DOWN_PATIENCE_S ? parts / planned : INFINITY;
	if (!r->trusted)
		return parts / planned;
	return r->measured > 0 ? parts / r->measured : INFINITY;
}

void forecast_add(void *ctx, struct forecast_queue *q, uint32_t resource, int64_t deadline_us, double parts)
{
	if (q->n == q->max) {
		q->max = q->max ? 2 * q->max : 64;
		q->v = talloc_realloc(ctx, q->v, struct forecast_owed, q->max);
		OSMO_ASSERT(q->v);
	}
	q->v[q->n++] = (struct forecast_owed){.resource = resource, .deadline_us = deadline_us, .parts = parts};
}

static int by_deadline(const void *a, const void *b)
{
	const struct forecast_owed *x = a, *y = b;

	if (x->resource != y->resource)
		return x->resource < y->resource ? -1 : 1;
	return (x->deadline_us > y->deadline_us) - (x->deadline_us < y->deadline_us);
}

void forecast_order(struct forecast_queue *q)
{
	if (q->n)
		qsort(q->v, q->n, sizeof(*q->v), by_deadline);
	for (size_t i = 1; i < q->n; i++)
		if (q->v[i].resource == q->v[i - 1].resource)
			q->v[i].parts += q->v[i - 1].parts;
}

double forecast_ahead(const struct forecast_queue *q, uint32_t resource, int64_t deadline_us)
{
	struct forecast_owed key = {.resource = resource, .deadline_us = deadline_us};
	size_t lo = 0, hi = q->n;

	while (lo < hi) { /* the first that comes later */
		size_t mid = lo + (hi - lo) / 2;

		if (by_deadline(&q->v[mid], &key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && q->v[lo - 1].resource == resource ? q->v[lo - 1].parts : 0;
}

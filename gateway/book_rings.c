/* Plans: of the trigger's circle at acceptance, of each ring when its time has come; each from the map that the alert keeps. */
#include "gateway/book.h"

#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/planwork.h"

/* What the alert was accepted with: texts that came later change nothing in who serves whom. */
static struct plan_input input_of(const struct alert *a)
{
	return (struct plan_input){.conf = a->conf,
				   .map = a->maps->map.map,
				   .subs = a->maps->plain,
				   .lat = a->lat,
				   .lon = a->lon,
				   .radius_km = a->radius_km,
				   .select = a->select,
				   .max_range_m = a->max_range_m,
				   .exercise = a->action == ACTION_EXERCISE,
				   .accepted = !a->draft,
				   .texts = a->wordings[0].texts,
				   .n_texts = a->wordings[0].n_texts,
				   .reported_at = a->reported_at,
				   .start_at = a->accepted_at,
				   .deadline_at = a->deadline_at};
}

void alert_set_conf(struct alert *a, const struct conf *conf)
{
	if (a->conf == conf)
		return;
	a->conf = conf;
	a->at_risk = talloc_zero_array(a, bool, conf->n_carriers + 1);
	a->missed = talloc_zero_array(a, bool, conf->n_carriers + 1);
	OSMO_ASSERT(a->at_risk && a->missed);
}

/* inner: [a->n_rings], for the steps before; what one that failed would have served is left to the next. */
static struct plan_input ring_input(const struct alert *a, size_t ring, double *inner)
{
	struct plan_input in = input_of(a);

	in.inner_km = inner;
	for (size_t i = 0; i < ring; i++)
		if (!a->rings[i].failed)
			inner[in.n_inner++] = a->rings[i].radius_km;
	in.radius_km = a->rings[ring].radius_km;
	return in;
}

int alert_plan(struct alert *a, size_t ring, const struct conf *conf, struct reasons *reasons)
{
	double *inner = talloc_array(a, double, a->n_rings);
	struct plan_input in;
	int rc;

	OSMO_ASSERT(inner);
	alert_set_conf(a, conf);
	in = ring_input(a, ring, inner);
	rc = plan_make(a, &in, &a->rings[ring].plan, reasons);
	talloc_free(inner);
	return rc;
}

/* The same aside; -EAGAIN until it is done. A ring of 200 km over ten million cells would hold up the loop for a third of a second. */
int alert_plan_aside(struct book *b, struct alert *a, size_t ring, struct reasons *reasons)
{
	struct alert_ring *r = &a->rings[ring];
	struct planwork *work;
	struct plan_input in;
	double *inner;

	if (r->work) {
		if (!planwork_done(r->work))
			return -EAGAIN;
		work = r->work;
		r->work = NULL;
		return planwork_take(work, a, &r->plan, reasons);
	}
	inner = talloc_array(a, double, a->n_rings);
	OSMO_ASSERT(inner);
	in = ring_input(a, ring, inner);
	r->work = planwork_start(&in, b->wake_fd);
	talloc_free(inner);
	return r->work ? -EAGAIN : alert_plan(a, ring, a->conf, reasons);
}

static bool to_come(const struct alert *a, size_t ring)
{
	const struct alert_ring *r = &a->rings[ring];

	return !r->since && !r->failed && r->at < a->expires_at;
}

bool alert_grows(const struct alert *a, int64_t now)
{
	if (a->recalled_at || now >= a->expires_at)
		return false;
	for (size_t r = 1; r < a->n_rings; r++)
		if (a->rings[r].pending || to_come(a, r))
			return true;
	return false;
}

int book_ring_begin(struct book *b, struct alert *a, int64_t now)
{
	struct reasons reasons = {0};
	size_t r = 1;
	int rc;

	while (r < a->n_rings && (book_begun(a, r) || a->rings[r].failed))
		r++;
	if (r == a->n_rings || a->rings[r].pending || a->recalled_at || a->state == ALERT_EXPIRED || now < a->rings[r].at ||
	    now >= a->expires_at)
		return -EAGAIN;
	rc = b->threads ? alert_plan_aside(b, a, r, &reasons) : alert_plan(a, r, a->conf, &reasons);
	if (rc == -EAGAIN)
		return rc;
	if (rc < 0) {
		a->rings[r].failed = true;
		return rc;
	}
	a->rings[r].since = now;
	a->rings[r].wording = a->n_wordings - 1;
	a->rings[r].pending = true;
	return r;
}

void book_ring_enter(struct book *b, struct alert *a, size_t ring, int rc, int64_t now, uint64_t now_us)
{
	struct alert_ring *r = &a->rings[ring];

	r->pending = false;
	if (rc < 0 || !r->since) { /* not durable: due again; or recalled meanwhile */
		r->since = 0;
		TALLOC_FREE(r->plan);
		return;
	}
	alert_add_ring(b, a, ring, now_us, now);
	if (a->state == ALERT_COMPLETED)
		a->state = ALERT_RUNNING;
	alert_untold(a);
}

json_t *book_plan_json(const struct alert *a)
{
	struct plan_input in = input_of(a);
	struct plan_ring *rings = talloc_zero_array(NULL, struct plan_ring, a->n_rings);
	json_t *o;

	OSMO_ASSERT(rings);
	for (size_t r = 1; r < a->n_rings; r++)
		rings[r - 1] = (struct plan_ring){.radius_km = a->rings[r].radius_km, .at = a->rings[r].at,
						  .plan = book_begun(a, r) ? a->rings[r].plan : NULL};
	in.rings = rings;
	in.n_rings = a->n_rings - 1;
	o = plan_json(a->rings[0].plan, &in, a->id);
	talloc_free(rings);
	return o;
}

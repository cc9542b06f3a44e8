#include "gateway/planwork.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct planwork {
	pthread_t thread;
	struct plan_input in;
	double *inner_km;
	void *ctx; /* a tree of its own: talloc knows no locks */
	struct plan *plan;
	struct reasons reasons;
	int rc, wake_fd;
	int done; /* atomic */
};

static void *work(void *arg)
{
	struct planwork *w = arg;

	w->rc = plan_make(w->ctx, &w->in, &w->plan, &w->reasons);
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	if (w->wake_fd >= 0)
		eventfd_write(w->wake_fd, 1);
	return NULL;
}

struct planwork *planwork_start(const struct plan_input *in, int wake_fd)
{
	struct planwork *w = calloc(1, sizeof(*w));
	sigset_t all, before;
	int rc;

	OSMO_ASSERT(w);
	w->ctx = talloc_named_const(NULL, 0, "planwork");
	OSMO_ASSERT(w->ctx);
	w->in = *in;
	w->wake_fd = wake_fd;
	w->inner_km = talloc_zero_array(w->ctx, double, in->n_inner + 1);
	OSMO_ASSERT(w->inner_km);
	for (size_t i = 0; i < in->n_inner; i++)
		w->inner_km[i] = in->inner_km[i];
	w->in.inner_km = w->inner_km;
	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return w;
	talloc_free(w->ctx);
	free(w);
	return NULL;
}

bool planwork_done(const struct planwork *w)
{
	return __atomic_load_n(&w->done, __ATOMIC_ACQUIRE);
}

int planwork_take(struct planwork *w, void *ctx, struct plan **plan, struct reasons *reasons)
{
	int rc;

	pthread_join(w->thread, NULL);
	rc = w->rc;
	if (rc == 0 && ctx)
		*plan = talloc_steal(ctx, w->plan);
	for (size_t i = 0; i < w->reasons.n && ctx && reasons; i++) {
		const struct reason *r = &w->reasons.v[i];

		reasons_add(ctx, reasons, r->line, r->key, "%s", r->text);
	}
	talloc_free(w->ctx);
	free(w);
	return rc;
}

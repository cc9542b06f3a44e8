#include "gateway/warm.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/plan.h"

#define LARGEST_BLOCK (32 << 20)  /* glibc knows no larger one outside of mmap() */
#define KEPT_FREE     (128 << 20) /* more than that is given back */
#define STRIDE	      65536	  /* cells between two looks at whether to stop */
#define CIRCLES	      8

struct warm {
	pthread_t thread;
	const struct conf *conf;
	const struct mapset *maps;
	int done, stop; /* atomic */
};

void warm_memory(void)
{
	mallopt(M_ARENA_MAX, 1); /* or what one thread has touched is none of the next one's */
	mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK);
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
}

static bool stopped(const struct warm *w)
{
	return __atomic_load_n(&w->stop, __ATOMIC_ACQUIRE);
}

static void read_map(const struct warm *w)
{
	const struct cellmap *map = w->maps->map.map;
	struct cell c;

	for (uint32_t i = 0; i < cellmap_count(map) && (i % STRIDE || !stopped(w)); i++)
		cellmap_get(map, i, &c);
}

/* Round a cell: where many are, many alerts will be. */
static void plan_round(const struct warm *w, uint32_t index)
{
	const struct conf_type *type = &w->conf->types[0];
	struct alert_text text = {.broadcast = (char *)"1", .sms = (char *)"1", .found = (char *)"1"};
	struct plan_input in = {.conf = w->conf, .map = w->maps->map.map, .subs = w->maps->plain, .radius_km = type->radius_km,
				.select = w->conf->cellmap.select, .max_range_m = w->conf->cellmap.max_range_m, .texts = &text, .n_texts = 1};
	void *ctx = talloc_named_const(NULL, 0, "warm");
	struct reasons none = {0};
	struct plan *p;
	struct cell c;

	OSMO_ASSERT(ctx);
	if (cellmap_get(in.map, index, &c) == 0 && type->n_texts > 0) {
		text.language = type->texts[0].language;
		text.message_identifier = type->texts[0].message_identifier;
		in.lat = c.lat;
		in.lon = c.lon;
		plan_make(ctx, &in, &p, &none);
	}
	talloc_free(ctx);
}

static void *work(void *arg)
{
	struct warm *w = arg;
	uint32_t n = cellmap_count(w->maps->map.map);

	setpriority(PRIO_PROCESS, 0, 19); /* of this thread only */
	read_map(w);
	for (uint32_t i = 0; i < CIRCLES && w->conf->n_types > 0 && !stopped(w); i++)
		plan_round(w, (uint32_t)((uint64_t)n * (2 * i + 1) / (2 * CIRCLES)));
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	if (!stopped(w))
		maps_copy(w->maps, w->conf->state_directory);
	return NULL;
}

struct warm *warm_start(const struct conf *conf, const struct mapset *maps)
{
	struct warm *w = calloc(1, sizeof(*w));
	sigset_t all, before;
	int rc;

	OSMO_ASSERT(w);
	w->conf = conf;
	w->maps = maps;
	sigfillset(&all); /* signals are for the loop */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return w;
	free(w);
	return NULL;
}

bool warm_done(const struct warm *w)
{
	return __atomic_load_n(&w->done, __ATOMIC_ACQUIRE);
}

void warm_end(struct warm *w)
{
	if (!w)
		return;
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	pthread_join(w->thread, NULL);
	free(w);
}

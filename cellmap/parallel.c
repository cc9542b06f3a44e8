#include "cellmap/parallel.h"
#include <pthread.h>
#include <unistd.h>

#define THREADS_MAX 32

struct crew {
	unsigned int next, jobs;
	void (*run)(void *arg, unsigned int job);
	void *arg;
};

unsigned int parallel_threads(unsigned int asked)
{
	long cores = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned int)cores;
}

static void *work(void *arg)
{
	struct crew *c = arg;

	for (;;) {
		unsigned int job = __atomic_fetch_add(&c->next, 1, __ATOMIC_RELAXED);

		if (job >= c->jobs)
			return NULL;
		c->run(c->arg, job);
	}
}

void parallel(unsigned int threads, unsigned int jobs, void (*run)(void *arg, unsigned int job), void *arg)
{
	struct crew c = {0, jobs, run, arg};
	pthread_t others[THREADS_MAX];
	unsigned int n = 0;

	/* A thread that cannot be had is not missed: this one does its work. */
	while (n + 1 < threads && n + 1 < jobs && n < THREADS_MAX &&
	       pthread_create(&others[n], NULL, work, &c) == 0)
		n++;
	work(&c);
	while (n > 0)
		pthread_join(others[--n], NULL);
}

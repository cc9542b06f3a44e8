#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <signal.h>
#include "gateway/agentx_queue.h"
#include "gateway/agentx_serve.h"
#include "gateway/log.h"
#include "gateway/noc.h"

#define STOP_MS 800 /* an orderly goodbye to a master that answers takes a millisecond */

struct agentx {
	struct agentx_queue *queue;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct agentx_queue *queue = arg;

	agentx_serve(queue);
	agentx_queue_done(queue);
	agentx_queue_put(queue);
	return NULL;
}

static int stop(struct agentx *agent)
{
	agentx_queue_stop(agent->queue);
	if (agentx_queue_wait_done(agent->queue, STOP_MS)) {
		pthread_join(agent->thread, NULL);
	} else {
		LOGP(DNOC, LOGL_NOTICE, "the AgentX master does not answer; leaving without a goodbye\n");
		pthread_detach(agent->thread);
	}
	agentx_queue_put(agent->queue);
	return 0;
}

int agentx_start(void *ctx, const char *socket_path, struct agentx **agent)
{
	struct agentx *a;
	sigset_t all, before;
	int rc;

	if (!socket_path || !*socket_path)
		return -EINVAL;
	a = talloc_zero(ctx, struct agentx);
	OSMO_ASSERT(a);
	a->queue = agentx_queue_new(socket_path);
	if (!a->queue) {
		talloc_free(a);
		return -EMFILE;
	}
	/* Signals are the loop's; SIGPIPE must not come from net-snmp's writes either. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&a->thread, NULL, run, agentx_queue_ref(a->queue));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		agentx_queue_put(a->queue);
		agentx_queue_put(a->queue);
		talloc_free(a);
		return -rc;
	}
	talloc_set_destructor(a, stop);
	*agent = a;
	return 0;
}

void agentx_notify(struct agentx *agent, enum notify_kind kind, const char *subject, const char *text)
{
	if (agent)
		agentx_queue_add(agent->queue, kind, subject, text);
}

bool agentx_connected(const struct agentx *agent)
{
	return agent && agentx_queue_connected(agent->queue);
}

void agentx_stop(struct agentx *agent)
{
	talloc_free(agent);
}

#include <dirent.h>
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "gateway/agentx_queue.h"
#include "gateway/agentx_serve.h"
#include "gateway/log.h"
#include "gateway/noc.h"

#define GOODBYE_MS 400 /* a master that answers needs a millisecond */
#define CUT_MS     400

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

/* Whether this descriptor is a connection to the unix socket of that path. */
static bool leads_to(int fd, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNSPEC};
	socklen_t len = sizeof(sun) - 1; /* leaves a NUL behind the longest path */

	return getpeername(fd, (struct sockaddr *)&sun, &len) == 0 && sun.sun_family == AF_UNIX &&
	       !strcmp(sun.sun_path, path);
}

/* Wakes the thread out of its wait for a master that hangs: to it the master has gone. Found by its peer,
 * because net-snmp's own structures belong to the thread. */
static void cut_connection(const char *socket_path)
{
	const char *path = strncmp(socket_path, "unix:", 5) ? socket_path : socket_path + 5;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && leads_to(fd, path))
			shutdown(fd, SHUT_RDWR);
	}
	if (dir)
		closedir(dir);
}

/* A thread that is left behind ends with the process; only a master that cannot even be connected to, or one
 * reached over TCP, comes to that. */
static int stop(struct agentx *agent)
{
	bool done;

	agentx_queue_stop(agent->queue);
	done = agentx_queue_wait_done(agent->queue, GOODBYE_MS);
	if (!done) {
		LOGP(DNOC, LOGL_NOTICE, "the AgentX master does not answer; leaving without a goodbye\n");
		cut_connection(agentx_queue_socket(agent->queue));
		done = agentx_queue_wait_done(agent->queue, CUT_MS);
	}
	if (done)
		pthread_join(agent->thread, NULL);
	else
		pthread_detach(agent->thread);
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

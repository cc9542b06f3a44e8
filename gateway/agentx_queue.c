#include "gateway/agentx_queue.h"
#include <osmocom/core/utils.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct agentx_queue {
	atomic_int refs;
	atomic_bool stop, connected;
	int bell, done;
	char *socket_path;
	pthread_mutex_t lock; /* of what follows */
	uint32_t sequence;
	size_t first, n;
	struct agentx_note note[AGENTX_QUEUE];
};

static void ring(int fd)
{
	uint64_t one = 1;
	ssize_t rc = write(fd, &one, sizeof(one));

	(void)rc; /* full means that it rings already */
}

struct agentx_queue *agentx_queue_new(const char *socket_path)
{
	struct agentx_queue *q = calloc(1, sizeof(*q));

	OSMO_ASSERT(q);
	q->refs = 1;
	q->socket_path = strdup(socket_path);
	OSMO_ASSERT(q->socket_path);
	pthread_mutex_init(&q->lock, NULL);
	q->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->bell >= 0 && q->done >= 0)
		return q;
	agentx_queue_put(q);
	return NULL;
}

struct agentx_queue *agentx_queue_ref(struct agentx_queue *q)
{
	q->refs++;
	return q;
}

void agentx_queue_put(struct agentx_queue *q)
{
	if (--q->refs > 0)
		return;
	if (q->bell >= 0)
		close(q->bell);
	if (q->done >= 0)
		close(q->done);
	pthread_mutex_destroy(&q->lock);
	free(q->socket_path);
	free(q);
}

const char *agentx_queue_socket(const struct agentx_queue *q)
{
	return q->socket_path;
}

void agentx_queue_add(struct agentx_queue *q, enum notify_kind kind, const char *subject, const char *text)
{
	struct agentx_note *note;

	pthread_mutex_lock(&q->lock);
	if (q->n == AGENTX_QUEUE) {
		q->first = (q->first + 1) % AGENTX_QUEUE;
		q->n--;
	}
	note = &q->note[(q->first + q->n++) % AGENTX_QUEUE];
	note->kind = kind;
	note->sequence = ++q->sequence;
	snapshot_text(note->subject, sizeof(note->subject), subject);
	snapshot_text(note->text, sizeof(note->text), text);
	pthread_mutex_unlock(&q->lock);
	ring(q->bell);
}

bool agentx_queue_take(struct agentx_queue *q, struct agentx_note *note)
{
	bool any;

	pthread_mutex_lock(&q->lock);
	any = q->n > 0;
	if (any) {
		*note = q->note[q->first];
		q->first = (q->first + 1) % AGENTX_QUEUE;
		q->n--;
	}
	pthread_mutex_unlock(&q->lock);
	return any;
}

int agentx_queue_bell(const struct agentx_queue *q)
{
	return q->bell;
}

void agentx_queue_hush(struct agentx_queue *q)
{
	uint64_t n;
	ssize_t rc = read(q->bell, &n, sizeof(n));

	(void)rc; /* nothing to read is fine */
}

void agentx_queue_stop(struct agentx_queue *q)
{
	q->stop = true;
	ring(q->bell);
}

bool agentx_queue_stopping(struct agentx_queue *q)
{
	return q->stop;
}

void agentx_queue_done(struct agentx_queue *q)
{
	ring(q->done);
}

bool agentx_queue_wait_done(struct agentx_queue *q, int timeout_ms)
{
	struct pollfd pfd = {.fd = q->done, .events = POLLIN};

	return poll(&pfd, 1, timeout_ms) == 1;
}

void agentx_queue_set_connected(struct agentx_queue *q, bool connected)
{
	q->connected = connected;
}

bool agentx_queue_connected(struct agentx_queue *q)
{
	return q->connected;
}

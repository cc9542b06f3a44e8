#include "gateway/storethread.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* A batch on its way: waiting, or done with its outcome. */
struct item {
	struct item *next;
	struct store_batch *batch;
};

struct list {
	struct item *first, **last;
};

struct storethread {
	struct store *store;
	pthread_t thread;
	sem_t work;            /* one for each batch, one for the end: cheaper than a condition with the mutex */
	pthread_mutex_t mutex; /* guards all below */
	struct list todo, done;
	size_t pending; /* submitted, not yet written */
	bool signalled; /* fd was or is about to be written, and not read yet */
	int fd, end_fd; /* readable: outcomes wait; the thread has ended */
};

static void list_add(struct list *l, struct item *i)
{
	i->next = NULL;
	*l->last = i;
	l->last = &i->next;
}

static struct item *list_take(struct list *l)
{
	struct item *i = l->first;

	if (i && !(l->first = i->next))
		l->last = &l->first;
	return i;
}

static void wake(int fd)
{
	/* Fails only when the counter is at its end: then it is readable anyway. */
	if (eventfd_write(fd, 1) < 0)
		OSMO_ASSERT(errno == EAGAIN);
}

/* One commit per batch, in order. talloc trees are not shared: a batch is its submitter's, or the thread's,
 * never both. */
static void *run(void *arg)
{
	struct storethread *t = arg;
	struct item *i;

	for (;;) {
		bool tell;

		while (sem_wait(&t->work) < 0)
			OSMO_ASSERT(errno == EINTR);
		pthread_mutex_lock(&t->mutex);
		i = list_take(&t->todo);
		pthread_mutex_unlock(&t->mutex);
		if (!i)
			break;
		i->batch->rc = t->store->ops->apply(t->store, i->batch->recs, i->batch->n);
		pthread_mutex_lock(&t->mutex);
		list_add(&t->done, i);
		t->pending--;
		tell = !t->signalled;
		t->signalled = true;
		pthread_mutex_unlock(&t->mutex);
		/* Outside, so that the one who is woken need not wait for the mutex. */
		if (tell)
			wake(t->fd);
	}
	wake(t->end_fd);
	return NULL;
}

static void discard(struct list *l)
{
	struct item *i;

	while ((i = list_take(l))) {
		talloc_free(i->batch);
		talloc_free(i);
	}
}

static int init(struct storethread *t, struct store *store)
{
	int rc;

	t->store = store;
	t->todo.last = &t->todo.first;
	t->done.last = &t->done.first;
	t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	t->end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->fd < 0 || t->end_fd < 0)
		return -errno;
	pthread_mutex_init(&t->mutex, NULL);
	sem_init(&t->work, 0, 0);
	rc = -pthread_create(&t->thread, NULL, run, t);
	if (rc < 0) {
		pthread_mutex_destroy(&t->mutex);
		sem_destroy(&t->work);
	}
	return rc;
}

static void close_fds(struct storethread *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->end_fd >= 0)
		close(t->end_fd);
}

int storethread_start(void *ctx, struct store *store, struct storethread **thread)
{
	struct storethread *t = talloc_zero(ctx, struct storethread);
	int rc;

	OSMO_ASSERT(t);
	*thread = NULL;
	rc = init(t, store);
	if (rc < 0) {
		close_fds(t);
		talloc_free(t);
		return rc;
	}
	*thread = t;
	return 0;
}

int storethread_fd(const struct storethread *thread)
{
	return thread->fd;
}

bool storethread_instant(const struct storethread *thread)
{
	return thread->store->ops->instant;
}

void storethread_submit(struct storethread *thread, struct store_batch *take)
{
	struct item *i = talloc(NULL, struct item);

	OSMO_ASSERT(i);
	i->batch = take;
	if (storethread_instant(thread)) {
		take->rc = thread->store->ops->apply(thread->store, take->recs, take->n);
		list_add(&thread->done, i);
		return;
	}
	pthread_mutex_lock(&thread->mutex);
	list_add(&thread->todo, i);
	thread->pending++;
	pthread_mutex_unlock(&thread->mutex);
	sem_post(&thread->work);
}

struct store_batch *storethread_reap(struct storethread *thread)
{
	struct store_batch *b = NULL;
	struct item *i;
	eventfd_t count;

	pthread_mutex_lock(&thread->mutex);
	i = list_take(&thread->done);
	/* The descriptor stays readable for as long as an outcome waits. One that is about to be written is
	 * read next time. */
	if (!thread->done.first && thread->signalled && eventfd_read(thread->fd, &count) == 0)
		thread->signalled = false;
	pthread_mutex_unlock(&thread->mutex);
	if (i) {
		b = i->batch;
		talloc_free(i);
	}
	return b;
}

size_t storethread_pending(const struct storethread *thread)
{
	struct storethread *t = (struct storethread *)thread;
	size_t n;

	pthread_mutex_lock(&t->mutex);
	n = t->pending;
	pthread_mutex_unlock(&t->mutex);
	return n;
}

int storethread_stop(struct storethread *thread, unsigned int timeout_ms)
{
	struct pollfd end = {.fd = thread->end_fd, .events = POLLIN};
	int rc;

	sem_post(&thread->work); /* comes to the end of the list when all that is queued is done */
	do
		rc = poll(&end, 1, (int)timeout_ms);
	while (rc < 0 && errno == EINTR);
	if (rc <= 0) {
		/* It hangs in the disk: what is queued is dropped, the thread and its memory are left to the
		 * process' end. */
		pthread_mutex_lock(&thread->mutex);
		discard(&thread->todo);
		pthread_mutex_unlock(&thread->mutex);
		talloc_steal(NULL, thread);
		return -ETIMEDOUT;
	}
	pthread_join(thread->thread, NULL);
	discard(&thread->done);
	close_fds(thread);
	pthread_mutex_destroy(&thread->mutex);
	sem_destroy(&thread->work);
	talloc_free(thread);
	return 0;
}

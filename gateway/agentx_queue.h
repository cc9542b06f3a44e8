/* agentx_queue: what the loop and the agent's thread share: a bounded queue of notifications, a wish to stop,
 * a bell. Thread-safe; from malloc and counted, because a thread that hangs in a dead master outlives its
 * owner. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/noc.h"

#define AGENTX_QUEUE 256 /* notifications kept while there is no master; then the oldest goes */

struct agentx_note {
	enum notify_kind kind;
	uint32_t sequence; /* from 1; a gap tells the NOC that some were dropped */
	char subject[256], text[256];
};

struct agentx_queue;

struct agentx_queue *agentx_queue_new(const char *socket_path); /* one reference; NULL: no descriptors left */
struct agentx_queue *agentx_queue_ref(struct agentx_queue *q);
void agentx_queue_put(struct agentx_queue *q);
const char *agentx_queue_socket(const struct agentx_queue *q);

void agentx_queue_add(struct agentx_queue *q, enum notify_kind kind, const char *subject, const char *text);
bool agentx_queue_take(struct agentx_queue *q, struct agentx_note *note); /* the oldest, false: empty */

int agentx_queue_bell(const struct agentx_queue *q); /* readable after add and stop */
void agentx_queue_hush(struct agentx_queue *q);
void agentx_queue_stop(struct agentx_queue *q);
bool agentx_queue_stopping(struct agentx_queue *q);
void agentx_queue_done(struct agentx_queue *q);                      /* the thread is about to return */
bool agentx_queue_wait_done(struct agentx_queue *q, int timeout_ms); /* false: it hangs */
void agentx_queue_set_connected(struct agentx_queue *q, bool connected);
bool agentx_queue_connected(struct agentx_queue *q);

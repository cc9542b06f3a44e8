/* store_memory: the store of tests and the simulation. Keeps all in memory, in order of keys, and fails on
 * request. */
#pragma once
#include <stdbool.h>
#include "gateway/store.h"

/* The n-th apply from now (1 = the next) and the `times - 1` after it return rc and change nothing; 0: never.
 */
void store_memory_fail(struct store *store, unsigned int nth, unsigned int times, int rc);
/* From now on what is applied is seen at once, but outlives a crash only when synced: a disk that lies. */
void store_memory_unsynced(struct store *store, bool on);
void store_memory_sync(struct store *store);
/* The machine loses power and comes back: what was not synced is gone. */
void store_memory_crash(struct store *store);
/* Octets of keys and values of a kind. */
size_t store_memory_octets(const struct store *store, enum store_kind kind);

/* dispatch_lease: several dispatches, each of its own gateway, over one store (SPEC 6). Pure, as dispatch.h.
 *
 * A chunk is one owner's at a time. Its lease rides in the batch with the first reservation in it and is given up in the one
 * with the last answer, so leases cost no commit of their own; while units of it are handed over it is renewed. Where the
 * store refuses a batch (-EBUSY, -ESTALE) because another took a chunk first, the chunk's reservations, which were never durable,
 * are taken back, and it is to be looked at: it is another's for as long as its lease lasts, then whoever takes it goes on from
 * its record, under the attempts counted there. Nothing is given out in the last quarter of a
 * lease that could not be renewed. Who lost one without knowing is deposed: it must begin anew from the store. */
#pragma once
#include "gateway/dispatch.h"

/* Before any job is added. owner: as for store_ops.lease. ahead_us: of the clock that all owners share before this one's; that
 * clock may be wrong by a quarter of length_us. Without this call the store is the dispatch's alone and has no leases. */
void dispatch_share(struct dispatch *d, const char *owner, uint64_t length_us, int64_t ahead_us);
/* A chunk that another may have, to be looked at now, while no batch is under way: who asks calls store_ops.lease() and, whatever
 * comes of it, store_ops.get() for the chunk's record, and tells. False: none. */
bool dispatch_look(const struct dispatch *d, uint64_t now_us, char key[DISPATCH_KEY_LEN], struct store_lease *lease);
/* rc and lease->epoch: of lease(). blob NULL: the chunk has no record. 0, -ENOENT: was not asked for; -EBADMSG. */
int dispatch_looked(struct dispatch *d, const struct store_lease *lease, int rc, const void *blob, size_t len, uint64_t now_us);
bool dispatch_deposed(const struct dispatch *d);

/* store_lease: what a lease on a chunk looks like in any store, and who gets it. Pure. Used by the engines, and by who puts
 * leases into batches.
 *
 * A lease is a record of kind STORE_META: key "lease/" and the chunk's, value "until_us epoch owner [now_us]" as text. It
 * stays when it is over, for its epoch: that of an owner is above those of all owners before it. */
#pragma once
#include <stdbool.h>
#include "gateway/store.h"

#define STORE_LEASE_ROW 128 /* octets of a value, of a key */

/* 0 or -EINVAL: the chunk's key is too long. */
int store_lease_key(char key[STORE_LEASE_ROW], const char *chunk);
/* Epoch of a stored lease; 0 when there is none or it is not one. */
uint32_t store_lease_epoch(const void *row, size_t len);
/* The new row for who asks. row NULL: there was none. chunk_epoch: of the chunk's record, 0 = none. l->epoch is set.
 * 0, -EBUSY: another's is valid; -EINVAL: the owner's name, or the row, is none. */
int store_lease_take(const void *row, size_t len, uint32_t chunk_epoch, struct store_lease *l, char out[STORE_LEASE_ROW]);

/* For a batch: the row that takes the lease, where there is none, with l->epoch, or makes one's own last longer. 0 or -EINVAL. */
int store_lease_row(const struct store_lease *l, char row[STORE_LEASE_ROW]);
bool store_lease_is(const struct store_rec *rec); /* it puts a lease */
/* May it replace what is stored (row NULL: nothing)? 0; -EBUSY: there is another's (in a batch also when that is over: who puts
 * it there has not read what the other wrote last), or the chunk has this epoch or a higher one; -EINVAL: it is none. */
int store_lease_put(const void *row, size_t len, uint32_t chunk_epoch, const struct store_rec *put);

/* subs: opted-in residents and their cells, in map order (SUBS file, mmap'ed, built by `reunion subscribers build`).
 * The file stores full cell keys and the checksum of the map it was built with. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

struct subs;

int subs_open(void *ctx, const char *path, struct subs **subs, char *err, size_t err_len);
void subs_close(struct subs *subs);
uint64_t subs_checksum(const struct subs *subs);
const void *subs_octets(const struct subs *subs, size_t *len); /* the whole file, as it was opened */
uint32_t subs_count(const struct subs *subs);
/* Ties the subscribers to a map: by its checksum, or anew by key. *unresolved counts numbers without a cell in it. */
int subs_resolve(struct subs *subs, const struct cellmap *map, uint64_t *unresolved);
uint64_t subs_unresolved(const struct subs *subs); /* of the last subs_resolve() */
/* Subscribers of these cells (nearest first, as from cellmap_nearest), each number once, at its nearest cell.
 * *ids live as long as ctx: positions for subs_msisdn(). Deterministic.
 * -EINVAL: not tied to a map, or a cell twice among the hits; -E2BIG: more than 62 million. */
int subs_select(void *ctx, const struct subs *subs, const struct cell_hit *hits, size_t n_hits, uint32_t **ids, size_t *n);
int subs_msisdn(const struct subs *subs, uint32_t id, char out[16]); /* how many digits, or -errno */
void subs_expect(const struct subs *subs, uint32_t id); /* subs_msisdn() will be asked for it soon: only for speed */
/* Where it stands, as do all others up to *end. -ERANGE: no such id. */
int subs_cell(const struct subs *subs, uint32_t id, struct cell_id *cell, uint32_t *end);

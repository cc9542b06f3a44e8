/* names: strings that come again and again (senders, list names, areas, system ids), each kept once and known
 * by a number. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct names;

struct names *names_new(const void *ctx);
/* Octets are kept as they are; the number is stable. */
uint32_t names_id(struct names *t, const void *octets, size_t len);
const char *names_get(const struct names *t, uint32_t id, size_t *len); /* NUL-terminated, too */
uint32_t names_count(const struct names *t);
/* A fast hash for tables in memory (not for reports). */
uint64_t names_hash(const void *octets, size_t len, uint64_t seed);

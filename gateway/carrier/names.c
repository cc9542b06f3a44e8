#include "gateway/carrier/names.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

struct name {
	uint64_t hash;
	char *octets;
	uint32_t len;
};

struct names {
	struct name *list;
	uint32_t n, cap;
	uint32_t *slots; /* number + 1, or 0; 2 × cap of them */
};

uint64_t names_hash(const void *octets, size_t len, uint64_t seed)
{
	const uint8_t *p = octets;
	uint64_t h = seed ^ (len * 0x9E3779B97F4A7C15u), w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xD6E8FEB86659FD93u;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, len);
	h = (h ^ w) * 0xD6E8FEB86659FD93u;
	h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
	return h ^ h >> 29;
}

struct names *names_new(const void *ctx)
{
	struct names *t = talloc_zero(ctx, struct names);

	OSMO_ASSERT(t);
	t->cap = 64;
	t->list = talloc_array(t, struct name, t->cap);
	t->slots = talloc_zero_array(t, uint32_t, 2 * t->cap);
	OSMO_ASSERT(t->list && t->slots);
	return t;
}

static void grow(struct names *t)
{
	t->cap *= 2;
	t->list = talloc_realloc(t, t->list, struct name, t->cap);
	talloc_free(t->slots);
	t->slots = talloc_zero_array(t, uint32_t, 2 * t->cap);
	OSMO_ASSERT(t->list && t->slots);
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t at = t->list[i].hash & (2 * t->cap - 1);

		while (t->slots[at])
			at = (at + 1) & (2 * t->cap - 1);
		t->slots[at] = i + 1;
	}
}

uint32_t names_id(struct names *t, const void *octets, size_t len)
{
	uint64_t hash = names_hash(octets, len, 1);
	uint32_t at = hash & (2 * t->cap - 1);

	for (; t->slots[at]; at = (at + 1) & (2 * t->cap - 1)) {
		const struct name *is = &t->list[t->slots[at] - 1];

		if (is->hash == hash && is->len == len && !memcmp(is->octets, octets, len))
			return t->slots[at] - 1;
	}
	if (t->n == t->cap) {
		grow(t);
		return names_id(t, octets, len);
	}
	t->list[t->n] = (struct name){hash, talloc_size(t, len + 1), (uint32_t)len};
	OSMO_ASSERT(t->list[t->n].octets);
	memcpy(t->list[t->n].octets, octets, len);
	t->list[t->n].octets[len] = '\0';
	t->slots[at] = ++t->n;
	return t->n - 1;
}

const char *names_get(const struct names *t, uint32_t id, size_t *len)
{
	if (len)
		*len = t->list[id].len;
	return t->list[id].octets;
}

uint32_t names_count(const struct names *t)
{
	return t->n;
}

#include "gateway/carrier/texts.h"
#include "gateway/carrier/names.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

struct part {
	uint32_t utf8; /* in names of texts' pieces */
	unsigned int fault;
};

struct whole {
	uint64_t hash, copies;
};

struct texts {
	struct names *raw;  /* alphabet octet + octets as received */
	struct part *parts; /* by number in raw */
	uint32_t parts_cap;
	struct names *pieces; /* UTF-8 of parts */
	struct names *lists;  /* lists of part numbers */
	uint32_t *list_text;  /* by number in lists */
	uint32_t list_cap;
	struct names *utf8; /* whole texts */
	struct whole *wholes;
	uint32_t whole_cap;
	char scratch[3 * 65536 + 4096];
	uint8_t key[65536 + 1];
};

struct texts *texts_new(const void *ctx)
{
	struct texts *t = talloc_zero(ctx, struct texts);

	OSMO_ASSERT(t);
	t->raw = names_new(t);
	t->pieces = names_new(t);
	t->lists = names_new(t);
	t->utf8 = names_new(t);
	return t;
}

/* Makes room for entry i of an array. */
#define ROOM(t, array, cap, i)                                                                               \
	do {                                                                                                 \
		if ((i) >= (cap)) {                                                                          \
			(cap) = 2 * (i) + 64;                                                                \
			(array) = talloc_realloc_size(t, array, (cap) * sizeof(*(array)));                   \
			OSMO_ASSERT(array);                                                                  \
		}                                                                                            \
	} while (0)

uint32_t texts_part(struct texts *t, enum chars_alphabet alphabet, const uint8_t *octets, size_t len,
		    unsigned int *fault)
{
	uint32_t before = names_count(t->raw), id;

	if (len > sizeof(t->key) - 1)
		len = sizeof(t->key) - 1;
	t->key[0] = alphabet;
	if (len)
		memcpy(t->key + 1, octets, len);
	id = names_id(t->raw, t->key, len + 1);
	if (names_count(t->raw) != before) {
		struct part p = {0};
		size_t n = chars_utf8(alphabet, octets, len, t->scratch, sizeof(t->scratch), &p.fault);

		ROOM(t, t->parts, t->parts_cap, id);
		p.utf8 = names_id(t->pieces, t->scratch, n);
		t->parts[id] = p;
	}
	*fault |= t->parts[id].fault;
	return id;
}

uint32_t texts_utf8(struct texts *t, const char *utf8, size_t len)
{
	uint32_t before = names_count(t->utf8), id = names_id(t->utf8, utf8, len);

	if (names_count(t->utf8) != before) {
		ROOM(t, t->wholes, t->whole_cap, id);
		t->wholes[id] = (struct whole){.hash = chars_hash(utf8, len)};
	}
	return id;
}

static uint32_t join(struct texts *t, const uint32_t *parts, unsigned int n)
{
	size_t used = 0;

	for (unsigned int i = 0; i < n; i++) {
		size_t len;
		const char *piece = names_get(t->pieces, t->parts[parts[i]].utf8, &len);

		if (len > sizeof(t->scratch) - used)
			len = sizeof(t->scratch) - used;
		memcpy(t->scratch + used, piece, len);
		used += len;
	}
	return texts_utf8(t, t->scratch, used);
}

uint32_t texts_whole(struct texts *t, const uint32_t *parts, unsigned int n)
{
	uint32_t before = names_count(t->lists), id = names_id(t->lists, parts, n * sizeof(*parts));

	if (names_count(t->lists) != before) {
		ROOM(t, t->list_text, t->list_cap, id);
		t->list_text[id] = join(t, parts, n);
	}
	return t->list_text[id];
}

const char *texts_get(const struct texts *t, uint32_t text, size_t *len)
{
	return names_get(t->utf8, text, len);
}

uint64_t texts_hash(const struct texts *t, uint32_t text)
{
	return t->wholes[text].hash;
}

void texts_count(struct texts *t, uint32_t text, uint64_t copies)
{
	t->wholes[text].copies += copies;
}

uint64_t texts_copies(const struct texts *t, uint32_t text)
{
	return t->wholes[text].copies;
}

uint32_t texts_number(const struct texts *t)
{
	return names_count(t->utf8);
}

#include "gateway/subs.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/bigmem.h"
#include "gateway/subs_format.h"

#define IDS_MAX (60u << 20) /* what one talloc chunk holds */
#define JUMP_SHIFT 6
#define LARGE_PAGE (2u << 20)

/* Which of them are known, and where the first of these stands in known_index. */
struct jump {
	uint64_t known;
	uint32_t first;
};

struct subs {
	const uint8_t *base;
	size_t size;
	const struct subs_header *head;
	const struct subs_key *keys;
	const uint32_t *index, *first, *first_multi, *multi;
	const uint64_t *entries;
	uint64_t *flags; /* bit 63 of each entry: a selection looks at a million of these, all over the file */
	/* The cells that the map in use has: index in it (ascending) and position here. */
	uint32_t n_known;
	const uint32_t *known_index, *known_cell; /* known_cell NULL: the same position */
	void *resolved;                           /* owner of the two, when they are not the file's */
	struct jump *jump; /* for each 64 map indices */
	uint32_t n_jumps;
	bool tied;
	uint64_t unresolved;
};

static uint64_t aligned(uint64_t at)
{
	return (at + 7) & ~UINT64_C(7);
}

void subs_layout(const struct subs_header *h, struct subs_layout *l)
{
	l->keys = sizeof(*h);
	l->index = l->keys + (uint64_t)h->n_cells * sizeof(struct subs_key);
	l->first = aligned(l->index + UINT64_C(4) * h->n_cells);
	l->first_multi = aligned(l->first + UINT64_C(4) * (h->n_cells + UINT64_C(1)));
	l->entries = aligned(l->first_multi + UINT64_C(4) * (h->n_cells + UINT64_C(1)));
	l->multi = l->entries + UINT64_C(8) * h->n_entries;
	l->end = aligned(l->multi + UINT64_C(4) * h->n_multi_entries);
}

bool subs_number_parse(const char *text, size_t len, uint64_t *number)
{
	uint64_t value = 0;

	if (len > 0 && *text == '+') {
		text++;
		len--;
	} else if (len > 1 && text[0] == '0' && text[1] == '0') {
		text += 2;
		len -= 2;
	}
	if (len < SUBS_DIGITS_MIN || len > SUBS_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(text[i] - '0');
	}
	*number = (uint64_t)len << SUBS_VALUE_BITS | value;
	return true;
}

/* Eight digits, the first in the lowest octet: all pairs, then all digits at a time. 10486/2^20 and 103/2^10 are exact enough for
 * what has four and two digits. */
static inline uint64_t digits8(uint32_t v)
{
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32, t;

	t = x * 10486 >> 20 & 0x0000007F0000007F;
	x = t | (x - 100 * t) << 16;
	t = x * 103 >> 10 & 0x000F000F000F000F;
	x = t | (x - 10 * t) << 8;
	return x | 0x3030303030303030;
}

/* Done for every message. Little-endian, as the file is. */
int subs_number_print(uint64_t number, char out[16])
{
	static const uint64_t above[16] = {0, 0, 0, 0, 0, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
					   100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000};
	unsigned int len = number >> SUBS_VALUE_BITS & 15;
	uint64_t value = number & ((UINT64_C(1) << SUBS_VALUE_BITS) - 1);
	unsigned __int128 digits;

	if (value >= above[len])
		return -EBADMSG;
	digits = (unsigned __int128)digits8(value % 100000000) << 64 | digits8(value / 100000000);
	digits >>= 8 * (16 - len); /* NULs come in behind */
	memcpy(out, &digits, 16);
	return len;
}

static const char *header_fault(const struct subs_header *h, uint64_t size)
{
	uint8_t sum[SUBS_SUM];
	struct subs_layout l;

	if (size < sizeof(*h) || memcmp(h->magic, SUBS_MAGIC, sizeof(h->magic)))
		return "is not a subscribers file";
	if (h->version != SUBS_VERSION || h->endian != SUBS_ENDIAN)
		return "has another version";
	crypto_generichash(sum, sizeof(sum), (const uint8_t *)h, offsetof(struct subs_header, header_sum),
			   NULL, 0);
	if (memcmp(sum, h->header_sum, sizeof(sum)))
		return "has a damaged header";
	subs_layout(h, &l);
	if (h->file_size != size || l.end != size)
		return "is cut short or has octets too many";
	return NULL;
}

static bool ascending(const uint32_t *v, uint32_t n, uint32_t last)
{
	if (v[0] != 0 || v[n] != last)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (v[i] > v[i + 1])
			return false;
	return true;
}

static const char *content_fault(const struct subs *s)
{
	const struct subs_header *h = s->head;
	uint8_t sum[SUBS_SUM];

	crypto_generichash(sum, sizeof(sum), s->base + sizeof(*h), s->size - sizeof(*h), NULL, 0);
	if (memcmp(sum, h->content_sum, sizeof(sum)))
		return "is damaged (checksum)";
	if (!ascending(s->first, h->n_cells, h->n_entries) ||
	    !ascending(s->first_multi, h->n_cells, h->n_multi_entries) || h->n_resolved > h->n_cells)
		return "contradicts itself";
	for (uint32_t i = 0; i < h->n_multi_entries; i++)
		if (s->multi[i] >= h->n_multi)
			return "contradicts itself";
	return NULL;
}

static int unmap(struct subs *s)
{
	if (s->base)
		munmap((void *)s->base, s->size);
	return 0;
}

static int read_all(int fd, uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, p + at, len - at, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG; /* it was cut short just now */
		at += n;
	}
	return 0;
}

/* A copy in memory: whoever writes over the file in place must not change whom a running alert goes to. */
static int take_copy(struct subs *s, int fd, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
	s->base = base;
	s->size = size;
	return read_all(fd, base, size);
}

static int read_file(struct subs *s, const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	const char *fault = NULL;
	struct subs_header head;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(head))
		rc = -EBADMSG;
	else
		rc = read_all(fd, (uint8_t *)&head, sizeof(head));
	if (rc == 0)
		fault = header_fault(&head, (uint64_t)st.st_size);
	if (rc == 0 && !fault)
		rc = take_copy(s, fd, (size_t)st.st_size);
	if (fault || rc == -EBADMSG) {
		snprintf(err, err_len, "%s: %s; make %s with `reunion subscribers build`", path, fault ? fault : "is not a subscribers file",
			 fault ? "it anew" : "one");
		rc = -EBADMSG;
	} else if (rc < 0) {
		snprintf(err, err_len, "%s: %s", path, strerror(-rc));
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static const char *read_sections(struct subs *s)
{
	const struct subs_header *h = (const struct subs_header *)s->base;
	const char *fault = header_fault(h, s->size);
	struct subs_layout l;

	if (fault)
		return fault;
	subs_layout(h, &l);
	s->head = h;
	s->keys = (const struct subs_key *)(s->base + l.keys);
	s->index = (const uint32_t *)(s->base + l.index);
	s->first = (const uint32_t *)(s->base + l.first);
	s->first_multi = (const uint32_t *)(s->base + l.first_multi);
	s->entries = (const uint64_t *)(s->base + l.entries);
	s->multi = (const uint32_t *)(s->base + l.multi);
	return content_fault(s);
}

static void gather_flags(struct subs *s)
{
	s->flags = talloc_zero_array(s, uint64_t, s->head->n_entries / 64 + 1);
	OSMO_ASSERT(s->flags);
	for (uint32_t e = 0; e < s->head->n_entries; e++)
		s->flags[e / 64] |= s->entries[e] >> 63 << e % 64;
}

int subs_open(void *ctx, const char *path, struct subs **subs, char *err, size_t err_len)
{
	struct subs *s = talloc_zero(ctx, struct subs);
	const char *fault;
	int rc;

	OSMO_ASSERT(s);
	OSMO_ASSERT(sodium_init() >= 0);
	*subs = NULL;
	talloc_set_destructor(s, unmap);
	rc = read_file(s, path, err, err_len);
	if (rc == 0) {
		fault = read_sections(s);
		if (fault) {
			snprintf(err, err_len, "%s: %s; make it anew with `reunion subscribers build`", path,
				 fault);
			rc = -EBADMSG;
		}
	}
	if (rc < 0) {
		talloc_free(s);
		return rc;
	}
	gather_flags(s);
	*subs = s;
	return 0;
}

void subs_close(struct subs *subs)
{
	talloc_free(subs);
}

uint64_t subs_checksum(const struct subs *subs)
{
	uint64_t sum;

	memcpy(&sum, subs->head->content_sum, sizeof(sum));
	return sum;
}

const void *subs_octets(const struct subs *subs, size_t *len)
{
	*len = subs->size;
	return subs->base;
}

uint32_t subs_count(const struct subs *subs)
{
	return subs->head->n_numbers;
}

/* --- which of its cells the map has --- */
struct known {
	uint32_t index, cell;
};

static int by_index(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int resolve_by_key(struct subs *s, const struct cellmap *map)
{
	struct known *known = talloc_array(s, struct known, s->head->n_cells + 1);
	uint32_t *index, *cell, n = 0;
	int rc = 0;

	OSMO_ASSERT(known);
	for (uint32_t c = 0; c < s->head->n_cells; c++) {
		const struct subs_key *k = &s->keys[c];
		struct cell_id id = {
			.cell = k->cell, .area = k->area, .mcc = k->mcc, .mnc = k->mnc, .radio = k->radio};

		rc = cellmap_find(map, &id, &known[n].index);
		if (rc == 0)
			known[n++].cell = c;
		else if (rc != -ENOENT)
			break;
	}
	if (rc < 0 && rc != -ENOENT) {
		talloc_free(known);
		return rc;
	}
	qsort(known, n, sizeof(*known), by_index);
	index = talloc_array(s, uint32_t, n + 1);
	OSMO_ASSERT(index);
	cell = talloc_array(index, uint32_t, n + 1);
	OSMO_ASSERT(cell);
	for (uint32_t i = 0; i < n; i++) {
		index[i] = known[i].index;
		cell[i] = known[i].cell;
	}
	talloc_free(known);
	s->resolved = index;
	s->known_index = index;
	s->known_cell = cell;
	s->n_known = n;
	return 0;
}

static bool bit_set(uint64_t *bits, uint32_t i)
{
	uint64_t was = bits[i / 64];

	bits[i / 64] = was | UINT64_C(1) << i % 64;
	return bits[i / 64] == was;
}

static uint64_t *bits_new(void *ctx, uint32_t n)
{
	uint64_t *bits = talloc_zero_array(ctx, uint64_t, n / 64 + 1);

	OSMO_ASSERT(bits);
	return bits;
}

static uint32_t known_cell(const struct subs *s, uint32_t i)
{
	return s->known_cell ? s->known_cell[i] : i;
}

/* Numbers without any cell in the map: all but those that the known cells reach. */
static uint64_t count_unresolved(const struct subs *s)
{
	uint64_t *seen = bits_new(NULL, s->head->n_multi), reached = 0;

	for (uint32_t i = 0; i < s->n_known; i++) {
		uint32_t c = known_cell(s, i), n_multi = s->first_multi[c + 1] - s->first_multi[c];

		reached += s->first[c + 1] - s->first[c] - n_multi;
		for (uint32_t m = s->first_multi[c]; m < s->first_multi[c + 1]; m++)
			reached += !bit_set(seen, s->multi[m]);
	}
	talloc_free(seen);
	return s->head->n_numbers > reached ? s->head->n_numbers - reached : 0;
}

/* A binary search for each of a circle's cells would be most of what a selection costs. */
static void make_jumps(struct subs *s)
{
	talloc_free(s->jump);
	s->n_jumps = s->n_known ? (s->known_index[s->n_known - 1] >> JUMP_SHIFT) + 1 : 0;
	s->jump = talloc_zero_array(s, struct jump, s->n_jumps + 1);
	OSMO_ASSERT(s->jump);
	for (uint32_t at = 0; at < s->n_known; at++) {
		struct jump *j = &s->jump[s->known_index[at] >> JUMP_SHIFT];

		if (!j->known)
			j->first = at;
		j->known |= UINT64_C(1) << (s->known_index[at] & ((1u << JUMP_SHIFT) - 1));
	}
}

int subs_resolve(struct subs *subs, const struct cellmap *map, uint64_t *unresolved)
{
	int rc = 0;

	TALLOC_FREE(subs->resolved);
	subs->tied = false;
	if (cellmap_checksum(map) == subs->head->map_checksum) {
		subs->known_index = subs->index;
		subs->known_cell = NULL;
		subs->n_known = subs->head->n_resolved;
	} else {
		rc = resolve_by_key(subs, map);
	}
	if (rc < 0)
		return rc;
	make_jumps(subs);
	subs->tied = true;
	subs->unresolved = count_unresolved(subs);
	if (unresolved)
		*unresolved = subs->unresolved;
	return 0;
}

uint64_t subs_unresolved(const struct subs *subs)
{
	return subs->unresolved;
}

/* --- selection --- */

/* Cells of a circle lie anywhere in the file, and each is some steps away from its entries. So a block of them takes each step
 * together, asking the memory for what all need next: to wait for every one alone would be most of what a selection costs. */
#define BLOCK 64

struct cell_entries {
	uint32_t cell, first, last, multi, multi_end;
};

/* Its position in known_index; UINT32_MAX: it is not there. */
static uint32_t known_at(const struct subs *s, uint32_t index)
{
	const struct jump *j = &s->jump[OSMO_MIN(index >> JUMP_SHIFT, s->n_jumps)]; /* the last one is empty */
	uint64_t bit = UINT64_C(1) << (index & ((1u << JUMP_SHIFT) - 1));

	return j->known & bit ? j->first + (uint32_t)__builtin_popcountll(j->known & (bit - 1)) : UINT32_MAX;
}

/* The cells of n hits that have subscribers, nearest first; how many. */
static size_t find_cells(const struct subs *s, const struct cell_hit *hits, size_t n, struct cell_entries *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (hits[i].index >> JUMP_SHIFT < s->n_jumps)
			__builtin_prefetch(&s->jump[hits[i].index >> JUMP_SHIFT]);
	for (size_t i = 0; i < n; i++) {
		uint32_t at = known_at(s, hits[i].index);

		if (at == UINT32_MAX)
			continue;
		out[found].cell = known_cell(s, at);
		__builtin_prefetch(&s->first[out[found].cell]);
		__builtin_prefetch(&s->first_multi[out[found++].cell]);
	}
	return found;
}

static uint64_t find_entries(const struct subs *s, struct cell_entries *c, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		c[i].first = s->first[c[i].cell];
		c[i].last = s->first[c[i].cell + 1];
		c[i].multi = s->first_multi[c[i].cell];
		c[i].multi_end = s->first_multi[c[i].cell + 1];
		sum += c[i].last - c[i].first;
		if (c[i].multi == c[i].multi_end)
			continue;
		__builtin_prefetch(&s->flags[c[i].first / 64]);
		__builtin_prefetch(&s->multi[c[i].multi]);
	}
	return sum;
}

/* Entries of one cell that were not taken yet; returns how many went into ids. Without branches on what stands there, which
 * nothing can foretell; behind the last number of several cells nothing needs to be looked at. */
static size_t take_cell(const struct subs *s, const struct cell_entries *c, uint64_t *seen, uint32_t *ids)
{
	uint32_t e = c->first, m = c->multi;
	size_t n = 0;

	for (; m < c->multi_end && e < c->last; e++) {
		uint64_t flag = s->flags[e / 64] >> e % 64 & 1, *word = &seen[s->multi[m] / 64], bit = flag << s->multi[m] % 64;

		ids[n] = e;
		n += !(*word & bit);
		*word |= bit;
		m += flag;
	}
	while (e < c->last)
		ids[n++] = e++;
	return n;
}

/* ids has room for all entries. */
static int take_all(const struct subs *s, const struct cell_hit *hits, size_t n_hits, uint64_t *seen, uint32_t *ids, size_t *n)
{
	struct cell_entries cells[BLOCK];
	uint64_t most = 0;

	for (size_t from = 0; from < n_hits; from += BLOCK) {
		size_t found = find_cells(s, hits + from, n_hits - from < BLOCK ? n_hits - from : BLOCK, cells);

		most += find_entries(s, cells, found);
		if (most >= IDS_MAX)
			return -E2BIG;
		if (most > s->head->n_entries) /* a cell twice among the hits */
			return -EINVAL;
		for (size_t i = 0; i < found; i++)
			*n += take_cell(s, &cells[i], seen, ids + *n);
	}
	return 0;
}

/* To touch a page for the first time costs more than to write what it holds: with large ones that is done for half a million ids
 * at once. What is not written to takes no memory. */
static uint32_t *ids_new(void *ctx, size_t room)
{
	size_t size = (room * sizeof(uint32_t) + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
	uintptr_t at;

	if (room < LARGE_PAGE / sizeof(uint32_t) / 2) {
		uint32_t *ids = talloc_array(ctx, uint32_t, room);

		OSMO_ASSERT(ids);
		return ids;
	}
	at = ((uintptr_t)bigmem(ctx, size + LARGE_PAGE) + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
	(void)!madvise((void *)at, size, MADV_HUGEPAGE); /* only for speed */
	return (uint32_t *)at;
}

int subs_select(void *ctx, const struct subs *subs, const struct cell_hit *hits, size_t n_hits,
		uint32_t **ids, size_t *n)
{
	uint64_t *seen;
	int rc;

	*ids = NULL;
	*n = 0;
	if (!subs->tied)
		return -EINVAL;
	*ids = ids_new(ctx, OSMO_MIN(subs->head->n_entries, IDS_MAX) + 1);
	seen = bits_new(ctx, subs->head->n_multi);
	rc = take_all(subs, hits, n_hits, seen, *ids, n);
	talloc_free(seen);
	if (rc < 0) {
		*ids = NULL;
		*n = 0;
	}
	return rc;
}

void subs_expect(const struct subs *subs, uint32_t id)
{
	if (id < subs->head->n_entries)
		__builtin_prefetch(&subs->entries[id]);
}

int subs_msisdn(const struct subs *subs, uint32_t id, char out[16])
{
	if (id >= subs->head->n_entries)
		return -ERANGE;
	return subs_number_print(subs->entries[id] & SUBS_NUMBER_MASK, out);
}

int subs_cell(const struct subs *subs, uint32_t id, struct cell_id *cell, uint32_t *end)
{
	uint32_t low = 0, high = subs->head->n_cells;
	const struct subs_key *k;

	if (id >= subs->head->n_entries)
		return -ERANGE;
	while (low < high) { /* the first cell that begins behind it */
		uint32_t mid = low + (high - low) / 2;

		if (subs->first[mid] <= id)
			low = mid + 1;
		else
			high = mid;
	}
	k = &subs->keys[low - 1];
	*end = low < subs->head->n_cells ? subs->first[low] : subs->head->n_entries;
	*cell = (struct cell_id){.cell = k->cell, .area = k->area, .mcc = k->mcc, .mnc = k->mnc, .radio = k->radio};
	return 0;
}

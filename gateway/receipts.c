#include "gateway/receipts_int.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* A well-mixed number of (job, unit): neighbours must not fall into the sample together. */
static uint32_t mix(uint64_t job, uint32_t unit)
{
	uint64_t x = job * 0x9E3779B97F4A7C15ull + unit;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
	x = (x ^ x >> 27) * 0x94D049BB133111EBull;
	return (x ^ x >> 31) >> 32;
}

uint8_t receipts_registered(const struct conf_link *cfg, uint64_t job, uint32_t unit)
{
	switch (cfg->receipts) {
	case RECEIPTS_ALL:
		return 1;
	case RECEIPTS_FAILURES:
		return 2;
	case RECEIPTS_SAMPLE:
		return mix(job, unit) < cfg->receipts_sample * 4294967296.0 ? 1 : 0;
	case RECEIPTS_NONE:
		break;
	}
	return 0;
}

void receipts_count(struct link_counters *count, const struct smpp_receipt *receipt)
{
	count->receipts++;
	if (receipt->state == SMPP_DELIVERED)
		count->receipts_delivered++;
	else if (smpp_state_final(receipt->state))
		count->receipts_failed++;
}

/* ---- which message a receipt is about ---- */

#define SHARD_MIN 16
#define PROBES	  256	     /* ids that the peer chose so that they collide may not cost more */
#define FULL	  85	     /* percent */
#define CROWDED	  60	     /* percent */
#define MOST	  16000000u  /* messages remembered; beyond, the oldest job's are forgotten */
#define MARGIN	  1000000u   /* until they are */
#define IDLE_US	  (3 * 86400 * 1000000ull) /* after so long nothing is expected any more */
#define EARLY_US  (60 * 1000000ull)
#define SURE	  16 /* receipts, until a carrier's spelling is known */
#define PACE	  16 /* messages for each shard that is swept */

struct receipts *receipts_new(void *ctx)
{
	struct receipts *r = talloc_zero(ctx, struct receipts);

	OSMO_ASSERT(r);
	return r;
}

/* Letter case and leading zeros do not count. FNV-1a, then mixed. */
static uint64_t hash_of(const char *id)
{
	uint64_t h = 0xCBF29CE484222325ull;

	id += strspn(id, "0");
	for (; *id; id++)
		h = (h ^ (uint8_t)tolower((uint8_t)*id)) * 0x100000001B3ull;
	h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9ull;
	h = (h ^ h >> 27) * 0x94D049BB133111EBull;
	return h ^ h >> 31;
}

static uint32_t place(const struct shard *s, uint32_t key)
{
	return (uint64_t)key * s->size >> 32;
}

struct entry *receipts_find(struct receipts *r, uint64_t hash)
{
	struct shard *s = &r->shards[hash & (SHARDS - 1)];
	uint32_t key = hash >> 32, i = s->size ? place(s, key) : 0;

	for (uint32_t n = 0; n < s->size && n < PROBES; n++, i = i + 1 == s->size ? 0 : i + 1) {
		if (s->v[i].progress == FREE)
			return NULL;
		if (s->v[i].key == key && s->v[i].check == (uint16_t)(hash >> 16))
			return &s->v[i];
	}
	return NULL;
}

/* A free place, or NULL. */
static struct entry *room(const struct shard *s, uint32_t key)
{
	uint32_t i = place(s, key);

	for (uint32_t n = 0; n < s->size && n < PROBES; n++, i = i + 1 == s->size ? 0 : i + 1)
		if (s->v[i].progress == FREE)
			return &s->v[i];
	return NULL;
}

/* Anew with that size, without the messages of slots that are dying. */
static void rebuild(struct receipts *r, struct shard *s, uint32_t size)
{
	struct shard old = *s;

	*s = (struct shard){.size = size, .v = talloc_zero_array(r, struct entry, size)};
	OSMO_ASSERT(s->v);
	for (uint32_t i = 0; i < old.size; i++) {
		bool gone = old.v[i].progress == FREE || r->slots[old.v[i].slot].dying;
		struct entry *e = gone ? NULL : room(s, old.v[i].key);

		if (e) {
			*e = old.v[i];
			s->used++;
		}
	}
	r->used = r->used - old.used + s->used;
	talloc_free(old.v);
}

struct entry *receipts_put(struct receipts *r, uint64_t hash)
{
	struct shard *s = &r->shards[hash & (SHARDS - 1)];
	struct entry *e;

	if (s->used * 100ull >= s->size * (uint64_t)FULL)
		rebuild(r, s, OSMO_MAX(s->size + s->size / 4, SHARD_MIN));
	e = room(s, hash >> 32);
	if (!e && s->used * 100ull >= s->size * (uint64_t)CROWDED) { /* bad luck; else it is ill will */
		rebuild(r, s, s->size + s->size / 4);
		e = room(s, hash >> 32);
	}
	if (!e)
		return NULL;
	*e = (struct entry){.key = hash >> 32, .check = hash >> 16};
	s->used++;
	r->used++;
	return e;
}

/* One shard loses the messages of the dying; after the last one their slots are free. */
static void sweep(struct receipts *r)
{
	struct shard *s = &r->shards[--r->sweep];
	uint32_t keep = 0;

	for (uint32_t k = 0; k < s->size; k++)
		keep += s->v[k].progress != FREE && !r->slots[s->v[k].slot].dying;
	if (keep < s->used)
		rebuild(r, s, OSMO_MAX(keep + keep / 4, SHARD_MIN));
	for (unsigned int i = 0; r->sweep == 0 && i < SLOTS; i++)
		if (r->slots[i].dying) {
			talloc_free(r->slots[i].log.v);
			r->slots[i] = (struct slot){0};
		}
}

/* Shard by shard with the messages that come, since all of them at once would hold up the loop. */
static void sweep_some(struct receipts *r)
{
	if (r->sweep > 0 && r->turns++ % PACE == 0)
		sweep(r);
}

void receipts_dies(struct receipts *r, unsigned int slot)
{
	r->slots[slot].dying = true;
	r->sweep = SHARDS;
}

static int slot_of(const struct receipts *r, uint16_t link, uint64_t job)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (r->slots[i].used_us && !r->slots[i].dying && r->slots[i].job == job && r->slots[i].link == link)
			return i;
	return -1;
}

static unsigned int oldest(const struct receipts *r)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < SLOTS; i++)
		if (r->slots[i].used_us < r->slots[best].used_us)
			best = i;
	return best;
}

static unsigned int new_slot(struct receipts *r, uint16_t link, uint64_t job, uint64_t now_us)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (r->slots[i].used_us && now_us > r->slots[i].used_us + IDLE_US)
			receipts_dies(r, i);
	i = oldest(r); /* a free one, if there is one */
	if (r->slots[i].used_us) { /* at once: there is no other */
		receipts_dies(r, i);
		while (r->sweep > 0)
			sweep(r);
	}
	r->slots[i] = (struct slot){.job = job, .link = link, .used_us = now_us ? now_us : 1, .log.series = ++r->series};
	return i;
}

unsigned int receipts_slot(struct receipts *r, uint16_t link, uint64_t job, uint64_t now_us)
{
	int known = slot_of(r, link, job);

	return known >= 0 ? (unsigned int)known : new_slot(r, link, job, now_us);
}

static void make_room(struct receipts *r, unsigned int but)
{
	uint64_t us = UINT64_MAX;
	int best = -1;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (i != but && r->slots[i].entries && r->slots[i].used_us < us) {
			us = r->slots[i].used_us;
			best = i;
		}
	if (best >= 0 && !r->slots[best].dying)
		receipts_dies(r, best);
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

/* For receipts_log.c: cheap, since it is called for each message. */
static void note(struct receipts *r, struct slot *s, uint64_t hash, enum progress what, uint32_t unit, uint64_t now_us)
{
	struct receipts_log *log = &s->log;
	uint8_t *p;

	if (log->len == log->max) {
		log->max = log->max ? 2 * log->max : 64 * LOG_REC;
		log->v = talloc_realloc_size(r, log->v, log->max);
		OSMO_ASSERT(log->v);
	}
	if (log->len == 0)
		log->since_us = now_us;
	p = log->v + log->len;
	put32(p, hash >> 32);
	p[4] = hash >> 24;
	p[5] = hash >> 16;
	p[6] = hash & (SHARDS - 1);
	p[7] = what;
	put32(p + 8, unit);
	log->len += LOG_REC;
}

static enum progress progress_of(uint8_t state)
{
	if (state == SMPP_DELIVERED)
		return DELIVERED;
	return smpp_state_final(state) ? FAILED : UNDER_WAY;
}

bool receipts_settle(struct receipts *r, struct entry *e, enum progress progress)
{
	struct receipts_reach *reach = &r->slots[e->slot].reach;

	if (e->progress >= progress || e->progress >= DELIVERED)
		return false;
	e->progress = progress;
	reach->delivered += progress == DELIVERED;
	reach->failed += progress == FAILED;
	return true;
}

static enum receipts_fit settle(struct receipts *r, struct entry *e, uint64_t hash, uint8_t state, uint64_t now_us)
{
	enum progress progress = progress_of(state);

	if (!receipts_settle(r, e, progress))
		return RECEIPTS_REPEATED;
	if (progress >= DELIVERED)
		note(r, &r->slots[e->slot], hash, progress, e->unit, now_us);
	return RECEIPTS_FITS;
}

/* ---- spellings ---- */

struct spellings {
	uint64_t hash[6];
	bool as_written[6];
	unsigned int n;
};

/* The id as a number of one base, written in another. False when it is none. */
static bool rewritten(const char *id, int from, char out[24])
{
	const char *digits = from == 10 ? "0123456789" : "0123456789abcdefABCDEF";
	uint64_t value;
	char *end;

	if (id[0] == '\0' || strspn(id, digits) != strlen(id))
		return false;
	errno = 0;
	value = strtoull(id, &end, from);
	if (errno || *end)
		return false;
	if (from == 10)
		snprintf(out, 24, "%" PRIx64, value);
	else
		snprintf(out, 24, "%" PRIu64, value);
	return true;
}

static void add_spelling(struct spellings *s, const char *id, bool as_written)
{
	s->hash[s->n] = hash_of(id);
	s->as_written[s->n++] = as_written;
}

static void add_converted(struct spellings *s, const char *id)
{
	char other[24];

	if (rewritten(id, 10, other))
		add_spelling(s, other, false);
	if (rewritten(id, 16, other))
		add_spelling(s, other, false);
}

/* In the order in which they are to be tried. */
static void spell(const struct receipts *r, const struct smpp_receipt *receipt, struct spellings *s)
{
	const char *ids[2] = {receipt->id, receipt->text_id};
	bool convert = r->plain < SURE || r->converted > r->plain;

	s->n = 0;
	for (unsigned int pass = 0; pass < 2; pass++) {
		bool written = (pass == 0) != (r->converted > r->plain);

		for (unsigned int i = 0; i < 2; i++) {
			if (ids[i][0] == '\0' || (i == 1 && !strcmp(ids[0], ids[1])))
				continue;
			if (written)
				add_spelling(s, ids[i], true);
			else if (convert)
				add_converted(s, ids[i]);
		}
	}
}

/* ---- receipts that come before their message's answer ---- */

static void keep_early(struct receipts *r, const struct spellings *s, uint8_t state, uint64_t now_us)
{
	r->n_early++;
	r->early_until_us = now_us + EARLY_US;
	for (unsigned int i = 0; i < s->n; i++) {
		struct early *e = &r->early[s->hash[i] % EARLY];

		/* A guess does not drive out what was written. */
		if (e->no && now_us - e->us < EARLY_US && e->as_written && !s->as_written[i])
			continue;
		*e = (struct early){s->hash[i], now_us, r->n_early, state, s->as_written[i]};
	}
}

static const struct early *early_for(struct receipts *r, uint64_t hash, uint64_t now_us)
{
	const struct early *e = &r->early[hash % EARLY];

	if (now_us >= r->early_until_us || e->no == 0 || e->hash != hash || now_us - e->us >= EARLY_US)
		return NULL;
	return e;
}

static void drop_early(struct receipts *r, uint64_t no)
{
	for (unsigned int i = 0; i < EARLY; i++)
		if (r->early[i].no == no)
			r->early[i].no = 0;
}

void receipts_asked(struct receipts *r, uint16_t link, uint64_t job, uint32_t unit, const char *message_id,
		    uint64_t now_us)
{
	struct slot *slot = &r->slots[r->last_slot];
	const struct early *early;
	struct entry *e;
	uint64_t hash;

	if (slot->used_us == 0 || slot->dying || slot->job != job || slot->link != link) {
		r->last_slot = receipts_slot(r, link, job, now_us);
		slot = &r->slots[r->last_slot];
	}
	sweep_some(r);
	slot->used_us = now_us ? now_us : 1;
	slot->reach.asked++;
	hash = message_id[0] ? hash_of(message_id) : 0;
	note(r, slot, hash, message_id[0] ? ASKED : NAMELESS, unit, now_us);
	if (message_id[0] == '\0')
		return; /* no receipt can name it */
	if (r->used >= MOST)
		make_room(r, r->last_slot);
	e = receipts_find(r, hash); /* a number that is used again means the newer message */
	if (!e && r->used < MOST + MARGIN)
		e = receipts_put(r, hash);
	if (!e)
		return;
	e->unit = unit;
	e->slot = r->last_slot;
	e->progress = ASKED;
	slot->entries++;
	early = early_for(r, hash, now_us);
	if (early) {
		*(early->as_written ? &r->plain : &r->converted) += 1;
		settle(r, e, hash, early->state, now_us);
		drop_early(r, early->no);
	}
}

enum receipts_fit receipts_take(struct receipts *r, const struct smpp_receipt *receipt, uint64_t now_us)
{
	struct spellings s;

	sweep_some(r);
	spell(r, receipt, &s);
	for (unsigned int i = 0; i < s.n; i++) {
		struct entry *e = receipts_find(r, s.hash[i]);

		if (!e || r->slots[e->slot].dying)
			continue;
		*(s.as_written[i] ? &r->plain : &r->converted) += 1;
		return settle(r, e, s.hash[i], receipt->state, now_us);
	}
	keep_early(r, &s, receipt->state, now_us);
	return RECEIPTS_UNKNOWN;
}

bool receipts_settled(struct receipts *r, const char *message_id)
{
	const struct entry *e = receipts_find(r, hash_of(message_id));

	return e && e->progress >= DELIVERED;
}

void receipts_reach(const struct receipts *r, uint16_t link, uint64_t job, struct receipts_reach *reach)
{
	int slot = slot_of(r, link, job);

	*reach = slot >= 0 ? r->slots[slot].reach : (struct receipts_reach){0};
}

size_t receipts_octets(const struct receipts *r)
{
	size_t n = sizeof(*r);

	for (unsigned int i = 0; i < SHARDS; i++)
		n += r->shards[i].size * sizeof(struct entry);
	for (unsigned int i = 0; i < SLOTS; i++)
		n += r->slots[i].log.max;
	return n;
}

/* What receipts.c learns, as rows for the store, and back. */
#include "gateway/receipts_int.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/storethread.h"

#define ROW_MAX	 (4096 * LOG_REC)
#define DUE_US	 250000ull
#define DUE_MANY (1024 * LOG_REC)

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool receipts_due(const struct receipts *r, uint64_t now_us)
{
	for (unsigned int i = 0; i < SLOTS && !r->writing; i++) {
		const struct receipts_log *log = &r->slots[i].log;

		if (log->len >= DUE_MANY || (log->len > 0 && now_us >= log->since_us + DUE_US))
			return true;
	}
	return false;
}

static void row_key(char *key, size_t len, uint64_t job, const char *link, uint32_t series, uint32_t row)
{
	snprintf(key, len, "%016" PRIx64 "/%s/%08" PRIx32 "%08" PRIx32, job, link, series, row);
}

static void take_slot(struct slot *s, const char *link, struct store_batch *b)
{
	struct receipts_log *log = &s->log;
	char key[RECEIPTS_NAME + 40];

	log->rows_taken = 0;
	for (log->taken = 0; log->taken < log->len; log->rows_taken++) {
		size_t n = OSMO_MIN(log->len - log->taken, (size_t)ROW_MAX);

		row_key(key, sizeof(key), s->job, link, log->series, log->rows + log->rows_taken);
		store_batch_add(b, STORE_RECEIPT, key, log->v + log->taken, n, 0);
		log->taken += n;
	}
}

bool receipts_take_batch(struct receipts *r, const char *(*name)(void *, uint16_t), void *arg, struct store_batch *b)
{
	if (r->writing)
		return false;
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *s = &r->slots[i];
		const char *link = s->log.len && !s->dying ? name(arg, s->link) : NULL;

		if (!link || strlen(link) >= RECEIPTS_NAME)
			continue;
		take_slot(s, link, b);
	}
	for (unsigned int i = 0; i < SLOTS && !r->writing; i++)
		r->writing = r->slots[i].log.taken > 0;
	return r->writing;
}

void receipts_batch_done(struct receipts *r, int rc, uint64_t now_us)
{
	r->writing = false;
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct receipts_log *log = &r->slots[i].log;

		if (rc == 0 && log->taken > 0) {
			log->len -= log->taken;
			memmove(log->v, log->v + log->taken, log->len);
			log->rows += log->rows_taken;
			log->since_us = now_us;
		}
		log->taken = log->rows_taken = 0;
		if (log->len == 0 && log->max > DUE_MANY) { /* the burst is over */
			TALLOC_FREE(log->v);
			log->max = 0;
		}
	}
}

int receipts_row_parse(const char *key, struct receipts_row *row)
{
	const char *link = strchr(key, '/'), *no = strrchr(key, '/');
	size_t len = link && no > link ? (size_t)(no - link - 1) : 0;
	int job_end = 0, no_end = 0;

	if (len == 0 || len >= RECEIPTS_NAME || link - key != 16 || strlen(no + 1) != 16 ||
	    sscanf(key, "%16" SCNx64 "%n", &row->job, &job_end) != 1 || job_end != 16 ||
	    sscanf(no + 1, "%16" SCNx64 "%n", &row->no, &no_end) != 1 || no_end != 16)
		return -EBADMSG;
	memcpy(row->link, link + 1, len);
	row->link[len] = '\0';
	return 0;
}

/* One record; rows may be told twice, so each must be good for any number of times. */
static void load_rec(struct receipts *r, unsigned int slot, const uint8_t *p)
{
	uint64_t hash = (uint64_t)get32(p) << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | p[6];
	struct slot *s = &r->slots[slot];
	struct entry *e;

	if (p[7] == NAMELESS) {
		s->reach.asked++;
		return;
	}
	e = receipts_find(r, hash);
	if (p[7] != ASKED) {
		if (e && e->slot == slot)
			receipts_settle(r, e, p[7]);
		return;
	}
	s->reach.asked++;
	if (!e)
		e = receipts_put(r, hash);
	if (!e)
		return;
	e->unit = get32(p + 8);
	e->slot = slot;
	e->progress = ASKED;
	s->entries++;
}

int receipts_load(struct receipts *r, uint16_t link, const struct receipts_row *row, const void *value, size_t len, uint64_t now_us)
{
	const uint8_t *p = value;
	unsigned int slot;
	struct receipts_log *log;

	if (len % LOG_REC)
		return -EBADMSG;
	for (size_t i = 0; i < len; i += LOG_REC)
		if (p[i + 7] < ASKED || p[i + 7] > NAMELESS || p[i + 7] == UNDER_WAY)
			return -EBADMSG;
	slot = receipts_slot(r, link, row->job, now_us);
	log = &r->slots[slot].log;
	if (log->series < row->no >> 32 || log->rows == 0)
		log->series = row->no >> 32;
	log->rows = (uint32_t)row->no + 1;
	r->series = OSMO_MAX(r->series, log->series);
	for (size_t i = 0; i < len; i += LOG_REC)
		load_rec(r, slot, p + i);
	return 0;
}

void receipts_end(struct receipts *r, uint64_t job, const char *(*name)(void *, uint16_t), void *arg, struct store_batch *b)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *s = &r->slots[i];
		const char *link = name(arg, s->link);
		char key[RECEIPTS_NAME + 40];

		if (!s->used_us || s->dying || s->job != job)
			continue;
		for (uint32_t row = 0; link && row < s->log.rows + s->log.rows_taken; row++) {
			row_key(key, sizeof(key), job, link, s->log.series, row);
			store_batch_add(b, STORE_RECEIPT, key, NULL, 0, 0);
		}
		receipts_dies(r, i);
	}
}

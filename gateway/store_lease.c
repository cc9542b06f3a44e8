#include "gateway/store_lease.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>

struct row {
	int64_t until_us, now_us; /* now_us: when it was taken by itself; in a batch none is told: INT64_MIN */
	uint32_t epoch;
	char owner[STORE_OWNER];
};

int store_lease_key(char key[STORE_LEASE_ROW], const char *chunk)
{
	int n = snprintf(key, STORE_LEASE_ROW, STORE_LEASE_PREFIX "%s", chunk);

	return n >= STORE_LEASE_ROW ? -EINVAL : 0;
}

static bool read_row(const void *value, size_t len, struct row *r)
{
	char text[STORE_LEASE_ROW];

	if (!value || len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	r->now_us = INT64_MIN;
	return sscanf(text, "%" SCNd64 " %" SCNu32 " %63s %" SCNd64, &r->until_us, &r->epoch, r->owner, &r->now_us) >= 3;
}

uint32_t store_lease_epoch(const void *row, size_t len)
{
	struct row r;

	return read_row(row, len, &r) ? r.epoch : 0;
}

static bool is_owner(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return len > 0 && len < STORE_OWNER;
}

int store_lease_row(const struct store_lease *l, char row[STORE_LEASE_ROW])
{
	if (!is_owner(l->owner))
		return -EINVAL;
	snprintf(row, STORE_LEASE_ROW, "%" PRId64 " %" PRIu32 " %s", l->until_us, l->epoch, l->owner);
	return 0;
}

int store_lease_take(const void *row, size_t len, uint32_t chunk_epoch, struct store_lease *l, char out[STORE_LEASE_ROW])
{
	struct row r = {.epoch = chunk_epoch};
	bool mine;

	if (!is_owner(l->owner) || (row && !read_row(row, len, &r)))
		return -EINVAL;
	mine = row && !strcmp(r.owner, l->owner);
	if (row && !mine && l->now_us < r.until_us)
		return -EBUSY;
	l->epoch = OSMO_MAX(r.epoch, chunk_epoch) + !mine;
	snprintf(out, STORE_LEASE_ROW, "%" PRId64 " %" PRIu32 " %s %" PRId64, l->until_us, l->epoch, l->owner, l->now_us);
	return 0;
}

bool store_lease_is(const struct store_rec *rec)
{
	return rec->kind == STORE_META && rec->value && !strncmp(rec->key, STORE_LEASE_PREFIX, strlen(STORE_LEASE_PREFIX));
}

int store_lease_put(const void *row, size_t len, uint32_t chunk_epoch, const struct store_rec *put)
{
	struct row was = {0}, new;

	if (!read_row(put->value, put->len, &new) || (row && !read_row(row, len, &was)))
		return -EINVAL;
	if (row && !strcmp(was.owner, new.owner))
		return new.epoch >= was.epoch ? 0 : -EBUSY;
	if (row && new.now_us < was.until_us)
		return -EBUSY;
	return new.epoch > OSMO_MAX(was.epoch, chunk_epoch) ? 0 : -EBUSY;
}

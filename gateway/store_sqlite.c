#include "gateway/store_sqlite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/store_file.h"
#include "gateway/store_lease.h"

#define LOCK_WAIT_MS   3000 /* children of a killed gateway are gone after two seconds */
#define KEY_MAX_OCTETS 1024

static uint32_t row_sum(enum store_kind kind, const char *key, size_t key_len, const void *value, size_t len,
			uint32_t epoch)
{
	uint8_t head[5] = {kind, epoch >> 24, epoch >> 16, epoch >> 8, epoch};
	uLong sum = crc32(crc32(0, NULL, 0), head, sizeof(head));

	sum = crc32(sum, (const Bytef *)key, key_len + 1);
	return len ? crc32(sum, value, len) : sum;
}

static int apply_put(struct sqlite_store *s, const struct store_rec *r, uint32_t epoch)
{
	sqlite3_stmt *stmt = s->stmt[r->kind][STMT_PUT];
	size_t key_len = strlen(r->key);
	int rc;

	sqlite3_bind_text(stmt, 1, r->key, key_len, SQLITE_STATIC);
	rc = r->len ? sqlite3_bind_blob64(stmt, 2, r->value, r->len, SQLITE_STATIC)
		    : sqlite3_bind_zeroblob(stmt, 2, 0);
	sqlite3_bind_int64(stmt, 3, epoch);
	sqlite3_bind_int64(stmt, 4, row_sum(r->kind, r->key, key_len, r->value, r->len, epoch));
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	rc = ledger_errno(s->db, rc);
	sqlite3_reset(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		return -ESTALE;
	return rc;
}

static int apply_del(struct sqlite_store *s, const struct store_rec *r, uint32_t epoch)
{
	sqlite3_stmt *stmt = s->stmt[r->kind][STMT_DEL], *get = s->stmt[r->kind][STMT_GET];
	int rc;

	sqlite3_bind_text(stmt, 1, r->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, epoch);
	rc = ledger_errno(s->db, sqlite3_step(stmt));
	sqlite3_reset(stmt);
	if (rc < 0 || sqlite3_changes(s->db) > 0)
		return rc;
	/* Nothing went: there was none (fine), or it is another owner's by now. */
	sqlite3_bind_text(get, 1, r->key, -1, SQLITE_STATIC);
	rc = sqlite3_step(get);
	sqlite3_reset(get);
	return rc == SQLITE_ROW ? -ESTALE : ledger_errno(s->db, rc);
}

/* A row as it is stored: 0, -ENOENT or -errno. r lives until the statement's next step; who called resets it. */
static int row_get(struct sqlite_store *s, enum store_kind kind, const char *key, struct store_rec *r)
{
	sqlite3_stmt *stmt = s->stmt[kind][STMT_GET];
	int rc;

	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return ledger_read_row(stmt, kind, r);
	return rc == SQLITE_DONE ? -ENOENT : ledger_errno(s->db, rc);
}

static int check_lease(struct sqlite_store *s, const struct store_rec *r)
{
	char key[STORE_LEASE_ROW];
	struct store_rec row;
	int rc;

	if (r->kind != STORE_CHUNK || !s->leases || store_lease_key(key, r->key) < 0)
		return 0;
	rc = row_get(s, STORE_META, key, &row);
	if (rc == 0 && r->epoch < store_lease_epoch(row.value, row.len))
		rc = -ESTALE;
	sqlite3_reset(s->stmt[STORE_META][STMT_GET]);
	return rc == -ENOENT ? 0 : rc;
}

static int chunk_epoch(struct sqlite_store *s, const char *key, uint32_t *epoch)
{
	struct store_rec r = {0};
	int rc = row_get(s, STORE_CHUNK, key, &r);

	*epoch = rc == 0 ? r.epoch : 0;
	sqlite3_reset(s->stmt[STORE_CHUNK][STMT_GET]);
	return rc == -ENOENT ? 0 : rc;
}

/* A lease that rides in a batch. */
static int check_put(struct sqlite_store *s, const struct store_rec *r)
{
	struct store_rec row;
	uint32_t epoch;
	int rc = chunk_epoch(s, r->key + strlen(STORE_LEASE_PREFIX), &epoch);

	if (rc < 0)
		return rc;
	rc = row_get(s, STORE_META, r->key, &row);
	if (rc == 0 || rc == -ENOENT)
		rc = store_lease_put(rc == 0 ? row.value : NULL, rc == 0 ? row.len : 0, epoch, r);
	sqlite3_reset(s->stmt[STORE_META][STMT_GET]);
	s->leases |= rc == 0;
	return rc;
}

static bool sound(const struct store_rec *r)
{
	return r->kind >= STORE_ALERT && r->kind < LEDGER_KINDS && r->key && *r->key &&
	       strlen(r->key) <= KEY_MAX_OCTETS;
}

static int bracket(struct sqlite_store *s, enum ledger_bracket which)
{
	int rc = ledger_errno(s->db, sqlite3_step(s->bracket[which]));

	sqlite3_reset(s->bracket[which]);
	return rc;
}

static int transaction(struct sqlite_store *s, const struct store_rec *recs, size_t n)
{
	int rc = bracket(s, BRACKET_BEGIN);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct store_rec *r = &recs[i];
		uint32_t epoch = r->kind == STORE_CHUNK ? r->epoch : 0;

		rc = sound(r) ? check_lease(s, r) : -EINVAL;
		if (rc == 0 && store_lease_is(r))
			rc = check_put(s, r);
		if (rc == 0)
			rc = r->value ? apply_put(s, r, epoch) : apply_del(s, r, epoch);
	}
	if (rc == 0)
		rc = bracket(s, BRACKET_COMMIT);
	if (rc < 0 && s->db && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (rc == -EIO)
		s->reopen = true;
	return rc;
}

/* After an I/O error the file is read anew before anything else is believed. A log whose sync failed may be whole in memory
 * and not on the disk: its handle is left without another sync, and what can be read of it goes into the file by fresh
 * writes before a new commit is added, or a power cut would end the log before that commit. */
static int refresh(struct sqlite_store *s)
{
	char err[512];
	int rc;

	if (!s->reopen)
		return 0;
	ledger_keep_log(s, true);
	ledger_close_db(s);
	rc = ledger_open_db(s, err, sizeof(err));
	if (rc == 0)
		rc = ledger_errno(s->db, sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
	if (rc == 0) {
		s->reopen = false;
		return 0;
	}
	ledger_keep_log(s, true);
	ledger_close_db(s);
	return rc;
}

/* With the mutex held. */
static void restore_reserve(struct sqlite_store *s)
{
	if (s->reserve_gone && store_file_reserve(s->path) == 0)
		s->reserve_gone = false;
}

static bool give_up_reserve(struct sqlite_store *s)
{
	bool given;

	pthread_mutex_lock(&s->mutex);
	given = store_file_give_up(s->path) == 0;
	s->reserve_gone = true;
	pthread_mutex_unlock(&s->mutex);
	return given;
}

/* Writing the log from its start again takes no new space: its file keeps its length. */
static bool begin_log_anew(struct sqlite_store *s)
{
	return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL) == SQLITE_OK;
}

static void note(struct sqlite_store *s, int rc)
{
	pthread_mutex_lock(&s->mutex);
	if (rc == 0) {
		s->health.commits++;
		s->health.last_error = 0;
		restore_reserve(s);
	} else {
		s->health.failed++;
		if (rc != -ESTALE && rc != -EINVAL) /* the caller's fault says nothing of the store */
			s->health.last_error = rc;
	}
	pthread_mutex_unlock(&s->mutex);
}

static int sqlite_apply(struct store *store, const struct store_rec *recs, size_t n)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	int rc = refresh(s);

	if (rc == 0)
		rc = transaction(s, recs, n);
	if (rc == -ENOSPC && give_up_reserve(s))
		rc = transaction(s, recs, n);
	if (rc == -ENOSPC && begin_log_anew(s))
		rc = transaction(s, recs, n);
	note(s, rc);
	return rc;
}

int ledger_read_row(sqlite3_stmt *stmt, enum store_kind kind, struct store_rec *r)
{
	const void *value = sqlite3_column_blob(stmt, 1);
	int64_t epoch = sqlite3_column_int64(stmt, 2);

	*r = (struct store_rec){.kind = kind,
				.key = (const char *)sqlite3_column_text(stmt, 0),
				.value = value ? value : "",
				.len = sqlite3_column_bytes(stmt, 1),
				.epoch = epoch};
	if (!r->key || epoch < 0 || epoch > UINT32_MAX)
		return -EBADMSG;
	if (row_sum(kind, r->key, sqlite3_column_bytes(stmt, 0), r->value, r->len, r->epoch) !=
	    sqlite3_column_int64(stmt, 3))
		return -EBADMSG;
	return 0;
}

static int sqlite_load(struct store *store, enum store_kind kind, store_load_cb cb, void *arg)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct store_rec r;
	sqlite3_stmt *stmt;
	int rc = refresh(s), ret = 0;

	if (rc < 0)
		return rc;
	if (kind < STORE_ALERT || kind >= LEDGER_KINDS)
		return -EINVAL;
	stmt = s->stmt[kind][STMT_LOAD];
	while (ret == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		ret = ledger_read_row(stmt, kind, &r);
		if (ret == 0)
			ret = cb(arg, &r);
	}
	if (ret == 0)
		ret = ledger_errno(s->db, rc);
	sqlite3_reset(stmt);
	if (ret == -EBADMSG)
		ledger_keep_log(s, true);
	return ret;
}

/* Nobody else writes between: the file has one owner. */
static int sqlite_lease(struct store *store, struct store_lease *l)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	char key[STORE_LEASE_ROW], value[STORE_LEASE_ROW];
	struct store_rec row, rec = {.kind = STORE_META, .key = key, .value = value};
	uint32_t epoch = 0;
	int rc = refresh(s);

	if (rc == 0)
		rc = store_lease_key(key, l->key);
	if (rc == 0)
		rc = chunk_epoch(s, l->key, &epoch);
	if (rc < 0)
		return rc;
	rc = row_get(s, STORE_META, key, &row);
	if (rc == 0 || rc == -ENOENT)
		rc = store_lease_take(rc == 0 ? row.value : NULL, rc == 0 ? row.len : 0, epoch, l, value);
	sqlite3_reset(s->stmt[STORE_META][STMT_GET]);
	if (rc < 0)
		return rc;
	rec.len = strlen(value);
	return sqlite_apply(store, &rec, 1);
}

static int sqlite_get(struct store *store, enum store_kind kind, const char *key, void *ctx, void **value,
		      size_t *len)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct store_rec r;
	sqlite3_stmt *stmt;
	int rc = refresh(s);

	*value = NULL;
	*len = 0;
	if (rc < 0)
		return rc;
	if (kind < STORE_ALERT || kind >= LEDGER_KINDS)
		return -EINVAL;
	stmt = s->stmt[kind][STMT_GET];
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		rc = ledger_read_row(stmt, kind, &r);
		if (rc == 0) {
			uint8_t *copy = talloc_zero_size(
				ctx, r.len + 1); /* texts end in a NUL that len does not count */

			OSMO_ASSERT(copy);
			memcpy(copy, r.value, r.len);
			*value = copy;
			*len = r.len;
		}
	} else {
		rc = rc == SQLITE_DONE ? -ENOENT : ledger_errno(s->db, rc);
	}
	sqlite3_reset(stmt);
	return rc;
}

/* Without its reserve the store still works, but it is as good as full: no new alert should be accepted. */
static void sqlite_health(struct store *store, struct store_health *health)
{
	struct sqlite_store *s = (struct sqlite_store *)store;

	pthread_mutex_lock(&s->mutex);
	restore_reserve(s);
	*health = s->health;
	if (health->last_error == -ENOSPC && !s->reserve_gone)
		health->last_error = 0; /* there is room again */
	if (health->last_error == 0 && s->reserve_gone)
		health->last_error = -ENOSPC;
	pthread_mutex_unlock(&s->mutex);
	health->free_octets = store_file_free(s->path);
}

static int store_free(struct sqlite_store *s)
{
	ledger_close_db(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->mutex);
	return 0;
}

static void sqlite_close(struct store *store)
{
	talloc_free(store);
}

static int sqlite_open(void *ctx, const char *uri, struct store **store, char *err, size_t err_len)
{
	struct sqlite_store *s = talloc_zero(ctx, struct sqlite_store);
	int rc;

	OSMO_ASSERT(s);
	*store = NULL;
	s->store.ops = &store_sqlite;
	s->path = talloc_strdup(s, strncmp(uri, "sqlite:", 7) ? uri : uri + 7);
	OSMO_ASSERT(s->path);
	s->lock_fd = -1;
	pthread_mutex_init(&s->mutex, NULL);
	talloc_set_destructor(s, store_free);
	rc = store_file_lock(s->path, LOCK_WAIT_MS, &s->lock_fd, err, err_len);
	if (rc == 0)
		rc = ledger_open_db(s, err, err_len);
	if (rc < 0) {
		talloc_free(s);
		return rc;
	}
	s->reserve_gone = !store_file_reserved(s->path) && store_file_reserve(s->path) < 0;
	*store = &s->store;
	return 0;
}

const struct store_ops store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.apply = sqlite_apply,
	.load = sqlite_load,
	.get = sqlite_get,
	.lease = sqlite_lease,
	.health = sqlite_health,
	.close = sqlite_close,
};

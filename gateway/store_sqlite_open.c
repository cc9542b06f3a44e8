#include "gateway/store_sqlite.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <osmocom/core/utils.h>
#include "gateway/store_file.h"
#include "gateway/store_gather.h"
#include "gateway/store_wal.h"

#define LEDGER_ID       0x524E4C47 /* "RNLG": tells a ledger from any other SQLite file */
#define QUICK_CHECK_MAX (64 << 20) /* octets; a whole check of more takes too long at a restart */
#define BUSY_MS         5000       /* an operator's sqlite3 may look into the ledger meanwhile */
#define WAL_FRAME       4120       /* a page and its header */
#define WAL_FRAMES      1000       /* then it is moved into the file */
#define WAL_MORE        50         /* of the commit that goes beyond */

static const char *const tables[LEDGER_KINDS] = {
	[STORE_ALERT] = "alert",      [STORE_JOB] = "job",       [STORE_CHUNK] = "chunk",
	[STORE_TRIGGER] = "decision", [STORE_SERIAL] = "serial", [STORE_RECEIPT] = "receipt",
	[STORE_META] = "meta",
};

static const char *const sql[STMT_N] = {
	[STMT_PUT] = "INSERT INTO %s (key, value, epoch, sum) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO "
		     "UPDATE SET "
		     "value = excluded.value, epoch = excluded.epoch, sum = excluded.sum WHERE "
		     "excluded.epoch >= epoch",
	[STMT_DEL] = "DELETE FROM %s WHERE key = ?1 AND epoch <= ?3",
	[STMT_GET] = "SELECT key, value, epoch, sum FROM %s WHERE key = ?1",
	[STMT_LOAD] = "SELECT key, value, epoch, sum FROM %s ORDER BY key",
};

const char *ledger_table(enum store_kind kind)
{
	return tables[kind];
}

static const char *const brackets[BRACKETS] = {
	[BRACKET_BEGIN] = "BEGIN IMMEDIATE",
	[BRACKET_COMMIT] = "COMMIT",
};

int ledger_errno(sqlite3 *db, int rc)
{
	int sys = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xFF) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_IOERR: /* a file system may report a full disk only when the file is synced */
		return sys == ENOSPC || sys == EDQUOT ? -ENOSPC : -EIO;
	case SQLITE_CANTOPEN:
		return sys ? -sys : -EIO;
	case SQLITE_NOMEM:
		OSMO_ASSERT(0);
	default:
		return -EIO;
	}
}

static int damaged(const struct sqlite_store *s, const char *what, char *err, size_t err_len)
{
	snprintf(err, err_len,
		 "%s: the ledger is damaged (%s); nothing was changed; see `reunion ledger check %s`, "
		 "save what is whole with `reunion ledger salvage %s`",
		 s->path, what, s->path, s->path);
	return -EBADMSG;
}

static int failed(const struct sqlite_store *s, int rc, char *err, size_t err_len)
{
	int e = ledger_errno(s->db, rc);

	if (e == -EBADMSG)
		return damaged(s, sqlite3_errmsg(s->db), err, err_len);
	snprintf(err, err_len, "%s: %s", s->path, s->db ? sqlite3_errmsg(s->db) : strerror(-e));
	return e;
}

static int query_int(sqlite3 *db, const char *text, int64_t *value)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int create_tables(sqlite3 *db)
{
	char text[256];
	int rc;

	snprintf(text, sizeof(text),
		 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA application_id=%d; BEGIN; "
		 "CREATE TABLE ledger (version INTEGER NOT NULL); INSERT INTO ledger VALUES (%d)",
		 LEDGER_ID, LEDGER_VERSION);
	rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	for (unsigned int k = STORE_ALERT; rc == SQLITE_OK && k < LEDGER_KINDS; k++) {
		snprintf(text, sizeof(text),
			 "CREATE TABLE %s (key TEXT PRIMARY KEY, value BLOB NOT NULL, "
			 "epoch INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID",
			 tables[k]);
		rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
}

/* A new ledger takes its place only when it is complete. */
static int create(struct sqlite_store *s, char *err, size_t err_len)
{
	static const char *const rests[] = {"", "-wal", "-shm", "-journal"};
	char name[PATH_MAX], rest[PATH_MAX + 16];
	int rc;

	if (snprintf(name, sizeof(name), "%s.new", s->path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		snprintf(rest, sizeof(rest), "%s%s", name, rests[i]);
		unlink(rest);
	}
	rc = sqlite3_open_v2(name, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
			     NULL);
	if (rc == SQLITE_OK)
		rc = create_tables(s->db);
	rc = rc == SQLITE_OK ? 0 : failed(s, rc, err, err_len);
	sqlite3_close(s->db); /* the last one out moves the WAL into the file and syncs it */
	s->db = NULL;
	if (rc == 0 && (rename(name, s->path) < 0 || store_file_sync_dir(s->path) < 0)) {
		rc = -errno;
		snprintf(err, err_len, "%s: cannot be created: %s", s->path, strerror(errno));
	}
	return rc;
}

/* What stands at the ledger's place: 0 a file with content, -ENOENT nothing, or an error. */
static int look(struct sqlite_store *s, off_t *size, char *err, size_t err_len)
{
	char wal[PATH_MAX];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", s->path);
	if (stat(s->path, &st) < 0 && errno != ENOENT) {
		snprintf(err, err_len, "%s: %s", s->path, strerror(errno));
		return -errno;
	}
	if (stat(s->path, &st) < 0)
		return access(wal, F_OK) == 0 ? damaged(s, "the file is gone, its log is left", err, err_len)
					      : -ENOENT;
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, err_len, "%s: is not a regular file; expected the ledger", s->path);
		return -EINVAL;
	}
	*size = st.st_size;
	if (st.st_size == 0)
		return damaged(s, "the file is empty", err, err_len);
	return store_wal_check(wal) == -EBADMSG ? damaged(s, "its write-ahead log", err, err_len) : 0;
}

static int quick_check(struct sqlite_store *s, char *err, size_t err_len)
{
	sqlite3_stmt *stmt;
	char what[160];
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt, NULL), ret = 0;

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		snprintf(what, sizeof(what), "%s", (const char *)sqlite3_column_text(stmt, 0));
		what[strcspn(what, "\n")] = '\0';
		if (strcmp(what, "ok"))
			ret = damaged(s, what, err, err_len);
	} else {
		ret = failed(s, rc, err, err_len);
	}
	sqlite3_finalize(stmt);
	return ret;
}

static int check_version(struct sqlite_store *s, char *err, size_t err_len)
{
	int64_t id = 0, version = 0;
	int rc = query_int(s->db, "PRAGMA application_id", &id);

	if (rc == SQLITE_OK && id == LEDGER_ID)
		rc = query_int(s->db, "SELECT version FROM ledger", &version);
	if (rc == SQLITE_ERROR || rc == SQLITE_DONE) /* the table or its row is gone */
		return damaged(s, "its version cannot be read", err, err_len);
	if (rc != SQLITE_OK)
		return failed(s, rc, err, err_len);
	if (id != LEDGER_ID) {
		snprintf(err, err_len, "%s: is an SQLite file but not a ledger", s->path);
		return -EBADMSG;
	}
	if (version != LEDGER_VERSION) {
		snprintf(err, err_len, "%s: the ledger has version %lld, this program reads version %d",
			 s->path, (long long)version, LEDGER_VERSION);
		return -EPROTO;
	}
	return 0;
}

static int prepare(struct sqlite_store *s, char *err, size_t err_len)
{
	char text[320];

	for (unsigned int k = STORE_ALERT; k < LEDGER_KINDS; k++)
		for (unsigned int i = 0; i < STMT_N; i++) {
			int rc;

			sqlite3_snprintf(sizeof(text), text, sql[i], tables[k]);
			rc = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[k][i],
						NULL);
			if (rc == SQLITE_ERROR)
				return damaged(s, sqlite3_errmsg(s->db), err, err_len);
			if (rc != SQLITE_OK)
				return failed(s, rc, err, err_len);
		}
	for (unsigned int i = 0; i < BRACKETS; i++) {
		int rc = sqlite3_prepare_v3(s->db, brackets[i], -1, SQLITE_PREPARE_PERSISTENT, &s->bracket[i],
					    NULL);

		if (rc != SQLITE_OK)
			return failed(s, rc, err, err_len);
	}
	return 0;
}

/* Most ledgers have one gateway and none: then no chunk is compared with any. */
static int look_for_leases(struct sqlite_store *s, char *err, size_t err_len)
{
	int64_t any = 0;
	int rc = query_int(s->db, "SELECT EXISTS (SELECT 1 FROM meta WHERE key >= 'lease/' AND key < 'lease0')", &any);

	s->leases = any;
	return rc == SQLITE_OK ? 0 : failed(s, rc, err, err_len);
}

static int configure(struct sqlite_store *s, char *err, size_t err_len)
{
	char text[256];
	int rc;

	snprintf(text, sizeof(text),
		 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=%d; "
		 "PRAGMA journal_size_limit=16777216; PRAGMA trusted_schema=0; PRAGMA cell_size_check=1",
		 WAL_FRAMES);
	rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : failed(s, rc, err, err_len);
}

void ledger_keep_log(struct sqlite_store *s, bool keep)
{
	if (s->db)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL);
}

int ledger_open_db(struct sqlite_store *s, char *err, size_t err_len)
{
	off_t size = 0;
	int rc = look(s, &size, err, err_len);

	if (rc == -ENOENT)
		rc = create(s, err, err_len);
	if (rc < 0)
		return rc;
	rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE, store_gather_vfs());
	if (rc != SQLITE_OK)
		return failed(s, rc, err, err_len);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	ledger_keep_log(s, true); /* what is refused stays as it is */
	rc = configure(s, err, err_len);
	if (rc == 0)
		rc = check_version(s, err, err_len);
	if (rc == 0 && size <= QUICK_CHECK_MAX)
		rc = quick_check(s, err, err_len);
	if (rc == 0)
		rc = prepare(s, err, err_len);
	if (rc == 0)
		rc = look_for_leases(s, err, err_len);
	if (rc < 0)
		return rc;
	ledger_keep_log(s, false);
	store_file_lengthen_wal(s->path, (WAL_FRAMES + WAL_MORE) * WAL_FRAME); /* only for speed */
	return 0;
}

void ledger_close_db(struct sqlite_store *s)
{
	for (unsigned int k = STORE_ALERT; k < LEDGER_KINDS; k++)
		for (unsigned int i = 0; i < STMT_N; i++) {
			sqlite3_finalize(s->stmt[k][i]);
			s->stmt[k][i] = NULL;
		}
	for (unsigned int i = 0; i < BRACKETS; i++) {
		sqlite3_finalize(s->bracket[i]);
		s->bracket[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

#include "gateway/ledger_file.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/store_file.h"
#include "gateway/store_sqlite.h"
#include "gateway/store_wal.h"

static int file_free(struct ledger_file *f)
{
	sqlite3_close(f->db);
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	return 0;
}

/* What can be told without SQLite. */
static int look(const char *path, char *err, size_t err_len)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(err, err_len, "%s: %s", path, strerror(errno));
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		snprintf(err, err_len, "%s: %s", path, S_ISREG(st.st_mode) ? "is empty: no ledger" : "is not a regular file");
		return -EBADMSG;
	}
	return 0;
}

/* Without a log nothing needs to be made beside the file, and nothing is. */
static char *at_rest_uri(void *ctx, const char *path)
{
	char *uri = talloc_strdup(ctx, "file:");

	for (const char *p = path; *p; p++)
		uri = strchr("%?#", *p) ? talloc_asprintf_append_buffer(uri, "%%%02X", *p) : talloc_strndup_append_buffer(uri, p, 1);
	return talloc_strdup_append_buffer(uri, "?immutable=1");
}

static int open_db(struct ledger_file *f, const char *path, bool log, char *err, size_t err_len)
{
	const char *name = log || f->in_use ? path : at_rest_uri(f, path);
	int rc = sqlite3_open_v2(name, &f->db, SQLITE_OPEN_READONLY | (name == path ? 0 : SQLITE_OPEN_URI), NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(f->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(f->db, 5000);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(f->db, "PRAGMA trusted_schema=0; PRAGMA cell_size_check=1; SELECT version FROM ledger", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	snprintf(err, err_len, "%s: cannot be read: %s", path, sqlite3_errmsg(f->db));
	return (rc & 0xFF) == SQLITE_ERROR ? -EBADMSG : ledger_errno(f->db, rc);
}

int ledger_file_open(void *ctx, const char *path, struct ledger_file **file, char *err, size_t err_len)
{
	struct ledger_file *f = talloc_zero(ctx, struct ledger_file);
	char wal[PATH_MAX];
	struct stat st;
	int rc;

	OSMO_ASSERT(f);
	*file = NULL;
	f->lock_fd = -1;
	talloc_set_destructor(f, file_free);
	rc = look(path, err, err_len);
	if (rc == 0)
		f->in_use = store_file_lock(path, 0, &f->lock_fd, err, err_len) == -EBUSY;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	/* A working gateway writes on: the end of its log is never at rest. */
	if (rc == 0 && !f->in_use)
		f->log_torn = store_wal_check(wal) == -EBADMSG;
	if (rc == 0)
		rc = open_db(f, path, stat(wal, &st) == 0 && st.st_size > 0, err, err_len);
	if (rc < 0)
		talloc_free(f);
	else
		*file = f;
	return rc;
}

struct walk {
	struct ledger_walk *w;
	enum store_kind kind;
	int (*row)(void *arg, const struct store_rec *r);
	void (*bad)(void *arg, enum store_kind kind, const char *key);
	void *arg;
};

/* 0: go on; 1: the other end's rows begin; negative: row's own. */
static int one_row(const struct walk *k, sqlite3_stmt *stmt, char **last, bool back)
{
	struct store_rec r;
	int rc = ledger_read_row(stmt, k->kind, &r);

	if (back && r.key && *last && strcmp(r.key, *last) <= 0)
		return 1;
	if (!back) {
		talloc_free(*last);
		*last = r.key ? talloc_strdup(NULL, r.key) : NULL;
	}
	if (rc < 0) {
		k->w->damaged++;
		k->bad(k->arg, k->kind, r.key);
		return 0;
	}
	k->w->sound++;
	return k->row(k->arg, &r);
}

/* 0: to the end; -EBADMSG: a part cannot be read. */
static int one_way(const struct walk *k, sqlite3 *db, bool back, char **last)
{
	sqlite3_stmt *stmt = NULL;
	char text[128];
	int rc, ret = 0;

	snprintf(text, sizeof(text), "SELECT key, value, epoch, sum FROM %s ORDER BY key %s", ledger_table(k->kind), back ? "DESC" : "ASC");
	rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		if (rc != SQLITE_ROW)
			break;
		ret = one_row(k, stmt, last, back);
		if (ret)
			break;
	}
	sqlite3_finalize(stmt);
	if (ret)
		return OSMO_MIN(ret, 0);
	return rc == SQLITE_DONE ? 0 : -EBADMSG;
}

int ledger_file_walk(struct ledger_file *f, enum store_kind kind, int (*row)(void *arg, const struct store_rec *r),
		     void (*bad)(void *arg, enum store_kind kind, const char *key), void *arg, struct ledger_walk *w)
{
	struct walk k = {.w = w, .kind = kind, .row = row, .bad = bad, .arg = arg};
	char *last = NULL;
	int rc = one_way(&k, f->db, false, &last);

	*w->after = '\0';
	if (rc == -EBADMSG) {
		w->cut = true;
		if (last)
			snprintf(w->after, sizeof(w->after), "%s", last);
		rc = one_way(&k, f->db, true, &last);
	}
	talloc_free(last);
	return rc == -EBADMSG ? 0 : rc;
}

bool ledger_file_structure(struct ledger_file *f, void (*line)(void *arg, const char *text), void *arg)
{
	sqlite3_stmt *stmt = NULL;
	bool sound = true;
	int rc = sqlite3_prepare_v2(f->db, "PRAGMA integrity_check(20)", -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(stmt)) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		if (text && !strcmp(text, "ok"))
			continue;
		sound = false;
		line(arg, text ? text : "?");
	}
	if (rc != SQLITE_DONE) {
		sound = false;
		line(arg, sqlite3_errmsg(f->db));
	}
	sqlite3_finalize(stmt);
	return sound;
}

/* store_sqlite: the embedded ledger (SQLite 3.35 or newer, WAL, synchronous=FULL). Inner header of its two files.
 *
 * One table per kind: key (primary key, WITHOUT ROWID), value, epoch, and a CRC-32 of the row, since SQLite itself does
 * not notice a changed octet inside a value. The file is made beside and renamed, so an empty or headless file at the
 * ledger's place is damage and never taken for a new ledger. */
#pragma once
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include "gateway/store.h"

#define LEDGER_KINDS (STORE_META + 1) /* kinds count from 1 */
#define LEDGER_VERSION 1

enum ledger_stmt { STMT_PUT, STMT_DEL, STMT_GET, STMT_LOAD, STMT_N };
enum ledger_bracket { BRACKET_BEGIN, BRACKET_COMMIT, BRACKETS }; /* around a batch */

struct sqlite_store {
	struct store store;
	char *path;
	int lock_fd;
	sqlite3 *db;
	sqlite3_stmt *stmt[LEDGER_KINDS][STMT_N], *bracket[BRACKETS];
	bool leases; /* there may be some: chunks are compared with them */
	bool reopen; /* an I/O error was seen: what SQLite holds in memory is not trusted any more */
	pthread_mutex_t mutex; /* guards what is below: health() is asked from the loop */
	struct store_health health;
	bool reserve_gone;
};

/* Opens the database file and prepares all statements; the caller holds the lock. -EBADMSG with advice in err. */
int ledger_open_db(struct sqlite_store *s, char *err, size_t err_len);
void ledger_close_db(struct sqlite_store *s);
/* Whether a close leaves the log as it is, instead of moving it into the file: for what is damaged, or not trusted. */
void ledger_keep_log(struct sqlite_store *s, bool keep);
int ledger_errno(sqlite3 *db, int rc); /* SQLite's result as 0 or -errno */
const char *ledger_table(enum store_kind kind);
/* The row that stmt (key, value, epoch, sum) stands on; -EBADMSG when an octet of it changed. r lives until the next step. */
int ledger_read_row(sqlite3_stmt *stmt, enum store_kind kind, struct store_rec *r);

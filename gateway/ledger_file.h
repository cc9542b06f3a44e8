/* ledger_file: a ledger file read without changing it, for `reunion ledger`. Every row's sum is verified.
 *
 * The file is opened read-only and its log is left as it is; SQLite may put a -shm file beside it. Rows that a torn page
 * hides are read from both ends of their table, so that one bad page costs only its own rows. 0 or -errno. */
#pragma once
#include <stdbool.h>
#include <sqlite3.h>
#include "gateway/store.h"

struct ledger_file {
	sqlite3 *db;
	bool in_use;   /* a gateway works with it: a row may change while it is read */
	bool log_torn; /* its write-ahead log is damaged: commits at the end of it cannot be read */
	int lock_fd;
};

struct ledger_walk {
	uint64_t sound, damaged;
	bool cut;	/* part of the table cannot be read */
	char after[80]; /* the last key before the part that cannot be read */
};

/* -EBADMSG: not even the head can be read; err says what is wrong. Child of ctx; freeing closes. */
int ledger_file_open(void *ctx, const char *path, struct ledger_file **file, char *err, size_t err_len);
/* Rows of one kind, ascending (those behind a torn page: descending). row: a sound one; bad: its key as it is, maybe NULL. A
 * non-zero return of row ends the walk and is returned. */
int ledger_file_walk(struct ledger_file *f, enum store_kind kind, int (*row)(void *arg, const struct store_rec *r),
		     void (*bad)(void *arg, enum store_kind kind, const char *key), void *arg, struct ledger_walk *w);
/* SQLite's own opinion of the file's structure: up to 20 lines. True: sound. */
bool ledger_file_structure(struct ledger_file *f, void (*line)(void *arg, const char *text), void *arg);

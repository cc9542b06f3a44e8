/* spool_file: files that are whole or not there: written beside, synced, renamed, folder synced. All by
 * folder descriptor, never through a symlink. 0 or -errno. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens (after making it when needed) the folder name in dir. mine: only when it belongs to this user, else
 * -EPERM. */
int spool_folder(int dir, const char *name, unsigned int mode, bool mine);
int spool_file_put(int dir, const char *name, const char *text, size_t len, bool sync);
int spool_file_json(int dir, const char *name, const json_t *doc, bool sync);
/* Like renameat(), but never onto a file that exists: -EEXIST. */
int spool_file_move(int from, const char *name, int to, const char *new_name);
bool spool_file_exists(int dir, const char *name);
/* 0; -ELOOP and the like when it is no plain file of one link. *data is a talloc child of ctx, at most max
 * octets. */
int spool_file_read(void *ctx, int dir, const char *name, size_t max, uint8_t **data, size_t *len);

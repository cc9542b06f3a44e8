/* store_file: the files around the embedded ledger: its lock and its reserve of space.
 *
 * FILE.lock is held (flock) for as long as a process has the ledger; FILE.reserve is RESERVE_OCTETS of allocated space
 * that is given up first when the disk is full, and taken back when there is room again. Edge code; 0 or -errno. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESERVE_OCTETS (4 << 20)

/* Takes the lock; children of a killed owner may hold it up to two seconds longer, so it is tried for wait_ms.
 * *fd is to be closed. -EBUSY: another process has it, err names it. */
int store_file_lock(const char *db, unsigned int wait_ms, int *fd, char *err, size_t err_len);

/* True when the reserve is there in full. */
bool store_file_reserved(const char *db);
/* Allocates it when the file system has room for it twice over; -ENOSPC otherwise. */
int store_file_reserve(const char *db);
/* Gives it up; -ENOENT when there was none. */
int store_file_give_up(const char *db);

/* Lengthens the write-ahead log beside db, which must be there, to so many written octets, when there is plenty of
 * room: what is overwritten in place needs no change of the file's own record with each commit. Zeros end a log, so
 * that it may be in use. -ENOSPC: too little room, it grows as it is written. */
int store_file_lengthen_wal(const char *db, size_t octets);

uint64_t store_file_free(const char *db); /* octets free on its file system, 0 when that cannot be known */
int store_file_sync_dir(const char *db);  /* makes names in its folder durable */

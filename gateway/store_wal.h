/* store_wal: is the write-ahead log that a killed owner left whole? (sqlite.org/fileformat2.html, section 4)
 *
 * SQLite ends a log at the first frame whose checksum is wrong, whatever stands behind it: a changed octet there would
 * silently undo commits that were acknowledged. Here such a frame is told from the torn end of an unfinished commit: behind
 * it the chain of checksums goes on, over a commit and into the next one, which begins only when the one before is durable. */
#pragma once

/* 0 whole (or no log), -EBADMSG an acknowledged commit is damaged, or -errno when it cannot be read. */
int store_wal_check(const char *wal);

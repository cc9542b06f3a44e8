/* store_gather: what a commit appends to the ledger's write-ahead log, handed to the kernel as one write.
 *
 * SQLite writes a log's page in two pieces, each a system call, and syncs after the last one. This VFS stands around the
 * default one and keeps pieces that follow each other until they are to be synced, read, or become too many: the file's
 * content and what is durable when a sync returns are the same. What a failed write or the end of the process takes with it
 * belongs to no commit. Only logs are gathered; all other files are the default VFS' own. */
#pragma once

/* Name of the VFS for sqlite3_open_v2(); it stands around the VFS that is the default now. */
const char *store_gather_vfs(void);

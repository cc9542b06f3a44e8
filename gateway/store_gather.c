#include "gateway/store_gather.h"
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/utils.h>

#define NAME       "reunion-gather"
#define GATHER_MAX 65536 /* octets: a page at most. SQLite's own files take no more than 131071 at a time */

/* A log. The default VFS' own structure lies right behind it. */
struct log {
	sqlite3_file file;
	sqlite3_int64 at; /* of what is gathered */
	int len;
	uint8_t gathered[GATHER_MAX];
};

static sqlite3_file *real(sqlite3_file *f)
{
	return (sqlite3_file *)((struct log *)f + 1);
}

static int flush(sqlite3_file *f)
{
	struct log *l = (struct log *)f;
	int n = l->len;

	l->len = 0; /* also when it fails: then the commit does, and its successor begins at the same place */
	return n ? real(f)->pMethods->xWrite(real(f), l->gathered, n, l->at) : SQLITE_OK;
}

static int g_write(sqlite3_file *f, const void *octets, int len, sqlite3_int64 at)
{
	struct log *l = (struct log *)f;

	if (l->len > 0 && (at != l->at + l->len || len > GATHER_MAX - l->len)) {
		int rc = flush(f);

		if (rc != SQLITE_OK)
			return rc;
	}
	OSMO_ASSERT(len <= GATHER_MAX);
	if (l->len == 0)
		l->at = at;
	memcpy(l->gathered + l->len, octets, len);
	l->len += len;
	return SQLITE_OK;
}

static int g_sync(sqlite3_file *f, int flags)
{
	int rc = flush(f);

	return rc == SQLITE_OK ? real(f)->pMethods->xSync(real(f), flags) : rc;
}

static int g_read(sqlite3_file *f, void *octets, int len, sqlite3_int64 at)
{
	int rc = flush(f);

	return rc == SQLITE_OK ? real(f)->pMethods->xRead(real(f), octets, len, at) : rc;
}

static int g_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = flush(f);

	return rc == SQLITE_OK ? real(f)->pMethods->xTruncate(real(f), size) : rc;
}

static int g_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int rc = flush(f);

	return rc == SQLITE_OK ? real(f)->pMethods->xFileSize(real(f), size) : rc;
}

static int g_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int g_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int g_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int g_reserved(sqlite3_file *f, int *is)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), is);
}

static int g_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int g_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int g_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = g_close,
	.xRead = g_read,
	.xWrite = g_write,
	.xTruncate = g_truncate,
	.xSync = g_sync,
	.xFileSize = g_size,
	.xLock = g_lock,
	.xUnlock = g_unlock,
	.xCheckReservedLock = g_reserved,
	.xFileControl = g_control,
	.xSectorSize = g_sector,
	.xDeviceCharacteristics = g_traits,
};

static int g_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *base = vfs->pAppData;
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return base->xOpen(base, name, f, flags, out);
	((struct log *)f)->len = 0;
	rc = base->xOpen(base, name, real(f), flags, out);
	f->pMethods = real(f)->pMethods ? &methods : NULL;
	return rc;
}

const char *store_gather_vfs(void)
{
	sqlite3_vfs *base = sqlite3_vfs_find(NULL), *vfs = sqlite3_vfs_find(NAME);

	if (vfs && vfs->pAppData == base)
		return NAME;
	vfs = malloc(sizeof(*vfs)); /* SQLite's for as long as the process lives */
	OSMO_ASSERT(vfs && base);
	*vfs = *base;
	vfs->zName = NAME;
	vfs->pAppData = base;
	vfs->szOsFile = (int)sizeof(struct log) + base->szOsFile;
	vfs->xOpen = g_open;
	sqlite3_vfs_register(vfs, 0);
	return NAME;
}

/* The embedded ledger when the n-th write or sync of any of its files fails, for every n: what was
 * acknowledged is there afterwards, and the store goes on working once the fault is over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <osmocom/core/talloc.h>
#include "gateway/store.h"

enum { PUTS = 16 };

/* A file of the wrapped VFS, the real one right behind it. */
struct faulty {
	sqlite3_file file;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs, faulty_vfs;
static sqlite3_io_methods methods;
static int countdown, fault, times; /* the countdown-th call fails with fault, and times - 1 more */
static unsigned int writes, syncs;
static char folder[64], uri[128], err[512];

static int strike(void)
{
	if (countdown > 0 && --countdown == 0) {
		countdown = --times > 0;
		return fault;
	}
	return SQLITE_OK;
}

#define REAL(f) ((struct faulty *)(f))->real
static int f_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}
static int f_read(sqlite3_file *f, void *b, int n, sqlite3_int64 o)
{
	return REAL(f)->pMethods->xRead(REAL(f), b, n, o);
}
static int f_write(sqlite3_file *f, const void *b, int n, sqlite3_int64 o)
{
	int rc = strike();

	writes++;
	return rc ? rc : REAL(f)->pMethods->xWrite(REAL(f), b, n, o);
}
static int f_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return REAL(f)->pMethods->xTruncate(REAL(f), n);
}
static int f_sync(sqlite3_file *f, int flags)
{
	int rc = strike();

	syncs++;
	return rc ? (rc == SQLITE_IOERR_WRITE ? SQLITE_IOERR_FSYNC : rc)
		  : REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int f_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), n);
}
static int f_lock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xLock(REAL(f), l);
}
static int f_unlock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), l);
}
static int f_reserved(sqlite3_file *f, int *r)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), r);
}
static int f_control(sqlite3_file *f, int op, void *a)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, a);
}
static int f_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int f_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int f_shm_map(sqlite3_file *f, int i, int n, int e, void volatile **p)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), i, n, e, p);
}
static int f_shm_lock(sqlite3_file *f, int o, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), o, n, flags);
}
static void f_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int f_shm_unmap(sqlite3_file *f, int d)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), d);
}

static int f_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct faulty *w = (struct faulty *)f;
	int rc;

	w->real = (sqlite3_file *)(w + 1);
	rc = real_vfs->xOpen(real_vfs, name, w->real, flags, out);
	f->pMethods = w->real->pMethods ? &methods : NULL;
	return rc;
}

static void install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	faulty_vfs = *real_vfs;
	faulty_vfs.zName = "faulty";
	faulty_vfs.szOsFile = (int)sizeof(struct faulty) + real_vfs->szOsFile;
	faulty_vfs.xOpen = f_open;
	methods = (sqlite3_io_methods){2,        f_close,   f_read,     f_write,       f_truncate,  f_sync,
				       f_size,   f_lock,    f_unlock,   f_reserved,    f_control,   f_sector,
				       f_traits, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap, NULL,
				       NULL};
	sqlite3_vfs_register(&faulty_vfs, 1);
}

static void wipe(void)
{
	static const char *const rests[] = {"",     "-wal",     "-shm",     ".lock",       ".reserve",
					    ".new", ".new-wal", ".new-shm", ".new-journal"};
	char name[192];

	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		snprintf(name, sizeof(name), "%s/ledger.db%s", folder, rests[i]);
		unlink(name);
	}
}

static int put(struct store *s, int i)
{
	char key[16];
	struct store_rec r[2] = {{STORE_JOB, key, "value", 5, 0}, {STORE_META, "last", key, 4, 0}};

	snprintf(key, sizeof(key), "%04d", i);
	return s->ops->apply(s, r, 2);
}

static int has(struct store *s, int i)
{
	void *value, *ctx = talloc_new(NULL);
	char key[16];
	size_t len;
	int rc;

	snprintf(key, sizeof(key), "%04d", i);
	rc = s->ops->get(s, STORE_JOB, key, ctx, &value, &len);
	talloc_free(ctx);
	return rc;
}

/* One story; true when the fault struck. */
static bool story(int nth, int code, int many)
{
	bool acked[PUTS], struck;
	struct store *s;

	wipe();
	countdown = 0;
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	countdown = nth;
	fault = code;
	times = many;
	for (int i = 0; i < PUTS; i++)
		acked[i] = put(s, i) == 0;
	struck = countdown == 0 || times < many;
	countdown = 0;
	assert_int_equal(put(s, PUTS), 0); /* the fault is over: it goes on by itself */
	for (int i = 0; i < PUTS; i++)
		assert_true(!acked[i] || has(s, i) == 0);
	s->ops->close(s);
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	for (int i = 0; i < PUTS; i++)
		assert_true(!acked[i] || has(s, i) == 0);
	assert_int_equal(has(s, PUTS), 0);
	s->ops->close(s);
	return struck;
}

static void sweep(int code, int many)
{
	int n = 1;

	while (n < 400 && story(n, code, many))
		n += 1 + n / 8;
	assert_true(n > 10);
}

static void every_io_error(void **state)
{
	sweep(SQLITE_IOERR_WRITE, 1);
}

static void every_run_of_io_errors(void **state)
{
	sweep(SQLITE_IOERR_WRITE, 7);
}

static void every_full_disk(void **state)
{
	sweep(SQLITE_FULL, 1);
}

static void errors_have_their_names(void **state)
{
	struct store_health h;
	struct store *s;

	wipe();
	countdown = 0;
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	countdown = 1;
	fault = SQLITE_IOERR_WRITE;
	times = 1000;
	assert_int_equal(put(s, 1), -EIO);
	s->ops->health(s, &h);
	assert_int_equal(h.last_error, -EIO);
	countdown = 0;
	assert_int_equal(put(s, 1), 0);
	s->ops->health(s, &h);
	assert_int_equal(h.last_error, 0);
	assert_int_equal(h.failed, 1);
	s->ops->close(s);
}

static void a_commit_is_one_write(void **state)
{
	struct store *s;

	wipe();
	countdown = 0;
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	assert_int_equal(put(s, 0), 0);
	writes = syncs = 0;
	for (int i = 1; i <= 10; i++)
		assert_int_equal(put(s, i), 0);
	assert_int_equal(writes, 10);
	assert_int_equal(syncs, 10);
	s->ops->close(s);
}

enum { ROWS = 3000, ROW_OCTETS = 3000 };

static int check_row(void *arg, const struct store_rec *r)
{
	unsigned int i = (*(unsigned int *)arg)++;

	assert_int_equal(r->len, ROW_OCTETS);
	for (size_t k = 0; k < r->len; k += 100)
		assert_int_equal(((const uint8_t *)r->value)[k], (uint8_t)(i + 1));
	return 0;
}

/* More than SQLite keeps in memory, each row twice: its log is written before the commit, and read again. */
static void a_commit_larger_than_memory(void **state)
{
	static struct store_rec recs[2 * ROWS];
	static char keys[ROWS][16];
	static uint8_t values[256][ROW_OCTETS];
	unsigned int n = 0;
	struct store *s;

	wipe();
	for (unsigned int i = 0; i < 256; i++)
		memset(values[i], i, ROW_OCTETS);
	for (unsigned int i = 0; i < 2 * ROWS; i++) {
		snprintf(keys[i % ROWS], sizeof(keys[0]), "%08u", i % ROWS);
		recs[i] = (struct store_rec){STORE_JOB, keys[i % ROWS], values[(i % ROWS + i / ROWS) % 256], ROW_OCTETS, 0};
	}
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	assert_int_equal(s->ops->apply(s, recs, 2 * ROWS), 0);
	assert_int_equal(s->ops->load(s, STORE_JOB, check_row, &n), 0);
	assert_int_equal(n, ROWS);
	s->ops->close(s);
	n = 0;
	assert_int_equal(store_open(NULL, uri, &s, err, sizeof(err)), 0);
	assert_int_equal(s->ops->load(s, STORE_JOB, check_row, &n), 0);
	assert_int_equal(n, ROWS);
	s->ops->close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_io_error),
		cmocka_unit_test(every_run_of_io_errors),
		cmocka_unit_test(every_full_disk),
		cmocka_unit_test(errors_have_their_names),
		cmocka_unit_test(a_commit_is_one_write),
		cmocka_unit_test(a_commit_larger_than_memory),
	};
	int rc;

	snprintf(folder, sizeof(folder), "/tmp/test_io.XXXXXX");
	if (!mkdtemp(folder))
		return 99;
	snprintf(uri, sizeof(uri), "sqlite:%s/ledger.db", folder);
	install();
	rc = cmocka_run_group_tests_name("store_io", tests, NULL, NULL);
	wipe();
	rmdir(folder);
	return rc;
}

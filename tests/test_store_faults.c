/* The embedded ledger on damaged files, full disks and with a second owner. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <osmocom/core/talloc.h>
#include "gateway/store.h"
#include "gateway/store_file.h"

static const char *const rests[] = {"", "-wal", "-shm", ".lock", ".reserve", ".new"};
static char folder[64], db[160], uri[192], err[1024];
static void *ctx;

static void wipe(void)
{
	char name[256];

	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		snprintf(name, sizeof(name), "%s%s", db, rests[i]);
		unlink(name);
	}
}

static void paths(const char *in)
{
	snprintf(db, sizeof(db), "%s/ledger.db", in);
	snprintf(uri, sizeof(uri), "sqlite:%s", db);
}

static int up(void **state)
{
	ctx = talloc_new(NULL);
	paths(folder);
	wipe();
	return 0;
}

static int down(void **state)
{
	talloc_free(ctx);
	wipe();
	return 0;
}

static int try_open(struct store **s)
{
	err[0] = '\0';
	return store_open(ctx, uri, s, err, sizeof(err));
}

static struct store *must_open(void)
{
	struct store *s;
	int rc = try_open(&s);

	if (rc < 0)
		fail_msg("%d %s", rc, err);
	return s;
}

static int put(struct store *s, enum store_kind kind, const char *key, const void *value, size_t len)
{
	struct store_rec r = {kind, key, value, len, 1};

	return s->ops->apply(s, &r, 1);
}

static void fill(struct store *s, unsigned int n)
{
	char key[32], value[200];

	memset(value, 'v', sizeof(value));
	for (unsigned int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%016x/%08x", 1, i);
		assert_int_equal(put(s, STORE_CHUNK, key, value, sizeof(value)), 0);
	}
}

static int count(void *arg, const struct store_rec *r)
{
	++*(unsigned int *)arg;
	return 0;
}

/* Number of records of a kind, or -errno. */
static int number_of(struct store *s, enum store_kind kind)
{
	unsigned int n = 0;
	int rc = s->ops->load(s, kind, count, &n);

	return rc < 0 ? rc : (int)n;
}

/* A closed ledger with n chunks; its size. */
static off_t make(unsigned int n)
{
	struct store *s = must_open();
	struct stat st;

	fill(s, n);
	s->ops->close(s);
	assert_int_equal(stat(db, &st), 0);
	return st.st_size;
}

static void want_advice(int rc)
{
	assert_int_equal(rc, -EBADMSG);
	assert_non_null(strstr(err, db));
	assert_non_null(strstr(err, "reunion ledger check"));
	assert_non_null(strstr(err, "reunion ledger salvage"));
}

static void write_file(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void poke(off_t at, uint8_t flip)
{
	int fd = open(db, O_RDWR);
	uint8_t octet;

	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet ^= flip;
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

/* --- what may stand at the ledger's place --- */
static void unknown_scheme(void **state)
{
	struct store *s;

	assert_int_equal(store_open(ctx, "oracle:x", &s, err, sizeof(err)), -EPROTONOSUPPORT);
	assert_null(s);
	assert_non_null(strstr(err, "sqlite:"));
}

static void folder_missing(void **state)
{
	struct store *s;

	assert_int_equal(store_open(ctx, "sqlite:/nonexistent/folder/ledger.db", &s, err, sizeof(err)),
			 -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/folder/ledger.db"));
}

static void empty_file_is_damage(void **state)
{
	struct store *s;
	struct stat st;

	write_file(db, "", 0);
	want_advice(try_open(&s));
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void other_content_is_damage(void **state)
{
	char text[5000];
	struct store *s;

	memset(text, 'x', sizeof(text));
	write_file(db, text, sizeof(text));
	want_advice(try_open(&s));
}

static void short_file_is_damage(void **state)
{
	struct store *s;
	off_t size = make(500);

	assert_int_equal(truncate(db, size / 2), 0);
	want_advice(try_open(&s));
}

static void file_short_of_one_page_is_damage(void **state)
{
	struct store *s;
	off_t size = make(500);

	assert_int_equal(truncate(db, size - 4096), 0);
	want_advice(try_open(&s));
}

static void lost_file_with_a_log_is_damage(void **state)
{
	char wal[192];
	struct store *s;

	snprintf(wal, sizeof(wal), "%s-wal", db);
	write_file(wal, "something", 9);
	want_advice(try_open(&s));
}

static void folder_in_its_place(void **state)
{
	struct store *s;

	assert_int_equal(mkdir(db, 0700), 0);
	assert_int_equal(try_open(&s), -EINVAL);
	rmdir(db);
}

static void other_databases_are_refused(void **state)
{
	struct store *s;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(try_open(&s), -EBADMSG);
	assert_non_null(strstr(err, "not a ledger"));
}

static void other_versions_are_refused(void **state)
{
	struct store *s;
	sqlite3 *other;

	make(1);
	assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "UPDATE ledger SET version = 9", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(try_open(&s), -EPROTO);
	assert_non_null(strstr(err, "version 9"));
}

static void lost_table_is_damage(void **state)
{
	struct store *s;
	sqlite3 *other;

	make(1);
	assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "DROP TABLE chunk", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	want_advice(try_open(&s));
}

static void leftover_of_a_creation_is_no_harm(void **state)
{
	char name[192];
	struct store *s;

	snprintf(name, sizeof(name), "%s.new", db);
	write_file(name, "half", 4);
	s = must_open();
	assert_int_equal(put(s, STORE_META, "a", "1", 1), 0);
	assert_int_equal(access(name, F_OK), -1);
	s->ops->close(s);
}

/* --- damage inside --- */
static void changed_value_is_noticed(void **state)
{
	char octets[8192];
	struct store *s;
	int fd;
	off_t at = 0;

	make(20);
	/* SQLite has no checksum of its own: a changed octet in a value passes its checks. */
	fd = open(db, O_RDONLY);
	for (off_t off = 0; !at && pread(fd, octets, sizeof(octets), off) > 0; off += 4096) {
		char *v = memmem(octets, sizeof(octets), "vvvvvvvv", 8);

		if (v)
			at = off + (v - octets) + 3;
	}
	close(fd);
	assert_true(at > 0);
	poke(at, 0x20);
	s = must_open();
	assert_int_equal(number_of(s, STORE_CHUNK), -EBADMSG);
	s->ops->close(s);
}

/* Every single bit flip is refused at open, noticed at load, or harmless: never fewer records, never another
 * content. */
static void flips_are_noticed_or_harmless(void **state)
{
	off_t size = make(300);
	unsigned int refused = 0, noticed = 0, harmless = 0;

	for (unsigned int i = 0; i < 250; i++) {
		off_t at = (off_t)(i * 2654435761u % (unsigned int)size);
		struct store *s;
		int n;

		poke(at, 1 << i % 8);
		if (try_open(&s) < 0) {
			refused++;
		} else {
			n = number_of(s, STORE_CHUNK);
			assert_true(n == -EBADMSG || n == 300);
			noticed += n < 0;
			harmless += n == 300;
			s->ops->close(s);
		}
		poke(at, 1 << i % 8);
	}
	assert_true(noticed > 10 && refused > 0);
	print_message("# %u flips: %u refused at open, %u noticed at load, %u harmless\n", 250, refused,
		      noticed, harmless);
}

/* A killed owner's log with n commits of one job each; the last ones are not yet in the database file. */
static void leave_log(unsigned int n)
{
	char key[16], value[200];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s = must_open();

		memset(value, 'w', sizeof(value));
		for (unsigned int i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "%08x", i);
			if (put(s, STORE_JOB, key, value, sizeof(value)) < 0)
				_exit(1);
		}
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static uint8_t *slurp(const char *name, size_t *len)
{
	int fd = open(name, O_RDONLY);
	struct stat st;
	uint8_t *data;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	data = talloc_size(ctx, *len);
	assert_int_equal(read(fd, data, *len), st.st_size);
	close(fd);
	return data;
}

/* The log without the zeros that it was lengthened with. */
static uint8_t *slurp_log(const char *name, size_t *len)
{
	uint8_t *log = slurp(name, len);

	while (*len > 0 && log[*len - 1] == 0)
		--*len;
	return log;
}

static void log_of_a_killed_owner_is_read(void **state)
{
	struct store *s;

	leave_log(40);
	s = must_open();
	assert_int_equal(number_of(s, STORE_JOB), 40);
	s->ops->close(s);
}

/* SQLite alone would end the log at the damaged frame and forget acknowledged commits. Only of the last
 * commit nobody can tell whether it was acknowledged. */
static void flips_in_the_log_are_noticed(void **state)
{
	char wal[192];
	unsigned int refused = 0;
	size_t len, db_len;
	uint8_t *log, *base;

	leave_log(40);
	snprintf(wal, sizeof(wal), "%s-wal", db);
	log = slurp_log(wal, &len);
	base = slurp(db, &db_len);
	for (unsigned int i = 0; i < 120; i++) {
		size_t at = 32 + i * 2654435761u % (len - 32);
		struct store *s;

		wipe();
		write_file(db, base, db_len);
		log[at] ^= 1 << i % 8;
		write_file(wal, log, len);
		log[at] ^= 1 << i % 8;
		if (try_open(&s) < 0) {
			want_advice(-EBADMSG);
			refused++;
		} else {
			assert_in_range(number_of(s, STORE_JOB), 39, 40);
			s->ops->close(s);
		}
	}
	assert_true(refused > 100);
}

/* A log cut anywhere is what a power cut leaves: all whole commits are there, and it opens. */
static void torn_logs_open(void **state)
{
	char wal[192];
	size_t len, db_len;
	uint8_t *log, *base;

	leave_log(10);
	snprintf(wal, sizeof(wal), "%s-wal", db);
	log = slurp_log(wal, &len);
	base = slurp(db, &db_len);
	for (size_t cut = 0; cut < len; cut += 1511) {
		struct store *s;

		wipe();
		write_file(db, base, db_len);
		write_file(wal, log, cut);
		s = must_open();
		assert_in_range(number_of(s, STORE_JOB), cut / (2 * 4120) > 2 ? 1 : 0, 10);
		s->ops->close(s);
	}
}

/* --- owners --- */
static void second_owner_is_refused(void **state)
{
	struct store *s = must_open(), *other;

	assert_int_equal(try_open(&other), -EBUSY);
	assert_non_null(strstr(err, "in use by process"));
	assert_non_null(strstr(err, db));
	s->ops->close(s);
	other = must_open();
	other->ops->close(other);
}

static void killed_owner_loses_nothing_acknowledged(void **state)
{
	int pipe_fd[2], status;
	unsigned int acked = 0, n;
	struct store *s;
	pid_t pid;

	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (pid == 0) {
		char key[16];

		s = must_open();
		for (n = 0;; n++) {
			snprintf(key, sizeof(key), "%08x", n);
			if (put(s, STORE_JOB, key, "value", 5) < 0 || write(pipe_fd[1], "x", 1) != 1)
				_exit(1);
		}
	}
	close(pipe_fd[1]);
	for (char c; acked < 500 && read(pipe_fd[0], &c, 1) == 1;)
		acked++;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (char c; read(pipe_fd[0], &c, 1) == 1;)
		acked++;
	close(pipe_fd[0]);
	s = must_open();
	n = number_of(s, STORE_JOB);
	assert_true(n == acked || n == acked + 1);
	s->ops->close(s);
}

static void reader_does_not_stop_the_owner(void **state)
{
	struct store *s = must_open();
	sqlite3_stmt *stmt;
	sqlite3 *look;

	fill(s, 10);
	assert_int_equal(sqlite3_open_v2(db, &look, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(look, "SELECT key FROM chunk", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(put(s, STORE_META, "a", "1", 1), 0);
	sqlite3_finalize(stmt);
	sqlite3_close(look);
	s->ops->close(s);
}

/* --- space --- */
static void reserve_is_made(void **state)
{
	struct store *s = must_open();

	assert_true(store_file_reserved(db));
	s->ops->close(s);
	assert_true(store_file_reserved(db));
}

static int mount_small(char *small, size_t len, const char *options)
{
	snprintf(small, len, "%s/small", folder);
	mkdir(small, 0700);
	return mount("tmpfs", small, "tmpfs", 0, options);
}

static void unmount_small(const char *small)
{
	umount2(small, MNT_DETACH);
	rmdir(small);
}

/* Fills the file system but for what the ledger holds in reserve. */
static void hog(const char *small, const char *name)
{
	static char block[1 << 16];
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", small, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void unhog(const char *small, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", small, name);
	unlink(path);
}

static unsigned int put_until_full(struct store *s, unsigned int from, int *rc)
{
	static uint8_t value[8000];
	char key[16];

	for (*rc = 0;; from++) {
		snprintf(key, sizeof(key), "%08x", from);
		value[0] = from;
		*rc = put(s, STORE_JOB, key, value, sizeof(value));
		if (*rc < 0)
			return from;
	}
}

static void full_disk(void **state)
{
	struct store_health h;
	struct store *s;
	char small[128];
	unsigned int n, kept;
	int rc;

	assert_int_equal(mount_small(small, sizeof(small), "size=24m"), 0);
	paths(small);
	s = must_open();
	assert_true(store_file_reserved(db));
	fill(s, 10);
	hog(small, "hog");
	n = put_until_full(s, 0, &rc);
	assert_int_equal(rc, -ENOSPC);
	assert_true(n > 100); /* the reserve went first */
	assert_false(store_file_reserved(db));
	s->ops->health(s, &h);
	assert_int_equal(h.last_error, -ENOSPC);
	kept = number_of(s, STORE_JOB);
	assert_int_equal(kept, n);
	unhog(small, "hog");
	assert_int_equal(put(s, STORE_META, "back", "1", 1), 0);
	s->ops->health(s, &h);
	assert_int_equal(h.last_error, 0);
	assert_true(store_file_reserved(db));
	s->ops->close(s);
	s = must_open();
	assert_int_equal(number_of(s, STORE_JOB), n);
	assert_int_equal(number_of(s, STORE_CHUNK), 10);
	s->ops->close(s);
	wipe();
	unmount_small(small);
}

static bool may_mount(void)
{
	char small[128];

	if (mount_small(small, sizeof(small), "size=1m") < 0) {
		rmdir(small);
		return false;
	}
	unmount_small(small);
	return true;
}

/* A full disk must not keep a restarted gateway from reading what it knows. */
static void opens_on_a_full_disk(void **state)
{
	struct store_health h;
	struct store *s;
	char small[128];
	int rc;

	assert_int_equal(mount_small(small, sizeof(small), "size=24m"), 0);
	paths(small);
	s = must_open();
	fill(s, 10);
	hog(small, "hog");
	put_until_full(s, 0, &rc);
	s->ops->close(s);
	hog(small, "hog2");
	s = must_open();
	assert_int_equal(number_of(s, STORE_CHUNK), 10);
	s->ops->health(s, &h);
	assert_int_equal(h.last_error, -ENOSPC);
	s->ops->close(s);
	wipe();
	unmount_small(small);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(unknown_scheme),
		CASE(folder_missing),
		CASE(empty_file_is_damage),
		CASE(other_content_is_damage),
		CASE(short_file_is_damage),
		CASE(file_short_of_one_page_is_damage),
		CASE(lost_file_with_a_log_is_damage),
		CASE(folder_in_its_place),
		CASE(other_databases_are_refused),
		CASE(other_versions_are_refused),
		CASE(lost_table_is_damage),
		CASE(leftover_of_a_creation_is_no_harm),
		CASE(changed_value_is_noticed),
		CASE(flips_are_noticed_or_harmless),
		CASE(log_of_a_killed_owner_is_read),
		CASE(flips_in_the_log_are_noticed),
		CASE(torn_logs_open),
		CASE(second_owner_is_refused),
		CASE(killed_owner_loses_nothing_acknowledged),
		CASE(reader_does_not_stop_the_owner),
		CASE(reserve_is_made),
		CASE(full_disk),
		CASE(opens_on_a_full_disk),
	};
	size_t n;
	int rc;

	snprintf(folder, sizeof(folder), "/tmp/test_faults.XXXXXX");
	if (!mkdtemp(folder))
		return 99;
	n = sizeof(tests) / sizeof(*tests);
	if (!may_mount()) {
		n -= 2;
		print_message("# not run, since file systems may not be mounted here: full_disk, "
			      "opens_on_a_full_disk\n");
	}
	rc = _cmocka_run_group_tests("store_faults", tests, n, NULL, NULL);
	rmdir(folder);
	return rc;
}

/* A ledger and its log damaged at random, by seeds: flipped octets, blocks of nonsense or zeros, pages swapped or copied over
 * others, ends cut off or grown. Never a crash; what opens has all rows as they were; what does not names the way out and is left
 * alone; what salvage writes is sound and holds nothing that was not there. REUNION_SEEDS=n for more, REUNION_SEED=n for one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include "gateway/ledger_tool.h"
#include "gateway/store.h"

enum { ROWS = 400, PAGE = 4096, KINDS = 3 };
static const enum store_kind kinds[KINDS] = {STORE_CHUNK, STORE_ALERT, STORE_TRIGGER};
static char folder[64], db[128], wal[136], out[140], tool_log[136];

struct octets {
	uint8_t *data;
	size_t len, max;
};

static uint64_t rnd(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return below ? (*seed >> 11) % below : 0;
}

static void value_of(unsigned int i, char *value, size_t *len)
{
	uint64_t seed = i * 77777 + 1;

	*len = 40 + i % 7 * 60 + (i % 50 == 0 ? 6000 : 0); /* some fill pages of their own */
	for (size_t n = 0; n < *len; n++)
		value[n] = (char)rnd(&seed, 256);
}

static int put(struct store *s, unsigned int i)
{
	char key[32], value[8000];
	struct store_rec r = {.kind = kinds[i % KINDS], .key = key, .value = value, .epoch = 1};

	snprintf(key, sizeof(key), "%08x", i);
	value_of(i, value, &r.len);
	return s->ops->apply(s, &r, 1);
}

static void rm(const char *suffix)
{
	char name[160];

	snprintf(name, sizeof(name), "%s%s", db, suffix);
	unlink(name);
}

static void wipe(void)
{
	static const char *const rests[] = {"", "-wal", "-shm", ".new", ".salvaged", ".salvaged-wal", ".salvaged-shm"};

	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++)
		rm(rests[i]);
}

static struct octets slurp(const char *name)
{
	struct octets o = {0};
	FILE *f = fopen(name, "r");

	if (!f)
		return o;
	fseek(f, 0, SEEK_END);
	o.len = (size_t)ftell(f);
	rewind(f);
	o.max = o.len + 65536;
	o.data = malloc(o.max);
	assert_non_null(o.data);
	assert_int_equal(fread(o.data, 1, o.len, f), o.len);
	fclose(f);
	return o;
}

static void spill(const char *name, const struct octets *o)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(o->data, 1, o->len, f), o->len);
	fclose(f);
}

/* As a killed gateway leaves it: the first half in the file, the second in its log. */
static void make(struct octets *file, struct octets *log)
{
	char uri[160], err[1024];
	int status;
	pid_t pid;

	wipe();
	snprintf(uri, sizeof(uri), "sqlite:%s", db);
	for (int half = 0; half < 2; half++) {
		pid = fork();
		if (pid == 0) {
			struct store *s;

			if (store_open(NULL, uri, &s, err, sizeof(err)) < 0)
				_exit(1);
			for (unsigned int i = half * ROWS / 2; i < (half + 1) * ROWS / 2u; i++)
				if (put(s, i) < 0)
					_exit(1);
			if (half == 0)
				s->ops->close(s);
			else
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		assert_true(half ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	*file = slurp(db);
	*log = slurp(wal);
	while (log->len > 0 && log->data[log->len - 1] == 0)
		log->len--;
	assert_true(file->len > 20 * PAGE && log->len > 20 * PAGE);
}

static size_t within(uint64_t *seed, const struct octets *o)
{
	return rnd(seed, 3) ? rnd(seed, o->len) : rnd(seed, o->len < 256 ? o->len : 256); /* the head more often */
}

/* One damage; what it was. */
static const char *damage(struct octets *o, uint64_t *seed)
{
	size_t at = within(seed, o), n = 1 + rnd(seed, rnd(seed, 2) ? 16 : PAGE), pages = o->len / PAGE;
	size_t a = rnd(seed, pages) * PAGE, b = rnd(seed, pages) * PAGE;
	uint8_t page[PAGE];

	n = n > o->len - at ? o->len - at : n;
	switch (rnd(seed, 7)) {
	case 0:
		o->data[at] ^= 1u << rnd(seed, 8);
		return "a bit flipped";
	case 1:
		for (size_t i = 0; i < n; i++)
			o->data[at + i] = (uint8_t)rnd(seed, 256);
		return "nonsense";
	case 2:
		memset(o->data + at, rnd(seed, 2) ? 0 : 0xFF, n);
		return "a blank";
	case 3:
		memcpy(page, o->data + a, PAGE);
		memcpy(o->data + a, o->data + b, PAGE);
		memcpy(o->data + b, page, PAGE);
		return "pages swapped";
	case 4:
		memmove(o->data + a, o->data + b, PAGE);
		return "a page over another";
	case 5:
		o->len -= rnd(seed, 2) ? rnd(seed, o->len) : PAGE;
		return "cut short";
	default:
		n = rnd(seed, 2) ? PAGE : rnd(seed, o->max - o->len);
		memset(o->data + o->len, (int)rnd(seed, 2), n);
		o->len += n;
		return "grown";
	}
}

struct seen {
	unsigned int n, next; /* rows; the least that the next may be */
};

/* Rows as they were put, in order of their keys. */
static int check_row(void *arg, const struct store_rec *r)
{
	struct seen *seen = arg;
	unsigned int i = (unsigned int)strtoul(r->key, NULL, 16);
	char value[8000];
	size_t len;

	if (i >= ROWS || kinds[i % KINDS] != r->kind || i < seen->next)
		return -ERANGE;
	value_of(i, value, &len);
	if (len != r->len || memcmp(value, r->value, len))
		return -ERANGE;
	seen->n++;
	seen->next = i + 1;
	return 0;
}

/* All rows, or -errno; -ERANGE: one that was never put. */
static int all_rows(struct store *s)
{
	struct seen seen = {0};
	int rc = 0;

	for (int k = 0; k < KINDS && rc == 0; k++) {
		seen.next = 0;
		rc = s->ops->load(s, kinds[k], check_row, &seen);
	}
	return rc < 0 ? rc : (int)seen.n;
}

/* The tool as its own process: its exit status; it must not be killed. */
static int tool(bool salvage)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen(tool_log, "w", stdout) || !freopen(tool_log, "a", stderr))
			_exit(99);
		status = salvage ? ledger_tool_salvage(db, NULL) : ledger_tool_check(db);
		fflush(NULL);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Rows of a store, or -errno; in a process of its own, so that a crash is seen as one. */
static int open_and_count(const char *path, char *err, size_t err_len)
{
	int pipes[2], status, n = -EIO;
	char uri[180];
	pid_t pid;

	snprintf(uri, sizeof(uri), "sqlite:%s", path);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct store *s;
		char text[1024] = "";

		n = store_open(NULL, uri, &s, text, sizeof(text));
		n = n < 0 ? n : all_rows(s);
		_exit(write(pipes[1], &n, sizeof(n)) < 0 || write(pipes[1], text, sizeof(text)) < 0);
	}
	close(pipes[1]);
	memset(err, 0, err_len);
	if (read(pipes[0], &n, sizeof(n)) != sizeof(n) || read(pipes[0], err, err_len) < 0)
		n = -EFAULT;
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -EFAULT : n;
}

static bool same(const char *name, const struct octets *was)
{
	struct octets is = slurp(name);
	bool equal = is.len == was->len && (is.len == 0 || !memcmp(is.data, was->data, is.len));

	free(is.data);
	return equal;
}

struct tally {
	unsigned int sound, refused, noticed, saved, saved_rows;
};

/* What must hold of a ledger, whatever happened to it; NULL or what does not. log_cut: its log may just end earlier. */
static const char *judge(const struct octets *file, const struct octets *log, bool in_log, struct tally *t)
{
	static char err[1100];
	char out_err[64];
	int check = tool(false), salvage = tool(true), n, saved;

	if (check < 0 || salvage < 0 || check > 1 || salvage > 1)
		return "the tool crashed";
	if (!same(db, file) || !same(wal, log))
		return "check or salvage changed the damaged ledger";
	saved = access(out, F_OK) == 0 ? open_and_count(out, out_err, sizeof(out_err)) : 0;
	if (saved < 0)
		return "what was salvaged is not sound";
	t->saved += saved > 0;
	t->saved_rows += (unsigned int)saved;
	n = open_and_count(db, err, sizeof(err));
	if (n == -EFAULT || n == -ERANGE)
		return n == -EFAULT ? "the store crashed" : "a row that was never put";
	if (n >= 0) {
		t->sound++;
		if (n != ROWS && !(in_log && n >= ROWS / 2))
			return "rows are missing, and nothing was said";
		return check == 0 || saved == n ? NULL : "it opens whole, but the check calls it damaged";
	}
	if (n != -EBADMSG)
		return strerror(-n);
	if (!*err) { /* noticed when it was read; the daemon says the same then */
		t->noticed++;
		return check == 1 ? NULL : "damage that the check does not see";
	}
	t->refused++;
	if (!strstr(err, "reunion ledger check") || !strstr(err, "reunion ledger salvage"))
		return "refused without a way out";
	return same(db, file) ? NULL : "the refused ledger was changed";
}

static void test_random_damage(void **state)
{
	const char *env = getenv("REUNION_SEEDS"), *only = getenv("REUNION_SEED");
	uint64_t n = env ? strtoull(env, NULL, 10) : 40, one = only ? strtoull(only, NULL, 10) : 0;
	struct octets file, log;
	struct tally t = {0};
	unsigned int bad = 0;

	(void)state;
	make(&file, &log);
	for (uint64_t seed = one ? one : 1; seed <= (one ? one : n); seed++) {
		uint64_t r = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
		struct octets f = file, l = log;
		const char *what, *wrong;
		bool in_log;

		f.data = memcpy(malloc(f.max), file.data, file.max);
		l.data = memcpy(malloc(l.max), log.data, log.max);
		rnd(&r, 0);
		in_log = rnd(&r, 3) == 0;
		what = damage(in_log ? &l : &f, &r);
		wipe();
		spill(db, &f);
		spill(wal, &l);
		wrong = judge(&f, &l, in_log, &t);
		if (wrong)
			print_error("seed %lu, %s in the %s: %s\n", (unsigned long)seed, what, in_log ? "log" : "file", wrong);
		bad += wrong != NULL;
		free(f.data);
		free(l.data);
	}
	print_message("# %u open whole, %u refused, %u noticed when read; %u salvaged, %u rows in all\n", t.sound, t.refused, t.noticed,
		      t.saved, t.saved_rows);
	free(file.data);
	free(log.data);
	assert_int_equal(bad, 0);
	assert_true(one || (t.sound > 0 && t.refused > 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_damage),
	};
	int rc;

	snprintf(folder, sizeof(folder), "/tmp/reunion-damage.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(db, sizeof(db), "%s/ledger.db", folder);
	snprintf(wal, sizeof(wal), "%s-wal", db);
	snprintf(out, sizeof(out), "%s.salvaged", db);
	snprintf(tool_log, sizeof(tool_log), "%s/log", folder);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	wipe();
	rm(".lock");
	rm(".reserve");
	unlink(tool_log);
	rmdir(folder);
	return rc;
}

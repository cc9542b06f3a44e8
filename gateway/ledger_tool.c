#include "gateway/ledger_tool.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/daemon.h"
#include "gateway/ledger_file.h"
#include "gateway/log.h"
#include "gateway/store_lease.h"
#include "gateway/store_sqlite.h"
#include "gateway/storethread.h"

#define BATCH 256 /* rows a commit of the salvaged ledger */

/* What one walk through all tables found, and where its rows go. */
struct findings {
	struct ledger_walk walk[LEDGER_KINDS];
	bool damaged;
	struct store *to; /* salvage */
	struct store_batch *batch;
	uint64_t leases; /* not taken over */
	bool print;
};

static void bad_row(void *arg, enum store_kind kind, const char *key)
{
	printf("%s %s: damaged, its sum is wrong\n", ledger_table(kind), key ? log_safe(key, strlen(key)) : "(no key)");
}

static void bad_line(void *arg, const char *text)
{
	printf("structure: %s\n", log_safe(text, strlen(text)));
}

static int flush(struct findings *f)
{
	int rc = f->batch->n ? f->to->ops->apply(f->to, f->batch->recs, f->batch->n) : 0;

	talloc_free(f->batch);
	f->batch = store_batch_new(NULL);
	return rc;
}

static int take_row(void *arg, const struct store_rec *r)
{
	struct findings *f = arg;

	if (f->print)
		printf("%s\t%s\t%" PRIu32 "\t%zu\n", ledger_table(r->kind), log_safe(r->key, strlen(r->key)), r->epoch, r->len);
	if (!f->to)
		return 0;
	if (store_lease_is(r)) { /* nobody serves the new ledger yet */
		f->leases++;
		return 0;
	}
	store_batch_add(f->batch, r->kind, r->key, r->value, r->len, r->epoch);
	return f->batch->n >= BATCH ? flush(f) : 0;
}

static int walk_all(struct ledger_file *file, struct findings *f)
{
	int rc = 0;

	for (unsigned int k = STORE_ALERT; k < LEDGER_KINDS && rc == 0; k++) {
		struct ledger_walk *w = &f->walk[k];

		rc = ledger_file_walk(file, k, take_row, bad_row, f, w);
		f->damaged |= w->damaged || w->cut;
		if (w->cut)
			printf("%s: rows after %s cannot be read\n", ledger_table(k), *w->after ? log_safe(w->after, strlen(w->after)) : "the beginning");
	}
	return rc;
}

static void print_sums(const struct findings *f, const char *word)
{
	for (unsigned int k = STORE_ALERT; k < LEDGER_KINDS; k++)
		printf("%s %" PRIu64 " %s%s", k == STORE_ALERT ? word : ",", f->walk[k].sound, ledger_table(k), k == STORE_META ? "\n" : "");
}

static int fail(const char *err, int rc)
{
	fprintf(stderr, "reunion ledger: %s\n", *err ? err : strerror(-rc));
	return 1;
}

int ledger_tool_check(const char *path)
{
	struct findings f = {0};
	struct ledger_file *file;
	char err[1024] = "";
	int rc = ledger_file_open(NULL, path, &file, err, sizeof(err));

	if (rc == -EBADMSG)
		printf("%s: damaged\n", path);
	if (rc < 0)
		return fail(err, rc);
	if (file->in_use)
		printf("%s: in use by a gateway; this is what it had committed just now\n", path);
	if (file->log_torn)
		puts("log: damaged: commits at its end cannot be read");
	walk_all(file, &f);
	f.damaged |= !ledger_file_structure(file, bad_line, NULL) || file->log_torn;
	print_sums(&f, "rows:");
	printf("%s: %s\n", path, f.damaged ? "damaged" : "sound");
	if (f.damaged)
		printf("`reunion ledger salvage %s` writes what is whole into a new ledger; this one is not changed\n", path);
	talloc_free(file);
	return f.damaged;
}

/* ---- dead letters ---- */

struct dead_search {
	const char *alert_id;
	uint64_t damaged;
};

static void print_letter(const char *alert, const char *key, const struct dead_letter *letter)
{
	const char *link = key + strlen(DEAD_KEY) + 17, *end = strrchr(key, '/');
	time_t at = letter->at;
	char when[32];
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	printf("%s\t%s\t", when, log_safe(alert, strlen(alert)));
	printf("%s\t", log_safe(link, end - link));
	printf("%s\t%s\t%s\t", letter->to[0] ? log_safe(letter->to, strlen(letter->to)) : "?", unit_state_name(letter->state),
	       dead_reason(letter));
	if (letter->why == DEAD_STATUS || letter->why == DEAD_CAUSE)
		printf("0x%0*" PRIx32 "\t%c\t%u\n", letter->why == DEAD_CAUSE ? 2 : 8, letter->status, letter->class, letter->tries);
	else if (letter->why == DEAD_DOUBT)
		puts("-\t-\t-");
	else
		printf("-\t-\t%u\n", letter->tries);
}

static int print_dead(void *arg, const struct store_rec *r)
{
	struct dead_search *s = arg;
	struct dead_letter letter;
	char id[256];
	struct dead_row row;
	int rc;

	if (strncmp(r->key, DEAD_KEY, strlen(DEAD_KEY)))
		return 0;
	if (strlen(r->key) < strlen(DEAD_KEY) + 27 || dead_open(&row, r->value, r->len, id) != 0) {
		s->damaged++;
		return 0;
	}
	if (s->alert_id && strcmp(s->alert_id, id))
		return 0;
	while ((rc = dead_next(&row, &letter)) > 0)
		print_letter(id, r->key, &letter);
	s->damaged += rc < 0;
	return 0;
}

int ledger_tool_dead(const char *path, const char *alert_id)
{
	struct dead_search s = {.alert_id = alert_id};
	struct ledger_walk walk = {0};
	struct ledger_file *file;
	char err[1024] = "";
	int rc = ledger_file_open(NULL, path, &file, err, sizeof(err));

	if (rc < 0)
		return fail(err, rc);
	rc = ledger_file_walk(file, STORE_META, print_dead, bad_row, &s, &walk);
	talloc_free(file);
	if (rc < 0)
		return fail(err, rc);
	if (s.damaged || walk.damaged || walk.cut)
		fprintf(stderr, "reunion ledger: %s: some rows are damaged and were left out; `reunion ledger check` names them\n", path);
	return s.damaged || walk.damaged || walk.cut;
}

int ledger_tool_rows(const char *path)
{
	struct findings f = {.print = true};
	struct ledger_file *file;
	char err[1024] = "";
	int rc = ledger_file_open(NULL, path, &file, err, sizeof(err));

	if (rc < 0)
		return fail(err, rc);
	walk_all(file, &f);
	talloc_free(file);
	return f.damaged;
}

/* The new ledger's own lock and reserve are made again where it will be used. */
static void drop_beside(const char *out)
{
	static const char *const rests[] = {".lock", ".reserve"};
	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		char *name = talloc_asprintf(NULL, "%s%s", out, rests[i]);

		unlink(name);
		talloc_free(name);
	}
}

static void advise(const char *path, const char *out, const struct findings *f, bool log_torn)
{
	if (log_torn)
		puts("log: commits at its end are lost: units that they settled are sent again, at most three times in all");
	if (f->walk[STORE_CHUNK].damaged || f->walk[STORE_CHUNK].cut)
		puts("chunk: the progress of the units in lost chunks is lost: an alert that still runs sends to them again; "
		     "`reunion alert cancel` stops it");
	if (f->walk[STORE_ALERT].damaged || f->walk[STORE_ALERT].cut)
		puts("alert: lost alerts do not go on; drop their triggers again under a new case number");
	printf("%s: written. With the gateway stopped: mv %s %s.damaged; rm -f %s-wal %s-shm (keep copies); mv %s %s\n", out, path, path,
	       path, path, out, path);
}

static int salvage_into(struct ledger_file *file, const char *out, struct findings *f, char *err, size_t err_len)
{
	char *uri = talloc_asprintf(file, "sqlite:%s", out);
	int rc = store_open(NULL, uri, &f->to, err, err_len);

	if (rc < 0)
		return rc;
	f->batch = store_batch_new(NULL);
	rc = walk_all(file, f);
	if (rc == 0)
		rc = flush(f);
	talloc_free(f->batch);
	f->to->ops->close(f->to);
	if (rc < 0)
		snprintf(err, err_len, "%.900s: cannot be written: %s", out, strerror(-rc));
	return rc;
}

int ledger_tool_salvage(const char *path, const char *out)
{
	struct findings f = {0};
	struct ledger_file *file;
	char err[1024] = "", beside[PATH_MAX];
	int rc;

	if (!out) {
		snprintf(beside, sizeof(beside), "%s.salvaged", path);
		out = beside;
	}
	if (access(out, F_OK) == 0) {
		fprintf(stderr, "reunion ledger: %s exists; nothing is overwritten: name another with -o FILE\n", out);
		return 1;
	}
	rc = ledger_file_open(NULL, path, &file, err, sizeof(err));
	if (rc < 0)
		return fail(err, rc);
	if (file->in_use) {
		talloc_free(file);
		fprintf(stderr, "reunion ledger: %s is in use by a gateway; stop it first\n", path);
		return 1;
	}
	rc = salvage_into(file, out, &f, err, sizeof(err));
	if (rc == 0) {
		f.walk[STORE_META].sound -= f.leases;
		print_sums(&f, "saved:");
		advise(path, out, &f, file->log_torn);
		rc = f.damaged || file->log_torn;
	} else {
		unlink(out);
		rc = fail(err, rc);
	}
	drop_beside(out);
	talloc_free(file);
	return rc;
}

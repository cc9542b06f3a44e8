#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/log.h"
#include "gateway/spool_file.h"
#include "gateway/spool_parts.h"

#define NAMES_TRIED 10000
#define SYNCS       4 /* before the loop gets its turn */

static const char *const endings[] = {".trigger", ".xml"};

static size_t stem_len(const char *name)
{
	const char *point = strrchr(name, '.');

	return point ? (size_t)(point - name) : strlen(name);
}

/* "x" or "x.2" ... such that no trigger of that stem lies in dir. A result alone there is of an attempt of
 * ours that a crash or a full disk cut short. */
static char *free_stem(void *ctx, int dir, const char *name)
{
	for (int i = 1; i <= NAMES_TRIED; i++) {
		char *stem = talloc_strndup(ctx, name, stem_len(name));
		bool taken = false;

		if (i > 1)
			stem = talloc_asprintf_append_buffer(stem, ".%d", i);
		for (size_t k = 0; k < ARRAY_SIZE(endings) && !taken; k++) {
			char *full = talloc_asprintf(ctx, "%s%s", stem, endings[k]);

			taken = spool_file_exists(dir, full);
			talloc_free(full);
		}
		if (!taken)
			return stem;
		talloc_free(stem);
	}
	return NULL;
}

/* The file and its signature, which goes first. */
static int move_pair(void *ctx, int from, const char *name, int to, const char *new_name)
{
	renameat(from, talloc_asprintf(ctx, "%s.minisig", name), to,
		 talloc_asprintf(ctx, "%s.minisig", new_name));
	return spool_file_move(from, name, to, new_name);
}

static void drop_deferred_result(struct spool *s, void *ctx, const char *name)
{
	unlinkat(s->fd, talloc_asprintf(ctx, "%.*s.result.json", (int)stem_len(name), name), 0);
}

static void sync_folders(struct spool *s, int dir)
{
	if (fsync(dir) < 0 || fsync(s->claimed) < 0)
		LOGP(DSPOOL, LOGL_ERROR, "%s: fsync: %s\n", s->dir, strerror(errno));
}

/* Nobody may hold up a good trigger with a heap of bad ones: rejections are synced when nothing else is to be done. One that
 * a power cut undoes is a file in claimed/ again, and rejected anew. */
static void sync_later(struct spool *s, const char *name)
{
	struct spool_unsynced *u = talloc_zero(s, struct spool_unsynced);

	OSMO_ASSERT(u);
	u->name = talloc_strdup(u, name);
	llist_add_tail(&u->list, &s->unsynced);
}

bool spool_sync_some(struct spool *s)
{
	struct spool_unsynced *u, *next;
	int n = 0;

	llist_for_each_entry_safe (u, next, &s->unsynced, list) {
		int fd = openat(s->rejected, u->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && fsync(fd) < 0)
			LOGP(DSPOOL, LOGL_ERROR, "%s: fsync: %s\n", s->dir, strerror(errno));
		if (fd >= 0)
			close(fd);
		llist_del(&u->list);
		talloc_free(u);
		if (++n == SYNCS)
			return true;
	}
	if (n > 0)
		sync_folders(s, s->rejected);
	return false;
}

/* Result first, then the file: whoever sees the file in accepted/ finds its result there; a crash between
 * them leaves the file in claimed/, and the decision is written again. */
static int settle(struct spool *s, const struct spool_verdict *v)
{
	void *ctx = talloc_new(s);
	int dir = v->decision == SPOOL_ACCEPTED ? s->accepted : s->rejected, rc = -EEXIST;
	char *stem = dir < 0 ? NULL : free_stem(ctx, dir, v->name), *result = NULL;
	bool later = v->decision == SPOOL_REJECTED;

	if (stem) {
		result = talloc_asprintf(ctx, "%s.result.json", stem);
		rc = spool_file_json(dir, result, v->result, !later);
	}
	if (rc == 0)
		rc = move_pair(ctx, s->claimed, v->name, dir,
			       talloc_asprintf(ctx, "%s%s", stem, v->name + stem_len(v->name)));
	if (rc == -ENOENT)
		rc = 0; /* somebody took the file away; the result is there */
	if (rc == 0) {
		drop_deferred_result(s, ctx, v->name);
		if (later)
			sync_later(s, result);
		else
			sync_folders(s, dir);
	}
	talloc_free(ctx);
	return rc;
}

/* Back into the spool, with a result that says why (written once, as well as a full disk allows). */
static int put_back(struct spool *s, const struct spool_verdict *v, bool again, uint64_t now_us)
{
	void *ctx = talloc_new(s);
	struct spool_entry *e;
	char *stem, *name;
	int rc = -EEXIST;

	stem = free_stem(ctx, s->fd, v->name); /* meanwhile another may have come under its name */
	name = stem ? talloc_asprintf(ctx, "%s%s", stem, v->name + stem_len(v->name)) : NULL;
	if (name && (!again || strcmp(name, v->name)))
		spool_file_json(s->fd, talloc_asprintf(ctx, "%s.result.json", stem), v->result, false);
	if (name)
		rc = move_pair(ctx, s->claimed, v->name, s->fd, name);
	e = rc == 0 && !s->deaf ? spool_entry(s, name, now_us) : NULL;
	if (e) {
		e->closed = e->again = true;
		e->due_us = now_us + SPOOL_DEFER_US;
	}
	talloc_free(ctx);
	return rc == -ENOENT ? 0 : rc;
}

static void forget(struct spool *s, struct spool_verdict *v)
{
	llist_del(&v->list);
	s->n_verdicts--;
	json_decref(v->result);
	talloc_free(v);
}

static int write_verdict(struct spool *s, const struct spool_verdict *v, bool again, uint64_t now_us)
{
	return v->decision == SPOOL_DEFERRED ? put_back(s, v, again, now_us) : settle(s, v);
}

int spool_finish(struct spool_item *item, enum spool_decision decision, const json_t *result, uint64_t now_us)
{
	struct spool *s = item->spool;
	struct spool_verdict *v = talloc_zero(s, struct spool_verdict);
	bool again = item->again;
	int rc;

	OSMO_ASSERT(v);
	v->name = talloc_strdup(v, item->name);
	v->decision = decision;
	v->result = json_deep_copy(result);
	llist_add_tail(&v->list, &s->verdicts);
	s->n_verdicts++;
	talloc_free(item);
	s->n_out--;
	rc = write_verdict(s, v, again, now_us);
	if (rc < 0) {
		LOGP(DSPOOL, LOGL_ERROR,
		     "%s: the result of %s cannot be written: %s; tried again every second\n", s->dir,
		     log_safe(v->name, strlen(v->name)), strerror(-rc));
		s->next_write_us = now_us + SPOOL_RETRY_US;
	} else {
		forget(s, v);
	}
	return rc;
}

void spool_write_verdicts(struct spool *s, uint64_t now_us)
{
	struct spool_verdict *v, *next;

	if (!s->n_verdicts || now_us < s->next_write_us)
		return;
	s->next_write_us = now_us + SPOOL_RETRY_US;
	llist_for_each_entry_safe (v, next, &s->verdicts, list) {
		if (write_verdict(s, v, false, now_us) < 0)
			return; /* the others would fare no better */
		LOGP(DSPOOL, LOGL_NOTICE, "%s: the result of %s is written now\n", s->dir,
		     log_safe(v->name, strlen(v->name)));
		forget(s, v);
	}
}

/* ---- alerts and clues ---- */

int spool_alert_file(struct spool *s, const char *id, const json_t *doc)
{
	const char *state = json_string_value(json_object_get(doc, "state"));
	char *name;
	int rc;

	if (!spool_name_ok(id, strlen(id)))
		return -EINVAL;
	name = talloc_asprintf(s, "%s.json", id);
	rc = spool_file_json(s->alerts, name, doc, !state || strcmp(state, "running"));
	talloc_free(name);
	return rc;
}

int spool_cells_file(struct spool *s, const char *id, const char *text, size_t len)
{
	char *name;
	int rc;

	if (!spool_name_ok(id, strlen(id)))
		return -EINVAL;
	name = talloc_asprintf(s, "%s.cells.csv", id);
	rc = spool_file_put(s->alerts, name, text, len, true);
	talloc_free(name);
	return rc;
}

/* Named by its content: a clue that the carrier sends again falls onto itself. */
static char *clue_name(void *ctx, const json_t *clue)
{
	const char *link = json_string_value(json_object_get(clue, "link"));
	char *text = json_dumps(clue, JSON_SORT_KEYS | JSON_COMPACT), hex[17];
	uint8_t hash[8];

	OSMO_ASSERT(text && sodium_init() >= 0);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, strlen(text), NULL, 0);
	free(text);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return talloc_asprintf(ctx, "%" JSON_INTEGER_FORMAT "-%s-%s.json",
			       json_integer_value(json_object_get(clue, "received_at")),
			       link && spool_name_ok(link, strlen(link)) ? link : "link", hex);
}

static int put_clue(int dir, const json_t *clue)
{
	char *name = clue_name(NULL, clue);
	int rc = dir < 0 ? -ENOENT : spool_file_json(dir, name, clue, true);

	talloc_free(name);
	return rc;
}

int spool_clue(struct spool *s, const json_t *clue)
{
	return put_clue(s->clues, clue);
}

int spool_clue_in(const char *dir, const json_t *clue)
{
	int above = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), clues, rc;

	if (above < 0)
		return -errno;
	clues = spool_folder(above, "clues", 0750, false);
	rc = clues < 0 ? clues : put_clue(clues, clue);
	if (rc == 0 && fsync(above) < 0)
		rc = -errno;
	if (clues >= 0)
		close(clues);
	close(above);
	return rc;
}

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/log.h"
#include "gateway/minisign.h"
#include "gateway/spool_file.h"
#include "gateway/spool_parts.h"

#define BAD_NAME "badname-" /* files whose own name cannot be used */

/* A harmless name for a file that has none. */
static char *other_name(void *ctx, const char *name)
{
	size_t n = strlen(name);
	const char *ending = n > 4 && !strcmp(name + n - 4, ".xml") ? "xml" : "trigger";
	uint8_t hash[8];
	char hex[17];

	OSMO_ASSERT(sodium_init() >= 0);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, n, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return talloc_asprintf(ctx, BAD_NAME "%s.%s", hex, ending);
}

static char *sig_name(void *ctx, const char *name)
{
	return talloc_asprintf(ctx, "%s.minisig", name);
}

/* What could be claimed but not opened (swapped under our hands): out of the way. */
static void move_aside(struct spool *s, const char *name, int rc)
{
	LOGP(DSPOOL, LOGL_NOTICE, "%s: claimed %s is not a plain file (%s); moved to rejected/\n", s->dir,
	     log_safe(name, strlen(name)), strerror(-rc));
	if (spool_file_move(s->claimed, name, s->rejected, name) < 0)
		unlinkat(s->claimed, name, 0);
}

static void read_signature(struct spool_item *item)
{
	char *name = sig_name(item, item->name);

	if (spool_file_read(item, item->spool->claimed, name, MINISIGN_MAX_OCTETS + 1, &item->sig,
			    &item->sig_len) < 0)
		item->sig = NULL;
	talloc_free(name);
}

static const char *trouble_of(const struct spool_item *item, int rc)
{
	if (rc < 0)
		return "the file cannot be read";
	if (item->len > SPOOL_MAX_OCTETS)
		return "the file is larger than 65536 octets";
	if (!strncmp(item->name, BAD_NAME, strlen(BAD_NAME)))
		return "the file's name holds more than 128 octets, control characters, a backslash or octets that "
		       "are not UTF-8; rename it and drop it again";
	return NULL;
}

/* Reads name in claimed/ and hands it out. */
static void hand_out(struct spool *s, const char *name, const struct spool_entry *e)
{
	struct spool_item *item = talloc_zero(s, struct spool_item);
	int rc;

	OSMO_ASSERT(item);
	item->spool = s;
	item->name = talloc_strdup(item, name);
	item->leftover = e->leftover;
	item->again = e->again;
	rc = spool_file_read(item, s->claimed, name, SPOOL_MAX_OCTETS + 1, &item->data, &item->len);
	if (rc == -ELOOP || rc == -ENXIO || rc == -ENOENT) {
		move_aside(s, name, rc);
		talloc_free(item);
		return;
	}
	if (item->data) /* it may wait a while for its turn */
		item->data = talloc_realloc(item, item->data, uint8_t, OSMO_MAX(item->len, 1));
	item->trouble = trouble_of(item, rc);
	read_signature(item);
	s->n_out++;
	s->ops->claimed(s->arg, item);
}

/* Takes the file and its signature over by rename. */
static int take_over(struct spool *s, const char *name, const char *claimed)
{
	void *scratch = talloc_new(s);
	int rc = spool_file_move(s->fd, name, s->claimed, claimed);

	if (rc == 0 && renameat(s->fd, sig_name(scratch, name), s->claimed, sig_name(scratch, claimed)) < 0)
		unlinkat(s->claimed, sig_name(scratch, claimed),
			 0); /* none came; one of an earlier file is not its own */
	talloc_free(scratch);
	return rc;
}

int spool_claim(struct spool *s, struct spool_entry *e, uint64_t now_us)
{
	void *scratch = talloc_new(s);
	const char *name = spool_name_ok(e->name, strlen(e->name)) ? e->name : other_name(scratch, e->name);
	int rc = e->leftover ? 0 : take_over(s, e->name, name);

	if (rc < 0 && rc != -ENOENT) {
		/* -EEXIST: one of this name is being decided upon just now */
		if (rc != -EEXIST && !e->told)
			LOGP(DSPOOL, LOGL_ERROR, "%s: %s cannot be claimed: %s\n", s->dir,
			     log_safe(e->name, strlen(e->name)), strerror(-rc));
		e->told = true;
		e->due_us = now_us + SPOOL_RETRY_US;
		talloc_free(scratch);
		return -EAGAIN;
	}
	if (rc == 0 && name != e->name)
		LOGP(DSPOOL, LOGL_NOTICE, "%s: a file of the unusable name %s is claimed as %s\n", s->dir,
		     log_safe(e->name, strlen(e->name)), name);
	/* gone from the list before the callback may put it back */
	spool_entry_forget(s, e);
	if (rc == 0)
		hand_out(s, name, e);
	talloc_free(e);
	talloc_free(scratch);
	return 0;
}

/* Among the entries, before all that are younger. */
static void add_by_age(struct spool *s, struct spool_entry *e)
{
	struct spool_entry *other;

	llist_for_each_entry (other, &s->entries, list)
		if (spool_by_age(&e->mtime, &other->mtime) < 0)
			break;
	llist_add_tail(&e->list, &other->list);
	s->n_entries++;
}

/* An alert comes before its cancel here too. */
void spool_list_leftovers(struct spool *s)
{
	int fd = openat(s->claimed, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct spool_entry *e;
	struct dirent *d;
	struct stat st;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir))) {
		if (!spool_is_trigger(d->d_name) || fstatat(s->claimed, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		e = talloc_zero(s, struct spool_entry);
		OSMO_ASSERT(e);
		e->name = talloc_strdup(e, d->d_name);
		e->leftover = true;
		e->mtime = st.st_mtim;
		INIT_LLIST_HEAD(&e->bucket); /* never looked for by name */
		add_by_age(s, e);
	}
	if (dir)
		closedir(dir);
}

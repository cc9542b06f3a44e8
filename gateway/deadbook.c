/* Dead letters of running alerts on their way into the store: gathered for a second or until a row is full. Only what is not written
 * yet is in memory. */
#include "gateway/daemon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"

#define ROW_MAX	    4096
#define LETTERS_MAX 100000 /* of a job on a link; a carrier that refuses millions has one reason for it, not millions */

struct dead_list {
	struct llist_head entry;
	uint64_t job;
	char link[64];
	uint32_t rows, letters; /* written ones; all */
	uint8_t *v;		/* NULL: nothing to write */
	struct dead_row row;
};

static struct dead_list *the_list(struct daemon *d, uint64_t job, const char *link)
{
	struct dead_list *l;

	llist_for_each_entry(l, &d->dead, entry)
		if (l->job == job && !strcmp(l->link, link))
			return l;
	l = talloc_zero(d, struct dead_list);
	OSMO_ASSERT(l);
	l->job = job;
	osmo_strlcpy(l->link, link, sizeof(l->link));
	llist_add_tail(&l->entry, &d->dead);
	return l;
}

static void write_row(struct daemon *d, const struct dead_list *l, uint32_t no, const uint8_t *v, size_t len)
{
	char key[sizeof(DEAD_KEY) + sizeof(l->link) + 32];

	snprintf(key, sizeof(key), DEAD_KEY "%016" PRIx64 "/%s/%08" PRIx32, l->job, l->link, no);
	onair_keep(d, key, v, len);
}

static void flush(struct daemon *d, struct dead_list *l)
{
	if (!l->v)
		return;
	write_row(d, l, l->rows++, l->v, l->row.len);
	TALLOC_FREE(l->v);
}

static const char *alert_id(struct daemon *d, uint64_t job)
{
	const struct dispatch_job *j = dispatch_job(d->dispatch, job);
	const struct book_job *b = j ? j->spec.owner : NULL;

	return b ? b->alert->id : NULL;
}

static bool begin(struct daemon *d, struct dead_list *l)
{
	const char *id = alert_id(d, l->job);

	if (!id)
		return false;
	l->v = talloc_size(l, ROW_MAX);
	OSMO_ASSERT(l->v);
	if (dead_begin(&l->row, l->v, ROW_MAX, id) == 0)
		return true;
	TALLOC_FREE(l->v);
	return false;
}

void deadbook_letter(void *arg, struct fleet_link *fl, uint64_t job, const struct dead_letter *letter)
{
	struct daemon *d = arg;
	struct dead_list *l = the_list(d, job, fl->link->cfg->name);
	struct dead_letter dated = *letter;

	if (l->letters == LETTERS_MAX) {
		l->letters++;
		LOGP(DALERT, LOGL_NOTICE, "%s: %u units of one alert ended badly; of further ones the ledger keeps no reason\n", l->link,
		     LETTERS_MAX);
	}
	if (l->letters > LETTERS_MAX || (!l->v && !begin(d, l)))
		return;
	l->letters++;
	dated.at = clock_wall_s();
	if (dead_add(&l->row, &dated) < 0) {
		flush(d, l);
		if (begin(d, l))
			dead_add(&l->row, &dated);
	}
}

void deadbook_second(struct daemon *d)
{
	struct dead_list *l;

	llist_for_each_entry(l, &d->dead, entry)
		flush(d, l);
}

/* Only counted: so that new rows get new numbers, and not more than the most. */
bool deadbook_load(struct daemon *d, const struct store_rec *rec)
{
	const char *link = rec->key + strlen(DEAD_KEY) + 17, *no = strrchr(rec->key, '/');
	struct dead_letter letter;
	struct dead_list *l;
	char name[64], id[256];
	uint64_t job;
	struct dead_row row;

	if (strlen(rec->key) < strlen(DEAD_KEY) + 19 || no <= link || no - link >= (int)sizeof(name) ||
	    sscanf(rec->key + strlen(DEAD_KEY), "%16" SCNx64, &job) != 1 || dead_open(&row, rec->value, rec->len, id) != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(no - link), link);
	if (!alert_id(d, job))
		return false;
	l = the_list(d, job, name);
	l->rows = OSMO_MAX(l->rows, (uint32_t)strtoul(no + 1, NULL, 16) + 1);
	while (dead_next(&row, &letter) > 0)
		l->letters++;
	return true;
}

void deadbook_end(struct daemon *d, const struct alert *a)
{
	struct dead_list *l, *next;
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		llist_for_each_entry_safe(l, next, &d->dead, entry) {
			if (l->job != j->id)
				continue;
			for (uint32_t i = 0; i < l->rows; i++)
				write_row(d, l, i, NULL, 0);
			llist_del(&l->entry);
			talloc_free(l);
		}
}

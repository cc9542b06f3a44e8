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
#include "gateway/link_smpp.h"
#include "gateway/log.h"

#define ROW_MAX	    4096
#define LETTERS_MAX 100000 /* of a job on a link; a carrier that refuses millions has one reason for it, not millions */

struct dead_list {
	struct llist_head entry;
	uint64_t job;
	char link[64];
	uint32_t rows, letters; /* written ones; all */
	uint32_t *unknown;	/* units of letters that say so: n_unknown, in the order of the letters */
	size_t n_unknown, max_unknown;
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

static void note_unknown(struct dead_list *l, const struct dead_letter *letter)
{
	if (letter->state != UNIT_UNKNOWN)
		return;
	if (l->n_unknown == l->max_unknown) {
		l->max_unknown = l->max_unknown ? 2 * l->max_unknown : 16;
		l->unknown = talloc_realloc(l, l->unknown, uint32_t, l->max_unknown);
		OSMO_ASSERT(l->unknown);
	}
	l->unknown[l->n_unknown++] = letter->unit;
}

static void add(struct daemon *d, struct dead_list *l, const struct dead_letter *letter)
{
	struct dead_letter dated = *letter;

	if (l->letters == LETTERS_MAX) {
		l->letters++;
		LOGP(DALERT, LOGL_NOTICE, "%s: %u units of one alert ended badly; of further ones the ledger keeps no reason\n", l->link,
		     LETTERS_MAX);
	}
	if (l->letters > LETTERS_MAX || (!l->v && !begin(d, l)))
		return;
	l->letters++;
	note_unknown(l, letter);
	dated.at = clock_wall_s();
	if (dead_add(&l->row, &dated) < 0) {
		flush(d, l);
		if (begin(d, l))
			dead_add(&l->row, &dated);
	}
}

void deadbook_letter(void *arg, struct fleet_link *fl, uint64_t job, const struct dead_letter *letter)
{
	add(arg, the_list(arg, job, fl->link->cfg->name), letter);
}

/* ---- what no link could tell of ---- */

static void write_to(const struct book_job *j, uint32_t unit, char to[DEAD_TO])
{
	struct cell_id id;
	uint8_t digits;

	if (book_group(j)->gone)
		return;
	if (book_group(j)->kind == GROUP_SUBSCRIBERS) {
		if (book_payload.msisdn(NULL, j->job, unit, to) < 0)
			to[0] = '\0';
	} else if (book_payload.cell(NULL, j->job, unit, &id, &digits) < 0 || link_smpp_cell_name(&id, digits, to) < 0) {
		to[0] = '\0';
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The units of the job that have a letter, ascending, whatever link it is from. False: as many as the job has, or more than are
 * kept. */
static bool told_units(struct daemon *d, const struct book_job *j, uint32_t **units, size_t *n)
{
	struct dead_list *l;

	*n = 0;
	llist_for_each_entry(l, &d->dead, entry) {
		if (l->job == j->id && l->letters > LETTERS_MAX)
			return false;
		*n += l->job == j->id ? l->n_unknown : 0;
	}
	if (*n >= j->job->sums.n[UNIT_UNKNOWN])
		return false;
	*units = talloc_array(d, uint32_t, *n + 1);
	OSMO_ASSERT(*units);
	*n = 0;
	llist_for_each_entry(l, &d->dead, entry)
		if (l->job == j->id && l->n_unknown > 0) {
			memcpy(*units + *n, l->unknown, l->n_unknown * sizeof(**units));
			*n += l->n_unknown;
		}
	qsort(*units, *n, sizeof(**units), by_number);
	return true;
}

/* Units become unknown at a restart, or when the alert ends, without their link's doing. */
static void add_doubts(struct daemon *d, const struct book_job *j)
{
	uint32_t *told, same;
	size_t n;

	if (!told_units(d, j, &told, &n))
		return;
	for (uint32_t u = 0; u < j->job->spec.n_units; u += same) {
		struct dead_letter letter = {.unit = u, .why = DEAD_DOUBT, .state = UNIT_UNKNOWN, .class = '-'};
		uint16_t link = dispatch_unit_link(j->job, u);

		same = UNIT_STATE(dispatch_unit(j->job, u)) == UNIT_UNKNOWN ? 1 : dispatch_unit_same(j->job, u);
		if (UNIT_STATE(dispatch_unit(j->job, u)) != UNIT_UNKNOWN || link >= d->fleet->n_links ||
		    bsearch(&u, told, n, sizeof(*told), by_number))
			continue;
		write_to(j, u, letter.to);
		add(d, the_list(d, j->id, d->fleet->links[link].link->cfg->name), &letter);
	}
	talloc_free(told);
}

void deadbook_second(struct daemon *d)
{
	const struct book_job *j;
	const struct alert *a;
	struct dead_list *l;

	llist_for_each_entry(a, &d->book->alerts, entry)
		llist_for_each_entry(j, &a->jobs, entry)
			if (j->job->sums.n[UNIT_UNKNOWN] > 0)
				add_doubts(d, j);
	llist_for_each_entry(l, &d->dead, entry)
		flush(d, l);
}

/* Only counted, so that new rows get new numbers, and not more than the most; and whose units are told of. */
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
	while (dead_next(&row, &letter) > 0) {
		l->letters++;
		note_unknown(l, &letter);
	}
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

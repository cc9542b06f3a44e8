/* What is on air, and how it is taken off: the daemon's side. BSCs forget with their connection; of message centres that took a
 * broadcast_sm the ids are kept in the store, so that a recall reaches them also after a restart. */
#include "gateway/daemon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/link_cbsp.h"
#include "gateway/link_smpp.h"

static void told_done(struct daemon *d, struct pending *p, int rc)
{
	struct pending *again;

	if (rc == 0)
		return;
	again = talloc_zero(d, struct pending);
	OSMO_ASSERT(again);
	*again = *p;
	talloc_steal(again, p->told);
	talloc_steal(again, p->value);
	llist_add_tail(&again->entry, &d->unsaved);
}

void onair_keep(struct daemon *d, const char *key, const void *value, size_t len)
{
	struct pending *p = talloc_zero(d, struct pending);

	OSMO_ASSERT(p);
	*p = (struct pending){.done = told_done, .len = len};
	p->told = talloc_strdup(p, key);
	p->value = value ? talloc_memdup(p, value, len + !len) : NULL;
	OSMO_ASSERT(p->told && (p->value || !value));
	intake_write(d, p);
}

static void keep(struct daemon *d, struct fleet_link *fl, const char *kind, uint64_t job, const char *what, const void *value, size_t len)
{
	char *key = talloc_asprintf(d, "%s%016" PRIx64 "/%s/%s", kind, job, fl->link->cfg->name, what);

	OSMO_ASSERT(key);
	onair_keep(d, key, value, len);
	talloc_free(key);
}

/* An id is durable before the unit's answer is: batches keep their order. */
void onair_event(void *arg, struct fleet_link *fl, uint64_t job, const char *message_id, bool on)
{
	keep(arg, fl, ONAIR_KEY, job, osmo_hexdump_nospc((const uint8_t *)message_id, strlen(message_id)), on ? "" : NULL, 0);
}

void onair_held(void *arg, struct fleet_link *fl, uint64_t job, uint32_t seq, const void *ids, size_t len)
{
	char no[12];

	snprintf(no, sizeof(no), "%08" PRIx32, seq);
	keep(arg, fl, ONAIR_HELD, job, no, ids, len);
}

/* The link and job of a key, and what stands behind them. */
static const char *read_key(struct daemon *d, const char *key, struct link **link, uint64_t *job)
{
	const char *name = key + strlen(ONAIR_KEY) + 17, *rest = strrchr(key, '/');
	char link_name[64];

	if (strlen(key) < strlen(ONAIR_KEY) + 20 || rest <= name || sscanf(key + strlen(ONAIR_KEY), "%16" SCNx64, job) != 1)
		return NULL;
	snprintf(link_name, sizeof(link_name), "%.*s", (int)(rest - name), name);
	if (fleet_index(d->fleet, link_name) < 0)
		return NULL;
	*link = d->fleet->links[fleet_index(d->fleet, link_name)].link;
	return (*link)->cfg->type == LINK_SMPP ? rest + 1 : NULL;
}

static bool load(struct daemon *d, const struct store_rec *rec)
{
	bool sent = !strncmp(rec->key, ONAIR_HELD, strlen(ONAIR_HELD));
	const struct dispatch_job *job;
	struct link *link;
	const char *what;
	uint64_t no;
	char id[66];
	int n;

	if (!sent && strncmp(rec->key, ONAIR_KEY, strlen(ONAIR_KEY)))
		return true; /* not ours */
	what = read_key(d, rec->key, &link, &no);
	job = what ? dispatch_job(d->dispatch, no) : NULL;
	if (!job)
		return false;
	if (sent)
		return link_smpp_held(link, no, strtoul(what, NULL, 16), rec->value, rec->len) == 0;
	n = osmo_hexparse(what, (uint8_t *)id, 65);
	if (n <= 0)
		return false;
	id[n] = '\0';
	link_smpp_aired(link, no, id, job->state == JOB_WITHDRAWN);
	return true;
}

void onair_recall(struct daemon *d, const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		const struct plan_group *g = book_group(j);

		if (g->kind == GROUP_SUBSCRIBERS && !g->gone && a->wordings[j->wording].phase != PHASE_FOUND)
			for (size_t i = 0; i < g->n_links; i++)
				link_smpp_recall(d->fleet->links[j->link_index[i]].link, j->id);
	}
}

void onair_end(struct daemon *d, const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		for (size_t i = 0; i < book_group(j)->n_links; i++)
			if (book_group(j)->kind != GROUP_CBSP && !book_group(j)->gone)
				link_smpp_forget(d->fleet->links[j->link_index[i]].link, j->id);
}

/* Ends what is on air: the broadcasts of all wordings before this one. What CBSP replaces by itself, broadcast_sm does not. */
void onair_kill(struct daemon *d, struct alert *a, size_t wording)
{
	struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry) {
		const struct plan_group *g = book_group(j);

		for (size_t i = 0; i < g->n_links && !g->gone; i++) {
			struct link *link = d->fleet->links[j->link_index[i]].link;

			if (g->kind == GROUP_CBSP && j->wording < wording)
				link_cbsp_kill(link, j->job);
			else if (g->kind == GROUP_BROADCAST && j->wording + 1 < a->n_wordings)
				link_smpp_kill(link, j->id);
		}
	}
}

/* Receipts ride with what is written anyway, or alone when nothing is. */
bool onair_receipts(struct daemon *d, struct store_batch *b)
{
	if (d->receipts_tag || !fleet_receipts_batch(d->fleet, b))
		return false;
	d->receipts_tag = b->tag;
	return true;
}

/* ---- after a restart ---- */

struct told {
	struct daemon *d;
	struct store_batch *gone;
};

/* Rows of alerts that are over, or of links that are gone, are deleted. */
static int load_receipts(void *arg, const struct store_rec *rec)
{
	struct told *o = arg;

	if (fleet_receipts_load(o->d->fleet, rec->key, rec->value, rec->len, o->d->started_us) != 0)
		store_batch_add(o->gone, STORE_RECEIPT, rec->key, NULL, 0, 0);
	return 0;
}

static int load_aired(void *arg, const struct store_rec *rec)
{
	struct told *o = arg;

	if (!strncmp(rec->key, DEAD_KEY, strlen(DEAD_KEY)) ? !deadbook_load(o->d, rec) : !load(o->d, rec))
		store_batch_add(o->gone, STORE_META, rec->key, NULL, 0, 0);
	return 0;
}

/* What carriers told of our messages. */
int onair_restore(struct daemon *d)
{
	struct told o = {.d = d, .gone = daemon_batch(d)};
	const struct alert *a;
	int rc = d->store->ops->load(d->store, STORE_RECEIPT, load_receipts, &o);

	if (rc == 0)
		rc = d->store->ops->load(d->store, STORE_META, load_aired, &o);
	llist_for_each_entry(a, &d->book->alerts, entry)
		if (a->recalled_at)
			onair_recall(d, a);
	if (rc == 0 && o.gone->n)
		daemon_store(d, o.gone, NULL);
	else
		talloc_free(o.gone);
	return rc;
}

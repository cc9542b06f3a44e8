/* What is on air, and how it is taken off: the daemon's side. BSCs forget with their connection; of message centres that took a
 * broadcast_sm the ids are kept in the store, so that a recall reaches them also after a restart. */
#include "gateway/daemon.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/link_cbsp.h"
#include "gateway/link_smpp.h"

static void aired_done(struct daemon *d, struct pending *p, int rc)
{
	struct pending *again;

	if (rc == 0)
		return;
	again = talloc_zero(d, struct pending);
	OSMO_ASSERT(again);
	*again = *p;
	talloc_steal(again, p->aired);
	llist_add_tail(&again->entry, &d->unsaved);
}

/* An id is durable before the unit's answer is: batches keep their order. */
void onair_event(void *arg, struct fleet_link *fl, uint64_t job, const char *message_id, bool on)
{
	struct daemon *d = arg;
	struct pending *p = talloc_zero(d, struct pending);

	OSMO_ASSERT(p);
	*p = (struct pending){.done = aired_done, .off = !on};
	p->aired = talloc_asprintf(p, ONAIR_KEY "%016" PRIx64 "/%s/%s", job, fl->link->cfg->name,
				   osmo_hexdump_nospc((const uint8_t *)message_id, strlen(message_id)));
	OSMO_ASSERT(p->aired);
	intake_write(d, p);
}

static bool read_aired(struct daemon *d, const char *key, struct link **link, uint64_t *job, char id[66])
{
	const char *name = key + strlen(ONAIR_KEY) + 17, *hex = strrchr(key, '/');
	char link_name[64];
	int n;

	if (strlen(key) < strlen(ONAIR_KEY) + 20 || hex <= name || sscanf(key + strlen(ONAIR_KEY), "%16" SCNx64, job) != 1)
		return false;
	snprintf(link_name, sizeof(link_name), "%.*s", (int)(hex - name), name);
	n = osmo_hexparse(hex + 1, (uint8_t *)id, 65);
	if (n <= 0 || fleet_index(d->fleet, link_name) < 0)
		return false;
	id[n] = '\0';
	*link = d->fleet->links[fleet_index(d->fleet, link_name)].link;
	return true;
}

bool onair_load(struct daemon *d, const char *key)
{
	const struct dispatch_job *job;
	struct link *link;
	uint64_t no;
	char id[66];

	if (!read_aired(d, key, &link, &no, id) || link->cfg->type != LINK_SMPP)
		return false;
	job = dispatch_job(d->dispatch, no);
	if (!job)
		return false;
	link_smpp_aired(link, no, id, job->state == JOB_WITHDRAWN);
	return true;
}

void onair_end(struct daemon *d, const struct alert *a)
{
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		for (size_t i = 0; i < book_group(j)->n_links; i++)
			if (book_group(j)->kind == GROUP_BROADCAST && !book_group(j)->gone)
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

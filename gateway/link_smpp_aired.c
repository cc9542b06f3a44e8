/* Broadcasts that a message centre has on air for us: known by the ids it gave them, and taken off by cancel_broadcast_sm when
 * their alert is recalled or has another text (SMPP 5.0 4.4.3). */
#include "gateway/link_smpp_int.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "smpp/status.h"

#define AGAIN_US (2 * SECOND)
#define TRIES	 5
#define ROOM	 256

enum aired_state { ON_AIR, TO_CANCEL, CANCELLING };

struct aired {
	struct llist_head entry;
	uint64_t job, due_us;
	uint32_t no;
	enum aired_state state;
	unsigned int tries;
	char id[66];
};

static struct aired *add(struct link_smpp *l, uint64_t job, const char *id)
{
	struct aired *a = talloc_zero(l, struct aired);

	OSMO_ASSERT(a);
	a->job = job;
	a->no = l->aired_no++;
	snprintf(a->id, sizeof(a->id), "%s", id);
	llist_add_tail(&a->entry, &l->aired);
	return a;
}

static void tell(struct link_smpp *l, const struct aired *a, bool on)
{
	if (l->link.env->aired)
		l->link.env->aired(&l->link, a->job, a->id, on);
}

static void drop(struct link_smpp *l, struct aired *a)
{
	tell(l, a, false);
	llist_del(&a->entry);
	talloc_free(a);
}

void smpp_aired_add(struct link_smpp *l, const struct dispatch_job *job, const char *id)
{
	struct aired *a;

	if (id[0] == '\0') /* nothing could name it */
		return;
	a = add(l, job->spec.id, id);
	if (job->state == JOB_WITHDRAWN) /* it was on its way when the recall came */
		a->state = TO_CANCEL;
	tell(l, a, true);
}

void link_smpp_aired(struct link *link, uint64_t job, const char *id, bool cancel)
{
	add(link_smpp_of(link), job, id)->state = cancel ? TO_CANCEL : ON_AIR;
}

void link_smpp_kill(struct link *link, uint64_t job)
{
	struct aired *a;

	llist_for_each_entry(a, &link_smpp_of(link)->aired, entry)
		if (a->job == job && a->state == ON_AIR)
			a->state = TO_CANCEL;
}

void link_smpp_forget(struct link *link, uint64_t job)
{
	struct link_smpp *l = link_smpp_of(link);
	struct aired *a, *next;

	llist_for_each_entry_safe(a, next, &l->aired, entry)
		if (a->job == job)
			drop(l, a);
	smpp_held_forget(l, job);
}

void link_smpp_recall(struct link *link, uint64_t job)
{
	smpp_held_recall(link_smpp_of(link), job);
}

size_t link_smpp_on_air(const struct link *link, uint64_t job)
{
	const struct link_smpp *l = (const struct link_smpp *)link;
	const struct aired *a;
	size_t n = 0;

	llist_for_each_entry(a, &l->aired, entry)
		n += a->job == job;
	return n;
}

/* False: the output is full. */
static bool put_cancel(struct link_smpp *l, struct aired *a, uint64_t now_us)
{
	const struct conf_link *cfg = l->link.cfg;
	const char *service = cfg->service_type && *cfg->service_type ? cfg->service_type : "CBS";
	struct smpp_pdu pdu = {.id = SMPP_CANCEL_BROADCAST_SM, .service_type = service, .message_id = a->id,
			       .source = {cfg->source.ton, cfg->source.npi, cfg->source.address ? cfg->source.address : ""}};
	uint8_t *room = smpp_session_begin(l->tx->session, ROOM, &pdu.sequence);
	int len = room ? smpp_encode(&pdu, room, ROOM) : 0;

	if (len <= 0)
		return false;
	smpp_session_commit(l->tx->session, len, pdu.sequence, TAG(TAG_AIRED, a->no), now_us);
	a->state = CANCELLING;
	a->tries++;
	return true;
}

uint64_t smpp_aired_send(struct link_smpp *l, uint64_t now_us)
{
	uint64_t next = NEVER;
	struct aired *a;

	if (!l->up || l->link.blocked || l->faulted)
		return NEVER;
	llist_for_each_entry(a, &l->aired, entry) {
		if (a->state != TO_CANCEL)
			continue;
		if (a->due_us > now_us)
			next = OSMO_MIN(next, a->due_us);
		else if (smpp_session_room(l->tx->session) == 0 || !put_cancel(l, a, now_us))
			return now_us + AGAIN_US / 100;
	}
	return next;
}

static struct aired *find(struct link_smpp *l, uint32_t no)
{
	struct aired *a;

	llist_for_each_entry(a, &l->aired, entry)
		if (a->no == no)
			return a;
	return NULL;
}

void smpp_aired_answer(struct link_smpp *l, uint32_t no, uint32_t status, char class, uint64_t now_us)
{
	struct aired *a = find(l, no);
	char text[160];

	if (!a)
		return;
	if (class != '-' && class != 'P' && class != 'R' && a->tries < TRIES) {
		a->state = TO_CANCEL;
		a->due_us = now_us + AGAIN_US;
		return;
	}
	if (class != '-') {
		snprintf(text, sizeof(text), "a broadcast could not be cancelled (%s): it ends by its validity", smpp_status_name(status));
		l->link.env->event(&l->link, LINK_EV_PROTOCOL, text);
	}
	drop(l, a);
}

void smpp_aired_lost(struct link_smpp *l, uint32_t no)
{
	struct aired *a = find(l, no);

	if (a) /* to cancel twice does no harm */
		a->state = TO_CANCEL;
}

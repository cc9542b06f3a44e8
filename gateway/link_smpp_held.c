/* Messages that a message centre may still hold, by its ids, where the link says cancel_sm = true: at a recall each is asked back
 * (SMPP 3.4 4.9). Ids stand in segments of a job, an octet of length before each; a segment is durable soon after its first id. When
 * all of its cancels are answered, its row holds what came of them, in one write, so that no restart forgets or doubles it: a zero,
 * then how many were taken back and how many were too late (32 bits each). To ask twice does no harm. */
#include "gateway/link_smpp_int.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/bits.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/receipts.h"

#define SEGMENT_MAX 16384
#define DUE_US	    250000ull
#define POLL_US	    10000ull
#define TRIES	    3
#define ROOM	    256
#define DONE_LEN    9

struct segment {
	struct llist_head entry;
	uint32_t no, seq; /* on the link; of the job */
	uint8_t *v;
	size_t len, at; /* at: next to ask back */
	uint64_t since_us;
	uint32_t open; /* cancels without an answer */
	uint32_t cancelled, late;
	unsigned int tries;
	bool closed, redo;
};

struct held_job {
	struct llist_head entry, segments;
	uint64_t job;
	uint32_t next_seq;
	bool recalled;
	struct link_smpp_back back;
};

static struct held_job *find_job(const struct link_smpp *l, uint64_t job)
{
	struct held_job *h;

	llist_for_each_entry(h, &l->held, entry)
		if (h->job == job)
			return h;
	return NULL;
}

static struct held_job *the_job(struct link_smpp *l, uint64_t job)
{
	struct held_job *h = find_job(l, job);

	if (h)
		return h;
	h = talloc_zero(l, struct held_job);
	OSMO_ASSERT(h);
	h->job = job;
	INIT_LLIST_HEAD(&h->segments);
	llist_add_tail(&h->entry, &l->held);
	return h;
}

static struct segment *new_segment(struct link_smpp *l, struct held_job *h, uint32_t seq, uint64_t now_us)
{
	struct segment *s = talloc_zero(h, struct segment);

	OSMO_ASSERT(s);
	s->no = l->held_no++;
	s->seq = seq;
	s->since_us = now_us;
	h->next_seq = OSMO_MAX(h->next_seq, seq + 1);
	llist_add_tail(&s->entry, &h->segments);
	return s;
}

static struct segment *last_open(struct held_job *h)
{
	struct segment *s;

	if (llist_empty(&h->segments))
		return NULL;
	s = llist_last_entry(&h->segments, struct segment, entry);
	return s->closed ? NULL : s;
}

/* value NULL: the row goes. */
static void write_row(struct link_smpp *l, const struct held_job *h, uint32_t seq, const uint8_t *value, size_t len)
{
	if (l->link.env->held)
		l->link.env->held(&l->link, h->job, seq, value, len);
}

static void close_segment(struct link_smpp *l, struct held_job *h, struct segment *s)
{
	s->closed = true;
	s->v = talloc_realloc_size(s, s->v, s->len);
	write_row(l, h, s->seq, s->v, s->len);
}

void smpp_held_add(struct link_smpp *l, const struct dispatch_job *job, const char *id, uint64_t now_us)
{
	const struct payload *p = l->link.payload->job(l->link.payload->arg, job, &l->link);
	size_t len = strlen(id);
	struct held_job *h;
	struct segment *s;

	if (len == 0 || len > 64 || !p || p->found)
		return;
	h = the_job(l, job->spec.id);
	s = last_open(h);
	if (!s) {
		s = new_segment(l, h, h->next_seq, now_us);
		s->v = talloc_size(s, SEGMENT_MAX);
		OSMO_ASSERT(s->v);
	}
	s->v[s->len] = len;
	memcpy(s->v + s->len + 1, id, len);
	s->len += 1 + len;
	if (s->len + 65 > SEGMENT_MAX)
		close_segment(l, h, s);
}

static void count(struct held_job *h, uint32_t cancelled, uint32_t late)
{
	h->back.cancelled += cancelled;
	h->back.late += late;
}

static int load_done(struct held_job *h, uint32_t seq, const uint8_t *p, size_t len)
{
	if (len != DONE_LEN)
		return -EBADMSG;
	count(h, osmo_load32be(p + 1), osmo_load32be(p + 5));
	h->next_seq = OSMO_MAX(h->next_seq, seq + 1);
	return 0;
}

int link_smpp_held(struct link *link, uint64_t job, uint32_t seq, const void *ids, size_t len)
{
	struct link_smpp *l = link_smpp_of(link);
	struct held_job *h = the_job(l, job);
	struct segment *s;
	const uint8_t *p = ids;

	if (len > 0 && p[0] == 0)
		return load_done(h, seq, p, len);
	for (size_t i = 0; i < len; i += 1 + p[i])
		if (p[i] == 0 || p[i] > 64 || i + 1 + p[i] > len)
			return -EBADMSG;
	s = new_segment(l, h, seq, 0);
	s->v = talloc_memdup(s, ids, len);
	OSMO_ASSERT(s->v || len == 0);
	s->len = len;
	s->closed = true;
	return 0;
}

void smpp_held_recall(struct link_smpp *l, uint64_t job)
{
	if (find_job(l, job) || l->link.cfg->cancel_sm)
		the_job(l, job)->recalled = true;
}

static void close_done(struct link_smpp *l, struct held_job *h, struct segment *s)
{
	uint8_t row[DONE_LEN] = {0};

	osmo_store32be(s->cancelled, row + 1);
	osmo_store32be(s->late, row + 5);
	write_row(l, h, s->seq, row, sizeof(row));
	llist_del(&s->entry);
	talloc_free(s);
}

void smpp_held_forget(struct link_smpp *l, uint64_t job)
{
	struct held_job *h = find_job(l, job);

	if (!h)
		return;
	for (uint32_t seq = 0; seq < h->next_seq; seq++)
		write_row(l, h, seq, NULL, 0);
	llist_del(&h->entry);
	talloc_free(h);
}

void link_smpp_back(const struct link *link, uint64_t job, struct link_smpp_back *back)
{
	const struct held_job *h = find_job((const struct link_smpp *)link, job);
	const struct segment *s;

	*back = h ? h->back : (struct link_smpp_back){0};
	if (!h || !h->recalled)
		return;
	llist_for_each_entry(s, &h->segments, entry) {
		back->pending += s->open;
		for (size_t i = s->at; i < s->len; i += 1 + s->v[i])
			back->pending++;
	}
}

/* False: the output is full. */
static bool put(struct link_smpp *l, struct held_job *h, struct segment *s, uint64_t now_us)
{
	const struct conf_link *cfg = l->link.cfg;
	char id[66];
	struct smpp_pdu pdu = {.id = SMPP_CANCEL_SM, .service_type = cfg->service_type, .message_id = id,
			       .source = {cfg->source.ton, cfg->source.npi, cfg->source.address ? cfg->source.address : ""}};
	uint8_t *room;
	int len;

	memcpy(id, s->v + s->at + 1, s->v[s->at]);
	id[s->v[s->at]] = '\0';
	if (receipts_settled(l->link.receipts, id)) { /* it is on the phone, or never will be */
		s->late++;
		count(h, 0, 1);
		s->at += 1 + s->v[s->at];
		return true;
	}
	room = smpp_session_begin(l->tx->session, ROOM, &pdu.sequence);
	len = room ? smpp_encode(&pdu, room, ROOM) : 0;
	if (len <= 0)
		return false;
	smpp_session_commit(l->tx->session, len, pdu.sequence, TAG(TAG_HELD, s->no), now_us);
	s->at += 1 + s->v[s->at];
	s->open++;
	return true;
}

/* All answered: again what was not, or done. */
static void finish(struct link_smpp *l, struct held_job *h, struct segment *s)
{
	if (s->at < s->len || s->open > 0)
		return;
	if (s->redo && ++s->tries < TRIES) {
		s->at = 0;
		s->redo = false;
		return;
	}
	close_done(l, h, s);
}

/* So many cancels may go: they count as parts, and leave half of the window to the found text. */
static uint32_t allowance(const struct link_smpp *l, uint64_t now_us)
{
	uint32_t n = OSMO_MAX(smpp_session_room(l->tx->session) / 2, 1u);

	if (smpp_session_room(l->tx->session) == 0 || now_us < l->hold_until_us)
		return 0;
	n = throttle_allow(&l->link.throttle, n, now_us);
	return n && l->link.carrier_throttle ? throttle_allow(l->link.carrier_throttle, n, now_us) : n;
}

/* Asks back what the allowance lets; true: there is more. */
static bool ask_back(struct link_smpp *l, struct held_job *h, uint32_t *allowed, uint32_t *sent, uint64_t now_us)
{
	struct segment *s, *next;

	llist_for_each_entry_safe(s, next, &h->segments, entry) {
		while (s->at < s->len && *sent < *allowed) {
			uint32_t open = s->open;

			if (!put(l, h, s, now_us))
				return true;
			*sent += s->open - open;
		}
		if (s->at < s->len)
			return true;
		finish(l, h, s);
	}
	return false;
}

uint64_t smpp_held_send(struct link_smpp *l, uint64_t now_us)
{
	bool may = l->up && !l->link.blocked && !l->faulted, more = false;
	uint32_t allowed = may ? allowance(l, now_us) : 0, sent = 0;
	uint64_t next = NEVER;
	struct held_job *h;

	llist_for_each_entry(h, &l->held, entry) {
		struct segment *s = last_open(h);

		if (s && now_us >= s->since_us + DUE_US)
			close_segment(l, h, s);
		else if (s)
			next = OSMO_MIN(next, s->since_us + DUE_US);
		if (h->recalled && may)
			more |= ask_back(l, h, &allowed, &sent, now_us);
	}
	if (sent) {
		throttle_take(&l->link.throttle, sent, now_us);
		if (l->link.carrier_throttle)
			throttle_take(l->link.carrier_throttle, sent, now_us);
	}
	return more ? OSMO_MIN(next, now_us + POLL_US) : next;
}

void smpp_held_answer(struct link_smpp *l, uint32_t no, char class)
{
	struct held_job *h;
	struct segment *s, *next;

	llist_for_each_entry(h, &l->held, entry)
		llist_for_each_entry_safe(s, next, &h->segments, entry) {
			if (s->no != no || s->open == 0)
				continue;
			s->open--;
			s->cancelled += class == '-';
			s->late += class == 'P' || class == 'R';
			s->redo |= class != '-' && class != 'P' && class != 'R';
			count(h, class == '-', class == 'P' || class == 'R');
			finish(l, h, s);
			return;
		}
}

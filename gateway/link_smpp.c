/* The SMPP driver's face to the edge, and what comes in: receipts and clues. */
#include "gateway/link_smpp_int.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/receipts.h"
#include "gateway/sooner.h"
#include "smpp/plain.h"
#include "smpp/status.h"

#define STOP_US (10 * SECOND) /* for what is under way, before we unbind all the same */

static struct link *create(void *ctx, const struct conf_carrier *carrier, const struct conf_link *cfg,
			   uint64_t now_us)
{
	struct link_smpp *l = talloc_zero(ctx, struct link_smpp);
	uint64_t seed = 0xCBF29CE484222325ull; /* FNV-1a of the name */

	OSMO_ASSERT(l);
	for (const char *s = cfg->name; *s; s++)
		seed = (seed ^ (uint8_t)*s) * 0x100000001B3ull;
	l->random = seed ? seed : 1;
	l->link = (struct link){.ops = &link_smpp,
				.carrier = carrier,
				.cfg = cfg,
				.state = LINK_DOWN,
				.state_since_us = now_us};
	l->link.receipts = receipts_new(l); /* until it shares that of its carrier */
	throttle_init(&l->link.throttle, cfg->rate, cfg->burst, now_us);
	for (unsigned int i = 0; i < LINK_LEGS; i++) {
		l->leg[i].owner = l;
		l->leg[i].no = i;
	}
	l->tx = &l->leg[0];
	INIT_LLIST_HEAD(&l->aired);
	INIT_LLIST_HEAD(&l->held);
	return &l->link;
}

static void start(struct link *link, uint64_t now_us)
{
	struct link_smpp *l = link_smpp_of(link);

	l->stopping = false; /* a reload may bring a link back */
	if (link->blocked) {
		smpp_link_state(l, LINK_BLOCKED, now_us);
		return;
	}
	if (smpp_listens(l))
		return;
	for (unsigned int i = 0; i < smpp_legs(l); i++)
		if (l->leg[i].phase == LEG_DOWN)
			smpp_leg_dial(&l->leg[i], now_us);
}

/* ---- what comes in ---- */

static struct pending_clue *free_clue(struct link_smpp *l)
{
	for (size_t i = 0; i < CLUES_MAX; i++)
		if (l->clues[i].token == 0)
			return &l->clues[i];
	return NULL;
}

static void hand_clue(struct link_smpp *l, const struct smpp_pdu *pdu, uint64_t token)
{
	char utf8[4096];
	const uint8_t *text;
	struct link_clue clue = {
		.link = l->link.cfg->name,
		.source_ton = pdu->source.ton,
		.source_npi = pdu->source.npi,
		.source = pdu->source.digits,
		.dest_ton = pdu->dest.ton,
		.dest_npi = pdu->dest.npi,
		.dest = pdu->dest.digits,
		.data_coding = pdu->data_coding,
		.esm_class = pdu->esm_class,
	};

	smpp_message(pdu, &text, &clue.len);
	clue.text = text;
	if (smpp_plain(pdu->data_coding, pdu->esm_class, l->link.cfg->gsm7, text, clue.len, utf8,
		       sizeof(utf8)) >= 0)
		clue.utf8 = utf8;
	l->link.env->clue(&l->link, &clue, token);
}

static uint32_t on_message(void *arg, const struct smpp_pdu *pdu, uint64_t now_us)
{
	struct leg *leg = arg;
	struct link_smpp *l = leg->owner;
	struct smpp_receipt receipt;
	struct pending_clue *clue;

	if (smpp_receipt_read(pdu, &receipt)) {
		receipts_count(&l->link.count, &receipt);
		receipts_take(l->link.receipts, &receipt, now_us);
		return SMPP_ROK;
	}
	clue = free_clue(l);
	if (!clue)
		return SMPP_RMSGQFUL; /* the peer keeps it and comes again */
	*clue = (struct pending_clue){++l->last_token, leg->no, leg->generation, pdu->id, pdu->sequence};
	hand_clue(l, pdu, clue->token);
	return SMPP_LATER;
}

static void clue_done(struct link *link, uint64_t token, bool stored, uint64_t now_us)
{
	struct link_smpp *l = link_smpp_of(link);

	for (size_t i = 0; i < CLUES_MAX && token != 0; i++) {
		struct pending_clue *c = &l->clues[i];
		struct leg *leg = &l->leg[c->leg];

		if (c->token != token)
			continue;
		link->count.clues += stored;
		/* On another connection the sequence number would mean another message; the peer sends it
		 * again. */
		if (leg->generation == c->generation && leg->phase == LEG_OPEN)
			smpp_session_respond(leg->session, c->id, c->sequence,
					     stored ? SMPP_ROK : SMPP_RSYSERR);
		c->token = 0;
		return;
	}
}

static void on_bound(void *arg, uint64_t now_us)
{
	smpp_leg_bound(arg, now_us);
}

static void on_answer(void *arg, const struct smpp_answer *answer, uint64_t now_us)
{
	struct leg *leg = arg;

	if (answer->tag == SMPP_REHEARSAL)
		smpp_rehearse_answer(leg->owner, answer, now_us);
	else
		smpp_send_answer(leg, answer, now_us);
}

static void on_timeout(void *arg, uint64_t tag, uint64_t now_us)
{
	struct leg *leg = arg;

	if (tag == SMPP_REHEARSAL)
		smpp_rehearse_lost(leg->owner);
	else
		smpp_send_timeout(leg, tag, now_us);
}

static const struct smpp_session_ops session_ops = {
	.bound = on_bound,
	.answer = on_answer,
	.timeout = on_timeout,
	.message = on_message,
	.admit = smpp_listen_admit,
};

/* ---- the edge ---- */

static void connected(struct link *link, unsigned int no, uint64_t now_us)
{
	struct link_smpp *l = link_smpp_of(link);

	if (smpp_listens(l))
		smpp_listen_connected(&l->leg[no], &session_ops, now_us);
	else
		smpp_leg_opened(&l->leg[no], &session_ops, now_us);
}

static void closed(struct link *link, unsigned int no, const char *why, uint64_t now_us)
{
	smpp_leg_down(&link_smpp_of(link)->leg[no], why, true, now_us);
}

static void input(struct link *link, unsigned int no, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct leg *leg = &link_smpp_of(link)->leg[no];

	link->count.octets_in += len;
	if (leg->phase != LEG_OPEN)
		return;
	smpp_session_input(leg->session, data, len, now_us);
	smpp_flight_tell_accepted(leg->owner, now_us);
	if (smpp_session_end(leg->session) != SMPP_ALIVE)
		smpp_leg_down(leg, smpp_end_name(smpp_session_end(leg->session)), false, now_us);
}

static const uint8_t *output(struct link *link, unsigned int no, size_t *len)
{
	struct leg *leg = &link_smpp_of(link)->leg[no];

	*len = 0;
	return leg->phase == LEG_OPEN ? smpp_session_output(leg->session, len) : NULL;
}

static void written(struct link *link, unsigned int no, size_t n, uint64_t now_us)
{
	struct leg *leg = &link_smpp_of(link)->leg[no];

	link->count.octets_out += n;
	if (leg->phase == LEG_OPEN)
		smpp_session_written(leg->session, n, now_us);
}

/* Ends a leg in good order; what is not bound yet just closes. */
static void leave(struct leg *leg, const char *why, uint64_t now_us)
{
	if (leg->phase == LEG_OPEN && smpp_session_state(leg->session) == SMPP_BOUND)
		smpp_session_unbind(leg->session, now_us);
	else if (leg->phase != LEG_DOWN &&
		 !(leg->phase == LEG_OPEN && smpp_session_state(leg->session) == SMPP_UNBINDING))
		smpp_leg_down(leg, why, false, now_us);
}

/* What was begun is finished first: the receiver stays until the transmitter is through. */
static void keep_stopping(struct link_smpp *l, uint64_t now_us)
{
	bool drained = l->n_flights == 0 || !l->up || now_us >= l->stop_by_us;

	if (!drained)
		return;
	smpp_link_up(l, false, now_us);
	if (l->link.serving > 0)
		smpp_link_state(l, LINK_UNBINDING, now_us);
	for (unsigned int i = 0; i < LINK_LEGS; i++)
		leave(&l->leg[i], "stopping", now_us);
}

static void follow_block(struct link_smpp *l, uint64_t now_us)
{
	if (l->link.blocked) {
		smpp_link_up(l, false, now_us);
		smpp_link_state(l, LINK_BLOCKED, now_us);
		for (unsigned int i = 0; i < LINK_LEGS; i++)
			leave(&l->leg[i], "blocked by the operator", now_us);
	} else if (l->link.state == LINK_BLOCKED) {
		smpp_link_state(l, LINK_DOWN, now_us);
		for (unsigned int i = 0; i < LINK_LEGS; i++)
			l->leg[i].retry_us = now_us;
	}
}

static uint64_t tick(struct link *link, uint64_t now_us)
{
	struct link_smpp *l = link_smpp_of(link);
	uint64_t next = NEVER;

	if (l->stopping)
		keep_stopping(l, now_us);
	else
		follow_block(l, now_us);
	for (unsigned int i = 0; i < smpp_legs(l); i++)
		next = sooner(next, smpp_leg_tick(&l->leg[i], now_us));
	next = sooner(next, smpp_aired_send(l, now_us));
	next = sooner(next, smpp_held_send(l, now_us));
	next = sooner(next, smpp_send(l, now_us));
	next = sooner(next, smpp_rehearse(l, now_us));
	for (unsigned int i = 0; i < LINK_LEGS; i++)
		if (l->leg[i].serving)
			next = sooner(next, smpp_session_due_us(l->leg[i].session));
	if (l->stopping && l->up)
		next = sooner(next, l->stop_by_us);
	return next;
}

static void stop(struct link *link, uint64_t now_us)
{
	struct link_smpp *l = link_smpp_of(link);

	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_by_us = now_us + STOP_US;
	keep_stopping(l, now_us);
}

static bool stopped(const struct link *link)
{
	const struct link_smpp *l = (const struct link_smpp *)link;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		if (l->leg[i].phase != LEG_DOWN)
			return false;
	return l->stopping;
}

void link_smpp_reach(const struct link *link, uint64_t job, struct receipts_reach *reach)
{
	receipts_reach(link->receipts, link->index, job, reach);
}

const struct link_ops link_smpp = {
	.name = "smpp",
	.callers = LINK_LEGS,
	.turn_away = smpp_listen_turn_away,
	.failed = smpp_listen_stranger,
	.proven = smpp_listen_proven,
	.create = create,
	.start = start,
	.connected = connected,
	.closed = closed,
	.input = input,
	.output = output,
	.written = written,
	.tick = tick,
	.clue_done = clue_done,
	.stop = stop,
	.stopped = stopped,
};

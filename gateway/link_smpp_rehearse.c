/* A trial message now and then over a link that is otherwise idle, so that a dead path is known before an alert needs it. */
#include "gateway/link_smpp_int.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "smpp/status.h"

#define TRIAL_ROOM 256

static uint64_t due_us(const struct link_smpp *l)
{
	uint64_t last = OSMO_MAX(l->link.proven_us, l->rehearsed_us);

	last = OSMO_MAX(last, l->tx->bound_us);
	return last + l->link.cfg->rehearse_min * 60 * SECOND;
}

/* Under the rates like any other message, and never before one of an alert. */
static bool may_leave(struct link_smpp *l, uint64_t now_us)
{
	struct throttle *carrier = l->link.carrier_throttle;

	return l->n_flights == 0 && throttle_allow(&l->link.throttle, 1, now_us) > 0 &&
	       (!carrier || throttle_allow(carrier, 1, now_us) > 0);
}

static bool send_trial(struct link_smpp *l, uint64_t now_us)
{
	const struct conf_link *cfg = l->link.cfg;
	static const uint8_t words[] = "Reunion: trial of the line";
	struct smpp_pdu pdu = {
		.id = smpp_session_centre(l->tx->session) ? SMPP_DELIVER_SM : SMPP_SUBMIT_SM,
		.service_type = cfg->service_type,
		.source = {cfg->source.ton, cfg->source.npi, cfg->source.address},
		.dest = {1, 1, cfg->rehearse_number},
		.message = words,
		.message_len = sizeof(words) - 1,
	};
	uint8_t *room = smpp_session_begin(l->tx->session, TRIAL_ROOM, &pdu.sequence);
	int len = room ? smpp_encode(&pdu, room, TRIAL_ROOM) : -1;

	if (len < 0)
		return false;
	smpp_session_commit(l->tx->session, len, pdu.sequence, SMPP_REHEARSAL, now_us);
	throttle_take(&l->link.throttle, 1, now_us);
	if (l->link.carrier_throttle)
		throttle_take(l->link.carrier_throttle, 1, now_us);
	l->link.count.rehearsals++;
	l->rehearsing = true;
	return true;
}

/* Without a number the session's own enquire_link is all the trial there is: nothing to do here. */
uint64_t smpp_rehearse(struct link_smpp *l, uint64_t now_us)
{
	const struct conf_link *cfg = l->link.cfg;

	if (cfg->rehearse_min == 0 || !cfg->rehearse_number || !l->up || l->rehearsing || l->stopping || l->link.blocked)
		return NEVER;
	if (now_us < due_us(l))
		return due_us(l);
	if (!may_leave(l, now_us) || !send_trial(l, now_us))
		return now_us + SECOND;
	l->rehearsed_us = now_us;
	return NEVER;
}

static void suspect(struct link_smpp *l, bool is)
{
	if (l->suspect == is)
		return;
	l->suspect = is;
	dispatch_link_suspect(l->link.dispatch, l->link.index, is);
}

void smpp_proven(struct link_smpp *l, uint64_t now_us)
{
	l->link.proven_us = now_us;
	suspect(l, false);
}

static void failed(struct link_smpp *l, const char *why)
{
	char text[128];

	suspect(l, true);
	l->link.count.rehearsals_failed++;
	snprintf(text, sizeof(text), "a trial message to %s failed: %s", l->link.cfg->rehearse_number ? l->link.cfg->rehearse_number : "?", why);
	l->link.env->event(&l->link, LINK_EV_REHEARSAL, text);
}

void smpp_rehearse_answer(struct link_smpp *l, const struct smpp_answer *answer, uint64_t now_us)
{
	l->rehearsing = false;
	rtt_add(&l->link.rtt, answer->rtt_us, now_us);
	if (answer->status == 0)
		smpp_proven(l, now_us);
	else
		failed(l, smpp_status_name(answer->status));
}

void smpp_rehearse_lost(struct link_smpp *l)
{
	l->rehearsing = false;
	failed(l, "no answer");
}

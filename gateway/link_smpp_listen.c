/* Carriers that dial in: outbind, which we answer with a bind, or their own bind. Who they are is known only
 * by their credentials, so a connection costs little before it has shown them. */
#include "gateway/link_smpp_int.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "smpp/status.h"

#define MINUTE_US	(60 * SECOND)
#define FAILURES_MAX	5	     /* a minute and address */
#define UNBOUND_MAX	2	     /* connections of an address that are not bound yet */
#define QUIET_US	(5 * SECOND) /* a bind that was silent for so long gives way to a newer one */

static struct knocker *knocker(struct link_smpp *l, const char *address)
{
	for (size_t i = 0; i < KNOCKERS; i++)
		if (l->knockers[i].since_us && !strcmp(l->knockers[i].address, address))
			return &l->knockers[i];
	return NULL;
}

static bool throttled(struct link_smpp *l, const char *address, uint64_t now_us)
{
	const struct knocker *k = knocker(l, address);

	return k && k->failures >= FAILURES_MAX && now_us - k->since_us < MINUTE_US;
}

static void note_failure(struct link_smpp *l, const char *address, uint64_t now_us)
{
	struct knocker *k = knocker(l, address);
	bool known = k && now_us - k->since_us < MINUTE_US;

	if (!k) {
		k = &l->knockers[0];
		for (size_t i = 1; i < KNOCKERS; i++) /* free, or the oldest */
			if (l->knockers[i].since_us < k->since_us)
				k = &l->knockers[i];
	}
	if (!known) {
		*k = (struct knocker){.since_us = now_us ? now_us : 1};
		snprintf(k->address, sizeof(k->address), "%s", address);
	}
	k->failures++;
}

static unsigned int unbound(const struct link_smpp *l, const char *address)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		n += l->leg[i].phase == LEG_OPEN && l->leg[i].bound_us == 0 &&
		     !strcmp(l->link.caller[i], address);
	return n;
}

static const char *why_not(struct link_smpp *l, const char *address, uint64_t now_us)
{
	if (l->stopping)
		return "stopping";
	if (l->link.blocked)
		return "blocked by the operator";
	if (throttled(l, address, now_us))
		return "too many failed binds from this address";
	if (unbound(l, address) >= UNBOUND_MAX)
		return "too many connections of this address are not bound";
	return NULL;
}

const char *smpp_listen_turn_away(struct link *link, const char *address, uint64_t now_us)
{
	return why_not(link_smpp_of(link), address, now_us);
}

bool smpp_listen_proven(const struct link *link, unsigned int no)
{
	const struct leg *leg = &((const struct link_smpp *)link)->leg[no];

	return leg->phase == LEG_OPEN && leg->bound_us != 0;
}

/* The bind that has been silent for the longest time. */
static struct leg *quietest(struct link_smpp *l)
{
	struct leg *found = l->tx;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		if (l->leg[i].serving &&
		    smpp_session_heard_us(l->leg[i].session) < smpp_session_heard_us(found->session))
			found = &l->leg[i];
	return found;
}

static bool full(const struct link_smpp *l)
{
	return l->link.serving >= OSMO_MAX(l->link.cfg->binds, 1u);
}

static unsigned int receivers(const struct link_smpp *l)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < LINK_LEGS; i++)
		n += l->leg[i].phase == LEG_OPEN && l->leg[i].bound_us && !l->leg[i].serving;
	return n;
}

/* How we answer outbind; every second connection of a pair receives. */
static uint32_t own_bind(const struct link_smpp *l)
{
	switch (l->link.cfg->bind) {
	case BIND_TRANSMITTER:
		return SMPP_BIND_TRANSMITTER;
	case BIND_RECEIVER:
		return SMPP_BIND_RECEIVER;
	case BIND_PAIR:
		return full(l) || l->link.serving > receivers(l) ? SMPP_BIND_RECEIVER : SMPP_BIND_TRANSMITTER;
	case BIND_TRANSCEIVER:
		break;
	}
	return SMPP_BIND_TRANSCEIVER;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

void smpp_listen_connected(struct leg *leg, const struct smpp_session_ops *ops, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	const struct conf_link *cfg = l->link.cfg;
	const struct smpp_session_conf conf = {
		.bind = own_bind(l),
		.window = smpp_window(l),
		.system_id = or_empty(cfg->system_id),
		.password = or_empty(cfg->password),
		.system_type = or_empty(cfg->system_type),
		.enquire_us = cfg->enquire_link_s * SECOND,
		.response_us = cfg->response_timeout_s * SECOND,
		.init_us = cfg->session_init_s * SECOND,
		.bind_us = cfg->connect_timeout_s * SECOND,
		.unbind_us = cfg->unbind_s * SECOND,
		.inactivity_us = cfg->inactivity_s * SECOND,
	};
	const char *why = why_not(l, l->link.caller[leg->no], now_us);

	if (why) {
		l->link.count.connect_failures++;
		l->link.env->close(&l->link, leg->no, why);
		return;
	}
	smpp_leg_session(leg, &conf, ops);
	/* A carrier that turned 5.0 away is asked for 3.4, whichever connection it comes on. */
	if (l->leg[0].version == 0 || l->leg[0].version > cfg->interface_version)
		l->leg[0].version = cfg->interface_version;
	leg->version = l->leg[0].version;
	smpp_session_await(leg->session, leg->version, now_us);
}

uint32_t smpp_listen_admit(void *arg, uint32_t bind, bool theirs, uint64_t now_us)
{
	struct leg *leg = arg;
	struct link_smpp *l = leg->owner;
	bool will_send = bind != (theirs ? SMPP_BIND_TRANSMITTER : SMPP_BIND_RECEIVER);

	if (now_us < l->refuse_until_us)
		return SMPP_RSYSERR;
	if (l->stopping || l->link.blocked)
		return SMPP_RBINDFAIL;
	/* Where the carrier is bound to us there is no submit_multi and no broadcast_sm. */
	if (theirs && smpp_by_cells(l))
		return SMPP_RBINDFAIL;
	if (will_send && full(l) && now_us - smpp_session_heard_us(quietest(l)->session) < QUIET_US)
		return SMPP_RALYBND;
	return 0;
}

static void tell_bound(struct leg *leg)
{
	static const char *const names[] = {[SMPP_BIND_RECEIVER] = "receiver",
					    [SMPP_BIND_TRANSMITTER] = "transmitter",
					    [SMPP_BIND_TRANSCEIVER] = "transceiver"};
	struct link_smpp *l = leg->owner;
	uint8_t version = smpp_session_version(leg->session);
	char text[160];

	snprintf(text, sizeof(text), "%s at %s, %s, interface version %x.%x",
		 smpp_session_centre(leg->session) ? "the carrier bound" : "bound after outbind",
		 l->link.caller[leg->no], names[smpp_session_bind(leg->session)], version >> 4, version & 15);
	if (leg->serving)
		smpp_tell_up(l, text);
	else
		l->link.env->event(&l->link, LINK_EV_UP, text);
}

void smpp_listen_bound(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	if (smpp_session_sends(leg->session)) {
		if (full(l))
			smpp_leg_down(quietest(l), "replaced by a newer bind", false, now_us);
		smpp_leg_serve(leg, now_us);
		smpp_link_up(l, true, now_us);
	}
	tell_bound(leg);
}

static void no_bind(struct link_smpp *l, const char *address, const char *why, const char *status)
{
	char text[160];

	snprintf(text, sizeof(text), "no bind with %s: %s%s%s", address[0] ? address : "the caller", why,
		 status ? ", " : "", status ? status : "");
	l->link.env->event(&l->link, LINK_EV_BIND_FAILED, text);
}

void smpp_listen_stranger(struct link *link, const char *address, const char *why, uint64_t now_us)
{
	note_failure(link_smpp_of(link), address, now_us);
	smpp_bind_reason(link_smpp_of(link), SMPP_END_CLOSED, 0);
	no_bind(link_smpp_of(link), address, why, NULL);
}

void smpp_listen_failed(struct leg *leg, enum smpp_end end, const char *why, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	const char *address = l->link.caller[leg->no];
	uint32_t status = end == SMPP_END_REFUSED || end == SMPP_END_TURNED_AWAY
				  ? smpp_session_bind_status(leg->session)
				  : 0;

	if (end != SMPP_END_TURNED_AWAY) /* the credentials were right */
		note_failure(l, address, now_us);
	if (end == SMPP_END_REFUSED && leg->version > 0x34)
		l->leg[0].version = 0x34;
	smpp_bind_reason(l, end, status);
	no_bind(l, address, why, status ? smpp_status_name(status) : NULL);
}

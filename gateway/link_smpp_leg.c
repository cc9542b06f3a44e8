/* Connections of an SMPP link: dialling, binding, falling back, backing off. */
#include "gateway/link_smpp_int.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "smpp/status.h"

#define STEADY_US (30 * SECOND) /* bound for so long: the failures before are forgotten */
#define BAD_US    (5 * SECOND) /* credentials refused: never hammer */
#define BAD_MAX   (300 * SECOND)

static unsigned int binds(const struct link_smpp *l)
{
	return OSMO_MAX(l->link.cfg->binds, 1u);
}

unsigned int smpp_legs(const struct link_smpp *l)
{
	if (smpp_listens(l))
		return LINK_LEGS;
	return binds(l) + (l->link.cfg->bind == BIND_PAIR);
}

/* Of a connection that we dialled: it is to carry messages, not only to receive beside one that does. */
static bool carries(const struct leg *leg)
{
	return smpp_listens(leg->owner) || leg->no < binds(leg->owner);
}

void smpp_link_state(struct link_smpp *l, enum link_state state, uint64_t now_us)
{
	if (l->link.state == state)
		return;
	l->link.state = state;
	l->link.state_since_us = now_us;
}

void smpp_link_up(struct link_smpp *l, bool up, uint64_t now_us)
{
	if (l->up == up)
		return;
	l->up = up;
	dispatch_link_up(l->link.dispatch, l->link.index, up, now_us);
}

static void event(struct link_smpp *l, enum link_event ev, const char *text)
{
	l->link.env->event(&l->link, ev, text);
}

/* xorshift64*; seeded from the link's name, so that a simulation repeats itself. */
static uint64_t jitter(struct link_smpp *l, uint64_t delay_us)
{
	l->random ^= l->random >> 12;
	l->random ^= l->random << 25;
	l->random ^= l->random >> 27;
	return delay_us * 3 / 4 + (l->random * 0x2545F4914F6CDD1Dull >> 11) % (delay_us / 2 + 1);
}

static void back_off(struct leg *leg, uint64_t first_us, uint64_t most_us, uint64_t now_us)
{
	uint64_t delay_us = first_us << OSMO_MIN(leg->failures, 16u);

	leg->failures++;
	leg->retry_us = now_us + jitter(leg->owner, OSMO_MIN(delay_us, most_us));
}

static uint64_t first_delay(const struct link_smpp *l)
{
	return OSMO_MAX(l->link.cfg->reconnect_s, 1u) * SECOND;
}

static uint64_t longest_delay(const struct link_smpp *l)
{
	return OSMO_MAX(l->link.cfg->reconnect_max_s, l->link.cfg->reconnect_s) * SECOND;
}

static uint32_t bind_command(const struct leg *leg)
{
	switch (leg->owner->link.cfg->bind) {
	case BIND_TRANSMITTER:
		return SMPP_BIND_TRANSMITTER;
	case BIND_RECEIVER:
		return SMPP_BIND_RECEIVER;
	case BIND_PAIR:
		return carries(leg) ? SMPP_BIND_TRANSMITTER : SMPP_BIND_RECEIVER;
	case BIND_TRANSCEIVER:
		break;
	}
	return SMPP_BIND_TRANSCEIVER;
}

void smpp_tell_up(struct link_smpp *l, const char *how)
{
	char text[192];

	if (l->link.serving <= 1) {
		event(l, LINK_EV_UP, how);
		return;
	}
	snprintf(text, sizeof(text), "%s; bind %u of %u", how, l->link.serving, binds(l));
	event(l, LINK_EV_BINDS, text);
}

void smpp_leg_dial(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	leg->phase = LEG_CONNECTING;
	leg->bound_us = 0;
	if (carries(leg) && l->link.serving == 0)
		smpp_link_state(l, LINK_CONNECTING, now_us);
	l->link.env->connect(&l->link, leg->no); /* may report a failure at once */
}

/* Anew each time: the configuration may have been reloaded. */
void smpp_leg_session(struct leg *leg, const struct smpp_session_conf *conf,
		      const struct smpp_session_ops *ops)
{
	TALLOC_FREE(leg->session);
	leg->session = smpp_session_new(leg->owner, conf, ops, leg);
	leg->again = talloc_array(leg->session, uint64_t, conf->window);
	OSMO_ASSERT(leg->again);
	leg->n_again = 0;
	leg->faults_seen = 0;
	leg->generation++;
	leg->phase = LEG_OPEN;
	leg->bound_us = 0;
}

void smpp_leg_opened(struct leg *leg, const struct smpp_session_ops *ops, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	const struct conf_link *cfg = l->link.cfg;
	const struct smpp_session_conf conf = {
		.bind = bind_command(leg),
		.window = carries(leg) ? smpp_window(l) : 1,
		.system_id = cfg->system_id ? cfg->system_id : "",
		.password = cfg->password ? cfg->password : "",
		.system_type = cfg->system_type ? cfg->system_type : "",
		.enquire_us = cfg->enquire_link_s * SECOND,
		.bind_us = cfg->connect_timeout_s * SECOND,
		.unbind_us = cfg->unbind_s * SECOND,
		.response_us = cfg->response_timeout_s * SECOND,
	};

	if (leg->phase != LEG_CONNECTING)
		return;
	smpp_leg_session(leg, &conf, ops);
	if (leg->version == 0 || leg->version > cfg->interface_version)
		leg->version = cfg->interface_version;
	if (carries(leg) && l->link.serving == 0)
		smpp_link_state(l, LINK_BINDING, now_us);
	smpp_session_open(leg->session, leg->version, now_us);
}

/* As many windows as there are binds. */
static void follow_window(struct link_smpp *l)
{
	if (binds(l) > 1)
		dispatch_link_window(l->link.dispatch, l->link.index, smpp_window(l) * OSMO_MAX(l->link.serving, 1u));
}

void smpp_leg_serve(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	if (l->link.serving == 0) {
		smpp_send_init(l);
		l->tx = leg;
	}
	leg->serving = true;
	leg->current = NULL;
	l->link.serving++;
	l->faulted = false;
	follow_window(l);
	smpp_link_state(l, LINK_UP, now_us);
}

/* What was under way there goes to the others, if there are any. */
static void serve_no_more(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	leg->serving = false;
	l->link.serving--;
	if (l->link.serving == 0)
		smpp_link_up(l, false, now_us);
	for (unsigned int i = 0; l->tx == leg && l->link.serving > 0 && i < LINK_LEGS; i++)
		if (l->leg[i].serving)
			l->tx = &l->leg[i];
	follow_window(l);
	smpp_send_down(leg, now_us);
}

void smpp_leg_bound(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	char text[96];

	leg->bound_us = now_us ? now_us : 1;
	leg->no_connection[0] = '\0';
	l->link.count.binds++;
	if (smpp_listens(l)) {
		smpp_listen_bound(leg, now_us);
		return;
	}
	if (!carries(leg))
		return;
	smpp_leg_serve(leg, now_us);
	snprintf(text, sizeof(text), "bound, interface version %x.%x", leg->version >> 4, leg->version & 15);
	smpp_tell_up(l, text);
	if (l->link.cfg->addressing == ADDR_BROADCAST && leg->version < 0x50) {
		/* Every broadcast_sm would be refused for good; the peer may learn 5.0 until the next bind.
		 */
		smpp_fault(l, SMPP_RINVCMDID, now_us);
		leg->version = 0;
	} else if (l->link.cfg->bind != BIND_RECEIVER) {
		smpp_link_up(l, true, now_us);
	}
}

static bool credentials_refused(uint32_t status)
{
	return status == SMPP_RBINDFAIL || status == SMPP_RINVPASWD || status == SMPP_RINVSYSID;
}

/* A peer that knows no 5.0 refuses in many ways, or just hangs up. */
static bool version_refused(const struct leg *leg, enum smpp_end end, uint32_t status)
{
	if (leg->version <= 0x34)
		return false;
	if (end == SMPP_END_REFUSED)
		return status == SMPP_RBINDFAIL || status == SMPP_RINVCMDLEN || status == SMPP_RSYSERR;
	return end == SMPP_END_NO_BIND || end == SMPP_END_CLOSED || end == SMPP_END_PEER ||
	       end == SMPP_END_SILENT;
}

void smpp_bind_reason(struct link_smpp *l, enum smpp_end end, uint32_t status)
{
	struct link_counters *count = &l->link.count;

	count->bind_failures++;
	if (end == SMPP_END_UNTRUSTED || (status && credentials_refused(status)))
		count->bind_credentials++;
	else if (end == SMPP_END_NO_BIND || end == SMPP_END_NO_PEER || end == SMPP_END_SILENT)
		count->bind_unanswered++;
	else if (end == SMPP_END_CLOSED || end == SMPP_END_PEER)
		count->bind_closed++;
	smpp_reason(l, status ? smpp_status_name(status) : smpp_end_name(end), status, 'b');
}

/* The connection ended before the bind was done. */
static void bind_failed(struct leg *leg, enum smpp_end end, const char *why, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	uint32_t status = end == SMPP_END_REFUSED ? smpp_session_bind_status(leg->session) : 0;
	char text[160];

	smpp_bind_reason(l, end, status);
	if (status)
		snprintf(text, sizeof(text), "bind refused: 0x%08x %s", status, smpp_status_name(status));
	else
		snprintf(text, sizeof(text), "bind failed: %s", why);
	if (version_refused(leg, end, status)) {
		leg->version = 0x34;
		leg->retry_us = now_us + jitter(l, first_delay(l));
	} else if (credentials_refused(status)) {
		back_off(leg, BAD_US, BAD_MAX, now_us);
	} else {
		back_off(leg, first_delay(l), longest_delay(l), now_us);
	}
	event(l, LINK_EV_BIND_FAILED, text);
}

/* The link is down, or has a bind less. */
static void tell_down(struct link_smpp *l, const char *why)
{
	char text[192];

	if (l->link.serving == 0) {
		event(l, LINK_EV_DOWN, why);
		return;
	}
	snprintf(text, sizeof(text), "one bind ended (%s), %u left", why, l->link.serving);
	event(l, LINK_EV_BINDS, text);
}

static void lost_after_bind(struct leg *leg, enum smpp_end end, const char *why, bool served, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	char text[128];

	if (now_us - leg->bound_us >= STEADY_US && !l->faulted)
		leg->failures = 0;
	if (l->faulted && served) {
		snprintf(text, sizeof(text), "the carrier turns our messages away: 0x%08x %s",
			 l->fault_status, smpp_status_name(l->fault_status));
		why = text;
	}
	back_off(leg, l->faulted ? BAD_US : first_delay(l), l->faulted ? BAD_MAX : longest_delay(l), now_us);
	if (end != SMPP_END_UNBOUND)
		l->link.count.disconnects++;
	if (end == SMPP_END_GARBAGE)
		event(l, LINK_EV_PROTOCOL, why);
	if (served) {
		tell_down(l, why);
		l->refuse_until_us = l->faulted ? leg->retry_us : 0;
	}
}

static void end_session(struct leg *leg, const char *why, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	enum smpp_end end = smpp_session_end(leg->session);
	bool served = leg->serving;

	if (end == SMPP_ALIVE)
		end = SMPP_END_CLOSED;
	else
		why = smpp_end_name(end);
	smpp_session_close(leg->session);
	l->link.count.protocol_errors += smpp_session_faults(leg->session) - leg->faults_seen;
	leg->faults_seen = smpp_session_faults(leg->session);
	if (served)
		serve_no_more(leg, now_us);
	if (leg->bound_us)
		lost_after_bind(leg, end, why, served, now_us);
	else if (smpp_listens(l))
		smpp_listen_failed(leg, end, why, now_us);
	else
		bind_failed(leg, end, why, now_us);
}

/* Told once for each reason: a carrier that is away may be so for long. */
static void not_connected(struct leg *leg, const char *why)
{
	char text[128];

	leg->owner->link.count.connect_failures++;
	snprintf(text, sizeof(text), "no connection: %s", why);
	if (!carries(leg) || !strcmp(text, leg->no_connection))
		return;
	osmo_strlcpy(leg->no_connection, text, sizeof(leg->no_connection));
	event(leg->owner, leg->owner->link.serving ? LINK_EV_BINDS : LINK_EV_DOWN, text);
}

void smpp_leg_down(struct leg *leg, const char *why, bool gone, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;

	if (leg->phase == LEG_DOWN || leg->closing)
		return;
	leg->closing = true;
	if (!gone)
		l->link.env->close(&l->link, leg->no, why);
	leg->closing = false;
	if (leg->phase == LEG_OPEN) {
		end_session(leg, why, now_us);
	} else {
		not_connected(leg, why);
		back_off(leg, first_delay(l), longest_delay(l), now_us);
	}
	leg->phase = LEG_DOWN;
	if (carries(leg) && l->link.serving == 0)
		smpp_link_state(l, l->link.blocked ? LINK_BLOCKED : LINK_DOWN, now_us);
}

static bool may_dial(const struct link_smpp *l)
{
	return !l->stopping && !l->link.blocked && !smpp_listens(l);
}

uint64_t smpp_leg_tick(struct leg *leg, uint64_t now_us)
{
	struct link_smpp *l = leg->owner;
	uint64_t next = NEVER;

	if (leg->phase == LEG_DOWN && may_dial(l)) {
		if (now_us < leg->retry_us)
			return leg->retry_us;
		smpp_leg_dial(leg, now_us);
		if (leg->phase == LEG_DOWN)
			return leg->retry_us;
	}
	if (leg->phase != LEG_OPEN)
		return NEVER;
	next = smpp_session_tick(leg->session, now_us);
	l->link.count.protocol_errors += smpp_session_faults(leg->session) - leg->faults_seen;
	leg->faults_seen = smpp_session_faults(leg->session);
	if (smpp_session_end(leg->session) != SMPP_ALIVE) {
		smpp_leg_down(leg, smpp_end_name(smpp_session_end(leg->session)), false, now_us);
		return may_dial(l) ? leg->retry_us : NEVER;
	}
	return next;
}

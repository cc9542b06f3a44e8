/* The real SMPP driver in the simulated world, and an SMSC made of octets that shares no code with it. */
#include "gateway/sim_int.h"
#include "gateway/link.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define HEADER 16
enum { BIND_TRX = 0x09, SUBMIT = 0x04, ENQUIRE = 0x15, UNBIND = 0x06, RESP = 0x80000000 };

struct peer_smpp {
	struct link *link;
	struct sim *s;
	struct sim_link *l;
	struct conf_link conf;
	struct conf_carrier carrier;
	struct payload_ops payload_ops;
	struct link_env env;
	struct payload *payload[SIM_JOBS];
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (24 - 8 * i);
}

/* --- what the driver asks for --- */

/* A text of as many parts. */
static void make_text(struct sim *s, struct payload *p, uint32_t parts)
{
	char text[1600];
	unsigned int needed;
	size_t len = parts == 1 ? 100 : 152 * (parts - 1) + 50;

	memset(text, 'a', len);
	text[len] = '\0';
	p->n_texts = 1;
	if (smpp_text_split(text, true, SMPP_LONG_UDH16, &p->sms[0], &needed) < 0 || p->sms[0].n != parts)
		sim_fail(s, "no text of %u parts", parts);
}

static const struct payload *payload_job(void *arg, const struct dispatch_job *job, const struct link *link)
{
	struct peer_smpp *d = arg;
	struct payload **p = &d->payload[sim_job_of(d->s, job) - d->s->job];

	(void)link;
	if (!*p) {
		*p = talloc_zero(d, struct payload);
		OSMO_ASSERT(*p);
		make_text(d->s, *p, job->spec.parts);
	}
	return *p;
}

/* 86, job in two digits, unit in eight. */
static int payload_msisdn(void *arg, const struct dispatch_job *job, uint32_t unit, char out[16])
{
	struct peer_smpp *d = arg;

	return snprintf(out, 16, "86%02u%08u", (unsigned int)(sim_job_of(d->s, job) - d->s->job) % 100,
			unit % 100000000);
}

static struct peer_smpp *of_link(struct link *link)
{
	return link->env->arg;
}

static void env_connect(struct link *link, unsigned int leg)
{
	(void)leg;
	sim_dial(of_link(link)->s, of_link(link)->l);
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	(void)leg;
	(void)why;
	sim_hang_up(of_link(link)->s, of_link(link)->l);
}

static void env_clue(struct link *link, const struct link_clue *clue, uint64_t token)
{
	(void)clue;
	(void)token;
	sim_fail(of_link(link)->s, "%s: a clue out of nowhere", link->cfg->name);
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
	(void)text;
	sim_note(of_link(link)->s, 0xF0 + ev, link->index);
	if (ev == LINK_EV_PROTOCOL)
		sim_fail(of_link(link)->s, "%s: %s", link->cfg->name, text);
}

static void configure(struct peer_smpp *d, const struct sim_link_plan *p)
{
	d->conf = (struct conf_link){.name = (char *)p->name,
				     .type = LINK_SMPP,
				     .mode = MODE_CONNECT,
				     .rate = p->rate,
				     .burst = p->burst,
				     .window = p->window,
				     .connect_timeout_s = 10,
				     .reconnect_s = 1,
				     .reconnect_max_s = 60,
				     .response_timeout_s = SIM_TIMEOUT_US / 1000000,
				     .enquire_link_s = 30,
				     .bind = BIND_TRANSCEIVER,
				     .interface_version = 0x34,
				     .system_id = "reunion",
				     .password = "secret",
				     .addressing = ADDR_SUBSCRIBERS,
				     .gsm7 = true,
				     .max_tries = 5};
	d->conf.source.ton = 5;
	d->conf.source.address = "POLICE";
	d->carrier = (struct conf_carrier){.name = "carrier", .links = &d->conf, .n_links = 1};
	d->payload_ops = (struct payload_ops){.job = payload_job, .msisdn = payload_msisdn, .arg = d};
	d->env = (struct link_env){
		.connect = env_connect, .close = env_close, .clue = env_clue, .event = env_event, .arg = d};
}

static void *smpp_create(void *ctx, struct sim *s, struct sim_link *l)
{
	struct peer_smpp *d = talloc_zero(ctx, struct peer_smpp);

	OSMO_ASSERT(d);
	d->s = s;
	d->l = l;
	configure(d, l->plan);
	d->link = link_smpp.create(d, &d->carrier, &d->conf, s->now);
	d->link->env = &d->env;
	d->link->dispatch = s->dispatch;
	d->link->index = l->index;
	d->link->payload = &d->payload_ops;
	d->link->carrier_throttle = &s->carrier[l->plan->carrier];
	if (s->plan->full_bucket)
		throttle_init(&d->link->throttle, l->plan->rate, l->plan->burst, s->now - 10000000);
	link_smpp.start(d->link, s->now);
	return d;
}

/* --- octets --- */

/* Job, unit and part of a submit_sm; false: not as agreed. SMPP 3.4 4.4.1, TS 23.040 9.2.3.24.8. */
static bool submit_read(const uint8_t *pdu, size_t len, uint32_t *job, uint32_t *unit, uint32_t *part)
{
	const char *p = (const char *)pdu + HEADER, *end = (const char *)pdu + len;
	char digits[3] = {0};
	uint8_t esm;

	p += strnlen(p, end - p) + 1 + 2; /* service_type, source ton and npi */
	p += p < end ? strnlen(p, end - p) + 1 + 2 : 0;
	if (end - p < 13 + 12 || strnlen(p, end - p) != 12 || p[0] != '8' || p[1] != '6')
		return false;
	memcpy(digits, p + 2, 2);
	*job = strtoul(digits, NULL, 10);
	*unit = strtoul(p + 4, NULL, 10);
	p += 13;
	esm = *p;
	p += 3;                     /* esm_class, protocol_id, priority_flag */
	for (int i = 0; i < 2; i++) /* schedule_delivery_time, validity_period */
		p += p < end ? strnlen(p, end - p) + 1 : 0;
	p += 4 + 1; /* registered_delivery .. sm_default_msg_id, sm_length */
	*part = 0;
	if (!(esm & 0x40))
		return p <= end;
	if (end - p < 7 || p[0] != 6 || p[1] != 8)
		return false;
	*part = (uint8_t)p[6] - 1;
	return true;
}

/* What the driver wrote goes on the line, PDU by PDU. */
static void pump(struct peer_smpp *d)
{
	const uint8_t *octets;
	uint32_t job, unit, part;
	size_t len, at, n;

	while (d->l->conn && (octets = link_smpp.output(d->link, 0, &len), len > 0)) {
		for (at = 0; len - at >= HEADER; at += n) {
			n = get32(octets + at);
			if (n < HEADER || n > len - at)
				break;
			if (get32(octets + at + 4) == SUBMIT) {
				if (submit_read(octets + at, n, &job, &unit, &part) &&
				    job < d->s->plan->n_jobs && d->s->job[job].job)
					sim_check_submit(d->s, d->l, d->s->job[job].job, unit, part);
				else
					sim_fail(d->s, "%s: a submit_sm that says nothing", d->l->plan->name);
			}
			sim_to_peer(d->s, d->l, octets + at, n);
		}
		if (at != len)
			sim_fail(d->s, "%s: octets that are no PDU", d->l->plan->name);
		link_smpp.written(d->link, 0, len, d->s->now);
	}
}

static void smpp_connected(void *driver, uint64_t now_us)
{
	struct peer_smpp *d = driver;

	link_smpp.connected(d->link, 0, now_us);
	pump(d);
}

static void smpp_closed(void *driver, uint64_t now_us)
{
	struct peer_smpp *d = driver;

	link_smpp.closed(d->link, 0, "closed by the peer", now_us);
}

static void smpp_input(void *driver, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct peer_smpp *d = driver;

	link_smpp.input(d->link, 0, data, len, now_us);
	pump(d);
}

static uint64_t smpp_tick(void *driver, uint64_t now_us)
{
	struct peer_smpp *d = driver;
	uint64_t next = link_smpp.tick(d->link, now_us);

	pump(d);
	return next;
}

static struct link *smpp_link(void *driver)
{
	return ((struct peer_smpp *)driver)->link;
}

/* --- the SMSC --- */

static void respond(struct sim *s, struct sim_link *l, const uint8_t *pdu, uint32_t status, const char *body,
		    size_t len, uint64_t delay_us)
{
	uint8_t out[HEADER + 16];

	put32(out, HEADER + len);
	put32(out + 4, get32(pdu + 4) | RESP);
	put32(out + 8, status);
	memcpy(out + 12, pdu + 12, 4);
	memcpy(out + HEADER, body, len);
	sim_reply(s, l, out, HEADER + len, delay_us);
}

static void answer_submit(struct sim *s, struct sim_link *l, const uint8_t *pdu, size_t len)
{
	/* RINVDSTADR, RSYSERR, RTHROTTLED */
	static const uint32_t status[] = {[VERDICT_ACCEPT] = 0,
					  [VERDICT_REFUSE] = 0x0B,
					  [VERDICT_TRANSIENT] = 0x08,
					  [VERDICT_THROTTLE] = 0x58};
	uint32_t job, unit, part, verdict;
	uint64_t delay_us;
	bool twice;

	if (!submit_read(pdu, len, &job, &unit, &part))
		return;
	verdict = sim_carrier_submit(s, l, job, unit, part, &delay_us, &twice);
	if (delay_us == UINT64_MAX)
		return;
	respond(s, l, pdu, status[verdict], "id", verdict == VERDICT_ACCEPT ? 3 : 0, delay_us);
	if (twice)
		respond(s, l, pdu, status[verdict], "id", verdict == VERDICT_ACCEPT ? 3 : 0,
			delay_us + sim_rnd(s, 500000));
}

static void smpp_peer_input(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len)
{
	switch (get32(data + 4)) {
	case BIND_TRX:
		respond(s, l, data, 0, "smsc", 5, 1000);
		break;
	case ENQUIRE:
	case UNBIND:
		respond(s, l, data, 0, "", 0, 1000);
		break;
	case SUBMIT:
		answer_submit(s, l, data, len);
		break;
	default:
		break;
	}
}

const struct sim_driver_ops sim_smpp = {
	.name = "smpp",
	.dials = true,
	.create = smpp_create,
	.connected = smpp_connected,
	.closed = smpp_closed,
	.input = smpp_input,
	.tick = smpp_tick,
	.peer_input = smpp_peer_input,
	.link = smpp_link,
};

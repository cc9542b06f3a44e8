/* The real SMPP driver in the simulated world, and an SMSC made of octets that shares no code with it. */
#include "gateway/sim_driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define HEADER 16
enum { BIND_TRX = 0x09, SUBMIT = 0x04, ENQUIRE = 0x15, UNBIND = 0x06, RESP = 0x80000000 };

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

static void fill(struct payload *p, const struct sim_driver *d, const struct dispatch_job *job,
		 unsigned int no)
{
	(void)no;
	make_text(d->s, p, job->spec.parts);
}

/* 86, job in two digits, unit in eight. */
static int payload_msisdn(void *arg, const struct dispatch_job *job, uint32_t unit, char out[16])
{
	struct sim_driver *d = arg;

	return snprintf(out, 16, "86%02u%08u", (unsigned int)(sim_job_of(d->s, job) - d->s->job) % 100,
			unit % 100000000);
}

static void env_clue(struct link *link, const struct link_clue *clue, uint64_t token)
{
	(void)clue;
	(void)token;
	sim_fail(sim_driver_of(link)->s, "%s: a clue out of nowhere", link->cfg->name);
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

static size_t pdu_octets(const uint8_t *pdu)
{
	return get32(pdu);
}

static void check_pdu(struct sim_driver *d, const uint8_t *pdu, size_t len)
{
	uint32_t job, unit, part;

	if (get32(pdu + 4) != SUBMIT)
		return;
	if (submit_read(pdu, len, &job, &unit, &part) && job < d->s->plan->n_jobs && d->s->job[job].job)
		sim_check_submit(d->s, d->l, d->s->job[job].job, unit, part);
	else
		sim_fail(d->s, "%s: a submit_sm that says nothing", d->l->plan->name);
}

/* --- the driver --- */

static const struct sim_protocol protocol = {.ops = &link_smpp,
					     .strict = true,
					     .header = HEADER,
					     .octets = pdu_octets,
					     .check = check_pdu,
					     .fill = fill};

static void *smpp_create(void *ctx, struct sim *s, struct sim_link *l)
{
	struct sim_driver *d = sim_driver_new(ctx, &protocol, s, l);
	struct conf_link *c = &d->conf;

	c->type = LINK_SMPP;
	c->reconnect_s = 1;
	c->reconnect_max_s = 60;
	c->bind = BIND_TRANSCEIVER;
	c->interface_version = 0x34;
	c->system_id = "reunion";
	c->password = "secret";
	c->addressing = ADDR_SUBSCRIBERS;
	c->gsm7 = true;
	c->source.ton = 5;
	c->source.address = "POLICE";
	d->payload_ops.msisdn = payload_msisdn;
	d->env.clue = env_clue;
	sim_driver_start(d, &s->carrier[l->plan->carrier]);
	return d;
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
	.connected = sim_driver_connected,
	.closed = sim_driver_closed,
	.input = sim_driver_input,
	.tick = sim_driver_tick,
	.peer_input = smpp_peer_input,
	.link = sim_driver_link,
};

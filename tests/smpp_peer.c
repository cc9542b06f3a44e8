#include "tests/smpp_peer.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include "smpp/stream.h"

struct peer peer;

/* ---- dispatch ---- */

void dispatch_link_up(struct dispatch *d, uint16_t link, bool up, uint64_t now_us)
{
	d->up = up;
}

void dispatch_link_window(struct dispatch *d, uint16_t link, uint32_t window)
{
	d->window = window;
}

static uint32_t give(struct dispatch *d)
{
	uint32_t unit;

	if (d->n_again == 0)
		return d->next++;
	unit = d->again[0];
	memmove(d->again, d->again + 1, --d->n_again * sizeof(d->again[0]));
	return unit;
}

bool dispatch_peek(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	*h = (struct handed){&d->job, d->n_again ? d->again[0] : d->next};
	return d->job.state == JOB_RUNNING && (d->next < d->n || d->n_again > 0);
}

bool dispatch_next(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	if (!dispatch_peek(d, link, now_us, h))
		return false;
	h->unit = give(d);
	return true;
}

size_t dispatch_next_many(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *first,
			  uint32_t *units, size_t max)
{
	size_t n = 0;

	while (n < max && dispatch_peek(d, link, now_us, first))
		units[n++] = give(d);
	return n;
}

void dispatch_answer(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t unit,
		     enum outcome outcome, uint64_t now_us)
{
	assert_ptr_equal(job, &d->job);
	d->outcome[unit] = outcome;
	d->answers[unit]++;
	if (outcome == OUT_ACCEPTED || outcome == OUT_REFUSED)
		d->octet[unit] = outcome == OUT_ACCEPTED ? UNIT_ACCEPTED : UNIT_REFUSED;
	else if (outcome == OUT_LOST && UNIT_ATTEMPT(d->octet[unit]) == UNIT_ATTEMPTS)
		d->octet[unit] = UNIT_UNKNOWN;
	if (outcome == OUT_UNSENT)
		d->again[d->n_again++] = unit;
}

void dispatch_accepted(struct dispatch *d, uint16_t link, struct dispatch_job *job, const uint32_t *units, size_t n,
		       uint64_t now_us)
{
	for (size_t i = 0; i < n; i++)
		dispatch_answer(d, link, job, units[i], OUT_ACCEPTED, now_us);
}

void dispatch_link_suspect(struct dispatch *d, uint16_t link, bool suspect)
{
	d->suspect = suspect;
}

uint8_t dispatch_unit(const struct dispatch_job *job, uint32_t unit)
{
	return peer.dispatch.octet[unit];
}

uint64_t dispatch_link_waiting(const struct dispatch *d, uint16_t link)
{
	return d->n - d->next + d->n_again;
}

/* ---- throttle ---- */

void throttle_init(struct throttle *t, double rate, uint32_t burst, uint64_t now_us)
{
}

uint32_t throttle_allow(const struct throttle *t, uint32_t want, uint64_t now_us)
{
	return want < peer.tokens ? want : peer.tokens;
}

void throttle_take(struct throttle *t, uint32_t parts, uint64_t now_us)
{
	peer.tokens -= parts;
	peer.taken += parts;
}

uint64_t throttle_next_us(const struct throttle *t, uint32_t parts, uint64_t now_us)
{
	return peer.tokens >= parts ? now_us : now_us + 1000;
}

void throttle_backoff(struct throttle *t, uint64_t now_us)
{
	peer.backoffs++;
}

/* ---- payload ---- */

static const struct payload *the_payload(void *arg, const struct dispatch_job *job, const struct link *link)
{
	return &peer.payload;
}

static int the_msisdn(void *arg, const struct dispatch_job *job, uint32_t unit, char out[16])
{
	if (unit == 13)
		return -ERANGE;
	return snprintf(out, 16, "86138%08u", unit);
}

static int the_cell(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id,
		    uint8_t *mnc_digits)
{
	if (unit < 4) {
		*id = peer.cells[unit];
		*mnc_digits = 2;
		return 0;
	}
	*id = (struct cell_id){.cell = unit, .area = 4301, .mcc = 460, .mnc = 0, .radio = CELL_GSM};
	*mnc_digits = 2;
	return 0;
}

static const struct payload_ops payload = {the_payload, the_msisdn, the_cell, NULL};

/* ---- edge ---- */

static void env_connect(struct link *link, unsigned int leg)
{
	peer.connects[leg]++;
	if (peer.refuse_connect)
		link->ops->closed(link, leg, "connection refused", peer.now_us);
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	peer.closes[leg]++;
}

static void env_clue(struct link *link, const struct link_clue *clue, uint64_t token)
{
	peer.clues++;
	peer.clue_token = token;
	snprintf(peer.clue_text, sizeof(peer.clue_text), "%s", clue->utf8 ? clue->utf8 : "");
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
	peer.events[ev]++;
	snprintf(peer.event_text, sizeof(peer.event_text), "%s", text);
}

static void env_aired(struct link *link, uint64_t job, const char *message_id, bool on)
{
	*(on ? &peer.aired_on : &peer.aired_off) += 1;
	snprintf(peer.aired_id, sizeof(peer.aired_id), "%s", message_id);
}

static void env_held(struct link *link, uint64_t job, uint32_t seq, const void *ids, size_t len)
{
	*(ids ? &peer.held_on : &peer.held_off) += 1;
	memcpy(peer.held_ids, ids ? ids : "", len < sizeof(peer.held_ids) ? len : sizeof(peer.held_ids));
	peer.held_len = len;
}

static void env_dead(struct link *link, uint64_t job, const struct dead_letter *letter)
{
	assert_int_equal(job, 1);
	peer.dead = *letter;
	peer.n_dead++;
}

/* ---- peer ---- */

void peer_start(void)
{
	memset(&peer, 0, sizeof(peer));
	peer.dispatch.job.spec.expires_us = INT64_MAX;
	memset(peer.dispatch.outcome, -1, sizeof(peer.dispatch.outcome));
	peer.dispatch.job.spec.id = 1;
	peer.tokens = UINT32_MAX;
	peer.now_us = 100 * PEER_S;
	peer.cfg = (struct conf_link){.name = "cm-1",
				      .type = LINK_SMPP,
				      .window = 4,
				      .burst = 4,
				      .connect_timeout_s = 10,
				      .response_timeout_s = 10,
				      .session_init_s = 10,
				      .reconnect_s = 1,
				      .reconnect_max_s = 60,
				      .enquire_link_s = 30,
				      .interface_version = 0x34,
				      .system_id = "reunion",
				      .password = "secret",
				      .source = {5, 0, "POLICE"},
				      .gsm7 = true};
	peer.payload.n_texts = 1;
	peer.payload.udh_ref = 0x1234;
	peer.payload.validity_s = 6 * 3600;
	smpp_text_split("find her", true, SMPP_LONG_UDH16, &peer.payload.sms[0], NULL);
	peer.env = (struct link_env){.connect = env_connect, .close = env_close, .clue = env_clue, .event = env_event,
				     .aired = env_aired, .held = env_held, .dead = env_dead};
}

void peer_create(void)
{
	peer.link = link_smpp.create(NULL, &peer.carrier, &peer.cfg, peer.now_us);
	peer.link->env = &peer.env;
	peer.link->dispatch = &peer.dispatch;
	peer.link->payload = &payload;
	link_smpp.start(peer.link, peer.now_us);
}

static bool note(void *arg, const uint8_t *frame, size_t len)
{
	const unsigned int *leg = arg;
	struct peer_seen *s = &peer.seen[peer.n_seen++];
	struct smpp_dest dest;
	struct smpp_pdu pdu;
	const uint8_t *text;
	uint32_t fault;
	size_t at = 0, text_len;

	assert_int_equal(smpp_decode(frame, len, &pdu, &fault), 0);
	assert_false(pdu.odd);
	*s = (struct peer_seen){.id = pdu.id,
				.leg = *leg,
				.sequence = pdu.sequence,
				.status = pdu.status,
				.n_dests = pdu.n_dests,
				.esm_class = pdu.esm_class,
				.registered = pdu.registered,
				.data_coding = pdu.data_coding};
	snprintf(s->dest, sizeof(s->dest), "%s", pdu.dest.digits);
	snprintf(s->message_id, sizeof(s->message_id), "%s", pdu.message_id);
	snprintf(s->validity, sizeof(s->validity), "%s", pdu.validity);
	smpp_message(&pdu, &text, &text_len);
	if (pdu.esm_class & 0x40)
		s->part = text[text[0]];
	for (unsigned int i = 0; i < 8 && smpp_dest_next(&pdu, &at, &dest); i++)
		snprintf(s->dests[i], sizeof(s->dests[i]), "%s", dest.address.digits);
	return true;
}

void peer_read(unsigned int leg)
{
	struct smpp_stream stream;
	const uint8_t *data;
	size_t len;

	smpp_stream_init(&stream, NULL);
	while ((data = link_smpp.output(peer.link, leg, &len)) && len > 0) {
		assert_int_equal(smpp_stream_feed(&stream, data, len, note, &leg), 0);
		link_smpp.written(peer.link, leg, len, peer.now_us);
	}
	smpp_stream_reset(&stream);
}

void peer_tick(void)
{
	peer.next_us = link_smpp.tick(peer.link, peer.now_us);
	peer_read(0);
}

void peer_send(unsigned int leg, const struct smpp_pdu *pdu)
{
	uint8_t buf[8192];
	int n = smpp_encode(pdu, buf, sizeof(buf));

	assert_true(n > 0);
	link_smpp.input(peer.link, leg, buf, n, peer.now_us);
}

void peer_connected(unsigned int leg)
{
	link_smpp.connected(peer.link, leg, peer.now_us);
	peer.n_seen = 0;
	peer_read(leg);
	assert_int_equal(peer.n_seen, 1);
}

void peer_bind(unsigned int leg, uint32_t status)
{
	peer_connected(leg);
	peer_send(leg, &(struct smpp_pdu){.id = peer.seen[0].id | SMPP_RESP,
					  .sequence = peer.seen[0].sequence,
					  .status = status});
	peer.n_seen = 0;
}

void peer_answer(const struct peer_seen *request, uint32_t status)
{
	peer_send(request->leg, &(struct smpp_pdu){.id = request->id | SMPP_RESP,
					.sequence = request->sequence,
					.status = status,
					.message_id = "42"});
}

void peer_answer_all(uint32_t status)
{
	static struct peer_seen all[1024];
	unsigned int n = peer.n_seen;

	memcpy(all, peer.seen, sizeof(all));
	peer.n_seen = 0;
	for (unsigned int i = 0; i < n; i++)
		if (all[i].id == SMPP_SUBMIT_SM || all[i].id == SMPP_SUBMIT_MULTI)
			peer_answer(&all[i], status);
}

void peer_stop(void)
{
	talloc_free(peer.link);
	peer.link = NULL;
}

int peer_teardown(void **state)
{
	peer_stop();
	return 0;
}

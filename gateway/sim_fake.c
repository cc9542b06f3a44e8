/* A driver without a protocol: what every driver does with dispatch and throttles, in its simplest form. */
#include "gateway/sim_int.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* A unit with the peer. */
struct out {
	struct dispatch_job *job; /* NULL: free */
	uint32_t unit, sent, answered;
	uint32_t first_seq;
	uint64_t at_us;       /* last sent */
	enum outcome outcome; /* the worst so far */
};

struct fake {
	struct sim *s;
	struct sim_link *l;
	struct throttle *carrier;
	bool up;
	uint32_t seq;
	struct out *out;
	size_t n_out;
	struct out *sending; /* not all parts are sent */
};

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static void *fake_create(void *ctx, struct sim *s, struct sim_link *l)
{
	struct fake *f = talloc_zero(ctx, struct fake);

	f->s = s;
	f->l = l;
	f->carrier = &s->carrier[l->plan->carrier];
	f->n_out = l->plan->window + 1;
	f->out = talloc_zero_array(f, struct out, f->n_out);
	return f;
}

static void finish(struct fake *f, struct out *o, enum outcome outcome, uint64_t now_us)
{
	struct dispatch_job *job = o->job;

	if (f->s->plan->lost_is_accepted && outcome == OUT_LOST)
		outcome = OUT_ACCEPTED;
	if (f->sending == o)
		f->sending = NULL;
	o->job = NULL;
	sim_note(f->s, 0xB0 + outcome, o->unit);
	dispatch_answer(f->s->dispatch, f->l->index, job, o->unit, outcome, now_us);
}

static void fake_connected(void *driver, uint64_t now_us)
{
	struct fake *f = driver;

	f->up = true;
	dispatch_link_up(f->s->dispatch, f->l->index, true, now_us);
}

static void fake_closed(void *driver, uint64_t now_us)
{
	struct fake *f = driver;

	f->up = false;
	dispatch_link_up(f->s->dispatch, f->l->index, false, now_us);
	for (size_t i = 0; i < f->n_out; i++)
		if (f->out[i].job)
			finish(f, &f->out[i], f->out[i].sent ? OUT_LOST : OUT_UNSENT, now_us);
}

static struct out *by_seq(struct fake *f, uint32_t seq)
{
	for (size_t i = 0; i < f->n_out; i++)
		if (f->out[i].job && seq - f->out[i].first_seq < f->out[i].sent)
			return &f->out[i];
	return NULL;
}

/* An answer: sequence, verdict. One that nobody waits for is ignored. */
static void fake_input(void *driver, const uint8_t *data, size_t len, uint64_t now_us)
{
	static const enum outcome outcomes[] = {[VERDICT_ACCEPT] = OUT_ACCEPTED,
						[VERDICT_REFUSE] = OUT_REFUSED,
						[VERDICT_TRANSIENT] = OUT_TRANSIENT,
						[VERDICT_THROTTLE] = OUT_THROTTLED};
	struct fake *f = driver;
	struct out *o = by_seq(f, get32(data));
	uint32_t part;

	(void)len;
	if (!o)
		return;
	part = get32(data) - o->first_seq;
	if (o->answered >> part & 1)
		return;
	o->answered |= 1u << part;
	if (data[4] == VERDICT_THROTTLE) {
		throttle_backoff(&f->l->throttle, now_us);
		throttle_backoff(f->carrier, now_us);
	}
	if (data[4] != VERDICT_ACCEPT)
		o->outcome = outcomes[data[4]];
	if (o->answered == (1u << o->job->spec.parts) - 1)
		finish(f, o, o->outcome, now_us);
}

static bool may_send(const struct fake *f, uint64_t now_us)
{
	return throttle_allow(&f->l->throttle, 1, now_us) && throttle_allow(f->carrier, 1, now_us);
}

static void send_part(struct fake *f, struct out *o, uint64_t now_us)
{
	uint8_t pdu[16];

	put32(pdu, f->seq++);
	put32(pdu + 4, sim_job_of(f->s, o->job) - f->s->job);
	put32(pdu + 8, o->unit);
	put32(pdu + 12, o->sent);
	throttle_take(&f->l->throttle, 1, now_us);
	throttle_take(f->carrier, 1, now_us);
	sim_check_submit(f->s, f->l, o->job, o->unit, o->sent);
	sim_to_peer(f->s, f->l, pdu, sizeof(pdu));
	if (f->s->plan->resend && o->unit % 16 == 0)
		sim_to_peer(f->s, f->l, pdu, sizeof(pdu));
	o->at_us = now_us;
	if (++o->sent == o->job->spec.parts)
		f->sending = NULL;
}

static struct out *begin(struct fake *f, uint64_t now_us)
{
	struct out *o = f->out;
	struct handed h;

	while (o < f->out + f->n_out && o->job)
		o++;
	if (o == f->out + f->n_out || !dispatch_next(f->s->dispatch, f->l->index, now_us, &h))
		return NULL;
	*o = (struct out){
		.job = h.job, .unit = h.unit, .first_seq = f->seq, .at_us = now_us, .outcome = OUT_ACCEPTED};
	f->sending = o;
	return o;
}

static uint64_t time_out(struct fake *f, uint64_t now_us)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < f->n_out; i++) {
		struct out *o = &f->out[i];

		/* All that is sent is answered: it waits for the throttle. */
		if (o->answered == (1u << o->sent) - 1)
			continue;
		if (o->job && now_us >= o->at_us + SIM_TIMEOUT_US)
			finish(f, o, OUT_LOST, now_us);
		else if (o->job && o->at_us + SIM_TIMEOUT_US < next)
			next = o->at_us + SIM_TIMEOUT_US;
	}
	return next;
}

static uint64_t fake_tick(void *driver, uint64_t now_us)
{
	struct fake *f = driver;
	uint64_t next = time_out(f, now_us), at, carrier_at;
	struct handed h;

	/* A message that is sent in part ends with its job. */
	if (f->sending &&
	    (f->sending->job->state != JOB_RUNNING || (int64_t)now_us >= f->sending->job->spec.expires_us))
		finish(f, f->sending, f->sending->sent ? OUT_LOST : OUT_UNSENT, now_us);
	while (f->up && may_send(f, now_us) && (f->sending || begin(f, now_us)))
		send_part(f, f->sending, now_us);
	if (f->up && (f->sending || dispatch_peek(f->s->dispatch, f->l->index, now_us, &h)) &&
	    !may_send(f, now_us)) {
		at = throttle_next_us(&f->l->throttle, 1, now_us);
		carrier_at = throttle_next_us(f->carrier, 1, now_us);
		at = at > carrier_at ? at : carrier_at;
		next = at < next ? at : next;
	}
	return next;
}

static void fake_peer_input(struct sim *s, struct sim_link *l, const uint8_t *data, size_t len)
{
	uint64_t delay_us;
	uint8_t reply[5];
	bool twice;

	(void)len;
	put32(reply, get32(data));
	reply[4] = sim_carrier_submit(s, l, get32(data + 4), get32(data + 8), get32(data + 12), &delay_us,
				      &twice);
	if (delay_us == UINT64_MAX)
		return;
	sim_reply(s, l, reply, sizeof(reply), delay_us);
	if (twice)
		sim_reply(s, l, reply, sizeof(reply), delay_us + sim_rnd(s, 500000));
}

const struct sim_driver_ops sim_fake = {
	.name = "fake",
	.create = fake_create,
	.connected = fake_connected,
	.closed = fake_closed,
	.input = fake_input,
	.tick = fake_tick,
	.peer_input = fake_peer_input,
};

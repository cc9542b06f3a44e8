/* What the real drivers share in the simulated world. */
#include "gateway/sim_driver.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct sim_driver *sim_driver_of(const struct link *link)
{
	return link->env->arg;
}

static const struct payload *payload_job(void *arg, const struct dispatch_job *job, const struct link *link)
{
	struct sim_driver *d = arg;
	unsigned int no = sim_job_of(d->s, job) - d->s->job;

	(void)link;
	if (!d->payload[no]) {
		d->payload[no] = talloc_zero(d, struct payload);
		OSMO_ASSERT(d->payload[no]);
		d->protocol->fill(d->payload[no], d, job, no);
	}
	return d->payload[no];
}

static void env_connect(struct link *link, unsigned int leg)
{
	(void)leg;
	sim_dial(sim_driver_of(link)->s, sim_driver_of(link)->l);
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	(void)leg;
	(void)why;
	sim_hang_up(sim_driver_of(link)->s, sim_driver_of(link)->l);
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
	struct sim_driver *d = sim_driver_of(link);

	sim_note(d->s, 0xF0 + ev, link->index);
	if (ev == LINK_EV_PROTOCOL && d->protocol->strict)
		sim_fail(d->s, "%s: %s", link->cfg->name, text);
}

struct sim_driver *sim_driver_new(void *ctx, const struct sim_protocol *protocol, struct sim *s,
				  struct sim_link *l)
{
	struct sim_driver *d = talloc_zero(ctx, struct sim_driver);
	const struct sim_link_plan *p = l->plan;

	OSMO_ASSERT(d);
	d->protocol = protocol;
	d->s = s;
	d->l = l;
	d->conf = (struct conf_link){.name = (char *)p->name,
				     .mode = MODE_CONNECT,
				     .rate = p->rate,
				     .burst = p->burst,
				     .window = p->window,
				     .connect_timeout_s = 10,
				     .response_timeout_s = SIM_TIMEOUT_US / 1000000,
				     .enquire_link_s = 30,
				     .max_tries = 5};
	d->carrier = (struct conf_carrier){.name = "carrier", .links = &d->conf, .n_links = 1};
	d->payload_ops = (struct payload_ops){.job = payload_job, .arg = d};
	d->env = (struct link_env){.connect = env_connect, .close = env_close, .event = env_event, .arg = d};
	return d;
}

void sim_driver_start(struct sim_driver *d, struct throttle *carrier)
{
	struct sim *s = d->s;

	d->link = d->protocol->ops->create(d, &d->carrier, &d->conf, s->now);
	d->link->env = &d->env;
	d->link->dispatch = s->dispatch;
	d->link->index = d->l->index;
	d->link->payload = &d->payload_ops;
	d->link->carrier_throttle = carrier;
	if (s->plan->full_bucket)
		throttle_init(&d->link->throttle, d->conf.rate, d->conf.burst, s->now - 10000000);
	d->protocol->ops->start(d->link, s->now);
}

void sim_driver_pump(struct sim_driver *d)
{
	const struct sim_protocol *p = d->protocol;
	const uint8_t *octets;
	size_t len, at, n;

	while (d->l->conn && (octets = p->ops->output(d->link, 0, &len), len > 0)) {
		for (at = 0; len - at >= p->header; at += n) {
			n = p->octets(octets + at);
			if (n < p->header || n > len - at)
				break;
			p->check(d, octets + at, n);
			sim_to_peer(d->s, d->l, octets + at, n);
		}
		if (at != len)
			sim_fail(d->s, "%s: octets that are no message", d->l->plan->name);
		p->ops->written(d->link, 0, len, d->s->now);
	}
}

void sim_driver_connected(void *driver, uint64_t now_us)
{
	struct sim_driver *d = driver;

	d->protocol->ops->connected(d->link, 0, now_us);
	sim_driver_pump(d);
}

void sim_driver_closed(void *driver, uint64_t now_us)
{
	struct sim_driver *d = driver;

	d->protocol->ops->closed(d->link, 0, "closed by the peer", now_us);
}

void sim_driver_input(void *driver, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct sim_driver *d = driver;

	d->protocol->ops->input(d->link, 0, data, len, now_us);
	sim_driver_pump(d);
}

uint64_t sim_driver_tick(void *driver, uint64_t now_us)
{
	struct sim_driver *d = driver;
	uint64_t next = d->protocol->ops->tick(d->link, now_us);

	sim_driver_pump(d);
	return next;
}

struct link *sim_driver_link(void *driver)
{
	return ((struct sim_driver *)driver)->link;
}

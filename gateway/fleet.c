#include "gateway/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/log.h"
#include "gateway/receipts.h"
#include "gateway/sooner.h"

static struct fleet_link *of(struct link *link)
{
	return link->edge;
}

static void env_connect(struct link *link, unsigned int leg)
{
	linksock_connect(of(link)->sock, leg);
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	linksock_close(of(link)->sock, leg);
}

static void env_clue(struct link *link, const struct link_clue *clue, uint64_t token)
{
	const struct fleet *f = link->env->arg;

	f->events->clue(f->events->arg, of(link), clue, token);
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
	const struct fleet *f = link->env->arg;

	f->events->event(f->events->arg, of(link), ev, text);
}

static void env_aired(struct link *link, uint64_t job, const char *message_id, bool on)
{
	const struct fleet *f = link->env->arg;

	if (f->events->aired)
		f->events->aired(f->events->arg, of(link), job, message_id, on);
}

static void env_held(struct link *link, uint64_t job, uint32_t seq, const void *ids, size_t len)
{
	const struct fleet *f = link->env->arg;

	if (f->events->held)
		f->events->held(f->events->arg, of(link), job, seq, ids, len);
}

static void env_dead(struct link *link, uint64_t job, const struct dead_letter *letter)
{
	const struct fleet *f = link->env->arg;

	if (f->events->dead)
		f->events->dead(f->events->arg, of(link), job, letter);
}

static uint32_t carrier_burst(const struct conf_carrier *c)
{
	uint32_t burst = 0;

	for (size_t i = 0; i < c->n_links; i++)
		if (c->links[i].type == LINK_SMPP)
			burst += c->links[i].burst;
	return burst ? burst : 1;
}

/* Dispatch thinks in units: a CBSP request carries many cells, and of binds each has a window. */
static uint32_t unit_window(const struct conf_link *l, unsigned int serving)
{
	return l->window * (l->type == LINK_CBSP ? l->cells_per_request : OSMO_MAX(serving, 1u));
}

static double unit_rate(const struct conf_link *l)
{
	return l->type == LINK_CBSP ? l->rate * l->cells_per_request : l->rate;
}

static void add_link(struct fleet *f, const struct conf_carrier *carrier, const struct conf_link *cfg, uint64_t now_us)
{
	const struct link_ops *ops = cfg->type == LINK_CBSP ? &link_cbsp : &link_smpp;
	struct fleet_link *fl = &f->links[f->n_links];
	struct link *link = ops->create(f, carrier, cfg, now_us);

	OSMO_ASSERT(link);
	memset(fl, 0, sizeof(*fl));
	link->ops = ops;
	link->carrier = carrier;
	link->cfg = cfg;
	link->env = &f->env;
	link->dispatch = f->dispatch;
	link->index = dispatch_add_link(f->dispatch, cfg->name, unit_window(cfg, 1), unit_rate(cfg), cfg->max_tries);
	OSMO_ASSERT(link->index == f->n_links);
	link->edge = fl;
	fl->link = link;
	fl->sock = linksock_new(f, link, f->hot);
	throttle_init(&link->throttle, cfg->rate, cfg->burst, now_us);
	f->n_links++;
}

static void set_carriers(struct fleet *f, const struct conf *conf, uint64_t now_us)
{
	struct fleet_carrier *old = f->carriers;
	size_t n_old = f->n_carriers;

	f->carriers = talloc_zero_array(f, struct fleet_carrier, conf->n_carriers + 1);
	f->n_carriers = conf->n_carriers;
	for (size_t i = 0; i < conf->n_carriers; i++) {
		struct fleet_carrier *c = &f->carriers[i];

		c->cfg = &conf->carriers[i];
		throttle_init(&c->throttle, c->cfg->rate, carrier_burst(c->cfg), now_us);
		for (size_t k = 0; k < n_old; k++) {
			if (strcmp(old[k].cfg->name, c->cfg->name))
				continue;
			c->throttle = old[k].throttle; /* the bucket survives a reload */
			throttle_set_rate(&c->throttle, c->cfg->rate, carrier_burst(c->cfg), now_us);
			c->receipts = old[k].receipts;
		}
		if (!c->receipts)
			c->receipts = receipts_new(f);
	}
	for (size_t i = 0; i < f->n_links; i++)
		for (size_t k = 0; k < f->n_carriers; k++)
			if (!strcmp(f->links[i].link->carrier->name, f->carriers[k].cfg->name) &&
			    f->links[i].link->cfg->type == LINK_SMPP) {
				f->links[i].link->carrier_throttle = &f->carriers[k].throttle;
				f->links[i].link->receipts = f->carriers[k].receipts;
			}
	talloc_free(old);
}

#define FLEET_MAX_LINKS 4096

struct fleet *fleet_new(void *ctx, const struct conf *conf, struct dispatch *d, struct hot *hot, const struct fleet_events *ev,
			uint64_t now_us)
{
	struct fleet *f = talloc_zero(ctx, struct fleet);

	OSMO_ASSERT(f);
	f->dispatch = d;
	f->hot = hot;
	f->events = ev;
	f->env = (struct link_env){.connect = env_connect, .close = env_close, .clue = env_clue, .event = env_event, .arg = f, .aired = env_aired, .held = env_held, .dead = env_dead};
	/* Links keep their place for good: drivers and sockets point into this array. */
	f->links = talloc_zero_array(f, struct fleet_link, FLEET_MAX_LINKS);
	for (size_t c = 0; c < conf->n_carriers; c++)
		for (size_t l = 0; l < conf->carriers[c].n_links && f->n_links < FLEET_MAX_LINKS; l++)
			add_link(f, &conf->carriers[c], &conf->carriers[c].links[l], now_us);
	set_carriers(f, conf, now_us);
	return f;
}

static bool should_listen(const struct fleet *f, const struct fleet_link *fl)
{
	return fl->link->cfg->mode == MODE_LISTEN && !fl->retired && !f->stopping;
}

/* Again every second: the port may be another link's until its own change is through, or another program's. */
static void follow_listener(struct fleet *f, struct fleet_link *fl)
{
	const struct conf_link *cfg = fl->link->cfg;
	char text[160];
	int rc;

	if (!should_listen(f, fl))
		linksock_deaf(fl->sock);
	if (!should_listen(f, fl) || linksock_listening(fl->sock))
		return;
	rc = linksock_listen(fl->sock);
	if (rc == 0)
		return;
	snprintf(text, sizeof(text), "cannot listen at %s:%u: %s", cfg->address, cfg->port, strerror(-rc));
	f->events->event(f->events->arg, fl, LINK_EV_DOWN, text);
}

static void start_one(struct fleet *f, struct fleet_link *fl, uint64_t now_us)
{
	struct link *link = fl->link;

	follow_listener(f, fl);
	link->ops->start(link, now_us);
}

void fleet_start(struct fleet *f, uint64_t now_us)
{
	for (size_t i = 0; i < f->n_links; i++)
		start_one(f, &f->links[i], now_us);
}

int fleet_index(const struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->n_links; i++)
		if (!strcmp(f->links[i].link->cfg->name, name))
			return i;
	return -ENOENT;
}

static uint64_t pump(struct fleet *f, enum conf_link_type type, uint64_t now_us)
{
	size_t first = f->first;
	uint64_t next = UINT64_MAX;

	/* Links share their carrier's bucket: who sent last has the last turn, or the first link would take it all. */
	for (size_t i = 0; i < f->n_links; i++) {
		size_t k = (first + i) % f->n_links;
		struct fleet_link *fl = &f->links[k];
		uint64_t sent = fl->link->count.submitted;

		if (fl->link->cfg->type != type)
			continue;
		next = sooner(next, linksock_pump(fl->sock, now_us));
		if (fl->link->count.submitted != sent && fl->link->carrier_throttle)
			f->first = k + 1;
	}
	return next;
}

/* An alert's pages leave no later than its first SMS. */
uint64_t fleet_pump(struct fleet *f, uint64_t now_us)
{
	uint64_t next = pump(f, LINK_CBSP, now_us);

	return sooner(next, pump(f, LINK_SMPP, now_us));
}

static double ring_rate(uint64_t *ring, unsigned int second, uint64_t value)
{
	unsigned int span = OSMO_MIN(second, RATE_SECONDS);
	uint64_t old = ring[(second - span) % (RATE_SECONDS + 1)];

	ring[second % (RATE_SECONDS + 1)] = value;
	return span ? (double)(value - old) / span : 0;
}

static size_t last_proven(const struct fleet *f)
{
	size_t best = f->first;

	for (size_t i = 0; i < f->n_links; i++)
		if (f->links[i].link->state == LINK_UP && f->links[i].link->proven_us > f->links[best % f->n_links].link->proven_us)
			best = i;
	return best;
}

void fleet_second(struct fleet *f)
{
	bool idle = f->n_links > 0;

	for (size_t i = 0; i < f->n_links; i++) {
		struct fleet_link *fl = &f->links[i];

		fl->accepted_rate = ring_rate(fl->accepted_at, f->second, fl->link->count.accepted);
		fl->submitted_rate = ring_rate(fl->submitted_at, f->second, fl->link->count.submitted);
		follow_listener(f, fl);
		idle &= fl->submitted_at[f->second % (RATE_SECONDS + 1)] == fl->submitted_at[(f->second + RATE_SECONDS) % (RATE_SECONDS + 1)];
	}
	if (idle) /* the next alert begins on the path that was proven last */
		f->first = last_proven(f);
	f->second++;
}

double fleet_carrier_rate(const struct fleet *f, const struct conf_carrier *carrier, bool accepted)
{
	double sum = 0;

	for (size_t i = 0; i < f->n_links; i++)
		if (!strcmp(f->links[i].link->carrier->name, carrier->name) && f->links[i].link->cfg->type == LINK_SMPP)
			sum += accepted ? f->links[i].accepted_rate : f->links[i].submitted_rate;
	return sum;
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && !strcmp(a, b));
}

static bool same_tls(const struct conf_tls *a, const struct conf_tls *b)
{
	return a->on == b->on && same_text(a->ca_file, b->ca_file) && same_text(a->name, b->name) && same_text(a->pin, b->pin) &&
	       same_text(a->certificate_file, b->certificate_file) && same_text(a->key_file, b->key_file);
}

/* Must the connection be made anew for this change? */
static bool redial(const struct conf_link *a, const struct conf_link *b)
{
	return a->mode != b->mode || !same_text(a->address, b->address) || a->port != b->port ||
	       a->bind != b->bind || a->binds != b->binds || a->interface_version != b->interface_version || !same_text(a->system_id, b->system_id) ||
	       !same_text(a->password, b->password) || !same_text(a->system_type, b->system_type) || !same_tls(&a->tls, &b->tls);
}

int fleet_check(const struct fleet *f, const struct conf *conf, char *err, size_t err_len)
{
	for (size_t i = 0; i < f->n_links; i++) {
		const struct link *link = f->links[i].link;
		const struct conf_link *cfg;
		const struct conf_carrier *carrier = conf_carrier_of(conf, link->cfg->name, &cfg);
		const char *what = NULL;

		if (!carrier)
			continue;
		if (cfg->type != link->cfg->type)
			what = "type";
		else if (cfg->addressing != link->cfg->addressing)
			what = "addressing";
		else if (strcmp(carrier->name, link->carrier->name))
			what = "carrier";
		if (what) {
			snprintf(err, err_len, "link %s: its %s cannot change while the gateway runs: give the new one another name", cfg->name, what);
			return -EINVAL;
		}
	}
	return 0;
}

static void retire(struct fleet_link *fl, uint64_t now_us)
{
	LOGP(DLINK, LOGL_NOTICE, "%s: no longer in the configuration; unbinding\n", fl->link->cfg->name);
	fl->retired = true;
	linksock_deaf(fl->sock);
	fl->link->ops->stop(fl->link, now_us);
}

static void take_over(struct fleet *f, struct fleet_link *fl, const struct conf_carrier *carrier, const struct conf_link *cfg,
		      uint64_t now_us)
{
	struct link *link = fl->link;
	bool again = redial(link->cfg, cfg);

	link->cfg = cfg;
	link->carrier = carrier;
	throttle_set_rate(&link->throttle, cfg->rate, cfg->burst, now_us);
	dispatch_link_params(f->dispatch, link->index, unit_window(cfg, link->serving), unit_rate(cfg));
	if (fl->retired) {
		LOGP(DLINK, LOGL_NOTICE, "%s: in the configuration again\n", cfg->name);
		fl->retired = false;
		link->ops->start(link, now_us);
		return;
	}
	if (!again)
		return;
	linksock_deaf(fl->sock);
	for (unsigned int leg = 0; leg < LINK_LEGS; leg++) {
		linksock_close(fl->sock, leg);
		link->ops->closed(link, leg, "the configuration changed", now_us);
	}
}

void fleet_reload(struct fleet *f, const struct conf *conf, uint64_t now_us)
{
	for (size_t i = 0; i < f->n_links; i++) {
		const struct conf_link *cfg;
		const struct conf_carrier *carrier = conf_carrier_of(conf, f->links[i].link->cfg->name, &cfg);

		if (carrier)
			take_over(f, &f->links[i], carrier, cfg, now_us);
		else if (!f->links[i].retired)
			retire(&f->links[i], now_us);
	}
	for (size_t c = 0; c < conf->n_carriers; c++)
		for (size_t l = 0; l < conf->carriers[c].n_links && f->n_links < FLEET_MAX_LINKS; l++)
			if (fleet_index(f, conf->carriers[c].links[l].name) < 0) {
				add_link(f, &conf->carriers[c], &conf->carriers[c].links[l], now_us);
				start_one(f, &f->links[f->n_links - 1], now_us);
			}
	set_carriers(f, conf, now_us);
	/* Only now: two links may have changed places. */
	for (size_t i = 0; i < f->n_links; i++)
		follow_listener(f, &f->links[i]);
}

double fleet_set_rate(struct fleet *f, size_t i, double rate, uint64_t now_us)
{
	struct link *link = f->links[i].link;
	const struct conf_link *cfg = link->cfg;
	struct conf_link other = *cfg;

	other.rate = rate < 0 ? cfg->rate : rate;
	/* A burst in proportion: a tenth of the old rate might be a second of the new one. */
	if (cfg->rate > 0 && other.rate < cfg->rate)
		other.burst = OSMO_MAX((uint32_t)(cfg->burst * (other.rate / cfg->rate)), 1u);
	throttle_set_rate(&link->throttle, other.rate, other.burst, now_us);
	dispatch_link_params(f->dispatch, link->index, unit_window(&other, link->serving), unit_rate(&other));
	return other.rate;
}

static const char *link_name(void *arg, uint16_t link)
{
	const struct fleet *f = arg;

	return link < f->n_links ? f->links[link].link->cfg->name : NULL;
}

bool fleet_receipts_due(const struct fleet *f, uint64_t now_us)
{
	for (size_t i = 0; i < f->n_carriers; i++)
		if (receipts_due(f->carriers[i].receipts, now_us))
			return true;
	return false;
}

bool fleet_receipts_batch(struct fleet *f, struct store_batch *b)
{
	bool any = false;

	for (size_t i = 0; i < f->n_carriers; i++)
		any |= receipts_take_batch(f->carriers[i].receipts, link_name, f, b);
	return any;
}

void fleet_receipts_done(struct fleet *f, int rc, uint64_t now_us)
{
	for (size_t i = 0; i < f->n_carriers; i++)
		receipts_batch_done(f->carriers[i].receipts, rc, now_us);
}

int fleet_receipts_load(struct fleet *f, const char *key, const void *value, size_t len, uint64_t now_us)
{
	struct receipts_row row;
	int link;

	if (receipts_row_parse(key, &row) < 0)
		return -EBADMSG;
	link = fleet_index(f, row.link);
	if (!dispatch_job(f->dispatch, row.job) || link < 0 || !f->links[link].link->receipts)
		return 1;
	return receipts_load(f->links[link].link->receipts, link, &row, value, len, now_us);
}

void fleet_receipts_end(struct fleet *f, uint64_t job, struct store_batch *b)
{
	for (size_t i = 0; i < f->n_carriers; i++)
		receipts_end(f->carriers[i].receipts, job, link_name, f, b);
}

void fleet_stop(struct fleet *f, uint64_t now_us)
{
	f->stopping = true;
	for (size_t i = 0; i < f->n_links; i++) {
		linksock_deaf(f->links[i].sock);
		f->links[i].link->ops->stop(f->links[i].link, now_us);
	}
}

bool fleet_stopped(const struct fleet *f)
{
	for (size_t i = 0; i < f->n_links; i++)
		if (!f->links[i].link->ops->stopped(f->links[i].link))
			return false;
	return true;
}

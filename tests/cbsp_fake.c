#include "tests/cbsp_fake.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

static struct fake *the_fake; /* link_env has no argument of its own in its functions */

/* dispatch */
void dispatch_link_up(struct dispatch *d, uint16_t link, bool up, uint64_t now_us)
{
	d->up = up;
}

static struct fake_job *waiting(struct dispatch *d, uint32_t *unit)
{
	for (size_t j = 0; j < d->n_jobs && d->up; j++)
		for (*unit = 0; *unit < d->job[j].pub.spec.n_units; (*unit)++)
			if (d->job[j].unit[*unit] == UNIT_WAITING && d->job[j].pub.state == JOB_RUNNING)
				return &d->job[j];
	return NULL;
}

bool dispatch_peek(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h)
{
	struct fake_job *j = waiting(d, &h->unit);

	h->job = j ? &j->pub : NULL;
	return j != NULL;
}

size_t dispatch_next_many(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *first,
			  uint32_t *units, size_t max)
{
	struct fake_job *j = waiting(d, &first->unit);
	size_t n = 0;

	if (!j)
		return 0;
	first->job = &j->pub;
	for (uint32_t u = first->unit; u < j->pub.spec.n_units && n < max; u++)
		if (j->unit[u] == UNIT_WAITING) {
			j->unit[u] = UNIT_HANDED;
			units[n++] = u;
		}
	return n;
}

void dispatch_answer(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t unit,
		     enum outcome o, uint64_t now_us)
{
	static const enum unit_state next[] = {[OUT_ACCEPTED] = UNIT_ACCEPTED,
					       [OUT_REFUSED] = UNIT_REFUSED,
					       [OUT_TRANSIENT] = UNIT_WITHDRAWN,
					       [OUT_LOST] = UNIT_UNKNOWN,
					       [OUT_UNSENT] = UNIT_WAITING};
	struct fake_job *j = (struct fake_job *)job;

	OSMO_ASSERT(unit < job->spec.n_units && j->unit[unit] == UNIT_HANDED);
	j->unit[unit] = next[o];
	j->last[unit] = o;
	j->answers[unit]++;
}

struct dispatch_job *dispatch_job(struct dispatch *d, uint64_t id)
{
	for (size_t j = 0; j < d->n_jobs; j++)
		if (d->job[j].pub.spec.id == id)
			return &d->job[j].pub;
	return NULL;
}

void dispatch_each_job(struct dispatch *d, void (*cb)(void *arg, struct dispatch_job *job), void *arg)
{
	for (size_t j = 0; j < d->n_jobs; j++)
		cb(arg, &d->job[j].pub);
}

size_t dispatch_accepted_many(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t from,
			      uint32_t *units, size_t max)
{
	struct fake_job *j = (struct fake_job *)job;
	size_t n = 0;

	for (uint32_t u = from; u < job->spec.n_units && n < max; u++)
		if (j->unit[u] == UNIT_ACCEPTED)
			units[n++] = u;
	return n;
}

uint8_t dispatch_unit(const struct dispatch_job *job, uint32_t unit)
{
	return ((const struct fake_job *)job)->unit[unit];
}

uint16_t dispatch_unit_link(const struct dispatch_job *job, uint32_t unit)
{
	return 0;
}

/* alert side */
static const struct payload *payload_job(void *arg, const struct dispatch_job *job, const struct link *link)
{
	return &((const struct fake_job *)job)->payload;
}

static int payload_cell(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id,
			uint8_t *digits)
{
	if (the_fake->no_such_cell)
		return -ENOENT;
	*id = (struct cell_id){.radio = CELL_GSM, .mcc = 460, .mnc = 0, .area = 1, .cell = 100 + unit};
	*digits = 2;
	return 0;
}

/* edge */
static void env_connect(struct link *link, unsigned int leg)
{
	the_fake->connects++;
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	the_fake->closes++;
	the_fake->open = false;
	link->ops->closed(link, leg, why, the_fake->now_us); /* a second notice must do no harm */
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
	the_fake->events[ev]++;
	snprintf(the_fake->last_event, sizeof(the_fake->last_event), "%s", text);
}

static void env_dead(struct link *link, uint64_t job, const struct dead_letter *letter)
{
	if (the_fake->n_dead < FAKE_UNITS)
		the_fake->dead[the_fake->n_dead++] = *letter;
}

void fake_init(struct fake *f, void *ctx)
{
	memset(f, 0, sizeof(*f));
	the_fake = f;
	f->now_us = 1000000;
	f->cfg = (struct conf_link){.name = "bsc-1",
				    .type = LINK_CBSP,
				    .mode = MODE_CONNECT,
				    .window = 4,
				    .burst = 100,
				    .connect_timeout_s = 10,
				    .response_timeout_s = 10,
				    .enquire_link_s = 30,
				    .cells_per_request = 500};
	f->env = (struct link_env){.connect = env_connect, .close = env_close, .event = env_event, .dead = env_dead};
	f->payload = (struct payload_ops){.job = payload_job, .cell = payload_cell};
}

void fake_create(struct fake *f, void *ctx)
{
	f->link = link_cbsp.create(ctx, &f->carrier, &f->cfg, f->now_us);
	f->link->env = &f->env;
	f->link->dispatch = &f->dispatch;
	f->link->payload = &f->payload;
	link_cbsp.start(f->link, f->now_us);
}

struct fake_job *fake_job(struct fake *f, unsigned int n, unsigned int n_texts)
{
	static const uint16_t links[] = {0};
	struct fake_job *j = &f->dispatch.job[f->dispatch.n_jobs++];

	j->pub.spec = (struct job_spec){.id = f->dispatch.n_jobs,
					.kind = JOB_BROADCAST,
					.n_units = n,
					.links = links,
					.n_links = 1,
					.expires_us = INT64_C(86400) * 1000000};
	j->payload.n_texts = n_texts;
	j->payload.repetition_s = 60;
	j->payload.lifetime_s = 86400;
	for (unsigned int t = 0; t < n_texts; t++) {
		j->payload.message_identifier[t] = 4379 + t;
		j->payload.serial[t] = 0x4000 + 0x10 * f->dispatch.n_jobs;
		j->payload.pages[t].n = 1;
		j->payload.pages[t].used[0] = 82;
	}
	return j;
}

void fake_collect(struct fake *f)
{
	size_t n;
	const uint8_t *p = link_cbsp.output(f->link, 0, &n);

	if (f->sent_len + n > sizeof(f->sent))
		f->sent_len = 0; /* nobody looks */
	memcpy(f->sent + f->sent_len, p, n);
	f->sent_len += n;
	link_cbsp.written(f->link, 0, n, f->now_us);
}

void fake_run(struct fake *f, uint64_t us)
{
	uint64_t end = f->now_us + us;

	for (;;) {
		uint64_t next = link_cbsp.tick(f->link, f->now_us);

		fake_collect(f);
		if (f->now_us >= end)
			return;
		f->now_us = OSMO_MIN(end, OSMO_MAX(next, f->now_us + 1000));
	}
}

void fake_input(struct fake *f, const uint8_t *data, size_t len)
{
	link_cbsp.input(f->link, 0, data, len, f->now_us);
	fake_run(f, 0);
}

bool fake_next(struct fake *f)
{
	int n = cbsp_frame(f->sent, f->sent_len);
	const char *why;

	if (n <= 0)
		return false;
	memcpy(f->frame, f->sent, n);
	memmove(f->sent, f->sent + n, f->sent_len - n);
	f->sent_len -= n;
	OSMO_ASSERT(cbsp_decode(f->frame, n, &f->msg, &why) == 0);
	return true;
}

unsigned int fake_count(const struct fake_job *j, enum unit_state s)
{
	unsigned int n = 0;

	for (uint32_t u = 0; u < j->pub.spec.n_units; u++)
		n += j->unit[u] == s;
	return n;
}

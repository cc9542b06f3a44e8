/* The jobs of the process in the simulation: what the alert side does with dispatch. */
#include "gateway/sim_int.h"
#include <errno.h>
#include <osmocom/core/talloc.h>

struct sim_job *sim_job_of(struct sim *s, const struct dispatch_job *job)
{
	return &s->job[job->spec.id - 1];
}

static bool serves(const struct sim_link *l, const struct sim_job *j)
{
	return l->plan->group == j->plan->group;
}

void sim_job_withdraw(struct sim *s, struct sim_job *j)
{
	if (j->cancelled_us == 0)
		j->cancelled_us = s->now;
	j->cancel_waits = false;
	if (!j->job)
		return;
	dispatch_withdraw(s->dispatch, j->job, UNIT_WITHDRAWN, s->now);
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (serves(&s->link[i], j) && s->link[i].ops->recall && !s->plan->no_recall)
			s->link[i].ops->recall(s->link[i].driver, j->job);
}

/* Only whom the earlier text reached, or may have. */
static uint8_t first_octet(void *arg, uint32_t unit, uint32_t *same)
{
	const struct dispatch_job *earlier = arg;
	uint8_t octet = dispatch_unit(earlier, unit);
	enum unit_state state = UNIT_STATE(octet);

	*same = dispatch_unit_same(earlier, unit);
	return state == UNIT_ACCEPTED || state == UNIT_UNKNOWN ||
			       (state != UNIT_REFUSED && UNIT_ATTEMPT(octet) > 0)
		       ? UNIT_WAITING
		       : UNIT_EXCLUDED;
}

static void add_job(struct sim *s, struct sim_job *j)
{
	struct dispatch_job *earlier = j->plan->found ? s->job[j->plan->found - 1].job : NULL;
	uint16_t links[SIM_LINKS];
	double shares[SIM_LINKS], sum = 0;
	struct job_spec spec = {.id = j->id,
				.kind = j->plan->broadcast ? JOB_BROADCAST : JOB_SMS,
				.n_units = j->plan->units,
				.parts = j->plan->parts,
				.deadline_us = (int64_t)j->deadline_us,
				.expires_us = (int64_t)j->expires_us,
				.links = links,
				.shares = shares};

	for (size_t i = 0; i < s->plan->n_links; i++) {
		if (!serves(&s->link[i], j))
			continue;
		links[spec.n_links] = s->link[i].index;
		shares[spec.n_links] = s->plan->link[i].rate > 0 ? s->plan->link[i].rate : 1000;
		sum += shares[spec.n_links++];
	}
	for (size_t i = 0; i < spec.n_links; i++)
		shares[i] /= sum;
	j->job = dispatch_add_job(s->dispatch, &spec, earlier && !s->plan->found_to_all ? first_octet : NULL,
				  earlier);
}

void sim_job_arrive(struct sim *s, struct sim_job *j)
{
	if (j->known || !j->arrived || j->cancelled_us)
		return;
	if (j->plan->found && !s->job[j->plan->found - 1].job) {
		j->cancelled_us = s->now; /* there was no alert */
		return;
	}
	j->known = true;
	j->deadline_us = s->now + j->plan->deadline_us;
	j->expires_us = s->now + j->plan->expires_us;
	add_job(s, j);
}

struct load {
	struct sim *s;
	bool found; /* chunks of such jobs, or of the others */
};

static int load_chunk(void *arg, const struct store_rec *rec)
{
	const struct load *load = arg;
	struct dispatch_job *job;
	uint64_t id;
	uint32_t no;

	if (dispatch_key_parse(rec->key, &id, &no) < 0)
		return -EBADMSG;
	job = dispatch_job(load->s->dispatch, id);
	if (!job || (sim_job_of(load->s, job)->plan->found != 0) != load->found)
		return 0;
	return dispatch_load_chunk(load->s->dispatch, job, no, rec->value, rec->len, rec->epoch);
}

static void load_jobs(struct sim *s, bool found)
{
	struct load load = {.s = s, .found = found};
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];

		if (!j->known || j->done || (j->plan->found != 0) != found)
			continue;
		add_job(s, j);
		n++;
	}
	rc = n ? s->store->ops->load(s->store, STORE_CHUNK, load_chunk, &load) : 0;
	if (rc)
		sim_fail(s, "the ledger cannot be loaded: %d", rc);
}

void sim_jobs_boot(struct sim *s)
{
	load_jobs(s, false);
	load_jobs(s, true); /* they look at the others */
	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];

		sim_job_arrive(s, j);
		if (j->cancel_waits || j->cancelled_us)
			sim_job_withdraw(s, j);
	}
}

/* Of what is on air only an end makes something to forget, and a found text looks at its job. */
static bool may_forget(const struct sim *s, const struct sim_job *j)
{
	if (!j->job || j->id % 2 == 0 || !dispatch_job_at_rest(j->job))
		return false;
	for (size_t i = 0; i < s->plan->n_jobs; i++)
		if (s->plan->job[i].found == j->id)
			return false;
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (serves(&s->link[i], j) && s->link[i].ops->recall &&
		    (j->job->state == JOB_DONE || !s->link[i].ops->settled(s->link[i].driver)))
			return false;
	return true;
}

/* That an alert is over is a record of its own, and it is forgotten when that is durable; then all is that was written before, also
 * what a killed process left written and not synced, and a restart believed. */
void sim_jobs_forget(struct sim *s)
{
	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];

		if (!may_forget(s, j) || s->now < s->fail_until)
			continue;
		if (!s->plan->lying_disk)
			store_memory_sync(s->store);
		dispatch_remove_job(s->dispatch, j->job);
		j->job = NULL;
		j->done = true;
	}
}

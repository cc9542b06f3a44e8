/* The promises, checked against what was on the line, what the carriers counted and what the store holds. */
#include "gateway/sim_int.h"
#include "gateway/dispatch_int.h"
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define COPIES_MAX 3

/* A chunk as the store has it; all waiting where there is none. False: it cannot be read. */
static bool stored_chunk(struct sim *s, const struct sim_job *j, const struct dispatch_job *shape,
			 uint32_t no, struct chunk *c)
{
	uint32_t size = 1u << shape->chunk_shift, left = j->plan->units - (no << shape->chunk_shift);
	char key[DISPATCH_KEY_LEN];
	void *blob;
	size_t len;
	int rc;

	chunk_init(c, no, left < size ? left : size, 0, UNIT_WAITING);
	dispatch_key(key, j->id, no);
	if (s->store->ops->get(s->store, STORE_CHUNK, key, s, &blob, &len) < 0)
		return true;
	rc = chunk_decode(s, c, blob, len);
	talloc_free(blob);
	return rc == 0;
}

/* All of a job's octets as stored. */
static uint8_t *stored_units(struct sim *s, const struct sim_job *j, const struct dispatch_job *shape)
{
	uint8_t *units = talloc_zero_array(s, uint8_t, j->plan->units + 1);
	struct chunk c;

	for (uint32_t no = 0; no < shape->n_chunks; no++) {
		if (!stored_chunk(s, j, shape, no, &c))
			sim_fail(s, "job %u: chunk %u in the store cannot be read", (unsigned int)j->id, no);
		for (uint32_t i = 0; i < c.count; i++)
			units[(no << shape->chunk_shift) + i] = chunk_get(&c, i);
		chunk_fill(&c, 0);
	}
	return units;
}

enum unit_state sim_stored_state(struct sim *s, const struct sim_job *j, uint32_t unit)
{
	struct chunk c;
	uint8_t octet = UNIT_WAITING;

	if (stored_chunk(s, j, j->job, unit >> j->job->chunk_shift, &c))
		octet = chunk_get(&c, unit & ((1u << j->job->chunk_shift) - 1));
	chunk_fill(&c, 0);
	return UNIT_STATE(octet);
}

/* One part more within the last second, both ends counted. */
static void window_add(struct sim *s, struct sim_window *w, double rate, uint32_t burst, const char *of)
{
	while (w->first < w->n && w->at_us[w->first] + 1000000 < s->now)
		w->first++;
	if (w->n == w->max) {
		if (w->first)
			memmove(w->at_us, w->at_us + w->first, (w->n - w->first) * sizeof(*w->at_us));
		w->n -= w->first;
		w->first = 0;
		if (w->n * 2 > w->max || w->max == 0) {
			w->max = w->max ? 2 * w->max : 256;
			w->at_us = talloc_realloc(s, w->at_us, uint64_t, w->max);
			OSMO_ASSERT(w->at_us);
		}
	}
	w->at_us[w->n++] = s->now;
	if (rate > 0 && (double)(w->n - w->first) > rate + burst)
		sim_fail(s, "%s: %zu parts within a second, agreed %.1f + %u", of, w->n - w->first, rate,
			 burst);
}

uint32_t sim_carrier_burst(const struct sim_plan *plan, unsigned int carrier)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < plan->n_links; i++)
		if (plan->link[i].carrier == carrier)
			sum += plan->link[i].burst;
	return sum;
}

static void check_ended(struct sim *s, const struct sim_job *j, uint32_t unit, uint64_t grace_us)
{
	if (j->cancelled_us && s->now > j->cancelled_us + grace_us)
		sim_fail(s, "job %u unit %u: sent after the cancel", (unsigned int)j->id, unit);
	if (s->now >= j->expires_us)
		sim_fail(s, "job %u unit %u: sent after expiry", (unsigned int)j->id, unit);
}

void sim_check_submit(struct sim *s, struct sim_link *l, struct dispatch_job *job, uint32_t unit,
		      uint32_t part)
{
	struct sim_job *j = sim_job_of(s, job);
	unsigned int carrier = l->plan->carrier, id = j->id;

	s->report->submits++;
	sim_note(s, 0xC0 + l->no, (uint64_t)id << 40 | (uint64_t)unit << 8 | part);
	window_add(s, &l->sent, l->plan->rate, l->plan->burst, l->plan->name);
	window_add(s, &s->carrier_sent[carrier], s->plan->carrier_rate[carrier],
		   sim_carrier_burst(s->plan, carrier), "carrier");
	if (part == 0 && sim_stored_state(s, j, unit) != UNIT_HANDED)
		sim_fail(s, "job %u unit %u: sent before its attempt was durable", id, unit);
	j->sent[unit] = true;
	check_ended(s, j, unit, part ? 1000000 : 0);
}

void sim_check_request(struct sim *s, struct sim_link *l)
{
	s->report->submits++;
	window_add(s, &l->sent, l->plan->rate, l->plan->burst, l->plan->name);
}

/* Handed over for the first time, or what is to be on air written once more. */
void sim_check_cell(struct sim *s, unsigned int job, uint32_t unit)
{
	struct sim_job *j = &s->job[job];
	enum unit_state state;

	if (!j->job || unit >= j->plan->units) {
		sim_fail(s, "job %u unit %u: there is none to be written", (unsigned int)j->id, unit);
		return;
	}
	state = sim_stored_state(s, j, unit);
	sim_note(s, 0xC8, (uint64_t)job << 32 | unit);
	if (state != UNIT_HANDED && state != UNIT_ACCEPTED && state != UNIT_UNKNOWN)
		sim_fail(s, "job %u unit %u: sent before its attempt was durable", (unsigned int)j->id, unit);
	j->sent[unit] = true;
	check_ended(s, j, unit, 0);
}

void sim_check_copy(struct sim *s, struct sim_link *l, struct sim_job *j, uint32_t unit, uint32_t part)
{
	uint8_t copies = ++j->copies[unit * j->plan->parts + part];

	j->by[unit] = l->no;
	s->report->copies++;
	s->report->repeats += copies > 1;
	if (copies > s->report->worst_person)
		s->report->worst_person = copies;
	if (copies > COPIES_MAX)
		sim_fail(s, "job %u unit %u: %u copies", (unsigned int)j->id, unit, copies);
	else if (copies > j->licensed[unit] + 1)
		sim_fail(s, "job %u unit %u: copy %u without an event", (unsigned int)j->id, unit, copies);
}

static bool has_copy(const struct sim_job *j, uint32_t unit, uint8_t n)
{
	for (uint32_t p = 0; p < j->plan->parts; p++)
		if (j->copies[unit * j->plan->parts + p] >= n)
			return true;
	return false;
}

static bool is_open(uint8_t octet)
{
	return UNIT_STATE(octet) == UNIT_WAITING || UNIT_STATE(octet) == UNIT_HANDED;
}

/* At most a window of parts may be in doubt by one event; a unit of more parts may be so alone. */
static void check_doubt(struct sim *s, const struct sim_link *l, uint32_t parts, uint32_t units)
{
	if (parts > s->report->worst_event)
		s->report->worst_event = parts;
	if (parts > l->window_max && units > 1)
		sim_fail(s, "%s: %u parts in doubt, window %u", l->plan->name, parts, l->window_max);
}

/* Accepted by the carrier, not known to be so by the store. */
void sim_check_crash(struct sim *s)
{
	uint32_t parts[SIM_LINKS] = {0}, units[SIM_LINKS] = {0};

	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];
		uint8_t *octets;

		if (!j->job)
			continue;
		octets = stored_units(s, j, j->job);
		for (uint32_t u = 0; u < j->plan->units; u++) {
			if (!is_open(octets[u]) || !has_copy(j, u, j->licensed[u] + 1))
				continue;
			j->licensed[u]++;
			parts[j->by[u]] += j->plan->parts;
			units[j->by[u]]++;
		}
		talloc_free(octets);
	}
	for (size_t i = 0; i < s->plan->n_links; i++)
		check_doubt(s, &s->link[i], parts[i], units[i]);
}

/* Accepted by the carrier over this link, not yet answered. */
void sim_check_break(struct sim *s, struct sim_link *l)
{
	uint32_t parts = 0, units = 0;

	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];

		for (uint32_t u = 0; j->job && u < j->plan->units; u++) {
			if (j->by[u] != l->no || !is_open(dispatch_unit(j->job, u)) ||
			    !has_copy(j, u, j->licensed[u] + 1))
				continue;
			j->licensed[u]++;
			parts += j->plan->parts;
			units++;
		}
	}
	check_doubt(s, l, parts, units);
}

static void check_sums(struct sim *s, const struct sim_job *j)
{
	const struct dispatch_job *job = j->job;
	struct unit_sums all = {0}, of[SIM_LINKS] = {0};

	for (uint32_t u = 0; u < j->plan->units; u++) {
		enum unit_state state = UNIT_STATE(dispatch_unit(job, u));
		uint16_t link = dispatch_unit_link(job, u);

		all.n[state]++;
		of[link].n[state]++;
		for (uint32_t p = 0; state == UNIT_ACCEPTED && p < j->plan->parts; p++)
			if (!j->copies[u * j->plan->parts + p])
				sim_fail(s, "job %u unit %u: accepted in the ledger only",
					 (unsigned int)j->id, u);
	}
	if (memcmp(&all, &job->sums, sizeof(all)))
		sim_fail(s, "job %u: sums differ from a recount", (unsigned int)j->id);
	for (size_t i = 0; i < job->spec.n_links; i++)
		if (memcmp(&of[job->spec.links[i]], &job->link_sums[i], sizeof(of[0])))
			sim_fail(s, "job %u: sums of link %zu differ from a recount", (unsigned int)j->id, i);
}

void sim_check_step(struct sim *s, bool all)
{
	for (size_t i = 0; s->life && i < s->plan->n_links; i++) {
		const struct dlink *l = &s->dispatch->link[s->link[i].index];
		uint32_t held = slots_held(l), *most = &s->link[i].slots_max;

		/* More only by a single unit of more parts, which goes alone, and after the window was
		 * narrowed. */
		if (held > l->window && held > s->link[i].widest && held > *most)
			sim_fail(s, "%s: %u slots in use, window %u", l->name, held, l->window);
		if (l->used + l->answered + l->settling <= l->window)
			*most = 0;
	}
	for (size_t i = 0; all && s->life && i < s->plan->n_jobs; i++)
		if (s->job[i].job)
			check_sums(s, &s->job[i]);
}

static void check_final(struct sim *s, struct sim_job *j, uint32_t u, uint8_t octet)
{
	enum unit_state state = UNIT_STATE(octet);
	unsigned int id = j->id;
	bool copy = has_copy(j, u, 1);

	if (is_open(octet))
		sim_fail(s, "job %u unit %u: lost, %s at the end", id, u, unit_state_name(state));
	if (state == UNIT_ACCEPTED && !copy)
		sim_fail(s, "job %u unit %u: accepted in the ledger only", id, u);
	if ((state == UNIT_WITHDRAWN || state == UNIT_EXPIRED) && copy)
		sim_fail(s, "job %u unit %u: %s, but the carrier has it", id, u, unit_state_name(state));
	if (state == UNIT_REFUSED && copy && !j->licensed[u])
		sim_fail(s, "job %u unit %u: refused, but the carrier has it", id, u);
	if (state == UNIT_WITHDRAWN && !j->cancelled_us)
		sim_fail(s, "job %u unit %u: withdrawn without a cancel", id, u);
	/* An end may cut a message between its parts. */
	if (state == UNIT_UNKNOWN && s->report->crashes == 0 && s->report->breaks == 0 &&
	    (j->plan->parts == 1 || (!j->cancelled_us && s->now < j->expires_us)))
		sim_fail(s, "job %u unit %u: unknown without an event", id, u);
}

/* A found text goes to those whom its alert reached, and to nobody else. */
static void check_found(struct sim *s, const struct sim_job *j, const uint8_t *octets,
			const struct dispatch_job *shape)
{
	const struct sim_job *earlier = &s->job[j->plan->found - 1];
	uint8_t *theirs = stored_units(s, earlier, shape);

	for (uint32_t u = 0; u < j->plan->units; u++) {
		if (UNIT_STATE(theirs[u]) == UNIT_ACCEPTED && UNIT_STATE(octets[u]) == UNIT_EXCLUDED)
			sim_fail(s, "job %u unit %u: excluded, but its alert was accepted",
				 (unsigned int)j->id, u);
		if (!earlier->sent[u] && j->sent[u] && UNIT_STATE(theirs[u]) != UNIT_UNKNOWN)
			sim_fail(s, "job %u unit %u: sent to who never got the alert", (unsigned int)j->id,
				 u);
	}
	talloc_free(theirs);
}

void sim_check_end(struct sim *s)
{
	struct dispatch_job shape = {0};

	for (size_t i = 0; i < s->plan->n_jobs; i++) {
		struct sim_job *j = &s->job[i];
		uint8_t *octets;

		shape.chunk_shift = SHIFT_MIN;
		while (shape.chunk_shift < SHIFT_MAX && j->plan->units >> shape.chunk_shift >= 128)
			shape.chunk_shift++;
		shape.n_chunks = (j->plan->units + (1u << shape.chunk_shift) - 1) >> shape.chunk_shift;
		if (!j->known && !j->cancelled_us)
			sim_fail(s, "job %zu: never accepted", i + 1);
		if (!j->known)
			continue;
		octets = stored_units(s, j, &shape);
		for (uint32_t u = 0; u < j->plan->units; u++) {
			check_final(s, j, u, octets[u]);
			s->report->sums[i].n[UNIT_STATE(octets[u])]++;
		}
		if (j->plan->found)
			check_found(s, j, octets, &shape);
		talloc_free(octets);
	}
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (s->link[i].ops->check_end)
			s->link[i].ops->check_end(s, &s->link[i]);
	if (store_memory_octets(s->store, STORE_META) > 0)
		sim_fail(s, "a lease outlives its work");
}

#include "gateway/link_cbsp_work.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "gateway/cbsp_encode.h"
#include "gateway/link_cbsp.h"
#include "gateway/link_cbsp_dead.h"
#include "gateway/link_cbsp_sweep.h"
#include "gateway/sooner.h"

#define STEPS_MAX 256 /* of one pump: then the loop gets its turn */

uint8_t *link_cbsp_room(struct cbsp_link *l, size_t n)
{
	if (l->out_head > 0 && l->out_len + n > sizeof(l->out)) {
		memmove(l->out, l->out + l->out_head, l->out_len - l->out_head);
		l->out_len -= l->out_head;
		l->out_head = 0;
	}
	return l->out_len + n <= sizeof(l->out) ? l->out + l->out_len : NULL;
}

void link_cbsp_sent(struct cbsp_link *l, size_t n)
{
	l->out_len += n;
}

void link_cbsp_tell(struct cbsp_link *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	if (l->now_us < l->quiet_until_us) {
		l->suppressed++;
		return;
	}
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->suppressed > 0 && n > 0 && n < (int)sizeof(text))
		snprintf(text + n, sizeof(text) - n, " (and %u more before)", l->suppressed);
	l->suppressed = 0;
	l->quiet_until_us = l->now_us + 10 * 1000000;
	l->link.env->event(&l->link, LINK_EV_PROTOCOL, text);
}

bool link_cbsp_work_live(const struct dispatch_job *job, uint64_t now_us)
{
	return job && (job->state == JOB_RUNNING || job->state == JOB_DONE) &&
	       job->spec.expires_us > (int64_t)now_us;
}

static const struct payload *payload_of(struct cbsp_link *l, const struct dispatch_job *job)
{
	return l->link.payload->job(l->link.payload->arg, job, &l->link);
}

static struct dispatch_job *job_of(struct cbsp_link *l, const struct cbsp_batch *b)
{
	return b->kind == BATCH_WORK ? b->job : dispatch_job(l->link.dispatch, b->job_id);
}

static bool idle(const struct cbsp_batch *b)
{
	return b->kind != BATCH_FREE && b->text < 0;
}

static bool busy(const struct cbsp_link *l, uint16_t message_identifier, uint16_t serial)
{
	for (uint32_t i = 0; i < l->n_batches; i++) {
		const struct cbsp_batch *b = &l->batch[i];

		if (b->kind != BATCH_FREE && b->text >= 0 && b->serial[b->text] == serial &&
		    b->message_identifier[b->text] == message_identifier)
			return true;
	}
	return false;
}

struct cbsp_batch *link_cbsp_work_free(struct cbsp_link *l)
{
	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];

		if (b->kind != BATCH_FREE)
			continue;
		*b = (struct cbsp_batch){.unit = b->unit,
					 .cell = b->cell,
					 .answer = b->answer,
					 .result = b->result,
					 .took = b->took,
					 .said = b->said,
					 .why = b->why};
		b->text = b->renew = -1;
		b->age = ++l->ages;
		return b;
	}
	return NULL;
}

void link_cbsp_work_cells(struct cbsp_link *l, struct cbsp_batch *b, struct dispatch_job *job,
			  uint64_t now_us)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		struct cell_id id;
		uint8_t digits = 2;
		uint32_t unit = b->unit[i];

		if (l->link.payload->cell(l->link.payload->arg, job, unit, &id, &digits) < 0 ||
		    link_cbsp_cell(&id, digits, &b->cell[kept]) < 0) {
			if (b->kind == BATCH_WORK)
				link_cbsp_dead_nameless(l, job, unit, now_us);
			continue;
		}
		b->unit[kept] = unit;
		b->result[kept] = RESULT_OK;
		b->answer[kept] = ANSWER_NOT_ASKED;
		b->took[kept] = 0;
		b->why[kept] = CBSP_WHY_NOT_TOLD;
		kept++;
	}
	b->n = kept;
}

/* A cell that took one text was reached: it is to be told of an end too. The texts that it has no room for at
 * present are written again, as after a restart. */
static bool is_partial(const struct cbsp_batch *b, uint32_t i)
{
	return b->kind == BATCH_WORK && b->took[i] && b->result[i] == RESULT_TRANSIENT;
}

static enum outcome outcome_of(const struct cbsp_batch *b, uint32_t i)
{
	static const enum outcome of[] = {[RESULT_OK] = OUT_ACCEPTED,
					  [RESULT_REFUSED] = OUT_REFUSED,
					  [RESULT_TRANSIENT] = OUT_TRANSIENT,
					  [RESULT_LOST] = OUT_LOST};

	if (b->written == 0 && b->result[i] == RESULT_OK)
		return OUT_UNSENT;
	return is_partial(b, i) ? OUT_ACCEPTED : of[b->result[i]];
}

/* The batch is through. When one of its answers is overdue, the batch stays behind to keep the reference
 * occupied. */
static void end_batch(struct cbsp_link *l, struct cbsp_batch *b, uint64_t now_us)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (is_partial(b, i) && link_cbsp_work_live(b->job, now_us))
			link_cbsp_sweep_complete(l, b->job_id, &b->cell[i], now_us);
		if (b->kind == BATCH_WORK)
			link_cbsp_dead_answer(l, b, i, outcome_of(b, i), now_us);
	}
	if (b->kind != BATCH_WORK)
		link_cbsp_sweep_ended(l, b, now_us);
	b->job = NULL;
	b->sweep = NULL;
	b->n = 0;
	if (b->late)
		return;
	b->kind = BATCH_FREE;
}

/* A job that was withdrawn or has expired between two texts: what is out stays as answered, the rest is not
 * sent. */
static void abandon(struct cbsp_link *l, struct cbsp_batch *b, uint64_t now_us)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->answer[i] == ANSWER_RENEW && b->result[i] < RESULT_TRANSIENT) {
			b->result[i] = RESULT_TRANSIENT;
			b->why[i] = CBSP_WHY_SILENT;
		}
	end_batch(l, b, now_us);
}

static int encode(struct cbsp_link *l, struct cbsp_batch *b, int t, uint8_t *buf, size_t size,
		  uint64_t now_us)
{
	uint32_t n = link_cbsp_batch_ask(b, t, l->scratch);
	const struct payload *p;
	struct dispatch_job *job;
	uint64_t left_s;

	b->replacing = false;
	if (b->kind == BATCH_KILL)
		return cbsp_encode_kill(buf, size, b->message_identifier[t], b->serial[t], l->scratch, n,
					true);
	job = job_of(l, b);
	p = payload_of(l, job);
	b->replacing = b->kind == BATCH_WORK && b->renew != t && p->old_serial[t] != 0;
	left_s = ((uint64_t)job->spec.expires_us - now_us + 999999) / 1000000;
	return link_cbsp_write(l->link.cfg, p, t, b->replacing, l->scratch, n,
			       OSMO_MIN(left_s, (uint64_t)UINT32_MAX), buf, size);
}

static void send_text(struct cbsp_link *l, struct cbsp_batch *b, int t, uint8_t *buf, uint64_t now_us)
{
	int rc = encode(l, b, t, buf, CBSP_WRITE_MAX(l->cells_per_request), now_us);

	b->text = t;
	if (rc < 0) { /* cannot be said at all: ours, and no use in trying again */
		link_cbsp_batch_mark_all(b, ANSWER_REFUSED, CBSP_WHY_TEXTLESS);
		link_cbsp_batch_close_text(b);
		link_cbsp_tell(l, "text %d cannot be coded as CBSP", t);
		return;
	}
	link_cbsp_sent(l, rc);
	b->written |= 1 << t;
	b->deadline_us = now_us + (uint64_t)l->link.cfg->response_timeout_s * 1000000;
	throttle_take(&l->link.throttle, 1, now_us);
	l->link.count.submitted++;
}

int link_cbsp_work_sendable(const struct cbsp_link *l, const struct cbsp_batch *b)
{
	for (int t = 0; t < b->n_texts; t++)
		if ((b->todo & 1 << t) && (b->renew < 0 || b->renew == t) &&
		    !busy(l, b->message_identifier[t], b->serial[t]))
			return t;
	return -1;
}

/* KILLs first, then the oldest. */
static struct cbsp_batch *next_batch(struct cbsp_link *l, int *t)
{
	struct cbsp_batch *best = NULL;

	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];
		int text = idle(b) ? link_cbsp_work_sendable(l, b) : -1;

		if (text < 0 || (best && best->kind == BATCH_KILL && b->kind != BATCH_KILL))
			continue;
		if (!best || (b->kind == BATCH_KILL && best->kind != BATCH_KILL) || b->age < best->age) {
			best = b;
			*t = text;
		}
	}
	return best;
}

/* Does the peer have it, as far as the ledger knows? */
static bool is_there(const struct cbsp_link *l, struct dispatch_job *job, uint32_t unit)
{
	enum unit_state s = UNIT_STATE(dispatch_unit(job, unit));
	uint32_t first;

	if (s != UNIT_HANDED)
		return s == UNIT_ACCEPTED || s == UNIT_UNKNOWN;
	return dispatch_accepted_many(l->link.dispatch, l->link.index, job, unit, &first, 1) > 0 &&
	       first == unit;
}

/* Units that were under way when the batch was filled may since have been given back: to write them again
 * would be an attempt that the ledger does not know. */
static void prune(struct cbsp_link *l, struct cbsp_batch *b)
{
	struct dispatch_job *job = job_of(l, b);
	uint32_t kept = 0;

	if (b->kind != BATCH_REWRITE || !job)
		return;
	for (uint32_t i = 0; i < b->n; i++) {
		if (!is_there(l, job, b->unit[i]))
			continue;
		b->unit[kept] = b->unit[i];
		b->cell[kept] = b->cell[i];
		b->answer[kept] = b->answer[i];
		b->took[kept] = b->took[i];
		b->said[kept] = b->said[i];
		b->why[kept] = b->why[i];
		b->result[kept++] = b->result[i];
	}
	b->n = kept;
	if (kept == 0)
		b->todo = 0;
}

static void end_idle(struct cbsp_link *l, uint64_t now_us)
{
	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];

		if (!idle(b))
			continue;
		if (b->kind != BATCH_KILL && (b->abandoned || !link_cbsp_work_live(job_of(l, b), now_us)))
			abandon(l, b, now_us);
		else if (b->todo == 0)
			end_batch(l, b, now_us);
	}
}

/* Takes units off dispatch, but only when one of the job's texts could leave now: they would only wait here.
 */
static bool start_work(struct cbsp_link *l, uint64_t now_us)
{
	struct cbsp_batch *b = link_cbsp_work_free(l);
	struct handed h;
	const struct payload *p;

	if (!b || !dispatch_peek(l->link.dispatch, l->link.index, now_us, &h))
		return false;
	if (link_cbsp_sweep_pending(l, h.job->spec.id, now_us))
		return false;
	p = payload_of(l, h.job);
	if (p)
		link_cbsp_batch_keys(b, p);
	if (b->todo != 0 && link_cbsp_work_sendable(l, b) < 0)
		return false;
	b->n = dispatch_next_many(l->link.dispatch, l->link.index, now_us, &h, b->unit, l->cells_per_request);
	if (b->n == 0)
		return false;
	p = payload_of(l, h.job);
	if (p)
		link_cbsp_batch_keys(b, p);
	b->kind = BATCH_WORK;
	b->job = h.job;
	b->job_id = h.job->spec.id;
	if (b->todo == 0) { /* no text for this link */
		link_cbsp_work_cells(l, b, b->job, now_us);
		for (uint32_t i = 0; i < b->n; i++) {
			b->result[i] = RESULT_REFUSED;
			b->why[i] = CBSP_WHY_TEXTLESS;
		}
		end_batch(l, b, now_us);
		return true;
	}
	link_cbsp_work_cells(l, b, b->job, now_us);
	if (b->n == 0)
		end_batch(l, b, now_us);
	return true;
}

static bool start_something(struct cbsp_link *l, uint64_t now_us)
{
	if (l->stopping || l->link.blocked)
		return false;
	l->turn = !l->turn;
	if (l->turn)
		return start_work(l, now_us) || link_cbsp_sweep_start(l, false, now_us);
	return link_cbsp_sweep_start(l, false, now_us) || start_work(l, now_us);
}

static bool step(struct cbsp_link *l, uint64_t now_us)
{
	uint8_t *buf = link_cbsp_room(l, CBSP_WRITE_MAX(l->cells_per_request) + 256);
	struct cbsp_batch *b;
	int t = -1;

	end_idle(l, now_us);
	if (!buf || throttle_allow(&l->link.throttle, 1, now_us) == 0)
		return false;
	if (link_cbsp_sweep_start(l, true, now_us))
		return true;
	b = next_batch(l, &t);
	if (b)
		prune(l, b);
	if (b && b->todo)
		send_text(l, b, t, buf, now_us);
	return b || start_something(l, now_us);
}

uint64_t link_cbsp_work_pump(struct cbsp_link *l, uint64_t now_us)
{
	uint64_t next = UINT64_MAX;
	unsigned int steps = 0;

	if (!l->up)
		return next;
	while (steps < STEPS_MAX && step(l, now_us))
		steps++;
	if (steps == STEPS_MAX)
		return now_us + 1000;
	if (throttle_allow(&l->link.throttle, 1, now_us) == 0)
		next = throttle_next_us(&l->link.throttle, 1, now_us);
	for (uint32_t i = 0; i < l->n_batches; i++)
		if (l->batch[i].kind != BATCH_FREE && l->batch[i].text >= 0)
			next = sooner(next, l->batch[i].deadline_us);
	return sooner(next, link_cbsp_sweep_next_us(l, now_us));
}

bool link_cbsp_work_timeouts(struct cbsp_link *l, uint64_t now_us)
{
	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];

		if (b->kind == BATCH_FREE || b->text < 0 || b->deadline_us > now_us)
			continue;
		if (b->late)
			return false;
		link_cbsp_batch_give_up(b);
		l->link.count.lost++;
		b->late = true;
		b->deadline_us = now_us + (uint64_t)l->link.cfg->response_timeout_s * 1000000;
		link_cbsp_tell(l, "no answer to %s of message %u within %u s",
			       b->kind == BATCH_KILL ? "KILL" : "WRITE-REPLACE",
			       b->message_identifier[b->text], l->link.cfg->response_timeout_s);
		end_batch(l, b, now_us);
	}
	return true;
}

void link_cbsp_work_lost(struct cbsp_link *l, uint64_t now_us)
{
	link_cbsp_sweep_forget(l);
	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];

		if (b->kind == BATCH_FREE)
			continue;
		if (b->text >= 0 && !b->late)
			l->link.count.lost++;
		/* The next connect's RESET wipes what was already taken. */
		for (uint32_t u = 0; u < b->n && b->kind == BATCH_WORK; u++) {
			b->why[u] = CBSP_WHY_SILENT;
			link_cbsp_dead_answer(l, b, u, b->written ? OUT_LOST : OUT_UNSENT, now_us);
		}
		b->kind = BATCH_FREE;
	}
}

bool link_cbsp_work_idle(const struct cbsp_link *l)
{
	for (uint32_t i = 0; i < l->n_batches; i++)
		if (l->batch[i].kind != BATCH_FREE && !l->batch[i].late)
			return false;
	return true;
}

/* One request counts once: by its worst cell. */
static void count_answer(struct cbsp_link *l, const struct cbsp_batch *b)
{
	uint32_t n[ANSWER_RENEW + 1] = {0};
	struct link_counters *c = &l->link.count;

	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++)
		n[b->answer[i]]++;
	if (n[ANSWER_REFUSED] > 0)
		c->refused++;
	else if (n[ANSWER_TRANSIENT] > 0)
		c->transient++;
	else if (n[ANSWER_WAITING] > 0)
		c->lost++;
	else
		c->accepted++;
}

static struct cbsp_batch *find(struct cbsp_link *l, const struct cbsp_msg *m)
{
	bool kill = m->type == CBSP_KILL_COMPLETE || m->type == CBSP_KILL_FAILURE;
	uint16_t serial = cbsp_has(m, CBSP_NEW_SERIAL) && !kill ? m->serial : m->old_serial;

	for (uint32_t i = 0; i < l->n_batches && cbsp_has(m, CBSP_MESSAGE_ID); i++) {
		struct cbsp_batch *b = &l->batch[i];

		if (b->kind == BATCH_FREE || b->text < 0 || b->serial[b->text] != serial ||
		    b->message_identifier[b->text] != m->message_identifier)
			continue;
		if (m->type == CBSP_ERROR || kill == (b->kind == BATCH_KILL))
			return b;
	}
	return NULL;
}

bool link_cbsp_work_answer(struct cbsp_link *l, struct cbsp_msg *msg, uint64_t now_us)
{
	struct cbsp_batch *b = find(l, msg);
	uint8_t first = 0xFF;

	if (!b)
		return false;
	if (b->late) { /* its units were given up; now the reference is free again */
		b->kind = BATCH_FREE;
		return true;
	}
	link_cbsp_batch_mark(b, msg, &first);
	if (first != 0xFF)
		link_cbsp_tell(l, "%s of message %u: %s", cbsp_type_name(msg->type), msg->message_identifier,
			       cbsp_cause_name(first));
	count_answer(l, b);
	l->proven = true;
	link_cbsp_batch_close_text(b);
	end_idle(l, now_us);
	return true;
}

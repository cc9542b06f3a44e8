#include "gateway/link_cbsp.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/cbsp_encode.h"
#include "gateway/link_cbsp_sweep.h"
#include "gateway/link_cbsp_work.h"

#define SECOND       1000000ull
#define RESET_S      5
#define KEEP_ALIVE_S 10 /* wait for its answer */
#define BACKOFF_MAX  (60 * SECOND)
#define DRAIN_S      10
#define STEADY_S     60 /* a link that was up so long is not one that fails again and again */

static struct cbsp_link *own(struct link *link)
{
	return (struct cbsp_link *)link;
}

static void set_state(struct cbsp_link *l, enum link_state state)
{
	if (l->link.state == state)
		return;
	l->link.state = state;
	l->link.state_since_us = l->now_us;
}

int link_cbsp_cell(const struct cell_id *id, uint8_t mnc_digits, struct cbsp_cell *cell)
{
	if (id->radio != CELL_GSM || id->cell > UINT16_MAX || id->area > UINT16_MAX || id->mcc > 999 ||
	    id->mnc > (mnc_digits == 3 ? 999 : 99))
		return -EINVAL;
	*cell = (struct cbsp_cell){.scope = CBSP_CGI,
				   .mnc_digits = mnc_digits,
				   .mcc = id->mcc,
				   .mnc = id->mnc,
				   .lac = id->area,
				   .ci = id->cell};
	return 0;
}

int link_cbsp_write(const struct conf_link *cfg, const struct payload *p, unsigned int t, bool replace,
		    const struct cbsp_cell *cells, size_t n, uint32_t remaining_s, uint8_t *buf, size_t size)
{
	uint16_t repetition = cbsp_encode_repetition(p->repetition_s);
	struct cbsp_write w = {
		.message_identifier = p->message_identifier[t],
		.serial = p->serial[t],
		.old_serial = p->old_serial[t],
		.replace = replace && p->old_serial[t] != 0,
		.cells = cells,
		.n_cells = n,
		.pages = &p->pages[t],
		.category = 0, /* high priority */
		.repetition = repetition,
		.repetition_u16 = cfg->repetition_u16,
		.broadcasts = cbsp_encode_broadcasts(OSMO_MIN(p->lifetime_s, remaining_s), repetition,
						     cfg->repetition_u16),
	};

	return cbsp_encode_write(buf, size, &w);
}

/* xorshift64: only spreads reconnects. */
static uint64_t next_random(struct cbsp_link *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

/* 1, 2, 4 ... 60 s, of which the second half is left to chance. */
static void plan_connect(struct cbsp_link *l)
{
	uint64_t delay = SECOND << OSMO_MIN(l->failures, 6u);

	if (l->failures < 32)
		l->failures++;
	delay = OSMO_MIN(delay, BACKOFF_MAX);
	if (delay > SECOND)
		delay = delay / 2 + next_random(l) % (delay / 2);
	l->connect_us =
		l->stopping || l->link.cfg->mode == MODE_LISTEN ? 0 : l->now_us + OSMO_MAX(delay, SECOND);
}

/* The connection is gone, by whoever. */
static void disconnected(struct cbsp_link *l, const char *why)
{
	bool was_up = l->up;

	l->connected = l->up = false;
	l->in_len = l->out_head = l->out_len = 0;
	l->deadline_us = l->keep_alive_us = l->keep_alive_answer_us = 0;
	set_state(l, LINK_DOWN);
	if (was_up) {
		dispatch_link_up(l->link.dispatch, l->link.index, false, l->now_us);
		if (!l->stopping)
			l->link.count.disconnects++;
	}
	link_cbsp_work_lost(l, l->now_us);
	if (l->proven)
		l->failures = 0;
	l->proven = false;
	plan_connect(l);
	if (was_up)
		l->link.env->event(&l->link, LINK_EV_DOWN, why);
}

static void hang_up(struct cbsp_link *l, const char *why)
{
	if (!l->connected && l->link.state != LINK_CONNECTING)
		return;
	disconnected(l, why);
	l->link.env->close(&l->link, 0, why);
}

static struct link *cbsp_create(void *ctx, const struct conf_carrier *carrier, const struct conf_link *cfg,
				uint64_t now_us)
{
	struct cbsp_link *l = talloc_zero(ctx, struct cbsp_link);
	uint64_t seed = 0xcbf29ce484222325;

	OSMO_ASSERT(l);
	for (const char *p = cfg->name; p && *p; p++)
		seed = (seed ^ (uint8_t)*p) * 0x100000001b3;
	l->link = (struct link){.ops = &link_cbsp,
				.carrier = carrier,
				.cfg = cfg,
				.state = LINK_DOWN,
				.state_since_us = now_us};
	l->random = (seed ^ now_us) | 1;
	l->now_us = now_us;
	INIT_LLIST_HEAD(&l->sweeps);
	throttle_init(&l->link.throttle, cfg->rate, cfg->burst, now_us);
	l->n_batches = OSMO_MIN(OSMO_MAX(cfg->window, 1u), CBSP_WINDOW_MAX);
	l->cells_per_request = OSMO_MIN(OSMO_MAX(cfg->cells_per_request, 1u), CBSP_CELLS_MAX);
	l->batch = talloc_zero_array(l, struct cbsp_batch, l->n_batches);
	l->scratch = talloc_zero_array(l, struct cbsp_cell, l->cells_per_request);
	OSMO_ASSERT(l->batch && l->scratch);
	for (uint32_t i = 0; i < l->n_batches; i++) {
		struct cbsp_batch *b = &l->batch[i];

		b->text = -1;
		b->unit = talloc_zero_array(l->batch, uint32_t, l->cells_per_request);
		b->cell = talloc_zero_array(l->batch, struct cbsp_cell, l->cells_per_request);
		b->answer = talloc_zero_array(l->batch, uint8_t, l->cells_per_request);
		b->result = talloc_zero_array(l->batch, uint8_t, l->cells_per_request);
		b->took = talloc_zero_array(l->batch, uint8_t, l->cells_per_request);
		b->said = talloc_zero_array(l->batch, uint16_t, l->cells_per_request);
		b->why = talloc_zero_array(l->batch, uint16_t, l->cells_per_request);
		OSMO_ASSERT(b->unit && b->cell && b->answer && b->result && b->took && b->said && b->why);
	}
	return &l->link;
}

static void dial(struct cbsp_link *l)
{
	l->connect_us = 0;
	l->deadline_us = l->now_us + l->link.cfg->connect_timeout_s * SECOND;
	set_state(l, LINK_CONNECTING);
	l->link.env->connect(&l->link, 0);
}

static void cbsp_start(struct link *link, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	l->stopping = false;
	if (link->cfg->mode == MODE_CONNECT && !l->connected && link->state == LINK_DOWN)
		dial(l);
}

static void say(struct cbsp_link *l, int (*encode)(uint8_t *buf, size_t size))
{
	uint8_t *p = link_cbsp_room(l, 32);

	if (p) /* a peer that does not read gets no answers either */
		link_cbsp_sent(l, encode(p, 32));
}

static void cbsp_connected(struct link *link, unsigned int leg, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	if (leg != 0 || l->stopping)
		return;
	if (l->connected) /* the BSC dialled in anew: what was under way on the old connection is lost */
		disconnected(l, "replaced by a new connection");
	l->connected = true;
	l->connect_us = 0;
	set_state(l, LINK_BINDING);
	l->deadline_us = now_us + RESET_S * SECOND;
	say(l, cbsp_encode_reset);
}

static void cbsp_closed(struct link *link, unsigned int leg, const char *why, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	if (leg != 0 || (!l->connected && link->state != LINK_CONNECTING))
		return;
	if (link->state == LINK_CONNECTING)
		link->count.connect_failures++;
	if (link->state == LINK_BINDING) {
		link->count.bind_failures++;
		link->env->event(link, LINK_EV_BIND_FAILED, "closed before the reset was complete");
	}
	disconnected(l, why ? why : "closed");
}

static void reset_complete(struct cbsp_link *l)
{
	l->up = true;
	l->deadline_us = 0;
	l->keep_alive_us = l->now_us + l->link.cfg->enquire_link_s * SECOND;
	l->link.count.binds++;
	set_state(l, l->link.blocked ? LINK_BLOCKED : LINK_UP);
	dispatch_link_up(l->link.dispatch, l->link.index, !l->link.blocked, l->now_us);
	l->link.env->event(&l->link, LINK_EV_UP, "reset complete");
	link_cbsp_sweep_rewrite(l, NULL, l->now_us);
}

/* Causes of a failure list in short: how many cells, and why the first. */
static void tell_failures(struct cbsp_link *l, const struct cbsp_msg *m)
{
	struct cbsp_list list = m->failures;
	struct cbsp_entry e;
	uint32_t n = list.n;

	if (cbsp_next(&list, &e))
		link_cbsp_tell(l, "%s: %u cells, first LAC %u CI %u: %s", cbsp_type_name(m->type), n,
			       e.cell.lac, e.cell.ci, cbsp_cause_name(e.cause));
	else
		link_cbsp_tell(l, "%s without cells", cbsp_type_name(m->type));
}

/* TS 48.049 7.7: cells are there again. Before our reset is complete it tells nothing new. */
static void restart(struct cbsp_link *l, const struct cbsp_msg *m)
{
	bool emergency = cbsp_has(m, CBSP_BROADCAST_TYPE) && m->broadcast_type == 1;
	bool kept = cbsp_has(m, CBSP_RECOVERY) && m->recovery == 0;

	if (l->up && !emergency && !kept)
		link_cbsp_sweep_rewrite(l, m->cells.n > 0 ? &m->cells : NULL, l->now_us);
}

static void unexpected(struct cbsp_link *l, const struct cbsp_msg *m)
{
	l->link.count.protocol_errors++;
	link_cbsp_tell(l, "unexpected %s", cbsp_type_name(m->type));
}

static void error_indication(struct cbsp_link *l, struct cbsp_msg *m)
{
	l->link.count.protocol_errors++;
	if (cbsp_has(m, CBSP_MESSAGE_ID)) {
		if (link_cbsp_work_answer(l, m, l->now_us))
			return;
	} else {
		l->keep_alive_answer_us = 0; /* a BSC that knows no KEEP-ALIVE is alive all the same */
	}
	link_cbsp_tell(l, "%s: %s", cbsp_type_name(m->type), cbsp_cause_name(m->cause));
}

static void handle(struct cbsp_link *l, struct cbsp_msg *m)
{
	switch (m->type) {
	case CBSP_RESET_FAILURE: /* some cells cannot be reset; the others are no reason to stay silent */
		tell_failures(l, m);
		/* fall through */
	case CBSP_RESET_COMPLETE:
		if (l->up)
			unexpected(l, m);
		else
			reset_complete(l);
		return;
	case CBSP_WRITE_COMPLETE:
	case CBSP_WRITE_FAILURE:
	case CBSP_KILL_COMPLETE:
	case CBSP_KILL_FAILURE:
		if (!link_cbsp_work_answer(l, m, l->now_us))
			unexpected(l, m);
		return;
	case CBSP_RESTART:
		restart(l, m);
		return;
	case CBSP_FAILURE:
		l->link.count.protocol_errors++;
		tell_failures(l, m);
		return;
	case CBSP_ERROR:
		error_indication(l, m);
		return;
	case CBSP_KEEP_ALIVE:
		say(l, cbsp_encode_keep_alive_complete);
		return;
	case CBSP_KEEP_ALIVE_COMPLETE:
		l->keep_alive_answer_us = 0;
		return;
	default:
		unexpected(l, m);
	}
}

/* Whole messages at the front of the octets; returns how many octets they were, or -EMSGSIZE. */
static long consume(struct cbsp_link *l, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (l->connected) {
		int n = cbsp_frame(data + done, len - done);
		struct cbsp_msg m;
		const char *why;

		if (n < 0)
			return n;
		if (n == 0)
			break;
		if (cbsp_decode(data + done, n, &m, &why) == 0) {
			handle(l, &m);
		} else {
			l->link.count.protocol_errors++;
			link_cbsp_tell(l, "message of type 0x%02x cannot be read: %s", data[done], why);
		}
		done += n;
	}
	return (long)done;
}

/* Keeps the unfinished message; a large one costs memory only as its octets arrive. */
static void keep(struct cbsp_link *l, const uint8_t *data, size_t len)
{
	if (len == 0)
		return;
	if (l->in_len + len > l->in_size) {
		l->in_size = OSMO_MAX(2 * (l->in_len + len), (size_t)4096);
		l->in = talloc_realloc(l, l->in, uint8_t, l->in_size);
		OSMO_ASSERT(l->in);
	}
	memcpy(l->in + l->in_len, data, len);
	l->in_len += len;
}

static void take_octets(struct cbsp_link *l, const uint8_t *data, size_t len)
{
	bool kept = l->in_len > 0;
	long done;

	if (kept) {
		keep(l, data, len);
		data = l->in;
		len = l->in_len;
	}
	done = consume(l, data, len);
	if (done < 0) {
		l->link.count.protocol_errors++;
		hang_up(l, "framing lost: message longer than 1 MiB");
		return;
	}
	if (!l->connected)
		return;
	if (!kept) {
		keep(l, data + done, len - done);
		return;
	}
	memmove(l->in, l->in + done, len - done);
	l->in_len = len - done;
	if (l->in_len == 0 && l->in_size > 64 * 1024) {
		TALLOC_FREE(l->in);
		l->in_size = 0;
	}
}

static void cbsp_input(struct link *link, unsigned int leg, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	if (leg != 0 || !l->connected)
		return;
	link->count.octets_in += len;
	take_octets(l, data, len);
	link_cbsp_work_pump(l, now_us);
}

static const uint8_t *cbsp_output(struct link *link, unsigned int leg, size_t *len)
{
	struct cbsp_link *l = own(link);

	*len = leg == 0 && l->connected ? l->out_len - l->out_head : 0;
	return l->out + l->out_head;
}

static void cbsp_written(struct link *link, unsigned int leg, size_t n, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	if (leg != 0 || !l->connected)
		return;
	n = OSMO_MIN(n, l->out_len - l->out_head);
	link->count.octets_out += n;
	l->out_head += n;
	if (l->out_head == l->out_len)
		l->out_head = l->out_len = 0;
}

static void keep_alive(struct cbsp_link *l)
{
	uint8_t *p;
	uint32_t period = OSMO_MIN(l->link.cfg->enquire_link_s, 120u);

	if (!l->up || period == 0)
		return;
	if (l->keep_alive_answer_us && l->keep_alive_answer_us <= l->now_us) {
		hang_up(l, "no answer to KEEP-ALIVE");
		return;
	}
	if (l->keep_alive_us > l->now_us)
		return;
	l->keep_alive_us = l->now_us + l->link.cfg->enquire_link_s * SECOND;
	if (!l->keep_alive_answer_us)
		l->keep_alive_answer_us = l->now_us + KEEP_ALIVE_S * SECOND;
	p = link_cbsp_room(l, 32);
	if (p)
		link_cbsp_sent(l, cbsp_encode_keep_alive(p, 32, period));
}

/* Connect and reset may take only so long. */
static void overdue(struct cbsp_link *l)
{
	if (l->deadline_us == 0 || l->deadline_us > l->now_us)
		return;
	if (l->link.state == LINK_CONNECTING) {
		l->link.count.connect_failures++;
		hang_up(l, "connect takes too long");
	} else if (l->link.state == LINK_BINDING) {
		l->link.count.bind_failures++;
		l->link.env->event(&l->link, LINK_EV_BIND_FAILED, "no answer to RESET");
		hang_up(l, "no answer to RESET");
	}
}

/* The operator's block takes no connection down: the BSC keeps what is on air. */
static void follow_block(struct cbsp_link *l)
{
	bool blocked = l->link.blocked;

	if (!l->up || l->stopping || blocked == (l->link.state == LINK_BLOCKED))
		return;
	set_state(l, blocked ? LINK_BLOCKED : LINK_UP);
	dispatch_link_up(l->link.dispatch, l->link.index, !blocked, l->now_us);
}

static void follow_stop(struct cbsp_link *l)
{
	if (l->stopping && l->connected &&
	    (!l->up || l->stop_us <= l->now_us || (link_cbsp_work_idle(l) && !link_cbsp_sweep_killing(l))))
		hang_up(l, "stopped");
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

static uint64_t cbsp_tick(struct link *link, uint64_t now_us)
{
	struct cbsp_link *l = own(link);
	uint64_t next;

	l->now_us = now_us;
	overdue(l);
	keep_alive(l);
	follow_block(l);
	if (l->connected && !link_cbsp_work_timeouts(l, now_us))
		hang_up(l, "no answers");
	if (l->up && !l->proven && now_us - link->state_since_us > STEADY_S * SECOND)
		l->proven = true;
	if (l->connect_us && l->connect_us <= now_us)
		dial(l);
	next = link_cbsp_work_pump(l, now_us);
	follow_stop(l);
	next = sooner(next, l->connect_us);
	next = sooner(next, l->deadline_us);
	next = sooner(next, l->keep_alive_us);
	next = sooner(next, l->keep_alive_answer_us);
	return l->stopping && l->connected ? sooner(next, l->stop_us) : next;
}

static void cbsp_clue_done(struct link *link, uint64_t token, bool stored, uint64_t now_us)
{
	/* A BSC sends no clues. */
}

/* What the BSC broadcasts goes on: the next process writes it again after its RESET. */
static void cbsp_stop(struct link *link, uint64_t now_us)
{
	struct cbsp_link *l = own(link);

	l->now_us = now_us;
	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_us = now_us + DRAIN_S * SECOND;
	l->connect_us = 0;
	if (link->state == LINK_CONNECTING)
		hang_up(l, "stopped");
	if (l->up) {
		set_state(l, LINK_UNBINDING);
		dispatch_link_up(link->dispatch, link->index, false, now_us);
	}
	follow_stop(l);
}

static bool cbsp_stopped(const struct link *link)
{
	const struct cbsp_link *l = (const struct cbsp_link *)link;

	return l->stopping && !l->connected && link->state == LINK_DOWN;
}

int link_cbsp_kill(struct link *link, struct dispatch_job *job)
{
	return link_cbsp_sweep_kill(own(link), job);
}

bool link_cbsp_killing(const struct link *link)
{
	return link_cbsp_sweep_killing((const struct cbsp_link *)link);
}

const struct link_ops link_cbsp = {
	.name = "cbsp",
	.create = cbsp_create,
	.start = cbsp_start,
	.connected = cbsp_connected,
	.closed = cbsp_closed,
	.input = cbsp_input,
	.output = cbsp_output,
	.written = cbsp_written,
	.tick = cbsp_tick,
	.clue_done = cbsp_clue_done,
	.stop = cbsp_stop,
	.stopped = cbsp_stopped,
};

/* Whole lives of a CBSP link: the real driver, throttle, dispatch and ledger against a BSC that forgets,
 * refuses, falls silent and hangs up by chance. After some quiet time what the ledger calls accepted must be
 * on air, and what was recalled must not. */
#include "tests/rig.h"
#include <stdio.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "gateway/cbsp.h"
#include "gateway/link_cbsp.h"

#define CELLS 40
#define JOBS  3
#define TEXTS 2
#define SEEDS 150

struct pending {
	uint64_t at;
	uint8_t o[512];
	size_t n;
};

struct life {
	struct rig *r;
	uint64_t random, seed;
	struct conf_link cfg;
	struct conf_carrier carrier;
	struct link_env env;
	struct payload_ops ops;
	struct payload payload[JOBS];
	struct dispatch_job *job[JOBS];
	struct link *link;
	bool chaos, dialling, open;
	/* the BSC */
	bool on_air[JOBS][TEXTS][CELLS];
	struct pending queue[64];
	unsigned int n_queue;
};

static struct life *the_life;

static unsigned int chance(struct life *l, unsigned int n)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random % n;
}

/* The gateway's other sides. */
static void env_connect(struct link *link, unsigned int leg)
{
	the_life->dialling = true;
}

static void env_close(struct link *link, unsigned int leg, const char *why)
{
	the_life->open = the_life->dialling = false;
	the_life->n_queue = 0;
}

static void env_event(struct link *link, enum link_event ev, const char *text)
{
}

static const struct payload *payload_job(void *arg, const struct dispatch_job *job, const struct link *link)
{
	return &the_life->payload[job->spec.id - 1];
}

static int payload_cell(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id,
			uint8_t *digits)
{
	*id = (struct cell_id){.radio = CELL_GSM, .mcc = 460, .mnc = 0, .area = 1, .cell = 1 + unit};
	*digits = 2;
	return 0;
}

/* The BSC. */
static void answer(struct life *l, const uint8_t *o, size_t n)
{
	struct pending *p = &l->queue[l->n_queue];
	uint64_t at = l->r->now + 1000 + chance(l, l->chaos ? 300000 : 50000);

	if (l->n_queue == ARRAY_SIZE(l->queue) || !l->open)
		return;
	if (l->n_queue > 0)
		at = OSMO_MAX(at, p[-1].at);
	p->at = at;
	p->n = n;
	memcpy(p->o, o, n);
	l->n_queue++;
}

static bool broken(unsigned int cell) /* has no CBCH */
{
	return cell % 13 == 5;
}

/* Cause, or -1 for success. */
static int write_cell(struct life *l, unsigned int job, unsigned int text, unsigned int cell)
{
	if (broken(cell))
		return CBSP_NOT_SUPPORTED;
	if (l->on_air[job][text][cell])
		return CBSP_REFERENCE_USED;
	if (l->chaos && chance(l, 12) == 0)
		return CBSP_BSC_CAPACITY;
	l->on_air[job][text][cell] = true;
	return -1;
}

static int kill_cell(struct life *l, unsigned int job, unsigned int text, unsigned int cell)
{
	if (!l->on_air[job][text][cell])
		return CBSP_REFERENCE_UNKNOWN;
	if (l->chaos && chance(l, 12) == 0)
		return CBSP_BSC_CAPACITY;
	l->on_air[job][text][cell] = false;
	return -1;
}

static uint8_t *put_cell(uint8_t *p, unsigned int cell)
{
	static const uint8_t cgi[] = {0x64, 0xF0, 0x00, 0, 1, 0};

	memcpy(p, cgi, sizeof(cgi));
	p[6] = cell + 1;
	return p + 7;
}

static void answer_request(struct life *l, const struct cbsp_msg *m, const int cause[CELLS])
{
	uint8_t o[512] =
		{m->type + 1, 0, 0, 0, 0x0E, m->message_identifier >> 8, m->message_identifier & 0xFF},
		*p = o + 7;
	uint16_t serial = m->type == CBSP_KILL ? m->old_serial : m->serial;
	unsigned int fails = 0, good = 0;
	uint8_t *start;

	*p++ = m->type == CBSP_KILL ? 0x02 : 0x03;
	*p++ = serial >> 8;
	*p++ = serial & 0xFF;
	start = p;
	p += 3;
	for (unsigned int c = 0; c < CELLS; c++) {
		if (cause[c] < 0)
			continue;
		*p++ = CBSP_CGI;
		p = put_cell(p, c);
		*p++ = cause[c];
		fails++;
	}
	start[0] = 0x09;
	start[1] = (p - start - 3) >> 8;
	start[2] = (p - start - 3) & 0xFF;
	if (fails == 0)
		p = start;
	else
		o[0] = m->type + 2;
	for (unsigned int c = 0; c < CELLS; c++)
		good += cause[c] == -1;
	if (m->type == CBSP_WRITE && good > 0 && l->seed % 2 && 7 * good + 4 < (size_t)(o + sizeof(o) - p)) {
		*p++ = 0x04; /* half of the BSCs list whom it went to */
		*p++ = (1 + 7 * good) >> 8;
		*p++ = (1 + 7 * good) & 0xFF;
		*p++ = CBSP_CGI;
		for (unsigned int c = 0; c < CELLS; c++)
			if (cause[c] == -1)
				p = put_cell(p, c);
	}
	o[2] = (p - o - 4) >> 8;
	o[3] = (p - o - 4) & 0xFF;
	answer(l, o, p - o);
}

static void request(struct life *l, struct cbsp_msg *m)
{
	unsigned int job = ((m->type == CBSP_KILL ? m->old_serial : m->serial) >> 4 & 0xF) - 1;
	unsigned int text = m->message_identifier - 4379;
	int cause[CELLS];
	struct cbsp_entry e;
	bool named[CELLS] = {false};

	while (cbsp_next(&m->cells, &e))
		for (unsigned int c = 0; c < CELLS; c++)
			named[c] |= e.cell.scope == CBSP_ALL || e.cell.ci == c + 1;
	if (l->chaos && chance(l, 25) == 0)
		return; /* lost inside */
	for (unsigned int c = 0; c < CELLS; c++)
		cause[c] = !named[c]              ? -2
			   : m->type == CBSP_KILL ? kill_cell(l, job, text, c)
						  : write_cell(l, job, text, c);
	if (l->chaos && chance(l, 25) == 0)
		return; /* done, but not said */
	answer_request(l, m, cause);
}

static void take(struct life *l, struct cbsp_msg *m)
{
	static const uint8_t reset_complete[] = {0x11, 0, 0, 4, 4, 0, 1, 6}, alive[] = {0x17, 0, 0, 0};

	if (m->type == CBSP_RESET) {
		memset(l->on_air, 0, sizeof(l->on_air));
		answer(l, reset_complete, sizeof(reset_complete));
	} else if (m->type == CBSP_KEEP_ALIVE) {
		answer(l, alive, sizeof(alive));
	} else {
		request(l, m);
	}
}

static void carry(struct life *l)
{
	const uint8_t *p;
	size_t n;
	int whole;

	while (l->open && (p = link_cbsp.output(l->link, 0, &n)) && n > 0) {
		struct cbsp_msg m;
		const char *why;

		whole = cbsp_frame(p, n);
		assert_true(whole > 0);
		assert_int_equal(cbsp_decode(p, whole, &m, &why), 0);
		take(l, &m);
		link_cbsp.written(l->link, 0, whole, l->r->now);
	}
}

static void deliver(struct life *l)
{
	while (l->open && l->n_queue > 0 && l->queue[0].at <= l->r->now) {
		struct pending p = l->queue[0];

		memmove(l->queue, l->queue + 1, --l->n_queue * sizeof(*l->queue));
		link_cbsp.input(l->link, 0, p.o, p.n, l->r->now);
	}
}

/* A cell comes back empty. */
static void cell_restart(struct life *l)
{
	uint8_t o[] = {0x13, 0, 0, 10, 4, 0, 3, 2, 0, 0, 0x16, 0, 0x0D, 1};
	unsigned int cell = chance(l, CELLS);

	for (unsigned int j = 0; j < JOBS; j++)
		for (unsigned int t = 0; t < TEXTS; t++)
			l->on_air[j][t][cell] = false;
	o[9] = cell + 1;
	answer(l, o, sizeof(o));
}

static void hang_up(struct life *l)
{
	l->open = false;
	l->n_queue = 0;
	link_cbsp.closed(l->link, 0, "gone", l->r->now);
}

static void mischief(struct life *l)
{
	if (!l->chaos)
		return;
	if (l->open && chance(l, 2000) == 0)
		hang_up(l);
	if (l->open && chance(l, 500) == 0)
		cell_restart(l);
}

static void run(struct life *l, uint64_t us)
{
	uint64_t end = l->r->now + us;

	for (; l->r->now < end; l->r->now += 10000) {
		rig_commit(l->r);
		if (l->dialling) {
			l->dialling = false;
			l->open = true;
			link_cbsp.connected(l->link, 0, l->r->now);
		}
		deliver(l);
		link_cbsp.tick(l->link, l->r->now);
		carry(l);
		mischief(l);
	}
}

static void add_job(struct life *l, unsigned int j)
{
	static const uint16_t links[] = {0};
	struct job_spec spec = rig_spec(j + 1, CELLS, links, 1);
	struct payload *p = &l->payload[j];

	spec.kind = JOB_BROADCAST;
	p->n_texts = 1 + j % TEXTS;
	p->repetition_s = 60;
	p->lifetime_s = 86400;
	for (unsigned int t = 0; t < p->n_texts; t++) {
		p->message_identifier[t] = 4379 + t;
		p->serial[t] = (j + 1) << 4;
		p->pages[t].n = p->pages[t].used[0] = 1;
	}
	l->job[j] = dispatch_add_job(l->r->d, &spec, NULL, NULL);
}

static void begin(struct life *l, struct rig *r, uint64_t seed)
{
	memset(l, 0, sizeof(*l));
	the_life = l;
	l->r = r;
	l->seed = seed;
	l->random = seed * 0x9E3779B97F4A7C15 | 1;
	l->cfg = (struct conf_link){.name = "bsc",
				    .type = LINK_CBSP,
				    .rate = 20,
				    .burst = 2,
				    .window = 1 + seed % 4,
				    .cells_per_request = 1 + seed % 11,
				    .connect_timeout_s = 10,
				    .response_timeout_s = 3,
				    .enquire_link_s = 30,
				    .max_tries = 5};
	l->env = (struct link_env){.connect = env_connect, .close = env_close, .event = env_event};
	l->ops = (struct payload_ops){.job = payload_job, .cell = payload_cell};
	l->link = link_cbsp.create(r, &l->carrier, &l->cfg, r->now);
	l->link->env = &l->env;
	l->link->dispatch = r->d;
	l->link->payload = &l->ops;
	l->link->index = dispatch_add_link(r->d, "bsc", l->cfg.window * l->cfg.cells_per_request,
					   l->cfg.rate * l->cfg.cells_per_request, 5);
	link_cbsp.start(l->link, r->now);
}

static void check_on_air(struct life *l, unsigned int j)
{
	for (unsigned int c = 0; c < CELLS; c++)
		for (unsigned int t = 0; t < l->payload[j].n_texts; t++) {
			bool accepted = rig_state(l->job[j], c) == UNIT_ACCEPTED;

			if (accepted && !l->on_air[j][t][c])
				fail_msg("seed %llu: job %u cell %u text %u is accepted but not on air",
					 (unsigned long long)l->seed, j, c, t);
			if (broken(c) && rig_state(l->job[j], c) == UNIT_ACCEPTED)
				fail_msg("seed %llu: a cell without CBCH was accepted",
					 (unsigned long long)l->seed);
		}
}

static void check_silent(struct life *l, unsigned int j)
{
	for (unsigned int c = 0; c < CELLS; c++)
		for (unsigned int t = 0; t < TEXTS; t++)
			if (l->on_air[j][t][c])
				fail_msg("seed %llu: job %u cell %u text %u was recalled but is on air",
					 (unsigned long long)l->seed, j, c, t);
}

static void live(struct rig *r, uint64_t seed)
{
	static struct life l;

	begin(&l, r, seed);
	l.chaos = true;
	for (unsigned int j = 0; j < JOBS; j++) {
		add_job(&l, j);
		run(&l, S + chance(&l, 20) * S);
	}
	dispatch_withdraw(r->d, l.job[1], UNIT_WITHDRAWN, r->now);
	link_cbsp_kill(l.link, l.job[1]);
	run(&l, 20 * S);
	l.chaos = false;
	run(&l, 400 * S);
	assert_int_equal(l.link->state, LINK_UP);
	for (unsigned int j = 0; j < JOBS; j++)
		if (!dispatch_job_at_rest(l.job[j]))
			fail_msg("seed %llu: job %u does not come to rest", (unsigned long long)seed, j);
	assert_true(l.job[0]->sums.n[UNIT_ACCEPTED] >= CELLS / 4);
	check_on_air(&l, 0);
	check_silent(&l, 1);
	check_on_air(&l, 2);
	assert_false(link_cbsp_killing(l.link));
}

static void lives(void **state)
{
	const char *one = getenv("SEED");

	for (uint64_t seed = one ? strtoull(one, NULL, 10) : 1; seed <= SEEDS || one; seed++) {
		void *rig;

		rig_setup(&rig);
		live(rig, seed);
		rig_teardown(&rig);
		if (one)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lives)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

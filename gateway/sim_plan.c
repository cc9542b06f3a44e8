/* Where plans come from: chance, or scenario text; and back to text. */
#include "gateway/sim.h"
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define SEC     UINT64_C(1000000)
#define ACTIONS 200

/* --- chance --- */

static uint64_t rnd(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return below ? (*seed >> 11) % below : 0;
}

static uint32_t seldom(uint64_t *seed, uint32_t below)
{
	return rnd(seed, 3) ? 0 : rnd(seed, below);
}

static void random_link(uint64_t *seed, struct sim_plan *p, unsigned int i)
{
	static const double rates[] = {5, 20, 100, 500, 2000, 0, 0.5};
	static const uint32_t windows[] = {1, 2, 5, 10, 50, 200};
	struct sim_link_plan *l = &p->link[i];

	*l = (struct sim_link_plan){.rate = rates[rnd(seed, i ? 7 : 6)], .window = windows[rnd(seed, 6)]};
	snprintf(l->name, sizeof(l->name), "l%u", i + 1);
	l->group = l->carrier = rnd(seed, i < 3 ? i + 1 : 3);
	l->burst = rnd(seed, 2) && l->rate >= 20 ? l->rate / 10 : 1 + rnd(seed, 3);
	l->delay_ms = rnd(seed, 100);
	l->spread_ms = rnd(seed, 2) ? rnd(seed, 100) : rnd(seed, 3000);
	l->latency_ms = rnd(seed, 20);
	l->refuse = seldom(seed, 100);
	l->transient = seldom(seed, 100);
	l->throttle = seldom(seed, 50);
	l->drop = seldom(seed, 20);
	l->late = seldom(seed, 10);
	l->repeat = seldom(seed, 50);
	l->accept_rate = l->rate > 20 ? seldom(seed, l->rate) : 0;
}

/* As much as its links do in up to half a minute. */
static void random_job(uint64_t *seed, struct sim_plan *p, struct sim_job_plan *j)
{
	double speed = 0;

	*j = (struct sim_job_plan){.at_us = rnd(seed, 20 * SEC),
				   .parts = rnd(seed, 3) ? 1 : 1 + rnd(seed, 4)};
	j->group = p->link[rnd(seed, p->n_links)].group;
	j->broadcast = rnd(seed, 4) == 0;
	for (size_t i = 0; i < p->n_links; i++)
		if (p->link[i].group == j->group)
			speed += p->link[i].rate > 0 ? p->link[i].rate : 1000;
	j->units = 1 + rnd(seed, speed * 30 < 1500 ? (uint32_t)(speed * 30) + 1 : 1500);
	j->deadline_us = (1 + rnd(seed, 3600)) * SEC;
	j->expires_us = rnd(seed, 3) ? 7200 * SEC : (1 + rnd(seed, 60)) * SEC;
}

static void random_action(uint64_t *seed, const struct sim_plan *p, struct sim_action *a)
{
	*a = (struct sim_action){.at_us = rnd(seed, 60 * SEC), .act = rnd(seed, ACT_STORE_SLOW + 1)};
	a->for_us = rnd(seed, 2) ? rnd(seed, SEC / 5) : rnd(seed, 5 * SEC);
	if (a->act < ACT_CRASH || a->act == ACT_CANCEL)
		a->who = rnd(seed, a->act == ACT_CANCEL ? p->n_jobs : p->n_links);
}

static struct sim_action *add_action(void *ctx, struct sim_plan *p)
{
	p->action = talloc_realloc(ctx, p->action, struct sim_action, p->n_actions + 1);
	OSMO_ASSERT(p->action);
	return &p->action[p->n_actions++];
}

/* Down again before it has done anything. */
static void random_crash_loop(void *ctx, uint64_t *seed, struct sim_plan *p)
{
	uint64_t at_us = rnd(seed, 20 * SEC), gap_us = 1 + rnd(seed, 400000), n = 5 + rnd(seed, 40);

	while (n-- > 0) {
		*add_action(ctx, p) =
			(struct sim_action){.at_us = at_us, .act = ACT_CRASH, .for_us = rnd(seed, 50000)};
		at_us += 60000 + rnd(seed, gap_us);
	}
}

void sim_plan_random(void *ctx, uint64_t seed, struct sim_plan *p)
{
	uint64_t r = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
	size_t n;

	*p = (struct sim_plan){.seed = seed, .commit_us = rnd(&r, 2) ? 2000 : 30000};
	p->n_links = 1 + rnd(&r, 6);
	for (size_t i = 0; i < p->n_links; i++)
		random_link(&r, p, i);
	for (size_t c = 0; c < SIM_LINKS; c++) {
		for (size_t i = 0; i < p->n_links; i++)
			p->carrier_rate[c] += p->link[i].carrier == c ? p->link[i].rate : 0;
		p->carrier_rate[c] = rnd(&r, 2) ? 0 : p->carrier_rate[c] * 0.7;
	}
	p->n_jobs = 1 + rnd(&r, 5);
	for (size_t i = 0; i < p->n_jobs; i++)
		random_job(&r, p, &p->job[i]);
	n = rnd(&r, 4) ? rnd(&r, 20) : 0;
	while (n-- > 0)
		random_action(&r, p, add_action(ctx, p));
	if (rnd(&r, 4) == 0)
		random_crash_loop(ctx, &r, p);
	/* What was shut is opened at last. */
	for (size_t i = 0; i < p->n_links; i++)
		*add_action(ctx, p) = (struct sim_action){.at_us = 61 * SEC, .act = ACT_LINK_UP, .who = i};
}

/* A BSC: its cells are its own, so it is alone in its group. */
static void make_cbsp(uint64_t *seed, struct sim_plan *p, unsigned int i)
{
	static const double rates[] = {0.5, 2, 10, 50, 0};
	struct sim_link_plan *l = &p->link[i];

	l->cells = 1 + rnd(seed, rnd(seed, 2) ? 10 : 50);
	l->window = 1 + rnd(seed, 5);
	l->rate = rates[rnd(seed, 5)];
	l->burst = 1 + rnd(seed, 3);
	l->group = 100 + i;
	l->accept_rate = 0;
}

static bool by_cells(const struct sim_plan *p, unsigned int group)
{
	for (size_t i = 0; i < p->n_links; i++)
		if (p->link[i].group == group)
			return p->link[i].cells > 0;
	return false;
}

/* A job's group may have gone; what a BSC serves is small enough for its rate. */
static void assign(uint64_t *seed, struct sim_plan *p, struct sim_job_plan *j)
{
	const struct sim_link_plan *l = &p->link[rnd(seed, p->n_links)];

	j->group = l->group;
	if (!by_cells(p, j->group))
		return;
	j->broadcast = true;
	j->parts = 1;
	j->units = 1 + rnd(seed, l->rate > 0 && l->rate < 5 ? 4 * l->cells : 400);
}

/* Cancels a job, and tells those whom it reached. */
static void add_found(void *ctx, uint64_t *seed, struct sim_plan *p, unsigned int of)
{
	struct sim_job_plan *j = &p->job[p->n_jobs++];

	*j = p->job[of];
	j->at_us += 1 + rnd(seed, 20 * SEC);
	j->found = of + 1;
	j->expires_us = 7200 * SEC;
	*add_action(ctx, p) = (struct sim_action){.at_us = j->at_us, .act = ACT_CANCEL, .who = of};
	j->at_us++; /* the cancel comes first */
}

static void random_link_action(void *ctx, uint64_t *seed, struct sim_plan *p)
{
	static const enum sim_act kinds[] = {ACT_BLOCK, ACT_UNBLOCK, ACT_WIDEN, ACT_RESTART, ACT_RESTART};
	struct sim_action *a = add_action(ctx, p);

	*a = (struct sim_action){.at_us = rnd(seed, 60 * SEC), .act = kinds[rnd(seed, 5)]};
	a->who = rnd(seed, p->n_links);
	a->percent = a->act == ACT_WIDEN ? 10 + rnd(seed, 200) : 0;
}

void sim_plan_broadcast(void *ctx, struct sim_plan *p)
{
	uint64_t r = (p->seed + 7) * UINT64_C(0xD1342543DE82EF95) | 1;
	size_t n = p->n_jobs;

	for (size_t i = 0; i < p->n_links; i++)
		if (i == 0 || rnd(&r, 2))
			make_cbsp(&r, p, i);
	for (size_t i = 0; i < n; i++)
		assign(&r, p, &p->job[i]);
	for (size_t i = 0; i < n; i++)
		if (rnd(&r, 3) == 0)
			add_found(ctx, &r, p, i);
	for (size_t i = rnd(&r, 12); i > 0; i--)
		random_link_action(ctx, &r, p);
	for (size_t i = 0; i < p->n_links; i++)
		*add_action(ctx, p) = (struct sim_action){.at_us = 61 * SEC, .act = ACT_UNBLOCK, .who = i};
}

void sim_plan_storm(void *ctx, struct sim_plan *p)
{
	uint64_t r = (p->seed + 11) * UINT64_C(0xBF58476D1CE4E5B9) | 1;

	p->n_jobs = SIM_JOBS;
	for (size_t i = 0; i < p->n_jobs; i++) {
		struct sim_job_plan *j = &p->job[i];

		random_job(&r, p, j);
		j->at_us = rnd(&r, 3 * SEC);
		j->group = p->link[rnd(&r, 3) ? 0 : rnd(&r, p->n_links)].group;
		j->units = 1 + j->units / 6;
		j->deadline_us = (1 + rnd(&r, 4)) * 900 * SEC; /* often the same */
		if (rnd(&r, 3))
			*add_action(ctx, p) = (struct sim_action){
				.at_us = j->at_us + rnd(&r, 15 * SEC), .act = ACT_CANCEL, .who = i};
	}
	for (size_t i = rnd(&r, 20); i > 0; i--)
		*add_action(ctx, p) = (struct sim_action){.at_us = rnd(&r, 60 * SEC),
							  .act = ACT_RATE,
							  .who = rnd(&r, p->n_links),
							  .percent = 20 + rnd(&r, 81)};
	for (size_t i = 0; i < p->n_links; i++)
		*add_action(ctx, p) = (struct sim_action){
			.at_us = 61 * SEC, .act = ACT_RATE, .who = i, .percent = 100};
}

void sim_plan_day(struct sim_plan *p)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		p->job[i].at_us *= 24 * 60;
	for (size_t i = 0; i < p->n_actions; i++)
		p->action[i].at_us *= 24 * 60;
}

/* --- text --- */

struct field {
	const char *word;
	size_t at;
	char type; /* u: uint32, d: double, t: time as uint64 us, b: bool by its presence */
};
#define F(s, w, m, t)                                                                                        \
	{                                                                                                    \
		w, offsetof(struct s, m), t                                                                  \
	}
static const struct field link_fields[] = {
	F(sim_link_plan, "GROUP", group, 'u'),         F(sim_link_plan, "CARRIER", carrier, 'u'),
	F(sim_link_plan, "RATE", rate, 'd'),           F(sim_link_plan, "BURST", burst, 'u'),
	F(sim_link_plan, "WINDOW", window, 'u'),       F(sim_link_plan, "DELAY_MS", delay_ms, 'u'),
	F(sim_link_plan, "SPREAD_MS", spread_ms, 'u'), F(sim_link_plan, "LATENCY_MS", latency_ms, 'u'),
	F(sim_link_plan, "REFUSE", refuse, 'u'),       F(sim_link_plan, "TRANSIENT", transient, 'u'),
	F(sim_link_plan, "THROTTLE", throttle, 'u'),   F(sim_link_plan, "DROP", drop, 'u'),
	F(sim_link_plan, "LATE", late, 'u'),           F(sim_link_plan, "REPEAT", repeat, 'u'),
	F(sim_link_plan, "ACCEPTS", accept_rate, 'u'), F(sim_link_plan, "SMPP", smpp, 'b'),
	F(sim_link_plan, "CELLS", cells, 'u'),         {NULL, 0, 0}};
static const struct field job_fields[] = {F(sim_job_plan, "AT", at_us, 't'),
					  F(sim_job_plan, "GROUP", group, 'u'),
					  F(sim_job_plan, "UNITS", units, 'u'),
					  F(sim_job_plan, "PARTS", parts, 'u'),
					  F(sim_job_plan, "FOUND", found, 'u'),
					  F(sim_job_plan, "DEADLINE", deadline_us, 't'),
					  F(sim_job_plan, "EXPIRES", expires_us, 't'),
					  F(sim_job_plan, "BROADCAST", broadcast, 'b'),
					  {NULL, 0, 0}};
static const struct {
	const char *word;
	char kind; /* l: of a link, j: of a job, s: of the store, p: of the process */
	char with; /* t: for so long, %: of so many percent */
} acts[] = {[ACT_LINK_DOWN] = {"DOWN", 'l', 0},    [ACT_LINK_UP] = {"UP", 'l', 0},
	    [ACT_DROP] = {"DROP", 'l', 0},         [ACT_CRASH] = {"CRASH", 'p', 't'},
	    [ACT_POWER] = {"POWER", 'p', 't'},     [ACT_CANCEL] = {"CANCEL", 'j', 0},
	    [ACT_STORE_FAIL] = {"FAIL", 's', 't'}, [ACT_STORE_SLOW] = {"SLOW", 's', 't'},
	    [ACT_BLOCK] = {"BLOCK", 'l', 0},       [ACT_UNBLOCK] = {"UNBLOCK", 'l', 0},
	    [ACT_WIDEN] = {"WIDEN", 'l', '%'},     [ACT_RATE] = {"RATE", 'l', '%'},
	    [ACT_RESTART] = {"RESTART", 'l', 0}};

/* One line's words. */
struct words {
	char *w[64];
	unsigned int n, at;
};

static const char *word(struct words *w)
{
	return w->at < w->n ? w->w[w->at++] : "";
}

static int read_number(const char *text, double *v)
{
	char *end;

	*v = strtod(text, &end);
	return end == text || *end || !(*v >= 0 && *v < 1e15) ? -EBADMSG : 0;
}

static int read_time(const char *text, uint64_t *us)
{
	char *end;
	double v = strtod(text, &end), unit = !strcmp(end, "s")    ? 1e6
					      : !strcmp(end, "ms") ? 1e3
					      : !strcmp(end, "us") ? 1
								   : 0;

	if (end == text || unit == 0 || !(v >= 0 && v * unit < 1e15))
		return -EBADMSG;
	*us = (uint64_t)(v * unit + 0.5);
	return 0;
}

static int read_fields(struct words *w, const struct field *f, void *to)
{
	while (w->at < w->n) {
		const char *name = word(w);
		const struct field *x = f;
		char *p;
		double v = 0;
		int rc = 0;

		while (x->word && strcmp(x->word, name))
			x++;
		if (!x->word)
			return -EBADMSG;
		p = (char *)to + x->at;
		if (x->type == 't')
			rc = read_time(word(w), (uint64_t *)p);
		else if (x->type == 'b')
			*(bool *)p = true;
		else
			rc = read_number(word(w), &v);
		if (x->type == 'u')
			*(uint32_t *)p = (uint32_t)v;
		else if (x->type == 'd')
			*(double *)p = v;
		if (rc)
			return rc;
	}
	return 0;
}

static int read_link(struct words *w, struct sim_plan *p)
{
	struct sim_link_plan *l = &p->link[p->n_links];

	if (p->n_links == SIM_LINKS || w->n < 2)
		return -EBADMSG;
	*l = (struct sim_link_plan){.rate = 100, .burst = 10, .window = 10, .delay_ms = 20, .latency_ms = 5};
	snprintf(l->name, sizeof(l->name), "%s", word(w));
	if (read_fields(w, link_fields, l) || l->burst < 1 || l->window < 1 || l->carrier >= SIM_LINKS)
		return -EBADMSG;
	p->n_links++;
	return 0;
}

static int read_job(struct words *w, struct sim_plan *p)
{
	struct sim_job_plan *j = &p->job[p->n_jobs];
	bool served = false;

	if (p->n_jobs == SIM_JOBS)
		return -EBADMSG;
	*j = (struct sim_job_plan){
		.units = 100, .parts = 1, .deadline_us = 3600 * SEC, .expires_us = 86400 * SEC};
	if (read_fields(w, job_fields, j) || j->found > p->n_jobs || j->parts < 1 || j->parts > 10 ||
	    j->units > 100000)
		return -EBADMSG;
	for (size_t i = 0; i < p->n_links; i++)
		served |= p->link[i].group == j->group;
	p->n_jobs++;
	return served ? 0 : -EBADMSG;
}

static int link_named(const struct sim_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_links; i++)
		if (!strcmp(p->link[i].name, name))
			return (int)i;
	return -1;
}

static int job_numbered(const struct sim_plan *p, const char *text)
{
	int n = atoi(text);

	return n >= 1 && n <= (int)p->n_jobs ? n - 1 : -1;
}

static int read_with(struct words *w, char with, struct sim_action *a)
{
	double v = 0;
	int rc = 0;

	if (with == 't')
		rc = read_time(word(w), &a->for_us);
	else if (with == '%')
		rc = read_number(word(w), &v);
	a->percent = (uint32_t)v;
	return rc;
}

/* AT 5s LINK a DOWN | LINK a WIDEN 50 | CRASH 200ms | CANCEL 1 | STORE FAIL 3s */
static int read_action(void *ctx, struct words *w, struct sim_plan *p)
{
	struct sim_action a = {0};
	const char *what;
	char kind = 0;
	int who = 0;

	if (read_time(word(w), &a.at_us))
		return -EBADMSG;
	what = word(w);
	if (!strcmp(what, "LINK")) {
		kind = 'l';
		who = link_named(p, word(w));
	} else if (!strcmp(what, "STORE")) {
		kind = 's';
	}
	if (kind)
		what = word(w);
	while (a.act < ARRAY_SIZE(acts) && strcmp(acts[a.act].word, what))
		a.act++;
	if (a.act == ARRAY_SIZE(acts) ||
	    ((kind == 'l' || kind == 's') ? acts[a.act].kind != kind
					  : acts[a.act].kind == 'l' || acts[a.act].kind == 's'))
		return -EBADMSG;
	if (acts[a.act].kind == 'j')
		who = job_numbered(p, word(w));
	if (who < 0 || read_with(w, acts[a.act].with, &a) < 0)
		return -EBADMSG;
	a.who = who;
	*add_action(ctx, p) = a;
	return 0;
}

/* EXPECT JOB 1 accepted = 500 | repeats < 10 */
static int read_expect(struct words *w, struct sim_plan *p)
{
	struct sim_expect *x = &p->expect[p->n_expects];
	const char *what = word(w), *op;
	double v;

	if (p->n_expects == ARRAY_SIZE(p->expect))
		return -EBADMSG;
	*x = (struct sim_expect){.job = -1};
	if (!strcmp(what, "JOB")) {
		x->job = job_numbered(p, word(w));
		what = word(w);
		while (x->state < UNIT_STATES && strcmp(unit_state_name(x->state), what))
			x->state++;
		if (x->job < 0 || x->state == UNIT_STATES)
			return -EBADMSG;
	}
	snprintf(x->figure, sizeof(x->figure), "%s", what);
	op = word(w);
	if (!strchr("=<>", *op) || strlen(op) != 1 || read_number(word(w), &v))
		return -EBADMSG;
	x->op = *op;
	x->value = (uint64_t)v;
	p->n_expects++;
	return 0;
}

static int read_setting(const char *what, struct words *w, struct sim_plan *p)
{
	double v, n = 0;

	if (!strcmp(what, "CARRIER") && (read_number(word(w), &n) || n >= SIM_LINKS))
		return -EBADMSG;
	if (read_number(word(w), &v))
		return -EBADMSG;
	if (!strcmp(what, "SEED"))
		p->seed = (uint64_t)v;
	else if (!strcmp(what, "COMMIT_US"))
		p->commit_us = (uint32_t)v;
	else if (!strcmp(what, "FAULTS"))
		p->faults = (unsigned int)v;
	else if (!strcmp(what, "CARRIER"))
		p->carrier_rate[(int)n] = v;
	else
		return -EBADMSG;
	return 0;
}

static int read_line(void *ctx, struct words *w, struct sim_plan *p)
{
	const char *what = word(w);

	if (!strcmp(what, "LINK"))
		return read_link(w, p);
	if (!strcmp(what, "JOB"))
		return read_job(w, p);
	if (!strcmp(what, "AT"))
		return read_action(ctx, w, p);
	if (!strcmp(what, "EXPECT"))
		return read_expect(w, p);
	return read_setting(what, w, p);
}

int sim_plan_parse(void *ctx, const char *text, struct sim_plan *p, char *err, size_t err_len)
{
	char *copy = talloc_strdup(ctx, text), *line = copy, *end, *rest;

	OSMO_ASSERT(copy);
	*p = (struct sim_plan){.seed = 1, .commit_us = 5000};
	for (unsigned int no = 1; line; line = end, no++) {
		struct words w = {0};

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		line[strcspn(line, "#")] = '\0';
		for (char *t = strtok_r(line, " \t\r", &rest); t && w.n < ARRAY_SIZE(w.w);
		     t = strtok_r(NULL, " \t\r", &rest))
			w.w[w.n++] = t;
		if (w.n > 0 && (read_line(ctx, &w, p) < 0 || w.at != w.n)) {
			snprintf(err, err_len, "line %u: %s ...: not understood near word %u", no, w.w[0],
				 w.at);
			talloc_free(copy);
			return -EBADMSG;
		}
	}
	talloc_free(copy);
	if (p->n_links > 0)
		return 0;
	snprintf(err, err_len, "no LINK");
	return -EBADMSG;
}

static void print_fields(FILE *f, const struct field *x, const void *from)
{
	for (; x->word; x++) {
		const char *p = (const char *)from + x->at;

		if (x->type == 'u')
			fprintf(f, " %s %" PRIu32, x->word, *(const uint32_t *)p);
		else if (x->type == 'd')
			fprintf(f, " %s %.17g", x->word, *(const double *)p);
		else if (x->type == 't')
			fprintf(f, " %s %" PRIu64 "us", x->word, *(const uint64_t *)p);
		else if (*(const bool *)p)
			fprintf(f, " %s", x->word);
	}
	fputc('\n', f);
}

static void print_action(const struct sim_plan *p, const struct sim_action *a, FILE *f)
{
	fprintf(f, "AT %" PRIu64 "us ", a->at_us);
	if (acts[a->act].kind == 'l')
		fprintf(f, "LINK %s ", p->link[a->who].name);
	fprintf(f, "%s%s", acts[a->act].kind == 's' ? "STORE " : "", acts[a->act].word);
	if (acts[a->act].kind == 'j')
		fprintf(f, " %u", a->who + 1);
	if (acts[a->act].with == 't')
		fprintf(f, " %" PRIu64 "us", a->for_us);
	if (acts[a->act].with == '%')
		fprintf(f, " %" PRIu32, a->percent);
	fputc('\n', f);
}

void sim_plan_print(const struct sim_plan *p, FILE *f)
{
	fprintf(f, "SEED %" PRIu64 "\nCOMMIT_US %" PRIu32 "\n", p->seed, p->commit_us);
	if (p->faults)
		fprintf(f, "FAULTS %u\n", p->faults);
	for (size_t c = 0; c < SIM_LINKS; c++)
		if (p->carrier_rate[c] > 0)
			fprintf(f, "CARRIER %zu %.17g\n", c, p->carrier_rate[c]);
	for (size_t i = 0; i < p->n_links; i++) {
		fprintf(f, "LINK %s", p->link[i].name);
		print_fields(f, link_fields, &p->link[i]);
	}
	for (size_t i = 0; i < p->n_jobs; i++) {
		fprintf(f, "JOB");
		print_fields(f, job_fields, &p->job[i]);
	}
	for (size_t i = 0; i < p->n_actions; i++)
		print_action(p, &p->action[i], f);
}

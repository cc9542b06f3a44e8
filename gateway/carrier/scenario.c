#include "gateway/carrier/scenario.h"
#include "gateway/carrier/bsc.h"
#include "gateway/carrier/smsc.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct line {
	uint64_t at_us, at_submits; /* one of them; 0: not this */
	char *what, *value;
};

struct scenario {
	struct line *lines;
	unsigned int n;
	uint64_t enquire_us, disconnect_us, restart_us; /* when next */
};

static int link_line(struct carrier *c, const char *value, bool really)
{
	const struct conn_ops *ops;
	char which[8], state[8];
	int n = 0;

	if (sscanf(value, "%7s %7s%n", which, state, &n) != 2 || value[n] ||
	    (strcasecmp(state, "up") && strcasecmp(state, "down")))
		return -EINVAL;
	ops = !strcasecmp(which, "smpp") ? &smsc_ops : !strcasecmp(which, "cbsp") ? &bsc_ops : NULL;
	if (!ops && strcasecmp(which, "all"))
		return -EINVAL;
	if (really)
		loop_shut(c->loop, ops, !strcasecmp(state, "down"));
	return 0;
}

static void disconnect(struct carrier *c)
{
	smsc_disconnect_all(c->smsc);
	bsc_disconnect_all(c->bsc);
}

static void restart(struct carrier *c)
{
	bsc_restart(c->bsc);
}

static void garbage(struct carrier *c)
{
	smsc_garbage_all(c->smsc);
}

static void stall(struct carrier *c)
{
	smsc_stall(c->smsc, true);
}

static void quit(struct carrier *c)
{
	c->quit = true;
}

/* Words that stand alone; garbage and stall are options too, with a value. */
static const struct {
	const char *word;
	void (*run)(struct carrier *c);
} words[] = {{"DISCONNECT", disconnect},
	     {"RESTART", restart},
	     {"GARBAGE", garbage},
	     {"STALL", stall},
	     {"EXIT", quit}};

static int change(struct carrier *c, const char *what, const char *value, bool really, const char **why)
{
	struct settings trial = c->set;
	int rc = settings_change(&trial, what, *value ? value : NULL, why);

	if (rc < 0 || !really)
		return rc;
	c->set = trial;
	if (!strcmp(what, "stall") && !trial.stall)
		smsc_stall(c->smsc, false);
	return 0;
}

/* Does the line, or only says whether it could be done. */
static int perform(struct carrier *c, const char *what, const char *value, bool really, const char **why)
{
	bool known = false;
	int rc;

	*why = "wants \"LINK smpp|cbsp|all up|down\"";
	if (!strcasecmp(what, "LINK"))
		return link_line(c, value, really);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(what, words[i].word))
			continue;
		known = true;
		if (*value)
			break;
		if (really)
			words[i].run(c);
		return 0;
	}
	rc = change(c, what, value, really, why);
	if (known && rc == -ENOENT)
		*why = "takes no value";
	return rc;
}

static void timed(struct carrier *c, const struct agenda_event *ev)
{
	const struct line *l = &c->scenario->lines[ev->b];
	const char *why;

	perform(c, l->what, l->value, true, &why);
}

/* "AT WHEN WHAT [VALUE]": 0, or -EINVAL with *why. */
static int parse(struct scenario *s, struct carrier *c, char *text, const char **why)
{
	struct line l = {0};
	char *save = NULL, *at = strtok_r(text, " \t\r\n", &save), *when = strtok_r(NULL, " \t\r\n", &save),
	     *end;
	double v;

	if (!at || *at == '#')
		return 0;
	l.what = strtok_r(NULL, " \t\r\n", &save);
	*why = "wants \"AT TIME WHAT [VALUE]\", TIME as 5s, 200ms or #SUBMITS";
	if (strcasecmp(at, "AT") || !when || !l.what)
		return -EINVAL;
	v = strtod(when + (*when == '#'), &end);
	if (!isdigit((unsigned char)when[*when == '#']) || !(v <= 1e9) ||
	    (*when == '#' ? *end != 0 || v < 1 || v != (double)(uint64_t)v : strcmp(end, "s") && strcmp(end, "ms")))
		return -EINVAL;
	if (*when == '#')
		l.at_submits = (uint64_t)v;
	else
		l.at_us = c->start_us + (uint64_t)(v * (strcmp(end, "ms") ? 1e6 : 1e3));
	l.what = talloc_strdup(s, l.what);
	l.value = save ? save + strspn(save, " \t") : save;
	l.value = talloc_strdup(s, l.value ? l.value : "");
	for (size_t n = strlen(l.value); n && strchr(" \t\r\n", l.value[n - 1]); n--)
		l.value[n - 1] = '\0';
	if (perform(c, l.what, l.value, false, why) < 0)
		return -EINVAL;
	s->lines = talloc_realloc(s, s->lines, struct line, s->n + 1);
	OSMO_ASSERT(s->lines);
	s->lines[s->n++] = l;
	return 0;
}

/* The smallest count of submits that a line still waits for. */
static void arm(struct carrier *c, uint64_t passed)
{
	uint64_t next = 0;

	for (unsigned int i = 0; i < c->scenario->n; i++) {
		uint64_t at = c->scenario->lines[i].at_submits;

		if (at > passed && (!next || at < next))
			next = at;
	}
	c->submits_trigger = next;
}

void scenario_submits(struct carrier *c, uint64_t n)
{
	const char *why;

	for (unsigned int i = 0; i < c->scenario->n; i++)
		if (c->scenario->lines[i].at_submits == n)
			perform(c, c->scenario->lines[i].what, c->scenario->lines[i].value, true, &why);
	arm(c, n);
}

static int wrong(const char *file, unsigned int line, const char *why)
{
	fprintf(stderr, "reunion-carrier: %s:%u: %s\n", file, line, why);
	return -EINVAL;
}

static int read_lines(struct scenario *s, struct carrier *c, const char *file, FILE *f)
{
	char text[512];
	const char *why;

	for (unsigned int number = 1; fgets(text, sizeof(text), f); number++) {
		if (!strchr(text, '\n') && !feof(f))
			return wrong(file, number, "the line is too long");
		if (parse(s, c, text, &why) < 0)
			return wrong(file, number, why);
	}
	if (!ferror(f))
		return 0;
	fprintf(stderr, "reunion-carrier: %s: %s\n", file, strerror(errno));
	return -EIO;
}

struct scenario *scenario_load(struct carrier *c, const char *file)
{
	struct scenario *s = talloc_zero(c, struct scenario);
	FILE *f = file ? fopen(file, "re") : NULL;
	int rc = 0;

	OSMO_ASSERT(s);
	c->scenario = s;
	if (f) {
		rc = read_lines(s, c, file, f);
		fclose(f);
	} else if (file) {
		fprintf(stderr, "reunion-carrier: %s: %s\n", file, strerror(errno));
		rc = -ENOENT;
	}
	if (rc < 0)
		return NULL;
	for (unsigned int i = 0; i < s->n; i++)
		if (s->lines[i].at_us)
			agenda_add(c->agenda,
				   (struct agenda_event){.due_us = s->lines[i].at_us, .run = timed, .b = i});
	arm(c, 0);
	return s;
}

static void enquire(struct conn *conn)
{
	struct esme *e = conn->session;
	uint8_t *out;

	if (e->enquire_seq || !(e->tx || e->rx))
		return;
	e->enquire_seq = smsc_next_seq(e, 0);
	out = conn_room(conn, 16);
	conn_wrote(conn, pdu_end(out, pdu_begin(out, PDU_ENQUIRE, 0, e->enquire_seq)));
}

/* True when `seconds` have passed since the last time; the first time only starts the clock. */
static bool due(uint64_t now_us, uint32_t seconds, uint64_t *next_us)
{
	bool is = seconds && *next_us && now_us >= *next_us;

	if (is || !*next_us)
		*next_us = now_us + seconds * 1000000ull;
	return is;
}

void scenario_periodic(struct carrier *c)
{
	struct scenario *s = c->scenario;

	if (due(c->now_us, c->set.enquire_s, &s->enquire_us))
		loop_each(c->loop, &smsc_ops, enquire);
	if (due(c->now_us, c->set.disconnect_s, &s->disconnect_us))
		smsc_disconnect_all(c->smsc);
	if (due(c->now_us, c->set.bsc_restart_s, &s->restart_us))
		bsc_restart(c->bsc);
}

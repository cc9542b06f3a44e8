/* Letters of units that ended badly, packed and read again. What is read may be damaged: it is checked whole. */
#include "gateway/deadletter.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "gateway/cbsp.h"
#include "gateway/ledger.h"
#include "smpp/status.h"

#define FIXED	    17 /* octets of a letter of the old form, without its name */
#define FORM	    2
#define KIND_OCTETS 8
#define DIGITS_MAX  18
/* A letter's first octet. */
#define NEW_KIND    15 /* or which of those known */
#define IS_NUMBER   16
#define IS_LATER    32 /* than the one before, or earlier */

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- writing ---- */

int dead_begin(struct dead_row *row, uint8_t *to, size_t room, const char *alert_id)
{
	size_t len = strlen(alert_id);

	if (len == 0 || len > UINT8_MAX || 3 + len > room)
		return -EINVAL;
	*row = (struct dead_row){.to = to, .room = room, .len = 3 + len};
	to[0] = 0;
	to[1] = FORM;
	to[2] = len;
	memcpy(to + 3, alert_id, len);
	return 0;
}

static void put(struct dead_row *row, uint8_t octet)
{
	row->to[row->len++] = octet;
}

static void put_number(struct dead_row *row, uint64_t v)
{
	for (; v > 0x7F; v >>= 7)
		put(row, (v & 0x7F) | 0x80);
	put(row, v);
}

/* Small differences of either sign are small numbers. */
static void put_step(struct dead_row *row, uint32_t from, uint32_t to)
{
	uint32_t d = to - from;

	put_number(row, d << 1 ^ (d >> 31 ? UINT32_MAX : 0));
}

static bool same_kind(const struct dead_kind *a, const struct dead_kind *b)
{
	return a->status == b->status && a->why == b->why && a->state == b->state && a->tries == b->tries && a->class == b->class;
}

static void learn_kind(struct dead_row *row, const struct dead_kind *kind)
{
	row->kind[row->next_kind] = *kind;
	row->next_kind = (row->next_kind + 1) % DEAD_KINDS;
	row->n_kinds += row->n_kinds < DEAD_KINDS;
}

static void put_kind(struct dead_row *row, const struct dead_kind *kind)
{
	put32(row->to + row->len, kind->status);
	row->len += 4;
	put(row, kind->why);
	put(row, kind->state);
	put(row, kind->tries);
	put(row, kind->class);
	learn_kind(row, kind);
}

/* A number without leading zeros; 0: something else. */
static uint64_t number_of(const char *to, size_t len)
{
	uint64_t v = 0;

	if (len == 0 || len > DIGITS_MAX || to[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (to[i] < '0' || to[i] > '9')
			return 0;
		v = v * 10 + (to[i] - '0');
	}
	return v;
}

int dead_add(struct dead_row *row, const struct dead_letter *l)
{
	struct dead_kind kind = {.status = l->status, .why = l->why, .state = l->state, .tries = l->tries, .class = l->class};
	size_t len = strnlen(l->to, DEAD_TO - 1);
	uint64_t number = number_of(l->to, len);
	unsigned int k = 0;

	if (row->room - row->len < DEAD_LETTER_MAX)
		return -ENOSPC;
	while (k < row->n_kinds && !same_kind(&row->kind[k], &kind))
		k++;
	put(row, (k < row->n_kinds ? k : NEW_KIND) | (number ? IS_NUMBER : 0) | (l->at != row->time ? IS_LATER : 0));
	put_step(row, row->unit, l->unit);
	if (l->at != row->time)
		put_step(row, row->time, l->at);
	if (k == row->n_kinds)
		put_kind(row, &kind);
	if (number) {
		put_number(row, number);
	} else {
		put(row, len);
		memcpy(row->to + row->len, l->to, len);
		row->len += len;
	}
	row->unit = l->unit;
	row->time = l->at;
	return 0;
}

/* ---- reading ---- */

int dead_open(struct dead_row *row, const void *from, size_t len, char alert_id[256])
{
	const uint8_t *p = from;
	size_t head = len > 0 && p[0] == 0 ? 2 : 0, id;

	*row = (struct dead_row){.from = from, .len = len, .old = head == 0};
	if (len < head + 2 || (head && p[1] != FORM))
		return -EBADMSG;
	id = p[head];
	if (id == 0 || id > len - head - 1 || memchr(p + head + 1, '\0', id))
		return -EBADMSG;
	memcpy(alert_id, p + head + 1, id);
	alert_id[id] = '\0';
	row->at = head + 1 + id;
	return 0;
}

static bool is_sound(const struct dead_kind *k)
{
	return k->why > 0 && k->why < DEAD_WHY_END && k->state < UNIT_STATES && k->class >= ' ' && k->class <= '~' &&
	       (k->why != DEAD_CAUSE || k->status <= UINT8_MAX);
}

static void take_kind(struct dead_letter *l, const struct dead_kind *k)
{
	l->status = k->status;
	l->why = k->why;
	l->state = k->state;
	l->tries = k->tries;
	l->class = k->class;
}

static int take_text(struct dead_row *row, struct dead_letter *l, size_t len)
{
	if (len >= DEAD_TO || len > row->len - row->at)
		return -EBADMSG;
	memcpy(l->to, row->from + row->at, len);
	row->at += len;
	return 1;
}

static int next_old(struct dead_row *row, struct dead_letter *l)
{
	const uint8_t *p = row->from + row->at;
	struct dead_kind kind;

	if (row->len - row->at < FIXED)
		return -EBADMSG;
	kind = (struct dead_kind){.status = get32(p + 8), .why = p[12], .state = p[13], .tries = p[14], .class = p[15]};
	if (!is_sound(&kind))
		return -EBADMSG;
	l->unit = get32(p);
	l->at = get32(p + 4);
	take_kind(l, &kind);
	row->at += FIXED;
	return take_text(row, l, p[16]);
}

static int get_number(struct dead_row *row, uint64_t *v)
{
	*v = 0;
	for (unsigned int shift = 0; shift < 63 && row->at < row->len; shift += 7) {
		uint8_t octet = row->from[row->at++];

		*v |= (uint64_t)(octet & 0x7F) << shift;
		if (!(octet & 0x80))
			return 0;
	}
	return -EBADMSG;
}

static int get_step(struct dead_row *row, uint32_t *v)
{
	uint64_t d;

	if (get_number(row, &d) < 0 || d > UINT32_MAX)
		return -EBADMSG;
	*v += (uint32_t)d >> 1 ^ (d & 1 ? UINT32_MAX : 0);
	return 0;
}

static int get_kind(struct dead_row *row, unsigned int k, struct dead_letter *l)
{
	const uint8_t *p = row->from + row->at;
	struct dead_kind kind;

	if (k < row->n_kinds) {
		take_kind(l, &row->kind[k]);
		return 0;
	}
	if (k != NEW_KIND || row->len - row->at < KIND_OCTETS)
		return -EBADMSG;
	kind = (struct dead_kind){.status = get32(p), .why = p[4], .state = p[5], .tries = p[6], .class = p[7]};
	if (!is_sound(&kind))
		return -EBADMSG;
	row->at += KIND_OCTETS;
	learn_kind(row, &kind);
	take_kind(l, &kind);
	return 0;
}

int dead_next(struct dead_row *row, struct dead_letter *l)
{
	uint64_t number;
	uint8_t head;

	*l = (struct dead_letter){.unit = 0};
	if (row->at == row->len)
		return 0;
	if (row->old)
		return next_old(row, l);
	head = row->from[row->at++];
	if (head & ~(NEW_KIND | IS_NUMBER | IS_LATER) || get_step(row, &row->unit) < 0 ||
	    (head & IS_LATER && get_step(row, &row->time) < 0) || get_kind(row, head & NEW_KIND, l) < 0)
		return -EBADMSG;
	l->unit = row->unit;
	l->at = row->time;
	if (!(head & IS_NUMBER))
		return row->at < row->len ? take_text(row, l, row->from[row->at++]) : -EBADMSG;
	if (get_number(row, &number) < 0)
		return -EBADMSG;
	snprintf(l->to, sizeof(l->to), "%" PRIu64, number);
	return 1;
}

const char *dead_reason(const struct dead_letter *letter)
{
	static const char *const words[] = {[DEAD_SILENT] = "no answer",
					    [DEAD_NAMELESS] = "no number or name for it",
					    [DEAD_TEXTLESS] = "no text for this link",
					    [DEAD_CAUSELESS] = "failure without a cause",
					    [DEAD_DOUBT] = "in doubt at an end or restart"};

	if (letter->why == DEAD_CAUSE)
		return cbsp_cause_name(letter->status);
	return letter->why == DEAD_STATUS ? smpp_status_name(letter->status) : words[letter->why];
}

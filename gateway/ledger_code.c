#include "gateway/ledger_code.h"
#include <errno.h>
#include <string.h>
#include "gateway/ledger.h"

#define INDEXED	   16 /* different octets in an index */
#define CODED	   64 /* and in front of the range coder */
#define WORTH_IT   64 /* octets below which nobody looks for a shorter way */
#define TOP	   (1u << 24)
#define EVEN	   (1u << 14) /* of EVEN * 2: as likely as not */
#define STEADY	   7

size_t code_run_write(uint8_t *p, uint8_t octet, uint32_t len)
{
	p[0] = octet;
	if (len < 0x80) {
		p[1] = len;
		return 2;
	}
	p[1] = (len & 0x7F) | 0x80;
	p[2] = len >> 7;
	return 3;
}

/* ---- which octets there are ---- */

struct palette {
	unsigned int n;
	uint8_t octet[CODED]; /* most frequent first */
	uint8_t place[256];
};

/* False: more than CODED. */
static bool palette_make(struct palette *pal, const uint8_t *runs, size_t len)
{
	uint32_t times[256] = {0}, run;
	uint8_t octet;

	for (size_t i = 0; i < len;) {
		i += code_run_read(runs + i, &octet, &run);
		times[octet] += run;
	}
	pal->n = 0;
	for (unsigned int o = 0; o < 256; o++) {
		unsigned int at = pal->n;

		if (times[o] == 0)
			continue;
		if (pal->n++ == CODED)
			return false;
		for (; at > 0 && times[pal->octet[at - 1]] < times[o]; at--)
			pal->octet[at] = pal->octet[at - 1];
		pal->octet[at] = o;
	}
	for (unsigned int i = 0; i < pal->n; i++)
		pal->place[pal->octet[i]] = i;
	return true;
}

static bool octets_sound(const uint8_t *octets, unsigned int n, bool (*sound)(uint8_t octet))
{
	for (unsigned int i = 0; i < n; i++)
		if (!sound(octets[i]))
			return false;
	return true;
}

/* ---- the index ---- */

static unsigned int bits_for(unsigned int n)
{
	return n > 4 ? 4 : n > 2 ? 2 : 1;
}

static size_t index_len(uint32_t count, unsigned int n)
{
	return 2 + n + (count * bits_for(n) + 7) / 8;
}

static size_t index_write(const struct palette *pal, uint32_t count, const uint8_t *runs, size_t len, uint8_t *out)
{
	unsigned int bits = bits_for(pal->n);
	uint8_t *to = out + 2 + pal->n, octet;
	uint32_t unit = 0, run;

	memset(out, 0, index_len(count, pal->n));
	out[0] = CODE_MARK;
	out[1] = pal->n;
	memcpy(out + 2, pal->octet, pal->n);
	for (size_t i = 0; i < len;) {
		i += code_run_read(runs + i, &octet, &run);
		for (; run > 0; run--, unit++)
			to[unit * bits / 8] |= pal->place[octet] << (unit * bits % 8);
	}
	return index_len(count, pal->n);
}

static int index_read(const uint8_t *p, size_t len, uint32_t count, bool (*sound)(uint8_t octet), uint8_t *unit)
{
	unsigned int n = p[1], bits = bits_for(n), mask = (1u << bits) - 1;

	if (n < 2 || n > INDEXED || len != index_len(count, n) || !octets_sound(p + 2, n, sound))
		return -EBADMSG;
	for (uint32_t u = 0; u < count; u++) {
		unsigned int i = p[2 + n + u * bits / 8] >> (u * bits % 8) & mask;

		if (i >= n)
			return -EBADMSG;
		unit[u] = p[2 + i];
	}
	return 0;
}

/* ---- the range coder ---- */

/* How likely "no" is, of EVEN * 2, after what was seen: quick to learn, then steady. */
struct guess {
	uint16_t no;
	uint8_t seen;
};

static void guess_all(struct guess *g, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		g[i] = (struct guess){.no = EVEN};
}

/* A step of 1/2, twice 1/4, four times 1/8 ..., so neither answer ever becomes certain. */
static void guess_learn(struct guess *g, bool yes)
{
	unsigned int shift = STEADY;

	if (g->seen < 1u << (STEADY - 1)) {
		g->seen++;
		shift = 32 - __builtin_clz(g->seen);
	}
	if (yes)
		g->no -= g->no >> shift;
	else
		g->no += (2 * EVEN - g->no) >> shift;
}

struct range_out {
	uint32_t low, range;
	uint8_t *from, *to, *end;
};

static void carry(struct range_out *o)
{
	for (uint8_t *p = o->to; p > o->from && ++*--p == 0;)
		;
}

static void put_answer(struct range_out *o, struct guess *g, bool yes)
{
	uint32_t no = (o->range >> 15) * g->no;

	if (yes) {
		o->low += no;
		o->range -= no;
		if (o->low < no)
			carry(o);
	} else {
		o->range = no;
	}
	guess_learn(g, yes);
	for (; o->range < TOP && o->to < o->end; o->range <<= 8, o->low <<= 8)
		*o->to++ = o->low >> 24;
}

/* One octet that, with zeros behind it, stands within what is left. */
static void put_end(struct range_out *o)
{
	uint32_t low = o->low + (TOP - 1);

	if (low < o->low)
		carry(o);
	*o->to++ = low >> 24;
}

/* Stops as soon as it is not shorter than room octets; 0 then. */
static size_t range_write(const struct palette *pal, const uint8_t *runs, size_t len, uint8_t *out, size_t room)
{
	struct range_out o = {.range = UINT32_MAX, .from = out + 3 + pal->n, .to = out + 3 + pal->n, .end = out + room};
	struct guess g[CODED];
	uint8_t octet;
	uint32_t run;

	if (3 + pal->n + 1 >= room)
		return 0;
	out[0] = CODE_MARK;
	out[1] = 0;
	out[2] = pal->n;
	memcpy(out + 3, pal->octet, pal->n);
	guess_all(g, pal->n);
	for (size_t i = 0; i < len && o.to < o.end;) {
		i += code_run_read(runs + i, &octet, &run);
		for (; run > 0 && o.to < o.end; run--) {
			for (unsigned int k = 0; k < pal->place[octet]; k++)
				put_answer(&o, &g[k], false);
			if (pal->place[octet] + 1u < pal->n)
				put_answer(&o, &g[pal->place[octet]], true);
		}
	}
	if (o.to >= o.end)
		return 0;
	put_end(&o);
	return o.to - out;
}

struct range_in {
	uint32_t code, range;
	const uint8_t *p;
	size_t at, len;
};

/* Behind the end there are zeros. */
static void take_octet(struct range_in *r)
{
	r->code = r->code << 8 | (r->at < r->len ? r->p[r->at] : 0);
	r->at++;
}

static bool take_answer(struct range_in *r, struct guess *g)
{
	uint32_t no = (r->range >> 15) * g->no;
	bool yes = r->code >= no;

	if (yes) {
		r->code -= no;
		r->range -= no;
	} else {
		r->range = no;
	}
	guess_learn(g, yes);
	for (; r->range < TOP; r->range <<= 8)
		take_octet(r);
	return yes;
}

static int range_read(const uint8_t *p, size_t len, uint32_t count, bool (*sound)(uint8_t octet), uint8_t *unit)
{
	unsigned int n = len > 2 ? p[2] : 0;
	struct range_in r = {.range = UINT32_MAX};
	struct guess g[CODED];

	if (n < 2 || n > CODED || len < 3 + n + 1 || !octets_sound(p + 3, n, sound))
		return -EBADMSG;
	r.p = p + 3 + n;
	r.len = len - 3 - n;
	for (int i = 0; i < 4; i++)
		take_octet(&r);
	guess_all(g, n);
	for (uint32_t u = 0; u < count; u++) {
		unsigned int k = 0;

		while (k + 1 < n && !take_answer(&r, &g[k]))
			k++;
		unit[u] = p[3 + k];
	}
	return r.at - 3 == r.len ? 0 : -EBADMSG; /* the writer's last octet is the first of the last four taken */
}

/* ---- the three together ---- */

size_t code_shorten(uint32_t count, uint8_t *runs, size_t len, size_t dear)
{
	uint8_t index[2 + INDEXED + CHUNK_UNITS / 2], coded[CHUNK_ENCODED_MAX];
	size_t indexed = 0, n, best = len;
	struct palette pal;

	if (len <= WORTH_IT || !palette_make(&pal, runs, len))
		return len;
	if (pal.n <= INDEXED && index_len(count, pal.n) < best)
		best = indexed = index_write(&pal, count, runs, len, index);
	if (best > dear) {
		n = range_write(&pal, runs, len, coded, best);
		if (n > 0 && n < best) {
			memcpy(runs, coded, n);
			return n;
		}
	}
	if (indexed > 0)
		memcpy(runs, index, indexed);
	return best;
}

static int runs_read(const uint8_t *p, size_t len, uint32_t count, bool (*sound)(uint8_t octet), uint8_t *unit)
{
	uint32_t done = 0, run;
	uint8_t octet;

	for (size_t i = 0; i < len;) {
		if (len - i < 2 || ((p[i + 1] & 0x80) && (len - i < 3 || p[i + 2] == 0 || (p[i + 2] & 0x80))))
			return -EBADMSG;
		i += code_run_read(p + i, &octet, &run);
		if (run == 0 || run > count - done || !sound(octet))
			return -EBADMSG;
		memset(unit + done, octet, run);
		done += run;
	}
	return done == count ? 0 : -EBADMSG;
}

int code_read(const uint8_t *p, size_t len, uint32_t count, bool (*sound)(uint8_t octet), uint8_t *unit)
{
	if (len < 2)
		return -EBADMSG;
	if (p[0] != CODE_MARK)
		return runs_read(p, len, count, sound, unit);
	return p[1] == 0 ? range_read(p, len, count, sound, unit) : index_read(p, len, count, sound, unit);
}

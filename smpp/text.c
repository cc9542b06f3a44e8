#include "smpp/text.h"
#include <errno.h>
#include <string.h>

#define ESCAPE    0x1B
#define NO_SEPTET 0xFFFF
#define ZWJ       0x200D

/* TS 23.038 6.2.1: septet -> code point. */
static const uint16_t gsm7_basic[128] = {
	'@',   0xA3,      '$',  0xA5,  0xE8, 0xE9,  0xF9,  0xEC,  0xF2,  0xC7,  '\n',  0xD8,  0xF8,
	'\r',  0xC5,      0xE5, 0x394, '_',  0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398,
	0x39E, NO_SEPTET, 0xC6, 0xE6,  0xDF, 0xC9,  ' ',   '!',   '"',   '#',   0xA4,  '%',   '&',
	'\'',  '(',       ')',  '*',   '+',  ',',   '-',   '.',   '/',   '0',   '1',   '2',   '3',
	'4',   '5',       '6',  '7',   '8',  '9',   ':',   ';',   '<',   '=',   '>',   '?',   0xA1,
	'A',   'B',       'C',  'D',   'E',  'F',   'G',   'H',   'I',   'J',   'K',   'L',   'M',
	'N',   'O',       'P',  'Q',   'R',  'S',   'T',   'U',   'V',   'W',   'X',   'Y',   'Z',
	0xC4,  0xD6,      0xD1, 0xDC,  0xA7, 0xBF,  'a',   'b',   'c',   'd',   'e',   'f',   'g',
	'h',   'i',       'j',  'k',   'l',  'm',   'n',   'o',   'p',   'q',   'r',   's',   't',
	'u',   'v',       'w',  'x',   'y',  'z',   0xE4,  0xF6,  0xF1,  0xFC,  0xE0,
};

/* TS 23.038 6.2.1.1: what follows an escape. */
static const struct {
	uint8_t septet;
	uint16_t code_point;
} gsm7_extension[] = {
	{0x0A, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2F, '\\'},
	{0x3C, '['},  {0x3D, '~'}, {0x3E, ']'}, {0x40, '|'}, {0x65, 0x20AC},
};

unsigned int smpp_gsm7(uint32_t code_point, uint8_t septets[2])
{
	if (code_point < 128 && gsm7_basic[code_point] == code_point) {
		septets[0] = code_point;
		return 1;
	}
	if (code_point >= NO_SEPTET)
		return 0;
	for (unsigned int i = 0; i < 128; i++)
		if (gsm7_basic[i] == code_point) {
			septets[0] = i;
			return 1;
		}
	for (size_t i = 0; i < sizeof(gsm7_extension) / sizeof(gsm7_extension[0]); i++)
		if (gsm7_extension[i].code_point == code_point) {
			septets[0] = ESCAPE;
			septets[1] = gsm7_extension[i].septet;
			return 2;
		}
	return 0;
}

uint32_t smpp_gsm7_char(uint8_t septet, bool escaped)
{
	if (!escaped)
		return septet < 128 && gsm7_basic[septet] != NO_SEPTET ? gsm7_basic[septet] : 0;
	for (size_t i = 0; i < sizeof(gsm7_extension) / sizeof(gsm7_extension[0]); i++)
		if (gsm7_extension[i].septet == septet)
			return gsm7_extension[i].code_point;
	return 0;
}

int32_t smpp_utf8_next(const char **p, const char *end)
{
	static const uint32_t smallest[4] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *s = (const uint8_t *)*p;
	size_t left = end - *p;
	unsigned int more;
	uint32_t cp;

	if (left == 0)
		return -EILSEQ;
	if (s[0] < 0x80) {
		*p += 1;
		return s[0];
	}
	more = s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 1 : s[0] < 0xF0 ? 2 : s[0] < 0xF5 ? 3 : 0;
	if (more == 0 || left <= more)
		return -EILSEQ;
	cp = s[0] & (0x3F >> more);
	for (unsigned int i = 1; i <= more; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return -EILSEQ;
		cp = cp << 6 | (s[i] & 0x3F);
	}
	if (cp < smallest[more] || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
		return -EILSEQ;
	*p += more + 1;
	return cp;
}

/* One way to write a text: its coding and, for GSM-7, the table behind the escape and the one in front of it. */
struct script {
	enum smpp_coding coding; /* a single one */
	enum smpp_shift shift, lock;
};

static unsigned int septets_of(uint32_t cp, struct script script, uint8_t out[2])
{
	uint8_t locked = smpp_lock_septet(script.lock, cp);
	unsigned int n = smpp_gsm7(cp, out);

	if (locked) {
		out[0] = locked;
		return 1;
	}
	if (n == 1 && smpp_lock_char(script.lock, out[0]))
		n = 0; /* another character has its place */
	if (n == 1 || script.shift == SMPP_SHIFT_NONE)
		return n;
	out[0] = ESCAPE;
	out[1] = smpp_shift_septet(script.shift, cp);
	return out[1] ? 2 : 0;
}

/* A message centre writes ASCII as septets in the end: what is long there is counted so here. */
static unsigned int ascii_units(uint32_t cp)
{
	uint8_t septets[2];
	unsigned int n = smpp_gsm7(cp, septets);

	return cp >= 128 ? 0 : n ? n : 1;
}

/* Units (septets, octets or UTF-16 code units) of one character; 0: it cannot be written so. */
static unsigned int units_of(uint32_t cp, struct script script)
{
	uint8_t septets[2];

	switch (script.coding) {
	case SMPP_GSM7:
		return septets_of(cp, script, septets);
	case SMPP_LATIN1:
		return cp < 0x80 || (cp >= 0xA0 && cp <= 0xFF);
	case SMPP_ASCII:
		return ascii_units(cp);
	default:
		return cp > 0xFFFF ? 2 : 1;
	}
}

static unsigned int encode(uint32_t cp, struct script script, uint8_t *out)
{
	if (script.coding == SMPP_GSM7)
		return septets_of(cp, script, out);
	if (script.coding != SMPP_ONLY_UCS2) {
		out[0] = cp;
		return 1;
	}
	if (cp > 0xFFFF) {
		uint32_t high = 0xD800 + ((cp - 0x10000) >> 10), low = 0xDC00 + (cp & 0x3FF);

		out[0] = high >> 8;
		out[1] = high & 0xFF;
		out[2] = low >> 8;
		out[3] = low & 0xFF;
		return 4;
	}
	out[0] = cp >> 8;
	out[1] = cp & 0xFF;
	return 2;
}

static bool is_regional(uint32_t cp)
{
	return cp >= 0x1F1E6 && cp <= 0x1F1FF;
}

/* End of the grapheme that starts at p, and its units; the text is known to be UTF-8. */
static const char *grapheme_end(const char *p, const char *end, struct script script, unsigned int *units)
{
	uint32_t previous = smpp_utf8_next(&p, end), cp;
	bool flag = is_regional(previous); /* two regional indicators make one flag */

	*units = units_of(previous, script);
	while (p < end) {
		const char *next = p;

		cp = smpp_utf8_next(&next, end);
		if (!smpp_joins_previous(cp) && previous != ZWJ && !(flag && is_regional(cp)) &&
		    !(previous == '\r' && cp == '\n'))
			break;
		flag = false;
		*units += units_of(cp, script);
		previous = cp;
		p = next;
	}
	return p;
}

struct splitter {
	struct smpp_text *text;
	struct script script;
	unsigned int cap;  /* units a part holds */
	unsigned int n;    /* parts begun */
	unsigned int used; /* units in the last one */
};

static void put(struct splitter *s, const char *p, const char *end)
{
	while (p < end) {
		uint32_t cp = smpp_utf8_next(&p, end);
		unsigned int units = units_of(cp, s->script);

		if (s->used + units > s->cap) {
			s->n++;
			s->used = 0;
		}
		s->used += units;
		if (s->n <= SMPP_TEXT_MAX_PARTS) {
			struct smpp_part *part = &s->text->part[s->n - 1];

			part->len += encode(cp, s->script, part->octets + part->len);
		}
	}
}

static void split(struct splitter *s, const char *p, const char *end)
{
	s->n = 1;
	while (p < end) {
		unsigned int units;
		const char *next = grapheme_end(p, end, s->script, &units);

		/* A grapheme longer than a whole part can only be torn between characters. */
		if (s->used + units > s->cap && units <= s->cap) {
			s->n++;
			s->used = 0;
		}
		put(s, p, next);
		p = next;
	}
}

/* The text's units in a script; -EILSEQ, -ERANGE with the character that it lacks. */
static int measure(const char *p, const char *end, struct script script, uint32_t *lacking)
{
	unsigned int units = 0;

	while (p < end) {
		int32_t cp = smpp_utf8_next(&p, end);
		unsigned int n = cp > 0 ? units_of(cp, script) : 0;

		if (cp <= 0)
			return -EILSEQ;
		if (n == 0) {
			*lacking = cp;
			return -ERANGE;
		}
		units += n;
	}
	return units;
}

static unsigned int header_octets(enum smpp_long how, bool several, struct script script)
{
	unsigned int n = several ? (how == SMPP_LONG_UDH8 ? 5 : 6) : 0;

	n += script.shift ? 3 : 0;
	n += script.lock ? 3 : 0;
	return n ? n + 1 : 0; /* its length */
}

/* Units that one part holds beside its header. How an SMSC cuts sar and message_payload is its own affair; the
 * longer header is assumed, so that what we count as parts is never less than what goes on air. */
static unsigned int part_units(enum smpp_long how, struct script script, bool several)
{
	unsigned int octets = 140 - header_octets(how, several, script);

	if (script.coding == SMPP_ONLY_UCS2)
		return octets / 2;
	return script.coding == SMPP_LATIN1 ? octets : octets * 8 / 7;
}

static bool fits_in_one(unsigned int units, enum smpp_long how, struct script script)
{
	return units <= part_units(how, script, false);
}

/* What a text of so many units costs, to be compared: parts first, then octets of the last one's header and all units. */
static unsigned int cost(unsigned int units, enum smpp_long how, struct script script)
{
	bool several = !fits_in_one(units, how, script);
	unsigned int cap = part_units(how, script, several);

	return ((units + cap - 1) / cap) * 0x10000 + units + header_octets(how, several, script);
}

/* Of the scripts with national tables the one that costs least; units, or -ERANGE when none holds the text. */
static int choose_tables(const char *p, const char *end, unsigned int codings, enum smpp_long how, struct script *script)
{
	int best = -ERANGE;

	for (enum smpp_shift lock = 0; lock < SMPP_SHIFTS; lock++)
		for (enum smpp_shift shift = 0; shift < SMPP_SHIFTS; shift++) {
			struct script s = {SMPP_GSM7, shift, lock};
			bool may = (lock || shift) && (!lock || codings & SMPP_WITH_LOCK << lock) &&
				   (!shift || codings & SMPP_WITH_SHIFT << shift);
			uint32_t lacking;
			int units = may ? measure(p, end, s, &lacking) : -ERANGE;

			if (units >= 0 && (best < 0 || cost(units, how, s) < cost(best, how, *script))) {
				best = units;
				*script = s;
			}
		}
	return best;
}

/* The first script that holds the text: GSM-7 as it is, then with national tables, then the carrier's other coding, then
 * UCS-2. Returns units or -EILSEQ. */
static int choose(const char *p, const char *end, unsigned int codings, enum smpp_long how, struct script *script,
		  uint32_t *lacking)
{
	static const enum smpp_coding plain[] = {SMPP_GSM7, SMPP_ASCII, SMPP_LATIN1};
	int best = -ERANGE;
	uint32_t other;

	for (unsigned int i = 0; i < 3 && best == -ERANGE; i++)
		if (codings & plain[i]) {
			*script = (struct script){.coding = plain[i]};
			best = measure(p, end, *script, lacking);
		}
	if (best == -ERANGE)
		best = choose_tables(p, end, codings, how, script);
	if (best != -ERANGE)
		return best;
	*script = (struct script){.coding = SMPP_ONLY_UCS2};
	return measure(p, end, *script, &other);
}

static uint8_t data_coding(enum smpp_coding coding)
{
	return coding == SMPP_GSM7 ? 0 : coding == SMPP_ASCII ? 1 : coding == SMPP_LATIN1 ? 3 : 8;
}

int smpp_text_split(const char *utf8, unsigned int codings, enum smpp_long how, struct smpp_text *text,
		    unsigned int *needed)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const char *end = utf8 + strlen(utf8);
	struct splitter s = {.text = text};
	uint32_t lacking = 0;
	int units;

	memset(text, 0, sizeof(*text));
	if (needed)
		*needed = 0;
	if (!strncmp(utf8, bom, 3))
		utf8 += 3;
	if (how == SMPP_LONG_PAYLOAD)
		codings &= SMPP_WITH_SHIFT - 1;
	units = choose(utf8, end, codings, how, &s.script, &lacking);
	if (units < 0)
		return -EILSEQ;
	text->data_coding = data_coding(s.script.coding);
	text->shift = s.script.shift;
	text->lock = s.script.lock;
	text->forced_ucs2 = s.script.coding == SMPP_ONLY_UCS2 ? lacking : 0;
	s.cap = part_units(how, s.script, !fits_in_one(units, how, s.script));
	split(&s, utf8, end);
	if (needed)
		*needed = s.n;
	if (s.n > SMPP_TEXT_MAX_PARTS)
		return -E2BIG;
	text->n = s.n;
	return 0;
}

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

/* Units (septets or UTF-16 code units) of one character. */
static unsigned int units_of(uint32_t cp, bool gsm7)
{
	uint8_t septets[2];

	if (gsm7)
		return smpp_gsm7(cp, septets);
	return cp > 0xFFFF ? 2 : 1;
}

static unsigned int encode(uint32_t cp, bool gsm7, uint8_t *out)
{
	if (gsm7)
		return smpp_gsm7(cp, out);
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
static const char *grapheme_end(const char *p, const char *end, bool gsm7, unsigned int *units)
{
	uint32_t previous = smpp_utf8_next(&p, end), cp;
	bool flag = is_regional(previous); /* two regional indicators make one flag */

	*units = units_of(previous, gsm7);
	while (p < end) {
		const char *next = p;

		cp = smpp_utf8_next(&next, end);
		if (!smpp_joins_previous(cp) && previous != ZWJ && !(flag && is_regional(cp)) &&
		    !(previous == '\r' && cp == '\n'))
			break;
		flag = false;
		*units += units_of(cp, gsm7);
		previous = cp;
		p = next;
	}
	return p;
}

struct splitter {
	struct smpp_text *text;
	bool gsm7;
	unsigned int cap;  /* units a part holds */
	unsigned int n;    /* parts begun */
	unsigned int used; /* units in the last one */
};

static void put(struct splitter *s, const char *p, const char *end)
{
	while (p < end) {
		uint32_t cp = smpp_utf8_next(&p, end);
		unsigned int units = units_of(cp, s->gsm7);

		if (s->used + units > s->cap) {
			s->n++;
			s->used = 0;
		}
		s->used += units;
		if (s->n <= SMPP_TEXT_MAX_PARTS) {
			struct smpp_part *part = &s->text->part[s->n - 1];

			part->len += encode(cp, s->gsm7, part->octets + part->len);
		}
	}
}

static void split(struct splitter *s, const char *p, const char *end)
{
	s->n = 1;
	while (p < end) {
		unsigned int units;
		const char *next = grapheme_end(p, end, s->gsm7, &units);

		/* A grapheme longer than a whole part can only be torn between characters. */
		if (s->used + units > s->cap && units <= s->cap) {
			s->n++;
			s->used = 0;
		}
		put(s, p, next);
		p = next;
	}
}

/* Units of the text in the coding chosen. GSM-7 falls back to UCS-2 as a whole. */
static int measure(const char *p, const char *end, struct smpp_text *text, bool *gsm7, unsigned int *units)
{
	unsigned int septets = 0, words = 0;

	while (p < end) {
		int32_t cp = smpp_utf8_next(&p, end);
		unsigned int n;

		if (cp <= 0)
			return -EILSEQ;
		n = units_of(cp, true);
		if (n == 0 && text->forced_ucs2 == 0)
			text->forced_ucs2 = cp;
		septets += n;
		words += units_of(cp, false);
	}
	*gsm7 = *gsm7 && text->forced_ucs2 == 0;
	*units = *gsm7 ? septets : words;
	return 0;
}

/* Units that one of several parts holds. How an SMSC cuts sar and message_payload is its own affair; the
 * longer header is assumed, so that what we count as parts is never less than what goes on air. */
static unsigned int part_units(enum smpp_long how, bool gsm7)
{
	if (how == SMPP_LONG_UDH8)
		return gsm7 ? 153 : 67;
	return gsm7 ? 152 : 66;
}

int smpp_text_split(const char *utf8, bool gsm7, enum smpp_long how, struct smpp_text *text,
		    unsigned int *needed)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const char *end = utf8 + strlen(utf8);
	struct splitter s = {.text = text};
	unsigned int units;

	memset(text, 0, sizeof(*text));
	if (needed)
		*needed = 0;
	if (!strncmp(utf8, bom, 3))
		utf8 += 3;
	if (measure(utf8, end, text, &gsm7, &units) < 0)
		return -EILSEQ;
	text->data_coding = gsm7 ? 0 : 8;
	s.gsm7 = gsm7;
	s.cap = units <= (gsm7 ? 160u : 70u) ? 160 : part_units(how, gsm7);
	split(&s, utf8, end);
	if (needed)
		*needed = s.n;
	if (s.n > SMPP_TEXT_MAX_PARTS)
		return -E2BIG;
	text->n = s.n;
	return 0;
}

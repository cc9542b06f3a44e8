#include "gateway/carrier/chars.h"
#include "gateway/carrier/octets.h"

static const uint16_t gsm7[128] = {
	'@',  0xA3,  '$',  0xA5,  0xE8,  0xE9,  0xF9,  0xEC,  0xF2,  0xC7,  '\n',  0xD8,  0xF8, '\r', 0xC5,
	0xE5, 0x394, '_',  0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, 0,    0xC6, 0xE6,
	0xDF, 0xC9,  ' ',  '!',   '"',   '#',   0xA4,  '%',   '&',   '\'',  '(',   ')',   '*',  '+',  ',',
	'-',  '.',   '/',  '0',   '1',   '2',   '3',   '4',   '5',   '6',   '7',   '8',   '9',  ':',  ';',
	'<',  '=',   '>',  '?',   0xA1,  'A',   'B',   'C',   'D',   'E',   'F',   'G',   'H',  'I',  'J',
	'K',  'L',   'M',  'N',   'O',   'P',   'Q',   'R',   'S',   'T',   'U',   'V',   'W',  'X',  'Y',
	'Z',  0xC4,  0xD6, 0xD1,  0xDC,  0xA7,  0xBF,  'a',   'b',   'c',   'd',   'e',   'f',  'g',  'h',
	'i',  'j',   'k',  'l',   'm',   'n',   'o',   'p',   'q',   'r',   's',   't',   'u',  'v',  'w',
	'x',  'y',   'z',  0xE4,  0xF6,  0xF1,  0xFC,  0xE0};

struct sink {
	char *out;
	size_t n, cap;
	unsigned int fault;
};

static void put(struct sink *s, uint32_t c)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

	if (s->n + len >= s->cap) {
		s->fault |= CHARS_CUT;
		s->cap = 0;
		return;
	}
	for (size_t i = len; i > 1; i--, c >>= 6)
		s->out[s->n + i - 1] = (char)(0x80 | (c & 0x3F));
	s->out[s->n] = (char)(lead[len] | c);
	s->n += len;
}

static uint32_t extension(uint8_t c)
{
	static const struct {
		uint8_t code;
		uint16_t is;
	} table[] = {{0x0A, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2F, '\\'},
		     {0x3C, '['},  {0x3D, '~'}, {0x3E, ']'}, {0x40, '|'}, {0x65, 0x20AC}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == c)
			return table[i].is;
	return c == 0x1B ? ' ' : gsm7[c]; /* TS 23.038 6.2.1.1: an unknown escape shows the base character */
}

static void from_gsm7(struct sink *s, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = in[i];

		if (c > 0x7F) {
			s->fault |= CHARS_HIGH_BIT;
			put(s, 0xFFFD);
		} else if (c != 0x1B) {
			put(s, gsm7[c]);
		} else if (i + 1 == len) {
			s->fault |= CHARS_SPLIT;
		} else {
			put(s, extension(in[++i] & 0x7F));
		}
	}
}

static void from_ucs2(struct sink *s, const uint8_t *in, size_t len)
{
	size_t units = len / 2;

	if (len % 2)
		s->fault |= CHARS_ODD;
	for (size_t i = 0; i < units; i++) {
		uint32_t c = octets_16(in + 2 * i), d = i + 1 < units ? octets_16(in + 2 * i + 2) : 0;

		if (c >= 0xD800 && c < 0xDC00 && d >= 0xDC00 && d < 0xE000) {
			put(s, 0x10000 + ((c - 0xD800) << 10) + (d - 0xDC00));
			i++;
		} else if (c >= 0xD800 && c < 0xE000) {
			s->fault |= c < 0xDC00 && i + 1 == units ? CHARS_SPLIT : CHARS_SURROGATE;
			put(s, 0xFFFD);
		} else {
			put(s, c);
		}
	}
}

static void from_single(struct sink *s, const uint8_t *in, size_t len, enum chars_alphabet a)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		if (a == CHARS_BINARY) {
			put(s, (uint8_t)hex[in[i] >> 4]);
			put(s, (uint8_t)hex[in[i] & 15]);
			continue;
		}
		if (a == CHARS_ASCII && in[i] > 0x7F)
			s->fault |= CHARS_HIGH_BIT;
		put(s, in[i]);
	}
}

size_t chars_utf8(enum chars_alphabet alphabet, const uint8_t *in, size_t len, char *out, size_t cap,
		  unsigned int *fault)
{
	struct sink s = {.out = out, .cap = cap};

	if (alphabet == CHARS_GSM7)
		from_gsm7(&s, in, len);
	else if (alphabet == CHARS_UCS2)
		from_ucs2(&s, in, len);
	else
		from_single(&s, in, len, alphabet);
	if (cap)
		out[s.n] = '\0';
	*fault |= s.fault;
	return s.n;
}

size_t chars_unpack(const uint8_t *packed, size_t len, size_t skip, uint8_t *septets, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t bit = skip + 7 * i, at = bit / 8, shift = bit % 8;
		unsigned int v;

		if (bit + 7 > 8 * len)
			break;
		v = packed[at] | (at + 1 < len ? packed[at + 1] << 8 : 0);
		septets[i] = v >> shift & 0x7F;
	}
	return i;
}

/* One character of UTF-8 at *p; moves past it. */
static uint32_t next(const unsigned char **p)
{
	const unsigned char *s = *p;
	int more = s[0] < 0x80                   ? 0
		   : s[0] >= 0xC2 && s[0] < 0xE0 ? 1
		   : s[0] >= 0xE0 && s[0] < 0xF0 ? 2
		   : s[0] >= 0xF0 && s[0] < 0xF5 ? 3
						 : -1;
	uint32_t c = more <= 0 ? s[0] : s[0] & (0x3F >> more);

	*p += 1;
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0xFFFD;
		c = c << 6 | (s[i] & 0x3F);
		*p += 1;
	}
	return more < 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c;
}

size_t chars_to_ucs2(const char *utf8, uint8_t *out, size_t cap)
{
	const unsigned char *p = (const unsigned char *)utf8;
	size_t n = 0;

	while (*p) {
		uint32_t c = next(&p);

		if (n + (c > 0xFFFF ? 4 : 2) > cap)
			break;
		if (c > 0xFFFF) {
			octets_put16(out + n, (uint16_t)(0xD800 + ((c - 0x10000) >> 10)));
			n += 2;
			c = 0xDC00 + ((c - 0x10000) & 0x3FF);
		}
		octets_put16(out + n, (uint16_t)c);
		n += 2;
	}
	return n;
}

uint64_t chars_hash(const char *utf8, size_t len)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)utf8[i]) * 0x100000001B3u;
	return h;
}

int chars_of_dcs(uint8_t dcs, enum chars_alphabet standard)
{
	if (dcs == 0)
		return (int)standard;
	if (dcs >= 0x10 && dcs < 0x20) /* TS 23.038 general data coding with a message class */
		return (dcs & 0x0C) == 0   ? CHARS_GSM7
		       : (dcs & 0x0C) == 4 ? CHARS_BINARY
		       : (dcs & 0x0C) == 8 ? CHARS_UCS2
					   : -1;
	if (dcs >= 0xF0)
		return dcs & 4 ? CHARS_BINARY : CHARS_GSM7;
	switch (dcs) {
	case 1:
		return CHARS_ASCII;
	case 2:
	case 4:
		return CHARS_BINARY;
	case 3:
		return CHARS_LATIN1;
	case 8:
		return CHARS_UCS2;
	default:
		return -1;
	}
}

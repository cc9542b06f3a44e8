#include "smpp/plain.h"
#include <errno.h>
#include "smpp/cursor.h"
#include "smpp/text.h"

enum alphabet { GSM7, LATIN1, UCS2, NONE };

static enum alphabet alphabet_of(uint8_t dcs, bool gsm7)
{
	static const enum alphabet classed[4] = {GSM7, NONE, UCS2, NONE};

	switch (dcs) {
	case 0:
		return gsm7 ? GSM7 : LATIN1;
	case 1:
	case 3:
		return LATIN1;
	case 8:
		return UCS2;
	}
	if (dcs >= 0x10 && dcs <= 0x1F) /* TS 23.038 general group, as most SMSCs pass it */
		return classed[dcs >> 2 & 3];
	if (dcs >= 0xF0)
		return dcs & 4 ? NONE : GSM7;
	return NONE;
}

static void put_utf8(struct writer *w, uint32_t cp)
{
	if (cp < 0x80) {
		writer_u8(w, cp);
	} else if (cp < 0x800) {
		writer_u8(w, 0xC0 | cp >> 6);
		writer_u8(w, 0x80 | (cp & 0x3F));
	} else if (cp < 0x10000) {
		writer_u8(w, 0xE0 | cp >> 12);
		writer_u8(w, 0x80 | (cp >> 6 & 0x3F));
		writer_u8(w, 0x80 | (cp & 0x3F));
	} else {
		writer_u8(w, 0xF0 | cp >> 18);
		writer_u8(w, 0x80 | (cp >> 12 & 0x3F));
		writer_u8(w, 0x80 | (cp >> 6 & 0x3F));
		writer_u8(w, 0x80 | (cp & 0x3F));
	}
}

static int from_ucs2(struct cursor *c, struct writer *w)
{
	while (cursor_left(c) >= 2) {
		uint32_t cp = cursor_u16(c);

		if (cp >= 0xD800 && cp < 0xDC00) {
			uint16_t low = cursor_u16(c);

			if (c->bad || low < 0xDC00 || low > 0xDFFF)
				return -EILSEQ;
			cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
		} else if (cp >= 0xDC00 && cp < 0xE000) {
			return -EILSEQ;
		}
		put_utf8(w, cp);
	}
	return cursor_left(c) ? -EILSEQ : 0;
}

/* The national tables that a user data header names. */
struct tables {
	enum smpp_shift shift, lock;
};

static uint32_t unescaped(uint8_t septet, struct tables t)
{
	uint32_t cp = smpp_lock_char(t.lock, septet);

	return cp ? cp : smpp_gsm7_char(septet, false);
}

/* What a septet behind an escape stands for; unknown ones are shown as the base character, TS 23.038 6.2.1.1. */
static uint32_t escaped(uint8_t septet, struct tables t)
{
	uint32_t cp = t.shift ? smpp_shift_char(t.shift, septet) : smpp_gsm7_char(septet, true);

	return cp ? cp : unescaped(septet, t);
}

static void from_gsm7(struct cursor *c, struct writer *w, struct tables t)
{
	while (cursor_left(c) > 0) {
		uint8_t septet = cursor_u8(c);
		uint32_t cp = unescaped(septet, t);

		if (septet == 0x1B && cursor_left(c) > 0)
			cp = escaped(cursor_u8(c), t);
		put_utf8(w, cp ? cp : ' ');
	}
}

/* Skips the user data header. TS 23.040 9.2.3.24.15, 9.2.3.24.16. */
static struct tables skip_header(struct cursor *c)
{
	uint8_t len = cursor_u8(c);
	struct cursor header = {c->p, c->p, false};
	struct tables tables = {SMPP_SHIFT_NONE, SMPP_SHIFT_NONE};

	if (cursor_take(c, len))
		header.end += len;
	while (cursor_left(&header) > 0) {
		uint8_t element = cursor_u8(&header), size = cursor_u8(&header);
		const uint8_t *value = cursor_take(&header, size);

		if (!value)
			break;
		if (element == SMPP_IE_SINGLE_SHIFT && size == 1 && value[0] < SMPP_SHIFTS)
			tables.shift = value[0];
		if (element == SMPP_IE_LOCKING_SHIFT && size == 1 && value[0] < SMPP_SHIFTS)
			tables.lock = value[0];
	}
	return tables;
}

int smpp_plain(uint8_t data_coding, uint8_t esm_class, bool gsm7, const uint8_t *octets, size_t len,
	       char *out, size_t size)
{
	struct cursor c = {octets, len ? octets + len : octets, false};
	struct writer w = {.p = (uint8_t *)out, .end = (uint8_t *)out + size};
	enum alphabet alphabet = alphabet_of(data_coding, gsm7);
	struct tables tables = {SMPP_SHIFT_NONE, SMPP_SHIFT_NONE};
	int rc = 0;

	if (alphabet == NONE)
		return -ENOTSUP;
	if (esm_class & 0x40)
		tables = skip_header(&c);
	if (c.bad)
		return -EILSEQ;
	if (alphabet == UCS2)
		rc = from_ucs2(&c, &w);
	else if (alphabet == GSM7)
		from_gsm7(&c, &w, tables);
	else
		while (cursor_left(&c) > 0)
			put_utf8(&w, cursor_u8(&c));
	writer_u8(&w, 0);
	if (rc < 0)
		return rc;
	return w.full ? -ENOSPC : (int)((char *)w.p - out - 1);
}

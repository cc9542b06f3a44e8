#include "gateway/page.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "smpp/text.h"

#define SEPTETS 93 /* in 82 octets; five bits are left over */
#define CR      0x0D
#define ZWJ     0x200D

/* A page being filled; unit = septet or UTF-16 code unit. */
struct filler {
	struct page_set *set;
	bool ucs2;
	uint8_t prefix[2]; /* language, packed; in front of every page under DCS 0x11 */
	unsigned int n_prefix, capacity, used, pages;
	uint16_t unit[SEPTETS];
};

/* Text that is not to be torn: one grapheme, as far as a page needs to know. */
struct cluster {
	const char *end;
	unsigned int units;
};

/* TS 23.038 clause 5: coding groups 0000 and 0010 name the language of a GSM-7 text. */
static uint8_t gsm7_dcs(const char *language)
{
	static const char names[][3] = {"de", "en", "it", "fr", "es", "nl", "sv", "da", "pt", "fi",
					"no", "el", "tr", "hu", "pl", "cs", "he", "ar", "ru", "is"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], language))
			return i < 15 ? i : 0x20 + i - 15;
	return 0x0F;
}

/* "EN" -> "en"; false when it is no two-letter code. */
static bool language_code(const char *language, char code[3])
{
	memset(code, 0, 3);
	if (!language || strlen(language) != 2)
		return false;
	for (int i = 0; i < 2; i++) {
		code[i] = language[i] | 0x20;
		if (code[i] < 'a' || code[i] > 'z')
			return false;
	}
	return true;
}

static bool all_gsm7(const char *p, const char *end)
{
	uint8_t septets[2];

	while (p < end)
		if (smpp_gsm7(smpp_utf8_next(&p, end), septets) == 0)
			return false;
	return true;
}

static bool well_formed(const char *p, const char *end)
{
	while (p < end)
		if (smpp_utf8_next(&p, end) <= 0)
			return false;
	return true;
}

static unsigned int units_of(const struct filler *f, uint32_t c, uint16_t out[2])
{
	uint8_t septets[2];
	unsigned int n;

	if (f->ucs2) {
		if (c < 0x10000) {
			out[0] = c;
			return 1;
		}
		out[0] = 0xD800 | (c - 0x10000) >> 10;
		out[1] = 0xDC00 | (c & 0x3FF);
		return 2;
	}
	n = smpp_gsm7(c, septets);
	for (unsigned int i = 0; i < n; i++)
		out[i] = septets[i];
	return n;
}

static bool regional_indicator(uint32_t c)
{
	return c >= 0x1F1E6 && c <= 0x1F1FF;
}

static struct cluster next_cluster(const struct filler *f, const char *p, const char *end)
{
	struct cluster k = {.end = p};
	uint32_t previous = 0;
	unsigned int flags = 0; /* regional indicators so far: two make a flag */
	uint16_t unit[2];

	while (k.end < end) {
		const char *after = k.end;
		uint32_t c = smpp_utf8_next(&after, end);

		if (k.end > p && !smpp_joins_previous(c) && previous != ZWJ &&
		    !(regional_indicator(c) && flags % 2 == 1))
			break;
		flags = regional_indicator(c) ? flags + 1 : 0;
		k.units += units_of(f, c, unit);
		k.end = after;
		previous = c;
	}
	return k;
}

static void pack_septets(const struct filler *f, uint8_t content[PAGE_CONTENT])
{
	for (unsigned int i = 0; i < SEPTETS; i++) {
		unsigned int septet = i < f->used ? f->unit[i] : CR, bit = i * 7;

		content[bit / 8] |= septet << bit % 8;
		if (bit % 8 > 1)
			content[bit / 8 + 1] |= septet >> (8 - bit % 8);
	}
}

static void put_ucs2(const struct filler *f, uint8_t content[PAGE_CONTENT])
{
	uint8_t *o = content + f->n_prefix;

	memcpy(content, f->prefix, f->n_prefix);
	for (unsigned int i = 0; i < f->capacity; i++) {
		uint16_t unit = i < f->used ? f->unit[i] : CR;

		*o++ = unit >> 8;
		*o++ = unit & 0xFF;
	}
}

static void flush_page(struct filler *f)
{
	struct page_set *set = f->set;
	unsigned int i = f->pages++;

	if (i < PAGE_MAX) {
		memset(set->content[i], 0, PAGE_CONTENT);
		if (f->ucs2)
			put_ucs2(f, set->content[i]);
		else
			pack_septets(f, set->content[i]);
		set->used[i] = f->ucs2 ? f->n_prefix + 2 * f->used : (7 * f->used + 7) / 8;
		if (set->used[i] == 0) /* an empty text is one pad character */
			set->used[i] = 1;
		set->n = i + 1;
	}
	f->used = 0;
}

/* A cluster longer than a page (a pile of combining marks) is split between characters, but never inside one.
 */
static void put_cluster(struct filler *f, const char *p, const struct cluster *k)
{
	uint16_t unit[2];

	if (k->units <= f->capacity && f->used + k->units > f->capacity)
		flush_page(f);
	while (p < k->end) {
		unsigned int n = units_of(f, smpp_utf8_next(&p, k->end), unit);

		if (f->used + n > f->capacity)
			flush_page(f);
		memcpy(f->unit + f->used, unit, n * sizeof(*unit));
		f->used += n;
	}
}

static void choose_coding(struct filler *f, const char *utf8, const char *end, const char *language)
{
	char code[3];
	bool known = language_code(language, code);

	f->ucs2 = !all_gsm7(utf8, end);
	if (!f->ucs2) {
		f->set->dcs = gsm7_dcs(code);
		f->capacity = SEPTETS;
		return;
	}
	f->set->dcs = known ? 0x11 : 0x48;
	f->n_prefix = known ? 2 : 0;
	f->prefix[0] = code[0] | code[1] << 7;
	f->prefix[1] = code[1] >> 1;
	f->capacity = (PAGE_CONTENT - f->n_prefix) / 2;
}

int page_encode(const char *utf8, const char *language, struct page_set *set, unsigned int *needed)
{
	struct filler f = {.set = set};
	const char *p = utf8, *end = utf8 + strlen(utf8);

	if (!well_formed(utf8, end))
		return -EILSEQ;
	choose_coding(&f, utf8, end, language);
	while (p < end) {
		struct cluster k = next_cluster(&f, p, end);

		put_cluster(&f, p, &k);
		p = k.end;
	}
	if (f.used > 0 || f.pages == 0)
		flush_page(&f);
	if (needed)
		*needed = f.pages;
	return f.pages > PAGE_MAX ? -E2BIG : 0;
}

uint16_t page_serial(unsigned int gs, unsigned int code, unsigned int update)
{
	return (gs & 3) << 14 | (code & 0x3FF) << 4 | (update & 15);
}

void page_octets(const struct page_set *set, unsigned int i, uint16_t serial, uint16_t message_identifier,
		 uint8_t out[PAGE_OCTETS])
{
	out[0] = serial >> 8;
	out[1] = serial & 0xFF;
	out[2] = message_identifier >> 8;
	out[3] = message_identifier & 0xFF;
	out[4] = set->dcs;
	out[5] = (i + 1) << 4 | set->n;
	memcpy(out + 6, set->content[i], PAGE_CONTENT);
}

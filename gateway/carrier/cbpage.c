#include "gateway/carrier/cbpage.h"
#include "gateway/carrier/chars.h"
#include "gateway/carrier/octets.h"

#define SEPTETS 93
#define CR      0x0D

/* Alphabet by DCS group; *prefix: every page begins with the language. -1: no phone shows it. */
static int alphabet(uint8_t dcs, int *prefix)
{
	*prefix = dcs == 0x10 || dcs == 0x11;
	if (dcs < 0x10 || dcs == 0x10 || (dcs >= 0x20 && dcs < 0x30))
		return CHARS_GSM7;
	if (dcs == 0x11)
		return CHARS_UCS2;
	if (dcs >= 0x40 && dcs < 0x60 && (dcs & 0x0C) != 0x0C)
		return (dcs & 0x0C) == 0 ? CHARS_GSM7 : (dcs & 0x0C) == 4 ? CHARS_BINARY : CHARS_UCS2;
	if (dcs >= 0xF0)
		return dcs & 4 ? CHARS_BINARY : CHARS_GSM7;
	return -1;
}

/* What the page's own numbers promise against what it holds; n characters are left of `room` after the
 * padding. */
static void judge(unsigned int page, size_t n, size_t told, struct faults *f)
{
	if (n > told)
		faults_add(f, FAULT_PAGE, "page %u: %zu characters, but its used length tells %zu", page + 1,
			   n, told);
}

static size_t gsm7_page(const struct cbpage_set *set, unsigned int i, uint8_t *septets, struct faults *f)
{
	size_t n = chars_unpack(set->content[i], CBPAGE_OCTETS, 0, septets, SEPTETS);

	while (n > 0 && septets[n - 1] == CR)
		n--;
	judge(i, n, set->used[i] * 8u / 7, f);
	if (set->content[i][CBPAGE_OCTETS - 1] >> 3)
		faults_add(f, FAULT_PAGE, "page %u: the last five bits are not zero", i + 1);
	if (n >= 2 && septets[n - 1] == 0 && septets[n - 2] == 0)
		faults_add(f, FAULT_PAGE, "page %u: padded with zeros, which a phone shows as @", i + 1);
	return n;
}

static size_t ucs2_page(const struct cbpage_set *set, unsigned int i, int skip, struct faults *f)
{
	size_t n = CBPAGE_OCTETS;

	while (n >= (size_t)skip + 2 && octets_16(set->content[i] + n - 2) == CR)
		n -= 2;
	judge(i, n / 2, set->used[i] / 2, f);
	if (set->used[i] % 2)
		faults_add(f, FAULT_PAGE, "page %u: odd used length %u in UCS-2", i + 1, set->used[i]);
	if (n >= (size_t)skip + 2 && octets_16(set->content[i] + n - 2) == 0)
		faults_add(f, FAULT_PAGE, "page %u: padded with zeros", i + 1);
	return n;
}

static void language(const uint8_t *septets, char lang[3], struct faults *f)
{
	char is[3] = {(char)septets[0], (char)septets[1], 0};

	if (is[0] < 'a' || is[0] > 'z' || is[1] < 'a' || is[1] > 'z' || (lang[0] && memcmp(lang, is, 2)))
		faults_add(f, FAULT_PAGE, "a language prefix of %02X %02X", septets[0], septets[1]);
	else
		memcpy(lang, is, 3);
}

static size_t page_text(const struct cbpage_set *set, unsigned int i, int a, int prefix, char *out,
			size_t cap, char lang[3], struct faults *f)
{
	uint8_t septets[SEPTETS];
	unsigned int bad = 0;
	size_t n, got, skip = 0;

	if (a == CHARS_GSM7) {
		n = gsm7_page(set, i, septets, f);
		if (prefix) {
			language(septets, lang, f);
			skip = 3;
		}
		got = chars_utf8(CHARS_GSM7, septets + skip, n > skip ? n - skip : 0, out, cap, &bad);
	} else if (a == CHARS_UCS2) {
		n = ucs2_page(set, i, prefix ? 2 : 0, f);
		if (prefix) {
			chars_unpack(set->content[i], 2, 0, septets, 2);
			language(septets, lang, f);
			skip = 2;
		}
		got = chars_utf8(CHARS_UCS2, set->content[i] + skip, n - skip, out, cap, &bad);
	} else {
		got = chars_utf8(CHARS_BINARY, set->content[i], set->used[i], out, cap, &bad);
	}
	if (bad)
		faults_add(f, FAULT_CODING, "page %u: text with fault bits 0x%X", i + 1, bad);
	return got;
}

size_t cbpage_text(const struct cbpage_set *set, char *out, size_t cap, char lang[3], struct faults *f)
{
	int prefix, a = alphabet(set->dcs, &prefix);
	size_t n = 0;

	lang[0] = '\0';
	out[0] = '\0';
	if (a < 0)
		faults_add(f, FAULT_CODING, "DCS 0x%02X is not for text", set->dcs);
	for (unsigned int i = 0; i < set->n; i++) {
		if (set->used[i] == 0 || set->used[i] > CBPAGE_OCTETS) {
			faults_add(f, FAULT_PAGE, "page %u: used length %u", i + 1, set->used[i]);
			continue;
		}
		n += page_text(set, i, a < 0 ? CHARS_BINARY : a, prefix, out + n, cap - n, lang, f);
	}
	return n;
}

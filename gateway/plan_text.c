/* Which texts a link carries, and what they cost on it. */
#include "gateway/plan_inner.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define DEAR_MAX   3  /* different characters: more are no slip of the pen */
#define EXCESS_MAX 20 /* characters: nobody rewrites more than this to save a part */

static bool broadcasts(const struct conf_link *link)
{
	return link->type == LINK_CBSP || link->addressing == ADDR_BROADCAST;
}

static enum smpp_long long_of(const struct conf_link *link)
{
	static const enum smpp_long how[] = {
		[LONG_UDH16] = SMPP_LONG_UDH16,
		[LONG_UDH8] = SMPP_LONG_UDH8,
		[LONG_SAR] = SMPP_LONG_SAR,
		[LONG_PAYLOAD] = SMPP_LONG_PAYLOAD,
	};

	return how[link->long_messages];
}

/* Cell broadcast knows no shift tables, and what phones make of Latin-1 there is open. */
static unsigned int codings_of(const struct conf_link *link)
{
	static const unsigned int codings[] = {[ALPHABET_GSM7] = SMPP_GSM7,
					       [ALPHABET_LATIN1] = SMPP_LATIN1,
					       [ALPHABET_ASCII] = SMPP_ASCII,
					       [ALPHABET_UCS2] = SMPP_ONLY_UCS2};
	unsigned int all = codings[link->alphabet];

	if (!link->gsm7)
		all &= ~SMPP_GSM7;
	if (link->addressing == ADDR_BROADCAST)
		return all & SMPP_GSM7;
	for (size_t i = 0; i < link->n_shifts; i++)
		all |= SMPP_WITH_SHIFT << link->shifts[i];
	for (size_t i = 0; i < link->n_locks; i++)
		all |= SMPP_WITH_LOCK << link->locks[i];
	return all;
}

static bool speaks(const struct conf_link *link, const char *language)
{
	for (size_t i = 0; i < link->n_languages; i++)
		if (!strcmp(link->languages[i], language))
			return true;
	return link->n_languages == 0;
}

/* The words of a text for this link; NULL or empty: it has none. */
static const char *words(const struct conf_link *link, const struct alert_text *t, bool found)
{
	const char *text = found ? t->found : broadcasts(link) ? t->broadcast : t->sms;

	return text && *text ? text : NULL;
}

static void refuse(struct reasons *reasons, void *ctx, const struct conf_link *link,
		   const struct alert_text *t, bool found, int rc, unsigned int needed)
{
	const char *what = found ? "found" : broadcasts(link) ? "broadcast" : "sms";
	char text[160];

	if (rc == -E2BIG)
		snprintf(text, sizeof(text), "the %s text in %.8s needs %u %s, at most %d can be sent", what,
			 t->language, needed, broadcasts(link) ? "pages" : "message parts",
			 broadcasts(link) ? PAGE_MAX : SMPP_TEXT_MAX_PARTS);
	else
		snprintf(text, sizeof(text), "the %s text in %.8s is not well-formed UTF-8", what,
			 t->language);
	for (size_t i = 0; i < reasons->n; i++)
		if (!strcmp(reasons->v[i].text, text)) /* another link has said so */
			return;
	reasons_add(ctx, reasons, 0, "text", "%s", text);
}

static int encode(const struct conf_link *link, const char *text, const char *language, struct payload *p,
		  unsigned int *needed)
{
	unsigned int i = p->n_texts;
	int rc = 0;

	*needed = 0;
	if (broadcasts(link))
		rc = page_encode(text, language, &p->pages[i], needed);
	if (rc == 0 && link->type == LINK_SMPP)
		rc = smpp_text_split(text, codings_of(link), long_of(link), &p->sms[i], needed);
	return rc;
}

int plan_payload(const struct conf_link *link, const struct alert_text *texts, size_t n_texts, bool found,
		 struct payload *p, struct reasons *reasons, void *ctx)
{
	int ret = 0;

	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < n_texts && p->n_texts < PAYLOAD_TEXTS; i++) {
		const char *text = words(link, &texts[i], found);
		unsigned int needed;
		int rc;

		if (!text || !speaks(link, texts[i].language))
			continue;
		rc = encode(link, text, texts[i].language, p, &needed);
		if (rc < 0) {
			refuse(reasons, ctx, link, &texts[i], found, rc, needed);
			ret = rc;
			continue;
		}
		p->message_identifier[p->n_texts++] = texts[i].message_identifier;
	}
	return ret;
}

uint32_t plan_payload_parts(const struct conf_link *link, const struct payload *p)
{
	uint32_t parts = 0;

	for (unsigned int i = 0; i < p->n_texts; i++)
		parts += broadcasts(link) ? 1 : p->sms[i].n;
	return parts;
}

uint32_t plan_payload_pages(const struct payload *p)
{
	uint32_t pages = 0;

	for (unsigned int i = 0; i < p->n_texts; i++)
		pages += p->pages[i].n;
	return pages;
}

bool plan_texts_fit(const struct plan_input *in, const struct conf_link *link, struct payload *p,
		    struct reasons *reasons, void *ctx)
{
	/* The found text is checked now, so that a recall can never fail for its length. */
	int rc = plan_payload(link, in->texts, in->n_texts, true, p, reasons, ctx);
	int rc2 = plan_payload(link, in->texts, in->n_texts, false, p, reasons, ctx);

	return rc == 0 && rc2 == 0;
}

/* Start of the last character before end. */
static const char *previous(const char *begin, const char *end)
{
	do
		end--;
	while (end > begin && ((unsigned char)*end & 0xC0) == 0x80);
	return end;
}

unsigned int plan_excess(const char *utf8, const struct conf_link *link, unsigned int parts)
{
	char *copy = talloc_strdup(NULL, utf8);
	const char *end = copy + strlen(copy);
	struct smpp_text text;
	unsigned int needed, cut = 0;

	OSMO_ASSERT(copy);
	for (unsigned int n = 1; n <= EXCESS_MAX && end > copy && cut == 0; n++) {
		end = previous(copy, end);
		copy[end - copy] = '\0';
		if (smpp_text_split(copy, codings_of(link), long_of(link), &text, &needed) == 0 && text.n < parts)
			cut = n;
	}
	talloc_free(copy);
	return cut;
}

static bool holds(const char *utf8, const char *one, size_t len)
{
	for (const char *p = utf8; *p; p++)
		if (!strncmp(p, one, len))
			return true;
	return false;
}

bool plan_dear(const char *utf8, const struct conf_link *link, char characters[16], unsigned int *parts)
{
	char *copy = talloc_zero_size(NULL, strlen(utf8) + 1), *to = copy;
	unsigned int codings = codings_of(link), needed, n = 0;
	const char *p = utf8, *end = utf8 + strlen(utf8);
	struct smpp_text text;
	bool dear;

	OSMO_ASSERT(copy);
	characters[0] = '\0';
	while (p < end && n <= DEAR_MAX) {
		const char *from = p;
		char one[8] = "";

		if (smpp_utf8_next(&p, end) < 0)
			break;
		memcpy(one, from, p - from);
		if (smpp_text_split(one, codings, long_of(link), &text, NULL) == 0 && text.forced_ucs2 == 0) {
			memcpy(to, from, p - from);
			to += p - from;
		} else if (!holds(characters, one, p - from) && ++n <= DEAR_MAX) {
			strcat(characters, one);
		}
	}
	dear = n > 0 && n <= DEAR_MAX && smpp_text_split(copy, codings, long_of(link), &text, &needed) == 0;
	*parts = text.n;
	talloc_free(copy);
	return dear;
}

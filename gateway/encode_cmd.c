#include "gateway/cmd.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/link_cbsp.h"
#include "gateway/link_smpp.h"
#include "gateway/log.h"
#include "gateway/plan_dry.h"
#include "gateway/receipts.h"
#include "smpp/plain.h"

/* Examples in place of what the ledger allocates. */
#define EXAMPLE_GS        1     /* one display per network (TS 23.041 9.4.1.2.1) */
#define EXAMPLE_CODE      0x301 /* emergency user alert, popup, and the first of the codes left */
#define EXAMPLE_OLD_CODE  0x300 /* what an update replaces */
#define EXAMPLE_REFERENCE 0x0101
#define PDU_MAX           SMPP_PDU_MAX

static const char usage_text[] =
	"usage: reunion encode -c CFG [--agency NAME] [--link NAME] [--all] TRIGGER\n"
	"\n"
	"Every PDU and page that the alert would become, one a line: hex, link, meaning. The clock is\n"
	"the trigger's reported_at; serial numbers, references and sequence numbers are fixed examples,\n"
	"so each run gives the same octets. Nothing is sent.\n"
	"\n"
	"  -c, --config CFG    the gateway's configuration\n"
	"  -a, --agency NAME   whose trigger it is (default: the only agency)\n"
	"  -l, --link NAME     this link only\n"
	"      --all           PDUs to every recipient, not to the nearest only\n"
	"\n"
	"examples:\n"
	"  reunion encode -c /etc/reunion/reunion.cfg case.trigger\n"
	"  reunion encode -c reunion.cfg --link cm-bsc-1 case.trigger | grep ' page '\n";

struct options {
	struct plan_dry_options dry;
	const char *link;
	bool all;
};

/* One link being encoded. */
struct work {
	const struct plan_dry *d;
	const struct plan_group *g;
	size_t l; /* link in the group */
	const struct conf_link *cfg;
	uint32_t first, n; /* its units */
	const char *language[PAYLOAD_TEXTS];
	struct payload *payload;
	uint32_t sequence;
	uint8_t *buf;
	bool all;
};

static void put_hex(const uint8_t *octets, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[1024];

	for (size_t i = 0, used = 0; i < n; i++) {
		text[used++] = digits[octets[i] >> 4];
		text[used++] = digits[octets[i] & 15];
		if (used == sizeof(text) || i + 1 == n) {
			fwrite(text, 1, used, stdout);
			used = 0;
		}
	}
}

static void begin(const struct work *w, const uint8_t *octets, size_t n)
{
	put_hex(octets, n);
	printf("  %s ", w->cfg->name);
}

/* --- what the link's payload would be --- */
static bool chosen(const struct work *w, const struct alert_text *t)
{
	for (size_t i = 0; i < w->cfg->n_languages; i++)
		if (!strcmp(w->cfg->languages[i], t->language))
			return true;
	return w->cfg->n_languages == 0;
}

static void prepare(struct work *w)
{
	const struct conf_type *type = w->d->trigger->conf_type;
	struct payload *p = w->payload;
	struct reasons none = {0};

	plan_payload(w->cfg, w->d->in.texts, w->d->in.n_texts, false, p, &none, p);
	for (size_t i = 0, n = 0; i < w->d->in.n_texts && n < p->n_texts; i++)
		if (chosen(w, &w->d->in.texts[i]) &&
		    w->d->in.texts[i].message_identifier == p->message_identifier[n])
			w->language[n++] = w->d->in.texts[i].language;
	for (unsigned int i = 0; i < p->n_texts; i++) {
		p->serial[i] = page_serial(EXAMPLE_GS, EXAMPLE_CODE, 0);
		if (w->d->trigger->action == ACTION_UPDATE)
			p->old_serial[i] = page_serial(EXAMPLE_GS, EXAMPLE_OLD_CODE, 0);
	}
	p->repetition_s = type->repetition_s;
	p->lifetime_s = type->lifetime_s;
	p->validity_s = type->lifetime_s;
	p->expires_at = w->d->in.reported_at + type->lifetime_s;
	p->udh_ref = EXAMPLE_REFERENCE;
}

/* --- SMPP --- */
/* message_payload and broadcast_sm hold all parts together: their octets one behind the other, without headers. */
static bool whole(const struct smpp_draft *draft)
{
	return draft->pdu.message_len == 0;
}

static int whole_text(const struct work *w, const struct smpp_text *t, char *out, size_t size)
{
	uint8_t joined[SMPP_TEXT_MAX_PARTS * sizeof(t->part[0].octets)];
	size_t n = 0;

	for (unsigned int i = 0; i < t->n; i++) {
		memcpy(joined + n, t->part[i].octets, t->part[i].len);
		n += t->part[i].len;
	}
	return smpp_plain(t->data_coding, 0, w->cfg->gsm7, joined, n, out, size);
}

/* A line whatever the text holds; log_safe() would cut it. */
static void put_line(const char *text)
{
	for (size_t n; *text; text += n) {
		for (n = 1; ((unsigned char)text[n] & 0xC0) == 0x80;) /* the rest of a character of UTF-8 */
			n++;
		fputs(log_safe(text, n), stdout);
	}
	putchar('\n');
}

static void put_text(const struct work *w, const struct smpp_draft *draft)
{
	const struct smpp_text *t = &w->payload->sms[draft->text];
	const struct smpp_pdu *pdu = &draft->pdu;
	char text[4096];
	int rc;

	if (whole(draft))
		rc = whole_text(w, t, text, sizeof(text));
	else /* the header says how to read it */
		rc = smpp_plain(t->data_coding, pdu->esm_class, w->cfg->gsm7, pdu->message, pdu->message_len, text,
				sizeof(text));
	put_line(rc < 0 ? "?" : text);
}

/* The coding, and why it is none that needs less. */
static const char *coding_name(const struct smpp_text *t, char *out, size_t size)
{
	static const char *const shifts[SMPP_SHIFTS] = {"", " with Turkish", " with Spanish", " with Portuguese"};
	static const char *const locks[SMPP_SHIFTS] = {[SMPP_SHIFT_TURKISH] = " locked to Turkish",
						       [SMPP_SHIFT_PORTUGUESE] = " locked to Portuguese"};
	const char *name = t->data_coding == 8 ? "UCS-2" : t->data_coding == 3 ? "Latin-1" : t->data_coding == 1 ? "ASCII" : "GSM-7";

	if (t->forced_ucs2)
		snprintf(out, size, "%s because of U+%04X", name, t->forced_ucs2);
	else
		snprintf(out, size, "%s%s%s", name, t->lock ? locks[t->lock] : "", shifts[t->shift]);
	return out;
}

static void print_text(const struct work *w, const struct smpp_draft *draft)
{
	const struct smpp_text *t = &w->payload->sms[draft->text];
	char coding[48];

	printf("%s part %u/%u, %s: ", w->language[draft->text] ? w->language[draft->text] : "?",
	       draft->part + 1, whole(draft) ? 1 : t->n, coding_name(t, coding, sizeof(coding)));
	put_text(w, draft);
}

static int number_of(const struct work *w, uint32_t unit, char out[16])
{
	size_t carrier = (size_t)(w->g->carrier - w->d->conf->carriers);

	if (w->d->in.exercise)
		return plan_test_number(w->g, unit, out);
	return subs_msisdn(w->d->subs[carrier], w->g->units[unit], out);
}

static int encode_submits(struct work *w, const struct smpp_drafts *drafts)
{
	uint32_t n = w->all || w->n < 1 ? w->n : 1;
	char number[16];

	for (uint32_t u = w->first; u < w->first + n; u++) {
		int rc = number_of(w, u, number);

		for (size_t i = 0; rc >= 0 && i < drafts->n; i++) {
			const struct smpp_draft *draft = &drafts->v[i];
			size_t len = smpp_submit_write(&draft->submit, w->buf, number, rc,
						       ++w->sequence, receipts_registered(w->cfg, 1, u));

			begin(w, w->buf, len);
			printf("submit_sm to %s (%u of %u), ", number, u - w->first + 1, w->n);
			print_text(w, draft);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int cell_of(const struct work *w, uint32_t unit, struct cell_id *id)
{
	struct cell cell;
	int rc = cellmap_get(w->d->map, w->g->units[unit], &cell);

	*id = cell.id;
	return rc;
}

static int encode_multi(struct work *w, const struct smpp_drafts *drafts, uint32_t from, uint32_t n)
{
	char(*names)[SMPP_CELL_NAME] = talloc_zero_size(w->payload, n * SMPP_CELL_NAME);
	uint32_t named = 0;
	int rc = 0;

	OSMO_ASSERT(names);
	for (uint32_t i = 0; i < n; i++) {
		struct cell_id id;

		rc = cell_of(w, from + i, &id);
		if (rc < 0)
			return rc;
		if (link_smpp_cell_name(&id, plan_mnc_digits(w->g->carrier, &id), names[named]) == 0)
			named++;
	}
	for (size_t i = 0; named > 0 && i < drafts->n; i++) {
		rc = link_smpp_multi(&drafts->v[i], (const char(*)[SMPP_CELL_NAME])names, named,
				     ++w->sequence, w->buf, PDU_MAX);
		if (rc < 0)
			break;
		begin(w, w->buf, (size_t)rc);
		printf("%s to %u %s, %s to %s, ", w->g->kind == GROUP_BROADCAST ? "broadcast_sm" : "submit_multi", named,
		       w->g->kind == GROUP_BROADCAST ? "cells" : "lists of cells", names[0], names[named - 1]);
		print_text(w, &drafts->v[i]);
	}
	talloc_free(names);
	return rc < 0 ? rc : 0;
}

static int encode_lists(struct work *w, const struct smpp_drafts *drafts)
{
	uint32_t most = w->cfg->burst ? w->cfg->burst : 1, rc = 0;

	most = most > SMPP_MULTI_MAX ? SMPP_MULTI_MAX : most;
	for (uint32_t at = 0; rc == 0 && at < w->n; at += most)
		rc = (uint32_t)encode_multi(w, drafts, w->first + at, w->n - at < most ? w->n - at : most);
	return (int)rc;
}

static int encode_smpp(struct work *w)
{
	struct smpp_drafts *drafts = link_smpp_drafts(w->payload, w->cfg, w->payload);

	if (!drafts)
		return -EINVAL;
	return w->g->kind == GROUP_SUBSCRIBERS ? encode_submits(w, drafts) : encode_lists(w, drafts);
}

/* --- CBSP --- */
static void encode_pages(const struct work *w, unsigned int t)
{
	const struct payload *p = w->payload;
	const struct page_set *set = &p->pages[t];
	uint8_t page[PAGE_OCTETS];

	for (unsigned int i = 0; i < set->n; i++) {
		page_octets(set, i, p->serial[t], p->message_identifier[t], page);
		begin(w, page, sizeof(page));
		printf("page %u/%u of %s, message %u, serial %04x, DCS %02x, %u octets of text\n", i + 1,
		       set->n, w->language[t] ? w->language[t] : "?", p->message_identifier[t], p->serial[t],
		       set->dcs, set->used[i]);
	}
}

static int encode_write(const struct work *w, unsigned int t, const struct cbsp_cell *cells, size_t n)
{
	const struct payload *p = w->payload;
	int len = link_cbsp_write(w->cfg, p, t, p->old_serial[t] != 0, cells, n, p->lifetime_s, w->buf,
				  PDU_MAX);

	if (len < 0)
		return len;
	begin(w, w->buf, (size_t)len);
	printf("WRITE-REPLACE of %s, message %u, serial %04x%s, %u pages to %zu cells, %u-%u (LAC-CI) to "
	       "%u-%u\n",
	       w->language[t] ? w->language[t] : "?", p->message_identifier[t], p->serial[t],
	       p->old_serial[t] ? " for the old one" : "", p->pages[t].n, n, cells[0].lac, cells[0].ci,
	       cells[n - 1].lac, cells[n - 1].ci);
	return 0;
}

/* The next cells that CBSP can name, at most max; *at moves on. */
static int take_cells(const struct work *w, uint32_t *at, struct cbsp_cell *cells, size_t max, size_t *n)
{
	for (*n = 0; *at < w->n && *n < max; ++*at) {
		struct cell_id id;
		int rc = cell_of(w, w->first + *at, &id);

		if (rc < 0)
			return rc;
		if (link_cbsp_cell(&id, plan_mnc_digits(w->g->carrier, &id), &cells[*n]) == 0)
			++*n;
	}
	return 0;
}

static int encode_cbsp(struct work *w)
{
	size_t max = w->cfg->cells_per_request ? w->cfg->cells_per_request : 500, n;
	struct cbsp_cell *cells = talloc_zero_array(w->payload, struct cbsp_cell, max);
	int rc = 0;

	OSMO_ASSERT(cells);
	for (unsigned int t = 0; w->n > 0 && t < w->payload->n_texts; t++)
		encode_pages(w, t);
	for (uint32_t at = 0; rc == 0 && at < w->n;) {
		rc = take_cells(w, &at, cells, max, &n);
		for (unsigned int t = 0; rc == 0 && n > 0 && t < w->payload->n_texts; t++)
			rc = encode_write(w, t, cells, n);
	}
	return rc;
}

/* --- all links --- */
static int encode_link(const struct plan_dry *d, const struct plan_group *g, size_t l, bool all)
{
	struct work w = {.d = d, .g = g, .l = l, .cfg = g->links[l], .n = g->link_units[l], .all = all};
	int rc;

	for (size_t i = 0; i < l; i++)
		w.first += g->link_units[i];
	w.payload = talloc_zero(NULL, struct payload);
	OSMO_ASSERT(w.payload);
	w.buf = talloc_size(w.payload, PDU_MAX);
	OSMO_ASSERT(w.buf);
	prepare(&w);
	if (w.cfg->type == LINK_CBSP)
		rc = encode_cbsp(&w);
	else
		rc = encode_smpp(&w);
	talloc_free(w.payload);
	return rc;
}

static int encode_named(const struct plan_dry *d, const struct conf_link *link, bool all)
{
	for (size_t i = 0; i < d->plan->n_groups; i++)
		for (size_t l = 0; l < d->plan->groups[i].n_links; l++)
			if (d->plan->groups[i].links[l] == link) {
				int rc = encode_link(d, &d->plan->groups[i], l, all);

				if (rc < 0)
					fprintf(stderr, "reunion encode: link %s: %s\n", link->name, strerror(-rc));
				return rc < 0;
			}
	return 0;
}

static int encode_all(const struct plan_dry *d, const struct options *o)
{
	bool found = false;

	for (size_t c = 0; c < d->conf->n_carriers; c++)
		for (size_t l = 0; l < d->conf->carriers[c].n_links; l++) {
			const struct conf_link *link = &d->conf->carriers[c].links[l];

			if (o->link && strcmp(o->link, link->name))
				continue;
			found = true;
			if (encode_named(d, link, o->all))
				return 1;
		}
	if (found)
		return 0;
	fprintf(stderr, "reunion encode: %s: has no link \"%s\"\n", o->dry.config,
		log_safe(o->link ? o->link : "", o->link ? strlen(o->link) : 0));
	return 1;
}

static bool take(void *options, int c, const char *value)
{
	struct options *o = options;

	o->link = c == 'l' ? value : o->link;
	o->all |= c == 'A';
	return c == 'l' || c == 'A';
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {PLAN_DRY_OPTIONS, {"link", required_argument, NULL, 'l'},
					      {"all", no_argument, NULL, 'A'}, {0}};

	return plan_dry_options(argc, argv, "c:a:l:h", longs, &o->dry, take, o);
}

int encode_cmd(int argc, char **argv)
{
	struct options o = {0};
	struct plan_dry *d;
	int rc = parse_options(argc, argv, &o);
	void *ctx;

	if (rc)
		return rc;
	if (o.dry.help)
		return fputs(usage_text, stdout) < 0;
	ctx = talloc_named_const(NULL, 0, "encode");
	rc = plan_dry_run(ctx, "encode", o.dry.config, o.dry.agency, o.dry.trigger, &d) == 0 ? encode_all(d, &o) : 1;
	talloc_free(ctx);
	return rc;
}

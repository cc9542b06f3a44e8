/* How the book's jobs become texts, numbers and cells for the link drivers. */
#include "gateway/book.h"

#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define AHEAD 16 /* units */

#define GS_PLMN	   1	 /* one display per network, wherever the phone moves (TS 23.041 9.4.1.2.1) */
#define CODE_ALERT 0x300 /* top bits of the message code: emergency user alert, popup */

static uint16_t serial_of(const struct alert *a, size_t wording, uint16_t identifier)
{
	const struct wording *w = &a->wordings[wording];

	for (size_t i = 0; i < w->n_texts; i++)
		if (w->texts[i].message_identifier == identifier)
			return page_serial(GS_PLMN, CODE_ALERT | w->codes[i], 0);
	return 0;
}

static struct payload *make(const struct book_job *j, const struct link *link)
{
	const struct alert *a = j->alert;
	const struct wording *w = &a->wordings[j->wording];
	struct payload *p = talloc_zero((void *)j, struct payload);
	struct reasons reasons = {0};

	OSMO_ASSERT(p);
	if (plan_payload(link->cfg, w->texts, w->n_texts, w->phase == PHASE_FOUND, p, &reasons, p) < 0)
		p->n_texts = 0; /* was checked at acceptance; nothing goes out rather than something cut */
	for (unsigned int i = 0; i < p->n_texts; i++) {
		p->serial[i] = serial_of(a, j->wording, p->message_identifier[i]);
		if (w->phase == PHASE_UPDATE)
			p->old_serial[i] = serial_of(a, j->wording - 1, p->message_identifier[i]);
	}
	p->found = w->phase == PHASE_FOUND;
	p->repetition_s = a->repetition_s;
	p->expires_at = wording_expires(a, w);
	p->lifetime_s = OSMO_MAX(p->expires_at - w->since, 1);
	p->udh_ref = a->number * 32 + j->wording * PAYLOAD_TEXTS;
	p->validity_s = p->lifetime_s;
	return p;
}

static const struct payload *payload_job(void *arg, const struct dispatch_job *job, const struct link *link)
{
	const struct book_job *j = job->spec.owner;
	const struct plan_group *g = book_group(j);

	for (size_t i = 0; i < g->n_links; i++) {
		if (j->link_index[i] != link->index)
			continue;
		if (!j->payloads[i])
			j->payloads[i] = make(j, link);
		return j->payloads[i];
	}
	return NULL;
}

static int payload_msisdn(void *arg, const struct dispatch_job *job, uint32_t unit, char out[16])
{
	const struct book_job *j = job->spec.owner;
	const struct alert *a = j->alert;
	const struct plan_group *g = book_group(j);
	size_t carrier = g->carrier - a->conf->carriers;

	if (unit >= g->n_units || g->kind != GROUP_SUBSCRIBERS || g->gone)
		return -ERANGE;
	if (a->action == ACTION_EXERCISE)
		return plan_test_number(g, unit, out);
	if (g->n_units - unit > AHEAD) /* the cells of a circle lie far apart in the file */
		subs_expect(a->maps->plain[carrier], g->units[unit + AHEAD]);
	return subs_msisdn(a->maps->plain[carrier], g->units[unit], out);
}

static int payload_cell(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id, uint8_t *mnc_digits)
{
	const struct book_job *j = job->spec.owner;
	const struct plan_group *g = book_group(j);
	struct cell cell;
	int rc;

	if (unit >= g->n_units || g->kind == GROUP_SUBSCRIBERS || g->gone)
		return -ERANGE;
	rc = cellmap_get(j->alert->maps->map.map, g->units[unit], &cell);
	if (rc < 0)
		return rc;
	*id = cell.id;
	*mnc_digits = 2;
	for (size_t i = 0; i < g->carrier->n_networks; i++)
		if (g->carrier->networks[i].mcc == cell.id.mcc && g->carrier->networks[i].mnc == cell.id.mnc)
			*mnc_digits = g->carrier->networks[i].mnc_digits;
	return 0;
}

const struct payload_ops book_payload = {.job = payload_job, .msisdn = payload_msisdn, .cell = payload_cell};

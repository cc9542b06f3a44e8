#include "gateway/link_cbsp_batch.h"
#include <osmocom/core/utils.h>

void link_cbsp_batch_keys(struct cbsp_batch *b, const struct payload *p)
{
	b->n_texts = OSMO_MIN(p->n_texts, PAYLOAD_TEXTS);
	b->todo = 0;
	for (unsigned int t = 0; t < b->n_texts; t++) {
		b->message_identifier[t] = p->message_identifier[t];
		b->serial[t] = p->serial[t];
		if (p->pages[t].n > 0)
			b->todo |= 1 << t;
	}
}

uint32_t link_cbsp_batch_ask(struct cbsp_batch *b, int t, struct cbsp_cell *cells)
{
	bool renew = b->renew == t;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		bool asked = !renew || b->answer[i] == ANSWER_RENEW;

		b->answer[i] = asked ? ANSWER_WAITING : ANSWER_NOT_ASKED;
		b->said[i] = CBSP_WHY_NOT_TOLD;
		if (asked)
			cells[n++] = b->cell[i];
	}
	if (b->n == 0) /* a KILL of all cells is answered as one */
		b->answer[0] = ANSWER_WAITING;
	return n;
}

static void worsen(struct cbsp_batch *b, uint32_t i, enum cbsp_result r)
{
	if (b->result[i] >= r)
		return;
	b->result[i] = r;
	b->why[i] = r == RESULT_LOST ? CBSP_WHY_SILENT : b->said[i];
}

void link_cbsp_batch_close_text(struct cbsp_batch *b)
{
	static const enum cbsp_result of[] = {[ANSWER_NOT_ASKED] = RESULT_OK,
					      [ANSWER_WAITING] = RESULT_LOST,
					      [ANSWER_OK] = RESULT_OK,
					      [ANSWER_REFUSED] = RESULT_REFUSED,
					      [ANSWER_TRANSIENT] = RESULT_TRANSIENT,
					      [ANSWER_RENEW] = RESULT_OK};
	bool again = false;

	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++) {
		worsen(b, i, of[b->answer[i]]);
		b->took[i] |= b->answer[i] == ANSWER_OK;
		again |= b->answer[i] == ANSWER_RENEW;
	}
	if (!again)
		b->todo &= ~(1 << b->text);
	b->renew = again ? b->text : -1;
	b->text = -1;
}

static enum cbsp_answer answer_of(const struct cbsp_batch *b, uint8_t cause)
{
	switch (cause) {
	case CBSP_BSC_CAPACITY:
	case CBSP_CELL_MEMORY:
	case CBSP_BSC_MEMORY:
	case CBSP_NOT_OPERATIONAL:
	case CBSP_UNSPECIFIED:
		return ANSWER_TRANSIENT;
	case CBSP_REFERENCE_USED: /* the same identifier and serial is there already: it is ours */
		return b->kind == BATCH_KILL ? ANSWER_REFUSED : ANSWER_OK;
	case CBSP_REFERENCE_UNKNOWN:
		return b->kind == BATCH_KILL ? ANSWER_OK : b->replacing ? ANSWER_RENEW : ANSWER_REFUSED;
	default:
		return ANSWER_REFUSED;
	}
}

/* Gives the answer to those still waiting that the entry covers. Peers list cells in our order, so a full CGI
 * is first looked for behind the one before it. */
static uint32_t mark(struct cbsp_batch *b, const struct cbsp_cell *entry, enum cbsp_answer a, uint16_t why, uint32_t *hint)
{
	uint32_t marked = 0;

	for (uint32_t k = 0; k < b->n; k++) {
		uint32_t i = *hint + k < b->n ? *hint + k : *hint + k - b->n;

		if (b->answer[i] != ANSWER_WAITING || !cbsp_covers(entry, &b->cell[i]))
			continue;
		b->answer[i] = a;
		b->said[i] = why;
		marked++;
		if (entry->scope == CBSP_CGI) {
			*hint = i + 1 < b->n ? i + 1 : 0;
			break;
		}
	}
	return marked;
}

static uint32_t mark_failures(struct cbsp_batch *b, struct cbsp_list list, uint8_t *first)
{
	struct cbsp_entry e;
	uint32_t hint = 0, marked = 0;

	while (cbsp_next(&list, &e)) {
		enum cbsp_answer a = answer_of(b, e.cause);

		if (a != ANSWER_OK && *first == 0xFF)
			*first = e.cause;
		if (b->n == 0) { /* a KILL of all cells: what hinders most counts */
			if (a == ANSWER_TRANSIENT ||
			    (a == ANSWER_REFUSED && b->answer[0] != ANSWER_TRANSIENT))
				b->answer[0] = a;
			continue;
		}
		marked += mark(b, &e.cell, a, e.cause, &hint);
	}
	return marked;
}

static void mark_done(struct cbsp_batch *b, struct cbsp_list list)
{
	struct cbsp_entry e;
	uint32_t hint = 0;

	while (cbsp_next(&list, &e))
		mark(b, &e.cell, ANSWER_OK, CBSP_WHY_NOT_TOLD, &hint);
}

static void mark_rest(struct cbsp_batch *b, enum cbsp_answer a, uint16_t why)
{
	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++) {
		if (b->answer[i] != ANSWER_WAITING)
			continue;
		b->answer[i] = a;
		b->said[i] = why;
	}
}

/* Who is in no list. A FAILURE without a list of successes means: all the others succeeded; but one whose
 * failures are none of our cells tells nothing. Cells missing in a list of successes were never answered. */
static enum cbsp_answer unlisted(const struct cbsp_msg *m, bool failure, uint32_t marked)
{
	if (m->cells.n > 0)
		return ANSWER_WAITING;
	if (!failure)
		return ANSWER_OK;
	if (m->failures.n == 0)
		return ANSWER_TRANSIENT;
	return marked > 0 ? ANSWER_OK : ANSWER_WAITING;
}

void link_cbsp_batch_mark(struct cbsp_batch *b, const struct cbsp_msg *m, uint8_t *first)
{
	bool failure = m->type == CBSP_WRITE_FAILURE || m->type == CBSP_KILL_FAILURE;
	uint32_t marked;
	enum cbsp_answer rest;

	if (m->type == CBSP_ERROR) {
		mark_rest(b, answer_of(b, m->cause), m->cause);
		*first = m->cause;
		return;
	}
	marked = mark_failures(b, m->failures, first);
	mark_done(b, m->cells);
	rest = unlisted(m, failure, marked);
	if (b->n == 0) /* cells that a KILL of all does not list had nothing to kill */
		rest = failure && m->failures.n == 0 ? ANSWER_TRANSIENT : ANSWER_OK;
	mark_rest(b, rest, CBSP_WHY_NOT_TOLD);
}

void link_cbsp_batch_mark_all(struct cbsp_batch *b, enum cbsp_answer a, uint16_t why)
{
	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++) {
		b->answer[i] = a;
		b->said[i] = why;
	}
}

void link_cbsp_batch_give_up(struct cbsp_batch *b)
{
	for (uint32_t i = 0; i < OSMO_MAX(b->n, 1u); i++)
		if (b->answer[i] == ANSWER_WAITING)
			worsen(b, i, RESULT_LOST);
}

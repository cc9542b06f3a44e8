#include "gateway/carrier/bsccell.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>

static bool lac_served(const struct bsc *b, uint16_t lac)
{
	const char *p = b->c->set.lacs;

	while (p && *p) {
		if (strtoul(p, NULL, 10) == lac)
			return true;
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return !b->c->set.lacs;
}

int64_t bsccell_find(struct bsc *b, const uint8_t plmn[3], uint16_t lac, uint16_t ci, uint8_t *cause)
{
	uint8_t key[7] = {plmn[0], plmn[1], plmn[2], lac >> 8, lac & 255, ci >> 8, ci & 255};
	uint32_t id = names_id(b->keys, key, sizeof(key));

	if (!lac_served(b, lac)) {
		*cause = 0x0F;
		return -1;
	}
	if (b->c->set.bsc_unknown &&
	    names_hash(key, sizeof(key), b->c->set.seed) % 1000 < b->c->set.bsc_unknown) {
		*cause = 3;
		return -1;
	}
	if (id >= b->cap_cells) {
		b->cells = talloc_realloc(b, b->cells, struct bsc_cell, 2 * id + 256);
		OSMO_ASSERT(b->cells);
		memset(b->cells + b->cap_cells, 0, (2 * id + 256 - b->cap_cells) * sizeof(*b->cells));
		b->cap_cells = 2 * id + 256;
	}
	if (b->cells[id].plmn[0] | b->cells[id].plmn[1] | b->cells[id].lac | b->cells[id].ci)
		return id;
	if (b->only_listed) {
		*cause = 3;
		return -1;
	}
	memcpy(b->cells[id].plmn, plmn, 3);
	b->cells[id].lac = lac;
	b->cells[id].ci = ci;
	if (id >= b->n_cells)
		b->n_cells = id + 1;
	return id;
}

static bool same_message(const struct bsc_message *a, const struct bsc_message *n)
{
	return a->id == n->id && a->serial == n->serial && a->text == n->text && a->dcs == n->dcs &&
	       a->pages == n->pages && a->period == n->period && a->count == n->count &&
	       a->channel == n->channel;
}

/* TS 48.049 8.2.8: twelve bits over two octets; some send a plain integer. */
static uint16_t period_of(struct bsc *b, uint16_t raw)
{
	uint16_t v = b->c->set.period_u16 ? raw : (uint16_t)((raw >> 4 & 0xFF0) | (raw & 15));

	if (v == 0 || v > 4095 || (!b->c->set.period_u16 && (raw & 0xF0)))
		faults_add(&b->faults, FAULT_FIELD, "repetition period octets %04X", raw);
	return v ? v : 1;
}

uint32_t bsccell_message(struct bsc *b, const struct cbsp *m)
{
	struct bsc_message n = {.id = m->id,
				.serial = m->new_serial,
				.dcs = m->dcs,
				.pages = m->pages.n,
				.count = m->count,
				.channel = m->channel};
	char text[CBPAGE_MAX * 93 * 3 + 1];
	bool other = false;
	size_t len = cbpage_text(&m->pages, text, sizeof(text), n.language, &b->faults);

	n.period = cbsp_has(m, CBSP_PERIOD) ? period_of(b, m->period) : 1;
	n.text = texts_utf8(b->texts, text, len);
	b->n.pages += m->pages.n;
	for (uint32_t i = b->n_messages; i-- > 0;) {
		if (same_message(&b->messages[i], &n))
			return i;
		other |= b->messages[i].id == n.id && b->messages[i].serial == n.serial &&
			 b->messages[i].text != n.text;
	}
	if (other)
		faults_add(&b->faults, FAULT_PAGE, "id %u serial 0x%04X with another text: phones drop it",
			   n.id, n.serial);
	if (b->n_messages == b->cap_messages) {
		b->cap_messages = 2 * b->cap_messages + 16;
		b->messages = talloc_realloc(b, b->messages, struct bsc_message, b->cap_messages);
		OSMO_ASSERT(b->messages);
	}
	b->messages[b->n_messages] = n;
	return b->n_messages++;
}

/* Place of (id, serial) among the cell's live messages, or -1. */
static int place(const struct bsc *b, const struct bsc_cell *cell, uint16_t id, uint16_t serial)
{
	for (unsigned int i = 0; i < cell->n; i++) {
		const struct bsc_message *m = &b->messages[cell->live[i].message];

		if (m->id == id && m->serial == serial)
			return (int)i;
	}
	return -1;
}

static uint8_t fail(struct bsc *b, struct bsc_cell *cell, uint8_t cause)
{
	cell->failures++;
	b->n.cells_failed++;
	b->n.causes[cause & 15]++;
	return cause;
}

uint8_t bsccell_write(struct bsc *b, uint32_t number, uint32_t message, const struct cbsp *m)
{
	struct bsc_cell *cell = &b->cells[number];
	bool replace = cbsp_has(m, CBSP_OLD);
	int old = replace ? place(b, cell, m->id, m->old_serial) : -1;

	if (replace && old < 0)
		return fail(b, cell, 0x02);
	if (place(b, cell, m->id, m->new_serial) >= 0)
		return fail(b, cell, 0x0D);
	if (!replace && b->c->set.bsc_capacity && cell->n >= b->c->set.bsc_capacity)
		return fail(b, cell, 0x06);
	if (!replace && cell->n == cell->cap) {
		cell->cap = 2 * cell->cap + 2;
		cell->live = talloc_realloc(b, cell->live, struct bsc_live, cell->cap);
		OSMO_ASSERT(cell->live);
	}
	cell->live[replace ? (unsigned int)old : cell->n++] = (struct bsc_live){message, b->c->now_us};
	cell->writes++;
	cell->replaces += replace;
	b->n.cells_written++;
	texts_count(b->texts, b->messages[message].text, 1);
	return BSCCELL_OK;
}

uint8_t bsccell_kill(struct bsc *b, uint32_t number, const struct cbsp *m)
{
	struct bsc_cell *cell = &b->cells[number];
	int at = place(b, cell, m->id, m->old_serial);

	if (at < 0)
		return fail(b, cell, 0x02);
	memmove(cell->live + at, cell->live + at + 1, (cell->n - (unsigned int)at - 1) * sizeof(*cell->live));
	cell->n--;
	cell->kills++;
	b->n.cells_killed++;
	return BSCCELL_OK;
}

void bsccell_wipe(struct bsc *b, uint32_t number)
{
	b->cells[number].lost += b->cells[number].n;
	b->cells[number].n = 0;
}

int bsccell_done(const struct bsc *b, uint32_t number, uint16_t id, uint16_t serial)
{
	const struct bsc_cell *cell = &b->cells[number];
	int at = place(b, cell, id, serial);
	const struct bsc_message *m;
	uint64_t times;

	if (at < 0)
		return -1;
	m = &b->messages[cell->live[at].message];
	times = 1 + (b->c->now_us - cell->live[at].since_us) / (m->period * 1883200ull);
	if (m->count && times > m->count)
		times = m->count;
	return times > 65535 ? 65535 : (int)times;
}

bool bsccell_matches(const struct bsc *b, const struct bsc_cell *cell, uint8_t how, const uint8_t *entry)
{
	if (!(cell->plmn[0] | cell->plmn[1] | cell->lac | cell->ci))
		return false;
	switch (how) {
	case CBSP_ALL:
		return true;
	case CBSP_LAI:
		return !memcmp(cell->plmn, entry, 3) && cell->lac == octets_16(entry + 3);
	case CBSP_LAC:
		return cell->lac == octets_16(entry);
	case CBSP_CI:
		return cell->ci == octets_16(entry);
	default:
		return false;
	}
}

#include "gateway/carrier/report.h"
#include "gateway/carrier/bsc.h"
#include "gateway/carrier/json.h"
#include "gateway/carrier/smsc.h"
#include "gateway/carrier/smscbcast.h"
#include "gateway/carrier/smscdeliver.h"
#include "gateway/carrier/whole.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INLINE_RECIPIENTS 200000 /* more rows than this stand in --recipients FILE only */

static uint64_t wall(const struct carrier *c, uint64_t mono_us)
{
	return mono_us ? c->start_wall_us + (mono_us - c->start_us) : 0;
}

static void put_faults(struct json *j, const struct faults *f)
{
	json_open(j, "violations", '{');
	json_number(j, "total", faults_sum(f));
	for (int k = 0; k < FAULT_N; k++) {
		if (!f->count[k])
			continue;
		json_open(j, faults_name((enum fault_kind)k), '{');
		json_number(j, "count", f->count[k]);
		json_open(j, "examples", '[');
		for (unsigned int i = 0; i < FAULT_EXAMPLES && i < f->count[k]; i++)
			json_text(j, NULL, f->example[k][i]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void put_texts(struct json *j, const struct texts *t)
{
	json_open(j, "texts", '[');
	for (uint32_t i = 0; i < texts_number(t); i++) {
		json_open(j, NULL, '{');
		json_hash(j, "hash", texts_hash(t, i));
		json_number(j, "copies", texts_copies(t, i));
		json_text(j, "text", texts_get(t, i, NULL));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_statuses(struct json *j, const struct smsc *s)
{
	char name[16];

	json_open(j, "errors", '{');
	for (unsigned int i = 0; i < SMSC_STATUSES && s->statuses[i].n; i++) {
		if (!s->statuses[i].status)
			continue;
		snprintf(name, sizeof(name), "0x%08X", s->statuses[i].status);
		json_number(j, name, s->statuses[i].n);
	}
	json_close(j, '}');
}

static void put_rate(struct json *j, const struct smsc *s)
{
	unsigned int n;
	const uint32_t *seconds = ratewin_seconds(s->arrived, &n);

	json_open(j, "rate", '{');
	json_number(j, "max_in_1s_window", ratewin_max(s->arrived));
	json_number(j, "max_in_1s_window_granted", ratewin_max(s->granted));
	json_number(j, "max_read_in_1s_window", ratewin_max(s->taken));
	json_number(j, "max_read_late_ms", s->read_late_us / 1000);
	json_open(j, "per_second", '[');
	j->depth += 5; /* on one line */
	for (unsigned int i = 0; i < n; i++)
		json_number(j, NULL, seconds[i]);
	j->depth -= 5;
	json_close(j, ']');
	json_close(j, '}');
}

/* Every unit of this kind once: its copies, or (texts) an object of copies by text. */
static void put_units(struct json *j, const struct smsc *s, enum tally_kind kind, bool texts)
{
	const struct tally_row *row, *r;
	char name[220], hash[20];

	for (size_t at = 0; (row = tally_next(s->tally, &at));) {
		uint64_t copies = 0;
		size_t i = 0;

		if (tally_kind(row->unit) != kind || tally_of(s->tally, row->unit, &i) != row)
			continue;
		tally_name(s->tally, row->unit, name, sizeof(name));
		if (texts)
			json_open_raw(j, name, strlen(name), '{');
		for (i = 0; (r = tally_of(s->tally, row->unit, &i)); copies += r->copies) {
			snprintf(hash, sizeof(hash), "%016" PRIx64, texts_hash(s->texts, r->text));
			if (texts)
				json_number(j, hash, r->copies);
		}
		if (texts)
			json_close(j, '}');
		else
			json_number_raw(j, name, strlen(name), copies);
	}
}

/* Copies, parts and texts of one unit; only from the first of its rows. */
static void put_recipient(struct json *j, const struct smsc *s, const struct tally_row *row)
{
	const struct tally_row *r;
	uint64_t copies = 0, parts = 0;
	char name[72], hash[20];
	size_t at = 0;

	if (tally_of(s->tally, row->unit, &at) != row)
		return;
	for (at = 0; (r = tally_of(s->tally, row->unit, &at)); parts += r->parts)
		copies += r->copies;
	tally_name(s->tally, row->unit, name, sizeof(name));
	json_open(j, name, '{');
	json_number(j, "copies", copies);
	json_number(j, "parts", parts);
	json_open(j, "texts", '{');
	for (at = 0; (r = tally_of(s->tally, row->unit, &at));) {
		snprintf(hash, sizeof(hash), "%016" PRIx64, texts_hash(s->texts, r->text));
		json_number(j, hash, r->copies);
	}
	json_close(j, '}');
	json_close(j, '}');
}

static void put_recipients(struct json *j, const struct smsc *s)
{
	const struct tally_row *row;
	uint64_t n = tally_sums(s->tally, TALLY_SUBSCRIBER)->distinct;
	bool omit = n > INLINE_RECIPIENTS || s->c->set.recipients_file;

	json_bool(j, "recipients_omitted", omit);
	json_open(j, "recipients", '{');
	for (size_t at = 0; !omit && (row = tally_next(s->tally, &at));)
		if (tally_kind(row->unit) == TALLY_SUBSCRIBER)
			put_recipient(j, s, row);
	json_close(j, '}');
	json_open(j, "odd_recipients", '{');
	put_units(j, s, TALLY_ODD, false);
	json_close(j, '}');
}

static void put_lists(struct json *j, const struct smsc *s, enum tally_kind kind, const char *key,
		      const char *by_text)
{
	json_open(j, key, '{');
	put_units(j, s, kind, false);
	json_close(j, '}');
	json_open(j, by_text, '{');
	put_units(j, s, kind, true);
	json_close(j, '}');
}

static void put_sums(struct json *j, const struct smsc *s, enum tally_kind kind, const char *key)
{
	const struct tally_sums *sums = tally_sums(s->tally, kind);

	if (key)
		json_open(j, key, '{');
	json_number(j, "copies", sums->copies);
	json_number(j, "distinct", sums->distinct);
	json_number(j, "duplicates", sums->repeats);
	json_number(j, "max_copies", sums->max_copies);
	if (key)
		json_close(j, '}');
}

static void put_incomplete(struct json *j, const struct smsc *s)
{
	struct parts_key key;
	unsigned int have, n = 0;
	uint32_t first_ms;

	json_open(j, "incomplete", '{');
	json_number(j, "count", parts_waiting(s->parts));
	json_open(j, "examples", '[');
	for (size_t at = 0; n < 10 && parts_next(s->parts, &at, &key, &have, &first_ms); n++) {
		char name[72], text[140];

		tally_name(s->tally, key.unit, name, sizeof(name));
		for (char *p = name; *p; p++)
			*p = *p < ' ' || *p > '~' ? '?' : *p;
		snprintf(text, sizeof(text), "%.40s: reference %u, %u of %u parts since %u ms", name, key.ref,
			 have, key.total, first_ms);
		json_text(j, NULL, text);
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void put_back(struct json *j, const struct smsc *s)
{
	static const char *const names[] = {"SCHEDULED", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED",
					    "UNDELIV",   "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"};

	json_open(j, "receipts", '{');
	json_number(j, "sent", s->n.receipts);
	json_number(j, "answered", s->n.receipts_answered);
	json_number(j, "to_resend", s->n.receipts_resent);
	json_open(j, "states", '{');
	for (int i = 0; i < 10; i++)
		if (s->receipt_states[i])
			json_number(j, names[i], s->receipt_states[i]);
	json_close(j, '}');
	json_close(j, '}');
	json_open(j, "clues", '{');
	json_number(j, "sent", s->n.clues);
	json_number(j, "answered", s->n.clues_answered);
	json_number(j, "to_resend", s->n.clues_resent);
	json_close(j, '}');
	json_number(j, "deliveries_waiting", smscdeliver_waiting(s));
}

static void put_counts(struct json *j, const struct smsc *s)
{
	const struct smsc_counts *n = &s->n;
	const struct {
		const char *name;
		uint64_t v;
	} all[] = {{"pdus", n->pdus},
		   {"submits", n->submits},
		   {"parts", n->parts},
		   {"accepted", n->accepted},
		   {"messages", n->messages},
		   {"refused", n->refused},
		   {"throttled", n->throttled},
		   {"dropped", n->dropped},
		   {"lost", n->lost},
		   {"garbage", n->garbage},
		   {"repeated_parts", n->repeated_parts},
		   {"max_outstanding", s->max_outstanding},
		   {"connections", n->connections},
		   {"disconnects", n->disconnects},
		   {"binds", n->binds},
		   {"bind_failures", n->bind_failures},
		   {"unbinds", n->unbinds},
		   {"enquire_links", n->enquires},
		   {"generic_nacks", n->nacks},
		   {"queries", n->queries},
		   {"cancels", n->cancels},
		   {"broadcasts", n->broadcasts},
		   {"broadcasts_active", smscbcast_active(s)}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_number(j, all[i].name, all[i].v);
}

static void put_smpp(struct json *j, const struct smsc *s)
{
	json_open(j, "smpp", '{');
	put_counts(j, s);
	put_statuses(j, s);
	json_time(j, "first_at", wall(s->c, ratewin_first_us(s->arrived)));
	json_time(j, "last_at", wall(s->c, ratewin_last_us(s->arrived)));
	json_number(j, "first_ms", wall(s->c, ratewin_first_us(s->arrived)) / 1000);
	json_number(j, "last_ms", wall(s->c, ratewin_last_us(s->arrived)) / 1000);
	put_rate(j, s);
	put_sums(j, s, TALLY_SUBSCRIBER, NULL);
	put_sums(j, s, TALLY_LIST, "list_sums");
	put_sums(j, s, TALLY_AREA, "area_sums");
	put_texts(j, s->texts);
	put_lists(j, s, TALLY_LIST, "lists", "list_texts");
	put_lists(j, s, TALLY_AREA, "areas", "area_texts");
	put_back(j, s);
	put_incomplete(j, s);
	put_faults(j, &s->faults);
	put_recipients(j, s);
	json_close(j, '}');
}

static void put_cell(struct json *j, const struct bsc *b, const struct bsc_cell *cell)
{
	char name[32], serial[12];

	bsc_cell_name(cell, name);
	json_open(j, name, '{');
	json_open(j, "active", '[');
	for (unsigned int i = 0; i < cell->n; i++) {
		const struct bsc_message *m = &b->messages[cell->live[i].message];

		snprintf(serial, sizeof(serial), "0x%04X", m->serial);
		json_open(j, NULL, '{');
		json_number(j, "id", m->id);
		json_text(j, "serial", serial);
		json_text(j, "language", m->language);
		json_number(j, "dcs", m->dcs);
		json_number(j, "pages", m->pages);
		json_number(j, "period", m->period);
		json_number(j, "count", m->count);
		json_time(j, "since", wall(b->c, cell->live[i].since_us));
		json_number(j, "since_ms", wall(b->c, cell->live[i].since_us) / 1000);
		json_hash(j, "text_hash", texts_hash(b->texts, m->text));
		json_text(j, "text", texts_get(b->texts, m->text, NULL));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_number(j, "writes", cell->writes);
	json_number(j, "replaces", cell->replaces);
	json_number(j, "kills", cell->kills);
	json_number(j, "failures", cell->failures);
	json_number(j, "wiped", cell->lost);
	json_close(j, '}');
}

static void put_cbsp(struct json *j, const struct bsc *b)
{
	const struct bsc_counts *n = &b->n;
	const struct {
		const char *name;
		uint64_t v;
	} all[] = {{"messages", n->messages},
		   {"connections", n->connections},
		   {"writes", n->writes},
		   {"write_failures", n->write_failures},
		   {"kills", n->kills},
		   {"kill_failures", n->kill_failures},
		   {"cells_written", n->cells_written},
		   {"cells_failed", n->cells_failed},
		   {"cells_killed", n->cells_killed},
		   {"pages", n->pages},
		   {"resets", n->resets},
		   {"restarts", n->restarts},
		   {"keepalives", n->keepalives},
		   {"queries", n->queries},
		   {"error_indications", n->errors}};
	char name[8];

	json_open(j, "cbsp", '{');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_number(j, all[i].name, all[i].v);
	json_time(j, "first_at", wall(b->c, b->first_us));
	json_time(j, "last_at", wall(b->c, b->last_us));
	json_open(j, "causes", '{');
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "0x%02X", i);
		if (n->causes[i])
			json_number(j, name, n->causes[i]);
	}
	json_close(j, '}');
	put_texts(j, b->texts);
	put_faults(j, &b->faults);
	json_open(j, "cells", '{');
	for (uint32_t i = 0; i < b->n_cells; i++)
		if (b->cells[i].writes + b->cells[i].failures + b->cells[i].kills)
			put_cell(j, b, &b->cells[i]);
	json_close(j, '}');
	json_close(j, '}');
}

static void put_report(const void *carrier, FILE *f)
{
	const struct carrier *c = carrier;
	struct json j = {.f = f};

	json_open(&j, NULL, '{');
	json_number(&j, "format", 1);
	json_text(&j, "name", c->set.name);
	json_number(&j, "seed", c->set.seed);
	json_time(&j, "started_at", c->start_wall_us);
	json_time(&j, "written_at", wall(c, c->now_us));
	put_smpp(&j, c->smsc);
	put_cbsp(&j, c->bsc);
	json_close(&j, '}');
	fputc('\n', f);
}

/* "NAME copies text_hash parts first_ms last_ms" for every subscriber and text; odd octets of a name as %XX.
 */
static void put_list(const void *carrier, FILE *f)
{
	const struct carrier *c = carrier;
	const struct smsc *s = c->smsc;
	const struct tally_row *row;
	uint64_t base = c->start_wall_us / 1000;

	for (size_t at = 0; (row = tally_next(s->tally, &at));) {
		char name[72];
		size_t len;

		if (tally_kind(row->unit) > TALLY_ODD)
			continue;
		len = tally_name(s->tally, row->unit, name, sizeof(name));
		for (size_t i = 0; i < len; i++)
			if (name[i] > ' ' && name[i] <= '~' && name[i] != '%')
				fputc(name[i], f);
			else
				fprintf(f, "%%%02X", (unsigned char)name[i]);
		fprintf(f, " %u %016" PRIx64 " %u %" PRIu64 " %" PRIu64 "\n", row->copies,
			texts_hash(s->texts, row->text), row->parts, base + row->first_ms,
			base + row->last_ms);
	}
}

static void put_clues(const void *carrier, FILE *f)
{
	const struct carrier *c = carrier;

	smscdeliver_write_clues(c->smsc, f);
}

int report_write(const struct carrier *c)
{
	int a = whole_write(c->set.recipients_file, put_list, c),
	    b = whole_write(c->set.clues_file, put_clues, c);
	int r = whole_write(c->set.report_file, put_report, c); /* last: who sees it may read the lists */

	return r ? r : a ? a : b;
}

void report_live(const struct carrier *c, char *out, size_t cap)
{
	const struct smsc *s = c->smsc;
	const struct bsc *b = c->bsc;
	uint64_t active = 0;

	for (uint32_t i = 0; i < b->n_cells; i++)
		active += b->cells[i].n > 0;
	snprintf(out, cap,
		 "%s: %" PRIu64 " submits, %" PRIu64 "/s, %" PRIu64 " accepted, %" PRIu64 " refused, %" PRIu64
		 " people, %" PRIu64 " repeats | %" PRIu64 " cells on air, %" PRIu64 " writes | %" PRIu64
		 " violations",
		 c->set.name, s->n.submits, ratewin_now(s->arrived, c->now_us), s->n.accepted, s->n.refused,
		 tally_sums(s->tally, TALLY_SUBSCRIBER)->distinct,
		 tally_sums(s->tally, TALLY_SUBSCRIBER)->repeats, active, b->n.writes,
		 faults_sum(&s->faults) + faults_sum(&b->faults));
}

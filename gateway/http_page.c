#include "gateway/http_page.h"
#include <inttypes.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/link.h"
#include "gateway/snapshot_json.h"

static const char head[] =
	"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" "
	"content=\"5\">"
	"<meta name=\"viewport\" content=\"width=device-width\"><title>Reunion gateway</title><style>"
	":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--dim:#637083;--line:#dde2e9;"
	"--good:#14804a;--warn:#a15c00;--bad:#c02626;--bar:#2f6fde;--track:#e6eaf0}"
	"@media(prefers-color-scheme:dark){:root{--bg:#10151c;--card:#18202b;--ink:#e6ebf2;--dim:#93a1b3;"
	"--line:#2a3543;--good:#4cc38a;--warn:#f0a742;--bad:#ff6b6b;--bar:#5b93f5;--track:#26303d}}"
	"*{box-sizing:border-box}body{margin:0;padding:1.5rem;background:var(--bg);color:var(--ink);"
	"font:15px/1.45 "
	"system-ui,sans-serif;font-variant-numeric:tabular-nums}main{max-width:75rem;margin:auto}"
	"h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .6rem}"
	".top{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline}.dim{color:var(--dim)}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:0 "
	"0 1rem;"
	"overflow-x:auto}.card.bad{border-left:.35rem solid var(--bad)}.card.warn{border-left:.35rem solid "
	"var(--warn)}"
	"table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;color:var(--dim);font-"
	"size:.8rem}"
	"th,td{padding:.3rem .7rem .3rem 0;white-space:nowrap}td.n,th.n{text-align:right}"
	"tr+tr td{border-top:1px solid var(--line)}"
	".pill{padding:.05rem .55rem;border-radius:1rem;border:1px solid currentColor;font-size:.8rem}"
	".good{color:var(--good)}.warn .w,.warnt{color:var(--warn)}.badt{color:var(--bad)}"
	"meter{width:11rem;height:.8rem;vertical-align:middle}b{font-weight:650}"
	"</style></head><body><main>";

/* For element content and quoted attributes. */
static void escaped(FILE *f, const char *text)
{
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			fputc(*p, f);
		}
	}
}

static void cell(FILE *f, const char *text)
{
	fputs("<td>", f);
	escaped(f, text);
	fputs("</td>", f);
}

static void number(FILE *f, uint64_t n)
{
	fprintf(f, "<td class=n>%" PRIu64 "</td>", n);
}

static void when(FILE *f, int64_t wall_s)
{
	json_t *t = snapshot_time(wall_s);

	escaped(f, json_is_string(t) ? json_string_value(t) : "-");
	json_decref(t);
}

static uint64_t total(const struct unit_sums *sums)
{
	uint64_t n = 0;

	for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++)
		n += sums->n[u];
	return n;
}

/* Accepted of all; the figure beside it is cut, not rounded, so that 100 % is said only when it is true. */
static void bar(FILE *f, const struct unit_sums *sums)
{
	uint64_t all = total(sums);
	double share = all ? (double)sums->n[UNIT_ACCEPTED] / (double)all : 0;

	fprintf(f, "<td><meter min=0 max=1 value=%.4f></meter> %.1f&nbsp;%%</td>", share,
		(double)(int)(share * 1000) / 10);
}

static void sums_row(FILE *f, const char *name, const struct unit_sums *sums)
{
	fputs("<tr>", f);
	cell(f, name);
	bar(f, sums);
	for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++)
		number(f, sums->n[u]);
	fputs("</tr>", f);
}

static void alert(FILE *f, const struct snap_alert *a)
{
	fprintf(f, "<div class=\"card%s\"><b>", a->missed ? " bad" : a->at_risk ? " warn" : "");
	escaped(f, a->alert_id);
	fputs("</b> <span class=dim>", f);
	escaped(f, a->case_number);
	fputs(" · ", f);
	escaped(f, a->agency);
	fputs(" · ", f);
	escaped(f, a->type);
	fprintf(f, "</span> <span class=pill>%s</span> deadline ", snapshot_alert_state(a->state));
	when(f, a->deadline_at);
	if (a->missed)
		fputs(" <b class=badt>alertDeadlineMissed</b>", f);
	else if (a->at_risk)
		fputs(" <b class=warnt>alertDeadlineAtRisk</b>", f);
	fputs("<table><tr><th>Link<th>Accepted of all", f);
	for (int u = UNIT_WAITING; u <= UNIT_UNKNOWN; u++)
		fprintf(f, "<th class=n>%s", snapshot_unit_state(u));
	fputs("</tr>", f);
	for (size_t i = 0; i < a->n_links; i++)
		sums_row(f, a->links[i].name, &a->links[i].sums);
	sums_row(f, "all links", &a->sums);
	if (total(&a->others) > 0)
		sums_row(f, "update and found texts", &a->others);
	fputs("</table></div>", f);
}

static void link_row(FILE *f, const struct snap_link *l)
{
	const char *tone = l->state == LINK_UP ? "good" : l->state == LINK_DOWN ? "badt" : "warnt";

	fputs("<tr>", f);
	cell(f, l->name);
	cell(f, l->carrier);
	cell(f, l->type);
	fprintf(f, "<td><span class=\"pill %s\">%s</span></td>", tone, snapshot_link_state(l->state));
	fprintf(f, "<td class=n>%.1f</td><td class=n>%.1f</td><td class=n>%u / %u</td>", l->measured_rate,
		l->rate, l->window_used, l->window);
	number(f, l->queue);
	number(f, l->count.submitted);
	number(f, l->count.accepted);
	number(f, l->count.refused);
	number(f, l->count.throttled);
	number(f, l->count.unknown);
	fprintf(f, "<td class=warnt>%s</td></tr>", snapshot_window_bound(l) ? "window-bound" : "");
}

static void links(FILE *f, const struct snapshot *s)
{
	fputs("<h2>Links</h2><div class=card><table><tr><th>Link<th>Carrier<th>Type<th>State<th "
	      "class=n>Rate/s"
	      "<th class=n>Agreed<th class=n>Window<th class=n>Queue<th class=n>Submitted<th class=n>Accepted"
	      "<th class=n>Refused<th class=n>Throttled<th class=n>Unknown<th></tr>",
	      f);
	for (size_t i = 0; i < s->n_links; i++)
		link_row(f, &s->links[i]);
	fputs("</table></div>", f);
}

static void carriers(FILE *f, const struct snapshot *s)
{
	fputs("<h2>Carriers</h2><div class=card><table><tr><th>Carrier<th class=n>Rate/s<th class=n>Agreed"
	      "<th class=n>Waiting<th class=n>Accepted<th>Will finish</tr>",
	      f);
	for (size_t i = 0; i < s->n_carriers; i++) {
		const struct snap_carrier *c = &s->carriers[i];

		fputs("<tr>", f);
		cell(f, c->name);
		fprintf(f, "<td class=n>%.1f</td><td class=n>%.1f</td>", c->measured_rate, c->rate);
		number(f, c->waiting);
		number(f, c->accepted);
		fputs("<td>", f);
		when(f, c->finish_at);
		fputs("</td></tr>", f);
	}
	fputs("</table></div>", f);
}

static void totals(FILE *f, const struct snapshot *s)
{
	fputs("<h2>Totals</h2><div class=card><table>", f);
#define TOTAL(field, mib, text)                                                                              \
	fprintf(f, "<tr><td>%s</td><td class=n>%" PRIu64 "</td></tr>", text, s->total.field);
	TOTAL_COUNTERS(TOTAL)
#undef TOTAL
	fprintf(f, "<tr><td>Cells in the map</td><td class=n>%u</td></tr></table></div>", s->map_cells);
}

static void page(FILE *f, const struct snapshot *s)
{
	fputs("<div class=top><h1>", f);
	escaped(f, s->name);
	fputs("</h1><span class=dim>", f);
	when(f, s->taken_at);
	fprintf(f, "</span><span class=\"pill %s\">ledger %s</span></div><h2>Alerts</h2>",
		s->store_state == 2 ? "badt" : "good", s->store_state == 2 ? "failing" : "healthy");
	if (s->n_alerts == 0)
		fputs("<div class=\"card dim\">No alerts.</div>", f);
	for (size_t i = 0; i < s->n_alerts; i++)
		alert(f, &s->alerts[i]);
	links(f, s);
	carriers(f, s);
	totals(f, s);
}

char *http_page_html(const struct snapshot *s)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	OSMO_ASSERT(f);
	fputs(head, f);
	if (s)
		page(f, s);
	else
		fputs("<h1>The gateway is starting</h1>", f);
	fputs("</main></body></html>\n", f);
	OSMO_ASSERT(fclose(f) == 0);
	return text;
}

char *http_page_json(const struct snapshot *s)
{
	json_t *o = s ? snapshot_json(s) : json_object();
	char *text = json_dumps(o, SNAPSHOT_DUMP);

	OSMO_ASSERT(text);
	json_decref(o);
	return text;
}

unsigned int http_page_health(const struct snapshot *s, int64_t now, const char **why)
{
	*why = !s                                 ? "starting\n"
	       : now - s->taken_at > HTTP_STALE_S ? "the loop is stuck\n"
	       : s->store_state == 2              ? "the ledger cannot be written\n"
						  : "ok\n";
	return strcmp(*why, "ok\n") ? 503 : 200;
}

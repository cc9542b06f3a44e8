#include "tests/noc_fake.h"
#include <string.h>
#include "gateway/link.h"

#define T0 1795393951 /* 2026-11-23T00:32:31Z */

static void fill(void *counters, size_t n, uint64_t base)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = base + i;

		memcpy((char *)counters + i * sizeof(v), &v, sizeof(v));
	}
}

static void link(struct snap_link *l, const char *name, const char *type, int state, unsigned int no)
{
	snapshot_text(l->name, sizeof(l->name), name);
	snapshot_text(l->carrier, sizeof(l->carrier), "china-mobile");
	snapshot_text(l->type, sizeof(l->type), type);
	l->state = state;
	l->state_since = T0;
	l->rate = 2000 * no;
	l->granted = 1500.5;
	l->measured_rate = 1499.25;
	l->window = 100;
	l->window_used = 40 + no;
	l->queue = 5000000000; /* beyond a Gauge32 */
	fill(&l->count, sizeof(l->count) / sizeof(uint64_t), 1000 * no);
}

static void alert(struct snapshot *s, size_t i, uint32_t number, const char *id, int state)
{
	struct snap_alert *a = &s->alerts[i];

	a->number = number;
	snapshot_text(a->alert_id, sizeof(a->alert_id), id);
	snapshot_text(a->case_number, sizeof(a->case_number), "110105-2026-<寻人>&\"1\"");
	snapshot_text(a->type, sizeof(a->type), "missing-child");
	snapshot_text(a->agency, sizeof(a->agency), "beijing");
	snapshot_text(a->action, sizeof(a->action), "alert");
	a->state = state;
	a->at_risk = state == ALERT_RUNNING;
	a->accepted_at = T0;
	a->deadline_at = T0 + 3600;
	a->expires_at = T0 + 86400;
	a->lat = 39.9042;
	a->lon = -116.4074;
	a->radius_km = 100.0;
	snapshot_alert_links(s, i, 2);
	for (size_t l = 0; l < 2; l++)
		snapshot_text(a->links[l].name, sizeof(a->links[l].name), l == 0 ? "cm-1" : "cm-bsc-1");
	for (uint64_t u = 0; u < UNIT_STATES; u++) {
		a->sums.n[u] = number * 100 + u;
		a->others.n[u] = number * 100 + 50 + u;
		a->links[0].sums.n[u] = number * 100;
		a->links[1].sums.n[u] = u;
	}
}

struct snapshot *noc_fake(void)
{
	struct snapshot *s = snapshot_new(2, 2, 1);

	s->taken_at = T0 + 60;
	s->started_at = T0;
	s->uptime_s = 60;
	snapshot_text(s->name, sizeof(s->name), "reunion-1");
	fill(&s->total, sizeof(s->total) / sizeof(uint64_t), 5000000000);
	s->store_state = 1;
	s->map_cells = 123456;
	s->map_checksum = 0x0123456789abcdef;
	snapshot_text(s->map_path, sizeof(s->map_path), "/var/lib/reunion/cells.map");
	link(&s->links[0], "cm-1", "smpp", LINK_UP, 1);
	link(&s->links[1], "cm-bsc-1", "cbsp", LINK_DOWN, 2);
	alert(s, 0, 7, "beijing-7", ALERT_RUNNING); /* not in the order of their numbers */
	alert(s, 1, 3, "beijing-3", ALERT_COMPLETED);
	snapshot_text(s->carriers[0].name, sizeof(s->carriers[0].name), "china-mobile");
	s->carriers[0].rate = 5000;
	s->carriers[0].measured_rate = 1499.25;
	s->carriers[0].waiting = 700;
	s->carriers[0].accepted = 702;
	s->carriers[0].finish_at = T0 + 1800;
	snapshot_agencies(s, 1);
	snapshot_text(s->agencies[0].name, sizeof(s->agencies[0].name), "beijing");
	s->agencies[0].accepted = 11;
	s->agencies[0].rejected = 12;
	s->agencies[0].duplicate = 13;
	return s;
}

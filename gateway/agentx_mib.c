#include "gateway/agentx_mib.h"
#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/agentx_cells.h"
#include "reunion-config.h"

/* Where a table stands: the sub-identifiers in front of the column, the length of its index, and its columns
 * as up to two runs (fixed ones, and counters from 101 so that both can grow). In the order of their
 * identifiers. */
static const struct place {
	uint8_t prefix[3], prefix_len, index_len;
	struct {
		uint8_t first, last;
	} run[2];
} places[MIB_TABLES] = {
	[MIB_GATEWAY] = {{1, 1}, 2, 1, {{1, CELL_GATEWAY_LAST}, {0, 0}}},
	[MIB_TOTALS] = {{1, 2}, 2, 1, {{1, CELL_TOTALS}, {0, 0}}},
	[MIB_LINKS] = {{1, 3, 1},
		       3,
		       1,
		       {{2, CELL_LINK_LAST}, {CELL_COUNTERS, CELL_COUNTERS + CELL_LINK_COUNTERS - 1}}},
	[MIB_CARRIERS] = {{1, 4, 1}, 3, 1, {{2, CELL_CARRIER_LAST}, {0, 0}}},
	[MIB_AGENCIES] = {{1, 5, 1}, 3, 1, {{2, CELL_AGENCY_LAST}, {0, 0}}},
	[MIB_ALERTS] = {{1, 6, 1}, 3, 1, {{2, CELL_ALERT_LAST}, {0, 0}}},
	[MIB_ALERT_LINKS] = {{1, 7, 1}, 3, 2, {{1, CELL_ALERT_LINK_LAST}, {0, 0}}},
};

size_t mib_root(uint32_t *out, size_t max)
{
	const char *text = REUNION_ROOT_OID;
	size_t n = 0;
	char *end;

	while (*text && n < max) {
		out[n++] = strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : end;
	}
	return n;
}

static struct mib_row *rows_new(struct mib_view *view, enum mib_table table, size_t n)
{
	view->rows[table] = calloc(n ? n : 1, sizeof(struct mib_row));
	OSMO_ASSERT(view->rows[table]);
	view->n[table] = n;
	return view->rows[table];
}

static void rows_in_order(struct mib_view *view, enum mib_table table, const void *first, size_t size,
			  size_t n)
{
	struct mib_row *row = rows_new(view, table, n);

	for (size_t i = 0; i < n; i++)
		row[i] = (struct mib_row){.index = {i + 1, 0}, .a = (const char *)first + i * size};
}

static int row_cmp(const void *a, const void *b)
{
	const struct mib_row *x = a, *y = b;

	for (int i = 0; i < 2; i++)
		if (x->index[i] != y->index[i])
			return x->index[i] < y->index[i] ? -1 : 1;
	return 0;
}

static void rows_sort(struct mib_view *view, enum mib_table table)
{
	struct mib_row *row = view->rows[table];
	size_t kept = 0;

	qsort(row, view->n[table], sizeof(*row), row_cmp);
	/* Two rows of one index would make a walk loop in some managers. */
	for (size_t i = 0; i < view->n[table]; i++)
		if (kept == 0 || row_cmp(&row[kept - 1], &row[i]) != 0)
			row[kept++] = row[i];
	view->n[table] = kept;
}

static uint32_t alert_number(const struct snapshot *s, size_t i)
{
	return s->alerts[i].number ? s->alerts[i].number : i + 1;
}

/* Index of the link of this name; `guess` is nearly always right. 0: none (gone by a reload). */
static uint32_t link_index(const struct snapshot *s, const char *name, size_t guess)
{
	if (guess < s->n_links && !strcmp(s->links[guess].name, name))
		return guess + 1;
	for (size_t i = 0; i < s->n_links; i++)
		if (!strcmp(s->links[i].name, name))
			return i + 1;
	return 0;
}

static void alert_rows(struct mib_view *view, const struct snapshot *s)
{
	struct mib_row *alert = rows_new(view, MIB_ALERTS, s->n_alerts), *link;
	size_t total = 0, used = 0;

	for (size_t i = 0; i < s->n_alerts; i++) {
		alert[i] = (struct mib_row){.index = {alert_number(s, i), 0}, .a = &s->alerts[i]};
		total += s->alerts[i].n_links;
	}
	link = rows_new(view, MIB_ALERT_LINKS, total);
	for (size_t i = 0; i < s->n_alerts; i++)
		for (size_t j = 0; j < s->alerts[i].n_links; j++) {
			const struct snap_alert_link *al = &s->alerts[i].links[j];
			uint32_t no = link_index(s, al->name, j);

			if (no > 0)
				link[used++] = (struct mib_row){.index = {alert_number(s, i), no}, .a = al};
		}
	view->n[MIB_ALERT_LINKS] = used;
	rows_sort(view, MIB_ALERTS);
	rows_sort(view, MIB_ALERT_LINKS);
}

struct mib_view *mib_view_new(struct snapshot *take, uint32_t discontinuity)
{
	struct mib_view *view = calloc(1, sizeof(*view));

	OSMO_ASSERT(view);
	view->s = take;
	view->discontinuity = discontinuity;
	rows_new(view, MIB_GATEWAY, 1)->a = take; /* a scalar's index is 0 */
	rows_new(view, MIB_TOTALS, 1)->a = take;
	rows_in_order(view, MIB_LINKS, take->links, sizeof(*take->links), take->n_links);
	rows_in_order(view, MIB_CARRIERS, take->carriers, sizeof(*take->carriers), take->n_carriers);
	rows_in_order(view, MIB_AGENCIES, take->agencies, sizeof(*take->agencies), take->n_agencies);
	alert_rows(view, take);
	return view;
}

void mib_view_free(struct mib_view *view)
{
	if (!view)
		return;
	for (int t = 0; t < MIB_TABLES; t++)
		free(view->rows[t]);
	snapshot_put((struct snapshot *)view->s);
	free(view);
}

/* The column itself, or the next one behind it; 0: none. */
static uint32_t column_from(const struct place *p, uint32_t column)
{
	for (int i = 0; i < 2; i++) {
		if (p->run[i].last == 0)
			continue;
		if (column < p->run[i].first)
			return p->run[i].first;
		if (column <= p->run[i].last)
			return column;
	}
	return 0;
}

/* How the first `len` sub-identifiers of oid stand to the row's index: <0, 0 (equal and complete), >0 the row
 * is behind. */
static int index_cmp(const struct mib_row *row, size_t index_len, const uint32_t *oid, size_t len)
{
	for (size_t i = 0; i < index_len && i < len; i++)
		if (row->index[i] != oid[i])
			return row->index[i] < oid[i] ? -1 : 1;
	return index_len == len ? 0 : index_len < len ? -1 : 1;
}

/* First row behind (strict) or at-or-behind the index; n if none. */
static size_t row_from(const struct mib_view *view, int t, const uint32_t *oid, size_t len, int strict)
{
	size_t lo = 0, hi = view->n[t];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (index_cmp(&view->rows[t][mid], places[t].index_len, oid, len) >= strict)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* <0: oid stands before all of the table, >0: behind, 0: at or below its prefix. */
static int prefix_cmp(const struct place *p, const struct mib_oid *oid)
{
	for (size_t i = 0; i < p->prefix_len; i++) {
		if (i >= oid->len || oid->v[i] < p->prefix[i])
			return -1;
		if (oid->v[i] > p->prefix[i])
			return 1;
	}
	return oid->len > p->prefix_len ? 0 : -1;
}

int mib_get(const struct mib_view *view, const struct mib_oid *oid, struct mib_value *value)
{
	for (int t = 0; t < MIB_TABLES; t++) {
		const struct place *p = &places[t];
		size_t head = p->prefix_len + 1, row;

		if (prefix_cmp(p, oid) != 0 || oid->len != head + p->index_len)
			continue;
		row = row_from(view, t, oid->v + head, oid->len - head, 0);
		if (column_from(p, oid->v[head - 1]) != oid->v[head - 1] || row == view->n[t] ||
		    index_cmp(&view->rows[t][row], p->index_len, oid->v + head, oid->len - head) != 0)
			return -ENOENT;
		cell_value(view, t, &view->rows[t][row], oid->v[head - 1], value);
		return 0;
	}
	return -ENOENT;
}

static void name_cell(int t, uint32_t column, const struct mib_row *row, struct mib_oid *found)
{
	const struct place *p = &places[t];

	found->len = 0;
	for (size_t i = 0; i < p->prefix_len; i++)
		found->v[found->len++] = p->prefix[i];
	found->v[found->len++] = column;
	for (size_t i = 0; i < p->index_len; i++)
		found->v[found->len++] = row->index[i];
}

int mib_next(const struct mib_view *view, const struct mib_oid *oid, struct mib_oid *found,
	     struct mib_value *value)
{
	for (int t = 0; t < MIB_TABLES; t++) {
		const struct place *p = &places[t];
		int where = prefix_cmp(p, oid);
		size_t head = p->prefix_len + 1, row = 0;
		uint32_t column, from = where == 0 ? oid->v[head - 1] : 0;

		if (where > 0 || view->n[t] == 0)
			continue;
		column = column_from(p, from);
		if (where == 0 && column == from)
			row = row_from(view, t, oid->v + head, oid->len - head, 1);
		if (row == view->n[t]) {
			row = 0;
			column = column_from(p, column + 1);
		}
		if (column == 0)
			continue;
		name_cell(t, column, &view->rows[t][row], found);
		cell_value(view, t, &view->rows[t][row], column, value);
		return 0;
	}
	return -ENOENT;
}

#include "gateway/carrier/agenda.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>

struct agenda {
	struct agenda_event *heap;
	size_t n, cap;
	uint64_t order;
};

static int drop(struct agenda *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->heap[i].blob);
	free(g->heap);
	return 0;
}

struct agenda *agenda_new(const void *ctx)
{
	struct agenda *g = talloc_zero(ctx, struct agenda);

	OSMO_ASSERT(g);
	talloc_set_destructor(g, drop);
	return g;
}

static bool before(const struct agenda_event *a, const struct agenda_event *b)
{
	return a->due_us < b->due_us || (a->due_us == b->due_us && a->order < b->order);
}

void agenda_add(struct agenda *g, struct agenda_event e)
{
	size_t i = g->n++;

	if (i == g->cap) {
		g->cap = 2 * g->cap + 256;
		g->heap = realloc(g->heap, g->cap * sizeof(*g->heap));
		OSMO_ASSERT(g->heap);
	}
	e.order = g->order++;
	for (; i > 0 && before(&e, &g->heap[(i - 1) / 2]); i = (i - 1) / 2)
		g->heap[i] = g->heap[(i - 1) / 2];
	g->heap[i] = e;
}

bool agenda_due(struct agenda *g, uint64_t now_us, struct agenda_event *e)
{
	struct agenda_event last;
	size_t i = 0, child;

	if (g->n == 0 || g->heap[0].due_us > now_us)
		return false;
	*e = g->heap[0];
	last = g->heap[--g->n];
	while ((child = 2 * i + 1) < g->n) {
		if (child + 1 < g->n && before(&g->heap[child + 1], &g->heap[child]))
			child++;
		if (!before(&g->heap[child], &last))
			break;
		g->heap[i] = g->heap[child];
		i = child;
	}
	g->heap[i] = last;
	return true;
}

uint64_t agenda_next_us(const struct agenda *g)
{
	return g->n ? g->heap[0].due_us : UINT64_MAX;
}

size_t agenda_count(const struct agenda *g)
{
	return g->n;
}

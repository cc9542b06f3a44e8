/* agenda: what is to be done later: a heap of (time, order of entry). Events of one instant run in their
 * order. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carrier;
struct agenda_event;
typedef void (*agenda_fn)(struct carrier *c, const struct agenda_event *e);

struct agenda_event {
	uint64_t due_us, order; /* order: set by agenda_add */
	agenda_fn run;
	void *blob; /* malloc'ed; the handler frees it, or the agenda when it ends */
	uint64_t a;
	uint32_t b, c, d, e;
};

struct agenda;

struct agenda *agenda_new(const void *ctx);
void agenda_add(struct agenda *g, struct agenda_event e);
/* Takes the first event that is due; false if none is. */
bool agenda_due(struct agenda *g, uint64_t now_us, struct agenda_event *e);
uint64_t agenda_next_us(const struct agenda *g); /* UINT64_MAX: nothing to do */
size_t agenda_count(const struct agenda *g);

/* plan_inner: shared by the planner's own files. */
#pragma once
#include "gateway/plan.h"

#define PLAN_ROUND_TRIP_S 0.050 /* of a request and its answer, as long as nothing is measured */
#define PLAN_COMMIT_S	  0.005 /* until the answer is durable: only then its window slot is free */

void plan_warn(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* plan_figures.c: rates, shares, units per link, seconds, and the warnings that follow. */
void plan_figures(struct plan *p, const struct plan_input *in);
bool plan_window_bound(const struct conf_link *link);

/* plan_text.c: characters to leave out for one part less; 0 = too many to name (or one part is all). */
/* The few characters (at most three different ones, as UTF-8) for whose sake the text is UCS-2 on this link, and the
 * parts it would need without them. false: there are more, or none. */
bool plan_dear(const char *utf8, const struct conf_link *link, char characters[16], unsigned int *parts);
unsigned int plan_excess(const char *utf8, const struct conf_link *link, unsigned int parts);
/* plan_text.c: checks alert and found texts of a link; false with reasons, each text once. */
bool plan_texts_fit(const struct plan_input *in, const struct conf_link *link, struct payload *p, struct reasons *reasons, void *ctx);

/* plan_lists.c: keeps the first of the cells that share a list's name; how many went. Of the first `inner` cells, how many
 * stay is left in *inner. */
uint32_t plan_drop_namesakes(const struct cellmap *map, struct plan_group *g, uint32_t *inner);

/* plan_rings.c: moves the hits from `from` on that also `inner` holds before the others, each part in its order; where the
 * others begin. */
size_t plan_inner_first(const struct cellmap *map, struct cell_hit *hits, size_t n, size_t from, const struct cell_hit *inner,
			size_t n_inner);
json_t *plan_rings_json(const struct plan_input *in);
json_t *plan_time_json(int64_t seconds);

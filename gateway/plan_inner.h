/* plan_inner: shared by the planner's own files. */
#pragma once
#include "gateway/plan.h"

#define PLAN_ROUND_TRIP_S 0.050 /* of a request and its answer, as long as nothing is measured */
#define PLAN_COMMIT_S	  0.005 /* until the answer is durable: only then its window slot is free */

void plan_warn(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* plan_figures.c: rates, shares, units per link, seconds, and the warnings that follow. */
void plan_figures(struct plan *p, const struct plan_input *in);
double plan_link_rate(const struct conf_link *link, unsigned int n_texts); /* parts or requests a second it can manage */
bool plan_window_bound(const struct conf_link *link);

/* plan_text.c: characters to leave out for one part less; 0 = too many to name (or one part is all). */
unsigned int plan_excess(const char *utf8, const struct conf_link *link, unsigned int parts);
/* plan_text.c: checks alert and found texts of a link; false with reasons, each text once. */
bool plan_texts_fit(const struct plan_input *in, const struct conf_link *link, struct payload *p, struct reasons *reasons, void *ctx);

/* plan_lists.c: keeps the nearest of the cells that share a list's name; how many went. */
uint32_t plan_drop_namesakes(const struct cellmap *map, struct plan_group *g);

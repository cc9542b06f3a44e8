/* planwork: a plan made aside, in a thread of its own, while the loop goes on. A plan reads only what does not change (configuration,
 * map, subscribers, texts), so the two share nothing but its end. */
#pragma once
#include "gateway/plan.h"

struct planwork;
/* Copies the input's own members; what they point to must last until planwork_take(). NULL: no thread can be had. */
struct planwork *planwork_start(const struct plan_input *in);
bool planwork_done(const struct planwork *w);
/* Waits for the end and frees w. As plan_make(); child of ctx. ctx NULL: the plan is not wanted any more. */
int planwork_take(struct planwork *w, void *ctx, struct plan **plan);

/* planwork: a plan made aside, in a thread of its own, while the loop goes on. A plan reads only what does not change (configuration,
 * map, subscribers, texts), so the two share nothing but its end. */
#pragma once
#include "gateway/plan.h"

struct planwork;
/* Copies the input's own members; what they point to must last until planwork_take(). wake_fd: an eventfd that is written to when
 * the plan is done, or -1. NULL: no thread can be had. */
struct planwork *planwork_start(const struct plan_input *in, int wake_fd);
bool planwork_done(const struct planwork *w);
/* Waits for the end and frees w. As plan_make(); plan and reasons (may be NULL) are children of ctx. ctx NULL: the plan is not
 * wanted any more. */
int planwork_take(struct planwork *w, void *ctx, struct plan **plan, struct reasons *reasons);

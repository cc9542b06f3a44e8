/* link_cbsp_dead: the answer of a cell to dispatch, and why where that was the end of it. Inside of the CBSP driver only. */
#pragma once
#include "gateway/link_cbsp_work.h"

/* Of the batch's cell i, which is work. */
void link_cbsp_dead_answer(struct cbsp_link *l, const struct cbsp_batch *b, uint32_t i, enum outcome outcome, uint64_t now_us);
/* Of a unit that is no GSM cell, or none that is known. */
void link_cbsp_dead_nameless(struct cbsp_link *l, struct dispatch_job *job, uint32_t unit, uint64_t now_us);

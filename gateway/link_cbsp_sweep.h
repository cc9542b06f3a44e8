/* link_cbsp_sweep: going over a job's accepted cells once more: to write them again after the BSC lost its
 * data, or to kill what is on air. Inside of the driver only. Does not touch the ledger. */
#pragma once
#include "gateway/link_cbsp_work.h"

/* Writes everything live again; only in the cells of the list unless that is NULL or long. */
void link_cbsp_sweep_rewrite(struct cbsp_link *l, const struct cbsp_list *only, uint64_t now_us);
/* The cell took only some of the job's texts: the others are tried again in a while. */
void link_cbsp_sweep_complete(struct cbsp_link *l, uint64_t job_id, const struct cbsp_cell *cell,
			      uint64_t now_us);
int link_cbsp_sweep_kill(struct cbsp_link *l, struct dispatch_job *job);
bool link_cbsp_sweep_killing(const struct cbsp_link *l);
/* Is the job still to be gone over, now? Then its new cells wait: else they would be written twice. */
bool link_cbsp_sweep_pending(struct cbsp_link *l, uint64_t job_id, uint64_t now_us);
/* Begins the next batch of a sweep that is due; false when there is none or no batch is free. */
bool link_cbsp_sweep_start(struct cbsp_link *l, bool kills, uint64_t now_us);
/* A batch of the sweep has ended; b->result tells how. */
void link_cbsp_sweep_ended(struct cbsp_link *l, struct cbsp_batch *b, uint64_t now_us);
void link_cbsp_sweep_forget(struct cbsp_link *l);
/* When the next sweep is due, UINT64_MAX = none. */
uint64_t link_cbsp_sweep_next_us(const struct cbsp_link *l, uint64_t now_us);

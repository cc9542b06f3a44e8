/* link_cbsp_work: requests of a CBSP link: batches of cells of one job, text by text. Inside of the driver
 * only.
 *
 * Answers carry no number: they name message identifier and serial. So only one request per pair is under
 * way, and one whose answer did not come in time keeps its pair occupied, so that a late answer is never
 * taken for another's. */
#pragma once
#include <osmocom/core/linuxlist.h>
#include "gateway/link.h"
#include "gateway/link_cbsp_batch.h"

#define CBSP_WINDOW_MAX 64
#define CBSP_CELLS_MAX  1000
#define CBSP_OUT_MAX    (64 * 1024)

struct cbsp_link {
	struct link link; /* first */
	uint32_t n_batches, cells_per_request;
	struct cbsp_batch *batch;
	struct cbsp_cell *scratch; /* cells of one request */
	uint64_t ages;
	struct llist_head sweeps;
	uint64_t *killed; /* jobs that must not come back on air, whatever dispatch calls their state */
	size_t n_killed;
	bool turn; /* whose is it: new work's or the rewriting's */
	bool connected, up, stopping, proven;
	uint8_t *in;
	size_t in_len, in_size;
	uint8_t out[CBSP_OUT_MAX];
	size_t out_head, out_len;
	unsigned int failures; /* connects in a row */
	uint64_t random, now_us;
	uint64_t connect_us, deadline_us, keep_alive_us, keep_alive_answer_us, stop_us; /* 0 = not running */
	uint64_t quiet_until_us;
	uint32_t suppressed;
};

/* Sends what window, throttle and output buffer allow. Returns when to come again without an event,
 * UINT64_MAX = never. */
uint64_t link_cbsp_work_pump(struct cbsp_link *l, uint64_t now_us);
/* An answer or ERROR INDICATION to a request. False when nothing waits for it. */
bool link_cbsp_work_answer(struct cbsp_link *l, struct cbsp_msg *msg, uint64_t now_us);
/* Answers that are overdue. False when the connection should be given up. */
bool link_cbsp_work_timeouts(struct cbsp_link *l, uint64_t now_us);
/* The connection is gone: every unit under way is lost, all else forgotten. */
void link_cbsp_work_lost(struct cbsp_link *l, uint64_t now_us);
bool link_cbsp_work_idle(const struct cbsp_link *l);
/* A free batch, emptied, or NULL. */
struct cbsp_batch *link_cbsp_work_free(struct cbsp_link *l);
/* A text of the batch whose reference is free, or -1. Batches are begun only when there is one: a window of
 * batches that wait for one reference would keep a KILL from leaving. */
int link_cbsp_work_sendable(const struct cbsp_link *l, const struct cbsp_batch *b);
/* Cells of the units listed in b->unit; units without one are taken out (and refused, when they are work). */
void link_cbsp_work_cells(struct cbsp_link *l, struct cbsp_batch *b, struct dispatch_job *job,
			  uint64_t now_us);
/* Is this job still to be on air? */
bool link_cbsp_work_live(const struct dispatch_job *job, uint64_t now_us);
/* Where n octets may be written into the output, NULL = the peer does not take what is there; then sent()
 * with how many. */
uint8_t *link_cbsp_room(struct cbsp_link *l, size_t n);
void link_cbsp_sent(struct cbsp_link *l, size_t n);
/* Tells the edge of something odd, at most once in ten seconds, and then how many more there were. */
void link_cbsp_tell(struct cbsp_link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

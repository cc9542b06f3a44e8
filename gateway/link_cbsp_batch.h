/* link_cbsp_batch: some cells of one job on their way through its texts, and what the BSC says to them.
 * Inside of the CBSP driver only; touches neither link nor dispatch. */
#pragma once
#include "gateway/cbsp.h"
#include "gateway/link.h"

enum cbsp_batch_kind { BATCH_FREE, BATCH_WORK, BATCH_REWRITE, BATCH_KILL };
enum cbsp_answer {
	ANSWER_NOT_ASKED,
	ANSWER_WAITING,
	ANSWER_OK,
	ANSWER_REFUSED,
	ANSWER_TRANSIENT,
	ANSWER_RENEW
};
/* A unit's result over all texts: the worst counts, and worse is what calls for another attempt. */
enum cbsp_result { RESULT_OK, RESULT_REFUSED, RESULT_TRANSIENT, RESULT_LOST };

/* In place of a cause (an octet). */
enum cbsp_why { CBSP_WHY_NOT_TOLD = 0x100, CBSP_WHY_SILENT, CBSP_WHY_TEXTLESS };

struct cbsp_sweep;

struct cbsp_batch {
	enum cbsp_batch_kind kind;
	uint64_t job_id, age, deadline_us;
	struct dispatch_job *job; /* BATCH_WORK; its units are in flight, so it stays */
	struct cbsp_sweep *sweep; /* the others */
	int text;                 /* under way, -1 none */
	uint16_t message_identifier[PAYLOAD_TEXTS], serial[PAYLOAD_TEXTS];
	uint8_t n_texts, todo, written; /* a bit per text: still to be sent, sent at least once */
	int8_t renew; /* text to be written anew where its predecessor was not known, -1 none */
	bool late, abandoned, replacing;
	uint32_t n; /* units; 0 for a KILL of all cells */
	uint32_t *unit;
	struct cbsp_cell *cell;
	uint8_t *answer, *result; /* enum cbsp_answer of the request under way; enum cbsp_result */
	uint8_t *took;            /* 1: it has taken a text */
	uint16_t *said, *why;     /* why the request under way, or the unit's result, is no success: cause or below */
};

/* Takes over identifiers and serial numbers; every text that has pages is to be sent. */
void link_cbsp_batch_keys(struct cbsp_batch *b, const struct payload *p);
/* Copies the cells that a request of text t goes to, and marks them as waiting. Returns how many; 0 = all of
 * the BSC. */
uint32_t link_cbsp_batch_ask(struct cbsp_batch *b, int t, struct cbsp_cell *cells);
/* Marks every waiting cell by an answer or ERROR INDICATION. *first is the first cause that is not as good as
 * a success. */
void link_cbsp_batch_mark(struct cbsp_batch *b, const struct cbsp_msg *m, uint8_t *first);
/* Gives all the same answer, for one reason. */
void link_cbsp_batch_mark_all(struct cbsp_batch *b, enum cbsp_answer a, uint16_t why);
/* Takes the answers of the text under way into the results; who was never answered is lost. */
void link_cbsp_batch_close_text(struct cbsp_batch *b);
/* The same for an answer that did not come: the text stays under way. */
void link_cbsp_batch_give_up(struct cbsp_batch *b);

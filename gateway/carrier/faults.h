/* faults: what a peer did that the protocol forbids. Each kind is counted and keeps its first examples for
 * the report. */
#pragma once
#include <stdint.h>

enum fault_kind {
	FAULT_FRAMING,   /* command_length or body length absurd: the connection is closed */
	FAULT_MALFORMED, /* a body that does not decode */
	FAULT_STATE,     /* a request that the session state forbids */
	FAULT_SEQUENCE,  /* sequence_number out of range or not increasing */
	FAULT_ADDRESS,   /* TON, NPI or address */
	FAULT_FIELD,     /* a flag, time, service type or TLV out of its range */
	FAULT_CODING,    /* text that its data_coding does not allow */
	FAULT_LENGTH,    /* a part longer than one short message */
	FAULT_CONCAT,    /* wrong or contradictory part numbers, a reference reused too early */
	FAULT_WINDOW,    /* more unanswered requests than agreed */
	FAULT_RATE,      /* more parts in one second than agreed (also answered as throttled) */
	FAULT_RESPONSE,  /* a response to nothing, or a negative one to our own request */
	FAULT_PAGE,      /* page content: padding, used length, numbering */
	FAULT_CELL,      /* cell list */
	FAULT_OVERLAP,   /* second CBSP request for a message whose first is still unanswered */
	FAULT_N
};

#define FAULT_EXAMPLES 5

struct faults {
	uint64_t count[FAULT_N];
	char example[FAULT_N][FAULT_EXAMPLES][160];
};

void faults_add(struct faults *f, enum fault_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
uint64_t faults_sum(const struct faults *f);
const char *faults_name(enum fault_kind kind);

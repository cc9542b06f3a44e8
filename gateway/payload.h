/* payload: what a job's units are, for the link drivers. The alert side implements it; drivers never see an alert. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cellmap/cellmap.h"
#include "gateway/page.h"
#include "smpp/text.h"

struct dispatch_job;
struct link;

#define PAYLOAD_TEXTS 8

/* The texts of one job for one link: made once per job and link, shared by all its units. */
struct payload {
	unsigned int n_texts;
	struct smpp_text sms[PAYLOAD_TEXTS];  /* SMPP links: sent one after another to each unit */
	struct page_set pages[PAYLOAD_TEXTS]; /* CBSP links */
	uint16_t message_identifier[PAYLOAD_TEXTS];
	uint16_t serial[PAYLOAD_TEXTS], old_serial[PAYLOAD_TEXTS]; /* old_serial 0 = nothing to replace */
	uint32_t repetition_s, lifetime_s; /* of the broadcast, from now on */
	uint16_t udh_ref;	/* base of the concatenation references; text t uses udh_ref + t */
	uint64_t validity_s;	/* SMPP validity_period, relative; 0 = none */
	int64_t expires_at;	/* the same on the wall; 0 = none */
	uint8_t flash;
	bool found; /* the last word: never taken back */
};

struct payload_ops {
	/* The job's texts for this link; stable until the job is removed. */
	const struct payload *(*job)(void *arg, const struct dispatch_job *job, const struct link *link);
	/* Recipient number: digits without '+', as a NUL-terminated string in out[16]. How many, or -errno (then the unit is refused). */
	int (*msisdn)(void *arg, const struct dispatch_job *job, uint32_t unit, char out[16]);
	/* Cell of a unit. */
	int (*cell)(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id, uint8_t *mnc_digits);
	void *arg;
};

struct link_clue {
	const char *link;
	uint8_t source_ton, source_npi, dest_ton, dest_npi, data_coding, esm_class;
	const char *source, *dest;
	const uint8_t *text; /* raw octets, coding above */
	size_t len;
	const char *utf8; /* decoded, NULL if that failed */
};

enum link_event { LINK_EV_UP = 1, LINK_EV_DOWN, LINK_EV_BIND_FAILED, LINK_EV_PROTOCOL, LINK_EV_REHEARSAL, LINK_EV_BINDS };

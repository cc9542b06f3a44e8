/* cbsp_encode: the CBSP messages that a CBC sends (TS 48.049 8.1). Pure; allocates nothing.
 *
 * Each function writes one whole message with its header into buf and returns its octets, -ENOSPC when buf is
 * too small, -EINVAL when what it is given cannot be said (cells of mixed scope, more than a list holds, no
 * page). */
#pragma once
#include "gateway/cbsp.h"

/* Upper bound of a WRITE-REPLACE to n cells. */
#define CBSP_WRITE_MAX(n) ((size_t)40 + 15 * (2 + PAGE_CONTENT) + 7 * (size_t)(n))

struct cbsp_write {
	uint16_t message_identifier, serial, old_serial;
	bool replace;                  /* old_serial counts */
	const struct cbsp_cell *cells; /* all of one scope */
	size_t n_cells;                /* 0 = all cells of the BSC */
	/* CBS */
	const struct page_set *pages; /* NULL = emergency */
	uint8_t channel, category; /* channel 0 basic, 1 extended; category 0 high, 1 background, 2 normal */
	uint16_t repetition;       /* in 1.883 s: 1..4095 (u16: 1..65535) */
	bool repetition_u16;
	uint16_t broadcasts; /* 0 = until killed */
	/* emergency (ETWS) */
	uint16_t warning_type;
	const uint8_t *security;       /* 50 octets, NULL = zeros */
	unsigned int warning_period_s; /* 0 = endless */
};

int cbsp_encode_write(uint8_t *buf, size_t size, const struct cbsp_write *w);
/* Stops a broadcast in these cells, all if n is 0. cbs: false for an emergency message. */
int cbsp_encode_kill(uint8_t *buf, size_t size, uint16_t message_identifier, uint16_t old_serial,
		     const struct cbsp_cell *cells, size_t n, bool cbs);
int cbsp_encode_status_query(uint8_t *buf, size_t size, uint16_t message_identifier, uint16_t old_serial,
			     const struct cbsp_cell *cells, size_t n, uint8_t channel);
int cbsp_encode_load_query(uint8_t *buf, size_t size, const struct cbsp_cell *cells, size_t n,
			   uint8_t channel);
int cbsp_encode_reset(uint8_t *buf, size_t size);                            /* all cells */
int cbsp_encode_keep_alive(uint8_t *buf, size_t size, unsigned int seconds); /* 1..120, else -EINVAL */
int cbsp_encode_keep_alive_complete(uint8_t *buf, size_t size);

/* Smallest coded period that is not below the seconds; 0 when above 3600. */
uint8_t cbsp_encode_period(unsigned int seconds);
/* Repetition period in units of 1.883 s for a wish in seconds: rounded, 1..4095. */
uint16_t cbsp_encode_repetition(uint32_t seconds);
/* Broadcasts that fill a lifetime: rounded up, at least 1; 0 (until killed) when no number is large enough,
 * or 65535 for a peer that takes 0 as "once". */
uint16_t cbsp_encode_broadcasts(uint32_t lifetime_s, uint16_t repetition, bool zero_is_once);

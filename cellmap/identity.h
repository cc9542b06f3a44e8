/* identity: a cell's name in the field's notation, and back.
 *
 *   GSM   CGI:460-00-4301-6969     LAC, CI            TS 23.003 4.3.1
 *   UMTS  SAI:460-00-4301-6969     LAC, SAC           TS 23.003 12.4
 *   LTE   ECGI:460-00-104713-1     eNB, cell of it    TS 23.003 19.6
 *   NR    NCGI:460-00-4301234567   NCI                TS 23.003 19.6A
 *   CDMA  CDMA:460-13824-2-5       SID, NID, BID
 *
 * Tables hold no SAC: it is taken to be the lower 16 bits of the cell (C-Id), as most networks have it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

#define IDENTITY_MAX 48

/* What a name says about a cell: SAI leaves the RNC open, ECGI and NCGI the area. */
struct identity {
	struct cell_id id; /* radio is not used */
	uint32_t radios;   /* bit per enum cell_radio */
	uint64_t mask;     /* bits of cell that count */
	bool any_area;
	uint8_t mnc_digits;
};

/* Digits of an MNC in print: those known (2 or 3), else 3 where the country has three (E.212), else 2. */
uint8_t identity_mnc_digits(uint16_t mcc, uint16_t mnc, uint8_t known);
/* The name; false, and text empty, when the cell has none: an id that does not fit its field, or <= 0. */
bool identity_text(const struct cell_id *id, uint8_t mnc_digits, char text[IDENTITY_MAX]);
/* Also without the kind (CGI or SAI), with a space for the colon, "46000-4301-6969", "46000-U268435455",
 * "-L",
 * "-N" as in distribution lists, and a table's key "LTE,460,0,7,300". 0 or -EINVAL. */
int identity_parse(const char *text, struct identity *identity);
bool identity_matches(const struct identity *identity, const struct cell_id *id);

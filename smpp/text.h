/* text: UTF-8 to the octets of short messages: GSM 03.38 (unpacked, with extension) or UCS-2 (UTF-16BE),
 * split into parts. Pure; allocates nothing. 3GPP TS 23.038 6.2.1, TS 23.040 9.2.3.24. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "smpp/shift.h"

#define SMPP_TEXT_MAX_PARTS 10 /* a text that needs more is refused, never cut */

/* What a carrier takes besides UCS-2; the shift tables that its phones know may be added to GSM-7. Bits. */
enum smpp_coding {
	SMPP_ONLY_UCS2 = 0,
	SMPP_GSM7 = 1,
	SMPP_LATIN1 = 2,
	SMPP_ASCII = 4,
	SMPP_WITH_SHIFT = 8, /* << enum smpp_shift */
	SMPP_WITH_LOCK = 64, /* << enum smpp_shift */
};

enum smpp_long { SMPP_LONG_UDH16, SMPP_LONG_UDH8, SMPP_LONG_SAR, SMPP_LONG_PAYLOAD };

struct smpp_part {
	uint8_t octets[160]; /* without UDH; GSM-7 one septet per octet */
	uint8_t len;
};

struct smpp_text {
	uint8_t data_coding; /* 0 GSM default alphabet, 1 ASCII, 3 Latin-1, 8 UCS-2 */
	uint8_t shift, lock; /* enum smpp_shift, single and locking: go into the user data header of each part */
	uint8_t n;           /* 1..SMPP_TEXT_MAX_PARTS */
	struct smpp_part part[SMPP_TEXT_MAX_PARTS];
	uint32_t forced_ucs2; /* the first character that the carrier's smaller coding lacks, 0 = none */
};

/* The smallest of the codings (bits of enum smpp_coding) that holds the text; of shift tables those with which it takes
 * the fewest parts, then octets, their headers counted. They are of no use with SMPP_LONG_PAYLOAD, whose header is the SMSC's. 0; -EILSEQ not UTF-8 (or NUL, unpaired surrogate); -E2BIG more than SMPP_TEXT_MAX_PARTS parts (*needed says
 * how many). */
int smpp_text_split(const char *utf8, unsigned int codings, enum smpp_long how, struct smpp_text *text,
		    unsigned int *needed);
/* GSM 03.38 septet(s) of a code point: number of septets (1, 2) or 0 if not in the alphabet. Shared with
 * cell-broadcast pages. */
unsigned int smpp_gsm7(uint32_t code_point, uint8_t septets[2]);
/* Code point of a received septet, or of one behind an escape; 0 if there is none. */
uint32_t smpp_gsm7_char(uint8_t septet, bool escaped);
/* Next code point of UTF-8, or -EILSEQ; advances *p. */
int32_t smpp_utf8_next(const char **p, const char *end);
/* True when a split before this code point would tear a grapheme (combining mark, ZWJ, variation selector,
 * emoji modifier). */
bool smpp_joins_previous(uint32_t code_point);

/* shift: national tables of languages that nearly fit into GSM 03.38. A single shift table says what stands behind an
 * escape, a locking one replaces the default alphabet; a user data header announces them (information elements 0x24 and
 * 0x25), each for the part that it heads. Pure. 3GPP TS 23.038 A.2 and A.3, TS 23.040 9.2.3.24.15 and 9.2.3.24.16. */
#pragma once
#include <stdint.h>

#define SMPP_IE_SINGLE_SHIFT  0x24
#define SMPP_IE_LOCKING_SHIFT 0x25

enum smpp_shift { SMPP_SHIFT_NONE, SMPP_SHIFT_TURKISH, SMPP_SHIFT_SPANISH, SMPP_SHIFT_PORTUGUESE, SMPP_SHIFTS }; /* as on air */

/* The septet that stands behind the escape for a code point in that language's table; 0 if there is none. A table
 * replaces the extension of the default alphabet as a whole. */
uint32_t smpp_shift_char(enum smpp_shift shift, uint8_t septet); /* the other way round; 0 if there is none */
uint8_t smpp_shift_septet(enum smpp_shift shift, uint32_t code_point);

/* The same of locking tables, as far as they differ from the default alphabet; 0: not there, or as there. Spanish has
 * none. */
uint32_t smpp_lock_char(enum smpp_shift lock, uint8_t septet);
uint8_t smpp_lock_septet(enum smpp_shift lock, uint32_t code_point);

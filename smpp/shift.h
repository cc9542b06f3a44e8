/* shift: single shift tables of languages that nearly fit into GSM 03.38: a character behind an escape, announced
 * by a user data header (information element 0x24). Pure. 3GPP TS 23.038 A.2, TS 23.040 9.2.3.24.15. */
#pragma once
#include <stdint.h>

enum smpp_shift { SMPP_SHIFT_NONE, SMPP_SHIFT_TURKISH, SMPP_SHIFT_SPANISH, SMPP_SHIFT_PORTUGUESE, SMPP_SHIFTS }; /* as on air */

/* The septet that stands behind the escape for a code point in that language's table; 0 if there is none. A table
 * replaces the extension of the default alphabet as a whole. */
uint32_t smpp_shift_char(enum smpp_shift shift, uint8_t septet); /* the other way round; 0 if there is none */
uint8_t smpp_shift_septet(enum smpp_shift shift, uint32_t code_point);

/* chars: what arrives as GSM-7 (TS 23.038 6.2.1), UCS-2, Latin-1 or ASCII, turned into UTF-8; and the way
 * back to UCS-2 for the replies that this carrier makes up. Pure. Every output is NUL-terminated when cap > 0
 * and never cut inside a character. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum chars_alphabet { CHARS_GSM7, CHARS_UCS2, CHARS_ASCII, CHARS_LATIN1, CHARS_BINARY };

/* What was wrong with the octets; the text is made readable all the same. */
enum chars_fault {
	CHARS_HIGH_BIT = 1,  /* an octet above 0x7F in GSM-7 or ASCII */
	CHARS_SPLIT = 2,     /* ends in ESC, or in half a surrogate pair */
	CHARS_SURROGATE = 4, /* a surrogate without its partner inside the text */
	CHARS_ODD = 8,       /* UCS-2 with an odd number of octets */
	CHARS_CUT = 16,      /* `out` was too small */
};

/* Octets (GSM-7: one septet an octet) to UTF-8; returns the length. Faults are or-ed into *fault. */
size_t chars_utf8(enum chars_alphabet alphabet, const uint8_t *in, size_t len, char *out, size_t cap,
		  unsigned int *fault);
/* n septets out of packed octets, the first at bit `skip`; reads no octet past len, returns how many were
 * there. */
size_t chars_unpack(const uint8_t *packed, size_t len, size_t skip, uint8_t *septets, size_t n);
/* UTF-8 to UTF-16BE; returns octets. Ill-formed input becomes U+FFFD. */
size_t chars_to_ucs2(const char *utf8, uint8_t *out, size_t cap);
/* FNV-1a, 64 bit, of the UTF-8: the text_hash of reports. */
uint64_t chars_hash(const char *utf8, size_t len);
/* Alphabet of a data_coding (SMPP 5.2.19 and TS 23.038 groups); -1 when nobody knows it. dcs 0 gives
 * `standard`. */
int chars_of_dcs(uint8_t dcs, enum chars_alphabet standard);

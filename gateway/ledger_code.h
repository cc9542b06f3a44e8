/* ledger_code: the octets of a chunk's units in as few octets as they can be told in. Pure, no allocation.
 *
 * Three ways, told apart by the first two octets. Runs: (octet, length as LEB128)*. Index: CODE_MARK, how many different
 * octets there are (2..16), those, then an index of 1, 2 or 4 bits for each unit, lowest bits first. Range:
 * CODE_MARK, 0, how many different octets (2..64), those, most frequent first, then the octets of an adaptive binary
 * range coder (32 bits; a unit is as many "not this one" as its octet has before it). The coder comes within a few
 * hundredths of a bit of what the mix of answers itself tells, so a million units of a mix cost what they must.
 *
 * What is read may be damaged or made up: it is checked whole, and anything else than count sound octets is -EBADMSG. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODE_MARK 0xFF /* no unit's octet: EXCLUDED carries neither attempts nor fails */

/* One run of a list that was checked when it was made. Returns the octets read. */
static inline size_t code_run_read(const uint8_t *p, uint8_t *octet, uint32_t *len)
{
	*octet = p[0];
	*len = p[1] & 0x7F;
	if (!(p[1] & 0x80))
		return 2;
	*len |= (uint32_t)p[2] << 7;
	return 3;
}
size_t code_run_write(uint8_t *p, uint8_t octet, uint32_t len);

/* Rewrites len octets of runs, in place, the shortest way. The range coder takes some ten nanoseconds a unit: it is tried
 * when the others leave more than dear octets. Returns the octets then. */
size_t code_shorten(uint32_t count, uint8_t *runs, size_t len, size_t dear);
/* Fills count units; sound() tells whether there may be such an octet, and never of CODE_MARK. 0 or -EBADMSG. */
int code_read(const uint8_t *p, size_t len, uint32_t count, bool (*sound)(uint8_t octet), uint8_t *unit);

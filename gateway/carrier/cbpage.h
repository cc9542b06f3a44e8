/* cbpage: pages of a cell broadcast back into the text that a phone shows (TS 23.041 9.4, TS 23.038 clause
 * 5). Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "gateway/carrier/faults.h"

#define CBPAGE_OCTETS 82
#define CBPAGE_MAX    15

struct cbpage_set {
	uint8_t dcs, n;
	uint8_t used[CBPAGE_MAX];           /* useful octets, 1..82 */
	const uint8_t *content[CBPAGE_MAX]; /* 82 octets each */
};

/* The text as UTF-8, without padding and language prefixes (the language goes to lang). Returns its length.
 * What a phone would show wrongly is counted as a fault: wrong padding, octets beyond the used ones, split
 * characters. */
size_t cbpage_text(const struct cbpage_set *set, char *out, size_t cap, char lang[3], struct faults *f);

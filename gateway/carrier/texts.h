/* texts: every text that arrived, kept once. A part (its octets and alphabet) is interned on arrival, so that
 * the same text to a million people is decoded once; a whole message is the list of its parts. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "gateway/carrier/chars.h"

#define TEXTS_PARTS 255

struct texts;

struct texts *texts_new(const void *ctx);
/* Number of this part; *fault gets its chars_fault bits. */
uint32_t texts_part(struct texts *t, enum chars_alphabet alphabet, const uint8_t *octets, size_t len,
		    unsigned int *fault);
/* Number of the text that these parts make in order; n ≤ TEXTS_PARTS. */
uint32_t texts_whole(struct texts *t, const uint32_t *parts, unsigned int n);
/* Number of a text that is UTF-8 already (cell broadcast). */
uint32_t texts_utf8(struct texts *t, const char *utf8, size_t len);
const char *texts_get(const struct texts *t, uint32_t text, size_t *len);
uint64_t texts_hash(const struct texts *t, uint32_t text);
void texts_count(struct texts *t, uint32_t text, uint64_t copies);
uint64_t texts_copies(const struct texts *t, uint32_t text);
uint32_t texts_number(const struct texts *t);

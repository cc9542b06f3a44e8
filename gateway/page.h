/* page: a text as cell-broadcast pages (TS 23.041 9.4.1, TS 23.038 clause 5). Pure; allocates nothing. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PAGE_OCTETS  88 /* serial 2, message identifier 2, DCS 1, page parameter 1, content 82 */
#define PAGE_CONTENT 82
#define PAGE_MAX     15

struct page_set {
	uint8_t dcs; /* 0x0F/0x00.. GSM-7 by language, 0x11 UCS-2 with language prefix on every page, 0x48 UCS-2 */
	uint8_t n;   /* 1..15 */
	uint8_t used[PAGE_MAX]; /* useful octets 1..82 */
	uint8_t content[PAGE_MAX][PAGE_CONTENT];
};

/* Smallest coding that carries the text; GSM-7 packed per page from bit 0, padded with CR. Never splits an escape, a
 * surrogate pair or a grapheme's combining marks. 0; -EILSEQ not UTF-8; -E2BIG needs more than 15 pages (*needed says how many). */
int page_encode(const char *utf8, const char *language, struct page_set *set, unsigned int *needed);
/* TS 23.041 9.4.1.2.1: GS(2) | message code(10) | update number(4). */
uint16_t page_serial(unsigned int gs, unsigned int code, unsigned int update);
/* Page i (0-based) as it goes on air (GSM): 88 octets. */
void page_octets(const struct page_set *set, unsigned int i, uint16_t serial, uint16_t message_identifier, uint8_t out[PAGE_OCTETS]);

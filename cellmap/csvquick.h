/* csvquick: the usual rows of an OpenCelliD table, fast. What is unusual in any way is left to csv_parse(),
 * which gives the same for the usual. */
#pragma once
#include <string.h>
#include "cellmap/cellmap.h"
#include "cellmap/csv.h"

#define CSV_QUICK_PAD 192 /* octets that can be read behind the end, whatever they are */

/* Is this layout the usual one? */
bool csv_quick_layout(const struct csv_layout *l);
/* Takes up to n rows from *text on, which then is behind the last. Fewer at the end, or when csv_parse() must
 * look at the next one (so too when no newline stands before end). */
typedef size_t csv_quick_parser(const char **text, const char *end, struct csv_row *rows, size_t n);
csv_quick_parser csv_quick;
csv_quick_parser csv_quick_young;       /* for machines with AVX-512 and VBMI2 */
csv_quick_parser *csv_quick_best(void); /* for this machine */

/* CELL_RADIO_N: none. Four octets can be read. */
static inline uint8_t csv_quick_radio(const char *at, unsigned int len)
{
#define WORD(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define LETTER(c)        ((c)&31)
	static const struct {
		uint32_t word, mask;
		uint8_t len, radio;
	} radios[32] = {
		[LETTER('G')] = {WORD('G', 'S', 'M', 0), 0xFFFFFF, 3, CELL_GSM},
		[LETTER('U')] = {WORD('U', 'M', 'T', 'S'), 0xFFFFFFFF, 4, CELL_UMTS},
		[LETTER('L')] = {WORD('L', 'T', 'E', 0), 0xFFFFFF, 3, CELL_LTE},
		[LETTER('N')] = {WORD('N', 'R', 0, 0), 0xFFFF, 2, CELL_NR},
		[LETTER('C')] = {WORD('C', 'D', 'M', 'A'), 0xFFFFFFFF, 4, CELL_CDMA},
	};
	unsigned int letter;
	uint32_t word, differs;

	memcpy(&word, at, sizeof(word));
	letter = LETTER(word);
	differs = ((word ^ radios[letter].word) & radios[letter].mask) | (len ^ radios[letter].len);
	return differs ? CELL_RADIO_N : radios[letter].radio;
#undef WORD
#undef LETTER
}

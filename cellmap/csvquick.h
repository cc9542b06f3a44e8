/* csvquick: the usual row of an OpenCelliD table, fast. What is unusual in any way is left to csv_parse(),
 * which gives the same for the usual. */
#pragma once
#include "cellmap/csv.h"

#define CSV_QUICK_PAD 192 /* octets that can be read behind the end, whatever they are */

/* Is this layout the usual one? */
bool csv_quick_layout(const struct csv_layout *l);
/* The row that begins at line. Its length with the newline, or 0 and *row undefined when csv_parse() must
 * look at it; so too when no newline stands before end. */
typedef size_t csv_quick_parser(const char *line, const char *end, struct csv_row *row);
csv_quick_parser csv_quick;
csv_quick_parser csv_quick_young; /* for machines with AVX2, BMI and POPCNT */
uint8_t csv_quick_radio(const char *at, unsigned int len); /* CELL_RADIO_N: none */
/* The best for this machine. */
csv_quick_parser *csv_quick_best(void);

/* csvquick: the usual row of an OpenCelliD table, fast. What is unusual in any way is left to csv_parse(),
 * which gives the same for the usual. */
#pragma once
#include "cellmap/csv.h"

/* Is this layout the usual one? */
bool csv_quick_layout(const struct csv_layout *l);
/* false, and *row undefined, when csv_parse() must look at the line. */
bool csv_quick(const char *line, size_t len, struct csv_row *row);

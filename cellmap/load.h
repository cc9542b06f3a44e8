/* load: a table -> rows, on all cores: each thread reads, parses and adds pieces of it, and the rows keep
 * their order. */
#pragma once
#include "cellmap/build.h"
#include "cellmap/rows.h"

/* Adds to rows and report. 0 or -errno with a sentence in err. */
int load_table(struct rows *rows, const struct cellmap_table *table, const struct cellmap_build_options *o,
	       struct cellmap_report *report, char *err, size_t err_len);

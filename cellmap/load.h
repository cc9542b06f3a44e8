/* load: tables -> rows, on all cores: one thread reads and unpacks, the others parse, and the rows keep their
 * order. */
#pragma once
#include "cellmap/build.h"
#include "cellmap/rows.h"

struct loader;

struct loader *loader_new(void *ctx, struct rows *rows, const struct cellmap_build_options *o,
			  struct cellmap_report *report);
/* Child threads end with the loader. 0 or -errno with a sentence in err. */
int loader_read(struct loader *l, const struct cellmap_table *table, char *err, size_t err_len);

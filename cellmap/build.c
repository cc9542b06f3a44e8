#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/format.h"
#include "cellmap/load.h"
#include "cellmap/mapwrite.h"
#include "cellmap/parallel.h"
#include <errno.h>
#include <inttypes.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

uint64_t cellmap_report_dropped(const struct cellmap_report *r)
{
	uint64_t n = 0;

	for (int i = 0; i < CSV_RESULTS; i++)
		n += r->dropped[i];
	return n;
}

static const char *hint(const struct cellmap_report *r)
{
	return r->dropped[CSV_POSITION_DECIMAL_COMMA] ? "write positions with a decimal point, not a comma"
						      : "check the columns (--columns) or see --rejects FILE";
}

/* Of one table, after it is read: before tells what stood in the report. */
static int refuse_table(const struct cellmap_report *before, const struct cellmap_report *r,
			const struct cellmap_table *table, const struct cellmap_build_options *o, char *err,
			size_t err_len)
{
	uint64_t rows = r->rows_read - before->rows_read;
	uint64_t dropped = cellmap_report_dropped(r) - cellmap_report_dropped(before);

	if (!o->strict || dropped * 1000 <= (uint64_t)o->permille * rows)
		return 0;
	snprintf(err, err_len, "%s: %" PRIu64 " of %" PRIu64 " rows are bad, %u in 1000 are allowed (strict); %s",
		 table->path, dropped, rows, o->permille, hint(r));
	return -EINVAL;
}

static int refuse(const struct cellmap_report *r, const struct cellmap_table *first, char *err,
		  size_t err_len)
{
	uint64_t dropped = cellmap_report_dropped(r);

	if (r->rows_read == dropped && dropped && r->lacks[0])
		snprintf(err, err_len,
			 "%s: the first line names no column for %s; say which columns, or values for all "
			 "rows, "
			 "as --columns radio:LTE,mcc=MCC,lat=LATITUDE,... (see --help)",
			 r->first_path, r->lacks);
	else if (r->rows_read == dropped && dropped == 0)
		snprintf(err, err_len, "%s: holds no rows; a cell-site table is needed", first->path);
	else if (r->rows_read == dropped)
		snprintf(err, err_len, "%s:%" PRIu64 ": %s, and no other row can be used; %s", r->first_path,
			 r->first_line, csv_result_name(r->first_reason), hint(r));
	else
		return 0;
	return -EINVAL;
}

static int read_tables(void *ctx, struct rows *rows, const struct cellmap_table *tables, size_t n_tables,
		       const struct cellmap_build_options *o, struct cellmap_report *report, char *err,
		       size_t err_len)
{
	uint32_t *starts = talloc_array(ctx, uint32_t, n_tables);
	int *priority = talloc_array(ctx, int, n_tables);
	int rc = 0;

	OSMO_ASSERT(starts && priority);
	for (size_t i = 0; i < n_tables && rc == 0; i++) {
		struct cellmap_report before = *report;

		starts[i] = rows->n;
		priority[i] = tables[i].priority;
		rc = load_table(rows, &tables[i], o, report, err, err_len);
		if (rc == 0)
			rc = refuse_table(&before, report, &tables[i], o, err, err_len);
	}
	if (rc == 0)
		rc = refuse(report, &tables[0], err, err_len);
	if (rc == 0)
		report->merged = rows_merge(rows, starts, priority, n_tables, parallel_threads(o->threads));
	report->kept = rows->n_kept;
	return rc;
}

int cellmap_build(const char *path, const struct cellmap_table *tables, size_t n_tables,
		  const struct cellmap_build_options *o, struct cellmap_report *report, char *err,
		  size_t err_len)
{
	static const struct cellmap_build_options none;
	void *ctx = talloc_named_const(NULL, 0, "cellmap_build");
	struct rows *rows = rows_new(ctx);
	struct outfile *out;
	int rc;

	*report = (struct cellmap_report){0};
	o = o ? o : &none;
	rc = outfile_open(ctx, path, &out, err,
			  err_len); /* first: nobody waits for a build that cannot be written */
	if (rc == 0)
		rc = read_tables(ctx, rows, tables, n_tables, o, report, err, err_len);
	if (rc == 0) {
		struct map_header head;

		rc = map_write(rows, out, parallel_threads(o->threads), &head, err, err_len);
		report->networks = head.n_networks;
		report->octets = head.file_size;
		report->cell_not_positive = head.unaddressable[0];
		report->gsm_ci_too_large = head.unaddressable[1];
	}
	if (rc == 0)
		rc = outfile_commit(out, err, err_len);
	talloc_free(ctx);
	return rc;
}

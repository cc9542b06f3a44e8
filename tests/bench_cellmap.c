/* What a circle and a build cost, beside a linear scan and SQLite's R*Tree over the same cells, in one run.
 * Usage: bench_cellmap [CELLS [CIRCLES [FOLDER]]]; the folder gets cells and circles for other rivals. */
#define _GNU_SOURCE
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/cities.h"
#include "cellmap/geo.h"
#include "cellmap/synth.h"

struct bench {
	char csv[64], path[80];
	struct cellmap *map;
	struct cell *cells; /* for the rivals */
	uint32_t n;
	struct geod_geodesic geod;
	uint64_t sum; /* of answers, so that nothing is optimised away */
};

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int put_file(void *arg, const char *data, size_t len)
{
	return fwrite(data, 1, len, arg) == len ? 0 : -1;
}

static void make_map(struct bench *b, uint64_t cells)
{
	struct cellmap_report report;
	char err[256];
	double start;
	FILE *f;

	strcpy(b->csv, "/tmp/bench_cellmap_XXXXXX");
	f = fdopen(mkstemp(b->csv), "w");
	OSMO_ASSERT(f && synth_write(&(struct synth){
				 .cells = cells, .seed = 1, .put = put_file, .put_arg = f}) == 0);
	fclose(f);
	snprintf(b->path, sizeof(b->path), "%s.map", b->csv);
	start = cpu_us();
	if (cellmap_build(b->path, &(struct cellmap_table){.path = b->csv}, 1, NULL, &report, err,
			  sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	printf("build                        %8.0f ns of CPU a row, %.1f octets a cell\n",
	       (cpu_us() - start) * 1e3 / (double)report.rows_read,
	       (double)report.octets / (double)report.kept);
	start = cpu_us();
	OSMO_ASSERT(cellmap_open(NULL, b->path, &b->map, err, sizeof(err)) == 0);
	printf("open                         %8.1f us\n", cpu_us() - start);
	b->n = cellmap_count(b->map);
	b->cells = malloc((size_t)b->n * sizeof(*b->cells));
	for (uint32_t i = 0; i < b->n; i++)
		OSMO_ASSERT(cellmap_get(b->map, i, &b->cells[i]) == 0);
	geo_init(&b->geod);
}

static struct cell_query circle(int i, double radius_m)
{
	size_t n;
	const struct city *list = cities(&n);

	return (struct cell_query){.lat = list[i % (int)n].lat / 100.0,
				   .lon = list[i % (int)n].lon / 100.0,
				   .radius_m = radius_m};
}

static uint64_t ours(struct bench *b, const struct cell_query *q, uint64_t *n_spans)
{
	static struct cell_span spans[1 << 20];
	uint64_t cells = 0;
	size_t n;

	OSMO_ASSERT(cellmap_query(b->map, q, spans, 1 << 20, &n) == 0);
	for (size_t i = 0; i < n; i++)
		cells += spans[i].count;
	*n_spans += n;
	return cells;
}

static int by_cost(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static double run_ours(struct bench *b, int circles, double radius_m, enum cell_select select)
{
	double *cost = malloc((size_t)circles * sizeof(*cost)), mean = 0, p99;
	uint64_t cells = 0, spans = 0;

	for (int i = 0; i < circles; i++)
		cost[i] = INFINITY;
	for (int pass = 0; pass < 6;
	     pass++) { /* the first verifies the blocks; of the others each one's best */
		cells = spans = 0;
		mean = 0;
		for (int i = 0; i < circles; i++) {
			struct cell_query q = circle(i, radius_m);
			double start, spent;

			q.select = select;
			start = cpu_us();
			cells += ours(b, &q, &spans);
			spent = cpu_us() - start;
			cost[i] = pass ? fmin(cost[i], spent) : cost[i];
			mean += pass ? cost[i] / circles : 0;
		}
	}
	qsort(cost, (size_t)circles, sizeof(*cost), by_cost);
	p99 = cost[circles * 99 / 100];
	printf("spans, %4.0f km, %-8s      %8.1f us mean, p99 %8.1f; %9.0f cells in %6.0f spans\n",
	       radius_m / 1000, select == SELECT_SITE ? "site" : "coverage", mean, p99,
	       (double)cells / circles, (double)spans / circles);
	b->sum += cells;
	free(cost);
	return mean;
}

/* Spherical distance with a margin, the geodesic for what lies between. */
static void run_linear(struct bench *b, int circles, double radius_m, double us)
{
	struct geo_xyz *at = malloc((size_t)b->n * sizeof(*at));
	double start, cost;
	uint64_t cells = 0;

	for (uint32_t i = 0; i < b->n; i++)
		at[i] = geo_xyz(b->cells[i].lat, b->cells[i].lon);
	start = cpu_us();
	for (int i = 0; i < circles; i++) {
		struct cell_query q = circle(i, radius_m);
		struct geo_xyz c = geo_xyz(q.lat, q.lon);
		double in = geo_chord_in(radius_m), out = geo_chord_out(radius_m);

		for (uint32_t k = 0; k < b->n; k++) {
			double x = at[k].x - c.x, y = at[k].y - c.y, z = at[k].z - c.z,
			       d = x * x + y * y + z * z;

			cells += d <= in * in ||
				 (d <= out * out && geo_distance_m(&b->geod, q.lat, q.lon, b->cells[k].lat,
								   b->cells[k].lon) <= radius_m);
		}
	}
	cost = (cpu_us() - start) / circles;
	printf("linear scan, %4.0f km, site     %8.1f us mean; ratio %.0f\n", radius_m / 1000, cost,
	       cost / us);
	b->sum += cells;
	free(at);
}

static void fill_rtree(struct bench *b, sqlite3 *db)
{
	sqlite3_stmt *insert;

	OSMO_ASSERT(sqlite3_exec(db, "CREATE VIRTUAL TABLE c USING rtree(id,a,b,c,d); BEGIN", NULL, NULL,
				 NULL) == SQLITE_OK);
	OSMO_ASSERT(sqlite3_prepare_v2(db, "INSERT INTO c VALUES(?,?,?,?,?)", -1, &insert, NULL) ==
		    SQLITE_OK);
	for (uint32_t i = 0; i < b->n; i++) {
		sqlite3_bind_int64(insert, 1, i);
		sqlite3_bind_double(insert, 2, b->cells[i].lat);
		sqlite3_bind_double(insert, 3, b->cells[i].lat);
		sqlite3_bind_double(insert, 4, b->cells[i].lon);
		sqlite3_bind_double(insert, 5, b->cells[i].lon);
		sqlite3_step(insert);
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	OSMO_ASSERT(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
}

/* The box from the index; its corners are not even cut, which flatters it. */
static void run_rtree(struct bench *b, int circles, double radius_m, double us)
{
	sqlite3_stmt *find;
	sqlite3 *db;
	double start, cost;

	OSMO_ASSERT(sqlite3_open(":memory:", &db) == SQLITE_OK);
	fill_rtree(b, db);
	OSMO_ASSERT(sqlite3_prepare_v2(db, "SELECT id FROM c WHERE a>=? AND b<=? AND c>=? AND d<=?", -1,
				       &find, NULL) == SQLITE_OK);
	start = cpu_us();
	for (int i = 0; i < circles; i++) {
		struct cell_query q = circle(i, radius_m);
		double lat = radius_m / 110500, lon = lat / cos(q.lat * M_PI / 180);

		sqlite3_bind_double(find, 1, q.lat - lat);
		sqlite3_bind_double(find, 2, q.lat + lat);
		sqlite3_bind_double(find, 3, q.lon - lon);
		sqlite3_bind_double(find, 4, q.lon + lon);
		while (sqlite3_step(find) == SQLITE_ROW)
			b->sum += (uint64_t)sqlite3_column_int64(find, 0);
		sqlite3_reset(find);
	}
	cost = (cpu_us() - start) / circles;
	printf("SQLite R*Tree, %4.0f km, box    %8.1f us mean; ratio %.0f\n", radius_m / 1000, cost,
	       cost / us);
	sqlite3_finalize(find);
	sqlite3_close(db);
}

static FILE *dump_file(const char *folder, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	OSMO_ASSERT(f);
	return f;
}

static void dump(struct bench *b, const char *folder, int circles, double us)
{
	FILE *f = dump_file(folder, "cells"), *csv = dump_file(folder, "cells.csv");
	uint64_t spans = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		double at[2] = {b->cells[i].lat, b->cells[i].lon};

		fwrite(at, sizeof(at), 1, f);
		fprintf(csv, "%.7f,%.7f\n", at[1], at[0]);
	}
	fclose(f);
	fclose(csv);
	f = dump_file(folder, "circles");
	csv = dump_file(folder, "counts.csv");
	for (int i = 0; i < OSMO_MIN(circles, 50); i++) {
		struct cell_query q = circle(i, 100000);
		double at[2] = {q.lat, q.lon};

		q.select = SELECT_SITE;
		fwrite(at, sizeof(at), 1, f);
		fprintf(csv, "%.2f,%.2f,%llu\n", q.lat, q.lon, (unsigned long long)ours(b, &q, &spans));
	}
	fclose(f);
	fclose(csv);
	f = dump_file(folder, "us");
	fprintf(f, "%.2f\n", us);
	fclose(f);
}

/* Each cell's index, as a caller would copy it. */
static void run_ids(struct bench *b, int circles, double radius_m)
{
	static struct cell_span spans[1 << 20];
	uint32_t *ids = malloc((size_t)b->n * sizeof(*ids));
	double start = 0;

	for (int i = -circles; i < circles; i++) { /* once without the clock */
		struct cell_query q = circle(i < 0 ? i + circles : i, radius_m);
		size_t n, at = 0;

		start = i == 0 ? cpu_us() : start;

		q.select = SELECT_SITE;
		OSMO_ASSERT(cellmap_query(b->map, &q, spans, 1 << 20, &n) == 0);
		for (size_t k = 0; k < n; k++)
			for (uint32_t c = 0; c < spans[k].count; c++)
				ids[at++] = spans[k].first + c;
		b->sum += at ? ids[at / 2] : 0;
	}
	printf("all ids, %4.0f km, site         %8.1f us mean\n", radius_m / 1000,
	       (cpu_us() - start) / circles);
	free(ids);
}

static void run_nearest(struct bench *b, int circles, double radius_m)
{
	double start = cpu_us();

	for (int i = 0; i < circles; i++) {
		struct cell_query q = circle(i, radius_m);
		struct cell_hit *hits;
		size_t n;

		OSMO_ASSERT(cellmap_nearest(NULL, b->map, &q, &hits, &n) == 0);
		b->sum += n;
		talloc_free(hits);
	}
	printf("nearest first, %4.0f km        %8.1f us mean\n", radius_m / 1000,
	       (cpu_us() - start) / circles);
}

int main(int argc, char **argv)
{
	static const double radii[] = {10000, 30000, 100000, 300000, 500000};
	struct bench b = {.n = 0};
	uint64_t cells = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	int circles = argc > 2 ? atoi(argv[2]) : 300;
	double us;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%llu cells, %d circles round cities\n", (unsigned long long)cells, circles);
	make_map(&b, cells);
	for (size_t i = 0; i < sizeof(radii) / sizeof(radii[0]); i++)
		run_ours(&b, circles, radii[i], SELECT_COVERAGE);
	us = run_ours(&b, circles, 100000, SELECT_SITE);
	run_ids(&b, circles, 100000);
	run_nearest(&b, OSMO_MIN(circles, 50), 100000);
	if (argc > 3)
		dump(&b, argv[3], circles, us);
	run_linear(&b, OSMO_MIN(circles, 20), 100000, us);
	run_rtree(&b, OSMO_MIN(circles, 50), 100000, us);
	printf("(sum %llu)\n", (unsigned long long)b.sum);
	cellmap_close(b.map);
	unlink(b.csv);
	unlink(b.path);
	free(b.cells);
	return 0;
}

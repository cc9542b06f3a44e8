/* What a circle and a build cost, beside a linear scan and SQLite's R*Tree over the same cells.
 * Usage: bench_cellmap WHAT CELLS CIRCLES FOLDER. WHAT: ours, linear, rtree, radii (a line of the table of
 * radii) or dump (cells and circles for other rivals). The folder keeps the table of cells, its map and what
 * ours took. */
#define _GNU_SOURCE
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/bigmem.h"
#include "cellmap/build.h"
#include "cellmap/cellmap.h"
#include "cellmap/cities.h"
#include "cellmap/csv.h"
#include "cellmap/geo.h"
#include "cellmap/synth.h"

#define LANES     16
#define HUGE_PAGE (2 << 20)
#define CHUNK     1024 /* cells of the linear scan looked at before it is asked whether one was near the edge */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_MACHINE
#endif

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));

struct bench {
	char csv[512], path[512], us[512];
	const char *folder;
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

static double wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(const struct timeval *after, const struct timeval *before)
{
	return (double)(after->tv_sec - before->tv_sec) + (double)(after->tv_usec - before->tv_usec) / 1e6;
}

static int put_file(void *arg, const char *data, size_t len)
{
	return fwrite(data, 1, len, arg) == len ? 0 : -1;
}

/* The table is made once for all runs. */
static void make_cells(struct bench *b, uint64_t cells)
{
	char part[600];
	double start = cpu_us();
	FILE *f;

	if (access(b->csv, R_OK) == 0)
		return;
	snprintf(part, sizeof(part), "%s.part", b->csv);
	f = fopen(part, "w");
	OSMO_ASSERT(f && synth_write(&(struct synth){
				 .cells = cells, .seed = 1, .put = put_file, .put_arg = f}) == 0);
	OSMO_ASSERT(fclose(f) == 0 && rename(part, b->csv) == 0);
	printf("(%llu cells made in %.1f s of CPU, kept in %s)\n", (unsigned long long)cells,
	       (cpu_us() - start) / 1e6, b->csv);
}

/* User and system time of a build, ns a row. */
static struct cellmap_report build_once(const struct bench *b, double *user, double *sys)
{
	struct cellmap_report report;
	struct rusage before, after;
	char err[256];

	getrusage(RUSAGE_SELF, &before);
	if (cellmap_build(b->path, &(struct cellmap_table){.path = b->csv}, 1, NULL, &report, err,
			  sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	getrusage(RUSAGE_SELF, &after);
	*user = seconds(&after.ru_utime, &before.ru_utime) * 1e9 / (double)report.rows_read;
	*sys = seconds(&after.ru_stime, &before.ru_stime) * 1e9 / (double)report.rows_read;
	return report;
}

/* The first pays for memory too that a virtual machine must first be given by its host; of the others the
 * best. */
static void build(struct bench *b, int again)
{
	double user, sys, best = INFINITY, user_best = 0, first, wall = INFINITY;
	struct cellmap_report report = build_once(b, &user, &sys);
	struct rusage usage;

	first = user + sys;
	getrusage(RUSAGE_SELF, &usage);
	for (int i = 0; i < again; i++) {
		double start = wall_s();

		report = build_once(b, &user, &sys);
		wall = fmin(wall, wall_s() - start);
		user_best = user + sys < best ? user : user_best;
		best = fmin(best, user + sys);
	}
	printf("build                        %8.0f ns of CPU a row with memory fresh from the host, %.1f "
	       "octets a "
	       "cell, peak memory %.2f x the map\n",
	       first, (double)report.octets / (double)report.kept,
	       (double)usage.ru_maxrss * 1024 / (double)report.octets);
	if (again)
		printf("build again                  %8.0f ns of CPU a row, %.0f of them user; %.2f s\n",
		       best, user_best, wall);
}

/* A map at least as new as its table is taken as it is. */
static bool is_built(const struct bench *b)
{
	struct stat table, map;

	return stat(b->csv, &table) == 0 && stat(b->path, &map) == 0 && map.st_mtime >= table.st_mtime;
}

static void open_map(struct bench *b)
{
	char err[256];
	double start = cpu_us();

	if (cellmap_open(NULL, b->path, &b->map, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	printf("open                         %8.1f us\n", cpu_us() - start);
	b->n = cellmap_count(b->map);
	geo_init(&b->geod);
}

/* The cell of a row, unless it was taken before: rivals hold what the map holds, in the table's order. */
static void take_cell(struct bench *b, const struct csv_row *row, uint8_t *taken, uint32_t *n)
{
	struct cell_id id = {
		.mcc = row->mcc, .mnc = row->mnc, .radio = row->radio, .area = row->area, .cell = row->cell};
	uint32_t index;

	if (cellmap_find(b->map, &id, &index) < 0 || taken[index])
		return;
	taken[index] = 1;
	OSMO_ASSERT(cellmap_get(b->map, index, &b->cells[(*n)++]) == 0);
}

static void read_cells(struct bench *b)
{
	uint8_t *taken = calloc(b->n, 1);
	struct csv_layout layout;
	struct csv_row row;
	size_t size = 0;
	uint32_t n = 0;
	char *line = NULL;
	ssize_t len;
	FILE *f = fopen(b->csv, "r");

	b->cells = malloc((size_t)b->n * sizeof(*b->cells));
	OSMO_ASSERT(b->cells && taken && f);
	csv_layout_opencellid(&layout);
	while ((len = getline(&line, &size, f)) > 0)
		if (csv_parse(&layout, line, (size_t)len - (line[len - 1] == '\n'), &row) == CSV_OK)
			take_cell(b, &row, taken, &n);
	OSMO_ASSERT(n == b->n);
	free(line);
	free(taken);
	fclose(f);
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

/* In single precision a place is off by half a metre: three cover it. */
#define LINEAR_MARGIN 3

struct linear {
	float *x, *y, *z;
};

/* Cells certainly inside; *near: some are not certain. */
EACH_MACHINE
static uint32_t scan_chunk(const struct linear *l, size_t from, const float c[3], float in2, float out2,
			   bool *near)
{
	const vf in_most = in2 - (vf){0}, out_most = out2 - (vf){0};
	const vi one = 1 - (vi){0};
	vi inside = {0}, some = {0};
	uint32_t n = 0, n_some = 0;

	for (size_t i = from; i < from + CHUNK; i += LANES) {
		vf x = *(const vf *)&l->x[i] - c[0], y = *(const vf *)&l->y[i] - c[1],
		   z = *(const vf *)&l->z[i] - c[2], d = x * x + y * y + z * z;

		inside += (d <= in_most) & one;
		some += (d <= out_most) & one;
	}
	for (int i = 0; i < LANES; i++) {
		n += (uint32_t)inside[i];
		n_some += (uint32_t)some[i];
	}
	*near = n != n_some;
	return n;
}

/* The chunk again, cell by cell: the geodesic only for those that are not certain. */
static uint64_t linear_exactly(const struct bench *b, const struct linear *l, const struct cell_query *q,
			       size_t from, const float c[3], float in2, float out2)
{
	uint64_t n = 0;

	for (size_t i = from; i < OSMO_MIN(from + CHUNK, (size_t)b->n); i++) {
		float x = l->x[i] - c[0], y = l->y[i] - c[1], z = l->z[i] - c[2], d = x * x + y * y + z * z;

		n += d <= in2 || (d <= out2 && geo_distance_m(&b->geod, q->lat, q->lon, b->cells[i].lat,
							      b->cells[i].lon) <= q->radius_m);
	}
	return n;
}

static uint64_t linear_circle(struct bench *b, const struct linear *l, const struct cell_query *q)
{
	struct geo_xyz at = geo_xyz(q->lat, q->lon);
	const float c[3] = {(float)at.x, (float)at.y, (float)at.z};
	float in = (float)geo_chord_in(q->radius_m) - LINEAR_MARGIN,
	      out = (float)geo_chord_out(q->radius_m) + LINEAR_MARGIN;
	uint64_t cells = 0;

	for (size_t i = 0; i < b->n; i += CHUNK) {
		bool near;
		uint32_t n = scan_chunk(l, i, c, in * in, out * out, &near);

		cells += near ? linear_exactly(b, l, q, i, c, in * in, out * out) : n;
	}
	return cells;
}

static void run_linear(struct bench *b, int circles, double radius_m)
{
	size_t room = (((size_t)b->n + CHUNK) * sizeof(float) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	struct linear l = {bigmem_take(room), bigmem_take(room), bigmem_take(room)};
	uint64_t spans = 0, differ = 0;
	double cost = 0;

	/* zeros, what is behind the last cell, are inside the earth */
	for (uint32_t i = 0; i < b->n; i++) {
		struct geo_xyz at = geo_xyz(b->cells[i].lat, b->cells[i].lon);

		l.x[i] = (float)at.x;
		l.y[i] = (float)at.y;
		l.z[i] = (float)at.z;
	}
	for (int i = 0; i < circles; i++) {
		struct cell_query q = circle(i, radius_m);
		double start = cpu_us();
		uint64_t cells = linear_circle(b, &l, &q);

		cost += (cpu_us() - start) / circles;
		q.select = SELECT_SITE;
		differ += cells != ours(b, &q, &spans);
	}
	printf("mean %.1f\n", cost);
	printf("linear scan: %llu of %d circles have another count\n", (unsigned long long)differ, circles);
	OSMO_ASSERT(differ == 0);
}

static void fill_rtree(struct bench *b, sqlite3 *db)
{
	sqlite3_stmt *insert;

	OSMO_ASSERT(sqlite3_exec(db,
				 "PRAGMA journal_mode=off; PRAGMA synchronous=off; PRAGMA cache_size=-2000000;"
				 "CREATE VIRTUAL TABLE c USING rtree(id,a,b,c,d); BEGIN",
				 NULL, NULL, NULL) == SQLITE_OK);
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

/* Filling it takes minutes: it is kept beside the table, and read into memory. */
static sqlite3 *open_rtree(struct bench *b)
{
	char path[520], part[528];
	struct stat table, tree;
	sqlite3 *file, *db;
	sqlite3_backup *copy;

	snprintf(path, sizeof(path), "%s.rtree", b->csv);
	snprintf(part, sizeof(part), "%s.part", path);
	OSMO_ASSERT(stat(b->csv, &table) == 0);
	if (stat(path, &tree) < 0 || tree.st_mtime < table.st_mtime) {
		unlink(part);
		OSMO_ASSERT(sqlite3_open(part, &file) == SQLITE_OK);
		fill_rtree(b, file);
		OSMO_ASSERT(sqlite3_close(file) == SQLITE_OK && rename(part, path) == 0);
	}
	OSMO_ASSERT(sqlite3_open(path, &file) == SQLITE_OK && sqlite3_open(":memory:", &db) == SQLITE_OK);
	copy = sqlite3_backup_init(db, "main", file, "main");
	OSMO_ASSERT(copy && sqlite3_backup_step(copy, -1) == SQLITE_DONE && sqlite3_backup_finish(copy) == SQLITE_OK);
	sqlite3_close(file);
	return db;
}

/* The box from the index; its corners are not even cut, which flatters it. */
static void run_rtree(struct bench *b, int circles, double radius_m)
{
	sqlite3_stmt *find;
	sqlite3 *db;
	double start, cost;

	db = open_rtree(b);
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
	printf("mean %.1f\n", cost);
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

static void dump(struct bench *b, const char *folder, int circles)
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
	for (int i = 0; i < circles; i++) {
		struct cell_query q = circle(i, 100000);
		double at[2] = {q.lat, q.lon};

		q.select = SELECT_SITE;
		fwrite(at, sizeof(at), 1, f);
		fprintf(csv, "%.2f,%.2f,%llu\n", q.lat, q.lon, (unsigned long long)ours(b, &q, &spans));
	}
	fclose(f);
	fclose(csv);
}

/* Each cell's index, as a caller would copy it. */
static void run_ids(struct bench *b, int circles, double radius_m)
{
	static struct cell_span spans[1 << 20];
	uint32_t *ids = malloc((size_t)b->n * sizeof(*ids));
	double start = 0;

	for (int i = -circles; i < circles; i++) { /* once without the clock */
		struct cell_query q = circle(i < 0 ? i + circles : i, radius_m);
		size_t n, at;

		start = i == 0 ? cpu_us() : start;
		q.select = SELECT_SITE;
		OSMO_ASSERT(cellmap_query(b->map, &q, spans, 1 << 20, &n) == 0);
		at = cell_spans_indices(spans, n, ids);
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

		q.select = SELECT_SITE;
		OSMO_ASSERT(cellmap_nearest(NULL, b->map, &q, &hits, &n) == 0);
		b->sum += n;
		talloc_free(hits);
	}
	printf("nearest first, %4.0f km        %8.1f us mean\n", radius_m / 1000,
	       (cpu_us() - start) / circles);
}

static const double radii[] = {10000, 30000, 100000, 300000, 500000};

static void run_radii(struct bench *b, uint64_t cells, int circles)
{
	double us[5];

	for (int i = 0; i < 5; i++)
		us[i] = run_ours(b, circles, radii[i], SELECT_SITE);
	printf("| %4llu M |", (unsigned long long)cells / 1000000);
	for (int i = 0; i < 5; i++)
		printf(" %7.1f |", us[i]);
	printf(" us by 10, 30, 100, 300, 500 km\n");
}

static void run_all_ours(struct bench *b, int circles)
{
	double us;
	FILE *f;

	for (size_t i = 0; i < sizeof(radii) / sizeof(radii[0]); i++)
		run_ours(b, circles, radii[i], SELECT_COVERAGE);
	us = run_ours(b, circles, 100000, SELECT_SITE);
	run_ids(b, circles, 100000);
	run_nearest(b, OSMO_MIN(circles, 50), 100000);
	f = fopen(b->us, "w");
	OSMO_ASSERT(f && fprintf(f, "%.2f\n", us) > 0 && fclose(f) == 0);
}

int main(int argc, char **argv)
{
	const char *what = argc == 5 ? argv[1] : "";
	uint64_t cells = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;
	int circles = argc == 5 ? atoi(argv[3]) : 0;
	struct bench b = {.folder = argc == 5 ? argv[4] : NULL};
	bool own = !strcmp(what, "ours") || !strcmp(what, "radii");

	if (cells < 1000 || circles < 1) {
		fprintf(stderr, "usage: bench_cellmap ours|linear|rtree|radii|dump CELLS CIRCLES FOLDER\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(b.csv, sizeof(b.csv), "%s/%llu.csv", b.folder, (unsigned long long)cells);
	snprintf(b.path, sizeof(b.path), "%s/%llu.map", b.folder, (unsigned long long)cells);
	snprintf(b.us, sizeof(b.us), "%s/%llu.us", b.folder, (unsigned long long)cells);
	if (own) {
		printf("%llu cells, %d circles round cities\n", (unsigned long long)cells, circles);
		make_cells(&b, cells);
		if (!strcmp(what, "ours"))
			build(&b, 3);
		else if (!is_built(&b))
			build(&b, 0);
	}
	open_map(&b);
	if (!own)
		read_cells(&b);
	if (!strcmp(what, "ours"))
		run_all_ours(&b, circles);
	else if (!strcmp(what, "radii"))
		run_radii(&b, cells, circles);
	else if (!strcmp(what, "linear"))
		run_linear(&b, circles, 100000);
	else if (!strcmp(what, "rtree"))
		run_rtree(&b, circles, 100000);
	else
		dump(&b, b.folder, circles);
	cellmap_close(b.map);
	free(b.cells);
	return 0;
}

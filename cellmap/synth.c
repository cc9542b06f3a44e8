#define _GNU_SOURCE
#include "cellmap/synth.h"
#include "cellmap/cellmap.h"
#include "cellmap/cities.h"
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 160
#define AREA_CELLS   400  /* cells of a location or tracking area, about */
#define Q            20   /* fixed point of the place within a city */
#define MICRO_PER_KM 8983 /* 1e-6 degree of latitude in a kilometre */
#define HEADER       "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n"
#define FIRST_DAY    1500000000u
#define DAYS_S       200000000u

/* 1024 / cos(latitude in degrees) */
static const uint16_t secant[] = {1024, 1024, 1025, 1025, 1027, 1028, 1030, 1032, 1034, 1037, 1040, 1043,
				  1047, 1051, 1055, 1060, 1065, 1071, 1077, 1083, 1090, 1097, 1104, 1112,
				  1121, 1130, 1139, 1149, 1160, 1171, 1182, 1195, 1207, 1221, 1235, 1250,
				  1266, 1282, 1299, 1318, 1337, 1357, 1378, 1400, 1424, 1448, 1474, 1501,
				  1530, 1561, 1593, 1627, 1663, 1702, 1742, 1785, 1831, 1880, 1932, 1988};

struct out {
	const struct synth *s;
	uint64_t random, rows, negative;
	size_t len;
	int rc;
	char buf[1 << 16];
};

/* Networks of the country and what share of cells (in 1/100) each radio has of them. */
static const struct operator
{
	uint16_t net;
	uint8_t share, radio[4];
}
operators[] = {{0, 45, {20, 5, 50, 25}},
	       {1, 22, {5, 20, 50, 25}},
	       {11, 28, {0, 0, 65, 35}},
	       {15, 5, {0, 0, 10, 90}}};

#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

/* Shortest and longest of the measured ranges, and the first area code. */
static const struct technology {
	uint32_t range_lo, range_hi, first_area;
} technologies[4] = {{1200, 12000, 4301}, {600, 5000, 20001}, {500, 6000, 30001}, {200, 1600, 100001}};

/* Cells of one operator, radio and city, cut into areas of neighbours: a grid of equal shares of the people.
 */
struct group {
	const struct city *city;
	uint16_t net;
	uint8_t radio;
	uint32_t side, first_area; /* side x side areas */
	uint32_t *sites;           /* so far, per area */
};

struct site {
	int64_t lat, lon; /* 1e-6 degree */
	uint32_t area, number, node;
};

struct counters {
	uint32_t area[OPERATORS][4], node[OPERATORS];
};

/* splitmix64 */
static uint64_t rnd(struct out *o)
{
	uint64_t z = (o->random += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static uint32_t below(struct out *o, uint32_t n)
{
	return (uint32_t)((rnd(o) >> 32) * n >> 32);
}

static char *put_number(char *p, uint64_t v)
{
	char text[20];
	int n = 0;

	do
		text[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = text[--n];
	return p;
}

static char *put_degrees(char *p, int64_t micro)
{
	uint64_t v = (uint64_t)(micro < 0 ? -micro : micro);

	if (micro < 0)
		*p++ = '-';
	p = put_number(p, v / 1000000);
	*p++ = '.';
	for (uint64_t unit = 100000, rest = v % 1000000; unit; unit /= 10)
		*p++ = (char)('0' + rest / unit % 10);
	return p;
}

static void flush(struct out *o)
{
	if (o->rc == 0 && o->len)
		o->rc = o->s->put(o->s->put_arg, o->buf, o->len);
	o->len = 0;
}

static void put_text(struct out *o, const char *text, size_t len)
{
	if (o->len + len > sizeof(o->buf))
		flush(o);
	memcpy(o->buf + o->len, text, len);
	o->len += len;
}

static uint32_t integer_root(uint32_t n)
{
	uint32_t r = 1;

	while ((r + 1) * (r + 1) <= n)
		r++;
	return r;
}

static int64_t integer_root64(int64_t n)
{
	int64_t r = 0;

	for (int64_t bit = INT64_C(1) << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

/* From a place in the square, -2^Q..2^Q each way, to metres from the middle of the city: rings of the square
 * become circles, dense inside and thin outside (0.6 m^2 + 0.4 m^4 + 3 m^8). The map is continuous:
 * neighbours stay neighbours. */
static void spread(int64_t *x, int64_t *y, uint32_t thousands)
{
	int64_t m = OSMO_MAX(llabs(*x), llabs(*y)), m2 = m * m >> Q, m4 = m2 * m2 >> Q, m8 = m4 * m4 >> Q;
	int64_t metres = (m2 * 6 / 10 + m4 * 4 / 10 + m8 * 3) * 250 * integer_root(thousands) / (1 << Q);
	int64_t r = integer_root64(*x * *x + *y * *y);

	*x = r ? *x * metres / r : 0;
	*y = r ? *y * metres / r : 0;
}

static struct site make_site(struct out *o, struct group *g, uint32_t *node)
{
	uint32_t u = below(o, 1 << Q), v = below(o, 1 << Q), degree = OSMO_MIN(g->city->lat / 100u, 59u);
	uint32_t tile =
		(uint32_t)((uint64_t)v * g->side >> Q) * g->side + (uint32_t)((uint64_t)u * g->side >> Q);
	struct site s = {.area = g->first_area + tile, .number = ++g->sites[tile], .node = ++*node};
	int64_t x = 2 * (int64_t)u - (1 << Q), y = 2 * (int64_t)v - (1 << Q);

	spread(&x, &y, g->city->thousands);
	s.lat = g->city->lat * 10000 + y * MICRO_PER_KM / 1000;
	s.lon = g->city->lon * 10000 + x * MICRO_PER_KM / 1000 * secant[degree] / 1024;
	return s;
}

static uint64_t cell_number(const struct group *g, const struct site *s, uint32_t sector)
{
	switch (g->radio) {
	case CELL_GSM:
		return s->number * 10 % 65530 + sector;
	case CELL_UMTS:
		return (uint64_t)(s->area % 4095 + 1) << 16 | (s->number * 10 % 65530 + sector);
	case CELL_LTE:
		return (uint64_t)(s->node & 0xFFFFF) << 8 | sector;
	default:
		return (uint64_t)(s->node & 0xFFFFFF) << 12 | sector;
	}
}

/* Few sightings give exactly 1000, none give 0 or nothing; a few ranges are absurd. */
static char *put_range(struct out *o, char *p, const struct technology *t)
{
	uint32_t dice = below(o, 1000);

	if (dice < 60)
		return p;
	if (dice < 120)
		return put_number(p, 0);
	if (dice < 600)
		return put_number(p, 1000);
	if (dice < 603)
		return put_number(p, 20000 + below(o, 80000));
	return put_number(p, t->range_lo +
				     below(o, t->range_hi - t->range_lo) * (uint64_t)below(o, 1000) / 1000);
}

/* What one row says; dirt changes it before it is written. */
struct row {
	const char *radio;
	uint16_t net;
	uint32_t area, samples, created, updated;
	uint64_t cell;
	bool negative, placed, crlf;
	int64_t lat, lon;
	const struct technology *technology;
};

static void put_row(struct out *o, const struct row *r)
{
	char line[LINE_MAX_LEN], *p = line;

	p = stpcpy(p, r->radio);
	p = stpcpy(p, ",460,");
	p = put_number(p, r->net);
	*p++ = ',';
	p = put_number(p, r->area);
	p = stpcpy(p, r->negative ? ",-" : ",");
	p = put_number(p, r->cell);
	p = stpcpy(p, ",0,");
	if (r->placed) {
		p = put_degrees(p, r->lon);
		*p++ = ',';
		p = put_degrees(p, r->lat);
	} else {
		*p++ = ',';
	}
	*p++ = ',';
	p = put_range(o, p, r->technology);
	*p++ = ',';
	p = put_number(p, r->samples);
	p = stpcpy(p, ",1,");
	p = put_number(p, r->created);
	*p++ = ',';
	p = put_number(p, r->updated);
	p = stpcpy(p, r->crlf ? ",0\r\n" : ",0\n");
	put_text(o, line, (size_t)(p - line));
}

/* Rows that a reader must drop or merge, and rows that it must keep and never address. */
static void put_with_dirt(struct out *o, struct row *r)
{
	struct row bad = *r;
	uint32_t dice = below(o, 10000);

	if (dice == 0) {
		r->cell = o->negative++;
		r->negative = r->cell != 0;
	} else if (dice == 1 && r->technology == &technologies[CELL_GSM]) {
		r->cell += 65536;
	}
	r->crlf = dice % 100 == 7;
	put_row(o, r);
	if (dice >= 10 && dice < 20) {
		bad.updated = bad.created - 1; /* an older sighting elsewhere: it must lose */
		bad.lat += 20000;
	} else if (dice == 20 || dice == 21) {
		bad.lat = bad.lon = 0;
	} else if (dice == 22) {
		bad.placed = false;
	} else if (dice == 23) {
		bad.radio = "WIMAX";
	} else if (dice == 24) {
		bad.lat += 90000000;
	} else {
		return;
	}
	put_row(o, &bad);
}

static void put_cell(struct out *o, const struct group *g, const struct site *s, uint32_t sector)
{
	uint32_t created = FIRST_DAY + below(o, DAYS_S);
	struct row r = {.radio = cell_radio_name(g->radio),
			.net = g->net,
			.area = s->area,
			.cell = cell_number(g, s, sector),
			.placed = true,
			.samples = 1 + below(o, 40) * below(o, 50),
			.created = created,
			.updated = created + below(o, FIRST_DAY + DAYS_S - created + 1),
			.lat = s->lat + below(o, 2700) - 1350,
			.lon = s->lon + below(o, 2700) - 1350,
			.technology = &technologies[g->radio]};

	if (o->s->clean)
		put_row(o, &r);
	else
		put_with_dirt(o, &r);
	o->rows++;
	if (o->rows == o->s->cells / 2 && !o->s->clean)
		put_text(o, HEADER, strlen(HEADER)); /* as when somebody joined two tables */
	if (o->rows % 65536 == 0 && o->s->progress)
		o->s->progress(o->s->progress_arg, "writing", o->rows, o->s->cells);
}

static void put_group(struct out *o, struct group *g, uint64_t cells, struct counters *count, size_t op)
{
	uint64_t areas = cells / AREA_CELLS + 1;

	g->side = integer_root((uint32_t)OSMO_MIN(areas, UINT64_C(40000)));
	g->first_area = technologies[g->radio].first_area + count->area[op][g->radio];
	count->area[op][g->radio] += g->side * g->side;
	g->sites = calloc((size_t)g->side * g->side, sizeof(*g->sites));
	OSMO_ASSERT(g->sites);
	while (cells > 0 && o->rc == 0) {
		struct site s = make_site(o, g, &count->node[op]);

		for (uint32_t sector = 1; sector <= 3 && cells > 0; sector++, cells--)
			put_cell(o, g, &s, sector);
	}
	free(g->sites);
}

/* Shares of a whole by running sums, so that they add up exactly. */
static uint64_t share(uint64_t whole, uint64_t part, uint64_t before, uint64_t all)
{
	return (uint64_t)((unsigned __int128)whole * (before + part) / all -
			  (unsigned __int128)whole * before / all);
}

static void put_city(struct out *o, const struct city *city, uint64_t cells, struct counters *count)
{
	uint32_t before = 0;

	for (size_t op = 0; op < OPERATORS; op++) {
		uint64_t of_operator = share(cells, operators[op].share, before, 100);
		uint32_t radios = 0;

		before += operators[op].share;
		for (uint8_t radio = 0; radio < 4; radio++) {
			struct group g = {.city = city, .net = operators[op].net, .radio = radio};
			uint64_t n = share(of_operator, operators[op].radio[radio], radios, 100);

			radios += operators[op].radio[radio];
			if (n)
				put_group(o, &g, n, count, op);
		}
	}
}

int synth_write(const struct synth *s)
{
	struct out *o = calloc(1, sizeof(*o));
	struct counters count = {0};
	uint64_t people = 0, before = 0;
	const struct city *list;
	size_t n;
	int rc;

	OSMO_ASSERT(o);
	o->s = s;
	o->random = s->seed;
	list = cities(&n);
	for (size_t i = 0; i < n; i++)
		people += list[i].thousands;
	put_text(o, HEADER, strlen(HEADER));
	for (size_t i = 0; i < n && o->rc == 0; i++) {
		put_city(o, &list[i], share(s->cells, list[i].thousands, before, people), &count);
		before += list[i].thousands;
	}
	flush(o);
	rc = o->rc;
	free(o);
	return rc;
}

/* The circle query: per group of a network the rows that the circle crosses; in a row the cells between two
 * longitudes are inside unseen, those round the two ends are tested. */
#include "cellmap/map.h"
#include "cellmap/rim.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/utils.h>
#include <string.h>

#define RADIUS_TOP_M 20037000.0
#define ALL_RADIOS   ((1u << CELL_RADIO_N) - 1)
#define RADIAN_E7    (M_PI / 180 * 1e-7)
#define TURN         INT64_C(3600000000)
#define AXIS         6378137.0
/* Chord from which on the distance along a meridian might not grow with the latitude's difference any more. */
#define NEARLY_ACROSS 1.27e7

struct run {
	const struct cellmap *map;
	const struct cell_query *q;
	struct geo_xyz xyz;
	struct rim_centre centre;
	double max_range_m;         /* 0 for SITE */
	int64_t south, north, wide; /* no cell farther in latitude, or in longitude from the centre, is inside */
	uint32_t radio_mask;
	struct cell_span *spans;
	size_t max, n;
	uint32_t end; /* of the last span */
};

/* A group while it is looked at. */
struct pass {
	const struct map_group *g;
	struct rim rim;
	double in2, out2; /* squared chords that decide whole rows */
	bool rough;       /* no polynomials: each cell by itself, if its longitude is within these */
	int64_t west, east;
};

/* Cells [from, to) of a row with the longitudes that decide, on one turn: all of [in_west, in_east] are
 * inside, none outside [west, east]. */
struct window {
	uint32_t from, to;
	int64_t west, in_west, in_east, east;
};

uint32_t map_range(uint8_t radio, uint32_t range_m)
{
	static const uint16_t unknown[8] = {[CELL_GSM] = 5000,
					    [CELL_UMTS] = 2000,
					    [CELL_LTE] = 2000,
					    [CELL_NR] = 1000,
					    [CELL_CDMA] = 5000};

	return range_m ? range_m : unknown[radio & 7];
}

const char *cell_query_error(const struct cell_query *q)
{
	if (!isfinite(q->lat) || !isfinite(q->lon))
		return "the centre's coordinates are not numbers";
	if (fabs(q->lat) > 90)
		return "the centre's latitude is not within -90..90";
	if (fabs(q->lon) > 180)
		return "the centre's longitude is not within -180..180";
	if (!(q->radius_m > 0) || q->radius_m > RADIUS_TOP_M)
		return "the radius is not above 0 and at most 20037 km";
	if (!(q->max_range_m >= 0) || q->max_range_m > RADIUS_TOP_M)
		return "the largest range is not within 0..20037000 m";
	if (q->select != SELECT_COVERAGE && q->select != SELECT_SITE)
		return "the selection is neither coverage nor site";
	return NULL;
}

static void emit(struct run *r, uint32_t first, uint32_t count)
{
	if (count == 0)
		return;
	if (r->n == 0 || r->end != first) {
		if (r->n < r->max)
			r->spans[r->n] = (struct cell_span){first, 0};
		r->n++;
	}
	if (r->n <= r->max)
		r->spans[r->n - 1].count += count;
	r->end = first + count;
}

static bool cell_inside(const struct run *r, uint32_t i)
{
	uint32_t word = r->map->ranges[i];
	double lat = map_lat(r->map, i) / 1e7, lon = map_lon(r->map, i) / 1e7;
	double limit =
		r->q->radius_m + fmin(map_range(map_word_radio(word), map_word_range(word)), r->max_range_m);
	struct geo_xyz at = geo_xyz(lat, lon);
	double chord = geo_chord(&r->xyz, &at);

	if (chord <= geo_chord_in(limit))
		return true;
	if (chord > geo_chord_out(limit))
		return false;
	return geo_distance_m(&r->map->geod, r->q->lat, r->q->lon, lat, lon) <= limit;
}

/* Runs of ones in a block's bits. */
static void emit_bits(struct run *r, uint32_t first, uint64_t bits)
{
	while (bits) {
		int at = __builtin_ctzll(bits), n = ~(bits >> at) ? __builtin_ctzll(~(bits >> at)) : 64;

		emit(r, first + (uint32_t)at, (uint32_t)n);
		if (at + n >= 64)
			return;
		bits &= ~UINT64_C(0) << (at + n);
	}
}

static uint64_t lon_bits(const struct map_block *b, int64_t west, int64_t east)
{
	uint64_t bits = 0;

	for (int i = 0; i < MAP_BLOCK; i++)
		bits |= (uint64_t)(b->lon[i] >= west && b->lon[i] <= east) << i;
	return bits;
}

/* Cells [from, to) of one block, one by one. */
static int test_block(struct run *r, struct pass *p, uint32_t from, uint32_t to)
{
	uint32_t first = from / MAP_BLOCK * MAP_BLOCK;
	const struct map_block *b = &r->map->blocks[from / MAP_BLOCK];
	const uint32_t *words = &r->map->ranges[first];
	uint64_t inside = 0, perhaps = ~UINT64_C(0), mask = ~UINT64_C(0) << (from - first);

	if (to - first < MAP_BLOCK)
		mask &= (UINT64_C(1) << (to - first)) - 1;
	if (!map_ok(r->map, b) || ((p->rough || p->rim.by_range) && !map_ok(r->map, words)))
		return -EBADMSG;
	if (p->rough)
		perhaps = lon_bits(b, p->west, p->east);
	else
		rim_test(&p->rim, b, words, &inside, &perhaps);
	inside &= mask;
	for (perhaps &= mask; perhaps; perhaps &= perhaps - 1) {
		int i = __builtin_ctzll(perhaps);

		if (!map_ok(r->map, words))
			return -EBADMSG;
		inside |= (uint64_t)cell_inside(r, first + (uint32_t)i) << i;
	}
	emit_bits(r, first, inside);
	return 0;
}

/* The first of the blocks (lo, hi] whose cells' longitudes are all at or above `floor` (>> MAP_LON_SHIFT), or
 * hi + 1. */
static uint32_t find_block(const struct cellmap *map, uint32_t lo, uint32_t hi, int64_t floor)
{
	const int32_t *lon = &map->lons[lo + 1];
	uint32_t n = hi - lo;

	while (n > 0) {
		uint32_t half = (n + 1) / 2;

		lon += lon[half - 1] >> MAP_LON_SHIFT < floor ? half : 0;
		n -= half;
	}
	return (uint32_t)(lon - map->lons);
}

static bool lons_ok(const struct cellmap *map, uint32_t first, uint32_t last)
{
	const uint32_t step = MAP_UNIT / sizeof(*map->lons);

	for (uint32_t i = first / step; i <= last / step; i++)
		if (!map_ok(map, &map->lons[(size_t)i * step]))
			return false;
	return true;
}

/* Blocks that the window cuts are tested; those whose neighbours' longitudes prove them inside are not seen. */
static int scan_window(struct run *r, struct pass *p, const struct window *w)
{
	const struct cellmap *map = r->map;
	uint32_t first = w->from / MAP_BLOCK, last = (w->to - 1) / MAP_BLOCK;
	int64_t top = w->in_east >> MAP_LON_SHIFT; /* lowest digits unknown: only below it for certain */
	uint32_t begin, end, in_begin, in_end;

	if (!lons_ok(map, first, last))
		return -EBADMSG;
	begin = find_block(map, first, last, w->west >> MAP_LON_SHIFT) - 1;
	end = find_block(map, first, last, (w->east >> MAP_LON_SHIFT) + 1);
	if (begin >= end)
		return -EBADMSG; /* not ascending */
	in_begin = w->in_west <= w->in_east
			   ? find_block(map, begin, end - 1, (w->in_west >> MAP_LON_SHIFT) + 1)
			   : end;
	in_end = in_begin < end ? find_block(map, in_begin - 1, end - 1, top) : end;
	in_end = in_end > in_begin ? in_end - 1 : in_begin; /* its own cells may reach over */
	if (in_end <= in_begin)
		in_begin = in_end = end;
	for (uint32_t i = begin; i < end; i++) {
		uint32_t from = OSMO_MAX(w->from, i * MAP_BLOCK), to;

		if (i == in_begin) {
			i = in_end - 1;
			emit(r, from, in_end * MAP_BLOCK - from);
			continue;
		}
		to = i == last ? w->to : (i + 1) * MAP_BLOCK;
		if (test_block(r, p, from, to) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* Half the difference of longitude at which 1 - cos is v. */
static inline double half_width(double v)
{
	return v >= 2 ? M_PI : v <= 0 ? 0 : 2 * asin(sqrt(v / 2));
}

/* An edge between rows: squared distance from the centre in the plane of the axis, and twice the product of
 * the distances from the axis. */
struct edge {
	double a, b;
};

static struct edge edge_at(const struct run *r, int64_t lat_e7)
{
	double lat = fmin(fmax((double)lat_e7, -9e8), 9e8) * RADIAN_E7;
	struct geo_xyz at = geo_xyz(lat * (180 / M_PI), 0);
	double x = at.x - r->centre.rho, y = at.z - r->centre.z;

	return (struct edge){x * x + y * y, 2 * r->centre.rho * fmax(at.x, 0)};
}

/* A row in whichever of three turns about the centre it lies; ascending. */
static int scan_turns(struct run *r, struct pass *p, uint32_t from, uint32_t to, double in, double out)
{
	int64_t wide = (int64_t)ceil(out / RADIAN_E7) + 2, narrow = (int64_t)floor(in / RADIAN_E7) - 2;

	for (int64_t turn = -TURN; turn <= TURN; turn += TURN) {
		int64_t lon = (int64_t)floor(r->centre.lon) + turn;
		struct window w = {from, to, lon - wide, lon + 1 - narrow, lon + narrow, lon + wide + 1};

		if (w.east < -TURN / 2 || w.west > TURN / 2)
			continue;
		p->west = w.west;
		p->east = w.east;
		p->rim.lon = r->centre.lon + (double)turn;
		if (scan_window(r, p, &w) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int test_all(struct run *r, struct pass *p, uint32_t from, uint32_t to)
{
	bool rough = p->rough;
	int rc = 0;

	p->rough = true;
	p->west = INT32_MIN;
	p->east = INT32_MAX;
	for (uint32_t next; from < to && rc == 0; from = next) {
		next = OSMO_MIN(to, (from / MAP_BLOCK + 1) * MAP_BLOCK);
		rc = test_block(r, p, from, next);
	}
	p->rough = rough;
	return rc;
}

/* A row between two latitudes. The squared distance in the plane of the axis grows with the latitude's
 * difference (while tan of half of that is below 2 b^2 / (a^2 - b^2), 89.8 degree), the distance from the axis
 * falls from the equator on; so over the row the squared chord at a difference of longitude with 1 - cos = v lies
 * within [a_min + b_min v, a_max + b_max v]. */
static int scan_row(struct run *r, struct pass *p, uint32_t from, uint32_t to, int64_t south,
		    const struct edge e[2])
{
	int64_t height = INT64_C(1) << p->g->shift;
	bool here = r->centre.lat >= (double)south && r->centre.lat <= (double)(south + height);
	double a_min = here ? 0 : fmin(e[0].a, e[1].a), a_max = fmax(e[0].a, e[1].a);
	double b_min = fmin(e[0].b, e[1].b),
	       b_max = south < 0 && south + height > 0 ? 2 * r->centre.rho * AXIS : fmax(e[0].b, e[1].b);
	double out, in;

	if (a_min * (1 - 1e-9) > p->out2)
		return 0;
	out = half_width((p->out2 - a_min * (1 - 1e-9)) / fmax(b_min, 1e-30) * (1 + 1e-12));
	in = half_width((p->in2 - a_max) / fmax(b_max, 1e-30) * (1 - 1e-12));
	if (in >= M_PI) {
		emit(r, from, to - from);
		return 0;
	}
	if (out > M_PI - 1e-4)
		return test_all(r, p, from, to);
	p->rough = height / 2 > RIM_HALF_MAX || out > RIM_LON_MAX;
	if (!p->rough)
		rim_row(&p->rim, &r->centre, (double)(south + height / 2), (double)height / 2, out);
	return scan_turns(r, p, from, to, in, out);
}

/* The rows of a group that the circle may touch. */
static void rows_within(const struct run *r, const struct map_group *g, int64_t *lo, int64_t *hi)
{
	int64_t south = (r->south + 900000000) >> g->shift, north = (r->north + 900000000) >> g->shift;

	*lo = OSMO_MAX(south - g->row, 0);
	*hi = OSMO_MIN(north - g->row + 1, (int64_t)g->n_rows);
}

static int scan_rows(struct run *r, struct pass *p, int64_t lo, int64_t hi)
{
	const struct map_group *g = p->g;
	const uint32_t *rows = &r->map->rows[g->first_row];
	int64_t south = ((int64_t)g->row + lo) * (INT64_C(1) << g->shift) - 900000000;
	struct edge e[2];
	bool known = false;

	for (int64_t i = lo; i < hi; i++, south += INT64_C(1) << g->shift) {
		uint32_t from, to;

		if (!map_ok(r->map, &rows[i]) || (i + 1 < g->n_rows && !map_ok(r->map, &rows[i + 1])))
			return -EBADMSG;
		from = rows[i];
		to = i + 1 < g->n_rows ? rows[i + 1] : g->first + g->count;
		if (from < g->first || to < from || to > g->first + g->count)
			return -EBADMSG;
		if (from == to) {
			known = false;
			continue;
		}
		e[0] = known ? e[1] : edge_at(r, south);
		e[1] = edge_at(r, south + (INT64_C(1) << g->shift));
		known = true;
		if (scan_row(r, p, from, to, south, e) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* May longitudes [west, east] hold a cell that is inside? */
static bool lon_near(const struct run *r, int64_t west, int64_t east)
{
	int64_t lon = (int64_t)r->centre.lon;

	for (int64_t turn = -TURN; turn <= TURN; turn += TURN)
		if (west <= lon + turn + r->wide && east >= lon + turn - r->wide)
			return true;
	return false;
}

static int scan_group(struct run *r, const struct map_group *g)
{
	struct pass p = {.g = g};
	double least = fmin(g->range_min, r->max_range_m), most = fmin(g->range_max, r->max_range_m);
	double in, out;
	int64_t lo, hi;

	if (!(r->radio_mask >> g->radio & 1) || !lon_near(r, g->west, g->east))
		return 0;
	rows_within(r, g, &lo, &hi);
	if (lo >= hi)
		return 0;
	rim_limits(&p.rim, r->q->radius_m, least, most);
	p.rim.range_max = r->max_range_m;
	p.rim.range_unknown = map_range(g->radio, 0);
	in = geo_chord_in(r->q->radius_m + least);
	out = geo_chord_out(r->q->radius_m + most);
	p.in2 = in > 0 ? in * in : -1;
	p.out2 = out < NEARLY_ACROSS ? out * out : INFINITY;
	return scan_rows(r, &p, lo, hi);
}

static bool network_wanted(const struct cell_query *q, const struct cell_network *n)
{
	if (!q->networks)
		return true;
	for (size_t i = 0; i < q->n_networks; i++)
		if (q->networks[i].mcc == n->mcc && q->networks[i].mnc == n->mnc)
			return true;
	return false;
}

static int scan_country(struct run *r, const struct map_country *c)
{
	for (uint32_t i = c->first; i < c->first + c->n; i++) {
		const struct map_network *net = &r->map->networks[i];

		if (net->north < r->south || net->south > r->north || !lon_near(r, net->west, net->east) ||
		    !network_wanted(r->q, &r->map->list[i]))
			continue;
		r->end = UINT32_MAX; /* no span reaches over two networks */
		for (uint32_t g = 0; g < net->n_groups; g++)
			if (scan_group(r, &r->map->groups[net->first_group + g]) < 0)
				return -EBADMSG;
	}
	return 0;
}

/* The box round all that may be inside: a degree of latitude is at least GEO_RADIUS_MIN long, and a chord c
 * between two latitudes' circles of radii rho, rho' spans at most 1 - cos = c^2 / (2 rho rho'). */
static void set_box(struct run *r)
{
	double reach = r->q->radius_m + r->max_range_m, out = fmin(geo_chord_out(reach), 1.3e7);
	double high = reach / GEO_RADIUS_MIN / RADIAN_E7 + 2, far = fmin(fabs(r->centre.lat) + high, 9e8);
	double rho = fmax(geo_xyz(far * 1e-7, 0).x, 0) * r->centre.rho * 2;

	r->south = (int64_t)floor(fmax(r->centre.lat - high, -9e8));
	r->north = (int64_t)ceil(fmin(r->centre.lat + high, 9e8));
	r->wide = (int64_t)ceil(half_width(out * out / fmax(rho, 1e-30)) / RADIAN_E7) + 2;
}

static void set_run(struct run *r)
{
	const struct cell_query *q = r->q;

	r->xyz = geo_xyz(q->lat, q->lon);
	r->centre = (struct rim_centre){q->lat * 1e7, q->lon * 1e7, hypot(r->xyz.x, r->xyz.y), r->xyz.z};
	r->radio_mask = q->radio_mask ? q->radio_mask & ALL_RADIOS : ALL_RADIOS;
	if (q->select == SELECT_COVERAGE)
		r->max_range_m = q->max_range_m > 0 ? q->max_range_m : CELL_MAX_RANGE_M;
	set_box(r);
}

int cellmap_query(const struct cellmap *map, const struct cell_query *q, struct cell_span *spans, size_t max,
		  size_t *n)
{
	struct run r = {.map = map, .q = q, .spans = spans, .max = max};

	*n = 0;
	if (cell_query_error(q))
		return -EINVAL;
	set_run(&r);
	for (uint32_t i = 0; i < map->n_countries; i++) {
		const struct map_country *c = &map->countries[i];

		if (c->north >= r.south && c->south <= r.north && lon_near(&r, c->west, c->east) &&
		    scan_country(&r, c) < 0)
			return -EBADMSG;
	}
	*n = r.n;
	return r.n > max ? -ENOSPC : 0;
}

size_t cellmap_max_spans(const struct cellmap *map, const struct cell_query *q)
{
	size_t n;

	cellmap_query(map, q, NULL, 0, &n);
	return n;
}

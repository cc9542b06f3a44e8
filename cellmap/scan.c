#include "cellmap/scan.h"
#include <errno.h>
#include <osmocom/core/utils.h>
#include <stddef.h>
#include <string.h>

#define ALL_RADIOS ((1u << CELL_RADIO_N) - 1)
#define LINE       64

static void emit_all(struct scan *s, uint32_t first, uint32_t count)
{
	if (s->n == 0 || s->end != first) {
		if (s->n < s->max)
			s->spans[s->n] = (struct cell_span){first, 0};
		s->n++;
	}
	if (s->n <= s->max)
		s->spans[s->n - 1].count += count;
	s->end = first + count;
}

/* Of cells that are inside, those of the wanted radios. Only that looks at cells inside. */
static int emit(struct scan *s, uint32_t first, uint32_t count)
{
	if (count == 0)
		return 0;
	if (s->all_radios) {
		emit_all(s, first, count);
		return 0;
	}
	for (uint32_t i = first; i < first + count; i++) {
		if (!map_ok(s->map, &s->map->ranges[i]))
			return -EBADMSG;
		if (s->radio_mask >> map_word_radio(s->map->ranges[i]) & 1)
			emit_all(s, i, 1);
	}
	return 0;
}

/* Runs of ones in a block's bits. */
static int emit_bits(struct scan *s, uint32_t first, uint64_t bits)
{
	while (bits) {
		int at = __builtin_ctzll(bits), n = ~(bits >> at) ? __builtin_ctzll(~(bits >> at)) : 64;

		if (emit(s, first + (uint32_t)at, (uint32_t)n) < 0)
			return -EBADMSG;
		if (at + n >= 64)
			break;
		bits &= ~UINT64_C(0) << (at + n);
	}
	return 0;
}

static uint64_t lon_bits(const struct map_block *b, int64_t west, int64_t east)
{
	uint64_t bits = 0;

	for (int i = 0; i < MAP_BLOCK; i++)
		bits |= (uint64_t)(b->lon[i] >= west && b->lon[i] <= east) << i;
	return bits;
}

/* Cells [from, to) of one block, one by one. */
static int test_block(struct scan *s, const struct scan_window *w, uint32_t from, uint32_t to)
{
	uint32_t first = from / MAP_BLOCK * MAP_BLOCK;
	const struct map_block *b = &s->map->blocks[from / MAP_BLOCK];
	const uint32_t *words = &s->map->ranges[first];
	uint64_t inside = 0, perhaps = 0, mask = ~UINT64_C(0) << (from - first);

	if (to - first < MAP_BLOCK)
		mask &= (UINT64_C(1) << (to - first)) - 1;
	if (!map_ok(s->map, b) || ((w->rough || w->rim.by_range) && !map_ok(s->map, words)))
		return -EBADMSG;
	if (w->rough)
		perhaps = lon_bits(b, w->west, w->east);
	else
		rim_test(&w->rim, b, words, &inside, &perhaps);
	inside &= mask;
	for (perhaps &= mask; perhaps; perhaps &= perhaps - 1) {
		int i = __builtin_ctzll(perhaps);

		if (!map_ok(s->map, words))
			return -EBADMSG;
		inside |= (uint64_t)s->inside(s, first + (uint32_t)i) << i;
	}
	return emit_bits(s, first, inside);
}

static int test_window(struct scan *s, const struct scan_window *w)
{
	uint32_t last = (w->to - 1) / MAP_BLOCK;

	for (uint32_t i = w->begin; i < w->end; i++) {
		uint32_t from = OSMO_MAX(w->from, i * MAP_BLOCK), to;

		if (i == w->in_begin && w->in_begin < w->in_end) {
			i = w->in_end - 1;
			if (emit(s, from, w->in_end * MAP_BLOCK - from) < 0)
				return -EBADMSG;
			continue;
		}
		to = i == last ? w->to : (i + 1) * MAP_BLOCK;
		if (test_block(s, w, from, to) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int test_waiting(struct scan *s, unsigned int leave)
{
	while (s->n_in - s->n_out > leave)
		if (test_window(s, &s->waiting[s->n_out++ % SCAN_AHEAD]) < 0)
			return -EBADMSG;
	return 0;
}

static void fetch(const struct scan *s, uint32_t begin, uint32_t end, bool ranges)
{
	const char *last = (const char *)&s->map->blocks[end];

	for (const char *p = (const char *)&s->map->blocks[begin]; p < last; p += LINE)
		__builtin_prefetch(p);
	last = (const char *)&s->map->ranges[(size_t)end * MAP_BLOCK];
	for (const char *p = (const char *)&s->map->ranges[(size_t)begin * MAP_BLOCK]; ranges && p < last;
	     p += LINE)
		__builtin_prefetch(p);
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

/* Finds the blocks of a window whose west, east are set; all between in_west and in_east are inside. Blocks
 * are proven inside by their neighbours' longitudes. */
static int find_blocks(const struct scan *s, struct scan_window *w, int64_t in_west, int64_t in_east)
{
	const struct cellmap *map = s->map;
	uint32_t first = w->from / MAP_BLOCK, last = (w->to - 1) / MAP_BLOCK;
	int64_t top = in_east >> MAP_LON_SHIFT; /* lowest digits unknown: only below it for certain */

	if (!lons_ok(map, first, last))
		return -EBADMSG;
	w->begin = find_block(map, first, last, w->west >> MAP_LON_SHIFT) - 1;
	w->end = find_block(map, first, last, (w->east >> MAP_LON_SHIFT) + 1);
	if (w->begin >= w->end)
		return -EBADMSG; /* not ascending */
	w->in_begin = w->in_end = w->end;
	if (in_west <= in_east)
		w->in_begin = find_block(map, w->begin, w->end - 1, (in_west >> MAP_LON_SHIFT) + 1);
	if (w->in_begin < w->end)
		w->in_end =
			find_block(map, w->in_begin - 1, w->end - 1, top) - 1; /* its own may reach over */
	if (w->in_begin < w->in_end) {
		fetch(s, w->begin, w->in_begin, w->rim.by_range);
		fetch(s, w->in_end, w->end, w->rim.by_range);
	} else {
		w->in_begin = w->in_end = w->end;
		fetch(s, w->begin, w->end, w->rim.by_range);
	}
	return 0;
}

int scan_between(struct scan *s, const struct scan_row *row, int64_t west, int64_t in_west, int64_t in_east,
		 int64_t east, const struct rim *rim)
{
	struct scan_window *w;

	if (test_waiting(s, SCAN_AHEAD - 1) < 0)
		return -EBADMSG;
	w = &s->waiting[s->n_in % SCAN_AHEAD];
	w->from = row->from;
	w->to = row->to;
	w->west = west;
	w->east = east;
	w->rough = !rim;
	if (rim)
		w->rim = *rim;
	else
		w->rim.by_range = true;
	if (find_blocks(s, w, in_west, in_east) < 0)
		return -EBADMSG;
	s->n_in++;
	return 0;
}

int scan_inside(struct scan *s, const struct scan_row *row)
{
	return test_waiting(s, 0) < 0 ? -EBADMSG : emit(s, row->from, row->to - row->from);
}

int scan_test(struct scan *s, const struct scan_row *row)
{
	const struct scan_window w = {.from = row->from,
				      .to = row->to,
				      .begin = row->from / MAP_BLOCK,
				      .end = (row->to - 1) / MAP_BLOCK + 1,
				      .west = INT32_MIN,
				      .east = INT32_MAX,
				      .rough = true};

	return test_waiting(s, 0) < 0 ? -EBADMSG : test_window(s, &w);
}

/* May longitudes [west, east] hold a cell that is inside? */
static bool lon_near(const struct scan *s, int64_t west, int64_t east)
{
	for (int64_t turn = -SCAN_TURN; turn <= SCAN_TURN; turn += SCAN_TURN)
		if (west <= s->east + turn && east >= s->west + turn)
			return true;
	return false;
}

static int scan_rows(struct scan *s, const struct map_group *g, int64_t lo, int64_t hi)
{
	const uint32_t *rows = &s->map->rows[g->first_row];

	for (int64_t i = lo; i < hi; i++) {
		struct scan_row row = {.number = g->row + (uint32_t)i, .shift = g->shift};

		if (!map_ok(s->map, &rows[i]) || (i + 1 < g->n_rows && !map_ok(s->map, &rows[i + 1])))
			return -EBADMSG;
		row.from = rows[i];
		row.to = i + 1 < g->n_rows ? rows[i + 1] : g->first + g->count;
		if (row.from < g->first || row.to < row.from || row.to > g->first + g->count)
			return -EBADMSG;
		if (row.from == row.to)
			continue;
		row.south = (int64_t)row.number * (INT64_C(1) << g->shift) - 900000000;
		row.north = row.south + (INT64_C(1) << g->shift);
		if (s->row(s, &row) < 0)
			return -EBADMSG;
	}
	return test_waiting(s, 0);
}

static int scan_group(struct scan *s, const struct map_group *g)
{
	int64_t south = (s->south + 900000000) >> g->shift, north = (s->north + 900000000) >> g->shift;
	int64_t lo = OSMO_MAX(south - g->row, 0), hi = OSMO_MIN(north - g->row + 1, (int64_t)g->n_rows);

	if (lo >= hi || !lon_near(s, g->west, g->east) || !s->group(s, g))
		return 0;
	return scan_rows(s, g, lo, hi);
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

static int scan_country(struct scan *s, const struct map_country *c)
{
	for (uint32_t i = c->first; i < c->first + c->n; i++) {
		const struct map_network *net = &s->map->networks[i];

		if (net->north < s->south || net->south > s->north || !lon_near(s, net->west, net->east) ||
		    !network_wanted(s->q, &s->map->list[i]))
			continue;
		s->all_radios = true;
		for (int k = 0; k < CELL_RADIO_N; k++)
			s->all_radios &= s->radio_mask >> k & 1 || !net->radios[k];
		s->end = UINT32_MAX; /* no span reaches over two networks */
		for (uint32_t g = 0; g < net->n_groups; g++)
			if (scan_group(s, &s->map->groups[net->first_group + g]) < 0)
				return -EBADMSG;
	}
	return 0;
}

/* The windows need no zeros. */
void scan_begin(struct scan *s, const struct cellmap *map, const struct cell_query *q,
		struct cell_span *spans, size_t max)
{
	memset(s, 0, offsetof(struct scan, waiting));
	s->map = map;
	s->q = q;
	s->spans = spans;
	s->max = max;
	s->radio_mask = q->radio_mask ? q->radio_mask & ALL_RADIOS : ALL_RADIOS;
	if (q->select == SELECT_COVERAGE)
		s->max_range_m = q->max_range_m > 0 ? q->max_range_m : CELL_MAX_RANGE_M;
}

int scan_run(struct scan *s)
{
	for (uint32_t i = 0; i < s->map->n_countries; i++) {
		const struct map_country *c = &s->map->countries[i];

		if (c->north >= s->south && c->south <= s->north && lon_near(s, c->west, c->east) &&
		    scan_country(s, c) < 0)
			return -EBADMSG;
	}
	return s->n > s->max ? -ENOSPC : 0;
}

#include "cellmap/scan.h"
#include <errno.h>
#include <osmocom/core/utils.h>
#include <stddef.h>
#include <string.h>

#define STRIDE     8 /* blocks */
#define ALL_RADIOS ((1u << CELL_RADIO_N) - 1)

/* Spans are strung together as borders, first and end in turns; what is beyond max is only counted. */
static inline void put_border(struct scan *s, uint32_t border)
{
	if (s->n < s->max)
		s->borders[s->n] = border;
	s->n++;
}

static void emit_all(struct scan *s, uint32_t first, uint32_t count)
{
	if (s->end == first)
		s->n--;
	else
		put_border(s, first);
	s->end = first + count;
	put_border(s, s->end);
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

/* Runs of ones. */
static int emit_runs(struct scan *s, uint32_t first, uint64_t bits)
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

/* The same by the bits that differ from the one below: nothing to guess wrong but their number. The first may
 * be the last span's end, which then is no border. */
static int emit_bits(struct scan *s, uint32_t first, uint64_t bits)
{
	uint32_t end = s->end - first, *at;
	uint64_t joined = bits & (uint64_t)(end < 64) << end % 64, borders = bits ^ bits << 1 ^ joined;

	if (bits == 0)
		return 0;
	if (!s->all_radios || s->n + 66 > s->max)
		return emit_runs(s, first, bits);
	at = s->borders + s->n - (joined != 0);
	for (; borders; borders &= borders - 1)
		*at++ = first + (uint32_t)__builtin_ctzll(borders);
	*at = first + 64;
	at += bits >> 63;
	s->end = at[-1];
	s->n = (size_t)(at - s->borders);
	return 0;
}

/* The bits of cells [from, to) in a word that begins with cell `first`. */
static uint64_t mask_of(uint32_t first, uint32_t from, uint32_t to)
{
	uint64_t mask = ~UINT64_C(0);

	if (from > first)
		mask = from - first < 64 ? mask << (from - first) : 0;
	if (to - first < 64)
		mask &= to > first ? (UINT64_C(1) << (to - first)) - 1 : 0;
	return mask;
}

static bool units_ok(const struct cellmap *map, const void *from, const void *to)
{
	for (const char *p = from; p < (const char *)to;
	     p += MAP_UNIT - (size_t)(p - (const char *)map->body) % MAP_UNIT)
		if (!map_ok(map, p))
			return false;
	return true;
}

/* Longitudes alone, for cells that are tested each by itself. */
static uint16_t lon_bits(const struct map_block *b, const struct scan_window *w)
{
	int64_t west = (int64_t)w->west * (1 << MAP_LON_SHIFT),
		east = ((int64_t)w->east + 1) * (1 << MAP_LON_SHIFT);
	uint16_t bits = 0;

	for (int i = 0; i < MAP_BLOCK; i++)
		bits |= (uint16_t)((b->lon[i] >= west && b->lon[i] < east) << i);
	return bits;
}

static int list_blocks(struct scan *s, const struct scan_window *w, uint32_t begin, uint32_t end)
{
	const struct cellmap *map = s->map;
	bool words = !w->fit || s->limits.by_range;

	for (uint32_t i = begin; i < end; i++) {
		if (!map_ok(map, &map->blocks[i]) ||
		    (words && !map_ok(map, &map->ranges[(size_t)i * MAP_BLOCK])))
			return -EBADMSG;
		__builtin_prefetch(map->blocks[i].lat);
		__builtin_prefetch(map->blocks[i].lon);
		if (words)
			__builtin_prefetch(&map->ranges[(size_t)i * MAP_BLOCK]);
		s->list[s->n_list++] = i;
	}
	return 0;
}

/* All of the list is of windows with this one's fit and turn. */
static void test_list(struct scan *s, const struct scan_window *w)
{
	if (!w->fit) {
		for (unsigned int i = 0; i < s->n_list; i++) {
			s->in[i] = 0;
			s->perhaps[i] = lon_bits(&s->map->blocks[s->list[i]], w);
		}
		return;
	}
	if (s->rim_fit != w->fit || s->rim_lon != w->lon)
		rim_ready(&s->rim, w->fit, &s->limits, w->lon, s->lon_max);
	s->rim_fit = w->fit;
	s->rim_lon = w->lon;
	rim_test(&s->rim, s->map, s->list, s->n_list, s->in, s->perhaps);
}

static int test_exactly(struct scan *s, uint32_t first, uint64_t perhaps, uint64_t *in)
{
	for (; perhaps; perhaps &= perhaps - 1) {
		uint32_t at = (uint32_t)__builtin_ctzll(perhaps);

		if (!map_ok(s->map, &s->map->ranges[first + at]))
			return -EBADMSG;
		*in |= (uint64_t)s->inside(s, first + at) << at;
	}
	return 0;
}

/* The row's cells in the blocks [begin, end), which stand in the list from `at` on. */
static int emit_blocks(struct scan *s, const struct scan_window *w, uint32_t begin, uint32_t end,
		       unsigned int at)
{
	uint32_t first = begin * MAP_BLOCK, to = OSMO_MIN(w->to, end * MAP_BLOCK);

	for (; first < to; first += 64, at += 4) {
		uint64_t in, perhaps, mask = mask_of(first, w->from, to);

		memcpy(&in, &s->in[at], sizeof(in));
		memcpy(&perhaps, &s->perhaps[at], sizeof(perhaps));
		in &= mask;
		perhaps &= mask;
		if ((perhaps && test_exactly(s, first, perhaps, &in) < 0) || emit_bits(s, first, in) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int emit_inside(struct scan *s, const struct scan_window *w)
{
	uint32_t from = OSMO_MAX(w->from, w->in_begin * MAP_BLOCK),
		 to = OSMO_MIN(w->to, w->in_end * MAP_BLOCK);

	return w->in_begin < w->in_end ? emit(s, from, to - from) : 0;
}

/* Blocks that are too many for the list. */
static int test_many(struct scan *s, const struct scan_window *w, uint32_t begin, uint32_t end)
{
	for (uint32_t next; begin < end; begin = next) {
		next = OSMO_MIN(begin + SCAN_LIST, end);
		s->n_list = 0;
		if (list_blocks(s, w, begin, next) < 0)
			return -EBADMSG;
		test_list(s, w);
		if (emit_blocks(s, w, begin, next, 0) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int test_alone(struct scan *s, const struct scan_window *w)
{
	return test_many(s, w, w->begin, w->in_begin) < 0 || emit_inside(s, w) < 0 ||
			       test_many(s, w, w->in_end, w->end) < 0
		       ? -EBADMSG
		       : 0;
}

static uint32_t blocks_of(const struct scan_window *w)
{
	return w->end - w->begin - (w->in_end - w->in_begin);
}

/* As many windows as the list holds that share a fit and a turn. Returns how many. */
static int test_together(struct scan *s, const struct scan_window *w, unsigned int n)
{
	unsigned int done, at = 0;

	s->n_list = 0;
	for (done = 0; done < n && w[done].fit == w->fit && w[done].lon == w->lon &&
		       s->n_list + blocks_of(&w[done]) <= SCAN_LIST && w->fit;
	     done++)
		if (list_blocks(s, &w[done], w[done].begin, w[done].in_begin) < 0 ||
		    list_blocks(s, &w[done], w[done].in_end, w[done].end) < 0)
			return -EBADMSG;
	if (done == 0)
		return test_alone(s, w) < 0 ? -EBADMSG : 1;
	test_list(s, w);
	for (const struct scan_window *v = w; v < w + done; v++) {
		if (emit_blocks(s, v, v->begin, v->in_begin, at) < 0 || emit_inside(s, v) < 0)
			return -EBADMSG;
		at += v->in_begin - v->begin;
		if (emit_blocks(s, v, v->in_end, v->end, at) < 0)
			return -EBADMSG;
		at += v->end - v->in_end;
	}
	return (int)done;
}

static bool lons_ok(const struct cellmap *map, uint32_t first, uint32_t last)
{
	return units_ok(map, &map->lons[first], &map->lons[last + 1]);
}

/* The first of the blocks (lo, hi] whose cells' longitudes are all at or above `floor` (>> MAP_LON_SHIFT), or
 * hi + 1. */
static uint32_t find_block(const struct cellmap *map, uint32_t lo, uint32_t hi, int32_t floor)
{
	const int32_t *lon = &map->lons[lo + 1];
	uint32_t n = hi - lo;

	while (n > 0) {
		uint32_t half = (n + 1) / 2;

		lon += half & -(uint32_t)(lon[half - 1] >> MAP_LON_SHIFT < floor);
		n -= half;
	}
	return (uint32_t)(lon - map->lons);
}

/* The two ends of many windows, step by step together: w->begin to w->end are the blocks to look in. */
static void find_ends(const struct cellmap *map, struct scan_window *windows, unsigned int n)
{
	const int32_t *west[SCAN_BATCH], *east[SCAN_BATCH];
	uint32_t rest[SCAN_BATCH], most = 0;

	for (unsigned int i = 0; i < n; i++) {
		west[i] = east[i] = &map->lons[windows[i].begin + 1];
		rest[i] = windows[i].end - windows[i].begin;
		most = OSMO_MAX(most, rest[i]);
	}
	for (; most > 0; most /= 2)
		for (unsigned int i = 0; i < n; i++) {
			uint32_t half = (rest[i] + 1) / 2;
			ptrdiff_t at = (ptrdiff_t)half - 1;

			/* masks, since whoever guesses this branch guesses wrong half of the time */
			west[i] += half & -(uint32_t)(west[i][at] >> MAP_LON_SHIFT < windows[i].west);
			east[i] += half & -(uint32_t)(east[i][at] >> MAP_LON_SHIFT <= windows[i].east);
			rest[i] -= half;
		}
	for (unsigned int i = 0; i < n; i++) {
		windows[i].begin = (uint32_t)(west[i] - map->lons) - 1;
		windows[i].end = (uint32_t)(east[i] - map->lons);
	}
}

/* The same where it is likely near lo, and where near hi: by strides that double. */
static uint32_t find_up(const struct cellmap *map, uint32_t lo, uint32_t hi, int32_t floor)
{
	uint32_t stride = STRIDE;

	for (; hi - lo > stride && map->lons[lo + stride] >> MAP_LON_SHIFT < floor; stride *= 2)
		lo += stride;
	return find_block(map, lo, hi - lo > stride ? lo + stride : hi, floor);
}

static uint32_t find_down(const struct cellmap *map, uint32_t lo, uint32_t hi, int32_t floor)
{
	uint32_t stride = STRIDE;

	for (; hi - lo > stride && map->lons[hi - stride] >> MAP_LON_SHIFT >= floor; stride *= 2)
		hi -= stride;
	return find_block(map, hi - lo > stride ? hi - stride : lo, hi, floor);
}

/* Blocks are proven inside by their neighbours' longitudes, whose lowest digits are unknown. */
static int find_inside(const struct cellmap *map, struct scan_window *w)
{
	if (w->begin >= w->end)
		return -EBADMSG; /* not ascending */
	w->in_begin = w->in_end = w->end;
	if (w->in_west > w->in_east)
		return 0;
	w->in_begin = find_up(map, w->begin, w->end - 1, w->in_west + 1);
	if (w->in_begin < w->end) /* the last one's own may reach over */
		w->in_end = find_down(map, w->in_begin - 1, w->end - 1, w->in_east) - 1;
	if (w->in_begin >= w->in_end)
		w->in_begin = w->in_end = w->end;
	return 0;
}

static int test_windows(struct scan *s)
{
	unsigned int n = s->n_windows;
	struct scan_window *w = s->windows;

	s->n_windows = 0;
	for (unsigned int i = 0; i < n; i++)
		if (!lons_ok(s->map, w[i].begin, w[i].end))
			return -EBADMSG;
	find_ends(s->map, w, n);
	for (unsigned int i = 0; i < n; i++)
		if (find_inside(s->map, &w[i]) < 0)
			return -EBADMSG;
	while (n > 0) {
		int done = test_together(s, w, n);

		if (done < 0)
			return -EBADMSG;
		w += done;
		n -= (unsigned int)done;
	}
	return 0;
}

int scan_between(struct scan *s, const struct scan_row *row, const struct scan_stretch *stretch)
{
	if (s->n_windows == SCAN_BATCH && test_windows(s) < 0)
		return -EBADMSG;
	s->windows[s->n_windows++] =
		(struct scan_window){.from = row->from,
				     .to = row->to,
				     .west = (int32_t)(stretch->west >> MAP_LON_SHIFT),
				     .in_west = (int32_t)(stretch->in_west >> MAP_LON_SHIFT),
				     .in_east = (int32_t)(stretch->in_east >> MAP_LON_SHIFT),
				     .east = (int32_t)(stretch->east >> MAP_LON_SHIFT),
				     .begin = row->from / MAP_BLOCK,
				     .end = (row->to - 1) / MAP_BLOCK,
				     .fit = stretch->fit,
				     .lon = stretch->lon};
	return 0;
}

int scan_inside(struct scan *s, const struct scan_row *row)
{
	return test_windows(s) < 0 ? -EBADMSG : emit(s, row->from, row->to - row->from);
}

int scan_test(struct scan *s, const struct scan_row *row)
{
	const struct scan_window w = {.from = row->from, .to = row->to, .west = INT32_MIN, .east = INT32_MAX};

	return test_windows(s) < 0 ||
			       test_many(s, &w, row->from / MAP_BLOCK, (row->to - 1) / MAP_BLOCK + 1) < 0
		       ? -EBADMSG
		       : 0;
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
		struct scan_row row = {.shift = g->shift};

		if (!map_ok(s->map, &rows[i]) || (i + 1 < g->n_rows && !map_ok(s->map, &rows[i + 1])))
			return -EBADMSG;
		row.from = rows[i];
		row.to = i + 1 < g->n_rows ? rows[i + 1] : g->first + g->count;
		if (row.from < g->first || row.to < row.from || row.to > g->first + g->count)
			return -EBADMSG;
		if (row.from == row.to)
			continue;
		row.south = (g->row + i) * (INT64_C(1) << g->shift) - 900000000;
		row.north = row.south + (INT64_C(1) << g->shift);
		if (s->row(s, &row) < 0)
			return -EBADMSG;
	}
	return test_windows(s);
}

static int scan_group(struct scan *s, const struct map_group *g)
{
	int64_t south = (s->south + 900000000) >> g->shift, north = (s->north + 900000000) >> g->shift;
	int64_t lo = OSMO_MAX(south - g->row, 0), hi = OSMO_MIN(north - g->row + 1, (int64_t)g->n_rows);

	s->rim_fit = NULL;
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
	memset(s, 0, offsetof(struct scan, windows));
	s->rim_fit = NULL;
	s->map = map;
	s->q = q;
	s->borders = (uint32_t *)spans;
	s->max = max * 2;
	s->radio_mask = q->radio_mask ? q->radio_mask & ALL_RADIOS : ALL_RADIOS;
	if (q->select == SELECT_COVERAGE)
		s->max_range_m = q->max_range_m > 0 ? q->max_range_m : CELL_MAX_RANGE_M;
}

/* Ends become counts. */
static int end_spans(struct scan *s)
{
	bool all = s->n <= s->max;

	for (size_t i = 0; i < OSMO_MIN(s->n, s->max); i += 2)
		s->borders[i + 1] -= s->borders[i];
	s->n /= 2;
	return all ? 0 : -ENOSPC;
}

int scan_run(struct scan *s)
{
	for (uint32_t i = 0; i < s->map->n_countries; i++) {
		const struct map_country *c = &s->map->countries[i];

		if (c->north >= s->south && c->south <= s->north && lon_near(s, c->west, c->east) &&
		    scan_country(s, c) < 0)
			return -EBADMSG;
	}
	return end_spans(s);
}

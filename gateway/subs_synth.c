#include "gateway/subs_synth.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBERS       UINT64_C(7000000000) /* per country: five prefixes of 7, nine digits behind */
#define STEP          UINT64_C(4294967291) /* shares no factor with NUMBERS: i * STEP visits each number once */
#define NEIGHBOURHOOD 64 /* cells to either side in map order: near each other on the ground */

/* Country calling codes (E.164) of some mobile country codes (E.212). */
static const struct {
	uint16_t mcc, code;
} countries[] = {
	{204, 31}, {208, 33},  {214, 34},  {222, 39},  {228, 41},  {232, 43}, {234, 44},  {238, 45},
	{240, 46}, {242, 47},  {250, 7},   {255, 380}, {260, 48},  {262, 49}, {268, 351}, {302, 1},
	{310, 1},  {311, 1},   {334, 52},  {404, 91},  {405, 91},  {410, 92}, {440, 81},  {450, 82},
	{452, 84}, {454, 852}, {455, 853}, {460, 86},  {466, 886}, {505, 61}, {510, 62},  {520, 66},
	{602, 20}, {621, 234}, {655, 27},  {724, 55},  {734, 58},
};

/* splitmix64: a counter hashed, so that every draw has its own place. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static unsigned int country_code(uint16_t mcc)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(*countries); i++)
		if (countries[i].mcc == mcc)
			return countries[i].code;
	return 999; /* assigned to nobody */
}

static bool wanted(const struct subs_synth *s, const struct cell_network *n)
{
	for (size_t i = 0; i < s->n_networks; i++)
		if (s->networks[i].mcc == n->mcc && s->networks[i].mnc == n->mnc)
			return true;
	return s->networks == NULL;
}

static uint64_t cells_in_all(const struct subs_synth *s)
{
	const struct cell_network *list;
	size_t n = cellmap_networks(s->map, &list);
	uint64_t all = 0;

	if (s->cells)
		return s->n_cells;
	for (size_t i = 0; i < n; i++)
		all += wanted(s, &list[i]) ? list[i].count : 0;
	return all;
}

static uint64_t beside(uint64_t k, int neighbour, uint64_t count)
{
	int64_t at = ((int64_t)k + neighbour) % (int64_t)count;

	return (uint64_t)(at < 0 ? at + (int64_t)count : at);
}

/* The k-th of the wanted cells; another one nearby for neighbour. */
static uint32_t cell_at(const struct subs_synth *s, uint64_t k, int neighbour)
{
	const struct cell_network *list;
	size_t n = cellmap_networks(s->map, &list);

	if (s->cells)
		return s->cells[beside(k, neighbour, s->n_cells)];
	for (size_t i = 0; i < n; i++) {
		if (!wanted(s, &list[i]))
			continue;
		if (k < list[i].count)
			return list[i].first + (uint32_t)beside(k, neighbour, list[i].count);
		k -= list[i].count;
	}
	return 0;
}

/* How busy a cell is: the same for a cell on every draw. */
static uint64_t load_of(uint64_t k)
{
	return draw(&k);
}

/* People stand where cells stand, and busy cells hold more: of two cells drawn, the busier wins half of the
 * time. Cells that can never be addressed are passed over. */
static int choose(const struct subs_synth *s, uint64_t all, uint64_t *state, uint64_t *k, struct cell *cell)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint64_t one = draw(state) % all, other = draw(state) % all;
		int rc;

		*k = draw(state) & 1 && load_of(other) > load_of(one) ? other : one;
		rc = cellmap_get(s->map, cell_at(s, *k, 0), cell);
		if (rc < 0 || cell->addressable)
			return rc;
	}
	return -ENOENT;
}

static int print(const struct cell *c, uint64_t number, char *text, size_t len)
{
	return snprintf(text, len, "%u1%u%09" PRIu64 ",%s,%u,%u,%" PRIu32 ",%" PRIu64,
			country_code(c->id.mcc), 3 + (unsigned int)(number / 1000000000), number % 1000000000,
			cell_radio_name(c->id.radio), c->id.mcc, c->id.mnc, c->id.area, c->id.cell);
}

struct sink {
	int (*row)(void *arg, const char *text, size_t len);
	void *arg;
};

static int give(const struct sink *sink, const struct cell *cell, uint64_t number)
{
	char text[128];
	int n = print(cell, number, text, sizeof(text));

	return sink->row(sink->arg, text, (size_t)n);
}

static int give_number(const struct subs_synth *s, uint64_t all, uint64_t *state, uint64_t number,
		       const struct sink *sink)
{
	struct cell cell;
	uint64_t k;
	int rc = choose(s, all, state, &k, &cell);

	if (rc == 0)
		rc = give(sink, &cell, number);
	if (rc != 0 || draw(state) % 100 >= 3)
		return rc;
	rc = cellmap_get(s->map, cell_at(s, k, (int)(draw(state) % (2 * NEIGHBOURHOOD)) - NEIGHBOURHOOD),
			 &cell);
	return rc == 0 && cell.addressable ? give(sink, &cell, number) : rc;
}

int subs_synth_rows(const struct subs_synth *s, int (*row)(void *arg, const char *text, size_t len),
		    void *arg)
{
	uint64_t all = cells_in_all(s), state = s->seed, start = draw(&state) % NUMBERS;
	struct sink sink = {row, arg};

	if (all == 0)
		return -ENOENT;
	if (s->count > NUMBERS)
		return -E2BIG;
	for (uint64_t i = 0; i < s->count; i++) {
		uint64_t number = (uint64_t)((unsigned __int128)i * STEP % NUMBERS + start) % NUMBERS;
		int rc = give_number(s, all, &state, number, &sink);

		if (rc != 0)
			return rc;
	}
	return 0;
}

#include "cellmap/cellmap.h"
#include "cellmap/hash.h"
#include "cellmap/map.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct map_header) == 88, "header");
_Static_assert(sizeof(struct map_network) == 68, "network");
_Static_assert(sizeof(struct map_group) == 40, "group");
_Static_assert(sizeof(struct map_block) == 128, "block");

/* What is wrong with the header, or NULL. Each sentence ends in what to do. */
static const char *header_fault(const struct map_header *h, uint64_t size)
{
	if (size < sizeof(h->magic) || memcmp(h->magic, MAP_MAGIC, sizeof(h->magic)))
		return "is not a cell map; make one with: reunion cellmap build";
	if (size < sizeof(*h))
		return "is cut short; build it again";
	if (h->endian != MAP_ENDIAN)
		return "is altered, or was read on a machine of the other byte order; build it again here";
	if (h->version != MAP_VERSION)
		return "is a cell map of another version; build it again with this program";
	if (h->header_sum != map_sum(h, offsetof(struct map_header, header_sum)))
		return "has an altered header; build it again";
	if (size < h->file_size)
		return "is cut short; build it again";
	if (size > h->file_size)
		return "is longer than its header says; build it again";
	return NULL;
}

static bool group_sound(const struct map_group *g, const struct map_header *h, uint32_t cell, uint64_t row)
{
	return g->first == cell && g->count > 0 && g->count <= h->n_cells - cell && g->first_row == row &&
	       g->n_rows > 0 && g->n_rows <= MAP_ROWS_MAX && g->n_rows <= h->n_rows - row &&
	       g->shift >= MAP_SHIFT_MIN && g->shift <= MAP_SHIFT_MAX &&
	       g->row <= UINT32_C(1800000000) >> g->shift && g->range_min <= g->range_max;
}

/* Do networks and groups tile the cells and rows? Later code relies on it, so a forged sum must not pass
 * here. */
static const char *directory_fault(const struct cellmap *map)
{
	static const char fault[] = "has a directory that contradicts itself; build it again";
	const struct map_header *h = map->head;
	uint32_t cell = 0, group = 0;
	uint64_t row = 0;

	for (uint32_t i = 0; i < h->n_networks; i++) {
		const struct map_network *n = &map->networks[i];

		if (n->first != cell || n->first_group != group || n->n_groups > h->n_groups - group ||
		    (i > 0 && n->mcc < n[-1].mcc))
			return fault;
		for (; group < n->first_group + n->n_groups; group++) {
			if (!group_sound(&map->groups[group], h, cell, row))
				return fault;
			cell += map->groups[group].count;
			row += map->groups[group].n_rows;
		}
		if (cell - n->first != n->count)
			return fault;
	}
	return cell != h->n_cells || group != h->n_groups || row != h->n_rows ? fault : NULL;
}

static void point_at_sections(struct cellmap *map)
{
	const uint8_t *base = map->base;
	const struct map_layout *at = &map->at;

	map->body = base + at->rows;
	map->networks = (const void *)(base + at->networks);
	map->groups = (const void *)(base + at->groups);
	map->sums = (const void *)(base + at->sums);
	map->rows = (const void *)(base + at->rows);
	map->lons = (const void *)(base + at->lons);
	map->blocks = (const void *)(base + at->blocks);
	map->ranges = (const void *)(base + at->ranges);
	map->ids = (const void *)(base + at->ids);
	map->slots = (const void *)(base + at->slots);
}

static const char *locate(struct cellmap *map)
{
	const struct map_header *h = map->head;

	map_layout(h, &map->at);
	if (map->at.end != map->size || h->n_slots <= h->n_cells)
		return "has counts that do not fit its size; build it again";
	point_at_sections(map);
	if (h->directory_sum != map_sum(map->base + map->at.networks, map->at.sums - map->at.networks))
		return "has an altered directory; build it again";
	return directory_fault(map);
}

static void list_countries(struct cellmap *map)
{
	uint32_t n = map->head->n_networks;
	struct map_country *c;

	map->countries = talloc_array(map, struct map_country, n + 1);
	OSMO_ASSERT(map->countries);
	for (uint32_t i = 0; i < n; i++) {
		const struct map_network *net = &map->networks[i];

		if (i == 0 || net->mcc != net[-1].mcc)
			map->countries[map->n_countries++] =
				(struct map_country){i, 0, net->south, net->west, net->north, net->east};
		c = &map->countries[map->n_countries - 1];
		c->n++;
		c->south = OSMO_MIN(c->south, net->south);
		c->west = OSMO_MIN(c->west, net->west);
		c->north = OSMO_MAX(c->north, net->north);
		c->east = OSMO_MAX(c->east, net->east);
	}
}

static void list_networks(struct cellmap *map)
{
	uint32_t n = map->head->n_networks;

	map->list = talloc_array(map, struct cell_network, n + 1);
	OSMO_ASSERT(map->list);
	for (uint32_t i = 0; i < n; i++)
		map->list[i] = (struct cell_network){map->networks[i].mcc, map->networks[i].mnc,
						     map->networks[i].first, map->networks[i].count,
						     map->networks[i].mnc_digits};
}

static int map_file(struct cellmap *map, const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = -errno;
		snprintf(err, err_len, "%s: cannot be opened: %s", path, strerror(-rc));
	} else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		rc = -EINVAL;
		snprintf(err, err_len, "%s: is not a cell map; make one with: reunion cellmap build", path);
	} else {
		void *base = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);

		if (base == MAP_FAILED) {
			rc = -errno;
			snprintf(err, err_len, "%s: cannot be mapped: %s", path, strerror(-rc));
		} else {
			map->base = base;
			map->size = st.st_size;
		}
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int unmap(struct cellmap *map)
{
	if (map->base)
		munmap((void *)map->base, map->size);
	return 0;
}

int cellmap_open(void *ctx, const char *path, struct cellmap **out, char *err, size_t err_len)
{
	struct cellmap *map = talloc_zero(ctx, struct cellmap);
	const char *fault;
	int rc;

	OSMO_ASSERT(map);
	talloc_set_destructor(map, unmap);
	rc = map_file(map, path, err, err_len);
	if (rc < 0) {
		talloc_free(map);
		return rc;
	}
	map->head = (const void *)map->base;
	fault = header_fault(map->head, map->size);
	if (!fault)
		fault = locate(map);
	if (fault) {
		snprintf(err, err_len, "%s: %s", path, fault);
		talloc_free(map);
		return -EBADMSG;
	}
	map->verified = talloc_zero_array(map, uint32_t, map->at.n_units / 32 + 1);
	OSMO_ASSERT(map->verified);
	list_networks(map);
	list_countries(map);
	geo_init(&map->geod);
	*out = map;
	return 0;
}

void cellmap_close(struct cellmap *map)
{
	talloc_free(map);
}

bool map_verify(const struct cellmap *map, uint32_t unit)
{
	if (map_sum(map->body + (uint64_t)unit * MAP_UNIT, MAP_UNIT) != map->sums[unit])
		return false;
	__atomic_fetch_or(&map->verified[unit / 32], 1u << unit % 32, __ATOMIC_RELEASE);
	return true;
}

uint32_t cellmap_count(const struct cellmap *map)
{
	return map->head->n_cells;
}

uint64_t cellmap_checksum(const struct cellmap *map)
{
	return map->head->content;
}

const void *cellmap_octets(const struct cellmap *map, size_t *len)
{
	*len = map->size;
	return map->base;
}

size_t cellmap_networks(const struct cellmap *map, const struct cell_network **networks)
{
	*networks = map->list;
	return map->head->n_networks;
}

const struct map_network *map_network_of(const struct cellmap *map, uint32_t index)
{
	uint32_t lo = 0, hi = map->head->n_networks;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (map->list[mid].first <= index)
			lo = mid;
		else
			hi = mid;
	}
	return &map->networks[lo];
}

static bool addressable(uint8_t radio, uint64_t cell)
{
	return cell > 0 && cell <= MAP_CELL_MAX && !(radio == CELL_GSM && cell > 65535);
}

void cellmap_expect(const struct cellmap *map, uint32_t index)
{
	if (index >= map->head->n_cells)
		return;
	__builtin_prefetch(&map->ids[index]);
	__builtin_prefetch(&map->ranges[index]);
	__builtin_prefetch(&map->blocks[index / MAP_BLOCK]);
}

int cellmap_get(const struct cellmap *map, uint32_t index, struct cell *cell)
{
	const struct map_network *n;
	uint32_t word;
	uint64_t id;

	if (index >= map->head->n_cells)
		return -ERANGE;
	if (!map_cell_ok(map, index))
		return -EBADMSG;
	n = map_network_of(map, index);
	word = map->ranges[index];
	id = map_word_cell(word, map->ids[index].cell_low);
	*cell = (struct cell){
		.id = {id, map->ids[index].area, n->mcc, n->mnc, map_word_radio(word)},
		.lat = map_lat(map, index) / 1e7,
		.lon = map_lon(map, index) / 1e7,
		.range_m = map_word_range(word),
		.addressable = addressable(map_word_radio(word), id),
	};
	return 0;
}

const struct map_network *map_network(const struct cellmap *map, uint16_t mcc, uint16_t mnc)
{
	uint32_t key = (uint32_t)mcc << 16 | mnc, lo = 0, hi = map->head->n_networks;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct map_network *n = &map->networks[mid];
		uint32_t at = (uint32_t)n->mcc << 16 | n->mnc;

		if (at == key)
			return n;
		if (at < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

int cellmap_find(const struct cellmap *map, const struct cell_id *id, uint32_t *index)
{
	const struct map_header *h = map->head;
	const struct map_network *n = map_network(map, id->mcc, id->mnc);
	uint64_t hash = map_hash(id->mcc, id->mnc, id->radio, id->area, id->cell);
	uint32_t slot = map_slot((uint32_t)(hash >> 32), h->n_slots);

	for (uint32_t i = 0; n && i < h->n_slots; i++) {
		uint32_t at = map->slots[slot];

		if (!map_ok(map, &map->slots[slot]))
			return -EBADMSG;
		if (at == MAP_SLOT_FREE)
			return -ENOENT;
		if (at - n->first < n->count) { /* slots of other networks are passed over unseen */
			if (!map_cell_ok(map, at))
				return -EBADMSG;
			if (map->ids[at].area == id->area && map_word_radio(map->ranges[at]) == id->radio &&
			    map_word_cell(map->ranges[at], map->ids[at].cell_low) == id->cell) {
				*index = at;
				return 0;
			}
		}
		slot = slot + 1 == h->n_slots ? 0 : slot + 1;
	}
	return -ENOENT;
}

double cellmap_distance_m(double lat1, double lon1, double lat2, double lon2)
{
	struct geod_geodesic g;

	geo_init(&g);
	return geo_distance_m(&g, lat1, lon1, lat2, lon2);
}

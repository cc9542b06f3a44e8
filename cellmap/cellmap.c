#include "cellmap/cellmap.h"
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
_Static_assert(sizeof(struct map_tree) == 20, "tree");
_Static_assert(sizeof(struct map_node) == 40, "node");
_Static_assert(sizeof(struct map_cell) == 20, "cell");

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

/* Do networks and trees tile the cells and nodes? Later code relies on it, so a forged sum must not pass
 * here. */
static const char *directory_fault(const struct cellmap *map)
{
	const struct map_header *h = map->head;
	uint32_t cell = 0, tree = 0;
	uint64_t node = 0, block = 0;

	for (uint32_t i = 0; i < h->n_networks; i++) {
		const struct map_network *n = &map->networks[i];

		if (n->first != cell || n->first_tree != tree || n->n_trees > h->n_trees - tree)
			return "has a directory that contradicts itself; build it again";
		for (; tree < n->first_tree + n->n_trees; tree++) {
			const struct map_tree *t = &map->trees[tree];

			if (t->first != cell || t->first_node != node || t->first_block != block ||
			    t->count == 0 || t->count > h->n_cells - cell ||
			    t->n_leaves != t->count / MAP_LEAF + (t->count % MAP_LEAF != 0))
				return "has a directory that contradicts itself; build it again";
			cell += t->count;
			block += t->n_leaves;
			node += map_tree_nodes(t->n_leaves);
		}
		if (cell - n->first != n->count)
			return "has a directory that contradicts itself; build it again";
	}
	if (cell != h->n_cells || tree != h->n_trees || node != h->n_nodes || block != map->at.cell_blocks)
		return "has a directory that contradicts itself; build it again";
	return NULL;
}

static uint32_t count_blocks(const struct cellmap *map)
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < map->head->n_trees; i++)
		blocks += map->trees[i].n_leaves;
	return blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)blocks;
}

static const char *locate(struct cellmap *map)
{
	const struct map_header *h = map->head;

	map_layout(h, 0, &map->at);
	if (map->at.end > map->size)
		return "has counts that do not fit its size; build it again";
	map->networks = (const void *)(map->base + map->at.networks);
	map->trees = (const void *)(map->base + map->at.trees);
	if (h->directory_sum != map_sum(map->base + map->at.networks, map->at.nodes - map->at.networks))
		return "has an altered directory; build it again";
	map_layout(h, count_blocks(map), &map->at);
	if (map->at.end != map->size)
		return "has counts that do not fit its size; build it again";
	map->nodes = (const void *)(map->base + map->at.nodes);
	map->sums = (const void *)(map->base + map->at.sums);
	map->cells = (const void *)(map->base + map->at.cells);
	map->slots = (const void *)(map->base + map->at.slots);
	if (h->n_slots <= h->n_cells)
		return "has counts that do not fit its size; build it again";
	return directory_fault(map);
}

static void list_networks(struct cellmap *map)
{
	uint32_t n = map->head->n_networks;

	map->list = talloc_array(map, struct cell_network, n + 1);
	OSMO_ASSERT(map->list);
	for (uint32_t i = 0; i < n; i++)
		map->list[i] = (struct cell_network){map->networks[i].mcc, map->networks[i].mnc,
						     map->networks[i].first, map->networks[i].count};
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
	uint32_t blocks;
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
	blocks = map->at.cell_blocks + map->at.node_blocks + map->at.slot_blocks;
	map->verified = talloc_zero_array(map, uint32_t, blocks / 32 + 1);
	OSMO_ASSERT(map->verified);
	list_networks(map);
	geo_init(&map->geod);
	*out = map;
	return 0;
}

void cellmap_close(struct cellmap *map)
{
	talloc_free(map);
}

/* The cells of a block: blocks follow the trees, whose last leaf may be short. */
static void block_cells(const struct cellmap *map, uint32_t block, uint32_t *first, uint32_t *n)
{
	uint32_t lo = 0, hi = map->head->n_trees;
	const struct map_tree *t;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (map->trees[mid].first_block <= block)
			lo = mid;
		else
			hi = mid;
	}
	t = &map->trees[lo];
	*first = t->first + (block - t->first_block) * MAP_LEAF;
	*n = t->first + t->count - *first;
	if (*n > MAP_LEAF)
		*n = MAP_LEAF;
}

bool map_verify(const struct cellmap *map, uint32_t block)
{
	const struct map_layout *at = &map->at;
	uint32_t first, n;
	uint64_t sum;

	if (block < at->cell_blocks) {
		block_cells(map, block, &first, &n);
		sum = map_sum(&map->cells[first], n * sizeof(struct map_cell));
	} else if (block < at->cell_blocks + at->node_blocks) {
		first = (block - at->cell_blocks) * MAP_BLOCK;
		n = OSMO_MIN(map->head->n_nodes - first, (uint32_t)MAP_BLOCK);
		sum = map_sum(&map->nodes[first], n * sizeof(struct map_node));
	} else {
		first = (block - at->cell_blocks - at->node_blocks) * MAP_SLOT_BLOCK;
		n = OSMO_MIN(map->head->n_slots - first, (uint32_t)MAP_SLOT_BLOCK);
		sum = map_sum(&map->slots[first], n * sizeof(uint32_t));
	}
	if (sum != map->sums[block])
		return false;
	__atomic_fetch_or(&map->verified[block / 32], 1u << block % 32, __ATOMIC_RELEASE);
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

size_t cellmap_networks(const struct cellmap *map, const struct cell_network **networks)
{
	*networks = map->list;
	return map->head->n_networks;
}

const struct map_tree *map_tree_of(const struct cellmap *map, uint32_t index)
{
	uint32_t lo = 0, hi = map->head->n_trees;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (map->trees[mid].first <= index)
			lo = mid;
		else
			hi = mid;
	}
	return &map->trees[lo];
}

/* The network whose cells hold index. */
static const struct cell_network *network_of(const struct cellmap *map, uint32_t index)
{
	uint32_t lo = 0, hi = map->head->n_networks;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (map->list[mid].first <= index)
			lo = mid;
		else
			hi = mid;
	}
	return &map->list[lo];
}

static bool addressable(const struct map_cell *c)
{
	uint64_t cell = map_cell_id(c);

	return cell > 0 && cell <= MAP_CELL_MAX && !(map_cell_radio(c) == CELL_GSM && cell > 65535);
}

int cellmap_get(const struct cellmap *map, uint32_t index, struct cell *cell)
{
	const struct map_tree *t;
	const struct map_cell *c;
	const struct cell_network *n;

	if (index >= map->head->n_cells)
		return -ERANGE;
	t = map_tree_of(map, index);
	if (!map_cells_ok(map, t->first_block + (index - t->first) / MAP_LEAF))
		return -EBADMSG;
	c = &map->cells[index];
	n = network_of(map, index);
	*cell = (struct cell){
		.id = {map_cell_id(c), c->area, n->mcc, n->mnc, map_cell_radio(c)},
		.lat = c->lat / 1e7,
		.lon = c->lon / 1e7,
		.range_m = map_cell_range(c),
		.addressable = addressable(c),
	};
	return 0;
}

int cellmap_find(const struct cellmap *map, const struct cell_id *id, uint32_t *index)
{
	const struct map_header *h = map->head;
	uint32_t slot = map_slot(map_hash(id->mcc, id->mnc, id->radio, id->area, id->cell), h->n_slots);

	for (uint32_t i = 0; i < h->n_slots; i++) {
		struct cell cell;
		int rc;

		if (!map_slot_ok(map, slot))
			return -EBADMSG;
		if (map->slots[slot] == MAP_SLOT_FREE)
			return -ENOENT;
		rc = cellmap_get(map, map->slots[slot], &cell);
		if (rc < 0)
			return -EBADMSG;
		if (cell.id.cell == id->cell && cell.id.area == id->area && cell.id.mcc == id->mcc &&
		    cell.id.mnc == id->mnc && cell.id.radio == id->radio) {
			*index = map->slots[slot];
			return 0;
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

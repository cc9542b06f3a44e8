#include "cellmap/mapwrite.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include "cellmap/order.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

#define BUFFER_LEAVES 1024
#define MERIDIAN_DEGREE                                                                                      \
	(6400000.0 * M_PI / 180) /* no degree of latitude, nor of longitude at the equator, is longer */
#define BALL_ROUNDING 2.0        /* of the centre to float */

struct writer {
	struct rows *rows;
	struct order_key *keys;
	struct order_group *groups;
	uint32_t *place; /* row -> index in the map */
	struct map_header head;
	struct map_layout at;
	struct map_network *networks;
	struct map_tree *trees;
	struct map_node *nodes;
	uint64_t *sums;
	struct map_cell *buffer;
	uint32_t buffered; /* cells */
	struct outfile *out;
	char *err;
	size_t err_len;
};

static void pack_cell(const struct csv_row *r, struct map_cell *c)
{
	uint64_t magnitude = r->cell < 0 ? (uint64_t)-r->cell : (uint64_t)r->cell;
	uint32_t range = OSMO_MIN(r->range_m, MAP_CELL_RANGE_MAX);

	*c = (struct map_cell){r->lat, r->lon, r->area, (uint32_t)magnitude,
			       range << 8 | (uint32_t)r->radio << 5 | (r->cell < 0 ? 16u : 0) |
				       (uint32_t)(magnitude >> 32)};
}

static void count_cell(struct writer *w, struct map_network *n, const struct csv_row *r)
{
	n->radios[r->radio]++;
	n->south = OSMO_MIN(n->south, r->lat);
	n->north = OSMO_MAX(n->north, r->lat);
	n->west = OSMO_MIN(n->west, r->lon);
	n->east = OSMO_MAX(n->east, r->lon);
	n->mnc_digits = OSMO_MAX(n->mnc_digits, r->mnc_digits);
	if (r->updated) {
		n->updated_max = OSMO_MAX(n->updated_max, r->updated);
		if (!n->updated_min || r->updated < n->updated_min)
			n->updated_min = r->updated;
	}
	if (r->cell <= 0)
		w->head.unaddressable[0]++;
	else if (r->radio == CELL_GSM && r->cell > 65535)
		w->head.unaddressable[1]++;
}

/* Position, extent and ball of a leaf. With half extents h the chord from the middle is at most
 * sqrt((M h_lat)^2 + (N cos(lat) h_lon)^2), by c^2 = (drho)^2 + (dz)^2 + 2 rho rho' (1 - cos dlon). */
static void leaf_extent(struct map_node *n, const struct map_cell *c, uint32_t count)
{
	int64_t south = INT32_MAX, north = INT32_MIN, west = INT32_MAX, east = INT32_MIN;
	double low, h_lat, h_lon;
	struct geo_xyz at;

	for (uint32_t i = 0; i < count; i++) {
		south = OSMO_MIN(south, c[i].lat);
		north = OSMO_MAX(north, c[i].lat);
		west = OSMO_MIN(west, c[i].lon);
		east = OSMO_MAX(east, c[i].lon);
	}
	n->lat = (int32_t)((south + north) / 2);
	n->lon = (int32_t)((west + east) / 2);
	n->half_lat = (uint32_t)OSMO_MAX(north - n->lat, n->lat - south);
	n->half_lon = (uint32_t)OSMO_MAX(east - n->lon, n->lon - west);
	at = geo_xyz(n->lat / 1e7, n->lon / 1e7);
	n->x = (float)at.x;
	n->y = (float)at.y;
	n->z = (float)at.z;
	low = south > 0 ? south / 1e7 : north < 0 ? -north / 1e7 : 0; /* latitude nearest the equator */
	h_lat = n->half_lat / 1e7 * MERIDIAN_DEGREE;
	h_lon = n->half_lon / 1e7 * MERIDIAN_DEGREE * cos(low * M_PI / 180);
	n->r = (float)((hypot(h_lat, h_lon) + BALL_ROUNDING) * (1 + 1e-6));
}

static void range_extremes(struct map_node *n, uint32_t least, uint32_t most)
{
	n->range_min = (uint16_t)OSMO_MIN(least / MAP_RANGE_UNIT, MAP_RANGE_TOP);
	n->range_max = (uint16_t)OSMO_MIN((most + MAP_RANGE_UNIT - 1) / MAP_RANGE_UNIT, MAP_RANGE_TOP);
}

static void leaf_summary(struct map_node *n, const struct map_cell *c, uint32_t count)
{
	uint32_t least = UINT32_MAX, most = 0, radios[8] = {0}, sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t range = map_range(map_cell_radio(&c[i]), map_cell_range(&c[i]));

		least = OSMO_MIN(least, range);
		most = OSMO_MAX(most, range);
		radios[map_cell_radio(&c[i])]++;
	}
	for (int i = 0; i < 4; i++)
		n->ends[i] = (uint8_t)(sum += radios[i]);
	range_extremes(n, least, most);
	leaf_extent(n, c, count);
}

static uint8_t node_radios(const struct map_node *n, bool leaf, uint32_t leaf_cells)
{
	uint8_t radios = n->ends[0] != 0;

	if (!leaf)
		return n->ends[0];
	for (int i = 1; i < 4; i++)
		radios |= (uint8_t)((n->ends[i] > n->ends[i - 1]) << i);
	return radios | (uint8_t)((leaf_cells > n->ends[3]) << 4);
}

/* A node over `count` children: the middle of their balls' centres, and far enough for each ball. */
static void join_nodes(struct map_node *n, const struct map_node *child, uint32_t count)
{
	struct geo_xyz lo = {1e9, 1e9, 1e9}, hi = {-1e9, -1e9, -1e9}, at;
	double r = 0;

	n->range_min = UINT16_MAX;
	for (uint32_t i = 0; i < count; i++) {
		lo = (struct geo_xyz){fmin(lo.x, child[i].x), fmin(lo.y, child[i].y), fmin(lo.z, child[i].z)};
		hi = (struct geo_xyz){fmax(hi.x, child[i].x), fmax(hi.y, child[i].y), fmax(hi.z, child[i].z)};
		n->range_min = OSMO_MIN(n->range_min, child[i].range_min);
		n->range_max = OSMO_MAX(n->range_max, child[i].range_max);
	}
	n->x = (float)((lo.x + hi.x) / 2);
	n->y = (float)((lo.y + hi.y) / 2);
	n->z = (float)((lo.z + hi.z) / 2);
	at = (struct geo_xyz){n->x, n->y, n->z};
	for (uint32_t i = 0; i < count; i++)
		r = fmax(r,
			 geo_chord(&at, &(struct geo_xyz){child[i].x, child[i].y, child[i].z}) + child[i].r);
	n->r = (float)((r + 1e-3) * (1 + 1e-6));
}

static void join_levels(struct writer *w, const struct map_tree *t)
{
	uint32_t below = t->first_node, n = t->n_leaves, at = below + n;

	for (bool leaf = true; n > 1; leaf = false) {
		uint32_t up = (n + MAP_FANOUT - 1) / MAP_FANOUT;

		for (uint32_t i = 0; i < up; i++) {
			uint32_t first = i * MAP_FANOUT, count = OSMO_MIN(n - first, (uint32_t)MAP_FANOUT);
			struct map_node *node = &w->nodes[at + i];

			join_nodes(node, &w->nodes[below + first], count);
			for (uint32_t k = first; k < first + count; k++)
				node->ends[0] |=
					node_radios(&w->nodes[below + k], leaf,
						    OSMO_MIN(t->count - k * MAP_LEAF, (uint32_t)MAP_LEAF));
		}
		below = at;
		at += up;
		n = up;
	}
}

static int flush(struct writer *w, uint32_t end)
{
	long long offset = (long long)(w->at.cells + (uint64_t)(end - w->buffered) * sizeof(struct map_cell));
	int rc = outfile_write(w->out, w->buffer, w->buffered * sizeof(struct map_cell), offset, w->err,
			       w->err_len);

	w->buffered = 0;
	return rc;
}

/* The cells of a leaf, sorted by radio (stable). */
static int write_leaf(struct writer *w, struct map_network *net, const struct map_tree *t, uint32_t leaf)
{
	uint32_t first = t->first + leaf * MAP_LEAF,
		 count = OSMO_MIN(t->first + t->count - first, (uint32_t)MAP_LEAF), at = 0;
	struct map_cell *c = w->buffer + w->buffered;

	for (uint8_t radio = 0; radio < CELL_RADIO_N && at < count; radio++)
		for (uint32_t i = 0; i < count; i++) {
			uint32_t row = w->keys[first + i].row;

			if (w->rows->row[row].radio != radio)
				continue;
			count_cell(w, net, &w->rows->row[row]);
			w->place[row] = first + at;
			pack_cell(&w->rows->row[row], &c[at++]);
		}
	leaf_summary(&w->nodes[t->first_node + leaf], c, count);
	w->sums[t->first_block + leaf] = map_sum(c, count * sizeof(*c));
	w->buffered += count;
	return w->buffered > (BUFFER_LEAVES - 1) * MAP_LEAF ? flush(w, first + count) : 0;
}

static void plan_trees(struct writer *w)
{
	uint32_t cell = 0, tree = 0, node = 0, block = 0;

	for (uint32_t i = 0; i < w->head.n_networks; i++) {
		struct map_network *n = &w->networks[i];

		*n = (struct map_network){.mcc = w->groups[i].mcc,
					  .mnc = w->groups[i].mnc,
					  .first = cell,
					  .first_tree = tree,
					  .south = INT32_MAX,
					  .west = INT32_MAX,
					  .north = INT32_MIN,
					  .east = INT32_MIN};
		for (int c = 0; c < MAP_CLASSES; c++) {
			uint32_t count = w->groups[i].count[c], leaves = (count + MAP_LEAF - 1) / MAP_LEAF;

			if (count == 0)
				continue;
			w->trees[tree++] = (struct map_tree){cell, count, node, leaves, block};
			cell += count;
			node += map_tree_nodes(leaves);
			block += leaves;
		}
		n->count = cell - n->first;
		n->n_trees = tree - n->first_tree;
	}
	w->head.n_cells = cell;
	w->head.n_trees = tree;
	w->head.n_nodes = node;
	map_layout(&w->head, block, &w->at);
}

static int write_cells(struct writer *w)
{
	int rc = 0;

	for (uint32_t i = 0; i < w->head.n_networks && rc == 0; i++) {
		struct map_network *n = &w->networks[i];

		for (uint32_t k = 0; k < n->n_trees && rc == 0; k++) {
			const struct map_tree *t = &w->trees[n->first_tree + k];

			for (uint32_t leaf = 0; leaf < t->n_leaves && rc == 0; leaf++)
				rc = write_leaf(w, n, t, leaf);
			join_levels(w, t);
		}
		w->head.updated_max = OSMO_MAX(w->head.updated_max, n->updated_max);
		if (n->updated_min && (!w->head.updated_min || n->updated_min < w->head.updated_min))
			w->head.updated_min = n->updated_min;
	}
	return rc == 0 ? flush(w, w->head.n_cells) : rc;
}

static void sum_blocks(struct writer *w)
{
	uint64_t *sum = w->sums + w->at.cell_blocks;

	for (uint32_t i = 0; i < w->head.n_nodes; i += MAP_BLOCK)
		*sum++ = map_sum(&w->nodes[i], OSMO_MIN(w->head.n_nodes - i, (uint32_t)MAP_BLOCK) *
						       sizeof(struct map_node));
	for (uint32_t i = 0; i < w->head.n_slots; i += MAP_SLOT_BLOCK)
		*sum++ = map_sum(&w->rows->slots[i],
				 OSMO_MIN(w->head.n_slots - i, (uint32_t)MAP_SLOT_BLOCK) * sizeof(uint32_t));
}

/* Header, networks and trees lie in one piece of memory, as in the file. */
static int write_head(struct writer *w)
{
	uint8_t *piece = talloc_zero_size(w, w->at.nodes);
	uint64_t n_sums = (uint64_t)w->at.cell_blocks + w->at.node_blocks + w->at.slot_blocks, parts[2];

	OSMO_ASSERT(piece);
	memcpy(piece + w->at.networks, w->networks, w->head.n_networks * sizeof(*w->networks));
	memcpy(piece + w->at.trees, w->trees, w->head.n_trees * sizeof(*w->trees));
	w->head.directory_sum = map_sum(piece + w->at.networks, w->at.nodes - w->at.networks);
	parts[0] = w->head.directory_sum;
	parts[1] = map_sum(w->sums, n_sums * sizeof(*w->sums));
	w->head.content = map_sum(parts, sizeof(parts));
	w->head.header_sum = map_sum(&w->head, offsetof(struct map_header, header_sum));
	memcpy(piece, &w->head, sizeof(w->head));
	return outfile_write(w->out, piece, w->at.nodes, 0, w->err, w->err_len);
}

static int write_rest(struct writer *w)
{
	uint64_t n_sums = (uint64_t)w->at.cell_blocks + w->at.node_blocks + w->at.slot_blocks;
	int rc;

	for (uint32_t i = 0; i < w->head.n_slots; i++)
		if (w->rows->slots[i] != MAP_SLOT_FREE)
			w->rows->slots[i] = w->place[w->rows->slots[i]];
	sum_blocks(w);
	rc = outfile_write(w->out, w->nodes, w->head.n_nodes * sizeof(*w->nodes), (long long)w->at.nodes,
			   w->err, w->err_len);
	if (rc == 0)
		rc = outfile_write(w->out, w->sums, n_sums * sizeof(*w->sums), (long long)w->at.sums, w->err,
				   w->err_len);
	if (rc == 0)
		rc = outfile_write(w->out, w->rows->slots, w->head.n_slots * sizeof(uint32_t),
				   (long long)w->at.slots, w->err, w->err_len);
	return rc == 0 ? write_head(w) : rc;
}

int map_write(struct rows *rows, struct outfile *out, uint32_t *networks, uint64_t *octets, char *err,
	      size_t err_len)
{
	struct writer *w = talloc_zero(NULL, struct writer);
	int rc;

	OSMO_ASSERT(w);
	w->rows = rows;
	w->out = out;
	w->err = err;
	w->err_len = err_len;
	memcpy(w->head.magic, MAP_MAGIC, sizeof(w->head.magic));
	w->head.version = MAP_VERSION;
	w->head.endian = MAP_ENDIAN;
	w->head.n_slots = rows->n_slots;
	rc = order_rows(w, rows, &w->keys, &w->groups);
	if (rc < 0) {
		snprintf(err, err_len,
			 "the tables name more than %d networks; that cannot be real, check their columns",
			 ORDER_NETWORKS_MAX);
		talloc_free(w);
		return rc;
	}
	w->head.n_networks = (uint32_t)rc;
	w->networks = talloc_zero_array(w, struct map_network, w->head.n_networks + 1);
	w->trees = talloc_zero_array(w, struct map_tree, w->head.n_networks * MAP_CLASSES + 1);
	OSMO_ASSERT(w->networks && w->trees);
	plan_trees(w);
	w->head.file_size = w->at.end;
	w->nodes = bigmem(w, w->head.n_nodes * sizeof(*w->nodes));
	w->sums = bigmem(w, ((size_t)w->at.cell_blocks + w->at.node_blocks + w->at.slot_blocks) *
				    sizeof(*w->sums));
	w->place = bigmem(w, (size_t)rows->n * sizeof(*w->place));
	w->buffer = bigmem(w, (size_t)BUFFER_LEAVES * MAP_LEAF * sizeof(*w->buffer));
	rc = write_cells(w);
	if (rc == 0)
		rc = write_rest(w);
	*networks = w->head.n_networks;
	*octets = w->at.end;
	talloc_free(w);
	return rc;
}

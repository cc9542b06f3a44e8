/* cellmap: which cells does this area touch?
 *
 * A cell map is one immutable file, mmap'ed, built from cell-site tables (OpenCelliD CSV). It answers circle
 * queries exactly on WGS-84 and knows nothing of alerts, links or messages.
 *
 * Units: degrees (latitude first), metres. An index is the position of a cell in the map's own order
 * (0 .. cellmap_count()-1); it is only meaningful together with cellmap_checksum(). Cells of one network are
 * consecutive. Queries are thread-safe and, unless said otherwise, allocate nothing. Errors: 0 or -errno,
 * with a sentence in err.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cell_radio { CELL_GSM = 0, CELL_UMTS, CELL_LTE, CELL_NR, CELL_CDMA, CELL_RADIO_N };
#define CELL_MAX_RANGE_M 35000.0 /* default cut for ranges */

/* A cell's key. mnc carries no width: 460-00 and 460-0 are one network. */
struct cell_id {
	uint64_t cell; /* CI, LCID, ECI, NCI; < 2^36; a negative one (never addressed) in two's complement */
	uint32_t area; /* LAC, TAC */
	uint16_t mcc, mnc;
	uint8_t radio; /* enum cell_radio */
};

struct cell {
	struct cell_id id;
	double lat, lon;  /* WGS-84, kept to <= 1e-7 degree */
	uint32_t range_m; /* as in the table; 0 = unknown */
	bool addressable; /* false: cell <= 0 in the table, or a GSM CI > 65535: has a position, is never
			     addressed */
};

struct cell_network {
	uint16_t mcc, mnc;
	uint32_t first, count; /* its cells: consecutive indices */
	uint8_t mnc_digits;    /* as the table wrote the MNC (2, 3); 0: it did not tell */
};

enum cell_select { SELECT_COVERAGE = 0, SELECT_SITE };

/* A circle and what counts as touched by it.
 * SITE: distance <= radius.  COVERAGE: distance - min(range or per-radio default, max_range_m) <= radius. */
struct cell_query {
	double lat, lon, radius_m;
	enum cell_select select;
	double max_range_m;                  /* 0 = CELL_MAX_RANGE_M */
	uint32_t radio_mask;                 /* bit per enum cell_radio; 0 = all */
	const struct cell_network *networks; /* only mcc, mnc are read; NULL = all */
	size_t n_networks;
};

struct cell_span {
	uint32_t first, count; /* consecutive indices, all inside */
};

struct cell_hit {
	uint32_t index;
	float distance_m; /* site to centre */
};

struct cellmap;

/* Opens and checks header and directory (O(1)); blocks are verified when first read. Child of ctx. */
int cellmap_open(void *ctx, const char *path, struct cellmap **map, char *err, size_t err_len);
void cellmap_close(struct cellmap *map);
uint32_t cellmap_count(const struct cellmap *map);
uint64_t cellmap_checksum(const struct cellmap *map); /* identifies the map's content */
const void *cellmap_octets(const struct cellmap *map, size_t *len); /* the whole file, as it was opened */
size_t cellmap_networks(const struct cellmap *map, const struct cell_network **networks);

/* 0, -ERANGE (no such index) or -EBADMSG (block checksum). */
int cellmap_get(const struct cellmap *map, uint32_t index, struct cell *cell);
void cellmap_expect(const struct cellmap *map, uint32_t index); /* cellmap_get() comes for it soon: only for speed */
/* Index of a key, or -ENOENT. */
int cellmap_find(const struct cellmap *map, const struct cell_id *id, uint32_t *index);
double cellmap_distance_m(double lat1, double lon1, double lat2, double lon2); /* geodesic, WGS-84 */

/* Why the query cannot be asked (NaN, out of range, radius), or NULL. */
const char *cell_query_error(const struct cell_query *q);
/* Upper bound of spans a query may return: the caller sizes the buffer. (It runs the query.) No span reaches
 * over two networks. */
size_t cellmap_max_spans(const struct cellmap *map, const struct cell_query *q);
/* The cells, as ascending disjoint spans. *n is always the true number of spans; -ENOSPC when it exceeds max;
 * -EINVAL for a bad query; -EBADMSG when a block's checksum is wrong. Allocation-free. */
int cellmap_query(const struct cellmap *map, const struct cell_query *q, struct cell_span *spans, size_t max,
		  size_t *n);
/* The same cells nearest first (ties by index); *hits is a talloc child of ctx. */
int cellmap_nearest(void *ctx, const struct cellmap *map, const struct cell_query *q, struct cell_hit **hits,
		    size_t *n);

/* Polygons. Edges are straight in longitude and latitude (RFC 7946 3.1.1) and go the short way round; a
 * border that goes round the earth encloses the nearer pole. Points are kept to 1e-7 degree; the border
 * belongs to the polygon. SITE: the site lies in it. COVERAGE: that, or the border is within the cell's
 * range. */
struct cell_point {
	double lat, lon;
};
struct cell_polygon;
/* 4 to 10 000 points, the last equal to the first (CAP). 0, or -EINVAL with a sentence in err. Child of ctx.
 */
int cell_polygon_new(void *ctx, const struct cell_point *points, size_t n, struct cell_polygon **polygon,
		     char *err, size_t err_len);
/* As cellmap_query(), with the polygon in place of q's circle. */
int cellmap_query_polygon(const struct cellmap *map, const struct cell_query *q,
			  const struct cell_polygon *polygon, struct cell_span *spans, size_t max, size_t *n);

/* Of two answers about one map: the cells of either; those of a that are not in b (the outer ring of two
 * circles). Return the true number of spans, of which at most max are written; n_a + n_b are always enough.
 */
size_t cell_spans_join(const struct cell_span *a, size_t n_a, const struct cell_span *b, size_t n_b,
		       struct cell_span *spans, size_t max);
size_t cell_spans_without(const struct cell_span *a, size_t n_a, const struct cell_span *b, size_t n_b,
			  struct cell_span *spans, size_t max);
/* Each index of an answer, ascending. indices has room for all: the sum of the counts, which is returned. */
size_t cell_spans_indices(const struct cell_span *spans, size_t n, uint32_t *indices);

/* Names in the field's notation. */
const char *cell_radio_name(enum cell_radio radio); /* "GSM" ... */
int cell_radio_parse(const char *name);             /* enum cell_radio or -EINVAL */
int cell_network_parse(const char *text, uint16_t *mcc, uint16_t *mnc, uint8_t *mnc_digits); /* "460-00" */
#define CELL_NETWORK_MAX 16
/* "460-00" where the digits are known, else "460-0": then 460-00 and 460-0 are not told apart. */
void cell_network_text(uint16_t mcc, uint16_t mnc, uint8_t mnc_digits, char text[CELL_NETWORK_MAX]);

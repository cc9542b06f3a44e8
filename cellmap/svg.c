#define _GNU_SOURCE
#include "cellmap/svg.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SIZE   800   /* of the square picture */
#define LEGEND 240   /* beside it */
#define HALF   380.0 /* pixels from the centre to the outermost ring */
#define LAND_MAX                                                                                             \
	(512 << 10) /* octets of the lines underneath: coarser ones are drawn before they get more           \
		     */
#define BIN     5   /* pixels of a density bin */
#define BINS    (SIZE / BIN)
#define SHADES  6
#define COLOURS 10

struct series {
	uint32_t network; /* in the map's list */
	uint32_t cells;
	size_t first_span, n_spans;
};

/* The picture in squares. */
struct bins {
	uint32_t own[BINS * BINS]; /* cells of the network under way */
	uint32_t sum[BINS * BINS], best[BINS * BINS];
	uint32_t owner[BINS * BINS]; /* number, from 1, of the series with `best` cells */
	uint8_t level[BINS * BINS];
};

struct drawing {
	FILE *f;
	const struct svg_picture *p;
	double scale;          /* pixels a metre */
	struct series *series; /* the largest first, so that they get colours of their own */
	size_t n_series;
	uint64_t total, seen; /* cells; those in the picture */
	bool shaded;
	struct bins *bins;
};

static const char *const colours[COLOURS] = {"#0b6bcb", "#d1341f", "#12803c", "#8a3ffc", "#b28600",
					     "#007d79", "#9f1853", "#5a5a5a", "#ff832b", "#33b1ff"};

static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
			fprintf(f, "&#%d;", *text);
		else if ((unsigned char)*text >= 0x20)
			fputc(*text, f);
	}
}

static uint32_t network_at(const struct cellmap *map, uint32_t index)
{
	uint32_t i = 0;

	while (i + 1 < map->head->n_networks && map->list[i + 1].first <= index)
		i++;
	return i;
}

static int by_cells(const void *a, const void *b)
{
	const struct series *x = a, *y = b;

	return x->cells != y->cells ? (x->cells < y->cells) - (x->cells > y->cells)
				    : (x->network > y->network) - (x->network < y->network);
}

/* One series per network; spans ascend, so a network's spans follow each other. */
static void make_series(struct drawing *d, void *ctx)
{
	d->series = talloc_zero_array(ctx, struct series, d->p->map->head->n_networks + 1);
	OSMO_ASSERT(d->series);
	for (size_t i = 0; i < d->p->n_spans; i++) {
		uint32_t network = network_at(d->p->map, d->p->spans[i].first);

		if (d->n_series == 0 || d->series[d->n_series - 1].network != network)
			d->series[d->n_series++] = (struct series){.network = network, .first_span = i};
		d->series[d->n_series - 1].cells += d->p->spans[i].count;
		d->series[d->n_series - 1].n_spans++;
		d->total += d->p->spans[i].count;
	}
	qsort(d->series, d->n_series, sizeof(*d->series), by_cells);
	d->bins = bigmem(ctx, sizeof(*d->bins));
}

static bool project(const struct drawing *d, double lat, double lon, double *x, double *y)
{
	double s, azimuth;

	geod_inverse(&d->p->map->geod, d->p->lat, d->p->lon, lat, lon, &s, &azimuth, NULL);
	*x = SIZE / 2.0 + s * d->scale * sin(azimuth * M_PI / 180);
	*y = SIZE / 2.0 - s * d->scale * cos(azimuth * M_PI / 180);
	return *x >= 0 && *x < SIZE && *y >= 0 && *y < SIZE;
}

/* Of one network: its cells into bins, or as dots. Dots are zero-length strokes with round ends: the shortest
 * mark there is. */
static int each_cell(struct drawing *d, struct series *s, bool dots)
{
	for (size_t i = 0; i < s->n_spans; i++) {
		const struct cell_span *span = &d->p->spans[s->first_span + i];

		for (uint32_t k = 0; k < span->count; k++) {
			struct cell c;
			double x, y;

			if (cellmap_get(d->p->map, span->first + k, &c) < 0)
				return -EBADMSG;
			if (!project(d, c.lat, c.lon, &x, &y))
				continue;
			if (dots) {
				fprintf(d->f, "M%.1f %.1fh0", x, y);
			} else {
				d->bins->own[(int)y / BIN * BINS + (int)x / BIN]++;
				d->seen++;
			}
		}
	}
	return 0;
}

static int shade(uint32_t count, uint32_t most)
{
	return count ? 1 + (int)((SHADES - 1) * log2(count) / fmax(1, log2(most))) : 0;
}

static void merge_bins(struct bins *b, uint32_t series)
{
	for (int i = 0; i < BINS * BINS; i++) {
		b->sum[i] += b->own[i];
		if (b->own[i] > b->best[i]) {
			b->best[i] = b->own[i];
			b->owner[i] = series;
		}
		b->own[i] = 0;
	}
}

static void judge_bins(struct bins *b)
{
	uint32_t most = 1;

	for (int i = 0; i < BINS * BINS; i++)
		most = OSMO_MAX(most, b->sum[i]);
	for (int i = 0; i < BINS * BINS; i++)
		b->level[i] = (uint8_t)shade(b->sum[i], most);
}

/* One path per network and density: runs of such bins in a row become one rectangle. */
static void draw_shade(struct drawing *d, uint32_t who, int dark)
{
	bool open = false;

	for (int y = 0; y < BINS; y++)
		for (int x = 0, run; x < BINS; x += run ? run : 1) {
			const uint32_t *o = &d->bins->owner[y * BINS + x];
			const uint8_t *l = &d->bins->level[y * BINS + x];

			for (run = 0; x + run < BINS && o[run] == who && l[run] == dark; run++)
				;
			if (run == 0)
				continue;
			if (!open)
				fprintf(d->f, "<path fill=\"%s\" fill-opacity=\"%.2f\" d=\"",
					colours[(who - 1) % COLOURS], 0.1 + 0.15 * dark);
			open = true;
			fprintf(d->f, "M%d %dh%dv%dh-%dz", x * BIN, y * BIN, run * BIN, BIN, run * BIN);
		}
	if (open)
		fputs("\"/>\n", d->f);
}

/* So large that some twentieth of the circle is covered, and never too small to see. */
static double dot_size(uint64_t cells)
{
	return fmin(10, fmax(2.6, sqrt(0.07 * HALF * HALF * 4 / (double)(cells + 1))));
}

static int draw_dots(struct drawing *d)
{
	int rc = 0;

	for (size_t i = 0; i < d->n_series && rc == 0; i++) {
		fprintf(d->f,
			"<path stroke=\"%s\" stroke-width=\"%.1f\" stroke-linecap=\"round\" "
			"stroke-opacity=\".7\" "
			"fill=\"none\" d=\"M0 0",
			colours[i % COLOURS], dot_size(d->seen));
		rc = each_cell(d, &d->series[i], true);
		fputs("\"/>\n", d->f);
	}
	return rc;
}

static int draw_cells(struct drawing *d)
{
	for (size_t i = 0; i < d->n_series; i++) {
		int rc = each_cell(d, &d->series[i], false);

		if (rc < 0)
			return rc;
		merge_bins(d->bins, (uint32_t)(i + 1));
	}
	d->shaded = d->seen > SVG_DOTS_MAX;
	if (!d->shaded)
		return draw_dots(d);
	judge_bins(d->bins);
	for (size_t i = 0; i < d->n_series; i++)
		for (int dark = 1; dark <= SHADES; dark++)
			draw_shade(d, (uint32_t)(i + 1), dark);
	return 0;
}

/* A path in steps of at least `step` pixels, cut where it leaves the picture's surroundings. Returns the
 * octets. */
static long draw_path(struct drawing *d, const struct outline *o, const struct outline_path *path,
		      double step, FILE *f)
{
	double x = 0, y = 0, last_x = 0, last_y = 0;
	bool drawing = false;
	long n = 0;

	for (size_t i = 0; i < path->n; i++) {
		const struct cell_point *p = &o->points[path->first + i];

		project(d, p->lat, remainder(p->lon, 360), &x, &y);
		if (fabs(x - SIZE / 2.0) > 2 * SIZE || fabs(y - SIZE / 2.0) > 2 * SIZE) {
			drawing = false;
			continue;
		}
		if (drawing && i + 1 < path->n && hypot(x - last_x, y - last_y) < step)
			continue;
		n += f ? fprintf(f, "%c%.1f %.1f", drawing ? 'L' : 'M', x, y) : 12;
		drawing = true;
		last_x = x;
		last_y = y;
	}
	return n;
}

static void draw_land(struct drawing *d)
{
	const struct outline *o = d->p->land;
	double step = 0.7;

	for (long n = LAND_MAX + 1; n > LAND_MAX; step *= 1.5) {
		n = 0;
		for (size_t i = 0; i < o->n_paths; i++)
			n += draw_path(d, o, &o->paths[i], step, NULL);
		if (step > SIZE)
			return; /* nothing but short paths, too many to show */
	}
	fputs("<path fill=\"none\" stroke=\"#8a8f98\" stroke-width=\"1\" d=\"M0 0", d->f);
	for (size_t i = 0; i < o->n_paths; i++)
		draw_path(d, o, &o->paths[i], step / 1.5, d->f);
	fputs("\"/>\n", d->f);
}

static void draw_borders(struct drawing *d)
{
	const struct outline *o = d->p->borders;

	for (size_t i = 0; i < o->n_paths; i++) {
		fprintf(d->f, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.4\"%s d=\"",
			o->paths[i].without ? "#a11" : "#222",
			o->paths[i].without ? " stroke-dasharray=\"6 4\"" : "");
		draw_path(d, o, &o->paths[i], 0, d->f);
		fputs("\"/>\n", d->f);
	}
}

static void draw_rings(struct drawing *d)
{
	for (size_t i = 0; i < d->p->n_rings; i++) {
		const struct svg_ring *r = &d->p->rings[i];
		double px = r->radius_m * d->scale;

		fprintf(d->f,
			"<circle cx=\"%d\" cy=\"%d\" r=\"%.1f\" fill=\"none\" stroke=\"#222\" "
			"stroke-width=\"1.2\"%s/>\n",
			SIZE / 2, SIZE / 2, px, i ? " stroke-dasharray=\"6 4\"" : "");
		fprintf(d->f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\" class=\"halo\">", SIZE / 2,
			SIZE / 2 - px + 14);
		if (r->label)
			put_text(d->f, r->label);
		else
			fprintf(d->f, "%g km", r->radius_m / 1000);
		fputs("</text>\n", d->f);
	}
	if (d->p->n_rings)
		fprintf(d->f, "<path d=\"M%d %dh12m-6-6v12\" stroke=\"#000\" stroke-width=\"1.5\"/>\n",
			SIZE / 2 - 6, SIZE / 2);
}

/* The longest of 1, 2, 5 x 10^n metres that fits a quarter of the picture. */
static void draw_scale(struct drawing *d)
{
	double room = SIZE / 4 / d->scale, m = pow(10, floor(log10(room)));

	m *= room / m >= 5 ? 5 : room / m >= 2 ? 2 : 1;
	fprintf(d->f, "<path d=\"M20 %dv8h%.1fv-8\" fill=\"none\" stroke=\"#000\" stroke-width=\"1.5\"/>\n",
		SIZE - 28, m * d->scale);
	if (m >= 1000)
		fprintf(d->f, "<text x=\"24\" y=\"%d\" class=\"halo\">%g km</text>\n", SIZE - 30, m / 1000);
	else
		fprintf(d->f, "<text x=\"24\" y=\"%d\" class=\"halo\">%g m</text>\n", SIZE - 30, m);
}

static void network_label(struct drawing *d, uint32_t network)
{
	const struct map_network *n = &d->p->map->networks[network];

	if (d->p->names && d->p->names[network])
		put_text(d->f, d->p->names[network]);
	else
		fprintf(d->f, "%u-%0*u", n->mcc, OSMO_MIN(n->mnc_digits, 3), n->mnc);
}

static int legend_line(struct drawing *d, int y, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int legend_line(struct drawing *d, int y, const char *format, ...)
{
	va_list ap;

	fprintf(d->f, "<text x=\"%d\" y=\"%d\" fill=\"#555\">", SIZE + 16, y);
	va_start(ap, format);
	vfprintf(d->f, format, ap);
	va_end(ap);
	fputs("</text>\n", d->f);
	return y + 20;
}

static void draw_legend(struct drawing *d)
{
	size_t shown = OSMO_MIN(d->n_series, (size_t)30);
	int y = 60;

	fprintf(d->f, "<text x=\"%d\" y=\"34\" font-weight=\"bold\">%llu cells</text>\n", SIZE + 16,
		(unsigned long long)d->total);
	for (size_t i = 0; i < shown; i++, y += 20) {
		fprintf(d->f,
			"<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" "
			"y=\"%d\">",
			SIZE + 16, y - 10, colours[i % COLOURS], SIZE + 34, y);
		network_label(d, d->series[i].network);
		fprintf(d->f, ": %u</text>\n", d->series[i].cells);
	}
	if (shown < d->n_series)
		y = legend_line(d, y, "and %zu networks more", d->n_series - shown);
	y += 4;
	if (d->shaded) {
		y = legend_line(d, y, "darker: more cells");
		y = legend_line(d, y, "colour: who has most of them");
	}
	if (d->seen < d->total)
		legend_line(d, y, "%llu stand outside the picture", (unsigned long long)(d->total - d->seen));
}

static void begin(struct drawing *d)
{
	fprintf(d->f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
		"font-size=\"13\">\n",
		SIZE + LEGEND, SIZE);
	if (d->p->title) {
		fputs("<title>", d->f);
		put_text(d->f, d->p->title);
		fputs("</title>\n", d->f);
	}
	fputs("<style>.halo{paint-order:stroke;stroke:#fff;stroke-width:3px}</style>\n", d->f);
	fprintf(d->f, "<clipPath id=\"map\"><path d=\"M0 0h%dv%dh-%dz\"/></clipPath>\n", SIZE, SIZE, SIZE);
	fprintf(d->f, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", SIZE + LEGEND, SIZE);
	fprintf(d->f, "<rect width=\"%d\" height=\"%d\" fill=\"#f4f6f8\"/>\n<g clip-path=\"url(#map)\">\n",
		SIZE, SIZE);
}

static void end(struct drawing *d)
{
	if (d->p->borders)
		draw_borders(d);
	draw_rings(d);
	fputs("</g>\n", d->f);
	if (d->p->title) {
		fputs("<text x=\"10\" y=\"20\" class=\"halo\">", d->f);
		put_text(d->f, d->p->title);
		fputs("</text>\n", d->f);
	}
	draw_scale(d);
	draw_legend(d);
	fputs("</svg>\n", d->f);
}

int svg_write(FILE *f, const struct svg_picture *p)
{
	struct drawing d = {.f = f, .p = p};
	double widest = p->reach_m;
	void *ctx;
	int rc;

	for (size_t i = 0; i < p->n_rings; i++)
		widest = fmax(widest, p->rings[i].radius_m);
	if (!(widest > 0))
		return -EINVAL;
	ctx = talloc_named_const(NULL, 0, "svg_write");
	d.scale = HALF / widest;
	make_series(&d, ctx);
	begin(&d);
	if (p->land)
		draw_land(&d);
	rc = draw_cells(&d);
	end(&d);
	talloc_free(ctx);
	return rc < 0 ? rc : ferror(f) ? -EIO : 0;
}

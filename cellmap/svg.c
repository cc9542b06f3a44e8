#define _GNU_SOURCE
#include "cellmap/svg.h"
#include "cellmap/bigmem.h"
#include "cellmap/map.h"
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>

#define SIZE    800   /* of the square picture */
#define LEGEND  240   /* beside it */
#define HALF    380.0 /* pixels from the centre to the outermost ring */
#define BIN     5     /* pixels of a density bin */
#define BINS    (SIZE / BIN)
#define SHADES  6
#define COLOURS 10

struct series {
	uint32_t network; /* in the map's list */
	uint32_t cells;
	uint32_t *bins; /* BINS x BINS counts, when shaded */
};

struct drawing {
	FILE *f;
	const struct svg_picture *p;
	double scale; /* pixels a metre */
	struct series *series;
	size_t n_series;
	uint64_t total;
	bool shaded;
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

/* One series per network; spans ascend, so a network's spans follow each other. */
static void make_series(struct drawing *d, void *ctx)
{
	d->series = talloc_zero_array(ctx, struct series, d->p->map->head->n_networks + 1);
	OSMO_ASSERT(d->series);
	for (size_t i = 0; i < d->p->n_spans; i++) {
		uint32_t network = network_at(d->p->map, d->p->spans[i].first);

		if (d->n_series == 0 || d->series[d->n_series - 1].network != network)
			d->series[d->n_series++].network = network;
		d->series[d->n_series - 1].cells += d->p->spans[i].count;
		d->total += d->p->spans[i].count;
	}
	d->shaded = d->total > SVG_DOTS_MAX;
	for (size_t i = 0; i < d->n_series && d->shaded; i++)
		d->series[i].bins = bigmem(ctx, BINS * BINS * sizeof(uint32_t));
}

static bool project(const struct drawing *d, const struct cell *c, double *x, double *y)
{
	double s, azimuth;

	geod_inverse(&d->p->map->geod, d->p->lat, d->p->lon, c->lat, c->lon, &s, &azimuth, NULL);
	*x = SIZE / 2.0 + s * d->scale * sin(azimuth * M_PI / 180);
	*y = SIZE / 2.0 - s * d->scale * cos(azimuth * M_PI / 180);
	return *x >= 0 && *x < SIZE && *y >= 0 && *y < SIZE;
}

/* Dots are zero-length strokes with round ends: the shortest mark there is. */
static int draw_span(struct drawing *d, struct series *s, const struct cell_span *span)
{
	for (uint32_t i = 0; i < span->count; i++) {
		struct cell c;
		double x, y;

		if (cellmap_get(d->p->map, span->first + i, &c) < 0)
			return -EBADMSG;
		if (!project(d, &c, &x, &y))
			continue;
		if (d->shaded)
			s->bins[(int)y / BIN * BINS + (int)x / BIN]++;
		else
			fprintf(d->f, "M%.1f %.1fh0", x, y);
	}
	return 0;
}

static int shade(uint32_t count, uint32_t most)
{
	return count ? 1 + (int)((SHADES - 1) * log2(count) / fmax(1, log2(most))) : 0;
}

/* One path per density: runs of bins of the same shade in a row become one rectangle. */
static void draw_bins(struct drawing *d, const struct series *s, const char *colour)
{
	uint32_t most = 1;

	for (int i = 0; i < BINS * BINS; i++)
		most = OSMO_MAX(most, s->bins[i]);
	for (int level = 1; level <= SHADES; level++) {
		fprintf(d->f, "<path fill=\"%s\" fill-opacity=\"%.2f\" d=\"", colour, 0.12 + 0.13 * level);
		for (int y = 0; y < BINS; y++)
			for (int x = 0, run; x < BINS; x += run ? run : 1) {
				for (run = 0;
				     x + run < BINS && shade(s->bins[y * BINS + x + run], most) == level;
				     run++)
					;
				if (run)
					fprintf(d->f, "M%d %dh%dv%dh-%dz", x * BIN, y * BIN, run * BIN, BIN,
						run * BIN);
			}
		fputs("\"/>\n", d->f);
	}
}

static int draw_cells(struct drawing *d)
{
	size_t span = 0;
	int rc = 0;

	for (size_t i = 0; i < d->n_series && rc == 0; i++) {
		struct series *s = &d->series[i];
		const char *colour = colours[i % COLOURS];
		uint32_t end = d->p->map->list[s->network].first + d->p->map->list[s->network].count;

		if (!d->shaded)
			fprintf(d->f,
				"<path stroke=\"%s\" stroke-width=\"%s\" stroke-linecap=\"round\" "
				"stroke-opacity=\".6\" "
				"fill=\"none\" d=\"",
				colour, d->total > 3000 ? "1.6" : "3");
		for (; span < d->p->n_spans && d->p->spans[span].first < end && rc == 0; span++)
			rc = draw_span(d, s, &d->p->spans[span]);
		if (d->shaded)
			draw_bins(d, s, colour);
		else
			fputs("\"/>\n", d->f);
	}
	return rc;
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
	fprintf(d->f, "<path d=\"M%d %dh12m-6-6v12\" stroke=\"#000\" stroke-width=\"1.5\"/>\n", SIZE / 2 - 6,
		SIZE / 2);
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

static void draw_legend(struct drawing *d)
{
	size_t shown = OSMO_MIN(d->n_series, (size_t)32);
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
		fprintf(d->f, "<text x=\"%d\" y=\"%d\">and %zu networks more</text>\n", SIZE + 16, y,
			d->n_series - shown);
	if (d->shaded)
		fprintf(d->f, "<text x=\"%d\" y=\"%d\" fill=\"#555\">darker: more cells</text>\n", SIZE + 16,
			y + 24);
}

int svg_write(FILE *f, const struct svg_picture *p)
{
	struct drawing d = {.f = f, .p = p};
	void *ctx = talloc_named_const(NULL, 0, "svg_write");
	double widest = 0;
	int rc;

	for (size_t i = 0; i < p->n_rings; i++)
		widest = fmax(widest, p->rings[i].radius_m);
	if (!(widest > 0)) {
		talloc_free(ctx);
		return -EINVAL;
	}
	d.scale = HALF / widest;
	make_series(&d, ctx);
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
		"font-size=\"13\">\n",
		SIZE + LEGEND, SIZE);
	fputs("<style>.halo{paint-order:stroke;stroke:#fff;stroke-width:3px}</style>\n", f);
	fprintf(f, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", SIZE + LEGEND, SIZE);
	if (p->title) {
		fputs("<title>", f);
		put_text(f, p->title);
		fputs("</title>\n<text x=\"10\" y=\"20\" class=\"halo\">", f);
		put_text(f, p->title);
		fputs("</text>\n", f);
	}
	rc = draw_cells(&d);
	draw_rings(&d);
	draw_scale(&d);
	draw_legend(&d);
	fputs("</svg>\n", f);
	talloc_free(ctx);
	return rc < 0 ? rc : ferror(f) ? -EIO : 0;
}

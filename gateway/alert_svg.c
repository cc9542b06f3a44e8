/* What was reached, as a picture: squares of a grid, since a city has more cells than a picture has room for. */
#include "gateway/alert_cells.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/outfile.h"

#define GRID	 200   /* squares each way */
#define SIDE	 3     /* pixels of one */
#define MARGIN	 20
#define TOP	 40
#define FOOT	 60
#define EARTH_KM 6371.0088

enum colour { REACHED, PARTLY, TO_COME, IN_DOUBT, NOT_REACHED, COLOURS };
static const char *const fill[] = {"#2a9d4a", "#e0a92e", "#b9c0c8", "#8356b5", "#c8402f"};
static const char *const words[] = {"all accepted", "a part accepted", "to come", "unknown", "refused, expired, withdrawn"};

struct square {
	uint64_t accepted, to_come, unknown, lost;
};

struct panel {
	const char *title;
	struct square square[GRID][GRID];
	size_t cells[COLOURS];
};

struct picture {
	double lat, lon, km; /* centre, half the width */
	struct panel panel[2]; /* broadcast and lists, SMS */
};

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static enum colour colour_of(const struct square *s)
{
	if (s->accepted)
		return s->to_come + s->unknown + s->lost ? PARTLY : REACHED;
	return s->to_come ? TO_COME : s->unknown ? IN_DOUBT : NOT_REACHED;
}

/* True distance and direction from the centre (azimuthal equidistant, on a sphere: this is a picture). */
static void project(const struct picture *p, double lat, double lon, double *x, double *y)
{
	const double rad = M_PI / 180;
	double a = p->lat * rad, b = lat * rad, l = (lon - p->lon) * rad;
	double c = acos(fmax(-1, fmin(1, sin(a) * sin(b) + cos(a) * cos(b) * cos(l))));
	double k = c < 1e-9 ? 1 : c / sin(c);

	*x = EARTH_KM * k * cos(b) * sin(l) / p->km;
	*y = -EARTH_KM * k * (cos(a) * sin(b) - sin(a) * cos(b) * cos(l)) / p->km;
}

static void add(struct picture *p, const json_t *cell)
{
	const char *by = json_string_value(json_object_get(cell, "by"));
	struct panel *panel = &p->panel[by && !strcmp(by, "sms")];
	struct square one = {.accepted = (uint64_t)number(cell, "accepted"),
			     .to_come = (uint64_t)(number(cell, "waiting") + number(cell, "handed")),
			     .unknown = (uint64_t)number(cell, "unknown"),
			     .lost = (uint64_t)(number(cell, "refused") + number(cell, "expired") + number(cell, "withdrawn"))}, *sum;
	double x, y;
	int column, row;

	panel->cells[colour_of(&one)]++;
	if (!json_is_number(json_object_get(cell, "lat")))
		return;
	project(p, number(cell, "lat"), number(cell, "lon"), &x, &y);
	column = (int)floor((x + 1) / 2 * GRID);
	row = (int)floor((y + 1) / 2 * GRID);
	if (column < 0 || column >= GRID || row < 0 || row >= GRID)
		return;
	sum = &panel->square[row][column];
	sum->accepted += one.accepted;
	sum->to_come += one.to_come;
	sum->unknown += one.unknown;
	sum->lost += one.lost;
}

/* Squares of one colour that stand in a row are one. */
static void draw_squares(FILE *f, const struct panel *p, int left)
{
	for (int row = 0; row < GRID; row++)
		for (int column = 0, run; column < GRID; column += run) {
			const struct square *s = &p->square[row][column];
			enum colour c = colour_of(s);

			run = 1;
			if (s->accepted + s->to_come + s->unknown + s->lost == 0)
				continue;
			while (column + run < GRID && s[run].accepted + s[run].to_come + s[run].unknown + s[run].lost &&
			       colour_of(&s[run]) == c)
				run++;
			fprintf(f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", left + column * SIDE,
				TOP + row * SIDE, run * SIDE, SIDE, fill[c]);
		}
}

static void draw_circle(FILE *f, const struct picture *p, int left, double km, bool begun)
{
	int half = GRID * SIDE / 2;

	fprintf(f, "<circle cx=\"%d\" cy=\"%d\" r=\"%.1f\" fill=\"none\" stroke=\"#333\"%s/>\n", left + half, TOP + half,
		km / p->km * half, begun ? "" : " stroke-dasharray=\"4 4\"");
	fprintf(f, "<text x=\"%d\" y=\"%.1f\" font-size=\"11\" text-anchor=\"middle\">%g km</text>\n", left + half,
		TOP + half - km / p->km * half - 3, km);
}

static void draw_panel(FILE *f, const struct picture *p, const struct panel *panel, int left, const json_t *alert)
{
	int x = left, y = TOP + GRID * SIDE + 20;
	json_t *ring;
	size_t i;

	fprintf(f, "<text x=\"%d\" y=\"%d\" font-size=\"15\">%s</text>\n", left, TOP - 24, panel->title);
	draw_squares(f, panel, left);
	draw_circle(f, p, left, number(json_object_get(alert, "area"), "radius_km"), true);
	json_array_foreach(json_object_get(alert, "rings"), i, ring)
		draw_circle(f, p, left, number(ring, "radius_km"), json_is_string(json_object_get(ring, "begun_at")));
	for (int c = 0; c < COLOURS; c++) {
		if (c == IN_DOUBT) {
			x = left;
			y += 20;
		}
		fprintf(f, "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>"
			   "<text x=\"%d\" y=\"%d\" font-size=\"12\">%s: %zu cells</text>\n", x, y - 9, fill[c], x + 14, y, words[c],
			panel->cells[c]);
		x += GRID * SIDE / 3;
	}
}

static void draw(FILE *f, const struct picture *p, const json_t *alert)
{
	int side = GRID * SIDE;

	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", 2 * side + 3 * MARGIN, TOP + side + FOOT);
	draw_panel(f, p, &p->panel[0], MARGIN, alert);
	draw_panel(f, p, &p->panel[1], side + 2 * MARGIN, alert);
	fputs("</svg>\n", f);
}

static int write_it(int fd, const struct picture *p, const json_t *alert)
{
	int copy = dup(fd);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "w");
	bool bad;

	if (!f)
		return -errno;
	draw(f, p, alert);
	bad = ferror(f);
	return fclose(f) == 0 && !bad ? 0 : -EIO;
}

int alert_svg(const json_t *alert, const char *file, char *err, size_t err_len)
{
	void *ctx = talloc_new(NULL);
	struct picture *p = talloc_zero(ctx, struct picture);
	const json_t *area = json_object_get(alert, "area");
	struct outfile *out;
	json_t *o;
	size_t i;
	int rc;

	OSMO_ASSERT(p);
	*p = (struct picture){.lat = number(area, "lat"), .lon = number(area, "lon"), .km = fmax(number(area, "radius_km"), 0.1)};
	p->panel[0].title = "Cell broadcast and lists of cells";
	p->panel[1].title = "SMS";
	json_array_foreach(json_object_get(alert, "rings"), i, o)
		if (json_is_string(json_object_get(o, "begun_at")))
			p->km = fmax(p->km, number(o, "radius_km"));
	p->km *= 1.1;
	json_array_foreach(json_object_get(alert, "cells"), i, o)
		add(p, o);
	rc = outfile_open(ctx, file, &out, err, err_len);
	if (rc == 0) {
		rc = write_it(outfile_fd(out), p, alert);
		if (rc < 0)
			snprintf(err, err_len, "%s: cannot be written: %s", file, strerror(-rc));
		else
			rc = outfile_commit(out, err, err_len);
	}
	talloc_free(ctx);
	return rc;
}

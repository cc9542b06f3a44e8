#include "gateway/statusgrid.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAR_WIDTH 20
#define TEXT_MAX  128

struct cell {
	char text[TEXT_MAX];
	unsigned int width;
	bool right;
	enum statusgrid_tone tone;
};

struct statusgrid {
	size_t columns, n, room;
	struct cell *cell;
};

struct statusgrid *statusgrid_new(void *ctx, size_t columns)
{
	struct statusgrid *g = talloc_zero(ctx, struct statusgrid);

	OSMO_ASSERT(g && columns > 0);
	g->columns = columns;
	return g;
}

static struct cell *add(struct statusgrid *g, enum statusgrid_tone tone)
{
	if (g->n == g->room) {
		g->room = g->room ? g->room * 2 : 64;
		g->cell = talloc_realloc(g, g->cell, struct cell, g->room);
		OSMO_ASSERT(g->cell);
	}
	memset(&g->cell[g->n], 0, sizeof(g->cell[g->n]));
	g->cell[g->n].tone = tone;
	return &g->cell[g->n++];
}

/* One character: its octets (0 = not UTF-8), its code point. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xC2 ? 0
		   : p[0] < 0xE0 ? 2
		   : p[0] < 0xF0 ? 3
		   : p[0] < 0xF5 ? 4
				 : 0;

	*code = n == 1 ? p[0] : n == 0 ? 0 : p[0] & (0xFF >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3F);
	}
	return n;
}

/* East Asian wide: the blocks that occur in names; an exact table would be of little use in a column. */
static unsigned int columns_of(uint32_t c)
{
	if (c >= 0x300 && c < 0x370)
		return 0;
	return (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xD7A4) ||
			       (c >= 0xF900 && c < 0xFB00) || (c >= 0xFE30 && c < 0xFE70) ||
			       (c >= 0xFF00 && c < 0xFF61) || (c >= 0x1F300 && c < 0x1FAFF) ||
			       (c >= 0x20000 && c < 0x3FFFE)
		       ? 2
		       : 1;
}

/* Controls, and the characters that turn the direction of text, could make one thing look like another. */
static bool harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

void statusgrid_text(struct statusgrid *g, enum statusgrid_tone tone, const char *text)
{
	struct cell *cell = add(g, tone);
	const unsigned char *p = (const unsigned char *)(text ? text : "");
	size_t used = 0;

	while (*p && used + 5 < TEXT_MAX) {
		uint32_t code;
		size_t n = decode(p, &code);

		if (n == 0 || harmful(code)) {
			cell->text[used++] = '?';
			cell->width++;
		} else {
			memcpy(cell->text + used, p, n);
			used += n;
			cell->width += columns_of(code);
		}
		p += n ? n : 1;
	}
}

void statusgrid_number(struct statusgrid *g, enum statusgrid_tone tone, double value, unsigned int decimals)
{
	struct cell *cell = add(g, tone);

	snprintf(cell->text, TEXT_MAX, "%.*f", (int)decimals, value);
	cell->width = strlen(cell->text);
	cell->right = true;
}

void statusgrid_bar(struct statusgrid *g, const struct statusgrid_style *style, double done, double total)
{
	const char *full = style->unicode ? "█" : "#", *empty = style->unicode ? "░" : ".";
	struct cell *cell;
	double share;
	size_t used = 0;

	if (!(total > 0)) {
		statusgrid_text(g, TONE_PLAIN, "-");
		return;
	}
	share = done <= 0 ? 0 : done >= total ? 1 : done / total;
	cell = add(g, share < 1 ? TONE_PLAIN : TONE_GOOD);
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		used += snprintf(cell->text + used, TEXT_MAX - used, "%s",
				 i < (unsigned int)(share * BAR_WIDTH) ? full : empty);
	/* Cut, not rounded: 100.0 % is said only when it is true. */
	snprintf(cell->text + used, TEXT_MAX - used, " %5.1f %%", (double)(int)(share * 1000) / 10);
	cell->width = BAR_WIDTH + 8;
}

static void widths(const struct statusgrid *g, unsigned int *width)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->cell[i].width > width[i % g->columns])
			width[i % g->columns] = g->cell[i].width;
}

static void print_cell(FILE *f, const struct cell *c, unsigned int width, bool last, bool colour)
{
	static const char *const tones[] = {"", "\033[1m", "\033[32m", "\033[33m", "\033[31;1m"};
	int pad = (int)(width - c->width);
	bool paint = colour && c->tone != TONE_PLAIN;

	fprintf(f, "%*s%s%s%s%*s", c->right ? pad : 0, "", paint ? tones[c->tone] : "", c->text,
		paint ? "\033[0m" : "", last ? 0 : (c->right ? 0 : pad) + 2, "");
	if (last)
		fputc('\n', f);
}

char *statusgrid_print(void *ctx, const struct statusgrid *g, const struct statusgrid_style *style)
{
	unsigned int *width = talloc_zero_array(ctx, unsigned int, g->columns);
	char *text = NULL, *out;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	OSMO_ASSERT(width && f);
	widths(g, width);
	for (size_t i = 0; i < g->n - g->n % g->columns; i++)
		print_cell(f, &g->cell[i], width[i % g->columns], i % g->columns == g->columns - 1,
			   style->colour);
	OSMO_ASSERT(fclose(f) == 0);
	out = talloc_strndup(ctx, text, len);
	OSMO_ASSERT(out);
	free(text);
	talloc_free(width);
	return out;
}

/* statusgrid: a table for a terminal: cells in rows, columns as wide as their widest cell, numbers to the
 * right. Text from outside is printed with control characters replaced, and measured in terminal columns
 * (wide CJK characters count two). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct statusgrid_style {
	bool colour;  /* ANSI colours */
	bool unicode; /* block characters in bars */
};
enum statusgrid_tone { TONE_PLAIN, TONE_HEAD, TONE_GOOD, TONE_WARN, TONE_BAD };

struct statusgrid;
struct statusgrid *statusgrid_new(void *ctx, size_t columns);
void statusgrid_text(struct statusgrid *g, enum statusgrid_tone tone, const char *text);
void statusgrid_number(struct statusgrid *g, enum statusgrid_tone tone, double value, unsigned int decimals);
/* [########....] 62.5 % of total; nothing when total is 0. */
void statusgrid_bar(struct statusgrid *g, const struct statusgrid_style *style, double done, double total);
/* All rows, each with "\n"; a child of ctx. An unfinished row is left out. */
char *statusgrid_print(void *ctx, const struct statusgrid *g, const struct statusgrid_style *style);

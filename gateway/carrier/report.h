/* report: what arrived, as JSON (the format is in reunion-carrier(1)), and as lists for big runs; written
 * beside and renamed. */
#pragma once
#include "gateway/carrier/carrier.h"

/* Writes every file that the settings ask for; 0, or -errno with a line on stderr. */
int report_write(const struct carrier *c);
/* One line for a terminal. */
void report_live(const struct carrier *c, char *out, size_t cap);

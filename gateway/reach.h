/* reach: whom an alert's own text reached, told cell by cell. Pure. */
#pragma once
#include <jansson.h>

struct alert;

/* One answer is part of it, so that the loop is not held up: so many rows, or the row in which so many units were looked at. */
#define REACH_ROWS  4000
#define REACH_UNITS 50000
/* {"cells":[{"carrier","by","cell","lat","lon","ring_km", sums}], "next": place or null}, from a place (NULL: the beginning)
 * on, nearest first within a carrier and ring. "by": broadcast (the cell is the unit), lists (the same), sms (those who stand
 * in it). Of an exercise, and of what the configuration has no more, no cell is known: "-". NULL: no such place. */
json_t *reach_cells(const struct alert *a, const char *from);

/* reach: whom an alert's own text reached, told cell by cell. Pure. */
#pragma once
#include <jansson.h>

struct alert;

#define REACH_ROWS_MAX 20000 /* what a person or program can use of one answer */
/* [{"carrier","by","cell","ring_km", sums}], nearest first within a carrier and ring: "by" broadcast (the cell is the unit), lists
 * (the same), sms (those who stand in it). Of an exercise no cell is known for SMS: "-". */
json_t *reach_cells(const struct alert *a);

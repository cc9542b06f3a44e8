/* cells_csv: whom an alert reached, cell by cell (rows of reach.h), as a table for programs. Pure. */
#pragma once
#include <stdio.h>
#include <jansson.h>

void cells_csv_head(FILE *f);
void cells_csv_rows(FILE *f, const json_t *cells);

/* alert_cells: whom an alert reached, for people and programs: all parts of the gateway's answer (reach.h), a table, a
 * picture. */
#pragma once
#include <stdio.h>
#include <jansson.h>
#include "gateway/status_cmd_ask.h"

/* Asks for the parts that the first answer left open and adds their rows to its "cells". Exit status. */
int alert_cells_rest(void *ctx, const struct status_target *target, const char *alert_id, json_t *answer);
void alert_cells_csv(FILE *f, const json_t *alert);
/* The broadcast beside SMS. 0, or -errno with a sentence in err. */
int alert_svg(const json_t *alert, const char *file, char *err, size_t err_len);

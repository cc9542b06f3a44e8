/* scenario: timed and counted changes, one a line: "AT 5s LINK smpp down", "AT #1000 rate 200" (after the
 * 1000th submit). */
#pragma once
#include "gateway/carrier/carrier.h"

/* Reads the file; NULL with a message on stderr that names file and line. No file: an empty scenario. */
struct scenario *scenario_load(struct carrier *c, const char *file);
void scenario_submits(struct carrier *c, uint64_t n); /* the submit that it waits for has come */
/* Periodic troubles of the settings (--disconnect-every, --bsc-restart-every, --enquire-link). */
void scenario_periodic(struct carrier *c);

/* snapshot_json: a snapshot as JSON, the one form that `reunion status --json`, /status.json, alerts/ID.json
 * and all tables for people are made of. Times are ISO 8601 in UTC ("2026-11-23T00:32:31Z"), null where there
 * is none. New references; thread-safe. SPEC 7. */
#pragma once
#include <jansson.h>
#include "gateway/snapshot.h"

/* For json_dumps(): one line, 39.9042 rather than 39.904200000000003. */
#define SNAPSHOT_DUMP (JSON_COMPACT | JSON_REAL_PRECISION(12))

json_t *snapshot_json(const struct snapshot *s);         /* `reunion status --json` */
json_t *snapshot_alert_json(const struct snap_alert *a); /* alerts/ID.json */
/* Bounds, with 95 % confidence, of a share of which good of n were seen (Wilson's interval); 0 and 1 when n is 0. */
void snapshot_interval(uint64_t good, uint64_t n, double *low, double *high);
json_t *snapshot_time(int64_t wall_s);                   /* 0 = null */
const char *snapshot_alert_state(int state);             /* enum snap_alert_state: "running" ... */
const char *snapshot_link_state(int state);              /* enum link_state: "up" ... */
/* It has work, but its window is full before its rate is reached: the carrier answers too slowly. SPEC 5. */
bool snapshot_window_bound(const struct snap_link *l);
const char *snapshot_unit_state(int state); /* enum unit_state: "waiting" ... "unknown" */

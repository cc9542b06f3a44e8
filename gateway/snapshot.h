/* snapshot: what the NOC sees at one instant: a plain copy made by the loop, read by the AgentX thread, the
 * VTY, the status page and the control socket. Immutable once published; readers hold a reference. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/counters.h"
#include "gateway/ledger.h"
#include "gateway/link.h"

struct snap_link {
	char name[33], carrier[33], type[9]; /* "smpp", "cbsp" */
	int state;                           /* enum link_state */
	int64_t state_since;                 /* wall, seconds */
	double rate, granted, measured_rate; /* parts a second: agreed, now granted, measured over 10 s */
	uint32_t window, window_used;
	bool throttled; /* its bucket or its carrier's is empty */
	uint64_t queue; /* units waiting for it */
	struct link_counters count;
	uint64_t rtt_mean_us, rtt_p99_us, proven_s, serving; /* LINK_GAUGES */
	struct link_reason reasons[LINK_REASONS];
};

/* What receipts say of messages (parts) that asked for one. */
struct snap_receipts {
	uint64_t asked, delivered, failed;
	bool measured; /* they tell a share: all or a sample are asked for */
	bool sampled;  /* of a sample: the share is known within an interval */
};

struct snap_alert_link {
	char name[33];
	struct unit_sums sums;
	struct snap_receipts receipts; /* of the alert's own text */
	uint64_t cancelled, cancel_late, cancel_pending; /* messages asked back at the recall */
	bool gone;		    /* cannot serve the alert any more: the configuration was changed */
};

struct snap_alert_carrier {
	char name[33];
	bool at_risk, missed;
	struct unit_sums sums;
	struct snap_receipts receipts; /* over its links */
};

struct snap_alert_ring {
	double radius_km;
	int64_t at, since; /* wall; since 0 = not begun */
};

enum snap_alert_state { ALERT_RUNNING = 1, ALERT_COMPLETED, ALERT_RECALLED, ALERT_EXPIRED }; /* MIB values */

struct snap_alert {
	uint32_t number; /* of acceptance, from 1, never used again: index in the MIB; 0 = position + 1 */
	char alert_id[65], case_number[193], type[33], agency[33], action[12];
	int state;
	bool at_risk, missed;
	int64_t accepted_at, deadline_at, expires_at; /* wall, seconds */
	double lat, lon, radius_km;
	struct unit_sums sums;   /* the alert's own text */
	struct unit_sums others; /* update and found texts */
	struct snap_alert_link *links;
	size_t n_links;
	struct snap_alert_carrier *carriers;
	size_t n_carriers;
	struct snap_alert_ring *rings; /* without the first circle */
	size_t n_rings;
};

struct snap_carrier {
	char name[33];
	double rate, measured_rate;
	uint64_t waiting, accepted;
	int64_t finish_at; /* predicted, wall; 0 = nothing to do */
};

struct snap_agency {
	char name[33];
	uint64_t accepted, rejected, duplicate; /* trigger files */
};

/* Links, carriers and agencies stand in the order of the configuration: their position + 1 is their index in
 * the MIB. */
struct snapshot {
	int64_t taken_at; /* wall, seconds */
	uint64_t uptime_s;
	int64_t started_at;
	char name[33];
	struct total_counters total;
	int store_state; /* 1 healthy, 2 failing */
	uint32_t map_cells;
	uint64_t map_checksum;
	char map_path[256];
	struct snap_link *links;
	size_t n_links;
	struct snap_alert *alerts;
	size_t n_alerts;
	struct snap_carrier *carriers;
	size_t n_carriers;
	struct snap_agency *agencies;
	size_t n_agencies;
	int refs; /* snapshot.c */
};

/* Zeroed; from malloc, not talloc, because the last reader may be another thread. Out of memory aborts. */
struct snapshot *snapshot_new(size_t n_links, size_t n_alerts, size_t n_carriers);
void snapshot_agencies(struct snapshot *s, size_t n);
int snapshot_alert_links(struct snapshot *s, size_t alert, size_t n); /* -EINVAL: no such alert */
int snapshot_alert_parts(struct snapshot *s, size_t alert, size_t n_carriers, size_t n_rings);
/* Fills a text field: valid UTF-8 without control characters (else '?'), cut between characters. src may be
 * NULL. */
void snapshot_text(char *dst, size_t size, const char *src);
/* Publishing takes the snapshot over; get/put are thread-safe. NULL unpublishes. */
void snapshot_publish(struct snapshot *take);
struct snapshot *snapshot_get(void); /* NULL before the first */
void snapshot_put(struct snapshot *s);

/* agentx_mib: REUNION-GATEWAY-MIB over one snapshot. Pure: no agent, no clock, no locks.
 *
 * Object identifiers here are suffixes below the MIB's root (REUNION_ROOT_OID), as sub-identifiers. Cells are
 * computed when asked for; a view only sorts the rows once, so that a walk is O(log rows) a step. Borrowed:
 * the view keeps pointers into the snapshot. etc/REUNION-GATEWAY-MIB.in says what each column means; a test
 * holds the two together. RFC 2578, RFC 3416. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "gateway/snapshot.h"

#define MIB_OID_MAX  8 /* longest suffix of ours */
#define MIB_ROOT_MAX 64

/* The MIB's root, as configured (--with-enterprise-oid); returns its length. */
size_t mib_root(uint32_t *out, size_t max);

enum mib_type { MIB_INTEGER, MIB_GAUGE, MIB_COUNTER64, MIB_TICKS, MIB_TEXT };

struct mib_value {
	enum mib_type type;
	uint64_t n;       /* MIB_INTEGER: a signed number in two's complement */
	const char *text; /* MIB_TEXT: len octets, borrowed from the snapshot or buf */
	size_t len;
	char buf[12];
};

struct mib_oid {
	uint32_t v[MIB_OID_MAX];
	size_t len;
};

enum mib_table {
	MIB_GATEWAY,
	MIB_TOTALS,
	MIB_LINKS,
	MIB_CARRIERS,
	MIB_AGENCIES,
	MIB_ALERTS,
	MIB_ALERT_LINKS,
	MIB_TABLES
};

struct mib_row {
	uint32_t index[2];
	const void *a; /* what the row shows: struct snap_link, struct snap_alert ... */
};

struct mib_view {
	const struct snapshot *s;
	uint32_t discontinuity; /* sysUpTime of the master when our counters began, hundredths of a second */
	struct mib_row *rows[MIB_TABLES];
	size_t n[MIB_TABLES];
};

/* From malloc (it lives in the agent's thread); mib_view_free() also puts the snapshot. */
struct mib_view *mib_view_new(struct snapshot *take, uint32_t discontinuity);
void mib_view_free(struct mib_view *view);

/* The object named exactly: 0 or -ENOENT. */
int mib_get(const struct mib_view *view, const struct mib_oid *oid, struct mib_value *value);
/* The first object behind oid (len 0: the very first) in lexicographic order, its name in *found: 0 or
 * -ENOENT. oid may be longer than MIB_OID_MAX in the request: the caller cuts it, which keeps the order. */
int mib_next(const struct mib_view *view, const struct mib_oid *oid, struct mib_oid *found,
	     struct mib_value *value);

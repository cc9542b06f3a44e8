/* agentx_cells: the value of one cell of REUNION-GATEWAY-MIB. Columns are numbers of
 * etc/REUNION-GATEWAY-MIB.in; the counters of gateway/counters.h follow each other in its order, which must
 * therefore only grow at its end. */
#pragma once
#include "gateway/agentx_mib.h"

#define CELL_ONE(field, mib, text) +1
#define CELL_GAUGE(field, mib, unit, text) +1
enum {
	CELL_GATEWAY_LAST = 8,
	CELL_CARRIER_LAST = 7,
	CELL_AGENCY_LAST = 5,
	CELL_ALERT_LAST = 29,
	CELL_ALERT_LINK_LAST = 7,
	CELL_COUNTERS = 101, /* the first counter's column in a table */
	CELL_TOTALS = TOTAL_COUNTERS(CELL_ONE),
	CELL_LINK_COUNTERS = LINK_COUNTERS(CELL_ONE),
	CELL_LINK_GAUGES = 14, /* the first one of LINK_GAUGES */
	CELL_LINK_LAST = CELL_LINK_GAUGES - 1 LINK_GAUGES(CELL_GAUGE),
};
#undef CELL_ONE
#undef CELL_GAUGE

/* column is one that exists. Numbers beyond a Gauge32 stay at its maximum (RFC 2578 7.1.7). */
void cell_value(const struct mib_view *view, enum mib_table table, const struct mib_row *row, uint32_t column,
		struct mib_value *value);

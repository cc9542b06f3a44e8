/* conf_timers: the timers of one link as libosmocore defines timers (osmo_tdef), made of the table of configuration keys: that one
 * is where names, defaults, units and limits stand. Timers are per link, osmo_tdef's own VTY sets one for all: so they are set in the
 * configuration, which a reload puts in force, and only shown here. */
#pragma once
#include <osmocom/core/tdef.h>
#include "gateway/conf.h"

/* Ended by an empty one; X1, X2 ... in the order of the manual, the same number for the same key on every link. Child of ctx. */
struct osmo_tdef *conf_timers(void *ctx, const struct conf_link *link);

/* log: categories of the gateway's log (libosmocore logging). Nothing from outside is logged raw: use log_safe(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <osmocom/core/logging.h>

enum { DMAIN, DCONF, DSPOOL, DALERT, DLINK, DSMPP, DCBSP, DLEDGER, DNOC, DLOG_N };
void log_start(void *ctx, int level); /* to stderr, one line a message */
/* Printable copy of outside octets, at most 120 characters, control and non-UTF-8 octets as \xNN; static ring of 4. */
bool log_plain(const char *text, size_t len); /* whether all of it is printable UTF-8 */
const char *log_safe(const char *text, size_t len);

/* http_page: what the status page's server says, made from a snapshot. Pure and thread-safe; texts are from
 * malloc, the caller frees them. Everything from the snapshot is escaped for where it stands. */
#pragma once
#include <stdint.h>
#include "gateway/snapshot.h"

#define HTTP_STALE_S 15 /* a loop that publishes nothing for so long is not healthy */

char *http_page_html(const struct snapshot *s);    /* self-contained, reloads itself, s may be NULL */
char *http_page_json(const struct snapshot *s);    /* as `reunion status --json` */
char *http_page_metrics(const struct snapshot *s); /* Prometheus text format 0.0.4 */
/* 200 or 503, with a word why. now: wall clock, seconds. */
unsigned int http_page_health(const struct snapshot *s, int64_t now, const char **why);

/* trigger_time: RFC 3339 date and time, zone required. Pure. */
#pragma once
#include <stdint.h>

/* "2026-11-23T08:32:31+08:00" to Unix seconds; fractions are dropped. 0, -EINVAL, or -ENODATA when only the
 * zone is missing. */
int trigger_time_parse(const char *text, int64_t *seconds);
/* As people read it, in the zone written: "2026-11-23 08:32". text must parse. */
void trigger_time_show(const char *text, char out[17]);

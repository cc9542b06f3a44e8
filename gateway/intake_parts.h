/* intake_parts: the two files of the daemon's intake. */
#pragma once
#include "gateway/daemon.h"
#include "gateway/trigger_scan.h"

/* intake.c: what becomes of a claimed file; each finishes the item at once or when the store has answered. */
void intake_judge(struct intake *in, struct spool_item *item, struct trigger *t, struct reasons *reasons);
/* A file that was claimed before a restart, with its decision stored: finished so, whatever keys and configuration are now. */
bool intake_decided(struct intake *in, struct spool_item *item, const struct trigger_scan *scan);
void intake_reject(struct intake *in, struct spool_item *item, const char *alert_id, const struct reasons *reasons);
/* Back into the spool: rc says why the gateway cannot take it now. */
void intake_defer(struct intake *in, struct spool_item *item, int rc);

/* intake_folder.c: the agency's folder that is in use, else the one that was; NULL: none. */
struct intake *intake_of(struct daemon *d, const char *agency);

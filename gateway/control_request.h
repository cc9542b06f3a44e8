/* control_request: one request of the control socket, answered. Pure but for the operations given. Requests
 * and answers are one JSON object each:
 *
 *   {"cmd":"status"}                                       the snapshot (SPEC 7)
 *   {"cmd":"alert","alert_id":ID}                          one alert in full
 *   {"cmd":"cancel","alert_id":ID,"reason":TEXT}           as the daemon answers
 *   {"cmd":"block","link":NAME,"block":true|false}         as the daemon answers
 *   {"cmd":"rate","link":NAME,"rate":NUMBER|null}          parts a second until the next reload; null: as configured
 *
 * "reason":TEXT may be added to the last two: it goes to the log with who asked.
 *
 * What cannot be done is answered with {"error":SENTENCE}. */
#pragma once
#include "gateway/noc.h"

#define CONTROL_REQUEST_MAX 16384
#define CONTROL_REASON_MAX  500

/* The answer as one line with its newline, a talloc child of ctx. who: the peer, for logs and the audit. */
char *control_request(void *ctx, const struct control_ops *ops, const char *line, size_t len,
		      const char *who);
/* The same for callers that have the pieces (VTY): new reference, an "error" member when it failed. */
json_t *control_cancel(const struct control_ops *ops, const char *alert_id, const char *reason,
		       const char *who);
/* reason may be NULL. */
json_t *control_block(const struct control_ops *ops, const char *link, bool block, const char *reason, const char *who);
json_t *control_rate(const struct control_ops *ops, const char *link, double rate, const char *reason, const char *who);
json_t *control_alert(const struct control_ops *ops, const char *alert_id);
json_t *control_status(const struct control_ops *ops);
json_t *control_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

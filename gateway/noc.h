/* noc: the doors for people and machines that watch: AgentX (own thread), VTY and control socket
 * (the loop), HTTP (own thread). */
#pragma once
#include <osmocom/core/tdef.h>
#include "gateway/conf.h"
#include "gateway/snapshot.h"
#include "gateway/snapshot_json.h"

/* MIB notifications, in the order of REUNION-GATEWAY-MIB. */
enum notify_kind {
	NOTIFY_LINK_UP = 1,
	NOTIFY_LINK_DOWN,
	NOTIFY_TRIGGER_REJECTED,
	NOTIFY_ALERT_ACCEPTED,
	NOTIFY_ALERT_AT_RISK,
	NOTIFY_ALERT_MISSED,
	NOTIFY_ALERT_COMPLETED,
	NOTIFY_ALERT_RECALLED,
	NOTIFY_STORE_FAILING,
	NOTIFY_BIND_FAILED
};

struct agentx; /* one per process: net-snmp keeps its state in globals */
/* Starts the subagent thread; a missing or hung master never touches the caller. It reads snapshot_get(). */
int agentx_start(void *ctx, const char *socket_path, struct agentx **agent);
/* Queues a notification (bounded, drops the oldest). subject: link or alert or file name, printable. */
void agentx_notify(struct agentx *agent, enum notify_kind kind, const char *subject, const char *text);
bool agentx_connected(const struct agentx *agent); /* a master serves us now */
void agentx_stop(struct agentx *agent);            /* frees it; returns within 1 s also with a hung master */

/* Commands that change something; implemented by the daemon, called by control socket and VTY on the loop. */
struct control_ops {
	/* Answers are talloc'ed JSON texts, children of ctx. */
	json_t *(*cancel)(void *arg, const char *alert_id, const char *reason, const char *who);
	json_t *(*block)(void *arg, const char *link, bool block, const char *who);
	json_t *(*rate)(void *arg, const char *link, double rate, const char *who); /* parts a second; < 0: as configured */
	json_t *(*alert_show)(
		void *arg, const char *alert_id); /* in full: per carrier and link, reasons; NULL = unknown */
	/* A part of the same, cell by cell, from a place (NULL: the beginning) on: reach.h; NULL = unknown */
	json_t *(*alert_cells)(void *arg, const char *alert_id, const char *from);
	/* The timers of the link in that place, child of ctx, and its name; NULL: there are no more links. */
	struct osmo_tdef *(*timers)(void *arg, void *ctx, size_t place, const char **link);
	void (*refresh)(void *arg);               /* publish a fresh snapshot now */
	void *arg;
};

/* All on the osmocore select loop; the caller ignores SIGPIPE (osmo_init_ignore_signals). -errno with a
 * logged sentence when an address cannot be had. */
int control_listen(void *ctx, const char *path, const struct control_ops *ops);
int vty_listen(void *ctx, const struct conf_endpoint *at, const struct control_ops *ops);
int http_listen(void *ctx, const struct conf_endpoint *at);

/* Client side of the control socket, blocking, for `reunion`. Request
 * {"cmd":"status"|"cancel"|"alert"|"block"|"rate",...}. */
int control_ask(const char *path, json_t *request, json_t **answer, char *err, size_t err_len);

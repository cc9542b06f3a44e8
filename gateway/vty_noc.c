#include <osmocom/core/application.h>
#include <osmocom/core/logging.h>
#include <osmocom/core/signal.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/tdef_vty.h>
#include <osmocom/vty/telnet_interface.h>
#include <osmocom/vty/vector.h>
#include <osmocom/vty/vty.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "gateway/clock.h"
#include "gateway/control_request.h"
#include "gateway/log.h"
#include "gateway/noc.h"
#include "gateway/statusview.h"

#define CONFIRM_S    60
#define SESSIONS_MAX 16

/* A recall cannot be undone, so it is asked for in one command and confirmed in another of the same session. */
struct recall {
	const struct vty *vty; /* NULL: none */
	char alert_id[65], reason[CONTROL_REASON_MAX + 1];
	uint64_t until_us;
};

struct vty_noc {
	struct vty_app_info app;
	const struct control_ops *ops;
	struct recall recall;
	struct vty *sessions[SESSIONS_MAX]; /* who was silent for longest comes first */
	unsigned int n_sessions;
};

static const struct statusgrid_style style = {.colour = false, .unicode = false};

static struct vty_noc *noc_of(struct vty *vty)
{
	return ((struct telnet_connection *)vty->priv)->priv;
}

/* Telnet wants its own line ends. */
static void print_lines(struct vty *vty, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		vty_out(vty, "%.*s%s", (int)n, text, VTY_NEWLINE);
		text += n + (text[n] == '\n');
	}
}

static int print_error(struct vty *vty, const char *error)
{
	vty_out(vty, "%% %s%s", error, VTY_NEWLINE);
	return CMD_WARNING;
}

/* Shows a view of the answer; takes the answer over. */
static int show(struct vty *vty, json_t *answer,
		char *(*view)(void *ctx, const json_t *o, const struct statusgrid_style *style))
{
	void *ctx = talloc_named_const(noc_of(vty), 0, "show");
	const char *error = json_string_value(json_object_get(answer, "error"));
	int rc = CMD_SUCCESS;

	if (error)
		rc = print_error(vty, error);
	else
		print_lines(vty, view(ctx, answer, &style));
	json_decref(answer);
	talloc_free(ctx);
	return rc;
}

/* The outcome of a command that changes something; takes the answer over. */
static int outcome(struct vty *vty, json_t *answer, const char *done)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	int rc = CMD_SUCCESS;

	if (error)
		rc = print_error(vty, error);
	else
		vty_out(vty, "%s%s", done, VTY_NEWLINE);
	json_decref(answer);
	return rc;
}

static void who(struct vty *vty, char *out, size_t size)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	char host[INET6_ADDRSTRLEN] = "?";

	getpeername(vty->fd, (struct sockaddr *)&ss, &len);
	if (ss.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&ss)->sin_addr, host, sizeof(host));
	else if (ss.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&ss)->sin6_addr, host, sizeof(host));
	snprintf(out, size, "VTY from %s", host);
}

DEFUN(show_links, show_links_cmd, "show links", SHOW_STR "Links to carriers: state, rate, window, counters\n")
{
	return show(vty, control_status(noc_of(vty)->ops), statusview_links);
}

DEFUN(show_timers, show_timers_cmd, "show timers", SHOW_STR "Timers of each link, as the configuration sets them\n")
{
	const struct control_ops *ops = noc_of(vty)->ops;
	void *ctx = talloc_named_const(noc_of(vty), 0, "timers");
	struct osmo_tdef *timers;
	const char *link;

	for (size_t i = 0; ops->timers && (timers = ops->timers(ops->arg, ctx, i, &link)); i++)
		osmo_tdef_vty_out_all(vty, timers, "%s: ", link);
	talloc_free(ctx);
	return CMD_SUCCESS;
}

DEFUN(show_alerts, show_alerts_cmd, "show alerts",
      SHOW_STR "Alerts: state, deadline, what became of their units\n")
{
	return show(vty, control_status(noc_of(vty)->ops), statusview_alerts);
}

DEFUN(show_alert, show_alert_cmd, "show alert ID",
      SHOW_STR "One alert in full\n"
	       "Its identifier\n")
{
	return show(vty, control_alert(noc_of(vty)->ops, argv[0]), statusview_alert);
}

DEFUN(show_cellmap, show_cellmap_cmd, "show cellmap", SHOW_STR "The cell map in use\n")
{
	return show(vty, control_status(noc_of(vty)->ops), statusview_cellmap);
}

#define LINK_STR "Change a link\n" "Its name\n"
#define WHY_STR  "Why: for the log\n"

DEFUN(link_block, link_block_cmd, "link NAME (block|unblock)",
      LINK_STR
      "Send nothing more on it until unblocked\n"
      "Let it carry alerts again\n")
{
	bool block = !strcmp(argv[1], "block");
	char *reason = argc > 2 ? argv_concat(argv, argc, 2) : NULL;
	char from[64];
	int rc;

	who(vty, from, sizeof(from));
	rc = outcome(vty, control_block(noc_of(vty)->ops, argv[0], block, reason, from), block ? "blocked" : "unblocked");
	talloc_free(reason);
	return rc;
}

ALIAS(link_block, link_block_why_cmd, "link NAME (block|unblock) .REASON",
      LINK_STR
      "Send nothing more on it until unblocked\n"
      "Let it carry alerts again\n" WHY_STR)

DEFUN(link_rate, link_rate_cmd, "link NAME rate (configured|<1-1000000>)",
      LINK_STR
      "Parts a second, until the configuration is loaded again\n"
      "What the configuration says\n"
      "So many\n")
{
	double rate = !strcmp(argv[1], "configured") ? -1 : atof(argv[1]);
	char *reason = argc > 2 ? argv_concat(argv, argc, 2) : NULL;
	char from[64];
	int rc;

	who(vty, from, sizeof(from));
	rc = outcome(vty, control_rate(noc_of(vty)->ops, argv[0], rate, reason, from), "changed");
	talloc_free(reason);
	return rc;
}

ALIAS(link_rate, link_rate_why_cmd, "link NAME rate (configured|<1-1000000>) .REASON",
      LINK_STR
      "Parts a second, until the configuration is loaded again\n"
      "What the configuration says\n"
      "So many\n" WHY_STR)

DEFUN(show_link, show_link_cmd, "show link NAME",
      SHOW_STR "One link in full\n"
	       "Its name\n")
{
	json_t *status = control_status(noc_of(vty)->ops), *link;
	size_t i;

	json_array_foreach(json_object_get(status, "links"), i, link)
		if (!strcmp(json_string_value(json_object_get(link, "name")), argv[0])) {
			json_incref(link);
			json_decref(status);
			return show(vty, link, statusview_link);
		}
	json_decref(status);
	return print_error(vty, "no link has that name");
}

DEFUN(alert_cancel, alert_cancel_cmd, "alert ID cancel .REASON",
      "Change an alert\n"
      "Its identifier\n"
      "Recall it on all links, and send the found text\n"
      "Why: for the ledger\n")
{
	struct vty_noc *noc = noc_of(vty);
	struct recall *r = &noc->recall;
	char *reason = argv_concat(argv, argc, 1);
	int rc;

	if (!reason || strlen(reason) > CONTROL_REASON_MAX || strlen(argv[0]) >= sizeof(r->alert_id)) {
		talloc_free(reason);
		return print_error(vty, "the identifier or the reason is too long");
	}
	rc = show(vty, control_alert(noc->ops, argv[0]), statusview_alert);
	if (rc == CMD_SUCCESS) {
		r->vty = vty;
		r->until_us = clock_mono_us() + CONFIRM_S * 1000000ull;
		snprintf(r->alert_id, sizeof(r->alert_id), "%s", argv[0]);
		snprintf(r->reason, sizeof(r->reason), "%s", reason);
		vty_out(vty,
			"This recalls the alert for good. To do it, enter within %d s: alert %s confirm%s",
			CONFIRM_S, r->alert_id, VTY_NEWLINE);
	}
	talloc_free(reason);
	return rc;
}

DEFUN(alert_confirm, alert_confirm_cmd, "alert ID confirm",
      "Change an alert\n"
      "Its identifier\n"
      "Do what was asked for with cancel\n")
{
	struct vty_noc *noc = noc_of(vty);
	struct recall *r = &noc->recall;
	char from[64];

	if (r->vty != vty || strcmp(r->alert_id, argv[0]) || clock_mono_us() > r->until_us)
		return print_error(vty, "nothing to confirm: first enter alert ID cancel REASON");
	r->vty = NULL;
	who(vty, from, sizeof(from));
	return outcome(vty, control_cancel(noc->ops, r->alert_id, r->reason, from), "recalled");
}

static void forget(struct vty_noc *noc, const struct vty *vty)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < noc->n_sessions; i++)
		if (noc->sessions[i] != vty)
			noc->sessions[kept++] = noc->sessions[i];
	noc->n_sessions = kept;
}

/* Connections that nobody uses must not take the descriptors that alerts need, nor keep an operator out: a newcomer gets the
 * place of who was silent for longest. */
static void spoke(struct vty_noc *noc, struct vty *vty)
{
	forget(noc, vty);
	if (noc->n_sessions == SESSIONS_MAX) {
		shutdown(noc->sessions[0]->fd, SHUT_RDWR); /* or the last words might wait for a peer that does not read */
		vty_close(noc->sessions[0]);		   /* on_vty() forgets it */
	}
	noc->sessions[noc->n_sessions++] = vty;
}

/* A recall that waits for its confirmation ends with its session. VTY_READ comes at a session's begin, and after each input. */
static int on_vty(unsigned int subsys, unsigned int signal, void *handler_data, void *signal_data)
{
	struct vty_noc *noc = handler_data;
	const struct vty_signal_data *sd = signal_data;

	if (signal != S_VTY_EVENT)
		return 0;
	if (sd->event == VTY_READ)
		spoke(noc, sd->vty);
	if (sd->event == VTY_CLOSED)
		forget(noc, sd->vty);
	if (sd->event == VTY_CLOSED && sd->vty == noc->recall.vty)
		noc->recall.vty = NULL;
	return 0;
}

/* libosmovty's own; not in its headers. */
extern vector cmdvec;

/* libosmovty brings commands that write files, change its settings and stop the process. The gateway has one
 * configuration, its file, and whoever reaches this port must not write files in the gateway's name. */
static void drop_commands(enum node_type node)
{
	static const char *const unwanted[] = {"write",
					       "copy",
					       "configure",
					       "shutdown",
					       "show startup-config",
					       "show running-config",
					       "show online-help"};
	vector v = ((struct cmd_node *)vector_lookup(cmdvec, node))->cmd_vector;

	for (unsigned int i = 0; i < vector_active(v);) {
		const struct cmd_element *cmd = vector_slot(v, i);
		bool drop = cmd == NULL;

		for (size_t u = 0; !drop && u < ARRAY_SIZE(unwanted); u++)
			drop = !strncmp(cmd->string, unwanted[u], strlen(unwanted[u]));
		if (drop)
			v->index[i] = v->index[--v->active];
		else
			i++;
	}
}

static int vty_close_all(struct vty_noc *noc)
{
	osmo_signal_unregister_handler(SS_L_VTY, on_vty, noc);
	telnet_exit();
	return 0;
}

int vty_listen(void *ctx, const struct conf_endpoint *at, const struct control_ops *ops)
{
	struct vty_noc *noc = talloc_zero(ctx, struct vty_noc);
	int rc;

	OSMO_ASSERT(noc);
	noc->ops = ops;
	noc->app = (struct vty_app_info){.name = "reunion", .version = "", .tall_ctx = noc};
	vty_init(&noc->app);
	install_element_ve(&show_links_cmd);
	install_element_ve(&show_link_cmd);
	install_element_ve(&show_timers_cmd);
	install_element_ve(&show_alerts_cmd);
	install_element_ve(&show_alert_cmd);
	install_element_ve(&show_cellmap_cmd);
	install_element(ENABLE_NODE, &link_block_cmd);
	install_element(ENABLE_NODE, &link_block_why_cmd);
	install_element(ENABLE_NODE, &link_rate_cmd);
	install_element(ENABLE_NODE, &link_rate_why_cmd);
	install_element(ENABLE_NODE, &alert_cancel_cmd);
	install_element(ENABLE_NODE, &alert_confirm_cmd);
	drop_commands(VIEW_NODE);
	drop_commands(ENABLE_NODE);
	sort_node();
	rc = telnet_init_dynif(noc, noc, at->address, at->port);
	if (rc < 0) {
		LOGP(DNOC, LOGL_ERROR, "VTY: cannot listen on %s port %u\n",
		     log_safe(at->address, strlen(at->address)), at->port);
		return -EADDRINUSE; /* noc stays: vty_init() keeps pointing to it */
	}
	/* Without descriptors left its library tells of each turn of the loop that a connection cannot be taken. */
	log_set_category_filter(osmo_stderr_target, DLGLOBAL, 0, LOGL_FATAL);
	talloc_set_destructor(noc, vty_close_all);
	return osmo_signal_register_handler(SS_L_VTY, on_vty, noc);
}

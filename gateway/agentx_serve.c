#define _GNU_SOURCE /* fd_set as net-snmp reads it */
#include "gateway/agentx_serve.h"
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/library/large_fd_set.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/agentx_mib.h"

#define RECONNECT_S       5
#define MASTER_TIMEOUT_US 2000000
#define JITTER_TICKS      500 /* the master's idea of its uptime and ours may differ by so much */

/* The argument of net-snmp's callbacks: net-snmp frees it when it shuts down. */
struct session {
	struct agentx_queue *queue;
};

struct serve {
	struct agentx_queue *queue;
	oid root[MAX_OID_LEN];
	size_t root_len;
	struct mib_view *view; /* NULL before the first snapshot */
	uint32_t discontinuity;
};

/* When the counters began, in the master's time. Kept while it is about right, since a manager takes every
 * change of it for a reset of the counters. */
static uint32_t discontinuity(uint32_t before, uint64_t uptime_s)
{
	uint64_t master = (uint32_t)netsnmp_get_agent_uptime(), ours = uptime_s * 100;
	uint64_t now = master > ours ? master - ours : 0, apart = now > before ? now - before : before - now;

	return apart > JITTER_TICKS ? (uint32_t)now : before;
}

static void refresh(struct serve *serve)
{
	struct snapshot *s = snapshot_get();

	if (!s || (serve->view && serve->view->s == s)) {
		snapshot_put(s);
		return;
	}
	serve->discontinuity = discontinuity(serve->discontinuity, s->uptime_s);
	mib_view_free(serve->view);
	serve->view = mib_view_new(s, serve->discontinuity);
}

static void set_value(netsnmp_variable_list *var, const struct mib_value *v)
{
	struct counter64 c;

	switch (v->type) {
	case MIB_INTEGER:
		snmp_set_var_typed_integer(var, ASN_INTEGER, (long)v->n);
		break;
	case MIB_GAUGE:
		snmp_set_var_typed_integer(var, ASN_GAUGE, (long)v->n);
		break;
	case MIB_TICKS:
		snmp_set_var_typed_integer(var, ASN_TIMETICKS, (long)v->n);
		break;
	case MIB_COUNTER64:
		c.high = v->n >> 32;
		c.low = v->n & 0xFFFFFFFF;
		snmp_set_var_typed_value(var, ASN_COUNTER64, &c, sizeof(c));
		break;
	case MIB_TEXT:
		snmp_set_var_typed_value(var, ASN_OCTET_STR, v->text, v->len);
		break;
	}
}

/* What of a requested name lies below our root; a name in front of it becomes the empty suffix. */
static struct mib_oid suffix(const struct serve *serve, const netsnmp_variable_list *var)
{
	struct mib_oid o = {.len = 0};

	if (snmp_oid_compare(var->name, var->name_length, serve->root, serve->root_len) < 0)
		return o;
	for (size_t i = serve->root_len; i < var->name_length && o.len < MIB_OID_MAX; i++)
		o.v[o.len++] = var->name[i];
	return o;
}

static void answer_get(struct serve *serve, netsnmp_agent_request_info *info, netsnmp_request_info *req)
{
	struct mib_oid want = suffix(serve, req->requestvb);
	struct mib_value value;

	if (!serve->view || mib_get(serve->view, &want, &value) != 0)
		netsnmp_set_request_error(info, req, SNMP_NOSUCHINSTANCE);
	else
		set_value(req->requestvb, &value);
}

static void answer_next(struct serve *serve, netsnmp_request_info *req)
{
	struct mib_oid want = suffix(serve, req->requestvb), found = want;
	oid name[MAX_OID_LEN];
	struct mib_value value;

	if (!serve->view)
		return;
	if (!req->inclusive || mib_get(serve->view, &want, &value) != 0)
		if (mib_next(serve->view, &want, &found, &value) != 0)
			return; /* left untyped: net-snmp goes on behind our subtree */
	memcpy(name, serve->root, serve->root_len * sizeof(oid));
	for (size_t i = 0; i < found.len; i++)
		name[serve->root_len + i] = found.v[i];
	snmp_set_var_objid(req->requestvb, name, serve->root_len + found.len);
	set_value(req->requestvb, &value);
}

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
		  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct serve *serve = reg->my_reg_void;

	for (netsnmp_request_info *req = requests; req; req = req->next) {
		if (req->processed)
			continue;
		if (info->mode == MODE_GET)
			answer_get(serve, info, req);
		else if (info->mode == MODE_GETNEXT)
			answer_next(serve, req);
		else
			netsnmp_set_request_error(info, req, SNMP_ERR_NOTWRITABLE);
	}
	return SNMP_ERR_NOERROR;
}

static int connected(int major, int minor, void *server, void *client)
{
	agentx_queue_set_connected(((struct session *)client)->queue, true);
	return 0;
}

static int disconnected(int major, int minor, void *server, void *client)
{
	agentx_queue_set_connected(((struct session *)client)->queue, false);
	return 0;
}

/* net-snmp would otherwise read /etc/snmp and ~/.snmp, load MIB files, write /var/lib/snmp and use SIGALRM. */
static void keep_to_ourselves(const char *socket_path)
{
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES, 1);
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIBDIRS, "");
	/* Whatever it still looks for there cannot be there. */
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_PERSISTENT_DIR, "/dev/null");
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_CONFIGURATION_DIR, "/dev/null");
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, socket_path);
	netsnmp_enable_subagent();
}

static void begin(struct serve *serve)
{
	struct session *session = calloc(1, sizeof(*session));
	netsnmp_handler_registration *reg;

	OSMO_ASSERT(session);
	session->queue = serve->queue;
	keep_to_ourselves(agentx_queue_socket(serve->queue));
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, connected, session);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, disconnected, session);
	init_agent("reunion");
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, RECONNECT_S);
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_TIMEOUT, MASTER_TIMEOUT_US);
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_RETRIES, 1);
	reg = netsnmp_create_handler_registration("reunionGatewayMIB", handle, serve->root, serve->root_len,
						  HANDLER_CAN_RONLY);
	reg->my_reg_void = serve;
	netsnmp_register_handler(reg);
	init_snmp("reunion");
}

static void add_text(netsnmp_variable_list **list, const struct serve *serve, unsigned int object,
		     u_char type, const void *value, size_t len)
{
	oid name[MAX_OID_LEN];
	size_t n = serve->root_len;

	memcpy(name, serve->root, n * sizeof(oid));
	name[n++] = 1; /* reunionObjects.reunionNotifyObjects.object.0 */
	name[n++] = 8;
	name[n++] = object;
	name[n++] = 0;
	snmp_varlist_add_variable(list, name, n, type, value, len);
}

static void send_note(const struct serve *serve, const struct agentx_note *note)
{
	static const oid snmp_trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	netsnmp_variable_list *list = NULL;
	u_long sequence = note->sequence;
	oid trap[MAX_OID_LEN];

	memcpy(trap, serve->root, serve->root_len * sizeof(oid));
	trap[serve->root_len] = 0;
	trap[serve->root_len + 1] = note->kind;
	snmp_varlist_add_variable(&list, snmp_trap_oid, OID_LENGTH(snmp_trap_oid), ASN_OBJECT_ID, trap,
				  (serve->root_len + 2) * sizeof(oid));
	add_text(&list, serve, 1, ASN_OCTET_STR, note->subject, strlen(note->subject));
	add_text(&list, serve, 2, ASN_OCTET_STR, note->text, strlen(note->text));
	add_text(&list, serve, 3, ASN_GAUGE, &sequence, sizeof(sequence));
	send_v2trap(list);
	snmp_free_varbind(list);
}

/* Notifications wait for a master rather than vanish. */
static void send_notes(struct serve *serve)
{
	struct agentx_note note;

	while (agentx_queue_connected(serve->queue) && !agentx_queue_stopping(serve->queue) &&
	       agentx_queue_take(serve->queue, &note))
		send_note(serve, &note);
}

static void turn(struct serve *serve, netsnmp_large_fd_set *fds)
{
	struct timeval timeout = {.tv_sec = 1};
	int n = 0, block = 0, bell = agentx_queue_bell(serve->queue);

	netsnmp_large_fd_set_resize(fds, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(fds);
	snmp_select_info2(&n, fds, &timeout, &block);
	if (timeout.tv_sec >= 1)
		timeout = (struct timeval){.tv_sec = 1};
	NETSNMP_LARGE_FD_SET(bell, fds);
	n = netsnmp_large_fd_set_select(bell >= n ? bell + 1 : n, fds, NULL, NULL, &timeout);
	refresh(serve);
	if (n > 0) {
		NETSNMP_LARGE_FD_CLR(bell, fds);
		agentx_queue_hush(serve->queue);
		snmp_read2(fds);
	}
	snmp_timeout();
	run_alarms();
	netsnmp_check_outstanding_agent_requests();
	send_notes(serve);
}

void agentx_serve(struct agentx_queue *queue)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	uint32_t root[MIB_ROOT_MAX];
	netsnmp_large_fd_set fds;

	OSMO_ASSERT(serve);
	serve->queue = queue;
	serve->root_len = mib_root(root, MIB_ROOT_MAX);
	for (size_t i = 0; i < serve->root_len; i++)
		serve->root[i] = root[i];
	begin(serve);
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	while (!agentx_queue_stopping(queue))
		turn(serve, &fds);
	netsnmp_large_fd_set_cleanup(&fds);
	snmp_shutdown("reunion");
	shutdown_agent();
	mib_view_free(serve->view);
	free(serve);
}

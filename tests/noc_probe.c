/* noc_probe: publishes a known snapshot and opens the NOC's doors, watching whether its own loop ever stalls.
 *
 * noc_probe dump         the whole MIB as it should be walked: OID TYPE VALUE
 * noc_probe run SOCKET   AgentX, until SIGTERM; SIGUSR1 sends one notification of each kind
 * noc_probe serve CONTROL VTY_PORT HTTP_PORT   the other doors, until SIGTERM; prints what was asked for
 * noc_probe status|alert ...   the commands of `reunion`
 * The last line tells the longest stall of the loop, and of a thread that only sleeps. */
#include <errno.h>
#include <inttypes.h>
#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "gateway/agentx_mib.h"
#include "gateway/clock.h"
#include "gateway/cmd.h"
#include "gateway/log.h"
#include "gateway/noc.h"
#include "tests/noc_fake.h"

static volatile sig_atomic_t ended, notify;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		notify = 1;
	else
		ended = 1;
}

/* The longest time between two beats, in microseconds. */
struct pulse {
	uint64_t last, longest;
};

static void beat(struct pulse *p)
{
	uint64_t now = clock_mono_us();

	if (p->last && now - p->last > p->longest)
		p->longest = now - p->last;
	p->last = now;
}

/* A thread that does nothing but sleep as the loop does: what it misses is the machine's fault. */
static void *idle(void *arg)
{
	struct timespec nap = {.tv_nsec = 5000000};

	for (;;) {
		beat(arg);
		nanosleep(&nap, NULL);
	}
	return NULL;
}

static struct pulse *start_idle(void)
{
	static struct pulse pulse;
	pthread_t t;

	return pthread_create(&t, NULL, idle, &pulse) || pthread_detach(t) ? NULL : &pulse;
}

static void print_stall(const struct pulse *loop, const struct pulse *reference)
{
	printf("stall_ms %" PRIu64 " of_the_machine %" PRIu64, loop->longest / 1000,
	       reference->longest / 1000);
}

static void print_value(const struct mib_value *v)
{
	static const char *const types[] = {"INTEGER", "Gauge32", "Counter64", "Timeticks", "STRING"};

	printf("%s ", types[v->type]);
	if (v->type != MIB_TEXT)
		printf("%" PRId64, (int64_t)v->n);
	for (size_t i = 0; v->type == MIB_TEXT && i < v->len; i++)
		printf("%02X", (unsigned char)v->text[i]);
	printf("\n");
}

static int dump(void)
{
	struct mib_view *view = mib_view_new(noc_fake(), 0);
	struct mib_oid at = {.len = 0}, next;
	uint32_t root[MIB_ROOT_MAX];
	size_t n = mib_root(root, MIB_ROOT_MAX);
	struct mib_value v;

	while (mib_next(view, &at, &next, &v) == 0) {
		for (size_t i = 0; i < n; i++)
			printf(".%" PRIu32, root[i]);
		for (size_t i = 0; i < next.len; i++)
			printf(".%" PRIu32, next.v[i]);
		printf(" ");
		print_value(&v);
		at = next;
	}
	mib_view_free(view);
	return 0;
}

static void tick(struct agentx *agent, unsigned int turn)
{
	if (turn % 50 == 0)
		snapshot_publish(noc_fake());
	for (int k = NOTIFY_LINK_UP; notify && k <= NOTIFY_BIND_FAILED; k++)
		agentx_notify(agent, k, "cm-1", "寻人 happened");
	notify = 0;
}

static int run(void *ctx, const char *socket_path)
{
	struct timespec nap = {.tv_nsec = 10000000};
	struct pulse *reference = start_idle(), loop = {.last = 0};
	struct agentx *agent;
	bool was = false;
	uint64_t before;

	if (agentx_start(ctx, socket_path, &agent) != 0)
		return 1;
	for (unsigned int turn = 0; !ended; turn++) {
		tick(agent, turn);
		if (agentx_connected(agent) != was)
			printf("%s\n", (was = !was) ? "connected" : "disconnected");
		fflush(stdout);
		nanosleep(&nap, NULL);
		beat(&loop);
	}
	before = clock_mono_us();
	agentx_stop(agent);
	before = clock_mono_us() - before;
	print_stall(&loop, reference);
	printf(" stop_ms %" PRIu64 "\n", before / 1000);
	return 0;
}

static json_t *op_cancel(void *arg, const char *alert_id, const char *reason, const char *who)
{
	if (strcmp(alert_id, "beijing-7"))
		return json_pack("{s:s}", "error", "no alert is called so");
	printf("cancel %s [%s] by %s\n", alert_id, reason, who);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *op_block(void *arg, const char *link, bool block, const char *who)
{
	if (strcmp(link, "cm-1"))
		return json_pack("{s:s}", "error", "no link is called so");
	printf("%s %s by %s\n", block ? "block" : "unblock", link, who);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *op_alert_show(void *arg, const char *alert_id)
{
	struct snapshot *s = snapshot_get();
	json_t *o = NULL;

	for (size_t i = 0; i < s->n_alerts; i++)
		if (!strcmp(s->alerts[i].alert_id, alert_id))
			o = snapshot_alert_json(&s->alerts[i]);
	snapshot_put(s);
	return o;
}

/* Health looks at the age, so this one is of now. */
static void op_refresh(void *arg)
{
	struct snapshot *s = noc_fake();

	s->taken_at = clock_wall_s();
	snapshot_publish(s);
}

static int serve(void *ctx, char **argv)
{
	static const struct control_ops ops = {
		.cancel = op_cancel, .block = op_block, .alert_show = op_alert_show, .refresh = op_refresh};
	char local[] = "127.0.0.1";
	struct conf_endpoint vty = {local, (uint16_t)atoi(argv[1])}, http = {local, (uint16_t)atoi(argv[2])};
	struct timespec nap = {.tv_nsec = 2000000};
	struct pulse *reference = start_idle(), loop = {.last = 0};

	op_refresh(NULL);
	if (control_listen(ctx, argv[0], &ops) || vty_listen(ctx, &vty, &ops) || http_listen(ctx, &http))
		return 1;
	printf("ready\n");
	for (unsigned int turn = 0; !ended; turn++) {
		osmo_select_main(1);
		if (turn % 256 == 0)
			op_refresh(NULL);
		fflush(stdout);
		nanosleep(&nap, NULL);
		beat(&loop);
	}
	print_stall(&loop, reference);
	printf("\n");
	return 0;
}

/* The file holds the socket's path alone: what the commands need of a configuration. */
int conf_load(void *ctx, const char *file, struct conf **conf, struct conf_problems *problems)
{
	char line[256] = "";
	FILE *f = fopen(file, "r");

	if (!f)
		return -errno;
	*conf = talloc_zero(ctx, struct conf);
	if (fgets(line, sizeof(line), f))
		(*conf)->control_socket = talloc_strndup(*conf, line, strcspn(line, "\n"));
	fclose(f);
	return 0;
}

const char *conf_problem_line(void *ctx, const struct conf_problem *p)
{
	return talloc_asprintf(ctx, "%s: %s", p->file, p->text);
}

int main(int argc, char **argv)
{
	void *ctx;
	int rc = 2;

	if (argc > 1 && !strcmp(argv[1], "status"))
		return status_cmd(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "alert"))
		return alert_cmd(argc - 1, argv + 1);
	ctx = talloc_named_const(NULL, 0, "noc_probe");
	log_start(ctx, LOGL_NOTICE);
	osmo_init_ignore_signals();
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	if (argc == 2 && !strcmp(argv[1], "dump"))
		rc = dump();
	else if (argc == 3 && !strcmp(argv[1], "run"))
		rc = run(ctx, argv[2]);
	else if (argc == 5 && !strcmp(argv[1], "serve"))
		rc = serve(ctx, argv + 2);
	snapshot_publish(NULL);
	talloc_free(ctx);
	return rc;
}

/* reuniond: the daemon's life: start, loop, reload, orderly stop. */
#include "gateway/daemon.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/sooner.h"
#include "reunion-config.h"

#define DRAIN_US       10000000 /* an orderly stop waits so long for answers */
#define FLUSH_US       5000000  /* and so much longer for the ledger */
#define FLUSH_NAP_MS   50
#define NAP_US         1000
#define STORE_RETRY_US 250000
#ifndef STORE_URI /* the benchmark's gateway forgets: "memory:%.0s" */
#define STORE_URI "sqlite:%s/ledger.db"
#endif

static const char help[] =
	"Usage: reuniond -c FILE [-t] [-v]\n"
	"Reunion gateway: missing-child alerts to every mobile carrier, over SMPP and cell broadcast.\n\n"
	"  -c, --config FILE   configuration (see reunion.cfg(5))\n"
	"  -t, --test          check configuration, tables and keys, then exit\n"
	"  -v, --verbose       log more\n"
	"  -h, --help          this text\n"
	"  -V, --version\n\n"
	"Signals: TERM stops orderly (answers are awaited up to 10 s, the ledger is flushed, links unbind);\n"
	"HUP reads configuration and cell tables again; an invalid new one is refused whole.\n\n"
	"Examples:\n"
	"  reuniond -t -c /etc/reunion/reunion.cfg\n"
	"  reuniond -c /etc/reunion/reunion.cfg\n";

/* ---- store ---- */

#define TAG_BOOK (1ull << 63) /* dispatch's tags stay below */

void daemon_store(struct daemon *d, struct store_batch *take, struct pending *p)
{
	take->tag = TAG_BOOK | d->next_tag++;
	if (p) {
		p->tag = take->tag;
		llist_add_tail(&p->entry, &d->pending);
	}
	storethread_submit(d->storethread, take);
	if (storethread_instant(d->storethread))
		daemon_wake(d);
}

static void book_done(struct daemon *d, uint64_t tag, int rc)
{
	struct pending *p;

	llist_for_each_entry(p, &d->pending, entry) {
		if (p->tag != tag)
			continue;
		llist_del(&p->entry);
		if (p->fate)
			*p->fate = rc;
		p->done(d, p, rc);
		talloc_free(p);
		return;
	}
}

static void reap(struct daemon *d, uint64_t now_us)
{
	struct store_batch *b;

	while ((b = storethread_reap(d->storethread))) {
		watch_store(d, b->rc);
		if (b->rc < 0)
			d->store_retry_us = now_us + STORE_RETRY_US;
		if (b->tag == d->receipts_tag) {
			fleet_receipts_done(d->fleet, b->rc, now_us);
			d->receipts_tag = 0;
		}
		if (b->tag & TAG_BOOK)
			book_done(d, b->tag, b->rc);
		else
			dispatch_batch_done(d->dispatch, b->tag, b->rc, now_us);
		talloc_free(b);
	}
}

void daemon_await(struct daemon *d, const int *fate, unsigned int timeout_ms)
{
	struct pollfd fd = {.fd = storethread_fd(d->storethread), .events = POLLIN};
	uint64_t now_us = clock_mono_us(), end_us = now_us + timeout_ms * 1000ull;

	while (*fate == -EINPROGRESS && now_us < end_us) {
		(void)!poll(&fd, 1, (int)((end_us - now_us) / 1000 + 1));
		now_us = clock_mono_us();
		reap(d, now_us);
	}
}

/* False: there is nothing to be written, or what was before is not reaped yet. No progress before the change of an alert that it
 * may belong to: a crash must not find chunks of jobs whose text or recall the ledger does not know. */
static bool commit(struct daemon *d, bool with_receipts, uint64_t now_us)
{
	struct store_batch *b;
	bool any;

	if (intake_changing(d))
		return false;
	b = store_batch_new(NULL);
	any = dispatch_take_batch(d->dispatch, b);
	if (!any)
		b->tag = TAG_BOOK | d->next_tag++;
	if (with_receipts)
		any |= onair_receipts(d, b);
	if (!any) {
		talloc_free(b);
		return false;
	}
	storethread_submit(d->storethread, b);
	if (storethread_instant(d->storethread))
		reap(d, now_us);
	return true;
}

/* Begins a commit if it is time to; returns when it will be. */
static uint64_t commit_tick(struct daemon *d, uint64_t now_us)
{
	uint64_t at;
	bool receipts;

	if (now_us < d->store_retry_us)
		return d->store_retry_us;
	intake_save_again(d);
	at = dispatch_commit_us(d->dispatch, now_us);
	receipts = !d->receipts_tag && fleet_receipts_due(d->fleet, now_us);
	if (at > now_us && (at != UINT64_MAX || !receipts))
		return at;
	commit(d, receipts, now_us);
	return UINT64_MAX;
}

/* ---- the loop ---- */

static void wake_at(struct daemon *d, uint64_t wait_us)
{
	struct itimerspec at = {.it_value = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 + 1}};

	timerfd_settime(d->wake.fd, 0, &at, NULL);
}

void daemon_wake(struct daemon *d)
{
	d->wake_us = clock_mono_us();
	wake_at(d, 0);
}

/* Not for every single part that a rate allows, but for what a millisecond brings. An alarm that is set already and rings
 * earlier stays: to wake once for nothing costs less than to set it anew in each turn of the loop. */
static void sleep_until(struct daemon *d, uint64_t when_us)
{
	uint64_t now_us = clock_mono_us();

	if (d->wake_us > now_us && d->wake_us <= when_us)
		return;
	d->wake_us = OSMO_MAX(when_us, now_us + NAP_US);
	wake_at(d, d->wake_us - now_us);
}

static uint64_t step(struct daemon *d)
{
	uint64_t now_us = clock_mono_us(), next = d->next_second_us;

	if (d->wake_us && now_us > d->wake_us)
		d->late_us = OSMO_MAX(d->late_us, now_us - d->wake_us);
	watch_clock(d, now_us);
	reap(d, now_us);
	watch_leases(d, now_us);
	intake_drafts(d);
	dispatch_run(d->dispatch, now_us);
	next = sooner(next, commit_tick(d, now_us));
	next = sooner(next, fleet_pump(d->fleet, now_us));
	next = sooner(next, intake_tell(d, now_us));
	next = sooner(next, dispatch_next_us(d->dispatch, now_us));
	next = sooner(next, intake_tick(d, now_us));
	next = sooner(next, ready_tick(&d->ready, now_us));
	if (now_us >= d->next_second_us) {
		d->next_second_us = now_us + 1000000;
		if (d->build_pid)
			reload_reap(d);
		watch_second(d, now_us, clock_wall_s());
		next = sooner(next, d->next_second_us);
	}
	sleep_until(d, next);
	return now_us;
}

static int drain_fd(struct osmo_fd *ofd, unsigned int what)
{
	uint64_t n;

	return read(ofd->fd, &n, sizeof(n)) < 0 ? 0 : 0;
}

/* The store thread's eventfd: storethread_reap() in the next step drains it. */
static int store_cb(struct osmo_fd *ofd, unsigned int what)
{
	reap(ofd->data, clock_mono_us());
	return 0;
}

static int signal_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct daemon *d = ofd->data;
	struct signalfd_siginfo si;

	while (read(ofd->fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			d->reload = true;
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			d->stopping = true;
	}
	return 0;
}

static int add_fd(struct osmo_fd *ofd, int fd, int (*cb)(struct osmo_fd *, unsigned int), struct daemon *d, struct hot *hot)
{
	if (fd < 0)
		return -errno;
	osmo_fd_setup(ofd, fd, OSMO_FD_READ, cb, d, 0);
	return hot ? hot_add(hot, ofd) : osmo_fd_register(ofd);
}

static int loop_fds(struct daemon *d)
{
	sigset_t set;
	int rc;

	d->hot = hot_new(d);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	rc = add_fd(&d->signal_fd, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), signal_cb, d, NULL);
	if (rc == 0)
		rc = add_fd(&d->wake, timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC), drain_fd, d, d->hot);
	return rc;
}

/* ---- start and stop ---- */

/* What is allowed, but should not stay so: said by -t and at every start. */
static void print_warnings(const struct conf *conf)
{
	struct conf_problems p;
	void *ctx = talloc_new(NULL);

	conf_warnings(ctx, conf, &p);
	for (size_t i = 0; i < p.n; i++)
		fprintf(stderr, "%s:%u: warning: %s: %s\n", p.v[i].file, p.v[i].line, p.v[i].key, p.v[i].text);
	talloc_free(ctx);
}

static int link_index_cb(void *arg, const char *name)
{
	struct daemon *d = arg;

	return fleet_index(d->fleet, name);
}

static int open_store(struct daemon *d, char *err, size_t err_len)
{
	char *uri = talloc_asprintf(d, STORE_URI, d->conf->state_directory);
	int rc = store_open(d, uri, &d->store, err, err_len);

	if (rc == 0)
		rc = storethread_start(d, d->store, &d->storethread);
	return rc == 0 ? add_fd(&d->store_fd, storethread_fd(d->storethread), store_cb, d, d->hot) : rc;
}

static int open_doors(struct daemon *d)
{
	const struct conf *c = d->conf;
	int rc = 0;

	d->control = (struct control_ops){
		.cancel = intake_cancel, .block = watch_block, .rate = watch_rate, .timers = watch_timers, .alert_show = watch_alert,
		.alert_cells = watch_cells, .refresh = watch_publish, .arg = d};
	if (c->control_socket)
		rc = control_listen(d, c->control_socket, &d->control);
	if (rc == 0 && c->vty.address)
		rc = vty_listen(d, &c->vty, &d->control);
	if (rc == 0 && c->http.address)
		rc = http_listen(d, &c->http);
	if (rc == 0 && c->agentx_socket && agentx_start(d, c->agentx_socket, &d->agentx) < 0)
		LOGP(DNOC, LOGL_ERROR, "%s: no SNMP\n", c->agentx_socket);
	return rc;
}

/* Maps and ledger, before anything can be heard from outside. */
static int start_inside(struct daemon *d, char *err, size_t err_len)
{
	int rc = maps_build_if_stale(d->conf, err, err_len);

	if (rc == 0)
		rc = maps_open(NULL, d->conf, &d->maps, err, err_len);
	if (rc < 0)
		return rc;
	d->maps->uses = 1;
	d->dispatch = dispatch_new(d);
	d->fleet_events = (struct fleet_events){.event = watch_event, .clue = intake_clue, .arg = d, .aired = onair_event, .held = onair_held, .dead = deadbook_letter};
	d->fleet = fleet_new(d, d->conf, d->dispatch, d->hot, &d->fleet_events, d->started_us);
	d->book = book_new(d, d->dispatch, link_index_cb, d);
	d->book->threads = true;
	if (rc == 0)
		rc = add_fd(&d->plan_fd, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), drain_fd, d, NULL);
	d->book->wake_fd = d->plan_fd.fd;
	for (size_t i = 0; i < d->fleet->n_links; i++)
		d->fleet->links[i].link->payload = &book_payload;
	if (rc == 0)
		rc = open_store(d, err, err_len);
	if (rc == 0)
		rc = restart_load(d, err, err_len);
	return rc == 0 ? onair_restore(d) : rc;
}

static int start_parser(struct daemon *d, char *err, size_t err_len)
{
	bool confined = false;
	int rc;

	d->parser = parser_new(d);
	rc = parser_start(d->parser, &confined);
	if (rc < 0)
		snprintf(err, err_len, "the process that reads triggers cannot be started: %s", strerror(-rc));
	else if (!confined)
		LOGP(DMAIN, LOGL_ERROR, "this kernel takes no system call filter (seccomp): triggers are read in a process that is less confined\n");
	return rc;
}

static int start(struct daemon *d)
{
	char err[1024] = "";
	int rc = loop_fds(d);

	d->started_us = clock_mono_us();
	d->started_at = clock_wall_s();
	d->next_second_us = d->started_us;
	ready_init(&d->ready);
	if (rc == 0)
		rc = start_inside(d, err, sizeof(err));
	if (rc == 0)
		rc = open_doors(d);
	if (rc == 0)
		rc = start_parser(d, err, sizeof(err));
	if (rc == 0)
		rc = intake_open(d, d->conf);
	if (rc < 0) {
		fprintf(stderr, "reuniond: %s\n", err[0] ? err : strerror(-rc));
		return rc;
	}
	intake_apply(d);
	fleet_start(d->fleet, clock_mono_us());
	d->warm = warm_start(d->conf, d->maps);
	watch_publish(d);
	ready_up("serving");
	LOGP(DMAIN, LOGL_NOTICE, "%s is ready: %zu links, %u cells\n", d->conf->name, d->fleet->n_links,
	     cellmap_count(d->maps->map.map));
	return 0;
}

/* What is being written, then what has gathered meanwhile: the last answers came while a commit was under way. */
static void flush(struct daemon *d)
{
	struct pollfd fd = {.fd = storethread_fd(d->storethread), .events = POLLIN};
	uint64_t end_us = clock_mono_us() + FLUSH_US, now_us;
	bool idle;

	intake_save_again(d);
	do {
		idle = !storethread_pending(d->storethread);
		now_us = clock_mono_us();
		reap(d, now_us);
		if (!commit(d, true, now_us) && idle)
			return;
		(void)!poll(&fd, now_us >= d->store_retry_us, FLUSH_NAP_MS);
	} while (now_us < end_us);
}

static void stop(struct daemon *d)
{
	LOGP(DMAIN, LOGL_NOTICE, "stopping: no new work, awaiting answers\n");
	ready_stopping();
	warm_end(d->warm);
	d->stop_by_us = clock_mono_us() + DRAIN_US;
	fleet_stop(d->fleet, clock_mono_us());
	while (clock_mono_us() < d->stop_by_us && (!fleet_stopped(d->fleet) || storethread_pending(d->storethread))) {
		hot_turn(d->hot, step(d));
	}
	flush(d);
	storethread_stop(d->storethread, 1000);
	intake_results(d);
	if (d->agentx)
		agentx_stop(d->agentx);
	d->store->ops->close(d->store);
	LOGP(DMAIN, LOGL_NOTICE, "stopped\n");
}

static int run(struct daemon *d)
{
	if (start(d) < 0)
		return 1;
	while (!d->stopping) {
		hot_turn(d->hot, step(d));
		if (d->reload)
			reload_begin(d);
	}
	stop(d);
	return 0;
}

/* 1: what was printed did not arrive. */
static int written(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "reuniond: standard output: cannot be written\n");
	return 1;
}

static int test(const struct conf *conf)
{
	char err[1024];
	struct mapset *maps;

	if (maps_build_if_stale(conf, err, sizeof(err)) < 0 || maps_open((void *)conf, conf, &maps, err, sizeof(err)) < 0) {
		fprintf(stderr, "reuniond: %s\n", err);
		return 1;
	}
	printf("%s: good; %zu carriers, %u cells\n", conf->file, conf->n_carriers, cellmap_count(maps->map.map));
	return written();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", 1, NULL, 'c'}, {"test", 0, NULL, 't'}, {"verbose", 0, NULL, 'v'},
						{"help", 0, NULL, 'h'},	  {"version", 0, NULL, 'V'}, {0}};
	struct daemon *d = talloc_zero(NULL, struct daemon);
	bool only_test = false, verbose = false;
	int o;

	warm_memory();
	if (parser_is_child(argc, argv))
		return parser_child();
	while ((o = getopt_long(argc, argv, "c:tvhV", options, NULL)) != -1) {
		if (o == 'c')
			d->conf_file = talloc_strdup(d, optarg);
		else if (o == 't')
			only_test = true;
		else if (o == 'v')
			verbose = true;
		else if (o == 'h')
			return fputs(help, stdout) < 0 || written();
		else if (o == 'V')
			return puts("reuniond " PACKAGE_VERSION) < 0 || written();
		else
			return 2;
	}
	if (!d->conf_file || optind < argc) {
		fputs("reuniond: which configuration? Say -c FILE; --help tells more\n", stderr);
		return 2;
	}
	INIT_LLIST_HEAD(&d->drafts);
	INIT_LLIST_HEAD(&d->tell);
	INIT_LLIST_HEAD(&d->pending);
	INIT_LLIST_HEAD(&d->unsaved);
	INIT_LLIST_HEAD(&d->dead);
	INIT_LLIST_HEAD(&d->intake_counts);
	log_start(d, verbose ? LOGL_INFO : LOGL_NOTICE);
	umask(0027);
	if (reload_read(d, d->conf_file, &d->conf) < 0)
		return 1;
	print_warnings(d->conf);
	return only_test ? test(d->conf) : run(d);
}

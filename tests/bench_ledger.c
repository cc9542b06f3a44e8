/* What the ledger costs: CPU per recipient, memory per running alert, time to load a restart's work. One line each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/dispatch.h"
#include "gateway/store_memory.h"

#define UNITS 10000000
#define JOBS  10
#define SYNCS 1000
#define FRAME 4120 /* of the log: a page and its header */
#define ANSWER_US 300 /* what a link waits for between two commits */

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6 + u.ru_stime.tv_sec + u.ru_stime.tv_usec / 1e6;
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static struct dispatch_job *add_job(struct dispatch *d, uint64_t id, uint32_t units)
{
	static const uint16_t links[] = {0};
	struct job_spec spec = {.id = id, .kind = JOB_SMS, .deadline_us = INT64_MAX, .expires_us = INT64_MAX, .n_units = units, .parts = 1,
				.links = links, .n_links = 1};

	return dispatch_add_job(d, &spec, NULL, NULL);
}

static struct dispatch *new_dispatch(uint32_t window)
{
	struct dispatch *d = dispatch_new(NULL);

	dispatch_add_link(d, "bench", window, 0, 5);
	dispatch_link_up(d, 0, true, 0);
	return d;
}

/* How often, of 100 answers at random, which other than accepted. */
struct answers {
	unsigned int refused, lost, transient;
};

static enum outcome any_answer(const struct answers *a, uint64_t *seed)
{
	unsigned int at;

	*seed = *seed * UINT64_C(6364136223846793005) + 1;
	at = (*seed >> 33) % 100;
	if (at < a->refused)
		return OUT_REFUSED;
	if (at < a->refused + a->lost)
		return OUT_LOST;
	return at < a->refused + a->lost + a->transient ? OUT_TRANSIENT : OUT_ACCEPTED;
}

/* The whole life of `units` recipients: reserve, commit, hand, answer; without answers of its own each is accepted. With, all
 * are brought to their end, and time runs to the next that is to be tried again. Returns the commits. */
static uint64_t send(struct dispatch *d, struct store *store, uint32_t units, const struct answers *a)
{
	struct dispatch_job *job = dispatch_job(d, 1);
	struct store_batch *b = store_batch_new(NULL);
	uint64_t commits = 0, now_us = 1, seed = 1;
	struct handed h;
	uint32_t done = 0, before;

	while (a ? !dispatch_job_at_rest(job) : done < units) {
		bool wrote;

		dispatch_run(d, ++now_us);
		wrote = dispatch_take_batch(d, b);
		if (wrote) {
			int rc = store ? store->ops->apply(store, b->recs, b->n) : 0;

			OSMO_ASSERT(rc == 0);
			dispatch_batch_done(d, b->tag, 0, now_us);
			talloc_free(b);
			b = store_batch_new(NULL);
			commits++;
		}
		for (before = done; dispatch_next(d, 0, now_us, &h); done++)
			dispatch_answer(d, 0, h.job, h.unit, a ? any_answer(a, &seed) : OUT_ACCEPTED, now_us);
		if (!wrote && done == before && dispatch_next_us(d, now_us) != UINT64_MAX)
			now_us = dispatch_next_us(d, now_us);
	}
	talloc_free(b);
	return commits;
}

static void cost(struct store *store, const char *what, uint32_t window, uint32_t units, const struct answers *a)
{
	struct dispatch *d = new_dispatch(window);
	double from = cpu_s(), took;
	uint64_t commits;

	add_job(d, 1, units);
	commits = send(d, store, units, a);
	took = cpu_s() - from;
	printf("%-44s window %4u  %8.4f us CPU a recipient, %llu commits\n", what, window, took / units * 1e6, (unsigned long long)commits);
	talloc_free(d);
}

static void memory(void)
{
	struct dispatch *d = new_dispatch(1000);
	size_t before = heap();

	add_job(d, 1, UNITS);
	printf("%-44s %.2f MiB fresh", "memory of an alert of 10 M recipients:", (heap() - before) / 1048576.0);
	send(d, NULL, UNITS / 2, NULL);
	printf(", %.2f MiB half done\n", (heap() - before) / 1048576.0);
	talloc_free(d);
}

static uint8_t served(void *arg, uint32_t unit, uint32_t *same)
{
	*same = dispatch_unit_same(arg, unit);
	return UNIT_STATE(dispatch_unit(arg, unit)) == UNIT_ACCEPTED ? UNIT_WAITING : UNIT_EXCLUDED;
}

/* The loop waits so long for a recall. */
static void recall(void)
{
	struct dispatch *d = new_dispatch(1000);
	struct dispatch_job *alert = add_job(d, 1, UNITS);
	struct job_spec found = alert->spec;
	double from;

	send(d, NULL, UNITS / 2, NULL);
	from = cpu_s();
	dispatch_withdraw(d, alert, UNIT_WITHDRAWN, 1);
	found.id = 2;
	dispatch_add_job(d, &found, served, alert);
	printf("%-44s %.1f ms CPU\n", "recall of 10 M recipients, half done:", (cpu_s() - from) * 1e3);
	talloc_free(d);
}

/* The least that one of so many units' states can be told in, all units alike likely to have each. */
static double entropy_mib(const struct unit_sums *sums)
{
	double bits = 0;

	for (unsigned int s = 0; s < UNIT_STATES; s++)
		if (sums->n[s])
			bits += sums->n[s] * log2((double)UNITS / sums->n[s]);
	return bits / 8 / 1048576;
}

static double disk_mib(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size / 1048576.0 : 0;
}

/* What an alert leaves in the ledger when answers come by chance: keys and values; and its file, when the log is in it. */
static void mixed(const char *dir, const struct answers *a)
{
	struct dispatch *d = new_dispatch(100000);
	char *path, *uri;
	struct dispatch_job *job = add_job(d, 1, UNITS);
	struct store *store, *disk;
	double least, from;
	char err[512];

	OSMO_ASSERT(store_open(d, "memory:", &store, err, sizeof(err)) == 0);
	send(d, store, UNITS, a);
	least = entropy_mib(&job->sums);
	printf("ledger of 10 M recipients, of 100 answers %2u refused, %2u none: %.2f MiB (entropy %.2f)", a->refused, a->lost,
	       store_memory_octets(store, STORE_CHUNK) / 1048576.0, least);
	talloc_free(d);
	d = new_dispatch(1000);
	path = talloc_asprintf(d, "%s/mixed-%u-%u.db", dir, a->refused, a->lost);
	uri = talloc_asprintf(d, "sqlite:%s", path);
	OSMO_ASSERT(store_open(NULL, uri, &disk, err, sizeof(err)) == 0);
	add_job(d, 1, UNITS);
	from = cpu_s();
	send(d, disk, UNITS, a);
	from = cpu_s() - from;
	disk->ops->close(disk);
	printf(", its file %.2f MiB, %.3f us CPU a recipient\n", disk_mib(path), from / UNITS * 1e6);
	fflush(stdout);
	talloc_free(d);
}

/* Ten alerts, each half done, as a killed gateway leaves them. */
static void fill(struct store *store)
{
	for (uint64_t id = 1; id <= JOBS; id++) {
		struct dispatch *d = new_dispatch(100000); /* only for speed */

		add_job(d, id, UNITS);
		send(d, store, UNITS / 2, NULL);
		talloc_free(d);
	}
}

static int load_chunk(void *arg, const struct store_rec *rec)
{
	struct dispatch *d = arg;
	uint64_t id;
	uint32_t no;
	int rc = dispatch_key_parse(rec->key, &id, &no);

	return rc < 0 ? rc : dispatch_load_chunk(d, dispatch_job(d, id), no, rec->value, rec->len, rec->epoch);
}

static uint64_t until_handed(struct dispatch *d, struct store *store)
{
	struct store_batch *b = store_batch_new(NULL);
	struct handed h;

	dispatch_run(d, clock_mono_us());
	dispatch_take_batch(d, b);
	OSMO_ASSERT(store->ops->apply(store, b->recs, b->n) == 0);
	dispatch_batch_done(d, b->tag, 0, clock_mono_us());
	OSMO_ASSERT(dispatch_next(d, 0, clock_mono_us(), &h));
	talloc_free(b);
	return clock_mono_us();
}

static void restart(const char *uri)
{
	uint64_t from = clock_mono_us(), opened, loaded;
	struct dispatch *d = new_dispatch(1000);
	struct store *store;
	char err[512];

	OSMO_ASSERT(store_open(NULL, uri, &store, err, sizeof(err)) == 0);
	opened = clock_mono_us();
	for (uint64_t id = 1; id <= JOBS; id++)
		add_job(d, id, UNITS);
	OSMO_ASSERT(store->ops->load(store, STORE_CHUNK, load_chunk, d) == 0);
	loaded = clock_mono_us();
	printf("%-44s %.3f s: open %.3f, load %.3f\n", "restart, 10 alerts of 10 M, half done:", (until_handed(d, store) - from) / 1e6,
	       (opened - from) / 1e6, (loaded - opened) / 1e6);
	talloc_free(d);
	store->ops->close(store);
}

/* A commit can cost no less than its write and its sync, and one is due for each window of a link that is alone: beside
 * them stands what the gateway spends. After each it waits, as for answers: a processor that slept is slower. */
static void print_syncs(const char *what, double from_s, uint64_t from_us)
{
	printf("%-44s %.1f us CPU, %.0f us by the clock\n", what, (cpu_s() - from_s) / SYNCS * 1e6,
	       (double)(clock_mono_us() - from_us) / SYNCS - ANSWER_US);
}

static void bare_sync(const char *dir)
{
	char *path = talloc_asprintf(NULL, "%s/bench-sync", dir), *zeros = talloc_zero_size(path, SYNCS * FRAME);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t from_us;
	double from_s;

	OSMO_ASSERT(fd >= 0 && pwrite(fd, zeros, SYNCS * FRAME, 0) == SYNCS * FRAME && fdatasync(fd) == 0);
	from_s = cpu_s();
	from_us = clock_mono_us();
	for (int i = 0; i < SYNCS; i++) {
		OSMO_ASSERT(pwrite(fd, zeros, FRAME, i * FRAME) == FRAME && fdatasync(fd) == 0);
		usleep(ANSWER_US);
	}
	print_syncs("a write and its sync alone, in place:", from_s, from_us);
	close(fd);
	unlink(path);
	talloc_free(path);
}

static void one_commit(struct store *store)
{
	uint8_t runs[24] = {0};
	struct store_rec rec = {.kind = STORE_CHUNK, .key = "0000000000000001/00000000", .value = runs, .len = sizeof(runs), .epoch = 1};
	uint64_t from_us = clock_mono_us();
	double from_s = cpu_s();

	for (int i = 0; i < SYNCS; i++) {
		runs[i % sizeof(runs)]++; /* what has not changed is not written */
		OSMO_ASSERT(store->ops->apply(store, &rec, 1) == 0);
		usleep(ANSWER_US);
	}
	print_syncs("a commit of one chunk:", from_s, from_us);
	rec.value = NULL;
	OSMO_ASSERT(store->ops->apply(store, &rec, 1) == 0);
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	char *path = talloc_asprintf(NULL, "%s/bench-ledger.db", dir), *uri = talloc_asprintf(NULL, "sqlite:%s", path), *du;
	struct store *store;
	char err[512];

	cost(NULL, "dispatch and ledger in memory:", 1000, UNITS, NULL);
	OSMO_ASSERT(store_open(NULL, uri, &store, err, sizeof(err)) == 0);
	bare_sync(dir);
	one_commit(store);
	cost(store, "with SQLite, durable:", 1000, UNITS, NULL);
	cost(store, "with SQLite, durable:", 100, UNITS / 50, NULL);
	cost(store, "with SQLite, durable:", 10, UNITS / 1000, NULL);
	memory();
	recall();
	mixed(dir, &(struct answers){.refused = 0});
	mixed(dir, &(struct answers){.refused = 1});
	mixed(dir, &(struct answers){.refused = 30});
	mixed(dir, &(struct answers){.refused = 10, .lost = 70, .transient = 5});
	fill(store);
	store->ops->close(store);
	du = talloc_asprintf(NULL, "ls -s --block-size=K %s | awk '{ print \"ledger on disk, 10 alerts of 10 M:            \", $1 }'", path);
	fflush(stdout);
	if (system(du))
		return 1;
	restart(uri);
	talloc_free(du);
	return 0;
}

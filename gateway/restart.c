/* From the ledger back into memory: decisions, serials, alerts, and each job's chunks. */
#include "gateway/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/dispatch_lease.h"
#include "gateway/log.h"

#define OWNER	 "gateway" /* of leases: the embedded ledger is one gateway's, and locked by it */
#define LEASE_US 30000000

struct stored_chunk {
	uint64_t job;
	uint32_t no, epoch;
	size_t len;
	void *blob;
};

struct loading {
	struct daemon *d;
	struct stored_chunk *chunks; /* ascending job, number: the store's order of keys */
	size_t n, max;
	char *err;
	size_t err_len;
	unsigned int damaged;
};

static int load_chunk(void *arg, const struct store_rec *rec)
{
	struct loading *l = arg;
	struct stored_chunk *c;

	if (l->n == l->max) {
		l->max = l->max ? l->max * 2 : 1024;
		l->chunks = talloc_realloc(l->d, l->chunks, struct stored_chunk, l->max);
		OSMO_ASSERT(l->chunks);
	}
	c = &l->chunks[l->n];
	if (sscanf(rec->key, "%16" SCNx64 "/%8" SCNx32, &c->job, &c->no) != 2)
		return -EBADMSG;
	c->epoch = rec->epoch;
	c->len = rec->len;
	c->blob = talloc_memdup(l->d, rec->value, rec->len);
	l->n++;
	return 0;
}

/* First chunk of the job. */
static size_t first_chunk(const struct loading *l, uint64_t job)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->chunks[mid].job < job)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int job_chunks(void *arg, struct dispatch_job *job)
{
	struct loading *l = arg;

	for (size_t i = first_chunk(l, job->spec.id); i < l->n && l->chunks[i].job == job->spec.id; i++) {
		const struct stored_chunk *c = &l->chunks[i];

		if (dispatch_load_chunk(l->d->dispatch, job, c->no, c->blob, c->len, c->epoch) < 0)
			l->damaged++;
	}
	return 0;
}

static int load_alert(void *arg, const struct store_rec *rec)
{
	struct loading *l = arg;
	struct daemon *d = l->d;
	int rc = book_restore(d->book, d->conf, d->conf->state_directory, rec->value, rec->len, clock_wall_s(), clock_mono_us(),
			      job_chunks, l, l->err, l->err_len);

	if (rc == 0 && l->err[0]) { /* it runs on, but not all of it can */
		LOGP(DALERT, LOGL_ERROR, "%s\n", l->err);
		l->err[0] = '\0';
	}
	return rc < 0 ? rc : 0;
}

static int load_serial(void *arg, const struct store_rec *rec)
{
	struct loading *l = arg;
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)rec->len, (const char *)rec->value);
	book_serial(l->d->book, strtoul(rec->key, NULL, 10), strtoul(text, NULL, 10));
	return 0;
}

static int load_decision(void *arg, const struct store_rec *rec)
{
	struct loading *l = arg;
	json_t *o = json_loadb(rec->value, rec->len, 0, NULL);

	return o ? json_object_set_new(l->d->book->digests, rec->key, o) : -EBADMSG;
}

static int load_meta(void *arg, const struct store_rec *rec)
{
	struct loading *l = arg;
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)rec->len, (const char *)rec->value);
	if (!strcmp(rec->key, "next_number"))
		l->d->book->next_number = OSMO_MAX(l->d->book->next_number, strtoul(text, NULL, 10));
	return 0;
}

static void damaged(const struct loading *l)
{
	char *path = talloc_asprintf(l->d, "%s/ledger.db", l->d->conf->state_directory), what[64] = "a row's sum is wrong";

	if (l->damaged)
		snprintf(what, sizeof(what), "%u chunks cannot be read", l->damaged);
	snprintf(l->err, l->err_len,
		 "%s: the ledger is damaged (%s); nothing was changed; see `reunion ledger check %s`, save what is whole with "
		 "`reunion ledger salvage %s`",
		 path, what, path, path);
	talloc_free(path);
}

int restart_load(struct daemon *d, char *err, size_t err_len)
{
	const struct store_ops *ops = d->store->ops;
	struct loading l = {.d = d, .err = err, .err_len = err_len};
	struct alert *a;
	unsigned int running = 0;
	char boot[37];
	int rc;

	err[0] = '\0';
	dispatch_share(d->dispatch, OWNER, LEASE_US, clock_wall_us() - (int64_t)clock_mono_us());
	clock_boot(boot);
	book_clock_start(d->book, boot, clock_wall_us(), clock_mono_us());
	rc = ops->load(d->store, STORE_META, load_meta, &l);
	if (rc == 0)
		rc = ops->load(d->store, STORE_SERIAL, load_serial, &l);
	if (rc == 0)
		rc = ops->load(d->store, STORE_TRIGGER, load_decision, &l);
	if (rc == 0)
		rc = ops->load(d->store, STORE_CHUNK, load_chunk, &l);
	if (rc == 0)
		rc = ops->load(d->store, STORE_ALERT, load_alert, &l);
	if (rc == 0 && l.damaged)
		rc = -EBADMSG;
	if (rc == -EBADMSG && !err[0])
		damaged(&l);
	if (rc < 0 && !err[0])
		snprintf(err, err_len, "the ledger cannot be read: %s", strerror(-rc));
	talloc_free(l.chunks);
	llist_for_each_entry(a, &d->book->alerts, entry)
		running += a->state == ALERT_RUNNING;
	if (rc == 0 && running)
		LOGP(DALERT, LOGL_NOTICE, "%u running alerts resumed from the ledger\n", running);
	return rc;
}

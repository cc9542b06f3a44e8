/* The agencies' folders: watched, read by the confined parser, changed by a reload. */
#include "gateway/intake_parts.h"

#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/sooner.h"

/* A file that is with the parser. */
struct reading {
	struct intake *in;
	struct spool_item *item;
};

static void reject_for(struct intake *in, struct spool_item *item, const char *why)
{
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);

	reasons_add(ctx, &reasons, 0, NULL, "%s", why);
	intake_reject(in, item, NULL, &reasons);
	talloc_free(ctx);
}

static int check_signature(const struct intake *in, const struct spool_item *item, struct reasons *reasons, void *ctx)
{
	if (!item->sig && in->agency->allow_unsigned)
		return 0;
	return trigger_verify(ctx, in->agency, item->data, item->len, item->sig, item->sig_len, reasons);
}

static void take_scan(struct intake *in, struct spool_item *item, const struct trigger_scan *scan)
{
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);
	struct trigger *t;
	int rc = 0;

	if (intake_decided(in, item, scan)) {
		talloc_free(ctx);
		return;
	}
	if (item->leftover)
		rc = check_signature(in, item, &reasons, ctx);
	if (rc == 0)
		rc = trigger_check(ctx, in->d->conf, in->agency, scan, clock_wall_s(), &t, &reasons);
	if (rc < 0)
		intake_reject(in, item, NULL, &reasons);
	else
		intake_judge(in, item, t, &reasons);
	talloc_free(ctx);
}

static void parsed(void *arg, int rc, const struct trigger_scan *scan)
{
	struct reading *r = arg;

	if (rc == 0)
		take_scan(r->in, r->item, scan);
	else if (rc == -ETIMEDOUT)
		reject_for(r->in, r->item, "it cannot be read: the process that reads triggers did not come to an end with it; correct it");
	else if (rc == -EPROTO)
		reject_for(r->in, r->item, "it cannot be read: the process that reads triggers broke down over it; correct it");
	else
		intake_defer(r->in, r->item, rc);
	daemon_wake(r->in->d); /* the spool may hand out the next */
	talloc_free(r);
}

/* One trigger file was claimed. Only what is signed, or need not be, is read at all; or was claimed before a restart: it may have
 * been accepted with a key that is gone. */
static void claimed(void *arg, struct spool_item *item)
{
	struct intake *in = arg;
	struct reasons reasons = {0};
	void *ctx = talloc_new(in);
	struct reading *r;
	int rc = 0;

	if (item->trouble) {
		reasons_add(ctx, &reasons, 0, NULL, "%s", item->trouble);
		rc = -EINVAL;
	}
	if (rc == 0 && !item->leftover)
		rc = check_signature(in, item, &reasons, ctx);
	if (rc == 0 && trigger_cap(item->name, item->data, item->len, &reasons, ctx))
		rc = -EINVAL;
	if (rc < 0) {
		intake_reject(in, item, NULL, &reasons);
	} else {
		r = talloc_zero(in, struct reading);
		*r = (struct reading){in, item};
		parser_ask(in->d->parser, item->data, item->len, parsed, r);
	}
	talloc_free(ctx);
}

static const struct spool_ops ops = {.claimed = claimed};

static int spool_cb(struct osmo_fd *ofd, unsigned int what)
{
	struct intake *in = ofd->data;

	spool_ready(in->spool, clock_mono_us());
	return 0;
}

struct intake *intake_of(struct daemon *d, const char *agency)
{
	struct intake *was = NULL;

	for (size_t i = 0; i < d->n_intakes; i++) {
		if (strcmp(d->intakes[i]->agency->name, agency))
			continue;
		if (!d->intakes[i]->retired)
			return d->intakes[i];
		was = d->intakes[i];
	}
	return was;
}

struct intake_count *intake_count(struct daemon *d, const char *agency)
{
	struct intake_count *c;

	llist_for_each_entry(c, &d->intake_counts, entry)
		if (!strcmp(c->agency, agency))
			return c;
	c = talloc_zero(d, struct intake_count);
	c->agency = talloc_strdup(c, agency);
	llist_add_tail(&c->entry, &d->intake_counts);
	return c;
}

static struct intake *at_folder(struct daemon *d, const char *folder)
{
	for (size_t i = 0; i < d->n_intakes; i++)
		if (!strcmp(d->intakes[i]->folder, folder))
			return d->intakes[i];
	return NULL;
}

static int open_one(struct daemon *d, struct conf_agency *agency)
{
	struct intake *in = talloc_zero(d, struct intake);
	int rc;

	in->d = d;
	in->agency = agency;
	in->folder = talloc_strdup(in, agency->spool);
	rc = spool_open(in, agency->spool, &ops, in, &in->spool);
	if (rc < 0) {
		talloc_free(in);
		return rc;
	}
	osmo_fd_setup(&in->ofd, spool_fd(in->spool), OSMO_FD_READ, spool_cb, in, 0);
	OSMO_ASSERT(osmo_fd_register(&in->ofd) == 0);
	d->intakes = talloc_realloc(d, d->intakes, struct intake *, d->n_intakes + 1);
	d->intakes[d->n_intakes++] = in;
	return 0;
}

/* What is claimed is still finished there, and files of running alerts are kept up to date. */
static void retire(struct intake *in)
{
	if (in->retired)
		return;
	in->retired = true;
	spool_watch(in->spool, false);
	LOGP(DSPOOL, LOGL_NOTICE, "%s is no agency's folder any more; what is dropped there is not looked at\n", in->folder);
}

static void serve(struct intake *in, struct conf_agency *agency)
{
	in->agency = agency;
	in->count = intake_count(in->d, agency->name);
	in->retired = false;
	spool_wait_signature(in->spool, !agency->allow_unsigned);
	spool_watch(in->spool, true);
}

int intake_open(struct daemon *d, const struct conf *conf)
{
	size_t before = d->n_intakes;
	int rc = 0;

	for (size_t i = 0; i < conf->n_agencies && rc == 0; i++)
		if (!at_folder(d, conf->agencies[i].spool))
			rc = open_one(d, &conf->agencies[i]);
	if (rc == 0)
		return 0;
	while (d->n_intakes > before) {
		struct intake *in = d->intakes[--d->n_intakes];

		osmo_fd_unregister(&in->ofd);
		talloc_free(in);
	}
	return rc;
}

void intake_apply(struct daemon *d)
{
	for (size_t i = 0; i < d->n_intakes; i++) {
		struct conf_agency *mine = NULL;

		for (size_t a = 0; a < d->conf->n_agencies && !mine; a++)
			if (!strcmp(d->conf->agencies[a].spool, d->intakes[i]->folder))
				mine = &d->conf->agencies[a];
		if (mine)
			serve(d->intakes[i], mine);
		else
			retire(d->intakes[i]);
	}
}

uint64_t intake_tick(struct daemon *d, uint64_t now_us)
{
	uint64_t next = parser_tick(d->parser, now_us);

	for (size_t i = 0; i < d->n_intakes && !d->stopping; i++)
		next = sooner(next, spool_tick(d->intakes[i]->spool, now_us));
	return next;
}

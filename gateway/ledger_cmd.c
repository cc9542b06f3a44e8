/* reunion ledger: looks into the ledger of a gateway that is not running. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/cmd.h"
#include "gateway/daemon.h"

static const char help[] =
	"Usage: reunion ledger dump -c CFG [ALERT-ID]\n"
	"       reunion ledger check -c CFG\n\n"
	"dump   one line per unit: alert, wording (alert, update, found), link, recipient or cell, state.\n"
	"       Cells read RADIO-MCC-MNC-AREA-CELL. The gateway must be stopped: it alone owns its ledger.\n"
	"check  reads all of it and says whether it is sound.\n\n"
	"Examples:\n"
	"  reunion ledger check -c /etc/reunion/reunion.cfg\n"
	"  reunion ledger dump -c /etc/reunion/reunion.cfg | cut -f5 | sort | uniq -c\n";

static int index_of(void *arg, const char *name)
{
	const struct conf *conf = arg;
	int i = 0;

	for (size_t c = 0; c < conf->n_carriers; c++)
		for (size_t l = 0; l < conf->carriers[c].n_links; l++, i++)
			if (!strcmp(conf->carriers[c].links[l].name, name))
				return i;
	return -ENOENT;
}

static int open_ledger(struct daemon *d, char *err, size_t err_len)
{
	struct conf_problems problems = {0};
	int rc = conf_load(d, d->conf_file, &d->conf, &problems);

	if (rc < 0) {
		snprintf(err, err_len, "%s: not a valid configuration; `reuniond -t -c %s` lists what is wrong", d->conf_file, d->conf_file);
		return rc;
	}
	d->dispatch = dispatch_new(d);
	for (size_t c = 0; c < d->conf->n_carriers; c++)
		for (size_t l = 0; l < d->conf->carriers[c].n_links; l++)
			dispatch_add_link(d->dispatch, d->conf->carriers[c].links[l].name, 1, 1, 1);
	d->book = book_new(d, d->dispatch, index_of, d->conf);
	rc = store_open(d, talloc_asprintf(d, "sqlite:%s/ledger.db", d->conf->state_directory), &d->store, err, err_len);
	return rc == 0 ? restart_load(d, err, err_len) : rc;
}

static void unit_name(const struct book_job *j, uint32_t unit, char *out, size_t len)
{
	struct cell_id id;
	uint8_t digits;
	char msisdn[16];

	if (book_group(j)->kind == GROUP_SUBSCRIBERS) {
		snprintf(out, len, "%s", book_payload.msisdn(NULL, j->job, unit, msisdn) == 0 ? msisdn : "?");
	} else if (book_payload.cell(NULL, j->job, unit, &id, &digits) == 0) {
		snprintf(out, len, "%s-%03u-%0*u-%u-%llu", cell_radio_name(id.radio), id.mcc, digits, id.mnc, id.area,
			 (unsigned long long)id.cell);
	} else {
		snprintf(out, len, "?");
	}
}

static void dump_job(const struct conf *conf, const struct book_job *j)
{
	static const char *const phases[] = {"alert", "update", "found"};
	const struct alert *a = j->alert;
	const struct plan_group *g = book_group(j);
	char name[320];

	for (uint32_t u = 0; u < g->n_units; u++) {
		uint8_t o = dispatch_unit(j->job, u);
		uint16_t owner = dispatch_unit_link(j->job, u);
		const char *link = g->links[0]->name;

		if (UNIT_STATE(o) == UNIT_EXCLUDED)
			continue;
		for (size_t i = 0; i < g->n_links; i++)
			if (index_of((void *)conf, g->links[i]->name) == owner)
				link = g->links[i]->name;
		unit_name(j, u, name, sizeof(name));
		printf("%s\t%s\t%s\t%s\t%s\n", a->id, phases[a->wordings[j->wording].phase], link, name, unit_state_name(UNIT_STATE(o)));
	}
}

static int dump(struct daemon *d, const char *id)
{
	const struct alert *a;
	const struct book_job *j;
	bool any = false;

	llist_for_each_entry(a, &d->book->alerts, entry) {
		if (id && strcmp(a->id, id))
			continue;
		any = true;
		llist_for_each_entry(j, &a->jobs, entry)
			dump_job(d->conf, j);
	}
	if (id && !any) {
		fprintf(stderr, "reunion ledger: %s holds no living alert of that id\n", d->conf->state_directory);
		return 1;
	}
	return 0;
}

static int run(const char *what, const char *file, const char *id)
{
	struct daemon *d = talloc_zero(NULL, struct daemon);
	char err[1024] = "";
	int rc;

	d->conf_file = talloc_strdup(d, file);
	rc = open_ledger(d, err, sizeof(err));
	if (rc < 0) {
		fprintf(stderr, "reunion ledger: %s\n", err[0] ? err : strerror(-rc));
		talloc_free(d);
		return 1;
	}
	rc = 0;
	if (!strcmp(what, "dump"))
		rc = dump(d, id);
	else
		printf("%s/ledger.db: sound\n", d->conf->state_directory);
	d->store->ops->close(d->store);
	talloc_free(d);
	return rc;
}

int ledger_cmd(int argc, char **argv)
{
	static const struct option options[] = {{"config", 1, NULL, 'c'}, {"help", 0, NULL, 'h'}, {0}};
	const char *file = NULL;
	int o;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (o == 'h')
			return fputs(help, stdout) < 0;
		if (o != 'c')
			return 2;
		file = optarg;
	}
	if (optind >= argc || !file || (strcmp(argv[optind], "dump") && strcmp(argv[optind], "check"))) {
		fputs(help, stderr);
		return 2;
	}
	return run(argv[optind], file, argv[optind + 1]);
}

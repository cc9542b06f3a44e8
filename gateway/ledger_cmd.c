/* reunion ledger: is it sound, what is in it, what can be saved. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/cmd.h"
#include "gateway/daemon.h"
#include "gateway/ledger_tool.h"
#include "gateway/store_file.h"

static const char help[] =
	"Usage: reunion ledger check -c CFG | PATH\n"
	"       reunion ledger salvage -c CFG | PATH [-o FILE]\n"
	"       reunion ledger dead -c CFG [ALERT-ID] | PATH\n"
	"       reunion ledger dump -c CFG [ALERT-ID]\n"
	"       reunion ledger dump PATH\n\n"
	"check    reads every row, verifies its sum and the file's structure, and with -c also that the alerts in it can go\n"
	"         on; says what is damaged. Changes nothing.\n"
	"salvage  writes all that is whole into a new ledger (PATH.salvaged) and says what could not be read. Changes\n"
	"         nothing else.\n"
	"dead     one line per unit that ended refused or unknown: time, alert, link, recipient or cell, state, reason, SMPP's\n"
	"         command_status or CBSP's cause, its class, times tried. The newest are there after a second.\n"
	"dump     with -c one line per unit: alert, wording (alert, update, found), link, recipient or cell, state.\n"
	"         Cells read RADIO-MCC-MNC-AREA-CELL. With PATH one line per row: table, key, epoch, octets.\n\n"
	"PATH is the ledger.db in the gateway's state_directory. `salvage` and `dump -c` want the gateway stopped.\n"
	"  -c, --config CFG   the gateway's configuration\n"
	"  -o, --output FILE  where the salvaged ledger goes\n\n"
	"Status: 0 sound, 1 damaged or trouble, 2 usage.\n\n"
	"Examples:\n"
	"  reunion ledger check /var/lib/reunion/ledger.db\n"
	"  reunion ledger dead -c /etc/reunion/reunion.cfg | cut -f6 | sort | uniq -c\n"
	"  reunion ledger salvage -c /etc/reunion/reunion.cfg -o /root/ledger.new\n"
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

static int read_conf(struct daemon *d, char *err, size_t err_len)
{
	struct conf_problems problems = {0};
	int rc = conf_load(d, d->conf_file, &d->conf, &problems);

	if (rc < 0)
		snprintf(err, err_len, "%s: not a valid configuration; `reuniond -t -c %s` lists what is wrong", d->conf_file, d->conf_file);
	return rc;
}

static int open_ledger(struct daemon *d, char *err, size_t err_len)
{
	int rc;

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
		snprintf(out, len, "%s", book_payload.msisdn(NULL, j->job, unit, msisdn) >= 0 ? msisdn : "?");
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

static bool in_use(const char *path)
{
	char err[256];
	int fd, rc = store_file_lock(path, 0, &fd, err, sizeof(err));

	if (rc == 0)
		close(fd);
	return rc == -EBUSY;
}

/* Into memory, as a starting gateway would. */
static int run_loaded(struct daemon *d, const char *what, const char *id)
{
	char err[1024] = "";
	int rc = open_ledger(d, err, sizeof(err));

	if (rc < 0) {
		fprintf(stderr, "reunion ledger: %s\n", err[0] ? err : strerror(-rc));
		return 1;
	}
	rc = strcmp(what, "dump") ? 0 : dump(d, id);
	d->store->ops->close(d->store);
	return rc;
}

/* Rows first: a damaged ledger is never opened for writing. */
static int check(struct daemon *d, const char *path)
{
	int rc = ledger_tool_check(path);

	return rc == 0 && d->conf && !in_use(path) ? run_loaded(d, "check", NULL) : rc;
}

static int run(struct daemon *d, const char *what, const char *arg, const char *out)
{
	char err[1024] = "";
	const char *path = arg;

	if (d->conf_file) {
		if (read_conf(d, err, sizeof(err)) < 0) {
			fprintf(stderr, "reunion ledger: %s\n", err);
			return 1;
		}
		path = talloc_asprintf(d, "%s/ledger.db", d->conf->state_directory);
		if (access(path, F_OK) < 0) {
			fprintf(stderr, "reunion ledger: %s: %s\n", path, strerror(errno));
			return 1;
		}
	}
	if (!strcmp(what, "check"))
		return check(d, path);
	if (!strcmp(what, "dead"))
		return ledger_tool_dead(path, d->conf ? arg : NULL);
	if (!strcmp(what, "salvage"))
		return ledger_tool_salvage(path, out);
	return d->conf ? run_loaded(d, what, arg) : ledger_tool_rows(path);
}

static bool is_command(const char *word)
{
	return !strcmp(word, "dump") || !strcmp(word, "dead") || !strcmp(word, "check") || !strcmp(word, "salvage");
}

int ledger_cmd(int argc, char **argv)
{
	static const struct option options[] = {{"config", 1, NULL, 'c'}, {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {0}};
	const char *file = NULL, *out = NULL, *what, *arg;
	struct daemon *d;
	int o, rc;

	while ((o = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1) {
		if (o == 'h')
			return fputs(help, stdout) < 0;
		if (o == 'c')
			file = optarg;
		else if (o == 'o')
			out = optarg;
		else
			return 2;
	}
	what = optind < argc ? argv[optind++] : "";
	arg = optind < argc ? argv[optind++] : NULL;
	/* Either the configuration says where the ledger is, or the path does; an alert's id needs the configuration. */
	if (!is_command(what) || optind < argc || (!file && !arg) || (file && arg && strcmp(what, "dump") && strcmp(what, "dead")) || (out && strcmp(what, "salvage"))) {
		fputs(help, stderr);
		return 2;
	}
	d = talloc_zero(NULL, struct daemon);
	d->conf_file = file ? talloc_strdup(d, file) : NULL;
	rc = run(d, what, arg, out);
	talloc_free(d);
	return rc;
}

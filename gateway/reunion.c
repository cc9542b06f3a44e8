/* reunion: the operator's tool. Finds the command and hands over. */
#include <stdio.h>
#include <string.h>
#include "cellmap/cmd.h"
#include "gateway/clock.h"
#include "gateway/cmd.h"
#include "gateway/log.h"
#include "reunion-config.h"

static const char help[] =
	"Usage: reunion COMMAND ...\n"
	"The operator's tool of the Reunion gateway. Each command answers --help.\n\n"
	"  cellmap build|info|query|cell|synth  cell maps from cell-site tables\n"
	"  subscribers build|synth              opted-in residents and their cells\n"
	"  plan -c CFG TRIGGER                  dry run: who is reached, when; nothing is sent\n"
	"  encode -c CFG TRIGGER                every PDU and page as hex\n"
	"  status [-c CFG] [--watch]            links and alerts now\n"
	"  alert list|show|cancel               alerts of the running gateway\n"
	"  link list|show|block|unblock|rate    links of the running gateway\n"
	"  ledger check|salvage|dump            the ledger: is it sound, what is in it\n\n"
	"Exit status: 0 done, 1 the input or the world was wrong, 2 usage.\n\n"
	"Examples:\n"
	"  reunion cellmap build -o cells.map cells.csv.gz\n"
	"  reunion cellmap query cells.map --at 39.9042,116.4074 --radius-km 100 --count\n"
	"  reunion plan -c /etc/reunion/reunion.cfg case.trigger\n"
	"  reunion status --watch\n";

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	int skip; /* words before the command's own argv[0] */
};

static int cellmap_now(int argc, char **argv)
{
	return cellmap_cmd(argc, argv, clock_wall_s());
}

static const struct command commands[] = {
	{"cellmap", cellmap_now, 1}, {"subscribers", subscribers_cmd, 1}, {"plan", plan_cmd, 0}, {"encode", encode_cmd, 0},
	{"status", status_cmd, 0},   {"alert", alert_cmd, 0},		  {"link", link_cmd, 0},
	{"ledger", ledger_cmd, 0},
};

static int run(int argc, char **argv)
{
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return fputs(help, stdout) < 0;
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("reunion " PACKAGE_VERSION) < 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1 - commands[i].skip, argv + 1 + commands[i].skip);
	fprintf(stderr, "reunion: there is no command of that name; `reunion --help` lists them\n");
	return 2;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc < 2) {
		fputs(help, stderr);
		return 2;
	}
	log_start(NULL, LOGL_ERROR);
	rc = run(argc, argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && rc == 0) {
		fprintf(stderr, "reunion: standard output: cannot be written; is the disk full or the reader gone?\n");
		rc = 1;
	}
	return rc;
}

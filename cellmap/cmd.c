#include "cellmap/cmd.h"
#include "cellmap/cmdutil.h"
#include <string.h>

static const char help[] =
	"Usage: reunion cellmap COMMAND ...\n"
	"Which cells does this area touch?\n\n"
	"  build -o MAP CSV...       make a map from cell-site tables\n"
	"  info MAP                  what a map holds, and whether it is healthy\n"
	"  query MAP --at LAT,LON --radius-km R\n"
	"                            the cells of a circle\n"
	"  cell MAP ID               one cell by its CGI, SAI, ECGI or NCGI\n"
	"  synth --cells N --seed S  a made-up table for trials\n\n"
	"Each has --help. Exit status: 0 done, 1 the input or the world was wrong, 2 usage.\n\n"
	"Examples:\n"
	"  reunion cellmap build -o cells.map cells.csv.gz\n"
	"  reunion cellmap query cells.map --at 39.9042,116.4074 --radius-km 100 --count\n";

int cellmap_cmd(int argc, char **argv, int64_t now_s)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"build", cmd_build},
			{"info", NULL},
			{"query", cmd_query},
			{"cell", cmd_cell},
			{"synth", cmd_synth}};

	if (argc < 1 || !argv[0]) {
		fputs(help, stderr);
		return 2;
	}
	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h") || !strcmp(argv[0], "help")) {
		fputs(help, stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name)) {
			int rc = commands[i].run ? commands[i].run(argc, argv) : cmd_info(argc, argv, now_s);

			if (fflush(stdout) || ferror(stdout))
				return cmd_fail("standard output: cannot be written; is the disk full or the "
						"reader gone?");
			return rc;
		}
	return cmd_usage("COMMAND", "%s: no such command; there are build, info, query, cell and synth",
			 argv[0]);
}

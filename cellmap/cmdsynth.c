#include "cellmap/cmdutil.h"
#include "cellmap/outfile.h"
#include "cellmap/synth.h"
#include <errno.h>
#include <getopt.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CELLS_MAX UINT64_C(1000000000)

static const char help[] =
	"Usage: reunion cellmap synth --cells N --seed S [-o FILE] [--clean]\n"
	"A made-up table of China's cells in OpenCelliD's columns, for trials: where people live, networks "
	"460-00, 460-01, 460-11\n"
	"and 460-15, with the dirt of real tables. The same seed gives the same octets.\n\n"
	"      --cells N      rows with distinct keys (dirt comes on top)\n"
	"      --seed S       any number\n"
	"  -o, --output FILE  instead of standard output; compressed when it ends in .gz\n"
	"      --clean        no dirt\n\n"
	"Example: reunion cellmap synth --cells 100000 --seed 1 -o trial.csv.gz\n";

struct arguments {
	struct synth synth;
	const char *output;
	bool cells, seed, help;
};

static int put_stdout(void *arg, const char *data, size_t len)
{
	return fwrite(data, 1, len, stdout) == len ? 0 : -EIO;
}

static int put_gz(void *arg, const char *data, size_t len)
{
	return gzwrite(arg, data, (unsigned int)len) == (int)len ? 0 : -EIO;
}

static bool ends_in_gz(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && !strcmp(name + n - 3, ".gz");
}

static int to_file(struct arguments *a)
{
	struct outfile *out;
	char err[1024];
	gzFile gz;
	int rc;

	if (outfile_open(NULL, a->output, &out, err, sizeof(err)) < 0)
		return cmd_fail(err);
	gz = gzdopen(dup(outfile_fd(out)), ends_in_gz(a->output) ? "wb6" : "wbT");
	OSMO_ASSERT(gz);
	gzbuffer(gz, 1 << 17);
	a->synth.put = put_gz;
	a->synth.put_arg = gz;
	rc = synth_write(&a->synth);
	if (gzclose(gz) != Z_OK || rc) {
		talloc_free(out);
		snprintf(err, sizeof(err), "%s: cannot be written; is the disk full?", a->output);
		return cmd_fail(err);
	}
	return outfile_commit(out, err, sizeof(err)) < 0 ? cmd_fail(err) : 0;
}

static int take_option(void *arguments, int c, const char *value)
{
	struct arguments *a = arguments;

	switch (c) {
	case 'n':
		a->cells = true;
		if (!cmd_unsigned(value, CELLS_MAX, &a->synth.cells) || a->synth.cells == 0)
			return cmd_usage("synth", "--cells %s: is no number from 1 to 1000000000", value);
		return 0;
	case 's':
		a->seed = true;
		if (!cmd_unsigned(value, UINT64_MAX, &a->synth.seed))
			return cmd_usage("synth", "--seed %s: is no number", value);
		return 0;
	case 'o':
		a->output = value;
		return 0;
	default:
		a->synth.clean |= c == 'C';
		a->help |= c == 'h';
		return 0;
	}
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {{"cells", 1, NULL, 'n'},  {"seed", 1, NULL, 's'},
						{"output", 1, NULL, 'o'}, {"clean", 0, NULL, 'C'},
						{"help", 0, NULL, 'h'},   {0}};
	int rc;

	rc = cmd_options("synth", argc, argv, options, take_option, a);
	if (rc)
		return rc;
	if (a->help)
		return 0;
	if (!a->cells || !a->seed)
		return cmd_usage("synth",
				 "--cells N and --seed S are needed; see reunion cellmap synth --help");
	if (optind < argc)
		return cmd_usage("synth", "%s: is one argument too many", argv[optind]);
	return 0;
}

int cmd_synth(int argc, char **argv)
{
	struct arguments a = {0};
	struct progress progress;
	int rc = read_arguments(&a, argc, argv);

	if (rc)
		return rc;
	if (a.help) {
		fputs(help, stdout);
		return 0;
	}
	progress_start(&progress);
	a.synth.progress = progress_show;
	a.synth.progress_arg = &progress;
	if (a.output && strcmp(a.output, "-")) {
		rc = to_file(&a);
	} else {
		a.synth.put = put_stdout;
		rc = synth_write(&a.synth) ? cmd_fail("standard output: cannot be written; is the disk full "
						      "or the reader gone?")
					   : 0;
	}
	progress_end(&progress);
	return rc;
}

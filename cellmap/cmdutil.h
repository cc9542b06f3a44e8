/* cmdutil: what the cellmap commands share: options, complaints, progress, output. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "cellmap/cellmap.h"
#include "cellmap/geo.h"

int cmd_fail(const char *text); /* "reunion cellmap: text" on stderr; 1 */
int cmd_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));              /* the same; 2 */
int cmd_bad_option(const char *command, char *const *argv); /* after getopt_long's '?' or ':'; 2 */

struct option;
/* Every option goes to take (0: good; what else is returned as it is); 0, or 2 with a line on stderr. */
int cmd_options(const char *command, int argc, char **argv, const struct option *options,
		int (*take)(void *arg, int c, const char *value), void *arg);

bool cmd_number(const char *text, double lo, double hi,
		double *v); /* the whole text, finite, lo <= v <= hi */
bool cmd_unsigned(const char *text, uint64_t max, uint64_t *v);

/* A bar on stderr when that is a terminal, at most ten times a second by the share done. */
struct progress {
	bool on, shown;
	int last;
};
void progress_start(struct progress *p);
void progress_show(void *progress, const char *what, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

void cmd_json_string(FILE *f, const char *text); /* quoted and escaped; what is not UTF-8 becomes U+FFFD */

int cmd_build(int argc, char **argv);
int cmd_info(int argc, char **argv, int64_t now_s); /* now: Unix seconds, 0 when nobody knows */
int cmd_query(int argc, char **argv);
int cmd_cell(int argc, char **argv);
int cmd_synth(int argc, char **argv);

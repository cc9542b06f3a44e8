/* The `reunion cellmap ...` commands. argv[0] is the subcommand's name ("build", "info", ...). now_s: Unix seconds,
 * for what tells of ages. Returns the process' exit status (0 done, 1 the input or the world was wrong, 2 usage). */
#pragma once
#include <stdint.h>
int cellmap_cmd(int argc, char **argv, int64_t now_s);

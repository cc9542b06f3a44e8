/* The `reunion cellmap ...` commands. argv[0] is the subcommand's name ("build", "info", ...).
 * Returns the process' exit status (0 done, 1 the input or the world was wrong, 2 usage). */
#pragma once
int cellmap_cmd(int argc, char **argv);

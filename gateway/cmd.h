/* cmd: the `reunion` commands. argv[0] is the command's name; each answers --help (with examples) and returns the exit
 * status: 0 done, 1 the input or the world was wrong (one clear line on stderr that names the file), 2 usage. */
#pragma once
int subscribers_cmd(int argc, char **argv); /* argv[0]: build, synth */
int plan_cmd(int argc, char **argv);
int encode_cmd(int argc, char **argv);
int status_cmd(int argc, char **argv);
int alert_cmd(int argc, char **argv);
int link_cmd(int argc, char **argv);
int ledger_cmd(int argc, char **argv); /* check, salvage, dump; argv[0] = "ledger" */

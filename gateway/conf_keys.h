/* conf_keys: the one table of all keys of the configuration. The reader, the defaults and the manual are made
 * of it. */
#pragma once
#include <stdio.h>
#include "gateway/conf_read.h"

extern const struct conf_key conf_keys[];      /* the file's top */
extern const struct conf_key conf_keys_link[]; /* of carriers[].links[] */
/* The keys as a section of the manual (man macros), in the order of the table: etc/reunion.cfg.5 holds
 * exactly this. */
void conf_print_keys(FILE *out);

/* conf_check: what must fit together in a configuration that was read (names, limits, texts), and the
 * defaults that depend on other keys. Everything may be missing still: fields that could not be read are NULL
 * or 0. */
#pragma once
#include "gateway/conf_read.h"

void conf_check(struct conf_reader *r);          /* pure */
void conf_check_carriers(struct conf_reader *r); /* part of conf_check(): carriers and links */
/* Part of conf_check(): addresses to listen on, and that no two of vty, http and links listen on one place. */
void conf_check_listeners(struct conf_reader *r);
/* Reads the links' password files. A file that this user may not read leaves password NULL and is no problem
 * here: `reunion plan` needs no password. conf_check_world() tells it. */
void conf_read_passwords(struct conf_reader *r);
/* What conf_check_world() checks, of the fields that could be read. */
void conf_check_files(struct conf_reader *r);

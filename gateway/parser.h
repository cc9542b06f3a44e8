/* parser: a confined child process that scans trigger files (trigger_scan.h), so that what is hostile in them meets libconfig
 * where there is nothing to take: no file, no network, no secret of the gateway, a dozen system calls, little memory. It is this
 * program, started anew. It ends with its parent; when it ends early, or does not answer, it is replaced, the trigger tried
 * once more, and then given up. On the loop; never waits. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "gateway/trigger_scan.h"

#define PARSER_HANG_US 5000000 /* an answer takes a millisecond; the machine may be busy */

struct parser;

/* rc 0: scan is what stands there, borrowed. -EPROTO: the child ended, or said nonsense, twice over this trigger; -ETIMEDOUT:
 * it did not answer, twice; other: no child can be started now, the trigger is not to blame. */
typedef void (*parser_done)(void *arg, int rc, const struct trigger_scan *scan);

struct parser *parser_new(void *ctx);
/* Waits until a first child stands ready. 0, or -errno; *confined: the kernel took its filter. */
int parser_start(struct parser *p, bool *confined);
/* data is borrowed until done, which is called in the order of asking (at once when no child can be started). */
void parser_ask(struct parser *p, const uint8_t *data, size_t len, parser_done done, void *arg);
uint64_t parser_tick(struct parser *p, uint64_t now_us); /* returns when to come again */

/* For main(): is this process such a child? Then its life is parser_child(). */
bool parser_is_child(int argc, char **argv);
int parser_child(void);

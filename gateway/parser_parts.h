/* parser_parts: what parent and child of parser.h agree on. Both ways: a length of 4 octets, then as many; the child says hello
 * first, one octet. */
#pragma once
#include "gateway/parser.h"

#define PARSER_FD           3 /* the child's end of the socket, and its only descriptor of use */
#define PARSER_WORD         "--scan-triggers-for-parent"
#define PARSER_MAX_QUESTION (TRIGGER_MAX_OCTETS + 1)

enum { PARSER_CONFINED = 'c', PARSER_AT_LARGE = 'l' };

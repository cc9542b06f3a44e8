/* lexical: what stands in front of libconfig 1.5, for the configuration and for trigger files.
 *
 * libconfig alone takes 5000000000 for 705032704 and 1e400 for infinity, cuts strings at NUL, follows
 * @include into folders and FIFOs, and stops at its first complaint. So octets are checked here first: size,
 * UTF-8, NUL and control characters,
 * @include, number ranges, strings and brackets that are left open, keys given twice. Only octets without a
 * finding are given to config_read_string(), with comments blanked out. Pure: no file is ever opened. */
#pragma once
#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEXICAL_MAX_DEPTH   16  /* nested groups and lists */
#define LEXICAL_MAX_NAMES   512 /* keys of one group */
#define LEXICAL_MAX_REPORTS 50  /* findings told of one text */

struct lexical_rules {
	size_t max_octets;
	bool newline_in_text; /* "\n" may stand in a string (texts of the configuration) */
};

/* One finding. line counts from 1, 0 = the whole text; key is a path such as a.b[2].c or NULL. Strings are
 * borrowed. */
struct lexical_report {
	void (*found)(void *arg, unsigned int line, const char *key, const char *text);
	void *arg;
};

/* Checks data and, when nothing was found, parses it into config (which this initialises in any case: the
 * caller calls config_destroy()). 0, or -EBADMSG after at least one finding. */
int lexical_read(void *ctx, const uint8_t *data, size_t len, const struct lexical_rules *rules,
		 config_t *config, const struct lexical_report *report);
/* True when all of text is UTF-8 without control characters (NUL, C0, DEL, C1, U+2028, U+2029). */
bool lexical_clean(const char *text, size_t len);
/* Octets of the UTF-8 sequence at p (at most len), or 0 when it is none. *code_point is set. */
size_t lexical_utf8(const uint8_t *p, size_t len, uint32_t *code_point);
bool lexical_control(uint32_t code_point); /* NUL, C0, DEL, C1, U+2028, U+2029 */
bool lexical_name_char(uint8_t c);         /* may follow the first letter of a key */
/* True when text can be a key of libconfig. */
bool lexical_name(const char *text, size_t len);
/* Edit distance of two words, for "did you mean"; 99 when they are long. */
unsigned int lexical_distance(const char *a, const char *b);

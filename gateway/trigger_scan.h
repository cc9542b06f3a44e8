/* trigger_scan: a trigger file's octets to a flat list of keys and values, as they stand there; which keys there are and what
 * they may say is not judged here. Pure. The daemon lets a confined child do this (parser.h), so a scan has a form for a
 * socket, whose reader believes nothing. */
#pragma once
#include "gateway/alert.h"

#define SCAN_MAX_VALUES 256          /* settings of one trigger, groups included */
#define SCAN_MAX_OCTETS (512 * 1024) /* of a packed scan */

enum scan_kind { SCAN_GROUP, SCAN_TEXT, SCAN_NUMBER, SCAN_BOOL, SCAN_LIST, SCAN_KINDS };

struct scan_value {
	enum scan_kind kind;
	unsigned int line;
	char *path; /* "location.lat"; a group comes before what is in it */
	char *text; /* SCAN_TEXT only */
	double number;
};

struct trigger_scan {
	struct reasons findings; /* what is wrong with the text itself; then there are no values */
	struct scan_value *v;
	size_t n;
};

/* Always a scan, child of ctx. */
struct trigger_scan *trigger_scan(void *ctx, const uint8_t *data, size_t len);
/* Octets for trigger_scan_unpack() in a process of the same program; child of ctx. */
uint8_t *trigger_scan_pack(void *ctx, const struct trigger_scan *scan, size_t *len);
/* 0, or -EBADMSG when the octets are not what trigger_scan_pack() makes: lengths, kinds, numbers that are none, texts that are
 * not UTF-8 or hold control characters. *scan is a child of ctx. */
int trigger_scan_unpack(void *ctx, const uint8_t *data, size_t len, struct trigger_scan **scan);

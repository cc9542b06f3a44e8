/* trigger_read: what stands in a trigger file to the values of our keys, by our names or the agency's. Pure. */
#pragma once
#include "gateway/alert.h"
#include "gateway/trigger_keys.h"
#include "gateway/trigger_scan.h"

struct trigger_field {
	bool given;
	bool wrong; /* not of the key's kind; `found` says what it is */
	unsigned int line;
	const char *key;  /* as this agency writes it */
	const char *text; /* NULL for numbers */
	double number;
	const char *found;
};

struct trigger_file {
	const struct conf_agency *agency;
	void *ctx; /* of the reasons */
	struct reasons *reasons;
	struct trigger_field field[TK_N];
};

/* Fills file->field (strings are children of ctx) from its agency, ctx and reasons, which the caller has set;
 * what is wrong with the file as a whole goes into the reasons. 0, or -EBADMSG when no key could be read. */
int trigger_read(void *ctx, const struct trigger_scan *scan, struct trigger_file *file);
/* BLAKE2b of the keys and values, whatever their order, spelling of numbers, spaces and comments. */
void trigger_digest(const struct trigger_file *file, uint8_t digest[32]);

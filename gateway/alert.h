/* alert: a checked trigger, and the alert made from it.
 *
 * Pure: (octets, configuration, wall time) in; trigger or list of reasons out. Wall times are Unix seconds UTC. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/conf.h"

enum trigger_action { ACTION_ALERT, ACTION_UPDATE, ACTION_CANCEL, ACTION_EXERCISE };

struct reason {
	unsigned int line; /* 0 = none */
	char *key, *text;  /* key may be NULL */
};
struct reasons {
	struct reason *v;
	size_t n;
};
void reasons_add(void *ctx, struct reasons *r, unsigned int line, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
json_t *reasons_json(const struct reasons *r); /* SPEC 4: [{"line","key","text"}] */

/* One language of an alert, ready to be encoded: nothing in it is a template any more. UTF-8, NFC. */
struct alert_text {
	char *language;
	uint16_t message_identifier; /* already the exercise one for an exercise */
	char *broadcast, *sms, *found;
	uint16_t exercise_identifier; /* of a trigger's texts: for who knows better whether it is one; 0 in an alert's */
};

struct trigger {
	char *agency, *case_number, *type;
	enum trigger_action action;
	int64_t reported_at, missing_since; /* missing_since 0 = absent */
	bool has_location;
	double lat, lon; /* WGS-84 (converted from the stated datum) */
	double radius_km;
	bool has_radius; /* else it is the type's */
	struct alert_text *texts;
	size_t n_texts;
	uint8_t digest[32]; /* BLAKE2b of the canonical content: equal digest = the same content */
	const struct conf_type *conf_type; /* NULL only in a cancel */
};

#define TRIGGER_MAX_OCTETS 65536
/* Parses and checks one trigger file. `name` is only for messages. now = wall clock, seconds. On rejection reasons has
 * at least one entry and -EBADMSG is returned. All problems are reported, not only the first. */
int trigger_parse(void *ctx, const struct conf *conf, const struct conf_agency *agency, const char *name,
		  const uint8_t *data, size_t len, int64_t now, struct trigger **trigger, struct reasons *reasons);
/* The same in its steps, for who lets a confined child scan the octets (trigger_scan.h). */
struct trigger_scan;
int trigger_check(void *ctx, const struct conf *conf, const struct conf_agency *agency, const struct trigger_scan *scan,
		  int64_t now, struct trigger **trigger, struct reasons *reasons);
/* struct trigger's digest of what was read, whether it would be accepted or not. 0, or -EBADMSG when no key could be read. */
int trigger_digest_of(const struct conf_agency *agency, const struct trigger_scan *scan, uint8_t digest[32]);
/* CAP is another language: true, with a reason, instead of a hundred syntax errors. */
bool trigger_cap(const char *name, const uint8_t *data, size_t len, struct reasons *reasons, void *ctx);
/* minisign (Ed25519, prehashed "ED" and legacy "Ed") over data by one of the agency's keys. 0, or -EKEYREJECTED with a reason. */
int trigger_verify(void *ctx, const struct conf_agency *agency, const uint8_t *data, size_t len, const uint8_t *sig,
		   size_t sig_len, struct reasons *reasons);
const char *trigger_action_name(enum trigger_action a);

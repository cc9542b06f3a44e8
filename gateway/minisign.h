/* minisign: detached Ed25519 signatures in minisign's format, legacy "Ed" and prehashed "ED" (BLAKE2b-512).
 * Pure.
 *
 * The signature over the data and the global one, which binds the trusted comment, must both hold. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MINISIGN_MAX_OCTETS 16384 /* of a .minisig */

struct minisign_key {
	uint8_t id[8], point[32];
};

enum minisign_result {
	MINISIGN_OK,
	MINISIGN_MALFORMED, /* not a .minisig */
	MINISIGN_OTHER_KEY, /* made with a key of another id */
	MINISIGN_FORGED,    /* the data were changed, or another's signature */
	MINISIGN_COMMENT,   /* the trusted comment was changed */
};

struct minisign_sig {
	uint8_t algorithm, key_id[8], sig[64], global[64]; /* algorithm: 'd' of "Ed", 'D' of "ED" */
	const uint8_t *comment; /* trusted comment, inside the octets that were parsed */
	size_t comment_len;
};

/* The base64 line of a public key ("RW..."). 0 or -EINVAL. */
int minisign_key_parse(const char *line, struct minisign_key *key);
/* 0 or -EBADMSG. */
int minisign_sig_parse(const uint8_t *octets, size_t len, struct minisign_sig *sig);
enum minisign_result minisign_verify(const struct minisign_key *key, const struct minisign_sig *sig,
				     const uint8_t *data, size_t len);
/* Key ids are printed as minisign does: 16 hexadecimal digits, last octet first. */
const char *minisign_id(const uint8_t id[8], char out[17]);

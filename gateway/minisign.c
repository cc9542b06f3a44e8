#include "gateway/minisign.h"
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COMMENT "untrusted comment: "
#define TRUSTED "trusted comment: "

struct cursor {
	const uint8_t *at, *end;
};

static int decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	const char *end;
	size_t n;

	if (sodium_base642bin(out, size, text, len, NULL, &n, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != text + len)
		return -EINVAL;
	return n == size ? 0 : -EINVAL;
}

int minisign_key_parse(const char *line, struct minisign_key *key)
{
	uint8_t raw[42];

	if (decode(line, strlen(line), raw, sizeof(raw)) < 0 || raw[0] != 'E' || raw[1] != 'd')
		return -EINVAL;
	memcpy(key->id, raw + 2, sizeof(key->id));
	memcpy(key->point, raw + 10, sizeof(key->point));
	return 0;
}

/* The next line without its end. */
static bool next_line(struct cursor *c, const uint8_t **line, size_t *len)
{
	const uint8_t *end;

	if (c->at == c->end)
		return false;
	end = memchr(c->at, '\n', c->end - c->at);
	*line = c->at;
	*len = (end ? end : c->end) - c->at;
	c->at = end ? end + 1 : c->end;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		(*len)--;
	return true;
}

static bool next_prefixed(struct cursor *c, const char *prefix, const uint8_t **rest, size_t *len)
{
	size_t n = strlen(prefix);

	if (!next_line(c, rest, len) || *len < n || memcmp(*rest, prefix, n))
		return false;
	*rest += n;
	*len -= n;
	return true;
}

static bool next_base64(struct cursor *c, uint8_t *out, size_t size)
{
	const uint8_t *line;
	size_t len;

	return next_line(c, &line, &len) && decode((const char *)line, len, out, size) == 0;
}

int minisign_sig_parse(const uint8_t *octets, size_t len, struct minisign_sig *sig)
{
	struct cursor c = {octets, octets + len};
	const uint8_t *line;
	size_t n;
	uint8_t raw[74];

	if (len == 0 || len > MINISIGN_MAX_OCTETS)
		return -EBADMSG;
	if (!next_prefixed(&c, COMMENT, &line, &n) || !next_base64(&c, raw, sizeof(raw)) ||
	    !next_prefixed(&c, TRUSTED, &sig->comment, &sig->comment_len) ||
	    !next_base64(&c, sig->global, sizeof(sig->global)))
		return -EBADMSG;
	if (raw[0] != 'E' || (raw[1] != 'd' && raw[1] != 'D'))
		return -EBADMSG;
	sig->algorithm = raw[1];
	memcpy(sig->key_id, raw + 2, sizeof(sig->key_id));
	memcpy(sig->sig, raw + 10, sizeof(sig->sig));
	return 0;
}

static bool data_holds(const struct minisign_key *key, const struct minisign_sig *sig, const uint8_t *data,
		       size_t len)
{
	uint8_t hash[64];

	if (sig->algorithm == 'd')
		return crypto_sign_verify_detached(sig->sig, data, len, key->point) == 0;
	crypto_generichash(hash, sizeof(hash), data, len, NULL, 0);
	return crypto_sign_verify_detached(sig->sig, hash, sizeof(hash), key->point) == 0;
}

static bool comment_holds(const struct minisign_key *key, const struct minisign_sig *sig)
{
	uint8_t both[64 + MINISIGN_MAX_OCTETS];

	memcpy(both, sig->sig, 64);
	memcpy(both + 64, sig->comment, sig->comment_len);
	return crypto_sign_verify_detached(sig->global, both, 64 + sig->comment_len, key->point) == 0;
}

enum minisign_result minisign_verify(const struct minisign_key *key, const struct minisign_sig *sig,
				     const uint8_t *data, size_t len)
{
	if (sodium_init() < 0)
		return MINISIGN_FORGED;
	if (memcmp(key->id, sig->key_id, sizeof(key->id)))
		return MINISIGN_OTHER_KEY;
	if (!data_holds(key, sig, data, len))
		return MINISIGN_FORGED;
	return comment_holds(key, sig) ? MINISIGN_OK : MINISIGN_COMMENT;
}

const char *minisign_id(const uint8_t id[8], char out[17])
{
	for (int i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02X", id[7 - i]);
	return out;
}

#include <errno.h>
#include <osmocom/core/talloc.h>
#include "gateway/alert.h"
#include "gateway/minisign.h"

/* The best of what the agency's keys say: a key that fits but whose signature fails tells more than one that
 * does not. */
static enum minisign_result verify_any(const struct conf_agency *agency, const struct minisign_sig *sig,
				       const uint8_t *data, size_t len)
{
	enum minisign_result result = MINISIGN_OTHER_KEY, one;
	struct minisign_key key;

	for (size_t i = 0; i < agency->n_keys; i++) {
		if (minisign_key_parse(agency->keys[i], &key) < 0)
			continue;
		one = minisign_verify(&key, sig, data, len);
		if (one == MINISIGN_OK)
			return one;
		if (one != MINISIGN_OTHER_KEY)
			result = one;
	}
	return result;
}

int trigger_verify(void *ctx, const struct conf_agency *agency, const uint8_t *data, size_t len,
		   const uint8_t *sig, size_t sig_len, struct reasons *reasons)
{
	struct minisign_sig parsed;
	char id[17];

	if (!sig || sig_len == 0) {
		reasons_add(ctx, reasons, 0, NULL,
			    "no signature came with it; sign it with minisign and drop the .minisig first");
		return -EKEYREJECTED;
	}
	if (minisign_sig_parse(sig, sig_len, &parsed) < 0) {
		reasons_add(ctx, reasons, 0, NULL, "the .minisig is not a minisign signature");
		return -EKEYREJECTED;
	}
	minisign_id(parsed.key_id, id);
	switch (verify_any(agency, &parsed, data, len)) {
	case MINISIGN_OK:
		return 0;
	case MINISIGN_OTHER_KEY:
		reasons_add(ctx, reasons, 0, NULL, "signed with key %s, which is none of the keys of %s", id,
			    agency->name);
		break;
	case MINISIGN_COMMENT:
		reasons_add(ctx, reasons, 0, NULL,
			    "the trusted comment of the signature was changed (key %s)", id);
		break;
	default:
		reasons_add(ctx, reasons, 0, NULL,
			    "the signature does not fit: the file was changed after signing (key %s)", id);
	}
	return -EKEYREJECTED;
}

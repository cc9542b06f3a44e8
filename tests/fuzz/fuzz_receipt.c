/* Any octets as a receipt's text, and cut in two as message ids. */
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/utils.h>
#include "smpp/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct smpp_receipt r;
	char *a = malloc(len + 1), *b;

	smpp_receipt_text(data, len, &r);
	OSMO_ASSERT(r.state <= SMPP_STATE_ABSENT && strlen(r.id) < sizeof(r.id) &&
		    strlen(r.error) < sizeof(r.error));
	memcpy(a, data, len);
	a[len] = '\0';
	b = a + strlen(a) / 2;
	OSMO_ASSERT(smpp_id_match(a, a) == SMPP_ID_SAME);
	OSMO_ASSERT(smpp_id_match(a, b) == smpp_id_match(b, a));
	free(a);
	return 0;
}

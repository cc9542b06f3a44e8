/* Rows of the ledger that somebody made up, with a sum that is right. As a chunk: two octets say how many units, the rest is their
 * code; what can be read can be written and read again. As dead letters: the whole. */
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/deadletter.h"
#include "gateway/ledger.h"
#include "gateway/ledger_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool sound(uint8_t octet)
{
	return octet != CODE_MARK && (UNIT_STATE(octet) != UNIT_HANDED || UNIT_ATTEMPT(octet) > 0);
}

static void read_letters(const uint8_t *data, size_t len)
{
	struct dead_letter letter;
	struct dead_row row;
	char id[256];
	int rc = dead_open(&row, data, len, id);

	OSMO_ASSERT(rc == 0 || rc == -EBADMSG);
	while (rc == 0 && (rc = dead_next(&row, &letter)) > 0) {
		OSMO_ASSERT(dead_reason(&letter) && strlen(letter.to) < sizeof(letter.to) && letter.state < UNIT_STATES);
		rc = 0;
	}
	OSMO_ASSERT(rc == 0 || rc == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t unit[CHUNK_UNITS], buf[CHUNK_ENCODED_MAX];
	void *ctx = talloc_named_const(NULL, 0, "fuzz");
	struct chunk c, back;
	uint32_t count;
	int n, rc;

	read_letters(data, len);
	count = len < 2 ? 1 : 1 + (data[0] << 8 | data[1]) % CHUNK_UNITS;
	rc = len < 2 ? -EBADMSG : code_read(data + 2, len - 2, count, sound, unit);
	OSMO_ASSERT(rc == 0 || rc == -EBADMSG);
	if (rc == 0) {
		chunk_init(&c, 7, count, 1, UNIT_WAITING);
		for (uint32_t i = 0; i < count; i++)
			chunk_set(ctx, &c, i, unit[i]);
		n = chunk_encode(&c, buf, sizeof(buf));
		chunk_init(&back, 7, count, 0, UNIT_WAITING);
		OSMO_ASSERT(n > 0 && chunk_decode(ctx, &back, buf, n) == 0);
		for (uint32_t i = 0; i < count; i++)
			OSMO_ASSERT(chunk_get(&back, i) == unit[i]);
	}
	talloc_free(ctx);
	return 0;
}

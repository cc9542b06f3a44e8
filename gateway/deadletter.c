/* Letters of units that ended badly, packed and read again. What is read may be damaged: it is checked whole. */
#include "gateway/deadletter.h"
#include <errno.h>
#include <string.h>
#include "gateway/cbsp.h"
#include "gateway/ledger.h"
#include "smpp/status.h"

#define FIXED 17

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t dead_begin(uint8_t *row, size_t room, const char *alert_id)
{
	size_t len = strlen(alert_id);

	if (len == 0 || len > UINT8_MAX || 1 + len > room)
		return 0;
	row[0] = len;
	memcpy(row + 1, alert_id, len);
	return 1 + len;
}

size_t dead_add(uint8_t *row, size_t room, const struct dead_letter *letter)
{
	size_t len = strnlen(letter->to, DEAD_TO - 1);

	if (FIXED + len > room)
		return 0;
	put32(row, letter->unit);
	put32(row + 4, letter->at);
	put32(row + 8, letter->status);
	row[12] = letter->why;
	row[13] = letter->state;
	row[14] = letter->tries;
	row[15] = letter->class;
	row[16] = len;
	memcpy(row + FIXED, letter->to, len);
	return FIXED + len;
}

int dead_open(const void *row, size_t len, char alert_id[256], size_t *at)
{
	const uint8_t *p = row;

	if (len < 2 || p[0] == 0 || p[0] > len - 1 || memchr(p + 1, '\0', p[0]))
		return -EBADMSG;
	memcpy(alert_id, p + 1, p[0]);
	alert_id[p[0]] = '\0';
	*at = 1 + p[0];
	return 0;
}

int dead_next(const void *row, size_t len, size_t *at, struct dead_letter *letter)
{
	const uint8_t *p = (const uint8_t *)row + *at;
	size_t left = len - *at;

	if (left == 0)
		return 0;
	if (left < FIXED || p[16] >= DEAD_TO || p[16] > left - FIXED || p[12] == 0 || p[12] >= DEAD_WHY_END ||
	    p[13] >= UNIT_STATES || p[15] < ' ' || p[15] > '~' || (p[12] == DEAD_CAUSE && get32(p + 8) > UINT8_MAX))
		return -EBADMSG;
	*letter = (struct dead_letter){.unit = get32(p),
				       .at = get32(p + 4),
				       .status = get32(p + 8),
				       .why = p[12],
				       .state = p[13],
				       .tries = p[14],
				       .class = p[15]};
	memcpy(letter->to, p + FIXED, p[16]);
	*at += FIXED + p[16];
	return 1;
}

const char *dead_reason(const struct dead_letter *letter)
{
	static const char *const words[] = {[DEAD_SILENT] = "no answer",
					    [DEAD_NAMELESS] = "no number or name for it",
					    [DEAD_TEXTLESS] = "no text for this link",
					    [DEAD_CAUSELESS] = "failure without a cause"};

	if (letter->why == DEAD_CAUSE)
		return cbsp_cause_name(letter->status);
	return letter->why == DEAD_STATUS ? smpp_status_name(letter->status) : words[letter->why];
}

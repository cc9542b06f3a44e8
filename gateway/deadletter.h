/* deadletter: a unit that ended refused or unknown, and why: as a driver tells it, as it stands in the store. Pure.
 *
 * A row holds the letters of one job and link: an octet of length and the alert's id, then the letters, oldest first, numbers
 * big-endian. The recipient's number is in it, so that whoever may read the ledger needs nothing else. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum dead_why {
	DEAD_STATUS = 1, /* the peer's command_status */
	DEAD_SILENT,	 /* no answer in time, or before the connection ended */
	DEAD_NAMELESS,	 /* its number or name cannot be written on this link */
	DEAD_TEXTLESS,	 /* the alert has no text for this link */
	DEAD_CAUSE,	 /* a BSC's cause (TS 48.049 8.2.13) */
	DEAD_CAUSELESS,	 /* a BSC's failure that names none for the cell */
	DEAD_WHY_END
};

#define DEAD_TO 32 /* a number, or a cell as in dl_name, with NUL */
struct dead_letter {
	uint32_t unit;
	uint32_t at;	 /* wall, seconds; for its keeper to fill in */
	uint32_t status; /* DEAD_STATUS, DEAD_CAUSE: of the last answer */
	enum dead_why why;
	uint8_t state; /* enum unit_state: refused or unknown */
	uint8_t tries; /* hand-overs, the last included */
	char class;    /* as smpp_status_class(); '-' without one */
	char to[DEAD_TO];
};

#define DEAD_LETTER_MAX (17 + DEAD_TO)
size_t dead_begin(uint8_t *row, size_t room, const char *alert_id);	    /* octets; 0: no room or an id of no use */
size_t dead_add(uint8_t *row, size_t room, const struct dead_letter *letter); /* octets; 0: no room */
/* The id with NUL, and where the letters begin. 0 or -EBADMSG. */
int dead_open(const void *row, size_t len, char alert_id[256], size_t *at);
/* The letter at *at, which moves on. 1; 0 at the end; -EBADMSG. */
int dead_next(const void *row, size_t len, size_t *at, struct dead_letter *letter);
/* "RINVDSTADR", "cell memory exceeded", "no answer" ... */
const char *dead_reason(const struct dead_letter *letter);

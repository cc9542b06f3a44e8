/* deadletter: a unit that ended refused or unknown, and why: as a driver tells it, as it stands in the store. Pure.
 *
 * A row holds the letters of one job and link, oldest first: 0, 2 (the form), an octet of length and the alert's id, then the
 * letters, each about ten octets: how it differs from the one before. Of the form before it the first octet is the id's length, and a
 * letter has 17 octets and the name. The recipient's number is in it, so that whoever may read the ledger needs nothing else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dead_why {
	DEAD_STATUS = 1, /* the peer's command_status */
	DEAD_SILENT,	 /* no answer in time, or before the connection ended */
	DEAD_NAMELESS,	 /* its number or name cannot be written on this link */
	DEAD_TEXTLESS,	 /* the alert has no text for this link */
	DEAD_CAUSE,	 /* a BSC's cause (TS 48.049 8.2.13) */
	DEAD_CAUSELESS,	 /* a BSC's failure that names none for the cell */
	DEAD_DOUBT,	 /* under way when the gateway was killed for the third time, or when the alert was ended */
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

/* What many letters have in common. */
struct dead_kind {
	uint32_t status;
	uint8_t why, state, tries;
	char class;
};
#define DEAD_KINDS 15

/* A row in the making, or being read. */
struct dead_row {
	uint8_t *to; /* when it is made: room octets */
	const uint8_t *from;
	size_t len, room, at; /* octets so far, or in all; at: of the next letter */
	bool old;
	uint32_t unit, time; /* of the letter before */
	struct dead_kind kind[DEAD_KINDS];
	unsigned int n_kinds, next_kind;
};

#define DEAD_LETTER_MAX (1 + 5 + 5 + 8 + DEAD_TO)
/* to is the caller's and outlives the row. 0; -EINVAL: no room or an id of no use. */
int dead_begin(struct dead_row *row, uint8_t *to, size_t room, const char *alert_id);
int dead_add(struct dead_row *row, const struct dead_letter *letter); /* 0; -ENOSPC: DEAD_LETTER_MAX octets are not left */
/* from outlives the row. The id with NUL. 0 or -EBADMSG. */
int dead_open(struct dead_row *row, const void *from, size_t len, char alert_id[256]);
int dead_next(struct dead_row *row, struct dead_letter *letter); /* 1; 0 at the end; -EBADMSG */
/* "RINVDSTADR", "cell memory exceeded", "no answer" ... */
const char *dead_reason(const struct dead_letter *letter);

/* cbsp: reading the Cell Broadcast Service Protocol between CBC and BSC (TS 48.049). Pure; allocates nothing.
 * Everything received is checked here, octet by octet, before anything else looks at it. A decoded message
 * points into the received octets, which must outlive it. Writing is in cbsp_encode.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/page.h"

#define CBSP_HEADER	4	  /* type u8, length of the body u24 */
#define CBSP_FRAME_MAX	(1 << 20) /* more is no CBSP: four 64 KiB lists and 15 pages are far below it */

/* clang-format off */
enum cbsp_type { /* TS 48.049 8.2.1.2 */
	CBSP_WRITE = 0x01, CBSP_WRITE_COMPLETE, CBSP_WRITE_FAILURE, CBSP_KILL, CBSP_KILL_COMPLETE,
	CBSP_KILL_FAILURE, CBSP_LOAD_QUERY, CBSP_LOAD_COMPLETE, CBSP_LOAD_FAILURE, CBSP_STATUS_QUERY,
	CBSP_STATUS_COMPLETE, CBSP_STATUS_FAILURE, CBSP_DRX, CBSP_DRX_COMPLETE, CBSP_DRX_FAILURE,
	CBSP_RESET, CBSP_RESET_COMPLETE, CBSP_RESET_FAILURE, CBSP_RESTART, CBSP_FAILURE, CBSP_ERROR,
	CBSP_KEEP_ALIVE, CBSP_KEEP_ALIVE_COMPLETE
};
enum cbsp_ie { /* TS 48.049 8.2.1.1 */
	CBSP_PAGE = 0x01, CBSP_OLD_SERIAL, CBSP_NEW_SERIAL, CBSP_CELLS, CBSP_CATEGORY, CBSP_REPETITION,
	CBSP_BROADCASTS, CBSP_COMPLETED, CBSP_FAILURES, CBSP_LOADING, CBSP_CAUSE, CBSP_DCS, CBSP_RECOVERY,
	CBSP_MESSAGE_ID, CBSP_EMERGENCY, CBSP_WARNING_TYPE, CBSP_SECURITY, CBSP_CHANNEL, CBSP_PAGES,
	CBSP_SCHEDULE_PERIOD, CBSP_RESERVED_SLOTS, CBSP_BROADCAST_TYPE, CBSP_WARNING_PERIOD,
	CBSP_KEEP_ALIVE_PERIOD
};
enum cbsp_scope { CBSP_CGI = 0, CBSP_LAC_CI, CBSP_CI, CBSP_LAI = 4, CBSP_LAC, CBSP_ALL }; /* 8.2.11 */
enum cbsp_cause { /* TS 48.049 8.2.13 */
	CBSP_NOT_RECOGNISED, CBSP_VALUE_INVALID, CBSP_REFERENCE_UNKNOWN, CBSP_CELL_INVALID,
	CBSP_UNRECOGNISED_MESSAGE, CBSP_MISSING_IE, CBSP_BSC_CAPACITY, CBSP_CELL_MEMORY, CBSP_BSC_MEMORY,
	CBSP_NOT_SUPPORTED, CBSP_NOT_OPERATIONAL, CBSP_DRX_UNSUPPORTED, CBSP_NO_EXTENDED,
	CBSP_REFERENCE_USED, CBSP_UNSPECIFIED, CBSP_AREA_INVALID
};
/* clang-format on */

struct cbsp_cell {
	uint8_t scope;	    /* enum cbsp_scope: which of the fields below count */
	uint8_t mnc_digits; /* 2 or 3 */
	uint16_t mcc, mnc, lac, ci;
};
struct cbsp_list { /* made by cbsp_decode(), read by cbsp_next() */
	const uint8_t *next;
	uint32_t n;    /* entries left */
	uint8_t ie;    /* CBSP_CELLS, _COMPLETED, _FAILURES, _LOADING */
	uint8_t scope; /* of all entries; failure lists have one per entry */
};
struct cbsp_entry {
	struct cbsp_cell cell;
	uint8_t cause;		   /* failure list */
	uint16_t broadcasts;	   /* completed list */
	uint8_t info, load1, load2; /* info 0 valid, 1 overflow, 2 unknown; loads in percent */
};
struct cbsp_msg {
	uint8_t type;
	uint32_t have; /* bit per IE tag */
	uint16_t message_identifier, serial, old_serial, repetition /* coded */, broadcasts, warning_type;
	uint8_t category, cause, dcs, recovery, emergency, channel, pages, schedule_period, reserved_slots;
	uint8_t broadcast_type, warning_period, keep_alive_period; /* periods: coded */
	struct cbsp_list cells, completed, failures, loading;
	uint8_t n_page;
	const uint8_t *page[PAGE_MAX]; /* length octet (<= 82), then 82 octets */
	const uint8_t *security;       /* 50 octets */
};

/* Octets of the message that buf begins with, 0 = not all here yet, -EMSGSIZE = above CBSP_FRAME_MAX. */
int cbsp_frame(const uint8_t *buf, size_t len);
/* One whole message. 0; -ENOMSG unknown type; -EBADMSG cannot be read or lacks something (*why says it). */
int cbsp_decode(const uint8_t *buf, size_t len, struct cbsp_msg *msg, const char **why);
bool cbsp_has(const struct cbsp_msg *msg, enum cbsp_ie ie);
/* Takes the next entry of a list off it; false at its end. */
bool cbsp_next(struct cbsp_list *list, struct cbsp_entry *entry);
/* True when `entry`, of whatever scope, covers the cell, which is a full CGI. MNC widths are not compared. */
bool cbsp_covers(const struct cbsp_cell *entry, const struct cbsp_cell *cgi);
const char *cbsp_cause_name(uint8_t cause);
const char *cbsp_type_name(uint8_t type);
/* Coded periods (TS 48.049 8.2.24, 8.2.25): seconds of a code, 0 = endless or invalid. */
unsigned int cbsp_period_s(uint8_t code);
/* Repetition period in 1.883 s units out of its two octets, coded per 8.2.8 or (u16) as osmo-bsc reads it. */
unsigned int cbsp_repetition(uint16_t wire, bool u16);

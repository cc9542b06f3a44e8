/* cbsp: CBSP (TS 48.049) as this BSC reads and writes it. Pure and bounds-checked; pointers lead into the
 * octets given. */
#pragma once
#include "gateway/carrier/cbpage.h"
#include "gateway/carrier/octets.h"

enum cbsp_type {
	CBSP_WRITE = 1,
	CBSP_WRITE_COMPLETE,
	CBSP_WRITE_FAILURE,
	CBSP_KILL,
	CBSP_KILL_COMPLETE,
	CBSP_KILL_FAILURE,
	CBSP_LOAD,
	CBSP_LOAD_COMPLETE,
	CBSP_LOAD_FAILURE,
	CBSP_STATUS,
	CBSP_STATUS_COMPLETE,
	CBSP_STATUS_FAILURE,
	CBSP_DRX,
	CBSP_DRX_COMPLETE,
	CBSP_DRX_FAILURE,
	CBSP_RESET,
	CBSP_RESET_COMPLETE,
	CBSP_RESET_FAILURE,
	CBSP_RESTART,
	CBSP_FAILURE,
	CBSP_ERROR,
	CBSP_KEEPALIVE,
	CBSP_KEEPALIVE_COMPLETE
};
/* Tags of information elements, 8.2.1. */
enum cbsp_tag {
	CBSP_PAGE = 1,
	CBSP_OLD,
	CBSP_NEW,
	CBSP_CELLS,
	CBSP_CATEGORY,
	CBSP_PERIOD,
	CBSP_COUNT,
	CBSP_COMPLETED,
	CBSP_FAILED,
	CBSP_LOADING,
	CBSP_CAUSE,
	CBSP_DCS,
	CBSP_RECOVERY,
	CBSP_ID,
	CBSP_EMERGENCY,
	CBSP_WARNING,
	CBSP_SECURITY,
	CBSP_CHANNEL,
	CBSP_PAGES,
	CBSP_SCHEDULE,
	CBSP_SLOTS,
	CBSP_BROADCAST,
	CBSP_WARNING_PERIOD,
	CBSP_KEEPALIVE_PERIOD
};
enum cbsp_cells { CBSP_CGI, CBSP_LAC_CI, CBSP_CI, CBSP_LAI = 4, CBSP_LAC, CBSP_ALL };

struct cbsp {
	uint8_t type;
	uint32_t has; /* bit per tag */
	uint16_t id, new_serial, old_serial, period, count, warning;
	uint8_t category, channel, n_pages, dcs, keepalive,
		bad_tag; /* bad_tag: the element that could not be read */
	struct cbpage_set pages;
	const uint8_t *cells; /* entries, after the discriminator */
	uint16_t cells_len;
	uint8_t cells_how;
};

/* Whole length of the first message in data; 0: needs more; -1: absurd. */
int cbsp_frame(const uint8_t *data, size_t len);
/* 0, or the cause to report (TS 48.049 8.2.13). */
int cbsp_read(const uint8_t *data, size_t len, struct cbsp *m);
/* Octets of a cell list's entry; -1: no such discriminator. */
int cbsp_entry_len(uint8_t how);
/* "460-00" of three BCD octets; and back (-1: not a PLMN). */
void cbsp_plmn_text(const uint8_t bcd[3], char out[8]);
int cbsp_plmn_read(const char *text, uint8_t bcd[3]);
static inline bool cbsp_has(const struct cbsp *m, enum cbsp_tag tag)
{
	return m->has >> tag & 1;
}

/* status: command_status values, their names and what they ask of the sender. SMPP 3.4 5.1.3, 5.0 4.7.6. */
#pragma once
#include <stdint.h>

/* clang-format off */
enum smpp_status {
	SMPP_ROK = 0x00, SMPP_RINVMSGLEN = 0x01, SMPP_RINVCMDLEN = 0x02, SMPP_RINVCMDID = 0x03,
	SMPP_RINVBNDSTS = 0x04, SMPP_RALYBND = 0x05, SMPP_RSYSERR = 0x08, SMPP_RINVDSTADR = 0x0B,
	SMPP_RBINDFAIL = 0x0D, SMPP_RINVPASWD = 0x0E, SMPP_RINVSYSID = 0x0F, SMPP_RMSGQFUL = 0x14,
	SMPP_RTHROTTLED = 0x58, SMPP_RX_T_APPN = 0x64,
};
/* clang-format on */

/* 'P' permanent for this message, 'T' again later, 'X' too fast, 'S' session or configuration at fault, 'R'
 * we are at fault (permanent, too), '-' success. A status that no table knows is 'T'. */
char smpp_status_class(uint32_t status);
const char *smpp_status_name(uint32_t status); /* "RINVDSTADR", "unknown" */

#include "smpp/status.h"
#include <stddef.h>

/* Ascending by status. */
static const struct {
	uint16_t status;
	char class;
	const char *name;
} table[] = {
	{0x00, '-', "ROK"},
	{0x01, 'P', "RINVMSGLEN"},
	{0x02, 'R', "RINVCMDLEN"},
	{0x03, 'R', "RINVCMDID"},
	{0x04, 'S', "RINVBNDSTS"},
	{0x05, 'S', "RALYBND"},
	{0x06, 'R', "RINVPRTFLG"},
	{0x07, 'R', "RINVREGDLVFLG"},
	{0x08, 'T', "RSYSERR"},
	{0x0A, 'S', "RINVSRCADR"},
	{0x0B, 'P', "RINVDSTADR"},
	{0x0C, 'P', "RINVMSGID"},
	{0x0D, 'S', "RBINDFAIL"},
	{0x0E, 'S', "RINVPASWD"},
	{0x0F, 'S', "RINVSYSID"},
	{0x11, 'P', "RCANCELFAIL"},
	{0x13, 'P', "RREPLACEFAIL"},
	{0x14, 'X', "RMSGQFUL"},
	{0x15, 'S', "RINVSERTYP"},
	{0x33, 'R', "RINVNUMDESTS"},
	{0x34, 'P', "RINVDLNAME"},
	{0x40, 'R', "RINVDESTFLAG"},
	{0x42, 'P', "RINVSUBREP"},
	{0x43, 'R', "RINVESMCLASS"},
	{0x44, 'P', "RCNTSUBDL"},
	{0x45, 'T', "RSUBMITFAIL"},
	{0x48, 'S', "RINVSRCTON"},
	{0x49, 'S', "RINVSRCNPI"},
	{0x50, 'P', "RINVDSTTON"},
	{0x51, 'P', "RINVDSTNPI"},
	{0x53, 'S', "RINVSYSTYP"},
	{0x54, 'R', "RINVREPFLAG"},
	{0x55, 'R', "RINVNUMMSGS"},
	{0x58, 'X', "RTHROTTLED"},
	{0x61, 'R', "RINVSCHED"},
	{0x62, 'R', "RINVEXPIRY"},
	{0x63, 'R', "RINVDFTMSGID"},
	{0x64, 'T', "RX_T_APPN"},
	{0x65, 'P', "RX_P_APPN"},
	{0x66, 'P', "RX_R_APPN"},
	{0x67, 'T', "RQUERYFAIL"},
	{0xC0, 'R', "RINVOPTPARSTREAM"},
	{0xC1, 'R', "ROPTPARNOTALLWD"},
	{0xC2, 'R', "RINVPARLEN"},
	{0xC3, 'R', "RMISSINGOPTPARAM"},
	{0xC4, 'R', "RINVOPTPARAMVAL"},
	{0xFE, 'T', "RDELIVERYFAILURE"},
	{0xFF, 'T', "RUNKNOWNERR"},
	{0x100, 'S', "RSERTYPUNAUTH"},
	{0x101, 'S', "RPROHIBITED"},
	{0x102, 'T', "RSERTYPUNAVAIL"},
	{0x103, 'S', "RSERTYPDENIED"},
	{0x104, 'R', "RINVDCS"},
	{0x105, 'R', "RINVSRCADDRSUBUNIT"},
	{0x106, 'R', "RINVDSTADDRSUBUNIT"},
	{0x107, 'R', "RINVBCASTFREQINT"},
	{0x108, 'P', "RINVBCASTALIAS_NAME"},
	{0x109, 'R', "RINVBCASTAREAFMT"},
	{0x10A, 'R', "RINVNUMBCAST_AREAS"},
	{0x10B, 'R', "RINVBCASTCNTTYPE"},
	{0x10C, 'R', "RINVBCASTMSGCLASS"},
	{0x10D, 'T', "RBCASTFAIL"},
	{0x10E, 'T', "RBCASTQUERYFAIL"},
	{0x10F, 'T', "RBCASTCANCELFAIL"},
	{0x110, 'R', "RINVBCAST_REP"},
	{0x111, 'R', "RINVBCASTSRVGRP"},
	{0x112, 'R', "RINVBCASTCHANIND"},
};

static int find(uint32_t status)
{
	size_t low = 0, high = sizeof(table) / sizeof(table[0]);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (status > table[mid].status)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof(table) / sizeof(table[0]) && table[low].status == status ? (int)low : -1;
}

char smpp_status_class(uint32_t status)
{
	int i = find(status);

	return i < 0 ? 'T' : table[i].class;
}

const char *smpp_status_name(uint32_t status)
{
	int i = find(status);

	return i < 0 ? "unknown" : table[i].name;
}

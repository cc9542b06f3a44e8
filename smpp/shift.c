#include "smpp/shift.h"
#include <stddef.h>

struct shifted {
	uint8_t septet;
	uint16_t code_point;
};

/* What all of them share with the default extension. TS 23.038 6.2.1.1. */
#define COMMON                                                                                               \
	{0x0A, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2F, '\\'}, {0x3C, '['}, {0x3D, '~'}, {0x3E, ']'},  \
		{0x40, '|'}, {0x65, 0x20AC}

static const struct shifted turkish[] = { /* A.2.1 */
	COMMON,         {0x47, 0x11E}, {0x49, 0x130}, {0x53, 0x15E},
	{0x63, 0xE7},   {0x67, 0x11F}, {0x69, 0x131}, {0x73, 0x15F},
	{0},
};
static const struct shifted spanish[] = { /* A.2.2 */
	COMMON,       {0x09, 0xE7}, {0x41, 0xC1}, {0x49, 0xCD}, {0x4F, 0xD3}, {0x55, 0xDA},
	{0x61, 0xE1}, {0x69, 0xED}, {0x6F, 0xF3}, {0x75, 0xFA}, {0},
};
static const struct shifted portuguese[] = { /* A.2.3 */
	COMMON,        {0x05, 0xEA},  {0x09, 0xE7},  {0x0B, 0xD4},  {0x0C, 0xF4},  {0x0E, 0xC1},  {0x0F, 0xE1},
	{0x12, 0x3A6}, {0x13, 0x393}, {0x15, 0x3A9}, {0x16, 0x3A0}, {0x17, 0x3A8}, {0x18, 0x3A3}, {0x19, 0x398},
	{0x1F, 0xCA},  {0x41, 0xC0},  {0x49, 0xCD},  {0x4F, 0xD3},  {0x55, 0xDA},  {0x5B, 0xC3},  {0x5C, 0xD5},
	{0x61, 0xC2},  {0x69, 0xED},  {0x6F, 0xF3},  {0x75, 0xFA},  {0x7B, 0xE3},  {0x7C, 0xF5},  {0x7F, 0xE2},
	{0},
};

static const struct shifted *table_of(enum smpp_shift shift)
{
	static const struct shifted *const tables[SMPP_SHIFTS] = {
		[SMPP_SHIFT_TURKISH] = turkish, [SMPP_SHIFT_SPANISH] = spanish, [SMPP_SHIFT_PORTUGUESE] = portuguese};

	return shift < SMPP_SHIFTS ? tables[shift] : NULL;
}

uint32_t smpp_shift_char(enum smpp_shift shift, uint8_t septet)
{
	for (const struct shifted *s = table_of(shift); s && s->septet; s++)
		if (s->septet == septet)
			return s->code_point;
	return 0;
}

uint8_t smpp_shift_septet(enum smpp_shift shift, uint32_t code_point)
{
	for (const struct shifted *s = table_of(shift); s && s->septet; s++)
		if (s->code_point == code_point)
			return s->septet;
	return 0;
}

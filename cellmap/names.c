/* Names of radios and networks in the field's notation. */
#include "cellmap/cellmap.h"
#include <errno.h>
#include <stdio.h>
#include <strings.h>

static const char *const radios[CELL_RADIO_N] = {"GSM", "UMTS", "LTE", "NR", "CDMA"};

const char *cell_radio_name(enum cell_radio radio)
{
	return (unsigned int)radio < CELL_RADIO_N ? radios[radio] : "?";
}

int cell_radio_parse(const char *name)
{
	for (int i = 0; i < CELL_RADIO_N; i++)
		if (!strcasecmp(name, radios[i]))
			return i;
	return -EINVAL;
}

/* At most max digits into *v; returns how many, or 0. */
static int digits(const char **text, int max, uint32_t *v)
{
	int n = 0;

	for (*v = 0; **text >= '0' && **text <= '9'; (*text)++, n++) {
		if (n == max)
			return 0;
		*v = *v * 10 + (uint32_t)(**text - '0');
	}
	return n;
}

/* Five digits, since a CDMA system identifier takes the place of the MNC in tables. */
int cell_network_parse(const char *text, uint16_t *mcc, uint16_t *mnc, uint8_t *mnc_digits)
{
	uint32_t a, b;
	int n;

	if (!digits(&text, 3, &a) || a == 0 || *text++ != '-')
		return -EINVAL;
	n = digits(&text, 5, &b);
	if (n == 0 || *text || b > UINT16_MAX)
		return -EINVAL;
	*mcc = (uint16_t)a;
	*mnc = (uint16_t)b;
	if (mnc_digits)
		*mnc_digits = (uint8_t)n;
	return 0;
}

void cell_network_text(uint16_t mcc, uint16_t mnc, uint8_t mnc_digits, char text[CELL_NETWORK_MAX])
{
	snprintf(text, CELL_NETWORK_MAX, "%u-%0*u", mcc, mnc_digits > 3 ? 3 : mnc_digits, mnc);
}

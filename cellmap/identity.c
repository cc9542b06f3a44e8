#include "cellmap/identity.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ECI_MAX  UINT64_C(0xFFFFFFF)   /* 28 bits; also UTRAN's LCID */
#define NCI_MAX  UINT64_C(0xFFFFFFFFF) /* 36 bits */
#define ENB_BITS 8                     /* of an ECI, for the cell within its eNB */

uint8_t identity_mnc_digits(uint16_t mcc, uint16_t mnc, uint8_t known)
{
	static const uint16_t three[] = {302, 310, 311, 312, 313, 314, 315, 316, 334, 338, 342, 344, 346, 348,
					 350, 352, 354, 356, 358, 360, 365, 366, 376, 708, 722, 732, 750};

	if (known == 2 || known == 3)
		return mnc > 99 ? 3 : known;
	for (size_t i = 0; i < sizeof(three) / sizeof(three[0]); i++)
		if (mcc == three[i])
			return 3;
	return mnc > 99 ? 3 : 2;
}

bool identity_text(const struct cell_id *id, uint8_t mnc_digits, char text[IDENTITY_MAX])
{
	int w = identity_mnc_digits(id->mcc, id->mnc, mnc_digits) > 2 ? 3 : 2;
	uint64_t c = id->cell; /* a negative one is too large for every kind */
	bool plmn = id->mnc <= 999 && c > 0;

	text[0] = 0;
	if (id->radio == CELL_GSM && plmn && id->area <= 65535 && c <= 65535)
		snprintf(text, IDENTITY_MAX, "CGI:%03u-%0*u-%u-%" PRIu64, id->mcc, w, id->mnc, id->area, c);
	else if (id->radio == CELL_UMTS && plmn && id->area <= 65535 && c <= ECI_MAX)
		snprintf(text, IDENTITY_MAX, "SAI:%03u-%0*u-%u-%u", id->mcc, w, id->mnc, id->area,
			 (unsigned int)(c & 65535));
	else if (id->radio == CELL_LTE && plmn && c <= ECI_MAX)
		snprintf(text, IDENTITY_MAX, "ECGI:%03u-%0*u-%" PRIu64 "-%u", id->mcc, w, id->mnc,
			 c >> ENB_BITS, (unsigned int)(c & 255));
	else if (id->radio == CELL_NR && plmn && c <= NCI_MAX)
		snprintf(text, IDENTITY_MAX, "NCGI:%03u-%0*u-%" PRIu64, id->mcc, w, id->mnc, c);
	else if (id->radio == CELL_CDMA && c > 0 && c <= 65535)
		snprintf(text, IDENTITY_MAX, "CDMA:%03u-%u-%u-%" PRIu64, id->mcc, id->mnc, id->area, c);
	return text[0];
}

enum kind { KIND_CGI, KIND_SAI, KIND_ECGI, KIND_NCGI, KIND_CDMA, KIND_NONE };

/* The kind before a colon or a space; *text moves behind it. */
static enum kind take_kind(const char **text)
{
	static const char *const names[KIND_NONE] = {"CGI", "SAI", "ECGI", "NCGI", "CDMA"};
	size_t n = strcspn(*text, ": ");

	for (int i = 0; (*text)[n] && i < KIND_NONE; i++)
		if (strlen(names[i]) == n && !strncasecmp(*text, names[i], n)) {
			*text += n + 1;
			return (enum kind)i;
		}
	return KIND_NONE;
}

/* A decimal number, or hexadecimal after 0x, at most max. Returns its digits, or 0. */
static int take(const char **text, uint64_t max, uint64_t *v)
{
	int base = 10, n = 0;

	if ((*text)[0] == '0' && ((*text)[1] | 32) == 'x') {
		base = 16;
		*text += 2;
	}
	for (*v = 0;; (*text)++, n++) {
		int c = **text | 32, d = **text >= '0' && **text <= '9' ? **text - '0'
					 : c >= 'a' && c <= 'f'         ? c - 'a' + 10
									: 16;

		if (d >= base || n == 20)
			break;
		*v = *v * (unsigned int)base + (unsigned int)d;
		if (*v > max)
			return 0;
	}
	return n;
}

static bool skip(const char **text, char c)
{
	return **text == c && (*text)++;
}

/* "460-00-" or "46000-" */
static bool take_network(const char **text, struct identity *i)
{
	const char *start = *text;
	uint64_t a, b = 0;
	int n = take(text, 999999, &a);

	if (!skip(text, '-') || (start[1] | 32) == 'x')
		return false;
	if (n == 5 || n == 6) {
		i->mnc_digits = (uint8_t)(n - 3);
		i->id.mnc = (uint16_t)(a % (n == 5 ? 100 : 1000));
		i->id.mcc = (uint16_t)(a / (n == 5 ? 100 : 1000));
		return true;
	}
	if (n != 3)
		return false;
	n = take(text, 65535, &b);
	i->id.mcc = (uint16_t)a;
	i->id.mnc = (uint16_t)b;
	i->mnc_digits = (uint8_t)(n == 2 || n == 3 ? n : 0);
	return n > 0 && skip(text, '-');
}

/* "4301-6969" */
static bool take_area_cell(const char *text, uint64_t cell_max, struct identity *i)
{
	uint64_t area;

	if (!take(&text, UINT32_MAX, &area) || !skip(&text, '-') || !take(&text, cell_max, &i->id.cell))
		return false;
	i->id.area = (uint32_t)area;
	return !*text;
}

/* "104713-1", or the whole ECI or NCI */
static bool take_cell(const char *text, uint64_t max, bool parted, struct identity *i)
{
	uint64_t low;

	i->any_area = true;
	if (!take(&text, max, &i->id.cell))
		return false;
	if (!*text || !parted)
		return !*text;
	if (i->id.cell > max >> ENB_BITS || !skip(&text, '-') || !take(&text, 255, &low))
		return false;
	i->id.cell = i->id.cell << ENB_BITS | low;
	return !*text;
}

/* "LTE,460,0,7,300" */
static int parse_key(const char *text, struct identity *i)
{
	char radio[8] = "";
	size_t n = strcspn(text, ",");
	uint64_t mcc, mnc;
	const char *net;
	int digits;

	memcpy(radio, text, n < sizeof(radio) ? n : 0);
	if (cell_radio_parse(radio) < 0)
		return -EINVAL;
	i->radios = 1u << cell_radio_parse(radio);
	text += n;
	if (!skip(&text, ',') || !take(&text, 999, &mcc) || !skip(&text, ','))
		return -EINVAL;
	net = text;
	digits = take(&text, 65535, &mnc);
	if (!digits || !skip(&text, ','))
		return -EINVAL;
	i->mnc_digits = (uint8_t)(net[0] == '0' && (digits == 2 || digits == 3) ? digits : 0);
	i->id.mcc = (uint16_t)mcc;
	i->id.mnc = (uint16_t)mnc;
	if (!take(&text, UINT32_MAX, &mcc) || !skip(&text, ','))
		return -EINVAL;
	i->id.area = (uint32_t)mcc;
	digits = skip(&text, '-');
	if (!take(&text, NCI_MAX, &i->id.cell) || *text)
		return -EINVAL;
	i->id.cell = digits ? (uint64_t)0 - i->id.cell : i->id.cell;
	return 0;
}

/* What follows the network in a distribution list's name: U, L or N and the whole cell. */
static bool take_listed(const char *text, struct identity *i)
{
	static const struct {
		char letter;
		enum cell_radio radio;
		uint64_t max;
	} letters[] = {{'U', CELL_UMTS, ECI_MAX}, {'L', CELL_LTE, ECI_MAX}, {'N', CELL_NR, NCI_MAX}};

	for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]); k++)
		if (*text == letters[k].letter) {
			i->radios = 1u << letters[k].radio;
			return take_cell(text + 1, letters[k].max, false, i);
		}
	return false;
}

int identity_parse(const char *text, struct identity *i)
{
	enum kind kind = take_kind(&text);
	bool ok;

	*i = (struct identity){.mask = UINT64_MAX};
	if (kind == KIND_NONE && strchr(text, ','))
		return parse_key(text, i);
	if (!take_network(&text, i))
		return -EINVAL;
	if (kind == KIND_NONE && *text >= 'A')
		return take_listed(text, i) ? 0 : -EINVAL;
	switch (kind) {
	case KIND_ECGI:
		i->radios = 1u << CELL_LTE;
		ok = take_cell(text, ECI_MAX, true, i);
		break;
	case KIND_NCGI:
		i->radios = 1u << CELL_NR;
		ok = take_cell(text, NCI_MAX, false, i);
		break;
	default:
		i->radios = kind == KIND_CDMA  ? 1u << CELL_CDMA
			    : kind == KIND_CGI ? 1u << CELL_GSM
			    : kind == KIND_SAI ? 1u << CELL_UMTS
					       : 1u << CELL_GSM | 1u << CELL_UMTS;
		ok = take_area_cell(text, 65535, i);
		if (i->radios & 1u << CELL_UMTS)
			i->mask = 65535;
	}
	return ok ? 0 : -EINVAL;
}

bool identity_matches(const struct identity *i, const struct cell_id *id)
{
	uint64_t mask = id->radio == CELL_UMTS ? i->mask : UINT64_MAX;

	return i->radios >> id->radio & 1 && i->id.mcc == id->mcc && i->id.mnc == id->mnc &&
	       (i->any_area || i->id.area == id->area) && (id->cell & mask) == i->id.cell &&
	       (mask == UINT64_MAX || (int64_t)id->cell > 0);
}

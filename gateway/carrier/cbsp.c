#include "gateway/carrier/cbsp.h"
#include <ctype.h>
#include <stdio.h>

#define BODY_MAX (1u << 20)

/* Octets of an element's value; 0: two octets of length follow the tag. */
static const uint8_t fixed[] = {[CBSP_PAGE] = 83,
				[CBSP_NEW] = 2,
				[CBSP_OLD] = 2,
				[CBSP_CATEGORY] = 1,
				[CBSP_PERIOD] = 2,
				[CBSP_COUNT] = 2,
				[CBSP_CAUSE] = 1,
				[CBSP_DCS] = 1,
				[CBSP_RECOVERY] = 1,
				[CBSP_ID] = 2,
				[CBSP_EMERGENCY] = 1,
				[CBSP_WARNING] = 2,
				[CBSP_SECURITY] = 50,
				[CBSP_CHANNEL] = 1,
				[CBSP_PAGES] = 1,
				[CBSP_SCHEDULE] = 1,
				[CBSP_SLOTS] = 1,
				[CBSP_BROADCAST] = 1,
				[CBSP_WARNING_PERIOD] = 1,
				[CBSP_KEEPALIVE_PERIOD] = 1};

int cbsp_frame(const uint8_t *data, size_t len)
{
	uint32_t body;

	if (len < 4)
		return 0;
	body = octets_32(data) & 0xFFFFFF;
	if (body > BODY_MAX)
		return -1;
	return len < body + 4 ? 0 : (int)body + 4;
}

int cbsp_entry_len(uint8_t how)
{
	static const int8_t lens[] = {7, 4, 2, -1, 5, 2, 0};

	return how < sizeof(lens) ? lens[how] : -1;
}

static int read_cells(struct cbsp *m, const uint8_t *v, uint16_t len)
{
	int each;

	if (len == 0)
		return 1;
	m->cells_how = v[0] & 15;
	m->cells = v + 1;
	m->cells_len = len - 1;
	each = cbsp_entry_len(m->cells_how);
	if (each < 0 || (each == 0 && len > 1) || (each > 0 && (len == 1 || (len - 1) % each)))
		return 1;
	return 0;
}

static int element(struct cbsp *m, uint8_t tag, const uint8_t *v, uint16_t len)
{
	switch ((enum cbsp_tag)tag) {
	case CBSP_PAGE:
		if (m->pages.n == CBPAGE_MAX)
			return 1;
		m->pages.used[m->pages.n] = v[0];
		m->pages.content[m->pages.n++] = v + 1;
		return 0;
	case CBSP_NEW:
		m->new_serial = octets_16(v);
		return 0;
	case CBSP_OLD:
		m->old_serial = octets_16(v);
		return 0;
	case CBSP_CELLS:
		return read_cells(m, v, len);
	case CBSP_CATEGORY:
		m->category = v[0];
		return 0;
	case CBSP_PERIOD:
		m->period = octets_16(v);
		return 0;
	case CBSP_COUNT:
		m->count = octets_16(v);
		return 0;
	case CBSP_DCS:
		m->dcs = m->pages.dcs = v[0];
		return 0;
	case CBSP_ID:
		m->id = octets_16(v);
		return 0;
	case CBSP_WARNING:
		m->warning = octets_16(v);
		return 0;
	case CBSP_CHANNEL:
		m->channel = v[0];
		return 0;
	case CBSP_PAGES:
		m->n_pages = v[0];
		return 0;
	case CBSP_KEEPALIVE_PERIOD:
		m->keepalive = v[0];
		return 0;
	default:
		return 0;
	}
}

int cbsp_read(const uint8_t *data, size_t len, struct cbsp *m)
{
	struct octets o = {.p = data + 4, .end = data + len};

	memset(m, 0, sizeof(*m));
	m->type = data[0];
	while (octets_left(&o)) {
		uint8_t tag = octets_u8(&o);
		bool known = tag >= CBSP_PAGE && tag <= CBSP_KEEPALIVE_PERIOD;
		uint16_t n = known && fixed[tag] ? fixed[tag] : octets_u16(&o);
		const uint8_t *v = octets_take(&o, n);

		m->bad_tag = tag;
		if (!known)
			return 0;
		if (!v)
			return 1;
		if (element(m, tag, v, n))
			return 1;
		m->has |= 1u << tag;
	}
	m->bad_tag = 0;
	return o.bad ? 1 : 0;
}

void cbsp_plmn_text(const uint8_t b[3], char out[8])
{
	if (b[1] >> 4 == 15)
		snprintf(out, 8, "%x%x%x-%x%x", b[0] & 15, b[0] >> 4, b[1] & 15, b[2] & 15, b[2] >> 4);
	else
		snprintf(out, 8, "%x%x%x-%x%x%x", b[0] & 15, b[0] >> 4, b[1] & 15, b[2] & 15, b[2] >> 4,
			 b[1] >> 4);
}

int cbsp_plmn_read(const char *text, uint8_t bcd[3])
{
	size_t len = strlen(text);

	if ((len != 6 && len != 7) || text[3] != '-')
		return -1;
	for (size_t i = 0; i < len; i++)
		if (i != 3 && !isdigit((unsigned char)text[i]))
			return -1;
	bcd[0] = (uint8_t)((text[1] - '0') << 4 | (text[0] - '0'));
	bcd[1] = (uint8_t)((len == 7 ? text[6] - '0' : 15) << 4 | (text[2] - '0'));
	bcd[2] = (uint8_t)((text[5] - '0') << 4 | (text[4] - '0'));
	return 0;
}

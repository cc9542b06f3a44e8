#include "gateway/cbsp_encode.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/bit16gen.h>

#define UNIT_MS 1883 /* repetition unit: eight 51-multiframes of 235.4 ms */

/* A cursor that stays failed. */
struct out {
	uint8_t *buf;
	size_t size, n;
	int error;
};

static uint8_t *room(struct out *o, size_t n)
{
	uint8_t *p = o->buf + o->n;

	if (o->error)
		return NULL;
	if (o->size - o->n < n) {
		o->error = -ENOSPC;
		return NULL;
	}
	o->n += n;
	return p;
}

static void put8(struct out *o, uint8_t tag, uint8_t value)
{
	uint8_t *p = room(o, 2);

	if (!p)
		return;
	p[0] = tag;
	p[1] = value;
}

static void put16(struct out *o, uint8_t tag, uint16_t value)
{
	uint8_t *p = room(o, 3);

	if (!p)
		return;
	p[0] = tag;
	osmo_store16be(value, p + 1);
}

static struct out begin(uint8_t *buf, size_t size, uint8_t type)
{
	struct out o = {.buf = buf, .size = size};
	uint8_t *p = room(&o, CBSP_HEADER);

	if (p)
		p[0] = type;
	return o;
}

static int finish(struct out *o)
{
	size_t body = o->n - CBSP_HEADER;

	if (o->error)
		return o->error;
	o->buf[1] = body >> 16;
	o->buf[2] = body >> 8;
	o->buf[3] = body & 0xFF;
	return (int)o->n;
}

/* TS 24.008 10.5.1.3 */
static uint8_t *put_plmn(uint8_t *p, const struct cbsp_cell *c)
{
	unsigned int mnc = c->mnc, third = 15;

	if (c->mnc_digits == 3) {
		third = mnc % 10;
		mnc /= 10;
	}
	*p++ = c->mcc / 10 % 10 << 4 | c->mcc / 100;
	*p++ = third << 4 | c->mcc % 10;
	*p++ = mnc % 10 << 4 | mnc / 10;
	return p;
}

static uint8_t *put_cell(uint8_t *p, const struct cbsp_cell *c)
{
	if (c->scope == CBSP_CGI || c->scope == CBSP_LAI)
		p = put_plmn(p, c);
	if (c->scope != CBSP_CI) {
		osmo_store16be(c->lac, p);
		p += 2;
	}
	if (c->scope <= CBSP_CI) {
		osmo_store16be(c->ci, p);
		p += 2;
	}
	return p;
}

static bool cells_valid(const struct cbsp_cell *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cells[i].scope != cells[0].scope || cells[i].scope > CBSP_LAC || cells[i].scope == 3 ||
		    cells[i].mcc > 999 || cells[i].mnc > (cells[i].mnc_digits == 3 ? 999 : 99))
			return false;
	return true;
}

static void put_cells(struct out *o, const struct cbsp_cell *cells, size_t n)
{
	static const uint8_t octets[] = {7, 4, 2, 0, 5, 2};
	size_t len = 1 + (n ? n * octets[cells[0].scope > CBSP_LAC ? 3 : cells[0].scope] : 0);
	uint8_t *p;

	if (!cells_valid(cells, n) || len > UINT16_MAX) {
		o->error = -EINVAL;
		return;
	}
	p = room(o, 3 + len);
	if (!p)
		return;
	p[0] = CBSP_CELLS;
	osmo_store16be(len, p + 1);
	p[3] = n ? cells[0].scope : CBSP_ALL;
	p += 4;
	for (size_t i = 0; i < n; i++)
		p = put_cell(p, &cells[i]);
}

/* TS 48.049 8.2.8: twelve bits, the upper eight in the first octet, the lower four in the second. */
static uint16_t repetition_octets(uint16_t units, bool u16)
{
	return u16 ? units : (units << 4 & 0xFF00) | (units & 15);
}

static void put_cbs(struct out *o, const struct cbsp_write *w)
{
	put8(o, CBSP_CHANNEL, w->channel);
	put8(o, CBSP_CATEGORY, w->category);
	put16(o, CBSP_REPETITION, repetition_octets(w->repetition, w->repetition_u16));
	put16(o, CBSP_BROADCASTS, w->broadcasts);
	put8(o, CBSP_PAGES, w->pages->n);
	put8(o, CBSP_DCS, w->pages->dcs);
	for (unsigned int i = 0; i < w->pages->n; i++) {
		uint8_t *p = room(o, 2 + PAGE_CONTENT);

		if (!p)
			return;
		p[0] = CBSP_PAGE;
		p[1] = w->pages->used[i];
		memcpy(p + 2, w->pages->content[i], PAGE_CONTENT);
	}
}

static void put_emergency(struct out *o, const struct cbsp_write *w)
{
	uint8_t *p;

	put8(o, CBSP_EMERGENCY, 1);
	put16(o, CBSP_WARNING_TYPE, w->warning_type);
	p = room(o, 51);
	if (p) {
		p[0] = CBSP_SECURITY;
		memset(p + 1, 0, 50);
		if (w->security)
			memcpy(p + 1, w->security, 50);
	}
	put8(o, CBSP_WARNING_PERIOD, cbsp_encode_period(w->warning_period_s));
}

static bool write_valid(const struct cbsp_write *w)
{
	if (!w->pages)
		return w->warning_period_s <= 3600;
	return w->pages->n >= 1 && w->pages->n <= PAGE_MAX && w->repetition >= 1 &&
	       (w->repetition_u16 || w->repetition <= 4095);
}

int cbsp_encode_write(uint8_t *buf, size_t size, const struct cbsp_write *w)
{
	struct out o;

	if (!write_valid(w))
		return -EINVAL;
	o = begin(buf, size, CBSP_WRITE);
	put16(&o, CBSP_MESSAGE_ID, w->message_identifier);
	put16(&o, CBSP_NEW_SERIAL, w->serial);
	if (w->replace)
		put16(&o, CBSP_OLD_SERIAL, w->old_serial);
	put_cells(&o, w->cells, w->n_cells);
	if (w->pages)
		put_cbs(&o, w);
	else
		put_emergency(&o, w);
	return finish(&o);
}

int cbsp_encode_kill(uint8_t *buf, size_t size, uint16_t message_identifier, uint16_t old_serial,
		     const struct cbsp_cell *cells, size_t n, bool cbs)
{
	struct out o = begin(buf, size, CBSP_KILL);

	put16(&o, CBSP_MESSAGE_ID, message_identifier);
	put16(&o, CBSP_OLD_SERIAL, old_serial);
	put_cells(&o, cells, n);
	if (cbs)
		put8(&o, CBSP_CHANNEL, 0);
	return finish(&o);
}

int cbsp_encode_status_query(uint8_t *buf, size_t size, uint16_t message_identifier, uint16_t old_serial,
			     const struct cbsp_cell *cells, size_t n, uint8_t channel)
{
	struct out o = begin(buf, size, CBSP_STATUS_QUERY);

	put16(&o, CBSP_MESSAGE_ID, message_identifier);
	put16(&o, CBSP_OLD_SERIAL, old_serial);
	put_cells(&o, cells, n);
	put8(&o, CBSP_CHANNEL, channel);
	return finish(&o);
}

int cbsp_encode_load_query(uint8_t *buf, size_t size, const struct cbsp_cell *cells, size_t n,
			   uint8_t channel)
{
	struct out o = begin(buf, size, CBSP_LOAD_QUERY);

	put_cells(&o, cells, n);
	put8(&o, CBSP_CHANNEL, channel);
	return finish(&o);
}

int cbsp_encode_reset(uint8_t *buf, size_t size)
{
	struct out o = begin(buf, size, CBSP_RESET);

	put_cells(&o, NULL, 0);
	return finish(&o);
}

int cbsp_encode_keep_alive(uint8_t *buf, size_t size, unsigned int seconds)
{
	struct out o = begin(buf, size, CBSP_KEEP_ALIVE);

	if (seconds < 1 || seconds > 120)
		return -EINVAL;
	put8(&o, CBSP_KEEP_ALIVE_PERIOD, cbsp_encode_period(seconds));
	return finish(&o);
}

int cbsp_encode_keep_alive_complete(uint8_t *buf, size_t size)
{
	struct out o = begin(buf, size, CBSP_KEEP_ALIVE_COMPLETE);

	return finish(&o);
}

uint8_t cbsp_encode_period(unsigned int seconds)
{
	for (unsigned int code = 0; code <= 186; code++)
		if (cbsp_period_s(code) >= seconds)
			return code;
	return 0;
}

uint16_t cbsp_encode_repetition(uint32_t seconds)
{
	uint64_t units = ((uint64_t)seconds * 1000 + UNIT_MS / 2) / UNIT_MS;

	return units < 1 ? 1 : units > 4095 ? 4095 : units;
}

uint16_t cbsp_encode_broadcasts(uint32_t lifetime_s, uint16_t repetition, bool zero_is_once)
{
	uint64_t period = (uint64_t)(repetition ? repetition : 1) * UNIT_MS;
	uint64_t n = ((uint64_t)lifetime_s * 1000 + period - 1) / period;

	if (n > UINT16_MAX)
		return zero_is_once ? UINT16_MAX : 0;
	return n < 1 ? 1 : n;
}

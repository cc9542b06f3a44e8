#include "gateway/link_smpp.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define UDHI 0x40

void link_smpp_validity(uint64_t seconds, char out[17])
{
	unsigned int days = OSMO_MIN(seconds / 86400, 36499u), rest = seconds % 86400;

	out[0] = '\0';
	if (seconds > 0)
		snprintf(out, 17, "%02u%02u%02u%02u%02u%02u000R", days / 365, days % 365 / 30,
			 days % 365 % 30, rest / 3600, rest / 60 % 60, rest % 60);
}

int link_smpp_cell_name(const struct cell_id *id, uint8_t mnc_digits, char out[SMPP_CELL_NAME])
{
	static const char letters[CELL_RADIO_N] = {[CELL_UMTS] = 'U', [CELL_LTE] = 'L', [CELL_NR] = 'N'};
	int n;

	if (id->radio >= CELL_RADIO_N || (id->radio != CELL_GSM && letters[id->radio] == 0))
		return -ENOTSUP;
	if (id->radio == CELL_GSM)
		n = snprintf(out, SMPP_CELL_NAME, "%03u%0*u-%" PRIu32 "-%" PRIu64, id->mcc, mnc_digits,
			     id->mnc, id->area, id->cell);
	else
		n = snprintf(out, SMPP_CELL_NAME, "%03u%0*u-%c%" PRIu64, id->mcc, mnc_digits, id->mnc,
			     letters[id->radio], id->cell);
	return n > 20 ? -ERANGE : 0;
}

void link_smpp_moment(int64_t wall_s, char out[17])
{
	time_t t = wall_s;
	struct tm tm;

	out[0] = '\0';
	if (wall_s > 0 && gmtime_r(&t, &tm))
		snprintf(out, 17, "%02u%02u%02u%02u%02u%02u000+", tm.tm_year % 100u, (tm.tm_mon + 1) % 100u,
			 tm.tm_mday % 100u, tm.tm_hour % 100u, tm.tm_min % 100u, tm.tm_sec % 100u);
}

/* User data header of a part; its octets, 0 = none. TS 23.040 9.2.3.24.1, 9.2.3.24.8, 9.2.3.24.15, 9.2.3.24.16. */
#define UDH_MAX 13
static size_t put_udh(const struct smpp_text *text, enum conf_long how, uint16_t ref, unsigned int part,
		      uint8_t out[UDH_MAX])
{
	size_t n = 1;

	if (text->n > 1 && how == LONG_UDH8) {
		memcpy(out + n, (const uint8_t[]){0, 3, ref & 0xFF, text->n, part + 1}, 5);
		n += 5;
	} else if (text->n > 1 && how != LONG_SAR) {
		memcpy(out + n, (const uint8_t[]){8, 4, ref >> 8, ref & 0xFF, text->n, part + 1}, 6);
		n += 6;
	}
	if (text->shift) {
		memcpy(out + n, (const uint8_t[]){SMPP_IE_SINGLE_SHIFT, 1, text->shift}, 3);
		n += 3;
	}
	if (text->lock) {
		memcpy(out + n, (const uint8_t[]){SMPP_IE_LOCKING_SHIFT, 1, text->lock}, 3);
		n += 3;
	}
	out[0] = n - 1;
	return n > 1 ? n : 0;
}

static void put_part(struct smpp_drafts *drafts, struct smpp_draft *d, const struct smpp_text *text,
		     enum conf_long how, uint16_t ref)
{
	const struct smpp_part *part = &text->part[d->part];
	uint8_t *octets = talloc_size(drafts, sizeof(part->octets) + UDH_MAX), *tlvs;
	size_t n = put_udh(text, how, ref, d->part, octets);

	OSMO_ASSERT(octets);
	if (text->n > 1 && how == LONG_SAR) {
		tlvs = talloc_size(drafts, 16);
		OSMO_ASSERT(tlvs);
		smpp_tlv_put(tlvs, 16, &d->pdu.tlvs_len, SMPP_TLV_SAR_REF,
			     (const uint8_t[]){ref >> 8, ref & 0xFF}, 2);
		smpp_tlv_put(tlvs, 16, &d->pdu.tlvs_len, SMPP_TLV_SAR_TOTAL, &text->n, 1);
		smpp_tlv_put(tlvs, 16, &d->pdu.tlvs_len, SMPP_TLV_SAR_SEQ, (const uint8_t[]){d->part + 1}, 1);
		d->pdu.tlvs = tlvs;
	}
	if (n > 0)
		d->pdu.esm_class = UDHI;
	memcpy(octets + n, part->octets, part->len);
	d->pdu.message = octets;
	d->pdu.message_len = n + part->len;
	d->cost = 1;
}

#define JOINED_MAX (SMPP_TEXT_MAX_PARTS * sizeof(((struct smpp_part *)0)->octets))

static size_t join(const struct smpp_text *text, uint8_t out[JOINED_MAX])
{
	size_t n = 0;

	for (unsigned int i = 0; i < text->n; i++) {
		memcpy(out + n, text->part[i].octets, text->part[i].len);
		n += text->part[i].len;
	}
	return n;
}

/* All parts in one message_payload; the SMSC cuts. */
static void put_payload(struct smpp_drafts *drafts, struct smpp_draft *d, const struct smpp_text *text)
{
	uint8_t joined[JOINED_MAX], *tlvs;
	size_t n = join(text, joined);

	tlvs = talloc_size(drafts, n + 4);
	OSMO_ASSERT(tlvs);
	smpp_tlv_put(tlvs, n + 4, &d->pdu.tlvs_len, SMPP_TLV_PAYLOAD, joined, n);
	d->pdu.tlvs = tlvs;
	d->cost = text->n;
}

/* broadcast_sm: the peer makes the pages. Network GSM, service "emergency broadcasts" (SMPP 5.0 4.8.4.9);
 * repeated every repetition_s until the validity ends, with the number of times that come to for peers that
 * count. */
static void put_broadcast(struct smpp_drafts *drafts, struct smpp_draft *d, const struct smpp_text *text,
			  const struct payload *payload)
{
	uint32_t every = OSMO_MIN(OSMO_MAX(payload->repetition_s, 1u), 0xFFFFu);
	uint32_t times = OSMO_MIN(OSMO_MAX(payload->lifetime_s / every, 1u), 0xFFFFu);
	uint8_t joined[JOINED_MAX], *tlvs;
	size_t n = join(text, joined), size = n + 32, *at = &d->pdu.tlvs_len;

	tlvs = talloc_size(drafts, size);
	OSMO_ASSERT(tlvs);
	smpp_tlv_put(tlvs, size, at, SMPP_TLV_BC_CONTENT_TYPE, (const uint8_t[]){1, 0, 1}, 3);
	smpp_tlv_put(tlvs, size, at, SMPP_TLV_BC_REP_NUM, (const uint8_t[]){times >> 8, times & 0xFF}, 2);
	smpp_tlv_put(tlvs, size, at, SMPP_TLV_BC_INTERVAL, (const uint8_t[]){0x08, every >> 8, every & 0xFF},
		     3);
	smpp_tlv_put(tlvs, size, at, SMPP_TLV_PAYLOAD, joined, n);
	d->pdu.tlvs = tlvs;
	d->pdu.priority = 1; /* immediate */
	if (d->pdu.service_type[0] == '\0')
		d->pdu.service_type = "CBS";
	d->cost = 1;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Message class 0 of the TS 23.038 general group; elsewhere the same is said by dest_addr_subunit. */
static uint8_t coding_of(const struct smpp_text *text, bool flash)
{
	return flash && text->data_coding % 8 == 0 ? 0x10 | text->data_coding : text->data_coding;
}

static struct smpp_pdu base(const struct conf_link *cfg, const struct smpp_text *text, bool flash,
			    const char *validity, uint32_t id)
{
	return (struct smpp_pdu){
		.id = id,
		.sequence = 1,
		.service_type = or_empty(cfg->service_type),
		.source = {cfg->source.ton, cfg->source.npi, or_empty(cfg->source.address)},
		.dest = {1, 1, ""},
		.schedule = "",
		.validity = validity,
		.protocol_id = cfg->protocol_id,
		.priority = cfg->priority,
		.data_coding = coding_of(text, flash),
	};
}

static uint8_t hex_octet(const char *two)
{
	unsigned int n = 0;

	sscanf(two, "%2x", &n);
	return n;
}

/* What the carrier wants in each message, behind what the message itself needs. */
static void put_extra(struct smpp_drafts *drafts, struct smpp_draft *d, const struct conf_link *cfg, bool display)
{
	size_t size = d->pdu.tlvs_len + 5, at = d->pdu.tlvs_len;
	uint8_t value[255], *tlvs;

	if (!display && cfg->n_tlvs == 0)
		return;
	for (size_t i = 0; i < cfg->n_tlvs; i++)
		size += 4 + strlen(cfg->tlvs[i].hex) / 2;
	tlvs = talloc_size(drafts, size);
	OSMO_ASSERT(tlvs);
	memcpy(tlvs, at ? d->pdu.tlvs : tlvs, at);
	if (display)
		smpp_tlv_put(tlvs, size, &at, SMPP_TLV_DEST_SUBUNIT, (const uint8_t[]){1}, 1);
	for (size_t i = 0; i < cfg->n_tlvs; i++) {
		size_t n = strlen(cfg->tlvs[i].hex) / 2;

		for (size_t k = 0; k < n; k++)
			value[k] = hex_octet(cfg->tlvs[i].hex + 2 * k);
		smpp_tlv_put(tlvs, size, &at, cfg->tlvs[i].tag, value, n);
	}
	d->pdu.tlvs = tlvs;
	d->pdu.tlvs_len = at;
}

/* data_sm has no short_message, and its validity is a TLV. SMPP 3.4 4.7.1. */
static void put_data(struct smpp_drafts *drafts, struct smpp_draft *d, uint64_t validity_s)
{
	uint32_t ttl = OSMO_MIN(validity_s, UINT32_MAX);
	size_t size = d->pdu.tlvs_len + 8 + 4 + d->pdu.message_len, at = d->pdu.tlvs_len;
	uint8_t *tlvs = talloc_size(drafts, size);

	OSMO_ASSERT(tlvs);
	memcpy(tlvs, d->pdu.tlvs ? d->pdu.tlvs : tlvs, at);
	if (ttl)
		smpp_tlv_put(tlvs, size, &at, SMPP_TLV_TIME_TO_LIVE,
			     (const uint8_t[]){ttl >> 24, ttl >> 16 & 0xFF, ttl >> 8 & 0xFF, ttl & 0xFF}, 4);
	if (d->pdu.message_len)
		smpp_tlv_put(tlvs, size, &at, SMPP_TLV_PAYLOAD, d->pdu.message, d->pdu.message_len);
	d->pdu.tlvs = tlvs;
	d->pdu.tlvs_len = at;
	d->pdu.message_len = 0;
}

/* deliver_sm has no times. SMPP 3.4 4.6.1. */
static int add_text(struct smpp_drafts *drafts, const struct conf_link *cfg, const struct payload *payload,
		    unsigned int t, const char *validity, uint32_t id)
{
	const struct smpp_text *text = &payload->sms[t];
	bool broadcast = cfg->addressing == ADDR_BROADCAST;
	bool whole = broadcast || (cfg->long_messages == LONG_PAYLOAD && text->n > 1);
	int rc;

	for (unsigned int i = 0; i < (whole ? 1u : text->n); i++) {
		struct smpp_draft *d = &drafts->v[drafts->n];

		d->pdu = base(cfg, text, payload->flash, validity, id);
		if (id == SMPP_DELIVER_SM)
			d->pdu.validity = "";
		d->text = t;
		d->part = i;
		if (broadcast)
			put_broadcast(drafts, d, text, payload);
		else if (whole)
			put_payload(drafts, d, text);
		else
			put_part(drafts, d, text, cfg->long_messages, payload->udh_ref + t);
		if (id == SMPP_DATA_SM)
			put_data(drafts, d, cfg->validity == VALIDITY_NONE ? 0 : payload->validity_s);
		put_extra(drafts, d, cfg, payload->flash && text->data_coding % 8 != 0);
		rc = cfg->addressing == ADDR_SUBSCRIBERS ? smpp_submit_make(drafts, &d->pdu, &d->submit) : 0;
		if (rc < 0)
			return rc;
		drafts->cost += d->cost;
		drafts->n++;
	}
	return 0;
}

static struct smpp_drafts *make_drafts(void *ctx, const struct conf_link *cfg, const struct payload *payload,
				       uint32_t id)
{
	struct smpp_drafts *drafts = talloc_zero(ctx, struct smpp_drafts);
	char *validity = talloc_zero_size(drafts, 17);

	OSMO_ASSERT(drafts && validity);
	if (cfg->validity == VALIDITY_RELATIVE)
		link_smpp_validity(payload->validity_s, validity);
	else if (cfg->validity == VALIDITY_ABSOLUTE)
		link_smpp_moment(payload->expires_at, validity);
	drafts->v = talloc_zero_array(drafts, struct smpp_draft, PAYLOAD_TEXTS * SMPP_TEXT_MAX_PARTS);
	OSMO_ASSERT(drafts->v);
	for (unsigned int t = 0; t < payload->n_texts; t++)
		if (add_text(drafts, cfg, payload, t, validity, id) < 0) {
			talloc_free(drafts);
			return NULL;
		}
	return drafts;
}

struct smpp_drafts *link_smpp_drafts(void *ctx, const struct conf_link *cfg, const struct payload *payload)
{
	static const uint32_t ids[] = {[ADDR_SUBSCRIBERS] = SMPP_SUBMIT_SM,
				       [ADDR_CELLS] = SMPP_SUBMIT_MULTI,
				       [ADDR_BROADCAST] = SMPP_BROADCAST_SM};

	return make_drafts(ctx, cfg, payload, ids[cfg->addressing]);
}

struct smpp_drafts *link_smpp_drafts_centre(void *ctx, const struct conf_link *cfg,
					    const struct payload *payload)
{
	OSMO_ASSERT(cfg->addressing == ADDR_SUBSCRIBERS);
	return make_drafts(ctx, cfg, payload, cfg->deliver_as == DELIVER_DATA_SM ? SMPP_DATA_SM : SMPP_DELIVER_SM);
}

/* Destinations of a submit_multi, or area TLVs (format 0, alias) of a broadcast_sm before its own TLVs. */
static int put_cells(struct smpp_pdu *pdu, const char (*names)[SMPP_CELL_NAME], size_t n, uint8_t *buf,
		     size_t len)
{
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct smpp_dest dest = {.list = true, .address.digits = names[i]};
		uint8_t area[1 + SMPP_CELL_NAME] = {0};
		size_t name = strlen(names[i]);

		memcpy(area + 1, names[i], name);
		rc = pdu->id == SMPP_BROADCAST_SM
			     ? smpp_tlv_put(buf, len, &at, SMPP_TLV_BC_AREA, area, 1 + name)
			     : smpp_dest_put(buf, len, &at, &dest);
	}
	if (pdu->id != SMPP_BROADCAST_SM) {
		pdu->dests = buf;
		pdu->dests_len = at;
		pdu->n_dests = n;
		return rc;
	}
	if (len - at < pdu->tlvs_len)
		return -ENOSPC;
	memcpy(buf + at, pdu->tlvs, pdu->tlvs_len);
	pdu->tlvs = buf;
	pdu->tlvs_len += at;
	return rc;
}

int link_smpp_multi(const struct smpp_draft *draft, const char (*names)[SMPP_CELL_NAME], size_t n,
		    uint32_t sequence, uint8_t *buf, size_t len)
{
	uint8_t cells[SMPP_MULTI_ROOM];
	struct smpp_pdu pdu = draft->pdu;
	int rc;

	if (n > SMPP_MULTI_MAX)
		return -EINVAL;
	rc = put_cells(&pdu, names, n, cells, sizeof(cells));
	if (rc < 0)
		return rc;
	pdu.sequence = sequence;
	return smpp_encode(&pdu, buf, len);
}

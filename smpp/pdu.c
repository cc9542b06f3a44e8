#include "smpp/pdu.h"
#include "smpp/cursor.h"
#include "smpp/status.h"
#include <errno.h>

enum kind { END, STRING, INTS, TEXT, DESTS, FAILED, SUBMIT };

/* One mandatory parameter: where it lies in struct smpp_pdu, and its size on the wire. Integers that follow
 * each other in both places are one step. */
struct field {
	uint8_t kind;
	uint8_t max; /* strings: octets with NUL; integers: how many */
	uint16_t at;
};

#define AT(member) offsetof(struct smpp_pdu, member)
#define STR(member, max)                                                                                     \
	{                                                                                                    \
		STRING, max, AT(member)                                                                      \
	}
#define INTS_TO(first, last)                                                                                 \
	{                                                                                                    \
		INTS, AT(last) - AT(first) + 1, AT(first)                                                    \
	}
#define INT(member)      INTS_TO(member, member)
#define ADDR(which, max) INTS_TO(which.ton, which.npi), STR(which.digits, max)
#define STOP                                                                                                 \
	{                                                                                                    \
		END, 0, 0                                                                                    \
	}
#define TIMES STR(schedule, 17), STR(validity, 17)
#define TAIL  INTS_TO(registered, default_message), {TEXT, 255, 0}, STOP
/* By hand, since it comes by the million: read_submit(), write_submit(). */
#define SUBMIT_BODY                                                                                          \
	{                                                                                                    \
		SUBMIT, 0, 0                                                                                 \
	}

static const struct field empty[] = {STOP};
static const struct field bind[] = {STR(system_id, 16),     STR(password, 9), STR(system_type, 13),
				    INT(interface_version), ADDR(source, 41), STOP};
static const struct field bind_resp[] = {STR(system_id, 16), STOP};
static const struct field outbind[] = {STR(system_id, 16), STR(password, 9), STOP};
static const struct field submit[] = {SUBMIT_BODY, STOP};
static const struct field multi[] = {
	STR(service_type, 6), ADDR(source, 21), {DESTS, 0, 0}, INTS_TO(esm_class, priority), TIMES, TAIL};
static const struct field multi_resp[] = {STR(message_id, 65), {FAILED, 0, 0}, STOP};
static const struct field id_only[] = {STR(message_id, 65), STOP};
static const struct field data[] = {STR(service_type, 6),
				    ADDR(source, 65),
				    ADDR(dest, 65),
				    INT(esm_class),
				    INT(registered),
				    INT(data_coding),
				    STOP};
static const struct field query[] = {STR(message_id, 65), ADDR(source, 21), STOP};
static const struct field query_resp[] = {STR(message_id, 65), STR(final_date, 17), INTS_TO(message_state, error_code),
					  STOP};
static const struct field cancel[] = {STR(service_type, 6), STR(message_id, 65), ADDR(source, 21),
				      ADDR(dest, 21), STOP};
static const struct field replace[] = {STR(message_id, 65),  ADDR(source, 21), TIMES, INT(registered),
				       INT(default_message), {TEXT, 255, 0},   STOP};
static const struct field alert[] = {ADDR(source, 65), ADDR(dest, 65), STOP};
static const struct field broadcast[] = {
	STR(service_type, 6), ADDR(source, 21), STR(message_id, 65),  INT(priority), TIMES,
	INTS_TO(replace, default_message), STOP};
static const struct field bc_cancel[] = {STR(service_type, 6), STR(message_id, 65), ADDR(source, 21), STOP};

/* Indexed by the low octet of command_id; 0x01xx lies behind 0x00xx. */
static const struct {
	const struct field *request, *response;
} layouts[2][0x22] = {
	{
		[SMPP_BIND_RECEIVER] = {bind, bind_resp},
		[SMPP_BIND_TRANSMITTER] = {bind, bind_resp},
		[SMPP_QUERY_SM] = {query, query_resp},
		[SMPP_SUBMIT_SM] = {submit, id_only},
		[SMPP_DELIVER_SM] = {submit, id_only},
		[SMPP_UNBIND] = {empty, empty},
		[SMPP_REPLACE_SM] = {replace, empty},
		[SMPP_CANCEL_SM] = {cancel, empty},
		[SMPP_BIND_TRANSCEIVER] = {bind, bind_resp},
		[SMPP_OUTBIND] = {outbind, NULL},
		[SMPP_ENQUIRE_LINK] = {empty, empty},
		[SMPP_SUBMIT_MULTI] = {multi, multi_resp},
	},
	{
		[SMPP_ALERT_NOTIFICATION & 0xFF] = {alert, NULL},
		[SMPP_DATA_SM & 0xFF] = {data, id_only},
		[SMPP_BROADCAST_SM & 0xFF] = {broadcast, id_only},
		[SMPP_QUERY_BROADCAST_SM & 0xFF] = {query, id_only},
		[SMPP_CANCEL_BROADCAST_SM & 0xFF] = {bc_cancel, empty},
	},
};

static inline const struct field *layout_of(uint32_t id)
{
	uint32_t code = id & ~SMPP_RESP;

	if (id == SMPP_GENERIC_NACK)
		return empty;
	if (code > 0x1FF || (code & 0xFF) >= 0x22)
		return NULL;
	return id & SMPP_RESP ? layouts[code >> 8][code & 0xFF].response
			      : layouts[code >> 8][code & 0xFF].request;
}

int smpp_frame(const uint8_t *frame, size_t len)
{
	uint32_t want;

	if (len < 4)
		return 0;
	want = cursor_be32(frame);
	if (want < SMPP_HEADER || want > SMPP_PDU_MAX)
		return -EPROTO;
	return len < want ? 0 : (int)want;
}

/* Reads over the address entries of a submit_multi (flagged) or of its response (with a status each). */
static bool read_entry(struct cursor *c, bool flagged, struct smpp_dest *dest)
{
	uint8_t flag = flagged ? cursor_u8(c) : 1;

	*dest = (struct smpp_dest){.list = flag == 2, .address.digits = ""};
	if (flag != 1 && flag != 2)
		c->bad = true;
	if (flag == 1) {
		dest->address.ton = cursor_u8(c);
		dest->address.npi = cursor_u8(c);
	}
	dest->address.digits = cursor_string(c, 65);
	if (!flagged)
		dest->status = cursor_u32(c);
	return !c->bad;
}

static void read_entries(struct cursor *c, bool flagged, uint8_t *n, const uint8_t **at, size_t *len)
{
	struct smpp_dest skipped;

	*n = cursor_u8(c);
	*at = c->p;
	for (unsigned int i = 0; i < *n && read_entry(c, flagged, &skipped); i++)
		;
	*len = c->p - *at;
}

/* Longer than the standard allows is common (addresses, passwords) and harmless. */
static inline const char *take_string(struct cursor *c, size_t max, struct smpp_pdu *pdu)
{
	const char *s = cursor_string(c, max < 65 ? 65 : max);

	pdu->odd |= !c->bad && (size_t)(c->p - (const uint8_t *)s) > max;
	return s;
}

static inline struct smpp_addr take_addr(struct cursor *c, size_t max, struct smpp_pdu *pdu)
{
	const uint8_t *p = cursor_take(c, 2);
	struct smpp_addr a = {p ? p[0] : 0, p ? p[1] : 0, ""};

	a.digits = take_string(c, max, pdu);
	return a;
}

static inline void take_text(struct cursor *c, struct smpp_pdu *pdu, uint32_t *fault)
{
	pdu->message_len = cursor_u8(c);
	pdu->message = cursor_take(c, pdu->message_len);
	if (!pdu->message) {
		pdu->message_len = 0;
		*fault = SMPP_RINVMSGLEN;
	}
}

static void read_field(struct cursor *c, const struct field *f, struct smpp_pdu *pdu, uint32_t *fault)
{
	uint8_t *where = (uint8_t *)pdu + f->at;
	const uint8_t *in;
	const char *s;

	switch (f->kind) {
	case STRING:
		s = take_string(c, f->max, pdu);
		memcpy(where, &s, sizeof(s));
		break;
	case INTS:
		in = cursor_take(c, f->max);
		for (unsigned int i = 0; in && i < f->max; i++)
			where[i] = in[i];
		break;
	case TEXT:
		take_text(c, pdu, fault);
		break;
	case DESTS:
		read_entries(c, true, &pdu->n_dests, &pdu->dests, &pdu->dests_len);
		break;
	case FAILED:
		read_entries(c, false, &pdu->n_failed, &pdu->failed, &pdu->failed_len);
		break;
	}
}

/* submit_sm and deliver_sm. SMPP 3.4 4.4.1, 4.6.1 */
static inline void read_submit(struct cursor *c, struct smpp_pdu *pdu, uint32_t *fault)
{
	const uint8_t *p;

	pdu->service_type = take_string(c, 6, pdu);
	pdu->source = take_addr(c, 21, pdu);
	pdu->dest = take_addr(c, 21, pdu);
	p = cursor_take(c, 3);
	if (p) {
		pdu->esm_class = p[0];
		pdu->protocol_id = p[1];
		pdu->priority = p[2];
	}
	pdu->schedule = take_string(c, 17, pdu);
	pdu->validity = take_string(c, 17, pdu);
	p = cursor_take(c, 4);
	if (p) {
		pdu->registered = p[0];
		pdu->replace = p[1];
		pdu->data_coding = p[2];
		pdu->default_message = p[3];
	}
	if (!c->bad)
		take_text(c, pdu, fault);
}

static inline void read_body(struct cursor *c, const struct field *f, struct smpp_pdu *pdu, uint32_t *fault)
{
	if (f->kind == SUBMIT) {
		read_submit(c, pdu, fault);
	} else if (f == id_only) {
		pdu->message_id = take_string(c, 65, pdu);
	} else {
		for (; f->kind != END && !c->bad; f++)
			read_field(c, f, pdu, fault);
	}
}

/* Octets of the whole TLVs at p; less than len when the last one is torn. */
static size_t whole_tlvs(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (len - at >= 4) {
		size_t value = p[at + 2] << 8 | p[at + 3];

		if (len - at - 4 < value)
			break;
		at += 4 + value;
	}
	return at;
}

/* Torn TLVs are dropped, message and session stay. Some peers put a NUL behind the text: then the TLVs start
 * after it. */
static void read_tlvs(struct cursor *c, struct smpp_pdu *pdu)
{
	size_t len = cursor_left(c), whole = whole_tlvs(c->p, len);

	pdu->tlvs = c->p;
	pdu->tlvs_len = whole;
	if (whole == len)
		return;
	pdu->odd = true;
	if (c->p[0] == 0 && whole_tlvs(c->p + 1, len - 1) == len - 1) {
		pdu->tlvs = c->p + 1;
		pdu->tlvs_len = len - 1;
	}
}

_Static_assert(sizeof(struct smpp_pdu) > 192 && sizeof(struct smpp_pdu) <= 288, "clear() is made for it");

static void clear(struct smpp_pdu *pdu)
{
	uint8_t *p = (uint8_t *)pdu;

	/* In pieces: all at once the compiler makes a rep stos of it, which takes as long as all the rest. */
	memset(p, 0, 64);
	memset(p + 64, 0, 64);
	memset(p + 128, 0, 64);
	memset(p + 192, 0, sizeof(*pdu) - 192);
	pdu->system_id = pdu->password = pdu->system_type = pdu->service_type = pdu->message_id = "";
	pdu->source.digits = pdu->dest.digits = pdu->schedule = pdu->validity = pdu->final_date = "";
}

/* What the body says after it could be read, but must not. */
static bool contradicts(const struct smpp_pdu *pdu)
{
	struct smpp_tlv tlv;

	return pdu->message_len > 0 && smpp_tlv_find(pdu, SMPP_TLV_PAYLOAD, &tlv) && tlv.len > 0;
}

int smpp_decode(const uint8_t *frame, size_t len, struct smpp_pdu *pdu, uint32_t *fault)
{
	struct cursor c;
	const struct field *f;

	clear(pdu);
	*fault = SMPP_RINVCMDLEN;
	if (len < SMPP_HEADER || cursor_be32(frame) != len)
		return -EBADMSG;
	c = (struct cursor){frame + SMPP_HEADER, frame + len, false};
	pdu->id = cursor_be32(frame + 4);
	pdu->status = cursor_be32(frame + 8);
	pdu->sequence = cursor_be32(frame + 12);
	f = layout_of(pdu->id);
	if (!f) {
		*fault = SMPP_RINVCMDID;
		return -ENOSYS;
	}
	/* A response without its body is common and legal with an error status. */
	if (pdu->id & SMPP_RESP && cursor_left(&c) == 0)
		return 0;
	read_body(&c, f, pdu, fault);
	if (c.bad) {
		/* The status already says it all; what follows it may be anything. */
		pdu->odd = true;
		return pdu->id & SMPP_RESP && pdu->status != 0 ? 0 : -EBADMSG;
	}
	pdu->tlvs = c.p;
	if (cursor_left(&c) == 0)
		return 0;
	read_tlvs(&c, pdu);
	if (contradicts(pdu)) {
		*fault = SMPP_RINVMSGLEN;
		return -EBADMSG;
	}
	return 0;
}

bool smpp_tlv_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_tlv *tlv)
{
	struct cursor c;

	if (*at >= pdu->tlvs_len)
		return false;
	c = (struct cursor){pdu->tlvs + *at, pdu->tlvs + pdu->tlvs_len, false};
	tlv->tag = cursor_u16(&c);
	tlv->len = cursor_u16(&c);
	tlv->value = cursor_take(&c, tlv->len);
	*at = c.p - pdu->tlvs;
	return !c.bad;
}

bool smpp_tlv_find(const struct smpp_pdu *pdu, uint16_t tag, struct smpp_tlv *tlv)
{
	size_t at = 0;

	while (smpp_tlv_next(pdu, &at, tlv))
		if (tlv->tag == tag)
			return true;
	return false;
}

static bool next_entry(const uint8_t *entries, size_t len, size_t *at, bool flagged, struct smpp_dest *dest)
{
	struct cursor c;

	if (*at >= len)
		return false;
	c = (struct cursor){entries + *at, entries + len, false};
	if (!read_entry(&c, flagged, dest))
		return false;
	*at = c.p - entries;
	return true;
}

bool smpp_dest_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_dest *dest)
{
	return next_entry(pdu->dests, pdu->dests_len, at, true, dest);
}

bool smpp_failed_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_dest *dest)
{
	return next_entry(pdu->failed, pdu->failed_len, at, false, dest);
}

void smpp_message(const struct smpp_pdu *pdu, const uint8_t **text, size_t *len)
{
	struct smpp_tlv tlv;

	*text = pdu->message;
	*len = pdu->message_len;
	if (pdu->message_len == 0 && smpp_tlv_find(pdu, SMPP_TLV_PAYLOAD, &tlv)) {
		*text = tlv.value;
		*len = tlv.len;
	}
}

int smpp_tlv_put(uint8_t *buf, size_t len, size_t *at, uint16_t tag, const void *value, uint16_t value_len)
{
	struct writer w = {.p = buf + *at, .end = buf + len};

	writer_u16(&w, tag);
	writer_u16(&w, value_len);
	writer_put(&w, value, value_len);
	if (w.full)
		return -ENOSPC;
	*at = w.p - buf;
	return 0;
}

int smpp_dest_put(uint8_t *buf, size_t len, size_t *at, const struct smpp_dest *dest)
{
	struct writer w = {.p = buf + *at, .end = buf + len};
	size_t n = strlen(dest->address.digits) + 1;

	if (n > 21)
		return -EINVAL;
	writer_u8(&w, dest->list ? 2 : 1);
	if (!dest->list) {
		writer_u8(&w, dest->address.ton);
		writer_u8(&w, dest->address.npi);
	}
	writer_put(&w, dest->address.digits, n);
	if (w.full)
		return -ENOSPC;
	*at = w.p - buf;
	return 0;
}

static inline void write_addr(struct writer *w, const struct smpp_addr *a, size_t max)
{
	uint8_t *p = writer_take(w, 2);

	if (p) {
		p[0] = a->ton;
		p[1] = a->npi;
	}
	writer_string(w, a->digits, max);
}

static inline void write_text(struct writer *w, const struct smpp_pdu *pdu)
{
	w->bad |= pdu->message_len > 255;
	writer_u8(w, pdu->message_len);
	writer_put(w, pdu->message, pdu->message_len);
}

static inline void write_submit(struct writer *w, const struct smpp_pdu *pdu)
{
	uint8_t *p;

	writer_string(w, pdu->service_type, 6);
	write_addr(w, &pdu->source, 21);
	write_addr(w, &pdu->dest, 21);
	p = writer_take(w, 3);
	if (p) {
		p[0] = pdu->esm_class;
		p[1] = pdu->protocol_id;
		p[2] = pdu->priority;
	}
	writer_string(w, pdu->schedule, 17);
	writer_string(w, pdu->validity, 17);
	p = writer_take(w, 4);
	if (p) {
		p[0] = pdu->registered;
		p[1] = pdu->replace;
		p[2] = pdu->data_coding;
		p[3] = pdu->default_message;
	}
	write_text(w, pdu);
}

static void write_field(struct writer *w, const struct field *f, const struct smpp_pdu *pdu)
{
	const uint8_t *where = (const uint8_t *)pdu + f->at;
	const char *s;

	switch (f->kind) {
	case STRING:
		memcpy(&s, where, sizeof(s));
		writer_string(w, s, f->max);
		break;
	case INTS:
		writer_put(w, where, f->max);
		break;
	case TEXT:
		write_text(w, pdu);
		break;
	case DESTS:
		writer_u8(w, pdu->n_dests);
		writer_put(w, pdu->dests, pdu->dests_len);
		break;
	case FAILED:
		writer_u8(w, pdu->n_failed);
		writer_put(w, pdu->failed, pdu->failed_len);
		break;
	}
}

static inline void write_body(struct writer *w, const struct field *f, const struct smpp_pdu *pdu)
{
	if (f->kind == SUBMIT) {
		write_submit(w, pdu);
	} else if (f == id_only) {
		writer_string(w, pdu->message_id, 65);
	} else {
		for (; f->kind != END; f++)
			write_field(w, f, pdu);
	}
}

int smpp_encode(const struct smpp_pdu *pdu, uint8_t *buf, size_t len)
{
	struct writer w = {.p = buf, .end = buf + len};
	const struct field *f = layout_of(pdu->id);

	if (!f)
		return -ENOSYS;
	writer_take(&w, SMPP_HEADER);
	write_body(&w, f, pdu);
	writer_put(&w, pdu->tlvs, pdu->tlvs_len);
	if (w.bad)
		return -EINVAL;
	if (w.full)
		return -ENOSPC;
	writer_be32(buf, w.p - buf);
	writer_be32(buf + 4, pdu->id);
	writer_be32(buf + 8, pdu->status);
	writer_be32(buf + 12, pdu->sequence);
	return w.p - buf;
}

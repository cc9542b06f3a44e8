#include "smpp/receipt.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* By their beginnings: peers write DELIVRD, DELIVERED, UNDELIV, UNDELIVERABLE ... */
static const struct {
	const char *word;
	uint8_t state;
} words[] = {
	{"ENROU", SMPP_ENROUTE},   {"DELIV", SMPP_DELIVERED},     {"EXPIR", SMPP_EXPIRED},
	{"DELET", SMPP_DELETED},   {"UNDEL", SMPP_UNDELIVERABLE}, {"ACCEP", SMPP_ACCEPTED},
	{"UNKNO", SMPP_UNKNOWN},   {"REJEC", SMPP_REJECTED},      {"SKIPP", SMPP_SKIPPED},
	{"SCHED", SMPP_SCHEDULED}, {"ACKED", SMPP_ENROUTE},       {"BUFFR", SMPP_ENROUTE},
	{"BUFFE", SMPP_ENROUTE},   {"FAILE", SMPP_UNDELIVERABLE},
};

struct token {
	const char *p;
	size_t len;
};

static bool next_token(const char **p, const char *end, struct token *t)
{
	while (*p < end && (**p == ' ' || **p == '\0' || **p == '\r' || **p == '\n' || **p == '\t'))
		(*p)++;
	t->p = *p;
	while (*p < end && **p != ' ' && **p != '\0' && **p != '\r' && **p != '\n' && **p != '\t')
		(*p)++;
	t->len = *p - t->p;
	return t->len > 0;
}

static uint8_t state_of(const struct token *t)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (t->len >= 5 && !strncasecmp(t->p, words[i].word, 5))
			return words[i].state;
	return SMPP_STATE_ABSENT;
}

static void copy(char *to, size_t size, const struct token *t)
{
	size_t n = t->len < size - 1 ? t->len : size - 1;

	memcpy(to, t->p, n);
	to[n] = '\0';
}

/* The value behind "label:", which may stand in the next token. False when the token has another label. */
static bool labelled(const struct token *t, const char *label, const char **p, const char *end,
		     struct token *value)
{
	size_t n = strlen(label);

	if (t->len < n || strncasecmp(t->p, label, n) != 0)
		return false;
	*value = (struct token){t->p + n, t->len - n};
	if (value->len == 0) {
		const char *look = *p;

		if (next_token(&look, end, value) && !memchr(value->p, ':', value->len))
			*p = look;
		else
			value->len = 0;
	}
	return true;
}

/* "<id> <message_state>" and nothing else. */
static void unlabelled(const char *p, const char *end, struct smpp_receipt *r)
{
	struct token id, state, more;

	if (!next_token(&p, end, &id) || !next_token(&p, end, &state) || next_token(&p, end, &more))
		return;
	if (state.len != 1 || state.p[0] < '0' || state.p[0] > '9' || memchr(id.p, ':', id.len))
		return;
	copy(r->text_id, sizeof(r->text_id), &id);
	r->state = state.p[0] - '0';
}

static void scan(const char *p, const char *end, struct smpp_receipt *r, bool *dated)
{
	struct token t, value;
	uint8_t bare = SMPP_STATE_ABSENT; /* a status word without its label */

	while (next_token(&p, end, &t) && strncasecmp(t.p, "text:", t.len < 5 ? t.len : 5) != 0) {
		if (labelled(&t, "id:", &p, end, &value)) {
			if (r->text_id[0] == '\0')
				copy(r->text_id, sizeof(r->text_id), &value);
		} else if (labelled(&t, "stat:", &p, end, &value)) {
			r->state = state_of(&value);
		} else if (labelled(&t, "err:", &p, end, &value)) {
			copy(r->error, sizeof(r->error), &value);
		} else if (labelled(&t, "date:", &p, end, &value)) {
			*dated = true;
		} else if (bare == SMPP_STATE_ABSENT) {
			bare = state_of(&t);
		}
	}
	if (r->state == SMPP_STATE_ABSENT)
		r->state = bare;
}

static void clear(struct smpp_receipt *r)
{
	memset(r, 0, sizeof(*r));
	r->state = SMPP_STATE_ABSENT;
}

static bool read_text(const uint8_t *text, size_t len, struct smpp_receipt *r, bool *dated)
{
	const char *p = (const char *)text;

	clear(r);
	*dated = false;
	if (len == 0)
		return false;
	scan(p, p + len, r, dated);
	if (r->text_id[0] == '\0' && r->state == SMPP_STATE_ABSENT)
		unlabelled(p, p + len, r);
	memcpy(r->id, r->text_id, sizeof(r->id));
	return r->id[0] != '\0' || r->state != SMPP_STATE_ABSENT;
}

bool smpp_receipt_text(const uint8_t *text, size_t len, struct smpp_receipt *r)
{
	bool dated;

	return read_text(text, len, r, &dated);
}

static void network_error(const struct smpp_tlv *tlv, struct smpp_receipt *r)
{
	if (tlv->len != 3)
		return;
	/* Some write three ASCII digits instead of type and code. */
	if (isdigit(tlv->value[0]) && isdigit(tlv->value[1]) && isdigit(tlv->value[2])) {
		r->network_type = 3;
		r->network_code =
			(tlv->value[0] - '0') * 100 + (tlv->value[1] - '0') * 10 + tlv->value[2] - '0';
		return;
	}
	r->network_type = tlv->value[0];
	r->network_code = tlv->value[1] << 8 | tlv->value[2];
}

/* True when the TLVs alone make it a receipt. */
static bool read_tlvs(const struct smpp_pdu *pdu, struct smpp_receipt *r)
{
	struct smpp_tlv tlv;
	struct token id;
	bool named = false;

	if (smpp_tlv_find(pdu, SMPP_TLV_RECEIPTED_MESSAGE_ID, &tlv) && tlv.len > 0 && tlv.value[0] != '\0') {
		id = (struct token){(const char *)tlv.value, strnlen((const char *)tlv.value, tlv.len)};
		copy(r->id, sizeof(r->id), &id);
		named = true;
	}
	if (smpp_tlv_find(pdu, SMPP_TLV_MESSAGE_STATE, &tlv) && tlv.len == 1 &&
	    tlv.value[0] < SMPP_STATE_ABSENT)
		r->state = tlv.value[0];
	if (smpp_tlv_find(pdu, SMPP_TLV_NETWORK_ERROR, &tlv))
		network_error(&tlv, r);
	return named;
}

bool smpp_receipt_read(const struct smpp_pdu *pdu, struct smpp_receipt *r)
{
	uint8_t type = pdu->esm_class & 0x3C;
	const uint8_t *text;
	size_t len;
	bool dated, sure;

	smpp_message(pdu, &text, &len);
	read_text(text, len, r, &dated);
	sure = dated && r->text_id[0] != '\0' && r->state != SMPP_STATE_ABSENT;
	sure |= read_tlvs(pdu, r);
	return type == 0x04 || type == 0x20 || (type == 0 && sure);
}

bool smpp_state_final(uint8_t state)
{
	return state != SMPP_SCHEDULED && state != SMPP_ENROUTE && state != SMPP_ACCEPTED &&
	       state < SMPP_STATE_ABSENT && state != SMPP_UNKNOWN;
}

/* Digits of base 10 or 16 as a 64-bit number; false when it is none or too big. */
static bool number(const char *s, unsigned int base, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = 0;

	if (*s == '\0')
		return false;
	for (; *s; s++) {
		const char *at = strchr(digits, tolower((unsigned char)*s));
		unsigned int d = at ? at - digits : 99;

		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

static bool converts(const char *hex, const char *decimal)
{
	uint64_t a, b;

	return number(hex, 16, &a) && number(decimal, 10, &b) && a == b;
}

enum smpp_id_match smpp_id_match(const char *a, const char *b)
{
	if (!strcmp(a, b))
		return SMPP_ID_SAME;
	a += strspn(a, "0");
	b += strspn(b, "0");
	if (!strcasecmp(a, b))
		return SMPP_ID_FOLDED;
	return converts(a, b) || converts(b, a) ? SMPP_ID_CONVERTED : SMPP_ID_OTHER;
}

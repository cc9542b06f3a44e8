#include "gateway/carrier/smsctext.h"

/* Reads the user data header; returns its octets with the length octet, or -1. */
static int header(const uint8_t *p, size_t len, struct smsctext *t, struct faults *f)
{
	size_t end = len ? 1u + p[0] : 0, at = 1;

	if (end == 0 || end > len) {
		faults_add(f, FAULT_CONCAT, "UDHI is set, but the header of %u octets does not fit %zu",
			   len ? p[0] : 0, len);
		return -1;
	}
	while (at + 2 <= end && at + 2 + p[at + 1] <= end) {
		const uint8_t *v = p + at + 2;

		if (p[at] == 0 && p[at + 1] == 3) {
			t->how = PARTS_UDH8;
			t->ref = v[0];
			t->total = v[1];
			t->seq = v[2];
		} else if (p[at] == 8 && p[at + 1] == 4) {
			t->how = PARTS_UDH16;
			t->ref = octets_16(v);
			t->total = v[2];
			t->seq = v[3];
		}
		at += 2u + p[at + 1];
	}
	if (at != end) {
		faults_add(f, FAULT_CONCAT, "user data header: an element goes beyond its %u octets", p[0]);
		return -1;
	}
	return (int)end;
}

/* Characters (octets here) that fit one short message beside a header of h octets. */
static size_t fits(enum chars_alphabet a, size_t h)
{
	return a == CHARS_UCS2 ? (140 - h) & ~1u : a == CHARS_BINARY ? 140 - h : (140 - h) * 8 / 7;
}

static void concat(const struct pdu_submit *s, struct smsctext *t, struct faults *f)
{
	if (s->tlvs.sar_have == 3 && !t->how) {
		t->how = PARTS_SAR;
		t->ref = s->tlvs.sar_ref;
		t->total = s->tlvs.sar_total;
		t->seq = s->tlvs.sar_seq;
	} else if (s->tlvs.sar_have) {
		faults_add(f, FAULT_CONCAT, "%s",
			   t->how ? "both UDH and sar TLVs" : "not all three sar TLVs");
	}
	if (!t->how)
		return;
	if (t->total == 0 || t->seq == 0 || t->seq > t->total) {
		faults_add(f, FAULT_CONCAT, "part %u of %u", t->seq, t->total);
		t->how = 0; /* TS 23.040 9.2.3.24.1: a receiver ignores such a header */
	} else if (t->total == 1) {
		t->how = 0;
	}
}

static void measure(const struct pdu_submit *s, struct smsctext *t, size_t udh, struct faults *f)
{
	size_t limit = fits(t->alphabet, udh                   ? udh
					 : t->how == PARTS_SAR ? 6
							       : 0),
	       whole = fits(t->alphabet, 0);

	if (s->tlvs.payload && t->len > whole)
		t->parts = (unsigned int)((t->len + fits(t->alphabet, 6) - 1) / fits(t->alphabet, 6));
	else if (t->len > limit)
		faults_add(f, FAULT_LENGTH, "a part of %zu octets where %zu fit", t->len, limit);
	if (t->parts > 255)
		faults_add(f, FAULT_LENGTH, "message_payload makes %u short messages", t->parts);
}

int smsctext_read(const struct pdu_submit *s, enum chars_alphabet standard, struct smsctext *t,
		  struct faults *f)
{
	int alphabet = chars_of_dcs(s->dcs, standard), udh = 0;

	*t = (struct smsctext){.alphabet = CHARS_BINARY, .octets = s->text, .len = s->text_len, .parts = 1};
	if (s->tlvs.payload) {
		if (s->text_len)
			faults_add(f, FAULT_FIELD, "short_message and message_payload in one PDU");
		t->octets = s->tlvs.payload;
		t->len = s->tlvs.payload_len;
	}
	if (alphabet < 0) {
		faults_add(f, FAULT_CODING, "data_coding 0x%02X is reserved", s->dcs);
		return 0x104;
	}
	t->alphabet = (enum chars_alphabet)alphabet;
	if (s->esm & 0x40) {
		udh = header(t->octets, t->len, t, f);
		if (udh < 0)
			return 0x43;
		t->octets += udh;
		t->len -= (size_t)udh;
	}
	concat(s, t, f);
	measure(s, t, (size_t)udh, f);
	return 0;
}

bool smsctext_time_ok(const struct pdu_str *t)
{
	if (t->len == 0)
		return true;
	for (unsigned int i = 0; i < 15; i++)
		if (t->len != 16 || t->s[i] < '0' || t->s[i] > '9')
			return false;
	return strchr("+-R", t->s[15]) && (t->s[15] != 'R' || !memcmp(t->s + 12, "000", 3));
}

static bool digits(const struct pdu_str *a)
{
	for (unsigned int i = 0; i < a->len; i++)
		if (a->s[i] < '0' || a->s[i] > '9')
			return false;
	return a->len > 0;
}

static bool known_npi(uint8_t npi)
{
	static const uint32_t known = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 8 | 1u << 9 |
				      1u << 10 | 1u << 14 | 1u << 18;

	return npi <= 18 && (known >> npi & 1);
}

void smsctext_check_dest(const struct pdu_addr *a, bool list, struct faults *f)
{
	if (list && a->a.len == 0)
		faults_add(f, FAULT_ADDRESS, "empty dl_name");
	if (list)
		return;
	if (a->ton != 1 || a->npi != 1)
		faults_add(f, FAULT_ADDRESS, "destination with TON %u NPI %u, not 1 and 1", a->ton, a->npi);
	if (!digits(&a->a) || a->a.len < 5 || a->a.len > 15)
		faults_add(f, FAULT_ADDRESS, "destination that is not 5 to 15 digits");
}

static void check_source(const struct pdu_addr *a, struct faults *f)
{
	if (a->ton > 6 || !known_npi(a->npi))
		faults_add(f, FAULT_ADDRESS, "source with TON %u NPI %u", a->ton, a->npi);
	else if (a->ton == 5 && (a->npi != 0 || a->a.len > 11 || a->a.len == 0))
		faults_add(f, FAULT_ADDRESS, "alphanumeric source with NPI %u and %u characters", a->npi,
			   a->a.len);
	else if (a->ton == 1 && !digits(&a->a))
		faults_add(f, FAULT_ADDRESS, "international source that is not digits");
}

void smsctext_check(const struct pdu_submit *s, bool multi, uint8_t version, struct faults *f)
{
	check_source(&s->src, f);
	if (!multi)
		smsctext_check_dest(&s->dst, false, f);
	else if (s->n_dests > 254 && version < 0x50)
		faults_add(f, FAULT_FIELD, "submit_multi with %u destinations", s->n_dests);
	if (s->text_len > (version < 0x50 ? 254 : 255))
		faults_add(f, FAULT_FIELD, "sm_length %u", s->text_len);
	if (!smsctext_time_ok(&s->schedule) || !smsctext_time_ok(&s->validity))
		faults_add(f, FAULT_FIELD, "a time that is not YYMMDDhhmmsstnnp");
	if ((s->registered & 0xE0) || ((s->registered & 3) == 3 && version < 0x50) || s->priority > 3 ||
	    s->replace > 1)
		faults_add(f, FAULT_FIELD, "registered_delivery %u, priority %u or replace flag %u",
			   s->registered, s->priority, s->replace);
	if (s->esm & 0x3C && (s->esm & 0x3C) != 8 && (s->esm & 0x3C) != 0x10)
		faults_add(f, FAULT_FIELD, "esm_class 0x%02X", s->esm);
	if (s->tlvs.bad)
		faults_add(f, FAULT_FIELD, "a TLV is cut or has a wrong length");
	if (version < 0x34 && s->tlvs.first != s->tlvs.end)
		faults_add(f, FAULT_FIELD, "TLVs although the session is older than 3.4");
}

#include "gateway/conf_take.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/conf.h"
#include "smpp/shift.h"

static void keep(void *ctx, void *field, const char *text)
{
	char **s = field;

	*s = talloc_strdup(ctx, text);
	OSMO_ASSERT(*s);
}

const char *conf_take_name(void *ctx, void *field, const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n == 0 || n > 32 || text[n] || text[0] == '.')
		return "a name of 1 to 32 characters of A-Z a-z 0-9 . _ - that does not begin with a point";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_format(void *ctx, void *field, const char *text)
{
	if (strcmp(text, "opencellid") && strcmp(text, "columns"))
		return "\"opencellid\" or \"columns\"";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_datum(void *ctx, void *field, const char *text)
{
	if (strcmp(text, "wgs84") && strcmp(text, "gcj02") && strcmp(text, "bd09"))
		return "\"wgs84\", \"gcj02\" or \"bd09\"";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_language(void *ctx, void *field, const char *text)
{
	if (strlen(text) != 2 || !islower((uint8_t)text[0]) || !islower((uint8_t)text[1]))
		return "a language as two small letters of ISO 639-1, such as \"zh\"";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_number(void *ctx, void *field, const char *text)
{
	size_t n;

	if (text[0] == '+')
		text++;
	else if (!strncmp(text, "00", 2))
		text += 2;
	n = strspn(text, "0123456789");
	if (n < 5 || n > 15 || text[n])
		return "a number of 5 to 15 digits";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_network(void *ctx, void *field, const char *text)
{
	struct conf_network *net = field;
	size_t digits = strspn(text, "0123456789"), width;

	if (digits != 3 || text[3] != '-')
		return "a network as MCC-MNC, such as \"460-00\"";
	width = strspn(text + 4, "0123456789");
	if (width < 1 || width > 3 || text[4 + width] || atoi(text) == 0)
		return "a network as MCC-MNC, such as \"460-00\"";
	net->mcc = atoi(text);
	net->mnc = atoi(text + 4);
	net->mnc_digits = width < 2 ? 2 : width; /* no PLMN has one digit (TS 24.008 10.5.1.3) */
	return NULL;
}

const char *conf_take_class(void *ctx, void *field, const char *text)
{
	static const struct {
		const char *name;
		char class;
	} classes[] = {{"permanent", 'P'}, {"transient", 'T'}, {"throttle", 'X'}, {"session", 'S'}};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(text, classes[i].name)) {
			*(char *)field = classes[i].class;
			return NULL;
		}
	return "\"permanent\", \"transient\", \"throttle\" or \"session\"";
}

const char *conf_take_version(void *ctx, void *field, const char *text)
{
	uint8_t *version = field;

	if (strcmp(text, "3.4") && strcmp(text, "5.0"))
		return "\"3.4\" or \"5.0\"";
	*version = text[0] == '3' ? 0x34 : 0x50;
	return NULL;
}

const char *conf_take_receipts(void *ctx, void *field, const char *text)
{
	static const char *const names[] = {"none", "all", "failures"};
	struct conf_link *link = (struct conf_link *)((char *)field - offsetof(struct conf_link, receipts));
	char *end;
	double share;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i])) {
			link->receipts = (enum conf_receipts)i;
			return NULL;
		}
	if (strncmp(text, "sample:", 7) || !isdigit((uint8_t)text[7]) ||
	    strspn(text + 7, "0123456789.") != strlen(text + 7))
		return "\"all\", \"failures\", \"none\" or \"sample:P\" with P from 0 to 1";
	share = strtod(text + 7, &end);
	if (*end || !(share > 0 && share <= 1))
		return "\"sample:P\" with P above 0 and at most 1";
	link->receipts = RECEIPTS_SAMPLE;
	link->receipts_sample = share;
	return NULL;
}

const char *conf_take_repetition(void *ctx, void *field, const char *text)
{
	bool *u16 = field;

	if (strcmp(text, "ts") && strcmp(text, "u16"))
		return "\"ts\" or \"u16\"";
	*u16 = text[0] == 'u';
	return NULL;
}

const char *conf_take_address(void *ctx, void *field, const char *text)
{
	uint8_t octets[sizeof(struct in6_addr)];
	char digits[INET6_ADDRSTRLEN];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	/* Written back in one way, so that they can be compared as text. */
	if (inet_pton(family, text, octets) != 1 || !inet_ntop(family, octets, digits, sizeof(digits)))
		return "an IPv4 or IPv6 address in digits";
	keep(ctx, field, digits);
	return NULL;
}

const char *conf_take_pin(void *ctx, void *field, const char *text)
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
		return "64 hex digits, the SHA-256 of a public key";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_hex(void *ctx, void *field, const char *text)
{
	size_t n = strlen(text);

	if (n % 2 || n > 510 || strspn(text, "0123456789abcdefABCDEF") != n)
		return "at most 255 octets as two hex digits each";
	keep(ctx, field, text);
	return NULL;
}

const char *conf_take_shift(void *ctx, void *field, const char *text)
{
	static const char *const names[SMPP_SHIFTS] = {"", "turkish", "spanish", "portuguese"};

	for (uint8_t i = 1; i < SMPP_SHIFTS; i++)
		if (!strcmp(text, names[i])) {
			*(uint8_t *)field = i;
			return NULL;
		}
	return "turkish, spanish or portuguese";
}

const char *conf_take_lock(void *ctx, void *field, const char *text)
{
	if (conf_take_shift(ctx, field, text) || *(uint8_t *)field == SMPP_SHIFT_SPANISH)
		return "turkish or portuguese";
	return NULL;
}

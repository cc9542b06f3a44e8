/* conf_take: values of the configuration that are more than a text. Each turns text into its field (strings
 * become children of ctx) and returns NULL, or what is expected instead. Pure. */
#pragma once
const char *conf_take_name(void *ctx, void *field, const char *text); /* char *: [A-Za-z0-9._-], at most 32 */
const char *conf_take_format(void *ctx, void *field, const char *text);   /* char * */
const char *conf_take_datum(void *ctx, void *field, const char *text);    /* char * */
const char *conf_take_language(void *ctx, void *field, const char *text); /* char *: ISO 639-1 */
const char *conf_take_number(void *ctx, void *field, const char *text);   /* char *: MSISDN without + or 00 */
const char *conf_take_network(void *ctx, void *field, const char *text);  /* struct conf_network */
const char *conf_take_class(void *ctx, void *field, const char *text); /* char of struct conf_status_class */
const char *conf_take_version(void *ctx, void *field, const char *text); /* uint8_t: 0x34, 0x50 */
const char *conf_take_receipts(void *ctx, void *field,
			       const char *text); /* receipts of a struct conf_link, and its sample */
const char *conf_take_repetition(void *ctx, void *field, const char *text); /* bool repetition_u16 */
const char *conf_take_address(void *ctx, void *field, const char *text); /* char *: IPv4 or IPv6, in digits */
const char *conf_take_hex(void *ctx, void *field, const char *text);	 /* char *: octets, two digits each */
const char *conf_take_shift(void *ctx, void *field, const char *text);	 /* uint8_t: enum smpp_shift */
const char *conf_take_lock(void *ctx, void *field, const char *text);	 /* likewise, one with a locking table */
const char *conf_take_pin(void *ctx, void *field, const char *text);	 /* char *: 64 hex digits */

#include "gateway/log.h"
#include <osmocom/core/application.h>
#include <osmocom/core/utils.h>
#include <stdio.h>

static const struct log_info_cat categories[DLOG_N] = {
	[DMAIN] = {.name = "MAIN", .description = "the daemon's life", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DCONF] = {.name = "CONF", .description = "configuration", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DSPOOL] = {.name = "SPOOL", .description = "trigger files", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DALERT] = {.name = "ALERT", .description = "alerts", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DLINK] = {.name = "LINK", .description = "links to carriers", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DSMPP] = {.name = "SMPP", .description = "SMPP sessions", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DCBSP] = {.name = "CBSP", .description = "CBSP sessions", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DLEDGER] = {.name = "LEDGER", .description = "store and ledger", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DNOC] = {.name = "NOC", .description = "SNMP, VTY, HTTP, control", .enabled = 1, .loglevel = LOGL_NOTICE},
};
static const struct log_info info = {.cat = categories, .num_cat = DLOG_N};

void log_start(void *ctx, int level)
{
	osmo_init_logging2(ctx, &info);
	log_set_use_color(osmo_stderr_target, 0);
	log_set_print_extended_timestamp(osmo_stderr_target, 1);
	log_set_print_category(osmo_stderr_target, 1);
	log_set_print_category_hex(osmo_stderr_target, 0);
	log_set_print_level(osmo_stderr_target, 1);
	log_set_print_filename2(osmo_stderr_target, LOG_FILENAME_NONE);
	log_set_log_level(osmo_stderr_target, level);
}

/* Length of a well-formed, printable UTF-8 sequence at p, or 0. */
static size_t printable(const unsigned char *p, size_t len)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE1 && p[0] < 0xF0 ? 3 : 0;

	if (n == 0 || n > len || (n == 1 && (p[0] < 0x20 || p[0] == 0x7F || p[0] == '\\')))
		return 0;
	if (n == 2 && p[0] == 0xC2 && p[1] < 0xA0) /* C1 controls */
		return 0;
	if (n == 3 && p[0] == 0xE2 && (p[1] == 0x80 || p[1] == 0x81)) /* line separators, bidi controls */
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

bool log_plain(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = printable((const unsigned char *)text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

const char *log_safe(const char *text, size_t len)
{
	static char ring[4][512];
	static unsigned int turn;
	char *out = ring[turn++ % 4], *o = out;

	for (size_t i = 0, shown = 0; i < len; shown++) {
		size_t n = printable((const unsigned char *)text + i, len - i);

		if (shown == 120) {
			o += sprintf(o, "...");
			break;
		}
		if (n == 0) {
			o += sprintf(o, "\\x%02X", (unsigned char)text[i++]);
			continue;
		}
		for (; n > 0; n--)
			*o++ = text[i++];
	}
	*o = '\0';
	return out;
}

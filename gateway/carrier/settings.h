/* settings: everything that an option, or a scenario line, can set. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/carrier/chars.h"

#define SETTINGS_PLACES 8
#define SETTINGS_ERRORS 16

struct settings {
	const char *name;
	const char *smpp[SETTINGS_PLACES], *cbsp[SETTINGS_PLACES], *smpp_dial[SETTINGS_PLACES],
		*cbsp_dial[SETTINGS_PLACES];
	const char *port_file, *report_file, *recipients_file, *clues_file, *scenario_file, *cells;
	bool print_ports, die_with_parent, live;
	uint64_t seed, expect;
	/* SMSC */
	const char *system_id, *password, *smsc_id;
	uint32_t rate, burst, window; /* 0: no limit; burst UINT32_MAX: rate / 10, at least 1 */
	uint32_t latency_min_us, latency_max_us;
	bool out_of_order, refuse_newer, early_receipts, receipts, receipts_all, id_decimal,
		receipt_id_decimal;
	bool dial_binds; /* --smpp-connect binds to the gateway instead of sending outbind */
	uint8_t version;
	enum chars_alphabet alphabet;
	struct {
		uint32_t status;
		unsigned int permille;
	} errors[SETTINGS_ERRORS];
	unsigned int n_errors, drop, lose, replies, unsuccess, congestion;
	uint32_t receipts_ms, enquire_s, disconnect_s, disconnect_after, garbage, stall;
	unsigned int error_body; /* 0 none, 1 a lone NUL, 2 a message id */
	/* BSC */
	const char *plmn, *lacs;
	unsigned int bsc_unknown, bsc_capacity, bsc_restart_s;
	bool period_u16, completed_lists;
};

void settings_default(struct settings *s);
/* One option by its long name, as on the command line. value NULL: a switch. Borrowed strings stay the
 * caller's. 0, or -EINVAL or (no such option) -ENOENT with *why. */
int settings_set(struct settings *s, const char *name, const char *value, const char **why);
/* The same while it runs, as in scenario lines: options that are looked at only at the start are refused. */
int settings_change(struct settings *s, const char *name, const char *value, const char **why);
/* The command line; prints help itself. Returns -1 to go on, else the exit status. */
int settings_args(void *ctx, struct settings *s, int argc, char **argv);

#define _GNU_SOURCE /* getopt_long */
#include "gateway/carrier/settings.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct def {
	const char *name, *arg, *help;
	enum { SWITCH, NUMBER, STRING, PLACES, SPECIAL, HEADING } kind;
	bool fixed; /* looked at when it starts only: no scenario can change it */
	size_t at;
	uint32_t max;
	int (*set)(struct settings *s, const char *value, const char **why);
};

#define AT(field) offsetof(struct settings, field)

void settings_default(struct settings *s)
{
	*s = (struct settings){.name = "carrier",
			       .system_id = NULL,
			       .smsc_id = "CARRIER",
			       .burst = UINT32_MAX,
			       .version = 0x50,
			       .alphabet = CHARS_GSM7,
			       .plmn = "460-00",
			       .seed = 1};
}

static int number(const char *text, uint32_t max, uint32_t *v)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || n > max)
		return -EINVAL;
	*v = (uint32_t)n;
	return 0;
}

static int set_seed(struct settings *s, const char *value, const char **why)
{
	uint32_t v = 0;
	int rc = number(value, UINT32_MAX, &v);

	*why = "wants a number";
	s->seed = v;
	return rc;
}

static int set_expect(struct settings *s, const char *value, const char **why)
{
	uint32_t v = 0;
	int rc = number(value, 1000000000, &v);

	*why = "wants a number up to a milliard";
	s->expect = v;
	return rc;
}

static int set_latency(struct settings *s, const char *value, const char **why)
{
	char a[16];
	const char *dash = strchr(value, '-');
	uint32_t lo, hi;

	*why = "wants milliseconds, or FROM-TO";
	snprintf(a, sizeof(a), "%.*s", dash ? (int)(dash - value) : 15, value);
	if (number(a, 600000, &lo) < 0)
		return -EINVAL;
	hi = lo;
	if (dash && (number(dash + 1, 600000, &hi) < 0 || hi < lo))
		return -EINVAL;
	s->latency_min_us = lo * 1000;
	s->latency_max_us = hi * 1000;
	return 0;
}

static int set_errors(struct settings *s, const char *value, const char **why)
{
	unsigned int n = 0, sum = 0;

	*why = "wants STATUS=PERMILLE,... with at most 16 entries and 1000 in all, or none";
	if (!strcmp(value, "none"))
		value = "";
	while (*value) {
		char one[32];
		size_t len = strcspn(value, ",");
		char *is;

		snprintf(one, sizeof(one), "%.*s", (int)len, value);
		is = strchr(one, '=');
		if (!is || n == SETTINGS_ERRORS)
			return -EINVAL;
		*is++ = '\0';
		if (number(one, UINT32_MAX, &s->errors[n].status) < 0 ||
		    number(is, 1000, &s->errors[n].permille) < 0)
			return -EINVAL;
		sum += s->errors[n++].permille;
		value += len + (value[len] == ',');
	}
	if (sum > 1000)
		return -EINVAL;
	s->n_errors = n;
	return 0;
}

static int set_receipts(struct settings *s, const char *value, const char **why)
{
	*why = "wants none, all, or milliseconds";
	s->receipts = strcmp(value, "none") != 0;
	s->receipts_ms = 0;
	return !s->receipts || !strcmp(value, "all") ? 0 : number(value, 86400000, &s->receipts_ms);
}

static int set_version(struct settings *s, const char *value, const char **why)
{
	*why = "wants 3.3, 3.4 or 5.0";
	s->version = !strcmp(value, "3.3")   ? 0x33
		     : !strcmp(value, "3.4") ? 0x34
		     : !strcmp(value, "5.0") ? 0x50
					     : 0;
	return s->version ? 0 : -EINVAL;
}

static int set_alphabet(struct settings *s, const char *value, const char **why)
{
	*why = "wants gsm7, ascii or latin1";
	s->alphabet = !strcmp(value, "ascii")    ? CHARS_ASCII
		      : !strcmp(value, "latin1") ? CHARS_LATIN1
						 : CHARS_GSM7;
	return s->alphabet != CHARS_GSM7 || !strcmp(value, "gsm7") ? 0 : -EINVAL;
}

/* One of two words. */
static int either(const char *value, const char *no, const char *yes, bool *at)
{
	*at = !strcmp(value, yes);
	return *at || !strcmp(value, no) ? 0 : -EINVAL;
}

static int set_id(struct settings *s, const char *value, const char **why)
{
	*why = "wants hex or dec";
	return either(value, "hex", "dec", &s->id_decimal);
}

static int set_receipt_id(struct settings *s, const char *value, const char **why)
{
	*why = "wants hex or dec";
	return either(value, "hex", "dec", &s->receipt_id_decimal);
}

static int set_dial(struct settings *s, const char *value, const char **why)
{
	*why = "wants outbind or bind";
	return either(value, "outbind", "bind", &s->dial_binds);
}

static int set_period(struct settings *s, const char *value, const char **why)
{
	*why = "wants ts or u16";
	return either(value, "ts", "u16", &s->period_u16);
}

static int set_error_body(struct settings *s, const char *value, const char **why)
{
	*why = "wants none, nul or id";
	s->error_body = !strcmp(value, "nul") ? 1 : !strcmp(value, "id") ? 2 : 0;
	return s->error_body || !strcmp(value, "none") ? 0 : -EINVAL;
}

static int set_lacs(struct settings *s, const char *value, const char **why)
{
	*why = "wants LAC,... with LACs up to 65535";
	s->lacs = value;
	for (const char *p = value;; p++) {
		char one[8];
		uint32_t lac;

		snprintf(one, sizeof(one), "%.*s", (int)strcspn(p, ","), p);
		if (number(one, 65535, &lac) < 0)
			return -EINVAL;
		p += strcspn(p, ",");
		if (!*p)
			return 0;
	}
}

/* What follows the help: .fixed = true. */
#define GROUP(n)                                                                                             \
	{                                                                                                    \
		.kind = HEADING, .name = n                                                                   \
	}
#define ON(n, field, ...)                                                                                    \
	{                                                                                                    \
		.kind = SWITCH, .name = n, .at = AT(field), .help = __VA_ARGS__                              \
	}
#define TEXT(n, a, field, ...)                                                                               \
	{                                                                                                    \
		.kind = STRING, .name = n, .arg = a, .at = AT(field), .help = __VA_ARGS__                    \
	}
#define WHERE(n, a, field, h)                                                                                \
	{                                                                                                    \
		.kind = PLACES, .name = n, .arg = a, .at = AT(field), .help = h, .fixed = true               \
	}
#define COUNT(n, a, field, m, h)                                                                             \
	{                                                                                                    \
		.kind = NUMBER, .name = n, .arg = a, .help = h, .at = AT(field), .max = m                    \
	}
#define OTHER(n, a, fn, ...)                                                                                 \
	{                                                                                                    \
		.kind = SPECIAL, .name = n, .arg = a, .set = fn, .help = __VA_ARGS__                         \
	}

static const struct def defs[] = {
	GROUP("General"),
	TEXT("name", "NAME", name, "how it calls itself in status lines and reports"),
	TEXT("report", "FILE", report_file, "JSON report, written at the end and on SIGUSR1"),
	TEXT("recipients", "FILE", recipients_file, "with the report: one line per recipient and text"),
	TEXT("clues-file", "FILE", clues_file, "with the report: one line per reply sent"),
	TEXT("scenario", "FILE", scenario_file, "timed lines, see reunion-carrier(1)", .fixed = true),
	OTHER("seed", "N", set_seed, "of all that is random (default 1)", .fixed = true),
	OTHER("expect", "N", set_expect, "recipients to make room for at once", .fixed = true),
	OTHER("latency-ms", "A[-B]", set_latency, "answers are delayed"),
	ON("out-of-order", out_of_order, "delayed answers may overtake each other"),
	TEXT("port-file", "FILE", port_file, "writes the ports taken (\"smpp 2775\" lines)", .fixed = true),
	ON("print-ports", print_ports, "prints the same to stdout", .fixed = true),
	ON("die-with-parent", die_with_parent, "ends when the parent process ends", .fixed = true),
	ON("live", live, "a status line on the terminal"),
	GROUP("SMSC (SMPP 3.4 and 5.0)"),
	WHERE("smpp", "[ADDR:]PORT", smpp, "listens; may be given again; port 0: any free one"),
	WHERE("smpp-connect", "ADDR:PORT", smpp_dial, "dials out; may be given again"),
	OTHER("dial", "outbind|bind", set_dial, "what it does on a dialled connection (default outbind)"),
	TEXT("system-id", "ID", system_id,
	     "credentials it asks for (default: takes all); used too where it dials"),
	TEXT("password", "TEXT", password, "better: --password-file"),
	OTHER("password-file", "FILE", NULL, "first line of FILE", .fixed = true),
	TEXT("smsc-id", "ID", smsc_id, "its own system_id in answers (default CARRIER)"),
	OTHER("interface-version", "3.3|3.4|5.0", set_version, "the newest it speaks (default 5.0)"),
	ON("refuse-newer", refuse_newer, "a bind with a newer version is refused, not lowered"),
	OTHER("default-alphabet", "gsm7|ascii|latin1", set_alphabet, "of data_coding 0"),
	COUNT("rate", "N", rate, UINT32_MAX - 1, "parts a second; above it ESME_RTHROTTLED; 0: no limit"),
	COUNT("burst", "N", burst, UINT32_MAX - 1, "parts above the rate in one second (default rate / 10)"),
	COUNT("window", "N", window, UINT32_MAX, "unanswered requests allowed; more is a violation"),
	COUNT("congestion", "0..100", congestion, 100, "congestion_state in 5.0 answers"),
	OTHER("errors", "STATUS=PERMILLE,...", set_errors,
	      "answers submits with errors, e.g. 0x58=10,0x0B=5"),
	OTHER("error-body", "none|nul|id", set_error_body, "what follows the header of such an answer"),
	COUNT("unsuccess", "PERMILLE", unsuccess, 1000, "destinations of submit_multi that fail with 0x0B"),
	COUNT("drop", "PERMILLE", drop, 1000, "submits taken but never answered"),
	COUNT("lose", "PERMILLE", lose, 1000, "submits neither taken nor answered"),
	OTHER("receipts", "none|all|MS", set_receipts, "receipts to who asked for them, at once or after MS"),
	ON("early-receipts", early_receipts, "receipts leave before the response"),
	OTHER("id-format", "hex|dec", set_id, "of message_id in responses"),
	OTHER("receipt-id-format", "hex|dec", set_receipt_id, "of the id in receipts"),
	COUNT("replies", "PERMILLE", replies, 1000, "recipients that answer with a clue"),
	COUNT("enquire-link", "SECONDS", enquire_s, 86400, "sends enquire_link itself"),
	COUNT("disconnect-every", "SECONDS", disconnect_s, 86400, "drops all SMPP connections"),
	COUNT("disconnect-after", "N", disconnect_after, UINT32_MAX,
	      "drops the connection after every N submits"),
	COUNT("garbage", "N", garbage, UINT32_MAX, "every N-th answer to a submit is garbage"),
	COUNT("stall", "N", stall, UINT32_MAX, "stops reading after N submits; 0 reads on"),
	GROUP("BSC (CBSP)"),
	WHERE("cbsp", "[ADDR:]PORT", cbsp, "listens; may be given again"),
	WHERE("cbsp-connect", "ADDR:PORT", cbsp_dial, "dials out; may be given again"),
	TEXT("plmn", "MCC-MNC", plmn, "of cells named without it (default 460-00)", .fixed = true),
	OTHER("bsc-lacs", "LAC,...", set_lacs, "cells of other LACs are unknown"),
	TEXT("bsc-cells", "LAC-CI,...", cells, "the only cells there are; with neither, every cell exists", .fixed = true),
	COUNT("bsc-unknown", "PERMILLE", bsc_unknown, 1000, "cells that are unknown all the same"),
	COUNT("bsc-capacity", "N", bsc_capacity, 1000000, "messages a cell can hold (beyond: cause 6)"),
	COUNT("bsc-restart-every", "SECONDS", bsc_restart_s, 86400, "loses all messages and says RESTART"),
	OTHER("bsc-period", "ts|u16", set_period, "how the repetition period is read"),
	ON("bsc-completed-lists", completed_lists, "COMPLETE messages tell the number of broadcasts"),
};

static int add_place(const char **list, const char *value, const char **why)
{
	const char *colon = strrchr(value, ':');
	uint32_t port;

	*why = "wants [ADDR:]PORT with a port up to 65535";
	if (number(colon ? colon + 1 : value, 65535, &port) < 0)
		return -EINVAL;
	for (int i = 0; i < SETTINGS_PLACES; i++) {
		if (list[i])
			continue;
		list[i] = value;
		return 0;
	}
	*why = "is given too often";
	return -EINVAL;
}

static int set_one(struct settings *s, const struct def *d, const char *value, const char **why)
{
	void *at = (char *)s + d->at;

	switch (d->kind) {
	case SWITCH:
		*why = "wants on or off";
		return either(value ? value : "on", "off", "on", at);
	case NUMBER:
		*why = "wants a number in range";
		return number(value, d->max, at);
	case STRING:
		*(const char **)at = value;
		return 0;
	case PLACES:
		return add_place(at, value, why);
	default:
		break;
	}
	*why = "cannot be changed here";
	return d->set ? d->set(s, value, why) : -EINVAL;
}

static const struct def *def_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (defs[i].kind != HEADING && !strcmp(defs[i].name, name))
			return &defs[i];
	return NULL;
}

int settings_set(struct settings *s, const char *name, const char *value, const char **why)
{
	const struct def *d = def_of(name);

	*why = d ? "wants a value" : "no such option";
	if (!d)
		return -ENOENT;
	return value || d->kind == SWITCH ? set_one(s, d, value, why) : -EINVAL;
}

int settings_change(struct settings *s, const char *name, const char *value, const char **why)
{
	const struct def *d = def_of(name);

	*why = "cannot be changed while it runs";
	return d && d->fixed ? -EINVAL : settings_set(s, name, value, why);
}

static int read_password(void *ctx, struct settings *s, const char *file)
{
	char line[64];
	FILE *f = fopen(file, "re");

	if (!f || !fgets(line, sizeof(line), f)) {
		fprintf(stderr, "reunion-carrier: %s: cannot read the password: %s\n", file,
			f ? "empty" : strerror(errno));
		if (f)
			fclose(f);
		return -EINVAL;
	}
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	s->password = talloc_strdup(ctx, line);
	return 0;
}

static void help(void)
{
	printf("Usage: reunion-carrier [OPTION]...\n"
	       "A carrier to try alerts against: an SMSC (SMPP) and a BSC (CBSP) in one process.\n"
	       "It takes what is sent, checks it strictly and reports what arrived where.\n");
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++) {
		char left[64];

		if (defs[i].kind == HEADING) {
			printf("\n%s:\n", defs[i].name);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s", defs[i].name, defs[i].arg ? " " : "",
			 defs[i].arg ? defs[i].arg : "");
		printf("  %-34s %s\n", left, defs[i].help);
	}
	printf("  %-34s %s\n", "--help, --version", "this text; the version");
	printf("\nExamples:\n"
	       "  reunion-carrier --smpp 2775 --report cm.json --live\n"
	       "  reunion-carrier --smpp 0 --cbsp 0 --port-file ports --rate 500 --errors 0x58=10,0x0B=5 \\\n"
	       "                  --latency-ms 20-80 --receipts 3000 --replies 5 --report cm.json\n"
	       "  reunion-carrier --smpp-connect 10.0.0.7:2775 --system-id police --password-file pw\n"
	       "It runs until SIGTERM or SIGINT. Exit status: 0 ended as told, 1 trouble, 2 usage.\n");
}

/* The exit status after what was only to be printed. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "reunion-carrier: standard output: cannot be written\n");
	return 1;
}

static int usage(const char *name, const char *why)
{
	fprintf(stderr, "reunion-carrier: --%s: %s; see --help\n", name, why);
	return 2;
}

int settings_args(void *ctx, struct settings *s, int argc, char **argv)
{
	struct option opts[ARRAY_SIZE(defs) + 3] = {0};
	int n = 0, c, which;

	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (defs[i].kind != HEADING)
			opts[n++] = (struct option){
				defs[i].name, defs[i].kind == SWITCH ? no_argument : required_argument, 0, 1};
	opts[n++] = (struct option){"help", no_argument, 0, 'h'};
	opts[n++] = (struct option){"version", no_argument, 0, 'v'};
	while ((c = getopt_long(argc, argv, "h", opts, &which)) != -1) {
		const char *why = NULL;

		if (c == '?')
			return 2;
		if (c == 'h')
			help();
		if (c == 'v')
			printf("reunion-carrier (reunion-gateway)\n");
		if (c != 1)
			return printed();
		if (!strcmp(opts[which].name, "password-file")) {
			if (read_password(ctx, s, optarg) < 0)
				return 1;
		} else if (settings_set(s, opts[which].name, optarg, &why) < 0) {
			return usage(opts[which].name, why);
		}
	}
	if (optind < argc)
		return usage(argv[optind], "no such argument");
	if (!s->smpp[0] && !s->cbsp[0] && !s->smpp_dial[0] && !s->cbsp_dial[0])
		return usage("smpp",
			     "nothing to serve: give --smpp, --cbsp, --smpp-connect or --cbsp-connect");
	return -1;
}

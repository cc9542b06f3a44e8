/* conf: the gateway's one configuration file (libconfig), read whole, checked whole.
 *
 * conf_load() reports every problem it finds as "file:line: what is wrong; what is expected" and yields nothing unless
 * all is right. The tree is immutable, owned by its talloc parent; strings are children. Times in seconds, rates in
 * message parts (or CBSP requests) a second; 0 rate = unlimited. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cellmap/cellmap.h"

struct conf_problem {
	char *file;
	unsigned int line;
	char *key; /* path such as carriers[0].links[1].rate, may be NULL */
	char *text;
};
struct conf_problems {
	struct conf_problem *v;
	size_t n;
};

struct conf_endpoint {
	char *address;
	uint16_t port;
}; /* address NULL: switched off */

struct conf_table {
	char *file, *format, *columns, *datum;
};

struct conf_box {
	double south, west, north, east; /* west > east: crosses 180 degrees */
};

struct conf_field {
	char *ours, *theirs;
};

struct conf_agency {
	char *name, *spool;
	char **keys; /* minisign public keys, base64 line */
	size_t n_keys;
	bool allow_unsigned;
	char **types; /* allow_types */
	size_t n_types;
	double max_radius_km, max_ring_km;
	struct conf_box *jurisdiction; /* none = anywhere */
	size_t n_jurisdiction;
	struct conf_field *fields;
	size_t n_fields;
};

struct conf_ring {
	uint32_t after_s;
	double radius_km;
};

struct conf_text {
	char *language; /* "zh", two letters */
	uint16_t message_identifier;
	uint16_t exercise_identifier; /* default 4381 for the first language, 4394 for others */
	char *broadcast, *sms, *found; /* templates */
	unsigned int line;
};

struct conf_type {
	char *name;
	double radius_km;
	uint32_t deadline_s, lifetime_s, repetition_s;
	struct conf_ring *rings;
	size_t n_rings;
	struct conf_text *texts;
	size_t n_texts;
};

enum conf_link_type { LINK_SMPP, LINK_CBSP };
enum conf_link_mode { MODE_CONNECT, MODE_LISTEN };
enum conf_bind { BIND_TRANSCEIVER, BIND_TRANSMITTER, BIND_RECEIVER, BIND_PAIR };
enum conf_addressing { ADDR_SUBSCRIBERS, ADDR_CELLS, ADDR_BROADCAST };
enum conf_areas { AREAS_CELLS, AREAS_CIRCLE, AREAS_NAMES };
enum conf_long { LONG_UDH16, LONG_UDH8, LONG_SAR, LONG_PAYLOAD };
enum conf_alphabet { ALPHABET_GSM7, ALPHABET_LATIN1, ALPHABET_ASCII, ALPHABET_UCS2 };
enum conf_validity { VALIDITY_RELATIVE, VALIDITY_ABSOLUTE, VALIDITY_NONE };
enum conf_deliver { DELIVER_SM, DELIVER_DATA_SM };
enum conf_receipts { RECEIPTS_NONE, RECEIPTS_ALL, RECEIPTS_FAILURES, RECEIPTS_SAMPLE };

struct conf_status_class { /* override of FACTS' table: status -> class */
	uint32_t status;
	char class; /* 'P' permanent, 'T' transient, 'X' throttle, 'S' session */
};

struct conf_tlv { /* put behind every message */
	uint16_t tag;
	char *hex; /* its value, two digits an octet; "" = empty */
};

struct conf_link {
	char *name;
	enum conf_link_type type;
	enum conf_link_mode mode;
	char *address;
	uint16_t port;
	double rate;	       /* parts (SMPP) or requests (CBSP) a second */
	uint32_t burst;	       /* default: SMPP max(1, rate/10), CBSP the same */
	uint32_t window;       /* unanswered PDUs or requests; default 10 (SMPP), 4 (CBSP) */
	uint32_t connect_timeout_s, response_timeout_s, enquire_link_s; /* CBSP: enquire = keep-alive */
	char **callers; /* addresses that may dial in; none = all */
	size_t n_callers;
	/* SMPP */
	uint32_t session_init_s, unbind_s, inactivity_s; /* inactivity_s 0 = never */
	uint32_t reconnect_s, reconnect_max_s;
	uint32_t rehearse_min; /* minutes between two trials of an idle link, 0 = none */
	char *rehearse_number; /* NULL: by enquire_link */
	enum conf_bind bind;
	uint32_t binds; /* that send at one time */
	uint8_t interface_version; /* 0x34 or 0x50 */
	char *system_id, *password_file, *password, *system_type; /* password: read from the file, never logged */
	enum conf_addressing addressing;
	enum conf_areas areas;
	struct {
		uint8_t ton, npi;
		char *address;
	} source;
	enum conf_long long_messages;
	enum conf_deliver deliver_as;
	struct conf_tls {
		bool on;
		char *ca_file; /* NULL (listen): callers need no certificate */
		char *name;    /* in the peer's certificate; NULL: the link's address (listen: any) */
		char *certificate_file, *key_file;
		char *pin; /* SHA-256 of the peer's public key in hex, NULL: none */
	} tls;
	enum conf_receipts receipts;
	bool cancel_sm;		/* a recall asks messages back */
	double receipts_sample; /* 0..1 for RECEIPTS_SAMPLE */
	bool gsm7;		/* data_coding 0 is GSM 03.38 (default true); false: always UCS-2 */
	enum conf_alphabet alphabet; /* of texts, where it holds them; else UCS-2 */
	uint8_t *shifts, *locks; /* enum smpp_shift: single and locking tables */
	size_t n_shifts, n_locks;
	uint8_t priority, protocol_id;
	enum conf_validity validity;
	struct conf_tlv *tlvs;
	size_t n_tlvs;
	char **test_numbers;
	size_t n_test_numbers;
	char **languages; /* none = every text */
	size_t n_languages;
	char *service_type;
	uint32_t max_tries; /* transient answers per unit, default 5, at most 7 */
	struct conf_status_class *classes;
	size_t n_classes;
	/* CBSP */
	uint16_t *lacs; /* none = all GSM cells of the carrier */
	size_t n_lacs;
	bool repetition_u16; /* repetition_coding = "u16" */
	uint32_t cells_per_request; /* default 500, at most 1000 */
	unsigned int line;
};

struct conf_network {
	uint16_t mcc, mnc;
	uint8_t mnc_digits;
};

struct conf_carrier {
	char *name;
	struct conf_network *networks;
	size_t n_networks;
	double rate;	   /* over all SMPP links together; 0 = unlimited */
	char *subscribers; /* SUBS file, may be NULL */
	struct conf_link *links;
	size_t n_links;
};

struct conf {
	char *file;
	char *name, *state_directory, *control_socket;
	struct conf_endpoint vty, http;
	char *agentx_socket; /* NULL: no SNMP */
	struct {
		struct conf_table *tables;
		size_t n_tables;
		char *map;
		enum cell_select select;
		double max_range_m;
		uint32_t strict; /* permille of a table's rows that may be dropped */
	} cellmap;
	struct conf_agency *agencies;
	size_t n_agencies;
	struct conf_type *types;
	size_t n_types;
	struct conf_carrier *carriers;
	size_t n_carriers;
	struct conf_spot *spots; /* where each field stands in the file (conf_read.c) */
	size_t n_spots;
};

#define CONF_MAX_OCTETS (1 << 20)
#define CONF_RATE_LEAST 0.001 /* of a limited rate; what is shown of rates is rounded to it, and 0 means unlimited */

/* 0 and *conf, or -errno with problems filled (child of ctx either way). */
int conf_load(void *ctx, const char *file, struct conf **conf, struct conf_problems *problems);
/* The same from octets, without password files; file is only for messages and relative paths. Pure. */
int conf_parse(void *ctx, const char *file, const uint8_t *data, size_t len, struct conf **conf, struct conf_problems *problems);
/* conf_load() and conf_check_world() in one: the problems of both in one run (`reuniond -t`). */
int conf_load_whole(void *ctx, const char *file, struct conf **conf, struct conf_problems *problems);
/* Checks that need the world: folders exist and are writable, password files, tables, keys.
 * 0, or -EBADMSG with problems filled. */
int conf_check_world(void *ctx, const struct conf *conf, struct conf_problems *problems);
/* What is allowed but should be known at every start: unsigned triggers, rate 0, rings beyond an agency's limit ... */
void conf_warnings(void *ctx, const struct conf *conf, struct conf_problems *warnings);
const char *conf_problem_line(void *ctx, const struct conf_problem *p); /* "file:line: key: text" */
const struct conf_agency *conf_agency(const struct conf *conf, const char *name);
const struct conf_type *conf_type(const struct conf *conf, const char *name);
const struct conf_carrier *conf_carrier_of(const struct conf *conf, const char *link_name, const struct conf_link **link);

#include "gateway/conf_keys.h"
#include <math.h>
#include <stddef.h>
#include "gateway/conf_take.h"

#define AT(s, f)   .at = offsetof(struct s, f)
#define LIST(s, f) .at = offsetof(struct s, f), .at_n = offsetof(struct s, n_##f)
#define MUST       .required = true
#define SMPP       .only = CONF_ONLY_SMPP
#define CBSP       .only = CONF_ONLY_CBSP

static const char *const selects[] = {"coverage", "site", NULL};
static const char *const link_types[] = {"smpp", "cbsp", NULL};
static const char *const modes[] = {"connect", "listen", NULL};
static const char *const binds[] = {"transceiver", "transmitter", "receiver", "pair", NULL};
static const char *const addressings[] = {"subscribers", "cells", "broadcast", NULL};
static const char *const area_kinds[] = {"cells", "circle", "names", NULL};
static const char *const alphabets[] = {"gsm7", "latin1", "ascii", "ucs2", NULL};
static const char *const validities[] = {"relative", "absolute", "none", NULL};
static const char *const delivers[] = {"deliver_sm", "data_sm", NULL};
static const char *const longs[] = {"udh16", "udh8", "sar", "payload", NULL};

static const struct conf_key endpoint_keys[] = {
	{"address", CONF_TEXT, AT(conf_endpoint, address), MUST, .max = 64, .doc = "Address to listen on."},
	{"port", CONF_U16, AT(conf_endpoint, port), MUST, .min = 1, .max = 65535,
	 .doc = "TCP port to listen on."},
	{NULL},
};

static const struct conf_key agentx_keys[] = {
	{"socket", CONF_TEXT, AT(conf, agentx_socket), MUST,
	 .doc = "Where snmpd listens for AgentX: a socket's path, or a transport of net-snmp such as "
		"tcp:localhost:705."},
	{NULL},
};

static const struct conf_key gateway_keys[] = {
	{"name", CONF_TAKE, AT(conf, name), .take = conf_take_name, .preset = "reunion",
	 .doc = "Name of this gateway, as the NOC sees it."},
	{"state_directory", CONF_PATH, AT(conf, state_directory), MUST,
	 .doc = "Folder of the ledger, the serial numbers and clues that belong to no alert."},
	{"control_socket", CONF_PATH, AT(conf, control_socket), .max = 107,
	 .preset = "/run/reunion/control.sock", .doc = "Socket on which reuniond answers the reunion tool."},
	{"vty", CONF_GROUP, AT(conf, vty), .keys = endpoint_keys, .doc = "Telnet terminal. Left out: none."},
	{"agentx", CONF_GROUP, .keys = agentx_keys,
	 .doc = "SNMP by way of a stock snmpd. Left out: no SNMP."},
	{"http", CONF_GROUP, AT(conf, http), .keys = endpoint_keys,
	 .doc = "Status page and /metrics. Left out: none."},
	{NULL},
};

static const struct conf_key table_keys[] = {
	{"file", CONF_PATH, AT(conf_table, file), MUST, .doc = "Cell-site table, CSV or GeoJSON, also .gz."},
	{"format", CONF_TAKE, AT(conf_table, format), .take = conf_take_format, .preset = "opencellid",
	 .doc = "opencellid, or columns together with the key of that name."},
	{"columns", CONF_TEXT, AT(conf_table, columns),
	 .doc = "Own columns, by number or name, or one value for all rows, as in radio:LTE,mcc=2,lat=LATITUDE "
		"for each column; see reunion-cellmap(1)."},
	{"datum", CONF_TAKE, AT(conf_table, datum), .take = conf_take_datum, .preset = "wgs84",
	 .doc = "Datum of the table's positions: wgs84, gcj02 or bd09. Never guessed."},
	{NULL},
};

static const struct conf_key cellmap_keys[] = {
	{"tables", CONF_LIST, AT(conf, cellmap.tables), .at_n = offsetof(struct conf, cellmap.n_tables),
	 .size = sizeof(struct conf_table), .keys = table_keys, .max = 256,
	 .doc = "Tables of which the map is built when it is missing or older than they are. Left out: the "
		"map is used as it is. Of two rows with one key, that of the table named first wins: the carrier's "
		"own comes first."},
	{"map", CONF_PATH, AT(conf, cellmap.map), MUST, 
	 .doc = "The map that is made of them. Replaced by rename only, as reunion cellmap build does it: its pages are in use."},
	{"select", CONF_CHOICE, AT(conf, cellmap.select), .choices = selects, .preset = "coverage",
	 .doc = "Cells of an area: coverage (site's distance minus range within the radius) or site (site "
		"within the radius)."},
	{"max_range_m", CONF_REAL, AT(conf, cellmap.max_range_m), .above = true, .max = 1000000,
	 .preset = "35000", .doc = "Ranges longer than this are cut to it, in metres."},
	{"strict", CONF_U32, AT(conf, cellmap.strict), .max = 1000, .preset = "1000",
	 .doc = "No map is made when more than this many of 1000 rows of a table are dropped as faulty; the old "
		"map stays."},
	{NULL},
};

static const struct conf_key box_keys[] = {
	{"south", CONF_REAL, AT(conf_box, south), MUST, .min = -90, .max = 90, .doc = "Degrees of latitude."},
	{"west", CONF_REAL, AT(conf_box, west), MUST, .min = -180, .max = 180,
	 .doc = "Degrees of longitude; greater than east when the box crosses 180 degrees."},
	{"north", CONF_REAL, AT(conf_box, north), MUST, .min = -90, .max = 90, .doc = "Degrees of latitude."},
	{"east", CONF_REAL, AT(conf_box, east), MUST, .min = -180, .max = 180,
	 .doc = "Degrees of longitude."},
	{NULL},
};

static const struct conf_key field_keys[] = {
	{"ours", CONF_TEXT, AT(conf_field, ours), MUST, .max = 64,
	 .doc = "Key of a trigger as in reunion.trigger(5), such as location.lat."},
	{"theirs", CONF_TEXT, AT(conf_field, theirs), MUST, .max = 64,
	 .doc = "What this agency writes instead; dots for keys inside groups."},
	{NULL},
};

static const struct conf_key agency_keys[] = {
	{"name", CONF_TAKE, AT(conf_agency, name), MUST, .take = conf_take_name,
	 .doc = "Name, unique among agencies."},
	{"spool", CONF_PATH, AT(conf_agency, spool), MUST,
	 .doc = "Folder into which the agency drops its triggers. It must exist."},
	{"keys", CONF_TEXTS, LIST(conf_agency, keys), .max = 64,
	 .doc = "minisign public keys (the line that begins with RW); each may sign. Needed unless "
		"allow_unsigned."},
	{"allow_unsigned", CONF_FLAG, AT(conf_agency, allow_unsigned), .preset = "false",
	 .doc = "Take triggers without a signature. Only for trials; reuniond says so at every start."},
	{"allow_types", CONF_TEXTS, .at = offsetof(struct conf_agency, types),
	 .at_n = offsetof(struct conf_agency, n_types), MUST, .min = 1, .max = 64,
	 .doc = "The alert types it may use."},
	{"max_radius_km", CONF_REAL, AT(conf_agency, max_radius_km), .above = true, .max = 20037,
	 .preset = "100", .doc = "Largest radius of a trigger; a larger one is rejected, not reduced."},
	{"max_ring_km", CONF_REAL, AT(conf_agency, max_ring_km), .above = true, .max = 20037,
	 .preset_shown = "max_radius_km", .doc = "Largest ring that an alert of this agency may grow to."},
	{"jurisdiction", CONF_LIST, LIST(conf_agency, jurisdiction), .size = sizeof(struct conf_box),
	 .keys = box_keys, .max = 256,
	 .doc = "Boxes in WGS-84; an alert's centre must lie in one. Left out: anywhere."},
	{"fields", CONF_LIST, LIST(conf_agency, fields), .size = sizeof(struct conf_field),
	 .keys = field_keys, .max = 64, .doc = "The agency's own names of keys."},
	{NULL},
};

static const struct conf_key ring_keys[] = {
	{"after_s", CONF_U32, AT(conf_ring, after_s), MUST, .min = 1, .max = 31536000,
	 .doc = "Seconds since missing_since (reported_at when that is absent)."},
	{"radius_km", CONF_REAL, AT(conf_ring, radius_km), MUST, .above = true, .max = 20037,
	 .doc = "Radius from then on."},
	{NULL},
};

static const struct conf_key text_keys[] = {
	{"language", CONF_TAKE, AT(conf_text, language), MUST, .take = conf_take_language,
	 .doc = "Two letters of ISO 639-1, such as zh."},
	{"message_identifier", CONF_U16, AT(conf_text, message_identifier), .min = 1, .max = 65535,
	 .preset_shown = "4379 for the first text, 4392 for others",
	 .doc = "Cell-broadcast message identifier (TS 23.041 9.4.1.2.2)."},
	{"exercise_identifier", CONF_U16, AT(conf_text, exercise_identifier), .min = 1, .max = 65535,
	 .preset_shown = "4381 for the first text, 4394 for others",
	 .doc = "The identifier of an exercise: one that phones do not show to the public."},
	{"broadcast", CONF_TEXT, AT(conf_text, broadcast), MUST, .max = 8192, .newline = true, .min = 1,
	 .doc = "Template of the cell-broadcast text."},
	{"sms", CONF_TEXT, AT(conf_text, sms), MUST, .max = 8192, .newline = true, .min = 1,
	 .doc = "Template of the short message."},
	{"found", CONF_TEXT, AT(conf_text, found), MUST, .max = 8192, .newline = true, .min = 1,
	 .doc = "Template of the text that goes out when the alert is cancelled."},
	{NULL},
};

static const struct conf_key type_keys[] = {
	{"name", CONF_TAKE, AT(conf_type, name), MUST, .take = conf_take_name,
	 .doc = "Name, unique among types."},
	{"radius_km", CONF_REAL, AT(conf_type, radius_km), .above = true, .max = 20037, .preset = "100",
	 .doc = "Radius when the trigger gives none."},
	{"deadline_s", CONF_U32, AT(conf_type, deadline_s), .min = 1, .max = 604800, .preset = "3600",
	 .doc = "Seconds after reported_at by which all must have gone out."},
	{"lifetime_s", CONF_U32, AT(conf_type, lifetime_s), .min = 60, .max = 2592000, .preset = "86400",
	 .doc = "Seconds after reported_at at which the alert ends; older triggers are rejected."},
	{"repetition_s", CONF_U32, AT(conf_type, repetition_s), .min = 2, .max = 7710, .preset = "60",
	 .doc = "Seconds between two broadcasts of a page by a cell."},
	{"rings", CONF_LIST, LIST(conf_type, rings), .size = sizeof(struct conf_ring), .keys = ring_keys,
	 .max = 16,
	 .doc = "Steps by which the area grows; each serves only cells not served before. Left out: it does "
		"not grow."},
	{"texts", CONF_LIST, LIST(conf_type, texts), .size = sizeof(struct conf_text), .keys = text_keys,
	 MUST, .min = 1, .max = 8, .doc = "The texts, one a language."},
	{NULL},
};

static const struct conf_key source_keys[] = {
	{"ton", CONF_U8, AT(conf_link, source.ton), .max = 7, .preset = "0", .doc = "Type of number."},
	{"npi", CONF_U8, AT(conf_link, source.npi), .max = 18, .preset = "0",
	 .doc = "Numbering plan indicator."},
	{"address", CONF_TEXT, AT(conf_link, source.address), .max = 20, MUST,
	 .doc = "Sender's address; at most 11 characters with ton 5."},
	{NULL},
};

static const struct conf_key tls_keys[] = {
	{"ca_file", CONF_PATH, AT(conf_link, tls.ca_file),
	 .doc = "Certificates (PEM) that the carrier's must descend from. Needed when we dial; with listen and left "
		"out, callers show no certificate."},
	{"name", CONF_TEXT, AT(conf_link, tls.name), .min = 1, .max = 253,
	 .preset_shown = "the link's address; any with listen",
	 .doc = "Name or address that the carrier's certificate must have."},
	{"certificate_file", CONF_PATH, AT(conf_link, tls.certificate_file),
	 .doc = "Our certificate and its chain (PEM), when the carrier asks for one. Needed with listen."},
	{"key_file", CONF_PATH, AT(conf_link, tls.key_file),
	 .doc = "Its private key (PEM). Only its owner may read it."},
	{"pin", CONF_TAKE, AT(conf_link, tls.pin), .take = conf_take_pin,
	 .doc = "SHA-256 of the carrier's public key (its SubjectPublicKeyInfo) as 64 hex digits: besides the "
		"chain, it must be this key."},
	{NULL},
};

static const struct conf_key tlv_keys[] = {
	{"tag", CONF_U16, AT(conf_tlv, tag), MUST, .min = 1, .max = 65535, .doc = "Its tag, such as 0x1401."},
	{"hex", CONF_TAKE, AT(conf_tlv, hex), MUST, .take = conf_take_hex, .min = 0, .max = 255,
	 .doc = "Its value, two hex digits an octet; may be empty."},
	{NULL},
};

static const struct conf_key class_keys[] = {
	{"status", CONF_U32, AT(conf_status_class, status), MUST, .min = 1, .max = 4294967295.0,
	 .doc = "command_status of an answer."},
	{"class", CONF_TAKE, AT(conf_status_class, class), MUST, .take = conf_take_class,
	 .doc = "What it means: permanent, transient, throttle or session."},
	{NULL},
};

const struct conf_key conf_keys_link[] = {
	{"name", CONF_TAKE, AT(conf_link, name), MUST, .take = conf_take_name,
	 .doc = "Name, unique among all links."},
	{"type", CONF_CHOICE, AT(conf_link, type), MUST, .choices = link_types, .doc = "Protocol."},
	{"mode", CONF_CHOICE, AT(conf_link, mode), .choices = modes, .preset = "connect",
	 .doc = "Who dials: connect (we) or listen (the carrier)."},
	{"address", CONF_TEXT, AT(conf_link, address), MUST, .doc = "Host to dial, or address to listen on."},
	{"port", CONF_U16, AT(conf_link, port), MUST, .min = 1, .max = 65535, .doc = "Its TCP port."},
	{"rate", CONF_REAL, AT(conf_link, rate), MUST, .max = 1000000,
	 .doc = "Message parts (smpp) or requests (cbsp) a second that were agreed. 0: unlimited, for "
		"trials."},
	{"burst", CONF_U32, AT(conf_link, burst), .min = 1, .max = 1000000,
	 .preset_shown = "rate / 10, at least 1", .doc = "Parts that may leave at once beyond the rate."},
	{"window", CONF_U32, AT(conf_link, window), .min = 1, .max = 65535,
	 .preset_shown = "10 (smpp), 4 (cbsp)",
	 .doc = "Requests that may wait for their answer at one time."},
	{"connect_timeout_s", CONF_U32, AT(conf_link, connect_timeout_s), .min = 1, .max = 300,
	 .preset = "10", .doc = "Seconds for connection and bind."},
	{"response_timeout_s", CONF_U32, AT(conf_link, response_timeout_s), .min = 1, .max = 300,
	 .preset = "10", .doc = "Seconds after which an answer counts as lost."},
	{"enquire_link_s", CONF_U32, AT(conf_link, enquire_link_s), .min = 1, .max = 3600, .preset = "30",
	 .doc = "Seconds of silence before enquire_link (smpp) or keep-alive (cbsp)."},
	{"session_init_s", CONF_U32, AT(conf_link, session_init_s), SMPP, .min = 1, .max = 300, .preset = "10",
	 .doc = "Seconds that a caller has for its outbind or bind (listen)."},
	{"unbind_s", CONF_U32, AT(conf_link, unbind_s), SMPP, .min = 1, .max = 60, .preset = "5",
	 .doc = "Seconds for the answer to unbind."},
	{"inactivity_s", CONF_U32, AT(conf_link, inactivity_s), SMPP, .min = 0, .max = 86400, .preset = "0",
	 .doc = "Seconds without a message after which a carrier that bound to us is unbound (listen). 0: never."},
	{"reconnect_s", CONF_U32, AT(conf_link, reconnect_s), SMPP, .min = 1, .max = 600, .preset = "1",
	 .doc = "Seconds before the first new attempt to connect; they double each time."},
	{"reconnect_max_s", CONF_U32, AT(conf_link, reconnect_max_s), SMPP, .min = 1, .max = 3600, .preset = "60",
	 .doc = "Most seconds between two attempts."},
	{"rehearse_min", CONF_U32, AT(conf_link, rehearse_min), SMPP, .min = 0, .max = 1440, .preset = "0",
	 .doc = "Minutes between two trials of an idle link, so that a dead path is known before an alert. "
		"Where a trial failed, other links of the carrier begin. 0: none."},
	{"rehearse_number", CONF_TAKE, AT(conf_link, rehearse_number), SMPP, .take = conf_take_number,
	 .doc = "Number of the carrier that a trial message goes to. Left out: a trial is an enquire_link."},
	{"bind", CONF_CHOICE, AT(conf_link, bind), SMPP, .choices = binds, .preset = "transceiver",
	 .doc = "How to bind; pair is a transmitter and a receiver."},
	{"binds", CONF_U32, AT(conf_link, binds), SMPP, .min = 1, .max = 7, .preset_shown = "1 (connect), 4 (listen)",
	 .doc = "Binds that carry messages at one time: so many are made (of a pair: transmitters), or taken from a carrier that "
		"dials in. They share work and rates; each has a window of its own."},
	{"interface_version", CONF_TAKE, AT(conf_link, interface_version), SMPP, .take = conf_take_version,
	 .preset = "3.4", .doc = "3.4, or 5.0 falling back to 3.4 when it is refused."},
	{"system_id", CONF_TEXT, AT(conf_link, system_id), SMPP, .max = 15,
	 .preset_shown = "none; an smpp link needs it", .doc = "Name for the bind."},
	{"password_file", CONF_PATH, AT(conf_link, password_file), SMPP,
	 .preset_shown = "none; an smpp link needs it",
	 .doc = "File with the password (at most 8 characters, one line). Only its owner may read it: chmod "
		"600."},
	{"system_type", CONF_TEXT, AT(conf_link, system_type), SMPP, .min = 0, .max = 12, .preset = "",
	 .doc = "As agreed with the carrier."},
	{"service_type", CONF_TEXT, AT(conf_link, service_type), SMPP, .min = 0, .max = 5, .preset = "",
	 .doc = "As agreed with the carrier."},
	{"addressing", CONF_CHOICE, AT(conf_link, addressing), SMPP, .choices = addressings,
	 .preset = "subscribers",
	 .doc = "subscribers: submit_sm to each; cells: submit_multi to one distribution list a cell; "
		"broadcast: broadcast_sm (SMPP 5.0)."},
	{"areas", CONF_CHOICE, AT(conf_link, areas), SMPP, .choices = area_kinds, .preset = "cells",
	 .doc = "Areas of broadcast_sm: cells, each by its name as in addressing = cells (an alias, SMPP 5.0 format 0). "
		"circle and names are refused: they would reach cells that other paths have."},
	{"source", CONF_GROUP, SMPP, .keys = source_keys,
	 .doc = "The sender that residents see. Left out: the carrier's default."},
	{"long_messages", CONF_CHOICE, AT(conf_link, long_messages), SMPP, .choices = longs,
	 .preset = "udh16", .doc = "How a text of several parts is sent."},
	{"deliver_as", CONF_CHOICE, AT(conf_link, deliver_as), SMPP, .choices = delivers,
	 .preset = "deliver_sm",
	 .doc = "How alerts leave to a carrier that dialled in and bound to us (listen without outbind)."},
	{"allow_from", CONF_TAKES, LIST(conf_link, callers), .size = sizeof(char *), SMPP,
	 .take = conf_take_address, .max = 64,
	 .doc = "Addresses that may dial in (listen), in digits. Left out: all; the credentials decide."},
	{"tls", CONF_GROUP, SMPP, .keys = tls_keys,
	 .at_n = offsetof(struct conf_link, tls.on),
	 .doc = "TLS 1.2 or newer. Never falls back to clear. Left out: no TLS."},
	{"gsm7", CONF_FLAG, AT(conf_link, gsm7), SMPP, .preset = "true",
	 .doc = "data_coding 0 is the GSM 7-bit alphabet at this carrier; false: texts are UCS-2, or as alphabet says."},
	{"alphabet", CONF_CHOICE, AT(conf_link, alphabet), SMPP, .choices = alphabets, .preset = "gsm7",
	 .doc = "What texts are written in where it holds all their characters (data_coding 0, 3 or 1); else, and with "
		"ucs2 always, UCS-2."},
	{"shift_tables", CONF_TAKES, LIST(conf_link, shifts), .size = sizeof(uint8_t), SMPP, .take = conf_take_shift,
	 .max = 3,
	 .doc = "Languages whose characters phones there know beside GSM 7-bit: turkish, spanish, portuguese (TS 23.038 "
		"A.2). Not with long_messages = payload."},
	{"locking_tables", CONF_TAKES, LIST(conf_link, locks), .size = sizeof(uint8_t), SMPP, .take = conf_take_lock,
	 .max = 2,
	 .doc = "Languages whose own alphabet phones there know in place of GSM 7-bit: turkish, portuguese (TS 23.038 A.3). "
		"Their letters take one septet, not two. Not with long_messages = payload."},
	{"priority", CONF_U8, AT(conf_link, priority), SMPP, .max = 3, .preset = "0",
	 .doc = "priority_flag of each message."},
	{"protocol_id", CONF_U8, AT(conf_link, protocol_id), SMPP, .max = 255, .preset = "0",
	 .doc = "protocol_id of each message (TS 23.040 9.2.3.9)."},
	{"validity", CONF_CHOICE, AT(conf_link, validity), SMPP, .choices = validities, .preset = "relative",
	 .doc = "How the carrier is told when a message is too old: some refuse relative times, some absolute ones."},
	{"tlvs", CONF_LIST, LIST(conf_link, tlvs), .size = sizeof(struct conf_tlv), SMPP, .keys = tlv_keys, .max = 8,
	 .doc = "Optional parameters that the carrier wants in each message."},
	{"receipts", CONF_TAKE, AT(conf_link, receipts), SMPP, .take = conf_take_receipts, .preset = "none",
	 .doc = "Delivery receipts to ask for: all, failures, none, or sample:P with a share P such as "
		"sample:0.01."},
	{"cancel_sm", CONF_FLAG, AT(conf_link, cancel_sm), SMPP, .preset = "false",
	 .doc = "A recall asks the carrier to take back what it may still hold (cancel_sm by message id, at the link's rate)."},
	{"test_numbers", CONF_TAKES, LIST(conf_link, test_numbers), .size = sizeof(char *), SMPP,
	 .take = conf_take_number, .max = 1000,
	 .doc = "The only numbers an exercise may reach: 5 to 15 digits."},
	{"languages", CONF_TAKES, LIST(conf_link, languages), .size = sizeof(char *),
	 .take = conf_take_language, .max = 8, .doc = "Languages of the texts that it sends. Left out: all."},
	{"max_tries", CONF_U32, AT(conf_link, max_tries), SMPP, .min = 1, .max = 7, .preset = "5",
	 .doc = "Transient answers after which a recipient counts as refused."},
	{"status_classes", CONF_LIST, LIST(conf_link, classes), .size = sizeof(struct conf_status_class),
	 SMPP, .keys = class_keys, .max = 256,
	 .doc = "What this carrier means by a command_status, where it differs from the standard."},
	{"lacs", CONF_U16S, LIST(conf_link, lacs), CBSP, .min = 1, .max = 65533,
	 .doc = "Location area codes of the cells it serves. Left out: all GSM cells of the carrier."},
	{"repetition_coding", CONF_TAKE, AT(conf_link, repetition_u16), CBSP, .take = conf_take_repetition,
	 .preset = "ts", .doc = "Repetition period on the wire: ts as in TS 48.049 8.2.8, u16 for osmo-bsc."},
	{"cells_per_request", CONF_U32, AT(conf_link, cells_per_request), CBSP, .min = 1, .max = 1000,
	 .preset = "500", .doc = "Cells in one WRITE-REPLACE."},
	{NULL},
};

static const struct conf_key carrier_keys[] = {
	{"name", CONF_TAKE, AT(conf_carrier, name), MUST, .take = conf_take_name,
	 .doc = "Name, unique among carriers."},
	{"networks", CONF_TAKES, LIST(conf_carrier, networks), .size = sizeof(struct conf_network), MUST,
	 .take = conf_take_network, .min = 1, .max = 64,
	 .doc = "Its networks as MCC-MNC such as 460-00; the digits written set the width of the MNC. Of one "
		"carrier only."},
	{"rate", CONF_REAL, AT(conf_carrier, rate), .max = 10000000, .preset = "0",
	 .doc = "Message parts a second over all its SMPP links together. 0: only the links' own rates."},
	{"subscribers", CONF_PATH, AT(conf_carrier, subscribers),
	 .doc = "Opted-in residents, made by reunion subscribers build. Left out: none."},
	{"links", CONF_LIST, LIST(conf_carrier, links), .size = sizeof(struct conf_link), MUST,
	 .keys = conf_keys_link, .min = 1, .max = 64, .doc = "Connections to it."},
	{NULL},
};

const struct conf_key conf_keys[] = {
	{"gateway", CONF_GROUP, MUST, .keys = gateway_keys, .doc = "The gateway itself."},
	{"cellmap", CONF_GROUP, MUST, .keys = cellmap_keys, .doc = "Where the cells are."},
	{"agencies", CONF_LIST, LIST(conf, agencies), .size = sizeof(struct conf_agency), MUST,
	 .keys = agency_keys, .min = 1, .max = 256, .doc = "Who may alert."},
	{"alert_types", CONF_LIST, .at = offsetof(struct conf, types), .at_n = offsetof(struct conf, n_types),
	 .size = sizeof(struct conf_type), MUST, .keys = type_keys, .min = 1, .max = 64,
	 .doc = "What may be alerted."},
	{"carriers", CONF_LIST, LIST(conf, carriers), .size = sizeof(struct conf_carrier), MUST,
	 .keys = carrier_keys, .min = 1, .max = 64, .doc = "Who sends it."},
	{NULL},
};

/* What a value looks like, for the manual. */
static void print_kind(FILE *out, const struct conf_key *k)
{
	static const char *const names[] = {
		[CONF_TEXT] = "text",           [CONF_PATH] = "path",
		[CONF_U8] = "whole number",     [CONF_U16] = "whole number",
		[CONF_U32] = "whole number",    [CONF_REAL] = "number",
		[CONF_FLAG] = "true or false",  [CONF_TAKE] = "text",
		[CONF_GROUP] = "group",         [CONF_LIST] = "list of groups",
		[CONF_TEXTS] = "list of texts", [CONF_U16S] = "list of whole numbers",
		[CONF_TAKES] = "list of texts",
	};

	if (k->kind == CONF_CHOICE)
		for (unsigned int i = 0; k->choices[i]; i++)
			fprintf(out, "%s%s", i ? " | " : "", k->choices[i]);
	else
		fprintf(out, "%s", names[k->kind]);
	if (k->kind == CONF_U8 || k->kind == CONF_U16 || k->kind == CONF_U32 || k->kind == CONF_REAL ||
	    k->kind == CONF_U16S)
		fprintf(out, " %s %.10g to %.10g", k->above ? "above" : "from", k->min, k->max);
}

static void print_key(FILE *out, const struct conf_key *k, const char *path)
{
	fprintf(out, ".TP\n\\fB%s\\fR (", path);
	print_kind(out, k);
	if (k->required)
		fprintf(out, "; required");
	else if (k->preset || k->preset_shown)
		fprintf(out, "; default %s",
			k->preset_shown ? k->preset_shown
			: k->preset[0]  ? k->preset
					: "empty");
	if (k->only)
		fprintf(out, "; %s only", k->only == CONF_ONLY_SMPP ? "smpp" : "cbsp");
	fprintf(out, ")\n%s\n", k->doc);
}

static void print_keys(FILE *out, const struct conf_key *keys, const char *above)
{
	char path[128];

	for (const struct conf_key *k = keys; k->name; k++) {
		snprintf(path, sizeof(path), "%s%s%s%s", above, above[0] ? "." : "", k->name,
			 k->kind == CONF_LIST ? "[]" : "");
		print_key(out, k, path);
		if (k->keys)
			print_keys(out, k->keys, path);
	}
}

void conf_print_keys(FILE *out)
{
	print_keys(out, conf_keys, "");
}

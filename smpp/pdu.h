/* pdu: SMPP 3.4 PDUs and the broadcast PDUs of 5.0, both directions. Pure; allocates nothing.
 *
 * A decoded PDU borrows from the octets it was read from: strings are NUL-terminated in place and never NULL,
 * text and TLVs are slices. Integers are host order. The same struct is what the encoder takes. SMPP 3.4
 * clause 4, 5.0 clause 4. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMPP_HEADER  16
#define SMPP_PDU_MAX 70000 /* a command_length beyond is lost framing */
#define SMPP_RESP    0x80000000u

/* clang-format off */
enum smpp_command {
	SMPP_BIND_RECEIVER = 0x01, SMPP_BIND_TRANSMITTER = 0x02, SMPP_QUERY_SM = 0x03,
	SMPP_SUBMIT_SM = 0x04, SMPP_DELIVER_SM = 0x05, SMPP_UNBIND = 0x06, SMPP_REPLACE_SM = 0x07,
	SMPP_CANCEL_SM = 0x08, SMPP_BIND_TRANSCEIVER = 0x09, SMPP_OUTBIND = 0x0B,
	SMPP_ENQUIRE_LINK = 0x15, SMPP_SUBMIT_MULTI = 0x21, SMPP_ALERT_NOTIFICATION = 0x102,
	SMPP_DATA_SM = 0x103, SMPP_BROADCAST_SM = 0x111, SMPP_QUERY_BROADCAST_SM = 0x112,
	SMPP_CANCEL_BROADCAST_SM = 0x113,
};
/* clang-format on */
#define SMPP_GENERIC_NACK 0x80000000u

/* clang-format off */
enum smpp_tag {
	SMPP_TLV_DEST_SUBUNIT = 0x0005, SMPP_TLV_TIME_TO_LIVE = 0x0017, SMPP_TLV_RECEIPTED_MESSAGE_ID = 0x001E,
	SMPP_TLV_SAR_REF = 0x020C, SMPP_TLV_SAR_TOTAL = 0x020E,
	SMPP_TLV_SAR_SEQ = 0x020F, SMPP_TLV_SC_INTERFACE_VERSION = 0x0210,
	SMPP_TLV_NETWORK_ERROR = 0x0423, SMPP_TLV_PAYLOAD = 0x0424, SMPP_TLV_MESSAGE_STATE = 0x0427,
	SMPP_TLV_CONGESTION = 0x0428, SMPP_TLV_BC_CHANNEL = 0x0600, SMPP_TLV_BC_CONTENT_TYPE = 0x0601,
	SMPP_TLV_BC_REP_NUM = 0x0604, SMPP_TLV_BC_INTERVAL = 0x0605, SMPP_TLV_BC_AREA = 0x0606,
	SMPP_TLV_BC_ERROR = 0x0607,
};
/* clang-format on */

struct smpp_addr {
	uint8_t ton, npi;
	const char *digits;
};

struct smpp_pdu {
	uint32_t id, status, sequence;
	const char *system_id, *password, *system_type, *service_type, *message_id;
	uint8_t interface_version;
	struct smpp_addr source,
		dest; /* bind: source is the address range; alert_notification: dest is the ESME */
	const char *schedule, *validity, *final_date;
	/* In the order of the wire: the codec takes several at once. */
	uint8_t esm_class, protocol_id, priority, registered, replace, data_coding, default_message;
	uint8_t message_state, error_code, n_dests, n_failed;
	const uint8_t *message; /* short_message */
	size_t message_len;
	const uint8_t *dests, *failed; /* entries of submit_multi and of its response: smpp_dest_next(),
					  smpp_failed_next() */
	size_t dests_len, failed_len;
	const uint8_t *tlvs; /* whole TLVs only: smpp_tlv_next() */
	size_t tlvs_len;
	bool odd; /* broke the letter of the standard and was read all the same */
};

struct smpp_tlv {
	uint16_t tag, len;
	const uint8_t *value;
};
struct smpp_dest {
	bool list; /* distribution list: name in address.digits */
	struct smpp_addr address;
	uint32_t status; /* smpp_failed_next() only */
};

/* Length of the PDU that starts here; 0: more octets are needed to tell or it is not complete yet; -EPROTO:
 * framing lost. */
int smpp_frame(const uint8_t *data, size_t len);
/* One whole frame. 0; -ENOSYS unknown command; -EBADMSG body cannot be read. The header is filled in any
 * case, and *fault is the command_status that fits an answer. */
int smpp_decode(const uint8_t *frame, size_t len, struct smpp_pdu *pdu, uint32_t *fault);
/* Octets written, -ENOSYS unknown command, -EINVAL a field too long, -ENOSPC. NULL strings are empty ones. */
int smpp_encode(const struct smpp_pdu *pdu, uint8_t *buf, size_t len);

/* Iterators; *at starts at 0. False at the end. */
bool smpp_tlv_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_tlv *tlv);
bool smpp_tlv_find(const struct smpp_pdu *pdu, uint16_t tag, struct smpp_tlv *tlv);
bool smpp_dest_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_dest *dest);
bool smpp_failed_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_dest *dest);
/* Builders of such slices: octets used so far in *at. -ENOSPC, -EINVAL. */
int smpp_tlv_put(uint8_t *buf, size_t len, size_t *at, uint16_t tag, const void *value, uint16_t value_len);
int smpp_dest_put(uint8_t *buf, size_t len, size_t *at, const struct smpp_dest *dest);
/* The text: short_message, or message_payload when that is empty. */
void smpp_message(const struct smpp_pdu *pdu, const uint8_t **text, size_t *len);

/* pack34: PDUs by libsmpp34 (the cold ones, and the template of each text). Not thread-safe: the library has
 * globals. Only for what we send; nothing received ever goes near the library. */
#pragma once
#include "smpp/pdu.h"

/* Octets written, or -ENOTSUP when the library cannot make this PDU (5.0, submit_multi, odd values, long
 * payloads). */
int smpp_pack34(const struct smpp_pdu *pdu, uint8_t *buf, size_t len);
/* By the library if it can, else by smpp_encode(). */
int smpp_pack(const struct smpp_pdu *pdu, uint8_t *buf, size_t len);
